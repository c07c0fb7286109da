"""`warraq backfill`: archive a publisher's past, newest first."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from archive.articles import days_of
from archive.clock import Clock
from archive.commands.options import archive_option, counted
from archive.database import open_for_reading
from crawler.commands.options import Day, chosen, limit_option, log_level_option, now_option, period
from crawler.daterange import Period
from crawler.errors import PublisherError
from crawler.publisher import Publisher


@click.command()
@click.argument("slug")
@click.option(
    "--since", type=Day(), required=True, help="Go back to this day: 2020-11-09, 2020-11 or 2020."
)
@click.option("--until", type=Day(last=True), help="Start from this day (default: today).")
@archive_option
@limit_option
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    metavar="N",
    help="Start no visit after N seconds; run the command again to continue.",
)
@log_level_option
@now_option
def backfill(
    slug: str,
    since: date,
    until: date | None,
    archive: Path,
    limit: int | None,
    seconds: float | None,
    log_level: str,
    now: Clock,
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
    from crawler.commands.crawling import carry_out, job_of, tell

    wanted = period(since, until or now().date(), now=now)
    one = _with_a_way_back(archive, slug, wanted)
    job = job_of(archive, [one], command=f"backfill {slug}", log_level=log_level, now=now)
    summary = carry_out(replace(job, limit=limit, seconds=seconds, period=wanted, back=True))
    tell(summary)
    click.echo(_reached(archive, slug, since, wanted.until or since))
    if summary.left:
        click.echo(f"{counted(summary.left, 'visit')} left; run the same command to continue.")


def _with_a_way_back(archive: Path, slug: str, wanted: Period) -> Publisher:
    """Return the publisher, if anything may lead into its past.

    Raises:
        PublisherError: if it is not known, or nothing does.
    """
    from crawler.frontier import ways_back

    (one,) = chosen(archive, [slug])
    if not ways_back(one, wanted):
        raise PublisherError(
            f"{slug}: nothing leads into its past; its file needs api, sitemaps or sections,"
            ' e.g. api = ["https://example.org/wp-json/wp/v2/posts"] for a WordPress site'
        )
    return one


def _reached(archive: Path, slug: str, since: date, until: date) -> str:
    """Return in words what the archive has of a publisher's days."""
    with closing(open_for_reading(archive)) as db:
        days = days_of(db, slug, since=since, until=until)
    if days is None:
        return f"The archive has no articles of {slug} from {since} to {until}."
    count, first, last = days
    return f"The archive has {counted(count, 'article')} of {slug} from {first} to {last}."
