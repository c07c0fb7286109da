"""Eight readers load pages without pause while a crawl writes: no page fails, none waits for it.

    WARRAQ_READERS_SECONDS=120 pytest -m slow -s tests/broken/test_readers.py

prints how many pages were served, and how long the slowest took.
"""

import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from archive.database import open_for_reading
from fixtures.clock import START
from tests.broken import workshop as w

SECONDS = float(os.environ.get("WARRAQ_READERS_SECONDS", "10"))
READERS = 8
ENOUGH = 60  # articles
ARTICLES = max(300, round(SECONDS * 30))
PATIENCE = 60  # seconds for one page, on a machine that crawls and reads with two cores
PATHS = (
    "/",
    "/search?q=الحكومة",
    "/search?q=%22وزير الثقافة%22&sort=new",
    "/article/{article}",
    "/archive",
    "/archive/articles",
    "/archive/articles?_search=المدينة&_sort_desc=published_on",
    "/archive/articles?_facet=publisher&_facet=section",
    "/archive/articles/{article}",
    "/archive/captures?_sort_desc=id",
    "/archive/visits?state=due",
    "/archive/runs",
    "/archive.json?sql=select+count(*),sum(words)+from+articles",
)


@dataclass(slots=True)
class Reader:
    """One who reads: pages that came, by path, seconds of each, and what went wrong."""

    address: str
    root: Path
    seed: int
    pages: Counter[str] = field(default_factory=Counter)
    seconds: list[tuple[float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def read(self, end: threading.Event) -> None:
        rnd = random.Random(self.seed)
        with httpx.Client(base_url=self.address, timeout=PATIENCE) as client:
            while not end.is_set():
                self._load(client, rnd.choice(PATHS), rnd)

    def _load(self, client: httpx.Client, path: str, rnd: random.Random) -> None:
        began = time.monotonic()
        try:
            answer = client.get(path.format(article=self._any_article(rnd)))
        except httpx.HTTPError as error:
            self.failures.append(f"{path}: {error!r}")
            return
        self.seconds.append((time.monotonic() - began, path))
        self.pages[path] += 1
        if answer.status_code != 200 or "is locked" in answer.text:
            self.failures.append(f"{path}: {answer.status_code} {answer.text[:300]}")

    def _any_article(self, rnd: random.Random) -> int:
        with closing(open_for_reading(self.root)) as db:
            (number,) = db.execute("select count(*) from articles").fetchone()
            sql = "select id from articles limit 1 offset ?"
            return int(db.execute(sql, (rnd.randrange(number),)).fetchone()[0])


@contextmanager
def server(root: Path, errors: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "crawler", "serve", "--port", "0", "--archive", str(root)]
    with (
        errors.open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None, errors.read_text("utf-8")
        yield found.group()
        process.terminate()
        assert process.wait(20) == 0


@contextmanager
def newspapers(root: Path) -> Iterator[str]:
    """Serve newspapers from a process of their own; give the address of one."""
    command = [sys.executable, "-m", "fixtures", "--articles", str(ARTICLES), "--json"]
    command += ["--archive", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])
        process.terminate()


def crawl(root: Path, now: datetime, *more: str) -> None:
    command = [sys.executable, "-m", "crawler", "crawl", "--archive", str(root)]
    command += ["--now", now.isoformat(), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def crawl_until(end: float, root: Path, newspaper: str) -> int:
    """Crawl, and an hour later again, until time is up and much written; return how often."""
    times = 0
    while (left := end - time.monotonic()) > 1 or len(w.kept(root)[0]) <= ENOUGH:
        crawl(root, START + timedelta(hours=times), "--seconds", f"{max(left, SECONDS):.0f}")
        httpx.post(f"{newspaper}_clock?advance=3600").raise_for_status()
        times += 1
    return times


@pytest.mark.slow
def test_readers_get_every_page_while_a_crawl_writes(tmp_path, capsys):
    root = tmp_path / "archive"
    with newspapers(root) as newspaper:
        crawl(root, START, "--limit", "30")
        with server(root, tmp_path / "errors.txt") as address:
            readers = [Reader(address, root, seed) for seed in range(READERS)]
            over = threading.Event()
            threads = [threading.Thread(target=one.read, args=(over,)) for one in readers]
            for thread in threads:
                thread.start()
            try:
                times = crawl_until(time.monotonic() + SECONDS, root, newspaper)
            finally:
                over.set()
                for thread in threads:
                    thread.join()
    failures = [failure for one in readers for failure in one.failures]
    seconds = sorted(second for one in readers for second in one.seconds)
    articles = len(w.kept(root)[0])
    with capsys.disabled():
        print(
            f"\n{SECONDS:.0f} s, {READERS} readers: {len(seconds)} pages, {len(failures)} failures,"
            f" median {seconds[len(seconds) // 2][0] * 1000:.0f} ms, slowest {seconds[-1][0]:.1f} s"
            f" ({seconds[-1][1]}), a hundredth over {seconds[-len(seconds) // 100 - 1][0]:.1f} s;"
            f" {times} crawls, {articles} articles"
        )
    assert failures == []
    assert set().union(*(one.pages for one in readers)) == set(PATHS)
    assert articles > ENOUGH
    assert (tmp_path / "errors.txt").read_text("utf-8") == ""
    assert w.is_whole(root)
