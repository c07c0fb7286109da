"""The same wire in many newspapers is one story, in whatever order its articles come."""

import random
from collections import defaultdict
from contextlib import closing
from datetime import timedelta
from itertools import combinations

import pytest

from archive import articles
from archive.models import PageKind
from archive.stories import regroup_all
from archive.urls import article_id
from fixtures.newsstand import ALL, Newsstand
from tests.archive.desk import NOON, reading
from tests.archive.newsroom import empty_archive
from tests.archive.reprints import LEAD, OTHER, WIRE

TAIL = "\n".join(WIRE.split("\n")[2:])


@pytest.fixture
def db():
    with closing(empty_archive()) as connection:
        connection.execute("pragma foreign_keys = on")
        connection.executemany(
            "insert into publishers (slug, name) values (?, ?)", [(slug, slug) for slug in "abcd"]
        )
        yield connection


def keep(db, name, text=WIRE, *, hours=0, published=None, **fields):
    """Keep an article of the publisher and address that its name tells, as `a1`."""
    moment = NOON + timedelta(hours=hours)
    article, _ = articles.keep(
        db,
        reading(f"عنوان {name}", text, published_at=published, **fields),
        url=f"https://{name[0]}.example/{name}",
        publisher=name[0],
        capture=None,
        seen_at=moment,
    )
    return article


def stories(db):
    groups = defaultdict(set)
    for article, story in db.execute("select id, story from articles where story is not null"):
        groups[story].add(article)
    return sorted(map(sorted, groups.values()))


def story(db, columns="*"):
    return db.execute(f"select {columns} from stories").fetchone()


def test_an_article_alone_has_no_story(db):
    keep(db, "a1")
    keep(db, "b1", OTHER)
    assert stories(db) == []
    assert story(db) is None


def test_a_reprint_joins_and_the_story_tells_who_was_first(db):
    late = keep(db, "b1", hours=5, published=NOON + timedelta(hours=4))
    first = keep(db, "a1", "طرابلس - " + WIRE, hours=6, published=NOON - timedelta(hours=2))
    short = keep(db, "a2", LEAD, hours=7, published=NOON + timedelta(hours=1))
    keep(db, "c1", OTHER, hours=8)
    assert stories(db) == [sorted([late, first, short])]
    assert story(db) == (
        late, "عنوان a1", first, "a", "2020-11-09T10:00:00.000000Z", "2020-11-09T16:00:00.000000Z",
        6 * 3600, 3, 2,
    )  # fmt: skip


def test_a_day_without_a_time_counts_as_its_end(db):
    keep(db, "a1", hours=50)
    keep(db, "b1", hours=50, published=NOON + timedelta(hours=3))
    keep(db, "c1", hours=51, published=NOON + timedelta(hours=30))
    assert story(db, "first_publisher, first_at, last_at, spread") == (
        "b", "2020-11-09T15:00:00.000000Z", "2020-11-10T18:00:00.000000Z", 27 * 3600,
    )  # fmt: skip
    db.execute("update articles set withheld_at = '2020-11-12' where publisher = 'b'")
    assert story(db, "first_publisher, first_at, articles") == ("a", "2020-11-09", 2)


def test_no_story_is_older_than_its_first_capture(db):
    keep(db, "a1", hours=1, published=NOON + timedelta(hours=20))
    keep(db, "b1", hours=3, published=NOON + timedelta(hours=2))
    assert story(db, "first_publisher") == ("a",)


def test_an_article_joins_two_stories_to_one(db):
    ids = [keep(db, "a1", LEAD), keep(db, "b1", LEAD), keep(db, "c1", TAIL), keep(db, "d1", TAIL)]
    assert len(stories(db)) == 2
    ids.append(keep(db, "a2", WIRE, hours=1))
    assert stories(db) == [sorted(ids)]
    assert db.execute("select count(*) from stories").fetchone() == (1,)


def test_a_rewritten_article_leaves_and_what_it_held_together_parts(db):
    lead, tail, whole = keep(db, "a1", LEAD), keep(db, "b1", TAIL), keep(db, "c1", hours=1)
    assert stories(db) == [sorted([lead, tail, whole])]
    keep(db, "c1", OTHER, hours=2)
    assert stories(db) == []
    assert story(db) is None
    keep(db, "c1", TAIL, hours=3)
    assert stories(db) == [sorted([tail, whole])]


def test_an_article_that_grows_stays_in_its_story(db):
    ids = [keep(db, "a1"), keep(db, "b1", hours=1), keep(db, "c1", hours=1)]
    keep(db, "a1", WIRE + "\nوأضاف أن سفينة ثانية في الطريق.", hours=2)
    assert stories(db) == [sorted(ids)]
    assert story(db, "id, articles") == (ids[0], 3)


def test_a_story_tells_its_headline_as_it_is_now(db):
    keep(db, "a1", published=NOON - timedelta(hours=1))
    keep(db, "b1", published=NOON)
    articles.keep(
        db, reading("عنوان آخر", WIRE, published_at=NOON - timedelta(hours=1)),
        url="https://a.example/a1", publisher="a", capture=None, seen_at=NOON,
    )  # fmt: skip
    assert story(db, "title") == ("عنوان آخر",)


