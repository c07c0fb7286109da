"""A withheld article is nowhere for a reader, no byte of it is left, and nothing of it is lost."""

import io
import json
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from itertools import count

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
from archive.maintenance.withhold import _LEAVING, unwithhold, withhold
from archive.models import Kind, Link
from archive.urls import escaped, identity_key
from crawler.cli import warraq
from tests.archive.desk import (
    FEED,
    HOUR,
    NOON,
    PAPER,
    Hands,
    contents,
    exchange,
    opened,
    rows,
    visit,
)
from tests.archive.maintenance.hidden import (
    HIDDEN,
    MOVED,
    ON,
    OPEN,
    REASON,
    SECRET_AUTHOR,
    SECRET_TAG,
    STORY,
    URL,
    fill,
    fill_more,
    keep,
)
from tests.killed.steps import killed_at
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
    assert rows(root, "select distinct article, at from withheld") == [(secret, iso(NOON))]
    assert rows(root, "select * from articles where id = ?", secret) == []
    assert unwithhold(root, named, reason=None, clock=Hands(NOON + HOUR)) == (secret, [])
    assert rows(root, "select * from withheld") == []
    assert rows(root, "select article, at, act, reason from withholdings order by id") == [
        (secret, iso(NOON), "withhold", "خطر"),
        (secret, iso(NOON + HOUR), "unwithhold", None),
    ]


def test_the_journal_names_the_article_by_its_key(root):
    secret, _ = fill(root)
    ((key,),) = rows(root, "select key from articles where id = ?", secret)
    withhold(root, str(secret), reason="خطر")
    acts = [
        record.content_stream().read().decode()
        for path in (root / "warc").rglob("*.warc.gz")
        for record in ArchiveIterator(io.BytesIO(path.read_bytes()))
        if record.rec_type == "metadata"
    ]
    (act,) = [act for act in acts if act.startswith("act: withhold")]
    assert f"article: {escaped(key)}\r\n" in act


def traces():
    """Return what no file of a reader may hold: words, names, addresses."""
    addresses = [URL, MOVED, ON, identity_key(URL), "سر-1", "old/1", "mobile-1"]
    return [HIDDEN, "الشاهدة", "وأكثر", REASON, SECRET_AUTHOR, SECRET_TAG, "secret.jpg", *addresses]


def raw(root):
    return b"".join(path.read_bytes() for path in root.glob("archive.db*"))


def test_no_byte_is_left_and_everything_comes_back(root):
    secret = fill_more(root)
    before, bytes_before = contents(root), raw(root)
    assert [trace for trace in traces() if trace.encode() not in bytes_before] == [traces()[3]]
    withhold(root, str(secret), reason=traces()[3])
    assert [trace for trace in traces() if trace.encode() in raw(root)] == []
    assert verify(root).damages == []
    assert (root / "withheld.db").stat().st_mode & 0o777 == 0o600
    unwithhold(root, str(secret), reason=None)
    after = contents(root)
    assert {name: after[name] for name in before if after[name] != before[name]} == {}
    assert verify(root).damages == []


@pytest.mark.slow
def test_no_byte_is_left_of_one_among_many(root):
    """Pages that were split, and pieces of the index, kept copies."""
    with opened(root) as store:
        store.publish(PAPER)
        for number in range(600):
            slug = f"{number * 7919 % 1000}/{'خبر-طويل-' * 9}{number}"
            keep(store, f"https://alwaraq.example/{slug}",
                 f"عنوان {number}.", f"نص الخبر رقم {number}، وفيه كلمة{number}.")  # fmt: skip
    ids = [row[0] for row in rows(root, "select id from articles where id % 97 = 3 order by id")]
    said = rows(root, "select url, key, title, text from articles where id % 97 = 3")
    for article in ids:
        withhold(root, str(article), reason="خطر")
    held = raw(root)
    assert len(ids) > 3
    assert [text for row in said for text in row if text.encode() in held] == []
    assert verify(root).damages == []


def test_every_table_that_tells_of_articles_is_thought_of(root):
    """A new one has to say which of its rows leave with an article (remove_withheld.sql)."""
    stay = {"withheld", "withheld_files", "withheld_payloads", "stories", "story_sketches"}
    stay |= {"story_queue", "imports", "publishers", "runs", "settings", "warc_files", "searches"}
    fill(root)
    tables = rows(root, "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c"
                        " where m.type = 'table' and m.name not glob '*_stems*'")  # fmt: skip
    telling = {"article", "url", "key", "title", "name", "capture", "visit", "shape"}
    names = {table for table, column in tables if column in telling}
    assert names - stay - {"_sqlite_migrations"} == set(_LEAVING)


