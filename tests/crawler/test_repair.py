"""Each damage is mended as far as anything still reads, the rest is told; twice changes nothing."""

import asyncio
import random
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest
from fastwarc.warc import ArchiveIterator
from warcio.checker import Checker

from archive.captures import load
from archive.database import NAME, open_for_writing
from archive.errors import ArchiveError, ArchiveLocked, NewerArchive, NotAnArchive
from archive.maintenance.salvage import Salvage
from archive.maintenance.verify import verify
from archive.maintenance.withhold import withhold
from archive.models import Kind
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
from crawler.rebuild import OLD
from crawler.repair import Repair
from fixtures import Newsstand, serve
from fixtures.newsstand import ALL as ALL_PAPERS
from tests.archive.desk import NOON, PAPER, Hands, exchange, opened, reading, rows, visit
from tests.archive.filled import number_captures
from tests.archive.warc.foreign_warcs import packed
from tests.broken import workshop
from tests.crawler import shell
from tests.crawler.import_warc.sources import PAGES as FOREIGN
from tests.crawler.import_warc.sources import imported
from tests.crawler.tables import differences, everything

DAY = timedelta(days=1)
TEXT = "select url, title, text, published_on from articles order by url"
REVISIONS = "select article, number, title, text, capture from revisions order by 1, 2"
CAPTURES = (
    "select id, url, publisher, kind, fetched_at, status, content_type, sha256, wire_bytes,"
    " truncated, article, warc_length from captures order by warc_file, warc_offset"
)
WARC_FILES = "select * from warc_files order by name"
PAGES = 6


def url_of(number):
    return f"https://alwaraq.example/{number}"


def keep(store, number, text, at):
    body = f"<p>{text}</p>".encode() * 40
    capture = store.record(
        exchange(url_of(number), body, fetched_at=at), kind=Kind.ARTICLE, publisher=PAPER.slug
    )
    seen = visit(url_of(number))
    store.ask([(seen.url, Kind.ARTICLE)], publisher=PAPER.slug)
    article, _ = store.keep(reading(text=text), url=url_of(number), visit=seen, capture=capture)
    store.visited(seen, capture, due_at=None, state="done", article=article)


def write(root):
    """Write three runs: pages, the same pages again with one edited, other pages."""
    with opened(root) as store:
        store.publish(PAPER)
        for number in range(PAGES):
            keep(store, number, f"نص الخبر {number}", NOON)
    with opened(root, Hands(NOON + DAY)) as store:
        for number in range(PAGES):
            edited = " بعد تعديله" if number == 2 else ""
            keep(store, number, f"نص الخبر {number}{edited}", NOON + DAY)
    with opened(root, Hands(NOON + 2 * DAY)) as store:
        for number in range(PAGES, PAGES + 3):
            keep(store, number, f"نص الخبر {number}", NOON + 2 * DAY)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("written") / "أرشيف الأخبار"
    write(root)
    assert verify(root).damages == []
    return root


@pytest.fixture
def root(written, tmp_path):
    shutil.copytree(written, tmp_path / "أرشيف")
    return tmp_path / "أرشيف"


def files(root):
    return sorted((root / "warc").rglob("*.warc.gz"))


def mend(root, **options):
    """Repair; return the job, with its counts and findings, and all that was said."""
    said: list[str] = []
    job = Repair(root=root, say=said.append, processes=1, **options)
    asyncio.run(job.run())
    return job, "\n".join(said)


def named(path):
    """Return the name by which rows know a WARC file."""
    return f"{path.parent.name}/{path.name}"


def mended(root):
    """Repair, twice; return what the first said. The second finds nothing to do."""
    done, said = mend(root)
    assert done.findings.damages == [], done.findings.damages
    again, nothing = mend(root)
    assert (dict(again.counts), nothing) == ({}, "")
    assert again.findings.damages == []
    for path in files(root):
        checker = Checker(type("_", (), {"inputs": [str(path)], "verbose": True}))
        checker.process_all()
        assert checker.exit_value in (None, 0)
        with path.open("rb") as file:
            for one in ArchiveIterator(file, parse_http=False):
                assert "WARC-Block-Digest" not in one.headers or one.verify_block_digest()
    return said


def ids(root):
    """Return the ids of the captures in the order of their records."""
    return [number for number, *_ in rows(root, CAPTURES)]


def place(root, capture):
    ((name, offset, length),) = rows(
        root, "select warc_file, warc_offset, warc_length from captures where id = ?", capture
    )
    return root / "warc" / name, offset, length


