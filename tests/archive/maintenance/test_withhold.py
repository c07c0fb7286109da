"""A withheld article is nowhere for a reader, and everything of it is still in the archive."""

import io
import json
from contextlib import closing

import httpx
import pytest
from click.testing import CliRunner
from datasette.app import Datasette
from warcio.archiveiterator import ArchiveIterator

from archive import Archive
from archive.clock import iso
from archive.commands.reading import search as search_command
from archive.database import open_for_writing
from archive.errors import ArchiveError
from archive.maintenance.verify import verify
from archive.maintenance.withhold import unwithhold, withhold
from archive.urls import escaped
from crawler.cli import warraq
from tests.archive.desk import (
    HOUR,
    NOON,
    Hands,
    opened,
    rows,
)
from tests.archive.maintenance.hidden import HIDDEN, MOVED, OPEN, STORY, URL, fill, keep
from tests.serving import serving


@pytest.fixture
def root(tmp_path):
    return tmp_path / "archive"


NAMES = [
    "id",
    URL,
    "https://alwaraq.example/سر-1?utm_source=x#top",
    "http://www.alwaraq.example/سر-1/",
    MOVED,
]


@pytest.mark.parametrize("named", NAMES)
def test_an_article_is_named_by_its_id_or_any_address(root, named):
    secret, _ = fill(root)
    named = str(secret) if named == "id" else named
    assert withhold(root, named, reason="خطر", clock=Hands()) == (secret, [])
    assert rows(root, "select withheld_at from articles where id = ?", secret) == [(iso(NOON),)]
    assert unwithhold(root, named, reason=None, clock=Hands(NOON + HOUR)) == secret
    assert rows(root, "select withheld_at from articles where id = ?", secret) == [(None,)]
    assert rows(root, "select article, at, act, reason from withholdings order by id") == [
        (secret, iso(NOON), "withhold", "خطر"),
        (secret, iso(NOON + HOUR), "unwithhold", None),
    ]


def test_the_journal_names_the_article_by_its_key(root):
    secret, _ = fill(root)
    withhold(root, str(secret), reason="خطر")
    ((key,),) = rows(root, "select key from articles where id = ?", secret)
    acts = [
        record.content_stream().read().decode()
        for path in (root / "warc").rglob("*.warc.gz")
        for record in ArchiveIterator(io.BytesIO(path.read_bytes()))
        if record.rec_type == "metadata"
    ]
    (act,) = [act for act in acts if act.startswith("act: withhold")]
    assert f"article: {escaped(key)}\r\n" in act


def test_everything_stays_in_the_archive(root):
    secret, _ = fill(root)
    before = rows(root, "select text, revision_count from articles where id = ?", secret)
    withhold(root, URL, reason="خطر")
    assert rows(root, "select text, revision_count from articles where id = ?", secret) == before
    assert verify(root).damages == []
    with opened(root, Hands(NOON + 2 * HOUR)) as store:  # a crawl goes on looking at it
        keep(store, URL, "عنوان ثالث", STORY, at=NOON + 2 * HOUR)
    kept = rows(root, "select revision_count, withheld_at from articles where id = ?", secret)
    assert kept[0][0] == 3
    assert kept[0][1]


def test_no_search_finds_it_from_the_shell_python_or_sql(root):
    secret, _ = fill(root)
    withhold(root, str(secret), reason="خطر")
    with Archive(root) as archive:
        assert archive.search(HIDDEN) == []
        assert archive.count(HIDDEN) == 0
        assert archive.db.execute("select warraq_search(?)", (HIDDEN,)).fetchone() == ("[]",)
    said = CliRunner().invoke(search_command, [HIDDEN, "--archive", str(root)])
    assert said.output.startswith("Nothing found")


TRACES = (HIDDEN, "الشاهدة", "سلمى السرية", "وسم سري", "%D8%B3%D8%B1-1", "سر-1", "old/1")


def paths(root, secret):
    """Return every page on which Datasette would show something of an article."""
    with closing(open_for_writing(root)) as db:
        tables = [row[0] for row in db.execute("select name from sqlite_master where type='table'")]
        revision, capture = db.execute("select id, capture from revisions limit 1").fetchone()
    pages = ["/", "/archive", "/archive.json", f"/article/{secret}", f"/story/{secret}"]
    pages += [f"/search?q={HIDDEN}", f"/search?q={HIDDEN}&order=new"]
    pages += [f"/archive/{table}{suffix}" for table in tables for suffix in ("", ".json", ".csv")]
    pages += [f"/archive/ARTICLES.json?id={secret}", "/archive/articles.json?_facet=title"]
    pages += [f"/archive/articles/{secret}.json", f"/archive/revisions/{revision}"]
    pages += [f"/archive/captures/{capture}", f"/archive/articles?_search={HIDDEN}"]
    pages += [f"/archive/{query}" for query in ("edited", "gone", "per_day", "coverage")]
    pages += [f"/archive/search.json?q={HIDDEN}", "/archive.db"]
    pages += [f"/archive.json?sql=select+*+from+{table}" for table in tables]
    pages += ["/archive.csv?sql=select+text+from+main.articles"]
    return pages


