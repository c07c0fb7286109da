"""Rare words choose the articles, all words score them, words as typed come first."""

import pytest

from archive.search import ranking, search
from archive.search.query import parse
from tests.archive.newsroom import add_article, empty_archive


@pytest.fixture(scope="module")
def archive():
    """A hundred articles with a common word, a few with rarer ones."""
    connection = empty_archive()
    for number in range(1, 101):
        text = "الحكومة " + "كلام " * (number % 7)
        text += "الموازنة " * (number % 10 == 0) + "القمح" * (number == 50)
        add_article(connection, id=number, title="الحكومة" if number == 7 else "خبر", text=text,
                    published_on=f"2020-{1 + number // 28:02}-{1 + number % 28:02}")  # fmt: skip
    return connection


def found(archive, query, **options):
    return [hit.id for hit in search(archive, query, **options)]


def few(monkeypatch, *, enough=400, most=5000):
    monkeypatch.setattr(ranking, "_ENOUGH", enough)
    monkeypatch.setattr(ranking, "_MOST", most)
    monkeypatch.setattr(ranking, "_PART", most)


def test_common_words_score_what_rare_words_choose(archive, monkeypatch):
    everything = found(archive, "حكومة الموازنة القمح", limit=10)
    few(monkeypatch, enough=5)
    assert found(archive, "حكومة الموازنة القمح", limit=5) == everything[:5]
    assert found(archive, "حكومة القمح", limit=5)[0] == 50


def test_of_a_common_word_titles_and_new_articles_are_scored(archive, monkeypatch):
    few(monkeypatch, most=10)
    first, *rest = found(archive, "الحكومة", limit=11)
    assert first == 7
    assert sorted(rest) == [*range(91, 101)]


def test_filters_hold_for_the_new_articles_too(archive, monkeypatch):
    few(monkeypatch, most=10)
    first, *rest = found(archive, "الحكومة before:2020-03", limit=11)
    assert first == 7
    assert sorted(rest) == [*range(46, 56)]


def test_demands_choose_by_themselves(archive, monkeypatch):
    few(monkeypatch, most=10)
    assert sorted(found(archive, "+حكومة كلام", limit=11)) == [7, *range(91, 101)]
    assert found(archive, "+حكومة +القمح كلام") == [50]


def test_of_a_word_in_very_many_titles_a_part_is_scored(monkeypatch):
    archive = empty_archive()
    for number in range(1, 101):
        add_article(archive, id=number, title="الحكومة", text="خبر " * number)
    few(monkeypatch, enough=5, most=10)
    assert found(archive, "الحكومة", limit=3) == [1, 2, 3]
    assert len(found(archive, "الحكومة", limit=100)) == 100


def test_who_asks_for_more_gets_all(archive, monkeypatch):
    few(monkeypatch, enough=50, most=10)
    assert len(found(archive, "الحكومة", limit=100)) == 100


def test_a_page_deep_down_goes_on(archive):
    everything = found(archive, "حكومة كلام", limit=100)
    assert found(archive, "حكومة كلام", limit=10, offset=25) == everything[25:35]


def test_a_word_as_typed_comes_first():
    archive = empty_archive()
    for number, text in enumerate(("مكتب جديد", "مكتبة جديدة", "مكتبات جديدة"), 1):
        add_article(archive, id=number, text=text)
    add_article(archive, id=4, text="خبر آخر")
    add_article(archive, id=5, text="خبر ثالث")
    add_article(archive, id=6, text="خبر رابع")
    add_article(archive, id=7, text="خبر خامس")
    assert found(archive, "مكتبة")[0] == 2
    assert found(archive, "المكتبات") == [3, 1, 2]  # for its ending
    assert found(archive, "مكتبات")[0] == 3


def test_a_word_as_typed_in_the_title_counts():
    archive = empty_archive()
    for number, title in enumerate(("مكتب", "مكتبة", "خبر", "حدث", "نبأ"), 1):
        add_article(archive, id=number, title=title, text="نص")
    assert found(archive, "مكتبة") == [2, 1]


def test_a_common_word_is_counted_in_a_sample(archive):
    assert ranking.size(archive, '"خبر"') == 99
    crowd = empty_archive()
    crowd.execute("begin")
    for number in range(1, 2001):
        add_article(crowd, id=number, text="خبر")
    crowd.execute("commit")
    assert ranking.size(crowd, '"خبر"') == 2000


def test_articles_are_counted_by_day(archive):
    assert ranking.dated(archive, parse("القمح")) == {"2020-02-23": 1}
    assert ranking.dated(archive, parse("الحكومة before:2020-02")).total() == 27
    assert ranking.dated(archive, parse("الحكومة"), ("nobody",)) == {}
    assert ranking.dated(archive, parse("؟")) == {}
