"""Killed at random moments: nothing acknowledged is lost, every article is there once."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive.database import open_for_reading
from archive.records import WarcLocation
from archive.urls import canonical
from archive.warc import read_payload
from fixtures import Newsstand, serve

ARTICLES = 240
KILLS = 6


@pytest.mark.slow
def test_a_crawl_killed_again_and_again_ends_with_every_article_once(tmp_path):
    newsstand = Newsstand(articles=ARTICLES)
    moments = random.Random(7)
    acknowledged: set[str] = set()
    with serve(newsstand):
        newsstand.write_publishers(tmp_path)
        for _ in range(KILLS):
            _crawl_and_kill(tmp_path, newsstand, after=moments.randint(5, 45))
            now = _articles(tmp_path)
            assert acknowledged <= now.keys()
            acknowledged = set(now)
        assert len(acknowledged) < ARTICLES, "killed too late to show anything"
        done = subprocess.run(_command(tmp_path, newsstand), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        truths = {
            canonical(truth.url): truth
            for paper in newsstand.papers.values()
            for truth in paper.truths(newsstand.now())
        }
    kept = _articles(tmp_path)
    assert kept.keys() == truths.keys()
    assert [url for url, text in kept.items() if not text] == []
    _check_runs(tmp_path)
    _check_warc(tmp_path)


def _crawl_and_kill(root: Path, newsstand: Newsstand, *, after: int) -> None:
    """Kill a crawl once the newspapers have answered `after` more requests."""
    wanted = newsstand.requests.total() + after
    process = subprocess.Popen(
        _command(root, newsstand), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while newsstand.requests.total() < wanted and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _command(root: Path, newsstand: Newsstand) -> list[str]:
    now = newsstand.now().isoformat()
    return [sys.executable, "-m", "crawler", "crawl", "--archive", str(root), "--now", now]


def _articles(root: Path) -> dict[str, str]:
    if not (root / "archive.db").exists():
        return {}
    db = open_for_reading(root)
    try:
        rows = db.execute("select url, text from articles").fetchall()
    finally:
        db.close()
    assert len(rows) == len(dict(rows))
    return dict(rows)


def _check_runs(root: Path) -> None:
    db = open_for_reading(root)
    states = [state for (state,) in db.execute("select state from runs order by id")]
    once = db.execute("select count(*), count(distinct article) from revisions").fetchone()
    db.close()
    assert states[-1] == "finished"
    assert states.count("interrupted") == len(states) - 1
    assert once == (ARTICLES, ARTICLES)


def _check_warc(root: Path) -> None:
    """Every file is whole, and every capture's record is where its row says."""
    files = sorted((root / "warc").glob("*.warc.gz"))
    checker = Checker(_CheckArguments([str(path) for path in files]))
    checker.process_all()
    assert checker.exit_value == 0
    records = {place for path in files for place in _places(path)}
    db = open_for_reading(root)
    rows = db.execute("select warc_file, warc_offset, warc_length from captures").fetchall()
    db.close()
    assert {row[:2] for row in rows} == records
    read_payload(root / "warc", WarcLocation(file=rows[0][0], offset=rows[0][1], length=rows[0][2]))


def _places(path: Path) -> list[tuple[str, int]]:
    """Return file and offset of each record in a file that answers a request."""
    with path.open("rb") as file:
        iterator = ArchiveIterator(file)
        return [
            (path.name, iterator.get_record_offset())
            for record in iterator
            if record.rec_type in {"response", "revisit"}
        ]


class _CheckArguments:
    """What warcio's checker expects of its command line."""

    def __init__(self, inputs: list[str]) -> None:
        self.inputs = inputs
        self.verbose = False
