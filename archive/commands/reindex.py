"""`warraq reindex`: make the search index anew."""

from pathlib import Path

import click

from archive.clock import system
from archive.commands.options import archive_option
from archive.commands.progress import Progress
from archive.search.index import rebuild_index
from archive.upkeep.opening import existing


@click.command()
@archive_option
def reindex(archive: Path) -> None:
    """Make the search index anew from the articles.

    Needed only where `warraq verify` says so: after a damage of the disk, or after another program
    wrote into the index. Nothing but the index is touched. It takes the writing lock, and readers
    find what they found before until it is done.

    \b
    warraq reindex --archive ~/news
    """  # noqa: D301 - click wants the character
    with (
        existing(archive, command="reindex", now=system()) as db,
        Progress("articles") as progress,
    ):
        (number,) = db.execute("select count(*) from articles").fetchone()
        rebuild_index(db, lambda done: progress(done, number))
    click.echo(f"{archive}: {number:,} articles indexed.")
