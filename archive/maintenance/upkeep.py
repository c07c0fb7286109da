"""Nightly upkeep, in the idle time of an archive: what keeps it quick, checked and backed up.

Each step does its work in small pieces and holds the archive's lock for none of them longer than a
moment; it leaves off when it is asked to, and goes on from there. Its outcome is a run: `upkeep`
(the index is merged, the log written back), `verify N/10` (one of ten shares of the check), and
`backup`. What a check found, or why a backup failed, is a problem of its run, which has failed.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from archive.clock import Clock, from_iso, iso, system
from archive.database import existing, is_awaited, open_for_reading, waiting
from archive.errors import ArchiveError, ArchiveLocked
from archive.maintenance.backup import back_up
from archive.maintenance.verify import SHARES, verify_share
from archive.models import Problem
from archive.problems import ProblemKind
from archive.rows import update, upsert, value
from archive.search.index import merge_index
from archive.store import Store

PLACE = "urn:x-warraq:upkeep"  # of its problems
NIGHT = timedelta(hours=2)  # from then on by the machine's own clock
AGAIN = timedelta(hours=6)  # that a backup which failed waits
_PATIENCE = 400.0  # seconds for the lock: a slice of a crawl takes 300
_LOOK = 0.2
_MOST = 20  # cases of damage that are listed
_SETTING = "upkeep"  # where the check is; nothing is lost with it

_LAST = """
select started_at, state from runs where command = :name or command glob :name || ' [0-9]*'
order by id desc limit 1
"""
Stop = Callable[[], bool]
S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """The backup that is wanted: in the folder `to`, `every` so often, back to `keep` days."""

    to: Path
    every: timedelta = timedelta(days=1)
    keep: int = 14


def due(db: sqlite3.Connection, copies: Copies | None, *, now: datetime) -> list[str]:
    """Return the steps that are due: once a night, in an archive that is older than the night.

    A backup is due as often as it is wanted, and when the last one failed.
    """
    local = now.astimezone()
    night = local.replace(hour=0, minute=0, second=0, microsecond=0) + NIGHT
    night -= timedelta(days=1) if night > local else timedelta()
    began = value(db, "select started_at from runs order by id limit 1")
    if began is None or from_iso(began) > night:
        return []
    steps = [name for name in ("upkeep", "verify") if (_last(db, name)[0] or night) <= night]
    at, state = _last(db, "backup")
    if copies and (at is None or now >= at + (copies.every if state == "finished" else AGAIN)):
        steps.append("backup")
    return steps


def _last(db: sqlite3.Connection, name: str) -> tuple[datetime | None, str]:
    row = db.execute(_LAST, {"name": name}).fetchone()
    return (from_iso(row[0]), row[1]) if row else (None, "")


def keep_up(
    root: Path, *, copies: Copies | None = None, clock: Clock = system, stop: Stop = lambda: False
) -> Iterator[str]:
    """Do what is due, until `stop`; yield a line for each step that is complete.

    Raises:
        ArchiveError: if the archive cannot be read or written.
    """
    with closing(open_for_reading(root)) as db:
        steps = due(db, copies, now=clock())
    works = {"upkeep": _tidy, "verify": _verify, "backup": _back_up}
    for step in steps:
        with suppress(ArchiveLocked):  # its turn comes later
            if not stop():
                yield from works[step](root, copies, clock, stop)


def _tidy(root: Path, _copies: Copies | None, clock: Clock, stop: Stop) -> Iterator[str]:
    """Merge pieces of the search index, and empty the database's log."""
    began = clock()
    with existing(root, command="upkeep", now=began) as db:
        if not merge_index(db, lambda: stop() or is_awaited(root)):
            return
        db.execute("pragma wal_checkpoint(truncate)")  # as far as readers let it
    _record(root, "upkeep", began, clock, {})
    yield "the search index is merged, the database's log written back"


def _verify(root: Path, _copies: Copies | None, clock: Clock, stop: Stop) -> Iterator[str]:
    """Check tonight's share, from where it was left off."""
    with closing(open_for_reading(root)) as db:
        found = value(db, "select value from settings where name = ?", (_SETTING,))
    now = iso(clock())
    state: dict[str, Any] = {"share": 0, "after": "", "began": now, "damages": [], "number": 0}
    state |= json.loads(found or "{}")
    findings, after = verify_share(root, state["share"], after=state["after"], stop=stop)
    damages = [*state["damages"], *map(str, findings.damages)][:_MOST]
    number, share = state["number"] + len(findings.damages), state["share"] + 1
    if after is not None:
        state |= {"after": after, "damages": damages, "number": number}
        with _turn(root, lambda: existing(root, command="verify", now=clock())) as db:
            _save(db, state)
        return
    if number > len(damages):
        damages.append(f"{number - len(damages)} more cases of damage: `warraq verify` lists them")
    name, problems = f"verify {share}/{SHARES}", dict.fromkeys(damages, ProblemKind.ARCHIVE_DAMAGED)
    _record(root, name, from_iso(state["began"]), clock, problems, state={"share": share % SHARES})
    yield f"{name}: {number} cases of damage" if number else f"{name}: no damage"


def _back_up(root: Path, copies: Copies | None, clock: Clock, _stop: Stop) -> Iterator[str]:
    if copies is None:
        return
    began, problems = clock(), dict[str, ProblemKind]()
    try:
        made = back_up(root, copies.to, keep=copies.keep, clock=clock)
        for name in made.missing:
            problems[f"{name} is missing or has lost its end"] = ProblemKind.ARCHIVE_DAMAGED
    except ArchiveError as error:
        problems[str(error)] = ProblemKind.BACKUP_FAILED
    _record(root, "backup", began, clock, problems)
    yield f"backup into {copies.to}: {'; '.join(problems) or 'done'}"


class _Failed(Exception):  # noqa: N818
    """Lets a run end as one that failed."""


def _record(
    root: Path,
    command: str,
    began: datetime,
    clock: Clock,
    problems: Mapping[str, ProblemKind],
    *,
    state: dict[str, Any] | None = None,
) -> None:
    """Save what came of a step as a run that began then; one with problems has failed."""
    with suppress(_Failed), _turn(root, lambda: Store(root, command=command, clock=clock)) as store:
        update(store.db, "runs", {"started_at": iso(began)}, id=store.run)
        if state is not None:
            _save(store.db, state)
        for detail, kind in problems.items():
            problem = Problem(kind=kind, detail=detail, stage=command.split(maxsplit=1)[0])
            store.problem(problem, url=PLACE, publisher=None)
        if problems:
            raise _Failed


def _save(db: sqlite3.Connection, state: dict[str, Any]) -> None:
    upsert(db, "settings", {"name": _SETTING, "value": json.dumps(state)}, key="name")


@contextmanager
def _turn(root: Path, opened: Callable[[], AbstractContextManager[S]]) -> Iterator[S]:
    """Give what takes the archive's lock once it is free; a crawl hands it over."""
    ends_at = time.monotonic() + _PATIENCE
    with ExitStack() as turn:
        with waiting(root):
            while True:
                try:
                    session = turn.enter_context(opened())
                    break
                except ArchiveLocked:
                    if time.monotonic() >= ends_at:
                        raise
                time.sleep(_LOOK)
        yield session
