"""Every word a publisher wrote stays, and an article is known by one number for good."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import articles
from archive.article_rows import Rows, find_all
from archive.models import Embed, Image, Outcome
from archive.urls import article_id, identity_key
from tests.archive.desk import NOON, PAGE, PAPER, reading
from tests.archive.newsroom import empty_archive


@pytest.fixture
def db():
    with closing(empty_archive()) as connection:
        connection.execute("insert into publishers (slug, name) values (?, ?)", (PAPER.slug, "و"))
        yield connection


def keep(db, extraction, *, url=PAGE, hours=0):
    return articles.keep(
        db,
        extraction,
        url=url,
        publisher=PAPER.slug,
        capture=None,
        seen_at=NOON + timedelta(hours=hours),
    )


def row(db, columns, article):
    return db.execute(f"select {columns} from articles where id = ?", (article,)).fetchone()


def history(db, columns="number, title, text"):
    return db.execute(f"select {columns} from revisions order by article, number").fetchall()


def test_the_current_text_is_stored_once_and_older_texts_in_their_revisions(db):
    readings = [reading("أول", "نص أول"), reading("ثان", "نص ثان"), reading("أول", "نص أول")]
    for hours, one in enumerate(readings):
        article, _ = keep(db, one, hours=hours)
    assert history(db) == [(1, "أول", "نص أول"), (2, "ثان", "نص ثان"), (3, "أول", None)]
    assert row(db, "title, text, revision_count, changed_at, first_seen_at", article) == (
        "أول", "نص أول", 3, "2020-11-09T14:00:00.000000Z", "2020-11-09T12:00:00.000000Z",
    )  # fmt: skip


def test_a_revision_says_what_changed_and_only_where_it_or_the_one_before_is_another(db):
    for hours, (title, text) in enumerate(
        (("أول", "قال نعم"), ("أول", "قال 5"), ("ثان", "قال 5"), ("ثان", "قال 5."))
    ):
        article, _ = keep(db, reading(title, text), hours=hours)
    found = db.execute(
        "select changes, rank, words_in, words_out from revisions order by number"
    ).fetchall()
    assert found == [
        (None, None, None, None),
        ('["number"]', 2, 1, 1),
        ('["headline"]', 1, 1, 1),
        ('["small"]', 12, 0, 0),
    ]
    # As rebuild and merge do: with the whole history at once, here without its first state.
    rows = Rows.stored(db, article)
    assert rows
    rows = replace(
        rows, revisions=tuple(row | {"number": n} for n, row in enumerate(rows.revisions))
    )
    rows = replace(rows, revisions=rows.revisions[1:])
    articles.put(db, article, rows, key=PAGE, publisher=PAPER.slug)
    again = db.execute("select changes from revisions where rank is not null order by number")
    assert again.fetchall() == [('["headline"]',), ('["small"]',)]


def test_an_older_revision_keeps_every_field_as_it_was(db):
    first = reading(
        "قديم", "نص", deck="د", byline="ب", dateline="تونس", section="س", tags=("و", "أ"),
        published_at=NOON, modified_at=NOON, image_url="https://a.example/1.jpg",
    )  # fmt: skip
    keep(db, first)
    keep(db, reading("جديد", "غيره", published_on=None, published_from=None), hours=1)
    columns = (
        "title, deck, byline, dateline, section, tags, published_at, published_on, modified_at,"
        " text, image_url, observed_at"
    )
    noon = "2020-11-09T12:00:00.000000Z"
    assert history(db, columns) == [
        ("قديم", "د", "ب", "تونس", "س", '["و", "أ"]', noon, "2020-11-09", noon, "نص",
         "https://a.example/1.jpg", noon),
        ("جديد", None, None, None, None, None, noon, "2020-11-09", None, None, None,
         "2020-11-09T13:00:00.000000Z"),
    ]  # fmt: skip


def test_a_stamp_that_moves_alone_is_no_revision_but_is_shown(db):
    article, _ = keep(db, reading(modified_at=NOON))
    later = datetime(2020, 11, 10, tzinfo=UTC)
    assert keep(db, reading(modified_at=later), hours=5) == (article, Outcome.SAME)
    assert history(db, "number, modified_at") == [(1, "2020-11-09T12:00:00.000000Z")]
    assert row(db, "modified_at, last_seen_at, changed_at, revision_count", article) == (
        "2020-11-10T00:00:00.000000Z", "2020-11-09T17:00:00.000000Z", None, 1,
    )  # fmt: skip


def test_an_empty_field_is_a_value_like_another(db):
    keep(db, reading("عنوان", "نص"))
    assert keep(db, reading(None, "نص"))[1] is Outcome.CHANGED
    assert keep(db, reading("عنوان", "نص"))[1] is Outcome.CHANGED
    assert history(db) == [(1, "عنوان", "نص"), (2, None, "نص"), (3, "عنوان", None)]


LIFTING = [
    lambda db, article: articles.seen(db, article, capture=None, at=NOON),
    lambda db, _: keep(db, reading()),
    lambda db, _: keep(db, reading("عنوان آخر")),
]


@pytest.mark.parametrize("lift", LIFTING)
def test_gone_is_marked_once_keeps_the_text_and_is_lifted(db, lift):
    article, _ = keep(db, reading())
    outcomes = [
        articles.missing(db, article, at=NOON + timedelta(minutes=minutes))
        for minutes in (0, 59, 60, 180)
    ]
    assert outcomes == [Outcome.MISSING, Outcome.MISSING, Outcome.GONE, Outcome.MISSING]
    assert row(db, "gone_at, text", article) == ("2020-11-09T12:00:00.000000Z", "نص الخبر.")
    lift(db, article)
    assert row(db, "missing_at, gone_at, text", article) == (None, None, "نص الخبر.")
    assert articles.missing(db, article, at=NOON + timedelta(days=9)) is Outcome.MISSING


def test_authors_and_tags_are_those_of_the_latest_reading(db):
    article, _ = keep(db, reading(authors=("ب", "أ", "ب"), tags=("ثقافة", "تونس")))
    other, _ = keep(db, reading(authors=("أ",), tags=("تونس",)), url=f"{PAGE}2")

    def named(of):
        authors = db.execute(
            "select name from article_authors join authors on id = author where article = ?"
            " order by position",
            (of,),
        )
        tags = db.execute(
            "select name from article_tags join tags on id = tag where article = ? order by 1",
            (of,),
        )
        return [name for (name,) in authors], [name for (name,) in tags]

    assert named(article) == (["ب", "أ"], ["تونس", "ثقافة"])
    keep(db, reading("آخر", authors=("ج",), tags=()))
    assert named(article) == (["ج"], [])
    assert named(other) == (["أ"], ["تونس"])
    assert db.execute("select count(*) from authors").fetchone() == (3,)


def test_an_id_comes_from_the_address_and_the_next_free_one_on_a_collision(db):
    wanted = article_id(PAGE)
    for taken in (wanted, wanted + 1):
        db.execute(
            "insert into articles (id, key, publisher, url, kind, text, words, first_seen_at,"
            " last_seen_at) values (?1, ?3, ?2, ?3, 'article', '', 0, '', '')",
            (taken, PAPER.slug, f"https://taken.example/{taken}"),
        )
    assert keep(db, reading()) == (wanted + 2, Outcome.NEW)
    assert keep(db, reading()) == (wanted + 2, Outcome.SAME)
    assert articles.find(db, PAGE) == wanted + 2
    assert articles.find(db, f"{PAGE}?") is None


def test_the_last_id_is_followed_by_the_first(db, monkeypatch):
    monkeypatch.setattr(articles, "article_id", lambda _url: 2**53 - 1)
    assert keep(db, reading())[0] == 2**53 - 1
    assert keep(db, reading(), url=f"{PAGE}2")[0] == 1


def test_words_are_counted(db):
    article, _ = keep(db, reading(text="كلمة ثم كلمة\nوكلمة"))
    assert row(db, "words", article) == (4,)


TEXTS = st.lists(st.tuples(st.sampled_from("أبج"), st.sampled_from("١٢٣")), min_size=1, max_size=8)


@given(TEXTS)
@settings(max_examples=40)
def test_the_whole_past_can_be_read_back(observed):
    with closing(empty_archive()) as db:
        db.execute("insert into publishers (slug, name) values (?, ?)", (PAPER.slug, "و"))
        for title, text in observed:
            article, _ = keep(db, reading(title, text))
        past = db.execute(
            "select r.title, coalesce(r.text, a.text) from revisions r join articles a"
            " on a.id = r.article order by number"
        ).fetchall()
        distinct = [
            one for number, one in enumerate(observed) if not number or observed[number - 1] != one
        ]
        assert past == distinct
        assert row(db, "title, text, revision_count", article) == (*observed[-1], len(distinct))
        in_revisions = db.execute("select count(*) from revisions where text is null").fetchone()
        assert in_revisions == (1,)


def test_tags_of_a_revision_are_json(db):
    keep(db, reading(tags=('"', "ب")))
    ((tags,),) = history(db, "tags")
    assert json.loads(tags) == ['"', "ب"]


def shown(db, article):
    embeds = db.execute("select provider, url from embeds where article = ?", (article,))
    images = db.execute("select url, caption, credit from images where article = ?", (article,))
    return [embeds.fetchall(), images.fetchall()]


def test_what_an_article_shows_is_that_of_its_latest_reading_and_no_revision(db):
    embed = Embed(provider="youtube", url="https://www.youtube.com/watch?v=aB3_-xyz012")
    image = Image(url="https://alwaraq.example/1.jpg", caption="شرح", credit="رويترز")
    article, _ = keep(db, reading(embeds=(embed,)))
    assert shown(db, article) == [[(embed.provider, embed.url)], []]
    assert keep(db, reading(images=(image, image)), hours=1) == (article, Outcome.SAME)
    assert shown(db, article) == [[], [(image.url, "شرح", "رويترز")] * 2]
    assert keep(db, reading("آخر"), hours=2) == (article, Outcome.CHANGED)
    assert shown(db, article) == [[], []]


@pytest.mark.parametrize(
    "named",
    [
        PAGE,
        PAGE.replace("https://", "http://www."),
        f"  {PAGE}/?utm_source=x#top ",
        f"{PAGE}/amp",
    ],
)
def test_an_article_is_found_by_any_spelling_of_its_address(db, named):
    article, _ = keep(db, reading())
    assert find_all(db, named) == [article]
    assert find_all(db, article) == [article]
    assert find_all(db, str(article)) == [article]


def test_what_names_no_article_finds_none(db):
    keep(db, reading())
    assert find_all(db, "https://alwaraq.example/elsewhere") == []
    assert find_all(db, 7) == []
    assert find_all(db, 2**64) == []  # more than SQLite can hold
    with pytest.raises(ValueError, match="not an http"):
        find_all(db, "عنوان")


def test_http_and_https_are_one_article_which_stands_where_it_was_seen_last(db):
    first, _ = keep(db, reading(), url=PAGE.replace("https:", "http:"))
    again, outcome = keep(db, reading(), url=f"{PAGE}/")
    assert (first, Outcome.SAME) == (again, outcome)
    assert db.execute("select url from articles").fetchall() == [(f"{PAGE}/",)]


ADDRESSES = [
    (None, f"{PAGE}/?utm_source=x", f"{PAGE}/?utm_source=x"),
    ("/1/", PAGE, f"{PAGE}/"),
    (PAGE.replace("https://", "https://www."), PAGE, PAGE.replace("https://", "https://www.")),
    ("https://alwaraq.example/2", PAGE, PAGE),  # another page
    ("https://", PAGE, PAGE),
]


@pytest.mark.parametrize(("claimed", "answered", "address"), ADDRESSES)
def test_an_article_stands_where_its_page_says_or_else_where_it_answered(
    claimed, answered, address
):
    key = identity_key(PAGE)
    assert articles.address_of(key, claimed=claimed, answered=answered) == address


def test_the_days_of_a_publisher_are_counted_from_one_to_another(db):
    for number, day in enumerate((1, 5, 9, 12)):
        url = f"{PAGE}{number}"
        keep(db, reading(published_on=date(2020, 11, day)), url=url)
    span = {"since": date(2020, 11, 2), "until": date(2020, 11, 9)}
    days = articles.days_of(db, PAPER.slug, **span)
    assert days == (2, date(2020, 11, 5), date(2020, 11, 9))
    assert articles.days_of(db, "alrih", **span) is None
