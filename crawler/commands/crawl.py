"""Commands that fetch: `warraq crawl`, `backfill`, `save` and `watch`."""

import asyncio
import logging
import signal
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from archive.article_rows import withheld
from archive.articles import days_of
from archive.clock import system
from archive.commands.options import ExitCode, counted, new_archive_option, stopped
from archive.database import PRIVATE, open_for_reading
from archive.session import Beginning
from archive.urls import identity_key
from archive.visits import standing
from crawler import config
from crawler.commands.options import (
    CrawlOptions,
    Day,
    carry_out,
    chosen,
    crawl_options,
    folders,
    job_of,
    log_level_option,
    now_option,
    period,
    refuse_other_clock,
    show,
)
from crawler.errors import PublisherError
from crawler.publisher import Owners, find, load_all

if TYPE_CHECKING:
    from crawler.crawl import Summary


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@new_archive_option
@click.option(
    "--since", type=Day(),
    help="Skip links that the listing dates before this day: 2020-11-09, 2020-11 or 2020.",
)  # fmt: skip
@click.option(
    "--resume", multiple=True, metavar="SLUG",
    help="Also process this publisher's pending visits, without looking for new articles.",
)  # fmt: skip
@click.option("--failed", is_flag=True, help="Also retry failed visits, even those given up.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input does.")
@crawl_options
def crawl(
    slugs: tuple[str, ...],
    archive: Path,
    since: date | None,
    resume: tuple[str, ...],
    failed: bool,
    with_parent: bool,
    **options: Unpack[CrawlOptions],
) -> None:
    """Fetch what is new of the publishers SLUG…, once.

    Reads their feeds, sitemaps and sections, fetches what is new, visits known articles again when
    they are due (an edit is kept as a revision), and prints a summary. Without SLUG, it crawls the
    publishers that this archive follows; `warraq publishers list` shows all that are available.
    Ctrl-C finishes the pages in progress; press it again to stop at once. Neither loses data.

    \b
    warraq crawl enabbaladi                     into ./warraq-archive
    warraq crawl enabbaladi --limit 20          a first taste
    warraq crawl enabbaladi --since 2020-11     newer articles; `warraq backfill` gets the rest
    warraq crawl --archive ~/news               everything that this archive follows
    """
    from crawler.workers import start_forkserver

    start_forkserver()  # first of all: it imports the workers' libraries while we import ours
    from crawler.turns import SLICE_SECONDS

    wanted: dict[str, Any] = {"period": period(since, None, now=options["now"]), "failed": failed}
    polled = chosen(archive, slugs) if slugs or not resume else []
    resumed = chosen(archive, resume) if resume else []
    publishers = {each.slug: each for each in (*polled, *resumed)}
    wanted["poll"] = frozenset(each.slug for each in polled)
    if with_parent:  # the schedule's crawls wait while a backfill finishes its slice
        wanted |= {"with_parent": True, "patience": SLICE_SECONDS}
    command = " ".join(["crawl", *publishers])
    summary = carry_out(job_of(archive, publishers.values(), command, options, **wanted))
    show(summary)
    again = "the next run continues" if with_parent else "run `warraq crawl` again to continue"
    _conclude(summary, again=again, is_child=with_parent)


def _conclude(summary: "Summary", *, again: str, is_child: bool = False) -> None:
    """Say what is still due; a crawl that reached nothing is an error, but for a schedule's.

    One whose proxy failed is in any case: `watch` waits before the next.
    """
    if summary.left:
        click.echo(f"{counted(summary.left, 'visit')} still due; {again}.")
    if summary.stopped and not is_child:
        stopped()
    if summary.reached_nothing and not is_child:
        click.echo("Nothing was reached.", err=True)
        raise SystemExit(ExitCode.FAILED)
    if summary.unable:
        raise SystemExit(ExitCode.FAILED)