def test_withheld_articles_are_not_told_of(db):
    first = keep(db, "a1")
    keep(db, "b1", hours=1)
    db.execute("update articles set withheld_at = '2020-11-10' where id = ?", (first,))
    assert story(db, "first_publisher, title, articles") == ("b", "عنوان b1", 1)
    db.execute("update articles set withheld_at = '2020-11-10'")
    assert story(db, "first_publisher, title, first_at, articles") == (None, None, None, 0)
    db.execute("update articles set withheld_at = null")
    assert story(db, "first_publisher, articles") == ("a", 2)


def test_a_deleted_article_is_forgotten(db):
    first, second = keep(db, "a1"), keep(db, "b1", hours=1)
    db.execute("delete from revisions")
    db.execute("delete from articles where id = ?", (first,))
    assert story(db, "id, first_article, articles") == (first, second, 1)
    keep(db, "c1", hours=2)
    assert story(db, "id, articles") == (second, 2)


def test_order_is_no_matter(db):
    wires = [("a1", WIRE), ("b1", LEAD), ("c1", TAIL), ("d1", OTHER), ("a2", OTHER + " انتهى.")]
    seen = {name: hours for hours, (name, _) in enumerate(wires)}
    found = set()
    for seed in range(5):
        random.Random(seed).shuffle(wires)
        with closing(empty_archive()) as other:
            other.executemany(
                "insert into publishers (slug, name) values (?, ?)",
                [(slug, slug) for slug in "abcd"],
            )
            for name, text in wires:
                keep(other, name, text, hours=seen[name])
            found.add(tuple(other.execute("select * from stories order by id")))
    assert len(found) == 1
    assert {row[0] for row in found.pop()} == {
        article_id("https://a.example/a1"), article_id("https://d.example/d1"),
    }  # fmt: skip


def test_a_boilerplate_that_hundreds_share_hides_no_reprint(db):
    notice = "هذه المادة من أرشيف الصحيفة، وتُنشر كما كُتبت في يومها من غير تصحيح أو تعليق عليها.\n"
    rng = random.Random(3)
    words = sorted(set((WIRE + OTHER).split()))
    for number in range(150):
        keep(db, f"a{number}", notice + " ".join(rng.choices(words, k=60)))
    first = keep(db, "b1", notice + WIRE)
    second = keep(db, "c1", WIRE)
    third = keep(db, "d1", notice + LEAD)
    assert stories(db) == [sorted([first, second, third])]


def test_a_story_in_hundreds_of_papers_takes_in_the_next(db):
    for number in range(130):
        keep(db, f"a{number}", f"{WIRE}\nالنسخة {number}.")
    keep(db, "b1", LEAD)
    assert story(db, "articles, publishers") == (131, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_whatever_came_late_or_was_edited_the_stories_are_those_of_a_fresh_look(seed):
    """A phrase of 300 articles, shortened copies, edits; the order of arrival is another one."""
    rng = random.Random(seed)
    phrase = "هذه المادة من أرشيف الصحيفة، وتُنشر كما كُتبت في يومها من غير تصحيح أو تعليق عليها.\n"
    words = sorted(set((WIRE + OTHER).split()))
    texts = [phrase + " ".join(rng.choices(words, k=rng.choice([12, 30, 60]))) for _ in range(300)]
    texts += [phrase * (n % 2) + WIRE[: 200 + 6 * n] for n in range(40)]
    pieces = list(enumerate(texts))
    with closing(empty_archive()) as db:
        db.executemany("insert into publishers (slug, name) values (?, '')", [(s,) for s in "ab"])
        rng.shuffle(pieces)
        for number, text in pieces:
            keep(db, f"{'ab'[number % 2]}{number}", text, hours=number)
        for number, _ in rng.sample(pieces, 40):
            moment = 400 + number
            keep(db, f"{'ab'[number % 2]}{number}", rng.choice(texts)[9:], hours=moment)
        arrived = stories(db), db.execute("select * from stories order by id").fetchall()
        regroup_all(db)
        assert (stories(db), db.execute("select * from stories order by id").fetchall()) == arrived


def test_the_wires_of_the_fixtures():
    newsstand = Newsstand(articles=360, papers=ALL)
    wires = defaultdict(set)
    with closing(empty_archive()) as db:
        for paper in newsstand.papers.values():
            db.execute("insert into publishers (slug, name) values (?, '')", (paper.slug,))
            for truth in paper.truths(newsstand.now()):
                article, _ = articles.keep(
                    db,
                    reading(truth.title, truth.text, kind=PageKind(truth.kind)),
                    url=truth.url,
                    publisher=paper.slug,
                    capture=None,
                    seen_at=truth.listed_at,
                )
                wires[truth.wire].add(article)
        del wires[None]
        true, found = pairs(wires.values()), pairs(stories(db))
    assert len(true) > 30
    assert len(true & found) >= 0.99 * len(found)
    assert len(true & found) >= 0.95 * len(true)


def pairs(groups):
    return {pair for group in groups for pair in combinations(sorted(group), 2)}
