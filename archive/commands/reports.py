"""Commands that count: `warraq runs` and `warraq stats`."""

import dataclasses
import json
from pathlib import Path

import click

from archive.clock import iso
from archive.commands.options import archive_option, columns, counted, limit_option
from archive.database import is_held, open_for_reading
from archive.maintenance.stats import Share, Stats
from archive.models import Run
from archive.runs import Counts, by_publisher, history


@click.command()
@archive_option
@limit_option("Show the last N runs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, newest first.")
def runs(archive: Path, limit: int, as_json: bool) -> None:
    """Show what ran when and what it did, newest first.

    A crawl is one run, or one for each five minutes; a line below it for each publisher says what
    came of it. A run that was killed shows as interrupted.

    \b
    warraq runs --limit 5
    warraq runs --json --archive ~/news | jq '.[0]'
    """
    db = open_for_reading(archive)
    rows = history(db, limit=limit)
    publishers = {run.id: by_publisher(db, run.id) for run in rows}
    db.close()
    if not is_held(archive):
        rows = [_ended(run) for run in rows]
    if as_json:
        listed = [_plain(run, publishers[run.id]) for run in rows]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2, default=iso))
        return
    for run in rows:
        seconds = _duration(run)
        click.echo(
            f"{run.id:>6}  {run.started_at:%Y-%m-%d %H:%M:%S}Z  {seconds:>7}  {run.state:<11}"
            f"  {run.requests:>6} requests  {run.new:>6} new  {run.changed:>5} changed"
            f"  {run.problems:>5} problems  {run.command}"
        )
        for row in publishers[run.id]:
            click.echo(
                f"{'':>8}{row.publisher:<32}  {row.outcome:<11}  {row.requests:>6} requests"
                f"  {row.new:>6} new  {row.changed:>5} changed  {row.problems:>5} problems"
            )


def _duration(run: Run) -> str:
    if run.ended_at is None:
        return "…"
    seconds = (run.ended_at - run.started_at).total_seconds()
    return f"{seconds:.0f} s" if seconds >= 0 else "?"  # the clock was set back meanwhile


def _ended(run: Run) -> Run:
    """Return a run as it is while nobody is writing; the next writer will save that."""
    return dataclasses.replace(run, state="interrupted") if run.state == "running" else run


def _plain(run: Run, publishers: list[Counts]) -> dict[str, object]:
    rows = [dataclasses.asdict(row) | {"outcome": row.outcome} for row in publishers]
    return dataclasses.asdict(run) | {"publishers": rows}


_COLUMNS = ("articles", "revisions", "captures", "warc_bytes", "text_bytes")


@click.command()
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one object, sizes in bytes.")
def stats(archive: Path, as_json: bool) -> None:
    """Count what there is, and the bytes per article.

    For each publisher: articles, revisions (observed states), captures, the size of its records in
    the WARC files (compressed, without requests) and of its texts in UTF-8, including earlier ones.
    Then the total size of the WARC files and of the database with its search index, also per
    article. A crawl can run at the same time.

    \b
    warraq stats --archive ~/news
    warraq stats --json | jq .per_article
    """
    from archive.maintenance.stats import stats as count

    counts = count(archive)
    if as_json:
        click.echo(json.dumps(counts.plain(), ensure_ascii=False, indent=2))
        return
    click.echo(_table(counts))
    _sizes(counts)


def _table(counts: Stats) -> str:
    head = ("publisher", "articles", "revisions", "captures", "WARC MB", "text MB")
    rows: list[tuple[str, ...]] = [head]
    rows += [_row(share.publisher or "(none)", share) for share in counts.shares]
    sums = Share(publisher=None, name=None, **{name: counts.total(name) for name in _COLUMNS})
    rows.append(_row("together", sums))
    return columns(rows)


def _row(name: str, share: Share) -> tuple[str, ...]:
    cells = {column: getattr(share, column) for column in _COLUMNS}
    return (
        name,
        *(
            f"{cell / 1e6:,.1f}" if column.endswith("bytes") else f"{cell:,}"
            for column, cell in cells.items()
        ),
    )


def _sizes(counts: Stats) -> None:
    articles = counts.total("articles")
    for what, size in (
        (counted(counts.warc_files, "WARC file"), counts.warc_bytes),
        ("database", counts.database_bytes),
        ("text", counts.total("text_bytes")),
    ):
        each = f", {size / articles:,.0f} bytes per article" if articles else ""
        click.echo(f"{what}: {size / 1e6:,.1f} MB{each}")
