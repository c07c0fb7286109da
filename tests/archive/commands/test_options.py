"""Tests of options."""

import io
import json
import re
import sys
import time
from pathlib import Path

import click
import pytest

from archive.commands import options
from archive.commands.options import ExitCode, counted
from crawler import __main__ as program


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, "record"), "0 records"),
        ((1, "record"), "1 record"),
        ((2345, "record"), "2,345 records"),
        ((1, "copy", "copies"), "1 copy"),
        ((2, "copy", "copies"), "2 copies"),
    ],
)
def test_a_counted_noun(arguments, text):
    assert counted(*arguments) == text


def test_the_codes_are_documented():
    page = (Path(__file__).parents[3] / "crawler" / "README.md").read_text("utf-8")
    table = page.partition("## Exit codes")[2]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == list(
        ExitCode
    )


def test_the_codes_are_those_that_shells_and_click_know():
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 130]
    assert click.ClickException.exit_code == ExitCode.FAILED.value
    assert click.UsageError.exit_code == ExitCode.USAGE.value
    assert ExitCode.INTERRUPTED.value == program._INTERRUPTED


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("خبر\tعاجل\r\n\u200f«1»\n", "خبر\tعاجل\r\n\u200f«1»\n"),
        ("a\x1b]0;t\x07b", "a\\u001b]0;t\\u0007b"),
        ("\x1b[8ma\x1b[2Jb", "\\u001b[8ma\\u001b[2Jb"),
        ("a\rb\x9bc\x7f\x00", "a\\u000db\\u009bc\\u007f\\u0000"),
        ("a\u202eb\u2066c\u2028d", "a\\u202eb\\u2066c\\u2028d"),
        ("\u2067خبر\u2069\n\u2067خبر\u2069\n", "\u2067خبر\u2069\n\u2067خبر\u2069\n"),
        ("\u2067a\u2067b\u2069c\u2069", "\u2067a\\u2067b\\u2069c\u2069"),
    ],
)
def test_nothing_that_is_printed_commands_a_terminal(text, shown):
    below = io.StringIO(newline="")
    print(text, end="", file=options.Printable(below))
    assert below.getvalue() == shown
    if "\n" not in shown:
        assert json.loads(f'"{shown}"') == text


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", "خبر"), ("latin-1", "\\u062e\\u0628\\u0631")]
)
def test_a_terminal_without_arabic_letters_shows_their_numbers(encoding, shown):
    below = io.BytesIO()
    stream = options.Printable(io.TextIOWrapper(below, encoding=encoding))
    print("خبر", end="", file=stream, flush=True)
    assert below.getvalue().decode() == shown


def test_ctrl_c_in_a_callback_comes_again_a_moment_later():
    class Callback:
        def __del__(self):
            raise KeyboardInterrupt

    def wait():
        Callback()
        time.sleep(20)

    with pytest.raises(KeyboardInterrupt), options.noticing_stops():
        wait()


def test_progress_moves_on_one_line_of_a_terminal_under_it(capsys, monkeypatch):
    monkeypatch.setattr(options, "_ON_A_TERMINAL", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", options.Printable(sys.stderr))
    with options.ProgressLine() as shown:
        shown("articles", 1)
    assert capsys.readouterr().err.startswith("\r\x1b[K")
