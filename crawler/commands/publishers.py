"""`warraq publishers`: who can be followed, a look at a new site, a look at known entry points."""

import importlib
import json
import unicodedata
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.search.arabic import fold
from crawler.commands.options import folders
from crawler.publisher import PACKAGED, Publisher, load_all, locate, read

_LATER = {  # their libraries are loaded when they run
    "add": "crawler.commands.publishers_add",
    "check": "crawler.commands.publishers_check",
}


class _Group(click.Group):
    """Loads the commands that use the network from their own modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_LATER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATER:
            return super().get_command(ctx, cmd_name)
        command = getattr(importlib.import_module(_LATER[cmd_name]), cmd_name)
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Group)
def publishers() -> None:
    """List, show, add and check newspapers to follow.

    A publisher is a file: packaged with Warraq, or your own in DIR/publishers, where one of the
    same name replaces the packaged one.

    \b
    warraq publishers list --country SY            who is known
    warraq publishers show enabbaladi              its file
    warraq publishers add https://example.org/     look at a site, write its file
    warraq publishers check                        do the entry points still work?
    """  # noqa: D301 - click wants the character


@publishers.command(name="list")
@click.argument("text", nargs=-1, metavar="[TEXT]…")
@archive_option
@click.option("--country", metavar="CODE", help="Only those of a country, by ISO 3166-1: SY, EG.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per publisher.")
def list_(text: tuple[str, ...], archive: Path, country: str | None, as_json: bool) -> None:
    """List the publishers that can be followed.

    With TEXT, those whose name, short name or address holds it, in Arabic or Latin letters.
    `own` are files of the archive in --archive, `packaged` those that come with Warraq. `checked`
    says whether a person has looked at the entry points.

    \b
    warraq publishers list --country SY
    warraq publishers list الجزيرة
    warraq publishers list --json | jq -r 'select(.checked | not).slug'
    """  # noqa: D301 - click wants the character
    found = [
        one
        for one in load_all(*folders(archive)).values()
        if (not country or one.country == country.upper()) and _holds(one, " ".join(text))
    ]
    rows = [_row(one, locate(one.slug, folders(archive))) for one in found]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
    elif rows:
        click.echo(_table(rows))
        click.echo(f"{len(rows)} publishers. `warraq crawl SLUG` follows one.")
    else:
        click.echo("No such publisher. `warraq publishers add URL` looks at a new one.", err=True)
        raise SystemExit(1)


@publishers.command()
@click.argument("slug")
@archive_option
def show(slug: str, archive: Path) -> None:
    """Print the file by which the publisher SLUG is followed.

    Where it is goes to standard error, so that what is printed can be the beginning of a file of
    your own, which replaces the packaged one:

    \b
    warraq publishers show enabbaladi
    warraq publishers show enabbaladi > warraq-archive/publishers/enabbaladi.toml
    """  # noqa: D301 - click wants the character
    path = locate(slug, folders(archive))
    one = read(path)
    click.echo(f"{path} ({_source(path)})", err=True)
    if _source(path) == "own" and (PACKAGED / path.name).is_file():
        click.echo(f"It replaces the packaged {PACKAGED / path.name}", err=True)
    if not one.checked:
        click.echo(
            "No person has checked its entry points; `warraq publishers check` does.", err=True
        )
    click.echo(path.read_text("utf-8-sig"), nl=False)


def _row(one: Publisher, path: Path) -> dict[str, object]:
    return {
        "slug": one.slug,
        "name": one.name,
        "name_latin": one.name_latin,
        "country": one.country,
        "language": one.language,
        "homepage": one.homepage,
        "checked": one.checked,
        "source": _source(path),
    }


def _source(path: Path) -> str:
    return "packaged" if path.parent == PACKAGED else "own"


def _holds(one: Publisher, text: str) -> bool:
    names = (one.slug, one.name, one.name_latin or "", one.homepage or "")
    return fold(text).lower() in fold(" ".join(names)).lower()


def _table(rows: list[dict[str, object]]) -> str:
    """Return rows as a table; the Arabic name stands last, where it disturbs no column."""
    cells = [
        (
            str(row["slug"]),
            str(row["country"] or "-"),
            "yes" if row["checked"] else "no",
            str(row["source"]),
            str(row["name_latin"] or "-"),
            str(row["name"]),
        )
        for row in rows
    ]
    cells.insert(0, ("slug", "country", "checked", "source", "", "name"))
    widths = [max(_width(row[column]) for row in cells) for column in range(len(cells[0]) - 1)]
    return "\n".join(
        "  ".join(
            [*(_padded(cell, width) for cell, width in zip(row, widths, strict=False)), row[-1]]
        )
        for row in cells
    )


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(not unicodedata.combining(letter) for letter in text)
