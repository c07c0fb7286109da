"""A published copy holds everything but what is withheld, of which not a byte is left."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import httpx
import pytest
from click.testing import CliRunner

from archive import Archive
from archive.commands.maintenance import publish as command
from archive.errors import ArchiveError
from archive.maintenance.publish import publish
from archive.maintenance.withhold import unwithhold, withhold
from archive.models import Kind
from archive.urls import identity_key, normal
from tests.archive.desk import HOUR, NOON, PAPER, Hands, exchange, opened, rows, visit
from tests.archive.maintenance.hidden import (
    HIDDEN,
    MOVED,
    ON,
    OPEN,
    REASON,
    STORY,
    URL,
    fill_more,
    keep,
)

WIRE = "\n".join(f"جاء في بيان الوكالة رقم {n} أن الميناء سيفتح بعد {n} أيام." for n in range(30))


@pytest.fixture
def root(tmp_path):
    """An archive with a withheld article that was found, moved, edited and looked at again."""
    root = tmp_path / "archive"
    secret = fill_more(root)
    with opened(root, Hands(NOON + 2 * HOUR)) as store:
        for number in (1, 2):
            keep(store, f"https://alwaraq.example/w{number}", f"ميناء {number}", WIRE)
    withhold(root, str(secret), reason=REASON)
    return root


def ids(root):
    return [row[0] for row in rows(root, "select id from articles order by id")]


def test_no_byte_of_a_withheld_article_is_left(root, tmp_path):
    ((secret,),) = rows(root, "select distinct article from withheld")
    # The other version of its text is no secret; here it is withheld as well, with its own address.
    other = normal("https://alwaraq.example/نسخة-منها")
    withhold(root, other, reason=REASON)
    made = publish(root, tmp_path / "public")
    assert (made.articles, made.withheld) == (3, 2)
    raw = (tmp_path / "public" / "archive.db").read_bytes()
    names = ("سلمى السرية", "وسم سري")
    addresses = [identity_key(URL), URL, ON, MOVED, "mobile-1"]
    for trace in (HIDDEN, "الشاهدة", "وأكثر", REASON, *addresses, other, identity_key(other)):
        assert trace.encode() not in raw, trace
    assert secret not in ids(tmp_path / "public")
    assert all(name.encode() in raw for name in names), "others have the same author and tag"
    with closing(sqlite3.connect(tmp_path / "public" / "archive.db")) as db:
        db.execute("create virtual table temp.v using fts5vocab(main, article_stems, instance)")
        docs = {row[0] for row in db.execute("select doc from v")}
        assert docs == {0, *ids(tmp_path / "public")}
        for table in (
            "withholdings",
            "withheld",
            "hosts",
            "shapes",
            "new_addresses",
            "incidents",
            "searches",
        ):
            assert db.execute(f"select count(*) from {table}").fetchone() == (0,), table
        everything = [
            tuple(row)
            for (table,) in db.execute("select name from sqlite_master where type = 'table'")
            for row in db.execute(f"select * from [{table}]")
        ]
    assert not [row for row in everything if secret in row]


def test_authors_and_tags_that_nobody_else_has_go(tmp_path):
    root = tmp_path / "archive"
    with opened(root) as store:
        store.publish(PAPER)
        robots = "https://alwaraq.example/robots.txt"
        store.record(exchange(robots, b"User-agent: *"), kind=Kind.ROBOTS, publisher=None)
        list(store.count_first_visit(visit("https://alwaraq.example/1"), fruitful=True))
        secret = keep(store, URL, HIDDEN, STORY)
    withhold(root, str(secret), reason=REASON)
    publish(root, tmp_path / "public")
    raw = (tmp_path / "public" / "archive.db").read_bytes()
    for trace in ("سلمى السرية", "وسم سري", PAPER.name, "alwaraq"):
        assert trace.encode() not in raw, trace


def test_all_else_is_there_and_is_searched(root, tmp_path):
    publish(root, tmp_path / "public")
    visible = "from articles order by id"
    assert rows(root, f"select id, url, text, revision_count {visible}") == rows(
        tmp_path / "public", f"select id, url, text, revision_count {visible}"
    )
    with Archive(tmp_path / "public") as copy:
        assert [hit.title for hit in copy.search("مكتبات")] == [OPEN]
        assert copy.search(HIDDEN.split()[1]) == []
        assert copy.db.execute("pragma foreign_key_check").fetchall() == []
        assert copy.db.execute("pragma integrity_check").fetchone() == ("ok",)
        assert copy.db.execute("pragma freelist_count").fetchone() == (0,)
        (wire,) = copy.db.execute("select articles from stories").fetchall()
    assert wire == (2,)
    assert (tmp_path / "public" / "archive.db").read_bytes()[18:20] == b"\x01\x01", "no WAL"


def test_a_story_whose_first_article_is_withheld_gets_another_number(root, tmp_path):
    (story,) = rows(root, "select id from stories where title like 'ميناء%'")
    withhold(root, str(story[0]), reason=REASON)
    with opened(root, Hands(NOON + 3 * HOUR)) as store:
        keep(store, "https://alwaraq.example/w3", "ميناء ثالث", WIRE, at=NOON + 3 * HOUR)
    publish(root, tmp_path / "public")
    told = rows(tmp_path / "public", "select id, first_article, articles from stories")
    (second,) = rows(root, "select id from articles where title in ('ميناء 1', 'ميناء 2')"
                           )  # fmt: skip
    assert told == [(second[0], second[0], 2)]


def test_nothing_is_left_beside_it_and_it_is_replaced_by_the_next(root, tmp_path):
    public = tmp_path / "public"
    publish(root, public)
    assert sorted(path.name for path in public.iterdir()) == [
        "archive.db", "metadata.json", "settings.json",
    ]  # fmt: skip
    (public / ".archive.db.part").write_bytes(b"left by a kill")
    unwithhold(root, URL, reason=None)
    before = sorted(path.name for path in root.iterdir() if "archive.db-" not in path.name)
    assert publish(root, public).withheld == 0
    assert HIDDEN.encode() in (public / "archive.db").read_bytes()
    after = sorted(path.name for path in root.iterdir() if "archive.db-" not in path.name)
    assert after == before
    assert list(public.glob(".*")) == []


@pytest.mark.parametrize("name", ["metadata.json", "archive.db", "settings.json", "notes.txt"])
def test_a_folder_with_files_of_somebody_else_stays_as_it_is(root, tmp_path, name):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / name).write_text('{"title": "My own data", "databases": {"archive": {}}}')
    with pytest.raises(ArchiveError, match=rf"holds something else \({name}\) and no published"):
        publish(root, folder)
    assert [path.name for path in folder.iterdir()] == [name]
    assert "My own data" in (folder / name).read_text()


def test_an_archive_is_not_published_over(root, tmp_path):
    with pytest.raises(ArchiveError, match="holds something else"):
        publish(root, root)
    publish(root, tmp_path / "public")
    (tmp_path / "public" / "warc").mkdir()  # somebody crawls into the copy
    with pytest.raises(ArchiveError, match="holds something else"):
        publish(root, tmp_path / "public")


def test_it_is_made_while_a_crawl_writes(root, tmp_path):
    with opened(root, Hands(NOON + 4 * HOUR)) as store:
        keep(store, "https://alwaraq.example/9", "لم يُقر", "نص لم يُقر بعد.", at=NOON + 4 * HOUR)
        made = publish(root, tmp_path / "public")
        assert made.articles == len(ids(root))
    assert publish(root, tmp_path / "public").articles == made.articles + 1


@contextmanager
def datasette(folder, *, plugin):
    """Serve a folder by the datasette command, without root's right to write everywhere."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = "import sys; from datasette.cli import cli; cli(sys.argv[1:])"
    if not plugin:
        code = "import sys\nsys.modules['archive'] = None\n" + code
        code = "import importlib.metadata as m\nm.distributions = lambda *a, **k: iter(())\n" + code
    bound = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    command_line = [*bound, sys.executable, "-c", code, "serve", str(folder), "--port", str(port)]
    with subprocess.Popen(command_line, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(200):
                try:
                    httpx.get(f"{address}/-/versions.json")
                    break
                except httpx.TransportError:
                    assert server.poll() is None, server.stderr and server.stderr.read()
                    time.sleep(0.1)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def sql(address, query):
    """Return the rows of a query, or why there are none."""
    asked = {"sql": query, "_shape": "array"}
    answer = httpx.get(f"{address}/archive.json", params=asked).json()
    return answer if isinstance(answer, list) else answer["error"]


@pytest.mark.parametrize("plugin", [True, False])
@pytest.mark.slow
def test_datasette_serves_the_folder_when_nothing_can_be_written_there(root, tmp_path, plugin):
    public = tmp_path / "public"
    publish(root, public)
    for path in public.iterdir():
        path.chmod(0o444)
    public.chmod(0o555)
    with datasette(public, plugin=plugin) as address:
        table = httpx.get(f"{address}/archive/articles.json?_shape=array").json()
        assert {row["title"] for row in table} == {OPEN, "ميناء 1", "ميناء 2", "خبر ثان"}
        page = httpx.get(f"{address}/archive/articles").text
        assert "Headline (العنوان) as printed." in page
        settings = httpx.get(f"{address}/-/settings.json").json()
        assert settings["suggest_facets"] is False
        assert httpx.get(f"{address}/archive/per_day.json").status_code == 200
        assert ('name="_search"' in page) == plugin, "a search box that would find nothing"
        about = httpx.get(f"{address}/archive").text
        assert "Where Warraq is installed" in about
        assert sql(address, "select count(*) as n from articles_folded"
                            " where searchable like '%المكتبه%'") == [{"n": 1}]  # fmt: skip
        matched = sql(address, "select count(*) as n from article_stems"
                               " where article_stems match word_forms('مكتبه')")  # fmt: skip
        assert matched == [{"n": 1}] if plugin else "no such function: word_forms" in matched
        first = httpx.get(address).text
        assert (OPEN in first) == plugin
        assert HIDDEN not in first + page
    public.chmod(0o755)


def test_the_command_says_what_it_did(root, tmp_path):
    done = CliRunner().invoke(command, [str(tmp_path / "public"), "--archive", str(root)])
    assert done.exit_code == 0, done.output
    assert re.search(r"public: 4 articles, 0\.\d MB; 1 withheld and left out\.", done.output)
    queries = json.loads((tmp_path / "public" / "metadata.json").read_text("utf-8"))
    assert "search" not in queries["databases"]["archive"]["queries"]


# As with an archive that is larger than memory: what is worked on goes to the disk.
KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from archive.maintenance import publish
def spilt():
    for one in Path("/proc/self/fd").iterdir():
        if one.is_symlink() and "etilqs" in os.readlink(one) and one.stat().st_size:
            yield os.readlink(one)
def die(*_):
    if Path("/proc/self/fd").exists():
        print(*spilt(), sep="\\n", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
root, target, stage = sys.argv[1:]
sqlite3.connect("").execute("pragma soft_heap_limit = 100000")
setattr(publish, stage, die)
publish.publish(Path(root), Path(target))
"""


@pytest.mark.parametrize("stage", ["_strip", "_vacuum", "_beside"])
@pytest.mark.parametrize("first", [True, False])
def test_a_kill_leaves_no_byte_of_what_is_withheld_and_nothing_to_serve(
    root, tmp_path, stage, first
):
    public = tmp_path / "اسم 'غريب'"
    if not first:
        publish(root, public)
    before = {path.name: path.read_bytes() for path in public.glob("*.db")}
    others = {"archive.db-wal", "archive.db-shm"}  # of whoever reads
    files = {path.name for path in root.iterdir()} - others
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, root, public, stage],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -9
    if sys.platform == "linux":
        assert killed.stdout.startswith(f"{public}/etilqs_"), "nothing was on the disk"
        assert all(line.endswith(" (deleted)") for line in killed.stdout.splitlines())
    assert {path.name: path.read_bytes() for path in public.glob("*.db")} == before
    for path in public.iterdir():
        assert HIDDEN.encode() not in path.read_bytes(), path
        assert REASON.encode() not in path.read_bytes(), path
    assert {path.name for path in root.iterdir()} - others == files
    publish(root, public)
    assert sorted(path.name for path in public.iterdir()) == [
        "archive.db", "metadata.json", "settings.json",
    ]  # fmt: skip


def test_a_target_that_cannot_be_made_or_filled_leaves_nothing(root, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match=r"cannot be written: .*file"):
        publish(root, tmp_path / "file" / "public")
    assert not (tmp_path / "public").exists()
