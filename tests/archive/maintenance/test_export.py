"""What goes out is what is in the archive, for other programs to read; JSON lines come in again."""

import csv
import io
import json
import random
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastwarc.warc import ArchiveIterator as OtherReader
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive.database import open_for_reading, open_for_writing
from archive.errors import ArchiveError
from archive.maintenance.export import articles
from archive.maintenance.import_jsonl import Importer
from archive.maintenance.withhold import withhold
from archive.plurals import counted
from archive.records import Kind
from archive.upkeep.verify import verify
from crawler.cli import warraq
from tests.archive.desk import HOUR, NOON, PAPER, Hands, exchange, opened, rows, visit
from tests.archive.desk import reading as read_as
from tests.archive.maintenance import test_withhold as withholding_desk
from tests.archive.reading_room import TITLE, WITHHELD
from tests.archive.reading_room import fill as reading_room
from tests.archive.test_recovery import kill_like
from tests.archive.test_verify import fill
from tests.archive.warc.test_writer import Checked

EXACT = (
    "id, publisher, url, kind, title, deck, byline, byline_from, dateline, section, language,"
    " published_at, published_on, published_from, modified_at, text, words, image_url,"
    " first_seen_at, last_seen_at, changed_at, revision_count, gone_at, story"
)
STATES = (
    "article, number, observed_at, title, deck, byline, dateline, section, tags, published_at,"
    " published_on, modified_at, text, image_url, content_hash"
)
NAMES = "select article, name, position from article_authors join authors on id = author"
TAGS = "select article, name from article_tags join tags on id = tag"


def run(*arguments, given=None):
    return CliRunner().invoke(warraq, [str(one) for one in arguments], input=given)


def told(root):
    """Return all that an export is to carry over."""
    return [
        rows(root, f"select {EXACT} from articles order by id"),
        rows(root, f"select {STATES} from revisions order by article, number"),
        rows(root, f"{NAMES} order by 1, 3"),
        rows(root, f"{TAGS} order by 1, 2"),
        rows(root, "select * from publishers order by slug"),
        rows(root, "select id, title, articles from stories order by id"),
    ]


def various(root):
    """Write articles with every field, edited, gone, redated, signed by a feed, and one story."""
    shelf = reading_room(root, withhold=False)
    with opened(root, Hands(NOON + 3 * HOUR)) as store:
        store.publish(PAPER)
        wire = "\n".join(f"جاء في البيان {n} أن الميناء سيفتح بعد {n} أيام." for n in range(30))
        for number, said in enumerate(
            (
                read_as("من الوكالة", wire, byline="سلمى", byline_from="feed", authors=("سلمى",)),
                read_as("عنوان 😀", wire, tags=("ب", "أ", "ب"), modified_at=NOON),
                read_as(None, "نصٌّ بلا عنوان،\nسطران", published_on=None, published_from=None),
            )
        ):
            url = f"https://alwaraq.example/v{number}"
            capture = store.record(
                exchange(url, b"<p>%d</p>" % number), kind=Kind.ARTICLE, publisher=PAPER.slug
            )
            store.keep(said, url=url, visit=visit(url), capture=capture)
    return shelf


def test_json_lines_come_back_as_equal_articles_and_revisions(tmp_path):
    various(tmp_path / "a")
    out = tmp_path / "articles.jsonl"
    assert run("export", "--archive", tmp_path / "a", "-o", out).exit_code == 0
    done = run("import-jsonl", out, "--archive", tmp_path / "b")
    assert done.exit_code == 0, done.output
    assert "9 new articles, 0 duplicates" in done.output
    assert told(tmp_path / "b") == told(tmp_path / "a")
    assert verify(tmp_path / "b").damages == []
    again = run("export", "--archive", tmp_path / "b")
    assert again.stdout_bytes == out.read_bytes()


