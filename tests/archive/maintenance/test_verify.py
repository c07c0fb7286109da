"""Every damage is found, named with its place, and nothing sound is called damaged."""

import json
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest
from click.testing import CliRunner

from archive.commands.maintenance import reindex
from archive.commands.maintenance import verify as command
from archive.database import open_for_writing
from archive.errors import NotAnArchive
from archive.maintenance import checks
from archive.maintenance import verify as checking
from archive.maintenance.verify import verify
from tests.archive.desk import NOON, Hands, kill_like, opened
from tests.archive.filled import files, fill, number_captures, page


@pytest.fixture
def root(tmp_path):
    return fill(tmp_path / "أرشيف الأخبار")


def change(root, *statements):
    """Write into the database as no program of ours would."""
    with closing(open_for_writing(root)) as db:
        db.execute("pragma foreign_keys = off")
        number_captures(db)
        for statement in statements:
            db.execute(statement)


def flip(path, offset, bit=1):
    data = bytearray(path.read_bytes())
    data[offset] ^= bit
    path.write_bytes(data)


def found(root):
    """Return the kinds of damage, and all that is said of them."""
    findings = verify(root)
    return {damage.kind for damage in findings.damages}, "\n".join(findings.lines())


def test_a_sound_archive_is_sound_and_what_was_checked_is_counted(root):
    findings = verify(root)
    assert (findings.damages, findings.notes) == ([], [])
    assert findings.counts["WARC files"] == 2
    assert findings.counts["WARC records"] == 2 * 7 + 5 + 2 + 2 * 2  # beginning and end of the runs
    assert findings.counts["rows of captures"] == 7
    assert findings.counts["articles"] == 3
    assert findings.counts["revisions"] == 4
    assert findings.counts["bytes of WARC"] == sum(path.stat().st_size for path in files(root))
    assert findings.counts["words of the search index"] == 19


# FTS5 keeps the first 32,768 bytes of a word (FTS5_MAX_TOKEN_SIZE).
LONG = [
    "ع" * 16_385,
    "a" * 32_768,
    "a" * 40_000 + "b " + "a" * 40_000 + "c",
    " ".join("ب" * 20_000 + str(number) for number in range(20)),
]


@pytest.mark.parametrize("text", LONG)
def test_a_word_longer_than_the_index_keeps_is_no_damage(root, text):
    for number, said in enumerate((text, "قصير", text)):
        with opened(root, Hands(NOON + timedelta(days=2 + number))) as store:
            page(store, 9, said, title=text, at=NOON + timedelta(days=2 + number))
        assert found(root) == (set(), "")
    CliRunner().invoke(reindex, ["--archive", str(root)])
    assert found(root) == (set(), "")


def test_pieces_and_processes_find_the_same(root, monkeypatch):
    alone = verify(root).counts
    monkeypatch.setattr(checking, "_PIECE", 300)
    monkeypatch.setattr(checking, "_ALONE", 0)
    apart = verify(root, processes=2)
    assert (apart.counts, apart.damages) == (alone, [])


@pytest.mark.slow
def test_every_flipped_bit_of_a_warc_file_is_found(root):
    (path, _) = files(root)
    whole = path.read_bytes()
    for offset in range(0, len(whole), 61):
        # Bytes 4 to 9 of a gzip head (time, flags of the packer, system) tell nothing, nor does
        # what fills the last byte before the eight at its end.
        flip(path, offset, 1 << (offset % 8))
        kinds, _ = found(root)
        if not kinds:
            start = whole.rindex(b"\x1f\x8b\x08", 0, offset + 3)
            end = whole.find(b"\x1f\x8b\x08", offset)
            assert 3 <= offset - start <= 9 or (end if end > 0 else len(whole)) - offset == 9
        path.write_bytes(whole)


def test_a_damaged_record_is_named_and_those_behind_it_are_still_checked(root):
    (path, _) = files(root)
    with closing(open_for_writing(root)) as db:
        row, offset = db.execute(
            "select id, warc_offset from captures where url like '%/1' order by fetched_at limit 1"
        ).fetchone()
    flip(path, offset + 200)
    findings = verify(root)
    (damage,) = findings.damages
    assert (damage.kind, damage.place, damage.offset) == (
        "record",
        f"warc/{path.parent.name}/{path.name}",
        offset,
    )
    assert (damage.table, damage.row) == ("captures", f"{row} (https://alwaraq.example/1)")
    assert findings.counts["rows of captures"] == 6


