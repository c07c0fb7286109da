"""JSON lines come in, each as a record and an article; what is exported comes back as it was."""

import json
import random
import re
import subprocess
import sys
import time
from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive.commands.options import counted
from archive.errors import NotAnArchive
from archive.maintenance.export import ARTICLE
from archive.maintenance.import_jsonl import BadLine, Importer, read_line
from archive.maintenance.verify import verify
from crawler.cli import warraq
from tests.archive.desk import HOUR, NOON, Checked, Hands, kill_like, rows
from tests.archive.maintenance import hidden
from tests.archive.maintenance.collection import various

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
    files = sorted((tmp_path / "b" / "warc").rglob("*.warc.gz"))
    before = told(tmp_path / "b"), rows(tmp_path / "b", "select count(*) from captures")
    done = run("import-jsonl", "-", "--archive", tmp_path / "b", given=out)
    assert "0 new articles, 9 duplicates" in done.output
    assert (told(tmp_path / "b"), rows(tmp_path / "b", "select count(*) from captures")) == before
    assert sorted((tmp_path / "b" / "warc").rglob("*.warc.gz")) == files


def test_each_line_is_a_resource_record_first(tmp_path):
    line = json.dumps({"url": "https://a.example/1", "title": "عنوان", "text": "نص"}).encode()
    done = run("import-jsonl", "-", "--archive", tmp_path, given=line)
    assert done.exit_code == 0, done.output
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    checker = Checker(Checked([path]))
    checker.process_all()
    assert checker.exit_value == 0
    with path.open("rb") as file:
        info, begin, resource, end = [
            (record.rec_type, record.rec_headers, record.content_stream().read())
            for record in ArchiveIterator(file)
        ]
    assert (info[0], resource[0], resource[2]) == ("warcinfo", "resource", line)
    assert (begin[0], begin[2][:8]) == ("metadata", b"act: run")
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
    (b"{", "not valid JSON"),
    (b"[1]", "not a JSON object"),
    (b"\xff{}", "not valid JSON"),
    ({}, "it has no url"),
    (GOOD | {"url": None}, "it has no url"),
    (GOOD | {"url": "mailto:x"}, "not an http or https address"),
    (GOOD | {"text": " "}, "it has no text"),
    (GOOD | {"text": ["x"]}, "Expected `str`, got `array` - at `$.text`"),
    ({"url": GOOD["url"], "text": "نص"}, "it has no title"),
    (GOOD | {"published_at": "2020-11-09T12:00:00"}, "is not a time with a time zone"),
    (GOOD | {"published_at": "2020-11-09"}, "is not a time with a time zone"),
    (GOOD | {"published_at": 5}, "is not a time with a time zone"),
    (GOOD | {"published_on": "9/11/2020"}, "'9/11/2020' is not a date like 2020-11-09"),
    (GOOD | {"publisher": "a\r\nWARC-Type: x"}, "publisher has a line break"),
    (GOOD | {"authors": 5}, "Expected `array`, got `int` - at `$.authors`"),
    (GOOD | {"kind": "section"}, "is not a kind of article"),
    (GOOD | {"revisions": [{"number": 2}]}, "not numbered 1, 2, 3"),
    (GOOD | {"revisions": [{"number": 1}]}, "revision 1 has no observed_at"),
    (
        GOOD | {"revisions": [{"number": 1, "observed_at": "2020-11-09T12:00Z", "title": "غ"}]},
        "title differs from its last revision",
    ),
]  # fmt: skip


STATE = {"number": 1, "observed_at": "2020-11-09T12:00Z"}
OF_ANOTHER_TYPE = [
    ({"url": 5}, "Expected `str`, got `int`"),
    ({"kind": "x"}, "Invalid enum value 'x' - at `$.kind`"),
    ({"tags": ["ا", 5]}, "Expected `str`, got `int` - at `$.tags[1]`"),
    ({"publisher": 5}, "at `$.slug`"),
    ({"publisher_name": 5}, "at `$.name`"),
    ({"revisions": {"number": 1}}, "Expected `array`, got `object` - at `$.revisions`"),
    ({"revisions": [5]}, "Expected `object`, got `int` - at `$.revisions[0]`"),
    ({"revisions": [STATE | {"captions": 5}]}, "Expected `array`, got `int`"),
    ({"revisions": [STATE | {"captions": [5]}]}, "Expected `str`, got `int`"),
    ({"revisions": [STATE | {"title": 5}]}, "Expected `str | null`, got `int` - at `$.title`"),
]


@pytest.mark.parametrize(("field", "why"), OF_ANOTHER_TYPE)
def test_a_field_of_another_type_is_named(field, why):
    with pytest.raises(BadLine, match=re.escape(why)):
        read_line(json.dumps(GOOD | field).encode(), publisher=None, now=NOON)


