"""One table says how a command ends, also where nothing may be imported yet."""

import click

from archive.exit_codes import ExitCode
from crawler import __main__ as program


def test_the_codes_are_those_that_shells_and_click_know():
    assert [int(code) for code in ExitCode] == [0, 1, 2, 130]
    assert click.ClickException.exit_code == ExitCode.FAILED.value
    assert click.UsageError.exit_code == ExitCode.USAGE.value
    assert ExitCode.INTERRUPTED.value == program._INTERRUPTED
