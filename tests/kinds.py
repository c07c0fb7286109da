"""True kinds of pages against decided ones: `python -m tests.kinds CLONES [--verbose]`.

Reads the pages that `tests/kinds.csv` lists (repository, path, kind) from git clones of those
repositories, CLONES/OWNER+NAME or CLONES/OWNER+NAME/repo, and those of `../shared/corpus`. Kinds
were given by name and content before measuring; five were corrected on reading the page.
"""

import argparse
import csv
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from archive.models import Capture, Kind
from archive.urls import normal
from crawler.extract.page import extract
from crawler.publisher import Publisher
from tests.accuracy import CORPUS, corpus

LIST = Path(__file__).with_name("kinds.csv")
_LINK = re.compile(
    r"""<link[^>]+rel=["']?canonical["']?[^>]+href=["']?(https?://[^"'\s>]+)"""
    r"""|<meta[^>]+og:url["']?[^>]+content=["']?(https?://[^"'\s>]+)""",
    re.IGNORECASE,
)


def pages(clones: Path) -> Iterator[tuple[str, str, str, bytes]]:
    """Yield (name, true kind, address, bytes) of each page that is there."""
    with LIST.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            folder = clones / row["repository"].replace("/", "+")
            folder = folder / "repo" if (folder / "repo").is_dir() else folder
            shown = subprocess.run(
                ["git", "-C", folder, "show", f"HEAD:{row['path']}"],
                capture_output=True,
                check=False,
            )
            if shown.returncode:
                print(f"not there: {row['repository']} {row['path']}")
                continue
            yield (
                f"{row['repository']} {row['path']}",
                row["kind"],
                address(shown.stdout),
                shown.stdout,
            )
    if CORPUS.is_dir():
        for page in corpus():
            yield page.name, page.truth["kind"] or "article", page.url, page.body


def address(body: bytes) -> str:
    """Return the address that a page says it has."""
    found = _LINK.search(body.decode("utf-8", "replace"))
    url = (found[1] or found[2]) if found else "https://example.org/page"
    try:
        return normal(url)
    except ValueError:
        return "https://example.org/page"


def decided(url: str, body: bytes) -> str:
    """Return the kind of a page, or the problem that it is."""
    capture = Capture(
        url=url,
        publisher="x",
        kind=Kind.ARTICLE,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
        status=200,
        content_type=None,
        body=body,
    )
    found = extract(capture, Publisher.of_url(url))
    kinds = [problem.kind for problem in found.problems if problem.kind.wall]
    return kinds[0] if kinds else found.kind.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name each page that is wrong")
    options = parser.parse_args()
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, true, url, body in pages(options.clones):
        kind = decided(url, body)
        table[true][kind] += 1
        if options.verbose and (true == "article") != (kind == "article"):
            print(f"{true} read as {kind}: {name}")
    columns = sorted({kind for row in table.values() for kind in row})
    print(f"{'true kind':<12}" + "".join(f"{column:>12}" for column in columns))
    for true, row in sorted(table.items()):
        print(f"{true:<12}" + "".join(f"{row[column] or '.':>12}" for column in columns))
    others = {true: row for true, row in table.items() if true != "article"}
    read = sum(row["article"] for row in others.values())
    total = sum(row.total() for row in others.values())
    print(f"articles read as articles: {table['article']['article']}/{table['article'].total()}")
    print(f"other pages read as articles: {read}/{total}")


if __name__ == "__main__":
    main()
