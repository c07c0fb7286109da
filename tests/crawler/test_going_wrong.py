"""The ways in which a newspaper goes wrong: each is named within the day, and none changes history.

The newspaper lists its front page and a feed, and has had 24 new articles a day for nine weeks.
"""

import asyncio
import shutil

import pytest

from archive.clock import iso
from archive.database import open_for_writing
from archive.habits import HOUR, WEEK
from archive.rows import insert
from archive.status import status
from tests.crawler import wire
from tests.crawler.conftest import Archive

pytestmark = pytest.mark.slow

NEWS = [f"/news/{number}" for number in range(1001, 1013)]
LATER = [f"/news/{number}" for number in range(1013, 1025)]
PARKED = "<title>domain for sale</title><h1>This domain is for sale</h1><p>parkingcrew</p>"
OUTAGE = "<title>الموقع تحت الصيانة</title><p>سنعود إليكم قريبا</p>"
CAPTCHA = "<title>Are you a robot?</title><div class='g-recaptcha'></div><p>I'm not a robot</p>"
APP = "<html lang='ar'><head><title>تطبيق</title></head><body><div id=app></div></body></html>"
EDITS = """
select count(*) filter (where revision_count > 1), count(*) filter (where missing_at not null),
    count(*) from articles
"""


class Newspaper:
    """A newspaper on a site, and the archive that follows it."""

    def __init__(self, archive):
        self.archive, self.site = archive, archive.site

    def publish(self, paths, *, page=wire.article):
        links = [self.site.url + path for path in paths]
        cards = "".join(f"<article><h2><a href='{link}'>خبر</a></h2></article>" for link in links)
        feed = f"<link rel='alternate' type='application/rss+xml' href='{self.site.url}/feed'>"
        front = f"<html><head><title>الصحيفة</title>{feed}</head><body>{cards}</body></html>"
        self.answer("/", front.encode())
        self.answer("/feed", wire.feed(*links), media="application/rss+xml")
        for path in paths:
            self.answer(path, page(f"خبر رقم {path}"))

    def answer(self, path, body, *headers, **fields):
        self.site.answers[path] = (wire.http(body, *headers, **fields),)

    def everywhere(self, body, **fields):
        """Answer the same to whatever is asked, as a front door does."""
        for path in ["/robots.txt", "/", "/feed", *NEWS, *LATER]:
            self.answer(path, body, **fields)

    def live(self):
        """Give the archive the runs of nine weeks, six hours apart, and crawl what there is."""
        self.publish(NEWS)
        self.archive.follow(feeds=[self.site.url + "/feed"], sections=[self.site.url + "/"])
        asyncio.run(self.archive.crawl())
        db, now = open_for_writing(self.archive.root), self.archive.now
        for back in range(int(9 * WEEK / HOUR), 0, -6):
            at = iso(now - back * HOUR)
            times = {"started_at": at, "ended_at": at, "state": "finished", "pid": 1}
            run = insert(db, "runs", {"command": "crawl"} | times)
            own = {"publisher": "paper", "outcome": "news", "requests": 7, "new": 6}
            insert(db, "run_publishers", {"run": run} | own)
        db.close()

    def day(self, hours=(11, 12)):
        """Poll it for a day; return the names of what is wrong then."""
        for step in hours:
            self.archive.forward(hours=step)
            asyncio.run(self.archive.crawl(seconds=2))
        found = status(self.archive.root, now=self.archive.now)
        return [flag.name for _, flag in found.flags if flag.name != "disk"]


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    with wire.serving() as site:
        site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        made = Newspaper(Archive(tmp_path_factory.mktemp("paper") / "archive", site))
        made.live()
        yield made, dict(site.answers)


@pytest.fixture
def paper(lived, tmp_path):
    made, answers = lived
    made.site.answers = dict(answers)
    root = shutil.copytree(made.archive.root, tmp_path / "archive")
    yield Newspaper(Archive(root, made.site))
    assert_history_is_as_it_was(Archive(root, made.site))


def assert_history_is_as_it_was(archive):
    ((edited, missing, count),) = archive.rows(EDITS)
    assert (edited, missing) == (0, 0)
    assert count >= len(NEWS)


def test_nothing_is_wrong_while_it_publishes(paper):
    paper.publish([*LATER[:6], *NEWS])
    assert paper.day((11,)) == []
    paper.publish([*LATER, *NEWS])
    assert paper.day((12,)) == []


def test_it_fell_silent(paper):
    assert paper.day() == ["silent"]


def test_it_refuses_everything(paper):
    paper.everywhere(b"no", status="403 Forbidden")
    assert paper.day() == ["blocked"]


def test_it_asks_for_captchas(paper):
    paper.everywhere(CAPTCHA.encode())
    assert paper.day() == ["blocked"]


def test_its_articles_alone_are_behind_captchas(paper):
    paper.publish([*LATER, *NEWS], page=lambda _: CAPTCHA.encode())
    assert paper.day() == ["blocked"]


def test_it_is_redesigned_and_its_articles_are_not_read(paper):
    paper.publish([*LATER, *NEWS], page=lambda _: APP.encode())
    assert paper.day() == ["redesigned"]


def test_its_domain_expired(paper):
    paper.everywhere(PARKED.encode())
    assert paper.day() == ["expired"]


def test_an_outage_page_is_everywhere(paper):
    paper.everywhere(OUTAGE.encode())
    assert paper.day() == ["outage"]


def test_its_server_fails(paper):
    paper.everywhere(b"", status="502 Bad Gateway")
    assert paper.day() in (["outage"], ["unreachable"])  # of robots.txt nothing can be known


def test_nobody_answers(paper):
    for path in ["/robots.txt", "/", "/feed", *NEWS]:
        paper.site.answers[path] = (wire.RESET,)
    assert paper.day() == ["unreachable"]


@pytest.mark.parametrize("answer", [{"status": "404 Not Found"}, {"status": "410 Gone"}, {}])
def test_its_feed_is_elsewhere(paper, answer):
    paper.publish([*LATER, *NEWS])
    paper.answer("/feed", b"<html><body><h1>x</h1><p>y</p></body></html>", **answer)
    assert paper.day() == ["feed-moved"]


def test_it_moved_to_another_site(paper, monkeypatch):
    with wire.serving(host="127.0.0.2") as new:
        wire.may_be_asked(monkeypatch, new)
        monkeypatch.setattr("crawler.settings.DOWNLOAD_DELAY", 0)
        old, paper.site = paper.site, new
        new.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        paper.publish([*LATER, *NEWS])
        for path in ["/", "/feed", *NEWS]:
            to = f"Location: {new.url}{path}"
            old.answers[path] = (wire.http(b"", to, status="301 Moved Permanently"),)
        assert paper.day((7, 8, 8)) == ["moved"]
