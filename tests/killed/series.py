"""A job killed again and again: after each kill the archive is repaired and looked at."""

import random
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.crawler.tables import derived_again, differences, follows
from tests.killed.jobs import Job
from tests.killed.striking import START_UP, Ended, Moment, has_ended, run
from tests.sound import Article, Sound, Unsound, acknowledged, sound, still_there, without_damage

_EARLY = 8  # every eighth process is killed at any moment from its start, the others at work
_MOST_RUNS = 6  # for each kill that is asked for
_ORDERS = 3  # of chance, in which the last archive is derived again

Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Report:
    """What a series did.

    `at_work` are the kills that hit a process which held the archive's lock, the others hit one
    that had just been started; `alone` are those of a process without its children, `torn` those
    after which the job itself went on from what was left. `complete` archives came out equal to one
    that nobody disturbed, after `runs` runs in all. `articles` and `records` were looked at after
    the kills.
    """

    job: str
    kills: int = 0
    at_work: int = 0
    alone: int = 0
    torn: int = 0
    runs: int = 0
    complete: int = 0
    articles: int = 0
    records: int = 0
    seconds: float = 0.0


class Series:
    """One job and its kills."""

    def __init__(self, job: Job, *, seed: int, say: Say) -> None:
        self._job = job
        self._say = say
        self._dice = random.Random(f"{seed}/{job.name}")
        self._report = Report(job=job.name)
        self._kept: Mapping[str, Article] = {}
        self._goal: Mapping[str, Article] = {}

    def run(self, kills: int) -> Report:
        """Kill that often while it works, then let the job come to its end.

        Raises:
            Unsound: if something acknowledged was lost or changed, an archive is damaged after its
                repair, a child outlives its parent, or what comes out is not as without a kill.
        """
        began = monotonic()
        self._measure()
        self._begin()
        while self._report.at_work < kills:
            self._one(kills)
        self._finish()
        self._report.seconds = monotonic() - began
        return self._report

    def _measure(self) -> None:
        """Let the job run once without a kill; keep how it grew and what came out."""
        self._undisturbed = self._job.begin()
        self._whole = self._run(self._undisturbed)
        self._succeeded(self._whole)
        self._compare(self._undisturbed)
        if self._job.rewrites:
            self._goal = acknowledged(self._undisturbed)
        grown = {name: self._whole.grown[name] for name in self._gauges()}
        told = ", ".join(f"{by:.3g} {name}" for name, by in grown.items())
        self._say(f"{self._job.name}: undisturbed {told}")

    def _begin(self) -> None:
        self._root = self._job.begin()
        self._kept = acknowledged(self._root)

    def _one(self, kills: int) -> None:
        """Start the job and kill it, or see it end before it could be."""
        report = self._report
        if report.runs > _MOST_RUNS * kills:
            raise Unsound(
                f"{self._job.name}: {report.runs} runs, only {report.at_work} killed at work"
            )
        moment, alone, torn = self._moment(), bool(report.kills % 2), bool(report.kills // 2 % 2)
        report.runs += 1
        ended = self._run(self._root, moment=moment, alone=alone)
        if not ended.killed:
            self._succeeded(ended)
            self._complete()
            self._begin()
            return
        report.kills += 1
        report.at_work += ended.at_work
        report.alone += alone
        report.torn += torn
        found = self._after_kill(torn=torn)
        if alone and not has_ended(ended.group):
            raise Unsound(f"{self._job.name}: a child outlived its killed parent")
        self._say(
            f"{self._job.name} {report.at_work}/{kills}: {'alone' if alone else 'group'} killed"
            f" at {moment}; {len(self._kept)} articles acknowledged; then"
            f" {found.articles} articles, {found.records} records sound"
        )
        if self._job.finishes and not torn:
            self._complete()
            self._begin()

    def _gauges(self) -> list[str]:
        """Return what grows while the job works."""
        return sorted(self._whole.grown)

    def _moment(self) -> Moment:
        if self._dice.randrange(_EARLY) == 0:
            return Moment(gauge=START_UP, amount=self._dice.uniform(0, self._whole.startup))
        gauge = self._dice.choice(self._gauges())
        most = self._whole.grown[gauge] * self._job.stride
        return Moment(gauge=gauge, amount=self._dice.uniform(0, most))

    def _after_kill(self, *, torn: bool) -> Sound:
        """Repair the archive, or a copy where the job is to go on from the torn one; look at it."""
        self._kept = still_there(self._kept, self._root, goal=self._goal)
        if self._job.torn_is_sound and self._kept:
            without_damage(self._root)
        repaired = self._root
        if torn:
            repaired = self._root.with_name("repaired")
            shutil.rmtree(repaired, ignore_errors=True)
            if self._root.exists():
                shutil.copytree(self._root, repaired)
        done = subprocess.run(self._job.repair(repaired), capture_output=True, check=False)
        if done.returncode:
            raise Unsound(f"{repaired}: the repair ended with {done.stderr.decode()}")
        now = still_there(self._kept, repaired, goal=self._goal)
        found = sound(repaired)
        self._report.articles += len(now)
        self._report.records += found.records
        return found

    def _finish(self) -> None:
        """Let the job run to its end, once more."""
        self._report.runs += 1
        self._succeeded(self._run(self._root))
        self._complete()
        if self._job.follows:
            self._derive()

    def _derive(self) -> None:
        """Derive the archive again in each way, and compare it table by table."""
        before, folder = follows(self._root), self._root.with_name("derived")
        seeds = [self._dice.randrange(1000) for _ in range(_ORDERS)]
        for way, root in derived_again(self._root, folder, seeds=seeds):
            after = follows(root)
            for table, rows in before.items():
                if unlike := differences(rows, after[table]):
                    raise Unsound(f"{root}: {way}, {table} is not as it was: {unlike}")
            self._say(f"{self._job.name}: {way}, all {len(before)} tables are as they were")
        shutil.rmtree(folder)

    def _complete(self) -> None:
        """Compare an archive that is complete with one that nobody disturbed."""
        self._kept = still_there(self._kept, self._root, goal=self._goal)
        self._compare(self._root)
        self._report.complete += 1

    def _compare(self, root: Path) -> None:
        sound(root)
        result, expected = self._job.result(root), self._job.expected(self._undisturbed)
        for table in expected:
            if result[table] != expected[table]:
                more = set(result[table]) - set(expected[table])
                less = set(expected[table]) - set(result[table])
                told = (
                    f"{len(more)} rows more, {len(less)} less: {sorted(more | less, key=str)[:2]}"
                )
                raise Unsound(f"{root}: {table} is not as without a kill: {told}")

    def _run(self, root: Path, *, moment: Moment | None = None, alone: bool = False) -> Ended:
        job = self._job
        self._log = root.with_name(f"{root.name}.log")
        command = job.command(root)
        return run(command, root, job.gauges(root), log=self._log, moment=moment, alone=alone)

    def _succeeded(self, ended: Ended) -> None:
        if ended.code:
            told = self._log.read_text("utf-8", "replace")[-2000:]
            raise Unsound(f"{self._job.name} ended with {ended.code}: {told}")
