"""`warraq backfill`: into the past by every way there is, and on from where it was broken off."""

import itertools
import json
import re
import signal
import subprocess
import sys
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest

from archive.database import open_for_reading
from archive.urls import identity_key
from crawler.daterange import Period
from fixtures import Newsstand, serve
from tests.crawler import shell, wire
from tests.crawler.listing_bodies import (
    API,
    NEW,
    OLD,
    articles,
    feed,
    index,
    kept,
    section,
    sitemap,
)

YEAR = Period(since=date(2026, 1, 1), until=date(2026, 11, 23))


def walk(archive, **changes):
    return archive.crawl(**{"back": True, "poll": frozenset(), "period": YEAR} | changes)


def wordpress(site, by_day, *, per_page=2):
    """Answer the interface of a site on which these articles (path by day) stand."""

    def answer(asked):
        query = dict(parse_qsl(urlsplit(asked.target).query))
        after, before = query.get("after", "")[:10], query.get("before", "9999")[:10]
        found = sorted((day for day in by_day if after < day < before), reverse=True)
        page, pages = int(query.get("page", "1")), -(-len(found) // per_page)
        rows = [
            {"link": site.url + by_day[day], "date_gmt": f"{day}T09:00:00"}
            for day in found[(page - 1) * per_page : page * per_page]
        ]
        body = json.dumps(rows).encode()
        return (wire.http(body, f"X-WP-TotalPages: {pages}", media="application/json"),)

    class Answers(dict[str, object]):
        def get(self, target, default=None):
            return answer if target.startswith("/wp-json/") else super().get(target, default)

    site.answers = Answers(site.answers)


DAYS = {f"2026-{month:02}-{day:02}": f"/news/{month}{day:03}"
        for month in (8, 10, 11) for day in (2, 12, 20)}  # fmt: skip


def months(site):
    """Return the months that the interface was asked for, with their pages."""
    queries = [
        dict(parse_qsl(urlsplit(path).query)) for path in site.targets() if "wp-json" in path
    ]
    return [(query["before"][:7], int(query.get("page", "1"))) for query in queries]


async def test_wordpress_is_walked_month_by_month_from_new_to_old(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"], feeds=[site.url + "/feed"])
    articles(site, *DAYS.values())
    wordpress(site, DAYS)
    summary = await walk(archive, period=Period(since=date(2026, 8, 10), until=YEAR.until))
    assert kept(archive, site) == sorted(path for day, path in DAYS.items() if day > "2026-08-10")
    assert months(site) == [
        ("2026-11", 1), ("2026-11", 2), ("2026-11", 1), ("2026-11", 2), ("2026-10", 1),
        ("2026-09", 1),
    ]  # fmt: skip
    asked = [path for path in site.targets() if path.startswith("/news/")]
    assert asked == sorted(asked, key=lambda path: -int(path[6:]))
    assert "/feed" not in site.targets()
    assert summary.left == 0


async def test_a_walk_that_was_made_asks_for_the_present_month_alone(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"])
    articles(site, *DAYS.values())
    wordpress(site, DAYS)
    await walk(archive)
    site.asked.clear()
    archive.forward(minutes=5)
    await walk(archive)
    assert months(site) == [("2026-11", 1), ("2026-11", 2)]
    assert not [path for path in site.targets() if path.startswith("/news/")]


async def test_a_limit_is_kept_and_the_next_walk_goes_on(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"])
    articles(site, *DAYS.values())
    wordpress(site, DAYS)
    newest = [DAYS[day] for day in sorted(DAYS, reverse=True)]
    for count in (4, 8, 9):
        summary = await walk(archive, limit=4)
        assert kept(archive, site) == sorted(newest[:count])
    assert summary.left == 0
    assert max(site.count(path) for path in newest) == 1


def announce(site):
    section(site, "/", more="<p>x</p><link rel='https://api.w.org/' href='/wp-json/'>")


async def test_what_a_walk_found_is_neither_news_nor_looked_at_often(archive, site):
    archive.follow(feeds=[site.url + "/feed"])
    announce(site)
    articles(site, *DAYS.values(), "/news/1")
    wordpress(site, DAYS)
    feed(site, "/feed", ("/news/1", NEW), ("/news/11012", "2026-11-20T09:00:00Z"))
    await walk(archive, limit=1)
    assert kept(archive, site) == ["/news/11020"]
    site.asked.clear()
    summary = await archive.crawl()
    # What the feed lists is news, though the walk had found it first.
    assert {path for path in site.targets() if "news" in path} == {"/news/1", "/news/11012"}
    assert summary.left == 0
    await walk(archive)
    assert len(kept(archive, site)) == 10
    archive.forward(days=20)
    site.asked.clear()
    await archive.crawl()
    assert "/news/10002" not in site.targets()
    archive.forward(days=11)
    await archive.crawl()
    assert site.count("/news/10002") == 1


def pages_of_a_section(site, *, dated, count=9):
    """Let a section have so many pages of three articles, each page one day older."""
    for page in range(1, count + 1):
        links = [f"/news/{1000 + page * 10 + turn}" for turn in range(3)]
        meta = f"<meta property='article:published_time' content='2026-11-{23 - page:02}'>"
        articles(site, *links, dated=meta if dated else "")
        path = "/s" if page == 1 else f"/s?page={page}"
        section(site, path, *links, more=f"<a href='/s?page={page + 1}'>x</a>")
    section(site, f"/s?page={count + 1}", *links, more=f"<a href='/s?page={count + 2}'>x</a>")


def pages(site):
    return [path for path in site.targets() if path.startswith("/s")]


async def test_sections_are_walked_until_their_articles_are_older(archive, site):
    archive.follow(sections=[site.url + "/s"])
    pages_of_a_section(site, dated=True)
    await walk(archive, period=Period(since=date(2026, 11, 19), until=YEAR.until))
    assert pages(site) == ["/s", *(f"/s?page={page}" for page in range(2, 7))]
    site.asked.clear()
    archive.forward(minutes=5)
    await walk(archive, period=Period(since=date(2026, 11, 17), until=YEAR.until))
    assert pages(site) == [f"/s?page={page}" for page in range(6, 9)]
    assert min(archive.rows("select published_on from articles")) == ("2026-11-16",)


async def test_a_section_that_repeats_its_last_page_comes_to_an_end(archive, site):
    archive.follow(sections=[site.url + "/s"])
    pages_of_a_section(site, dated=False)
    summary = await walk(archive)
    assert pages(site) == ["/s", *(f"/s?page={page}" for page in range(2, 11))]
    assert len(kept(archive, site)) == 27
    assert summary.left == 0


async def test_a_walk_passes_through_what_is_known(archive, site):
    archive.follow(sections=[site.url + "/s"])
    pages_of_a_section(site, dated=True)
    since = Period(since=date(2026, 11, 20))
    await archive.crawl(period=since)
    known = len(kept(archive, site))
    site.asked.clear()
    archive.forward(minutes=5)
    await walk(archive)
    assert "/s" not in pages(site)  # on from the last page that is known
    assert len(kept(archive, site)) == 27 > known


async def test_sitemaps_that_a_crawl_left_out_are_read_by_a_walk(archive, site):
    archive.follow(sitemaps=[site.url + "/index.xml"])
    articles(site, "/news/1001", "/news/1002", "/news/1003", "/news/1004")
    index(site, "/index.xml", ("/0.xml", "2025-01-01"), ("/1.xml", OLD), ("/2.xml", NEW))
    sitemap(site, "/0.xml", ("/news/1004", "2025-01-01"))
    sitemap(site, "/1.xml", ("/news/1001", OLD))
    sitemap(site, "/2.xml", ("/news/1002", OLD), ("/news/1003", NEW))
    await archive.crawl(period=Period(since=date(2026, 11, 20)))
    assert kept(archive, site) == ["/news/1003"]
    await walk(archive)
    assert kept(archive, site) == ["/news/1001", "/news/1002", "/news/1003"]
    assert "/0.xml" not in site.targets()
    assert site.count("/2.xml") == 1


async def test_a_front_page_shows_the_way_where_no_file_does(archive, site):
    archive.follow(feeds=[site.url + "/feed"])
    announce(site)
    articles(site, *DAYS.values())
    wordpress(site, DAYS)
    await walk(archive)
    assert kept(archive, site) == sorted(DAYS.values())
    assert months(site)[0] == ("2026-11", 1)
    assert API not in site.targets()


async def test_what_is_newer_than_the_walk_is_left_to_the_crawl(archive, site):
    archive.follow(sitemaps=[site.url + "/map.xml"])
    articles(site, "/2026/11/20/1001", "/2026/10/20/1002", "/2026/09/20/1003")
    sitemap(site, "/map.xml", *((path, NEW) for path in site.answers if path.startswith("/2026")))
    period = Period(since=date(2026, 10, 1), until=date(2026, 10, 31))
    summary = await walk(archive, period=period)
    assert kept(archive, site) == ["/2026/10/20/1002"]
    assert summary.left == 0
    await archive.crawl()
    assert kept(archive, site) == ["/2026/10/20/1002", "/2026/11/20/1001"]


@pytest.fixture
def press(tmp_path):
    """Serve the fixture newspapers; sanabel's file names WordPress's interface alone."""
    newsstand = Newsstand(articles=360)
    with serve(newsstand):
        newsstand.write_publishers(tmp_path)
        paper = newsstand.papers["sanabel"]
        lines = [
            line
            for line in paper.publisher_toml().splitlines()
            if not line.startswith(("feeds", "sitemaps", "sections"))
        ]
        lines.append(f"api = ['{paper.base_url}/wp-json/wp/v2/posts']")
        (tmp_path / "publishers" / "sanabel.toml").write_text("\n".join(lines), "utf-8")
        yield newsstand


def backfill(root, newsstand, slug, *words):
    now = newsstand.now().isoformat()
    return [
        sys.executable, "-m", "crawler", "backfill", slug, "--archive", str(root), "--now", now,
        *words,
    ]  # fmt: skip


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def kill(command, press, *, after):
    """Run a command and kill it once the newspapers have answered so many more requests."""
    target = press.requests.total() + after
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wire.until(lambda: press.requests.total() >= target or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()


def found(root):
    if not (root / "archive.db").exists():
        return {}
    db = open_for_reading(root)
    try:
        return dict(db.execute("select key, published_on from articles").fetchall())
    finally:
        db.close()


def truths(newsstand, slug, since, until="9999"):
    return {
        identity_key(truth.url): truth.published_on.isoformat()
        for truth in newsstand.papers[slug].truths(newsstand.now())
        if since <= truth.published_on.isoformat() <= until
    }


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["sanabel", "manara"])
def test_a_walk_killed_again_and_again_ends_with_every_article_once(press, tmp_path, slug):
    file = tmp_path / "publishers" / f"{slug}.toml"  # slowly, so that each kill finds work done
    file.write_text(re.sub(r"(?m)^delay = .*$", "delay = 0.05", file.read_text("utf-8")), "utf-8")
    wanted = truths(press, slug, "2020-11-05")
    assert len(wanted) > 60
    acknowledged: dict[str, str] = {}
    for number, after in zip(range(12), itertools.cycle((12, 25, 31, 40))):
        if number >= 2 and acknowledged:
            break  # the first kills may come before anything is acknowledged
        kill(backfill(tmp_path, press, slug, "--since", "2020-11-05"), press, after=after)
        assert acknowledged.items() <= found(tmp_path).items()
        acknowledged = found(tmp_path)
    assert 0 < len(acknowledged) < len(wanted)
    done = run(backfill(tmp_path, press, slug, "--since", "2020-11-05"))
    assert done.returncode == 0, done.stderr
    assert wanted.items() <= found(tmp_path).items()
    assert f"articles of {slug} from 2020-11-05 to 2020-11-12" in done.stdout
    asked = press.requests.total()
    again = run(backfill(tmp_path, press, slug, "--since", "2020-11-05"))
    assert again.returncode == 0
    assert press.requests.total() - asked < 6


@pytest.mark.slow
def test_the_interface_of_a_fixture_newspaper_is_walked(press, tmp_path):
    words = ("--since", "2020-11-10", "--until", "2020-11-11")
    done = run(backfill(tmp_path, press, "sanabel", *words))
    assert done.returncode == 0, done.stderr
    wanted = truths(press, "sanabel", "2020-11-10", "2020-11-11")
    assert found(tmp_path) == wanted
    assert len(wanted) > 10
    assert done.stdout.splitlines()[0].startswith("publisher")


@pytest.mark.slow
def test_a_schedules_crawl_gets_its_turn_between_two_slices(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"], feeds=[site.url + "/feed"])
    days = {f"2026-10-{day:02}": f"/news/10{day:03}" for day in range(1, 31)}
    articles(site, *days.values(), "/news/1")
    for path in days.values():
        site.answers[path] = (0.6, *site.answers[path])
    wordpress(site, days)
    feed(site, "/feed", ("/news/1", NEW))
    code = (
        "import crawler.crawl, crawler.cli, crawler.frontier; crawler.crawl.BACK_SECONDS = 2;"
        "crawler.frontier.IN_HAND = 2; crawler.cli.warraq()"
    )
    now = ("--archive", str(archive.root), "--now", "2026-11-23T12:00Z")
    command = [sys.executable, "-c", code, "backfill", "paper", "--since", "2026-10-01", *now]
    with subprocess.Popen(command, cwd=shell.ROOT, stderr=subprocess.PIPE, text=True) as back:
        assert wire.until(lambda: any(path in days.values() for path in site.targets()))
        poll = [sys.executable, "-m", "crawler", "crawl", "paper", "--with-parent", *now]
        with subprocess.Popen(poll, cwd=shell.ROOT, stdin=subprocess.PIPE) as child:
            assert wire.until(lambda: site.count("/feed"), seconds=30)
            assert back.poll() is None, "the walk was over before"
            assert child.wait(60) == 0
        _, errors = back.communicate(timeout=60)
    assert back.returncode == 0, errors
    assert "/news/1" in kept(archive, site)
    assert len(kept(archive, site)) == 31


WRONG = [
    (["nobody", "--since", "2020"], "no publisher is called 'nobody'"),
    (["paper"], "Missing option '--since'"),
    (["paper", "--since", "2020-13"], "'2020-13' is not a date; write 2020-11-09"),
    (["paper", "--since", "yesterday"], "'yesterday' is not a date"),
    (["paper", "--since", "2099"], "2099-01-01 is in the future"),
    (["paper", "--since", "2020", "--until", "2019"], "is before --since 2020-01-01"),
    (["lost", "--since", "2020"], "lost: nothing leads into its past; its file needs api"),
    (["paper", "--since", "2020", "--limit", "0"], "--limit"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=lambda one: str(one)[:30])
def test_a_wrong_command_says_what_is_right(archive, words, message):
    wire.publisher(archive.root, "lost", feeds=["http://127.0.0.1:1/feed"])
    code, output = shell.run("backfill", *words, "--archive", archive.root)
    assert code != 0
    assert message in output
    assert "Traceback" not in output


def test_a_walk_that_finds_nothing_says_so(archive, site):
    archive.follow(api=[site.url + "/wp-json/wp/v2/posts"])
    wordpress(site, {})
    words = ("--since", "2026-10", "--until", "2026-10", "--now", "2026-11-23T12:00Z")
    code, output = shell.run("backfill", "paper", *words, "--archive", archive.root)
    assert code == 0
    assert "The archive has no articles of paper from 2026-10-01 to 2026-10-31." in output
