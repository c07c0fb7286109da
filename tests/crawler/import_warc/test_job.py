"""An import: every page once, in its own time, from whatever program wrote it, killed or not."""

import asyncio
import gzip
import json
import os
import shutil
import subprocess
from contextlib import closing
from dataclasses import replace
from functools import partial
from io import BytesIO

import pytest
from click.testing import CliRunner
from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive.article_rows import REVISION
from archive.clock import system
from archive.database import open_for_reading
from archive.errors import ArchiveLocked
from archive.imports import Copying
from archive.maintenance.export import write_warc
from archive.maintenance.verify import verify
from archive.models import Extraction, Kind, PageKind, Publisher
from archive.store import Store
from archive.warc.records import read_fields
from crawler.cli import warraq
from crawler.import_warc.job import Job, SourceFile, count, run
from crawler.ingest import is_article
from crawler.rebuild import rebuild
from crawler.turns import Stop, take_turns
from crawler.workers import Workers
from tests.archive.desk import NOON
from tests.archive.warc.foreign_warcs import (
    answer,
    blocks,
    flushed,
    one_gzip,
    packed,
    record,
    unpacked,
    url,
)
from tests.crawler import shell, wire
from tests.crawler.import_warc.sources import NOISE, NOW, PAGES, another, imported, page
from tests.crawler.import_warc.texts import ARABIC, ENGLISH, PERSIAN

ALL = [url(number) for number in range(6)]


def rows(root, sql, *values):
    with closing(open_for_reading(root)) as db:
        return db.execute(sql, values).fetchall()


def told(root):
    """Return what the metadata records of an archive tell of imported pages."""
    found = []
    for path in sorted((root / "warc").rglob("*.warc.gz")):
        with path.open("rb") as file:
            for one in ArchiveIterator(file):
                fields = read_fields(one.content_stream().read())
                if one.rec_type == "metadata" and "source" in fields:
                    found.append((one.rec_headers.get_header("WARC-Refers-To"), fields))
    return found


def is_whole(root):
    """Return whether verify, warcio's check and a second reader find nothing wrong."""
    assert verify(root).damages == []
    for path in (root / "warc").rglob("*.warc.gz"):
        checker = Checker(type("_", (), {"inputs": [str(path)], "verbose": True}))
        checker.process_all()
        assert checker.exit_value in (None, 0)
        with path.open("rb") as file:
            assert all(one.verify_block_digest() for one in FastIterator(file, parse_http=False) if
                       "WARC-Block-Digest" in one.headers)  # fmt: skip
    return True


@pytest.mark.parametrize("pack", [packed, one_gzip, blocks, flushed, unpacked])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_pages_of_any_packing_become_articles(tmp_path, pack, end):
    root = tmp_path / "archive"
    plain = [page(number, end=end, version="1.0") for number in range(6)]
    data = pack([*NOISE[:3], *plain, *NOISE[3:]])
    done = imported(root, data)
    assert +done.counts == {
        "records": 12, "new": 6, "of other kinds": 3, "in another language": 1, "without HTML": 1,
        "with an error or redirect": 1,
    }  # fmt: skip
    found = rows(root, "select url, publisher, first_seen_at, last_seen_at from articles")
    at = "2020-11-09T12:00:00.000000Z"
    assert sorted(found) == [(one, "alwaraq.example", at, at) for one in ALL]
    assert is_whole(root)
    kinds = {(one["kind"], one["publisher"], one["source"]) for _, one in told(root)}
    assert kinds == {("article", "alwaraq.example", "source-0.warc.gz")}


def test_a_record_with_a_gzip_member_of_its_own_is_copied_byte_for_byte(tmp_path):
    root = tmp_path / "archive"
    data = packed(PAGES)
    imported(root, data)
    places = "select warc_file, warc_offset, warc_length from captures order by 1, 2"
    for number, (name, offset, length) in enumerate(rows(root, places)):
        copy = (root / "warc" / name).read_bytes()[offset : offset + length]
        begin = int(told(root)[number][1]["source-place"])
        assert data[begin : begin + length] == copy


