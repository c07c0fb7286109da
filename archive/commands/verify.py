"""`warraq verify`: is everything as it was written?"""

import json
import time
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.commands.progress import Progress
from archive.upkeep.damage import Findings


@click.command()
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one object: checked, damages, notes.")
@click.option(
    "--processes", type=click.IntRange(min=1), metavar="N", help="Use N cores; all by default."
)
def verify(archive: Path, as_json: bool, processes: int | None) -> None:
    """Check that every byte and row is as it was written.

    Reads every WARC record and holds it against its digests and its row, every revision against
    its article and its digest, the search index against the articles' words, and lets SQLite check
    its own pages. It changes nothing and takes no lock, so a crawl may go on: what that has not
    acknowledged yet is left out.

    Prints what was checked, and each damage with its place and what to do. Ends with 1 if there
    is any.

    \b
    warraq verify --archive ~/news
    warraq verify --json | jq .damages
    """  # noqa: D301 - click wants the character
    from archive.upkeep.verify import verify as check

    began = time.monotonic()
    with Progress("bytes of WARC") as progress:
        findings = check(archive, processes=processes, progress=progress)
    seconds = time.monotonic() - began
    if as_json:
        told = findings.plain() | {"seconds": round(seconds, 1)}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _tell(archive, findings, seconds)
    if findings.damages:
        raise SystemExit(1)


def _tell(archive: Path, findings: Findings, seconds: float) -> None:
    for line in findings.lines():
        click.echo(line)
    for name, number in findings.counts.items():
        click.echo(f"{number:>16,}  {name}")
    rate = findings.counts["bytes of WARC"] / max(seconds, 0.001) / 1e6
    click.echo(f"{archive}: checked in {seconds:.1f} s, {rate:.0f} MB of WARC a second")
    number = len(findings.damages)
    click.echo("Everything is as it was written." if not number else f"{number} damaged.")
