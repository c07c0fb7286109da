"""What stands before an article is a problem: never an article, a revision or a removal."""

import time
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.models import Capture, Kind, PageKind
from crawler.extract.kind import wall_of
from crawler.extract.page import extract
from crawler.outcomes import medium
from crawler.publisher import Publisher
from tests.crawler import wire

WALLS = tomllib.loads(Path(__file__).with_name("walls.toml").read_text("utf-8"))
SAHEL = Publisher(slug="sahel", name="جريدة الساحل")
NAV = "".join(
    f"<li><a href='/s/{word}'>{word}</a></li>" for word in ["سياسة", "اقتصاد", "رياضة", "ثقافة"]
)
TEASERS = "".join(
    f"<li><a href='/news/{n}'>خبر آخر رقم {n} من أخبار المدينة التي لا علاقة لها بالموضوع</a>"
    f"<p>مقدمة قصيرة للخبر رقم {n} من المراسل في المدينة.</p></li>"
    for n in range(8)
)
FOOT = "جميع الحقوق محفوظة لجريدة الساحل 2023، ويمنع نسخ أي مادة دون إذن خطي من إدارة الجريدة."
MORE = (
    "وقالت الشركة إن فريقها يعمل مع خبراء مستقلين، وإن بيانات المشتركين لم تتأثر بما جرى.",
    "وأضاف المتحدث في بيان أن الخدمة عادت تدريجياً مساء الثلاثاء إلى معظم المدن بعد الإصلاح.",
    "وكان مستخدمون قد اشتكوا على مواقع التواصل من بطء شديد استمر أكثر من ست ساعات متواصلة.",
)


def framed(body):
    return (
        f"<header><a href='/'>جريدة الساحل</a></header><nav><ul>{NAV}</ul></nav><main>{body}</main>"
        f"<aside><h3>الأكثر قراءة</h3><ul>{TEASERS}</ul></aside><footer><p>{FOOT}</p></footer>"
    )


def html(page):
    if "html" in page:
        return page["html"].encode()
    body = framed(page["body"]) if page.get("framed") else page["body"]
    head = f"<meta charset=utf-8><title>{page.get('title', '')}</title>{page.get('head', '')}"
    lang = page.get("lang", "ar")
    return (
        f"<!DOCTYPE html><html lang={lang}><head>{head}</head><body>{body}</body></html>".encode()
    )


def capture(body, *, status=200, content_type="text/html"):
    return Capture(
        url="https://sahel.example/news/2023/12345",
        publisher="sahel",
        kind=Kind.ARTICLE,
        fetched_at=datetime(2023, 12, 29, 12, tzinfo=UTC),
        status=status,
        content_type=content_type,
        body=body,
    )


@pytest.mark.parametrize("page", WALLS["page"], ids=lambda page: page["name"])
def test_what_stands_before_an_article_is_none(page):
    found = extract(capture(html(page)), SAHEL)
    assert found.kind in {PageKind.OTHER, PageKind.SECTION}
    kinds = [str(problem.kind) for problem in found.problems] or ["not-an-article"]
    assert kinds == [page["kind"]]


@pytest.mark.parametrize("style", ["stated", "printed"])
@pytest.mark.parametrize("story", WALLS["article"], ids=lambda story: story["name"])
def test_an_article_about_such_a_thing_is_one(story, style):
    if story.get("short") and style == "printed":
        pytest.skip("two lines without a word of what they are make no article, whatever they say")
    more = () if story.get("short") else MORE
    text = "".join(f"<p>{line}</p>" for line in (story["lead"], *more))
    stated = style == "stated"
    date = "<time datetime='2023-12-26'>26 ديسمبر 2023</time>"
    body = f"<h1>{story['title']}</h1>{date}<div>{text}</div>"
    form = "<form>تسجيل الدخول <input type=password></form>"
    page = {
        "title": story["title"],
        "head": "<meta property='og:type' content='article'>" if stated else "",
        "body": f"<article>{body}</article>" if stated else body + form,
        "framed": True,
    }
    found = extract(capture(html(page)), SAHEL)
    assert (found.kind, found.problems) == (PageKind.ARTICLE, ())
    assert found.text


@pytest.mark.parametrize(
    "name", ["cf ar", "ddosguard", "sucuri", "db fr", "parked ar", "soft404 fr"]
)
def test_the_body_of_an_error_is_told(name):
    page = next(page for page in WALLS["page"] if page["name"] == name)
    problem = wall_of(capture(html(page), status=404))
    assert problem is not None
    assert problem.kind == page["kind"]


def named(name):
    return html(next(page for page in WALLS["page"] if page["name"] == name))


