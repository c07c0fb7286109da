"""`warraq rebuild`, `merge`, `repair` and `restore`: an archive from what there is of it."""

import asyncio
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.clock import Clock, system
from archive.commands.options import (
    ExitCode,
    ProgressLine,
    archive_option,
    counted,
    processes_option,
)
from archive.database import NAME
from archive.maintenance.salvage import FOLDER
from archive.session import WARC_FOLDER
from crawler.commands.options import Day, now_option

if TYPE_CHECKING:
    from crawler.rebuild import Rebuilt
    from crawler.repair import Repair


@click.command()
@archive_option
@click.option("--from-warc", is_flag=True, help="Required, as confirmation.")
@processes_option
def rebuild(archive: Path, from_warc: bool, processes: int | None) -> None:
    """Recreate the database from the WARC files.

    Needs no network. For a database that is damaged or lost, or that an older Warraq made.
    Articles, revisions, captures, links, authors, tags, removals and what is withheld come out as
    they were, as far as the current rules read the pages the same. Not restored: requests that got
    no answer, due times (everything is due at once), and the counts by which traps are noticed.

    The new database replaces the old one once it is complete; the old one is kept next to it as
    archive.before-rebuild.db and may be deleted. An interrupted rebuild resumes when it is run
    again. `warraq serve` goes on with the new database.

    \b
    warraq rebuild --from-warc
    warraq rebuild --from-warc --archive ~/news --processes 1
    """
    from crawler.rebuild import OLD
    from crawler.rebuild import rebuild as build

    if not from_warc:
        raise click.UsageError(
            "run `warraq rebuild --from-warc`: this recreates archive.db, which takes a while"
        )
    had_one = (archive / "archive.db").exists()
    with ProgressLine() as progress:
        rebuilt = asyncio.run(build(archive, processes=processes, progress=progress))
    _report(archive, rebuilt)
    is_less = bool(rebuilt.missing or rebuilt.damaged)
    if had_one:
        advice = "keep it" if is_less else "it may be deleted"
        click.echo(f"The old database is kept as {archive / OLD}; {advice}.")
    if is_less:
        raise SystemExit(ExitCode.INCOMPLETE)


def _report(archive: Path, rebuilt: "Rebuilt") -> None:
    for table, number in rebuilt.rows.items():
        click.echo(f"{number:>12,}  {table}")
    click.echo(f"{archive}: the database is recreated.")
    if rebuilt.damaged:
        click.echo(
            f"{counted(rebuilt.damaged, 'capture')} could not be read; see the table `problems`"
            " (stage rebuild)."
        )
    if rebuilt.missing:
        missing = ", ".join(f"{number:,} {table}" for table, number in rebuilt.missing.items())
        click.echo(f"The old database had more than the WARC files hold: {missing}.")


