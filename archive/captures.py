"""Rows of captures, one for every HTTP exchange in the WARC files."""

import logging
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from archive import journal
from archive.clock import from_iso, iso
from archive.errors import DamagedWarc
from archive.models import Capture, Exchange, Kind, Outcome, Visit, WarcLocation
from archive.rows import Row, free_id, record, row_of, select, update, upsert, value
from archive.rows import insert as insert_row
from archive.urls import capture_id
from archive.warc import reader
from archive.warc.parsing import Record
from archive.warc.records import (
    KIND_FIELD,
    LENGTH_FIELD,
    PUBLISHER_FIELD,
    VERIFIED_FIELD,
)

logger = logging.getLogger(__name__)

# Fields of the metadata record that follows a copied record, besides those of every visit.
SOURCE, PLACE = "source", "source-place"
PAYLOAD, WIRE_BYTES, MEDIA = "payload-sha256", "payload-bytes", "payload-type"

_KINDS = frozenset(kind.value for kind in Kind)
_LARGEST = 20 * 1024 * 1024  # bytes of an answer that is used again; none that is used has more


def of_record(
    record: Record, location: WarcLocation | None, journal: Mapping[str, str] | None = None
) -> Capture | None:
    """Return the capture that a record is, without its decoded body; None if it is not one.

    Of a record that was copied from a file of others, `journal` has the fields of the metadata
    record that refers to it: by them it is known whose it is, and what its payload is here.
    """
    at, message = record.date, record.message
    if not record.is_capture or at is None or not record.url:
        return None
    if message is None and record.type == "response":
        return None
    named = message.named if message else {}
    pages = named.get("x-wp-totalpages", "")
    kind, publisher = (record.fields.get(name) for name in (KIND_FIELD, PUBLISHER_FIELD))
    status = message.status if message else 200 if record.type == "revisit" else 0
    capture = Capture(
        url=record.url,
        publisher=publisher,
        kind=Kind(kind) if kind in _KINDS else Kind.ARTICLE,
        fetched_at=at,
        status=status,
        content_type=named.get("content-type") if message else record.fields.get("content-type"),
        etag=named.get("etag"),
        last_modified=named.get("last-modified"),
        sha256=None if status == 304 else record.sha256,
        wire_bytes=_payload_length(record),
        truncated=record.fields.get("warc-truncated") or None,
        pages=int(pages) if pages.isdecimal() and pages.isascii() and len(pages) < 8 else None,
        revisit=record.type == "revisit",
        unverified=record.fields.get(VERIFIED_FIELD) == "no",
        record=location,
    )
    return _as_journaled(capture, journal) if journal is not None else capture


def _payload_length(record: Record) -> int:
    if record.type == "revisit":
        length = record.fields.get(LENGTH_FIELD, "")
        return int(length) if length.isascii() and length.isdecimal() else 0
    return len(record.payload)


def _as_journaled(capture: Capture, journal: Mapping[str, str]) -> Capture | None:
    if PAYLOAD not in journal:
        return None
    return replace(
        capture,
        publisher=journal.get("publisher"),
        kind=Kind(journal.get("kind", Kind.ARTICLE)),
        sha256=journal[PAYLOAD],
        wire_bytes=int(journal.get(WIRE_BYTES, 0)),
        content_type=journal.get(MEDIA),
    )


_COLUMNS = (
    "url", "publisher", "kind", "fetched_at", "status", "content_type", "sha256", "wire_bytes",
    "truncated", "revisit", "unverified",
)  # fmt: skip
_PLACE = {"file": "warc_file", "offset": "warc_offset", "length": "warc_length"}
_AT = f"select {', '.join(_PLACE.values())} from"
# The index of places has the day in a file's name (2026-11/warraq-20261129-…) for the name.
IN_FILE = """
cast(substr(warc_file, 16, 8) as integer) = cast(substr(?1, 16, 8) as integer) and warc_file is ?1
"""
_ROW = f"select {', '.join(('id', *_COLUMNS, *_PLACE.values()))} from captures"  # noqa: S608 - ours
_OF_ARTICLE = f"""
select *, (
    select sha256 from renderings where capture = c.id and kind = 'page' order by id desc limit 1
) shown, (select outcome from captures where id = c.id) is 'doubted' doubted
from ({_ROW} where article = ? and kind = 'article') c order by fetched_at, id
"""  # noqa: S608 - ours

