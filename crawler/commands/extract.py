"""`warraq extract`: extract a saved page, or an archive's articles again, without the network."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import click

from archive.clock import Clock
from archive.commands.options import archive_option, counted
from archive.database import open_for_reading
from archive.models import Capture, Extraction, Kind
from archive.progress import ProgressLine
from archive.publishers import is_known
from archive.urls import normal, readable
from crawler.commands.options import Day, folders, now_option
from crawler.differences import difference, of_text, word_counts
from crawler.publisher import Publisher, find, load_all

_FIELDS = (
    *("kind", "title", "deck", "byline", "authors", "byline_from", "published_at", "published_on"),
    *("published_from", "modified_at", "section", "tags", "language", "text", "image_url"),
    *("canonical_url", "problems"),
)


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG…]")
@click.option(
    "--html",
    type=click.File("rb"),
    metavar="FILE",
    help="The saved page (`-` for standard input).",
)
@click.option("--url", metavar="URL", help="The page's address.")
@click.option("--publisher", metavar="SLUG", help="Use this publisher's rules and time zone.")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every field.")
@click.option(
    "--again", is_flag=True, help="Read the archive's articles again, of SLUG… or all publishers."
)
@click.option("--since", type=Day(), help="With --again: those first seen on that day or later.")
@click.option("--dry-run", is_flag=True, help="With --again: print what would change, that is all.")
@click.option("--all", "every", is_flag=True, help="With --again: print each article that changes.")
@click.option(
    "--wait", is_flag=True, help="With --again: wait up to an hour for another command that writes."
)
@now_option
def extract(
    slugs: tuple[str, ...],
    html: IO[bytes] | None,
    url: str | None,
    publisher: str | None,
    archive: Path,
    as_json: bool,
    again: bool,
    since: date | None,
    dry_run: bool,
    every: bool,
    wait: bool,
    now: Clock,
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
        if html or url or publisher:
            raise click.UsageError(
                "--again reads an archive; --html, --url and --publisher are for a single page"
            )
        read_archive_again(
            archive, slugs, since=since, dry_run=dry_run, every=every, wait=wait, clock=now
        )
    elif slugs or since or dry_run or every or wait:
        raise click.UsageError("SLUG, --since, --dry-run, --all and --wait need --again")
    elif html is None or url is None:
        raise click.UsageError("give --html FILE and --url URL, or --again for an archive")
    else:
        _read_page(html, url, publisher, archive, as_json=as_json, now=now)


def _read_page(
    html: IO[bytes], url: str, publisher: str | None, archive: Path, *, as_json: bool, now: Clock
) -> None:
    """Print what one page says."""
    from crawler.extract.page import extract as read

    try:
        address = normal(url)
    except ValueError:
        raise click.BadParameter(
            f"{url!r} is not a web address; give the address the page was saved from,"
            " e.g. https://example.org/news/1",
            param_hint="--url",
        ) from None
    capture = Capture(
        url=address,
        publisher=publisher,
        kind=Kind.ARTICLE,
        fetched_at=now(),
        status=200,
        body=html.read(),
    )
    known = folders(archive)
    chosen = find(publisher, known) if publisher else _of_url(address, known)
    found = read(capture, chosen)
    click.echo(json.dumps(as_object(found), ensure_ascii=False) if as_json else _readable(found))


def _of_url(url: str, folders: Iterable[Path]) -> Publisher:
    """Return the known publisher whose host the address is on, or one that is only an address."""
    host = urlsplit(url).hostname
    known = (publisher for publisher in load_all(*folders).values() if host in publisher.hosts)
    return next(known, Publisher.of_url(url))


def as_object(found: Extraction) -> dict[str, object]:
    """Return an extraction as the JSON object the command prints; times are ISO 8601 in UTC."""
    values: dict[str, object] = {name: getattr(found, name) for name in _FIELDS}
    for name in ("published_at", "modified_at"):
        moment = getattr(found, name)
        values[name] = _iso(moment) if moment else None
    values["published_on"] = found.published_on.isoformat() if found.published_on else None
    values["kind"] = found.kind.value
    values["problems"] = [{"kind": one.kind, "detail": one.detail} for one in found.problems]
    return values


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _readable(found: Extraction) -> str:
    """Return an extraction for a person: one line per field that is known, then the text."""
    values = as_object(found)
    text = values.pop("text")
    problems = [f"{one.kind}: {one.detail}" for one in found.problems]
    values |= {"authors": None, "tags": "، ".join(found.tags), "problems": "; ".join(problems)}
    lines = [f"{name.replace('_', ' '):<15}{value}" for name, value in values.items() if value]
    return "\n".join([*lines, "", str(text)]).rstrip()


_ARTICLES_SHOWN = 20  # articles of which is printed what changes


def read_archive_again(
    archive: Path,
    slugs: tuple[str, ...],
    *,
    since: date | None,
    dry_run: bool,
    every: bool,
    wait: bool,
    clock: Clock,
) -> None:
    """Read articles again and print what changed, field by field, with counts.

    Of the first articles, or of `every` one. With `wait`, another command that writes is waited
    for.
    """
    from crawler.reextract import Job, reextract
    from crawler.turns import PATIENCE

    known = load_all(*folders(archive))
    for slug in slugs:
        if slug not in known and not _has_articles(archive, slug):
            find(slug, folders(archive))  # which says who there is
    job = Job(
        root=archive,
        publishers=known,
        slugs=slugs,
        since=since,
        dry_run=dry_run,
        patience=PATIENCE if wait else 0.0,
        clock=clock,
    )
    shown = _Shown(every=every)
    with ProgressLine() as progress:
        report = asyncio.run(reextract(job, show=shown, progress=partial(progress, "articles")))
    if shown.left:
        click.echo(f"… and {shown.left:,} more; --all prints every one")
    counts = report.counts
    would = "would change" if dry_run else "changed"
    click.echo(f"{counted(counts['read'], 'article')} read again, {counts['changed']:,} {would}.")
    for name, articles in report.fields.most_common():
        click.echo(f"{articles:>10,}  {name}")
    if counts["new"]:
        click.echo(f"{counts['new']:,} pages {'would become' if dry_run else 'became'} articles.")
    if counts["unreadable"]:
        click.echo(f"{counts['unreadable']:,} no longer read as articles, and are left unchanged.")
    if counts["damaged"]:
        click.echo(
            f"{counts['damaged']:,} have a capture that cannot be read, and are left unchanged;"
            " `warraq verify` names them."
        )
    if report.stopped:
        click.echo("Stopped; run the same command to start again.")


def _has_articles(archive: Path, slug: str) -> bool:
    with closing(open_for_reading(archive)) as db:
        return is_known(db, slug)


class _Shown:
    """Prints the first articles that differ, or all of them, a line for each field."""

    def __init__(self, *, every: bool) -> None:
        self._number = 0
        self._every = every

    @property
    def left(self) -> int:
        """How many were not printed."""
        return 0 if self._every else max(0, self._number - _ARTICLES_SHOWN)

    def __call__(self, url: str, changes: Mapping[str, tuple[Any, Any]]) -> None:
        self._number += 1
        if self.left:
            return
        click.echo(readable(url))
        for name, (before, after) in changes.items():
            if name == "text" and before and after:
                click.echo(f"    text: {word_counts(before, after)}")
                click.echo(f"        {of_text(before, after)}")
            else:
                click.echo(f"    {name}: {difference(before, after)}")
