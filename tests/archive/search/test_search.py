"""Queries find articles: ranked, filtered, safe, with the original text marked."""

import itertools
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import StaleIndex
from archive.search import MARK_END, MARK_START, Doubt, count, doubts, register, search
from archive.search.arabic import analyse, term
from archive.search.index import rebuild_index
from tests.archive.newsroom import add_article, empty_archive
from tests.archive.search.news import ARTICLES

PAGE, HIDDEN = "https://news.example/1", "https://news.example/5"

FOUND = [
    # query, best first, newest first
    ("الحكومه", [1, 2, 3, 4], [3, 2, 1, 4]),
    ("حكومة حلب", {1, 2, 3, 4}, [3, 2]),
    ("+حلب حكومة", [2, 3], [3, 2]),
    ("الحكومة -حلب", {1, 4}, [1, 4]),
    ('"سعر الخبز"', [2], [2]),
    ('"حلب السعر"~3', [2], [2]),
    ('"حلب السعر"~1', [], []),
    ('"الخبز سعر"', [], []),
    ("title:الحكومة", [1], [1]),
    ("author:الجرعتلي", [1], [1]),
    ("حكوم* after:2020-11-10", {2, 3}, [3, 2]),
    ("حكومة before:2020-11-10", [1], [1]),
    ("الموازن* دمشق", [1], [1]),
    ("وزي*", [3], [3]),
    ("‘سعر الخبز’", [2], [2]),
    ("العنوان: الحكومة", [1], [1]),
    ("بعد:10/11/2020 حكومة", {2, 3}, [3, 2]),
    ("حلب", {2, 3}, [3, 2]),
    ("وبحلب", {2, 3}, [3, 2]),
    ("publisher:other", [3], [3]),
    ("publisher:عنب -publisher:other", [2, 1, 4], [2, 1, 4]),
    ("publisher:nobody", [], []),
    ("-publisher:nobody after:2021", [3], [3]),
    ("-حلب", [1, 4], [1, 4]),
    ("after:2020-11-09 before:2020-11-11", [2, 1], [2, 1]),
    ("الخبز OR الموازنة", {1, 2}, [2, 1]),
    ('"سعر الخبز" OR "الموازنة"', {1, 2}, [2, 1]),
    ("حلب AND وزير", [3], [3]),
    ("حلب NOT وزير", [2], [2]),
    ("NOT حلب", [1, 4], [1, 4]),
    ("publisher:other OR publisher:عنب", [3, 2, 1, 4], [3, 2, 1, 4]),
    ("الموازنة OR", [1], []),
    (f"http://www.{PAGE.removeprefix('https://')}/?utm_source=feed", [1], [1]),
    (PAGE + "elsewhere", [], []),
    ("https://[", [], []),
    (HIDDEN, [], []),
    ("", [], []),
    ('"', [], []),
    ("محجوبة", [], []),
    ('؟! "" + -', [], []),
]


@pytest.fixture(scope="module")
def archive():
    connection = empty_archive()
    for fields in ARTICLES:
        add_article(connection, **fields)
    return connection


def test_a_slug_names_its_own_publisher_alone():
    db = empty_archive()
    add_article(db, id=1, publisher="sana")
    add_article(db, id=2, publisher="sanaa")
    db.execute("update publishers set name = 'صنعاء بوست', name_latin = 'Sanaa Post'")
    db.execute("update publishers set name = 'سانا', name_latin = 'SANA' where slug = 'sana'")
    names = ("sana", "post", "san")
    found = [[hit.id for hit in search(db, f"publisher:{name}")] for name in names]
    assert found == [[1], [2], [2, 1]]


