"""How an archive and its publishers fare: what falls out of its own habit, and why.

Read from the database and the folder alone, in bounded windows. `archive.maintenance.stats` counts
what there is; here it is judged.
"""

import json
import shutil
import sqlite3
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

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

_K = ProblemKind
_REPORTED = timedelta(hours=30)  # problems of listings that answer are reported daily
_SAME_POLL = timedelta(hours=6)  # entry points that were not asked since are former ones
_PAGES, _FEWEST_PAGES = 20, 5  # the latest pages, of which half tell what is wrong
_PACE = 28  # days by which the disk fills
_FULL_SOON, _LEAST_FREE = 14, 1 << 30  # days, bytes
_OLD = {"verify": 14 * DAY, "backup": 3 * DAY}  # where there was one before

# What is wrong with a newspaper, by the problems of its entry points and of its latest pages. The
# first that applies is its name: what stands in its place before what it does itself.
_CAUSES: dict[str, set[str]] = {
    "expired": {_K.PARKED, _K.HIJACKED},
    "moved": {_K.PUBLISHER_MOVED},
    "blocked": {_K.CHALLENGE, _K.CAPTCHA, _K.CONSENT, _K.LOGIN, _K.ROBOTS_DISALLOW,
                *map(_K.http, (401, 402, 403, 406, 429, 451))},
    "outage": {_K.OUTAGE, *map(_K.http, range(500, 600))},
    "unreachable": {_K.ROBOTS_UNREACHABLE, _K.HOST_PAUSED, _K.PROXY_FAILED, _K.TRUNCATED,
                    *(kind for kind in _K if kind.startswith("network-"))},
    "feed-moved": {_K.NOT_A_LISTING, _K.http(404), _K.http(410)},
    "redesigned": {_K.OF_NO_USE, _K.NO_TEXT, _K.NOT_AN_ARTICLE, _K.RULE_MISSED, _K.EXTRACT_ERROR,
                   _K.EXTRACT_TIMEOUT, _K.EXTRACT_CRASH},
}  # fmt: skip
_STANDING = (_K.PUBLISHER_MOVED, _K.OF_NO_USE)  # of listings that answer

_ENTRIES = """
select p.slug, p.name, p.timezone, v.url, v.state, v.failures, v.due_at, v.last_at
from publishers p join visits v
    on v.publisher = p.slug and v.kind != 'article' and v.found_in is null
where v.last_at is not null order by 1, 4
"""
_LATEST_PAGES = """
select url, iif(outcome in ('failed', 'other', 'refused'), coalesce(
    (select kind from problems where url = captures.url order by id desc limit 1),
    'http-' || status), null) fault
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
            and status in (200, 304) and outcome not in ('failed', 'other', 'refused')
        order by fetched_at desc limit 1
    ) success from json_each(:kinds)
)
"""
_PROBLEMS = """
select publisher, kind, count(*) from problems where at > ? and publisher is not null
group by 1, 2 order by 3 desc, 2
"""
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

    def said(self, what: Literal["reason", "remedy"], language: Literal[0, 1]) -> str:
        """Return one of its sentences in Arabic (0) or in English (1)."""
        return _sentences()[self.name][what][language].format(**self.facts)


