"""What a search finds is counted and sorted as a naive reading of the articles says."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from archive.search import count, facets, hits_of, search
from archive.search.facets import census
from archive.search.query import Sort, narrowings, parse
from tests.archive.newsroom import add_article, empty_archive

ARTICLES: list[dict[str, Any]] = [
    {
        "id": number,
        "title": "خبر",
        "text": "الحكومة في دمشق" if number % 3 else "مباراة في حلب",
        "publisher": ("wire", "daily")[number % 2],
        "section": (None, "رياضة", 'أخبار "محلية", وعالم')[number % 3],
        "kind": "video" if number % 7 == 0 else "article",
        "published_on": f"20{20 + number % 2}-{1 + number % 12:02}-{1 + number % 28:02}",
        "changed_at": "2022-01-01T00:00:00Z" if number % 5 == 0 else None,
        "gone_at": "2022-01-01T00:00:00Z" if number % 10 == 0 else None,
    }
    for number in range(1, 121)
]
ASKED = [
    # typed, and what holds for the articles that it finds
    ("الحكومة", lambda a: "الحكومة" in a["text"]),
    ("حكومة دمشق ناشر:wire", lambda a: "دمشق" in a["text"] and a["publisher"] == "wire"),
    ("حلب منذ:2021 قبل:2021-7",
     lambda a: "حلب" in a["text"] and "2021" < a["published_on"] < "2021-07"),
    ("خبر نوع:video", lambda a: a["kind"] == "video"),
    ("خبر -kind:video -ناشر:wire", lambda a: a["kind"] != "video" and a["publisher"] != "wire"),
    ("خبر قسم:رياضة", lambda a: a["section"] == "رياضة"),
    ("خبر -section:رياضة", lambda a: a["section"] != "رياضة"),
    ("خبر قسم:رياضة kind:video kind:article", lambda a: a["section"] == "رياضة"),
    ("خبر is:edited", lambda a: a["changed_at"]),
    ("خبر حالة:مُعدّلة -حالة:مختفية", lambda a: a["changed_at"] and not a["gone_at"]),
    ("is:gone", lambda a: a["gone_at"]),
    ("-حلب ناشر:daily", lambda a: "حلب" not in a["text"] and a["publisher"] == "daily"),
    ("لاشيء", lambda a: False),
]  # fmt: skip


@pytest.fixture(scope="module")
def archive():
    connection = empty_archive()
    for fields in ARTICLES:
        add_article(connection, **fields)
    return connection


def naive(articles):
    """Return what a census says of articles, counted in Python."""
    return {
        "publisher": Counter(a["publisher"] for a in articles),
        "section": Counter(a["section"] for a in articles if a["section"]),
        "kind": Counter(a["kind"] for a in articles),
        "state": +Counter(
            edited=sum(bool(a["changed_at"]) for a in articles),
            gone=sum(bool(a["gone_at"]) for a in articles),
        ),
    }


@pytest.mark.parametrize(("typed", "holds"), ASKED)
@pytest.mark.parametrize("few", [True, False])
def test_all_are_counted_up_to_the_most(archive, monkeypatch, typed, holds, few):
    if not few:  # as if a word were in very many articles: they are looked for from the newest on
        monkeypatch.setattr(facets, "size", lambda *_: 10**6)
    found = [article for article in ARTICLES if holds(article)]
    counted = census(archive, replace(parse(typed), every=True))
    assert (counted.total, counted.exact, counted.counted) == (len(found), True, len(found))
    assert counted.sorts == naive(found)
    assert counted.months == Counter(article["published_on"][:7] for article in found)
    assert list(counted.months) == sorted(counted.months)
    assert count(archive, typed, order="new") == len(found)


@pytest.mark.parametrize("few", [True, False])
def test_of_more_the_newest_are_counted(archive, monkeypatch, few):
    monkeypatch.setattr(facets, "MOST", 30)
    if not few:
        monkeypatch.setattr(facets, "size", lambda *_: 10**6)
    counted = census(archive, replace(parse("الحكومة ناشر:wire"), every=True))
    found = [a for a in ARTICLES if "الحكومة" in a["text"] and a["publisher"] == "wire"]
    newest = sorted((article["published_on"] for article in found), reverse=True)[:30]
    assert (counted.exact, counted.counted) == (False, 30)
    assert counted.total >= 30
    assert counted.months == Counter(day[:7] for day in newest)


def test_the_number_of_many_is_estimated_from_a_sample(archive, monkeypatch):
    monkeypatch.setattr(facets, "MOST", 10)
    monkeypatch.setattr(facets, "last_id", lambda _: 120)
    monkeypatch.setattr(facets, "SAMPLE", 2)
    assert census(archive, parse("خبر")).total == 120


@pytest.mark.parametrize(("typed", "holds"), ASKED)
def test_a_search_finds_what_is_counted(archive, typed, holds):
    found = {article["id"] for article in ARTICLES if holds(article)}
    asked = replace(parse(typed), every=True)
    for order in ("best", "new"):
        for known in (len(found), 10**6):
            hits = hits_of(archive, asked, (200, 0), order=order, found=known)
            assert {hit.id for hit in hits} == found
    assert {hit.id for hit in search(archive, typed, limit=200, order="new")} == found


def test_sorts_are_read_from_what_is_typed():
    asked = parse('خبر قسم:"أخبار محلية" -kind:video is:edited حالة:غيرها')
    assert asked.sorts == (
        Sort(field="section", value="أخبار محلية"),
        Sort(field="kind", value="video", excluded=True),
        Sort(field="state", value="edited"),
    )
    assert [str(word) for word in asked.words] == ['"خبر"', '"حال"', '"غير"']


def test_a_query_is_narrowed_less_without_one_of_its_filters():
    typed = 'دمشق ناشر:"عنب بلدي" -قسم:رياضة منذ:2020 "مؤتمر صحفي"~3'
    assert list(narrowings(typed)) == [
        ("publishers", 'ناشر:"عنب بلدي"', 'دمشق -قسم:رياضة منذ:2020 "مؤتمر صحفي"~3'),
        ("sorts", "-قسم:رياضة", 'دمشق ناشر:"عنب بلدي" منذ:2020 "مؤتمر صحفي"~3'),
        ("days", "منذ:2020", 'دمشق ناشر:"عنب بلدي" -قسم:رياضة "مؤتمر صحفي"~3'),
    ]
    assert list(narrowings("دمشق حلب")) == []
