"""What takes an article off a site, and what only looks like it."""

from datetime import timedelta

import pytest

from archive.clock import iso
from archive.store import Store
from crawler.rebuild import rebuild
from tests.crawler import wire
from tests.crawler.tables import differences, everything

PATH = "/news/2020/11/1"
STATE = "select revision_count, missing_at is null, gone_at is null from articles"
LIVES, MISSED, GONE = [(1, 1, 1)], [(1, 0, 1)], [(1, 0, 0)]

SECTION = (
    "<html><head><title>سياسة</title></head><body><h1>سياسة</h1>"
    + "".join(
        f"<div class='card'><h2><a href='/news/{n}'>عنوان طويل رقم {n} من أخبار المدينة</a></h2>"
        f"<p>مقدمة الخبر رقم {n} كما تنشرها الصحيفة في صفحة القسم مع صورة صغيرة.</p></div>"
        for n in range(12)
    )
    + "</body></html>"
)
NOT_FOUND = (
    "<html><head><title>{title}</title></head><body><h1>{title}</h1>"
    "<p>{words}</p><a href='/'>الرئيسية</a></body></html>"
)
SOFT = {
    "by its title": NOT_FOUND.format(title="الصفحة غير موجودة", words="عودوا إلى الرئيسية"),
    "by its words": NOT_FOUND.format(title="جريدة", words="عذرا، تم حذف هذا الخبر من الموقع"),
    "in French": NOT_FOUND.format(title="Page introuvable", words="Retour"),
}


def answered(body, *headers, status="200 OK"):
    return (wire.http(body.encode() if isinstance(body, str) else body, *headers, status=status),)


def redirect(url):
    return answered(b"", f"Location: {url}", status="302 Found")


@pytest.fixture
async def paper(archive, site):
    """An archive that has an article, which is a month old and never due again by itself."""
    site.answers["/feed"] = (wire.http(wire.feed(site.url + PATH), media="application/rss+xml"),)
    site.answers[PATH] = answered(wire.article())
    archive.follow(feeds=[site.url + "/feed"], sections=[site.url + "/politics/"])
    site.answers["/politics/"] = answered(wire.article("قسم السياسة في الجريدة"))
    await archive.crawl()
    assert archive.rows(STATE) == LIVES
    del site.answers["/feed"]
    archive.forward(days=60)
    return archive


async def visit(paper, site):
    """Visit the article once, as somebody asks for it."""
    await paper.crawl(addresses=[(site.url + PATH, "paper")], poll=frozenset())


def due(paper):
    ((due_at,),) = paper.rows("select due_at from visits where kind = 'article'")
    return due_at


async def as_rebuilt(paper):
    """Rebuild the database; the articles come out as they were."""
    before = everything(paper.root)
    await rebuild(paper.root)
    after = everything(paper.root)
    for table in ("articles", "revisions", "captures", "problems"):
        assert differences(before[table], after[table]) == [], table


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/", wire.article("الصفحة الأولى من الجريدة")),
        ("/ar/", SECTION),
        ("/politics/", wire.article("قسم السياسة في الجريدة")),
        ("/unlisted-section", SECTION),
    ],
)
@pytest.mark.slow
async def test_a_redirect_to_a_front_page_or_section_is_neither_an_edit_nor_a_removal(
    paper, site, target, body
):
    site.answers[PATH] = redirect(target)
    site.answers[target] = answered(body)
    for _ in range(3):
        await visit(paper, site)
        assert paper.rows(STATE) == LIVES
        assert due(paper) > iso(paper.now)
        paper.forward(days=40)
    assert ("maybe-gone", PATH) in paper.problems()
    await as_rebuilt(paper)
    assert paper.rows(STATE) == LIVES