def spoil(root, number):
    """Damage the record of the nth capture, counted from 1, in its middle."""
    path, offset, length = place(root, ids(root)[number - 1])
    data = bytearray(path.read_bytes())
    data[offset + length // 2] ^= 0xFF
    path.write_bytes(data)
    return path


def change(root, *statements):
    with closing(open_for_writing(root)) as db:
        db.execute("pragma foreign_keys = off")
        number_captures(db)
        for statement in statements:
            db.execute(statement)


def test_a_sound_archive_is_left_as_it_is(root):
    before = {path: path.read_bytes() for path in files(root)}
    done, said = mend(root)
    assert (dict(done.counts), said, done.findings.damages) == ({}, "", [])
    assert {path: path.read_bytes() for path in files(root)} == before
    assert not (root / "damaged").exists()


def test_a_torn_tail_is_cut_and_kept(root):
    texts, path = rows(root, TEXT), files(root)[2]
    whole = path.read_bytes()
    path.write_bytes(whole + b"\x1f\x8b\x08torn")
    said = mended(root)
    assert path.read_bytes() == whole
    assert [one.read_bytes() for one in (root / "damaged").iterdir()] == [b"\x1f\x8b\x08torn"]
    assert "unreadable: warc" in said
    assert rows(root, TEXT) == texts


def test_a_file_that_lost_its_end_loses_those_records_and_no_others(root):
    texts, before = rows(root, TEXT), ids(root)
    path, offset, _ = place(root, before[14])
    path.write_bytes(path.read_bytes()[: offset + 30])
    said = mended(root)
    assert f"lost: {url_of(8)}" in said
    assert ids(root) == before[:14]
    assert rows(root, TEXT) == texts
    ((detail, capture),) = rows(root, "select detail, capture from problems")
    assert detail.startswith(f"{named(path)}, byte {offset}, sha256 ")
    assert capture is None
    (due,) = rows(root, "select due_at not null, last_capture from visits where key = ?", url_of(8))
    assert due == (1, None)


def test_records_behind_damage_stay_byte_for_byte_and_their_rows_follow(root):
    texts, before = rows(root, TEXT), rows(root, CAPTURES)
    records = {}
    numbers = ids(root)
    for number in numbers[:6]:
        path, offset, length = place(root, number)
        records[number] = path.read_bytes()[offset : offset + length]
    spoil(root, 4)
    path = spoil(root, 3)
    damaged = path.read_bytes()
    said = mended(root)
    assert rows(root, TEXT) == texts
    assert (root / "damaged" / path.name).read_bytes() == damaged
    assert not path.exists()
    for number in (numbers[0], numbers[1], numbers[4], numbers[5]):
        path, offset, length = place(root, number)
        assert path.read_bytes()[offset : offset + length] == records[number]
    for number in (2, 3):
        assert f"lost: {url_of(number)}" in said
    # The revisits of the lost page stay.
    after, lost = rows(root, CAPTURES), set(numbers[2:4])
    assert [row[0] for row in after] == [row[0] for row in before if row[0] not in lost]
    assert verify(root).lost == 2


def test_a_payload_that_is_fetched_again_is_kept_again(root):
    spoil(root, 4)
    mended(root)
    with opened(root, Hands(NOON + 5 * DAY)) as store:
        keep(store, 3, "نص الخبر 3", NOON + 5 * DAY)
    number = ids(root)[-1]
    length = place(root, number)[2]
    assert length > 200
    assert verify(root).damages == []
    with closing(open_for_writing(root)) as db:
        assert "نص الخبر 3" in load(db, root / "warc", number).body.decode()
    mended(root)


def test_a_deleted_file_is_told_capture_by_capture(root):
    texts, revisions = rows(root, TEXT), rows(root, REVISIONS)
    files(root)[2].unlink()
    said = mended(root)
    for number in range(PAGES, PAGES + 3):
        assert f"lost: {url_of(number)}, alwaraq" in said
    assert rows(root, TEXT) == texts
    assert [row[:4] for row in rows(root, REVISIONS)] == [row[:4] for row in revisions]
    assert rows(root, "select count(*) from problems where kind = 'lost-capture'") == [(3,)]


def test_a_file_whose_payloads_others_stand_for_is_deleted(root):
    texts = rows(root, TEXT)
    files(root)[0].unlink()
    mended(root)
    assert rows(root, TEXT) == texts
    assert verify(root).lost == PAGES


def test_rows_that_are_missing_come_back_as_they_were(root):
    before, revisions = rows(root, CAPTURES), rows(root, REVISIONS)
    change(root, "delete from captures where id in (nth(3), nth(4), nth(9), nth(15))")
    assert {damage.kind for damage in verify(root).damages} >= {"row"}
    said = mended(root)
    assert "rows are restored from its records" in said
    assert rows(root, CAPTURES) == before
    assert rows(root, REVISIONS) == revisions


@pytest.mark.parametrize(
    "statement",
    [
        "update captures set url = url || '?x' where id = nth(5)",
        "update captures set status = 404, sha256 = 'ab' where id in (nth(2), nth(8))",
        "update captures set warc_length = warc_length - 3 where id = nth(6)",
        "update captures set warc_offset = warc_offset + 1 where id = nth(6)",
        "delete from warc_files",
        "update warc_files set bytes = 0",
        "delete from runs where id = 2",
        "delete from publishers",
        "update stories set articles = 7",
    ],
)
def test_rows_that_tell_something_else_tell_what_was_recorded(root, statement):
    before, texts = rows(root, CAPTURES), rows(root, TEXT)
    lengths = rows(root, "select * from warc_files")
    change(root, statement)
    mended(root)
    assert rows(root, CAPTURES) == before
    assert rows(root, TEXT) == texts
    assert rows(root, "select * from warc_files") == lengths


def test_a_file_that_no_row_knows_is_known_again(root):
    before = rows(root, CAPTURES)
    name = named(files(root)[1])
    change(
        root,
        f"delete from captures where warc_file = '{name}'",
        f"delete from warc_files where name = '{name}'",
    )
    mended(root)
    assert rows(root, CAPTURES) == before


@pytest.mark.slow
def test_pages_of_other_programs_get_their_rows_again(tmp_path):
    root = tmp_path / "archive"
    imported(root, packed(FOREIGN))
    before, articles = rows(root, CAPTURES), rows(root, TEXT)
    assert len(articles) == 6
    change(
        root,
        "delete from captures where id in (nth(2), nth(3))",
        "update captures set status = 404, sha256 = 'ab' where id = nth(5)",
        "update articles set capture = null where capture = nth(2)",
    )
    mended(root)
    assert rows(root, CAPTURES) == before
    spoil(root, 4)
    mended(root)
    assert rows(root, CAPTURES) == [*before[:3], *before[4:]]
    assert rows(root, TEXT) == articles


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flip", "cut", "both"])
def test_damage_anywhere_ends_in_a_whole_archive(root, kind):
    """Many places, as a failing disk has them; each text stays."""
    texts, chance = rows(root, TEXT), random.Random(kind)
    for _ in range(4):
        for path in files(root):
            data = bytearray(path.read_bytes())
            if kind != "flip":
                del data[chance.randrange(len(data) // 2, len(data)) :]
            if kind != "cut":
                for _ in range(3):
                    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            path.write_bytes(data)
        mended(root)
        assert rows(root, TEXT) == texts
    assert rows(root, "select count(*) from problems")[0][0] >= 15 - len(rows(root, CAPTURES))


def test_files_of_others_are_named_and_left(root):
    strays = [root / "warc" / name for name in ("a.txt", "stray.warc.gz")]
    for stray in strays:
        stray.write_bytes(b"stray")
    done, _ = mend(root)
    for stray, note in zip(strays, done.findings.notes, strict=True):
        assert f"warc/{stray.name}: is a file that no row of warc_files knows" in note
    assert done.findings.damages == []
    assert [stray.read_bytes() for stray in strays] == [b"stray"] * 2


def test_a_sound_form_that_a_killed_repair_left_gives_way_to_the_file_from_a_backup(
    root, monkeypatch
):
    before = rows(root, CAPTURES)
    whole = files(root)[0].read_bytes()
    path = spoil(root, 2)
    with monkeypatch.context() as patch:
        patch.delattr(Salvage, "_leave_rows")
        with pytest.raises(AttributeError):
            mend(root)
    path.write_bytes(whole)
    mended(root)
    assert rows(root, CAPTURES) == before


def test_a_search_index_that_is_wrong_is_made_anew(root):
    change(root, "delete from article_stems_docsize where id > 0")
    assert "the search index is rebuilt" in mended(root)


def test_a_lost_head_of_a_file_costs_nothing_else(root):
    path, before = files(root)[0], rows(root, CAPTURES)
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(data)
    mended(root)
    assert rows(root, CAPTURES) == before


@pytest.mark.parametrize("deleted", [True, False])
def test_a_file_that_comes_back_from_a_backup_is_known_again(root, deleted):
    before, texts, lengths = rows(root, CAPTURES), rows(root, TEXT), rows(root, WARC_FILES)
    revisions = rows(root, REVISIONS)
    path, _, _ = place(root, ids(root)[1])
    whole = path.read_bytes()
    if deleted:
        path.unlink()
    else:
        spoil(root, 2)
        spoil(root, 4)
    mended(root)
    path.write_bytes(whole)
    mended(root)
    assert [named(path) for path in files(root)] == [name for name, *_ in lengths]
    assert rows(root, CAPTURES) == before
    assert rows(root, WARC_FILES) == lengths
    assert (rows(root, TEXT), rows(root, REVISIONS)) == (texts, revisions)


def test_two_damages_one_after_the_other(root):
    texts = rows(root, TEXT)
    spoil(root, 2)
    mended(root)
    spoil(root, 5)
    mended(root)
    assert rows(root, TEXT) == texts
    assert files(root)[0].name.endswith("-00001.warc.gz")


@pytest.mark.parametrize("damage", ["torn", "spoiled", "deleted", "orphan"])
def test_a_dry_run_changes_nothing_and_says_what_would_be_done(root, damage):
    if damage == "spoiled":
        spoil(root, 3)
    elif damage == "deleted":
        files(root)[1].unlink()
    elif damage == "torn":
        files(root)[1].write_bytes(files(root)[1].read_bytes()[:-9])
    else:
        change(root, "delete from captures where id = nth(4)")
    before = {path: path.read_bytes() for path in files(root)}
    captures, problems = rows(root, CAPTURES), rows(root, "select count(*) from problems")
    done, would = mend(root, dry_run=True)
    assert any(done.counts.values())
    assert {path: path.read_bytes() for path in files(root)} == before
    assert (rows(root, CAPTURES), rows(root, "select count(*) from problems")) == (
        captures,
        problems,
    )
    assert set(would.splitlines()) <= set(mended(root).splitlines())


def test_without_a_folder_of_warc_files_nothing_is_given_up(root):
    (root / "warc").rename(root / "elsewhere")
    with pytest.raises(ArchiveError, match="put it back"):
        mend(root)
    (root / "elsewhere").rename(root / "warc")
    assert verify(root).damages == []


def test_a_folder_without_an_archive_is_refused(tmp_path):
    with pytest.raises(NotAnArchive, match="holds no archive"):
        mend(tmp_path)
    assert list(tmp_path.iterdir()) == []


# A process that repairs, and is killed just before or just behind a step.
KILLED = """
import asyncio, importlib, os, signal, sys
from datetime import timedelta
from pathlib import Path

module, name, moment, root = sys.argv[1:]
owner = importlib.import_module(module)
*classes, name = name.split(".")
for one in classes:
    owner = getattr(owner, one)
whole = getattr(owner, name)

def step(*words, **named):
    if moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    whole(*words, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, step)
from crawler.repair import Repair
asyncio.run(Repair(root=Path(root), say=print, processes=1).run())
"""
STEPS = [
    ("archive.maintenance.salvage", "Salvage._write_sound"),
    ("archive.maintenance.salvage", "Salvage._leave_rows"),
    ("archive.maintenance.salvage", "put_aside"),
    ("archive.maintenance.salvage", "sync"),
    ("archive.maintenance.salvage", "cut"),
    ("archive.maintenance.salvage", "report"),
    ("archive.maintenance.warc_index", "index_files"),
    ("archive.maintenance.projection", "project"),
    ("archive.maintenance.repair_rows", "journal_again"),
    ("archive.maintenance.repair_rows", "finish"),
    ("archive.warc.files", "acknowledge"),
]


def damage_of_all_kinds(root):
    spoil(root, 3)
    path = spoil(root, 8)
    path.write_bytes(path.read_bytes() + b"\x1f\x8b\x08torn")
    path, offset, _ = place(root, ids(root)[-1])
    path.write_bytes(path.read_bytes()[: offset + 30])
    change(root, "delete from captures where id in (nth(5), nth(9))")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "behind"])
@pytest.mark.parametrize(("module", "name"), STEPS)
def test_a_repair_that_is_killed_is_finished_by_the_next(root, module, name, moment):
    texts, revisions, before = rows(root, TEXT), rows(root, REVISIONS), ids(root)
    damage_of_all_kinds(root)
    for _ in range(2):
        words = [sys.executable, "-c", KILLED, module, name, moment, str(root)]
        died = subprocess.run(words, capture_output=True, check=False, timeout=60, cwd=shell.ROOT)
        assert died.returncode in {-signal.SIGKILL, 0}, died.stderr
    mended(root)
    assert rows(root, TEXT) == texts
    assert [row[:4] for row in rows(root, REVISIONS)] == [row[:4] for row in revisions]
    assert ids(root) == [n for n in before if n not in {before[2], before[7], before[14]}]
    losses = rows(root, "select count(*), count(distinct detail) from problems")
    assert losses == [(3, 3)]
    assert not list(root.rglob("*.part"))


@pytest.mark.slow
def test_a_rebuild_between_two_repairs_reads_no_file_twice(root):
    before = rows(root, CAPTURES)
    spoil(root, 4)
    words = [
        sys.executable,
        "-c",
        KILLED,
        "archive.maintenance.salvage",
        "Salvage._write_sound",
        "behind",
        root,
    ]
    died = subprocess.run(words, capture_output=True, check=False, timeout=60, cwd=shell.ROOT)
    assert died.returncode == -signal.SIGKILL
    assert len(files(root)) == 4
    (root / NAME).unlink()
    mended(root)
    assert len(rows(root, CAPTURES)) == len(before) - 1


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """An archive that crawls made: pages that read, edits, an article that vanished."""
    root = tmp_path_factory.mktemp("crawled") / "archive"
    newsstand = Newsstand(articles=30)
    with serve(newsstand):
        newsstand.write_publishers(root)
        publishers = chosen(root, [])
        for step in (0, 6, 24):
            newsstand.advance(timedelta(hours=step))
            job = Job(
                root=root,
                publishers=publishers,
                command="crawl",
                poll=frozenset(newsstand.papers),
                clock=newsstand.now,
            )
            asyncio.run(crawl(job))
    return root


@pytest.fixture(scope="module")
def reprinted(tmp_path_factory):
    """An archive of six newspapers, which print the wires of an agency: stories."""
    root = tmp_path_factory.mktemp("reprinted") / "archive"
    newsstand = Newsstand(articles=60, papers=ALL_PAPERS)
    with serve(newsstand):
        newsstand.write_publishers(root)
        job = Job(
            root=root,
            publishers=chosen(root, []),
            command="crawl",
            poll=frozenset(newsstand.papers),
            clock=newsstand.now,
        )
        asyncio.run(crawl(job))
    return root


@pytest.fixture
def lived(crawled, tmp_path):
    shutil.copytree(crawled, tmp_path / "lived")
    return tmp_path / "lived"


ALL = "select id, url, title, text, words, published_at, revision_count from articles order by id"
EVERY = "select * from articles order by id"
STORIES = "select * from stories order by id"
EDITED_FIRST = """
delete from revisions where number = 1
and article in (select article from revisions where number = 2)
"""
LAST = """
update revisions set id = 9999 where number = 2
and article = (select min(article) from revisions where number = 2)
"""
OTHERS = """
delete from articles where id = (select min(id) from articles);
delete from captures where id in (nth(9), nth(30), nth(50))
"""
CHAIN = "select article, number, title, text, capture, content_hash from revisions order by 1, 2"


def garbage(root):
    (root / NAME).write_bytes(b"\x00garbage" * 4096)


def damaged_page(root, table="captures"):
    with closing(open_for_writing(root)) as db:
        db.execute("pragma wal_checkpoint(truncate)")
        (page,) = db.execute(
            "select rootpage from sqlite_master where name = ?", (table,)
        ).fetchone()
    data = bytearray((root / NAME).read_bytes())
    data[(page - 1) * 4096 : page * 4096 - 2000] = b"\xff" * 2096
    (root / NAME).write_bytes(data)


def damaged_index(root):
    """Let an index of SQLite's know nothing of a change to its table."""
    index = "select * from sqlite_master where name = 'articles_published_at'"
    with closing(open_for_writing(root)) as db:
        row = db.execute(index).fetchone()
        db.execute("pragma writable_schema = on")
        db.execute("delete from sqlite_master where name = 'articles_published_at'")
    change(root, "update articles set published_at = '2020-11-01T00:00:00.000000Z'")
    with closing(open_for_writing(root)) as db:
        db.execute("pragma writable_schema = on")
        db.execute("insert into sqlite_master values (?, ?, ?, ?, ?)", tuple(row))


def test_a_database_of_which_only_an_index_is_broken_is_repaired_in_place(root):
    damaged_index(root)
    spoil(root, 3)
    would = mend(root, dry_run=True)[1]
    assert "SQLite's indexes are rebuilt (row 1 missing from index articles_published_at)" in would
    assert "unreadable: warc" in would
    said = mended(root)
    assert "SQLite's indexes are rebuilt" in said
    assert "it is rebuilt from" not in said
    assert not (root / OLD).exists()
    assert rows(root, "select distinct published_at from articles")[0][0].startswith("2020-11-01")


@pytest.mark.slow
@pytest.mark.parametrize(
    "harm",
    [
        lambda root: (root / NAME).unlink(),
        lambda root: (root / NAME).write_bytes(b""),
        garbage,
        damaged_page,
        lambda root: change(root, "drop table tags"),
    ],
    ids=["deleted", "empty", "garbage", "damaged page", "missing table"],
)
def test_a_database_that_does_not_read_is_made_anew(lived, harm):
    articles, chain, captures = (rows(lived, sql) for sql in (ALL, CHAIN, CAPTURES))
    harm(lived)
    is_there = (lived / NAME).exists()
    code, output = shell.run("repair", "--archive", lived)
    assert (code, "it is rebuilt from the WARC files" in output) == (0, True), output
    assert ": no damage left." in output
    assert (lived / OLD).exists() == is_there == (OLD in output)
    assert (rows(lived, ALL), rows(lived, CHAIN)) == (articles, chain)
    assert rows(lived, CAPTURES) == captures
    code, output = shell.run("repair", "--archive", lived)
    assert (code, "there is nothing to repair" in output) == (0, True), output


@pytest.mark.slow
def test_articles_of_a_lost_file_are_carried_over_from_a_damaged_database(lived):
    """Each text and revision that the old database still has; what is lost is named, and due."""
    ((article,),) = rows(lived, "select id from articles order by first_seen_at limit 1")
    path = files(lived)[0]
    withhold(lived, str(article), reason="x", clock=Hands(NOON + DAY))
    articles, chain = rows(lived, ALL), rows(lived, CHAIN)
    lost = rows(lived, "select distinct url from captures where warc_file = ?", named(path))
    damaged_page(lived, "problems")
    path.unlink()
    said = mended(lived)
    assert rows(lived, ALL) == articles
    assert [row[:4] for row in rows(lived, CHAIN)] == [row[:4] for row in chain]
    assert len(rows(lived, "select capture from revisions where capture is not null")) > 0
    for (address,) in lost:
        assert f"lost: {address}, " in said
    assert rows(lived, "select distinct article from withheld") == [(article,)]
    due = "select count(*) > 0 from visits where due_at not null and last_capture is null"
    assert rows(lived, due) == [(1,)]
    assert rows(lived, "select 1 from visits where article = ?", article) == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "behind"])
