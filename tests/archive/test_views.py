"""The views of the database (archive/schema.sql): answers that are known, asked as strangers do.

Through a connection of plain SQLite, which has none of our functions.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from archive.database import open_for_writing
from archive.models import Image, Kind
from tests.archive.desk import HOUR, NOON, PAPER, Hands, exchange, opened, reading, visit
from tests.archive.newsroom import add_article, empty_archive

ZONED = replace(PAPER, timezone="Asia/Damascus")
TEXT = "قال شهود إن ٣٥ شخصاً عادوا."
LATER = "قال شهود إن 36 شخصا عادوا."
IMAGE = "https://alwaraq.example/1.jpg"
PHOTO = Image(url=IMAGE, caption="صورة")


def keep(store, number, reading, *, at, payload):
    url = f"https://alwaraq.example/{number}"
    capture = store.record(
        exchange(url, payload, fetched_at=at), kind=Kind.ARTICLE, publisher=PAPER.slug
    )
    asked = visit(url)
    article, outcome = store.keep(reading, url=url, visit=asked, capture=capture)
    store.visited(asked, capture, due_at=None, state="done", article=article, outcome=outcome)
    return article


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """An article that was edited twice, the second time by its tags; one that is gone; a note."""
    root = tmp_path_factory.mktemp("archive")
    said = {
        "byline": "سلمى ورامي",
        "authors": ("سلمى", "رامي"),
        "published_at": datetime(2020, 11, 8, 23, 30, tzinfo=UTC),
        "image_url": f"{IMAGE}?w=1",
        "images": (PHOTO,),
    }
    states = (
        reading("عودة لاجئين", TEXT, tags=("حرب", "سلام"), **said),
        reading("عودة اللاجئين", LATER, tags=("سلام", "حرب"), **said | {"image_url": IMAGE}),
        reading("عودة اللاجئين", LATER, tags=("سلام",), **said),
    )
    hands = Hands()
    with opened(root, hands) as store:
        store.publish(ZONED)
        for number, state in enumerate(states):
            edited = keep(
                store, 1, state, at=NOON + number * HOUR, payload=f"<p>{number}</p>".encode()
            )
        told = reading("خبر اختفى", "كان هنا نص.", published_at=NOON - 3 * HOUR)
        gone = keep(store, 2, told, at=NOON, payload=b"<p>x</p>")
        keep(store, 3, reading("بلا يوم", "متى؟", published_on=None), at=NOON, payload=b"<p>y</p>")
        for hours in (1, 3):
            url = "https://alwaraq.example/2"
            lost = exchange(url, b"", status=404, fetched_at=NOON + hours * HOUR)
            capture = store.record(lost, kind=Kind.ARTICLE, publisher=PAPER.slug)
            hands.now = NOON + hours * HOUR
            outcome = store.missing(gone, capture=capture)
            store.visited(
                visit(url), capture, due_at=None, state="gone", article=gone, outcome=outcome
            )
    return root, edited, gone


@pytest.fixture
def ask(shelf):
    """Return the rows of a query, on a connection without functions of ours."""
    with closing(sqlite3.connect(shelf[0] / "archive.db")) as db:
        yield lambda sql, *values: db.execute(sql, values).fetchall()


def test_edits_have_each_changed_field_before_and_after(shelf, ask):
    _, edited, _ = shelf
    sql = "select number, field, before, after, small from edits where article = ? order by 1, 2"
    assert ask(sql, edited) == [
        (2, "text", TEXT, LATER, 0),
        (2, "title", "عودة لاجئين", "عودة اللاجئين", 0),
        (3, "tags", '["حرب","سلام"]', '["سلام"]', 1),
    ]
    assert ask("select count(*), count(distinct article) from edits") == [(3, 1)]
    changes = ask("select distinct number, publisher, changes, observed_at from edits order by 1")
    assert [json.loads(kinds) for _, _, kinds, _ in changes] == [["headline", "number"], ["small"]]
    assert changes[0][3] == "2020-11-09T13:00:00.000000Z"


def test_a_date_is_edited_where_the_edit_says_so(tmp_path):
    states = [
        reading("خبر", published_at=NOON),
        reading("خبر", published_at=NOON + HOUR),
        reading("خبر آخر", published_at=NOON + HOUR),
    ]
    with opened(tmp_path) as store:
        store.publish(PAPER)
        for number, state in enumerate(states):
            payload = f"<p>{number}</p>".encode()
            keep(store, 1, state, at=NOON + number * HOUR, payload=payload)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as db:
        rows = db.execute("select number, field, before, after from edits").fetchall()
    noon, one = "2020-11-09T12:00:00.000000Z", "2020-11-09T13:00:00.000000Z"
    assert rows == [(2, "published", noon, one), (3, "title", "خبر", "خبر آخر")]


def test_article_texts_has_the_text_of_every_state(shelf, ask):
    _, edited, _ = shelf
    texts = ask("select number, text, publisher from article_texts where article = ?", edited)
    assert texts == [(1, TEXT, "alwaraq"), (2, LATER, "alwaraq"), (3, LATER, "alwaraq")]
    assert ask("select count(*) from article_texts where text is null") == [(0,)]


def test_bylines_has_a_row_for_each_name(shelf, ask):
    _, edited, _ = shelf
    rows = ask("select article, position, name, publisher, published_on from bylines order by 2")
    day = "2020-11-09"
    assert rows == [(edited, 0, "سلمى", "alwaraq", day), (edited, 1, "رامي", "alwaraq", day)]


def test_daily_counts_every_article_once(ask):
    assert ask("select * from daily order by day") == [
        ("alwaraq", None, 1, 0, 0), ("alwaraq", "2020-11-09", 2, 1, 1),
    ]  # fmt: skip


def test_evidence_leads_from_every_state_to_its_record(shelf, ask):
    root, edited, _ = shelf
    rows = ask(
        "select state, url, fetched_at, sha256, warc_file, warc_offset, warc_length from evidence"
        " where article = ? order by state",
        edited,
    )
    assert [row[0] for row in rows] == [1, 2, 3]
    assert len({row[3] for row in rows}) == 3
    for _, url, at, _, file, offset, length in rows:
        record = (root / "warc" / file).read_bytes()[offset : offset + length]
        assert record.startswith(b"\x1f\x8b")
        assert (url, at[:10]) == ("https://alwaraq.example/1", "2020-11-09")


def test_gone_counts_the_hours_from_publication(shelf, ask):
    _, _, gone = shelf
    rows = ask("select article, publisher, title, last_seen_at, gone_at, hours from gone")
    noon, one = "2020-11-09T12:00:00.000000Z", "2020-11-09T13:00:00.000000Z"
    assert rows == [(gone, "alwaraq", "خبر اختفى", noon, one, 4.0)]


LOCAL = [
    # published_at, published_on, zone, published_local
    ("2020-11-08T23:30:00.000000Z", "2020-11-09", "Asia/Damascus", "2020-11-09T01:30:00"),
    ("2020-07-08T20:30:05.000000Z", "2020-07-08", "Asia/Damascus", "2020-07-08T23:30:05"),
    ("2020-11-08T23:30:00.000000Z", "2020-11-08", "Asia/Damascus", None),  # another day is printed
    ("2020-11-09T00:00:00.000000Z", "2020-11-09", "Asia/Damascus", None),  # a day, as a moment
    ("2020-11-08T23:30:00.000000Z", "2020-11-08", None, None),
    ("2020-11-08T23:30:00.000000Z", "2020-11-08", "Asia/Nowhere", None),
    ("2020-11-08T23:30:00.000000Z", None, "Asia/Damascus", None),
    (None, "2020-11-08", "Asia/Damascus", None),
]


@pytest.mark.parametrize(("at", "on", "zone", "local"), LOCAL)
def test_published_local_is_on_the_publishers_clocks_or_empty(at, on, zone, local):
    db = empty_archive()
    asked = "select published_local from articles"
    db.execute("insert into publishers (slug, name, timezone) values ('x', 'x', ?)", (zone,))
    add_article(db, publisher="x", published_at=at, published_on=on)
    assert db.execute(asked).fetchone() == (local,)
    # A zone, a time or a publisher that comes later moves it.
    db.execute("update publishers set timezone = null")
    assert db.execute(asked).fetchone() == (None,)
    db.execute("update publishers set timezone = ?", (zone,))
    assert db.execute(asked).fetchone() == (local,)
    db.execute("update articles set published_at = null")
    assert db.execute(asked).fetchone() == (None,)
    db.execute("update articles set published_at = ?", (at,))
    assert db.execute(asked).fetchone() == (local,)
    db.execute("update articles set publisher = 'nobody'")
    assert db.execute(asked).fetchone() == (None,)


def test_sqlite_reads_the_local_hour(ask):
    local = "select strftime('%H', published_local) from articles where revision_count = 3"
    assert ask(local) == [("01",)]


A, B = "2020-11-09T12:00:00.000000Z", "2020-11-09T13:30:00.000000Z"
FIRST = [
    # (published_at, published_on) of three versions, then (is_first, lag) of each
    ([(A, "2020-11-09"), (B, "2020-11-09"), (B, "2020-11-09")], [(1, 0), (0, 5400), (0, 5400)]),
    ([(A, "2020-11-09"), (B, "2020-11-09"), (None, "2020-11-11")], [(1, 0), (0, 5400), (0, None)]),
    ([(A, "2020-11-09"), (B, "2020-11-09"), (None, "2020-11-09")], [(None, None)] * 3),
    ([(A, "2020-11-09"), (B, "2020-11-09"), (None, None)], [(None, None)] * 3),
    ([(None, "2020-11-09"), (B, "2020-11-10"), (B, "2020-11-10")], [(None, None)] * 3),
]


@pytest.mark.parametrize(("published", "known"), FIRST)
def test_who_was_first_is_known_or_empty(published, known):
    db = empty_archive()
    db.execute("insert into stories (id) values (1)")
    for number, (at, on) in enumerate(published, 1):
        add_article(
            db, id=number, title=f"{number}", publisher=f"p{number}", published_at=at,
            published_on=on, story=None, first_seen_at="2020-11-12T12:00:00.000000Z",
        )  # fmt: skip
        db.execute("update articles set story = 1 where id = ?", (number,))
    rows = db.execute("select is_first, lag from story_articles order by article").fetchall()
    assert rows == known


SEARCHABLE = [
    ("وزاره الصحه", [1]),  # folded
    ("وزارة الصِّحّة", [1]),  # as printed
    ("محمد", [2]),
    ("2021", [2]),
    ("الاسره", [2]),
    ("reuters", [2]),
    ("ميخواهم", [2]),
]


@pytest.mark.parametrize(("word", "expected"), SEARCHABLE)
def test_like_finds_folded_words_without_functions_of_ours(tmp_path, word, expected):
    with closing(open_for_writing(tmp_path)) as db:
        add_article(db, id=1, title="خبر", text="قالت وزارة الصِّحّة")
        text = "مُحَمَّد رب الأسرة ـــ می\N{ZERO WIDTH NON-JOINER}خواهم"
        add_article(db, id=2, title="سنة ٢٠٢١", byline="Reuters", text=text)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as db:
        sql = "select id from articles_folded where searchable like '%' || ? || '%'"
        assert [number for (number,) in db.execute(sql, (word,))] == expected


def test_a_plain_match_is_refused_and_never_answers_0(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        add_article(db, id=1, title="خبر", text="قالت الوزيرة")
    with closing(sqlite3.connect(tmp_path / "archive.db")) as db:
        for sql, why in (
            ("select * from articles where articles match 'الوزيرة'", "no such column: articles"),
            ("select * from articles_fts where articles_fts match 'الوزيرة'", "no such table"),
            ("select * from article_stems where article_stems match word_forms('الوزيرة')",
             "no such function: word_forms"),
        ):  # fmt: skip
            with pytest.raises(sqlite3.OperationalError, match=why):
                db.execute(sql)
