"""Commands that show an archive: `warraq search`, `show`, `diff`, `runs` and `stats`."""

import json
import shutil
import textwrap
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import IO

import click

from archive.article_rows import nearest, withheld
from archive.clock import from_iso, iso
from archive.commands.options import (
    Number,
    archive_option,
    columns,
    counted,
    limit_option,
    moment,
    rightwards,
)
from archive.database import held_by, open_for_reading
from archive.diff import Passage
from archive.maintenance.stats import Share
from archive.models import Run
from archive.reading import Archive, Article, Revision
from archive.runs import Counts, by_publisher, history
from archive.search import MARKED, Doubt, Hit, Order, doubts, to_json
from archive.urls import readable


# A word with a minus before it is excluded from the search, and not an option.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", nargs=-1)
@archive_option
@limit_option
@click.option(
    "--batch", type=click.File("rb"), metavar="FILE",
    help="Search for each line of a list (CSV or plain; - is standard input), and write CSV.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="With --batch: write to FILE, created only once complete.",
)  # fmt: skip
@click.option(
    "--order", type=click.Choice(["best", "new"]), default="best", show_default=True,
    help="best: any of the words; new: all of them, newest first.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def search(
    query: tuple[str, ...],
    archive: Path,
    limit: int,
    batch: IO[bytes] | None,
    out: Path | None,
    order: Order,
    as_json: bool,
) -> None:
    """Search the articles of an archive.

    QUERY is words, and optionally "an exact phrase", "near words"~10, +required, -excluded,
    this OR that, prefix*, title:word, author:word, publisher:slug, after:2020-11-01, before:2021;
    or the address of an article. Put it in single quotes. Arabic words match their other forms.

    \b
    warraq search 'عودة اللاجئين'
    warraq search '"وزير الثقافة" after:2020-11 -رياضة' --order new
    warraq search 'publisher:enabbaladi title:دمشق' --json | jq -r '.[].url'
    warraq search --batch names.csv --out hits.csv
    """
    _refuse_unknown_options(query)
    asked = " ".join(query).strip()
    if (batch and (asked or as_json)) or (out and not batch):
        raise click.UsageError("--batch takes queries from FILE alone, and writes CSV, with --out")
    if batch:
        from archive.commands.maintenance import search_each

        search_each(archive, batch.read(), out)
        return
    if not asked:
        raise click.UsageError("the query is empty; write a word, or a filter as after:2020-11-01")
    with Archive(archive) as opened:
        for doubt in doubts(opened.db, asked):
            raise click.ClickException(_said(doubt))
        hits = opened.search(asked, limit=limit, order=order)
        _print(hits, opened.count(asked, order=order), asked, as_json=as_json)


def _print(hits: list[Hit], number: int, asked: str, *, as_json: bool) -> None:
    """Print hits, and of how many they are the first."""
    if as_json:
        click.echo(to_json(hits, indent=2))
        return
    for hit in hits:
        click.echo(_shown(hit))
    summary = f"{number} found."
    if not number:
        remedy = "Try fewer words, or the beginning of one: word*"
        if "://" in asked:
            remedy = "`warraq show URL` says if it is withheld, `warraq save URL` archives a page."
        summary = f"Nothing found for {asked!r}. {remedy}"
    elif len(hits) < number:
        summary = f"{len(hits)} of {number} found; --limit shows more."
    click.echo(summary, err=True)


def _refuse_unknown_options(query: tuple[str, ...]) -> None:
    """Refuse what has two dashes: it is meant for no search.

    Raises:
        click.NoSuchOption: naming the option that it may be.
    """
    context = click.get_current_context()
    options = [name for option in context.command.params for name in option.opts]
    for word in query:
        if word.startswith("--"):
            name = word.partition("=")[0]
            raise click.NoSuchOption(name, possibilities=get_close_matches(name, options))


def _said(doubt: Doubt) -> str:
    """Return what is wrong with a query, and what to write."""
    if doubt.kind == "day":
        return (
            f"cannot read a date in {doubt.typed}; write the year first or the day first:"
            " after:2020-11-01, after:1/11/2020, before:2020-11, before:2021"
        )
    if doubt.kind == "bounds":
        return f"no day is left by {doubt.typed}: from the first on, and before the second"
    known = ", ".join(f"publisher:{slug}" for slug in doubt.known)
    meant = f"; it may be {known}" if known else ", which has none yet"
    return f"no publisher in this archive is called {doubt.typed!r}{meant}"