ANSWERS = {
    "challenge-200": wire.http(named("cf en")),
    "challenge-403": wire.http(named("cf ar"), status="403 Forbidden"),
    "challenge-404": wire.http(named("cf en"), status="404 Not Found"),
    "parked": wire.http(named("parked sedo")),
    "parked-404": wire.http(named("parked ar"), status="404 Not Found"),
    "hijacked": wire.http(named("hijack casino")),
    "login": wire.http(named("login ar")),
    "consent": wire.http(named("cookie fr")),
    "outage": wire.http(named("db ar")),
    "outage-410": wire.http(named("db"), status="410 Gone"),
    "server": wire.http(named("aspnet"), status="500 Internal Server Error"),
    "maybe-gone": wire.http(named("soft404 ar long")),
    "missing-og": wire.http(named("soft404 og")),
    "pdf": wire.http(b"%PDF-1.7\n" + bytes(2000), media="application/pdf"),
    "english": wire.http(
        wire.article("Best online shops")
        .replace(
            "قال مراسلنا في المدينة إن الوضع هادئ اليوم، وإن السكان عادوا".encode(),
            b"Our reporter said that it is quiet and that all of the people went home",
        )
        .replace("بيوتهم بعد أيام من الغياب، بحسب ما أفادت به مصادر محلية".encode(), b"again")
    ),
}


STATES = "select url, title, text, revision_count, gone_at from articles order by url"


@pytest.mark.parametrize("days", [0, 40], ids=["young", "old"])
async def test_a_known_article_keeps_its_text_and_is_looked_at_again(archive, site, days):
    good = {f"/news/{n}": wire.http(wire.article(f"خبر رقم {n}")) for n in range(len(ANSWERS))}
    feed = wire.feed(*(site.url + path for path in good))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    site.answers |= {path: (page,) for path, page in good.items()}
    await archive.crawl()
    before = archive.rows(STATES)
    assert len(before) == len(good)
    site.answers |= zip(good, ((answer,) for answer in ANSWERS.values()), strict=True)
    archive.forward(days=days, hours=2)
    again = [(site.url + path, "paper") for path in good]
    await archive.crawl(addresses=again, poll=frozenset())
    assert archive.rows(STATES) == before
    assert sorted(path for _, path in archive.problems() if path in good) == sorted(good)
    visits = archive.rows("select url, due_at from visits where kind = 'article'")
    assert [url for url, due_at in visits if due_at <= archive.now.isoformat()] == []
    site.answers |= {path: (page,) for path, page in good.items()}
    archive.forward(days=2)
    await archive.crawl()
    assert archive.rows(STATES) == before
    assert archive.rows("select distinct state from visits where kind = 'article'") == [("done",)]


async def test_a_new_address_becomes_no_article(archive, site):
    walls = ("cf fr", "parked fr", "login fr", "maint ar", "soft404 ar site")
    paths = [f"/news/{number}" for number in range(10, 10 + len(walls))]
    feed = wire.feed(*(site.url + path for path in ["/news/2", *paths]))
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    for path, name in zip(paths, walls, strict=True):
        site.answers[path] = (wire.http(named(name)),)
    await archive.crawl()
    assert archive.rows("select url from articles") == [(site.url + "/news/2",)]
    assert sorted(path for _, path in archive.problems()) == paths


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
@pytest.mark.parametrize(
    "back",
    ["same", *(pytest.param(back, marks=pytest.mark.slow) for back in ("changed", "not-modified"))],
)
async def test_a_gone_article_is_marked_once_and_its_return_unmarks_it(archive, site, status, back):
    good = wire.http(wire.article("خبر رقم 1"), 'ETag: "1"')
    site.answers["/news/1"] = (good,)
    await archive.crawl()
    one = [(site.url + "/news/1", "paper")]
    site.answers["/news/1"] = (wire.http("<p>الصفحة غير موجودة</p>".encode(), status=status),)
    for _ in range(4):
        archive.forward(days=1)
        await archive.crawl(addresses=one, poll=frozenset())
    ((text, gone_at),) = archive.rows("select text, gone_at from articles where url like '%/1'")
    assert text
    assert gone_at.startswith("2026-11-24")
    assert archive.problems() == [(f"http-{status[:3]}", "/news/1")]
    site.answers["/news/1"] = (
        wire.http(b"", status="304 Not Modified")
        if back == "not-modified"
        else good
        if back == "same"
        else wire.http(wire.article("خبر رقم 1 بعد التعديل")),
    )
    archive.forward(days=1)
    await archive.crawl(addresses=one, poll=frozenset())
    rows = archive.rows("select gone_at, revision_count from articles where url like '%/1'")
    assert rows == [(None, 2 if back == "changed" else 1)]
    site.answers["/news/1"] = (wire.http(b"", status=status),)
    for _ in range(2):  # only the second says so
        archive.forward(days=1)
        await archive.crawl(addresses=one, poll=frozenset())
    assert archive.problems() == [(f"http-{status[:3]}", "/news/1")] * 2


