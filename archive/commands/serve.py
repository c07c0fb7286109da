"""`warraq serve`: read an archive in the browser."""

import webbrowser
from pathlib import Path

import click

from archive.commands.options import archive_option, log_file_option, port_option
from archive.service import open_log

_EXPOSED = """Exposed to whoever reaches this address:
  every article that is not withheld, its revisions, captures and stories
  every table, and SQL over them, as pages, JSON and CSV
  where the WARC files are in the folder: captured pages and records, and images
Closed: the database file, Datasette's internal pages. Each client may search and ask so often."""


@click.command()
@archive_option
@click.option(
    "--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to listen."
)
@port_option
@click.option("--open", "open_browser", is_flag=True, help="Open the home page in the browser.")
@click.option("--public", is_flag=True, help="For strangers: no internal pages, bounded requests.")
@click.option(
    "--base-url",
    metavar="PATH",
    default="/",
    show_default=True,
    help="Path that a proxy gives the site.",
)
@log_file_option
def serve(
    archive: Path,
    host: str,
    port: int,
    open_browser: bool,
    public: bool,
    base_url: str,
    log_file: Path | None,
) -> None:
    """Read an archive in the browser, also during a crawl.

    It is read-only. Only this machine can reach it unless --host says otherwise. To put it on the
    internet, use --public behind a proxy (archive/README.md has a recipe). /-/health answers 200
    while the database can be read, else 503.

    \b
    warraq serve --open
    warraq serve --archive ~/news --port 8080
    warraq serve --archive ~/public --public --base-url /news/
    """
    from archive.site.server import listen, run_server

    open_log("warning", log_file)

    def ready(address: str) -> None:
        click.echo(f"Serving {archive} at {address} (press Ctrl-C to stop)")
        if public:
            click.echo(_EXPOSED)
        if open_browser:
            webbrowser.open(address)

    with listen(host, port) as listener:
        path = f"/{base_url.strip('/')}/".replace("//", "/")
        run_server(archive, listener, on_ready=ready, public=public, base_url=path)
