"""`warraq withhold` and `unwithhold`: take an article from every reader, and bring it back."""

import asyncio
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.maintenance.withhold import unwithhold as show
from archive.maintenance.withhold import withhold as hide


@click.command()
@click.argument("article")
@archive_option
@click.option("--reason", required=True, help="Recorded, and never shown to readers.")
def withhold(article: str, archive: Path, reason: str) -> None:
    """Take an article from every reader, and keep it.

    ARTICLE is its number or any of its known addresses. Everything of it (texts, states, captures,
    addresses, names, tags and images that nobody else has) leaves archive.db for withheld.db, a
    file next to it that only you can read and that is never served. The page at its old address
    says that it is withheld; every other page, table and SQL stay open. archive.db is written anew,
    so that no byte of it is left there: that needs time, and free disk space of twice its size.
    Crawls do not visit the article until it is shown again.

    Not protected: withheld.db and the WARC files against whoever has the folder, what the capture
    of a listing says about it, backups, and earlier copies.

    \b
    warraq withhold https://example.org/story --reason "names a witness"
    warraq withhold 4503599627370496 --reason "asked for by the family" --archive ~/news
    warraq unwithhold 4503599627370496
    """
    if not reason.strip():
        raise click.UsageError("--reason is empty; whoever reads the record later needs it")
    number, versions = hide(archive, article, reason=reason)
    click.echo(f"Article {number} is withheld.")
    if versions:
        ids = ", ".join(map(str, versions))
        click.echo(f"Other versions of its text are still readable: {ids}")


@click.command()
@click.argument("article")
@archive_option
@click.option("--reason", help="Recorded, and never shown to readers.")
def unwithhold(article: str, archive: Path, reason: str | None) -> None:
    """Bring a withheld article back to readers.

    ARTICLE is its number or any of its known addresses. It comes back as it was, with the captures
    that an import or a merge brought meanwhile. When and why it was withheld and shown
    again stays recorded in the table `withholdings`, which published copies do not have.

    \b
    warraq unwithhold https://example.org/story --reason "the witness is safe"
    warraq unwithhold 4503599627370496 --archive ~/news
    """
    number, files = show(archive, article, reason=reason)
    if files:
        from crawler.repair import index_again

        asyncio.run(index_again(archive, files))
    click.echo(f"Article {number} is readable again.")
