"""Read a folder of what other programs made: `python -m tests.foreign FOLDER…`.

Of each file it is seen by its bytes, else by its name, whether it is a web archive (WARC, ARC,
WACZ, packed or not), a feed, a sitemap or a robots.txt; others are counted. Each is read by the
code that a crawl or an import uses, in a process of its own, with bounds of time and memory, so
that no file ends the run. The table has a line for each kind: files, what was read (records,
entries, rules), what of it was kept (articles, links, groups), seconds, tracebacks; then what was
refused and why. `--verbose` prints a line for each file. It ends with 1 where there was a
traceback, or a file that exceeded its bounds.
"""

import argparse
import contextlib
import multiprocessing
import re
import resource
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from archive.warc.files import opened
from archive.warc.reader import LARGEST_FOREIGN, Damage, walk
from crawler.errors import NotAListing
from crawler.extract.page import extract
from crawler.fetch.robots import rules
from crawler.import_warc.candidates import Candidate, candidate
from crawler.import_warc.download import files_in, form_of
from crawler.import_warc.job import SourceFile
from crawler.ingest import is_article
from crawler.listings.feeds import feed
from crawler.listings.sitemaps import pieces, sitemap
from crawler.publisher import Publisher

SECONDS, MEGABYTES = 120, 2048
_HEAD = 1 << 14
_SITEMAP = re.compile(rb"<(?:[\w.-]+:)?(?:urlset|sitemapindex)\b", re.IGNORECASE)
_FEED = re.compile(rb"<(?:\w+:)?(?:rss|rdf:RDF|feed|channel)[\s>]|jsonfeed\.org/", re.IGNORECASE)
_ROBOTS = re.compile(
    rb"^[ \t]*(?:user-?agent|disallow|allow|sitemap)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_BY_NAME = {
    "archive": re.compile(r"\.(?:w?arc|wacz)(?:\.\w+)?$", re.IGNORECASE),
    "robots.txt": re.compile(r"robots[^/]*$|robots", re.IGNORECASE),
    "sitemap": re.compile(r"sitemap[^/]*\.(?:xml|txt)(?:\.gz)?$", re.IGNORECASE),
    "feed": re.compile(r"\.(?:rss|atom|rdf)$|feed[^/]*\.(?:xml|json)$", re.IGNORECASE),
}


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of a file: its kind, what was read, what was kept, and what was not and why."""

    kind: str = "other"
    read: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    trace: str | None = None
    seconds: float = 0.0


def kind_of(path: Path) -> str:
    """Return what a file is."""
    if path.stat().st_size == 0:
        return "other"
    if form_of(path) != "unknown":
        return "archive"
    with path.open("rb") as file:
        head = file.read(_HEAD)
    with contextlib.suppress(OSError, EOFError, ValueError, zlib.error):
        head = next(pieces(head), b"")[:_HEAD] or head
    head = head.replace(b"\0", b"")
    if _SITEMAP.search(head):
        return "sitemap"
    if _FEED.search(head):
        return "feed"
    if _ROBOTS.search(head) and b"<html" not in head.lower():
        return "robots.txt"
    return next((kind for kind, name in _BY_NAME.items() if name.search(path.name)), "other")


def read_archive(path: Path, result: Result) -> None:
    """Read each record of a file; what reads as an article is kept."""
    with TemporaryDirectory() as scratch:
        for source in files_in(path, path.name, Path(scratch)):
            if isinstance(source, SourceFile):
                with opened(source.path) as descriptor:
                    _read_records(descriptor, result)
            else:
                result.refused[source.removeprefix(path.name).strip("/: ")] += 1


def _read_records(descriptor: int, result: Result) -> None:
    now = datetime.now(UTC)
    for item in walk(descriptor, largest=LARGEST_FOREIGN, lenient=True):
        result.read += 1
        if isinstance(item, Damage):
            result.refused[re.sub(r"\d+|'.*'", "…", item.what)] += 1
            continue
        found = candidate(item, languages=None, now=now)
        if not isinstance(found, Candidate):
            result.refused[found] += 1
        elif not found.capture.body:
            result.refused["a revisit"] += 1
        elif is_article(extract(found.capture, Publisher.of_url(found.capture.url)), None):
            result.kept += 1
        else:
            result.refused["without an article"] += 1


def read_feed(path: Path, result: Result) -> None:
    """Read the links of a feed."""
    for _ in feed(path.read_bytes(), "https://example.org/feed"):
        result.read += 1
        result.kept += 1


def read_sitemap(path: Path, result: Result) -> None:
    """Read the links of a sitemap."""
    for _ in sitemap(path.read_bytes(), "https://example.org/sitemap.xml"):
        result.read += 1
        result.kept += 1


def read_robots(path: Path, result: Result) -> None:
    """Read the groups of a robots.txt, and ask them for an address."""
    body = path.read_bytes()
    result.read = len(body.splitlines())
    found = rules(body)
    found.can_fetch("https://example.org/news/1?a=b", "Warraq")
    found.crawl_delay("Warraq")
    result.kept = len(_ROBOTS.findall(body))


READERS: dict[str, Callable[[Path, Result], None]] = {
    "archive": read_archive,
    "feed": read_feed,
    "sitemap": read_sitemap,
    "robots.txt": read_robots,
}


def _in_worker(path: Path, answer: Connection) -> None:
    """Read a file and send its result, within bounds of memory."""
    most = MEGABYTES << 20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    result = Result()
    try:
        result.kind = kind_of(path)
        if result.kind in READERS:
            READERS[result.kind](path, result)
    except NotAListing as error:
        result.refused[re.sub(r"\(.*|: .*", "", str(error))] += 1
    except OSError as error:
        result.refused[str(error.strerror or error)] += 1
    except MemoryError:
        result.trace = f"more than {MEGABYTES} MB"
    except Exception:  # noqa: BLE001 - this is what is looked for
        result.trace = traceback.format_exc()
    answer.send(result)


def read(path: Path) -> Result:
    """Read a file in a process of its own, which is ended after `SECONDS`."""
    here, there = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("fork")
    worker = context.Process(target=_in_worker, args=(path, there), daemon=True)
    began = time.monotonic()
    worker.start()
    there.close()
    try:
        is_done = here.poll(SECONDS)
        result = here.recv() if is_done else Result(trace=f"more than {SECONDS} s")
    except EOFError:
        result = Result(trace="the process died")
    worker.kill()
    worker.join()
    here.close()
    assert isinstance(result, Result)
    result.seconds = time.monotonic() - began
    return result


def files(folders: list[Path]) -> Iterator[Path]:
    """Yield all files in folders; none of git's own."""
    for folder in folders:
        inside = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        yield from (path for path in inside if path.is_file() and ".git" not in path.parts)


