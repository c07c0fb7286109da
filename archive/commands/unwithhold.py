"""`warraq unwithhold`: show a withheld article again."""

from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.upkeep import withholding


@click.command()
@click.argument("article")
@archive_option
@click.option("--reason", help="Why; it is recorded and never shown to readers.")
def unwithhold(article: str, archive: Path, reason: str | None) -> None:
    """Show a withheld article to readers again.

    ARTICLE is its number or any address that is known of it. When it was withheld, when it was
    shown again and why stays recorded, in the table `withholdings`, which no published copy has.

    \b
    warraq unwithhold https://example.org/story --reason "the witness is safe"
    warraq unwithhold 4503599627370496 --archive ~/news
    """  # noqa: D301 - click wants the character
    number = withholding.unwithhold(archive, article, reason=reason and reason.strip())
    click.echo(f"article {number} can be read again.")
