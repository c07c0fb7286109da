"""A list of addresses as a table: what a spreadsheet wrote, and a copy with columns more."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO

from archive.maintenance.export import cell
from archive.saved import COLUMNS
from archive.search.arabic import fold
from archive.search.batch import decoded

_ADDRESS = re.compile(r"\s*https?://\S", re.IGNORECASE)
_NAMES = "url urls uri link links address href permalink رابط الرابط روابط الروابط عنوان العنوان"
_HEADS = frozenset(map(fold, _NAMES.split()))
_MARKS = ",;\t"
_MARK_LINE = re.compile(r"(?i)sep=(.)\r?\n")  # which Excel reads, and some programs write


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressTable:
    """The names of columns, rows that have a cell for each, and the column that has addresses."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    column: int

    @property
    def addresses(self) -> list[str]:
        """The address in each row, as it is written there."""
        return [row[self.column].strip() for row in self.rows]

    def write(self, more: Iterable[tuple[object, ...]], out: IO[bytes]) -> None:
        """Write each row with its cells of COLUMNS, for a spreadsheet: UTF-8 with a mark.

        The cells that were there stay as they are; of ours, a formula is quoted.
        """
        text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="")
        table = csv.writer(text)
        table.writerow((*self.names, *COLUMNS))
        for row, ours in zip(self.rows, more, strict=True):
            table.writerow((*row, *(cell(each, excel=True) for each in ours)))
        text.detach()


def is_table(name: str, content: bytes) -> bool:
    """Return whether a file is a table, by its name or its first line, not a list of lines."""
    first = decoded(content[:4096]).lstrip("\ufeff").partition("\n")[0]
    is_headed = any(_rank(name) == 2 for name in _cells(first, _mark_of(first)))
    return name.lower().endswith((".csv", ".tsv")) or "\t" in first.strip() or is_headed


def read_table(content: bytes) -> AddressTable:
    """Read a table in UTF-8, UTF-16 or Windows-1256, with commas, semicolons or tabs.

    The column of addresses is the one that is called so, in English or Arabic, else the one with
    most of them. Without a line of names, the columns have numbers. Columns of an earlier copy go.

    Raises:
        ValueError: if no column has an address.
    """
    text = decoded(content).lstrip("\ufeff").rstrip()
    stated = _MARK_LINE.match(text)
    text = text[stated.end() :] if stated else text
    cells = _rows(text, stated[1] if stated else _mark_of(text.partition("\n")[0]))
    width = max(map(len, cells), default=0)
    rows = [tuple(row + [""] * (width - len(row))) for row in cells if any(row)]
    counts = [sum(bool(_ADDRESS.match(row[place])) for row in rows) for place in range(width)]
    if not any(counts):
        raise ValueError("no column has addresses (https://…)")
    ranks = [(count and _rank(name), count) for name, count in zip(rows[0], counts, strict=True)]
    column = ranks.index(max(ranks))
    names = tuple(f"column_{place + 1}" for place in range(width))
    if not _ADDRESS.match(rows[0][column]):
        names, *rows = rows
    kept = [place for place in range(width) if names[place] not in COLUMNS]
    return AddressTable(
        names=tuple(names[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
        column=kept.index(column),
    )


def _rank(name: str) -> int:
    """Return how well a name says that its column has addresses: not at all, partly, wholly."""
    words = re.split(r"[\W_]+", fold(name.strip()))
    return 2 if words[0] in _HEADS and len(words) == 1 else int(not _HEADS.isdisjoint(words))


def _mark_of(line: str) -> str:
    """Return what is between the cells of a line."""
    return max(_MARKS, key=lambda mark: len(_cells(line, mark)))


def _cells(line: str, mark: str) -> list[str]:
    return next(csv.reader([line], delimiter=mark), [])


def _rows(text: str, mark: str) -> list[list[str]]:
    """Return the rows of a table; where a quote is never closed, each line is a row."""
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error:
        return [_cells(line, mark) for line in text.splitlines()]