# By the index of addresses, which has those of no article alone.
_RECENT = """
status > 0 and run in (select id from runs where command not like 'import-%')
order by fetched_at desc limit 100
"""
_NEWEST = """
(url = ?1 and article is null or url = ?1 and article in (select id from articles where url = ?1))
and fetched_at between ?2 and ?3 and truncated is null and sha256 is not null
order by fetched_at desc, id limit 1
"""
_RECEIVED = """
select total(case when state != 'running' and started_at >= ?1 then bytes else (
    select sum(wire_bytes) from captures indexed by captures_run
    where run = runs.id and fetched_at >= ?1) end)
from runs where command != 'import-warc' and started_at >= ?2
    and (ended_at is null or ended_at >= ?1)
"""


def insert(db: sqlite3.Connection, capture: Capture, *, run: int) -> int:
    """Insert a recorded capture (its `record` and the record's id are set) and return its id."""
    row = _row_of(capture, run)
    row["id"] = free_id(db, "captures", row["id"])
    insert_row(db, "captures", row)
    return int(row["id"])


def put(db: sqlite3.Connection, capture: Capture, *, run: int) -> int:
    """Let the row of a recorded capture say what its record says; return its id.

    It is inserted if it is not there. What the archive decided of it stays.
    """
    row = _row_of(capture, run)
    there = value(db, "select warc_file from captures where id = ?", (row["id"],))
    if there not in {None, row["warc_file"]}:
        row["id"] = free_id(db, "captures", row["id"])
    db.execute(
        f"delete from captures where {IN_FILE} and warc_offset = ?2 and id != ?3",  # noqa: S608
        (row["warc_file"], row["warc_offset"], row["id"]),
    )
    upsert(db, "captures", row, key="id")
    return int(row["id"])


def _row_of(capture: Capture, run: int) -> Row:
    """Return the columns that a recorded capture fills, with the id that it is to have."""
    place = capture.place
    if place.record_id is None:
        raise ValueError(f"{capture.url}: a capture has no row before it has a WARC record")
    own = {"id": capture_id(place.record_id), "run": run}
    return own | row_of(capture, _COLUMNS) | columns_of(place)


def decoded(db: sqlite3.Connection, charsets: Mapping[int, str]) -> None:
    """Save with which character encodings the pages of captures (their ids) were decoded."""
    db.executemany(
        "update captures set charset = ?2 where id = ?1 and charset is not ?2",
        list(charsets.items()),
    )


def attribute(
    db: sqlite3.Connection, capture: int | None, *, article: int | None, charset: str | None = None
) -> None:
    """Keep that a capture (its id) is one of an article, and how its page was decoded."""
    if article is not None:
        known = {"charset": charset} if charset else {}
        update(db, "captures", {"article": article} | known, id=capture)


def original(
    db: sqlite3.Connection, exchange: Exchange, sha256: str, *, last: str | None
) -> Capture | None:
    """Return the first capture of the payload that an exchange brings again, if there is one.

    A 304 stands for the payload whose validators were sent: that of the visit's last good answer
    (`last`, its digest).
    A truncated or empty payload stands for nothing.
    """
    if exchange.status == 304:
        sha256 = last or ""
    elif not exchange.payload or exchange.truncated:
        return None
    of_payload = "sha256 = ? and truncated is null and revisit = 0 order by fetched_at, id limit 1"
    return next(iter(_found(db, of_payload, sha256)), None)


def payload_location(db: sqlite3.Connection, sha256: str) -> WarcLocation | None:
    """Return where a payload is kept: the first record that brought it, the later are revisits."""
    sql = f"{_AT} captures where sha256 = ? and revisit = 0 order by fetched_at, id limit 1"
    held = f"{_AT} withheld_payloads where sha256 = ?"
    return _location(db, sql, sha256) or _location(db, held, sha256)