def _shown(hit: Hit) -> str:
    """Return the hit as lines; on a terminal, its Arabic isolated so that it runs from the right.

    What was found is in yellow, where there are colours.
    """
    source = f"{hit.publisher_name} · {hit.published_on or (hit.published_at or 'undated')[:10]}"
    texts = (_coloured(hit.headline or hit.url, bold=True), source, _coloured(hit.snippet))
    title, source, snippet = map(rightwards, texts)
    place = click.style(f"{hit.id}  {readable(hit.url)}", dim=True)
    return f"{title}\n{source}\n{place}\n{snippet}\n"


def _coloured(text: str, *, bold: bool = False) -> str:
    """Return `text` as one line with what was found in yellow, without the marks."""
    return "".join(
        click.style(piece, fg="yellow" if number % 2 else None, bold=bold or number % 2 == 1)
        for number, piece in enumerate(MARKED.split(" ".join(text.split())))
        if piece
    )


@click.command()
@click.argument("article")
@archive_option
@click.option("--state", type=Number(min=1), metavar="N", help="Show the state of that number.")
@click.option(
    "--at", metavar="DATE", callback=lambda _context, _option, value: value and _moment(value),
    help="Show the state of that day or moment: 2020-11-09, 2020-11-09T18:00Z.",
)  # fmt: skip
def show(article: str, archive: Path, state: int | None, at: datetime | None) -> None:
    """Read an article: its text, its states and its captures.

    ARTICLE is its number or any of its addresses; without --state and --at, its last state is
    shown. Times are UTC.

    \b
    warraq show https://www.enabbaladi.net/429483/
    warraq show 2817493 --state 1
    warraq show 2817493 --at 2020-11-09 --archive ~/news
    """
    with Archive(archive) as opened:
        found = found_article(opened, article)
        states = opened.revisions(found.id)
        captures = opened.db.execute(_CAPTURES, {"id": found.id}).fetchall()
    fitting = [
        each
        for each in states
        if (state is None or each.number == state) and (at is None or each.observed_at <= at)
    ]
    if not fitting:
        there = f"{counted(len(states), 'state')}, the first of {_minute(states[0].observed_at)}"
        raise click.UsageError(f"article {found.id} has {there}")
    click.echo(_page(found, fitting[-1]))
    for each in states:
        mark = "*" if each == fitting[-1] else " "
        small = "  small" if each.small else ""
        click.echo(f"{mark} state {each.number}  {_minute(each.observed_at)}{small}")
    for number, fetched_at, status in captures:
        click.echo(f"  capture {number}  {_minute(from_iso(fetched_at))}  {status}")
    if found.gone_at:
        click.echo(f"  gone since {_minute(found.gone_at)}")


_CAPTURES = """
select id, fetched_at, status from captures where article = :id
union select id, fetched_at, status from captures
    where id in (select capture from revisions where article = :id)
order by fetched_at, id
"""
_WIDEST = 100  # characters of a line that is read with ease


def _moment(value: str) -> datetime:
    """Return the moment that is meant, or the last one of a day.

    Raises:
        click.BadParameter: if it is neither.
    """
    at = moment(value)
    return at if len(value) > len("2020-11-09") else at + timedelta(days=1, microseconds=-1)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"


def found_article(archive: Archive, named: str) -> Article:
    """Return the article that is meant.

    Raises:
        click.ClickException: if there is none, with addresses like the one that was given.
    """
    address = named if "://" in named or named.isdigit() else f"https://{named}"
    remedy = "`warraq search` prints numbers and addresses"
    with suppress(ValueError):
        if article := archive.article(address):
            return article
        if hidden := withheld(archive.db, address):
            raise click.ClickException(f"article {hidden[0]} is withheld since {hidden[1][:10]}")
        if near := nearest(archive.db, address):
            remedy = f"nearest are {' and '.join(map(readable, near))}"
    raise click.ClickException(f"no article {named!r} is in this archive; {remedy}")


def _page(article: Article, state: Revision) -> str:
    """Return a state of an article as lines for a terminal."""
    day = _minute(state.published_at) if state.published_at else state.published_on or "undated"
    source = " · ".join(map(str, filter(None, (article.publisher, day, state.byline))))
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    head, text = (
        rightwards(between.join(textwrap.fill(line, width) for line in lines if line))
        for between, lines in (
            ("\n", (state.title, state.deck, source)),
            ("\n\n", state.text.split("\n")),
        )
    )
    return f"{head}\n{article.id}  {readable(article.url)}\n\n{text}\n"


