"""The database follows from the WARC files: rebuilt, merged, derived in any order, it is equal."""

import asyncio
import shutil

import pytest

from archive.maintenance.verify import verify
from crawler.rebuild import merge, rebuild
from tests.crawler import eventful
from tests.crawler.tables import differences, follows, shuffle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def happened(tmp_path_factory):
    """An archive to which all has happened that can."""
    return eventful.made(tmp_path_factory.mktemp("eventful"))


@pytest.fixture
def root(happened, tmp_path):
    shutil.copytree(happened, tmp_path / "archive")
    return tmp_path / "archive"


def unlike(root, before):
    """Return the tables whose rows are others than before, and what is damaged."""
    after = follows(root)
    pairs = ((table, differences(rows, after[table])) for table, rows in before.items())
    return [*(pair for pair in pairs if pair[1]), *verify(root).damages]


def test_a_rebuilt_database_is_the_live_one(root):
    before = follows(root)
    asyncio.run(rebuild(root))
    assert unlike(root, before) == []


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_files_or_articles_matters(root, monkeypatch, seed):
    before = follows(root)
    shuffle(monkeypatch, seed)
    asyncio.run(rebuild(root))
    assert unlike(root, before) == []


def test_merged_into_an_empty_archive_it_is_the_live_one(root, tmp_path):
    empty = tmp_path / "empty"
    eventful.begin(empty)
    asyncio.run(merge(empty, root))
    # What is withheld never comes in, so that the run that fetched it has counts without it.
    others = dict(unlike(empty, follows(root)))
    for table in ("runs", "run_publishers"):
        (row,) = others.pop(table)
        assert all(before > after for before, after in row)
    assert others == {}
