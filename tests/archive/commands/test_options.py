"""Tests of options."""

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


def test_the_codes_are_those_that_shells_and_click_know():
    assert [int(code) for code in ExitCode] == [0, 1, 2, 130]
    assert click.ClickException.exit_code == ExitCode.FAILED.value
    assert click.UsageError.exit_code == ExitCode.USAGE.value
    assert ExitCode.INTERRUPTED.value == program._INTERRUPTED
