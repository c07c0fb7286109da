"""A newspaper that moves to another site keeps its articles: one each, with its history."""

import asyncio

import pytest

from archive.article_rows import find_all
from archive.database import open_for_reading
from archive.models import Publisher
from archive.store import Store
from tests.crawler import wire
from tests.crawler.tables import derived_again, differences, follows

pytestmark = pytest.mark.slow

NEWS = [f"/news/{number}" for number in range(1, 21)]
LATER = "<p>وأضاف المراسل أن المدارس ستفتح أبوابها يوم الأحد المقبل.</p></article>"
DIFFERENT = "ارتفعت أسعار {0} في سوق {0} القديم بعد وصول {0} إلى الميناء في شحنة {0} الأخيرة. "
PERMANENTLY, FOR_NOW = "301 Moved Permanently", "302 Found"
STATES = """
select v.url, state from visits v join articles a on a.id = v.article
where v.due_at is not null order by v.url
"""


def own(path, end="</article>"):
    """Return an article whose text is its own."""
    name = f"الصنف {path.replace('/', ' ')}"
    page, paragraph = wire.article(name).decode(), f"<p>{DIFFERENT.format(name) * 2}</p>" * 2
    return (page[: page.index("<p>")] + paragraph + end + "</body></html>").encode()


def feed(*links):
    return (wire.http(wire.feed(*links), media="application/rss+xml"),)


def sitemap(*links):
    urls = "".join(f"<url><loc>{link}</loc></url>" for link in links)
    body = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{urls}</urlset>"
    return (wire.http(body.encode(), media="application/xml"),)


def moved(url, status=PERMANENTLY):
    return (wire.http(b"", f"Location: {url}", status=status),)


@pytest.fixture
def new(monkeypatch):
    """The site to which the newspaper moves."""
    with wire.serving() as site:
        site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)

        wire.may_be_asked(monkeypatch, site)
        yield site


@pytest.fixture
def paper(archive, site):
    """An archive of twenty articles of a newspaper at its old site, some time ago."""
    archive.follow(feeds=[site.url + "/feed"], sitemaps=[site.url + "/sitemap.xml"])
    publish(site, site)
    poll(archive, minutes=30)
    assert len(articles(archive)) == 20
    return archive


@pytest.fixture
def feed_only(archive, site):
    """An archive of twenty articles of a newspaper that has a feed and nothing else."""
    publish(site, site)
    poll(archive, minutes=30)
    assert len(articles(archive)) == 20
    return archive


def publish(site, at, paths=NEWS, *, to=str):
    """Let a site have articles, and name them in its listings as they are at a site."""
    links = [at.url + to(path) for path in paths]
    site.answers |= {"/feed": feed(*links), "/sitemap.xml": sitemap(*links)}
    site.answers |= {to(path): (wire.http(own(path)),) for path in paths}


def move(site, new, *, to=str, status=PERMANENTLY, of=NEWS):
    """Let the newspaper be at its new site, where `to` gives the paths, with one more article."""
    publish(new, new, ["/news/21", *NEWS], to=to)
    for path in of:
        site.answers[path] = moved(new.url + to(path), status)
    for path in ("/feed", "/sitemap.xml"):
        site.answers[path] = moved(new.url + path, status)


def switch_off(site):
    """Let the old site be somebody's who has nothing of it."""
    site.answers.clear()
    site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)


def articles(archive):
    return archive.rows("select id, url, revision_count from articles order by id")


def poll(archive, **step):
    asyncio.run(archive.crawl())
    archive.forward(**(step or {"hours": 1}))


def assert_moved(archive, before, new, *, to=str, also=("/news/21",)):
    """Assert that the articles are those from before, at the new site, with what came since."""
    after = {number: url for number, url, _ in articles(archive)}
    urls = [url for number, url, _ in articles(archive) if number in dict.fromkeys(ids(before))]
    assert sorted(urls) == sorted(new.url + to(path) for path in NEWS)
    assert sorted(set(after.values()) - set(urls)) == [new.url + to(path) for path in also]
    assert {count for _, _, count in articles(archive)} == {1}
    assert archive.rows("select count(*) from articles where missing_at is not null") == [(0,)]


def ids(rows):
    return [number for number, *_ in rows]


def assert_derived_alike(archive, tmp_path):
    before = follows(archive.root)
    for how, copy in derived_again(archive.root, tmp_path / "again", seeds=(1,)):
        after = follows(copy)
        for table, rows in before.items():
            assert differences(rows, after[table]) == [], (how, table)
        with open_for_reading(copy) as db:
            states = db.execute(STATES).fetchall()
        assert states == archive.rows(STATES), how


