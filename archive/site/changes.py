"""What publishers changed in the whole archive: edits and removals by day, most telling first.

Which of them there are is read from an index over what each revision says of itself
(`revisions.rank`), so that a page costs the same however large the archive is; the words are
compared for those of the page alone.
"""

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from typing import Any, Self
from urllib.parse import urlencode

from datasette.utils import sqlite_timelimit

from archive.article_rows import reading
from archive.diff import STEPS, Change, Diff, Passage, compare
from archive.rows import Row, from_json, select
from archive.site.states import Page, heading, state

PER_PAGE = 40
LISTED_STEPS = STEPS // PER_PAGE  # of each diff, so that a page of hostile texts is bounded as one
LAST_PAGE = 500
_TIME_LIMIT = 4000  # milliseconds

_OF = """
    (:publisher is null
    or (select publisher from articles where id = revisions.article) = :publisher)
"""
_EDITS = f"""
select substr(observed_at, 1, 10) as day, rank, observed_at as at, article, number, changes
from revisions where rank is not null and {_OF}
    and (:day is null or substr(observed_at, 1, 10) = :day) and iif(:kind is null,
    rank < {Change.SMALL.rank}, exists (select 1 from json_each(changes) where value = :kind))
"""  # noqa: S608 - ours
# Of the removals, only those that can be on the page: they are in their order in an index.
_REMOVALS = f"""
select substr(gone_at, 1, 10), {Change.GONE.rank}, gone_at, id, null, '["gone"]' from (
    select id, gone_at from articles
    where gone_at is not null and (:kind is null or :kind = 'gone')
        and (:publisher is null or publisher = :publisher)
        and (:day is null or substr(gone_at, 1, 10) = :day)
    order by gone_at desc, id limit :limit + :offset
)
"""  # noqa: S608 - ours
_LISTED = f"{_EDITS} union all {_REMOVALS} order by {{order}} limit :limit offset :offset"
_TELLING, _NEWEST = "day desc, rank, at desc, article", "day desc, at desc, article"
_SMALL = f"""
select substr(observed_at, 1, 10), count(*) from revisions
where rank = {Change.SMALL.rank} and substr(observed_at, 1, 10) in (select value
    from json_each(:days)) and {_OF} group by 1
"""  # noqa: S608 - ours
_PUBLISHERS = "select slug, name from publishers order by name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which changes are asked for: of a publisher (slug), of a day (UTC), of a kind; which page."""

    publisher: str | None = None
    day: str | None = None
    kind: Change | None = None
    page: int = 1

    @classmethod
    def read(cls, arguments: Any, page: int = 1) -> Self:
        """Read what an address asks for.

        Raises:
            ValueError: if the day or the kind of change is not valid.
        """
        day, kind = arguments.get("day"), arguments.get("kind")
        return cls(
            publisher=arguments.get("publisher") or None,
            day=date.fromisoformat(day).isoformat() if day else None,
            kind=Change(kind) if kind else None,
            page=page,
        )

    def query(self, **other: str | int | None) -> str:
        """Return the query, with its `?`, of an address that asks for the same or in part other."""
        said = {"publisher": self.publisher, "day": self.day, "kind": self.kind, **other}
        query = urlencode({name: value for name, value in said.items() if value})
        return f"?{query}" if query else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of one article: what it is, and its words; `diff` is None for a removal.

    `path` is that of the page that shows it.
    """

    article: Row
    at: str
    kinds: tuple[Change, ...]
    diff: Diff | None
    path: str

    @property
    def changed(self) -> list[Passage]:
        """The passages that changed."""
        return [each for each in (self.diff.passages if self.diff else ()) if each.changed]

    @property
    def telling(self) -> Passage | None:
        """The passage, besides the headline, that shows best what changed."""
        others = [each for each in self.changed if each.name not in {"title", "tags", "image_url"}]
        both = [each for each in others if each.before and each.after]
        if not others or self.kinds == (Change.HEADLINE,):
            return None
        return (others if self.kinds[0] is Change.REMOVED else both or others)[0]


def entries(
    db: sqlite3.Connection, asked: Asked, *, limit: int, newest: bool = False
) -> list[Entry]:
    """Return the changes asked for, by day and the most telling first, or `newest` first."""
    sql = _LISTED.format(order=_NEWEST if newest else _TELLING)
    offset = (asked.page - 1) * PER_PAGE
    own = {"publisher": asked.publisher, "day": asked.day, "kind": asked.kind}
    rows = select(db, sql, own | {"limit": limit, "offset": offset})
    return [entry for row in rows if (entry := _entry(db, row))]


def _entry(db: sqlite3.Connection, row: Row) -> Entry | None:
    article, number = row["article"], row["number"]
    numbers = (number - 1, number) if number else ()
    states = [found for each in numbers if (found := state(db, article, each))]
    about = heading(db, article)
    if about is None or len(states) < len(numbers):
        return None  # it went while we read
    path = "/".join(["/diff", *(str(each["name"]) for each in states)]) if states else ""
    return Entry(
        article=about,
        at=row["at"],
        kinds=tuple(map(Change, from_json(row["changes"]))),
        diff=compare(*map(reading, states), steps=LISTED_STEPS) if states else None,
        path=f"/article/{article}{path}",
    )


def changes_page(db: sqlite3.Connection, asked: Asked, *, newest: bool = False) -> Page | None:
    """Return what the page of changes shows; None if the publisher is unknown.

    `days` are (day, its entries on this page, how many small ones it has besides).
    """
    publishers = select(db, _PUBLISHERS)
    if asked.publisher and asked.publisher not in {row["slug"] for row in publishers}:
        return None
    with sqlite_timelimit(db, _TIME_LIMIT):
        found = entries(db, asked, limit=PER_PAGE + 1, newest=newest)
    days = [(day, list(each)) for day, each in groupby(found[:PER_PAGE], lambda each: each.at[:10])]
    own = {"days": json.dumps([day for day, _ in days]), "publisher": asked.publisher}
    small = {} if asked.kind else dict(db.execute(_SMALL, own).fetchall())
    return {
        "asked": asked,
        "entries": found[:PER_PAGE],
        "days": [(day, each, small.get(day, 0)) for day, each in days],
        "next": asked.page + 1 if len(found) > PER_PAGE and asked.page < LAST_PAGE else None,
        "publishers": publishers,
        "kinds": list(Change),
    }


def changes_json(page: Page) -> dict[str, Any]:
    """Return what the page of changes shows as JSON has it; `next` is the next page's query."""
    names = "id", "publisher", "publisher_name", "title"
    changes = [
        {name: entry.article[name] for name in names}
        | {"at": entry.at, "kinds": entry.kinds, "path": entry.path}
        | {"summary": entry.diff and asdict(entry.diff.summary)}
        | {"changed": [asdict(passage) for passage in entry.changed]}
        for entry in page["entries"]
    ]
    return {"changes": changes, "next": page["next"] and page["asked"].query(page=page["next"])}