@pytest.mark.parametrize(
    "step", ["repair_rows.carry_over", "warc_index.clear", "backup.put_in_place"]
)
def test_a_rebuild_that_is_killed_loses_no_text(lived, step, moment):
    articles, chain = rows(lived, ALL), rows(lived, CHAIN)
    damaged_page(lived, "problems")
    files(lived)[0].unlink()
    module, name = step.split(".")
    words = [sys.executable, "-c", KILLED, f"archive.maintenance.{module}", name, moment, lived]
    died = subprocess.run(words, capture_output=True, check=False, timeout=60, cwd=shell.ROOT)
    assert died.returncode in {-signal.SIGKILL, 0}, died.stderr
    mended(lived)
    assert rows(lived, ALL) == articles
    assert [row[:4] for row in rows(lived, CHAIN)] == [row[:4] for row in chain]


@pytest.mark.slow
@pytest.mark.parametrize("table", ["articles", "revisions", "captures", "visits"])
def test_what_a_damaged_database_cannot_say_keeps_nothing_from_being_repaired(lived, table):
    path, articles = files(lived)[1], {row[0]: row for row in rows(lived, ALL)}
    damaged_page(lived, table)
    path.unlink()
    mended(lived)
    there = {row[0]: row for row in rows(lived, ALL)}
    assert there.keys() <= articles.keys()
    assert len(there) > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        EDITED_FIRST,
        "update articles set revision_count = 7 where id = (select min(id) from articles)",
        "delete from articles where id = (select min(id) from articles)",
        "delete from visits where id in (select visit from links limit 3)",
        f"{LAST}; {EDITED_FIRST}",
        f"{EDITED_FIRST}; {OTHERS}",
        "delete from articles",
    ],
)
def test_rows_that_are_missing_are_read_again(lived, statement):
    articles, chain, stories = (rows(lived, sql) for sql in (EVERY, CHAIN, STORIES))
    change(lived, *statement.split(";"))
    assert verify(lived).damages
    mended(lived)
    assert rows(lived, EVERY) == articles
    assert rows(lived, CHAIN) == chain
    assert rows(lived, STORIES) == stories