ROWS = [
    ("update captures set url = url || '?' where id = nth(1)", "url is 'https://alwaraq.example/0?'"),
    ("update captures set fetched_at = '2020-01' where id = nth(2)", "fetched_at is '2020-01'"),
    ("update captures set status = 204 where id = nth(2)", "status is 204 in the row and 200"),
    ("update captures set sha256 = 'ab' where id = nth(2)", "sha256 is 'ab'"),
    ("update captures set kind = 'feed' where id = nth(2)", "kind is 'feed'"),
    ("update captures set warc_length = 9 where id = nth(2)", "warc_length is 9 in the row"),
    ("update captures set warc_length = warc_length + 1 where id = nth(2)", "warc_length is"),
    ("update captures set warc_offset = 1 where id = nth(2)", "no record begins there"),
    ("delete from captures where id = nth(4)", "a response record that no row of captures knows"),
    ("update captures set warc_file = 'x.warc.gz' where run = 2", "x.warc.gz: is missing; 3 capt"),
    ("update articles set text = text || '.' where url like '%/2'", "not what its content_hash"),
    ("update articles set title = 'غيره' where url like '%/2'", "title is not that of its current"),
    ("update articles set revision_count = 3 where url like '%/1'", "revision_count is 3, its"),
    ("update revisions set text = 'غيره' where number = 1 and text not null", "revision 1 is not"),
    ("update revisions set text = null where text not null", "revision 1 has lost its text"),
    ("update revisions set tags = '[5]' where number = 2", "revision 2 is not what its content"),
    ("update revisions set captions = '5' where number = 2", "revision 2 is not what its content"),
    ("update revisions set text = 'x' where number = 2", "is stored twice"),
    ("update revisions set number = 3 where number = 2", "its revisions are [1, 3]"),
    ("delete from revisions where id = 1", "it has no revision"),
    ("insert into article_stems(article_stems) values ('rebuild')", "not built by this version's"),
    ("insert into article_stems(rowid, text) values (7, 'كلام')", "an article that is not there"),
    ("delete from article_stems_docsize where id > 0", "the index has [] words of its title"),
    ("update revisions set capture = 99 where id = 1", "refers to a row of captures that is not"),
    ("insert into story_sketches values (1, 0, 99)", "it is of an article that is not there"),
    ("delete from warc_files where closed", "bytes more than its row of warc_files"),
    ("update warc_files set bytes = bytes - 9", "has 9 bytes more than its row of warc_files"),
    ("update warc_files set bytes = bytes + 9", "lacks 9 bytes at its end"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "said"), ROWS)
def test_a_row_that_is_not_as_it_was_written_is_found(root, statement, said):
    change(root, statement)
    assert said in found(root)[1]


def test_an_index_of_another_text_is_found_and_rebuilt(root):
    with closing(open_for_writing(root)) as db:
        article, text = db.execute("select id, text from articles where url like '%/0'").fetchone()
        db.execute(
            "insert into article_stems(article_stems, rowid, text)"
            " values ('delete', ?, warraq_analyse(?))",
            (article, text),
        )
        db.execute("insert into article_stems(rowid, text) values (?, 'غيره')", (article,))
    assert found(root)[0] == {"index"}
    done = CliRunner().invoke(reindex, ["--archive", str(root)])
    assert (done.exit_code, found(root)) == (0, (set(), ""))


def test_an_index_that_lost_words_is_found(root):
    with closing(open_for_writing(root)) as db:
        article, text = db.execute("select id, text from articles where url like '%/0'").fetchone()
        sizes = db.execute(
            "select * from article_stems_docsize where id = ?", (article,)
        ).fetchone()
        db.execute(
            "insert into article_stems(article_stems, rowid, text)"
            " values ('delete', ?, warraq_analyse(?))",
            (article, text),
        )
        db.execute("insert or replace into article_stems_docsize values (?, ?)", sizes)
    kinds, said = found(root)
    assert kinds == {"index"}
    assert "words of text, its sizes say" in said