def test_a_second_import_adds_nothing(tmp_path):
    various(tmp_path / "a")
    out = run("export", "--archive", tmp_path / "a").stdout_bytes
    run("import-jsonl", "-", "--archive", tmp_path / "b", given=out)
    files = sorted((tmp_path / "b" / "warc").iterdir())
    before = told(tmp_path / "b"), rows(tmp_path / "b", "select count(*) from captures")
    done = run("import-jsonl", "-", "--archive", tmp_path / "b", given=out)
    assert "0 new articles, 9 duplicates" in done.output
    assert (told(tmp_path / "b"), rows(tmp_path / "b", "select count(*) from captures")) == before
    assert sorted((tmp_path / "b" / "warc").iterdir()) == files


def test_each_line_is_a_resource_record_first(tmp_path):
    line = json.dumps({"url": "https://a.example/1", "title": "عنوان", "text": "نص"}).encode()
    done = run("import-jsonl", "-", "--archive", tmp_path, given=line)
    assert done.exit_code == 0, done.output
    (path,) = (tmp_path / "warc").iterdir()
    checker = Checker(Checked([path]))
    checker.process_all()
    assert checker.exit_value == 0
    with path.open("rb") as file:
        info, resource, end = [
            (record.rec_type, record.rec_headers, record.content_stream().read())
            for record in ArchiveIterator(file)
        ]
    assert (info[0], resource[0], resource[2]) == ("warcinfo", "resource", line)
    assert (end[0], end[2][:8]) == ("metadata", b"act: end")
    assert resource[1].get_header("WARC-Target-URI") == "https://a.example/1"
    assert resource[1].get_header("Content-Type") == "application/json"
    assert rows(tmp_path, "select url, kind, status, content_type from captures") == [
        ("https://a.example/1", "article", 0, "application/json")
    ]
    assert rows(
        tmp_path, "select publisher, published_on, byline, revision_count from articles"
    ) == [("a.example", None, None, 1)]


def test_an_import_killed_before_its_rows_is_repeated_without_doubling_anything(tmp_path):
    lines = [
        json.dumps({"url": f"https://a.example/{n}", "title": "ع", "text": f"نص {n}"}).encode()
        for n in range(4)
    ]
    importer = Importer(tmp_path, command="import-jsonl", software="warraq/test", clock=Hands())
    importer.__enter__()
    importer.read(lines[:2], name="x.jsonl")
    importer.batch.commit()
    importer.read(lines[2:], name="x.jsonl")
    kill_like(importer)
    assert len(rows(tmp_path, "select 1 from articles")) == 2
    with Importer(
        tmp_path, command="import-jsonl", software="w", clock=Hands(NOON + HOUR)
    ) as again:
        counts = again.read(lines, name="x.jsonl").counts
    assert counts == {"new": 2, "known": 2}
    assert rows(tmp_path, "select count(*), count(distinct sha256) from captures") == [(4, 4)]
    assert verify(tmp_path).damages == []


GOOD = {"url": "https://a.example/1", "title": "ع", "text": "نص"}
BAD = [
    (b"{", "it is no JSON"),
    (b"[1]", "it is no JSON object"),
    (b"\xff{}", "it is no JSON"),
    ({}, "it has no url"),
    (GOOD | {"url": "mailto:x"}, "not an http or https address"),
    (GOOD | {"text": " "}, "it has no text"),
    (GOOD | {"text": ["x"]}, "text is no text"),
    ({"url": GOOD["url"], "text": "نص"}, "it has no title"),
    (GOOD | {"published_at": "2020-11-09T12:00:00"}, "no moment with a time zone"),
    (GOOD | {"published_at": "2020-11-09"}, "no moment with a time zone"),
    (GOOD | {"published_at": 5}, "no moment with a time zone"),
    (GOOD | {"published_on": "9/11/2020"}, "is no day"),
    (GOOD | {"publisher": "a\r\nWARC-Type: x"}, "publisher has a line break"),
    (GOOD | {"authors": "سلمى"}, "authors is no list of names"),
    (GOOD | {"kind": "section"}, "is none of an article's"),
    (GOOD | {"revisions": [{"number": 2}]}, "not numbered 1, 2, 3"),
    (GOOD | {"revisions": [{"number": 1}]}, "revision 1 has no observed_at"),
    (
        GOOD | {"revisions": [{"number": 1, "observed_at": "2020-11-09T12:00Z", "title": "غ"}]},
        "title is not that of its last revision",
    ),
]  # fmt: skip


