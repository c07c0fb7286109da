"""What goes out is what is in the archive, for other programs to read."""

import csv
import io
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastwarc.warc import ArchiveIterator as OtherReader
from warcio.checker import Checker

from archive.database import open_for_reading, open_for_writing
from archive.errors import ArchiveError
from archive.maintenance.export import articles
from archive.maintenance.withhold import withhold
from crawler.cli import warraq
from tests.archive.desk import Checked, rows
from tests.archive.filled import fill
from tests.archive.maintenance.collection import various
from tests.archive.reading_room import TITLE, WITHHELD
from tests.archive.reading_room import fill as reading_room


def run(*arguments, given=None):
    return CliRunner().invoke(warraq, [str(one) for one in arguments], input=given)


WHERE = [
    ("true", 6),
    ("gone_at is not null", 1),
    ("publisher = 'herald' -- a remark", 1),
    ("id in (select json_extract(value, '$.id') from json_each(warraq_search('مكتبات')))", 1),
    ("1) or (1", 6),
]  # fmt: skip


@pytest.mark.parametrize(("where", "number"), WHERE)
def test_a_condition_chooses_and_what_is_withheld_never_comes(tmp_path, where, number):
    shelf = reading_room(tmp_path, withhold=False)
    assert len(list(articles(tmp_path, where=where))) == number
    withhold(tmp_path, str(shelf.withheld), reason="خطر")
    for form in ("jsonl", "csv"):
        done = run("export", "--format", form, "--where", where, "--archive", tmp_path)
        assert WITHHELD not in done.stdout


NO_CONDITION = [
    ("nonsense", "no such column: nonsense"),
    ("1; delete from articles", 'near ";": syntax error'),
    ("url =", 'near ")": syntax error'),
    ("url like '%x", "unrecognized token"),
    ("id = 1)", 'near ")": syntax error'),
    ("id = 1 order by id", 'near "order": syntax error'),
]


@pytest.mark.parametrize(("where", "why"), NO_CONDITION)
@pytest.mark.parametrize("warc", [[], ["--warc"]])
def test_what_is_no_condition_is_said_and_leaves_no_file(tmp_path, where, why, warc):
    reading_room(tmp_path / "a")
    out = tmp_path / "out"
    done = run("export", *warc, "--where", where, "-o", out, "--archive", tmp_path / "a")
    assert done.exit_code == 1
    table = "captures" if warc else "articles"
    assert f"--where {where!r} is not a valid condition on {table}: {why}" in done.output
    assert "its columns are id," in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["-o", "missing/out.jsonl"], "folder missing does not exist"),
        (["--excel"], "--format csv"),
        (["--warc", "--format", "csv", "--excel"], "--format csv"),
        (["--warc", "--format", "csv"], "--warc writes a WARC file: omit --format csv"),
        (["--warc", "--format", "jsonl"], "--warc writes a WARC file: omit --format jsonl"),
        (["--warc", "--no-revisions"], "--no-revisions only works with --format jsonl"),
        (["--format", "csv", "--no-revisions"], "--no-revisions only works with --format jsonl"),
    ],
)
def test_options_that_cannot_be_are_told_before_anything_is_done(
    tmp_path, monkeypatch, words, named
):
    reading_room(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    done = run("export", *words, "--archive", "a")
    assert done.exit_code == 2
    assert named in done.output.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_csv_is_read_by_other_programs_and_by_excel(tmp_path):
    various(tmp_path)
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("update articles set title = '=HYPERLINK(1)' where title = ?", (TITLE,))
    plain = run("export", "--format", "csv", "--archive", tmp_path).stdout_bytes
    table = list(csv.DictReader(io.StringIO(plain.decode("utf-8"), newline="")))
    assert {row["title"] for row in table} >= {"=HYPERLINK(1)", "عنوان 😀", ""}
    (row,) = [row for row in table if row["title"] == "=HYPERLINK(1)"]
    assert (row["authors"], row["tags"]) == ("سلمى القارئ", "مكتبات; تونس")
    assert row["text"].count("\n") == 1
    excel = run("export", "--format", "csv", "--excel", "--archive", tmp_path).stdout_bytes
    assert excel.startswith(b"\xef\xbb\xbfid,url,publisher,")
    assert b"\r\n" in excel
    assert b",'=HYPERLINK(1)," in excel


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    various(tmp_path / "a")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "crawler", "export", "--archive", tmp_path / "a", "-o", pipe]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL):
        lines = pipe.read_bytes().splitlines()
    assert len(lines) == 9
    assert pipe.is_fifo()


