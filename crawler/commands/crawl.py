"""`warraq crawl`: everything that is due, once, with a summary."""

import asyncio
from datetime import date
from pathlib import Path

import click

from archive.clock import Clock
from archive.commands.options import archive_option
from crawler import config
from crawler.commands.days import Day, period
from crawler.commands.options import chosen, log_level_option, now_option


@click.command()
@click.argument("slugs", nargs=-1, metavar="[SLUG]…")
@archive_option
@click.option("--limit", type=click.IntRange(min=1), help="Fetch at most this many articles.")
@click.option(
    "--since",
    type=Day(),
    help="Follow no link that its listing dates before this day: 2020-11-09, 2020-11 or 2020.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    help="Begin no visit after this time; the rest stays due.",
)
@click.option(
    "--resume",
    multiple=True,
    metavar="SLUG",
    help="Work off what is due of this publisher too, without looking for new articles.",
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
    """Visit everything that is due of the publishers SLUG…, once.

    Looks at their feeds, sitemaps and sections, fetches what is new, looks again at articles whose
    time has come, and ends with a summary. Without SLUG: the publishers this archive follows.
    Ctrl-C finishes what is in hand; a second Ctrl-C ends at once. Neither loses anything.

    \b
    warraq crawl enabbaladi                     into ./warraq-archive
    warraq crawl enabbaladi --limit 20          a first taste
    warraq crawl enabbaladi --since 2020-11     what is newer; `warraq backfill` gets the rest
    warraq crawl --archive ~/news               everything followed there
    """  # noqa: D301 - click wants the character
    from crawler.forking import start_forkserver

    start_forkserver()  # first of all: it imports the workers' libraries while we import ours
    from crawler.commands.summary import Live, problems, table
    from crawler.crawl import SLICE_SECONDS, Job
    from crawler.crawl import crawl as run
    from crawler.wiring import entry_points

    wanted = period(since, None, now=now)
    polled = chosen(archive, slugs) if slugs or not resume else []
    publishers = {one.slug: one for one in (*polled, *(chosen(archive, resume) if resume else ()))}
    settings = config.load(archive)
    archive.mkdir(parents=True, exist_ok=True)
    job = Job(
        root=archive,
        publishers=list(publishers.values()),
        command=" ".join(["crawl", *publishers]),
        poll=frozenset(one.slug for one in polled),
        limit=limit,
        seconds=seconds,
        contact=settings.contact,
        proxy=settings.proxy,
        caps=settings.caps,
        log_level=log_level.upper(),
        with_parent=with_parent,
        period=wanted,
        # The schedule's crawls wait while a walk into the past finishes its slice.
        patience=SLICE_SECONDS if with_parent else 0.0,
        clock=now,
    )
    for one in polled:
        if not entry_points(one):
            click.echo(
                f"{one.slug}: its file names neither a listing nor a homepage to look at", err=True
            )
    live = Live()
    summary = asyncio.run(run(job, progress=live))
    live.end()
    click.echo(table(summary))
    if summary.problems:
        click.echo(f"\n{problems(summary)}")
    for note in summary.notes:
        click.echo(note)
    if summary.left:
        click.echo(f"{summary.left} visits are still due; `warraq crawl` goes on with them.")
