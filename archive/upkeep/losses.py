"""What is lost for good: told in `problems`, and taken out of the rows that promised it."""

import contextlib
import re
import sqlite3
from datetime import datetime

from archive.clock import iso
from archive.problems import ProblemKind
from archive.publishers import key_of, keys_of

KIND, STAGE = ProblemKind.LOST_CAPTURE, "repair"

_DIGEST = re.compile(r"\bsha256 ([0-9a-f]{64})\b")
# By publisher, as the index of kinds is; there may be very many problems.
_LOST = """
select detail from problems where publisher in (select slug from publishers) and kind = :kind
union all select detail from problems where publisher is null and kind = :kind
"""
_CAPTURE = """
select c.url, c.publisher, c.fetched_at, c.warc_file, c.warc_offset, c.sha256, coalesce(
    (select url from articles where id = c.article),
    (select a.url from revisions r join articles a on a.id = r.article where r.capture = c.id)
) from captures c where c.id = ?
"""
_DUE = """
update visits set due_at = case when state in ('due', 'done', 'failed') then ? else due_at end,
    etag = null, last_modified = null, last_sha256 = null
where key = ?
"""


def known_lost(db: sqlite3.Connection) -> frozenset[str]:
    """Return the SHA-256 digests of the payloads that a repair found lost."""
    rows = db.execute(_LOST, {"kind": KIND})
    return frozenset(found[1] for (detail,) in rows if (found := _DIGEST.search(detail)))


def lose(db: sqlite3.Connection, capture: int, *, now: datetime) -> str:
    """Take a capture (its id) out of the rows, its record is lost; return what is to be said.

    Articles and revisions keep their texts. Its address becomes due again, without the validators
    by which the site would answer that nothing changed.
    """
    url, publisher, at, file, offset, sha256, article = db.execute(_CAPTURE, (capture,)).fetchone()
    told = f"{file}, byte {offset}, sha256 {sha256}: the capture of {at} is lost"
    # By the article's address, which leads readers on, and is hidden with it.
    _tell(db, article or url, publisher, told, now=now)
    for table in ("revisions", "articles", "problems"):
        db.execute(f"update {table} set capture = null where capture = ?", (capture,))  # noqa: S608 - ours
    db.execute("delete from renderings where capture = ?", (capture,))
    db.execute("delete from captures where id = ?", (capture,))
    with contextlib.suppress(ValueError):
        db.execute(_DUE, (iso(now), key_of(db, url, publisher)))
    of = f"; it was one of the article {article}, which keeps its text" if article else ""
    return f"lost: {url}, {publisher or 'no publisher'}: {told}{of}"


def lose_payload(
    db: sqlite3.Connection, sha256: str, *, url: str, at: str | None, now: datetime
) -> str:
    """Tell of a payload that later captures refer to and no record has; return what is to be said.

    `url` and `at` are those of the record that had it, as the later ones name it.
    """
    told = f"a record that others refer to, sha256 {sha256}: the capture of {at} is lost"
    _tell(db, url, None, told, now=now)
    with contextlib.suppress(ValueError):
        for key in keys_of(db, url):
            db.execute(_DUE, (iso(now), key))
    return f"lost: {url}: {told}"


def _tell(
    db: sqlite3.Connection, url: str, publisher: str | None, detail: str, *, now: datetime
) -> None:
    db.execute(
        "insert into problems (at, publisher, url, stage, kind, detail) values (?, ?, ?, ?, ?, ?)",
        (iso(now), publisher, url, STAGE, KIND, detail),
    )
