"""`warraq import-jsonl` and `warraq import-warc`: import what other programs collected."""

import asyncio
import codecs
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import replace
from gzip import BadGzipFile, GzipFile
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypedDict, Unpack, cast

import click

from archive.clock import Clock, system
from archive.commands.options import (
    ExitCode,
    ProgressLine,
    counted,
    new_archive_option,
    processes_option,
    stopped,
    wait_option,
)
from archive.database import PRIVATE
from archive.errors import ArchiveError
from archive.models import Progress
from archive.session import Beginning
from archive.warc.members import MAGIC
from crawler import config
from crawler.commands.options import folders, now_option
from crawler.publisher import load_all

if TYPE_CHECKING:
    from archive.maintenance.import_jsonl import Outcome
    from crawler.import_warc.job import FileReport, Job, SourceFile
    from crawler.workers import Workers

DOWNLOADS = "downloads"
_LANGUAGES = ("ar", "fa", "ur", "ckb", "en", "fr", "all")
_UNKNOWN = 12  # fields of no article that are listed
_HEAD = 1 << 12  # bytes by which a file is recognised
_PIECE = 1 << 16
_LONGEST = 1 << 26  # characters of one article in an array
_BETWEEN = re.compile(r"[\s,\[\]]*")
_PIPED = "{} {{0}} | warraq import-jsonl -"
_BY_PANDAS = (
    "python3 -c \"import pandas as p; p.read_{}('{{0}}').to_json('articles.jsonl',"
    " orient='records', lines=True, date_format='iso')\""
)
# How files begin that are something else, and the command that makes JSON lines of them.
_OTHERS = (
    (rb"\x28\xb5\x2f\xfd", "Zstandard", _PIPED.format("zstd -dc")),
    (rb"BZh\d", "bzip2", _PIPED.format("bzip2 -dc")),
    (rb"\xfd7zXZ", "xz", _PIPED.format("xz -dc")),
    (rb"PK\x03\x04", "ZIP", _PIPED.format("unzip -p")),
    (rb"\xff\xfe|\xfe\xff", "UTF-16", _PIPED.format("iconv -f utf-16 -t utf-8")),
    (rb"(?:\xef\xbb\xbf)?\s*\{\s*\n\s*\"", "JSON over several lines", _PIPED.format("jq -c .")),
    (rb"PAR1", "Parquet", _BY_PANDAS.format("parquet")),
    (rb"(?i:WARC/\d)", "WARC", "warraq import-warc {0}"),
    (rb"(?s:(?!\s*[{\[]).*\0)", "binary", "with the program that wrote it"),
    (rb"[^\s\"{\[][^\s{\[]*[,;\t][^{\[\n]*\n|\"[^{\[\n]*\"[,;\t]", "CSV", _BY_PANDAS.format("csv")),
)
_FORMS = "what is read are WARC, ARC and WACZ files (unpack tar, 7z and RAR first)"
_KEPT = ("new", "changed", "seen again", "older")
_NOT_SKIPPED = {"records", "unread", "flawed", *_KEPT}


@click.command("import-jsonl")
@click.argument("file", type=click.File("rb"))
@new_archive_option
@click.option(
    "--publisher", metavar="SLUG", help="Publisher for lines without one (default: the URL's host)."
)
def import_jsonl(file: IO[bytes], archive: Path, publisher: str | None) -> None:
    """Import articles from JSON lines.

    FILE may be `-` for standard input, packed with gzip, or a JSON array. Each line is a JSON
    object with at least url, title and text. Everything that `warraq export` writes is read, so
    each is the inverse of the other. Moments need a time zone, published_on is a day; fields that a
    line lacks stay empty. The names link, headline, body, content, date, published and author are
    known as well; a date without a time zone gives the day. Other fields are listed at the end.
    Each line is also kept as it is in the WARC files.

    An article that the archive already has stays as it is, so a second import adds nothing, and an
    interrupted one can be repeated. Without an `authors` field, authors are parsed from the byline.
    Lines that contradict the archive or an earlier line, and lines that are not a valid article,
    are listed with their numbers and recorded in the table `problems`, twenty of one cause. Invalid
    lines make the command exit with 3, after all others are imported. If no line is valid, no
    archive is created.

    \b
    warraq import-jsonl articles.jsonl
    zcat old-*.jsonl.gz | warraq import-jsonl - --publisher aawsat --archive ~/news
    """
    from archive.maintenance.import_jsonl import Importer
    from crawler.extract.byline import names

    begun = Beginning(archive)
    name = Path(str(getattr(file, "name", "<stdin>"))).name
    lines = json_lines(file, name)
    with Importer(archive, command="import-jsonl") as importer, ProgressLine() as progress:
        outcome = importer.read(
            lines, name=name, publisher=publisher, names_of=names, progress=progress
        )
    taken_back = begun.take_back(now=system())
    _report_lines(outcome, name, where="" if taken_back else ", in the table problems")
    if outcome.counts["bad"]:
        raise SystemExit(ExitCode.INCOMPLETE)


