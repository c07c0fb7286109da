"""Commands of `archive.maintenance`: checks and repairs of an archive, its copies, its evidence."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, cast

import click

from archive.clock import system
from archive.commands.options import (
    ExitCode,
    Number,
    ProgressLine,
    archive_option,
    counted,
    processes_option,
)
from archive.commands.reading import found_article
from archive.database import NAME, existing
from archive.errors import ArchiveError, explain
from archive.evidence import Evidence, of_capture, to_json, with_file
from archive.maintenance.checks import Findings
from archive.reading import Archive
from archive.search.index import rebuild_index
from archive.warc.files import replacing


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
    from archive.maintenance.replacement import compact as make_smaller

    done = make_smaller(archive)
    click.echo(
        f"{archive / NAME}: {done.after / 1e6:,.1f} MB, before {done.before / 1e6:,.1f} MB;"
        f" {counted(done.problems, 'old problem')} and {counted(done.links, 'spent link')} removed."
    )


@click.command()
@click.argument("destination", metavar="DEST", type=click.Path(file_okay=False, path_type=Path))
@archive_option
@click.option(
    "--link",
    is_flag=True,
    help="Hard-link finished WARC files, if DEST is on the same disk: takes no space and no time,"
    " but does not protect against a failing disk.",
)
@click.option(
    "--keep", type=Number(min=1), metavar="N",
    help="Keep the database of each of the last N days, so that `warraq restore --at` can go back.",
)  # fmt: skip
def backup(destination: Path, archive: Path, link: bool, keep: int | None) -> None:
    """Write a snapshot into DEST, or update the one there.

    The snapshot is consistent even while a crawl writes: the database of one moment, each WARC
    file up to the last record that the database knows, warraq.toml and publishers/. It is a
    complete archive: every command works on it. Running the command again copies only what is new
    (of the database, all or nothing) and resumes after an interruption.

    With --keep, a database that is replaced stays in DEST/earlier as that of its day. The WARC
    files, which only grow, are there once for all days.

    Check it now and then: warraq verify --archive DEST. `warraq restore` brings it back.

    \b
    warraq backup /media/disk/news
    warraq backup /media/disk/news --archive ~/news --keep 14
    """
    from archive.maintenance.backup import back_up

    with ProgressLine() as progress:
        made = back_up(archive, destination, link=link, keep=keep or 0, progress=progress)
    click.echo(
        f"{destination}: {made.bytes / 1e6:,.1f} MB, {counted(made.files, 'WARC file')},"
        f" {made.copied:,} of them copied now."
        f"{'' if made.database else ' The database has not changed since the last time.'}"
    )
    if made.missing:
        names = ", ".join(made.missing)
        click.echo(
            f"{archive} lacks WARC files that its database refers to: {names}, or their ends;"
            " everything else is backed up",
            err=True,
        )
        raise SystemExit(ExitCode.INCOMPLETE)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@archive_option
def publish(folder: Path, archive: Path) -> None:
    """Write a copy for readers on another machine into DIR.

    DIR gets archive.db, settings.json and metadata.json. `datasette DIR/` serves them, even from a
    read-only folder: with plain Datasette, or with Warraq's pages where Warraq is installed.

    Withheld articles are left out, with their revisions, addresses, captures, links, words in the
    index, authors, tags and the free pages that held them; so is what the crawler remembers of
    hosts. The WARC files are not copied. An existing copy is replaced in one step, even while it is
    served; a folder that holds anything else is refused. It takes no lock: a crawl can run at the
    same time.

    \b
    warraq publish public/
    datasette public/
    """
    from archive.maintenance.publish import publish as write

    made = write(archive, folder)
    click.echo(
        f"{folder}: {counted(made.articles, 'article')}, {made.bytes / 1e6:,.1f} MB;"
        f" {made.withheld:,} withheld and left out. Serve it: datasette {folder}/"
    )


@click.command()
@archive_option
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv", "parquet"]), show_default="jsonl",
    metavar="FORMAT", help="What to write: jsonl, csv or parquet.",
)  # fmt: skip
@click.option("--warc", is_flag=True, help="Write the captures of --where as one WARC file.")
@click.option(
    "--where", metavar="SQL", default="true",
    help="SQL condition on the table articles, or on captures with --warc (default: all).",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write to FILE, created only once complete (default: standard output).",
)  # fmt: skip
@click.option("--no-revisions", is_flag=True, help="jsonl: leave out the earlier states.")
@click.option("--excel", is_flag=True, help="csv: add a byte order mark, make formulas harmless.")
def export(
    archive: Path,
    form: str | None,
    warc: bool,
    where: str,
    output: Path | None,
    no_revisions: bool,
    excel: bool,
) -> None:
    """Write articles or captures into a file for other programs.

    jsonl is complete: `warraq import-jsonl` recreates the same articles and revisions from it. csv
    and parquet have one row per article, as last seen; Parquet needs pip install 'warraq[parquet]'.
    --warc copies records byte for byte, each response with its request, and adds the records that
    revisit records refer to.

    Withheld articles and their captures are left out, whatever --where says, but not what the
    captures of feeds and section pages say about them. A crawl can run at the same time.

    \b
    warraq export -o articles.jsonl
    warraq export --format csv --excel --where "publisher = 'aawsat'" -o aawsat.csv
    warraq export --where "published_on >= '2020-11-01' and gone_at is not null" | jq .title
    warraq export --warc --where "url like '%.example/%'" -o pages.warc.gz
    warraq export --warc -o c.warc.gz --where "id in (select capture from revisions)"
    """
    if warc and form:
        raise click.UsageError(f"--warc writes a WARC file: omit --format {form}, or omit --warc")
    form = "warc" if warc else form or "jsonl"
    if excel and form != "csv":
        raise click.UsageError("--excel only works with --format csv")
    if no_revisions and form != "jsonl":
        raise click.UsageError("--no-revisions only works with --format jsonl")
    form = "excel" if excel else form
    with into(output, is_text=form not in {"warc", "parquet"}) as out:
        unreadable = _write(archive, out, where, form, revisions=not no_revisions)
    for line in unreadable:
        click.echo(f"not written: {line}", err=True)
    if unreadable:
        raise SystemExit(ExitCode.INCOMPLETE)


def _write(archive: Path, out: IO[bytes], where: str, form: str, *, revisions: bool) -> list[str]:
    """Write articles or captures and say how many; return what could not be read."""
    from archive.maintenance.export import WRITERS, articles, write_warc

    with ProgressLine() as progress:
        if form == "warc":
            cut = write_warc(archive, out, where=where, progress=progress)
            done = f"{counted(cut.captures, 'capture')}, and {cut.originals:,} that they refer to."
        else:
            revisions &= form == "jsonl"
            rows = articles(archive, where=where, revisions=revisions, progress=progress)
            done = f"{counted(WRITERS[form](rows, out), 'article')}."
    click.echo(done, err=True)
    return cut.unreadable if form == "warc" else []


class _Terminal(io.RawIOBase):
    """Takes bytes of whole characters to a terminal, which they do not command."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        sys.stdout.write(bytes(data).decode())
        return len(data)


