"""What the crawling commands share: options, the publishers to crawl, a crawl and its summary."""

import asyncio
import sys
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import wraps
from logging import DEBUG
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

import click

from archive.clock import Clock, starting_at, system
from archive.commands.options import F, Number, ProgressLine, columns, moment
from archive.database import ask, open_for_reading
from archive.errors import ArchiveError, NotAnArchive
from archive.models import silent
from archive.runs import Counts, by_clock, clocks
from archive.visits import followed
from crawler import config
from crawler.daterange import Period
from crawler.errors import PublisherError
from crawler.publisher import Publisher, find, load_all

if TYPE_CHECKING:
    from crawler.crawl import Job, Summary

log_level_option = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
    default="warning", show_default=True, metavar="LEVEL",
    help="Log messages from this level up: debug, info, warning or error.",
)  # fmt: skip
_now_option = click.option(
    "--now", metavar="ISO", callback=lambda _context, _option, value: clock_at(value),
    help="Use this as the current time, e.g. 2020-11-12T09:00Z for the demo newspapers.",
)  # fmt: skip
_ASK_NOBODY = {"extract", "import_warc", "repair"}  # and may run by either clock


def now_option(command: F) -> F:
    """Give a command the option --now; it runs only on an archive of the same clock."""

    @wraps(command)
    def run(*, archive: Path, now: Clock, **options: Any) -> Any:
        if (now is not system or command.__name__ not in _ASK_NOBODY) and not options.get("html"):
            refuse_other_clock(archive, now)
        return command(archive=archive, now=now, **options)

    return _now_option(cast("F", run))


def refuse_other_clock(root: Path, clock: Clock) -> None:
    """Keep a clock of its own from an archive that was crawled by the machine's, and vice versa.

    Raises:
        ArchiveError: if `clock` is not the one by which it was crawled.
    """
    used, is_own = ask(root, clocks, otherwise=set[bool](), level=DEBUG), clock is not system
    if used and is_own not in used:
        how, remedy = "with --now, or by `warraq demo`", "give --now again"
        if is_own:
            how, remedy = "by this machine's clock", "omit --now"
        raise ArchiveError(f"{root} was crawled {how}: {remedy}, or name another --archive")


_limit_option = click.option(
    "--limit", type=Number(min=1), metavar="N", help="Fetch at most N articles."
)
_seconds_option = click.option(
    "--seconds", type=Number(min=1), metavar="N",
    help="Start no visit after N seconds; run the command again to continue.",
)  # fmt: skip


class CrawlOptions(TypedDict):
    """The options that `crawl_options` gives a command."""

    limit: NotRequired[int | None]
    seconds: NotRequired[int | None]
    log_level: str
    now: Clock


def crawl_options(command: F) -> F:
    """Give a command the options --limit, --seconds, --log-level and --now."""
    for option in (now_option, log_level_option, _seconds_option, _limit_option):
        command = option(command)
    return command


def clock_at(value: str | None) -> Clock:
    """Return a clock that starts at an ISO 8601 moment (UTC by default), or the machine's.

    Raises:
        click.BadParameter: if it is not such a moment.
    """
    if value is None:
        return system
    at = moment(value)
    if not 1970 < at.year < 2200:
        raise click.BadParameter(f"{value!r} is not of the years 1971 to 2199")
    return starting_at(at)


def folders(root: Path) -> list[Path]:
    """Return the user's own folder of publisher files."""
    return [root / "publishers"]


def chosen(root: Path, slugs: Iterable[str]) -> list[Publisher]:
    """Return the named publishers; with no names, those the archive follows.

    These are `follow` in warraq.toml, or else the archive's own publisher files and the publishers
    it was filled from.

    Raises:
        PublisherError: if one is not known, or there are none.
    """
    settings = config.load(root)
    names = list(dict.fromkeys(slugs)) or list(settings.follow) or _followed(root)
    if not names:
        raise PublisherError(
            f"name the publishers to crawl, e.g. `warraq crawl enabbaladi --archive {root}`: the"
            " archive follows none yet; `warraq publishers list` names them all"
        )
    publishers = [find(name, folders(root)) for name in names]
    return [replace(each, hours=each.hours or settings.hours) for each in publishers]


