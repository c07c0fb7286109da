"""How an archive and its publishers fare: what falls out of its own habit, and why.

Read from the database and the folder alone, in bounded windows. `archive.maintenance.stats` counts
what there is; here it is judged.
"""

import json
import re
import shutil
import sqlite3
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from archive import runs
from archive.clock import from_iso, iso
from archive.database import NAME, held_by, open_for_reading
from archive.habits import DAY, WEEK, Share, Usual, activity, novelty, shares, step
from archive.models import Kind, Run
from archive.problems import ProblemKind
from archive.rows import Row, select
from archive.search.index import index_is_current
from archive.session import WARC_FOLDER
from archive.warc.files import Name, size_of

# Problems of listings that answer are reported daily; those not asked since a poll are former ones.
_REPORTED, _SAME_POLL = timedelta(hours=30), timedelta(hours=6)
_PAGES, _FEWEST_PAGES = 20, 5  # the latest pages, of which half tell what is wrong
_PACE = timedelta(days=28)  # by which the disk fills
_FULL_SOON, _LEAST_FREE = 14, 1 << 30  # days, bytes
_OLD = {"verify": 14 * DAY, "backup": 3 * DAY}  # where there was one before
_STANDING = (ProblemKind.PUBLISHER_MOVED, ProblemKind.OF_NO_USE)  # of listings that answer

_ENTRIES = """
select p.slug, p.name, v.url, v.state, v.failures, v.due_at, v.last_at
from publishers p join visits v
    on v.publisher = p.slug and v.kind != 'article' and v.found_in is null
where v.last_at is not null order by 1, 3
"""
_LATEST_PAGES = """
select url, case when outcome = 'doubted' then 'layout-changed'
    when outcome in ('failed', 'other', 'refused') then coalesce(
        (select kind from problems where url = captures.url order by id desc limit 1),
        'http-' || status) end fault
from captures
where publisher = ? and kind = 'article' and fetched_at > ? and outcome is not null
order by fetched_at desc limit ?
"""
_TIMES = """
select min(due_at), max(success) from (
    select (
        select min(due_at) from visits
        where publisher = :publisher and kind = value and due_at is not null and past = 0
    ) due_at, (
        select fetched_at from captures
        where publisher = :publisher and kind = value and fetched_at > :since
            and status in (200, 304) and outcome not in ('failed', 'other', 'refused', 'doubted')
        order by fetched_at desc limit 1
    ) success from json_each(:kinds)
)
"""
_DAILY = "select url, kind from problems where publisher = ? and kind = 'layout-changed' and at > ?"
_PROBLEMS = """
select publisher, kind, count(*) from problems where at > ? and publisher is not null
group by 1, 2 order by 3 desc, 2
"""
Sight = tuple[str, str | None]  # an address, and the kind of problem that was last seen there
Sights = Sequence[Sight]
_KINDS = json.dumps([Kind.FEED, Kind.SITEMAP, Kind.SECTION, Kind.API, Kind.ARTICLE])


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something that is wrong: its `name`, why and what to do in a sentence each, an example.

    The `facts` are those of its sentences, for other languages.
    """

    name: str
    reason: str
    remedy: str
    example: str | None
    facts: Mapping[str, int | str]

    def said(self, what: str, language: int) -> str:
        """Return its `reason` or `remedy` in Arabic (0) or in English (1)."""
        return str(_known()[self.name][what][language]).format(**self.facts)


def _flag(name: str, example: str | None = None, **facts: int | str) -> Flag:
    reason, remedy = (_known()[name][what][1].format(**facts) for what in ("reason", "remedy"))
    return Flag(name=name, reason=reason, remedy=remedy, example=example, facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherStatus:
    """How a publisher fared in the last day, against its own habit.

    `success` is when it last answered well, within ten weeks; `new` counts new articles. `shares`
    are those of pages that read as articles (`read`), and of new articles with a date, byline,
    deck and image. `problems` counts the day's problems by kind.
    """

    slug: str
    name: str
    success: datetime | None
    next_visit: datetime | None
    new: Usual
    shares: Mapping[str, Share]
    problems: Mapping[str, int]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveStatus:
    """How the archive itself fares: its last runs, its lock, its disk and its files.

    `writer` is who writes now, in a sentence. `full_in` are the days until the disk is full at the
    pace of the last weeks, `lost` names WARC files that are missing or shorter than acknowledged.
    """

    crawl: Run | None
    verify: Run | None
    backup: Run | None
    next_visit: datetime | None
    writer: str | None
    free_bytes: int
    full_in: int | None
    index_current: bool
    warc_files: int
    lost: tuple[str, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How an archive (None where that was not asked) and its newspapers fare, at a moment."""

    at: datetime
    archive: ArchiveStatus | None
    publishers: tuple[PublisherStatus, ...]

    @property
    def flags(self) -> list[tuple[str | None, Flag]]:
        """All that is wrong: each flag with its publisher (its slug), None for the archive."""
        own = [(None, flag) for flag in (self.archive.flags if self.archive else ())]
        return [*own, *((each.slug, flag) for each in self.publishers for flag in each.flags)]