def test_null_and_white_space_are_as_nothing():
    names = {*ARTICLE, "revisions"} - GOOD.keys()
    bare = read_line(json.dumps(GOOD).encode(), publisher=None, now=NOON)
    for nothing in (None, "", " \n"):
        line = json.dumps(GOOD | dict.fromkeys(names, nothing)).encode()
        assert read_line(line, publisher=None, now=NOON) == bare


def test_bad_lines_are_named_and_kept_and_the_others_come_in(tmp_path):
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line, _ in BAD]
    given = b"\xef\xbb\xbf" + b"\n".join([*lines, b"", json.dumps(GOOD).encode()])
    for _ in range(2):
        done = run("import-jsonl", "-", "--archive", tmp_path, given=given)
        assert done.exit_code == 3
        kept = rows(tmp_path, "select url, kind, detail from problems order by id")
        assert [kind for _, kind, _ in kept] == ["import-line"] * len(BAD)
        for number, ((place, _, detail), (_, said)) in enumerate(zip(kept, BAD, strict=True), 1):
            assert place.endswith(f":{number}")
            assert said in detail
            assert f"{place}: {detail}" in done.output
    assert "0 new articles, 1 duplicate," in done.output
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
        count = f"{counted(new, 'new article')}, {counted(2 - new, 'duplicate')}, 2 conflicts"
        assert count in done.output
        kept = rows(tmp_path, "select url, kind, detail from problems order by id")
        assert [(place.rpartition(":")[2], kind) for place, kind, _ in kept] == [
            ("2", "import-differs"),
            ("4", "import-differs"),
        ]
        assert [one.partition(" with another ")[2].partition(";")[0] for _, _, one in kept] == [
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
    assert "… and 3 more, in the table problems" in done.output
    assert rows(tmp_path, "select count(*) from problems") == [(23,)]


def test_of_thousands_of_lines_with_one_cause_some_are_kept_and_the_others_counted(tmp_path):
    lines = [GOOD | {"published_at": f"2020-11-{n % 28 + 1}"} for n in range(400)]
    lines += [GOOD, *(GOOD | {"text": f"{n}"} for n in range(300))]
    given = b"\n".join([*(json.dumps(line).encode() for line in lines), *[b"{" * 3] * 30])
    for _ in range(2):
        done = run("import-jsonl", "-", "--archive", tmp_path, given=given)
        assert "300 conflicts (archive's version kept), 430 invalid lines." in done.output
        assert "… and 710 more, in the table problems" in done.output
        kept = [detail for (detail,) in rows(tmp_path, "select detail from problems")]
        assert len(kept) == 3 * 20 + 3
        summed = sorted(detail for detail in kept if " more lines: " in detail)
        assert [detail[:50] for detail in summed] == [
            "10 more lines: not valid JSON …",
            "280 more lines: … is known already with another te",
            "380 more lines: published_at … is not a time with ",
        ]


def test_causes_that_no_two_lines_share_are_bounded_too(tmp_path):
    given = "\n".join(
        json.dumps(GOOD | {"revisions": [{"number": 1, f"x{n}": 0}]}) for n in range(9)
    )
    given += "\n".join(json.dumps(GOOD | {"kind": "section", f"k{n}": 0}) for n in range(500))
    run("import-jsonl", "-", "--archive", tmp_path, given=json.dumps(GOOD).encode())
    run("import-jsonl", "-", "--archive", tmp_path, given=given.encode())
    assert rows(tmp_path, "select count(*) < 60 from problems") == [(1,)]


EVENING = datetime(2020, 11, 9, 20, 30, tzinfo=UTC)
MONDAY = date(2020, 11, 9)
WHEN = ("published_at", "published_on")
ZONES = ("+0000", "GMT", "UT", "UTC", "Z", "gmt", "+0000 (UTC)")
NO_ZONES = (" AST", " EST", " pdt", " A", " -0000", "+03", " GMT+3", "")  # AST: of Arabia, or not
RENAMED = [
    ({"link": "https://a.example/2"}, {"url": "https://a.example/2"}),
    ({"body": "نص آخر"}, {"text": "نص آخر"}),
    ({"content": "نص آخر"}, {"text": "نص آخر"}),
    ({"text": None, "body": "نص آخر", "content": "x"}, {"text": "نص آخر"}),
    ({"text": "نص آخر", "body": "x"}, {"text": "نص آخر"}),
    ({"headline": "عنوان"}, {"title": "عنوان"}),
    ({"date": "2020-11-09"}, dict(zip(WHEN, (None, MONDAY), strict=True))),
    ({"date": "2020-11-09T23:30:00+03:00"}, dict(zip(WHEN, (EVENING, None), strict=True))),
    ({"date": "2020-11-09 12:00:00"}, dict(zip(WHEN, (None, MONDAY), strict=True))),
    ({"published": "Mon, 09 Nov 2020 23:30:00 +0300"}, {"published_at": EVENING}),
    *(({"date": f"9 Nov 2020 20:30 {zone}"}, {WHEN[0]: EVENING}) for zone in ZONES),
    *(({"date": f"9 Nov 2020 20:30{zone}"}, {WHEN[0]: None, WHEN[1]: MONDAY}) for zone in NO_ZONES),
    ({"date": "9/11/2020"}, {}),
    ({"date": "2 days ago", "published": "2020-11-09"}, {"published_on": MONDAY}),
    ({"published_on": "2020-11-09", "date": "2020-11-08"}, {"published_on": MONDAY}),
    ({"text": " ", "body": "", "content": "نص آخر"}, {"text": "نص آخر"}),
    ({"title": "", "headline": "عنوان"}, {"title": "عنوان"}),
    ({"published": "", "date": "2020-11-09"}, {"published_on": MONDAY}),
    ({"published_at": "", "date": "2020-11-09"}, {"published_on": MONDAY}),
    ({"author": "عمر", "byline": " "}, {"byline": "عمر"}),
    ({"author": "عمر", "authors": ""}, {"byline": "عمر"}),
    ({"author": "كتب: أحمد علي"}, {"byline": "كتب: أحمد علي", "authors": ("كتب: أحمد علي",)}),
    ({"authors": "عمر الخالد", "byline": "ع. الخالد"}, {"authors": ("ع. الخالد",)}),
    ({"author": {"@type": "Person", "name": "عمر"}}, {"byline": None, "authors": ("عمر",)}),
    ({"author": ["أحمد علي", "سلمى حداد"]}, {"authors": ("أحمد علي", "سلمى حداد")}),
    ({"authors": [{"name": "أحمد علي"}, "سلمى"]}, {"authors": ("أحمد علي", "سلمى")}),
]


@pytest.mark.parametrize(("given", "meant"), RENAMED)
def test_the_names_that_other_programs_give_to_fields_are_known(given, meant):
    line = {key: value for key, value in GOOD.items() if key not in meant} | given
    imported = read_line(
        json.dumps(line).encode(), publisher=None, now=NOON, names_of=lambda byline: (byline,)
    )
    reading = imported.history.state.reading
    found = {key: imported.url if key == "url" else getattr(reading, key) for key in meant}
    assert found == meant
    assert set(imported.unknown) <= {"body", "content", "date"}


UNREADABLE = [
    ("author", 5), ("author", [["أحمد"]]), ("author", {"name": 5}), ("headline", ["x"]),
    ("body", {"html": "x"}), ("link", 7), ("date", 1604908800), ("published", "no date"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given"), UNREADABLE)
def test_what_cannot_be_read_under_another_name_is_left_out_and_listed(name, given):
    bare = {key: value for key, value in GOOD.items() if key not in WHEN}
    plain, line = (
        read_line(json.dumps(each).encode(), publisher=None, now=NOON)
        for each in (bare, bare | {name: given})
    )
    assert (line.history, line.unknown) == (plain.history, (name,))
    blank = json.dumps(bare | {name: ""}).encode()
    assert read_line(blank, publisher=None, now=NOON).unknown == ()


def test_fields_of_no_article_are_listed(tmp_path):
    lines = [
        GOOD | {"url": f"https://a.example/{n}", "summary": "x", f"k{n}": 1} for n in range(90)
    ]
    given = "\n".join(map(json.dumps, lines)).encode()
    done = run("import-jsonl", "-", "--archive", tmp_path, given=given)
    assert done.exit_code == 0
    assert "no fields of an article: summary (90 lines), k0 (1 line)," in done.output
    assert "k40" not in done.output
    assert rows(tmp_path, "select count(*) from problems") == [(0,)]
    complete = run("export", "--archive", tmp_path).stdout_bytes
    again = run("import-jsonl", "-", "--archive", tmp_path, given=complete)
    assert "no fields" not in again.output


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
    hidden.fill(tmp_path)  # the feed's address of its first article redirects to another
    line = json.dumps(GOOD | {"url": hidden.MOVED}).encode()
    done = run("import-jsonl", "-", "--archive", tmp_path, given=line)
    assert "0 new articles, 0 duplicates, 1 conflict" in done.output
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


IMPORT = "from crawler.commands.imports import import_jsonl; import_jsonl()"


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
            try:
                now = len(rows(tmp_path / "a", "select 1 from articles"))
            except NotAnArchive:  # killed before its tables were there
                assert acknowledged == 0
                continue
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
