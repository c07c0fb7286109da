"""A saved search reports each article once: one that is new, and one that an edit made a hit."""

from contextlib import closing

import pytest

from archive.database import open_for_reading, open_for_writing
from archive.maintenance.withhold import withhold
from archive.models import Kind
from archive.search import watchlist
from tests.archive.desk import HOUR, NOON, PAPER, Hands, exchange, opened, reading, visit

WATCHED = {"water": "أزمة المياه"}


class Desk:
    """An archive to which pages are added, an hour apart."""

    def __init__(self, root):
        self.root = root
        self.hands = Hands()
        with opened(root, self.hands) as store:
            store.publish(PAPER)

    def keep(self, number, text, at=None):
        at, url = at or self.hands.advance(), f"https://alwaraq.example/{number}"
        with opened(self.root, self.hands) as store:
            shown = exchange(url, text.encode(), fetched_at=at)
            capture = store.record(shown, kind=Kind.ARTICLE, publisher=PAPER.slug)
            return store.keep(reading("عنوان", text), url=url, visit=visit(url), capture=capture)[0]

    def look(self, searches=WATCHED):
        """Return (search, articles, whether it begins) of what is found, and save that."""
        with closing(open_for_writing(self.root)) as db:
            finds = watchlist.look(db, searches)
            watchlist.save(db, finds, searches, now=self.hands.now)
            return [(find.name, set(find.articles), find.first) for find in finds]

    def count(self, table):
        with closing(open_for_reading(self.root)) as db:
            return db.execute(f"select count(*) from {table}").fetchone()[0]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_what_is_there_is_counted_and_what_is_new_reported_once(desk):
    old = desk.keep(1, "عن أزمة المياه في المدينة.")
    desk.keep(2, "عن المياه وحدها.")
    assert desk.look() == [("water", {old}, True)]
    assert desk.look() == []
    desk.keep(3, "عن الكهرباء.")
    new = desk.keep(4, "أزمة مياه جديدة.")
    assert desk.look() == [("water", {new}, False)]
    assert desk.look() == []


def test_an_edit_that_makes_an_article_a_hit_is_one(desk):
    article = desk.keep(1, "عن المدينة.")
    known = desk.keep(2, "عن أزمة المياه.")
    assert desk.look() == [("water", {known}, True)]
    desk.keep(1, "عن أزمة المياه في المدينة.")
    desk.keep(2, "عن أزمة المياه، مرة أخرى.")
    assert desk.look() == [("water", {article}, False)]
    desk.keep(1, "عن المدينة.")
    desk.keep(1, "عن أزمة المياه في المدينة، من جديد.")
    assert desk.look() == []


def test_what_comes_late_is_found_by_when_it_came(desk):
    """As from another machine: its captures are older than the last look."""
    desk.keep(1, "عن المدينة.")
    assert desk.look() == [("water", set(), True)]
    late = desk.keep(2, "أزمة المياه قبل أيام.", at=NOON - 100 * HOUR)
    assert desk.look() == [("water", {late}, False)]


def test_a_search_that_is_another_begins_again(desk):
    article = desk.keep(1, "عن أزمة المياه وعن الكهرباء.")
    desk.look()
    assert desk.look({"water": "الكهرباء"}) == [("water", {article}, True)]
    both = {"water": "الكهرباء", "": "حكوم*"}
    assert desk.look(both) == [("", set(), True)]
    assert desk.count("searches") == 2
    desk.keep(2, "قالت الحكومة.")
    assert [(name, first) for name, _, first in desk.look(both)] == [("", False)]
    desk.look({"other": "لا شيء"})
    assert (desk.count("searches"), desk.count("search_hits")) == (1, 0)


def test_what_is_withheld_is_no_hit(desk):
    article = desk.keep(1, "عن أزمة المياه.")
    desk.look()
    withhold(desk.root, str(article), reason="x", clock=desk.hands)
    assert desk.count("search_hits") == 0
    assert desk.look() == []


def test_titles_are_those_of_the_newest_first(desk):
    numbers = [desk.keep(number, f"نص {number}.") for number in range(3)]
    with closing(open_for_reading(desk.root)) as db:
        rows = watchlist.titles(db, numbers)
    assert {row["id"] for row in rows} == set(numbers)
    assert rows[0]["publisher"] == PAPER.name
