"""`warraq save`: archive single pages."""

from dataclasses import replace
from pathlib import Path

import click

from archive.beginning import Beginning
from archive.clock import Clock
from archive.commands.options import archive_option
from archive.database import open_for_reading
from archive.urls import host_of, identity_key
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
    kept = [_tell(archive, url) for url in urls]
    begun.take_back(now=now())
    if not all(kept):
        raise SystemExit(1)


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


def _tell(archive: Path, url: str) -> bool:
    """Print what became of an address; return whether it is an article now."""
    db = open_for_reading(archive)
    row = db.execute(
        "select v.url, v.state, a.id, a.title, a.words from visits v"
        " left join articles a on a.id = v.article where v.key = ?",
        (identity_key(url),),
    ).fetchone()
    asked, state, article, title, words = row or (url, "due", None, None, 0)
    problem = db.execute(
        "select kind, detail from problems where url = ? order by id desc limit 1", (asked,)
    ).fetchone()
    db.close()
    if article is not None and state == "done":
        click.echo(f"{url}\n  article {article}: {title or 'without a title'} ({words} words)")
        return True
    if state == "due":
        problem = ("not-visited", "it was not visited; run the command again")
    kind, detail = problem or ("no-article", "no article was recognised on this page")
    click.echo(f"{url}\n  not archived as an article: {detail} ({kind})")
    return False
