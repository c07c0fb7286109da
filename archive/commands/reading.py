"""Commands for readers: `warraq search` in the shell, `warraq serve` in the browser."""

import re
import webbrowser
from pathlib import Path
from sys import stdout

import click

from archive.commands.options import archive_option, limit_option, port_option
from archive.reading import Archive
from archive.search import MARK_END, MARK_START, Hit, Order, to_json
from archive.search.query import parse

_MARKED = re.compile(f"{MARK_START}(.*?){MARK_END}")


# A word with a minus before it is excluded from the search, and not an option.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", nargs=-1, required=True)
@archive_option
@limit_option("Show at most N results.")
@click.option(
    "--order",
    type=click.Choice(["best", "new"]),
    default="best",
    show_default=True,
    help="best: any of the words; new: all of them, newest first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def search(query: tuple[str, ...], archive: Path, limit: int, order: Order, as_json: bool) -> None:
    """Search the articles of an archive.

    QUERY is words, and optionally "an exact phrase", +required, -excluded, prefix*, title:word,
    author:word, publisher:slug, after:2020-11-01, before:2021. Put it in single quotes. Arabic
    words match their other forms.

    \b
    warraq search 'عودة اللاجئين'
    warraq search '"وزير الثقافة" after:2020-11 -رياضة' --order new
    warraq search 'publisher:enabbaladi title:دمشق' --json | jq -r '.[].url'
    """
    asked = " ".join(query)
    if unread := parse(asked).unread:
        raise click.ClickException(
            f"cannot read a date in {', '.join(unread)}; write the year first or the day first:"
            " after:2020-11-01, after:1/11/2020, before:2020-11, before:2021"
        )
    with Archive(archive) as opened:
        hits = opened.search(asked, limit=limit, order=order)
        number = opened.count(asked, order=order)
    if as_json:
        click.echo(to_json(hits, indent=2))
        return
    for hit in hits:
        click.echo(_for_terminal(hit) if stdout.isatty() else _plain(hit))
    click.echo(_summary(asked, len(hits), number), err=True)


def _summary(asked: str, shown: int, number: int) -> str:
    if not number:
        return f"Nothing found for {asked!r}. Try fewer words, or the beginning of one: word*"
    return (
        f"{shown} of {number} found; --limit shows more." if shown < number else f"{number} found."
    )


def _source(hit: Hit) -> str:
    day = hit.published_on or (hit.published_at or "undated")[:10]
    return f"{hit.publisher_name} · {day}"


def _plain(hit: Hit) -> str:
    return "\n".join((_line(hit.title) or hit.url, _source(hit), hit.url, _line(hit.snippet), ""))


def _for_terminal(hit: Hit) -> str:
    """Return the hit in colours, with its Arabic isolated so that it runs from right to left."""
    title = _coloured(_line(hit.headline) or hit.url, bold=True)
    lines = (_isolated(title), _isolated(_source(hit)), click.style(hit.url, dim=True))
    return "\n".join((*lines, _isolated(_coloured(_line(hit.snippet))), ""))


def _coloured(text: str, *, bold: bool = False) -> str:
    """Return `text` with what was found in yellow, without the marks."""
    pieces = enumerate(_MARKED.split(text))
    return "".join(
        click.style(piece, fg="yellow", bold=True) if number % 2 else click.style(piece, bold=bold)
        for number, piece in pieces
        if piece
    )


def _isolated(text: str) -> str:
    return f"\N{RIGHT-TO-LEFT ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


@click.command()
@archive_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on.",
)
@port_option
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

    run_server(archive, host=host, port=port, on_ready=ready)
