"""The measures of `tests.benchmarks.size`, on archives small enough to be counted by hand."""

import gzip

import click
import pytest

from archive.models import Kind
from tests.archive.desk import exchange, opened
from tests.benchmarks.size import Held, Ratios, gzip_bytes, visit_bytes

PLAIN = "<p>خبر لم يضغطه خادمه</p>".encode() * 40
PACKED = gzip.compress("<p>خبر آخر ضغطه خادمه قليلا</p>".encode() * 40, 1, mtime=0)


def test_a_body_counts_as_its_server_packed_it(tmp_path):
    coded = ((b"Content-Encoding", b"gzip"),)
    with opened(tmp_path) as store:
        for number, (payload, headers) in enumerate(((PLAIN, ()), (PACKED, coded))):
            answer = exchange(f"https://a.example/{number}", payload, response_headers=headers)
            store.record(answer, kind=Kind.ARTICLE, publisher=None)
    assert gzip_bytes(tmp_path) == len(gzip.compress(PLAIN, 6)) + len(PACKED)


def test_a_visit_costs_what_the_later_runs_added_but_for_listings(tmp_path):
    with opened(tmp_path) as store:
        store.record(exchange("https://a.example/1", PLAIN), kind=Kind.ARTICLE, publisher=None)
    before = Held.of(tmp_path)
    with pytest.raises(click.ClickException, match="0 visits to articles"):
        visit_bytes(tmp_path, before, before)
    with opened(tmp_path) as store:
        for kind in (Kind.ARTICLE, Kind.ARTICLE, Kind.FEED):
            store.record(exchange("https://a.example/1", PACKED), kind=kind, publisher=None)
    after = Held.of(tmp_path)
    grown = after.warc + after.database - before.warc - before.database
    assert visit_bytes(tmp_path, before, after) == grown / 2
    total = sum(path.stat().st_size for path in tmp_path.rglob("*.warc.gz"))
    assert len(PACKED) < total - after.warc < total - before.warc


@pytest.mark.parametrize(
    ("warc", "visit", "database", "hold"),
    [(1.09, 2000, 2.95, True), (1.1, 1, 1, False), (1, 2001, 1, False), (1, 1, 2.96, False)],
)
def test_each_ratio_has_its_limit(warc, visit, database, hold):
    assert Ratios(warc=warc, visit=visit, database=database).hold is hold
