"""Rows to frozen records and back: how moments, days, lists and words are spelled in SQLite."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from archive.clock import from_iso, iso

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


def record(kind: type[T], row: Mapping[str, Any]) -> T:
    """Return the dataclass that a row makes; columns that are none of its fields are passed over.

    A field whose type is none of those that `stored` spells is taken as it is.
    """
    form: Any = kind
    readers = _readers(form)
    return kind(**{name: readers[name](row[name]) for name in row.keys() & readers.keys()})


def stored(value: Any) -> Any:
    """Return a value as it is stored: moments and days in ISO 8601, lists as JSON or null."""
    if isinstance(value, StrEnum):
        return value.value
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
    tuple: _as_json,
    frozenset: _as_json,
}
_FROM_COLUMN: dict[Any, Callable[[Any], Any]] = {
    datetime: from_iso,
    date: date.fromisoformat,
    bool: bool,
}


@cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """Return what makes a field of that type from a column."""
    forms = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    form = next(form for form in forms if form is not NoneType)
    form = get_origin(form) or form
    if form in {tuple, frozenset}:
        return lambda text: form(from_json(text) if isinstance(text, str) else text or ())
    is_word = isinstance(form, type) and issubclass(form, StrEnum)
    read = form if is_word else _FROM_COLUMN.get(form)
    return (lambda column: None if column is None else read(column)) if read else _as_it_is


def _as_it_is(column: Any) -> Any:
    return column