def run(folders: list[Path], *, verbose: bool) -> int:
    """Read all and print the table; return how many files went wrong."""
    counts, totals = Counter[str](), {kind: Result() for kind in (*READERS, "other")}
    traces: list[tuple[Path, str]] = []
    for path in files(folders):
        result = read(path)
        kind, total = result.kind, totals[result.kind]
        counts[kind] += 1
        total.read += result.read
        total.kept += result.kept
        total.refused += result.refused
        total.seconds += result.seconds
        if result.trace:
            traces.append((path, result.trace))
            counts[f"{kind} wrong"] += 1
        if verbose and kind != "other":
            why = ", ".join(f"{count} {what}" for what, count in result.refused.most_common(4))
            print(
                f"{kind:<11}{result.read:>8}{result.kept:>8}{result.seconds:>8.1f}  {path}  {why}"
            )
    print(f"{'kind':<11}{'files':>7}{'read':>9}{'kept':>9}{'refused':>9}{'seconds':>9}{'wrong':>7}")
    for kind, total in totals.items():
        numbers = f"{counts[kind]:>7,}{total.read:>9,}{total.kept:>9,}{total.refused.total():>9,}"
        print(f"{kind:<11}{numbers}{total.seconds:>9.1f}{counts[f'{kind} wrong']:>7}")
    for kind, total in totals.items():
        for what, count in total.refused.most_common():
            print(f"  {kind}: {count:,} {what}")
    for path, trace in traces:
        print(f"{path}: {trace}")
    return len(traces)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--verbose", action="store_true", help="print a line for each file")
    options = parser.parse_args()
    sys.exit(1 if run(options.folders, verbose=options.verbose) else 0)


if __name__ == "__main__":
    main()
