"""`warraq serve`: read an archive in the browser."""

import webbrowser
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.errors import ArchiveError


@click.command()
@archive_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    metavar="N",
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the home page in the browser.")
def serve(archive: Path, host: str, port: int, open_browser: bool) -> None:
    """Read an archive in the browser, also during a crawl.

    It is read-only. Only this machine can reach it unless --host says otherwise; for other readers,
    see `warraq publish`.

    \b
    warraq serve --open
    warraq serve --archive ~/news --port 8080
    """
    from archive.site.server import run_server

    def ready(address: str) -> None:
        click.echo(f"Serving {archive} at {address} (press Ctrl-C to stop)")
        if open_browser:
            webbrowser.open(address)

    try:
        run_server(archive, host=host, port=port, on_ready=ready)
    except ArchiveError as error:
        raise click.ClickException(str(error)) from error