def _flag(name: str, example: str | None = None, **facts: int | str) -> Flag:
    said = {what: each[1].format(**facts) for what, each in _sentences()[name].items()}
    return Flag(name=name, example=example, facts=facts, **said)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherStatus:
    """How a publisher fared in the last day, against its own habit.

    `success` is when it last answered well, within ten weeks; `new` counts new articles. `shares`
    are those of pages that read as articles (`read`), and of new articles with a date, byline,
    deck and image. `problems` counts kinds, `refused` those by which the site keeps programs out.
    """

    slug: str
    name: str
    timezone: str | None
    success: datetime | None
    next_visit: datetime | None
    new: Usual
    shares: Mapping[str, Share]
    problems: Mapping[str, int]
    refused: int
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
    bytes_per_day: int
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was last seen at an address: `fault` is what was wrong, None where nothing was."""

    url: str
    fault: str | None = None


@cache
def _sentences() -> dict[str, dict[str, tuple[str, str]]]:
    text = files(__package__).joinpath("flags.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))


def status(root: Path, *, now: datetime) -> Status:
    """Judge the archive in `root` and all that it follows.

    Raises:
        NewerArchive, NotAnArchive: if there is no archive that can be read.
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
    hours, entries = activity(db, now), defaultdict[str, list[Row]](list)
    for row in select(db, _ENTRIES):
        entries[row["slug"]].append(row)
    return tuple(
        _publisher(db, rows, hours.get(slug, Counter()), problems[slug], now)
        for slug, rows in entries.items()
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
    seen = db.execute(_LATEST_PAGES, (slug, iso(now - DAY), _PAGES))
    pages = [Sight(url=url, fault=fault) for url, fault in seen]
    was_asked = any(at > now - DAY for at in hours) or bool(problems)
    flags = _flags(_entries(db, rows, now), pages, new, by_field) if was_asked else ()
    return PublisherStatus(
        slug=slug,
        name=rows[0]["name"],
        timezone=rows[0]["timezone"],
        success=success and from_iso(success),
        next_visit=due_at and from_iso(due_at),
        new=new,
        shares=by_field,
        problems=problems,
        refused=sum(n for kind, n in problems.items() if kind in _CAUSES["blocked"]),
        flags=tuple(flags),
    )


def _entries(db: sqlite3.Connection, rows: Sequence[Row], now: datetime) -> list[Sight]:
    """Return what was last seen at a publisher's entry points; of failures, where two were."""
    seen, polled = [], from_iso(max(row["last_at"] for row in rows)) - _SAME_POLL
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
        seen.append(Sight(url=row["url"], fault=fault))
    return seen


def diagnose(entries: Sequence[Sight], pages: Sequence[Sight]) -> Flag | None:
    """Name what is wrong with a newspaper, by its entry points and its latest pages.

    One of `expired`, `moved`, `blocked`, `outage`, `unreachable`, `feed-moved`, `redesigned`: where
    an entry point says so, or half of the pages do. None where nothing does.
    """
    for name, kinds in _CAUSES.items():
        listings = [each for each in entries if each.fault in kinds]
        # Articles that are gone say nothing of the newspaper.
        bad = [each for each in pages if each.fault in kinds and name != "feed-moved"]
        is_most = len(pages) >= _FEWEST_PAGES and 2 * len(bad) >= len(pages)
        if seen := listings or (bad if is_most else []):
            ((kind, _),) = Counter(each.fault for each in seen).most_common(1)
            at = {"listings": len(listings), "of": len(entries), "of_pages": len(pages)}
            return _flag(name, seen[0].url, kind=str(kind), pages=len(bad), **at)
    return None


def _flags(
    entries: Sequence[Sight], pages: Sequence[Sight], new: Usual, by_field: Mapping[str, Share]
) -> Iterator[Flag]:
    """Yield what is wrong with a newspaper; where its site says it, silence says no more."""
    first = next((each.url for each in (*pages, *entries)), None)
    if named := diagnose(entries, pages):
        yield named
    elif new.unusual:
        listing, usual = entries[0].url if entries else first, round(new.usual)
        yield _flag("silent", listing, count=new.count, hours=new.hours, usual=usual)
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
    free, pace = shutil.disk_usage(root).free, _pace(sizes, size_of(root / NAME) or 0, now.date())
    state = ArchiveStatus(
        **last,
        next_visit=min((each.next_visit for each in publishers if each.next_visit), default=None),
        writer=writer,
        free_bytes=free,
        bytes_per_day=pace,
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


def _pace(sizes: Mapping[str, int], database: int, today: date) -> int:
    """Return how many bytes a day the archive grew by lately: its WARC files, by their days.

    The database grows as they do.
    """
    since, ours = f"{today - timedelta(days=_PACE):%Y%m%d}", [*map(Name.parse, sizes)]
    by_day = [(name.day, size) for name, size in zip(ours, sizes.values(), strict=True) if name]
    recent = [(day, size) for day, size in by_day if day > since]
    days = (today - date.fromisoformat(min(recent)[0])).days + 1 if recent else 1
    grown = sum(size for _, size in recent) / max(days, 1)
    return round(grown * (1 + database / max(sum(sizes.values()), 1)))


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
        if run and run.state in ("failed", "interrupted"):
            yield _flag(f"{name}-failed", at=f"{run.started_at:%Y-%m-%d %H:%M}Z")
        elif run and name in _OLD and run.started_at < now - _OLD[name]:
            yield _flag(f"{name}-old", days=(now - run.started_at).days)
