"""No edit that was none: only what differs by the current rules, on both days, is a revision."""

import shutil
from dataclasses import replace

import pytest

from archive.warc.records import RENDERED_TYPE
from crawler.browser import Renderer
from crawler.rebuild import rebuild
from crawler.workers import Workers
from tests.crawler import wire
from tests.crawler.tables import differences, everything

PATH = "/news/1"
BOX = (
    "<p class='x17'>هذه الفقرة رقم {} تعرض على القراء عرضًا من عروض الشركة الراعية للصحيفة، وهي"
    " تتبدل في كل يوم من أيام الأسبوع.</p>"
)
SHOWN = ("articles", "revisions", "authors", "tags", "captures", "links", "images", "stories")


def page(number, *, word="هادئ"):
    """Return an article whose words are `word`, with a box that is another one each day."""
    body = wire.article().decode().replace("هادئ", word)
    return body.replace("</p><p>", f"</p>{BOX.format(number)}<p>", 1).encode()


def serve(site, number, **words):
    site.answers[PATH] = (wire.http(page(number, **words)),)


@pytest.fixture
async def paper(archive, site):
    """An article that was read once, with the box in its text."""
    site.answers["/feed"] = (wire.http(wire.feed(site.url + PATH), media="application/rss+xml"),)
    serve(site, 0)
    await archive.crawl()
    assert "الراعية" in text(archive)
    archive.forward(hours=2)
    return archive


def text(archive):
    ((words,),) = archive.rows("select text from articles")
    return words


def revisions(archive):
    return archive.rows(
        "select r.number, coalesce(r.text, a.text) from revisions r join articles a"
        " on a.id = r.article order by r.number"
    )


def with_a_publishers_rule(archive, _patch):
    file = archive.root / "publishers" / "paper.toml"
    file.write_text(file.read_text() + "\n[[rules]]\nremove = ['.x17']\n")


def with_another_extractor(_archive, patch):
    """Read pages as a newer version of Warraq would: without the box."""
    extract = Workers.extract

    async def newer(self, capture, publisher, *, hints=None):
        body = capture.body.decode()
        before, box, after = body.partition("<p class='x17'>")
        body = before + after.partition("</p>")[2] if box else body
        return await extract(self, replace(capture, body=body.encode()), publisher, hints=hints)

    patch.setattr(Workers, "extract", newer)


CHANGED = pytest.mark.parametrize("change", [with_a_publishers_rule, with_another_extractor])


async def test_by_the_same_rules_each_edit_is_a_revision(paper, site):
    serve(site, 1, word="متوتر")
    await paper.crawl()
    assert len(revisions(paper)) == 2


@CHANGED
async def test_a_changed_rule_makes_no_revision(paper, site, monkeypatch, change):
    change(paper, monkeypatch)
    for number in (1, 2):
        serve(site, number)
        await paper.crawl()
        paper.forward(days=1)
    assert [number for number, _ in revisions(paper)] == [1]
    assert "الراعية" not in text(paper)
    assert paper.rows("select outcome from captures where kind = 'article' order by id desc")
    assert paper.rows("select count(*) from captures where outcome = 'changed'") == [(0,)]


@CHANGED
async def test_a_real_edit_after_a_changed_rule_is_one_revision_with_just_that_edit(
    paper, site, monkeypatch, change
):
    change(paper, monkeypatch)
    serve(site, 1, word="متوتر")
    await paper.crawl()
    (_, before), (_, after) = revisions(paper)
    assert "الراعية" not in before + after
    assert before.replace("هادئ", "متوتر") == after


async def test_edits_that_older_rules_invented_go_when_the_page_is_read_again(paper, site):
    serve(site, 1)
    await paper.crawl()
    assert len(revisions(paper)) == 2
    with_a_publishers_rule(paper, None)
    paper.forward(days=1)
    serve(site, 2, word="متوتر")
    await paper.crawl()
    (_, before), (_, after) = revisions(paper)
    assert before.replace("هادئ", "متوتر") == after


