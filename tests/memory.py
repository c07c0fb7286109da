"""Memory of `watch` and of its crawls over a simulated month of the fixture newspapers.

    python -m tests.memory                 30 days, two crawls a day: some minutes
    python -m tests.memory --days 7 --every 6

`watch` itself runs, in a process of its own, by a clock that jumps where it would wait; it looks
every ten minutes of that clock. Its crawls are real processes. A line a day: what `watch` holds,
the most that a crawl of the day held, and what is in the archive by then.
"""

import asyncio
import multiprocessing
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from statistics import mean
from typing import Any

import click

Hands = Synchronized  # of the clock, as seconds since 1970
_LOOK_SECONDS = 600.0
_MB = 1024.0  # ru_maxrss and /proc count in kB


def moment(hands: "Hands[float]") -> datetime:
    return datetime.fromtimestamp(hands.value, UTC)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--days", type=click.IntRange(2), default=30, show_default=True)
@click.option("--every", type=click.IntRange(1), default=12, show_default=True, help="Hours.")
@click.option("--articles", default=120, show_default=True, help="Of the newspapers at first.")
def main(days: int, every: int, articles: int) -> None:
    """Print what `watch` and its crawls hold, day by day; exit with 1 if either grows."""
    from fixtures import Newsstand, serve
    from fixtures.clock import START

    spawning = multiprocessing.get_context("spawn")
    hands = spawning.Value("d", START.timestamp())
    newsstand = Newsstand(articles=articles, clock=lambda: moment(hands))
    with tempfile.TemporaryDirectory() as folder, serve(newsstand):
        root = Path(folder) / "archive"
        newsstand.write_publishers(root)
        watching = spawning.Process(target=watch, args=(root, hands, days, every))
        watching.start()
        watching.join()
    raise SystemExit(watching.exitcode)


def watch(root: Path, hands: "Hands[float]", days: int, every: int) -> None:
    """Watch by that clock; print a line a day, and how the last week compares with the first."""
    from crawler import idle
    from crawler import watch as module
    from crawler.commands.options import chosen
    from crawler.config import Config

    vars(module).update(system=lambda: moment(hands), LOOK_SECONDS=_LOOK_SECONDS)

    class Simulated(module.Watch):
        peak, crawls = 0.0, 0

        async def _wait(self, seconds: float) -> None:
            hands.value += max(seconds, 1.0)

        async def _crawl(self, *_whom: Any) -> int:
            now = moment(hands).isoformat()
            peak, code = _crawl("crawl", "--now", now, "--archive", str(root))
            self.peak, self.crawls = max(self.peak, peak), self.crawls + 1
            return code

    async def nothing(_self: object) -> None:
        pass

    setattr(idle.Idle, "begin", nothing)  # noqa: B010 - it would go by the machine's clock
    # With a cap, what is due waits for the next crawl of the schedule.
    config = Config(every=timedelta(hours=every), per_run=1 << 40)
    watching = Simulated(root, chosen(root, []), config)
    rows = asyncio.run(_days(watching, root, hands, days))
    grown = [mean(row[-7:]) / mean(row[:7]) for row in zip(*rows, strict=True)]
    print(f"last week against the first: watch x {grown[0]:.2f}, crawls x {grown[1]:.2f}")
    raise SystemExit(int(max(grown) > 1.25))


async def _days(
    watching: Any, root: Path, hands: "Hands[float]", days: int
) -> list[tuple[float, float]]:
    rows, start = list[tuple[float, float]](), hands.value
    print("day  watch MB  crawl MB  crawls  articles  captures", flush=True)
    for day in range(1, days + 1):
        watching.peak, watching.crawls = 0.0, 0
        while hands.value < start + day * 86_400:
            await watching._next()
        rows.append((_resident(), watching.peak))
        with closing(sqlite3.connect(root / "archive.db")) as db:
            (articles,) = db.execute("select count(*) from articles").fetchone()
            (captures,) = db.execute("select count(*) from captures").fetchone()
        print(
            f"{day:3}  {rows[-1][0]:8.1f}  {rows[-1][1]:8.1f}  {watching.crawls:6}"
            f"  {articles:8,}  {captures:8,}",
            flush=True,
        )
    return rows


def _crawl(*words: str) -> tuple[float, int]:
    """Run a command of ours; return the most MB that it or a child of it held, and how it ended."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    command = [sys.executable, "-m", "crawler", *words]
    pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    return used.ru_maxrss / _MB, os.waitstatus_to_exitcode(status)


def _resident() -> float:
    """Return how many MB this process holds (Linux)."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / _MB


if __name__ == "__main__":
    main(prog_name="python -m tests.memory")
