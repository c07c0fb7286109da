"""An archive to which all has happened that can: its database must follow from its WARC files.

Edits, removals, redirects, merged addresses, lines and foreign WARC files imported in between,
pages that a browser showed, withheld articles, a trap, a phrase that 300 articles share, and a
newspaper that moves to another site.
"""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from archive.article_rows import find_all
from archive.database import open_for_reading
from archive.maintenance.import_jsonl import Importer
from archive.maintenance.withhold import unwithhold, withhold
from archive.session import Session
from crawler import browser
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
from crawler.extract.byline import names
from tests.archive.reprints import LEAD, OTHER, WIRE
from tests.archive.warc.foreign_warcs import answer, packed, record
from tests.crawler import wire
from tests.crawler.import_warc.sources import imported

BEGAN = datetime(2026, 11, 20, 6, tzinfo=UTC)
PHRASE = "هذه المادة من أرشيف الصحيفة، وتُنشر كما كُتبت في يومها من غير تصحيح أو تعليق عليها."
LATER = "<p>وأضاف المراسل في تحديث لاحق أن المدارس ستفتح أبوابها يوم الأحد المقبل.</p></article>"
TAG = "<meta property='article:tag' content='{}'>"
APP = "<!DOCTYPE html><html lang='ar'><head><title>تطبيق</title></head><body>APP</body></html>"
TRAPPED = 75  # addresses of one shape that lead nowhere


class Shown(browser.Renderer):
    """Shows pages as a browser would that runs their only script."""

    async def _html(self, visit, capture, page):
        number = visit.url.rpartition("/")[2]
        return wire.article(f"خبر من تطبيق رقم {number}").decode()


def page(title, text=None, *, head="", image=None, end="</article>"):
    """Return an article page, of paragraphs of its own where `text` is None."""
    html = wire.article(title).decode()
    if text is not None:
        body = "".join(f"<p>{line}</p>" for line in text.split("\n"))
        html = html[: html.index("<p>")] + body + "</article></body></html>"
    shown = f"<figure><img src='{image}' width='800' height='500'></figure>" if image else ""
    html = html.replace("</h1>", f"</h1>{shown}").replace("</head>", f"{head}</head>")
    return html.replace("</article>", end)


class Events:
    """What happens to an archive that follows two publishers on one site, step by step."""

    def __init__(self, root, site):
        self.root = root
        self.site = site
        self.now = BEGAN
        self.dice = random.Random(7)

    def clock(self):
        return self.now

    def put(self, path, html, *headers, **fields):
        self.site.answers[path] = (wire.http(html.encode(), *headers, **fields),)

    def list(self, path, *links, more=""):
        feed = wire.feed(*(self.site.url + link for link in links)).decode()
        self.put(path, feed.replace("</link>", f"</link>{more}"), media="application/rss+xml")

    def crawl(self, *slugs, **step):
        self.now += timedelta(**step)
        job = Job(
            root=self.root,
            publishers=chosen(self.root, list(slugs)),
            command="crawl",
            poll=frozenset(slugs),
            clock=self.clock,
        )
        asyncio.run(crawl(job))

    def lines(self, name, *lines):
        self.now += timedelta(minutes=7)
        with Importer(self.root, command="import-jsonl", clock=self.clock) as importer:
            given = [json.dumps(line, ensure_ascii=False).encode() for line in lines]
            importer.read(given, name=name, names_of=names)

    def warc(self, name, *pages):
        """Import pages, each a (path, HTML, moment)."""
        self.now += timedelta(minutes=7)
        path = self.root.parent / name
        path.write_bytes(
            packed(
                record(answer(html.encode()), self.site.url + target, date=at)
                for target, html, at in pages
            )
        )
        imported(self.root, path, clock=self.clock)

    def withhold(self, path, *, again=False):
        with open_for_reading(self.root) as db:
            (number,) = find_all(db, self.site.url + path)
        self.now += timedelta(minutes=1)
        withhold(self.root, str(number), reason="شاهد", clock=self.clock)
        if again:
            self.now += timedelta(minutes=1)
            unwithhold(self.root, str(number), reason=None, clock=self.clock)