@pytest.mark.slow
def test_the_log_is_emptied_beside_a_reader_or_by_the_next_writer(root, caplog):
    fill(root)
    with closing(sqlite3.connect(root / "archive.db")) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from articles").fetchone()
        withhold(root, URL, reason="خطر")
        assert "deleted words stay in its files until the next writer" in caplog.text
        reader.execute("commit")
        with opened(root, Hands(NOON + 3 * HOUR)):
            pass
        assert HIDDEN.encode() not in raw(root)


def test_what_others_show_too_stays(root):
    """An image, an author, a tag, a page of the same bytes at another article's address."""
    secret = fill_more(root, shared=True)
    before = rows(root, "select key, state, last_capture from visits where kind = 'image'")
    assert len(before) == 2
    withhold(root, str(secret), reason="خطر")
    assert [row[0] for row in rows(root, "select key from visits where kind = 'image'")] == [
        "https://alwaraq.example/shared.jpg"
    ]
    assert rows(root, "select name from authors") != []
    unwithhold(root, str(secret), reason=None)
    assert rows(root, "select key, state, last_capture from visits where kind = 'image'") == before


def test_nothing_comes_in_again_and_what_came_is_not_lost(root):
    fill(root)
    withhold(root, URL, reason="خطر")
    hidden = contents(root)
    with opened(root, Hands(NOON + 2 * HOUR)) as store:
        link = Link(url=URL, title=HIDDEN, summary=HIDDEN)
        found = [(identity_key(URL), link), (identity_key(MOVED), Link(url=MOVED))]
        assert store.found(found, visit=visit(FEED, kind=Kind.FEED), at=NOON + 2 * HOUR) == 0
        store.ask([(URL, Kind.ARTICLE)], publisher=PAPER.slug)
        answer = exchange(URL, f"<p>{HIDDEN} ثالثا</p>".encode(), fetched_at=NOON + 2 * HOUR)
        capture = store.record(answer, kind=Kind.ARTICLE, publisher=PAPER.slug)
        store.rendered(capture, b"<p>x</p>", at=NOON + 2 * HOUR)
    now = contents(root)
    changed = {name for name in hidden if now[name] != hidden[name]}
    assert changed == {"withheld", "withheld_files"}
    assert not any(trace.encode() in raw(root) for trace in (HIDDEN, "سر-1", "old/1", "ثالثا"))
    assert verify(root).damages == []
    assert unwithhold(root, URL, reason=None)[1] == [
        rows(root, "select name from warc_files order by name")[1][0]
    ]


@pytest.mark.slow
def test_a_kill_at_any_step_leaves_it_in_one_of_both(root, tmp_path):
    """Killed at a statement, it is as before or it is withheld, and it comes back whole."""
    secret, _ = fill(root)
    whole = contents(root)
    for act in (withhold, unwithhold):
        ends = set()
        for number in count(1, 19):
            work = tmp_path / f"{act.__name__}{number}"
            shutil.copytree(root, work)
            if act is unwithhold:
                withhold(work, str(secret), reason="خطر")
            doing = partial(act, work, str(secret), reason="خطر")
            was_killed = killed_at(work, number, doing, statements=True)
            with closing(open_for_writing(work)) as db:
                is_there = db.execute("select 1 from articles where id = ?", (secret,)).fetchone()
                marked = db.execute("select 1 from withheld").fetchone()
            assert (is_there is None) == (marked is not None)
            ends.add(is_there is None)
            if is_there is None:
                with opened(work, Hands(NOON + 3 * HOUR)):
                    pass  # the next writer
                assert HIDDEN.encode() not in raw(work)
                unwithhold(work, str(secret), reason=None)
            assert contents(work) == whole
            assert verify(work).damages == []
            shutil.rmtree(work)
            if not was_killed:
                break
        assert ends == {True, False}


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
        revision, capture = db.execute(
            "select id, capture from revisions where article = ?", (secret,)
        ).fetchone()
    own = [f"/article/{secret}", f"/article/{secret}/diff", f"/story/{secret}", f"/image/{secret}"]
    own += [f"/article/{secret}/at/{capture}", f"/article/{secret}/at/{capture}/evidence"]
    own += [f"/article/{secret}/at/{capture}/cite.bib", f"/capture/{capture}/page"]
    own += [f"/capture/{capture}/page/frame", f"/capture/{capture}.warc.gz"]
    own += [f"/article/{secret}.json", f"/article/{secret}/at/{capture}/evidence.json"]
    pages = ["/", "/archive", "/archive.json", "/changes", "/changes.json", "/changes.atom"]
    pages += [f"/search?q={HIDDEN}", f"/search?q={HIDDEN}&order=new"]
    pages += [f"/archive/{table}{suffix}" for table in tables for suffix in ("", ".json", ".csv")]
    pages += ["/archive/articles.json?_facet=title", f"/archive/articles?_search={HIDDEN}"]
    pages += [f"/archive/articles/{secret}.json", f"/archive/revisions/{revision}"]
    pages += [f"/archive/captures/{capture}"]
    pages += [f"/archive/{query}" for query in ("edited", "gone", "per_day", "coverage")]
    pages += [f"/archive/search.json?q={HIDDEN}"]
    pages += [f"/archive.json?sql=select+*+from+{table}" for table in tables]
    pages += ["/archive.csv?sql=select+text+from+main.articles"]
    pages += ["/archive.json?sql=select+hex(block)+from+article_stems_data"]
    return own, pages, (secret, revision, capture)


