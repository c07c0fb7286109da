"""Queries find articles: ranked, filtered, safe, with the original text marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search import MARK_END, MARK_START, count, search
from tests.archive.newsroom import add_article, empty_archive

ARTICLES = (
    {
        "id": 1,
        "title": "الحكومة تقر الموازنة",
        "text": "أقرّت الحكومةُ موازنة العام في دمشق.",
        "byline": "خالد الجرعتلي",
        "published_on": "2020-11-09",
        "published_at": "2020-11-09T08:00:00Z",
    },
    {
        "id": 2,
        "title": "أسعار الخبز",
        "deck": "الحكومة ترفع السعر",
        "text": "ارتفع سعر الخبز في حلب.",
        "published_on": "2020-11-10",
    },
    {
        "id": 3,
        "title": "مباراة اليوم",
        "text": "حضر وزير من الحكومة المباراة بين الفريقين في حلب.",
        "published_on": "2021-03-01",
        "publisher": "other",
    },
    {"id": 4, "title": "بلا تاريخ", "text": "نص قديم عن المدارس الحكومية."},
    {
        "id": 5,
        "title": "الحكومة محجوبة",
        "text": "الحكومة",
        "withheld_at": "2022-01-01T00:00:00Z",
    },
)

FOUND = [
    # query, best first, newest first
    ("الحكومه", [1, 2, 3, 4], [3, 2, 1, 4]),
    ("حكومة حلب", {1, 2, 3, 4}, [3, 2]),
    ("+حلب حكومة", [2, 3], [3, 2]),
    ("الحكومة -حلب", {1, 4}, [1, 4]),
    ('"سعر الخبز"', [2], [2]),
    ('"الخبز سعر"', [], []),
    ("title:الحكومة", [1], [1]),
    ("author:الجرعتلي", [1], [1]),
    ("حكوم* after:2020-11-10", {2, 3}, [3, 2]),
    ("حكومة before:2020-11-10", [1], [1]),
    ("الموازن* دمشق", [1], [1]),
    ("حلب", {2, 3}, [3, 2]),
    ("وبحلب", {2, 3}, [3, 2]),
    ("publisher:other", [3], [3]),
    ("publisher:عنب -publisher:other", [2, 1, 4], [2, 1, 4]),
    ("publisher:nobody", [], []),
    ("-publisher:nobody after:2021", [3], [3]),
    ("-حلب", [1, 4], [1, 4]),
    ("after:2020-11-09 before:2020-11-11", [2, 1], [2, 1]),
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


def test_hits_come_in_pages(archive):
    first = search(archive, "حكومة", limit=2)
    rest = search(archive, "حكومة", limit=2, offset=2)
    assert [hit.id for hit in first + rest] == [1, 2, 4, 3]


@given(st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from('"*+-:()^{} ا'))))
def test_nothing_typed_is_an_error(archive, typed):
    search(archive, typed)
    search(archive, typed, order="new")
    archive.execute("select rowid from articles_fts where articles_fts match escape_fts(?)",
                    (typed.encode("utf-8", "replace").decode(),)).fetchall()  # fmt: skip