@pytest.mark.slow
@pytest.mark.parametrize(
    "which",
    [
        "",
        "where id in (select id from stories)",
        "where story is not null and id not in (select id from stories)",
        "where story = (select min(id) from stories)",
        "where story is null",
    ],
)
def test_articles_that_are_restored_are_in_the_stories_that_they_were_in(
    reprinted, tmp_path, which
):
    root = tmp_path / "archive"
    shutil.copytree(reprinted, root)
    articles, stories = rows(root, EVERY), rows(root, STORIES)
    assert len(stories) > 5
    change(root, f"delete from articles {which}")
    mended(root)
    assert rows(root, STORIES) == stories
    assert rows(root, EVERY) == articles


@pytest.mark.slow
def test_what_was_withheld_is_withheld_when_its_row_is_restored(lived):
    ((article, url),) = rows(lived, "select id, url from articles order by id limit 1")
    withhold(lived, str(article), reason="تذكر شاهدًا", clock=Hands(NOON + DAY * 3 / 8))
    before = everything(lived)
    change(lived, "delete from articles where id = (select min(id) from articles)")
    mended(lived)
    assert rows(lived, "select 1 from captures where url = ?", url) == []
    after = everything(lived)
    for table in before:
        assert differences(before[table], after[table]) == [], table


