"""`warraq search`, as a person or a script runs it."""

import json

import pytest
from click.testing import CliRunner

from archive.commands.options import Printable
from crawler.cli import warraq
from tests.archive.small import archive_with_news


def run(*arguments):
    return CliRunner().invoke(warraq, ("search", *arguments))


def test_hits_are_printed_for_a_reader(tmp_path):
    result = run("لقاءات", "--archive", archive_with_news(tmp_path), "--limit", "1")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "لقاء القمة",
        "عنب بلدي · 2020-11-09",
        "1  https://news.example/1",
        "عُقد اللقاء في دمشق.",
        "",
    ]
    assert result.stderr == "1 of 2 found; --limit shows more.\n"


def test_a_word_to_leave_out_is_no_option(tmp_path):
    root = archive_with_news(tmp_path)
    for typed in (["لقاء", "-دمشق"], ["-دمشق لقاء"], ["-باريس", "-lyon"]):
        result = run(*typed, "--archive", root)
        assert result.exit_code == 0, result.stderr
        assert ("2 found" in result.stderr) == ("-باريس" in typed)


def test_on_a_terminal_colours_take_the_place_of_marks(tmp_path, monkeypatch):
    monkeypatch.setattr(Printable, "isatty", lambda _: True, raising=False)
    root = archive_with_news(tmp_path)
    result = CliRunner().invoke(warraq, ("search", "لقاءات", "--archive", root), color=True)
    title, _, _, snippet, *_ = result.stdout.splitlines()
    assert title.startswith("\N{RIGHT-TO-LEFT ISOLATE}\x1b[33m\x1b[1mلقاء\x1b[0m")
    assert "\x1b[33m\x1b[1mاللقاء\x1b[0m" in snippet
    assert "⟦" not in result.stdout


def test_json_is_for_programs(tmp_path):
    root = archive_with_news(tmp_path)
    first, second = json.loads(run("لقاء", "--archive", root, "--json").stdout)
    assert list(first) == ["id", "url", "title", "publisher", "published_at", "snippet", "score"]
    assert (first["id"], second["id"]) == (1, 2)


def test_nothing_found_is_no_error(tmp_path):
    root = archive_with_news(tmp_path)
    assert run("zzz", "--archive", root, "--json").stdout == "[]\n"
    result = run("zzz", "--archive", root)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing found" in result.stderr


def test_a_day_that_cannot_be_read_is_one_line(tmp_path):
    root = archive_with_news(tmp_path)
    for typed in ("لقاء after:foo", "لقاء قبل:2020-13"):
        for option in ([], ["--json"]):
            result = run(typed, "--archive", root, *option)
            assert (result.exit_code, result.stdout) == (1, "")
            (line,) = result.stderr.splitlines()
            assert line.startswith("Error: ")
            assert typed.split()[1] in line
            assert "2020-11-01" in line
    assert "2 found" in run("لقاء", "after:2020-11-09", "--archive", root).stderr
    assert "2 found" in run("لقاء قبل: القمة", "--archive", root).stderr


MISTAKES = [
    (["لقاء", "--limt", "5"], 2, "No such option '--limt'. Did you mean '--limit'?"),
    (["publisher:enab-baladi"], 1, "is called 'enab-baladi'; it may be publisher:"),
    (["after:2021", "before:2020"], 1, "no day is left by after:2021-01-01 before:2020-01-01"),
]


@pytest.mark.parametrize(("typed", "code", "said"), MISTAKES)
def test_a_mistake_in_a_query_says_what_to_write(tmp_path, typed, code, said):
    result = run(*typed, "--archive", archive_with_news(tmp_path))
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr


def test_an_address_finds_its_article(tmp_path):
    result = run("http://www.news.example/1/", "--archive", archive_with_news(tmp_path))
    assert result.stdout.splitlines()[2] == "1  https://news.example/1"
    assert result.stderr == "1 found.\n"


def test_no_archive_is_one_line(tmp_path):
    result = run("خبر", "--archive", str(tmp_path))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {tmp_path} holds no archive")
    assert result.stderr.count("\n") == 1


def test_a_list_is_searched_line_by_line(tmp_path):
    root, listed, out = archive_with_news(tmp_path), tmp_path / "names.csv", tmp_path / "hits.csv"
    listed.write_text("name\nلقاءات\n\nدمشق منذ:امس\n", encoding="utf-8")
    result = run("--batch", str(listed), "--out", str(out), "--archive", root)
    assert result.exit_code == 3
    assert "line 3: nothing to search for" in result.stderr
    assert "line 4: a letter, date or publisher was not understood: دمشق منذ:امس" in result.stderr
    assert "3 lines, 1 found in this archive." in result.stderr
    rows = out.read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("line,query,found,first,last,problem,title_1,publisher_1")
    assert rows[1].startswith("2,لقاءات,2,2020-11-09,2020-11-")
    assert [row.split(",")[0] for row in rows[1:]] == ["2", "3", "4"]


def test_a_list_is_read_from_standard_input_too(tmp_path):
    root = archive_with_news(tmp_path)
    result = CliRunner().invoke(warraq, ["search", "--batch", "-", "--archive", root], "لقاء\n")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith("1,لقاء,2,")


@pytest.mark.parametrize("arguments", [["--batch", "-", "لقاء"], ["لقاء", "--out", "x"], []])
def test_a_list_has_its_own_options(tmp_path, arguments):
    result = run(*arguments, "--archive", archive_with_news(tmp_path))
    assert result.exit_code == 2
