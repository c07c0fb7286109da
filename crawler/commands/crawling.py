"""From a command's options to a crawl, and from its summary to the terminal."""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from archive.clock import Clock
from archive.runs import Counts
from crawler import config
from crawler.crawl import Job, Summary, crawl
from crawler.publisher import Publisher


def job_of(
    archive: Path, publishers: Iterable[Publisher], *, command: str, log_level: str, now: Clock
) -> Job:
    """Return a job as the archive's warraq.toml wants it; the command replaces the rest."""
    settings = config.load(archive)
    return Job(
        root=archive,
        publishers=list(publishers),
        command=command,
        contact=settings.contact,
        proxy=settings.proxy,
        caps=settings.caps,
        log_level=log_level.upper(),
        clock=now,
    )


def carry_out(job: Job) -> Summary:
    """Do a job, with a live line while it runs; Ctrl-C ends it cleanly."""
    live = Live()
    try:
        return asyncio.run(crawl(job, progress=live))
    finally:
        live.end()


def tell(summary: Summary) -> None:
    """Print what a crawl did: the table, the kinds of problems, why some visits were not made."""
    click.echo(table(summary))
    if summary.problems:
        click.echo(f"\n{problems(summary)}")
    for note in summary.notes:
        click.echo(note)


_PLAIN_EVERY = 10.0
_COLUMNS = ("requests", "new", "changed", "unchanged", "problems")


class Live:
    """Shows progress: one line that changes on a terminal, a plain line now and then elsewhere."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._began = self._said = time.monotonic()

    def __call__(self, totals: Mapping[str, int]) -> None:
        now = time.monotonic()
        if not self._terminal and now - self._said < _PLAIN_EVERY:
            return
        self._said = now
        line = (
            f"{now - self._began:5.0f} s  {totals.get('requests', 0):>6} requests"
            f"  {totals.get('new', 0):>6} new  {totals.get('changed', 0):>4} changed"
            f"  {totals.get('problems', 0):>4} problems"
        )
        click.echo(f"\r{line}" if self._terminal else line, nl=not self._terminal, err=True)

    def end(self) -> None:
        """Leave the live line."""
        if self._terminal:
            click.echo("\r" + " " * 72 + "\r", nl=False, err=True)


def table(summary: Summary) -> str:
    """Return the summary as a table: one line per publisher, and their sum."""
    rows: list[tuple[str, ...]] = [("publisher", *_COLUMNS, "bytes", "seconds")]
    rows += [_row(slug, counts) for slug, counts in _merged(summary).items()]
    if len(rows) > 2:
        rows.append(_row("together", summary.counts, seconds=summary.seconds))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def problems(summary: Summary, *, most: int = 8) -> str:
    """Return the crawl's problems by publisher and kind, one line each with an example."""
    sums: dict[tuple[str, str], tuple[int, str]] = {}
    for publisher, kind, count, example in summary.problems:
        sums[publisher, kind] = (sums.get((publisher, kind), (0, ""))[0] + count, example)
    lines = [
        f"{publisher}: {count} x {kind}, e.g. {example}"
        for (publisher, kind), (count, example) in sums.items()
    ]
    return "\n".join([*lines[:most], *(["…"] if len(lines) > most else [])])


def size(number: int) -> str:
    """Return a number of bytes for a person: 834 B, 12.3 kB, 4.5 MB."""
    value = float(number)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def _merged(summary: Summary) -> dict[str, list[Counts]]:
    merged = defaultdict(list)
    for counts in summary.counts:
        merged[counts.publisher].append(counts)
    return dict(sorted(merged.items()))


def _row(name: str, counts: list[Counts], *, seconds: float | None = None) -> tuple[str, ...]:
    sums = (str(sum(getattr(one, column) for one in counts)) for column in _COLUMNS)
    spent = sum(one.seconds for one in counts) if seconds is None else seconds
    return (name, *sums, size(sum(one.bytes for one in counts)), f"{spent:.1f}")
