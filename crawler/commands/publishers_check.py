"""`warraq publishers check`: do the entry points of publishers still work?"""

import asyncio
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.beginning import Beginning
from archive.clock import Clock
from archive.commands.options import archive_option
from crawler import config
from crawler.commands.options import chosen, log_level_option, now_option
from crawler.publisher import Publisher

if TYPE_CHECKING:
    from crawler.discovery.check import Finding


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per entry point.")
@log_level_option
@now_option
def check(slugs: tuple[str, ...], archive: Path, as_json: bool, log_level: str, now: Clock) -> None:
    """Ask each feed, sitemap and section once: which work?

    Those of the publishers SLUG…; without SLUG, of those this archive follows. Tells for each what
    it is, how many links it has, its newest date; and what to do where it is broken. Exit code 1
    if one is.

    The look keeps to robots.txt and to delays, its bytes are in the archive, but it is no visit:
    nothing is marked as seen, and the next crawl finds all that is new.

    \b
    warraq publishers check enabbaladi aawsat
    warraq publishers check --archive ~/news --json | jq 'select(.works | not)'
    """  # noqa: D301 - click wants the character
    known = chosen(archive, slugs)
    for one in known:
        if not one.is_open(now()):
            click.echo(f"{one.slug} is asked only at {one.hours} ({one.zone or 'UTC'})", err=True)
    open_now = [one for one in known if one.is_open(now())]
    begun = Beginning(archive)
    found = _looked_at(archive, open_now, log_level=log_level, now=now)
    begun.take_back(now=now())
    if not _report(open_now, found, as_json=as_json):
        raise SystemExit(1)


def _looked_at(
    archive: Path, open_now: list[Publisher], *, log_level: str, now: Clock
) -> "list[Finding]":
    """Ask every entry point of some publishers."""
    from crawler.discovery.check import Finding
    from crawler.discovery.check import check as look_at
    from crawler.discovery.probe import Errand, look

    errand: Errand[list[Finding]] = Errand(
        inquiry=lambda scout: look_at(scout, open_now),
        root=archive,
        command="publishers check",
        publishers=open_now,
        settings=config.load(archive),
        log_level=log_level.upper(),
        clock=now,
        tell=_tell,
    )
    return asyncio.run(look(errand))


def _report(open_now: list[Publisher], found: "list[Finding]", *, as_json: bool) -> bool:
    """Print what was found; return whether everything works."""
    from crawler.commands.looks import as_object, findings

    by_publisher = {slug: list(some) for slug, some in groupby(found, lambda one: one.publisher)}
    for one in open_now:
        if as_json:
            for finding in by_publisher.get(one.slug, []):
                click.echo(json.dumps(as_object(finding), ensure_ascii=False))
        else:
            click.echo(findings(one.slug, by_publisher.get(one.slug, [])))
    return all(finding.works for finding in found) and len(by_publisher) == len(open_now)


def _tell(line: str) -> None:
    """Show on a terminal that something happens: a catalogue takes minutes."""
    if sys.stderr.isatty():
        click.echo(line, err=True)
