"""The spider ends each visit, whatever its page does to it."""

import logging

import pytest

from archive.errors import ArchiveError
from archive.store import Store
from crawler.ingest import Keeper


async def test_a_crawl_at_its_most_talkative_prints_no_page(archive, caplog):
    with caplog.at_level(logging.DEBUG):
        await archive.crawl(log_level="DEBUG")
    assert "/news/1" in caplog.text
    assert "قال مراسلنا" not in caplog.text


async def test_a_page_that_breaks_the_crawler_is_a_problem_and_stays_due(
    archive, caplog, monkeypatch
):
    async def broken(self, reading):
        raise LookupError(f"no {reading.visit.url}")

    monkeypatch.setattr(Keeper, "keep", broken)
    summary = await archive.crawl()
    kinds = [kind for kind, _ in archive.problems()]
    assert kinds == ["internal-error", "internal-error"]
    assert summary.left == 0
    assert archive.rows("select count(*) from visits where due_at > last_at") == [(2,)]
    assert "internal error (--log-level DEBUG shows where): LookupError" in caplog.text
    shown = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not any(record.exc_info for record in shown)


async def test_a_crawl_whose_archive_breaks_ends_and_says_so(archive, monkeypatch):
    def broken(self, *_arguments, **_keys):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Store, "visited", broken)
    with pytest.raises(ArchiveError):
        await archive.crawl()
