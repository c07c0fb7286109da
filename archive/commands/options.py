"""Options that several commands share."""

from pathlib import Path

import click

archive_option = click.option(
    "--archive",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("warraq-archive"),
    show_default=True,
    metavar="DIR",
    help="Folder of the archive.",
)
