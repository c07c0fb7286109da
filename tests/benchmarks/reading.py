"""How fast the pages of a large archive are, alone and while others write and ask without end.

    python -m tests.benchmarks.reading [--articles 200000] [--load 60] [--only PAGE …]

Serves an archive of tests.benchmarks.rows with `warraq serve`, and prints for each page the CPU
milliseconds that the server needs for one request (all of its threads), and the milliseconds until
the first byte, median and 95th percentile; `versions` (`/-/versions.json`, which asks no archive)
says how quick the machine is in this run. With --load SECONDS the same again, in a copy, for eight
clients that ask for a page a second while a writer adds twenty articles a second and four strangers
ask endless SQL.
"""

import http.client
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import click

from archive.database import open_for_reading, open_for_writing
from archive.search import count
from tests.benchmarks import rows
from tests.serving import started

_CLIENTS, _STRANGERS = 8, 4
_ENDLESS = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"
_BY_DAY = "select published_on, count(*) from articles group by 1 order by 1 desc"
_EDITED = "select id from articles where revision_count > 1 order by id limit 1"
_STORY = "select story from articles where story is not null limit 1"
_FACETS = "_facet=publisher&_facet=section&_facet=kind"


def pages(root: Path) -> dict[str, str]:
    """Return the address of each page that is measured, by its name."""
    with closing(open_for_reading(root)) as db:
        ((edited,), (story,)) = (db.execute(sql).fetchone() for sql in (_EDITED, _STORY))
        half = db.execute("select count(*) from articles").fetchone()[0] / 2
        words = rows._frequent()[:60:3]
        common = quote(min(words, key=lambda word: abs(count(db, word) - half)))
    one, three = quote(rows._frequent()[150]), quote("مؤتمر اللاجئين السوريين")
    return {
        "versions": "-/versions.json",
        "home": "",
        "changes": "changes",
        "search, one word": f"search?q={one}",
        "search, in half": f"search?q={common}",
        "search, three words": f"search?q={three}",
        "search, publisher": f"search?q={common}+publisher:nahar",
        "article": f"article/{edited}",
        "diff": f"article/{edited}/diff/1/2",
        "story": f"story/{story}",
        "home of a publisher": "?publisher=ufuq",
        "publisher": "publisher/ufuq",
        "status": "status",
        "trends": f"trends?q={common}",
        "database": "archive",
        "table": "archive/articles",
        "table with facets": f"archive/articles?{_FACETS}",
        "table, searched, facets": f"archive/articles?_search={common}&{_FACETS}",
        "captures": "archive/captures",
        "SQL by day": f"archive?sql={quote(_BY_DAY)}",
    }


class Client:
    """Asks one server for pages, over one connection that stays open."""

    def __init__(self, address: str):
        self._at = urlsplit(address).netloc
        self._connection = http.client.HTTPConnection(self._at, timeout=120)

    def first_byte(self, path: str) -> tuple[int, float]:
        """Return the status of a page and the milliseconds until its first byte."""
        began = time.perf_counter()
        self._connection.request("GET", f"/{path}")
        answer = self._connection.getresponse()
        answer.read(1)
        took = (time.perf_counter() - began) * 1000
        answer.read()
        if answer.status == 302:
            return self.first_byte(answer.headers["Location"].removeprefix("/"))
        return answer.status, took


def cpu(process: int) -> float:
    """Return the milliseconds that all threads of a process have had a processor."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e6


def alone(address: str, process: int, asked: dict[str, str], requests: int) -> None:
    """Print what each page takes when nobody else asks for anything."""
    client = Client(address)
    for name, path in asked.items():
        spent, times = [], []
        for _ in range(requests + 1):
            before = cpu(process)
            status, took = client.first_byte(path)
            spent.append(cpu(process) - before)
            times.append(took)
            if status != 200:
                break
        first = "" if status == 200 else f"   status {status}"
        click.echo(
            f"{name:<26}{statistics.median(spent[1:] or spent):8.1f} {_spread(times)}{first}"
        )


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    worst = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
    return f"{statistics.median(ordered):10.0f} {worst:9.0f}"


def loaded(address: str, asked: dict[str, str], seconds: float) -> None:
    """Print what each page takes while strangers ask endless SQL and a crawl writes."""
    times, refused = defaultdict[str, list[float]](list), defaultdict[str, list[int]](list)
    end = time.monotonic() + seconds

    def read(number: int) -> None:
        client, chance = Client(address), random.Random(number)
        while time.monotonic() < end:
            name = chance.choice(list(asked))
            began = time.monotonic()
            status, took = client.first_byte(asked[name])
            if status < 400:
                times[name].append(took)
            else:
                refused[name].append(status)
            time.sleep(max(0, 1 - (time.monotonic() - began)))

    def strange() -> None:
        client = Client(address)
        while time.monotonic() < end:
            client.first_byte(f"archive?sql={quote(_ENDLESS)}")
            time.sleep(0.05)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(_CLIENTS)]
    threads += [threading.Thread(target=strange) for _ in range(_STRANGERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in asked:
        if times[name]:
            note = f"   refused: {refused[name]}" if refused[name] else ""
            click.echo(f"{name:<26}{len(times[name]):8} {_spread(times[name])}{note}")
        elif refused[name]:
            click.echo(f"{name:<26} refused: {refused[name]}")
    healthy = [took for name in asked if not name.startswith("SQL") for took in times[name]]
    click.echo(f"{'all but SQL':<26}{len(healthy):8} {_spread(healthy)}")


@contextmanager
def writing(root: Path, articles: int) -> Iterator[None]:
    """Let a process of its own add articles to an archive, twenty a second, as a crawl does."""
    code = f"from tests.benchmarks.reading import write; write({str(root)!r}, {articles})"
    with subprocess.Popen([sys.executable, "-c", code]) as writer:
        try:
            yield
        finally:
            writer.terminate()


def write(root: str, first: int) -> None:
    """Add twenty articles a second, for ever."""
    with closing(open_for_writing(Path(root))) as db:
        db.execute("pragma foreign_keys = off")
        while True:
            db.execute("begin immediate")
            rows.insert(db, range(first, first + 20))
            db.execute("commit")
            first += 20
            time.sleep(1)


@click.command()
@click.option("--articles", default=200_000, show_default=True)
@click.option("--requests", default=20, show_default=True, help="Of each page, alone.")
@click.option("--load", default=0, help="Seconds under load.")
@click.option("--only", multiple=True, help="Pages whose names begin so.")
@click.option("--archive", type=click.Path(path_type=Path), help="Another archive.")
def main(
    articles: int, requests: int, load: int, only: tuple[str, ...], archive: Path | None
) -> None:
    """Print what the pages of an archive take."""
    root = archive or rows.archive_of(articles)
    asked = {
        name: path
        for name, path in pages(root).items()
        if not only or name.startswith(("versions", *only))
    }
    with started(root) as (address, server):
        click.echo(f"{'alone':<26}{'CPU ms':>8} {'p50 ms':>10} {'p95 ms':>9}")
        alone(address, server.pid, asked, requests)
    if load:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(root / "archive.db", folder)
            with started(Path(folder)) as (address, _), writing(Path(folder), articles):
                click.echo(f"{'under load':<26}{'pages':>8} {'p50 ms':>10} {'p95 ms':>9}")
                loaded(address, asked, load)


if __name__ == "__main__":
    main()