@cache
def _known() -> dict[str, Any]:
    """Return by the name of each flag its sentences, and which problems of a site it names."""
    return tomllib.loads(files(__package__).joinpath("flags.toml").read_text(encoding="utf-8"))


def status(root: Path, *, now: datetime) -> Status:
    """Judge the archive in `root` and all that it follows.

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
    """
    with closing(open_for_reading(root)) as db:
        return read(db, root, now=now)


def read(db: sqlite3.Connection, root: Path | None, *, now: datetime) -> Status:
    """Judge an archive by its open database and its folder; without that, its newspapers alone."""
    publishers = publisher_states(db, now=now)
    own = archive_state(db, root, publishers, now=now) if root else None
    return Status(at=now, archive=own, publishers=publishers)


def publisher_states(db: sqlite3.Connection, *, now: datetime) -> tuple[PublisherStatus, ...]:
    """Judge each publisher whose listings were ever asked for."""
    problems: dict[str, dict[str, int]] = defaultdict(dict)
    for slug, kind, count in db.execute(_PROBLEMS, (iso(now - DAY),)):
        problems[slug][kind] = count
    hours, listings = activity(db, now), groupby(select(db, _ENTRIES), key=itemgetter("slug"))
    return tuple(
        _publisher(db, [*rows], hours.get(slug, Counter()), problems[slug], now)
        for slug, rows in listings
    )


def _publisher(
    db: sqlite3.Connection,
    rows: Sequence[Row],
    hours: Mapping[datetime, int],
    problems: Mapping[str, int],
    now: datetime,
) -> PublisherStatus:
    slug = rows[0]["slug"]
    new = novelty(hours, now)
    by_field = shares(db, slug, apart=step(min(hours, default=now), now), now=now)
    bounds = {"publisher": slug, "kinds": _KINDS, "since": iso(now - 10 * WEEK)}
    due_at, success = db.execute(_TIMES, bounds).fetchone()
    pages = db.execute(_LATEST_PAGES, (slug, iso(now - DAY), _PAGES)).fetchall()
    daily = db.execute(_DAILY, (slug, iso(now - _REPORTED))).fetchall()
    was_asked = any(at > now - DAY for at in hours) or bool(problems)
    named = diagnose([*_entries(db, rows, now)], pages, daily)
    first = pages[0][0] if pages else rows[0]["url"]
    flags = _flags(named, first, new, by_field) if was_asked else ()
    return PublisherStatus(
        slug=slug,
        name=rows[0]["name"],
        success=success and from_iso(success),
        next_visit=due_at and from_iso(due_at),
        new=new,
        shares=by_field,
        problems=problems,
        flags=tuple(flags),
    )


def _entries(db: sqlite3.Connection, rows: Sequence[Row], now: datetime) -> Iterator[Sight]:
    """Yield what was last seen at a publisher's entry points; of failures, where two were."""
    polled = from_iso(max(row["last_at"] for row in rows)) - _SAME_POLL
    newest = "select kind, at from problems where url = ? order by id desc limit 10"
    for row in rows:
        if row["due_at"] is None and from_iso(row["last_at"]) < polled:
            continue
        known = db.execute(newest, (row["url"],)).fetchall()
        lately = {kind for kind, at in known if at > iso(now - _REPORTED)}
        fault = next((kind for kind in _STANDING if kind in lately), None)
        if row["state"] != "done":
            is_lasting = row["state"] != "failed" or row["failures"] > 1
            fault = known[0][0] if known and is_lasting else None
        yield row["url"], fault