def test_other_records_keep_their_plain_bytes(tmp_path):
    root = tmp_path / "archive"
    imported(root, one_gzip(PAGES))
    found = rows(root, "select warc_file, warc_offset, warc_length from captures order by 1, 2")
    for plain, (name, offset, length) in zip(PAGES, found, strict=True):
        copy = (root / "warc" / name).read_bytes()[offset : offset + length]
        assert gzip.decompress(copy) == plain


STRANGE = [
    {"end": "\n"},
    {"media": "APPLICATION/HTTP;msgtype=response"},
    {"date": "2020-11-09T12:00:00.123456789Z"},
    {"date": "2020-11-09T12:00:00.5Z"},
    {"kind": "Response"},
]
FIELDS = [
    "WARC-Payload-Digest: sha1:2222222222222222222222222222222222222222",
    "WARC-Payload-Digest: sha256:00",
    "warc-warcinfo-id: <urn:uuid:1>",
    "X-Folded: a\r\n b",
    "X-Empty:",
    "X-Name: ناشر",
    "WARC-Date: 2019-01-01T00:00:00Z",
    "Warraq-Kind: feed",
    "Warraq-Publisher: somebody",
]


@pytest.mark.parametrize("options", [*STRANGE, *({"field": one} for one in FIELDS)])
@pytest.mark.parametrize("target", ["http://alwaraq.example/1", "<http://alwaraq.example/1>"])
def test_records_in_any_dialect_read_everywhere_once_they_are_ours(tmp_path, options, target):
    root = tmp_path / "archive"
    options = dict(options)
    fields = [options.pop("field")] if "field" in options else []
    body = wire.article("خبر من المدينة")
    done = imported(root, packed([record(answer(body), target, *fields, **options)]))
    assert done.counts["new"] == 1
    assert rows(root, "select url, publisher, kind from captures") == [
        (url(1), "alwaraq.example", "article")
    ]
    assert is_whole(root)
    imported(root, b"", again=True)  # a writer's start, with its recovery
    assert is_whole(root)


def test_a_record_without_an_id_gets_one(tmp_path):
    root = tmp_path / "archive"
    plain = b"".join(
        line for line in PAGES[0].splitlines(keepends=True) if b"Record-ID" not in line
    )
    assert imported(root, packed([plain])).counts["new"] == 1
    ((refers_to, _),) = told(root)
    assert refers_to.startswith("<urn:uuid:")
    assert is_whole(root)


def test_a_second_import_adds_nothing(tmp_path):
    root = tmp_path / "archive"
    data = packed([*NOISE, *PAGES])
    imported(root, data)
    before = rows(root, "select * from articles"), rows(root, "select * from captures")
    done = imported(root, data)
    assert (done.before, done.counts["records"]) == (True, 0)
    for again in (imported(root, data, again=True), imported(root, one_gzip([*PAGES]))):
        assert again.counts["known"] == 6
        assert again.counts["new"] == 0
    assert (rows(root, "select * from articles"), rows(root, "select * from captures")) == before
    assert rows(root, "select count(*) from problems") == [(0,)]
    assert is_whole(root)


def test_a_file_that_grew_is_read_from_where_it_ended(tmp_path):
    root = tmp_path / "archive"
    padding = record(os.urandom(70_000), url("film"), media="video/mp4", kind="resource")
    data = packed([padding, *PAGES])
    assert +imported(root, data[:-30]).counts == {
        "records": 7, "new": 5, "of other kinds": 1, "damaged": 1
    }  # fmt: skip
    done = imported(root, data)
    assert (done.counts["records"], done.counts["new"]) == (1, 1)


def test_other_languages_are_kept_when_they_are_asked_for(tmp_path):
    root = tmp_path / "archive"
    data = packed([*PAGES, another(PERSIAN, url("fa")), another(ENGLISH, url("en"))])
    assert imported(root, data).counts["new"] == 6
    done = imported(root, data, languages=frozenset({"fa"}))
    assert not done.before
    assert [done.counts[name] for name in ("new", "known", "in another language")] == [1, 6, 1]
    assert imported(root, data, languages=None).counts["new"] == 1
    found = dict(rows(root, "select language, count(*) from articles group by language"))
    assert found == {"ar": 6, "fa": 1, "en": 1}


