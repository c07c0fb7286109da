"""The evidence for a capture: what was asked, what answered, where its bytes are, who kept them.

Most of it is read from the WARC files. Where these are not, as beside a published copy, it is what
the rows say.
"""

import hashlib
import json
import re
import shlex
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from archive import captures, renderings
from archive.captures import IN_FILE, SOURCE
from archive.captures import PLACE as SOURCE_PLACE
from archive.clock import iso
from archive.errors import DamagedWarc
from archive.models import Capture, Rendering, WarcLocation
from archive.publishers import keys_of
from archive.rows import Row, from_json, select, value, values
from archive.rows import record as as_record
from archive.session import WARC_FOLDER
from archive.urls import LARGEST_ID, absolute, address
from archive.warc import reader
from archive.warc.parsing import Record, moment_of, url_of
from archive.warc.records import CERTIFICATE_FIELD, COLLECTOR, payload_digest, read_fields

_MOST_HOPS = 20
_MOST_RECORDS = 2000  # between the last capture of one run and the first record of another
_TLS = {
    "protocol": "warc-protocol",
    "cipher": "warc-cipher-suite",
    "certificate": CERTIFICATE_FIELD,
}

# The article that a capture shows, or whose address it is of; a listing is of none.
_ARTICLE_OF = """
select id from articles where id = (
    select coalesce(
        c.article, (select article from revisions where capture = c.id),
        (select max(article) from visits where key in (select value from json_each(:keys))),
        (select id from articles where url = c.url))
    from captures c where c.id = :capture and c.kind = 'article')
"""
# An article as it was when a capture of it was made; authors where the byline still names them.
_STATE = """
select a.id article, c.id capture, r.number revision, r.title, r.byline, r.published_on,
    coalesce(a.language, p.language) language, p.name publisher, a.url article_url,
    coalesce(p.timezone, 'UTC') timezone, c.url, c.fetched_at at, c.status, c.content_type,
    c.sha256, c.wire_bytes bytes, runs.name run, runs.command,
    (select max(charset) from captures where sha256 = c.sha256) charset,
    (select max(started_at) from runs where command like 'extract%' and started_at > c.fetched_at)
        as read_again_at,
    (select closed from warc_files where name = c.warc_file) is 1 as file_closed,
    (select json_group_array(name) from (
        select name from article_authors join authors on authors.id = author
        where article = a.id and r.byline is a.byline order by position)) authors
from articles a join publishers p on p.slug = a.publisher join captures c on c.id = :capture
    join runs on runs.id = c.run
    left join revisions r on r.article = a.id and r.number = (
        select max(number) from revisions where article = a.id and observed_at <= c.fetched_at)
where a.id = :article
"""
_AT = "select id from captures where url = ? and fetched_at = ? and revisit = 0 order by id limit 1"
_HOP = """
select id from captures where url in (?1, ?2) and article is null and status between 300 and 399
    and fetched_at between ?3 and ?4 order by fetched_at desc limit 1
"""
# The last capture of other runs before the first one of a run in a file.
_BEFORE = f"""
select max(warc_offset) from captures where {IN_FILE} and warc_offset < (
    select min(warc_offset) from captures where warc_file = ?1
        and run = (select id from runs where name = ?2))
"""  # noqa: S608 - ours
_REPAIRED = """
select distinct kind from problems
where url = :url and capture = :capture and kind in ('charset', 'mojibake') order by kind
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One answer that led to another address."""

    url: str
    status: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a capture, and of the state of its article that it belongs to.

    `here` is whether the records can be read: where not, what only they say is None or empty.
    `asked` is the address that was asked for, `url` the one that answered, `local` is `at` by the
    publisher's clock. `sha256` is of the payload as it came over the wire, still content-encoded;
    `holds` is whether the recorded bytes have it now. `payload_record` is another one than `record`
    where the payload was known (a revisit). `file_sha256` is of the whole WARC file, to which
    nothing is added once it is `file_closed`. `altered` are words for what is not as it came over
    the wire, or was not read as it is recorded. `read_again_at` is when texts of this archive were
    last read with other rules.

    `renderings` are what a browser showed of the page (archive.warc.records.RENDERINGS),
    `certificates` what those of the server say, its own first.

    `check` are shell lines by which a stranger checks the bytes without Warraq, in the archive's
    folder: the last one prints `prints`. That is the digest of the payload, unless this is
    `chunked` in the record, as other programs leave it: then it is that of the chunks.
    """

    article: int
    capture: int
    revision: int | None
    title: str | None
    byline: str | None
    authors: tuple[str, ...]
    published_on: str | None
    language: str | None
    publisher: str
    article_url: str
    asked: str | None = None
    redirects: tuple[Hop, ...] = ()
    url: str
    at: datetime
    local: str
    timezone: str
    status: int
    content_type: str | None
    server: str | None = None
    server_date: str | None = None
    tls: Mapping[str, str] | None = None
    sha256: str | None
    bytes: int
    here: bool = False
    holds: bool | None = None
    record: WarcLocation
    payload_record: WarcLocation | None = None
    file_closed: bool
    file_sha256: str | None = None
    collector: Mapping[str, str] | None = None
    run: str
    command: str
    software: str | None = None
    settings: Mapping[str, str] | None = None
    imported_from: str | None = None
    charset: str | None
    rendered: WarcLocation | None
    renderings: tuple[Rendering, ...] = ()
    certificates: tuple[Mapping[str, str], ...] = ()
    read_again_at: datetime | None
    altered: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    prints: str | None = None
    chunked: bool = False


def article_of(db: sqlite3.Connection, capture: int) -> int | None:
    """Return the id of the article that a capture is of; None of a listing, or where none is."""
    if capture > LARGEST_ID:
        return None
    keys = list[str]()
    with suppress(ValueError):
        keys = keys_of(db, value(db, "select url from captures where id = ?", (capture,)) or "")
    return value(db, _ARTICLE_OF, {"capture": capture, "keys": json.dumps(keys)})


def of_capture(db: sqlite3.Connection, root: Path, number: int) -> Evidence | None:
    """Return the evidence for a capture (its id) of the archive in `root`; None as `article_of`.

    `with_file` adds the digest of the WARC file, which can take seconds.
    """
    article = article_of(db, number)
    if article is None:
        return None
    (row,) = select(db, _STATE, {"article": article, "capture": number})
    capture, folder, own = captures.get(db, number), root / WARC_FOLDER, None
    row |= {
        "authors": from_json(row["authors"]),
        "local": capture.fetched_at.astimezone(ZoneInfo(row["timezone"])).isoformat(),
        "record": capture.record,
        "renderings": list((shown := renderings.of_capture(db, number)).values()),
        "rendered": shown["page"].record if "page" in shown else None,
    }
    if capture.record:
        with suppress(DamagedWarc):
            own = reader.read_record(folder, capture.record)
            row |= {"here": True} | _answer(own)
            row |= _run(db, folder, capture.record.file, row["run"])
            row |= _road(db, folder, capture)
            row |= _payload(db, folder, capture, own)
            row |= {"certificates": _certificates(folder, shown.get("certificates"))}
    row["altered"] = list(_altered(db, capture, row, own))
    return as_record(Evidence, row)


def with_file(evidence: Evidence, root: Path) -> Evidence:
    """Return evidence with the digest of its WARC file, if that is there and closed."""
    path = root / WARC_FOLDER / evidence.record.file
    if not evidence.file_closed or not path.is_file():
        return evidence
    state = path.stat()
    return replace(evidence, file_sha256=_digest_of(path, state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=1024)
def _digest_of(path: Path, _size: int, _changed_at: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _answer(own: Record) -> Row:
    """Return what the record of a capture says of the server and the connection."""
    tls = {word: own.fields[name] for word, name in _TLS.items() if name in own.fields}
    date = own.message.header("Date") if own.message else None
    return {"server": own.fields.get("warc-ip-address"), "tls": tls, "server_date": date}


def _certificates(folder: Path, kept: Rendering | None) -> list[dict[str, str]]:
    """Return what is written above each certificate (crawler.fetch.handler)."""
    text = reader.read_payload(folder, kept.record).decode("utf-8", "replace") if kept else ""
    heads = re.findall(r"((?:^[\w-]+: .*\n)+)-----BEGIN", text, re.MULTILINE)
    return [dict(line.split(": ", 1) for line in head.splitlines()) for head in heads]


def _road(db: sqlite3.Connection, folder: Path, capture: Capture) -> Row:
    """Return what the journal says was asked for, and which answers led on from there."""
    fields = captures.journal_of(db, folder, capture) or {}
    source = f"{fields[SOURCE]} @ {fields.get(SOURCE_PLACE, '?')}" if SOURCE in fields else None
    url = asked = fields.get("address", fields.get("visit"))
    since, until = iso(capture.fetched_at - timedelta(hours=1)), iso(capture.fetched_at)
    hops = list[Hop]()
    while url and len(hops) < _MOST_HOPS and capture.url not in (spelled := _spellings(url)):
        if (number := value(db, _HOP, (*spelled, since, until))) is None:
            break
        hop, url = captures.get(db, number), None
        hops.append(Hop(url=hop.url, status=hop.status, at=hop.fetched_at))
        with suppress(DamagedWarc):
            message = reader.read_record(folder, hop.record).message if hop.record else None
            url = absolute(message.header("Location") if message else None, hop.url)
    return {"asked": asked, "redirects": hops, "imported_from": source}


def _spellings(url: str) -> tuple[str, str]:
    """Return an address as it is written, and as it may be asked for."""
    try:
        return url, address(url)
    except ValueError:
        return url, url


def _run(db: sqlite3.Connection, folder: Path, file: str, run: str) -> Row:
    """Return what a run's record says of it, which is before its first capture in a file."""
    start = value(db, _BEFORE, (file, run)) or 0
    for each in islice(reader.records(folder / file, start=start), _MOST_RECORDS):
        said = read_fields(each.block) if each.type == "metadata" else {}
        if said.get("act") == "run" and said.get("run") == run:
            collector = {key: said.pop(name) for key, name in COLLECTOR.items() if name in said}
            software, others = said.pop("software", None), said.keys() - {"act", "run", "command"}
            settings = {name: said[name] for name in sorted(others)}
            return {"software": software, "settings": settings, "collector": collector}
    return {}