@pytest.mark.slow
def test_an_article_gets_its_own_address_and_key_back(lived):
    """Whichever address leads to it, and whatever that says of scheme and `www.`."""
    whose = "select key, url from articles where id = ?"
    ((article,),) = rows(lived, "select min(id) from articles")
    before = rows(lived, whose, article)
    change(
        lived,
        "insert into visits (key, url, publisher, kind, found_at, article) select"
        f" 'https://first.example/0', 'https://first.example/0', publisher, 'article',"
        f" '2020-01-01', id from articles where id = {article}",
        f"delete from articles where id = {article}",
    )
    mended(lived)
    assert rows(lived, whose, article) == before


@pytest.mark.slow
def test_a_visit_that_is_lost_is_restored_with_its_address(lived):
    visits = "select key, url, found_in, article, last_at from visits where last_at not null"
    before = rows(lived, f"{visits} order by key")
    assert any(url != key for key, url, *_ in before)
    change(lived, "delete from visits where id in (select visit from links) or url != key")
    mended(lived)
    assert rows(lived, f"{visits} order by key") == before


@pytest.mark.parametrize(
    "statement",
    [
        "delete from warc_files",
        "update warc_files set bytes = bytes - 9",
        "update warc_files set bytes = bytes + 9",
    ],
)
def test_verify_finds_lengths_that_repair_mends(root, statement):
    lengths = rows(root, WARC_FILES)
    change(root, statement)
    assert {damage.kind for damage in verify(root).damages} <= {"file", "row"}
    mended(root)
    assert rows(root, WARC_FILES) == lengths