def test_earlier_captures_take_their_place_before_those_that_are_known(tmp_path):
    root = tmp_path / "archive"
    later = [page(0, date="2020-11-10T00:00:00Z"), page(1, " معدل", date="2020-11-10T00:00:00Z")]
    earlier = [page(1, " قديم", date="2020-11-08T00:00:00Z")]
    done = imported(root, packed(PAGES[:2]), packed(later), packed(earlier))
    assert (done.counts["older"], done.counts["records"]) == (1, 1)
    states = rows(
        root,
        "select r.number, r.observed_at, r.title from revisions r"
        " join articles a on a.id = r.article where a.url = ? order by r.number",
        url(1),
    )
    assert [at[:10] for _, at, _ in states] == ["2020-11-08", "2020-11-09", "2020-11-10"]
    captures = rows(root, "select count(*) from captures c join articles a on a.id = c.article"
                          " where a.url = ?", url(1))  # fmt: skip
    assert captures == [(3,)]
    assert rows(root, "select revision_count from articles where url = ?", url(0)) == [(1,)]
    assert is_whole(root)


def revisit(number, *fields, date="2020-11-11T00:00:00Z", block=None):
    block = answer(b"") if block is None else block
    return record(block, url(number), *fields, kind="revisit", date=date, digest=False)


def refers_to(number, at="2020-11-09T12:00:00Z"):
    return f"WARC-Refers-To-Target-URI: <{url(number)}>", f"WARC-Refers-To-Date: {at}"


def test_a_revisit_is_a_sign_of_life_where_its_original_was_kept(tmp_path):
    root = tmp_path / "archive"
    digest = "WARC-Payload-Digest: sha1:ABC"
    with_digest = page(1, digest=False).replace(
        b"WARC-Date", digest.encode() + b"\r\nWARC-Truncated: \r\nWARC-Date", 1
    )
    data = packed(
        [PAGES[0], revisit(0, *refers_to(0)), with_digest, revisit(1, digest), revisit(2, digest)]
    )
    done = imported(root, data)
    assert done.counts["revisiting what is not here"] == 1 + (done.counts["seen again"] == 1)
    seen = dict(rows(root, "select url, last_seen_at from articles"))
    assert seen[url(0)] == "2020-11-11T00:00:00.000000Z"
    assert {one for (one,) in rows(root, "select revision_count from articles")} == {1}
    assert verify(root).damages == []
    assert imported(root, data, again=True).counts["new"] == 0


def test_revisits_of_what_is_here_are_read_side_by_side(tmp_path, monkeypatch):
    at_once, extract = [0], Workers.extract

    async def counted(*args, **options):
        at_once.append(at_once[-1] + 1)
        try:
            return await extract(*args, **options)
        finally:
            at_once.append(at_once[-1] - 1)

    root = tmp_path / "archive"
    imported(root, packed(PAGES))
    monkeypatch.setattr(Workers, "extract", counted)
    done = imported(root, packed([revisit(number, *refers_to(number)) for number in range(6)]))
    assert done.counts["seen again"] == 6
    assert max(at_once) == 6


def test_an_export_has_the_payload_of_a_revisit_that_was_imported(tmp_path):
    root, out = tmp_path / "archive", BytesIO()
    imported(root, packed([PAGES[0], revisit(0, *refers_to(0))]))
    cut = write_warc(root, out, where="fetched_at > '2020-11-10'")
    assert (cut.captures, cut.originals, cut.unreadable) == (1, 1, [])


GERMAN = "Nach Angaben örtlicher Quellen kehrten die Bewohner nach den Kämpfen heim. "
LANGUAGES = [
    (ARABIC, "ar", "ar", True),
    (ARABIC, None, "ar", True),
    (GERMAN, None, "ar", False),
    (GERMAN, None, "en", False),
    (PERSIAN, "fa", "ar", False),
    (ENGLISH, "en", "en", True),
    ("市政府星期二宣布新的渔港市场将在下个月开放" * 4, None, "ar", False),
    ("", None, "ar", False),
]


@pytest.mark.parametrize(("text", "language", "wanted", "kept"), LANGUAGES)
def test_the_language_of_the_text_decides(text, language, wanted, kept):
    reading = Extraction(kind=PageKind.ARTICLE, text=text, language=language)
    assert is_article(reading, {wanted}) is kept
    assert is_article(reading, None) is bool(text)
    assert not is_article(replace(reading, kind=PageKind.SECTION), None)


