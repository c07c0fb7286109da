"""`warraq extract`: extract a saved page, or an archive's articles again, without the network."""

import asyncio
import itertools
import json
import math
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypedDict, Unpack

import click

from archive.clock import Clock
from archive.commands.options import ProgressLine, archive_option, counted, stopped, wait_option
from archive.database import open_for_reading
from archive.models import Capture, Extraction, Kind
from archive.publishers import is_known
from archive.urls import normal, readable
from crawler.commands.options import Day, folders, now_option
from crawler.publisher import Owners, find, load_all

if TYPE_CHECKING:
    from crawler.reextract import Report

_FIELDS = (
    *("kind", "title", "deck", "byline", "authors", "byline_from", "published_at", "published_on"),
    *("published_from", "modified_at", "section", "tags", "language", "text", "image_url"),
    *("canonical_url", "problems"),
)
_MOST_SHOWN = 20  # articles of which is printed what changes
_UNCHANGED = {
    "unreadable": "no longer recognised as an article by the current rules",
    "damaged": "a capture cannot be read; `warraq verify` names it",
}

Changes = Mapping[str, tuple[Any, Any]]


class _Options(TypedDict):
    """The options for a page, then those for an archive."""

    html: IO[bytes] | None
    url: str | None
    publisher: str | None
    as_json: bool
    since: date | None
    dry_run: bool
    every: bool
    wait: bool


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG…]")
@click.option(
    "--html", type=click.File("rb"), metavar="FILE", help="The saved page (`-` for standard input)."
)
@click.option("--url", metavar="URL", help="The page's address.")
@click.option("--publisher", metavar="SLUG", help="Use this publisher's rules and time zone.")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every field.")
@click.option(
    "--again", is_flag=True, help="Read the archive's articles again, of SLUG… or all publishers."
)
@click.option("--since", type=Day(), help="With --again: those first seen on that day or later.")
@click.option("--dry-run", is_flag=True, help="With --again: only print what would change.")
@click.option("--all", "every", is_flag=True, help="With --again: print each article that changes.")
@wait_option
@now_option
def extract(
    slugs: tuple[str, ...], archive: Path, again: bool, now: Clock, **options: Unpack[_Options]
) -> None:
    """Extract one saved page: headline, byline, dates, text.

    Needs no archive and no network. A field that is in doubt is null. Without --publisher, the
    publisher is found by the address, among the packaged ones and those in the archive's folder.

    \b
    warraq extract --html page.html --url https://example.org/news/1
    curl -s URL | warraq extract --html - --url URL --json

    With --again, the articles of an archive are extracted again from their captures with the
    current rules (of a newer Warraq, or of a corrected publisher file), without the network. Each
    article's revisions are derived again from all its captures: states that now read the same
    become one, and a changed rule never makes an edit. A page that was not an article before may
    become one; one that no longer reads as an article is left unchanged, and counted. The changes
    of the first twenty articles are printed: [-removed words-]{+added words+}, with counts.

    \b
    warraq extract --again --dry-run            show what would change, field by field
    warraq extract --again --dry-run --all >changes.txt
    warraq extract --again aawsat --since 2020-11
    """
    if again:
        _read_archive(slugs, archive, now, options)
    else:
        _read_page(slugs, archive, now, options)


