"""`warraq upkeep`: what is to be done for an archive once a night."""

import os
import select
import sys
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.maintenance.upkeep import keep_up
from crawler import config
from crawler.idle import copies_of


@click.command()
@archive_option
@click.option("--with-parent", is_flag=True, hidden=True, help="Leave off when its input ends.")
def upkeep(archive: Path, with_parent: bool) -> None:
    """Do what an archive needs once a night.

    `warraq watch` does it in idle time, by itself. The search index is merged and the database's
    log written back; a tenth of all records, articles and pages is checked, so that all are after
    ten nights; and the archive is backed up, if warraq.toml wants it. From two o'clock on by this
    machine's clock each is due again. Each is a run (`warraq runs`); damage, and a backup that
    failed, are rows of `problems`. A crawl that runs at the same time does not wait for it. Killed
    or stopped, it goes on the next time.

    \b
    warraq upkeep --archive ~/news         with this in ~/news/warraq.toml:

    \b
    [backup]
    to = "/media/disk/news"                # a folder, best on another disk
    every = "1d"
    keep = 14                              # days that `warraq restore --at` can go back to
    """
    os.nice(10)
    done = list[str]()
    copies = copies_of(archive, config.load(archive))
    for line in keep_up(archive, copies=copies, stop=_input_ended if with_parent else bool):
        click.echo(line)
        done.append(line)
    if not done:
        click.echo(f"{archive}: nothing is due before the next night, or a crawl goes on.")


def _input_ended() -> bool:
    """Return whether who started this has ended, or wants it to end."""
    return bool(select.select([sys.stdin], [], [], 0)[0])
