"""`warraq rebuild`: a new database from the WARC files."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.commands.options import archive_option
from archive.commands.progress import Progress

if TYPE_CHECKING:
    from crawler.rebuild import Rebuilt


@click.command()
@archive_option
@click.option("--from-warc", is_flag=True, help="From the WARC files: the only way there is.")
@click.option(
    "--processes", type=click.IntRange(min=1), metavar="N", help="Use N cores; all by default."
)
def rebuild(archive: Path, from_warc: bool, processes: int | None) -> None:
    """Make the database anew, from the WARC files.

    For a database that is damaged, lost, or was made by rules that are better now: everything that
    the WARC files tell happens again, in its order, without the network. Articles, revisions,
    captures, links, authors, tags, gone marks and what is withheld come out as they were, as far
    as today's rules read the pages the same. Not restored: failures that had no answer, and when
    things are due (they are due at once).

    The new database takes the old one's place when it is whole; the old one is kept beside it as
    archive.before-rebuild.db and may be deleted. A rebuild that was broken off goes on where it
    was. Whoever serves the archive shows the new one once `warraq serve` is started again.

    \b
    warraq rebuild --from-warc
    warraq rebuild --from-warc --archive ~/news --processes 1
    """  # noqa: D301 - click wants the character
    from crawler.rebuild import OLD
    from crawler.rebuild import rebuild as build

    if not from_warc:
        raise click.UsageError(
            "say `warraq rebuild --from-warc`: this makes archive.db anew, which takes a while"
        )
    began = time.monotonic()
    shown: dict[str, Progress] = {}

    def tell(what: str, done: int, of: int) -> None:
        shown.setdefault(what, Progress(what))(done, of)

    had_one = (archive / "archive.db").exists()
    rebuilt = asyncio.run(build(archive, processes=processes, progress=tell))
    for where in rebuilt.lost:
        click.echo(f"{archive}/warc/{where}: no record reads there; `warraq repair` says more")
    for table, number in rebuilt.rows.items():
        click.echo(f"{number:>12,}  {table}")
    click.echo(f"{archive}: made anew in {time.monotonic() - began:.1f} s.")
    _tell_losses(rebuilt)
    if had_one:
        may = "keep it" if rebuilt.missing or rebuilt.damaged else "it may be deleted"
        click.echo(f"The database there was is kept as {archive / OLD}; {may}.")


def _tell_losses(rebuilt: "Rebuilt") -> None:
    if rebuilt.damaged:
        click.echo(
            f"{rebuilt.damaged} answers could not be read again: they are in the table problems"
            " (stage rebuild)."
        )
    if rebuilt.missing:
        told = ", ".join(f"{number:,} {table}" for table, number in rebuilt.missing.items())
        click.echo(f"The database there was had more than the WARC files tell: {told}.")
