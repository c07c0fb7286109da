"""Commands that fetch what publishers list: `warraq crawl`, `backfill` and `watch`."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from archive.articles import days_of
from archive.clock import Clock, system
from archive.commands.options import (
    ExitCode,
    counted,
    log_file_option,
    new_archive_option,
    stopped,
)
from archive.database import PRIVATE, ask, open_for_reading
from archive.service import open_log
from archive.visits import watched as watched_visits
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
    period,
    refuse_other_clock,
    show,
)
from crawler.errors import PublisherError
from crawler.publisher import Owners, Publisher, find, load_all

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
@click.option("--watched", is_flag=True, hidden=True, help="Visit watched pages that are due.")
@crawl_options
def crawl(
    slugs: tuple[str, ...],
    archive: Path,
    since: date | None,
    resume: tuple[str, ...],
    failed: bool,
    with_parent: bool,
    watched: bool,
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
    polled = chosen(archive, slugs) if slugs or not (resume or watched) else []
    resumed = chosen(archive, resume) if resume else []
    publishers = {each.slug: each for each in (*polled, *resumed)}
    wanted["poll"] = frozenset(each.slug for each in polled)
    wanted |= _watched(archive, publishers, now=options["now"]()) if watched else {}
    if with_parent:  # the schedule's crawls wait while a backfill finishes its slice
        wanted |= {"with_parent": True, "patience": SLICE_SECONDS}
    command = " ".join(["crawl", *publishers])
    show(summary := carry_out(job_of(archive, publishers.values(), command, options, **wanted)))
    _alert(archive, options["now"], is_child=with_parent)
    _conclude(summary, again="run `warraq crawl` again to continue", is_child=with_parent)


def _watched(archive: Path, publishers: dict[str, Publisher], *, now: datetime) -> dict[str, Any]:
    """Return as a job's arguments the watched visits that are due; their publishers are added."""
    with closing(open_for_reading(archive)) as db:
        visits = watched_visits(db, now=now)
    owners = Owners(load_all(*folders(archive)).values())
    for key, slug in visits:
        publishers[slug] = owners.by_slug.get(slug) or replace(owners.of(key), slug=slug)
    return {"addresses": visits, "asked": False}


def _alert(archive: Path, clock: Clock, *, is_child: bool) -> None:
    """Send what the owner is to hear, unless `watch` does."""
    from crawler.alerts import Alerts

    if not is_child and (own := config.load(archive)).alerts.ways:
        Alerts(archive, own, clock=clock).look()


def _conclude(summary: "Summary", *, again: str, is_child: bool = False) -> None:
    """Say what is still due; a crawl that reached nothing is an error, but for a schedule's.

    One whose proxy failed is in any case: `watch` waits before the next. One of a schedule's ends
    with 3 then: `watch` says so once.
    """
    if summary.left:
        then = "the next run continues" if is_child else again
        click.echo(f"{counted(summary.left, 'visit')} still due; {then}.")
    if summary.stopped and not is_child:
        stopped()
    if summary.reached_nothing and not is_child:
        click.echo("Nothing was reached.", err=True)
        raise SystemExit(ExitCode.FAILED)
    if summary.unable:
        raise SystemExit(ExitCode.FAILED)
    if summary.reached_nothing:
        raise SystemExit(ExitCode.INCOMPLETE)


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
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@new_archive_option
@log_level_option
@log_file_option
def watch(slugs: tuple[str, ...], archive: Path, log_level: str, log_file: Path | None) -> None:
    """Crawl on a schedule until stopped.

    Crawls the publishers SLUG…, or those that warraq.toml in the archive's folder follows, every 15
    minutes or as that file says. Cron expressions are in UTC. Ctrl-C and SIGTERM end it cleanly.
    At night, while nothing is due, it does `warraq upkeep`. A full disk or a lost network is logged
    once, and it goes on by itself when that is over.

    \b
    warraq watch enabbaladi aawsat
    warraq watch                           also of pages saved with --watch-for
    warraq watch --archive ~/news          with this in ~/news/warraq.toml:

    \b
    follow = ["enabbaladi", "aawsat"]      # publishers, when no SLUG is given
    contact = "https://example.org/about"  # sent to publishers
    every = "15m"                          # or: cron = "*/10 6-23 * * *"
    [publishers.aawsat]
    every = "1h"
    """
    from crawler.commands.doctor import log_warnings
    from crawler.watch import Watch

    open_log(log_level, log_file)
    refuse_other_clock(archive, system)
    settings = config.load(archive)
    publishers = _to_watch(archive, slugs)
    for slug in settings.schedules:  # a misspelt [publishers.SLUG] would never come true
        find(slug, folders(archive))
    archive.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    log_warnings(archive)
    watch = Watch(archive, publishers, settings, log_level=log_level.upper())
    watch.due()  # which refuses an archive of another version
    names = ", ".join(publisher.slug for publisher in publishers) or "saved pages"
    click.echo(f"Watching {names} into {archive}; press Ctrl-C to stop.")
    if asyncio.run(watch.run()) == signal.SIGINT:  # SIGTERM is how a service ends
        raise SystemExit(ExitCode.INTERRUPTED)


def _to_watch(archive: Path, slugs: Sequence[str]) -> list[Publisher]:
    """Return the publishers to watch; none where only saved pages are.

    Raises:
        PublisherError: if one is not known, or there is nothing at all to watch.
    """
    try:
        return chosen(archive, slugs)
    except PublisherError:
        some = partial(watched_visits, now=system(), due=False)
        if slugs or not ask(archive, some, otherwise=list[tuple[str, str]]()):
            raise
        return []
