"""`warraq merge`: another archive into this one."""

import asyncio
import time
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.commands.progress import Progress


@click.command()
@click.argument("other", type=click.Path(file_okay=False, path_type=Path))
@archive_option
@click.option(
    "--processes", type=click.IntRange(min=1), metavar="N", help="Use N cores; all by default."
)
def merge(other: Path, archive: Path, processes: int | None) -> None:
    """Bring another archive's WARC files and articles in.

    What both have comes once: a file is known by its first record, an article by its address.
    Where both looked at an article, its revisions are put in the order of time. The articles are
    read from the files that came in, by today's rules; publisher files that only the other archive
    has come along, and what it withholds stays withheld. The other archive is not touched, and may
    be one of backups, of a colleague, or of a machine that crawled other newspapers.

    A merge that was broken off goes on when it is asked for again; a second one adds nothing.

    \b
    warraq merge ~/laptop-archive
    warraq merge /mnt/backup/news --archive ~/news
    """  # noqa: D301 - click wants the character
    from crawler.merge import merge as join

    began = time.monotonic()
    shown: dict[str, Progress] = {}

    def tell(what: str, done: int, of: int) -> None:
        shown.setdefault(what, Progress(what))(done, of)

    merged = asyncio.run(join(archive, other, processes=processes, progress=tell))
    for where in merged.lost:
        click.echo(f"{where}: no record reads there; `warraq repair` says more")
    if merged.publishers:
        click.echo(f"Publisher files that came along: {', '.join(merged.publishers)}")
    click.echo(
        f"{merged.files:,} WARC files came in, {merged.known:,} were here;"
        f" {merged.articles:,} new articles, {merged.revisions:,} new revisions"
        f" in {time.monotonic() - began:.1f} s."
    )
