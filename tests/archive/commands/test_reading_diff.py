"""`warraq diff`, as a person or a script runs it."""

import json

import pytest
from click.testing import CliRunner

from archive.commands.options import Printable
from crawler.cli import warraq
from tests.archive.desk import HOUR, NOON, PAGE, PAPER, Hands, opened, reading, record, visit

STATES = (
    ("قتل 12 شخصا", "الفقرة الأولى كما كانت.\nفقرة ستذهب كلها بعد ساعة.\nالأخيرة \x1b]0;x\x07هنا."),
    ("مقتل 15 شخصا", "الفقرة الأولى كما كانت.\nالأخيرة \x1b]0;x\x07هناك."),
)


@pytest.fixture
def root(tmp_path):
    clock = Hands()
    with opened(tmp_path, clock) as store:
        store.publish(PAPER)
        for number, (title, text) in enumerate(STATES):
            capture = record(store, payload=str(number).encode(), fetched_at=NOON + number * HOUR)
            store.keep(reading(title, text), url=PAGE, visit=visit(), capture=capture)
            clock.advance()
    return str(tmp_path)


def run(*arguments, **options):
    return CliRunner().invoke(warraq, ("diff", *arguments), **options)


def test_a_diff_is_printed_for_a_reader(root):
    result = run(PAGE, "--archive", root)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "headline, number, removed (3 words in, 8 out)",
        "",
        "title",
        "- [-قتل 12-] شخصا",
        "+ [+مقتل 15+] شخصا",
        "",
        "text",
        "- [-فقرة ستذهب كلها بعد ساعة.-]",
        "",
        "text",
        r"- الأخيرة \u001b]0;x\u0007[-هنا-].",
        r"+ الأخيرة \u001b]0;x\u0007[+هناك+].",
    ]
    assert run(PAGE, "1", "2", "--archive", root).stdout == result.stdout
    assert run(PAGE, "2", "1", "--archive", root).stdout.startswith("headline, number, added (8")


def test_on_a_terminal_signs_come_with_colours_and_arabic_runs_from_the_right(root, monkeypatch):
    monkeypatch.setattr(Printable, "isatty", lambda _: True, raising=False)
    result = run(PAGE, "--archive", root, color=True)
    assert "\x1b[31m[-قتل 12-]\x1b[0m شخصا\N{POP DIRECTIONAL ISOLATE}" in result.stdout
    assert "\N{RIGHT-TO-LEFT ISOLATE}\x1b[32m+\x1b[0m \x1b[32m[+مقتل 15+]" in result.stdout
    assert "\x1b]0" not in result.stdout


def test_json_is_for_programs(root):
    found = json.loads(run(PAGE, "--archive", root, "--json").stdout)
    assert found["summary"]["kinds"] == ["headline", "number", "removed"]
    assert found["passages"][0] == {
        "name": "title",
        "pieces": [
            {"sign": "-", "text": "قتل 12"},
            {"sign": "+", "text": "مقتل 15"},
            {"sign": "=", "text": " شخصا"},
        ],
    }


def test_two_states_alike_and_states_that_are_not_there(root):
    assert run(PAGE, "2", "--archive", root).stdout == "small (0 words in, 0 out)\n"
    missing = run(PAGE, "7", "--archive", root)
    assert missing.exit_code == 2
    assert "has 2 states" in missing.stderr
    for name in ("12345", "what"):
        result = run(name, "--archive", root)
        assert result.exit_code == 1
        assert "no article" in result.stderr
