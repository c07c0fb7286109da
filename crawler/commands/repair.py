"""`warraq repair`: fix damage, and name what is lost."""

import asyncio
from pathlib import Path

import click

from archive.clock import Clock
from archive.commands.options import ExitCode, archive_option, counted, processes_option
from crawler.commands.options import now_option


@click.command()
@archive_option
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@processes_option
@now_option
def repair(archive: Path, dry_run: bool, processes: int | None, now: Clock) -> None:
    """Fix what `warraq verify` reports as damaged.

    The readable records of a damaged WARC file are saved in a sound one; the damaged file moves to
    the folder `damaged`. Rows that are missing are restored from the records. A lost or unreadable
    database is rebuilt from the WARC files; articles that these no longer hold are carried over
    from it as far as it can be read. What is lost is named, and recorded in the table `problems`
    (kind lost-capture); texts of articles stay, and lost addresses are due again.

    An interrupted repair resumes when it is run again. At the end the archive is verified; exits
    with 1 if damage is left.

    \b
    warraq repair --dry-run
    warraq repair --archive ~/news
    """
    from crawler.repair import repair as mend

    done = asyncio.run(
        mend(archive, say=click.echo, dry_run=dry_run, processes=processes, clock=now)
    )
    if not any(done.counts.values()):
        click.echo(f"{archive}: there is nothing to repair.")
    if done.findings is None:
        return
    for line in done.findings.lines():
        click.echo(line)
    if done.findings.damages:
        click.echo(f"verify: {counted(len(done.findings.damages), 'damage')} left.")
        raise SystemExit(ExitCode.FAILED)
    lost = done.counts["lost"]
    click.echo(f"verify: no damage left{f'; lost: {lost} (see above)' if lost else ''}.")
