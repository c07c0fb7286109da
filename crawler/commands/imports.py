"""`warraq import-jsonl` and `warraq import-warc`: import what other programs collected."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from archive.clock import Clock, system
from archive.commands.options import ExitCode, archive_option, counted
from archive.progress import ProgressLine
from archive.session import Beginning
from crawler import config
from crawler.commands.options import folders, now_option
from crawler.publisher import load_all

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
        ProgressLine() as progress,
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


if TYPE_CHECKING:
    from crawler.importing.job import Job
    from crawler.importing.telling import Source, Told

DOWNLOADS = "downloads"
_LANGUAGES = ("ar", "fa", "ur", "ckb", "en", "fr", "all")


@click.command("import-warc")
@click.argument("sources", nargs=-1, required=True, metavar="FILE…|URL…")
@archive_option
@click.option(
    "--language",
    "languages",
    type=click.Choice(_LANGUAGES),
    multiple=True,
    default=("ar",),
    show_default=True,
    help="Keep articles in this language; repeat for several, or `all`.",
)
@click.option("--again", is_flag=True, help="Read files again that were imported before.")
@click.option("--dry-run", is_flag=True, help="Only count the records; extract nothing.")
@click.option("--wait", is_flag=True, help="Wait up to an hour for another command that writes.")
@click.option(
    "--processes", type=click.IntRange(min=1), metavar="N", help="Use N cores (default: all)."
)
@now_option
def import_warc(
    sources: tuple[str, ...],
    archive: Path,
    languages: tuple[str, ...],
    again: bool,
    dry_run: bool,
    wait: bool,
    processes: int | None,
    now: Clock,
) -> None:
    """Import pages from the WARC files of other programs.

    Reads WARC 1.0 and 1.1 of any program (Common Crawl, Wget, Heritrix, browsertrix), compressed
    record by record, as a whole, or not at all. Damaged records are skipped and listed. Every page
    that reads as an article in the language is kept as a capture with its own time; its record is
    copied, and the file it came from is recorded. Its address is not visited again unless a crawl
    finds it.

    What the archive has already is not kept twice, and an import that was broken off goes on where
    it was. A page that was recorded before the archive last saw its article is kept as a capture
    and makes no edit. A file at a URL is downloaded into the archive's folder, and removed when
    it is read.

    \b
    warraq import-warc CC-NEWS-20240101000000-00001.warc.gz
    warraq import-warc crawl/*.warc.gz --language ar --language fa --archive ~/news
    warraq import-warc --dry-run https://data.commoncrawl.org/crawl-data/CC-NEWS/…/….warc.gz
    """
    from crawler.importing.job import Job
    from crawler.turns import PATIENCE

    wanted = None if "all" in languages else frozenset(languages)
    settings = config.load(archive)
    _check(sources)
    job = Job(
        root=archive,
        sources=[],
        publishers=load_all(*folders(archive)),
        languages=wanted,
        patience=PATIENCE if wait else 0.0,
        again=again,
        processes=processes,
        clock=now,
    )
    told: list[Told] = []
    for is_url, group in groupby(sources, _is_url):
        for some in [[one] for one in group] if is_url else [list(group)]:
            told += _read(some, replace(job, sources=_sources(some, settings, archive)), dry_run)
            if told[-1].stopped:
                click.echo("Stopped; run the same command to resume.")
                raise SystemExit(ExitCode.FAILED)
    if not all(one.before or one.is_warc for one in told):
        raise SystemExit(ExitCode.FAILED)


def _read(given: list[str], job: "Job", dry_run: bool) -> "list[Told]":
    """Import files, or count what is in them; what was downloaded for it is removed again."""
    from crawler.importing.job import count, run

    with ProgressLine() as line:
        progress = partial(line, "bytes read")
        if dry_run:
            told = [
                count(one, job.languages, clock=job.clock, progress=progress) for one in job.sources
            ]
            for one in told:
                _tell(one)
        else:
            told = asyncio.run(run(job, progress=progress, tell=_tell))
    if _is_url(given[0]) and not dry_run and not told[-1].stopped:
        job.sources[0].path.unlink()
    return told


def _is_url(given: str) -> bool:
    return given.lower().startswith(("http://", "https://"))


def _check(sources: Iterable[str]) -> None:
    """Say at once which file is not there: the first may take hours."""
    for given in sources:
        if not _is_url(given) and not Path(given).is_file():
            raise click.UsageError(f"{given!r} is neither a file nor an http(s) URL")


def _sources(some: list[str], settings: config.Config, archive: Path) -> "list[Source]":
    """Return files to import, downloaded where they are URLs."""
    from crawler.importing.telling import Source

    return [
        Source(path=_downloaded(one, settings, archive) if _is_url(one) else Path(one),
               name=one if _is_url(one) else Path(one).name)
        for one in some
    ]  # fmt: skip


def _downloaded(url: str, settings: config.Config, archive: Path) -> Path:
    from crawler.importing.download import download
    from crawler.settings import user_agent

    with ProgressLine() as line:
        return download(
            url,
            archive / DOWNLOADS,
            user_agent=user_agent(settings.contact),
            proxy=settings.proxy,
            progress=partial(line, "bytes downloaded"),
        )


def _tell(told: "Told") -> None:
    """Say what became of a file: what was kept first, then why the rest was not."""
    for line in told.damages:
        click.echo(line, err=True)
    counts = told.counts
    if told.before and not counts["records"] and not told.stopped:
        click.echo(f"{told.name}: it was imported before; `--again` reads it again")
        return
    if not told.before and not told.is_warc:
        click.echo(f"{told.name}: no WARC records found", err=True)
    pages = sum(counts[name] for name in (*_KEPT, "known", "unread", "no article"))
    speed = pages / told.seconds if told.seconds else 0.0
    went_on = " (resumed)" if told.before else ""
    click.echo(
        f"{told.name}: {counted(counts['records'], 'record')} in {told.seconds:.1f} s,"
        f" {speed:,.0f} pages/s{went_on}"
    )
    if counts["unread"]:
        click.echo(f"  found: {counted(counts['unread'], 'possible article')}")
    else:
        click.echo(f"  kept: {_list(counts, _KEPT) or 'nothing'}")
    if passed := _list(counts, {name: _LEFT.get(name, name) for name in sorted({*counts} - _SAID)}):
        click.echo(f"  skipped: {passed}")


_KEPT = {
    "new": "new articles",
    "changed": "changed",
    "same": "seen again",
    "older": "older than what the archive has",
}
_LEFT = {"known": "duplicates"}
_SAID = {"records", "unread", *_KEPT}


def _list(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    """Return what was counted under some names, in words."""
    return ", ".join(f"{counts[name]:,} {words}" for name, words in names.items() if counts[name])