def test_parquet_has_types(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    various(tmp_path / "a")
    out = tmp_path / "articles.parquet"
    done = run("export", "--format", "parquet", "-o", out, "--archive", tmp_path / "a")
    assert done.exit_code == 0, done.output
    table = parquet.read_table(out).to_pylist()
    plain = list(articles(tmp_path / "a", revisions=False))
    assert [row["text"] for row in table] == [row["text"] for row in plain]
    (row,) = [row for row in table if row["title"] == TITLE]
    assert row["published_at"] == datetime(2020, 11, 8, 23, 30, tzinfo=UTC)
    assert row["published_on"] == date(2020, 11, 9)
    assert row["tags"] == ["مكتبات", "تونس"]
    assert row["words"] == len(row["text"].split())


def test_parquet_without_its_library_says_what_to_install(tmp_path):
    reading_room(tmp_path / "a")
    code = "import sys; sys.modules['pyarrow'] = None; from crawler.cli import warraq; warraq()"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "--format", "parquet", "--archive", tmp_path / "a",
         "-o", tmp_path / "x"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("Error: Parquet needs one more library: pip install 'warraq[parquet]'\n")
    assert not (tmp_path / "x").exists()


def cut(root, out, where="true"):
    done = run("export", "--warc", "--where", where, "-o", out, "--archive", root)
    assert done.exit_code == 0, done.output
    checker = Checker(Checked([out]))
    checker.process_all()
    assert checker.exit_value == 0
    with out.open("rb") as file:
        seen = [(one.headers["WARC-Type"], one.headers.get("WARC-Target-URI"))
                for one in OtherReader(file, parse_http=False)]  # fmt: skip
    return done.stderr, seen


def test_captures_are_cut_out_byte_for_byte(tmp_path):
    root = fill(tmp_path / "a")
    said, seen = cut(root, tmp_path / "all.warc.gz")
    assert said == "7 captures, and 0 that they refer to.\n"
    assert len(seen) == 1 + 2 * 7 + 5  # the visits to articles are told of
    whole = b"".join(path.read_bytes() for path in sorted((root / "warc").rglob("*.warc.gz")))
    data = (tmp_path / "all.warc.gz").read_bytes()
    for offset, length, name in rows(
        root, "select warc_offset, warc_length, warc_file from captures"
    ):
        record = (root / "warc" / name).read_bytes()[offset : offset + length]
        assert record in data
        assert record in whole


def test_a_revisit_record_comes_with_its_original_before_it(tmp_path):
    root = fill(tmp_path / "a")
    late = "fetched_at > '2020-11-09T12:30' and url like '%/0'"
    said, seen = cut(root, tmp_path / "cut.warc.gz", late)
    assert said == "1 capture, and 1 that they refer to.\n"
    url = "https://alwaraq.example/0"
    kinds = ["response", "request", "metadata", "revisit", "request", "metadata"]
    assert seen[1:] == [(kind, url) for kind in kinds]


def test_captures_of_withheld_articles_are_not_cut_out(tmp_path):
    root = fill(tmp_path / "a")
    withhold(root, "https://alwaraq.example/0", reason="خطر")
    _, seen = cut(root, tmp_path / "cut.warc.gz")
    assert len(seen) == 1 + 2 * 5 + 3
    assert not [url for _, url in seen if url and url.endswith("/0")]


def test_a_record_that_cannot_be_read_is_named_and_the_rest_is_cut_out(tmp_path):
    root = fill(tmp_path / "a")
    first, second = sorted((root / "warc").rglob("*.warc.gz"))
    data = bytearray(first.read_bytes())
    with closing(open_for_reading(root)) as db:
        order = "select warc_offset from captures order by warc_file, warc_offset"
        (_, (offset,), *_) = db.execute(order).fetchall()
    data[offset + 100] ^= 1
    first.write_bytes(data)
    second.unlink()
    out = tmp_path / "cut.warc.gz"
    done = run("export", "--warc", "-o", out, "--archive", root)
    assert done.exit_code == 3
    assert f"{first.name}: no readable record at byte {offset} " in done.stderr
    assert done.stderr.count("not written: ") == 4
    with out.open("rb") as file:
        assert len(list(OtherReader(file, parse_http=False))) == 1 + 2 * 3 + 2


def test_nothing_but_the_archive_is_asked(tmp_path):
    with pytest.raises(ArchiveError, match="holds no archive"):
        list(articles(tmp_path))


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_terminal_is_not_commanded_by_an_export_and_a_pipe_gets_it_exactly(
    tmp_path, monkeypatch, form
):
    root, title = fill(tmp_path / "archive"), "عنوان \x1b]0;EVIL\x07\x9b31m"
    with closing(open_for_writing(root)) as db:
        db.execute("update articles set title = ?", (title,))
    words = ("export", "--archive", root, "--format", form)
    piped = run(*words).stdout_bytes
    assert (title.encode() in piped) == (form == "csv")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _self: True)
    shown = run(*words)
    assert shown.exit_code == 0, shown.output
    assert not {"\x1b", "\x07", "\x9b"} & set(shown.stdout)
    assert r"عنوان \u001b]0;EVIL\u0007\u009b31m" in shown.stdout
    assert shown.stdout.count("\n") == piped.decode().count("\n")
