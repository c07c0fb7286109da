"""`warraq show`: an article in the terminal."""

import re
import sqlite3

import pytest
from click.testing import CliRunner

from archive.commands.options import Printable
from crawler.cli import warraq
from tests.archive.reading_room import FIRST_TITLE, HOSTILE, PARAGRAPHS, TITLE, WITHHELD, fill


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("archive"))


def show(shelf, *words, width=60):
    arguments = ("show", *map(str, words), "--archive", str(shelf.root))
    return CliRunner().invoke(warraq, arguments, env={"COLUMNS": str(width)})


def test_an_article_is_shown_with_its_states_and_captures(shelf):
    result = show(shelf, shelf.edited)
    lines = result.output.splitlines()
    assert lines[:3] == [TITLE, "لقاء هو الثالث من نوعه", lines[2]]
    assert lines[2].startswith("alwaraq · 2020-11-0")
    assert lines[3] == f"{shelf.edited}  https://alwaraq.example/1"
    assert " ".join(result.output.split()).count(PARAGRAPHS[1]) == 1
    assert max(map(len, lines)) <= 60
    assert "  state 1  2020-11-09 12:00Z\n* state 2  2020-11-09 14:00Z\n" in result.output
    captures = r"\n  capture \d+  2020-11-09 1[24]:00Z  200(?=\n)"
    assert len(re.findall(captures, result.output)) == 2


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (["--state", "1"], FIRST_TITLE),
        (["--state", "2"], TITLE),
        (["--at", "2020-11-09"], TITLE),
        (["--at", "2020-11-09T13:59Z"], FIRST_TITLE),
        (["--at", "2020-11-09T17:00+03:00"], TITLE),
        (["--at", "20201109T1359Z"], FIRST_TITLE),
    ],
)
def test_a_state_is_that_of_a_number_or_a_moment(shelf, words, title):
    assert show(shelf, shelf.edited, *words).output.startswith(title)


@pytest.mark.parametrize(
    "address", ["https://alwaraq.example/1", "http://www.AlWaraq.example/1/?utm_source=x#y"]
)
@pytest.mark.parametrize("scheme", [True, False])
def test_any_spelling_of_the_address_leads_to_it(shelf, address, scheme):
    typed = address if scheme else address.partition("://")[2]
    assert show(shelf, typed).output.startswith(TITLE)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["12"], 1, "no article '12' is in this archive; `warraq search` prints numbers"),
        (["word"], 1, "`warraq search`"),
        (["https://nobody.example/1"], 1, "`warraq search`"),
        (
            ["https://alwaraq.example/22"],
            1,
            "https://alwaraq.example/2 and https://alwaraq.example/4",
        ),
        (["https://alwaraq.example/3"], 1, "is withheld since 2020-11-09"),
        (["{id}", "--state", "9"], 2, "has 2 states, the first of 2020-11-09 12:00Z"),
        (["{id}", "--at", "2019-01-01"], 2, "has 2 states, the first of 2020-11-09 12:00Z"),
        (["{id}", "--at", "1950-01-01"], 2, "has 2 states, the first of 2020-11-09 12:00Z"),
        (["{id}", "--at", "soon"], 2, "'soon' is not a time; write 2020-11-09 or"),
        (["{id}", "--at", "0001-01-01T00:00+14:00"], 2, "is not a time; write 2020-11-09 or"),
        (["{id}", "--state", "0"], 2, "at least 1"),
        ([], 2, "ARTICLE"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(shelf, words, code, message):
    result = show(shelf, *(word.format(id=shelf.edited) for word in words))
    assert result.exit_code == code
    assert message in result.output.splitlines()[-1]
    assert WITHHELD not in result.output


def test_one_that_is_gone_says_so(shelf):
    assert "  gone since 2020-11-1" in show(shelf, shelf.gone).output


def test_a_hostile_article_commands_no_terminal(shelf, monkeypatch):
    monkeypatch.setattr(Printable, "isatty", lambda _: True, raising=False)
    bad = "\u202eعنوان\x1b]0;x\x07\x9b2J\u2069\u2066 \r"
    with sqlite3.connect(shelf.database) as db:
        db.execute("drop trigger if exists articles_update")
        db.execute(
            "update revisions set title = ?, byline = ? where article = ?",
            (bad, bad, shelf.hostile),
        )
        db.execute("update publishers set name = ?", (bad,))
    db.close()
    for words in (
        ["show", str(shelf.hostile)],
        ["search", "publisher:herald"],
        ["stats"],
        ["runs"],
    ):
        result = CliRunner().invoke(warraq, [*words, "--archive", str(shelf.root)])
        assert result.exit_code == 0, result.output
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", result.output)
        for line in result.output.splitlines():
            inside = line.removeprefix("\u2067").removesuffix("\u2069")
            assert not re.search(r"[\u2066-\u2069]", inside)
    assert HOSTILE in show(shelf, shelf.hostile).output
