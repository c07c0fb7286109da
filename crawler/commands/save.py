"""`warraq save`: archive single pages."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from archive.clock import Clock
from archive.commands.options import ExitCode, archive_option
from archive.database import open_for_reading
from archive.session import Beginning
from archive.urls import host_of, identity_key
from archive.visits import Standing, standing
from crawler.commands.options import folders, log_level_option, now_option
from crawler.publisher import Publisher, load_all


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="URL…|FILE")
@archive_option
@log_level_option
@now_option
def save(addresses: tuple[str, ...], archive: Path, log_level: str, now: Clock) -> None:
    """Archive single pages: URLs, or files that list them.

    A file (`-` for standard input) has one URL per line; empty lines and lines that begin with #
    are skipped. The page is fetched, its bytes are kept, its text is extracted and indexed. The
    publisher need not be known.

    \b
    warraq save https://www.enabbaladi.net/429483
    warraq save links.txt --archive ~/news
    grep -o 'https://[^ ]*' notes.txt | warraq save -
    """
    from crawler.commands.crawling import carry_out, job_of

    urls = list(dict.fromkeys(url for given in addresses for url in _urls(given)))
    if not urls:
        raise click.UsageError("there is no address in the input")
    begun = Beginning(archive)
    publishers = _publishers(archive, urls)
    known = {one.slug: one for one in publishers.values()}.values()
    job = job_of(archive, known, command="save", log_level=log_level, now=now)
    asked = [(url, one.slug) for url, one in publishers.items()]
    summary = carry_out(replace(job, addresses=asked))
    for note in summary.notes:
        click.echo(note)
    kept = [_report(archive, url) for url in urls]
    begun.take_back(now=now())
    if not all(kept):
        raise SystemExit(ExitCode.FAILED)


def _urls(given: str) -> list[str]:
    if given.lower().startswith(("http://", "https://")):
        return [_checked(given, where=given)]
    if "://" in given:
        raise click.UsageError(f"{given!r} is not an http or https URL")
    try:
        with click.open_file(given, encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(
            f"{given!r} is neither an http(s) URL nor a readable file: {error}"
        ) from error
    return [
        _checked(line, where=f"{given}, line {number}")
        for number, line in enumerate(lines, 1)
        if line and not line.startswith("#")
    ]


def _checked(url: str, *, where: str) -> str:
    try:
        identity_key(url)
    except ValueError as error:
        raise click.UsageError(f"{where}: {error}") from error
    return url


def _publishers(archive: Path, urls: list[str]) -> dict[str, Publisher]:
    by_host = {
        host.removeprefix("www."): one
        for one in load_all(*folders(archive)).values()
        for host in one.hosts
    }
    return {url: by_host.get(host_of(url)) or Publisher.of_url(url) for url in urls}


def _report(archive: Path, url: str) -> bool:
    """Print what became of an address; return whether it is an article now."""
    with closing(open_for_reading(archive)) as db:
        now = standing(db, url) or Standing(state="due")
    if now.article is not None and now.state == "done":
        title = now.title or "without a title"
        click.echo(f"{url}\n  article {now.article}: {title} ({now.words} words)")
        return True
    kind, detail = now.problem or ("no-article", "no article was recognised on this page")
    if now.state == "due":
        kind, detail = "not-visited", "it was not visited; run the command again"
    click.echo(f"{url}\n  not archived as an article: {detail} ({kind})")
    return False
