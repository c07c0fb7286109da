"""`warraq extract --again`: extract an archive's captures again with the current rules."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import click

from archive.clock import Clock
from archive.commands.options import counted
from archive.commands.progress import Progress
from archive.database import open_for_reading
from archive.publishers import is_known
from archive.urls import readable
from crawler.commands.options import folders
from crawler.differences import difference, of_text, word_counts
from crawler.publisher import find, load_all

_SHOWN = 20  # articles of which is printed what changes


def read_archive_again(
    archive: Path,
    slugs: tuple[str, ...],
    *,
    since: date | None,
    dry_run: bool,
    every: bool,
    wait: bool,
    clock: Clock,
) -> None:
    """Read articles again and print what changed, field by field, with counts.

    Of the first articles, or of `every` one. With `wait`, another command that writes is waited
    for.
    """
    from crawler.reextract import Job, reextract
    from crawler.turns import PATIENCE

    known = load_all(*folders(archive))
    for slug in slugs:
        if slug not in known and not _has_articles(archive, slug):
            find(slug, folders(archive))  # which says who there is
    job = Job(
        root=archive,
        publishers=known,
        slugs=slugs,
        since=since,
        dry_run=dry_run,
        patience=PATIENCE if wait else 0.0,
        clock=clock,
    )
    shown = _Shown(every=every)
    with Progress("articles") as progress:
        report = asyncio.run(reextract(job, show=shown, progress=progress))
    if shown.left:
        click.echo(f"… and {shown.left:,} more; --all prints every one")
    counts = report.counts
    would = "would change" if dry_run else "changed"
    click.echo(f"{counted(counts['read'], 'article')} read again, {counts['changed']:,} {would}.")
    for name, articles in report.fields.most_common():
        click.echo(f"{articles:>10,}  {name}")
    if counts["new"]:
        click.echo(f"{counts['new']:,} pages {'would become' if dry_run else 'became'} articles.")
    if counts["unreadable"]:
        click.echo(f"{counts['unreadable']:,} no longer read as articles, and are left unchanged.")
    if counts["damaged"]:
        click.echo(
            f"{counts['damaged']:,} have a capture that cannot be read, and are left unchanged;"
            " `warraq verify` names them."
        )
    if report.stopped:
        click.echo("Stopped; run the same command to start again.")


def _has_articles(archive: Path, slug: str) -> bool:
    with closing(open_for_reading(archive)) as db:
        return is_known(db, slug)


class _Shown:
    """Prints the first articles that differ, or all of them, a line for each field."""

    def __init__(self, *, every: bool) -> None:
        self._number = 0
        self._every = every

    @property
    def left(self) -> int:
        """How many were not printed."""
        return 0 if self._every else max(0, self._number - _SHOWN)

    def __call__(self, url: str, changes: Mapping[str, tuple[Any, Any]]) -> None:
        self._number += 1
        if self.left:
            return
        click.echo(readable(url))
        for name, (before, after) in changes.items():
            if name == "text" and before and after:
                click.echo(f"    text: {word_counts(before, after)}")
                click.echo(f"        {of_text(before, after)}")
            else:
                click.echo(f"    {name}: {difference(before, after)}")
