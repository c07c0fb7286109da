"""An archive that a command began goes again where nothing came into it, and only then."""

import pytest

from archive.database import writing
from archive.maintenance.import_jsonl import Importer
from archive.models import Kind
from archive.session import Beginning
from tests.archive.desk import NOON as NOW
from tests.archive.desk import exchange, opened


def opened_and_closed(root):
    with opened(root):
        pass


def test_an_empty_archive_goes_with_the_folders_that_were_made_for_it(tmp_path):
    begun = Beginning(tmp_path / "a" / "b")
    opened_and_closed(tmp_path / "a" / "b")
    assert begun.take_back(now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_else_put_there_stays(tmp_path):
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "warraq.toml").write_text("", "utf-8")
    begun = Beginning(tmp_path / "news")
    opened_and_closed(tmp_path / "news")
    assert begun.take_back(now=NOW)
    assert [path.name for path in (tmp_path / "news").iterdir()] == ["warraq.toml"]


def test_what_somebody_puts_into_its_folder_meanwhile_stays(tmp_path):
    begun = Beginning(tmp_path / "new")
    opened_and_closed(tmp_path / "new")
    (tmp_path / "new" / "warc" / "mine.warc").write_bytes(b"mine")
    assert begun.take_back(now=NOW)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["mine.warc"]


def test_an_archive_that_was_there_stays(tmp_path):
    opened_and_closed(tmp_path)
    begun = Beginning(tmp_path)
    assert not begun.take_back(now=NOW)
    assert (tmp_path / "archive.db").is_file()


def test_warc_files_without_a_database_stay(tmp_path):
    opened_and_closed(tmp_path)
    kept = sorted((tmp_path / "warc").rglob("*.warc.gz"))
    (tmp_path / "archive.db").unlink()
    begun = Beginning(tmp_path)
    opened_and_closed(tmp_path)
    assert not begun.take_back(now=NOW)
    assert set(kept) <= set((tmp_path / "warc").rglob("*.warc.gz"))


@pytest.mark.parametrize("captures", [False, True])
def test_an_archive_with_an_article_stays(tmp_path, captures):
    begun = Beginning(tmp_path / "new")
    line = '{"url": "https://x.example/1", "title": "خبر", "text": "نص الخبر"}'.encode()
    with Importer(tmp_path / "new", command="test", software="test/1") as importer:
        assert importer.read([line], name="lines").counts["new"] == 1
    assert not begun.take_back(now=NOW, captures=captures)
    assert (tmp_path / "new" / "archive.db").is_file()


def test_captures_without_an_article_go_only_where_that_is_said(tmp_path):
    begun = Beginning(tmp_path / "new")
    with opened(tmp_path / "new") as store:
        store.record(exchange(), publisher=None, kind=Kind.SECTION)
    assert not begun.take_back(now=NOW)
    assert begun.take_back(now=NOW, captures=True)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_somebody_writes_stays(tmp_path):
    begun = Beginning(tmp_path / "new")
    opened_and_closed(tmp_path / "new")
    with writing(tmp_path / "new", command="crawl", now=NOW):
        assert not begun.take_back(now=NOW)
    assert (tmp_path / "new" / "archive.db").is_file()