@pytest.mark.parametrize("to", [str, lambda path: f"/2026{path}.html"], ids=["domain", "paths"])
def test_after_two_polls_a_newspaper_is_at_its_new_site(paper, site, new, tmp_path, to):
    before = articles(paper)
    move(site, new, to=to)
    poll(paper)
    assert ids(articles(paper)) == ids(before)
    poll(paper)
    assert_moved(paper, before, new, to=to)
    with open_for_reading(paper.root) as db:
        for path in NEWS:
            assert find_all(db, site.url + path) == find_all(db, new.url + to(path))
    assert sorted(url for kind, url in paper.problems() if kind == "publisher-moved") == [
        "/feed", "/sitemap.xml",
    ]  # fmt: skip
    assert "foreign-link" not in dict(paper.problems())
    switch_off(site)
    paper.follow(feeds=[new.url + "/feed"], sitemaps=[new.url + "/sitemap.xml"])
    asked = len(site.asked)
    for _ in range(4):
        poll(paper, days=2)
    assert_moved(paper, before, new, to=to)
    assert set(site.targets()[asked:]) <= {"/robots.txt"}
    assert_derived_alike(paper, tmp_path)


def test_what_has_moved_is_asked_for_where_it_is(paper, site, new):
    move(site, new)
    poll(paper)
    poll(paper)
    switch_off(site)
    for _ in range(4):
        poll(paper, days=2)
    assert paper.rows("select count(*) from articles where last_seen_at < ?", "2026-11-26") == [
        (0,)
    ]
    assert paper.rows("select count(*) from articles") == [(21,)]
    assert paper.rows("select distinct state from visits where article is not null") == [("done",)]
    assert {url for kind, url in paper.problems() if kind == "http-404"} == {
        "/feed", "/sitemap.xml",
    }  # fmt: skip


def test_a_crawl_that_ends_early_doubles_nothing(paper, site, new):
    before = articles(paper)
    move(site, new)
    for _ in range(5):
        asyncio.run(paper.crawl(limit=6))
        paper.forward(minutes=10)
        assert len(articles(paper)) <= 21
    poll(paper)
    assert_moved(paper, before, new)


def test_an_unchanged_answer_at_the_new_address_refers_to_what_was_sent_there(feed_only, site, new):
    def answer(asked):
        fresh = asked.header("If-None-Match") == '"1"'
        return (
            wire.http(b"", 'ETag: "1"', status="304 Not Modified")
            if fresh
            else wire.http(own("/news/1"), 'ETag: "1"'),
        )

    move(site, new)
    new.answers["/news/1"] = answer
    for _ in range(3):
        poll(feed_only, hours=8)
    url = new.url + "/news/1"
    rows = feed_only.rows("select status, revisit from captures where url = ? order by id", url)
    assert (304, 1) in rows
    assert (304, 0) not in rows


def test_an_edit_at_the_new_site_is_one_of_the_article(feed_only, site, new, tmp_path):
    before = articles(feed_only)
    move(site, new)
    new.answers["/news/3"] = (wire.http(own("/news/3", LATER)),)
    poll(feed_only)
    new.answers["/news/4"] = (wire.http(own("/news/4", LATER)),)
    for _ in range(3):
        poll(feed_only, hours=8)
    counts = {url: count for _, url, count in articles(feed_only)}
    assert {url for url, count in counts.items() if count == 2} == {
        new.url + "/news/3", new.url + "/news/4",
    }  # fmt: skip
    assert set(ids(before)) <= set(ids(articles(feed_only)))
    assert_derived_alike(feed_only, tmp_path)


def test_what_redirects_for_now_has_not_moved(feed_only, site, new):
    before = articles(feed_only)
    move(site, new, status=FOR_NOW)
    for _ in range(3):
        poll(feed_only, hours=12)
    assert "publisher-moved" not in dict(feed_only.problems())
    assert "foreign-link" in dict(feed_only.problems())
    assert ids(articles(feed_only)) == ids(before)
    assert site.count("/news/1") > 2
    assert not new.count("/news/21")


