"""`warraq status`: how an archive and its newspapers fare, for people and for monitors."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from textwrap import fill

import click
import msgspec

from archive.clock import system
from archive.commands.options import ExitCode, archive_option, columns, counted
from archive.status import PublisherStatus, Status
from archive.status import status as judge
from archive.urls import readable

_SHARES = ("read", "date", "byline", "deck", "image")
_UNITS = (("d", 24 * 3600), ("h", 3600), ("min", 60))
_WIDTH = 80


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one object, with all there is.")
def status(slugs: tuple[str, ...], archive: Path, as_json: bool) -> None:
    """Say how archive and newspapers fare, and what is wrong.

    For each newspaper: the new articles of the last day and how many are usual at this hour of this
    weekday, the share of pages that read as articles, of new articles with a date, byline, deck and
    image, when it last answered and is visited next. What falls out of its own habit is named, with
    an example and what to do. SLUG… shows these newspapers alone.

    Exit code 3 where something is wrong, for monitors. A crawl can run at the same time.

    \b
    warraq status --archive ~/news
    warraq status --json | jq '.publishers[] | select(.flags != []) | .slug'
    """
    found = judge(archive, now=system())
    known = {each.slug: each for each in found.publishers}
    if unknown := sorted({*slugs} - {*known}):
        remedy = f"there is {', '.join(known)}" if known else "nothing was crawled yet"
        raise click.BadParameter(f"{unknown[0]!r} was never crawled here; {remedy}")
    if slugs:
        found = replace(found, archive=None, publishers=tuple(known[slug] for slug in slugs))
    written = json.dumps(msgspec.to_builtins(found), ensure_ascii=False, indent=2)
    click.echo(written if as_json else "\n".join(_report(found)))
    if found.flags:
        raise SystemExit(ExitCode.INCOMPLETE)


def _report(found: Status) -> Iterator[str]:
    if own := found.archive:
        for name, run in (("crawl", own.crawl), ("verify", own.verify), ("backup", own.backup)):
            when = f"{run.state}, {_span(run.started_at, found.at)} ago" if run else "never"
            yield f"last {name}: {when}"
        full = "" if own.full_in is None else f", full in {own.full_in:,} days at this pace"
        yield f"disk: {own.free_bytes / 1e9:,.1f} GB free{full}"
        yield fill(own.writer or "nobody is writing", _WIDTH)
    if found.publishers:
        head = ("publisher", "new", "usual", *_SHARES, "last", "next")
        yield columns([head, *(_row(each, found.at) for each in found.publishers)])
    for each in found.publishers:
        if said := ", ".join(f"{count:,} x {kind}" for kind, count in each.problems.items()):
            yield fill(f"{each.slug}, problems of a day: {said}", _WIDTH, subsequent_indent="  ")
    for slug, flag in found.flags:
        yield "\n" + fill(f"{slug or 'archive'}: {flag.name.upper()}. {flag.reason}", _WIDTH)
        if flag.example:
            yield f"  e.g. {readable(flag.example)}"
        yield fill(f"-> {flag.remedy}", _WIDTH, initial_indent="  ", subsequent_indent="     ")
    wrong = counted(len(found.flags), "thing is", "things are")
    yield f"\n{wrong} wrong." if found.flags else "Nothing is wrong."


def _row(each: PublisherStatus, now: datetime) -> list[str]:
    shares = (each.shares[name].lately for name in _SHARES)
    percent = ("-" if share is None else f"{share:.0%}" for share in shares)
    times = (_span(each.success, now), _span(now, each.next_visit))
    return [each.slug, f"{each.new.count:,}", f"{each.new.usual:,.0f}", *percent, *times]


def _span(since: datetime | None, until: datetime | None) -> str:
    """Return how long it is from one moment to another: `15 min`; `-` where one is not known."""
    seconds = max((until - since).total_seconds(), 0) if since and until else None
    unit, length = next((each for each in _UNITS if seconds and seconds >= each[1]), _UNITS[-1])
    return "-" if seconds is None else f"{seconds / length:.0f} {unit}"
