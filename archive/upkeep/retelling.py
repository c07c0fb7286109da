"""Visits whose metadata records are lost, told again in the WARC files from the database."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from archive import articles, derivation, journal
from archive.captures import MEDIA, PAYLOAD, SOURCE, WIRE_BYTES
from archive.clock import from_iso
from archive.models import Kind, Outcome, Visit, WarcLocation
from archive.publishers import key_of
from archive.session import Session
from archive.visits import VISITS, visits_of
from archive.warc import reader
from archive.warc.records import KIND_FIELD

# A line of a run's warcinfo record, as of a merged one: what its records tell happened before
# what is told in files before it, so that a replay puts it in its place and invents no edit.
LATE = {"joined": "yes"}

_CAPTURE = """
select c.url, c.publisher, c.fetched_at, c.sha256, c.wire_bytes, c.content_type, c.warc_file,
    c.warc_offset, c.warc_length, c.run, c.article, a.publisher, r.started_at
from captures c left join articles a on a.id = c.article left join runs r on r.id = c.run
where c.id = ?
"""
_VISIT = f"""
{VISITS} where v.key = :key or (v.article = :article and v.kind = 'article')
order by v.key = :key desc, v.found_at, v.key limit 1
"""
_IN_ORDER = """
select id from captures where id in (select value from json_each(?)) order by fetched_at, id
"""


def tell_again(session: Session, numbers: Sequence[int]) -> Iterator[str]:
    """Tell of the visits that captures (their ids) are of; yield what is to be said of each.

    They are told in the order of their time, as far as visits and links still know of them.

    Raises:
        DamagedWarc: if the record of a capture does not read.
    """
    rows = session.db.execute(_IN_ORDER, (f"[{', '.join(map(str, numbers))}]",)).fetchall()
    for (number,) in rows:
        yield _tell(session, number)
        session.batch.count()
        if session.batch.is_due():
            session.batch.commit()
    session.batch.commit()


def _tell(session: Session, number: int) -> str:
    row = session.db.execute(_CAPTURE, (number,)).fetchone()
    url, publisher, at, sha256, size, media, file, offset, length, run, article, owner, began = row
    place, moment = WarcLocation(file=file, offset=offset, length=length), from_iso(at)
    key = key_of(session.db, url, publisher or owner)
    visit = _visit(session.db, key, article) or Visit(
        key=key,
        url=url,
        publisher=publisher or owner,
        kind=Kind.ARTICLE,
        found_at=moment,
    )
    hints = derivation.hints_at(session.db, visit.key, moment)
    # With all that a first visit tells: the record of that may be the one that is lost.
    visit = replace(visit, last_sha256=None, hints=hints)
    fields = journal.visit_fields(visit, run=run)
    if identity := articles.key_of(session.db, article):
        decision = journal.Decision(outcome=Outcome.SAME, article=identity)
        fields |= journal.decision_fields(decision)
    record = reader.read_record(session.warc_folder, place)
    if KIND_FIELD.lower() not in record.fields:
        fields |= _of_copied(sha256, size, media)
        moment = from_iso(began or at)  # it was told of when it was copied
    session.write_metadata(url, fields, at=moment, refers_to=record.id)
    return f"told again: the visit to {url} of {at}"


def _visit(db: sqlite3.Connection, key: str, article: int) -> Visit | None:
    """Return the visit to an address, or the first one that led to the same article."""
    return next(iter(visits_of(db, _VISIT, {"key": key, "article": article})), None)


def _of_copied(sha256: str | None, size: int | None, media: str | None) -> Mapping[str, str]:
    """Return what is told of a record that was copied out of another program's file."""
    fields = {SOURCE: "not known any more", PAYLOAD: sha256 or "", WIRE_BYTES: str(size or 0)}
    return fields | ({MEDIA: media} if media else {})