@pytest.mark.slow
async def test_every_page_stays_open_and_none_shows_it(root):
    secret, plain = fill(root)
    datasette = Datasette([str(root / "archive.db")])
    own, pages, numbers = paths(root, secret)
    before = {path: await datasette.client.get(path) for path in own + pages}
    leaking = [path for path in own + pages if HIDDEN in text_of(before[path])]
    assert len(leaking) > 25, "these pages show it while it is not withheld"
    withhold(root, str(secret), reason="خطر")  # under the running server
    since = rows(root, "select at from withheld")[0][0][:10]
    for path in own:
        answer = await datasette.client.get(path)
        assert answer.status_code == 404, path
        assert f"محجوبة عن العرض منذ {since}" in text_of(answer)
    for path in own + pages:
        answer = await datasette.client.get(path)
        shown, gone = text_of(answer), any(f"/{each}" in path for each in numbers)
        assert answer.status_code == (404 if gone or path in own else before[path].status_code), (
            path
        )
        echoed = HIDDEN if HIDDEN in path else None  # what was asked stands in the search box
        assert [
            trace for trace in TRACES[:2] + TRACES[4:] if trace in shown and trace != echoed
        ] == []
        assert f"/article/{secret}" not in shown.replace(path, "")
    assert "شاهد".encode().hex().upper() not in (await datasette.client.get(pages[-1])).text
    assert OPEN in await text(datasette, "/")
    assert OPEN in await text(datasette, "/archive/articles")
    assert OPEN in await text(datasette, f"/article/{plain}")
    unwithhold(root, str(secret), reason="آمنة")
    assert [path for path in leaking if HIDDEN not in await text(datasette, path)] == []


def text_of(answer):
    if "application/json" in answer.headers.get("content-type", ""):  # with letters as letters
        return json.dumps(answer.json(), ensure_ascii=False)
    return answer.text


async def text(datasette, path):
    return text_of(await datasette.client.get(path))


async def test_what_is_withheld_is_not_served_with_its_folder(root):
    fill(root)
    withhold(root, URL, reason="خطر")
    files = [str(root / "archive.db"), str(root / "withheld.db")]
    datasette = Datasette(files, crossdb=True, memory=True)
    await datasette.invoke_startup()
    assert "withheld" not in datasette.databases
    assert HIDDEN not in await text(
        datasette, "/_memory.json?sql=select+title+from+archive.articles"
    )
    assert (await datasette.client.get("/withheld/articles")).status_code == 404


@pytest.mark.slow
def test_warraq_serve_shows_its_tables_while_something_is_withheld(root):
    fill(root)
    with serving(root) as address, httpx.Client() as client:
        withhold(root, URL, reason="خطر")
        answer = client.get(f"{address}archive/articles.json?_shape=array")
        assert [row["title"] for row in answer.json()] == [OPEN]
        assert HIDDEN not in client.get(address).text
        assert HIDDEN.encode() not in raw(root)


SHELL = ("show", "diff", "custody", "withhold")


@pytest.mark.parametrize("command", SHELL)
def test_the_shell_says_that_it_is_withheld(root, command):
    fill(root)
    withhold(root, URL, reason="خطر", clock=Hands())
    more = ["--reason", "x"] if command == "withhold" else []
    done = CliRunner().invoke(warraq, [command, URL, *more, "--archive", str(root)])
    assert done.exit_code == 1
    assert "is withheld" in done.output


def test_other_versions_of_its_text_are_told_of(root):
    secret, _ = fill(root)
    with opened(root, Hands(NOON + HOUR)) as store:
        other = keep(store, "https://alwaraq.example/نسخة", "عنوان آخر", STORY, at=NOON + HOUR)
    done = CliRunner().invoke(warraq, ["withhold", URL, "--reason", "خطر", "--archive", str(root)])
    assert done.output == (
        f"Article {secret} is withheld.\nOther versions of its text are still readable: {other}\n"
    )
    assert rows(root, "select * from stories") == []


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
