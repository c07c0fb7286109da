"""`warraq demo`: fictional newspapers, crawled, archived and served on this machine alone."""

import asyncio
from pathlib import Path

import click

NEWSPAPERS_PORT = 8791  # always the same, so that a second demo finds the same addresses


@click.command()
@click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("warraq-demo"),
    show_default=True,
    metavar="DIR",
    help="Folder of the demo's archive.",
)
@click.option(
    "--articles",
    type=click.IntRange(20, 100_000),
    default=60,
    show_default=True,
    help="Articles of the newspapers in all.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other news.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="Port to serve the archive on; 0 takes a free one.",
)
@click.option("--no-serve", is_flag=True, help="Crawl and print the summary only.")
def demo(archive: Path, articles: int, seed: int, port: int, no_serve: bool) -> None:
    """Crawl and serve three fictional Arabic newspapers.

    Nothing leaves this machine. The newspapers live in November 2020 and are the same for the same
    --seed; run it again and the crawl finds nothing new.
    """
    from archive.site.server import run_server
    from crawler.commands.options import chosen
    from crawler.commands.summary import Live, table
    from crawler.crawl import Job, crawl
    from fixtures import Newsstand, serve

    newsstand = Newsstand(articles=articles, seed=seed)
    live = Live()
    try:
        with serve(newsstand, port=NEWSPAPERS_PORT):
            newsstand.write_publishers(archive)
            slugs = list(newsstand.papers)
            job = Job(
                root=archive,
                publishers=chosen(archive, slugs),
                command="demo",
                poll=frozenset(slugs),
                clock=newsstand.clock,
            )
            summary = asyncio.run(crawl(job, progress=live))
            live.end()
            click.echo(table(summary))
            if no_serve or summary.stopped:
                return
            run_server(archive, port=port, on_ready=lambda address: _invite(archive, address))
    except OSError as error:
        raise click.ClickException(f"the demo newspapers cannot be served: {error}") from error


def _invite(archive: Path, address: str) -> None:
    click.echo(f"\nRead {archive} at {address}  (Ctrl-C ends)")
    click.echo("Crawl a real newspaper: warraq crawl enabbaladi --limit 20")