@click.command()
@click.argument("slug")
@click.option(
    "--since", type=Day(), required=True, help="Go back to this day: 2020-11-09, 2020-11 or 2020."
)
@click.option("--until", type=Day(last=True), help="Start from this day (default: today).")
@new_archive_option
@crawl_options
def backfill(
    slug: str, since: date, until: date | None, archive: Path, **options: Unpack[CrawlOptions]
) -> None:
    """Archive a publisher's past, newest first.

    It uses the WordPress REST API where the publisher's file names it (api = […]), month by month;
    otherwise the sitemaps and the further pages of the sections; otherwise whichever of these the
    front page and robots.txt announce. A feed alone does not reach into the past.

    It is as slow as is polite. Stop it at any time (Ctrl-C) and run it again to continue. It can
    run alongside `warraq watch`; new articles wait at most a minute. Running it again does not
    fetch anything twice.

    \b
    warraq backfill enabbaladi --since 2020-11-01
    warraq backfill enabbaladi --since 2019 --until 2019     that year
    warraq backfill enabbaladi --since 2011 --limit 500      five hundred more
    """
    from crawler.frontier import ways_back

    until = until or options["now"]().date()
    wanted = period(since, until, now=options["now"])
    publishers = chosen(archive, [slug])
    if not ways_back(publishers[0], wanted):
        raise PublisherError(
            f"{slug}: nothing leads into its past; its file needs api, sitemaps or sections,"
            ' e.g. api = ["https://example.org/wp-json/wp/v2/posts"] for a WordPress site'
        )
    job = job_of(archive, publishers, f"backfill {slug}", options, period=wanted, back=True)
    summary = carry_out(job)
    show(summary)
    with closing(open_for_reading(archive)) as db:
        days = days_of(db, slug, since=since, until=until)
    if days:
        count, first, last = days
        click.echo(f"The archive has {counted(count, 'article')} of {slug} from {first} to {last}.")
    else:
        click.echo(f"The archive has no articles of {slug} from {since} to {until}.")
    _conclude(summary, again="run the same command to continue")


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="URL…|FILE")
@new_archive_option
@log_level_option
@now_option
def save(addresses: tuple[str, ...], archive: Path, **options: Unpack[CrawlOptions]) -> None:
    """Archive single pages: URLs, or files that list them.

    A file (`-` for standard input) has one URL per line; empty lines and lines that begin with #
    are skipped, lines that are no address are reported. The page is fetched, its bytes are kept,
    its text is extracted and indexed. The publisher need not be known.

    \b
    warraq save https://www.enabbaladi.net/429483
    warraq save links.txt --archive ~/news
    grep -o 'https://[^ ]*' notes.txt | warraq save -
    """
    read = [_urls(given) for given in addresses]
    urls = list(dict.fromkeys(url for good, _ in read for url in good))
    bad = [line for _, lines in read for line in lines]
    for line in bad if urls else ():
        click.echo(line, err=True)
    if not urls:
        raise click.UsageError("; ".join(bad[:1]) or "the input contains no address")
    begun = Beginning(archive)
    owners = Owners(load_all(*folders(archive)).values())
    publishers = {url: owners.of(url) for url in urls}
    each_once = {publisher.slug: publisher for publisher in publishers.values()}
    visits = [(url, publisher.slug) for url, publisher in publishers.items()]
    summary = carry_out(job_of(archive, each_once.values(), "save", options, addresses=visits))
    for note in summary.notes:
        click.echo(note)
    saved = [_report(archive, url) for url in urls]
    begun.take_back(now=options["now"]())
    if summary.stopped:
        stopped()
    if bad or not all(saved):
        raise SystemExit(ExitCode.INCOMPLETE)


def _urls(given: str) -> tuple[list[str], list[str]]:
    """Return the address that was given, or those in the file of that name; and its bad lines."""
    lines = [given]
    if "://" not in given:
        try:
            with click.open_file(given, encoding="utf-8-sig") as file:
                lines = [line.strip() for line in file]
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text in UTF-8"
            raise click.UsageError(
                f"{given!r} is neither a URL (https://…) nor a file that can be read: {why}"
            ) from error
    urls, bad = list[str](), list[str]()
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#"):
            try:
                identity_key(line)
                urls.append(line)
            except ValueError as error:
                if line == given:
                    raise click.UsageError(f"{given}: {error}") from error
                bad.append(f"{given}, line {number}: {error}")
    return urls, bad


def _report(archive: Path, url: str) -> bool:
    """Print what became of an address; return whether it is an article now."""
    with closing(open_for_reading(archive)) as db:
        now = standing(db, url)
        hidden = withheld(db, url)
    if hidden:
        kind, detail = "withheld", f"article {hidden[0]} is withheld since {hidden[1][:10]}"
    elif now is None or now.state == "due":
        kind, detail = "not-visited", "it was not visited; run the command again"
    elif now.article is None or now.state != "done":
        kind = now.problem or "no-article"
        detail = now.detail or "no article was recognised on this page"
    else:
        title = now.title or "without a title"
        click.echo(f"{url}\n  article {now.article}: {title} ({now.words} words)")
        return True
    click.echo(f"{url}\n  not archived as an article: {detail} ({kind})")
    return False


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@new_archive_option
@log_level_option
def watch(slugs: tuple[str, ...], archive: Path, log_level: str) -> None:
    """Crawl on a schedule until stopped.

    Crawls the publishers SLUG…, or those that warraq.toml in the archive's folder follows, every 15
    minutes or as that file says. Cron expressions are in UTC. Ctrl-C and SIGTERM end it cleanly.

    \b
    warraq watch enabbaladi aawsat
    warraq watch --archive ~/news          with this in ~/news/warraq.toml:

    \b
    follow = ["enabbaladi", "aawsat"]      # publishers, when no SLUG is given
    contact = "https://example.org/about"  # sent to publishers
    every = "15m"                          # or: cron = "*/10 6-23 * * *"
    [publishers.aawsat]
    every = "1h"
    """
    from crawler.watch import Watch

    logging.basicConfig(level=log_level.upper())
    refuse_other_clock(archive, system)
    publishers = chosen(archive, slugs)
    settings = config.load(archive)
    for slug in settings.schedules:  # a misspelt [publishers.SLUG] would never come true
        find(slug, folders(archive))
    archive.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    watch = Watch(archive, publishers, settings, log_level=log_level.upper())
    watch.due()  # which refuses an archive of another version
    names = ", ".join(publisher.slug for publisher in publishers)
    click.echo(f"Watching {names} into {archive}; press Ctrl-C to stop.")
    if asyncio.run(watch.run()) == signal.SIGINT:  # SIGTERM is how a service ends
        raise SystemExit(ExitCode.INTERRUPTED)
