"""Eight readers load pages without pause while a crawl writes: no page fails, none waits for it.

    WARRAQ_READERS_SECONDS=120 pytest -m slow -s tests/broken/test_readers.py

prints how many pages were served, and how long the slowest took.
"""

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
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from archive.database import open_for_reading
from fixtures import Newsstand, serve
from tests.broken import workshop as w

SECONDS = float(os.environ.get("WARRAQ_READERS_SECONDS", "20"))
READERS = 8
ARTICLES = max(300, round(SECONDS * 30))
PATIENCE = 20  # seconds for one page, on a machine that crawls and reads with two cores
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
    seconds: list[float] = field(default_factory=list)
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
        self.seconds.append(time.monotonic() - began)
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


def crawl_until(end: float, newsstand: Newsstand, root: Path) -> int:
    """Crawl, and an hour later again, until the time is up; return how often."""
    sound = w.Sound(root=root, newsstand=newsstand)
    times = 0
    while (left := end - time.monotonic()) > 1:
        now = newsstand.now().isoformat()
        done = sound.crawl(root, "--now", now, "--seconds", f"{left:.0f}", seconds=left + 60)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        newsstand.advance(timedelta(hours=1))
        times += 1
    return times


@pytest.mark.slow
def test_readers_get_every_page_while_a_crawl_writes(tmp_path, capsys):
    newsstand, root = Newsstand(articles=ARTICLES), tmp_path / "archive"
    with serve(newsstand):
        newsstand.write_publishers(root)
        first = w.Sound(root=root, newsstand=newsstand)
        done = first.crawl(root, "--limit", "30", "--now", newsstand.now().isoformat())
        assert done.returncode == 0, done.stderr
        with server(root, tmp_path / "errors.txt") as address:
            readers = [Reader(address, root, seed) for seed in range(READERS)]
            over = threading.Event()
            threads = [threading.Thread(target=one.read, args=(over,)) for one in readers]
            for thread in threads:
                thread.start()
            try:
                times = crawl_until(time.monotonic() + SECONDS, newsstand, root)
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
            f" median {seconds[len(seconds) // 2] * 1000:.0f} ms, slowest {seconds[-1]:.2f} s;"
            f" {times} crawls, {articles} articles"
        )
    assert failures == []
    assert set().union(*(one.pages for one in readers)) == set(PATHS)
    assert articles > 60, "the crawl was not busy"
    assert (tmp_path / "errors.txt").read_text("utf-8") == ""
    assert w.is_whole(root)
