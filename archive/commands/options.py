"""What several commands share: options, and what to say when the disk fails."""

import sqlite3
from pathlib import Path

import click

from archive.database import NAME
from archive.errors import explain

_ARCHIVE = "warraq.archive"  # in click's context: the folder that the command works on


def _remembered(ctx: click.Context, _parameter: click.Parameter, value: Path) -> Path:
    ctx.meta[_ARCHIVE] = value
    return value


def failure(ctx: click.Context, error: OSError | sqlite3.Error) -> str:
    """Return what a command says when the disk or its archive's database failed under it."""
    archive: Path | None = ctx.meta.get(_ARCHIVE)
    database = archive / NAME if archive and isinstance(error, sqlite3.Error) else None
    return explain(error, database)


archive_option = click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("warraq-archive"),
    show_default=True,
    metavar="DIR",
    help="Folder of the archive.",
    callback=_remembered,
)
