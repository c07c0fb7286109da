"""`warraq crawl`: fetch everything that is due, once, and print a summary."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.clock import Clock
from archive.commands.options import archive_option, counted
from crawler.commands.options import Day, chosen, limit_option, log_level_option, now_option, period
from crawler.publisher import Publisher

if TYPE_CHECKING:
    from crawler.crawl import Job


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@archive_option
@limit_option
@click.option(
    "--since",
    type=Day(),
    help="Skip links that the listing dates before this day: 2020-11-09, 2020-11 or 2020.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    metavar="N",
    help="Start no visit after N seconds; the rest stays due.",
)
@click.option(
    "--resume",
    multiple=True,
    metavar="SLUG",
    help="Also process this publisher's pending visits, without looking for new articles.",
)
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input does.")
@log_level_option
@now_option
def crawl(
    slugs: tuple[str, ...],
    archive: Path,
    limit: int | None,
    since: date | None,
    seconds: float | None,
    resume: tuple[str, ...],
    with_parent: bool,
    log_level: str,
    now: Clock,
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
    from crawler.commands.crawling import carry_out, tell
    from crawler.turns import SLICE_SECONDS

    wanted = period(since, None, now=now)
    polled = chosen(archive, slugs) if slugs or not resume else []
    resumed = chosen(archive, resume) if resume else []
    job = _job(archive, polled, resumed, log_level=log_level, now=now)
    job = replace(job, limit=limit, seconds=seconds, period=wanted)
    if with_parent:  # the schedule's crawls wait while a walk into the past finishes its slice
        job = replace(job, with_parent=True, patience=SLICE_SECONDS)
    _warn_of_the_empty(polled)
    summary = carry_out(job)
    tell(summary)
    if summary.left:
        click.echo(
            f"{counted(summary.left, 'visit')} still due; run `warraq crawl` again to continue."
        )


def _job(
    archive: Path,
    polled: Iterable[Publisher],
    resumed: Iterable[Publisher],
    *,
    log_level: str,
    now: Clock,
) -> "Job":
    from crawler.commands.crawling import job_of

    publishers = {one.slug: one for one in (*polled, *resumed)}
    command = " ".join(["crawl", *publishers])
    job = job_of(archive, publishers.values(), command=command, log_level=log_level, now=now)
    return replace(job, poll=frozenset(one.slug for one in polled))


def _warn_of_the_empty(polled: Iterable[Publisher]) -> None:
    from crawler.frontier import entry_points

    for one in polled:
        if not entry_points(one):
            click.echo(f"{one.slug}: its file names neither a listing nor a homepage", err=True)