@pytest.mark.parametrize("damage", ["torn", "orphan", "garbage", "gone"])
def test_a_dry_run_works_where_nobody_may_write(root, damage):
    path = files(root)[2]
    if damage == "torn":
        path.write_bytes(path.read_bytes() + b"\x1f\x8b\x08torn")
    elif damage == "orphan":
        change(root, "delete from captures where id = nth(4)")
    elif damage == "garbage":
        (root / NAME).write_bytes(b"\x00garbage" * 4096)
    else:
        (root / NAME).unlink()
    workshop.nobody_may_write(root)
    before = workshop.bytes_of(root)
    with workshop.like_anybody():
        done, would = mend(root, dry_run=True)
    assert any(done.counts.values())
    assert workshop.bytes_of(root) == before
    workshop.everybody_may_write(root)
    assert set(would.splitlines()) <= set(mended(root).splitlines())
    assert would


@pytest.mark.slow
def test_a_dry_run_works_on_a_disk_that_is_mounted_read_only(root, tmp_path):
    spoil(root, 4)
    with workshop.small_disk(tmp_path / "disk", size="12m") as disk:
        subprocess.run(["cp", "-r", str(root), str(disk / "archive")], check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        _, would = mend(disk / "archive", dry_run=True)
    assert f"lost: {url_of(3)}" in would
    assert set(would.splitlines()) <= set(mended(root).splitlines())


@pytest.mark.slow
def test_reading_again_keeps_the_texts_of_lost_captures(lived):
    ((first,),) = rows(
        lived, "select capture from revisions where number = 1 and article in"
        " (select article from revisions where number = 2) limit 1",
    )  # fmt: skip
    articles, chain = rows(lived, ALL), rows(lived, CHAIN)
    spoil(lived, ids(lived).index(first) + 1)
    mended(lived)
    code, output = shell.run("extract", "--again", "--archive", lived)
    assert code == 0, output
    assert rows(lived, ALL) == articles
    assert [row[:4] for row in rows(lived, CHAIN)] == [row[:4] for row in chain]
    code, output = shell.run("repair", "--archive", lived)
    assert (code, "1 capture lost in all" in output) == (3, True), output


def test_a_run_that_was_killed_is_finished(root):
    texts, path = rows(root, TEXT), files(root)[2]
    whole = path.read_bytes()
    change(root, "update runs set state = 'running', ended_at = null where id = 3")
    path.write_bytes(whole + b"\x1f\x8b\x08torn")
    assert "run 3 (crawl) was killed" in mended(root)
    assert (path.read_bytes(), rows(root, TEXT)) == (whole, texts)
    assert rows(root, "select state from runs where id = 3") == [("interrupted",)]


def test_a_newer_archive_is_refused_and_left(root):
    spoil(root, 3)
    change(
        root,
        "insert into _sqlite_migrations (migration_set, name, applied_at)"
        " values ('warraq', 'm999_later', 'x')",
    )
    before = {path: path.read_bytes() for path in files(root)}
    with pytest.raises(NewerArchive, match="m999_later"):
        mend(root)
    assert {path: path.read_bytes() for path in files(root)} == before
    assert not (root / OLD).exists()


def test_while_another_process_writes_nothing_is_touched(root):
    spoil(root, 3)
    before = {path: path.read_bytes() for path in files(root)}
    with opened(root), pytest.raises(ArchiveLocked, match="is writing"):
        mend(root)
    assert {path: path.read_bytes() for path in files(root)} == before


@pytest.mark.slow
def test_an_article_of_which_only_records_are_left_is_read_again(lived):
    articles, chain, captures = (rows(lived, sql) for sql in (ALL, CHAIN, CAPTURES))
    ((article,),) = rows(
        lived,
        "select article from revisions join articles a on a.id = article"
        " where published_from = 'feed' group by article having count(*) = 1 limit 1",
    )  # which is dated by what its listing said
    change(
        lived,
        f"delete from captures where article = {article}",
        f"delete from revisions where article = {article}",
        f"delete from visits where article = {article}",
        f"delete from articles where id = {article}",
    )
    assert "it is rebuilt from the WARC files" in mended(lived)
    assert rows(lived, ALL) == articles
    assert [row[:4] for row in rows(lived, CHAIN)] == [row[:4] for row in chain]
    assert [row[0] for row in rows(lived, CAPTURES)] == [row[0] for row in captures]


@pytest.mark.slow
@pytest.mark.parametrize("mend_first", [True, False])
def test_a_lost_database_and_the_lost_head_of_a_file(root, mend_first):
    before = rows(root, CAPTURES)
    runs = rows(root, "select id, command, started_at from runs order by id")
    for path in files(root):
        data = bytearray(path.read_bytes())
        data[40] ^= 0xFF
        path.write_bytes(data)
    if mend_first:
        mended(root)
    (root / NAME).unlink()
    mended(root)
    told = slice(0, 10)  # what the pages of this desk are captures of cannot be read from them
    assert [row[told] for row in rows(root, CAPTURES)] == [row[told] for row in before]
    assert rows(root, "select id, command, started_at from runs order by id") == runs


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["spoiled", "garbage", "deleted"])
def test_a_full_disk_is_named_in_one_line_and_costs_nothing(root, tmp_path, harm):
    texts = rows(root, TEXT)
    if harm == "garbage":
        (root / NAME).write_bytes(b"\x00garbage" * 4096)
    elif harm == "deleted":
        files(root)[2].unlink()
    else:
        spoil(root, 4)
    with workshop.small_disk(tmp_path / "disk", size="8m") as disk:
        archive = disk / "archive"
        shutil.copytree(root, archive)
        filler = workshop.fill(disk, leaving=20_000)
        code, output = shell.run("repair", "--archive", archive)
        assert code == 1, output
        assert "the disk is full" in output or "No space left" in output, output
        assert "Traceback" not in output
        filler.unlink()
        mended(archive)
        if harm != "garbage":
            assert rows(archive, TEXT) == texts


