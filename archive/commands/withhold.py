"""`warraq withhold` and `unwithhold`: hide an article from every reader, and show it again."""

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
    """Hide an article from every reader, and keep it.

    ARTICLE is its number or any of its known addresses. It disappears at once from pages, lists,
    stories, search (shell, Python and warraq_search in SQL), exports and published copies. While
    anything is withheld, Datasette's own table and SQL pages are closed, because they show rows as
    they are; `warraq publish` makes a copy without withheld articles, where those pages are open.
    Crawls keep revisiting the article.

    Not protected: archive.db and the WARC files against whoever has the folder, your own SQL there
    (sqlite3, Python's Archive.db, Datasette without Warraq), what the capture of a listing says
    about it, backups, and earlier copies.

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
    """Show a withheld article to readers again.

    ARTICLE is its number or any of its known addresses. When and why it was withheld and shown
    again stays recorded in the table `withholdings`, which published copies do not have.

    \b
    warraq unwithhold https://example.org/story --reason "the witness is safe"
    warraq unwithhold 4503599627370496 --archive ~/news
    """
    number = show(archive, article, reason=reason)
    click.echo(f"Article {number} is readable again.")