def _publish(events):
    """Lay the site out as it is at first."""
    put, site = events.put, events.site
    put("/robots.txt", "", media="text/plain")
    signed = "<author>سلمى الأحمد</author>"
    events.list("/feed", *(f"/news/{number}" for number in range(1, 21)), more=signed)
    for number in range(1, 21):
        put(f"/news/{number}", page(f"خبر رقم {number} من المدينة", head=TAG.format("المدينة")))
    put("/news/2", page("وصول سفينة القمح", WIRE))
    put("/news/3", page("سفينة", LEAD, image="/a.jpg"))
    put("/a.jpg", "x")
    site.answers["/news/4"] = (
        wire.http(status="301 Moved Permanently").replace(
            b"\r\n", b"\r\nLocation: /moved/4\r\n", 1
        ),
    )
    put("/moved/4", page("خبر انتقل إلى عنوان آخر"))
    canonical = f"<link rel='canonical' href='{site.url}/news/5'>"
    put("/news/5", page("خبر له عنوانان", head=canonical))
    put("/news/6", page("خبر له عنوانان", head=canonical))
    etag = page("خبر لا يتغير")
    site.answers["/news/7"] = lambda asked: (
        (wire.http(status="304 Not Modified"),)
        if asked.header("If-None-Match")
        else (wire.http(etag.encode(), 'ETag: "x"'),)
    )
    put("/news/8", "%PDF-1.4", media="application/pdf")
    put("/news/9", "nothing", status="404 Not Found")
    put("/news/10", page("خبر رقم 10", head="<meta name='author' content='ليلى حداد'>"))
    events.list("/trap", *(f"/calendar/{number}/1" for number in range(TRAPPED)))
    for number in range(TRAPPED):
        put(f"/calendar/{number}/1", f"<html><body>{number}</body></html>")
    events.list("/app/feed", "/app/1", "/app/2")
    for number in (1, 2):
        put(f"/app/{number}", APP)


def _change(events):
    """Edit, remove and move what is published."""
    put = events.put
    put("/news/1", page("خبر رقم 1 من المدينة", head=TAG.format("المدينة"), end=LATER))
    put("/news/2", page("وصول سفينة القمح", OTHER))
    put("/news/3", page("سفينة", LEAD, image="/b.jpg"))
    put("/news/10", page("خبر رقم 10", head=TAG.format("وسم جديد")))
    put("/news/11", "gone", status="410 Gone")
    put("/news/12", "<html><body>Just a moment... Checking your browser</body></html>",
        status="503 Service Unavailable")  # fmt: skip
    put("/news/13", page("خبر رقم 13 من المدينة", head=TAG.format("المدينة"), end=LATER))
    put("/news/9", page("خبر ظهر بعد حين"))
    events.site.answers["/news/14"] = (wire.http(b"", "Location: /news/15", status="302 Found"),)
    events.list("/feed", "/news/21", "/news/22", "/news/1")
    put("/news/21", page("خبر جديد", LEAD + "\n" + PHRASE))
    put("/news/22", page("خبر جديد آخر", WIRE, image="/c.jpg"))


def collection(events):
    """Yield lines that share a phrase, and some of addresses that are crawled."""
    words = sorted(set((WIRE + OTHER).split()))
    for number in range(300):
        text = f"{PHRASE} {' '.join(events.dice.choices(words, k=60))}"
        yield {
            "url": f"https://old.example/{number}", "title": f"مادة {number}", "text": text,
            "publisher": "old", "published_on": "2020-01-02", "byline": "بقلم سلمى الأحمد",
            "first_seen_at": f"2020-02-{1 + number % 28:02}T00:00:00Z",
            "last_seen_at": f"2021-02-{1 + number % 28:02}T00:00:00Z",
        }  # fmt: skip
    for number in (1, 16, 31):  # known, known and withheld, to be crawled
        yield {
            "url": f"{events.site.url}/news/{number}", "title": f"خبر {number}",
            "publisher": "paper", "text": WIRE, "published_on": "2020-01-02",
        }  # fmt: skip