def test_bad_lines_are_named_and_kept_and_the_others_come_in(tmp_path):
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line, _ in BAD]
    given = b"\xef\xbb\xbf" + b"\n".join([*lines, b"", json.dumps(GOOD).encode()])
    for _ in range(2):
        done = run("import-jsonl", "-", "--archive", tmp_path, given=given)
        assert done.exit_code == 1
        kept = rows(tmp_path, "select url, kind, detail from problems order by id")
        assert [kind for _, kind, _ in kept] == ["import-line"] * len(BAD)
        for number, ((place, _, detail), (_, said)) in enumerate(zip(kept, BAD, strict=True), 1):
            assert place.endswith(f":{number}")
            assert said in detail
            assert f"{place}: {detail}" in done.output
    assert "0 new articles, 1 duplicate" in done.output
    assert f", {len(BAD)} invalid lines." in done.output
    assert len(rows(tmp_path, "select 1 from articles")) == 1


def test_what_the_archive_saw_before_stays(tmp_path):
    run("import-jsonl", "-", "--archive", tmp_path, given=json.dumps(GOOD).encode())
    other = json.dumps(GOOD | {"text": "نص آخر"}).encode()
    done = run("import-jsonl", "-", "--archive", tmp_path, given=other)
    assert "1 conflict (archive's version kept)" in done.output
    assert rows(tmp_path, "select text from articles") == [("نص",)]


def test_a_line_that_contradicts_an_earlier_one_is_named_and_kept_as_a_problem(tmp_path):
    lines = [GOOD, GOOD | {"text": "آخر"}, GOOD, GOOD | {"title": "غير", "text": "آخر"}]
    given = "\n".join(json.dumps(line) for line in lines).encode()
    for new in (1, 0):
        done = run("import-jsonl", "-", "--archive", tmp_path, given=given)
        assert done.exit_code == 0
        assert (
            f"{counted(new, 'new article')}, {counted(2 - new, 'duplicate')}, 2 conflicts"
            in done.output
        )
        kept = rows(tmp_path, "select url, kind, detail from problems order by id")
        assert [(place.rpartition(":")[2], kind) for place, kind, _ in kept] == [
            ("2", "import-differs"),
            ("4", "import-differs"),
        ]
        assert [one.partition(", with another ")[2].partition(";")[0] for _, _, one in kept] == [
            "text",
            "title and text",
        ]
        for place, _, detail in kept:
            assert f"{place}: {GOOD['url']} is known already" in done.output
            assert detail in done.output
    assert rows(tmp_path, "select text from articles") == [("نص",)]


def test_only_the_first_lines_that_were_left_out_are_named(tmp_path):
    given = b"\n".join(
        [b"{"] * 15 + [json.dumps(GOOD | {"text": f"{n}"}).encode() for n in range(9)]
    )
    done = run("import-jsonl", "-", "--archive", tmp_path, given=given)
    assert "… and 3 more, in the table of problems" in done.output
    assert rows(tmp_path, "select count(*) from problems") == [(23,)]


BYLINES = [
    ({"byline": "كتب: أحمد علي وسلمى حداد"}, ["أحمد علي", "سلمى حداد"]),
    ({"byline": "عمر الخالد، ليلى نصر"}, ["عمر الخالد", "ليلى نصر"]),
    ({"byline": "Rana Khoury, Omar Said"}, ["Rana Khoury", "Omar Said"]),
    ({"byline": "سلمى حداد", "authors": None}, ["سلمى حداد"]),
    ({"byline": "سلمى حداد", "authors": []}, []),
    ({"byline": "سلمى حداد", "authors": ["س. حداد"]}, ["س. حداد"]),
    ({"byline": "admin"}, []),
    ({"byline": " "}, []),
    ({}, []),
]


@pytest.mark.parametrize(("told", "names"), BYLINES)
def test_whom_a_byline_names_signs_where_a_line_tells_of_no_authors(tmp_path, told, names):
    line = json.dumps(GOOD | told).encode()
    assert run("import-jsonl", "-", "--archive", tmp_path, given=line).exit_code == 0
    assert [name for _, name, _ in rows(tmp_path, f"{NAMES} order by position")] == names
    byline = told.get("byline")
    assert rows(tmp_path, "select byline from articles") == [((byline and byline.strip()) or None,)]


