"""`warraq publishers`: list and show those to follow, survey a new site, check entry points."""

import asyncio
import contextlib
import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import click

from archive.clock import Clock
from archive.commands.options import ExitCode, archive_option, columns, counted
from archive.search.arabic import fold
from archive.session import Beginning
from archive.urls import host_of, identity_key, normal
from crawler.commands.options import chosen, folders, log_level_option, now_option
from crawler.errors import CannotFollow, InquiryStopped, PublisherError
from crawler.fetch.addresses import is_local
from crawler.publisher import PACKAGED, Publisher, files, is_slug, load_all, locate, read


@click.group()
def publishers() -> None:
    """List, show, add and check newspapers to follow.

    A publisher is a file: packaged with Warraq, or your own in DIR/publishers, where one of the
    same name replaces the packaged one.

    \b
    warraq publishers list --country SY            all known publishers of a country
    warraq publishers show enabbaladi              its file
    warraq publishers add https://example.org/     survey a site, write its file
    warraq publishers check                        do the entry points still work?
    """


@publishers.command(name="list")
@click.argument("text", nargs=-1, metavar="[TEXT]…")
@archive_option
@click.option("--country", metavar="CODE", help="Only those of a country, by ISO 3166-1: SY, EG.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per publisher.")
def list_(text: tuple[str, ...], archive: Path, country: str | None, as_json: bool) -> None:
    """List the publishers that can be followed.

    With TEXT, those whose name, short name or address contains it, in Arabic or Latin letters.
    `own` are files of the archive in --archive, `packaged` those that come with Warraq. `checked`
    says whether a person has checked the entry points.

    \b
    warraq publishers list --country SY
    warraq publishers list الجزيرة
    warraq publishers list --json | jq -r 'select(.checked | not).slug'
    """
    known = [(read(path), path) for path in files(*folders(archive)).values()]
    countries = sorted({publisher.country for publisher, _ in known if publisher.country})
    if country and country.upper() not in countries:
        there = f"no publisher is of {country!r}; there are {', '.join(countries)}"
        raise click.BadParameter(there, param_hint="--country")
    rows = [
        _row(publisher, path)
        for publisher, path in known
        if (not country or publisher.country == country.upper())
        and _contains(publisher, " ".join(text))
    ]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    elif rows:
        click.echo(_table(rows))
        click.echo(f"{counted(len(rows), 'publisher')}. `warraq crawl SLUG` follows one.")
    else:
        remedy = "try fewer letters; `warraq publishers add URL` adds a new one"
        raise PublisherError(
            f"no publisher's name or address contains {' '.join(text)!r}; {remedy}"
        )


@publishers.command()
@click.argument("slug")
@archive_option
def show(slug: str, archive: Path) -> None:
    """Print the file by which the publisher SLUG is followed.

    Its path goes to standard error, so that the output can be the beginning of a file of your own,
    which replaces the packaged one:

    \b
    warraq publishers show enabbaladi
    warraq publishers show enabbaladi > warraq-archive/publishers/enabbaladi.toml
    """
    path = locate(slug, folders(archive))
    read(path)  # an invalid file is refused
    click.echo(f"{path} ({_source(path)})", err=True)
    click.echo(path.read_text("utf-8-sig"), nl=False)


@publishers.command()
@click.argument("url")
@archive_option
@click.option("--slug", metavar="SLUG", help="Its short name (default: made from the address).")
@click.option("--force", is_flag=True, help="Replace an existing file, or the packaged one.")
@log_level_option
@now_option
def add(url: str, archive: Path, slug: str | None, force: bool, log_level: str, now: Clock) -> None:
    """Survey a new newspaper once and write its file.

    URL is its front page; the file is DIR/publishers/SLUG.toml. What the site declares is tried
    first (feeds, robots.txt, WordPress), then usual addresses, then its menu. URL may also be that
    of a feed or sitemap, which is then tried before all. Three articles are shown as Warraq reads
    them. robots.txt and delays are respected as in a crawl, and the bytes are archived; nothing
    counts as crawled. For a site that is not a newspaper, or cannot be reached, no file is written,
    and no archive is created where there was none.

    \b
    warraq publishers add https://www.example.org/
    warraq publishers add https://example.org/ar --slug example-arabic
    """
    from crawler.discovery.probe import run
    from crawler.discovery.publisher_file import articles_report, compose, slug_of
    from crawler.discovery.survey import survey_of

    home = _complete(url)
    if slug and not is_slug(slug):
        remedy = "use small Latin letters, digits, dots and hyphens"
        raise click.BadParameter(f"{slug!r} is not a short name; {remedy}", param_hint="--slug")
    _ensure_new(archive, home, slug or slug_of(home), force=force)
    own = is_local(host_of(home))  # named by the user: open, and without a delay
    site = Publisher(slug="", name=host_of(home), homepage=home, delay=0.0 if own else None)
    begun = Beginning(archive)
    try:
        inquire = partial(survey_of, site=site)
        survey = asyncio.run(run(inquire, [site], archive, "publishers add", log_level, now))
        name = slug or slug_of(survey.home)
        _ensure_new(archive, survey.home, name, force=force)
    except (CannotFollow, InquiryStopped, PublisherError):
        begun.take_back(now=now(), captures=True)
        raise
    path = archive / "publishers" / f"{name}.toml"
    text = compose(survey, name, on=now().date())
    _write(path, text)
    click.echo(f"{text}\n{articles_report(survey)}\n\nWritten: {path}")
    click.echo("Next: review that file and fill in what was not found; then")
    click.echo(f"  warraq crawl {name} --archive {archive} --limit 20")


