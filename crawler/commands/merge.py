"""`warraq merge`: add another archive to this one."""

import asyncio
import time
from pathlib import Path

import click

from archive.commands.options import archive_option, counted
from archive.commands.progress import Progress


@click.command()
@click.argument("other", type=click.Path(file_okay=False, path_type=Path))
@archive_option
@click.option(
    "--processes", type=click.IntRange(min=1), metavar="N", help="Use N cores (default: all)."
)
def merge(other: Path, archive: Path, processes: int | None) -> None:
    """Add the archive in the folder OTHER to this one.

    What both have is kept once: a file is known by its first record, an article by its address.
    Where both visited an article, its revisions are in order of time. Articles are extracted from
    the added files with the current rules. Publisher files that only the other archive has are
    copied, and what it withholds stays withheld. The other archive is not changed: it may be a
    backup, a colleague's, or one of another machine.

    An interrupted merge resumes when it is run again; merging twice adds nothing.

    \b
    warraq merge ~/laptop-archive
    warraq merge /mnt/backup/news --archive ~/news
    """
    from crawler.merge import merge as join

    began = time.monotonic()
    shown: dict[str, Progress] = {}

    def tell(what: str, done: int, of: int) -> None:
        shown.setdefault(what, Progress(what))(done, of)

    merged = asyncio.run(join(archive, other, processes=processes, progress=tell))
    for where in merged.lost:
        click.echo(f"{where}: no readable record there; `warraq repair` says more")
    if merged.publishers:
        click.echo(f"Publisher files added: {', '.join(merged.publishers)}")
    click.echo(
        f"{counted(merged.files, 'WARC file')} added, {merged.known:,} already here;"
        f" {counted(merged.articles, 'new article')}, {counted(merged.revisions, 'new revision')}"
        f" in {time.monotonic() - began:.1f} s."
    )