def test_an_address_that_led_to_an_article_is_known(tmp_path):
    withholding_desk.fill(tmp_path)  # the feed's address of its first article redirects to another
    line = json.dumps(GOOD | {"url": withholding_desk.MOVED}).encode()
    done = run("import-jsonl", "-", "--archive", tmp_path, given=line)
    assert "0 new articles, 0 duplicates, 1 conflict " in done.output
    assert len(rows(tmp_path, "select 1 from articles")) == 2


def test_a_lean_export_comes_back_with_one_state_each(tmp_path):
    various(tmp_path / "a")
    lean = run("export", "--no-revisions", "--archive", tmp_path / "a").stdout_bytes
    assert b'"revisions"' not in lean
    run("import-jsonl", "-", "--archive", tmp_path / "b", given=lean)
    assert verify(tmp_path / "b").damages == []
    texts = "select id, title, text, published_at, first_seen_at from articles order by id"
    assert rows(tmp_path / "b", texts) == rows(tmp_path / "a", texts)
    assert rows(tmp_path / "b", "select distinct revision_count from articles") == [(1,)]


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
    ("(", "it is not complete"),
    ("url =", "it is not complete"),
    ("", "it is not complete"),
    ("1 in (1, 2", "it is not complete"),
    ("/* a remark", "it is not complete"),
    ("url like '%x", "a quote in it is not closed"),
    ('url like "%x', "a quote in it is not closed"),
    ("url like %x", 'near "%": syntax error'),
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
    assert f"--where {where!r} is not a valid condition on {table}: {why};" in done.output
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
    whole = b"".join(path.read_bytes() for path in sorted((root / "warc").iterdir()))
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
    first, second = sorted((root / "warc").iterdir())
    data = bytearray(first.read_bytes())
    with closing(open_for_reading(root)) as db:
        order = "select warc_offset from captures order by warc_file, warc_offset"
        (_, (offset,), *_) = db.execute(order).fetchall()
    data[offset + 100] ^= 1
    first.write_bytes(data)
    second.unlink()
    out = tmp_path / "cut.warc.gz"
    done = run("export", "--warc", "-o", out, "--archive", root)
    assert done.exit_code == 1
    assert f"{first.name}: no readable record at byte {offset} " in done.stderr
    assert done.stderr.count("not written: ") == 4
    with out.open("rb") as file:
        assert len(list(OtherReader(file, parse_http=False))) == 1 + 2 * 3 + 2


def test_nothing_but_the_archive_is_asked(tmp_path):
    with pytest.raises(ArchiveError, match="holds no archive"):
        list(articles(tmp_path))


IMPORT = "from crawler.commands.import_jsonl import import_jsonl; import_jsonl()"


@pytest.mark.slow
def test_an_import_killed_again_and_again_ends_with_every_article_once(tmp_path):
    out = tmp_path / "many.jsonl"
    lines = [
        {"url": f"https://a.example/{number}", "title": f"ع {number}", "text": f"نص {number} " * 99}
        for number in range(3000)
    ]
    out.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    command = [sys.executable, "-c", IMPORT, str(out), "--archive", str(tmp_path / "a")]
    moments, killed, acknowledged = random.Random(7), 0, 0
    for _ in range(20):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 2))
        process.kill()
        killed += process.wait() != 0
        if (tmp_path / "a" / "archive.db").exists():
            now = len(rows(tmp_path / "a", "select 1 from articles"))
            assert now >= acknowledged
            acknowledged = now
            assert verify(tmp_path / "a").damages == []
    assert killed > 5
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert rows(tmp_path / "a", "select count(*), count(distinct url) from articles") == [
        (3000, 3000)
    ]
    assert rows(tmp_path / "a", "select count(*) from captures") == [(3000,)]
    findings = verify(tmp_path / "a")
    assert (findings.damages, findings.notes) == ([], [])
