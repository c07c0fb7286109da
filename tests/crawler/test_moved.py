"""A newspaper that moves keeps its articles: one each, with its history, where it is now."""

import asyncio

import pytest

from archive.article_rows import find_all
from archive.database import open_for_reading
from archive.models import Publisher
from archive.store import Store
from crawler.settings import scrapy_settings
from tests.crawler import wire
from tests.crawler.tables import derived_again, differences, follows

pytestmark = pytest.mark.slow

NEWS = [f"/news/{number}" for number in (1, 2, 3)]
TITLES = dict(zip(NEWS, ["وصول سفينة القمح", "افتتاح الجسر الجديد", "نتائج الدوري"], strict=True))
LATER = "<p>وأضاف المراسل أن المدارس ستفتح أبوابها يوم الأحد المقبل.</p></article>"
DIFFERENT = "ارتفعت أسعار {0} في سوق {0} القديم بعد وصول {0} إلى الميناء في شحنة {0} الأخيرة. "


def own(title):
    """Return an article whose text is its own."""
    page, paragraph = wire.article(title).decode(), f"<p>{DIFFERENT.format(title) * 2}</p>" * 2
    return (page[: page.index("<p>")] + paragraph + "</article></body></html>").encode()


def feed(*links):
    return (wire.http(wire.feed(*links), media="application/rss+xml"),)


def moved(url, status="301 Moved Permanently"):
    return (wire.http(b"", f"Location: {url}", status=status),)


@pytest.fixture
def new(monkeypatch):
    with wire.serving() as site:
        site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)

        def settings(*arguments, open_urls, **named):
            return scrapy_settings(*arguments, open_urls=[*open_urls, site.url], **named)

        monkeypatch.setattr("crawler.crawl.scrapy_settings", settings)
        yield site


@pytest.fixture
def paper(archive, site):
    """An archive of three articles of a newspaper at its old site."""
    site.answers["/feed"] = feed(*(site.url + path for path in NEWS))
    for path, title in TITLES.items():
        site.answers[path] = (wire.http(own(title)),)
    asyncio.run(archive.crawl())
    assert len(articles(archive)) == 3
    archive.forward(hours=1)
    return archive


def articles(archive):
    return archive.rows("select url, revision_count from articles order by url")


def move(site, new, *, to=str, status="301 Moved Permanently"):
    """Let the newspaper be at its new site, where `to` gives the paths."""
    for path, title in TITLES.items():
        site.answers[path] = moved(new.url + to(path), status)
        new.answers[to(path)] = (wire.http(own(title)),)
    site.answers["/feed"] = moved(new.url + "/feed", status)
    new.answers["/feed"] = feed(*(new.url + to(path) for path in NEWS))


def assert_one_each(archive, site, new, *, to=str):
    assert articles(archive) == [(new.url + to(path), 1) for path in NEWS]
    with open_for_reading(archive.root) as db:
        for path in NEWS:
            assert find_all(db, site.url + path) == find_all(db, new.url + to(path))
            assert len(find_all(db, site.url + path)) == 1
    assert archive.rows("select count(*) from visits where article and due_at is not null") == [
        (3,)
    ]


def assert_derived_alike(archive, tmp_path):
    before = follows(archive.root)
    for how, copy in derived_again(archive.root, tmp_path / "again", seeds=(1,)):
        after = follows(copy)
        for table, rows in before.items():
            assert differences(rows, after[table]) == [], (how, table)


@pytest.mark.parametrize("to", [str, lambda path: f"/2026{path}.html"], ids=["domain", "paths"])
@pytest.mark.parametrize("first", ["old", "new", "together"])
def test_each_article_goes_on_whichever_address_is_visited_first(
    paper, site, new, tmp_path, first, to
):
    move(site, new, to=to)
    listing, old = site.answers["/feed"], {path: site.answers[path] for path in NEWS}
    if first == "old":
        site.answers["/feed"] = feed()
        asyncio.run(paper.crawl())
        assert_one_each(paper, site, new, to=to)
        site.answers["/feed"] = listing
    if first == "new":
        site.answers |= dict.fromkeys(NEWS, (wire.http(status="503 Service Unavailable"),))
        asyncio.run(paper.crawl())
        assert len(articles(paper)) == 6
        site.answers |= old
    for step in ({"minutes": 30}, {"hours": 8}):
        paper.forward(**step)
        asyncio.run(paper.crawl())
    assert_one_each(paper, site, new, to=to)
    assert paper.rows("select count(*) from stories where articles > 1") == [(0,)]
    assert [url for kind, url in paper.problems() if kind == "publisher-moved"] == ["/feed"]
    assert_derived_alike(paper, tmp_path)


def test_an_edit_at_the_new_site_is_one_of_the_article(paper, site, new, tmp_path):
    move(site, new)
    site.answers |= dict.fromkeys(NEWS, (wire.http(status="503 Service Unavailable"),))
    asyncio.run(paper.crawl())
    edited = own(TITLES[NEWS[0]]).replace(b"</article>", LATER.encode())
    new.answers[NEWS[0]] = (wire.http(edited),)
    paper.forward(hours=8)
    asyncio.run(paper.crawl())
    for path in NEWS:
        site.answers[path] = moved(new.url + path)
    paper.forward(minutes=30)
    asyncio.run(paper.crawl())
    assert articles(paper) == [(new.url + path, 2 - (path != NEWS[0])) for path in NEWS]
    assert_derived_alike(paper, tmp_path)


@pytest.mark.parametrize("listed", [True, False])
def test_another_article_is_never_taken_for_one_that_moved(paper, site, new, tmp_path, listed):
    move(site, new)
    for path in NEWS:  # its numbers begin again
        new.answers[path] = (wire.http(own(f"خبر {path[-1]} من موقع آخر")),)
    if not listed:
        new.answers["/feed"] = feed()
    before = articles(paper)
    for _ in range(3):
        asyncio.run(paper.crawl())
        paper.forward(hours=8)
    assert articles(paper)[: 3 if not listed else None] == sorted(
        [*before, *((new.url + path, 1) for path in NEWS if listed)]
    )
    assert_derived_alike(paper, tmp_path)


def test_a_listing_that_is_elsewhere_for_now_makes_no_site_its_own(paper, site, new):
    move(site, new, status="302 Found")
    asyncio.run(paper.crawl())
    assert "publisher-moved" not in dict(paper.problems())
    assert not new.count("/news/4")
    assert paper.rows("select moved_to from publishers") == [(None,)]


def test_a_site_of_another_newspaper_is_not_taken_over(paper, site, new):
    wire.publisher(paper.root, "other", homepage=new.url + "/", feeds=[new.url + "/feed"])
    move(site, new)
    with Store(paper.root, command="test", clock=paper.clock) as store:
        store.publish(Publisher(slug="other", name="x", homepage=new.url + "/"))
    asyncio.run(paper.crawl())
    assert paper.rows("select slug from publishers where moved_to is not null") == []
    assert "foreign-link" in dict(paper.problems())