def _open(site, at, *numbers):
    """Let a site list its articles as they are at a site."""
    links = (f"{at.url}/mover/{number}" for number in numbers)
    site.answers["/feed"] = (wire.http(wire.feed(*links), media="application/rss+xml"),)
    for number in numbers:
        text = page(f"خبر من الصحيفة الراحلة رقم {number}", f"{WIRE}\n{number} {OTHER}")
        site.answers[f"/mover/{number}"] = (wire.http(text.encode()),)


def _move(left, new):
    """Move a newspaper for good, with all its articles but one; one is edited there."""
    _open(new, new, 1, 2, 3, 5)
    new.answers["/mover/3"] = (wire.http(page("خبر معدل", f"{WIRE}\n3 {LEAD}").encode()),)
    for path in ("/feed", "/mover/1", "/mover/2", "/mover/3"):
        status = "308 Permanent Redirect" if path == "/mover/2" else "301 Moved Permanently"
        left.answers[path] = (wire.http(b"", f"Location: {new.url}{path}", status=status),)
    del left.answers["/mover/4"]


def happen(root, site, left, new):
    """Let all of it happen to a new archive in `root`."""
    events = Events(root, site)
    url = site.url
    wire.publisher(root, "paper", homepage=url + "/", feeds=[url + "/feed", url + "/trap"],
                   lead_image=True)  # fmt: skip
    wire.publisher(root, "app", homepage=url + "/app/", feeds=[url + "/app/feed"], render=True)
    wire.publisher(root, "mover", homepage=left.url + "/", feeds=[left.url + "/feed"])
    _publish(events)
    _open(left, left, 1, 2, 3, 4)
    events.crawl("paper", "app")
    events.crawl("mover")
    events.withhold("/news/16")
    events.withhold("/news/17", again=True)
    events.crawl("paper", "app", hours=2)
    lines = list(collection(events))
    events.lines("مجموعة.jsonl", *lines[:150])
    old, between = "2019-05-05T10:00:00Z", "2026-11-20T07:00:00Z"
    events.warc(
        "first.warc.gz",
        ("/news/1", page("خبر رقم 1 من المدينة", WIRE), old),
        ("/news/18", page("خبر رقم 18 من المدينة", OTHER), between),
        ("/news/40", page("خبر لم يزره أحد", WIRE), old),
        ("/calendar/3/1", page("خبر في تقويم"), old),
        ("/news/31", page("خبر 31", OTHER + "\n" + OTHER), old),
    )
    _change(events)
    _move(left, new)
    events.crawl("paper", "app", hours=9)
    events.crawl("mover")
    events.lines("مجموعة.jsonl", *lines[150:])
    events.list("/feed", "/news/31", "/news/40", *(f"/news/{n}" for n in (4, 5, 6, 7, 11)))
    events.put("/news/31", page("خبر 31", WIRE))
    events.put("/news/40", page("خبر لم يزره أحد", LEAD))
    events.crawl("paper", "app", hours=3)
    events.crawl("mover")
    left.answers.clear()
    events.warc(
        "second.warc.gz",
        ("/news/1", page("خبر رقم 1 من المدينة", OTHER), "2026-11-20T16:00:00Z"),
        ("/news/19", page("خبر رقم 19 من المدينة", WIRE), "2026-11-21T02:00:00Z"),
        ("/moved/4", page("خبر انتقل إلى عنوان آخر"), old),
        ("/news/6", page("خبر له عنوانان"), between),
    )
    events.crawl("paper", "app", hours=30)
    events.crawl("mover")
    return events


def begin(root):
    """Make an empty archive."""
    with Session(root, command="crawl", clock=lambda: BEGAN):
        pass


def made(folder):
    """Make the archive in a folder, and return its root."""
    root = folder / "أرشيف"
    root.mkdir()
    with (
        pytest.MonkeyPatch.context() as patch,
        wire.serving() as site,
        wire.serving(host="127.0.0.2") as left,
        wire.serving(host="127.0.0.3") as new,
    ):
        wire.may_be_asked(patch, new)
        patch.setattr(browser, "Renderer", Shown)
        patch.setattr(browser, "check", lambda *_, **_full: None)
        happen(root, site, left, new)
    return root
