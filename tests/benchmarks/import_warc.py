"""How fast an import is, against its extraction workers alone, on the same pages in one run.

    python -m tests.benchmarks.import_warc [--articles 1000]

Articles of the fixture newspapers go into a WARC file, one gzip member per record. Then (a) worker
processes read these pages and nothing else is done; (b) the file is imported, each time into a new
archive; (c) a file of as many English pages of the same size is passed over by the cheap look. (a)
and (b) take turns; the ratio is that of their best. A busy machine blurs it, so the CPU time of the
importing process is told beside that of reading a page.
"""

import asyncio
import gzip
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from archive.models import Capture, Kind
from crawler.extract.page import extract
from crawler.import_warc.job import Job, SourceFile, count, run
from crawler.publisher import Owners, Publisher
from crawler.workers import Workers
from fixtures import Newsstand, serve
from tests.archive.warc.foreign_warcs import answer, record

_AHEAD = 16
_NOW = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page to be read: its address and its bytes."""

    url: str
    body: bytes


@click.command()
@click.option("--articles", default=1000, show_default=True)
@click.option("--rounds", default=2, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(articles: int, rounds: int, seed: int) -> None:
    """Read, import and pass over pages, and print the figures and their ratio."""
    with serve(Newsstand(articles=articles, seed=seed)) as newsstand:
        now = newsstand.now()
        truths = [one for paper in newsstand.papers.values() for one in paper.truths(now)]
        pages = [Page(url=truth.url, body=_get(truth.url)) for truth in truths]
    size = sum(len(page.body) for page in pages) / len(pages)
    click.echo(f"{len(pages)} pages, {size / 1000:.0f} kB on average")
    workers = Workers()
    try:
        with tempfile.TemporaryDirectory() as folder:
            _measure(pages, Path(folder), workers, rounds)
    finally:
        workers.close()


def _measure(pages: list[Page], folder: Path, workers: Workers, rounds: int) -> None:
    source = SourceFile(path=folder / "pages.warc.gz", name="pages.warc.gz")
    source.path.write_bytes(_packed(pages))
    asyncio.run(_read(pages[:100], workers))  # to start the processes
    alone, imported, spent = [], [], 0.0
    for number in range(rounds):
        alone.append(len(pages) / asyncio.run(_read(pages, workers)))
        job = Job(
            root=folder / f"archive-{number}",
            publishers={},
            languages=frozenset({"ar"}),
        )
        began = time.process_time()
        told = asyncio.run(run(job, source, workers))
        spent = time.process_time() - began
        imported.append(len(pages) / told.seconds)
        click.echo(
            f"(a) workers alone {alone[-1]:.0f} pages/s; (b) import {imported[-1]:.0f} pages/s,"
            f" {told.counts['new']} articles"
        )
    click.echo(f"(b) is {max(imported) / max(alone):.2f} of (a)")
    reading, own = _cpu(pages[:100]) * 1000, spent / len(pages) * 1000
    click.echo(
        f"CPU a page: {reading:.1f} ms to read it, {own:.1f} ms for all else;"
        f" by that (b) is {reading / (reading + own):.2f} of (a)"
    )
    english = [Page(url=page.url, body=_english(len(page.body))) for page in pages]
    source.path.write_bytes(_packed(english))
    told = count(job, source)
    passed = told.counts["in another language"]
    click.echo(f"(c) {passed} English pages passed over: {passed / told.seconds:.0f} pages/s")


async def _read(pages: list[Page], workers: Workers) -> float:
    """Return the seconds that the workers take for the pages, so many in hand as in an import."""
    owners, room, began = Owners([]), asyncio.Semaphore(_AHEAD), time.monotonic()

    async def one(page: Page, publisher: Publisher) -> None:
        async with room:
            await workers.extract(_capture(page), publisher)

    await asyncio.gather(*(one(page, owners.of(page.url)) for page in pages))
    return time.monotonic() - began


def _cpu(pages: list[Page]) -> float:
    """Return the seconds of CPU that reading a page takes, on average."""
    owners = Owners([])
    began = time.process_time()
    for page in pages:
        extract(_capture(page), owners.of(page.url))
    return (time.process_time() - began) / len(pages)


def _capture(page: Page) -> Capture:
    return Capture(
        url=page.url,
        publisher=None,
        kind=Kind.ARTICLE,
        fetched_at=_NOW,
        status=200,
        content_type="text/html; charset=utf-8",
        body=page.body,
    )


def _packed(pages: list[Page]) -> bytes:
    return b"".join(gzip.compress(record(answer(page.body), page.url)) for page in pages)


def _english(size: int) -> bytes:
    sentence = "<div class='a'><p>Sources said that people returned home on Sunday.</p></div>\n"
    return (sentence * (size // len(sentence) + 1)).encode()[:size]


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as answered:
        return bytes(answered.read())


if __name__ == "__main__":
    main()
