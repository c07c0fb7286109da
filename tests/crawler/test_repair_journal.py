"""What WARC files have lost of visits is noticed, told again, and enough for a new database."""

import asyncio
import shutil
from contextlib import closing

import pytest

from archive.database import NAME, open_for_writing
from archive.maintenance.salvage import walk
from archive.maintenance.verify import verify
from archive.models import Kind
from archive.warc.records import read_fields
from crawler.publisher import load_all
from crawler.rebuild import merge, rebuild
from crawler.reextract import Job, reextract
from tests.archive.desk import NOON, PAPER, Hands, exchange, opened, reading, rows, visit
from tests.archive.warc.foreign_warcs import packed
from tests.crawler.import_warc.sources import PAGES as FOREIGN
from tests.crawler.import_warc.sources import imported
from tests.crawler.tables import TABLES, differences, everything
from tests.crawler.test_repair import DAY, change, files, mend, mended, named

PAGE = "https://alwaraq.example/{}"
LOST = "The journal records of {} to articles are lost"


def members(path):
    """Return the records of a file: (offset, length, record)."""
    return [
        (part.place.offset, part.length, part) for part in walk(path) if not isinstance(part, range)
    ]


def told(path):
    """Return (offset, length, fields) of the records that tell of visits to articles."""
    return [
        (offset, length, read_fields(bytes(record.block)) | record.fields)
        for offset, length, record in members(path)
        if record.type == "metadata" and b"\r\nkind: article\r\n" in bytes(record.block)
    ]


def spoil(path, offset, length):
    data = bytearray(path.read_bytes())
    data[offset + length // 2] ^= 0xFF
    path.write_bytes(data)


def keep(store, number, at):
    body = f"<p>{number} {at}</p>".encode() * 9
    capture = store.record(
        exchange(PAGE.format(number), body, fetched_at=at), kind=Kind.ARTICLE, publisher=PAPER.slug
    )
    seen = visit(PAGE.format(number))
    store.ask([(seen.url, Kind.ARTICLE)], publisher=PAPER.slug)
    said = reading(text=f"نص الخبر {number}.")
    article, _ = store.keep(said, url=seen.url, visit=seen, capture=capture)
    store.visited(seen, capture, due_at=None, state="done", article=article)


@pytest.fixture
def desk(tmp_path):
    root = tmp_path / "مكتب"
    for run in range(2):
        with opened(root, Hands(NOON + run * DAY)) as store:
            store.publish(PAPER)
            for number in range(run * 3, run * 3 + 3):
                keep(store, number, NOON + run * DAY)
    assert verify(root).damages == []
    return root


def torn(path):
    """Cut a file off behind the last page in it, before what tells of its visit."""
    offset, *_ = told(path)[-1]
    with path.open("r+b") as file:
        file.truncate(offset)


def test_a_lost_record_of_a_visit_is_noticed_and_named(desk):
    path = files(desk)[0]
    torn(path)
    (one,) = [damage for damage in verify(desk).damages if damage.kind == "visit"]
    assert one.place == f"warc/{named(path)}"
    assert str(one.row).endswith(f"({PAGE.format(2)})")
    assert "the journal record of this visit is lost" in one.detail
    assert "`warraq repair`" in one.remedy


def test_a_run_that_goes_on_is_not_said_to_have_lost_what_it_will_tell(desk):
    with opened(desk, Hands(NOON + 5 * DAY)) as store:
        keep(store, 8, NOON + 5 * DAY)
        store.batch.commit()
        keep(store, 9, NOON + 5 * DAY)
        assert verify(desk).damages == []


def test_repair_tells_it_again_from_the_database(desk):
    path = files(desk)[0]
    before = {fields["visit"]: fields for _, _, fields in told(path)}[PAGE.format(2)]
    torn(path)
    said = mended(desk)
    assert LOST.format("1 visit") in said
    ((_, _, after),) = told(files(desk)[-1])
    same = ("visit", "publisher", "kind", "found", "warc-refers-to", "warc-date")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_a_dry_run_says_how_many_and_tells_nothing(desk):
    torn(files(desk)[1])
    before = {path: path.read_bytes() for path in files(desk)}
    done, said = mend(desk, dry_run=True)
    assert LOST.format("1 visit") in said
    assert done.counts["mended"]
    assert {path: path.read_bytes() for path in files(desk)} == before


@pytest.mark.slow
def test_a_page_of_another_program_is_in_a_new_database_again(tmp_path):
    root = tmp_path / "archive"
    imported(root, packed(FOREIGN))
    kept = ("captures", "articles", "revisions", "authors", "tags")
    before = everything(root)
    for offset, length, _ in [told(files(root)[0])[number] for number in (1, 4, 5)]:
        spoil(files(root)[0], offset, length)
    assert LOST.format("3 visits") in mended(root)
    after = everything(root)
    assert len(after["captures"]) == len(before["captures"]) == 6
    (root / NAME).unlink()
    asyncio.run(rebuild(root))
    anew = everything(root)
    for table in kept[1:]:
        hidden = [name for name in ("capture",) if table in {"articles", "revisions"}]
        assert _without(root, table, hidden) == sorted(_of(before, root, table, hidden)), table
    urls = "select url, fetched_at, sha256, wire_bytes, content_type, run, article from captures"
    assert len(rows(root, urls)) == 6
    assert {row[1] for row in anew["captures"]} == {row[1] for row in before["captures"]}
    assert verify(root).damages == []


def _names(root, table):
    with closing(open_for_writing(root)) as db:
        return [column[0] for column in db.execute(TABLES[table]).description]


def _of(every, root, table, hidden):
    names = _names(root, table)
    return [
        tuple(str(value) for name, value in zip(names, row, strict=True) if name not in hidden)
        for row in every[table]
    ]


def _without(root, table, hidden):
    return sorted(_of(everything(root), root, table, hidden))


@pytest.mark.slow
def test_a_torn_end_takes_no_article_out_of_a_new_database(lived, tmp_path):
    root = tmp_path / "archive"
    shutil.copytree(lived, root)
    before = everything(root)
    for path in files(root)[1:3]:
        torn(path)
    assert "are rewritten" in mended(root)
    _is_equal_when_made_anew(root, before)


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 3])
def test_visits_told_late_neither_invent_nor_lose_an_edit(lived, tmp_path, every):
    """Between visits that are told in their order: those before an edit, and behind it."""
    root = tmp_path / "archive"
    shutil.copytree(lived, root)
    before, number = everything(root), 0
    for path in files(root):
        for offset, length, _ in told(path)[::every]:
            spoil(path, offset, length)
            number += 1
    assert "are rewritten" in mended(root)
    assert number > 40
    _is_equal_when_made_anew(root, before)