@click.command()
@click.argument("article")
@click.argument("before", metavar="[A]", type=Number(min=1), default=1)
@click.argument("after", metavar="[B]", type=Number(min=1), required=False)
@archive_option
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
def diff(article: str, before: int, after: int | None, archive: Path, as_json: bool) -> None:
    """Show what a publisher changed in an article.

    ARTICLE is its number or its address, A and B are two of its states by number or by capture;
    by default the first one and the last. Lines that begin with - are of A, those with + of B;
    what is only in one of them is in [- -] or [+ +]. What did not change is left out. The first
    line names the kinds of change: removed and added are paragraphs, small says that no word
    changed.

    \b
    warraq diff https://www.enabbaladi.net/429483/
    warraq diff 2817493 2 3 --json | jq .summary
    """
    with Archive(archive) as opened:
        wanted = found_article(opened, article)
        try:
            found = opened.diff(wanted.id, before, after)
        except KeyError as error:
            there = counted(wanted.revision_count, "state")
            raise click.UsageError(f"article {wanted.id} has {there}") from error
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    of, coarse = found.summary, "; too long to be compared word by word" * found.coarse
    words = f"{counted(of.words_in, 'word')} in, {of.words_out:,} out"
    click.echo(f"{', '.join(of.kinds)} ({words}){coarse}")
    for passage in found.passages:
        if passage.changed:
            click.echo(f"\n{_changed(passage)}")


def _changed(passage: Passage) -> str:
    """Return the lines of a passage: as it was, and as it is."""
    lines = [click.style(passage.name, dim=True)]
    for sign, colour, text in (("-", "red", passage.before), ("+", "green", passage.after)):
        if text is not None:
            marks = {"=": "{}", sign: click.style(f"[{sign}{{}}{sign}]", fg=colour)}
            shown = (marks[each.sign].format(each.text) for each in passage.pieces
                     if each.sign in marks)  # fmt: skip
            line = " ".join("".join(shown).split())
            lines.append(rightwards(f"{click.style(sign, fg=colour)} {line}"))
    return "\n".join(lines)


@click.command()
@archive_option
@limit_option
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
    if not held_by(archive):  # the next writer will save it
        states = {"running": "interrupted"}
        rows = [replace(run, state=states.get(run.state, run.state)) for run in rows]
    if as_json:
        listed = [asdict(run) | {"publishers": _as_json(publishers[run.id])} for run in rows]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2, default=iso))
        return
    for run in rows:
        click.echo(
            f"{run.id:>6}  {run.started_at:%Y-%m-%d %H:%M:%S}Z  {_duration(run):>7}"
            f"  {run.state:<11}  {_numbers(run)}  {run.command}"
        )
        for row in publishers[run.id]:
            click.echo(f"{'':>8}{row.publisher:<32}  {row.outcome:<11}  {_numbers(row)}")


def _numbers(counted: Run | Counts) -> str:
    return (
        f"{counted.requests:>6} requests  {counted.new:>6} new  {counted.changed:>5} changed"
        f"  {counted.problems:>5} problems"
    )


def _duration(run: Run) -> str:
    if run.ended_at is None:
        return "…"
    seconds = (run.ended_at - run.started_at).total_seconds()
    return f"{seconds:.0f} s" if seconds >= 0 else "?"  # the clock was set back meanwhile


def _as_json(publishers: list[Counts]) -> list[dict[str, object]]:
    return [asdict(row) | {"outcome": row.outcome} for row in publishers]


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
        click.echo(json.dumps(asdict(counts), ensure_ascii=False, indent=2))
        return
    click.echo(_table(counts.publishers))
    for what, name in (
        (counted(counts.warc_files, "WARC file"), "warc_bytes"),
        ("database", "database_bytes"),
        ("text", "text_bytes"),
    ):
        size, cost = getattr(counts, name), counts.per_article[name]
        each = "" if cost is None else f", {cost:,} bytes per article"
        click.echo(f"{what}: {size / 1e6:,.1f} MB{each}")


def _table(shares: Iterable[Share]) -> str:
    lines = [(share.publisher or "(none)", asdict(share)) for share in shares]
    sums = {name: sum(counts[name] for _, counts in lines) for name in _COLUMNS}
    head = ("publisher", "articles", "revisions", "captures", "WARC MB", "text MB")
    rows: list[tuple[str, ...]] = [head]
    for publisher, counts in (*lines, ("together", sums)):
        cells = (
            f"{counts[name] / 1e6:,.1f}" if name.endswith("bytes") else f"{counts[name]:,}"
            for name in _COLUMNS
        )
        rows.append((publisher, *cells))
    return columns(rows)
