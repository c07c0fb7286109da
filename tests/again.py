"""What looking again costs and finds: `python -m tests.again [--days 30]`.

The fixture newspapers by their clock, without a crawl between: their pages as their servers answer
conditional requests, and the schedule that runs in a crawl. One article in five, from the day on
which the archive has known a newspaper for a week. `first` and `again` are bytes as they come over
the wire, `changed` is the part of `again` that brought an edit; `found` are edits and removals that
a look showed, of those that a newspaper made, and `after` the median delay in hours.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from urllib.parse import urlsplit

import click

from archive.articles import LEARNING, WINDOW, Rechecks
from archive.models import Kind, Outcome, Visit
from crawler import schedule
from fixtures import ALL, Clock, Newspaper, Newsstand
from fixtures.page import Page
from fixtures.press import Press

STEP = timedelta(hours=2)  # between two crawls
ONE_IN = 5  # articles
_CODING = "br"


class Reader:
    """Reads one newspaper again and again as a crawl would, and counts."""

    def __init__(self, paper: Newspaper, press: Press, *, begin: datetime) -> None:
        self.paper = paper
        self.count = Counter[str]()
        self.delays: list[float] = []
        self._press = press
        self._rechecks = Rechecks(learnt_at=begin)
        self._log: list[tuple[datetime, bool]] = []  # when, and whether for the first time
        self._due: dict[int, Visit] = {}
        self._seen: dict[int, datetime] = {}
        self._next = paper.count(begin) + 1

    def poll(self, now: datetime) -> None:
        """Visit what is new and what is due."""
        new = range(self._next, self.paper.count(now) + 1)
        self._next = new.stop
        due = [number for number, one in self._due.items() if one.due_at and one.due_at <= now]
        for number in [*due, *(number for number in new if not number % ONE_IN)]:
            self._visit(number, now)

    def missed(self, now: datetime) -> Iterator[str]:
        """Yield what was made of the articles since they were first read, whether found or not."""
        settled = now - timedelta(days=2)  # what is younger may be found yet
        for number, since in self._seen.items():
            line = self.paper.timeline
            yield from ("edits" for at in line.changes(number) if since < at <= settled)
            gone_at = line.gone_at(number)
            if gone_at and since < gone_at <= settled:
                yield "removals"

    def _visit(self, number: int, now: datetime) -> None:
        visit = self._due.pop(number, None) or self._first(number, now)
        status, size = self._ask(visit, now)
        is_new, outcome = visit.article is None, Outcome.UNCHANGED
        if status == 200:
            outcome = self._outcome(visit, number, now)
        self.count["new" if is_new else "looks"] += 1
        self.count["first" if is_new else "again"] += size
        self.count["changed"] += size if outcome is Outcome.CHANGED else 0
        self._log.append((now, is_new))
        due_at = self._next_look(visit, number, outcome, status=status, now=now)
        self._rechecks = self._rechecks.after(visit, outcome, due_at)
        if due_at:
            etag = status == 200
            self._due[number] = replace(
                self._validated(visit, now) if etag else visit,
                article=number, due_at=due_at, last_at=now,
            )  # fmt: skip

    def _first(self, number: int, now: datetime) -> Visit:
        self._seen[number] = now
        return Visit(
            key=self.paper.url(number), url=self.paper.url(number), publisher=self.paper.slug,
            kind=Kind.ARTICLE, found_in="listing", found_at=now,
        )  # fmt: skip

    def _page(self, visit: Visit, now: datetime) -> Page:
        parts = urlsplit(visit.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        made = self._press.get(self.paper, target, _CODING, now)
        if made is None:
            raise LookupError(f"nothing ever stood at {visit.url}")
        return made.page

    def _validated(self, visit: Visit, now: datetime) -> Visit:
        made = self._page(visit, now)
        modified = str(made.modified) if made.modified else None
        return replace(visit, etag=made.etag, last_modified=modified)

    def _ask(self, visit: Visit, now: datetime) -> tuple[int, int]:
        """Return (status, bytes) of the answer to a conditional request."""
        page = self._page(visit, now)
        is_known = visit.etag == page.etag if visit.etag else (
            visit.last_modified is not None and visit.last_modified == str(page.modified)
        )  # fmt: skip
        if page.status == 200 and visit.last_at and is_known:
            return 304, 0
        return page.status, len(page.body)

    def _outcome(self, visit: Visit, number: int, now: datetime) -> Outcome:
        if visit.last_at is None:
            return Outcome.NEW
        before = self.paper.revision(number, visit.last_at)
        if before == self.paper.revision(number, now):
            return Outcome.SAME
        made = [at for at in self.paper.timeline.changes(number) if visit.last_at < at <= now]
        self.count["edits"] += len(made)
        self.delays += [(now - at) / timedelta(hours=1) for at in made]
        return Outcome.CHANGED

    def _next_look(
        self, visit: Visit, number: int, outcome: Outcome, *, status: int, now: datetime
    ) -> datetime | None:
        if status in {404, 410}:  # confirmed an hour later, and known from then on
            self.count["removals"] += 1
            gone_at = self.paper.timeline.gone_at(number) or now
            self.delays.append((now - gone_at) / timedelta(hours=1))
            return None
        recent = [is_new for at, is_new in self._log if at > now - WINDOW]
        known = replace(
            self._rechecks, firsts=sum(recent[:-1]), rechecks=len(recent) - 1 - sum(recent[:-1])
        )
        is_edit = outcome is Outcome.CHANGED
        return schedule.after_success(visit, now=now, rechecks=known, edited=is_edit)


@click.command()
@click.option("--days", default=30.0, show_default=True)
def main(days: float) -> None:
    """Let the newspapers live for some days, and print what looking again cost and found."""
    newsstand, press = Newsstand(articles=60, papers=ALL, clock=Clock(ticking=False)), Press()
    begin = now = newsstand.advance(LEARNING)
    readers = [Reader(paper, press, begin=begin) for paper in newsstand.papers.values()]
    while now <= begin + timedelta(days=days):
        for reader in readers:
            reader.poll(now)
        now = newsstand.advance(STEP)
    click.echo(
        f"{'':8} {'new':>5} looks {'first':>10} {'again':>10} share changed  found  of  after"
    )
    total = Counter[str]()
    for reader in readers:
        made = Counter(reader.missed(now))
        count = reader.count | Counter({"made": made.total()})
        total += count
        _print(reader.paper.slug, count, reader.delays)
    _print("all", total, [delay for reader in readers for delay in reader.delays])
    if total["looks"] > total["new"]:
        raise SystemExit(1)


def _print(name: str, count: Counter[str], delays: list[float]) -> None:
    found, first = count["edits"] + count["removals"], max(count["first"], 1)
    click.echo(
        f"{name:8} {count['new']:5} {count['looks']:5} {count['first']:10,} {count['again']:10,}"
        f" {count['again'] / first:5.2f} {count['changed'] / first:7.2f} {found:6}"
        f" {count['made']:3}"
        f" {median(delays) if delays else 0:5.1f}h"
    )


if __name__ == "__main__":
    main()
