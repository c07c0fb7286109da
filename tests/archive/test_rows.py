"""Rows to frozen records and back."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest

from archive.rows import from_json, insert, record, row_of, select, update, upsert, value, values

MOMENT = datetime(2026, 11, 29, 12, 30, 0, 5, tzinfo=UTC)
COLUMNS = ("id", "colour", "at", "day", "is_open", "words")


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    id: int
    colour: Colour
    at: datetime | None = None
    day: date | None = None
    is_open: bool = False
    words: tuple[str, ...] = ()
    house: str = "none"


DOORS = [
    Door(
        id=1, colour=Colour.RED, at=MOMENT, day=date(2026, 11, 29), is_open=True, words=("ب", "ا")
    ),
    Door(id=2, colour=Colour.RED),
]


@pytest.fixture
def db():
    db = sqlite3.connect(":memory:")
    db.execute("create table doors (id integer primary key, colour, at, day, is_open, words)")
    yield db
    db.close()


@pytest.mark.parametrize("door", DOORS)
def test_a_record_comes_back_as_it_was_stored(db, door):
    assert insert(db, "doors", row_of(door, COLUMNS)) == door.id
    (row,) = select(db, "select *, 1 other from doors")
    assert record(Door, row | {"words": from_json(row["words"])}) == door


def test_a_row_is_updated_by_its_id_or_where_it_is_there_already(db):
    insert(db, "doors", row_of(DOORS[0], COLUMNS))
    update(db, "doors", {"words": None, "is_open": 0}, id=1)
    update(db, "doors", {}, id=1)
    upsert(db, "doors", {"id": 1, "day": None}, key="id")
    upsert(db, "doors", {"id": 1, "colour": "blue"}, key="id", where="where colour != 'red'")
    (row,) = select(db, "select * from doors")
    assert record(Door, row | {"words": ()}) == Door(id=1, colour=Colour.RED, at=MOMENT)


def test_single_values_and_columns(db):
    assert value(db, "select id from doors") is None
    assert values(db, "select id from doors") == []
    for door in DOORS:
        insert(db, "doors", row_of(door, COLUMNS))
    assert value(db, "select max(id) from doors where id < :most", {"most": 9}) == 2
    assert values(db, "select id from doors order by id desc") == [2, 1]


def test_a_list_that_damage_made_no_json_is_a_fault_of_the_database():
    assert from_json('["وزير"]') == ["وزير"]
    assert from_json(None) == []
    with pytest.raises(sqlite3.DatabaseError, match="in place of JSON"):
        from_json('["وز')


def test_it_is_said_which_column_holds_what_its_field_cannot():
    with pytest.raises(ValueError, match=r"`\$.at`"):
        record(Door, {"id": 1, "colour": "red", "at": "yesterday"})
