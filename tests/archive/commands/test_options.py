"""Tests of options."""

import re
from pathlib import Path

import click
import pytest

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
    assert [int(code) for code in ExitCode] == [0, 1, 2, 130]
    assert click.ClickException.exit_code == ExitCode.FAILED.value
    assert click.UsageError.exit_code == ExitCode.USAGE.value
    assert ExitCode.INTERRUPTED.value == program._INTERRUPTED
