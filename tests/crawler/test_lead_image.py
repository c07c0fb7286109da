"""The main image of an article is archived on the same polite road, once, after the articles."""

import pytest

from fixtures.page import png
from tests.crawler import wire

PNG = png(0x336699)


@pytest.fixture
def pictured(archive, site):
    """A newspaper of two articles with one and the same image."""
    archive.follow(feeds=[site.url + "/feed"], homepage=site.url + "/", lead_image=True)
    for number in (1, 2):
        page(site, number)
    site.answers["/photo.png"] = (wire.http(PNG, 'ETag: "1"', media="image/png"),)
    return archive


def page(site, number, *, title="خبر", image="/photo.png"):
    html = wire.article(f"{title} رقم {number} من المدينة").decode()
    meta = f"<meta property='og:image' content='{site.url if image[0] == '/' else ''}{image}'>"
    site.answers[f"/news/{number}"] = (
        wire.http(html.replace("</head>", meta + "</head>").encode()),
    )


async def test_an_image_is_captured_once_after_the_articles(pictured, site):
    summary = await pictured.crawl()
    assert site.targets()[-1] == "/photo.png"
    assert site.count("/photo.png") == 1
    assert summary.left == 0
    kept = pictured.rows("select kind, status, content_type, wire_bytes, publisher from captures"
                         " where url like '%/photo.png'")  # fmt: skip
    assert kept == [("image", 200, "image/png", len(PNG), "paper")]
    assert pictured.problems() == []
    page(site, 1, title="خبر معدل")
    pictured.forward(hours=2)
    await pictured.crawl()
    assert site.count("/photo.png") == 1
    assert site.count("/news/1") == 2
    assert pictured.rows(
        "select count(*) from links join visits on id = visit where url like '%photo%'"
    ) == [(0,)]


async def test_without_the_key_no_image_is_asked_for(pictured, site):
    pictured.follow(feeds=[site.url + "/feed"], homepage=site.url + "/")
    await pictured.crawl()
    assert site.count("/photo.png") == 0


FAILURES = [
    ((wire.http(b"", status="404 Not Found"),), "http-404"),
    ((wire.http(b"<html>login</html>"),), "not-an-image"),
    ((wire.http(b"<html>login</html>", media="image/png"),), "not-an-image"),
    ((wire.http(b"<svg onload='alert(1)'/>", media="image/svg+xml"),), "not-an-image"),
    ((wire.http(PNG + b"x" * (11 * 1024 * 1024), media="image/png"),), "truncated"),
]


@pytest.mark.parametrize(("answer", "kind"), FAILURES)
async def test_a_failure_is_a_problem_of_the_image_alone(pictured, site, answer, kind):
    site.answers["/photo.png"] = answer
    await pictured.crawl()
    assert pictured.problems() == [(kind, "/photo.png")]
    states = pictured.rows("select state from visits where kind = 'article'")
    assert states == [("done",), ("done",)]
    assert len(pictured.rows("select id from articles")) == 2


async def test_a_failed_image_is_tried_again_and_robots_txt_holds(pictured, site):
    rules = b"User-agent: *\nDisallow: /photo"
    site.answers["/robots.txt"] = (wire.http(rules, media="text/plain"),)
    await pictured.crawl()
    assert site.count("/photo.png") == 0
    assert pictured.problems() == [("robots-disallow", "/photo.png")]
    site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
    pictured.forward(days=2)
    await pictured.crawl()
    assert site.count("/photo.png") == 1


async def test_an_image_at_a_refused_address_is_not_asked_for(pictured, site):
    for number in (1, 2):
        page(site, number, image="http://169.254.169.254/photo.png")
    await pictured.crawl()
    kinds = pictured.rows("select kind, url from problems")
    assert kinds == [("address-refused", "http://169.254.169.254/photo.png")]
    assert len(pictured.rows("select id from articles")) == 2
