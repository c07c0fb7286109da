"""From a command's options to a crawl, and from its summary to the terminal."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import click

from archive.clock import Clock
from crawler import config
from crawler.commands.summary import Live, problems, table
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
