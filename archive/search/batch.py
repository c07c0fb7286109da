"""Many searches at once: for each line of a list how many articles, when, and the best three.

Every line is answered, and in its place: what is empty, was not understood or took too long says
so. All words of a line are required.
"""

import csv
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from archive.rows import Row
from archive.search import Hit, doubts, refuse_stale, search
from archive.search.arabic import fold
from archive.search.query import parse
from archive.search.ranking import dated

BEST = 3
_STEPS = 1000  # of SQLite's machine, between two looks at the clock
_NAMES = "query q search word words term name names keyword بحث كلمة كلمات اسم الاسم الأسماء أسماء"
_HEADS = frozenset(map(fold, _NAMES.split()))

Problem = Literal["", "empty", "unread", "slow", "late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a line of a list, counted from 1, finds; `found` is None where it was not asked.

    `first` and `last` are the printed days between which the articles are. `problem` says why a
    line has no answer, or one to be doubted: it is empty; a letter, day or publisher in it was not
    understood; it took longer than a line may; or its turn came too late.
    """

    line: int
    query: str
    problem: Problem = ""
    found: int | None = None
    first: str | None = None
    last: str | None = None
    best: tuple[Hit, ...] = ()


def read_list(content: bytes) -> list[tuple[int, str]]:
    """Return the searches of a list, each with the number of its line.

    They are its lines, or the column of a CSV file that is called `query` or `name` or alike; the
    line that says so is none of them. Empty lines are, but for those at the end. Lines are read one
    by one, so that a quote that is never closed costs no other line. Letters are in UTF-8, UTF-16
    or, as Excel writes them in Arabic, Windows-1256.
    """
    lines = [line.strip("\r\ufeff") for line in decoded(content).rstrip().split("\n")]
    mark = max(",;\t", key=lines[0].count)
    names = [fold(name) for name in _cells(lines[0], mark)]
    place = next((place for place, name in enumerate(names) if name in _HEADS), None)
    if place is None:
        return list(enumerate(map(str.strip, lines), 1))
    rows = (_cells(line, mark) for line in lines[1:])
    return [
        (line, row[place] if place < len(row) else "") for line, row in enumerate(rows, start=2)
    ]


def _cells(line: str, mark: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=mark), [])]


def decoded(content: bytes) -> str:
    """Return a text; a letter that is broken in otherwise good UTF-8 becomes U+FFFD."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    lines = [line for line in content.split(b"\n") if not line.isascii()]
    good = sum("\ufffd" not in line.decode(errors="replace") for line in lines)
    return content.decode("cp1256" if lines and not good else "utf-8", "replace")


def answer(db: sqlite3.Connection, line: int, query: str, *, seconds: float) -> Answer:
    """Search for a line of a list, for so long at most.

    Raises:
        StaleIndex: the index was made by another version of the analyser.
    """
    refuse_stale(db)
    asked = parse(query)
    if asked.empty:
        return Answer(line=line, query=query, problem="empty")
    try:
        with _time_limit(db, seconds):
            days = dated(db, asked)
            best = search(db, query, limit=BEST, every=True)
            problem: Problem = "unread" if "\ufffd" in query or doubts(db, query) else ""
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return Answer(line=line, query=query, problem="slow")
    printed = [day for day in days if day]
    return Answer(
        line=line,
        query=query,
        problem=problem,
        found=days.total(),
        first=min(printed, default=None),
        last=max(printed, default=None),
        best=tuple(best),
    )


@contextmanager
def _time_limit(db: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt what `db` is asked within, once so much time has passed."""
    end = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    finally:
        db.set_progress_handler(None, 0)


_OF_A_HIT = ("title", "publisher", "published_on", "url")
COLUMNS = (
    "line", "query", "found", "first", "last", "problem",
    *(f"{name}_{place}" for place in range(1, BEST + 1) for name in _OF_A_HIT),
)  # fmt: skip


def to_row(answer: Answer) -> Row:
    """Return an answer as a row of a table, which has the columns `COLUMNS`."""
    row: Row = {name: getattr(answer, name, None) for name in COLUMNS}
    for place, hit in enumerate(answer.best, 1):
        row |= {f"{name}_{place}": getattr(hit, name) for name in _OF_A_HIT}
    return row
