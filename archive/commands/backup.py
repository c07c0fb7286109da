"""`warraq backup`: a consistent snapshot in another folder."""

from pathlib import Path

import click

from archive.commands.options import archive_option, counted
from archive.commands.progress import Progress


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path(file_okay=False, path_type=Path))
@archive_option
@click.option(
    "--link",
    is_flag=True,
    help="Hard-link finished WARC files, if DEST is on the same disk: takes no space and no time,"
    " but does not protect against a failing disk.",
)
def backup(destination: Path, archive: Path, link: bool) -> None:
    """Write a snapshot into DEST, or update the one there.

    The snapshot is consistent even while a crawl writes: the database of one moment, each WARC
    file up to the last record that the database knows, warraq.toml and publishers/. It is a
    complete archive: every command works on it. Running the command again copies only what is new,
    and resumes after an interruption.

    Check it now and then: warraq verify --archive DEST.

    \b
    warraq backup /media/disk/news
    warraq backup /media/disk/news --archive ~/news
    """
    from archive.maintenance.backup import back_up

    with Progress("bytes") as progress:
        made = back_up(archive, destination, link=link, progress=progress)
    click.echo(
        f"{destination}: {made.bytes / 1e6:,.1f} MB, {counted(made.files, 'WARC file')},"
        f" {made.copied:,} of them copied now."
    )
    if made.missing:
        names = ", ".join(made.missing)
        raise click.ClickException(
            f"{archive} lacks WARC files that its database refers to: {names};"
            " everything else is backed up"
        )
