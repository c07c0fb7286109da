"""`warraq serve`: read an archive in the browser."""

import webbrowser
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.errors import ArchiveError


@click.command()
@archive_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8001,
    show_default=True,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the first page in the browser.")
def serve(archive: Path, host: str, port: int, open_browser: bool) -> None:
    """Read an archive in the browser, also while a crawl is writing."""
    from archive.site.server import run_server

    def ready(address: str) -> None:
        click.echo(f"Serving {archive} at {address} (Ctrl-C ends)")
        if open_browser:
            webbrowser.open(address)

    try:
        run_server(archive, host=host, port=port, on_ready=ready)
    except ArchiveError as error:
        raise click.ClickException(str(error)) from error
