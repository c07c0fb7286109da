"""Progress: a line now and then in a log, one that changes on a terminal, nothing at the end."""

import contextlib

import pytest

from archive.commands import options
from archive.commands.options import ProgressLine


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(options, "_IN_A_LOG", 0.0)
    monkeypatch.setattr(options, "_ON_A_TERMINAL", 0.0)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(
    ("counted", "line"),
    [
        (("articles", 1200, 34000), "1,200 of 34,000 articles"),
        (("requests, 3 new", 12, None), "12 requests, 3 new"),
        (("bytes of WARC", 2_500_000, 10_000_000), "2 of 10 MB of WARC"),
    ],
)
def test_a_line_says_how_much_of_how_much_in_a_log(capsys, counted, line):
    with ProgressLine() as shown:
        shown(*counted)
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"    0 s  {line}\n")


@pytest.mark.usefixtures("often")
def test_on_a_terminal_it_changes_and_leaves_nothing_even_after_an_error(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with contextlib.suppress(KeyboardInterrupt), ProgressLine() as shown:
        shown("articles", 1)
        shown("articles", 2)
        raise KeyboardInterrupt
    err = capsys.readouterr().err
    assert err.count("\n") == 0
    assert err.split("\r\x1b[K")[1:] == ["    0 s  1 articles", "    0 s  2 articles", ""]


def test_in_a_log_there_is_no_line_every_moment(capsys):
    with ProgressLine() as shown:
        for number in range(100):
            shown("articles", number, 100)
    assert capsys.readouterr().err == ""