def _read_page(slugs: tuple[str, ...], archive: Path, now: Clock, options: _Options) -> None:
    """Print what one page says."""
    from crawler.extract.page import extract as read

    if slugs or any(options[name] for name in ("since", "dry_run", "every", "wait")):
        raise click.UsageError("SLUG, --since, --dry-run, --all and --wait need --again")
    html, url, slug = options["html"], options["url"], options["publisher"]
    if html is None or url is None:
        raise click.UsageError("give --html FILE and --url URL, or --again for an archive")
    try:
        address = normal(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from None
    known = folders(archive)
    publisher = find(slug, known) if slug else Owners(load_all(*known).values()).of(address)
    capture = Capture(
        url=address,
        publisher=slug,
        kind=Kind.ARTICLE,
        fetched_at=now(),
        status=200,
        body=html.read(),
    )
    extraction = read(capture, publisher)
    if options["as_json"]:
        click.echo(json.dumps(as_object(extraction), ensure_ascii=False))
    else:
        click.echo(_readable(extraction))


def as_object(extraction: Extraction) -> dict[str, object]:
    """Return an extraction as the JSON object the command prints; times are ISO 8601 in UTC."""
    values = {name: getattr(extraction, name) for name in _FIELDS}
    for name, said in values.items():
        if isinstance(said, date):
            values[name] = said.isoformat().replace("+00:00", "Z")
    problems = [{"kind": each.kind, "detail": each.detail} for each in extraction.problems]
    return values | {"problems": problems}


def _readable(extraction: Extraction) -> str:
    """Return an extraction for a person: one line per field that is known, then the text."""
    values = as_object(extraction)
    text = values.pop("text")
    problems = "; ".join(f"{each.kind}: {each.detail}" for each in extraction.problems)
    values |= {"authors": None, "tags": "، ".join(extraction.tags), "problems": problems}
    lines = [f"{name.replace('_', ' '):<15}{value}" for name, value in values.items() if value]
    return "\n".join([*lines, "", str(text)]).rstrip()


def _read_archive(slugs: tuple[str, ...], archive: Path, now: Clock, options: _Options) -> None:
    """Read articles again and print what changed, field by field, with counts."""
    from crawler.reextract import Job, reextract
    from crawler.turns import PATIENCE

    if options["html"] or options["url"] or options["publisher"]:
        raise click.UsageError(
            "--again reads an archive; --html, --url and --publisher are for a single page"
        )
    known = load_all(*folders(archive))
    with closing(open_for_reading(archive)) as db:
        strange = [slug for slug in slugs if slug not in known and not is_known(db, slug)]
    for slug in strange:
        find(slug, folders(archive))  # whose error names the publishers there are
    job = Job(
        root=archive,
        publishers=known,
        slugs=slugs,
        since=options["since"],
        dry_run=options["dry_run"],
        patience=PATIENCE if options["wait"] else 0.0,
        clock=now,
    )
    most, numbers = math.inf if options["every"] else _MOST_SHOWN, itertools.count(1)

    def show(url: str, changes: Changes) -> None:
        if next(numbers) <= most:
            _print_changes(url, changes)

    with ProgressLine() as progress:
        report = asyncio.run(reextract(job, show=show, progress=progress))
    left = report.counts["changed"] + report.counts["new"] - most
    if left > 0:
        click.echo(f"… and {left:,} more; --all prints every one")
    _print_counts(report, dry_run=options["dry_run"])
    if report.stopped:
        stopped()


def _print_counts(report: "Report", *, dry_run: bool) -> None:
    counts = report.counts
    would = "would change" if dry_run else "changed"
    click.echo(f"{counted(counts['read'], 'article')} read again, {counts['changed']:,} {would}.")
    for name, articles in report.fields.most_common():
        click.echo(f"{articles:>10,}  {name}")
    if counts["new"]:
        came = "would come" if dry_run else "came"
        click.echo(
            f"{counted(counts['new'], 'new article')} {came} from pages not recognised before."
        )
    for name, why in _UNCHANGED.items():
        if counts[name]:
            click.echo(f"{counted(counts[name], 'article')} left unchanged: {why}.")


def _print_changes(url: str, changes: Changes) -> None:
    """Print an article that differs, a line for each field."""
    from crawler.reextract import difference, of_text, word_counts

    click.echo(readable(url))
    for name, (before, after) in changes.items():
        if name == "text" and before and after:
            click.echo(f"    text: {word_counts(before, after)}")
            click.echo(f"        {of_text(before, after)}")
        else:
            click.echo(f"    {name}: {difference(before, after)}")
