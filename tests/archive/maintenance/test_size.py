"""The measures of `tests.benchmarks.size`, on archives small enough to be counted by hand."""

import gzip

import click
import pytest

from archive.maintenance.stats import stats
from archive.models import Kind
from tests.archive.desk import exchange, opened
from tests.benchmarks.size import Ratios, gzip_bytes, last_run, visit_bytes

PLAIN = "<p>خبر لم يضغطه خادمه</p>".encode() * 40
PACKED = gzip.compress("<p>خبر آخر ضغطه خادمه قليلا</p>".encode() * 40, 1, mtime=0)


def test_a_body_counts_as_its_server_packed_it(tmp_path):
    coded = ((b"Content-Encoding", b"gzip"),)
    with opened(tmp_path) as store:
        for number, (payload, headers) in enumerate(((PLAIN, ()), (PACKED, coded))):
            answer = exchange(f"https://a.example/{number}", payload, response_headers=headers)
            store.record(answer, kind=Kind.ARTICLE, publisher=None)
    assert gzip_bytes(tmp_path) == len(gzip.compress(PLAIN, 6)) + len(PACKED)


def test_a_visit_costs_what_the_later_runs_added(tmp_path):
    with opened(tmp_path) as store:
        store.record(exchange("https://a.example/1", PLAIN), kind=Kind.ARTICLE, publisher=None)
    before, run = stats(tmp_path), last_run(tmp_path)
    with pytest.raises(click.ClickException, match="None requests"):
        visit_bytes(tmp_path, before, before, since=run)
    with opened(tmp_path) as store:
        for _ in range(2):
            store.record(exchange("https://a.example/1", PLAIN), kind=Kind.ARTICLE, publisher=None)
    after = stats(tmp_path)
    grown = after.warc_bytes + after.database_bytes - before.warc_bytes - before.database_bytes
    assert visit_bytes(tmp_path, before, after, since=run) == grown / 2


@pytest.mark.parametrize(
    ("warc", "visit", "database", "hold"),
    [(1.10, 2000, 3.0, True), (1.11, 1, 1, False), (1, 2001, 1, False), (1, 1, 3.01, False)],
)
def test_each_ratio_has_its_limit(warc, visit, database, hold):
    assert Ratios(warc=warc, visit=visit, database=database).hold is hold
