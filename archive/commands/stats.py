"""`warraq stats`: how much there is, and what it costs."""

import json
from pathlib import Path

import click

from archive.commands.options import archive_option
from archive.maintenance.stats import Share, Stats

_COLUMNS = ("articles", "revisions", "captures", "warc_bytes", "text_bytes")


@click.command()
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one object, sizes in bytes.")
def stats(archive: Path, as_json: bool) -> None:
    """Count what there is, and what an article costs in bytes.

    Articles, their observed states (revisions), captures, and sizes: the publisher's records in the
    WARC files (packed, without the requests) and its texts in UTF-8, earlier ones included. Below
    stand the whole WARC files and the database with its search index, by article too. A crawl may
    go on.

    \b
    warraq stats --archive ~/news
    warraq stats --json | jq .per_article
    """  # noqa: D301 - click wants the character
    from archive.maintenance.stats import stats as count

    told = count(archive)
    if as_json:
        click.echo(json.dumps(told.plain(), ensure_ascii=False, indent=2))
        return
    click.echo(_table(told))
    _sizes(told)


def _table(told: Stats) -> str:
    rows = [("publisher", "articles", "revisions", "captures", "WARC MB", "text MB")]
    rows += [_row(share.publisher or "(none)", share) for share in told.shares]
    sums = Share(publisher=None, name=None, **{name: told.total(name) for name in _COLUMNS})
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


def _sizes(told: Stats) -> None:
    articles = told.total("articles")
    for what, size in (
        (f"{told.warc_files} WARC files", told.warc_bytes),
        ("database", told.database_bytes),
        ("text", told.total("text_bytes")),
    ):
        each = f", {size / articles:,.0f} bytes an article" if articles else ""
        click.echo(f"{what}: {size / 1e6:,.1f} MB{each}")
