"""Foreign WARC files into the archive: copied records, and how far each file was read."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from archive import articles, captures, journal, visits
from archive.clock import iso
from archive.models import Capture, Outcome, Visit, WarcLocation
from archive.store import Store
from archive.visits import VISITS, visits_of
from archive.warc.parsing import Place, Record
from archive.warc.reader import read_record
from archive.warc.records import Copied

_ENTER = """
insert into visits (key, url, publisher, kind, found_at, last_at, state)
values (?, ?, ?, ?, ?, ?, 'done') on conflict (key) do nothing
"""
_REMEMBER = """
insert into imports (key, source, languages, bytes, place, read_at, records, articles)
values (:key, :name, :languages, :bytes, :place, :read_at, :records, :articles)
on conflict (key) do update set source = excluded.source, bytes = excluded.bytes,
    place = excluded.place, read_at = excluded.read_at, records = records + excluded.records,
    articles = articles + excluded.articles
"""
ACT = "import-progress"
_CAPTURE = "select id, url, fetched_at, sha256, wire_bytes, warc_file, warc_offset, warc_length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a file is read for some languages: its key, name, size, and the next place.

    The name is one line. `records` and `articles` are those since the last time this was kept.
    """

    key: str
    name: str
    languages: str
    bytes: int
    place: str
    records: int = 0
    articles: int = 0

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Progress":
        """Return what a metadata record says of a file.

        Raises:
            KeyError, ValueError: if it says nothing of the kind.
        """
        return cls(
            key=fields["key"],
            name=fields["name"],
            languages=fields["languages"],
            bytes=int(fields["bytes"]),
            place=fields["place"],
            records=int(fields["records"]),
            articles=int(fields["articles"]),
        )

    def fields(self) -> dict[str, str]:
        """Return the metadata record's fields, from which a rebuild knows of it."""
        return {"act": ACT} | {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A payload that the archive holds: its digest and size over the wire, and its record."""

    sha256: str
    wire_bytes: int
    record: WarcLocation


def place_of(db: sqlite3.Connection, key: str) -> str | None:
    """Return the place at which reading a file goes on, None if it was never read."""
    row = db.execute("select place from imports where key = ?", (key,)).fetchone()
    return row and str(row[0])


def remember(db: sqlite3.Connection, progress: Progress, *, now: datetime) -> None:
    """Keep how far a file is read."""
    db.execute(_REMEMBER, asdict(progress) | {"read_at": iso(now)})


def is_known(db: sqlite3.Connection, capture: Capture) -> bool:
    """Return whether the archive has a capture of that address, moment and payload."""
    row = db.execute(
        "select 1 from captures where url = ? and fetched_at = ? and sha256 = ?",
        (capture.url, iso(capture.fetched_at), capture.sha256),
    ).fetchone()
    return row is not None


def enter(db: sqlite3.Connection, visit: Visit) -> Visit:
    """Return what is known of an address; a new one becomes known, but is never due."""
    at = iso(visit.found_at) if visit.found_at else ""
    db.execute(_ENTER, (visit.key, visit.url, visit.publisher, visit.kind, at, at))
    (stored,) = visits_of(db, f"{VISITS} where v.key = ?", (visit.key,))
    return stored


def is_older(db: sqlite3.Connection, article: int, at: datetime) -> bool:
    """Return whether a moment is before the archive saw an article last."""
    row = db.execute("select last_seen_at from articles where id = ?", (article,)).fetchone()
    return bool(row and iso(at) < row[0])


def kept_before(
    db: sqlite3.Connection, url: str, *, at: datetime | None, before: datetime
) -> Iterator[Kept]:
    """Yield payloads that an address brought: at a moment, or the latest few before another."""
    rows = db.execute(
        f"{_CAPTURE} from captures where url = ? and fetched_at between ? and ?"
        " and status = 200 and sha256 is not null and truncated is null"
        " order by fetched_at desc limit 5",
        (url, iso(at) if at else "", iso(at or before)),
    ).fetchall()
    for row in rows:
        place = WarcLocation(file=row[5], offset=row[6], length=row[7])
        yield Kept(sha256=row[3], wire_bytes=row[4], record=place)


class Copying(Store):
    """A store that takes recorded pages instead of answers."""

    def copy(self, copied: Copied, capture: Capture) -> Capture:
        """Append a record and make its row; return the capture with its place and number."""
        self.batch.open()
        self.totals["requests"] += 1
        location = self._warc.copy(copied.member, record_id=copied.record_id)
        number = captures.insert(self.db, replace(capture, record=location), run=self.run)
        return replace(capture, record=location, id=number)

    def copied(
        self,
        visit: Visit,
        capture: Capture,
        *,
        article: int | None,
        outcome: Outcome,
        source: Mapping[str, str],
    ) -> None:
        """Save what came of a copied record; its address is not due again.

        `source` has what the journal says of the record beside the visit.
        """
        key = articles.key_of(self.db, article, capture=capture.id)
        decision = journal.Decision(outcome=outcome, article=key)
        fields = journal.visit_fields(visit, run=self.run) | dict(source)
        fields |= journal.decision_fields(decision)
        self.write_journal(capture, fields, at=self.clock())
        if article is not None:
            visits.lead(self.db, visit.key, article=article)
        self.batch.count()

    def original(self, record: Record, capture: Capture) -> Capture | None:
        """Return the capture of a revisit record with the payload it stands for, if that is here.

        By the record that it refers to, or, where it names none, by the digest of the payload.

        Raises:
            DamagedWarc: if the record of the payload cannot be read.
        """
        at, digest = record.refers_to_date, record.fields.get("warc-payload-digest")
        for kept in kept_before(self.db, record.refers_to_url, at=at, before=capture.fetched_at):
            first = read_record(self.warc_folder, kept.record)
            if at is None and (not digest or digest != first.fields.get("warc-payload-digest")):
                continue
            media = first.message.header("Content-Type") if first.message else None
            return replace(
                capture,
                sha256=kept.sha256,
                wire_bytes=kept.wire_bytes,
                content_type=media or capture.content_type,
                body=first.body(),
            )
        return None


def journaled(source: str, place: Place, capture: Capture, copied: Copied) -> dict[str, str]:
    """Return what the metadata record of a copied record says beside what every visit's says."""
    media = {captures.MEDIA: capture.content_type} if capture.content_type else {}
    return media | {
        captures.SOURCE: " ".join(source.split()),
        captures.PLACE: str(place),
        captures.PAYLOAD: capture.sha256 or "",
        captures.WIRE_BYTES: str(capture.wire_bytes),
        "source-record": "as it was" if copied.exact else "its head was spelled anew",
    }
