"""`warraq demo`: crawl, archive and serve fictional newspapers on this machine alone."""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from archive import runs
from archive.commands.options import Number, archive_in, port_option, stopped
from archive.database import PRIVATE, ask
from archive.errors import ArchiveError
from archive.reading import Archive

if TYPE_CHECKING:
    from crawler.crawl import Summary
    from fixtures import Newsstand

PORTS = range(8791, 9791, 100)  # of the first newspaper; a second demo takes the same again
_STEP = timedelta(hours=12)  # of the newspapers' time, between two crawls
_LOOK_SECONDS = 0.1  # between two looks whether there is something to read


@click.command()
@archive_in("warraq-demo")
@click.option(
    "--days", type=Number(1, 60), metavar="N", default=9, show_default=True,
    help="Days of the newspapers' time; 1 is one crawl of three of them.",
)  # fmt: skip
@click.option(
    "--articles", type=Number(20, 100_000), metavar="N", default=60, show_default=True,
    help="How many are there on the first day."
)  # fmt: skip
@click.option(
    "--seed", type=int, metavar="N", default=1, show_default=True,
    help="Another seed makes other news."
)  # fmt: skip
@port_option
@click.option("--no-serve", is_flag=True, help="Only crawl and print the summary.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input does.")
def demo(
    archive: Path, days: int, articles: int, seed: int, port: int, no_serve: bool, with_parent: bool
) -> None:
    """Follow six fictional newspapers, and serve the archive.

    Nine days of theirs fill it within a minute, while you read: articles appear, are edited,
    vanish, and are reprinted by others. Nothing leaves this machine. The newspapers live in
    November 2020 and are the same for the same --seed; run it again and it goes on where it was.

    \b
    warraq demo
    warraq demo --days 1
    warraq demo --articles 500 --seed 7 --archive other-demo
    warraq search --archive warraq-demo 'وزير'
    """
    from archive.site.server import listen, run_server
    from crawler.commands import options
    from fixtures import ALL, Newsstand

    options.refuse_other_clock(archive, options.clock_at("2020-11-12T09:00Z"))
    if not no_serve and days > 1:
        words = ["--days", days, "--articles", articles, "--seed", seed]
        with listen("127.0.0.1", port) as listener, _crawling(archive, list(map(str, words))):
            run_server(archive, listener, on_ready=partial(_invite, archive))
        return
    newsstand = Newsstand(articles=articles, seed=seed, papers=ALL if days > 1 else ALL[:3])
    with (
        nullcontext() if no_serve else listen("127.0.0.1", port) as listener,
        _served(newsstand, archive),
    ):
        is_stopped = _follow(newsstand, archive, days=days, with_parent=with_parent)
        if with_parent:
            with contextlib.suppress(KeyboardInterrupt):
                sys.stdin.read()  # the newspapers answer as long as the archive is served
        elif is_stopped:
            stopped()
        elif listener:
            run_server(archive, listener, on_ready=partial(_invite, archive))


@contextlib.contextmanager
def _crawling(archive: Path, words: list[str]) -> Iterator[None]:
    """Crawl in another process, which ends with this one; begin when there is an article."""
    command = [sys.executable, "-m", "crawler", "demo", "--archive", str(archive), *words]
    command += ["--no-serve", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as crawling:  # noqa: S603 - our own
        while crawling.poll() is None and not _has_articles(archive):
            time.sleep(_LOOK_SECONDS)
        if crawling.returncode:
            raise SystemExit(crawling.returncode)  # it has said why
        yield  # leaving closes its standard input and waits for it


def _has_articles(archive: Path) -> bool:
    try:
        with Archive(archive) as read:
            return any(read.articles())
    except ArchiveError:
        return False


def _follow(newsstand: "Newsstand", archive: Path, *, days: int, with_parent: bool) -> bool:
    """Crawl every twelve hours until the days are over; return whether it was stopped before."""
    from crawler.commands import options

    own: options.CrawlOptions = {"log_level": "WARNING", "now": newsstand.clock}
    ends_at = newsstand.now() + timedelta(days=days - 1)
    archive.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    newsstand.write_publishers(archive)
    slugs = list(newsstand.papers)
    before = ask(archive, runs.last_at, otherwise=None)
    newsstand.advance(max((before or newsstand.now()) - newsstand.now(), timedelta()))
    papers, poll = options.chosen(archive, slugs), frozenset(slugs)
    job = options.job_of(archive, papers, "demo", own, poll=poll, with_parent=with_parent)
    total = options.carry_out(job)
    while newsstand.now() < ends_at and not total.stopped:
        newsstand.advance(_STEP)
        more = options.carry_out(job)
        total.counts += more.counts
        total.problems += more.problems
        total.seconds += more.seconds
        total.stopped = more.stopped
        click.echo(_line(newsstand.now(), more))
    options.show(total)
    return total.stopped


def _line(now: datetime, summary: "Summary") -> str:
    new, changed = (
        sum(getattr(one, name) for one in summary.counts) for name in ("new", "changed")
    )
    return f"{now:%F %H:%M}  {new} new articles, {changed} changed"


@contextlib.contextmanager
def _served(newsstand: "Newsstand", archive: Path) -> Iterator[None]:
    """Serve the newspapers where this archive knows them, or on the first ports that are free."""
    from crawler.publisher import read
    from fixtures import serve

    known = archive / "publishers" / f"{next(iter(newsstand.papers))}.toml"
    again = urlsplit(read(known).homepage or "").port if known.is_file() else None
    with contextlib.ExitStack() as serving:
        for first in [again] if again else PORTS:
            try:
                serving.enter_context(serve(newsstand, port=first))
                break
            except OSError as error:
                taken = error
        else:
            raise click.ClickException(
                f"the demo newspapers cannot be served: {taken}; is another demo running?"
                " Another --archive uses other ports."
            )
        yield


def _invite(archive: Path, address: str) -> None:
    called = sys.argv[0]  # its path, where the shell does not find the program by its name
    program = "warraq" if Path(called).name != "warraq" or shutil.which("warraq") else called
    click.echo(f"\nRead {archive} at {address}  (press Ctrl-C to stop)")
    click.echo(f"Crawl a real newspaper: {program} crawl enabbaladi --limit 20")
