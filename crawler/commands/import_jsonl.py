"""`warraq import-jsonl`: a collection that is there already, into the archive."""

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from archive.beginning import Beginning
from archive.clock import system
from archive.commands.options import archive_option
from archive.commands.progress import Progress

if TYPE_CHECKING:
    from archive.maintenance.import_jsonl import Told


@click.command("import-jsonl")
@click.argument("file", type=click.File("rb"))
@archive_option
@click.option(
    "--publisher", metavar="SLUG", help="Of lines that name none; the address's host by default."
)
def import_jsonl(file: IO[bytes], archive: Path, publisher: str | None) -> None:
    """Take a collection of articles in, as JSON lines.

    FILE may be `-`: standard input. Each line is a JSON object with url, title and text at least;
    all that `warraq export` writes is read, so that the two are each other's inverse. Moments need
    a time zone, published_on is a day; what a line does not say stays empty. Each line is kept as
    it is in the WARC files, too.

    An article that the archive knows already stays as it is, so a second import adds nothing, and
    one that was interrupted can be repeated. Where a line tells of no authors, they are taken from
    its byline. Lines that say otherwise than what is known, an earlier line included, and lines
    that are no article are listed with their numbers and kept in the table of problems; those that
    are no article end the command with 1 when all others are in. Where none is an article, no
    archive is begun.

    \b
    warraq import-jsonl articles.jsonl
    zcat old.jsonl.gz | warraq import-jsonl - --publisher aawsat --archive ~/news
    """  # noqa: D301 - click wants the character
    from archive.maintenance.import_jsonl import Importer, lines_of
    from crawler.extract.byline import names

    begun = Beginning(archive)
    name = Path(str(getattr(file, "name", "<stdin>"))).name
    with (
        Importer(archive, command="import-jsonl") as importer,
        Progress("lines") as progress,
    ):
        lines = lines_of(file)
        told = importer.read(
            lines, name=name, publisher=publisher, names_of=names, progress=progress
        )
    taken_back = begun.take_back(now=system())
    _tell(told, name, where="" if taken_back else ", in the table of problems")
    if told.counts["bad"]:
        raise SystemExit(1)


def _tell(told: "Told", name: str, *, where: str) -> None:
    counts = told.counts
    for line in told.left:
        click.echo(line, err=True)
    if more := counts["bad"] + counts["differing"] - len(told.left):
        click.echo(f"… and {more:,} more{where}", err=True)
    click.echo(
        f"{name}: {counts['new']:,} new articles, {counts['known']:,} known already,"
        f" {counts['differing']:,} known and left as the archive saw them,"
        f" {counts['bad']:,} bad lines."
    )
