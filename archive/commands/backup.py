"""`warraq backup`: a consistent snapshot in another folder."""

from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.commands.progress import Progress


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path(file_okay=False, path_type=Path))
@archive_option
@click.option(
    "--link",
    is_flag=True,
    help="Hard links for finished WARC files, where DEST is on the same disk: no space, no time,"
    " but no help against a failing disk.",
)
def backup(destination: Path, archive: Path, link: bool) -> None:
    """Write a snapshot into DEST, or bring it up to date.

    The snapshot is of one moment, also while a crawl writes: the database as it stood, and each
    WARC file exactly as far as the database tells of it; warraq.toml and publishers/ as well. It is
    an archive of its own: every command works on it. Repeating the command copies only what is new,
    and goes on after an interruption.

    Check it once in a while: warraq verify --archive DEST.

    \b
    warraq backup /media/disk/news
    warraq backup /media/disk/news --archive ~/news
    """  # noqa: D301 - click wants the character
    from archive.maintenance.backup import back_up

    with Progress("bytes") as progress:
        made = back_up(archive, destination, link=link, progress=progress)
    click.echo(
        f"{destination}: {made.bytes / 1e6:,.1f} MB, {made.files} WARC files,"
        f" {made.copied} of them copied now."
    )
    if made.missing:
        names = ", ".join(made.missing)
        raise click.ClickException(
            f"{archive} lacks WARC files that its rows tell of: {names}; all else is backed up"
        )
