"""How an address stands that somebody asked for by itself: what of it is in the archive."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archive.article_rows import withheld
from archive.clock import iso
from archive.publishers import keys_of
from archive.rows import record, select

# The last good answer; of a page that is not an article, or gave an error, the last one.
_STANDING = """
select v.state, v.due_at, a.id article, a.title, coalesce(a.words, 0) words, a.published_on,
    c.id capture, c.fetched_at, c.sha256, p.kind problem, p.detail,
    exists (select 1 from renderings where capture = c.id and kind = 'screenshot') as "full"
from json_each(?) k join visits v on v.key = k.value left join articles a on a.id = v.article
left join problems p on p.id = (select max(id) from problems where url = v.url)
left join captures c on c.id = coalesce(v.last_capture, a.capture, (
    select id from captures n where n.url = v.url and n.article is null
    order by fetched_at desc limit 1))
order by a.id is null, k.key limit 1
"""
NOT_FULL = "not-full"  # the problem of a page that was to be kept with a screenshot
# The cells that a list of addresses gets, named so that no column of a user is called the same.
COLUMNS = (
    "archive_state", "archive_article", "archive_capture", "archive_captured_at", "archive_sha256",
    "archive_title", "archive_date", "archive_problem",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the archive has of an address.

    `state` is `archived` where it shows an article, `captured` where it shows something else,
    `invalid`, `withheld`, `due` before its first visit, or how the last one ended: `gone`,
    `refused` (by robots.txt), `failed`. `capture` is the id of the exchange that brought the
    payload, `sha256` the digest of that; it is there in `full` if a screenshot is. `problem` and
    `detail` say what is wrong, if anything is.
    """

    state: str
    due_at: datetime | None = None
    article: int | None = None
    title: str | None = None
    words: int = 0
    published_on: str | None = None
    capture: int | None = None
    fetched_at: datetime | None = None
    sha256: str | None = None
    problem: str | None = None
    detail: str | None = None
    full: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether an article is there, and nothing is missing of what was asked for."""
        return self.article is not None and self.problem != NOT_FULL

    def cells(self, base: str) -> tuple[object, ...]:
        """Return the cells of its row, in the order of COLUMNS; `base` is before our addresses."""
        page = f"{base}/article/{self.article}" if self.article else ""
        capture = f"{page}/at/{self.capture}" if page and self.capture else ""
        at = iso(self.fetched_at) if self.fetched_at else ""
        problem = f"{self.problem}: {self.detail}" if self.problem else ""
        own = self.sha256, self.title, self.published_on
        return (self.state, page, capture, at, *own, problem)


def standing(db: sqlite3.Connection, url: str, *, full: bool = False) -> Standing:
    """Return how an address stands, in any spelling; with `full`, what it lacks is a problem."""
    try:
        rows, hidden = select(db, _STANDING, (json.dumps(keys_of(db, url)),)), withheld(db, url)
    except ValueError as error:
        return Standing(state="invalid", problem="bad-address", detail=str(error))
    if hidden:
        detail = f"article {hidden[0]} is withheld since {hidden[1][:10]}"
        return Standing(state="withheld", problem="withheld", detail=detail)
    row = rows[0] if rows else {"state": "due"}
    if row["state"] == "due":
        row |= {"problem": "not-visited", "detail": "it was not visited; run the command again"}
    elif row["state"] == "done" and row["article"]:
        last = f"no screenshot; the last problem was: {row['problem'] or 'none'}"
        lacks = last if full and not row["full"] else None
        row |= {"state": "archived", "problem": lacks and NOT_FULL, "detail": lacks}
    elif not row["problem"]:
        row |= {"problem": "no-article", "detail": "no article was recognised on this page"}
    return record(Standing, row | {"state": "captured" if row["state"] == "done" else row["state"]})


def pending(
    db: sqlite3.Connection, urls: Iterable[str], *, now: datetime, full: bool = False
) -> list[str]:
    """Return those addresses that are still to be visited: never yet, or again after a failure.

    With `full`, also those without a screenshot.
    """
    known = {url: standing(db, url, full=full) for url in urls}
    return [url for url, each in known.items() if _is_pending(each, now)]


def _is_pending(each: Standing, now: datetime) -> bool:
    if each.state in {"due", "archived"}:
        return not each.is_kept
    is_due = each.due_at is not None and each.due_at <= now
    return each.state in {"failed", "refused"} and not each.article and is_due
