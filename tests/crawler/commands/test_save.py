"""`warraq save` with a table of addresses: a copy says of each row what the archive has."""

import csv
import signal
import sqlite3
from contextlib import closing

import pytest

from archive.database import open_for_writing
from archive.errors import NotAnArchive
from archive.maintenance.withhold import withhold
from archive.saved import COLUMNS
from crawler.rebuild import rebuild
from tests.crawler import shell, wire

NOW = ("--now", "2026-11-23T12:00Z")


@pytest.fixture
def listed(archive, site, tmp_path):
    """A table of a user's own: two articles, one that is gone, none, and the first once more."""
    path = tmp_path / "sources.csv"
    urls = [
        f"{site.url}/news/1",
        f"{site.url}/news/2",
        f"{site.url}/away",
        "",
        f"{site.url}/news/1",
    ]
    rows = [f"{number};{url};=note {number}" for number, url in enumerate(urls, 1)]
    path.write_text("\r\n".join(["رقم;الرابط;ملاحظة", *rows, ""]), "utf-8-sig")
    return path


def save(archive, *words):
    return shell.run("save", *words, "--archive", archive.root, *NOW)


def copy_of(path):
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(text.decode("utf-8-sig").splitlines()))


def test_each_row_of_the_copy_says_what_the_archive_has(archive, site, listed):
    before = listed.read_bytes()
    code, output = save(archive, listed, "--base-url", "http://127.0.0.1:8001/")
    copy = listed.with_name("sources.saved.csv")
    assert code == 3
    assert output.splitlines()[-1] == f"{copy}: 5 rows, 3 archived, 1 gone, 1 invalid."
    assert listed.read_bytes() == before
    rows = copy_of(copy)
    assert [row["رقم"] for row in rows] == list("12345")
    assert [row["ملاحظة"] for row in rows] == [f"=note {number}" for number in range(1, 6)]
    assert [row["archive_state"] for row in rows] == [
        "archived", "archived", "gone", "invalid", "archived",
    ]  # fmt: skip
    ((article, capture, sha256),) = archive.rows(
        "select a.id, c.id, c.sha256 from articles a join captures c on c.id = a.capture"
        " where a.url like '%/news/1'"
    )
    first, gone = rows[0], rows[2]
    assert first["archive_article"] == f"http://127.0.0.1:8001/article/{article}"
    assert first["archive_capture"] == f"http://127.0.0.1:8001/article/{article}/at/{capture}"
    assert (first["archive_sha256"], first["archive_title"]) == (sha256, "خبر رقم 1 من المدينة")
    assert first["archive_captured_at"].startswith("2026-11-23T12:00:")
    assert gone["archive_problem"].startswith("http-404: ")
    assert len(gone["archive_sha256"]) == 64


def test_the_same_table_again_costs_no_request(archive, site, listed):
    save(archive, listed)
    runs, asked = archive.rows("select count(*) from runs"), len(site.asked)
    copy = listed.with_name("sources.saved.csv")
    first = copy.read_bytes()
    code, output = save(archive, listed)
    assert (code, len(site.asked)) == (3, asked)
    assert (copy.read_bytes(), archive.rows("select count(*) from runs")) == (first, runs)
    assert "4 of them in the archive" not in output
    save(archive, copy, "--out", listed.with_name("again.csv"))
    assert listed.with_name("again.csv").read_bytes() == first
    assert len(site.asked) == asked


def test_what_is_new_in_a_table_is_all_that_is_asked_for(archive, site, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(f"url\n{site.url}/news/1\n", "utf-8")
    assert save(archive, path)[0] == 0
    path.write_text(f"url\n{site.url}/news/1\n{site.url}/news/2\n", "utf-8")
    code, output = save(archive, path)
    assert (code, site.count("/news/1"), site.count("/news/2")) == (0, 1, 1)
    assert output.splitlines()[-1].endswith("list.saved.csv: 2 rows, 2 archived.")


def test_a_withheld_article_is_not_asked_for_and_not_named(archive, site, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(f"url\n{site.url}/news/1\n", "utf-8")
    save(archive, path)
    ((number,),) = archive.rows("select id from articles")
    withhold(archive.root, str(number), reason="x", clock=archive.clock)
    assert save(archive, path)[0] == 3
    (row,) = copy_of(tmp_path / "list.saved.csv")
    assert (row["archive_state"], row["archive_title"], row["archive_sha256"]) == (
        "withheld",
        "",
        "",
    )
    assert site.count("/news/1") == 1


def test_a_file_that_is_no_copy_is_never_written_over(archive, listed, tmp_path):
    mine = tmp_path / "sources.saved.csv"
    mine.write_text("mine", "utf-8")
    for words in ([listed], [listed, "--out", listed]):
        code, output = save(archive, *words)
        assert code == 2
        assert "--out" in output.splitlines()[-1]
    assert mine.read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["{list}", "https://a.example/"], "a table comes alone"),
        (["https://a.example/", "--out", "x.csv"], "one table"),
        (["https://a.example/", "--watch-for", "soon"], "30d"),
        (["{empty}"], "no column has addresses"),
    ],
)
def test_mistakes_are_one_line(archive, listed, tmp_path, words, named):
    (tmp_path / "empty.csv").write_text("a,b\n1,2\n", "utf-8")
    given = [word.format(list=listed, empty=tmp_path / "empty.csv") for word in words]
    code, output = save(archive, *given)
    assert code == 2
    assert named in output.splitlines()[-1]