@pytest.mark.parametrize("name", SOFT)
@pytest.mark.slow
async def test_a_not_found_page_with_the_status_of_a_page_is_no_proof(paper, site, name):
    site.answers[PATH] = answered(SOFT[name])
    for _ in range(3):
        await visit(paper, site)
        assert paper.rows(STATE) == LIVES
        assert due(paper) > iso(paper.now)
        paper.forward(days=40)
    assert ("maybe-gone", PATH) in paper.problems()
    await as_rebuilt(paper)
    site.answers[PATH] = answered(wire.article())
    await visit(paper, site)
    assert paper.rows(STATE) == LIVES


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
async def test_gone_takes_two_answers_an_hour_apart_whatever_the_articles_age(paper, site, status):
    site.answers[PATH] = answered("لا شيء هنا", status=status)
    await visit(paper, site)
    assert paper.rows(STATE) == MISSED
    assert due(paper) == iso(paper.now + timedelta(hours=1))
    paper.forward(minutes=59)
    await visit(paper, site)
    assert paper.rows(STATE) == MISSED
    paper.forward(minutes=61)
    await paper.crawl()  # which is due by itself
    assert paper.rows(STATE) == GONE


async def test_between_two_answers_a_sign_of_life_counts(paper, site):
    for answer in ("404", "200", "404"):
        body = wire.article() if answer == "200" else b""
        site.answers[PATH] = answered(body, status=f"{answer} So")
        await visit(paper, site)
        paper.forward(hours=2)
    assert paper.rows(STATE) == MISSED


OUTAGE = "<title>الموقع تحت الصيانة</title><p>سنعود إليكم قريبا</p>"
CHALLENGE = "<title>Just a moment...</title><script>window._cf_chl_opt</script>"


@pytest.mark.parametrize("body", [OUTAGE, CHALLENGE])
@pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "404 Not Found", "503 Oh"])
async def test_walls_outages_and_challenges_prove_nothing(paper, site, body, status):
    site.answers[PATH] = answered(body, status=status)
    for _ in range(3):
        await visit(paper, site)
        assert paper.rows(STATE) == LIVES
        assert due(paper) > iso(paper.now)
        paper.forward(days=8)


REFUSALS = ["403 Forbidden", "200 OK", "402 Pay", "429 Wait"]


@pytest.mark.parametrize(
    "status",
    [*REFUSALS[:1], *(pytest.param(status, marks=pytest.mark.slow) for status in REFUSALS[1:])],
)
@pytest.mark.slow
async def test_no_article_is_given_up_while_its_newspaper_shows_none(paper, site, status):
    site.answers[PATH] = answered(CHALLENGE, status=status)
    for _ in range(13):
        await visit(paper, site)
        paper.forward(days=1)
    ((failures,),) = paper.rows("select failures from visits where kind = 'article'")
    assert failures >= 10
    assert due(paper)
    site.answers[PATH] = answered(wire.article())
    paper.forward(days=7)
    await paper.crawl()
    assert paper.rows("select state, failures from visits where kind = 'article'") == [("done", 0)]


@pytest.mark.slow
async def test_what_was_given_up_beside_others_comes_back_by_asking_for_it(paper, site):
    site.answers[PATH] = answered(CHALLENGE, status="403 Forbidden")
    other = PATH + "2"
    site.answers[other] = (wire.http(wire.article("خبر آخر من المدينة")),)
    for _ in range(10):
        await paper.crawl(addresses=[(site.url + other, "paper")], poll=frozenset())
        paper.forward(hours=1)
        await visit(paper, site)
        paper.forward(hours=30)
    given_up = "select state, due_at from visits where article and url like ?"
    assert paper.rows(given_up, f"%{PATH}") == [("failed", None)]
    site.answers[PATH] = answered(wire.article())
    await paper.crawl()
    assert paper.rows(given_up, f"%{PATH}") == [("failed", None)]
    await paper.crawl(failed=True)
    assert paper.rows("select distinct state from visits where article") == [("done",)]


async def test_what_was_given_up_comes_back_when_its_host_is_well_again(paper, site):
    with Store(paper.root, command="test", clock=paper.clock) as store:
        store.db.execute("update visits set state = 'failed', due_at = null where article")
        host = site.url.partition("//")[2]
        store.hosts.pause(host, until=paper.now, strikes=1)
        store.hosts.forgive(host, now=paper.now)
    assert due(paper) == iso(paper.now)


async def test_a_404_behind_a_redirect_to_another_host_proves_nothing(paper, site):
    site.answers[PATH] = redirect(site.url.replace("127.0.0.1", "localhost") + "/nothing")
    for _ in range(2):
        await visit(paper, site)
        paper.forward(hours=2)
    assert paper.rows(STATE) == LIVES