def test_damage_is_passed_over_counted_and_noted_once(tmp_path):
    root = tmp_path / "archive"
    parts = [bytearray(packed([one])) for one in PAGES]
    parts[2][300] ^= 0xFF
    data = b"".join(parts)
    for again in (False, True):
        done = imported(root, data, again=again)
        assert done.counts["damaged"] == 1
        assert len(done.damages) == 1
    assert rows(root, "select url from articles order by url") == [(one,) for one in ALL if
                                                                    one != url(2)]  # fmt: skip
    offset = len(parts[0]) + len(parts[1])
    assert rows(root, "select kind, url from problems") == [
        ("damaged-source", f"source-0.warc.gz, byte {offset}")
    ]


def test_an_imported_address_is_known_but_never_due(tmp_path):
    root = tmp_path / "archive"
    imported(root, packed(PAGES))
    assert set(rows(root, "select due_at, state, article is null from visits")) == {
        (None, "done", 0)
    }
    assert rows(root, "select count(*) from visits") == [(6,)]


def test_an_address_that_is_due_to_a_crawl_stays_so(tmp_path):
    root = tmp_path / "archive"
    with Store(root, command="test", software="test", clock=lambda: NOON) as store:
        store.publish(known_paper())
        store.ask([(url(0), Kind.ARTICLE)], publisher="paper")
    imported(root, packed(PAGES))
    due = rows(root, "select publisher, due_at, state, article from visits where url = ?", url(0))
    (article,) = rows(root, "select id, publisher from articles where url = ?", url(0))
    assert due == [("paper", "2020-11-09T12:00:00.000000Z", "due", article[0])]
    assert article[1] == "paper"


def known_paper():
    return Publisher(slug="paper", name="صحيفة", homepage="https://alwaraq.example/")


def test_pages_go_to_the_publisher_whose_file_names_their_site(tmp_path):
    root = tmp_path / "archive"
    wire.publisher(root, "paper", homepage="https://www.alwaraq.example/", name="صحيفة")
    imported(root, packed(PAGES))
    assert rows(root, "select distinct publisher from articles") == [("paper",)]
    assert rows(root, "select name, homepage from publishers") == [
        ("صحيفة", "https://www.alwaraq.example/")
    ]