async def test_an_entry_point_that_is_gone_is_told_once_a_day(archive, site):
    del site.answers["/feed"]
    for _ in range(7):
        await archive.crawl()
        archive.forward(hours=4)
    assert archive.problems() == [("http-404", "/feed")] * 2


@pytest.mark.parametrize(
    ("body", "content_type", "what"),
    [
        (b"%PDF-1.4 ...", "text/html", "a PDF document"),
        (b"PK\x03\x04....", "application/octet-stream", "a ZIP archive or office document"),
        (b"\xff\xd8\xff\xe0", "image/jpeg", "an image (JPEG)"),
        (b"\x00\x00\x00\x18ftypmp42", None, "a film or sound (MP4)"),
        (b"binary", "video/mp4; codecs=x", "video/mp4, no page"),
        (b"binary", " application/epub", "application/epub, no page"),
        (b"<html><p>x", "application/octet-stream", None),
        (b"\n <!DOCTYPE html>", "image/png", None),
        (b"<svg>", "image/svg+xml", None),
        (b"words", "image/svg+xml", None),
        (b"<html>", "text/html", None),
        (b"", None, None),
    ],
)
def test_what_holds_no_page(body, content_type, what):
    assert medium(capture(body, content_type=content_type)) == what


async def test_what_is_no_page_is_one_problem_and_read_by_nobody(archive, site, monkeypatch):
    def nobody(*_args, **_kwargs):
        raise AssertionError

    site.answers["/feed"] = (
        wire.http(wire.feed(site.url + "/news/1"), media="application/rss+xml"),
    )
    site.answers["/news/1"] = (wire.http(b"%PDF-1.7\n" + bytes(99), media="application/pdf"),)
    monkeypatch.setattr("crawler.workers.Workers.extract", nobody)
    for _ in range(3):
        await archive.crawl()
        archive.forward(days=1)
    assert site.count("/news/1") > 1
    rows = archive.rows("select kind, detail from problems")
    assert rows == [("not-a-page", "the answer is a PDF document")]


PLAIN = "".join(f"<p>{line} {n}</p>" for n, line in enumerate([*MORE, *MORE]))
ROWS = "".join(
    f"<tr><td>شركة الساحل {n} للتأمين</td><td>{n * 137}</td><td>{n}.75</td><td>2023-0{n % 9 + 1}-11"
    "</td></tr>"
    for n in range(40)
)
BOOKS = "".join(
    f"<div class=book><a href='/books/{n}'><img></a><h3><a href='/books/{n}'>كتاب رقم {n}"
    f"</a></h3><p>تأليف: كاتب رقم {n}</p><span>{n}0 درهماً</span></div>"
    for n in range(14)
)
POSTS = "".join(
    f"<div class=post><b>عضو {n}</b><span>2023-12-0{n} 10:0{n} PM</span><div>{line}</div></div>"
    for n, line in enumerate([*MORE, *MORE], 1)
)
LD = '<script type="application/ld+json">'
REGISTER = "".join(
    f"<p>الشركة رقم {n} لصاحبها سعيد بن {n * 7}، {MORE[n % 3]}</p>" for n in range(900)
)
OTHERS = {
    "about": ("/page/3", "من نحن - جريدة الساحل", "", f"<h1>من نحن</h1>{PLAIN}"),
    "about, by its address": ("/about-us", "جريدة الساحل", "", f"<h1>حكايتنا</h1>{PLAIN}"),
    "contact": (
        "/news/9",
        "اتصل بنا | جريدة الساحل",
        "<meta property='og:type' content='article'>",
        f"<h1>اتصل بنا</h1>{PLAIN}<form><input name=email><textarea></textarea></form>",
    ),
    "faq": ("/q/5", "الأسئلة الشائعة", "", f"<h1>الأسئلة الشائعة</h1>{PLAIN}"),
    "television": (
        "/123",
        "البث المباشر",
        "",
        f"<h1>البث المباشر</h1><iframe src=/tv></iframe>{PLAIN}",
    ),
    "forum": (
        "/t-77",
        "سؤال عن السيارات - منتديات الساحل",
        "<meta name='generator' content='vBulletin 4.2.2'>",
        f"<h1>سؤال عن السيارات</h1>{POSTS}",
    ),
    "forum, by its address": (
        "/forum/showthread.php?t=7",
        "سؤال",
        "",
        f"<h1>سؤال عن بيع سيارة</h1>{POSTS}",
    ),
    "offerings": (
        "/m/2023",
        "الاكتتابات",
        "",
        f"<h1>الاكتتابات العامة في السوق</h1><table>{ROWS}</table>",
    ),
    "books": ("/list/7", "كتب - جريدة الساحل", "", f"<h1>إصدارات الدار</h1>{BOOKS}"),
    "product": (
        "/p/77",
        "هاتف",
        f'{LD}{{"@type": "Product", "name": "x"}}</script>',
        f"<h1>هاتف محمول بسعة كبيرة</h1>{PLAIN}",
    ),
    "encyclopedia": (
        "/w/x-1",
        "الساحل",
        f'<meta name="generator" content="MediaWiki 1.39">{LD}{{"@type": "Article"}}</script>',
        f"<h1>الساحل (مدينة)</h1>{PLAIN}",
    ),
    "register": ("/r/2023", "سجل", "", f"<h1>سجل الشركات المرخصة في المدينة</h1>{REGISTER}"),
    "static": ("/projects", "مشاريعنا في المدن", "", f"<h1>المشاريع التي نعمل عليها</h1>{PLAIN}"),
}


