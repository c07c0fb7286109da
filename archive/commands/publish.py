"""`warraq publish`: a copy for readers elsewhere."""

from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.commands.progress import Progress


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@archive_option
def publish(folder: Path, archive: Path) -> None:
    """Write a copy into DIR, to be read on another machine.

    DIR gets archive.db, settings.json and metadata.json; `datasette DIR/` serves them, with plain
    Datasette or with this program's pages where it is installed, also from a read-only folder. The
    copy has no WAL, so nothing need be written beside it.

    Withheld articles are not in it, nor their revisions, addresses, captures, links, words in the
    index, authors and tags, nor free pages that held them; what a crawler remembers of hosts is not
    in it either. The WARC files stay here. A copy that is there already is replaced in one step,
    while it is being served, too. It takes no lock: a crawl may go on.

    \b
    warraq publish public/
    datasette public/
    """  # noqa: D301 - click wants the character
    from archive.maintenance.publish import publish as write

    with Progress("bytes of the database") as progress:
        made = write(archive, folder, progress=progress)
    click.echo(
        f"{folder}: {made.articles:,} articles, {made.bytes / 1e6:,.1f} MB;"
        f" {made.withheld} withheld and left out. Serve it: datasette {folder}/"
    )