def test_an_exported_warc_of_imports_comes_into_another_archive(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    imported(first, packed(PAGES))
    out = BytesIO()
    write_warc(first, out)
    assert imported(second, out.getvalue()).counts["new"] == 6
    same = "select url, title, text, first_seen_at from articles order by url"
    assert rows(first, same) == rows(second, same)
    assert is_whole(second)
    assert imported(first, out.getvalue()).counts["known"] == 6


def test_others_get_their_turn_between_slices(tmp_path, monkeypatch):
    monkeypatch.setattr("crawler.turns.SLICE_SECONDS", 0.05)
    root = tmp_path / "archive"
    wrote = []

    async def write(_store, _ends_at):
        wrote.append(1)
        return False

    async def both():
        path = tmp_path / "source.warc.gz"
        path.write_bytes(packed([page(number) for number in range(40)]))
        job = Job(root=root, publishers={}, languages=None, clock=lambda: NOW)
        task = asyncio.create_task(run(job, SourceFile(path=path, name="x"), workers))
        opened = partial(Store, root, command="other", software="x", clock=lambda: NOW)
        while not task.done():
            await take_turns(opened, write, root=root, stop=Stop(), patience=20)
            await asyncio.sleep(0.02)
        return await task

    with closing(Workers(processes=1)) as workers:
        done = asyncio.run(both())
    assert done.counts["new"] == 40
    assert len(wrote) > 1
    runs = rows(root, "select command, count(*) from runs group by command")
    assert dict(runs)["import-warc"] > 1
    assert is_whole(root)


def test_a_writer_in_the_way_is_told_or_waited_for(tmp_path):
    root = tmp_path / "archive"
    with Store(root, command="crawl", software="x"), pytest.raises(ArchiveLocked, match="crawl"):
        imported(root, packed(PAGES), patience=0.1)


def test_what_a_dead_import_did_not_acknowledge_is_cut(tmp_path):
    root = tmp_path / "archive"
    imported(root, packed(PAGES[:3]))
    with Copying(root, command="import-warc", software="x") as store:
        name = store._warc
        store._warc.copy(packed([PAGES[3]]))
        store.batch.break_off(OSError("the disk"))
    assert name is not None
    assert imported(root, packed(PAGES)).counts["new"] == 3
    assert is_whole(root)
    assert rows(root, "select count(*), count(distinct url) from captures") == [(6, 6)]


def test_a_count_reads_nothing_into_the_archive(tmp_path):
    path = tmp_path / "x.warc.gz"
    path.write_bytes(packed([*NOISE, *PAGES]))
    job = Job(root=tmp_path / "archive", publishers={}, languages=frozenset({"ar"}))
    done = count(job, SourceFile(path=path, name="x"))
    assert (done.counts["unread"], done.counts["records"]) == (6, 12)
    assert [one.name for one in tmp_path.iterdir()] == ["x.warc.gz"]


def many(count=300):
    return [page(number) for number in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("pack", [packed, one_gzip])
def test_an_import_killed_again_and_again_ends_with_every_page_once(tmp_path, pack):
    root, source = tmp_path / "archive", tmp_path / "source.warc.gz"
    source.write_bytes(pack(many()))
    for after in (5, 60, 150):
        process = shell.start("import-warc", source, "--archive", root)
        try:
            assert wire.until(partial(has, root, after), seconds=60)
        finally:
            process.kill()
            process.communicate()
    code, output = shell.run("import-warc", source, "--archive", root)
    assert code == 0, output
    assert "(resumed)" in output
    assert rows(root, "select count(*), count(distinct url) from articles") == [(300, 300)]
    assert rows(root, "select count(*) from captures") == [(300,)]
    assert {one for (one,) in rows(root, "select revision_count from articles")} == {1}
    assert is_whole(root)


def has(root, number):
    return articles(root) >= number


def articles(root):
    try:
        return rows(root, "select count(*) from articles")[0][0]
    except Exception:  # noqa: BLE001 - no database yet
        return 0


@pytest.mark.slow
def test_ctrl_c_ends_an_import_and_the_next_goes_on(tmp_path):
    root, source = tmp_path / "archive", tmp_path / "source.warc.gz"
    source.write_bytes(packed(many(400)))
    process = shell.start("import-warc", source, "--archive", root)
    assert wire.until(lambda: articles(root) > 0)
    process.send_signal(2)
    output = process.communicate(timeout=30)[0]
    assert "Stopped; run the same command to continue." in output
    assert process.returncode == 130
    assert 0 < articles(root) < 400
    shell.run("import-warc", source, "--archive", root)
    assert rows(root, "select count(*), count(distinct url) from articles") == [(400, 400)]


def command(*words):
    """Run `warraq WORDS…` in this process; return (exit code, output)."""
    result = CliRunner().invoke(warraq, [str(word) for word in words])
    return result.exit_code, result.output


def test_the_command_says_what_it_did(tmp_path):
    root, source = tmp_path / "archive", tmp_path / "x.warc.gz"
    source.write_bytes(packed([*NOISE, *PAGES])[:-20])
    code, output = command("import-warc", source, "--archive", root, "--dry-run")
    assert (code, root.exists()) == (3, False)
    assert "  found: 5 possible articles\n" in output
    assert "kept" not in output
    code, output = command("import-warc", source, "--archive", root)
    assert code == 3  # the last record is cut
    assert "kept: 5 new\n" in output
    assert "x.warc.gz, byte" in output
    skipped = "1 damaged, 1 in another language, 3 of other kinds, 1 with an error or redirect, "
    assert skipped + "1 without HTML\n" in output


def test_the_command_says_kept_of_nothing_that_it_had(tmp_path):
    root, source = tmp_path / "archive", tmp_path / "x.warc.gz"
    source.write_bytes(packed(PAGES))
    command("import-warc", source, "--archive", root)
    code, output = command("import-warc", source, "--archive", root)
    assert code == 0
    assert output.endswith("x.warc.gz: already imported; --again imports it once more\n")
    assert "kept" not in output
    code, output = command("import-warc", source, "--archive", root, "--again")
    assert "  kept: nothing\n  skipped: 6 known\n" in output


def test_the_command_says_what_it_cannot_read(tmp_path):
    root, source = tmp_path / "archive", tmp_path / "x.html"
    code, output = command("import-warc", tmp_path / "none", "--archive", root)
    assert (code, "neither a file nor" in output) == (2, True)
    source.write_bytes(b"<html>")
    code, output = command("import-warc", source, "--archive", root)
    assert code == 3
    assert "no WARC records found" in output


@pytest.mark.skipif(shutil.which("wget") is None, reason="GNU Wget is not installed")
@pytest.mark.parametrize("options", [[], ["--no-warc-compression"], ["--warc-cdx"]])
def test_what_wget_records_is_read(tmp_path, options, site):
    for number in range(4):
        site.answers[f"/news/{number}"] = (wire.http(wire.article(f"خبر رقم {number}")),)
    urls = [f"{site.url}/news/{number}" for number in range(4)]
    subprocess.run(
        ["wget", "-q", "--warc-file=made", "-O", "out", *options, *urls],
        cwd=tmp_path, check=True, timeout=30,
    )  # fmt: skip
    (source,) = tmp_path.glob("made.warc*")
    done = imported(tmp_path / "archive", source, clock=system)  # it wrote this machine's time
    assert done.counts["new"] == 4
    assert {one for (one,) in rows(tmp_path / "archive", "select url from articles")} == set(urls)
    assert is_whole(tmp_path / "archive")


def test_a_file_at_a_url_is_downloaded_read_and_removed(tmp_path, site):
    data = packed(PAGES)
    site.answers["/x.warc.gz"] = (wire.http(data, media="application/warc"),)
    root = tmp_path / "archive"
    code, output = command("import-warc", site.url + "/x.warc.gz", "--archive", root)
    assert code == 0, output
    assert "kept: 6 new\n" in output
    assert {fields["source"] for _, fields in told(root)} == {site.url + "/x.warc.gz"}
    assert list((root / "downloads").iterdir()) == []


def test_the_fields_of_what_was_told_can_be_read_back(tmp_path):
    root = tmp_path / "archive"
    imported(root, one_gzip(PAGES[:2]))
    (_, first), (_, second) = told(root)
    assert first["source-place"] == "0"
    assert second["source-place"] == f"0+{len(PAGES[0])}"
    assert len(first["payload-sha256"]) == 64
    assert json.dumps(first)


@pytest.mark.parametrize(("held", "most"), [(1 << 26, 16), (0, 1)])
def test_pages_are_read_ahead_as_far_as_their_bytes_allow(tmp_path, monkeypatch, held, most):
    under_way, at_once, extract = set(), [], Workers.extract

    async def counted(workers, capture, publisher):
        under_way.add(capture.url)
        at_once.append(len(under_way))
        reading = await extract(workers, capture, publisher)
        under_way.remove(capture.url)
        return reading

    monkeypatch.setattr(Workers, "extract", counted)
    monkeypatch.setattr("crawler.import_warc.job._HELD", held)
    assert imported(tmp_path / "archive", packed(many(60))).counts["new"] == 60
    assert max(at_once) == most


def test_a_database_made_anew_has_what_was_imported(tmp_path):
    root = tmp_path / "archive"
    wire.publisher(root, "paper", homepage="https://world.example/", name="صحيفة")
    other = another(
        "قال مراسلنا في المدينة إن الأهالي عادوا إلى بيوتهم. ", "http://world.example/1"
    )
    later = [
        page(1, " معدل", date="2020-11-10T00:00:00Z"),
        revisit(3, *refers_to(3)),
        revisit(4, *refers_to(4), block=answer(b"", status="HTTP/1.1 304 Not Modified")),
        revisit(5, *refers_to(5), block=b""),
        other,
    ]
    earlier = [page(2, " قديم", date="2020-11-08T00:00:00Z")]
    imported(root, packed([*NOISE, *PAGES]), one_gzip(later), unpacked(earlier))
    queries = [
        "select * from articles order by id",
        f"select article, {', '.join(REVISION)} from revisions order by 1, 2",
        "select * from captures order by warc_file, warc_offset",
        "select * from visits order by key",
        "select * from publishers order by slug",
    ]
    before = [rows(root, query) for query in queries]
    assert before[0]
    asyncio.run(rebuild(root, processes=1, progress=lambda *_: None))
    assert [rows(root, query) for query in queries] == before
    assert verify(root).damages == []
