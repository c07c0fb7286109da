"""`warraq demo`: crawl, archive and serve fictional newspapers on this machine alone."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from archive.commands.options import Number, archive_in, port_option
from archive.database import PRIVATE

if TYPE_CHECKING:
    from fixtures import Newsstand

PORTS = range(8791, 9791, 100)  # of the first newspaper; a second demo takes the same again


@click.command()
@archive_in("warraq-demo")
@click.option(
    "--articles", type=Number(20, 100_000), metavar="N", default=60, show_default=True,
    help="How many."
)  # fmt: skip
@click.option(
    "--seed", type=int, metavar="N", default=1, show_default=True,
    help="Another seed makes other news."
)  # fmt: skip
@port_option
@click.option("--no-serve", is_flag=True, help="Only crawl and print the summary.")
def demo(archive: Path, articles: int, seed: int, port: int, no_serve: bool) -> None:
    """Crawl and serve three fictional Arabic newspapers.

    Nothing leaves this machine. The newspapers live in November 2020 and are the same for the same
    --seed; run it again and the crawl finds nothing new.

    \b
    warraq demo
    warraq demo --articles 500 --seed 7 --archive other-demo
    warraq search --archive warraq-demo 'وزير'
    """
    from archive.site.server import run_server
    from crawler.commands.options import CrawlOptions, carry_out, chosen, job_of, show
    from fixtures import Newsstand

    newsstand = Newsstand(articles=articles, seed=seed)
    with _served(newsstand, archive):
        archive.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        newsstand.write_publishers(archive)
        slugs = list(newsstand.papers)
        publishers = chosen(archive, slugs)
        options: CrawlOptions = {"log_level": "WARNING", "now": newsstand.clock}
        job = job_of(archive, publishers, "demo", options, poll=frozenset(slugs))
        summary = carry_out(job)
        show(summary)
        if no_serve or summary.stopped:
            return
        run_server(archive, port=port, on_ready=lambda address: _invite(archive, address))


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
