"""How large an archive gets: bytes of WARC and database per article, table by table.

    python -m tests.benchmarks.size [--articles 20000] [--revisits 2000]

Crawls fixture newspapers with `warraq crawl`, then again an hour later, when `--revisits` of the
articles are looked at once more and stand unchanged. Prints the tables and indexes by their pages
(SQLite's `dbstat`) and three ratios with their limits: WARC to the gzip size of all bodies that
were received (as the server packed it, level 6 where it did not), the cost of an unchanged visit
(without free pages of the database and what listings brought), and the database to the UTF-8 text
of its articles. Exits with 1 if a limit does not hold.
"""

import gzip
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import click

from archive.database import open_for_reading
from archive.maintenance.stats import Stats, stats
from archive.session import WARC_FOLDER
from archive.warc.reader import records
from tests.benchmarks.crawl import papers, warraq

WARC_LIMIT = 1.09  # times the gzip size of the bodies
VISIT_LIMIT = 2000  # bytes of an unchanged visit, WARC and database together
DATABASE_LIMIT = 2.95  # times the UTF-8 text

_TABLES = """
select name, sum(pgsize), sum(pgsize - unused) from dbstat where aggregate = false
group by name order by 2 desc, 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """The three ratios: WARC to gzip, bytes of an unchanged visit, database to text."""

    warc: float
    visit: float
    database: float

    @property
    def hold(self) -> bool:
        """Whether each is within its limit."""
        return (
            self.warc <= WARC_LIMIT
            and self.visit <= VISIT_LIMIT
            and self.database <= DATABASE_LIMIT
        )


@click.command()
@click.option("--articles", default=20_000, show_default=True)
@click.option("--revisits", default=2000, show_default=True, help="Articles looked at twice.")
@click.option("--seed", default=1, show_default=True)
def main(articles: int, revisits: int, seed: int) -> None:
    """Crawl fixture articles, look at some again, and print what they take."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "archive"
        with papers(articles, seed=seed):
            command = warraq(root, articles, seed)
            _crawl(command)
            first, bodies, before = stats(root), gzip_bytes(root), Held.of(root)
            _print_tables(root, first.articles)
            later = datetime.fromisoformat(command[-1]) + timedelta(hours=2)
            _crawl([*command[:-1], later.isoformat(), "--limit", str(revisits)])
        visit = visit_bytes(root, before, Held.of(root))
    ratios = Ratios(
        warc=first.warc_bytes / bodies,
        visit=visit,
        database=first.database_bytes / first.text_bytes,
    )
    _print_ratios(first, ratios)
    sys.exit(0 if ratios.hold else 1)


def _crawl(command: list[str]) -> None:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise click.ClickException(run.stdout + run.stderr)


def gzip_bytes(root: Path) -> int:
    """Return the size of the bodies of all response records, each packed by gzip."""
    total = 0
    for path in sorted((root / WARC_FOLDER).rglob("*.warc.gz")):
        for record in records(path):
            message = record.message if record.type == "response" else None
            if message:
                packed = message.header("Content-Encoding") == "gzip"
                total += len(message.body if packed else gzip.compress(message.body, 6))
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Bytes in the WARC files but for listings, and in used pages of the database; last run."""

    warc: int
    database: int
    run: int

    @classmethod
    def of(cls, root: Path) -> "Held":
        """Look at an archive as it stands."""
        with closing(open_for_reading(root)) as db:
            listings, run = db.execute(
                "select total(warc_length) filter (where kind != 'article'), max(run) from captures"
            ).fetchone()
            pages, free, size = (
                db.execute(f"pragma {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        files = sum(path.stat().st_size for path in (root / WARC_FOLDER).rglob("*.warc.gz"))
        return cls(warc=files - int(listings), database=(pages - free) * size, run=run)


def visit_bytes(root: Path, before: Held, after: Held) -> float:
    """Return what a visit to an article cost, where all brought nothing new."""
    with closing(open_for_reading(root)) as db:
        visits, new, changed = db.execute(
            "select (select count(*) from captures where run > :run and kind = 'article'),"
            " sum(new), sum(changed) from runs where id > :run",
            {"run": before.run},
        ).fetchone()
    if not visits or new or changed:
        detail = f"{visits} visits to articles, {new} new, {changed} changed"
        raise click.ClickException(f"the second crawl was to find nothing new: {detail}")
    click.echo(f"second crawl: {visits} visits to articles, nothing new")
    grown = after.warc + after.database - before.warc - before.database
    return grown / int(visits)


def _print_tables(root: Path, articles: int) -> None:
    click.echo(f"{'table or index':<40} {'bytes an article':>16} {'of them used':>13}")
    with closing(open_for_reading(root)) as db:
        for name, pages, used in _tables(db):
            if pages >= articles:  # a byte an article
                click.echo(f"{name:<40} {pages / articles:>16,.0f} {used / articles:>13,.0f}")


def _tables(db: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """Return (name, bytes of its pages, bytes used of them) of each table and index."""
    try:
        return db.execute(_TABLES).fetchall()
    except sqlite3.OperationalError as error:  # SQLite may be built without it
        raise click.ClickException(f"this SQLite tells no sizes of tables: {error}") from error


def _print_ratios(held: Stats, ratios: Ratios) -> None:
    cost = held.per_article
    click.echo(
        f"{held.articles} articles: WARC {cost['warc_bytes']:,} bytes each,"
        f" database {cost['database_bytes']:,}, text {cost['text_bytes']:,}"
    )
    click.echo(f"WARC : gzip of the bodies   {ratios.warc:.3f}  (at most {WARC_LIMIT})")
    click.echo(f"an unchanged visit          {ratios.visit:.0f} bytes  (at most {VISIT_LIMIT})")
    click.echo(f"database : UTF-8 text       {ratios.database:.2f}  (at most {DATABASE_LIMIT})")


if __name__ == "__main__":
    main()