def watched(archive):
    return archive.rows(
        "select url, watched_until from visits where watched_until != '' order by url"
    )


@pytest.mark.slow
async def test_saved_pages_are_watched_and_a_rebuild_knows_it(archive, site):
    urls = [f"{site.url}/news/1", f"{site.url}/news/2"]
    code, output = save(archive, urls[0], "--watch-for", "30d")
    assert code == 0
    assert "looks at 1 page until 2026-12-23 12:00 UTC" in output
    assert [url for url, _ in watched(archive)] == urls[:1]
    ((due,),) = archive.rows("select due_at from visits where watched_until != ''")
    assert due.startswith("2026-11-23T13:00:")
    before = archive.rows(
        "select key, due_at, watched_from, watched_until from visits order by key"
    )
    await rebuild(archive.root, clock=archive.clock)
    after = archive.rows("select key, due_at, watched_from, watched_until from visits order by key")
    assert after == before


def test_watch_visits_them_whoever_their_publisher_is(archive, site):
    url = f"{site.url}/news/1"
    save(archive, url, "--watch-for", "2d")
    site.answers["/news/1"] = (wire.http(wire.article("عنوان جديد بعد التعديل")),)
    later = ("--archive", archive.root, "--now", "2026-11-23T13:30Z")
    code, _ = shell.run("crawl", "--watched", *later)
    assert code == 0
    assert archive.rows("select revision_count from articles") == [(2,)]
    asked = len(site.asked)
    assert shell.run("crawl", "--watched", *later)[0] == 0
    assert len(site.asked) == asked
    assert site.count("/feed") == 0


def saved(archive):
    """Return how many articles are acknowledged; none before there is an archive."""
    try:
        return archive.rows("select count(*) from articles")[0][0]
    except (NotAnArchive, sqlite3.Error):
        return 0


@pytest.mark.slow
def test_a_killed_save_continues_where_it_was(archive, site, tmp_path):
    path = tmp_path / "list.csv"
    pages = {
        f"/page/{number}": wire.article(f"خبر رقم {number} من المدينة") for number in range(48)
    }
    for target, page in pages.items():
        site.answers[target] = (0.3, wire.http(page))
    path.write_text("\n".join(["url", *(site.url + target for target in pages)]), "utf-8")
    with shell.start("save", path, "--archive", archive.root, *NOW) as process:
        assert wire.until(lambda: saved(archive))
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "list.saved.csv").exists()
    done = saved(archive)
    site.asked.clear()
    code, output = save(archive, path)
    assert code == 0
    assert output.splitlines()[-1].endswith("48 rows, 48 archived.")
    assert 0 < done < len(pages)
    assert sum(target in pages for target in site.targets()) <= len(pages) - done
    assert {row["archive_state"] for row in copy_of(tmp_path / "list.saved.csv")} == {"archived"}
    assert set(COLUMNS) <= set(copy_of(tmp_path / "list.saved.csv")[0])


@pytest.mark.slow
def test_watch_looks_at_saved_pages_alone_where_nobody_is_followed(site, tmp_path):
    root, page = tmp_path / "own", wire.article("عنوان جديد بعد التعديل")
    site.answers["/news/1"] = (wire.http(wire.article("خبر من المدينة")),)
    code, output = shell.run("watch", "--archive", root)
    assert (code, "follows none yet" in output) == (1, True)
    assert shell.run("save", site.url + "/news/1", "--watch-for", "1d", "--archive", root)[0] == 0
    with closing(open_for_writing(root)) as db:
        db.execute("update visits set due_at = '2020'")
    site.answers["/news/1"] = (wire.http(page),)
    with shell.start("watch", "--archive", root) as process:
        assert wire.until(lambda: site.count("/news/1") == 2)
        process.send_signal(signal.SIGTERM)
        assert "Watching saved pages" in process.communicate(timeout=30)[0]
    assert process.returncode == 0
    with closing(open_for_writing(root)) as db:
        rows = db.execute("select revision_count from articles").fetchall()
        again = db.execute("select due_at > last_at from visits").fetchall()
    assert (rows, again) == ([(2,)], [(1,)])
