"""A database that is damaged, cut, replaced or lost: one line says so, nothing is made worse."""

import random
import re
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from archive import errors
from archive.database import NAME, open_for_reading
from archive.maintenance.backup import back_up
from archive.maintenance.verify import verify
from crawler.cli import _COMMANDS, warraq
from tests.broken import workshop as w
from tests.serving import started

pytestmark = pytest.mark.slow

UNREADABLE = {
    "without its header": w.no_header,
    "without its schema": w.no_schema,
    "cut in half": w.half,
    "a text": w.text,
}
LOST = {"empty": w.empty, "missing": w.gone}
PAGES = ("articles", "captures", "visits", "revisions", "runs", "article_stems_data")
# Commands that need not look at the broken page may well do their work.
NEEDS = {
    "articles": {"search", "export", "publish", "backup", "reindex", "withhold"},
    "captures": {"export --warc", "publish", "backup", "import-jsonl", "crawl", "save"},
    "visits": {"publish", "backup", "crawl", "save", "backfill"},
    "revisions": {"export", "publish", "backup"},
    "runs": {"runs", "publish", "backup", "import-jsonl", "crawl", "save", "backfill"},
    "article_stems_data": {"search", "publish", "backup", "reindex", "withhold", "crawl"},
}


@pytest.mark.parametrize("damage", UNREADABLE)
def test_every_command_says_that_the_database_is_damaged_and_changes_nothing(
    root, tmp_path, damage
):
    UNREADABLE[damage](root)
    before = w.bytes_of(root)
    for name in (*w.WRITING, *w.READING, "serve"):
        if name == "verify":
            continue
        line = w.said(w.run(name, root, tmp_path / "out"))
        assert f"{root / NAME}: " in line, name
        assert "it is damaged: restore it from a backup" in line, name
    assert w.bytes_of(root) == before


@pytest.mark.parametrize("damage", LOST)
def test_no_new_archive_is_begun_beside_the_files_of_one_whose_database_is_lost(
    root, tmp_path, damage
):
    LOST[damage](root)
    before = w.bytes_of(root)
    for name in (*w.WRITING, *w.READING, "serve"):
        if name == "verify":
            continue
        line = w.said(w.run(name, root, tmp_path / "out"))
        assert f"{root / NAME} is {damage}, but 1 WARC files" in line, name
        assert "restore it from a backup" in line, name
    assert w.bytes_of(root) == before


def test_an_archive_without_records_may_begin_anew(tmp_path):
    (tmp_path / "warc").mkdir()
    (tmp_path / NAME).touch()  # as a crawl leaves it that is killed at its very beginning
    assert w.run("import-jsonl", tmp_path, tmp_path / "out").exit_code == 0
    assert w.is_whole(tmp_path)


@pytest.mark.parametrize("damage", [*UNREADABLE.values(), *LOST.values()])
def test_verify_checks_the_records_without_their_database(root, tmp_path, damage):
    whole = verify(root).counts
    damage(root)
    result = w.run("verify", root, tmp_path / "out")
    assert result.exit_code == 3
    assert "warraq rebuild --from-warc" in result.output
    assert "1 case of damage found." in result.output
    findings = verify(root)
    for name in ("WARC records", "bytes of WARC"):
        assert findings.counts[name] == whole[name]
    (path,) = (root / "warc").rglob("*.warc.gz")
    w.flip(path, random.Random(2), 1, first=path.stat().st_size // 2)
    assert {one.kind for one in verify(root).damages} == {"database", "record"}


@pytest.mark.parametrize("table", PAGES)
def test_a_damaged_page_stops_what_needs_it_with_one_line(root, tmp_path, table):
    w.page_of(table, root)
    for name in (*w.WRITING, *w.READING):
        if name == "verify":
            continue
        result = w.run(name, root, tmp_path / "out")
        if name in NEEDS[table]:
            line = w.said(result)
            assert str(root) in line, name
            assert "damaged" in line, name
            assert "backup" in line, name
        else:
            assert result.exception is None or isinstance(result.exception, SystemExit), name
    found = w.run("verify", root, tmp_path / "out")
    assert found.exit_code == 3
    assert "archive.db: " in found.output


# Datasette, once imported, shows what goes wrong inside SQL functions of ours.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", range(6))
def test_flipped_bits_of_a_database_never_show_a_traceback(root, tmp_path, seed):
    w.flip(root / NAME, random.Random(seed), (1, 10, 100)[seed % 3])
    for name in (*w.READING, "reindex", "withhold"):
        result = w.run(name, root, tmp_path / "out")
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            name,
            result.exception,
        )
        if result.exit_code and name != "verify":
            lines = result.stderr.splitlines()  # an export names each record that it leaves out
            assert len([line for line in lines if not line.startswith("not written: ")]) == 1, lines