def received(db: sqlite3.Connection, *, since: datetime) -> int:
    """Return how many bytes of payload the captures since then were over the wire.

    Runs that have ended know it. Pages that another program recorded came over another one's.
    """
    earliest = iso(since - timedelta(days=31))  # no run is longer
    return int(value(db, _RECEIVED, (iso(since), earliest)) or 0)


def latest(
    db: sqlite3.Connection, folder: Path, url: str, *, since: datetime, until: datetime
) -> tuple[int, bytes, str] | None:
    """Return (status, decoded body, content type) of the newest whole capture of an address.

    None also where its WARC file is gone or damaged, or where the body does not unpack to its end.
    Of articles, it knows their present address.
    """
    for capture in _found(db, _NEWEST, url, iso(since), iso(until)):
        try:
            body = _whole_body(db, folder, capture)
        except DamagedWarc as error:
            logger.warning("%s is asked for again: %s", url, error)
        else:
            return None if body is None else (capture.status, body, capture.content_type or "")
    return None


def apart(db: sqlite3.Connection, folder: Path) -> list[timedelta]:
    """Return how far this machine's clock was ahead of those of servers, by the latest answers.

    One of a host, of ten at most. An answer from a cache is as old as it says (RFC 9111, `Age`).
    """
    recent = {urlsplit(each.url).hostname: each for each in reversed(_found(db, _RECENT))}
    differences = []
    for capture in list(recent.values())[-10:]:
        with suppress(DamagedWarc, OSError, ValueError):
            message = reader.read_record(folder, capture.place).message
            stated = parsedate_to_datetime((message and message.header("Date")) or "")
            age = timedelta(seconds=int((message and message.header("Age")) or 0))
            differences.append(capture.fetched_at - stated.replace(tzinfo=UTC) - age)
    return differences


def _whole_body(db: sqlite3.Connection, folder: Path, capture: Capture) -> bytes | None:
    """Return the body of a capture; None if it does not unpack, or not to at most `_LARGEST`."""
    record = _with_payload(db, folder, capture, reader.read_record(folder, capture.place))
    if not record.payload and capture.wire_bytes:
        return None
    message = record.message
    return message.unpacked(_LARGEST) if message else record.body()


def journaled(
    db: sqlite3.Connection, capture: Capture, place: WarcLocation, *, outcome: str | None
) -> None:
    """Save what came of a capture, and where the record is that says so."""
    elsewhere = None if place.file == capture.place.file else place.file
    row = {"outcome": outcome, "journal_file": elsewhere, "journal_offset": place.offset}
    update(db, "captures", row, id=capture.id)


def of_article(db: sqlite3.Connection, article: int) -> list[Capture]:
    """Return the captures of an article in the order of their time, without their bodies.

    Their digests are those of what a browser showed, where one did.
    """
    rows = select(db, _OF_ARTICLE, (article,))
    return [_capture(row | {"sha256": row["shown"] or row["sha256"]}) for row in rows]


def has_read(db: sqlite3.Connection, publisher: str, *, since: datetime) -> bool:
    """Return whether an article of a publisher was read, or seen unchanged, since a moment."""
    sql = """
    select exists (select 1 from captures where +publisher = ? and fetched_at > ?
        and article is not null and outcome in ('new', 'changed', 'same', 'unchanged'))
    """
    return bool(value(db, sql, (publisher, iso(since))))


def last_read(db: sqlite3.Connection, article: int) -> Capture | None:
    """Return the newest capture from which an article was read, without its body; None for none."""
    read = (
        "article = ? and kind = 'article' and status = 200"
        " and outcome in ('new', 'changed', 'same', 'unchanged')"
        " order by fetched_at desc, id desc limit 1"
    )
    return next(iter(_found(db, read, article)), None)


_FIRST_DOUBT = """
select min(fetched_at) from captures
where article = :article and kind = 'article' and outcome = 'doubted' and fetched_at > (
    select max(fetched_at) from captures where article = :article and kind = 'article'
        and outcome in ('new', 'changed', 'same', 'unchanged')
)
"""
_LATEST_READ = """
select outcome, max(fetched_at) from captures
where publisher = :publisher and kind = 'article' and fetched_at > :since
    and article is not null and article != :article and outcome in ('changed', 'same', 'doubted')
group by article
"""


