"""`warraq rebuild`: recreate the database from the WARC files."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.commands.options import archive_option, counted
from archive.commands.progress import Progress

if TYPE_CHECKING:
    from crawler.rebuild import Rebuilt


@click.command()
@archive_option
@click.option("--from-warc", is_flag=True, help="Required, as confirmation.")
@click.option(
    "--processes", type=click.IntRange(min=1), metavar="N", help="Use N cores (default: all)."
)
def rebuild(archive: Path, from_warc: bool, processes: int | None) -> None:
    """Recreate the database from the WARC files.

    Needs no network. For a database that is damaged or lost, or that an older Warraq made.
    Articles, revisions, captures, links, authors, tags, removals and what is withheld come out as
    they were, as far as the current rules read the pages the same. Not restored: requests that got
    no answer, and due times (everything is due at once).

    The new database replaces the old one once it is complete; the old one is kept next to it as
    archive.before-rebuild.db and may be deleted. An interrupted rebuild resumes when it is run
    again. Restart `warraq serve` to show the new database.

    \b
    warraq rebuild --from-warc
    warraq rebuild --from-warc --archive ~/news --processes 1
    """
    from crawler.rebuild import OLD
    from crawler.rebuild import rebuild as build

    if not from_warc:
        raise click.UsageError(
            "run `warraq rebuild --from-warc`: this recreates archive.db, which takes a while"
        )
    began = time.monotonic()
    shown: dict[str, Progress] = {}

    def tell(what: str, done: int, of: int) -> None:
        shown.setdefault(what, Progress(what))(done, of)

    had_one = (archive / "archive.db").exists()
    rebuilt = asyncio.run(build(archive, processes=processes, progress=tell))
    for where in rebuilt.lost:
        click.echo(f"{archive}/warc/{where}: no readable record there; `warraq repair` says more")
    for table, number in rebuilt.rows.items():
        click.echo(f"{number:>12,}  {table}")
    click.echo(f"{archive}: recreated in {time.monotonic() - began:.1f} s.")
    _tell_losses(rebuilt)
    if had_one:
        advice = "keep it" if rebuilt.missing or rebuilt.damaged else "it may be deleted"
        click.echo(f"The old database is kept as {archive / OLD}; {advice}.")


def _tell_losses(rebuilt: "Rebuilt") -> None:
    if rebuilt.damaged:
        click.echo(
            f"{counted(rebuilt.damaged, 'capture')} could not be read; see the table `problems`"
            " (stage rebuild)."
        )
    if rebuilt.missing:
        missing = ", ".join(f"{number:,} {table}" for table, number in rebuilt.missing.items())
        click.echo(f"The old database had more than the WARC files hold: {missing}.")