DOUBTS = [
    ("حلب after:foo", [Doubt(kind="day", typed="after:foo")]),
    ("publisher:othre", [Doubt(kind="publisher", typed="othre", known=("other",))]),
    (
        "-publisher:enabbalady",
        [Doubt(kind="publisher", typed="enabbalady", known=("enabbaladi", "other"))],
    ),
    ("publisher:zzz x", [Doubt(kind="publisher", typed="zzz", known=("enabbaladi", "other"))]),
    (
        "after:2021 before:2020",
        [Doubt(kind="bounds", typed="after:2021-01-01 before:2020-01-01")],
    ),
    ("publisher:other after:2020 before:2021 حلب", []),
]


@pytest.mark.parametrize(("query", "found"), DOUBTS)
def test_what_narrows_a_query_by_mistake_is_said(archive, query, found):
    assert doubts(archive, query) == found


@pytest.mark.parametrize(("query", "best", "new"), FOUND)
def test_a_query_finds_its_articles(archive, query, best, new):
    ids = [hit.id for hit in search(archive, query)]
    assert (set(ids) if isinstance(best, set) else ids) == best
    assert [hit.id for hit in search(archive, query, order="new")] == new
    assert count(archive, query) == len(best)
    assert count(archive, query, order="new") == len(new)


def test_a_hit_tells_where_and_when_and_shows_the_original(archive):
    (hit,) = search(archive, "موازنه author:خالد")
    assert (hit.url, hit.title) == ("https://news.example/1", "الحكومة تقر الموازنة")
    assert (hit.publisher, hit.publisher_name) == ("enabbaladi", "عنب بلدي")
    assert (hit.published_at, hit.published_on) == ("2020-11-09T08:00:00Z", "2020-11-09")
    assert hit.snippet == f"أقرّت الحكومةُ {MARK_START}موازنة{MARK_END} العام في دمشق."
    assert hit.score > 0


def test_the_title_is_marked_as_well(archive):
    (hit,) = search(archive, "عنوان:حكومه")
    assert hit.headline == f"{MARK_START}الحكومة{MARK_END} تقر الموازنة"
    assert search(archive, "-حلب")[0].headline == "الحكومة تقر الموازنة"


def test_an_order_there_is_none_of_is_refused(archive):
    with pytest.raises(ValueError, match="order is 'fresh'"):
        search(archive, "حكومة", order="fresh")  # type: ignore[arg-type]


def test_the_title_counts_more_than_the_deck_and_the_deck_more_than_the_text():
    connection = empty_archive()
    places = ({"text": "نص عن القمح"}, {"deck": "القمح"}, {"title": "القمح"}, {"byline": "سامر"})
    for number, fields in enumerate(places, 1):
        rest = {"title": "خبر", "deck": "موجز", "text": "نص عن شيء"}
        add_article(connection, id=number, **rest | fields)
    for number in range(10, 20):
        add_article(connection, id=number, title="خبر", deck="موجز", text="نص عن شيء")
    assert [hit.id for hit in search(connection, "القمح")] == [3, 2, 1]


def test_an_index_that_something_else_made_is_not_asked():
    connection = empty_archive()
    add_article(connection, text="الحكومة")
    connection.execute("insert into article_stems(article_stems) values ('rebuild')")
    for ask in (search, count):
        with pytest.raises(StaleIndex, match="rebuilds it"):
            ask(connection, "حكومة")
    rebuild_index(connection)
    assert count(connection, "حكومة") == 1


def test_hits_come_in_pages(archive):
    first = search(archive, "حكومة", limit=2)
    rest = search(archive, "حكومة", limit=2, offset=2)
    assert [hit.id for hit in first + rest] == [1, 2, 3, 4]


WORD_FORMS = [
    ("الوزير", [1, 2]),
    ("وزيرة دمشق", [1]),
    ('"في دمشق"', [1]),
    ('"دمشق الوزيرة"~2', [1]),
    ("وزير -دمشق", [2]),
    ("دمشق OR حلب", [1, 2]),
    ("title:وزير", [2]),
    ("مدرس*", [3]),
    ("حمص", []),
]
REFUSED = [
    ("", "the query has no word to find"),
    (None, "the query has no word to find"),
    ('؟! "', "the query has no word to find"),
    ("-دمشق", "the query has no word to find"),
    ("دمشق publisher:x", "takes words alone"),
    ("دمشق after:2020", "takes words alone"),
    ("دمشق after:yesterday", "takes words alone"),
    ("https://news.example/1", "takes words alone"),
]