def _followed(root: Path) -> list[str]:
    own = {path.stem for path in (root / "publishers").glob("*.toml")}
    try:
        with closing(open_for_reading(root)) as db:
            before = followed(db)
    except NotAnArchive:  # none yet, or one that this crawl will bring up to date
        return sorted(own)
    return sorted(own | (before & load_all(*folders(root)).keys()))


class Day(click.ParamType[date]):
    """A day, a month or a year: `2020-11-09`, `2020-11` or `2020`; the first day of it.

    With `last`, the last day of it.
    """

    name = "DATE"

    def __init__(self, *, last: bool = False) -> None:
        self._last = last

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> date:
        parts = value.strip().split("-")
        try:
            year, month, day = map(int, (*parts, *("1", "1", "1")[len(parts) :]))
            if self._last and len(parts) < 3:
                month = month if len(parts) == 2 else 12
                day = monthrange(year, month)[1]
            # There is no year 0: 09-11-20 is not a day of the year 9.
            return date(year if len(parts[0]) == 4 else 0, month, day)
        except ValueError:
            self.fail(f"{value!r} is not a date; write 2020-11-09, 2020-11 or 2020", param, ctx)


def period(since: date | None, until: date | None, *, now: Clock) -> Period:
    """Return the period of two given days.

    Raises:
        click.BadParameter: if it lies in the future, or ends before it begins.
    """
    today: date = datetime.date(now())
    if since and since > today + timedelta(days=1):
        raise click.BadParameter(
            f"{since} is in the future (today is {today}); give a past day", param_hint="--since"
        )
    if since and until and until < since:
        raise click.BadParameter(
            f"{until} is before --since {since}; give a later day", param_hint="--until"
        )
    return Period(since=since, until=until)


def job_of(
    archive: Path, publishers: Iterable[Publisher], command: str, options: CrawlOptions, **more: Any
) -> "Job":
    """Return a job as the archive's warraq.toml, a command's options and `more` want it."""
    from crawler.crawl import Job

    return Job(
        root=archive,
        publishers=list(publishers),
        command=by_clock(command, options["now"]),
        config=config.load(archive),
        log_level=options["log_level"].upper(),
        limit=options.get("limit"),
        seconds=options.get("seconds"),
        clock=options["now"],
        **more,
    )


def carry_out(job: "Job") -> "Summary":
    """Do a job, with a live line while it runs, but in a log; Ctrl-C ends it cleanly."""
    from crawler.crawl import crawl

    with ProgressLine() as line:
        progress = silent if job.with_parent and not sys.stderr.isatty() else line
        return asyncio.run(crawl(job, progress=progress))


def show(summary: "Summary") -> None:
    """Print what a crawl did: the table, the kinds of problems, why some visits were not made."""
    if summary.counts:
        click.echo(table(summary))
    if summary.problems:
        click.echo(f"\n{problems(summary)}")
    for note in summary.notes:
        click.echo(note)


_MOST = 8  # kinds of problems that are shown
_COLUMNS = ("requests", "new", "changed", "unchanged", "problems")


def table(summary: "Summary") -> str:
    """Return the summary as a table: one line per publisher, and their sum."""
    rows: list[tuple[str, ...]] = [("publisher", *_COLUMNS, "MB", "seconds")]
    for name in sorted({counts.publisher for counts in summary.counts}):
        rows.append(_row(name, [each for each in summary.counts if each.publisher == name]))
    if len(rows) > 2:
        rows.append(_row("together", summary.counts, seconds=summary.seconds))
    return columns(rows)


def problems(summary: "Summary") -> str:
    """Return the crawl's problems by publisher and kind, one line each with an example."""
    sums, examples = Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    for publisher, kind, count, example in summary.problems:
        sums[publisher, kind] += count
        examples[publisher, kind] = example
    lines = [
        f"{publisher}: {count} x {kind}, e.g. {examples[publisher, kind]}"
        for (publisher, kind), count in sums.items()
    ]
    return "\n".join([*lines[:_MOST], *(["…"] if len(lines) > _MOST else [])])


def _row(name: str, counts: list[Counts], *, seconds: float | None = None) -> tuple[str, ...]:
    numbers = (str(sum(getattr(each, column) for each in counts)) for column in _COLUMNS)
    received = sum(each.bytes for each in counts) / 1e6
    spent = sum(each.seconds for each in counts) if seconds is None else seconds
    return (name, *numbers, f"{received:,.1f}", f"{spent:,.1f}")
