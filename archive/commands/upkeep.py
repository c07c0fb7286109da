"""Commands that look after an archive: `warraq verify`, `reindex` and `compact`."""

import json
from pathlib import Path

import click

from archive.clock import system
from archive.commands.options import (
    ExitCode,
    ProgressLine,
    archive_option,
    counted,
    processes_option,
)
from archive.database import NAME, existing
from archive.maintenance.checks import Findings
from archive.search.index import rebuild_index


@click.command()
@archive_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print one object: checked, damages, lost, notes."
)
@processes_option
def verify(archive: Path, as_json: bool, processes: int | None) -> None:
    """Check that every byte and row is as it was written.

    Checks every WARC record against its digests and its row, every revision against its article and
    its digest, the search index against the articles, and the database's own pages. It
    changes nothing, and a crawl may run at the same time; what the crawl has not acknowledged yet
    is left out.

    Prints what was checked, and each damage with its place and what to do. Exits with 3 if it finds
    any, or if something was lost before and is known to be.

    \b
    warraq verify --archive ~/news
    warraq verify --json | jq .damages
    """
    from archive.maintenance.verify import verify as check

    with ProgressLine() as progress:
        findings = check(archive, processes=processes, progress=progress)
    if as_json:
        click.echo(json.dumps(findings.plain(), ensure_ascii=False, indent=2))
    else:
        _print(findings)
    if findings.damages or findings.lost:
        raise SystemExit(ExitCode.INCOMPLETE)


def _print(findings: Findings) -> None:
    for line in findings.lines():
        click.echo(line)
    for name, number in findings.counts.items():
        click.echo(f"{number:>16,}  {name}")
    number = len(findings.damages)
    found = f"{counted(number, 'case')} of damage found." if number else "No damage found."
    if findings.lost:
        found = (
            f"{found.replace('No', 'No further')} {counted(findings.lost, 'capture')} lost before:"
            " problems of kind lost-capture."
        )
    click.echo(found)


@click.command()
@archive_option
def reindex(archive: Path) -> None:
    """Rebuild the search index from the articles.

    Needed only where `warraq verify` says so: after disk damage, or after another program wrote to
    the index. Only the index is changed. Other commands that write have to wait; readers keep the
    old index until the new one is complete.

    \b
    warraq reindex --archive ~/news
    """
    with (
        existing(archive, command="reindex", now=system()) as db,
        ProgressLine() as progress,
    ):
        (number,) = db.execute("select count(*) from articles").fetchone()
        rebuild_index(db, lambda done: progress("articles", done, number))
    click.echo(f"{archive}: {counted(number, 'article')} indexed.")


@click.command()
@archive_option
def compact(archive: Path) -> None:
    """Make the database smaller.

    Removes problems that are older than a year, and what listings said of links that led to no
    article and were given up a year ago; merges the search index; and gives the free space in the
    file back to the disk. Captures, articles, revisions and known addresses stay, and the WARC
    files are not touched. It needs room for a second database while it runs.

    Other commands that write have to wait; readers can go on. A kill leaves the old database or the
    new one.

    \b
    warraq compact --archive ~/news
    """
    from archive.maintenance.compact import compact as make_smaller

    done = make_smaller(archive)
    click.echo(
        f"{archive / NAME}: {done.after / 1e6:,.1f} MB, before {done.before / 1e6:,.1f} MB;"
        f" {counted(done.problems, 'old problem')} and {counted(done.links, 'spent link')} removed."
    )