def test_a_redirect_of_all_to_the_front_page_is_no_continuation(feed_only, site, new):
    before = articles(feed_only)
    new.answers["/"] = (wire.http(b"<html><body>x</body></html>"),)
    site.answers |= dict.fromkeys([*NEWS, "/feed"], moved(new.url + "/"))
    for _ in range(3):
        poll(feed_only, hours=8)
    assert articles(feed_only) == before
    assert {kind for kind, url in feed_only.problems() if url in NEWS} == {"maybe-gone"}
    assert feed_only.rows("select count(*) from articles where missing_at is not null") == [(0,)]


def test_articles_of_which_the_old_addresses_are_gone_are_new_ones(feed_only, site, new):
    before = articles(feed_only)
    move(site, new, of=[])
    site.answers |= dict.fromkeys(NEWS, (wire.http(status="404 Not Found"),))
    for _ in range(3):
        poll(feed_only, hours=8)
    assert len(articles(feed_only)) == 41
    assert set(before) <= set(articles(feed_only))


def test_a_site_that_asks_for_patience_gets_it_for_a_day(feed_only, site, new):
    before = articles(feed_only)
    move(site, new)
    redirected = {path: site.answers[path] for path in NEWS}
    later = wire.http(b"", "Retry-After: 36000", status="503 Service Unavailable")
    site.answers |= dict.fromkeys(NEWS, (later,))
    for _ in range(3):
        poll(feed_only, hours=4)
    assert articles(feed_only) == before
    site.answers |= redirected
    for _ in range(2):
        poll(feed_only)
    assert_moved(feed_only, before, new)


def test_a_feed_at_a_service_is_followed_at_once(feed_only, site, new):
    site.answers["/news/21"] = (wire.http(own("/news/21")),)
    new.answers["/paper"] = feed(*(site.url + path for path in ["/news/21", *NEWS]))
    site.answers["/feed"] = moved(new.url + "/paper")
    poll(feed_only)
    assert len(articles(feed_only)) == 21
    assert "publisher-moved" not in dict(feed_only.problems())
    assert site.count("/news/1") == 1


def test_a_site_of_another_newspaper_is_not_taken_over(feed_only, site, new):
    with Store(feed_only.root, command="test", clock=feed_only.clock) as store:
        store.publish(Publisher(slug="other", name="x", homepage=new.url + "/"))
    before = articles(feed_only)
    move(site, new)
    for _ in range(2):
        poll(feed_only)
    assert articles(feed_only) == before
    assert "publisher-moved" not in dict(feed_only.problems())
    assert "foreign-link" in dict(feed_only.problems())


def test_a_map_that_is_named_at_the_new_site_is_followed(archive, site, new):
    archive.follow(sitemaps=[site.url + "/sitemap.xml"])
    publish(site, site)
    index = "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>{}"
    index += "/map.xml</loc></sitemap></sitemapindex>"
    site.answers["/map.xml"] = site.answers["/sitemap.xml"]
    site.answers["/sitemap.xml"] = (wire.http(index.format(site.url).encode()),)
    poll(archive)
    before = articles(archive)
    assert len(before) == 20
    move(site, new)
    new.answers["/map.xml"] = new.answers["/sitemap.xml"]
    new.answers["/sitemap.xml"] = (wire.http(index.format(new.url).encode()),)
    for _ in range(2):
        poll(archive)
    assert_moved(archive, before, new)


def test_two_addresses_that_lead_to_one_page_spoil_no_article(feed_only, site, new):
    before = articles(feed_only)
    new.answers["/notice"] = (wire.http(own("/notice")),)
    site.answers |= dict.fromkeys(NEWS, moved(new.url + "/notice"))
    for _ in range(2):
        poll(feed_only, hours=8)
    assert articles(feed_only) == before


def test_a_portal_that_all_addresses_lead_to_for_a_while_leaves_no_trace(
    feed_only, site, new, tmp_path
):
    before, kept = articles(feed_only), dict(site.answers)
    new.answers["/notice"] = (wire.http(wire.article("إشعار من مزود الخدمة")),)
    site.answers |= dict.fromkeys([*NEWS, "/feed"], moved(new.url + "/notice"))
    for _ in range(2):
        poll(feed_only, hours=8)
    assert "maybe-gone" in dict(feed_only.problems())
    site.answers |= kept
    asked = len(site.asked)
    for _ in range(4):
        poll(feed_only, days=2)
    assert articles(feed_only) == before
    assert set(NEWS) <= set(site.targets()[asked:])
    assert feed_only.rows("select count(*) from articles where missing_at is not null") == [(0,)]
    assert_derived_alike(feed_only, tmp_path)