@pytest.mark.slow
async def test_what_was_read_by_other_rules_is_what_a_rebuild_makes_of_it(paper, site, tmp_path):
    with_a_publishers_rule(paper, None)
    serve(site, 1, word="متوتر")
    await paper.crawl()
    before = everything(paper.root)
    await rebuild(paper.root)
    after = everything(paper.root)
    for table in SHOWN:
        assert differences(before[table], after[table]) == [], table


async def test_a_payload_that_is_lost_leaves_what_is_stored_to_compare_with(paper, site):
    for file in (paper.root / "warc").rglob("*.warc.gz"):
        shutil.copyfile("/dev/null", file)
    paper.forward(days=1)
    with_a_publishers_rule(paper, None)
    serve(site, 1, word="متوتر")
    await paper.crawl()
    assert len(revisions(paper)) == 2
    assert "الراعية" in revisions(paper)[0][1]


AGES = ("منذ 4 ساعات", "منذ 8 أيام", "قبل أسبوعين")


def agency(number):
    """Return a short agency page: its age, views and reading time change, no word does."""
    age, views = AGES[number], f"{(number + 1) * 1234:,}"
    return (
        "<html lang='ar'><head><meta charset='utf-8'><title>وكالة: هدنة في الجنوب</title>"
        "<meta property='og:type' content='article'></head><body><article>"
        f"<h1>هدنة في الجنوب</h1><p class='meta'>{age} كتب سامر الحسن</p>"
        f"<p>{age} | المشاهدات: {views} | وقت القراءة: {number + 1} دقيقة</p>"
        "<p>دمشق - أعلنت مصادر محلية متقاطعة أن هدنة بدأت في الجنوب صباح اليوم، وأن السكان عادوا"
        " إلى بيوتهم بعد أيام من الغياب، بحسب ما قال مراسلنا في المدينة.</p>"
        "<p>وأضافت المصادر أن الطرق فتحت أمام قوافل المساعدات التي وصلت إلى القرى القريبة.</p>"
        f"<p>{views} مشاهدة</p><p>عدد الكلمات {120 + number}</p></article>"
        f"<aside><h3>الأكثر قراءة</h3><a href='/news/{number}'>خبر رقم {number}</a></aside>"
        "</body></html>"
    ).encode()


async def test_ages_counters_and_reading_times_are_no_edit(archive, site):
    site.answers["/feed"] = (wire.http(wire.feed(site.url + PATH), media="application/rss+xml"),)
    for number in range(len(AGES)):
        site.answers[PATH] = (wire.http(agency(number)),)
        await archive.crawl()
        archive.forward(days=20)
    ((_, words),) = revisions(archive)
    assert [line.split()[0] for line in words.splitlines()] == ["دمشق", "وأضافت"]
    assert archive.rows("select byline, dateline from articles where byline like '%منذ%'") == []
    payloads = "select count(distinct sha256) from captures where article is not null"
    assert archive.rows(payloads) == [(len(AGES),)]


async def test_of_a_rendered_page_the_former_rendering_is_read_again(archive, site, monkeypatch):
    shown = page(0)

    async def show(self, _visit, capture, _headers):
        """Do what the browser's result is done with: it is recorded, and read."""
        self._store.rendered(capture, shown, at=self._store.clock())
        return replace(capture, body=shown, content_type=RENDERED_TYPE)

    monkeypatch.setattr("crawler.browser.check", lambda *_, **_full: None)
    monkeypatch.setattr(Renderer, "shown", show)
    site.answers["/feed"] = (wire.http(wire.feed(site.url + PATH), media="application/rss+xml"),)
    site.answers[PATH] = (wire.http(b"<div id='app'></div><script src='/app.js'></script>"),)
    archive.follow(feeds=[site.url + "/feed"], render=True)
    await archive.crawl()
    archive.forward(hours=2)
    with_a_publishers_rule(archive, None)
    shown = page(1)
    await archive.crawl()
    ((_, words),) = revisions(archive)
    assert "الراعية" not in words
    archive.forward(days=20)
    shown = page(2, word="متوتر")
    await archive.crawl()
    (_, before), (_, after) = revisions(archive)
    assert before.replace("هادئ", "متوتر") == after
