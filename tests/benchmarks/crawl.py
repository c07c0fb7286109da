"""How fast the whole road is, against plain Scrapy and the naive spider, in one run on one server.

    python -m tests.benchmarks.crawl [--articles 2000] [--large 20000]

Serves fixture newspapers from a process of its own and crawls the same articles three times:
(a) Scrapy downloads them and does nothing; (b) the naive spider: inline `trafilatura.extract` as
JSON with metadata, one sqlite-utils upsert each; (c) `warraq crawl`, with WARC, revisions and
search index. Every crawl is a fresh process, pages are rendered once before the first. With
--large, (c) also runs at that size, for the memory of the crawling process, and once more when
nothing is new. CPU milliseconds are those of the crawl's whole tree of processes, not of the
server; for (c) those of the parent, which fetches and writes, and of its workers apart.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from fixtures import Newsstand

PAPERS_PORT = 8891


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One crawl: what it fetched, wall and CPU seconds, peak memory of its main process in MB.

    `cpu` is that of all its processes, `parent` that of the first one.
    """

    name: str
    articles: int
    seconds: float
    cpu: float
    parent: float
    peak_mb: float


@click.command()
@click.option("--articles", default=2000, show_default=True)
@click.option("--large", default=0, help="A second size for (c): memory, and the idle crawl.")
@click.option("--only", default="abc", show_default=True, help="Which of a, b and c to run.")
@click.option("--seed", default=1, show_default=True)
def main(articles: int, large: int, only: str, seed: int) -> None:
    """Crawl fixture articles in three ways and print the figures and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with papers(articles, seed=seed) as addresses:
            listed = root / "addresses.txt"
            listed.write_text("\n".join(addresses), "utf-8")
            sizes = [len(_get(url)) for url in addresses]
            click.echo(f"{len(sizes)} pages, {sum(sizes) / len(sizes) / 1000:.0f} kB on average")
            commands = {
                "a": ("(a) Scrapy, download only", _plain("download", listed, root)),
                "b": ("(b) naive spider", _plain("naive", listed, root)),
                "c": ("(c) Warraq", warraq(root / "small", articles, seed)),
            }
            results = {key: _measure(*commands[key], root, articles=len(addresses)) for key in only}
        _ratios(results)
        if large:
            _large(root, large, seed, results.get("c"))


@contextlib.contextmanager
def papers(articles: int, *, seed: int) -> Iterator[list[str]]:
    """Serve the newspapers in a process of their own; yield the addresses of their articles."""
    command = [sys.executable, "-m", "fixtures", "--articles", str(articles)]
    server = subprocess.Popen(
        [*command, "--seed", str(seed), "--port", str(PAPERS_PORT), "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if server.stdout is None:
            raise RuntimeError("the newspapers have no output")
        server.stdout.readline()
        yield _addresses(articles, seed)
    finally:
        server.terminate()
        server.wait()


def _addresses(articles: int, seed: int) -> list[str]:
    newsstand = Newsstand(articles=articles, seed=seed)
    for number, paper in enumerate(newsstand.papers.values()):
        paper.base_url = f"http://127.0.0.1:{PAPERS_PORT + number}"
    now = newsstand.now()
    return [truth.url for paper in newsstand.papers.values() for truth in paper.truths(now)]


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return bytes(response.read())


def _plain(spider: str, listed: Path, root: Path) -> list[str]:
    out = root / f"{spider}.db"
    return [sys.executable, "-m", "tests.benchmarks.spiders", spider, str(listed), str(out)]


def warraq(archive: Path, articles: int, seed: int) -> list[str]:
    folder = archive / "publishers"
    folder.mkdir(parents=True)
    newsstand = Newsstand(articles=articles, seed=seed)
    for number, paper in enumerate(newsstand.papers.values()):
        paper.base_url = f"http://127.0.0.1:{PAPERS_PORT + number}"
        (folder / f"{paper.slug}.toml").write_text(paper.publisher_toml(), "utf-8")
    return [
        *(sys.executable, "-m", "crawler", "crawl", "--archive", str(archive)),
        *("--now", newsstand.now().isoformat()),
    ]


def _measure(name: str, command: list[str], root: Path, *, articles: int) -> Result:
    """Run a crawl to its end; return its times and the peak memory of its first process."""
    began = time.monotonic()
    with (root / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        parent, workers, peak = follow(process)
    seconds = time.monotonic() - began
    if process.returncode:
        raise click.ClickException((root / "output.txt").read_text("utf-8"))
    cpu = parent + workers
    result = Result(
        name=name, articles=articles, seconds=seconds, cpu=cpu, parent=parent, peak_mb=peak
    )
    each = 1000 / articles
    apart = f" (parent {parent * each:.1f}, workers {workers * each:.1f})" if workers else ""
    click.echo(
        f"{name:<28} {articles / seconds:7.1f} articles/s  {cpu * each:6.1f} CPU ms each{apart}"
        f"  {seconds:7.1f} s  peak {peak:5.0f} MB"
    )
    return result


def follow(process: "subprocess.Popen[bytes]") -> tuple[float, float, float]:
    """Wait for a process that leads a session; return its CPU seconds, those of all others in
    the session, and its peak memory in MB.

    The workers are nobody's waited-for children when the crawl ends, so getrusage misses them.
    """
    ticks: dict[str, int] = {}
    peak = 0
    while process.poll() is None:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
                if fields[3] == str(process.pid):
                    ticks[stat.parent.name] = int(fields[11]) + int(fields[12])
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text("ascii")
            peak = int(status.partition("VmHWM:")[2].split()[0]) if "VmHWM:" in status else peak
        time.sleep(0.1)
    second = os.sysconf("SC_CLK_TCK")
    parent = ticks.pop(str(process.pid), 0)
    return parent / second, sum(ticks.values()) / second, peak / 1000


def _ratios(results: dict[str, Result]) -> None:
    if {"b", "c"} <= results.keys():
        naive, ours = results["b"], results["c"]
        click.echo(f"(c) : (b)  {naive.seconds / ours.seconds:.2f} times the articles per second")
        click.echo(f"(c) : (b)  {ours.cpu / naive.cpu:.2f} times the CPU seconds per article")
    if {"a", "c"} <= results.keys():
        click.echo(f"(c) : (a)  {results['a'].seconds / results['c'].seconds:.2f} times as fast")


def _large(root: Path, articles: int, seed: int, small: Result | None) -> None:
    with papers(articles, seed=seed):
        command = warraq(root / "large", articles, seed)
        ours = _measure(f"(c) Warraq, {articles}", command, root, articles=articles)
        idle = _measure("(c) again, nothing new", command, root, articles=articles)
    if small:
        click.echo(f"memory: {ours.peak_mb - small.peak_mb:+.0f} MB from {small.articles} articles")
    runs = [sys.executable, "-m", "crawler", "runs", "--json", "--archive", str(root / "large")]
    last = json.loads(subprocess.run(runs, capture_output=True, check=True).stdout)[0]
    click.echo(f"nothing new: {last['requests']} requests, {idle.seconds:.1f} s")


if __name__ == "__main__":
    main()
