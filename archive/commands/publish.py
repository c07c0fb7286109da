"""`warraq publish`: a copy for readers elsewhere."""

from pathlib import Path

import click

from archive.commands.options import archive_option, counted
from archive.commands.progress import Progress


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@archive_option
def publish(folder: Path, archive: Path) -> None:
    """Write a copy for readers on another machine into DIR.

    DIR gets archive.db, settings.json and metadata.json. `datasette DIR/` serves them, even from a
    read-only folder: with plain Datasette, or with Warraq's pages where Warraq is installed.

    Withheld articles are left out, with their revisions, addresses, captures, links, words in the
    index, authors, tags and the free pages that held them; so is what the crawler remembers of
    hosts. The WARC files are not copied. An existing copy is replaced in one step, even while it is
    served. It takes no lock: a crawl can run at the same time.

    \b
    warraq publish public/
    datasette public/
    """
    from archive.maintenance.publish import publish as write

    with Progress("bytes of the database") as progress:
        made = write(archive, folder, progress=progress)
    click.echo(
        f"{folder}: {counted(made.articles, 'article')}, {made.bytes / 1e6:,.1f} MB;"
        f" {made.withheld:,} withheld and left out. Serve it: datasette {folder}/"
    )
