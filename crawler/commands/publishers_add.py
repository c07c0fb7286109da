"""`warraq publishers add`: a look at a site, and the file by which it can be followed."""

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from archive.beginning import Beginning
from archive.clock import Clock
from archive.commands.options import archive_option
from archive.urls import canonical, host_of
from crawler import config
from crawler.addresses import is_local
from crawler.commands.options import folders, log_level_option, now_option
from crawler.errors import CannotFollow, PublisherError
from crawler.publisher import PACKAGED, Publisher, is_slug, load_all, read

if TYPE_CHECKING:
    from crawler.discovery.survey import Survey


@click.command()
@click.argument("url")
@archive_option
@click.option("--slug", metavar="SLUG", help="Its short name; else one is made from the address.")
@click.option("--force", is_flag=True, help="Replace a file that is there, or the packaged one.")
@log_level_option
@now_option
def add(url: str, archive: Path, slug: str | None, force: bool, log_level: str, now: Clock) -> None:
    """Look at a new newspaper once and write its file.

    URL is its front page; the file is DIR/publishers/SLUG.toml. What the site declares is tried
    first (feeds, robots.txt, WordPress), then usual addresses, then its menu. Three articles are
    read and shown as Warraq reads them. The look keeps to robots.txt and to delays as a crawl does,
    and its bytes are in the archive; nothing of it counts as crawled. What is no newspaper, or
    cannot be seen, leaves no file, and no archive where there was none.

    \b
    warraq publishers add https://www.example.org/
    warraq publishers add https://example.org/ar --slug example-arabic
    """  # noqa: D301 - click wants the character
    from crawler.commands.looks import survey_report
    from crawler.discovery.publisher_file import compose, slug_of

    home = _checked(url)
    _check_slug(slug)
    _ensure_new(archive, home, slug or slug_of(home), force=force)
    begun = Beginning(archive)
    try:
        survey = _surveyed(archive, home, log_level=log_level, now=now)
        name = slug or slug_of(survey.home)
        _ensure_new(archive, survey.home, name, force=force)
    except (CannotFollow, PublisherError):
        begun.take_back(now=now(), captures=True)
        raise
    path = _write(archive / "publishers", name, compose(survey, name, on=now().date()))
    click.echo(survey_report(survey, path, archive))


def _surveyed(archive: Path, home: str, *, log_level: str, now: Clock) -> "Survey":
    """Look at the site, and return what was found.

    Raises:
        CannotFollow: if there is no newspaper to be seen.
    """
    from crawler.discovery.probe import NOBODY, Errand, look
    from crawler.discovery.survey import Surveyor

    own = is_local(urlsplit(home).hostname or "")  # the user's word opens it, and it needs no delay
    candidate = Publisher(
        slug=NOBODY, name=host_of(home), homepage=home, delay=0.0 if own else None
    )
    errand = Errand(
        inquiry=lambda scout: Surveyor(scout).survey(home),
        root=archive,
        command="publishers add",
        publishers=[candidate],
        named=[home] if own else [],
        settings=config.load(archive),
        log_level=log_level.upper(),
        clock=now,
        tell=lambda line: click.echo(line, err=True),
    )
    return asyncio.run(look(errand))


def _check_slug(slug: str | None) -> None:
    if slug and not is_slug(slug):
        raise click.BadParameter(
            f"{slug!r} is no short name; take small Latin letters, digits, dots and hyphens",
            param_hint="--slug",
        )


def _checked(url: str) -> str:
    """Return the address as a whole one; `https://` is what is meant where nothing is said."""
    whole = url if "://" in url else f"https://{url}"
    wrong = None
    try:
        host = host_of(canonical(whole))
        if "." not in host and ":" not in host and not is_local(host):
            wrong = f"{url!r} is a name, not an address"
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise click.BadParameter(
            f"{wrong}; give the front page's address, e.g. https://example.org/", param_hint="URL"
        )
    return whole if urlsplit(whole).path else f"{whole}/"


def _ensure_new(archive: Path, home: str, slug: str, *, force: bool) -> None:
    """Refuse to follow a newspaper a second time, or to replace a file, without being told to.

    Raises:
        PublisherError: naming what is there, and what to do.
    """
    path = archive / "publishers" / f"{slug}.toml"
    if force:
        return
    if path.is_file():
        raise PublisherError(
            f"{path} is there already; --force replaces it, --slug gives the new one another name"
        )
    for one in load_all(*folders(archive)).values():
        if one.homepage and _place(one.homepage) == _place(home):
            raise PublisherError(
                f"{one.homepage} is known as {one.slug!r}: `warraq publishers check {one.slug}`"
                f" looks at it, `warraq crawl {one.slug}` follows it; to write a file of your own"
                f" that replaces it: --force --slug {one.slug}"
            )
    if (PACKAGED / path.name).is_file():
        raise PublisherError(
            f"another publisher is called {slug!r} (`warraq publishers show {slug}`);"
            " give this one another name with --slug, or replace that one with --force"
        )


def _place(url: str) -> str:
    return canonical(url).partition("://")[2].removeprefix("www.").rstrip("/")


def _write(folder: Path, slug: str, text: str) -> Path:
    """Write a publisher file that is known to be valid, wholly or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug}.toml"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as beside:
        new = Path(beside) / path.name
        new.write_text(text, "utf-8")
        read(new)
        new.replace(path)
    return path
