"""Each edit and removal against the newspapers' truth: `python -m tests.edits [--days 9]`.

Crawls the six fixture newspapers by their clock, as a schedule would: every few hours, each page
when it is due. Then every revision and every gone mark is held against what the newspaper really
did between two visits: `false` are those that it did not, `missed` those that it did and that are
not there. What no visit could see, as two edits between two visits, counts once. `wrong` are
revisions that say of another kind of change than the newspaper made (`revisions.changes`).
"""

import asyncio
import json
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import click

from archive.clock import from_iso
from archive.database import open_for_reading
from archive.urls import identity_key
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
from fixtures import ALL, Clock, Newspaper, Newsstand, serve
from fixtures.timeline import Change

SEEN = timedelta(days=2.5)
"""Time after which each change must have been seen: it comes in an article's first day."""


@dataclass(slots=True)
class Score:
    """What one newspaper did, and what the archive says of it."""

    articles: int = 0
    visits: int = 0
    edits: int = 0
    false_edits: int = 0
    missed_edits: int = 0
    wrong_changes: int = 0
    removals: int = 0
    false_removals: int = 0
    missed_removals: int = 0

    @property
    def is_true(self) -> bool:
        """Whether nothing is false and nothing missed."""
        return not (
            self.false_edits
            or self.missed_edits
            or self.wrong_changes
            or self.false_removals
            or self.missed_removals
        )


def live(root: Path, newsstand: Newsstand, *, days: float, every: timedelta) -> None:
    """Crawl the newspapers into a new archive until their clock is so many days further on."""
    newsstand.write_publishers(root)
    ends_at = newsstand.now() + timedelta(days=days)
    while newsstand.now() <= ends_at:
        job = Job(
            root=root,
            publishers=chosen(root, []),
            command="crawl",
            poll=frozenset(newsstand.papers),
            clock=newsstand.now,
        )
        asyncio.run(crawl(job))
        newsstand.advance(every)


def scores(root: Path, newsstand: Newsstand) -> dict[str, Score]:
    """Return what is true of an archive, by newspaper."""
    with closing(open_for_reading(root)) as db:
        return {slug: _score(db, paper, newsstand) for slug, paper in newsstand.papers.items()}


def _score(db: sqlite3.Connection, paper: Newspaper, newsstand: Newsstand) -> Score:
    score, now = Score(), newsstand.now()
    numbers = {identity_key(truth.url): i for i, truth in enumerate(paper.truths(now), 1)}
    rows = db.execute("select id, key, gone_at from articles where publisher = ?", (paper.slug,))
    for article, key, gone_at in rows.fetchall():
        history = _History(paper=paper, number=numbers[key], now=now)
        history.present = _moments(db, f"{_CAPTURES} and status in (200, 304)", article)
        history.absent = _moments(db, f"{_CAPTURES} and status in (404, 410)", article)
        history.revisions = {
            from_iso(at): set(json.loads(changes))
            for at, changes in db.execute(_REVISIONS, (article,))
        }
        history.add_to(score, is_marked=gone_at is not None)
    return score


_CAPTURES = "select fetched_at from captures where article = ? and kind = 'article'"
_REVISIONS = "select observed_at, changes from revisions where article = ? and number > 1"
_CHANGES = {Change.HEADLINE: "headline", Change.PARAGRAPH: "removed", Change.NUMBER: "number"}


def _moments(db: sqlite3.Connection, sql: str, article: int) -> list[datetime]:
    return sorted(from_iso(at) for (at,) in db.execute(sql, (article,)))


@dataclass(slots=True, kw_only=True)
class _History:
    """One article: when it was visited and there, or not there, and its revisions."""

    paper: Newspaper
    number: int
    now: datetime
    present: list[datetime] = field(default_factory=list)
    absent: list[datetime] = field(default_factory=list)
    revisions: dict[datetime, set[str]] = field(default_factory=dict)

    def add_to(self, score: Score, *, is_marked: bool) -> None:
        """Count what is true of the article, false and missed."""
        line = self.paper.timeline
        edits = {
            later
            for earlier, later in pairwise(self.present)
            if self._revision(earlier) != self._revision(later)
        }
        found, gone_at = set(self.revisions), line.gone_at(self.number) or self.now
        changes = [at for at in line.changes(self.number) if at < min(gone_at, self.now - SEEN)]
        unseen = bool(changes) and not any(at >= max(changes) for at in self.present + self.absent)
        score.articles += 1
        score.visits += len(self.present) + len(self.absent)
        score.edits += len(edits)
        score.false_edits += len(found - edits)
        score.wrong_changes += sum(map(self._is_wrong, found & edits))
        score.missed_edits += len(edits - found) + unseen
        score.removals += is_marked
        score.false_removals += is_marked and not line.is_gone(self.number, self.now)
        score.missed_removals += not is_marked and gone_at < self.now - SEEN

    def _is_wrong(self, at: datetime) -> bool:
        """Return whether a revision leaves out what the newspaper did, or says what it did not.

        A number may be in the headline, so that one edit changes both.
        """
        since = max(moment for moment in self.present if moment < at)
        edits = [edit for edit in self.paper.timeline.edits(self.number) if since < edit.at <= at]
        made = {_CHANGES[edit.change] for edit in edits} or {"added"}
        said = self.revisions[at]
        both = {"headline", "number"} if made & {"headline", "number"} else set()
        return not made <= said <= made | both

    def _revision(self, at: datetime) -> int:
        return self.paper.revision(self.number, at)


@click.command()
@click.option("--articles", default=60, show_default=True, help="Articles at the beginning.")
@click.option("--days", default=9.0, show_default=True)
@click.option("--hours", default=2.0, show_default=True, help="Between two crawls.")
def main(articles: int, days: float, hours: float) -> None:
    """Crawl the newspapers by their clock, and print what is false and what is missed."""
    newsstand = Newsstand(articles=articles, papers=ALL, clock=Clock(ticking=False))
    with tempfile.TemporaryDirectory() as folder, serve(newsstand):
        live(Path(folder), newsstand, days=days, every=timedelta(hours=hours))
        by_paper = scores(Path(folder), newsstand)
    total = Score(*map(sum, zip(*map(astuple, by_paper.values()), strict=True)))
    click.echo(f"{'':10} articles visits  edits false missed wrong  removals false missed")
    for slug, score in {**by_paper, "all": total}.items():
        widths = (8, 6, 6, 5, 6, 5, 9, 5, 6)
        row = " ".join(f"{n:{w}}" for n, w in zip(astuple(score), widths, strict=True))
        click.echo(f"{slug:10} {row}")
    if not total.is_true:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