def test_files_that_are_short_missing_or_of_nobody_are_found(root):
    first, second = files(root)
    (root / "warc" / "stray.warc.gz").write_bytes(b"")
    first.write_bytes(first.read_bytes()[:-1])
    assert found(root)[0] == {"file", "record"}
    first.write_bytes(first.read_bytes()[:400])
    assert "bytes at its end" in found(root)[1]
    second.unlink()
    said = found(root)[1]
    assert f"warc/{second.parent.name}/{second.name}: is missing; 3 captures are in it" in said
    assert "warc/stray.warc.gz: is a file that no row of warc_files knows" in said


def test_a_database_with_a_damaged_page_leaves_the_records_to_be_checked(root):
    path = root / "archive.db"
    with closing(open_for_writing(root)) as db:
        db.execute("pragma wal_checkpoint(truncate)")
        (page_number,) = db.execute(
            "select rootpage from sqlite_master where name = 'captures'"
        ).fetchone()
    data = bytearray(path.read_bytes())
    data[(page_number - 1) * 4096 : page_number * 4096 - 2000] = b"\xff" * 2096
    path.write_bytes(data)
    findings = verify(root)
    assert "database" in {damage.kind for damage in findings.damages}
    assert findings.counts["WARC records"] == 2 * 7 + 5 + 2 + 2 * 2  # beginning and end of the runs


def test_what_a_crawl_writes_meanwhile_is_no_damage(root, monkeypatch):
    check = checks.check_articles
    written: list[object] = []

    def late(*part):  # after the tables were checked, before the articles are
        if not written:
            written.append(part)
            with opened(root, Hands(NOON + timedelta(hours=2))) as store:
                page(store, 0, "نص عُدّل أثناء الفحص", at=NOON + timedelta(hours=2))
        return check(*part)

    monkeypatch.setattr(checks, "check_articles", late)
    assert verify(root).damages == []
    assert written


def test_a_crawl_goes_on_and_only_what_it_acknowledged_is_checked(root):
    with opened(root, Hands(NOON + timedelta(hours=2))) as store:
        page(store, 7, "الأول")
        store.batch.commit()
        page(store, 8, "الثاني")
        findings = verify(root)
        assert findings.damages == []
        assert "bytes are not acknowledged yet" in "".join(findings.notes)
        assert findings.counts["rows of captures"] == 8
        page(store, 9, "الثالث")
    assert verify(root).counts["rows of captures"] == 10


def test_what_a_killed_run_left_is_noted_and_clean_after_the_next_start(root):
    store = opened(root, Hands(NOON + timedelta(hours=2))).__enter__()
    page(store, 7, "الأول")
    store.batch.commit()
    page(store, 8, "الثاني")
    kill_like(store)
    findings = verify(root)
    assert findings.damages == []
    assert "the next command that writes sees to them" in "".join(findings.notes)
    with opened(root):
        pass
    findings = verify(root)
    assert (findings.damages, findings.notes) == ([], [])
    assert findings.counts["rows of captures"] == 9


def test_the_command_says_what_it_checked_and_ends_with_3_on_damage(root):
    good = CliRunner().invoke(command, ["--archive", str(root)])
    assert good.exit_code == 0
    assert "No damage found." in good.output
    assert "25  WARC records" in good.output
    files(root)[1].unlink()
    bad = CliRunner().invoke(command, ["--archive", str(root), "--json"])
    assert bad.exit_code == 3
    told = json.loads(bad.output)
    assert [damage["kind"] for damage in told["damages"]] == ["file"]
    assert all(damage["remedy"] for damage in told["damages"])
    assert told["checked"]["WARC files"] == 2


def test_the_installed_command_uses_processes(root):
    run = "import archive.maintenance.verify as v; v._ALONE = 0; v._PIECE = 500\n"
    run += "from archive.commands.maintenance import verify; verify()"
    done = subprocess.run(
        [sys.executable, "-c", run, "--archive", str(root), "--processes", "2"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "7  rows of captures" in done.stdout


def test_a_folder_without_an_archive_is_named(tmp_path):
    with pytest.raises(NotAnArchive, match="holds no archive"):
        verify(tmp_path)


def test_the_index_of_the_list_of_migrations_may_be_missing(root):
    with closing(open_for_writing(root)) as db:
        db.execute("drop index idx__sqlite_migrations_migration_set_name")
    assert verify(root).damages == []
