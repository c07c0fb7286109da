"""What commands share: options, exit codes, counted nouns, tables, and the line of progress."""

import codecs
import os
import re
import signal
import sqlite3
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import IntEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn, Self, TextIO, TypeVar

import click

from archive.database import NAME, is_archive
from archive.errors import ArchiveError, explain

F = TypeVar("F", bound=Callable[..., Any])


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, which takes an `s` unless another `plural` is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


# Controls (ECMA-48) but tabs, ends of lines and our colours: by them a terminal is moved, renamed,
# written to. Of those that turn text around (UAX #9), only ours stay: around a whole line.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\r(?!\n)|\x1b(?!\[(?:[0-2]|3[1-6])m)"
    r"|[\u2028-\u202e\u2066\u2068]|(?<!^)\u2067|\u2069(?!$)",
    re.MULTILINE,
)
_FROM_THE_RIGHT = "\N{RIGHT-TO-LEFT ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"


class Printable:
    """A text stream on which what strangers wrote commands no terminal: controls show as `\\u001b`.

    So does JSON write them, which stays the same. `whole` is the stream below, `buffer` its bytes.
    """

    def __init__(self, whole: TextIO) -> None:
        """Take a stream; letters that its encoding lacks are to show as `\\u0627`.

        ASCII says that nobody has set the terminal up: click would write UTF-8 there, past us.
        """
        self.whole = whole
        if isinstance(whole, TextIOWrapper):
            is_ascii = codecs.lookup(whole.encoding).name == "ascii"
            whole.reconfigure(encoding="utf-8" if is_ascii else None, errors="backslashreplace")

    def write(self, text: str) -> int:
        """Write a text with each control character as its escape."""
        return self.whole.write(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)


def rightwards(text: str) -> str:
    """Return lines as a terminal shows them that run from the right; elsewhere as they are."""
    if not sys.stdout.isatty():
        return text
    return "\n".join(line and _FROM_THE_RIGHT.format(line) for line in text.split("\n"))


class Number(click.IntRange):
    """A whole number within bounds, which messages and --help name in words."""

    name = "number"

    def _describe_range(self) -> str:
        return f"at least {self.min}" if self.max is None else f"{self.min} to {self.max:,}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            remedy = f"write a whole number, {self._describe_range()}"
            self.fail(f"{value!r} does not fit; {remedy}", param, ctx)


def moment(value: str) -> datetime:
    """Return the moment that is meant: in UTC where no zone is named; of a day its beginning.

    Raises:
        click.BadParameter: if it is neither.
    """
    with suppress(ValueError, OverflowError):
        read = datetime.fromisoformat(value)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    raise click.BadParameter(f"{value!r} is not a time; write 2020-11-09 or 2020-11-09T18:00Z")


_IN_A_LOG = 10.0  # seconds between two lines
_ON_A_TERMINAL = 0.1
_CLEARED = "\r\x1b[K"


class ProgressLine:
    """Shows progress on standard error; a context manager, at whose end a terminal's line goes.

    Bytes are shown in MB.
    """

    def __init__(self) -> None:
        self._out = getattr(sys.stderr, "whole", sys.stderr)
        self._is_terminal = self._out.isatty()
        self._every = _ON_A_TERMINAL if self._is_terminal else _IN_A_LOG
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._is_terminal:
            print(_CLEARED, end="", file=self._out, flush=True)

    def __call__(self, what: str, done: int, of: int | None = None) -> None:
        """Show how much is done, if it is time to."""
        now = time.monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        unit, what = (1e6, f"MB{what[5:]}") if what.startswith("bytes") else (1, what)
        all_of_it = "" if of is None else f" of {of / unit:,.0f}"
        start, end = (_CLEARED, "") if self._is_terminal else ("", "\n")
        line = f"{start}{now - self._began:5.0f} s  {done / unit:,.0f}{all_of_it} {what}"
        print(line, end=end, file=self._out, flush=True)


_SHARED = "warraq.shared"  # in click's context: whether a new archive is for other users as well
_ARCHIVE = "warraq.archive"  # in click's context: the folder that the command works on