def diagnose(entries: Sights, pages: Sights, daily: Sights = ()) -> Flag | None:
    """Name what is wrong with a newspaper, by its entry points and its latest pages.

    One of `expired`, `moved`, `blocked`, `outage`, `unreachable`, `feed-moved`, `redesigned`: where
    an entry point says so, half of the pages do, or a problem that the crawl reports `daily` of the
    whole newspaper. None where nothing does.
    """
    for name, known in _known().items():
        is_named = re.compile("|".join(known.get("kinds", ["-"]))).fullmatch
        listings, bad, whole = (
            [each for each in seen if is_named(each[1] or "")] for seen in (entries, pages, daily)
        )
        is_most = len(pages) >= _FEWEST_PAGES and 2 * len(bad) >= len(pages)
        # Articles that are gone say nothing of their newspaper.
        bad = bad if is_most and name != "feed-moved" else []
        if seen := listings or bad or whole:
            ((kind, _),) = Counter(str(fault) for _, fault in seen).most_common(1)
            at = {"listings": len(listings), "of": len(entries), "of_pages": len(pages)}
            return _flag(name, seen[0][0], kind=kind, pages=len(bad), **at)
    return None


def _flags(
    named: Flag | None, first: str, new: Usual, by_field: Mapping[str, Share]
) -> Iterator[Flag]:
    """Yield what is wrong with a newspaper; where its site says it, silence says no more."""
    if named:
        yield named
    elif new.unusual:
        yield _flag("silent", first, count=new.count, hours=new.hours, usual=round(new.usual))
    for field, share in by_field.items():
        if share.unusual and not (named and field == "read"):
            lately, before = round(100 * (share.lately or 0)), round(100 * (share.before or 0))
            yield _flag(f"no-{field}", first, lately=lately, before=before)


def archive_state(
    db: sqlite3.Connection, root: Path, publishers: Sequence[PublisherStatus], *, now: datetime
) -> ArchiveStatus:
    """Judge the archive itself, by its runs, its files and its disk."""
    writer = held_by(root)
    last = {each: _last(db, each, writer) for each in ("crawl", "verify", "backup")}
    lengths = dict(db.execute("select name, bytes from warc_files").fetchall())
    sizes = {name: size_of(root / WARC_FOLDER / name) or 0 for name in lengths}
    free, pace = shutil.disk_usage(root).free, _pace(sizes, size_of(root / NAME) or 0, now)
    state = ArchiveStatus(
        **last,
        next_visit=min((each.next_visit for each in publishers if each.next_visit), default=None),
        writer=writer,
        free_bytes=free,
        full_in=free // pace if pace else None,
        index_current=index_is_current(db),
        warc_files=len(lengths),
        lost=tuple(sorted(name for name, length in lengths.items() if sizes[name] < length)),
        flags=(),
    )
    return replace(state, flags=tuple(_of_the_archive(state, now)))


def _last(db: sqlite3.Connection, command: str, writer: str | None) -> Run | None:
    """Return the latest run of a command; one that goes on though nobody writes was killed."""
    run = runs.latest(db, command)
    is_dead = run and run.state == "running" and writer is None
    return replace(run, state="interrupted") if run and is_dead else run


def _pace(sizes: Mapping[str, int], database: int, now: datetime) -> int:
    """Return how many bytes a day the archive grew by lately: its WARC files, by their days.

    The database grows as they do.
    """
    since, ours = f"{now - _PACE:%Y%m%d}", {name: Name.parse(name) for name in sizes}
    recent = {name: each.day for name, each in ours.items() if each and each.day > since}
    days = len({*recent.values()})  # on others nothing was crawled
    grown = sum(sizes[name] for name in recent) / (days or 1)
    return round(grown * (1 + database / (sum(sizes.values()) or 1)))


def _of_the_archive(state: ArchiveStatus, now: datetime) -> Iterator[Flag]:
    soon = state.full_in is not None and state.full_in < _FULL_SOON
    if soon or state.free_bytes < _LEAST_FREE:
        free = f"{state.free_bytes / 1e9:,.1f}"
        yield _flag("disk", free=free, days=state.full_in or 0)
    if state.lost:
        yield _flag("warc", n=len(state.lost), file=state.lost[0])
    if not state.index_current:
        yield _flag("index")
    crawl, due_at = state.crawl, state.next_visit
    is_late = due_at is not None and due_at < now - DAY and state.writer is None
    if crawl and is_late and crawl.started_at < now - DAY:
        yield _flag("idle", days=(now - crawl.started_at).days)
    for name, run in (("crawl", crawl), ("verify", state.verify), ("backup", state.backup)):
        if run and (run.state in ("failed", "interrupted") or (name in _OLD and run.problems)):
            yield _flag(f"{name}-failed", at=f"{run.started_at:%Y-%m-%d %H:%M}Z")
        elif run and name in _OLD and run.started_at < now - _OLD[name]:
            yield _flag(f"{name}-old", days=(now - run.started_at).days)