def doubts(
    db: sqlite3.Connection, article: int, publisher: str, *, now: datetime, lately: timedelta
) -> tuple[datetime | None, int, int]:
    """Return since when an article is in doubt, and what became of others that were read again.

    That is, how many of the publisher were in doubt at last, and how many were not; from `lately`
    before the first doubt on.
    """
    asked = {"article": article, "publisher": publisher}
    first = value(db, _FIRST_DOUBT, asked)
    since = from_iso(first) if first else None
    rows = db.execute(_LATEST_READ, asked | {"since": iso((since or now) - lately)}).fetchall()
    doubted = sum(outcome == Outcome.DOUBTED for outcome, _ in rows)
    return since, doubted, len(rows) - doubted


def load(db: sqlite3.Connection, folder: Path, number: int) -> Capture:
    """Return a capture as it was recorded, with its decoded body and the validators it gave.

    A revisit has the body of the payload that it stands for.

    Raises:
        DamagedWarc: if its record, or the one that it stands for, cannot be read.
    """
    return with_body(db, folder, get(db, number))


def get(db: sqlite3.Connection, number: int) -> Capture:
    """Return a capture by its id, without its body."""
    (capture,) = _found(db, "id = ?", number)
    return capture


def has(db: sqlite3.Connection, number: int) -> bool:
    """Return whether there is a capture of that id."""
    return value(db, "select 1 from captures where id = ?", (number,)) is not None


def with_body(db: sqlite3.Connection, folder: Path, capture: Capture) -> Capture:
    """Return what `load` does of a capture that is at hand."""
    place = capture.place
    if not capture.status:
        return replace(capture, body=reader.read_payload(folder, place))
    record = reader.read_record(folder, place)
    said = of_record(record, place) or capture
    return replace(
        capture,
        etag=said.etag,
        last_modified=said.last_modified,
        pages=said.pages,
        body=_with_payload(db, folder, capture, record).body(),
    )


def visit_of(db: sqlite3.Connection, folder: Path, capture: Capture) -> Visit | None:
    """Return the visit that a capture is of, with the hints it was read by; None if unknown."""
    try:
        fields = journal_of(db, folder, capture)
        return journal.visit_of(fields) if fields else None
    except (ValueError, KeyError, TypeError):
        return None


def journal_of(db: sqlite3.Connection, folder: Path, capture: Capture) -> dict[str, str] | None:
    """Return the fields of the record that says what came of a capture; None if unknown."""
    row = db.execute(
        "select coalesce(journal_file, warc_file), journal_offset from captures where id = ?",
        (capture.id,),
    ).fetchone()
    if row is None or row[1] is None:
        return None
    try:
        entry = next(reader.records(folder / row[0], start=row[1]), None)
        if entry is None or entry.type != "metadata":
            return None
        if entry.fields.get("warc-refers-to") != reader.read_record(folder, capture.place).id:
            return None
        return journal.fields_of(entry)
    except (DamagedWarc, OSError):
        return None


def _found(db: sqlite3.Connection, condition: str, *asked: object) -> list[Capture]:
    return [_capture(row) for row in select(db, f"{_ROW} where {condition}", asked)]


def _capture(row: Row) -> Capture:
    return record(Capture, row | {"record": place_in(row)})


def place_in(row: Row) -> Row:
    return {name: row[column] for name, column in _PLACE.items()}


def columns_of(location: WarcLocation) -> Row:
    """Return the columns that say where a record is."""
    return {column: getattr(location, name) for name, column in _PLACE.items()}


def _location(db: sqlite3.Connection, sql: str, parameter: object) -> WarcLocation | None:
    row = db.execute(sql, (parameter,)).fetchone()
    return row and WarcLocation(file=row[0], offset=row[1], length=row[2])


def _with_payload(db: sqlite3.Connection, folder: Path, capture: Capture, own: Record) -> Record:
    """Return the record with a capture's payload: its own, or of a revisit, the first one's."""
    if own.payload or not capture.wire_bytes:
        return own
    original = payload_location(db, capture.sha256 or "")
    return reader.read_record(folder, original) if original else own