def read(path, title, head, body):
    page = {"title": title, "head": head, "body": body}
    return extract(replace(capture(html(page)), url=f"https://sahel.example{path}"), SAHEL)


@pytest.mark.parametrize("what", OTHERS)
def test_a_text_that_is_something_else_is_no_article(what):
    assert read(*OTHERS[what]).kind in {PageKind.OTHER, PageKind.SECTION}


DATED = "<time datetime='2023-12-26'>26 ديسمبر 2023</time>"
STORIES = {
    "undated, numbered": ("/story.aspx?id=7712", "", ""),
    "undated, with a headline's words": ("/عودة-الأهالي-إلى-بيوتهم-في-المدينة", "", ""),
    "in the element for it": ("/opinion", "", "</h1><article>"),
    "dated": ("/x", "", DATED),
    "a table of results": ("/sport/2023", "", f"{DATED}<table>{ROWS[: len(ROWS) // 5]}</table>"),
    "under a rubric": ("/jobs/2023/12345", "", DATED),
    "said to be one": ("/about/12", "<meta property='og:type' content='article'>", DATED),
    "a press release": ("/media/press-releases/4", "", f"{DATED}<p>بيان صحفي صادر عن الوزارة</p>"),
    "with a rating": (
        "/review/9",
        f'{LD}[{{"@type": "Product"}}, {{"@type": "NewsArticle"}}]</script>',
        DATED,
    ),
}


@pytest.mark.parametrize("what", STORIES)
def test_a_story_is_an_article(what):
    path, head, body = STORIES[what]
    title = "عودة الأهالي إلى بيوتهم في المدينة"
    found = read(path, title, head, f"<h1>{title}</h1>{body}{PLAIN}")
    assert (found.kind, found.problems) == (PageKind.ARTICLE, ())


@pytest.mark.parametrize("name", ["منتدى الشرق", "وظائف", "الكتب", "Help"])
def test_the_name_of_a_section_or_site_says_nothing_beside_a_story(name):
    title = "عودة الأهالي إلى بيوتهم في المدينة"
    for whole in (f"{title} | {name}", f"{name} - {title}"):
        assert read("/x/1", whole, "", f"<h1>{title}</h1>{DATED}{PLAIN}").kind is PageKind.ARTICLE


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("x", "<meta generator" * 2000),
        ("x", "<meta " + 'generator"' * 3000),
        ("x" + "&#32;" * 60_000 + "x", ""),
        ("x | " * 10_000, ""),
        ("x", f"<img class=logo alt='{' ' * 60_000}x'>"),
    ],
)
def test_no_title_or_head_takes_long(title, head):
    began = time.process_time()
    read("/x/1", title, head, f"<h1>{title}</h1>{DATED}{PLAIN}")
    assert time.process_time() - began < 2  # it grew with the square or the cube of the length


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Web Page Blocked", "The page you have requested has been blocked by the network."),
        ("تنبيه", "هذا الموقع محجوب وفق سياسة الاستخدام في الدولة."),
        ("Request Rejected", "The requested URL was rejected. Your support ID is: 1234567."),
        ("تم حجب الموقع", "عذراً، الموقع المطلوب غير متاح."),
    ],
)
def test_a_block_page_is_a_challenge(title, said):
    found = read("/news/12", title, "", f"<h1>{title}</h1><p>{said}</p>")
    assert [problem.kind for problem in found.problems] == ["challenge"]
