"""The numbers are those of the files and rows, by publisher and together."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive.commands.reading import stats as command
from archive.database import open_for_writing
from archive.maintenance.stats import stats
from archive.models import Kind, Publisher
from tests.archive.desk import HOUR, NOON, PAPER, Hands, exchange, opened, reading, rows, visit
from tests.archive.filled import TEXTS, fill
from tests.archive.newsroom import add_article

OTHER = Publisher(slug="other", name="أخرى")


def two_papers(root):
    """An archive of two publishers, one of which has no article, and a robots.txt of nobody."""
    fill(root)
    with opened(root, Hands(NOON + 2 * HOUR)) as store:
        store.publish(OTHER)
        for kind, publisher in ((Kind.FEED, OTHER.slug), (Kind.ROBOTS, None)):
            url = f"https://other.example/{kind}"
            store.record(exchange(url, b"x" * 99), kind=kind, publisher=publisher)
    return root


def test_numbers_are_those_of_rows_and_files(tmp_path):
    root = two_papers(tmp_path / "a")
    told = stats(root)
    assert [share.publisher for share in told.publishers] == [PAPER.slug, None, "other"]
    first, nobody, other = told.publishers
    assert (first.articles, first.revisions, first.captures) == (3, 4, 7)
    assert (other.articles, other.revisions, other.captures, other.name) == (0, 0, 1, "أخرى")
    assert (nobody.captures, nobody.text_bytes) == (1, 0)
    texts = [*TEXTS, "نص آخر تماما"]  # one of the three was edited, and both its texts are kept
    assert first.text_bytes == sum(len(text.encode()) for text in texts)
    (length,) = rows(root, "select sum(warc_length) from captures where publisher = 'alwaraq'")
    assert first.warc_bytes == length[0]
    sizes = [path.stat().st_size for path in (root / "warc").rglob("*.warc.gz")]
    assert (told.warc_files, told.warc_bytes) == (len(sizes), sum(sizes))
    assert told.database_bytes >= (root / "archive.db").stat().st_size


def test_the_command_tells_them_and_json_has_the_price_of_an_article(tmp_path):
    root = two_papers(tmp_path / "a")
    shown = CliRunner().invoke(command, ["--archive", str(root)]).output
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "publisher articles revisions captures WARC MB text MB"
    assert lines[1].startswith("alwaraq 3 4 7 0.0 0.0")
    assert lines[4].startswith("together 3 4 9 ")
    assert lines[5].startswith("3 WARC files: 0.0 MB, ")
    plain = json.loads(CliRunner().invoke(command, ["--json", "--archive", str(root)]).output)
    assert plain["articles"] == 3
    assert plain["per_article"]["warc_bytes"] == round(plain["warc_bytes"] / 3)
    assert [share["publisher"] for share in plain["publishers"]] == ["alwaraq", None, "other"]


def test_an_empty_archive_has_no_price(tmp_path):
    with opened(tmp_path):
        pass
    shown = CliRunner().invoke(command, ["--archive", str(tmp_path)])
    assert shown.exit_code == 0
    assert "together" in shown.output
    assert "an article" not in shown.output
    assert stats(tmp_path).per_article["warc_bytes"] is None


def test_it_counts_while_a_crawl_writes(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        store.batch.commit()
        capture = store.record(exchange(), kind=Kind.ARTICLE, publisher=PAPER.slug)
        store.keep(reading(), url=capture.url, visit=visit(), capture=capture)
        assert stats(tmp_path).articles == 0
    assert stats(tmp_path).articles == 1


READ = Path("/proc/self/io")  # of Linux: bytes that this process has read, from disk or cache


@pytest.mark.skipif(not READ.exists(), reason="the bytes that are read are not counted here")
def test_it_counts_the_bytes_of_texts_without_reading_them(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("drop trigger article_stems_insert")
        for number in range(1, 21):
            add_article(db, id=number, publisher=f"paper{number % 2}", text="نص" * 50_000)
            db.execute(
                "insert into revisions (article, number, observed_at, text, content_hash)"
                " values (?1, 1, '2020', ?2, ''), (?1, 2, '2020', null, '')",
                (number, "نص أقدم" * 20_000),
            )
    before = int(READ.read_text().split()[1])
    counts = stats(tmp_path)
    assert int(READ.read_text().split()[1]) - before < 500_000
    each = len(("نص" * 50_000).encode()) + len(("نص أقدم" * 20_000).encode())
    assert [share.text_bytes for share in counts.publishers] == [10 * each, 10 * each]
    assert (counts.articles, counts.revisions, counts.text_bytes) == (20, 40, 20 * each)