def columns(rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Return rows as a table: its first columns to the left, as many as `left`; others right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = list[str]()
        for cell, width in zip(row, widths, strict=True):
            blanks = " " * (width - _width(cell))
            cells.append(cell + blanks if len(cells) < left else blanks + cell)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _width(text: str) -> int:
    return sum(not unicodedata.combining(letter) for letter in text)


def _remembered(ctx: click.Context, _parameter: click.Parameter, value: Path) -> Path:
    ctx.meta[_ARCHIVE] = value
    if ctx.meta.get(_SHARED):
        value.mkdir(parents=True, exist_ok=True)  # with the mode that the umask leaves
    return value


def failure(ctx: click.Context, error: BaseException) -> str:
    """Return what a command says when the machine or its archive's database failed under it."""
    archive: Path | None = ctx.meta.get(_ARCHIVE)
    database = archive / NAME if archive and isinstance(error, sqlite3.Error) else None
    return explain(error, database)


def archive_in(folder: str) -> Callable[[F], F]:
    """Return the option --archive with its default."""
    return click.option(
        "--archive", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
        default=lambda: Path() if is_archive(Path()) else Path(folder), callback=_remembered,
        show_default=f"{folder}, or this folder where it is one", help="Folder of the archive.",
    )  # fmt: skip


archive_option = archive_in("warraq-archive")


def new_archive_option(command: F) -> F:
    """Give a command that may begin an archive the options --archive and --shared."""
    shared = click.option(
        "--shared", is_flag=True, is_eager=True, expose_value=False,
        callback=lambda ctx, _option, value: ctx.meta.__setitem__(_SHARED, value),
        help="Let other users read a new archive, as the umask allows (default: nobody).",
    )  # fmt: skip
    return archive_option(shared(command))


port_option = click.option(
    "--port", type=Number(0, 65535), metavar="N", default=8001, show_default=True,
    help="Port to serve the archive on; 0 picks a free one.",
)  # fmt: skip
log_file_option = click.option(
    "--log-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Log into FILE, up to 10 files of 10 MB; as JSON lines into *.jsonl.",
)  # fmt: skip
processes_option = click.option(
    "--processes", type=Number(min=1), metavar="N", help="Use N cores (default: all)."
)
limit_option = click.option(
    "--limit", type=Number(min=1), metavar="N", default=20, show_default=True,
    help="Show at most N.",
)  # fmt: skip
wait_option = click.option(
    "--wait", is_flag=True, help="Wait up to an hour for another command that writes."
)


class ExitCode(IntEnum):
    """What the shell gets; crawler/README.md says the same to users."""

    DONE = 0
    FAILED = 1  # an error, in one line on standard error; or a publisher that does not work
    USAGE = 2  # options or arguments that do not fit; click's own
    INCOMPLETE = 3  # done, but something is lost, damaged or left out, as was printed
    INTERRUPTED = 128 + signal.SIGINT  # Ctrl-C before the end, as shells say of what a signal ended


def stopped() -> NoReturn:
    """End a command that Ctrl-C stopped before it had finished."""
    click.echo("Stopped; run the same command to continue.")
    raise SystemExit(ExitCode.INTERRUPTED)


@contextmanager
def noticing_stops() -> Iterator[None]:
    """Let Ctrl-C inside a SQL function of ours be one; SQLite makes an error of its own of it."""
    before, stops = sys.unraisablehook, list[object]()

    def notice(lost: "sys.UnraisableHookArgs") -> None:
        is_sql = str(getattr(lost.object, "__module__", "")).startswith("archive.")
        if lost.exc_type is KeyboardInterrupt:
            stops.append(lost.object)
            if not is_sql:  # but a callback, in which Python cannot raise it
                threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
        elif not is_sql:
            before(lost)

    sys.unraisablehook = notice
    sqlite3.enable_callback_tracebacks(True)  # which go to the hook
    try:
        yield
    except (sqlite3.Error, ArchiveError) as error:
        if stops:
            raise KeyboardInterrupt from error
        raise
    finally:
        sqlite3.enable_callback_tracebacks(False)
        sys.unraisablehook = before