@click.command()
@click.argument("other", type=click.Path(file_okay=False, path_type=Path))
@archive_option
@processes_option
def merge(other: Path, archive: Path, processes: int | None) -> None:
    """Add the archive in the folder OTHER to this one.

    What both have is kept once: a file is known by its first record, an article by its address.
    Where both visited an article, its revisions are in order of time. Articles are extracted from
    the added files with the current rules. Publisher files that only the other archive has are
    copied, and what it withholds stays withheld. The other archive is not changed: it may be a
    backup, a colleague's, or one of another machine.

    An interrupted merge resumes when it is run again; merging twice adds nothing.

    \b
    warraq merge ~/laptop-archive
    warraq merge /mnt/backup/news --archive ~/news
    """
    from crawler.rebuild import merge as join

    if not other.is_dir():
        raise click.UsageError(f"the folder {other} does not exist")
    with ProgressLine() as progress:
        merged = asyncio.run(join(archive, other, processes=processes, progress=progress))
    if merged.publishers:
        click.echo(f"Publisher files added: {', '.join(merged.publishers)}")
    click.echo(
        f"{counted(merged.files, 'WARC file')} added, {merged.known:,} already here;"
        f" {counted(merged.articles, 'new article')}, {counted(merged.revisions, 'new revision')}."
    )
    if merged.unread:
        click.echo(
            f"{counted(merged.unread, 'part')} of the added files could not be read;"
            f" run `warraq repair` on {other} and on {archive}."
        )
        raise SystemExit(ExitCode.INCOMPLETE)


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
    from it as far as it can be read. What is lost is counted by publisher, listed in
    damaged/lost.txt, and recorded in the table `problems` (kind lost-capture); texts of articles
    stay, and lost addresses are due again.

    An interrupted repair resumes when it is run again. At the end the archive is verified; exits
    with 3 if anything is lost, or damage is left.

    \b
    warraq repair --dry-run
    warraq repair --archive ~/news
    """
    _repair(archive, dry_run=dry_run, processes=processes, clock=now)


def _repair(
    archive: Path, *, dry_run: bool = False, processes: int | None, clock: Clock = system
) -> None:
    """Repair an archive, and say what was done and what is lost."""
    from crawler.repair import Repair

    losses = list[str]()

    def say(line: str) -> None:
        if line.startswith("lost: ") and not dry_run:
            losses.append(line)
        else:
            click.echo(line)

    job = Repair(root=archive, say=say, dry_run=dry_run, processes=processes, clock=clock)
    asyncio.run(job.run())
    if not job.counts:
        click.echo(f"{archive}: there is nothing to repair.")
    if losses:
        _list(losses, archive / FOLDER / "lost.txt")
    if not dry_run:
        _conclude(job)


@click.command()
@click.argument("source", metavar="BACKUP", type=click.Path(file_okay=False, path_type=Path))
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--at", type=Day(last=True), help="Go back to the end of this day; DIR has to be a new folder."
)
@processes_option
def restore(source: Path, folder: Path, at: date | None, processes: int | None) -> None:
    """Bring the archive in DIR back from its backup in BACKUP.

    DIR may be a damaged archive or a new folder. Its database is taken from the backup where it is
    lost, damaged or older; WARC files where they are lost or not as in the backup. What is newer
    than the backup stays, and its rows are made again. What is replaced moves to DIR/damaged. At
    the end the archive is verified and, if need be, repaired; exits with 3 if anything is lost.

    --at goes back to an earlier day, as far as `warraq backup --keep` kept its database. What was
    withheld since is withheld again.

    \b
    warraq restore /media/disk/news ~/news
    warraq restore /media/disk/news ~/news-as-it-was --at 2026-11-20
    """
    from archive.maintenance.restore import restore as bring_back

    with ProgressLine() as progress:
        done = bring_back(source, folder, day=at, progress=progress)
    for name in done.files:
        click.echo(f"{WARC_FOLDER}/{name} is taken from the backup.")
    for name in done.unsound:
        click.echo(f"{WARC_FOLDER}/{name} is damaged in the backup, too.", err=True)
    if done.database:
        click.echo(f"{NAME} is taken from the backup.")
    if done.withheld:
        click.echo(f"{counted(done.withheld, 'article')} withheld since then, and again.")
    _repair(folder, processes=processes)


def _list(losses: list[str], file: Path) -> None:
    """Print how many captures of each publisher are lost, and write which ones into a file."""
    whose = Counter(line.split(": ")[1].rpartition(", ")[2] for line in losses)
    for publisher, number in whose.most_common():
        click.echo(f"lost: {counted(number, 'capture')} of {publisher}")
    file.parent.mkdir(exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in losses)
    click.echo(f"{file} lists them.")


def _conclude(job: "Repair") -> None:
    """Say what is still damaged, and in the last line what is lost; exit with 3 if anything is."""
    for line in job.findings.lines():
        click.echo(line)
    lost = {"capture": job.counts["lost"], **job.gone}
    kinds = [counted(number, noun) for noun, number in lost.items() if number > 0]
    wrong = [f"{', '.join(kinds)} lost"] if kinds else []
    if pieces := job.counts["unreadable"]:
        wrong.append(f"{counted(pieces, 'piece')} of WARC files not readable")
    if damages := len(job.findings.damages):
        wrong.append(f"{counted(damages, 'case')} of damage left")
    if job.findings.lost > lost["capture"]:
        wrong.append(f"{counted(job.findings.lost, 'capture')} lost in all, with earlier ones")
    click.echo(f"{job.root}: {'; '.join(wrong)}." if wrong else f"{job.root}: no damage left.")
    if wrong:
        raise SystemExit(ExitCode.INCOMPLETE)