def _report_lines(outcome: "Outcome", name: str, *, where: str) -> None:
    counts = outcome.counts
    for line in outcome.rejected:
        click.echo(line, err=True)
    if more := counts["bad"] + counts["differing"] - len(outcome.rejected):
        click.echo(f"… and {more:,} more{where}", err=True)
    if unknown := outcome.unknown.most_common(_UNKNOWN):
        named = ", ".join(f"{key[:60]} ({counted(count, 'line')})" for key, count in unknown)
        click.echo(f"left out, as they are no fields of an article: {named}", err=True)
    click.echo(
        f"{name}: {counted(counts['new'], 'new article')}, {counted(counts['known'], 'duplicate')},"
        f" {counted(counts['differing'], 'conflict')} (archive's version kept),"
        f" {counted(counts['bad'], 'invalid line')}."
    )


def json_lines(file: IO[bytes], name: str) -> Iterator[bytes]:
    """Return the lines of a file called `name`, or what a JSON array in it holds; gzip is unpacked.

    Raises:
        ArchiveError: at once if it begins as something else, with the command that converts it;
            later if gzip ends early.
    """
    plain: Any = file if hasattr(file, "peek") else BufferedReader(cast("RawIOBase", file))
    try:
        if plain.peek(_HEAD).startswith(MAGIC):
            plain = GzipFile(fileobj=plain)
        head = plain.peek(_HEAD)
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise ArchiveError(f"{name}: not readable as gzip ({error})") from error
    for begins, form, command in _OTHERS:
        if re.match(begins, head):
            remedy = command.format(name)
            raise ArchiveError(f"{name} is {form}, not JSON lines; convert it: {remedy}")
    array = head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")
    return _sound(_items(plain) if array else iter(plain), name)


def _sound(lines: Iterable[bytes], name: str) -> Iterator[bytes]:
    number = 0
    try:
        for line in lines:
            number += 1
            yield line
    except (BadGzipFile, EOFError, zlib.error) as error:
        said = f"the gzip data is damaged or cut short behind line {number} ({error})"
        raise ArchiveError(f"{name}: {said}; the lines before it are imported") from error


def _items(plain: IO[bytes]) -> Iterator[bytes]:
    """Yield the values in the JSON arrays of a file as they are; what is not JSON ends them.

    Where the last array has no end, its bracket follows, as a line that is not valid JSON.
    """
    decode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape").decode
    text, at, size, opened = "", 0, _PIECE, 0
    while True:
        between = _BETWEEN.match(text, at)
        if between:
            opened += between[0].count("[") - between[0].count("]")
            at = between.end()
        try:
            _, end = json.JSONDecoder().raw_decode(text, at)
        except (ValueError, RecursionError):
            piece = plain.read(size) if len(text) - at < _LONGEST else b""
            text, at, size = text[at:] + decode(piece), 0, 2 * size
            if not piece:
                break
        else:
            yield text[at:end].encode("utf-8", "surrogateescape")
            at, size = end, _PIECE
    if text or opened > 0:
        yield text.encode("utf-8", "surrogateescape") or b"["


class _Options(TypedDict):
    languages: tuple[str, ...]
    again: bool
    dry_run: bool
    strict: bool
    wait: bool
    processes: int | None
    now: Clock


