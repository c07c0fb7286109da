"""The public API: what `import archive` offers, and what it does not drag in."""

import subprocess
import sys

import pytest

import archive
from archive import Archive, models
from archive.errors import NotAnArchive
from tests.archive.desk import PAPER, exchange, opened, reading, visit


def test_all_is_sorted_and_there():
    assert sorted(archive.__all__) == list(archive.__all__)
    assert all(hasattr(archive, name) for name in archive.__all__)


def test_exported_names_do_not_hide_modules():
    hidden = "import archive.search, archive.store; print(archive.search.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, check=True
    )
    assert done.stdout == "archive.search\n"


HEAVY = ("datasette", "scrapy", "trafilatura", "twisted", "lxml", "jinja2", "uvicorn", "crawler")


def test_importing_the_archive_is_light():
    listing = "import sys, archive; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & set(HEAVY)


def test_an_archive_is_read_and_searched(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        capture = store.record(exchange(), kind=models.Kind.ARTICLE, publisher=PAPER.slug)
        store.keep(reading(title="اللاجئون"), url=capture.url, visit=visit(), capture=capture)
    with Archive(str(tmp_path)) as opened_archive:
        assert [hit.title for hit in opened_archive.search("لاجئ")] == ["اللاجئون"]
        assert opened_archive.count("لاجئ") == 1
        assert opened_archive.search("لاجئ", offset=1) == []
        assert opened_archive.db.execute("select count(*) from captures").fetchone() == (1,)


def test_a_folder_without_an_archive_is_named(tmp_path):
    with pytest.raises(NotAnArchive, match=str(tmp_path)):
        Archive(tmp_path)
