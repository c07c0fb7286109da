"""Rows to frozen records and back: how moments, days, lists and words are spelled in SQLite."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec

from archive.clock import iso
from archive.urls import next_id

Row = dict[str, Any]
Parameters = tuple[Any, ...] | Mapping[str, Any]
T = TypeVar("T")


def value(db: sqlite3.Connection, sql: str, parameters: Parameters = ()) -> Any | None:
    """Return the first column of the first row; None where there is no row."""
    row = db.execute(sql, parameters).fetchone()
    return row[0] if row else None


def from_json(stored: str | None) -> Any:
    """Return what a column of JSON holds, an empty list where it holds nothing.

    Raises:
        sqlite3.DatabaseError: if it is not JSON, as in a damaged row.
    """
    try:
        return json.loads(stored or "[]")
    except ValueError as error:
        raise sqlite3.DatabaseError(f"a row holds {stored!r:.60} in place of JSON") from error


def values(db: sqlite3.Connection, sql: str, parameters: Parameters = ()) -> list[Any]:
    """Return the first column of all rows."""
    return [row[0] for row in db.execute(sql, parameters).fetchall()]


def select(db: sqlite3.Connection, sql: str, parameters: Parameters = ()) -> list[Row]:
    """Return all rows, each by the names of its columns."""
    cursor = db.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def insert(db: sqlite3.Connection, table: str, row: Row, *, conflict: str = "") -> int:
    """Insert a row and return its id; `conflict` is a clause such as `on conflict do nothing`."""
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    sql = f"insert into {table} ({names}) values ({marks}) {conflict}"  # noqa: S608 - our names
    return db.execute(sql, row).lastrowid or 0


def upsert(db: sqlite3.Connection, table: str, row: Row, *, key: str, where: str = "") -> None:
    """Insert a row, or update the one of the same `key` (a column), if it meets `where`."""
    sets = ", ".join(f"{name} = excluded.{name}" for name in row if name != key)
    insert(db, table, row, conflict=f"on conflict ({key}) do update set {sets} {where}")


def update(db: sqlite3.Connection, table: str, row: Row, *, id: int | None) -> None:  # noqa: A002
    """Set columns of the row with that id, if there are any to set."""
    if row:
        sets = ", ".join(f"{name} = :{name}" for name in row)
        db.execute(f"update {table} set {sets} where id = :id", row | {"id": id})  # noqa: S608


def free_id(db: sqlite3.Connection, table: str, wanted: int) -> int:
    """Return the id for a new row: the wanted one, or the next that is free."""
    while value(db, f"select 1 from {table} where id = ?", (wanted,)):  # noqa: S608 - our names
        wanted = next_id(wanted)
    return wanted


def record(kind: type[T], row: Mapping[str, Any]) -> T:
    """Return the dataclass that a row makes; columns that are none of its fields are passed over.

    Records in it are rows or at hand, and so are its lists, as `from_json` reads them.

    Raises:
        ValueError: if a column is missing, or holds what its field cannot.
    """
    return msgspec.convert(row, kind, strict=False)


def stored(value: Any) -> Any:
    """Return a value as it is stored: moments and days in ISO 8601, lists as JSON or null."""
    write = _TO_COLUMN.get(type(value))
    return write(value) if write else value


def _as_json(value: tuple[Any, ...] | frozenset[Any]) -> str | None:
    members = sorted(value) if isinstance(value, frozenset) else value
    return json.dumps(members, ensure_ascii=False) if members else None


def row_of(item: object, names: Iterable[str]) -> Row:
    """Return the columns that a dataclass fills by the fields of these names."""
    return {name: stored(getattr(item, name)) for name in names}


_TO_COLUMN: dict[type, Callable[[Any], Any]] = {
    datetime: iso,
    date: date.isoformat,
    bool: int,
    tuple: _as_json,
    frozenset: _as_json,
}
