"""Foreign WARC files into the archive: copied records, and how far each file was read."""

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from archive import articles, captures, journal, visits
from archive.clock import iso
from archive.errors import DamagedWarc
from archive.models import Capture, Outcome, Visit
from archive.rows import insert, row_of, value, values
from archive.store import Store
from archive.warc.parsing import Record, moment_of, url_of
from archive.warc.reader import read_record
from archive.warc.records import Copied

_REMEMBER = """
insert into imports (key, source, languages, bytes, place, read_at, records, articles)
values (:key, :name, :languages, :bytes, :place, :read_at, :records, :articles)
on conflict (key) do update set source = excluded.source, bytes = excluded.bytes,
    place = excluded.place, read_at = excluded.read_at, records = records + excluded.records,
    articles = articles + excluded.articles
"""
ACT = "import-progress"
# What an address brought: at a moment, or the latest few before another.
_BROUGHT = """
select id from captures where url = ? and fetched_at between ? and ? and status = 200
    and sha256 is not null and truncated is null order by fetched_at desc limit 5
"""


def place_of(db: sqlite3.Connection, key: str) -> str | None:
    """Return the place at which reading a file goes on, None if it was never read."""
    return value(db, "select place from imports where key = ?", (key,))


def remember(db: sqlite3.Connection, fields: Mapping[str, str], *, now: datetime) -> None:
    """Keep how far a file is read, by the fields of the journal's record (`Copying.remember`)."""
    db.execute(_REMEMBER, {**fields, "read_at": iso(now)})


def is_known(db: sqlite3.Connection, capture: Capture) -> bool:
    """Return whether the archive has a capture of that address, moment and payload."""
    same = (capture.url, iso(capture.fetched_at), capture.sha256)
    sql = "select 1 from captures where url = ? and fetched_at = ? and sha256 = ?"
    return value(db, sql, same) is not None


def enter(db: sqlite3.Connection, visit: Visit) -> Visit:
    """Return what is known of an address; a new one becomes known, but is never due."""
    row = row_of(visit, ("key", "url", "publisher", "kind", "found_at"))
    row |= {"last_at": row["found_at"], "state": "done"}
    insert(db, "visits", row, conflict="on conflict (key) do nothing")
    return visits.find(db, visit.key) or visit


def is_older(db: sqlite3.Connection, article: int, at: datetime) -> bool:
    """Return whether a moment is before the archive saw an article last."""
    last = value(db, "select last_seen_at from articles where id = ?", (article,))
    return last is not None and iso(at) < last


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
        key: str | None = None,
    ) -> None:
        """Save what came of a copied record; its address is not due again.

        `source` has what the journal says of the record beside the visit, `key` is that of an
        article that is withheld.
        """
        key = key or articles.key_of(self.db, article, capture=capture.id)
        decision = journal.Decision(outcome=outcome, article=key)
        fields = journal.visit_fields(visit) | dict(source)
        fields |= journal.decision_fields(decision)
        self.write_journal(capture, fields, at=self.clock())
        if article is not None:
            visits.lead(self.db, visit.key, article=article)
        self.batch.count()

    def remember(self, progress: Mapping[str, object]) -> None:
        """Keep how far a file is read for some languages.

        `progress` has its key, name, languages and size in bytes, the next place, and how many
        records and articles came since the last time.
        """
        now = self.clock()
        said = {name: journal.one_line(str(each)) for name, each in progress.items()}
        fields = {"act": ACT} | said
        self.write_metadata(f"urn:x-warraq:import:{fields['key']}", fields, at=now)
        remember(self.db, fields, now=now)

    def original(self, record: Record, capture: Capture) -> Capture | None:
        """Return the capture of a revisit record with the payload it stands for, if that is here.

        By the record that it refers to, or, where it names none, by the digest of the payload. One
        that does not read is not here.
        """
        fields, digest = record.fields, record.fields.get("warc-payload-digest")
        at = moment_of(fields, "warc-refers-to-date")
        url = url_of(fields, "warc-refers-to-target-uri") or record.url
        when = iso(at) if at else "", iso(at or capture.fetched_at)
        with contextlib.suppress(DamagedWarc):
            for number in values(self.db, _BROUGHT, (url, *when)):
                first = captures.load(self.db, self.warc_folder, number)
                if at or (digest and digest == self._digest_of(first)):
                    return replace(
                        capture,
                        sha256=first.sha256,
                        wire_bytes=first.wire_bytes,
                        content_type=first.content_type or capture.content_type,
                        body=first.body,
                    )
        return None

    def _digest_of(self, capture: Capture) -> str | None:
        record = capture.record and read_record(self.warc_folder, capture.record)
        return record.fields.get("warc-payload-digest") if record else None


def journaled(capture: Capture, source: str = "not known any more") -> dict[str, str]:
    """Return what the metadata record of a copied record says beside what every visit's says."""
    media = {captures.MEDIA: capture.content_type} if capture.content_type else {}
    return media | {
        captures.SOURCE: " ".join(source.split()),
        captures.PAYLOAD: capture.sha256 or "",
        captures.WIRE_BYTES: str(capture.wire_bytes),
    }