async def test_no_page_of_the_site_shows_it_and_the_tables_say_why_they_are_closed(root):
    secret, plain = fill(root)
    datasette = Datasette([str(root / "archive.db")])
    leaking = [path for path in paths(root, secret) if HIDDEN in await text(datasette, path)]
    assert len(leaking) > 15, "these pages show it while it is not withheld"
    withhold(root, str(secret), reason="خطر")  # under the running server
    for path in paths(root, secret):
        shown = await text(datasette, path)
        echoed = HIDDEN if HIDDEN in path else None  # what was asked stands in the search box
        assert [trace for trace in TRACES if trace in shown and trace != echoed] == [], path
        assert f"/article/{secret}" not in shown
    closed = await datasette.client.get("/archive/articles")
    assert closed.status_code == 403
    assert "الجداول مغلقة" in closed.text
    assert "warraq publish DIR" in closed.text
    as_json = await datasette.client.get("/archive/articles.json")
    assert (as_json.status_code, as_json.json()["ok"]) == (403, False)
    assert OPEN in await text(datasette, "/")
    assert OPEN in await text(datasette, f"/article/{plain}")
    unwithhold(root, str(secret), reason="آمنة")
    assert HIDDEN in await text(datasette, "/archive/articles")


async def text(datasette, path):
    answer = await datasette.client.get(path)
    if "application/json" in answer.headers.get("content-type", ""):  # with letters as letters
        return json.dumps(answer.json(), ensure_ascii=False)
    return answer.text


async def test_sql_across_databases_is_closed_too(root):
    fill(root)
    datasette = Datasette([str(root / "archive.db")], crossdb=True, memory=True)
    await datasette.invoke_startup()
    path = "/_memory.json?sql=select+title+from+archive.articles"
    assert HIDDEN in await text(datasette, path)
    withhold(root, URL, reason="خطر")
    assert HIDDEN not in await text(datasette, path)
    assert HIDDEN not in await text(datasette, "/_memory.json?sql=select+1")


def test_warraq_serve_closes_and_opens_its_tables_while_it_runs(root):
    fill(root)
    with serving(root) as address, httpx.Client() as client:
        assert client.get(f"{address}archive/articles.json").status_code == 200
        withhold(root, URL, reason="خطر")
        assert client.get(f"{address}archive/articles.json").status_code == 403
        assert HIDDEN not in client.get(address).text


def test_other_versions_of_its_text_are_told_of(root):
    secret, _ = fill(root)
    with opened(root, Hands(NOON + HOUR)) as store:
        other = keep(store, "https://alwaraq.example/نسخة", "عنوان آخر", STORY, at=NOON + HOUR)
    done = CliRunner().invoke(warraq, ["withhold", URL, "--reason", "خطر", "--archive", str(root)])
    assert done.output == (
        f"Article {secret} is withheld.\nOther versions of its text are still readable: {other}\n"
    )
    assert rows(root, "select articles, title from stories") == [(1, "عنوان آخر")]


REFUSED = [
    (["withhold", "12", "--reason", "x"], "the archive has no article 12"),
    (["withhold", "https://a.example/", "--reason", "x"], "the archive has no article https://a"),
    (["withhold", "ftp:x", "--reason", "x"], "is neither an article's number nor an address"),
    (["withhold", URL, "--reason", " "], "--reason is empty"),
    (["withhold", URL], "Missing option '--reason'"),
    (["unwithhold", URL], "is not withheld"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_cannot_be_done_is_said(root, arguments, said):
    fill(root)
    done = CliRunner().invoke(warraq, [*arguments, "--archive", str(root)])
    assert done.exit_code != 0
    assert said in done.output
    assert rows(root, "select * from withholdings") == []


def test_it_is_not_withheld_twice_and_not_beside_another_writer(root):
    fill(root)
    with opened(root), pytest.raises(ArchiveError, match="is writing"):
        withhold(root, URL, reason="خطر")
    withhold(root, URL, reason="خطر")
    with pytest.raises(ArchiveError, match="is withheld already"):
        withhold(root, URL, reason="خطر")
    with pytest.raises(ArchiveError, match="holds no archive"):
        withhold(root / "nowhere", URL, reason="خطر")
    assert not (root / "nowhere").exists()
