"""`warraq save`: archive single pages, by their addresses or a list of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Unpack

import click

from archive.clock import Clock
from archive.commands.maintenance import into
from archive.commands.options import ExitCode, counted, new_archive_option, stopped
from archive.database import ask, open_for_reading
from archive.runs import by_clock
from archive.saved import COLUMNS, pending, standing
from archive.session import Beginning
from archive.urls import identity_key
from crawler import config
from crawler.address_list import is_table, read_table
from crawler.commands.options import (
    CrawlOptions,
    carry_out,
    folders,
    job_of,
    log_level_option,
    now_option,
)
from crawler.publisher import Owners, load_all

_UNREAD = "{!r} is neither a URL (https://…) nor a file that can be read: {}"


def _duration(_context: object, _option: object, value: str | None) -> timedelta | None:
    try:
        return config.duration(value) if value else None
    except ValueError as error:
        message = f"{value!r} is not a duration; write 12h or 30d, at most 366d"
        raise click.BadParameter(message) from error


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="URL…|FILE")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="For a table: write the copy to FILE (default: LIST.saved.csv next to LIST.csv).",
)  # fmt: skip
@click.option(
    "--base-url", metavar="URL", default="",
    help="For a table: what is before this archive's addresses, e.g. http://127.0.0.1:8001",
)  # fmt: skip
@click.option(
    "--full", is_flag=True,
    help="Keep a screenshot, the page as a browser shows it, its images and certificates, too.",
)  # fmt: skip
@click.option(
    "--watch-for", metavar="TIME", callback=_duration,
    help="Have `warraq watch` look at these pages for edits and removals so long, e.g. 30d.",
)  # fmt: skip
@new_archive_option
@log_level_option
@now_option
def save(
    addresses: tuple[str, ...],
    archive: Path,
    out: Path | None,
    base_url: str,
    full: bool,
    watch_for: timedelta | None,
    **options: Unpack[CrawlOptions],
) -> None:
    """Archive single pages: URLs, or files that list them.

    A file (`-` for standard input) has one URL per line; empty lines and lines that begin with #
    are skipped, lines that are not addresses are reported. The page is fetched, its bytes are kept,
    its text is extracted and indexed. The publisher need not be known.

    A table (CSV of a spreadsheet) has a column of addresses, found by its name (url, link, رابط) or
    what is in it. A copy has next to each row what became of it: state, addresses in this archive,
    time of the capture (UTC), SHA-256 of its payload, title, date and problem. What the archive has
    is not asked for again: the same command continues after a stop, and brings the copy up to date.

    \b
    warraq save https://www.enabbaladi.net/429483
    warraq save links.txt --archive ~/news
    warraq save sources.csv --watch-for 30d      writes sources.saved.csv
    warraq save --full https://example.org/1     with a screenshot, for which Chromium is needed
    grep -o 'https://[^ ]*' notes.txt | warraq save -
    """
    contents = {given: _content(given) for given in addresses if "://" not in given}
    tables = [given for given, content in contents.items() if is_table(given, content)]
    if (tables and len(addresses) > 1) or ((out or base_url) and not tables):
        raise click.UsageError("--out and --base-url take one table (CSV), and a table comes alone")
    saving = _Saving(archive, full, watch_for, options)
    if tables:
        saving.table(tables[0], contents[tables[0]], out, base_url.rstrip("/"))
    else:
        saving.pages(*_listed(addresses, contents))


@dataclass(frozen=True, slots=True)
class _Saving:
    """A run of `warraq save` into an archive."""

    archive: Path
    full: bool
    watch_for: timedelta | None
    options: CrawlOptions

    @property
    def clock(self) -> Clock:
        return self.options["now"]

    def pages(self, urls: list[str], bad: list[str]) -> None:
        """Save single pages; print what became of each."""
        begun = Beginning(self.archive)
        is_stopped = self._visit(urls, watched=urls)
        saved = [self._report(url) for url in urls]
        begun.take_back(now=self.clock())
        _end(is_stopped=is_stopped, is_complete=all(saved) and not bad)

    def table(self, name: str, content: bytes, out: Path | None, base: str) -> None:
        """Save the pages of a table, and write its copy."""
        try:
            table = read_table(content)
        except ValueError as error:
            raise click.UsageError(f"{name}: {error}") from error
        path, addresses = _copy_of(name, out), dict.fromkeys(table.addresses)
        urls = [url for url in addresses if not _fault(url)]
        asked = partial(pending, urls=urls, now=self.clock(), full=self.full)
        due = ask(self.archive, asked, otherwise=urls)
        known = f"{len(urls) - len(due):,} of them in the archive"
        click.echo(f"{counted(len(urls), 'address', 'addresses')}, {known}.", err=True)
        is_stopped = self._visit(due, watched=urls)
        with closing(open_for_reading(self.archive)) as db:
            found = {url: standing(db, url, full=self.full) for url in addresses}
        rows = [found[url] for url in table.addresses]
        with into(path, is_text=True) as file:
            table.write((each.cells(base) for each in rows), file)
        states = Counter(each.state for each in rows).most_common()
        said = ", ".join(f"{number:,} {state}" for state, number in states)
        click.echo(f"{path}: {counted(len(rows), 'row')}, {said}.")
        _end(is_stopped=is_stopped, is_complete=all(each.is_kept for each in rows))

    def _visit(self, urls: Sequence[str], *, watched: Sequence[str]) -> bool:
        """Visit addresses now, and have others watched; return whether Ctrl-C stopped it."""
        owners, is_stopped = Owners(load_all(*folders(self.archive)).values()), False
        if urls:
            publishers = {url: owners.of(url) for url in urls}
            each_once = {publisher.slug: publisher for publisher in publishers.values()}.values()
            visits = [(url, publisher.slug) for url, publisher in publishers.items()]
            more = {"addresses": visits, "full": self.full}
            job = job_of(self.archive, each_once, "save", self.options, **more)
            summary = carry_out(job)
            is_stopped = summary.stopped
            for note in summary.notes:
                click.echo(note)
        if self.watch_for:
            self._watch(watched, self.clock() + self.watch_for)
        return is_stopped

    def _watch(self, urls: Sequence[str], until: datetime) -> None:
        from archive.store import Store
        from crawler.settings import USER_AGENT, warcinfo

        with Store(
            self.archive,
            command=by_clock("save", self.clock),
            software=USER_AGENT,
            settings=warcinfo(config.load(self.archive)),
            clock=self.clock,
        ) as store:
            store.watch(urls, until=until)
        pages = counted(len(urls), "page")
        click.echo(f"`warraq watch` looks at {pages} until {until:%F %H:%M} UTC.")

    def _report(self, url: str) -> bool:
        """Print what became of an address; return whether it is an article now."""
        with closing(open_for_reading(self.archive)) as db:
            now = standing(db, url, full=self.full)
        if now.state == "archived":
            title = now.title or "without a title"
            missing = f"\n  not kept in full: {now.detail}" if now.problem else ""
            click.echo(f"{url}\n  article {now.article}: {title} ({now.words} words){missing}")
        else:
            click.echo(f"{url}\n  not archived as an article: {now.detail} ({now.problem})")
        return now.state == "archived" and now.is_kept


def _end(*, is_stopped: bool, is_complete: bool) -> None:
    if is_stopped:
        stopped()
    if not is_complete:
        raise SystemExit(ExitCode.INCOMPLETE)


def _content(given: str) -> bytes:
    """Return what is in the file of that name, or comes by standard input (`-`)."""
    try:
        with click.open_file(given, "rb") as file:
            return bytes(file.read())
    except OSError as error:
        raise click.UsageError(_UNREAD.format(given, error.strerror)) from error


def _copy_of(name: str, out: Path | None) -> Path:
    """Return where the copy of a table goes: never where a file is that is not such a copy."""
    if name == "-" and out is None:
        raise click.UsageError("name the copy of a table from standard input with --out FILE")
    path = out or Path(name).with_suffix(f".saved{Path(name).suffix or '.csv'}")
    if path.is_file() and COLUMNS[0].encode() not in path.read_bytes()[:100_000]:
        remedy = "name another one with --out"
        raise click.UsageError(f"{path} is there, and no copy that `warraq save` wrote; {remedy}")
    return path


def _listed(addresses: Sequence[str], contents: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    """Return the addresses that were given or are in files, each once, and lines that are none."""
    urls, bad = list[str](), list[str]()
    for given in addresses:
        lines = _lines(given, contents[given]) if given in contents else [given]
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            if not (fault := _fault(line)):
                urls.append(line)
            elif given not in contents:
                raise click.UsageError(f"{given}: {fault}")
            else:
                bad.append(f"{given}, line {number}: {fault}")
    if not urls:
        raise click.UsageError("; ".join(bad[:1]) or "the input contains no address")
    for line in bad:
        click.echo(line, err=True)
    return list(dict.fromkeys(urls)), bad


def _lines(name: str, content: bytes) -> list[str]:
    try:
        return [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise click.UsageError(_UNREAD.format(name, "it is not text in UTF-8")) from error


def _fault(url: str) -> str:
    """Return why this is not an address; an empty text where it is."""
    try:
        identity_key(url)
    except ValueError as error:
        return str(error)
    return ""
