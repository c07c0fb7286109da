"""`warraq watch`: crawl on a schedule until stopped."""

import asyncio
import logging
from pathlib import Path

import click

from archive.commands.options import archive_option
from crawler import config
from crawler.commands.options import chosen, folders, log_level_option
from crawler.publisher import find


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@archive_option
@log_level_option
def watch(slugs: tuple[str, ...], archive: Path, log_level: str) -> None:
    """Crawl on a schedule until stopped.

    Crawls the publishers SLUG…, or those that warraq.toml in the archive's folder follows, every 15
    minutes or as that file says. Cron expressions are in UTC. Ctrl-C and SIGTERM end it cleanly.

    \b
    warraq watch enabbaladi aawsat
    warraq watch --archive ~/news          with this in ~/news/warraq.toml:

    \b
    follow = ["enabbaladi", "aawsat"]      # publishers, when no SLUG is given
    contact = "https://example.org/about"  # sent to publishers
    every = "15m"                          # or: cron = "*/10 6-23 * * *"
    [publishers.aawsat]
    every = "1h"
    """
    from crawler.watch import Watch

    logging.basicConfig(level=log_level.upper())
    publishers = chosen(archive, slugs)
    settings = config.load(archive)
    for slug in settings.schedules:  # a misspelt [publishers.SLUG] would never come true
        find(slug, folders(archive))
    archive.mkdir(parents=True, exist_ok=True)
    names = [one.slug for one in publishers]
    watch = Watch(archive, names, settings, publishers=publishers, log_level=log_level.upper())
    watch.check()
    click.echo(f"Watching {', '.join(names)} into {archive}; press Ctrl-C to stop.")
    asyncio.run(watch.run())
