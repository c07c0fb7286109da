"""What `watch` costs in a day: 20 newspapers of 50 articles a day, in CPU seconds.

    python -m tests.benchmarks.idle
    python -m tests.benchmarks.idle --newspapers 5 --articles 20

When slices begin follows from simulated newspapers and the real policy; what a slice, a child and a
look of `watch` at the archive take is measured: on feeds that answer 304, from loopback. What pages
take is not in it.
"""

import argparse
import asyncio
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler import watch
from crawler.commands.options import chosen
from crawler.config import load
from crawler.watch import Agenda, Child
from tests.crawler import wire
from tests.simulation import BEGIN, learnt, live, paper

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_DAYS = 14
_SLICES = 10
_EARLY = 0.1  # of its interval, a listing comes along
_LOOKS = timedelta(seconds=watch.LOOK_SECONDS)


def slices(newspapers: int, articles: int) -> int:
    """Return how many slices there are in the last of some days."""
    day = BEGIN + timedelta(days=_DAYS - 1)
    moments = list[tuple[datetime, datetime]]()  # the first and the last moment of each poll
    for seed in range(newspapers):
        lived = live(paper(articles, days=_DAYS, seed=seed), learnt, days=_DAYS)
        for before, at in zip(lived.polls, lived.polls[1:], strict=False):
            if at >= day:
                moments.append((at - (at - before) * _EARLY, at))
        looks = (
            at + hours for at in lived.came for hours in (timedelta(hours=1), timedelta(hours=6))
        )
        moments += [(at, at + watch.LATEST) for at in looks if day <= at < lived.end]
    count, begun = 0, day
    for first, last in sorted(moments, key=lambda pair: pair[1]):
        if first > begun or not count:
            count, begun = count + 1, last
    return count


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


async def _measured(root: Path) -> tuple[float, float, float]:
    """Return CPU seconds of a child's start, of one slice more, and of a look at the archive."""
    words = [word for each in chosen(root, []) for word in (each.slug,)]
    spent = list[float]()
    for count in (1, 1 + _SLICES):
        child, before = Child(root, "ERROR"), _cpu(resource.RUSAGE_CHILDREN)
        for _ in range(count):
            if code := await child.crawl(words):
                raise SystemExit(f"a slice ended with {code}")
        await child.end()
        with suppress(ChildProcessError):  # of it, which are ours now that it has ended
            while os.waitpid(-1, 0):  # noqa: ASYNC222 - nothing else runs
                pass
        spent.append(_cpu(resource.RUSAGE_CHILDREN) - before)
    slice_ = (spent[1] - spent[0]) / _SLICES
    agenda = Agenda(root, chosen(root, []), load(root), since=BEGIN)
    began = time.process_time()
    for _ in range(_SLICES):
        now = datetime.now(UTC)
        agenda.begins_at(agenda.polls(now), now)
    return spent[0] - slice_, slice_, (time.process_time() - began) / _SLICES


def main() -> None:
    """Print the sum and its parts."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    parser = argparse.ArgumentParser(description="What `watch` costs in a day of 304s.")
    parser.add_argument("--newspapers", type=int, default=20)
    parser.add_argument("--articles", type=int, default=50)
    given = parser.parse_args()
    with ExitStack() as served:
        root = Path(served.enter_context(tempfile.TemporaryDirectory())) / "archive"
        for number in range(given.newspapers):
            site = served.enter_context(wire.serving())
            site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
            site.answers["/feed"] = _answer
            wire.publisher(root, f"p{number}", homepage=f"{site.url}/", feeds=[f"{site.url}/feed"])
        subprocess.run(
            [sys.executable, "-m", "crawler", "crawl", "--archive", root],
            check=True,
            capture_output=True,
        )
        start, each, look = asyncio.run(_measured(root))
    count, children = slices(given.newspapers, given.articles), 24
    looks = timedelta(days=1) / _LOOKS + count
    total = children * start + count * each + looks * look
    print(
        f"{count} slices of {each:.3f} CPU s, {children} children of {start:.2f},"
        f" {looks:.0f} looks of {look:.4f}: {total:.0f} CPU s a day"
    )


def _answer(asked: wire.Asked) -> wire.Script:
    if asked.header("If-None-Match"):
        return [wire.http(status="304 Not Modified")]
    return [wire.http(wire.feed(), 'ETag: "x"', media="text/xml")]


if __name__ == "__main__":
    main()
