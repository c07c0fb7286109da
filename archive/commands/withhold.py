"""`warraq withhold` and `unwithhold`: hide an article from every reader, and show it again."""

from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.maintenance.withhold import unwithhold as show
from archive.maintenance.withhold import withhold as hide


@click.command()
@click.argument("article")
@archive_option
@click.option("--reason", required=True, help="Why; it is recorded and never shown to readers.")
def withhold(article: str, archive: Path, reason: str) -> None:
    """Hide an article from every reader, and keep it.

    ARTICLE is its number or any address that is known of it. At once it is on no page, in no list,
    story or search (shell, Python and warraq_search in SQL) and in no export or published copy.
    While anything is withheld, Datasette's own pages of tables and SQL are closed, for they show
    rows as they are; `warraq publish` makes a copy without what is withheld, where they are open.
    Crawls go on looking at the article.

    Not hidden: archive.db and the WARC files themselves from whoever has the folder, SQL of one's
    own there (sqlite3, Python's Archive.db, Datasette without this program), what a listing's own
    capture says of it, backups, and copies that were made before.

    \b
    warraq withhold https://example.org/story --reason "names a witness"
    warraq withhold 4503599627370496 --reason "asked for by the family" --archive ~/news
    warraq unwithhold 4503599627370496
    """  # noqa: D301 - click wants the character
    if not reason.strip():
        raise click.UsageError("--reason is empty; a later reader of the record needs it")
    number, versions = hide(archive, article, reason=reason.strip())
    click.echo(f"article {number} is withheld.")
    if versions:
        ids = ", ".join(map(str, versions))
        click.echo(f"Other versions of its text can still be read: {ids}")


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
    number = show(archive, article, reason=reason and reason.strip())
    click.echo(f"article {number} can be read again.")
