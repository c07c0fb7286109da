"""`warraq reindex`: rebuild the search index."""

from pathlib import Path

import click

from archive.clock import system
from archive.commands.options import ProgressLine, archive_option, counted
from archive.database import existing
from archive.search.index import rebuild_index


@click.command()
@archive_option
def reindex(archive: Path) -> None:
    """Rebuild the search index from the articles.

    Needed only where `warraq verify` says so: after disk damage, or after another program wrote to
    the index. Only the index is changed. Other commands that write have to wait; readers keep the
    old index until the new one is complete.

    \b
    warraq reindex --archive ~/news
    """
    with (
        existing(archive, command="reindex", now=system()) as db,
        ProgressLine() as progress,
    ):
        (number,) = db.execute("select count(*) from articles").fetchone()
        rebuild_index(db, lambda done: progress("articles", done, number))
    click.echo(f"{archive}: {counted(number, 'article')} indexed.")
