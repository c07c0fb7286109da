"""`warraq extract`: what one saved page says, without an archive and without the network."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import click

from archive.clock import Clock
from archive.commands.options import archive_option
from archive.records import Capture, Extraction, Kind
from archive.urls import normal
from crawler.commands.options import folders, now_option
from crawler.publisher import Publisher, find, load_all

_FIELDS = (
    *("kind", "title", "deck", "byline", "authors", "byline_from", "published_at", "published_on"),
    *("published_from", "modified_at", "section", "tags", "language", "text", "image_url"),
    *("canonical_url", "problems"),
)


@click.command()
@click.option(
    "--html",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="The saved page; - reads standard input.",
)
@click.option("--url", required=True, metavar="URL", help="Where the page stood.")
@click.option("--publisher", metavar="SLUG", help="Read it by this publisher's rules and zone.")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with every field.")
@now_option
def extract(
    html: IO[bytes], url: str, publisher: str | None, archive: Path, as_json: bool, now: Clock
) -> None:
    """Read one saved article page: text, headline, byline, dates.

    Needs no archive and no network. A field nobody can be sure of is null. Without --publisher,
    one of the known publishers is taken if the address is one of its own. With --archive, the
    publisher files in that folder are known too.

    \b
    warraq extract --html page.html --url https://example.org/news/1
    curl -s URL | warraq extract --html - --url URL --json
    """  # noqa: D301 - click wants the character
    from crawler.extract import extract as read

    try:
        address = normal(url)
    except ValueError:
        raise click.BadParameter(
            f"{url!r} is no web address; give the one the page was saved from,"
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
