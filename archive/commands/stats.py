"""`warraq stats`: how much there is, and what it costs."""

import json
from pathlib import Path

import click

from archive.commands.options import archive_option, counted
from archive.maintenance.stats import Share, Stats

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
    rows = [("publisher", "articles", "revisions", "captures", "WARC MB", "text MB")]
    rows += [_row(share.publisher or "(none)", share) for share in counts.shares]
    sums = Share(publisher=None, name=None, **{name: counts.total(name) for name in _COLUMNS})
    rows.append(_row("together", sums))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _row(name: str, share: Share) -> tuple[str, str, str, str, str, str]:
    return (
        name,
        f"{share.articles:,}",
        f"{share.revisions:,}",
        f"{share.captures:,}",
        f"{share.warc_bytes / 1e6:,.1f}",
        f"{share.text_bytes / 1e6:,.1f}",
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