def test_a_portal_with_links_of_its_own_is_not_the_newspaper(archive, site, new):
    item = "<div><h2><a href='{}'>عنوان طويل من عناوين الأخبار {}</a></h2></div>"
    archive.follow(sections=[site.url + "/latest"])
    publish(site, site)
    items = "".join(item.format(site.url + path, path) for path in NEWS)
    site.answers["/latest"] = (wire.http(f"<html><body>{items}</body></html>".encode()),)
    poll(archive)
    before = articles(archive)
    assert len(before) == 20
    items = items.replace(site.url + "/news/", new.url + "/offers/the-best-of-them-all-")
    new.answers["/welcome"] = (wire.http(f"<html><body>{items}</body></html>".encode()),)
    site.answers |= dict.fromkeys([*NEWS, "/latest"], moved(new.url + "/welcome"))
    for _ in range(4):
        poll(archive, hours=8)
    assert articles(archive) == before
    assert {"foreign-link", "maybe-gone"} & dict(archive.problems()).keys()
    assert not [target for target in new.targets() if target.startswith("/offers/")]


def test_a_feed_at_a_service_with_addresses_of_its_own_is_not_the_newspaper(feed_only, site, new):
    before = articles(feed_only)
    paths = [path.replace("/news/", "/rss/articles/") for path in NEWS]
    new.answers |= {path: (wire.http(own(path)),) for path in paths}
    new.answers["/rss"] = feed(*(new.url + path for path in paths))
    site.answers["/feed"] = moved(new.url + "/rss")
    for _ in range(4):
        poll(feed_only, hours=8)
    assert articles(feed_only) == before
    assert "publisher-moved" not in dict(feed_only.problems())
    assert "foreign-link" in dict(feed_only.problems())


@pytest.mark.parametrize("is_off", [True, False], ids=["switched off", "redirected"])
def test_a_newspaper_that_returns_to_its_old_site_keeps_its_articles(
    feed_only, site, new, tmp_path, is_off
):
    before, kept = articles(feed_only), dict(site.answers)
    move(site, new)
    for _ in range(3):
        poll(feed_only, hours=8)
    site.answers |= kept
    if is_off:
        switch_off(new)
    else:
        move(new, site)
        publish(site, site)
    for _ in range(5):
        poll(feed_only, days=1)
    assert set(ids(before)) <= set(ids(articles(feed_only)))
    ours = "select count(*) from articles where missing_at is not null and url not like '%/21'"
    assert feed_only.rows(ours) == [(0,)]
    assert_derived_alike(feed_only, tmp_path)


def test_an_address_that_a_redirect_signs_for_a_day_takes_nothing_away(feed_only, site):
    before = articles(feed_only)
    for signed in ("?signed=1", "?signed=2"):
        pages = {path + signed: (wire.http(own(path)),) for path in NEWS}
        site.answers |= pages | {path: moved(site.url + path + signed) for path in NEWS}
        for _ in range(2):
            poll(feed_only, hours=12)
        for path in pages:
            del site.answers[path]
    assert ids(articles(feed_only)) == ids(before)
    assert feed_only.rows("select count(*) from articles where gone_at is not null") == [(0,)]


def test_another_address_of_an_article_does_not_double_it(feed_only, site, new):
    link = "<link rel='canonical' href='{}/news/1'></head>"
    for at in (site, new):
        html = own("/news/1", LATER).decode().replace("</head>", link.format(at.url))
        at.answers["/print/1"] = (wire.http(html.encode()),)
    site.answers["/feed"] = feed(*(site.url + path for path in ["/print/1", *NEWS]))
    poll(feed_only)
    before = articles(feed_only)
    assert len(before) == 20
    move(site, new, of=[*NEWS, "/print/1"])
    new.answers["/feed"] = feed(*(new.url + path for path in ["/print/1", "/news/21", *NEWS]))
    for _ in range(2):
        poll(feed_only)
    assert_moved(feed_only, before, new)


def test_the_new_sites_robots_txt_is_obeyed(feed_only, site, new):
    before = articles(feed_only)
    rules = b"User-agent: *\nDisallow: /news/2\n"
    new.answers["/robots.txt"] = (wire.http(rules, media="text/plain"),)
    move(site, new)
    for _ in range(3):
        poll(feed_only, hours=8)
    assert not [target for target in new.targets() if target.startswith("/news/2")]
    assert ids(articles(feed_only)) == ids(before)
    assert feed_only.rows("select count(*) from articles where missing_at is not null") == [(0,)]