@pytest.mark.parametrize("damage", [*UNREADABLE.values(), partial(w.page_of, "articles")])
def test_a_damaged_database_does_not_take_the_place_of_its_backup(root, tmp_path, damage):
    back_up(root, tmp_path / "backup")
    good = (tmp_path / "backup" / NAME).read_bytes()
    damage(root)
    line = w.said(CliRunner().invoke(warraq, ["backup", str(tmp_path / "backup"),
                                              "--archive", str(root)]))  # fmt: skip
    assert "damaged" in line
    assert (tmp_path / "backup" / NAME).read_bytes() == good
    (root / NAME).write_bytes(good)  # what the line says helps
    assert w.is_whole(root)


@pytest.mark.parametrize("damage", [w.no_header, w.half, w.gone, partial(w.page_of, "captures")])
def test_what_the_remedy_names_makes_it_anew(root, tmp_path, damage):
    before = w.kept(root)
    damage(root)
    made = CliRunner().invoke(warraq, ["rebuild", "--from-warc", "--archive", str(root)])
    assert made.exit_code == 0, made.output
    assert w.lost(before, root) == []
    assert w.is_whole(root)


def test_a_crawl_that_meets_a_damaged_page_acknowledges_nothing_more(sound, root):
    with closing(open_for_reading(root)) as db:
        runs = db.execute("select count(*) from runs").fetchone()
    good = (root / NAME).read_bytes()
    w.page_of("articles", root)
    line = w.only_line(sound.crawl(root))
    assert "the archive cannot be written: " in line
    assert "it is damaged" in line
    for log in root.glob(f"{NAME}-*"):  # of the damaged database
        log.unlink()
    (root / NAME).write_bytes(good)
    with closing(open_for_reading(root)) as db:
        assert db.execute("select count(*) from runs").fetchone() == runs


def test_a_reader_of_a_damaged_page_sees_what_is_wrong_and_the_owner_what_to_do(root, capfd):
    with closing(open_for_reading(root)) as db:
        (article,) = db.execute("select min(id) from articles").fetchone()
    w.page_of("articles", root)
    with started(root) as (address, server), httpx.Client(base_url=address) as client:
        for path in ("/", f"/article/{article}", "/search?q=خبر", "/archive/articles"):
            answer = client.get(path)
            assert answer.status_code == 500, path
            assert "تعذّرت قراءة قاعدة بيانات الأرشيف" in answer.text, path
        answer = client.get("/archive/articles.json")
        assert answer.json()["error"] == "database disk image is malformed"
        assert client.get("/archive/runs").status_code == 200
    assert server.returncode == 0
    said = capfd.readouterr().err
    assert "Traceback" not in said
    assert (
        f"/article/{article}: {root / NAME}: database disk image is malformed; it is damaged"
        in said
    )


def test_every_command_that_a_remedy_names_is_there():
    named = set(re.findall(r"`warraq ([a-z-]+)", Path(errors.__file__).read_text("utf-8")))
    assert named
    assert named <= _COMMANDS.keys()
