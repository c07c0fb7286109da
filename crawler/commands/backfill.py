"""`warraq backfill`: walks the past of a publisher, newest first."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from archive.clock import Clock
from archive.commands.options import archive_option
from archive.database import open_for_reading
from crawler.commands.days import Day, period
from crawler.commands.options import chosen, limit_option, log_level_option, now_option
from crawler.daterange import Period
from crawler.errors import PublisherError
from crawler.publisher import Publisher


@click.command()
@click.argument("slug")
@click.option(
    "--since", type=Day(), required=True, help="Walk back to this day: 2020-11-09, 2020-11 or 2020."
)
@click.option("--until", type=Day(last=True), help="Begin on this day; today by default.")
@archive_option
@limit_option
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    metavar="N",
    help="Begin no visit after N seconds; the same command goes on later.",
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
    """Fetch what the publisher SLUG printed in the past.

    It goes from new to old. The way back is WordPress's interface where the publisher's file names
    it (api = […]), by month; else its sitemaps and the further pages of its sections; else whatever
    of these its front page and robots.txt announce. A feed alone leads nowhere back.

    It is as slow as is polite, and can be stopped at any time (Ctrl-C): the same command goes on
    where it was. `warraq watch` takes turns with it, so the news do not wait longer than a minute.
    What is asked for again is not fetched again.

    \b
    warraq backfill enabbaladi --since 2020-11-01
    warraq backfill enabbaladi --since 2019 --until 2019     that year
    warraq backfill enabbaladi --since 2011 --limit 500      five hundred more of it
    """  # noqa: D301 - click wants the character
    from crawler.commands.crawling import carry_out, job_of, tell

    wanted = period(since, until or now().date(), now=now)
    one = _with_a_way_back(archive, slug, wanted)
    job = job_of(archive, [one], command=f"backfill {slug}", log_level=log_level, now=now)
    summary = carry_out(replace(job, limit=limit, seconds=seconds, period=wanted, back=True))
    tell(summary)
    click.echo(_reached(archive, slug, since, wanted.until or since))
    if summary.left:
        click.echo(f"{summary.left} visits are left; the same command goes on with them.")


def _with_a_way_back(archive: Path, slug: str, wanted: Period) -> Publisher:
    """Return the publisher, if anything may lead into its past.

    Raises:
        PublisherError: if it is not known, or nothing does.
    """
    from crawler.frontier import ways_back

    (one,) = chosen(archive, [slug])
    if not ways_back(one, wanted):
        raise PublisherError(
            f"{slug}: there is no way back; give its file api, sitemaps, sections or a homepage,"
            ' e.g. api = ["https://example.org/wp-json/wp/v2/posts"] for a WordPress site'
        )
    return one


def _reached(archive: Path, slug: str, since: date, until: date) -> str:
    """Return in words what the archive has of a publisher's days."""
    with closing(open_for_reading(archive)) as db:
        count, first, last = db.execute(
            "select count(*), min(published_on), max(published_on) from articles"
            " where publisher = ? and published_on between ? and ?",
            (slug, since.isoformat(), until.isoformat()),
        ).fetchone()
    if not count:
        return f"The archive has no article of {slug} from {since} to {until}."
    return f"The archive has {count} articles of {slug} from {first} to {last}."