@contextmanager
def into(output: Path | None, *, is_text: bool) -> Iterator[IO[bytes]]:
    """Give the file to write; it gets its name only once it is complete.

    A device, a pipe or a link such as /dev/stdout is written to as it is.
    """
    if output is None:
        if not is_text and sys.stdout.isatty():
            raise click.UsageError("a terminal cannot show this format; name a file with -o")
        yield cast("IO[bytes]", _Terminal()) if sys.stdout.isatty() else sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if not output.parent.is_dir():
        raise click.UsageError(f"the folder {output.parent} does not exist; create it first")
    is_file = output.is_file() or not output.exists()
    written = replacing(output) if is_file else nullcontext(output)
    try:
        with written as path, path.open("wb") as file:
            yield file
    except OSError as error:
        raise ArchiveError(explain(error, output)) from error


_SECONDS = 10.0  # of a line of a list


def search_each(archive: Path, content: bytes, out: Path | None) -> None:
    """Search for each line of a list; write a table, and say which lines have no sure answer.

    Raises:
        SystemExit: with ExitCode.INCOMPLETE, if there are any but empty ones.
    """
    from archive.maintenance.export import write_csv
    from archive.search import batch

    lines, answers = batch.read_list(content), list[batch.Answer]()
    with into(out, is_text=True) as file, Archive(archive) as opened:
        with ProgressLine() as progress:
            for done, (line, query) in enumerate(lines, 1):
                answers.append(batch.answer(opened.db, line, query, seconds=_SECONDS))
                progress("lines", done, len(lines))
        write_csv(map(batch.to_row, answers), file, names=batch.COLUMNS, excel=True)
    for each in answers:
        if each.problem:
            click.echo(f"line {each.line}: {_PROBLEMS[each.problem]}: {each.query}", err=True)
    found = sum(bool(each.found) for each in answers)
    click.echo(f"{counted(len(answers), 'line')}, {found:,} found in this archive.", err=True)
    if any(each.problem not in {"", "empty"} for each in answers):
        raise SystemExit(ExitCode.INCOMPLETE)


_PROBLEMS = {
    "empty": "nothing to search for",
    "unread": "a letter, date or publisher was not understood",
    "slow": f"given up after {_SECONDS:.0f} seconds",
}


@click.command()
@click.argument("article")
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option("--html", "as_html", is_flag=True, help="Print one page, in Arabic and English.")
def custody(article: str, archive: Path, as_json: bool, as_html: bool) -> None:
    """Show the evidence for each state of an article.

    ARTICLE is its number or its address. The oldest state comes first: what was asked for, what
    answered and when, digests, the place of its record, who collected with which program, how it
    was read, what was altered; and three lines for a shell, by which anybody checks the bytes
    without Warraq.

    \b
    warraq custody https://www.enabbaladi.net/429483/
    warraq custody 2817493 --html > evidence.html
    """
    with Archive(archive) as opened:
        wanted = found_article(opened, article)
        numbers = [state.capture for state in opened.revisions(wanted.id) if state.capture]
        read = (of_capture(opened.db, archive, number) for number in numbers)
        states = [with_file(stated, archive) for stated in read if stated]
    if not states:
        raise click.ClickException(f"no capture of article {wanted.id} is in this archive")
    shown = to_json(states) if as_json else _document(states, "html" if as_html else "txt")
    click.echo(shown.strip())


def _document(states: list[Evidence], ending: str) -> str:
    """Return evidence as a self-contained page, or as lines."""
    from jinja2 import Environment, PackageLoader, select_autoescape

    from archive.site.language import interface, t
    from archive.site.wording import FILTERS

    pages = Environment(loader=PackageLoader("archive.site"), autoescape=select_autoescape())
    pages.filters |= {f"warraq_{each.__name__}": each for each in FILTERS}
    pages.globals |= {"t": t, "interface": interface}
    style = files("archive.site").joinpath("static/warraq.css").read_text("utf-8")
    return pages.get_template(f"warraq/custody.{ending}").render(states=states, style=style)