@pytest.mark.slow
def test_where_nobody_may_write_repair_says_so_in_one_line(root):
    spoil(root, 4)
    workshop.nobody_may_write(root)
    before = workshop.bytes_of(root)
    with workshop.like_anybody():
        code, output = shell.run("repair", "--archive", root)
    assert (code, workshop.bytes_of(root)) == (1, before)
    assert "Permission denied" in output
    assert "Traceback" not in output
    workshop.everybody_may_write(root)


def test_the_last_line_counts_what_is_lost_and_a_file_lists_it(root):
    spoil(root, 4)
    spoil(root, 3)
    code, output = shell.run("repair", "--archive", root)
    assert code == 3
    assert "lost: 2 captures of alwaraq\n" in output
    assert (
        output.splitlines()[-1] == f"{root}: 2 captures lost; 2 pieces of WARC files not readable."
    )
    listed = (root / "damaged" / "lost.txt").read_text("utf-8").splitlines()
    assert [url_of(number) in line for number, line in zip((2, 3), listed, strict=True)] == [
        True
    ] * 2
    code, output = shell.run("verify", "--archive", root)
    assert (code, output.splitlines()[-1].startswith("No further damage found. 2 captures")) == (
        3,
        True,
    )
    code, output = shell.run("repair", "--archive", root)
    assert (code, output.splitlines()[-1]) == (
        3,
        f"{root}: 2 captures lost in all, with earlier ones.",
    )