@publishers.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per entry point.")
@log_level_option
@now_option
def check(slugs: tuple[str, ...], archive: Path, as_json: bool, log_level: str, now: Clock) -> None:
    """Test each feed, sitemap and section once.

    Checks the publishers SLUG…, by default those that this archive follows. Reports the form of
    each entry point, the number of its links, its newest date, and what to do where it is broken.
    Where one is, or has moved, the listings that the front page announces now are proposed (NEW);
    no file is changed. Exit code 1 if one is broken.

    robots.txt and delays are respected and the bytes are archived, but it does not count as a
    crawl: new articles stay new for the next crawl.

    \b
    warraq publishers check enabbaladi aawsat
    warraq publishers check --archive ~/news --json | jq 'select(.works | not)'
    """
    from crawler.discovery.check import as_object, report
    from crawler.discovery.check import check as check_all
    from crawler.discovery.probe import run

    open_now = list(_open(chosen(archive, slugs), now))
    begun = Beginning(archive)
    try:
        inquire = partial(check_all, publishers=open_now)
        found = asyncio.run(run(inquire, open_now, archive, "publishers check", log_level, now))
    finally:
        begun.take_back(now=now())
    for publisher, listings in zip(open_now, found, strict=True):
        if not as_json:
            click.echo(report(publisher, listings))
        for listing in listings if as_json else ():
            click.echo(json.dumps(as_object(publisher, listing), ensure_ascii=False))
    if not all(found) or any(listing.problem for each in found for listing in each):
        raise SystemExit(ExitCode.FAILED)


def _open(publishers: Iterable[Publisher], now: Clock) -> Iterator[Publisher]:
    """Yield the publishers that may be asked now; of the others, print when they may be."""
    for publisher in publishers:
        if publisher.is_open(now()):
            yield publisher
        else:
            hours = f"{publisher.hours} ({publisher.zone or 'UTC'})"
            click.echo(f"{publisher.slug} is crawled only at {hours}; not checked now", err=True)


def _complete(url: str) -> str:
    """Return the address as a complete one; without a scheme, `https://` is meant."""
    with contextlib.suppress(ValueError):
        complete = normal(url if "://" in url else f"https://{url}")
        if "." in host_of(complete) or is_local(host_of(complete)):
            return complete
    raise click.BadParameter(
        f"{url!r} is not an http or https address, such as https://example.org/", param_hint="URL"
    )


def _ensure_new(archive: Path, home: str, slug: str, *, force: bool) -> None:
    """Refuse to follow a newspaper twice, or to replace a file, without `--force`.

    Raises:
        PublisherError: naming what there is, and what to do.
    """
    for known in () if force else load_all(*folders(archive)).values():
        if known.homepage and identity_key(known.homepage) == identity_key(home):
            raise PublisherError(
                f"{known.homepage} is known as {known.slug!r}: follow it with `warraq crawl"
                f" {known.slug}`, or replace its file with --force --slug {known.slug}"
            )
    if not force and (path := files(*folders(archive)).get(slug)):
        raise PublisherError(f"{path} exists: replace it with --force, or give another --slug")


def _write(path: Path, text: str) -> None:
    """Write a publisher file that is valid, completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text, "utf-8")
    read(new)
    new.replace(path)


def _row(publisher: Publisher, path: Path) -> dict[str, object]:
    keys = ("slug", "name", "name_latin", "country", "language", "homepage", "checked")
    return {key: getattr(publisher, key) for key in keys} | {"source": _source(path)}


def _source(path: Path) -> str:
    return "packaged" if path.parent == PACKAGED else "own"


def _contains(publisher: Publisher, text: str) -> bool:
    names = (publisher.slug, publisher.name, publisher.name_latin or "", publisher.homepage or "")
    return fold(text).lower() in fold(" ".join(names)).lower()


def _table(rows: list[dict[str, object]]) -> str:
    """Return rows as a table; the Arabic name comes last, where it disturbs no column."""
    keys = ("slug", "country", "checked", "source", "name_latin", "name")
    words: dict[object, str] = {None: "-", True: "yes", False: "no"}
    cells = [[words.get(row[key], str(row[key])) for key in keys] for row in rows]
    return columns([["slug", "country", "checked", "source", "", "name"], *cells], left=len(keys))
