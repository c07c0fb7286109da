"""What the crawling commands share: options, the publishers to crawl, and the clock."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from archive.clock import Clock, starting_at, system
from archive.database import open_for_reading
from archive.errors import NotAnArchive
from archive.visits import followed
from crawler import config
from crawler.errors import PublisherError
from crawler.publisher import Publisher, find, load_all

log_level_option = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="warning",
    show_default=True,
    metavar="LEVEL",
    help="Log messages from this level up: debug, info, warning or error.",
)
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Fetch at most N articles."
)
now_option = click.option(
    "--now",
    metavar="ISO",
    default=None,
    callback=lambda _context, _option, value: clock_at(value),
    help="Use this as the current time, e.g. 2020-11-12T09:00Z for the demo newspapers.",
)


def clock_at(value: str | None) -> Clock:
    """Return a clock that starts at an ISO 8601 moment (UTC by default), or the machine's.

    Raises:
        click.BadParameter: if it is no such moment.
    """
    if value is None:
        return system
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or not 1970 < moment.year < 2200:
        raise click.BadParameter(f"{value!r} is not an ISO 8601 time such as 2020-11-12T09:00Z")
    return starting_at(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def folders(root: Path) -> list[Path]:
    """Return the user's own folder of publisher files."""
    return [root / "publishers"]


def chosen(root: Path, slugs: Iterable[str]) -> list[Publisher]:
    """Return the named publishers; with no names, those the archive follows.

    These are `follow` in warraq.toml, or else the archive's own publisher files and the publishers
    it was filled from.

    Raises:
        PublisherError: if one is not known, or there are none.
    """
    settings = config.load(root)
    names = list(dict.fromkeys(slugs)) or list(settings.follow) or _followed(root)
    if not names:
        known = ", ".join(sorted(load_all(*folders(root))))
        raise PublisherError(
            f"name the publishers to crawl, e.g. `warraq crawl enabbaladi --archive {root}`;"
            f" available: {known}"
        )
    found = [find(name, folders(root)) for name in names]
    return [replace(one, hours=one.hours or settings.hours) for one in found]


def _followed(root: Path) -> list[str]:
    own = {path.stem for path in (root / "publishers").glob("*.toml")}
    try:
        with closing(open_for_reading(root)) as db:
            before = followed(db)
    except NotAnArchive:  # none yet, or one that this crawl will bring up to date
        return sorted(own)
    return sorted(own | (before & load_all(*folders(root)).keys()))