@pytest.mark.slow
def test_what_was_told_late_is_merged_in_its_order(lived, tmp_path):
    root, empty = tmp_path / "archive", tmp_path / "empty"
    shutil.copytree(lived, root)
    before = everything(root)
    for path in files(root):
        for offset, length, _ in told(path)[::2]:
            spoil(path, offset, length)
    mended(root)
    with opened(empty):
        pass
    asyncio.run(merge(empty, root))
    assert verify(empty).damages == []
    hidden = {"capture", "story"}
    for table in ("articles", "revisions", "authors", "tags"):
        assert _of(everything(empty), empty, table, hidden) == _of(before, root, table, hidden)


FORGOTTEN = """
delete from article_authors where article = {article};
delete from article_tags where article = {article};
delete from embeds where article = {article};
delete from images where article = {article};
delete from story_sketches where article = {article};
delete from revisions where article = {article};
delete from articles where id = {article};
update visits set article = null where article = {article};
update captures set article = null where article = {article};
update runs set state = 'interrupted' where id = {run}
"""


@pytest.mark.slow
def test_a_page_of_a_killed_run_that_is_read_again_is_told_of(lived, tmp_path):
    """Its visit never ended, and the rules of its time saw no article in it."""
    root = tmp_path / "archive"
    shutil.copytree(lived, root)
    before = everything(root)
    ((article, capture, run),) = rows(
        root, "select article, min(id), run from captures where article in (select id from articles"
        " where story is null) group by article having count(*) = 1"
        " order by 2 limit 1",
    )  # fmt: skip
    change(root, *FORGOTTEN.format(article=article, run=run).split(";"))
    ((name, offset),) = rows(
        root, "select warc_file, warc_offset from captures where id = ?", capture
    )
    path = root / "warc" / name
    ids = {at: record.fields["warc-record-id"] for at, _, record in members(path)}
    (lost,) = [one for one in told(path) if one[2]["warc-refers-to"] == ids[offset]]
    spoil(path, *lost[:2])
    assert "are rewritten" not in mended(root)
    job = Job(root=root, publishers=load_all(root / "publishers"))
    assert asyncio.run(reextract(job)).counts["new"] == 1
    assert verify(root).damages == []
    ((_, _, fields),) = told(files(root)[-1])
    assert fields["warc-refers-to"] == ids[offset]
    _is_equal_when_made_anew(root, before)


def _is_equal_when_made_anew(root, before):
    (root / NAME).unlink()
    asyncio.run(rebuild(root))
    after = everything(root)
    for table in ("captures", "revisions", "authors", "tags", "links", "stories", "images"):
        there = after[table]
        if table == "captures":  # what was damaged has a mended form under another name
            there, was = ([row[:9] for row in one[table]] for one in (after, before))
        else:
            was = before[table]
        assert differences(was, there) == [], table
    assert differences(before["articles"], after["articles"]) == []
    assert verify(root).damages == []
