"""`warraq import-jsonl`: import articles from JSON lines."""

from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from archive.clock import system
from archive.commands.options import ExitCode, archive_option, counted
from archive.commands.progress import Progress
from archive.session import Beginning

if TYPE_CHECKING:
    from archive.maintenance.import_jsonl import Outcome


@click.command("import-jsonl")
@click.argument("file", type=click.File("rb"))
@archive_option
@click.option(
    "--publisher", metavar="SLUG", help="Publisher for lines without one (default: the URL's host)."
)
def import_jsonl(file: IO[bytes], archive: Path, publisher: str | None) -> None:
    """Import articles from JSON lines.

    FILE may be `-` for standard input. Each line is a JSON object with at least url, title and
    text. Everything that `warraq export` writes is read, so each is the inverse of the other.
    Moments need a time zone, published_on is a day; fields that a line lacks stay empty. Each line
    is also kept as it is in the WARC files.

    An article that the archive already has stays as it is, so a second import adds nothing, and an
    interrupted one can be repeated. Without an `authors` field, authors are parsed from the byline.
    Lines that contradict the archive or an earlier line, and lines that are not a valid article,
    are listed with their numbers and recorded in the table `problems`. Invalid lines make the
    command exit with 1, after all others are imported. If no line is valid, no archive is created.

    \b
    warraq import-jsonl articles.jsonl
    zcat old.jsonl.gz | warraq import-jsonl - --publisher aawsat --archive ~/news
    """
    from archive.maintenance.import_jsonl import Importer, lines_of
    from crawler.extract.byline import names

    begun = Beginning(archive)
    name = Path(str(getattr(file, "name", "<stdin>"))).name
    with (
        Importer(archive, command="import-jsonl") as importer,
        Progress("lines") as progress,
    ):
        lines = lines_of(file)
        outcome = importer.read(
            lines, name=name, publisher=publisher, names_of=names, progress=progress
        )
    taken_back = begun.take_back(now=system())
    _report(outcome, name, where="" if taken_back else ", in the table problems")
    if outcome.counts["bad"]:
        raise SystemExit(ExitCode.FAILED)


def _report(outcome: "Outcome", name: str, *, where: str) -> None:
    counts = outcome.counts
    for line in outcome.rejected:
        click.echo(line, err=True)
    if more := counts["bad"] + counts["differing"] - len(outcome.rejected):
        click.echo(f"… and {more:,} more{where}", err=True)
    click.echo(
        f"{name}: {counted(counts['new'], 'new article')}, {counted(counts['known'], 'duplicate')},"
        f" {counted(counts['differing'], 'conflict')} (archive's version kept),"
        f" {counted(counts['bad'], 'invalid line')}."
    )