@pytest.fixture(scope="module")
def asked():
    """Return the articles of a query to `word_forms`, counted, joined and in their order."""
    db = empty_archive()
    register(db)
    add_article(db, id=1, title="خبر", text="قالت الوزيرة في دمشق")
    add_article(db, id=2, title="وزراء ووزير", text="حلب")
    add_article(db, id=3, title="خبر", text="المدرسات")
    match = "from article_stems where article_stems match word_forms(?1)"

    def ask(query):
        (number,) = db.execute(f"select count(*) {match}", (query,)).fetchone()
        joined = f"select id from articles where id in (select rowid {match}) order by id"
        ids = [article for (article,) in db.execute(joined, (query,))]
        assert number == len(ids)
        return ids

    return ask


@pytest.mark.parametrize(("query", "expected"), WORD_FORMS)
def test_sql_counts_and_joins_articles_by_a_word_in_any_form(asked, query, expected):
    assert asked(query) == expected


@pytest.mark.parametrize(("query", "why"), REFUSED)
def test_what_word_forms_cannot_say_is_an_error_and_no_0(asked, query, why):
    with pytest.raises(sqlite3.OperationalError, match=rf"word_forms\(.*\): {why}"):
        asked(query)


def test_word_forms_refuses_an_index_that_something_else_made():
    connection = empty_archive()
    register(connection)
    add_article(connection, text="الحكومة")
    connection.execute("insert into article_stems(article_stems) values ('rebuild')")
    sql = "select count(*) from article_stems where article_stems match word_forms('حكومة')"
    with pytest.raises(sqlite3.OperationalError, match="of another version of Warraq"):
        connection.execute(sql)


@settings(deadline=None)
@given(st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from('"*+-:()^{} ا'))))
def test_nothing_typed_is_an_error(archive, typed):
    hits = search(archive, typed)
    assert len({hit.id for hit in hits}) == len(hits)
    assert {hit.id for hit in search(archive, typed, order="new")} == {hit.id for hit in hits}
    archive.execute("select rowid from article_stems where article_stems match escape_fts(?)",
                    (typed.encode("utf-8", "replace").decode(),)).fetchall()  # fmt: skip


# Forms of three words and two others, so that texts are full of the words asked for.
FORMS = ["مكتبة", "والمكتبات", "وزير", "الوزير", "حلب", "بحلب", "ثم", "قال"]


_NEAR = empty_archive()


def stand_near(asked, text, distance):
    """Return whether the terms of two texts say so, read naively."""
    places = [[n for n, term in enumerate(analyse(text)) if term == each] for each in asked]
    return any(max(at) - min(at) - 1 <= distance for at in itertools.product(*places))


@given(
    st.lists(st.sampled_from(FORMS[:6]), min_size=2, max_size=3, unique_by=term),
    st.lists(st.lists(st.sampled_from(FORMS), max_size=12), min_size=1, max_size=4),
    st.integers(0, 6),
)
@settings(max_examples=60, deadline=None)
def test_words_near_each_other_are_those_of_a_naive_reading(asked, texts, distance):
    connection = _NEAR
    connection.execute("delete from articles")
    for number, words in enumerate(texts, 1):
        add_article(connection, id=number, title="خبر", text=" ".join(words))
    expected = {
        number
        for number, words in enumerate(texts, 1)
        if stand_near(list(map(term, asked)), " ".join(words), distance)
    }
    typed = f'"{" ".join(asked)}"~{distance}'
    assert {hit.id for hit in search(connection, typed)} == expected
    assert {hit.id for hit in search(connection, typed, order="new")} == expected
    assert count(connection, typed) == len(expected)
