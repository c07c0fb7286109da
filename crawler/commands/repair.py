"""`warraq repair`: what is damaged is mended, what is lost is told."""

import asyncio
from pathlib import Path

import click

from archive.clock import Clock
from archive.commands.options import archive_option
from archive.upkeep.damage import Findings
from crawler.commands.options import now_option


@click.command()
@archive_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, that is all.")
@click.option(
    "--processes", type=click.IntRange(min=1), metavar="N", help="Use N cores; all by default."
)
@now_option
def repair(archive: Path, dry_run: bool, processes: int | None, now: Clock) -> None:
    """Mend what `warraq verify` finds damaged.

    A database that is lost or does not read is made anew from the WARC files. A WARC file that is
    damaged keeps every record that reads; what it was is kept in the folder `damaged`. Records that
    no row knows get their rows again. What no file holds any more is named, and told in the table
    `problems` (kind lost-capture); texts of articles stay, and lost addresses are due again.

    Whatever reads stays as it is, and a repair that was broken off goes on when it is run again.
    At the end the archive is verified; ends with 1 if damage is left.

    \b
    warraq repair --dry-run
    warraq repair --archive ~/news
    """  # noqa: D301 - click wants the character
    from crawler.repair import repair as mend

    done = asyncio.run(
        mend(archive, say=click.echo, dry_run=dry_run, processes=processes, clock=now)
    )
    if not any(done.counts.values()):
        click.echo(f"{archive}: there is nothing to repair.")
    if done.findings:
        _tell(done.findings)


def _tell(findings: Findings) -> None:
    """Say what the check found after the repair."""
    for line in findings.lines():
        click.echo(line)
    if findings.damages:
        click.echo(f"verify: {len(findings.damages)} damaged are left.")
        raise SystemExit(1)
    click.echo("verify: everything that is there is as it was written.")