def _payload(db: sqlite3.Connection, folder: Path, capture: Capture, own: Record) -> Row:
    """Return where the payload is that a capture brought or stands for, and how to check it."""
    place = _payload_place(db, capture, own)
    if place is None:
        return {}
    held = own if place == capture.record else reader.read_record(folder, place)
    payload, message = bytes(held.payload), held.message
    prints, expected = payload_digest(payload), capture.sha256 or held.sha256
    whole = payload_digest(message.payload()) if message else prints
    start = len(held.head) + len(held.block) - len(payload)
    file = shlex.quote(f"{WARC_FOLDER}/{place.file}")
    lines = (
        f"dd if={file} of=capture.warc.gz bs=1 skip={place.offset} count={place.length}",
        "gzip -dc capture.warc.gz > capture.warc",
        f"dd if=capture.warc bs={start} skip=1 | head -c {len(payload)} | sha256sum",
    )
    return {
        "payload_record": None if place == capture.record else place,
        "holds": expected in {prints, whole},
        "check": lines,
        "prints": prints,
        "chunked": prints != whole,
    }


def _payload_place(db: sqlite3.Connection, capture: Capture, own: Record) -> WarcLocation | None:
    """Return where the payload is that a capture brought, or stands for."""
    if own.type != "revisit":
        return capture.record
    if capture.sha256:
        return captures.payload_location(db, capture.sha256)
    at = moment_of(own.fields, "warc-refers-to-date")  # of a 304
    url = url_of(own.fields, "warc-refers-to-target-uri")
    number = value(db, _AT, (url, iso(at))) if at else None
    return None if number is None else captures.get(db, number).record


def _altered(
    db: sqlite3.Connection, capture: Capture, state: Row, own: Record | None
) -> Iterator[str]:
    """Yield words for what is not as it came over the wire, or was not read as it is recorded."""
    message, copied = own.message if own else None, state.get("imported_from")
    words = {
        "line": own and own.type == "resource",
        "copied": copied,
        "white-space": message and not copied,
        "chunks-removed": message and message.header("X-Crawl-Transfer-Encoding"),
        "packed": message and message.header("Content-Encoding"),
        "truncated": capture.truncated,
        "revisit": capture.revisit,
        "rendered": state["rendered"],
        "unverified": capture.unverified,
    }
    yield from (word for word, holds in words.items() if holds)
    yield from values(db, _REPAIRED, {"url": capture.url, "capture": capture.id})
    if state["revision"]:
        yield "tidied"


def to_json(stated: Evidence | list[Evidence]) -> str:
    """Return evidence as JSON; times are ISO 8601 in UTC."""
    return json.dumps(stated, ensure_ascii=False, indent=2, default=_plain)


def _plain(stated: Any) -> Any:
    return iso(stated) if isinstance(stated, datetime) else asdict(stated)