@click.command("import-warc")
@click.argument("sources", nargs=-1, required=True, metavar="FILE…|FOLDER…|URL…")
@new_archive_option
@click.option(
    "--language", "languages", type=click.Choice(_LANGUAGES), multiple=True, default=("ar",),
    show_default=True, help="Keep articles in this language; repeat for several, or `all`.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="Read files again that were imported before.")
@click.option("--dry-run", is_flag=True, help="Only count the records; extract nothing.")
@click.option("--strict", is_flag=True, help="Skip records that contradict their digests.")
@wait_option
@processes_option
@now_option
def import_warc(sources: tuple[str, ...], archive: Path, **options: Unpack[_Options]) -> None:
    """Import pages from WARC, ARC and WACZ files.

    Reads WARC of any program (Common Crawl, Wget, Heritrix, browsertrix), the Internet Archive's
    ARC, and WACZ, whatever their names are: compressed record by record or as one stream, with
    gzip, Zstandard, bzip2 or xz, or not at all; of a folder, those in it. Damaged records are
    skipped and listed; one that only contradicts its digests is kept, with a problem. Every page
    that reads as an article in the language is kept as a capture with its own time; its record
    is copied, and the file it came from is recorded. Its address is not visited again unless a
    crawl finds it.

    What the archive has already is not kept twice, and an interrupted import resumes when it is run
    again. A page that was recorded before the archive last saw its article is kept as a capture
    and makes no edit. A file at a URL is downloaded into the archive's folder, and removed when
    it has been read.

    \b
    warraq import-warc CC-NEWS-20240101000000-00001.warc.gz
    warraq import-warc crawl/*.warc.gz --language ar --language fa --archive ~/news
    warraq import-warc --dry-run https://data.commoncrawl.org/crawl-data/CC-NEWS/…/….warc.gz
    """
    for given in sources:  # at once: the first may take hours
        if not (_is_url(given) or Path(given).is_file() or Path(given).is_dir()):
            raise click.UsageError(f"{given!r} is neither a file nor a folder nor an http(s) URL")
    if not _read_all(sources, archive, options):
        raise SystemExit(ExitCode.INCOMPLETE)


def _is_url(given: str) -> bool:
    return given.lower().startswith(("http://", "https://"))


def _read_all(sources: tuple[str, ...], root: Path, options: _Options) -> bool:
    """Import files one after the other, by one set of processes; return whether all are sound."""
    from crawler.import_warc.job import Job
    from crawler.turns import PATIENCE
    from crawler.workers import Workers

    job = Job(
        root=root,
        publishers=load_all(*folders(root)),
        languages=None if "all" in options["languages"] else frozenset(options["languages"]),
        patience=PATIENCE if options["wait"] else 0.0,
        again=options["again"],
        strict=options["strict"],
        clock=options["now"],
    )
    are_whole = True
    processes = options["processes"]
    with nullcontext() if options["dry_run"] else closing(Workers(processes=processes)) as workers:
        for given in sources:
            are_whole &= _read(given, job, workers)
            job = replace(job, patience=PATIENCE)
    return are_whole


def _read(given: str, job: "Job", workers: "Workers | None") -> bool:
    """Import what is at a path or URL; return whether all of it is sound.

    What was downloaded for the import is removed again.
    """
    from crawler.import_warc.download import files_in
    from crawler.import_warc.job import SourceFile

    with ProgressLine() as progress:
        path = _downloaded(given, job.root, progress) if _is_url(given) else Path(given)
    are_whole = True
    scratch = next(folder for folder in (job.root, *job.root.parents) if folder.is_dir())
    for found in files_in(path, given if _is_url(given) else path.name, scratch):
        if isinstance(found, SourceFile):
            report = _read_file(found, job, workers)
            are_whole &= report.before or (report.is_warc and not report.damages)
        else:
            click.echo(found, err=True)
            are_whole = False
    if _is_url(given) and workers:
        path.unlink()
    return are_whole


def _read_file(source: "SourceFile", job: "Job", workers: "Workers | None") -> "FileReport":
    """Import a file, or without workers count what is in it, and print what became of it."""
    from crawler.import_warc.job import count, run

    with ProgressLine() as progress:
        if workers is None:
            report = count(job, source, progress=progress)
        else:
            report = asyncio.run(run(job, source, workers, progress=progress))
    _report(report)
    if report.stopped:
        stopped()
    return report


def _downloaded(url: str, root: Path, progress: Progress) -> Path:
    from crawler.import_warc.download import download
    from crawler.settings import user_agent

    settings = config.load(root)
    agent = user_agent(settings.contact)
    root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    return download(
        url, root / DOWNLOADS, user_agent=agent, proxy=settings.proxy, progress=progress
    )


def _report(file: "FileReport") -> None:
    """Print what became of a file: what was kept first, then why the rest was not."""
    for line in file.damages:
        click.echo(line, err=True)
    counts = file.counts
    if file.before and not counts["records"] and not file.stopped:
        click.echo(f"{file.name}: already imported; --again imports it once more")
        return
    if not file.before and not file.is_warc:
        click.echo(f"{file.name}: no WARC records found; {_FORMS}", err=True)
    records, resumed = counted(counts["records"], "record"), " (resumed)" if file.before else ""
    click.echo(f"{file.name}: {records} in {file.seconds:.1f} s{resumed}")
    if counts["unread"]:
        click.echo(f"  found: {counted(counts['unread'], 'possible article')}")
    else:
        click.echo(f"  kept: {_list(counts, _KEPT) or 'nothing'}")
    if skipped := _list(counts, sorted({*counts} - _NOT_SKIPPED)):
        click.echo(f"  skipped: {skipped}")
    if counts["flawed"]:
        click.echo(
            f"  with a wrong digest: {counts['flawed']} kept, in the table problems (--strict)"
        )


def _list(counts: Mapping[str, int], names: Iterable[str]) -> str:
    return ", ".join(f"{counts[name]:,} {name}" for name in names if counts[name])
