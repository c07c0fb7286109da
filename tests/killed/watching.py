"""`warraq watch` and its crawls, killed with -9 again and again; it goes on by itself."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from archive.urls import identity_key
from fixtures import Clock, Newsstand, serve
from tests.killed.jobs import warraq
from tests.killed.series import Report
from tests.sound import Article, Unsound, acknowledged, sound, still_there, without_damage

JOB = "watch"
_WHOM = ("watch", "crawl", "both")
_STEP = 0.02
_PATIENCE = 60.0
_WORK = 3.0  # seconds of a crawl at work, in which it is killed


def run(folder: Path, *, kills: int, seed: int, say: Callable[[str], None]) -> Report:
    """Kill `watch`, its crawl or both at random moments of a crawl; then let it come to its end.

    Their newspapers' clock stands, so that no article may ever be other than it was.

    Raises:
        Unsound: if something acknowledged is lost, there twice or damaged, or if it does not go on.
    """
    began, report, dice = time.monotonic(), Report(job=JOB), random.Random(f"{seed}/{JOB}")
    newsstand = Newsstand(articles=max(60, 12 * kills), clock=Clock(ticking=False))
    root, kept = folder / JOB, dict[str, Article]()
    with serve(newsstand):
        newsstand.write_publishers(root)
        (root / "warraq.toml").write_text('every = "1s"\n', "utf-8")
        with _Watch(root) as watch:
            while report.kills < kills:
                whom = dice.choice([each for each in _WHOM if each != watch.died_alone])
                if not watch.kill(whom, after=dice.uniform(0, _WORK)):
                    continue
                report.kills += 1
                report.at_work += 1
                report.alone += whom != "both"
                kept = {**still_there(kept, root)}
                if kept:  # a first crawl may be killed while it makes the database
                    without_damage(root)
                say(f"{JOB} {report.kills}/{kills}: {whom} killed; {len(kept)} acknowledged")
            watch.at_work()  # by itself
            watch.end()
        # What was in hand at two deaths is put off; at the end all has to be there.
        subprocess.run(warraq("crawl", "--failed", archive=root), check=True, capture_output=True)
        _is_complete(root, newsstand, kept)
    found = sound(root)
    report.complete, report.articles, report.records = 1, found.articles, found.records
    report.seconds = time.monotonic() - began
    return report


def _is_complete(root: Path, newsstand: Newsstand, kept: dict[str, Article]) -> None:
    """Raise Unsound unless each article is there once, as it was first seen."""
    now = still_there(kept, root)
    published = {
        identity_key(truth.url)
        for paper in newsstand.papers.values()
        for truth in paper.truths(newsstand.now())
    }
    if {identity_key(url) for url in now} != published or len(now) != len(published):
        raise Unsound(f"{root}: {len(now)} articles, {len(published)} were published")
    if acknowledged(root) != now:
        raise Unsound(f"{root}: it changed while nobody wrote")


class _Watch:
    """The command, started again after each of its deaths."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._log = (root.parent / f"{root.name}.log").open("ab")
        self.died_alone = ""  # "crawl" if a crawl did the last time: a second one would rest

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._log.close()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            warraq("watch", "--log-file", f"{self._log.name}.jsonl", archive=self._root),
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True,
        )  # fmt: skip
        self._before = _holder(self._root)

    def at_work(self) -> int:
        """Return the process of a crawl that holds the archive's lock and has not been met yet."""
        ends_at = time.monotonic() + _PATIENCE
        while (pid := _holder(self._root)) in {0, self._before}:
            if time.monotonic() > ends_at or self._process.poll() is not None:
                raise Unsound(f"{self._root}: watch does not go on ({self._process.poll()})")
            time.sleep(_STEP)
        return pid

    def kill(self, whom: str, *, after: float) -> bool:
        """Kill so long after a crawl took the lock; return whether it was still at work then."""
        crawl = self.at_work()
        time.sleep(after)
        self._before = crawl
        if _holder(self._root) != crawl:
            return False
        if whom != "crawl":
            self._process.kill()
            self._process.wait()
        if whom != "watch":
            with suppress(ProcessLookupError):
                os.kill(crawl, signal.SIGKILL)
        self.died_alone = whom if whom == "crawl" else ""
        if whom != "crawl":
            self._start()
            self._before = crawl
        return True

    def end(self) -> None:
        """End it as a service manager does."""
        self._process.send_signal(signal.SIGTERM)
        if code := self._process.wait(_PATIENCE):
            raise Unsound(f"{self._root}: watch ended with {code}")


def _holder(root: Path) -> int:
    """Return which crawl holds the archive's lock, or held it when it was killed; 0 for none."""
    with suppress(OSError, ValueError):
        held = json.loads((root / "lock").read_text("utf-8"))
        return int(held["pid"]) if held["command"].startswith("crawl") else 0
    return 0
