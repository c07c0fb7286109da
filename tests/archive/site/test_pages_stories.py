import re
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from datasette.app import Datasette

from archive import articles
from archive.database import open_for_writing
from tests.archive.desk import NOON, hide, reading
from tests.archive.newsroom import add_article
from tests.archive.reading_room import words
from tests.archive.reprints import LEAD, OTHER, WIRE

PAPERS = {"a": "صحيفة الورق", "b": "وكالة الخبر", "c": "The Herald"}


class Desk:
    """An archive of one story in three papers, an article alone, and one withheld."""

    def __init__(self, root):
        self.root = root
        self.db = open_for_writing(root)
        self.db.executemany("insert into publishers (slug, name) values (?, ?)", PAPERS.items())
        at = datetime(2020, 11, 9, 8, 30, tzinfo=UTC)
        self.late = self.keep("a1", "عنوان <b>متأخر</b>", published_at=at + timedelta(hours=5))
        self.first = self.keep("b1", "عنوان الوكالة", published_at=at)
        self.short = self.keep("c1", "عنوان قصير", LEAD, published_on=date(2020, 11, 10))
        self.secret = self.keep("c2", "لا يقرأ هذا أحد")
        self.alone = self.keep("a2", "وحيد", OTHER)
        self.db.close()
        hide(root, self.secret)

    def keep(self, name, title, text=WIRE, **fields):
        article, _ = articles.keep(
            self.db,
            reading(title, text, **fields),
            url=f"https://{name[0]}.example/{name}",
            publisher=name[0],
            capture=None,
            seen_at=NOON + timedelta(days=3, hours=int(name[1])),
        )
        return article


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return Desk(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def datasette(desk):
    return Datasette([str(desk.root / "archive.db")])


async def seen(datasette, path, status=200):
    answer = await datasette.client.get(path)
    assert answer.status_code == status
    return answer.text, words(answer.text)


async def test_an_article_names_the_other_papers_that_printed_it(datasette, desk):
    html, words = await seen(datasette, f"/article/{desk.late}")
    assert (
        "نُشرت القصة أيضاً في وكالة الخبر 9 نوفمبر 2020، 08:30 بتوقيت غرينتش عنوان الوكالة"
        " The Herald 10 نوفمبر 2020 عنوان قصير القصة كلها"
    ) in words
    assert f'href="/article/{desk.first}"' in html
    assert "لا يقرأ" not in html


async def test_an_article_alone_says_nothing_of_stories(datasette, desk):
    _, words = await seen(datasette, f"/article/{desk.alone}")
    assert "القصة" not in words


async def test_a_story_lists_its_articles_in_the_order_of_time(datasette, desk):
    answer = await datasette.client.get(f"/story/{desk.short}")
    assert answer.status_code == 302
    html, words = await seen(datasette, answer.headers["location"])
    assert "أول من نشر: وكالة الخبر المواد: 3 الناشرون: 3" in words
    assert "من 9 نوفمبر 2020، 08:30 بتوقيت غرينتش إلى 10 نوفمبر 2020" in words
    order = re.findall(r'<h3[^>]*><a href="/article/(\d+)"', html)
    assert order == [str(desk.first), str(desk.late), str(desk.short)]
    assert "<b>متأخر" not in html
    assert "لا يقرأ" not in html


@pytest.mark.parametrize("which", ["alone", "secret"])
async def test_an_article_without_a_story_to_show_has_no_story_page(datasette, desk, which):
    _, words = await seen(datasette, f"/story/{getattr(desk, which)}", 404)
    assert words.startswith({"alone": "لا قصة", "secret": "هذه المادة محجوبة"}[which])


async def test_the_table_of_stories_leads_to_their_pages(datasette, desk):
    answer = await datasette.client.get("/archive/stories.json?_shape=array")
    (story,) = answer.json()
    html, _ = await seen(datasette, "/archive/stories")
    assert f"<bdi>{timedelta(seconds=story['spread'])}</bdi></td>" in html
    assert f'<a href="/story/{story["id"]}">عنوان الوكالة</a>' in html
    html, _ = await seen(datasette, f"/archive/articles?id={desk.late}&_columns=all")
    assert f'<a href="/archive/stories/{story["id"]}">' in html


async def test_a_story_shows_what_each_newspaper_changed_against_the_first(datasette, desk):
    answer = await datasette.client.get(f"/story/{desk.first}", follow_redirects=True)
    html = answer.text
    shown = words(html)
    assert shown.index("نُشرت أولاً") < shown.index("بعد الأول بـ 5 س")
    assert html.count("<circle") == 2  # of the third only the day is known
    short = html.partition("The Herald")[2]
    assert "حُذفت فقرة" in short
    assert "<del>وكانت الحركة" in short
    found = (await datasette.client.get(f"{answer.url.path}.json")).json()
    assert [row["id"] for row in found["versions"]] == [desk.first, desk.late, desk.short]
    assert [row["after"] for row in found["versions"]] == [0, 5 * 3600, None]
    assert found["versions"][2]["summary"]["kinds"] == ["headline", "removed"]
    assert "لا يقرأ" not in answer.text


async def test_a_version_that_was_seen_before_its_printed_time_is_as_late_as_it_was_seen(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("insert into stories (id) values (1)")
        for number, hours in enumerate([(1, 5), (9, 3), (8, 8)], 1):
            printed, first_seen = (f"2020-11-09T0{hour}:00:00.000000Z" for hour in hours)
            add_article(db, id=number, published_at=printed, first_seen_at=first_seen)
        db.execute("update articles set story = 1")
        lags = dict(db.execute("select article, lag from story_articles"))
    story = (await Datasette([str(tmp_path / "archive.db")]).client.get("/story/1.json")).json()
    after = {version["id"]: version["after"] for version in story["versions"]}
    assert after == lags == {1: 0, 2: 2 * 3600, 3: 7 * 3600}
