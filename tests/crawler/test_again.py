"""Articles read again by other rules: chains made anew from captures, no edit invented."""

import asyncio
import shutil
from contextlib import closing

import pytest

from archive.database import open_for_reading
from archive.upkeep.verify import verify
from crawler.again import Job, read_again
from crawler.publisher import load_all
from tests.crawler import shell, wire
from tests.crawler.test_rebuild import differences, everything, lived, rebuilt  # noqa: F401 - a fixture

AD = "<div class='promo'><p>{}</p></div>"


pytestmark = pytest.mark.slow


@pytest.fixture
def root(lived, tmp_path):  # noqa: F811 - the fixture
    shutil.copytree(lived, tmp_path / "archive")
    return tmp_path / "archive"


def again(root, **options):
    shown = {}
    job = Job(root=root, publishers=load_all(root / "publishers"), **options)
    told = asyncio.run(read_again(job, tell=lambda url, changes: shown.update({url: changes})))
    return told, shown


def test_the_same_rules_change_nothing(root):
    before = everything(root)
    told, shown = again(root, dry_run=True)
    assert shown == {}
    assert told.counts["read"] == len(before["articles"])
    again(root)
    after = everything(root)
    assert after.pop("runs")[: len(before["runs"])] == before.pop("runs")
    for table, rows in before.items():
        assert differences(rows, after[table]) == [], table
