"""What a run is said to have done is what its rows say."""

import json

import pytest
from click.testing import CliRunner

from archive.commands.reading import runs
from archive.models import Kind, Problem
from archive.problems import ProblemKind
from archive.runs import Counts, begin, counts, end, history
from tests.archive.desk import FEED, HOUR, NOON, PAGE, PAPER, exchange, opened, reading, rows, visit
from tests.archive.newsroom import empty_archive

PROBLEM = Problem(kind=ProblemKind.http(500), detail="answered 500", stage="fetch")


def crawl(root, texts, *, problems=0):
    """Keep a feed, then a page for each text, ten seconds apart; return the run's counts."""
    with opened(root) as store:
        store.publish(PAPER)
        store.record(exchange(url=FEED, payload=b"12345"), kind=Kind.FEED, publisher=PAPER.slug)
        for number, text in enumerate(texts):
            if text is None:
                continue
            url = f"{PAGE}{number}"
            capture = store.record(
                exchange(url=url, payload=b"%d %s" % (number, text.encode()),
                         fetched_at=NOON + HOUR * number),
                kind=Kind.ARTICLE, publisher=PAPER.slug,
            )  # fmt: skip
            seen = visit(url)
            _, outcome = store.keep(reading(text=text), url=url, visit=seen, capture=capture)
            store.visited(seen, capture, due_at=None, state="done", outcome=outcome)
        for _ in range(problems):
            store.problem(PROBLEM, url=PAGE, publisher=PAPER.slug)
        return counts(store.db, store.run)


RUNS: list[tuple[list[str | None], int, tuple[int, int, int, int]]] = [
    (["a", "b", "c"], 0, (4, 3, 0, 0)),
    (["a", "b", "c"], 0, (4, 0, 0, 3)),
    (["a", "x", None], 2, (3, 0, 1, 1)),
    (["x", "x", "x", "new"], 1, (5, 1, 2, 1)),
    ([], 1, (1, 0, 0, 0)),
]


def test_counts_are_those_of_the_rows(tmp_path):
    for texts, problems, (requests, new, changed, unchanged) in RUNS:
        ((counted),) = crawl(tmp_path, texts, problems=problems)
        assert (counted.publisher, counted.requests) == (PAPER.slug, requests)
        assert (counted.new, counted.changed, counted.unchanged) == (new, changed, unchanged)
        assert counted.problems == problems
        assert counted.bytes == 5 + sum(2 + len(text) for text in texts if text)
        spoken = [number for number, text in enumerate(texts) if text]
        assert counted.seconds == pytest.approx(3600 * max(spoken, default=0), abs=0.01)
    told = rows(
        tmp_path, "select requests, new, changed, unchanged, problems from runs order by id"
    )
    assert told == [(*numbers, problems) for _, problems, numbers in RUNS]
    totals = rows(tmp_path, "select sum(requests), sum(new), sum(new + changed) from runs")
    assert totals == rows(
        tmp_path,
        "select (select count(*) from captures), (select count(*) from articles),"
        " (select count(*) from revisions)",
    )


def test_publishers_and_what_has_none_are_counted_apart(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        store.record(exchange(payload=b"1234"), kind=Kind.ROBOTS, publisher=None)
        store.problem(PROBLEM, url=PAGE, publisher=PAPER.slug)
        assert counts(store.db, store.run) == [
            Counts(publisher="", requests=1, bytes=4),
            Counts(publisher=PAPER.slug, problems=1),
        ]


def test_a_run_that_did_nothing_counts_nothing(tmp_path):
    with opened(tmp_path) as store:
        assert counts(store.db, store.run) == []
    assert rows(tmp_path, "select requests, new, bytes from runs") == [(0, 0, 0)]


def test_the_history_begins_with_the_latest():
    db = empty_archive()
    for number, state in enumerate(("finished", "failed", "interrupted")):
        run = begin(db, f"crawl {number}", now=NOON + number * HOUR, writer="mine")
        end(db, run, state=state, now=NOON + (number + 1) * HOUR)
    running = begin(db, "save", now=NOON + 9 * HOUR, writer="mine")
    told = history(db, limit=3)
    db.close()
    assert [(run.id, run.command, run.state) for run in told] == [
        (running, "save", "running"), (3, "crawl 2", "interrupted"), (2, "crawl 1", "failed"),
    ]  # fmt: skip
    assert told[0].ended_at is None
    assert (told[1].started_at, told[1].ended_at) == (NOON + 2 * HOUR, NOON + 3 * HOUR)


def test_a_run_keeps_what_it_did_for_each_publisher(tmp_path):
    for texts, problems, _ in RUNS:
        crawl(tmp_path, texts, problems=problems)
    table = "select run, publisher, outcome, requests, new, changed, unchanged, problems"
    assert rows(tmp_path, f"{table} from run_publishers order by run") == [
        (number, PAPER.slug, outcome, requests, new, changed, unchanged, problems)
        for number, (outcome, (_, problems, (requests, new, changed, unchanged))) in enumerate(
            zip(["news", "quiet", "news", "news", "problems"], RUNS, strict=True), 1
        )
    ]


def test_the_command_shows_a_line_for_each_publisher(tmp_path):
    crawl(tmp_path, ["a"])
    done = CliRunner().invoke(runs, ["--archive", str(tmp_path)])
    assert [line.split()[:2] for line in done.output.splitlines()][1] == [PAPER.slug, "news"]
    done = CliRunner().invoke(runs, ["--archive", str(tmp_path), "--json"])
    ((publisher,),) = (run["publishers"] for run in json.loads(done.output))
    assert (publisher["publisher"], publisher["outcome"]) == (PAPER.slug, "news")
    assert publisher["requests"] == 2
