"""`warraq publishers check`: what works is told, what is broken with a remedy; no news is lost."""

import asyncio
import json
import signal
from contextlib import closing
from functools import partial

import pytest
from click.testing import CliRunner

from archive.database import open_for_reading
from crawler.cli import warraq
from crawler.commands.options import chosen
from crawler.discovery.check import check as check_all
from crawler.discovery.probe import run as inquire
from crawler.settings import scrapy_settings
from tests.crawler import shell, wire
from tests.crawler.listing_bodies import API, NEW, posts

NEWS = ("/news/1001", "/news/1002")


def run(*words):
    """Run a command; its errors must have become a line and an exit code."""
    result = CliRunner().invoke(warraq, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def check(archive, *words):
    return run("publishers", "check", *words, "--archive", archive.root)


def one(archive):
    """Return the only finding about `paper`, and the exit code."""
    result = check(archive, "paper", "--json")
    (line,) = result.stdout.splitlines()
    return json.loads(line), result.exit_code


def test_what_works_is_told(archive, site):
    found, code = one(archive)
    assert code == 0
    assert found == {
        "publisher": "paper", "key": "feeds", "url": f"{site.url}/feed", "works": True,
        "status": 200, "form": "RSS feed", "links": 2, "wanted": 2, "listings": 0,
        "newest": None, "problem": None, "remedies": [], "proposed": False,
    }  # fmt: skip
    told = check(archive, "paper").stdout
    assert "paper: works" in told
    assert "RSS feed, 2 links" in told


def test_without_a_slug_those_are_checked_that_the_archive_follows(archive):
    assert "paper: works" in check(archive).stdout


def test_each_entry_point_is_asked_once(archive, site):
    archive.follow(feeds=[f"{site.url}/feed"], sections=[f"{site.url}/a", f"{site.url}/b"])
    site.answers["/a"] = (wire.http(b"<html><a href='/news/1001'>x</a></html>"),)
    result = check(archive, "paper")
    assert result.exit_code == 1  # /b is not there
    assert "paper: 1 of 3 broken" in result.stdout
    assert sorted(site.targets()) == ["/", "/a", "/b", "/feed", "/robots.txt"]
    assert "NEW" not in result.stdout  # and no front page to announce what there is


def announce(site, *feeds, sitemap=""):
    """Let the front page announce feeds, and robots.txt a sitemap."""
    links = "".join(
        f"<link rel=alternate type='application/rss+xml' href='{path}'>" for path in feeds
    )
    site.answers["/"] = (wire.http(f"<html><head>{links}</head></html>".encode()),)
    site.answers["/robots.txt"] = (wire.http(sitemap.encode(), media="text/plain"),)


def test_what_the_front_page_announces_now_is_proposed_and_nothing_is_written(archive, site):
    announce(
        site, "/rss/all.xml", "/rss/empty.xml", "/feed", sitemap=f"Sitemap: {site.url}/map.xml"
    )
    site.answers |= {
        "/rss/all.xml": (wire.http(wire.feed(f"{site.url}/news/1"), media="text/xml"),),
        "/rss/empty.xml": (wire.http(EMPTY.encode(), media="text/xml"),),
        "/map.xml": (wire.http(SITEMAP.encode(), media="text/xml"),),
    }
    assert check(archive, "paper").exit_code == 0
    assert site.targets() == ["/robots.txt", "/feed"]  # what works is not replaced
    del site.answers["/feed"]
    before = {path: path.read_bytes() for path in archive.root.rglob("*.toml")}
    result = check(archive, "paper", "--json")
    broken, *new = map(json.loads, result.stdout.splitlines())
    assert (broken["works"], broken["proposed"], result.exit_code) == (False, False, 1)
    found = {each["key"]: each["url"] for each in new if each["works"] and each["proposed"]}
    assert found == {"feeds": f"{site.url}/rss/all.xml", "sitemaps": f"{site.url}/map.xml"}
    said = check(archive, "paper").stdout
    assert "paper: 1 of 1 broken" in said
    assert f"NEW    feeds     {site.url}/rss/all.xml" in said
    assert "write it into paper.toml" in said
    assert {path: path.read_bytes() for path in archive.root.rglob("*.toml")} == before


def test_a_newspaper_that_moved_announces_its_listings_where_it_is(archive, site, monkeypatch):
    with wire.serving(host="127.0.0.2") as new:
        open_to = partial(scrapy_settings, open_urls=[new.url])
        monkeypatch.setattr("crawler.discovery.probe.scrapy_settings", open_to)
        announce(new, "/rss")
        new.answers["/rss"] = (wire.http(wire.feed(f"{new.url}/1"), media="text/xml"),)
        site.answers["/"] = (
            wire.http(b"", f"Location: {new.url}/", status="301 Moved Permanently"),
        )
        archive.follow(feeds=[f"{site.url}/gone"])
        result = check(archive, "paper", "--json")
        assert [json.loads(line)["url"] for line in result.stdout.splitlines()][1:] == [
            f"{new.url}/rss"
        ]


def test_what_stands_in_its_place_is_named(archive, site):
    parked = "<title>domain for sale</title><h1>This domain is for sale</h1>"
    site.answers["/feed"] = (wire.http(parked.encode()),)
    found, code = one(archive)
    assert (code, found["works"]) == (1, False)
    assert "parked" in found["problem"]


def moved(site):
    site.answers["/feed"] = (wire.http(b"", "Location: /new", status="301 Moved"),)
    site.answers["/new"] = (wire.http(wire.feed(site.url + "/news/1"), media="text/xml"),)


def lent(site):
    moved(site)
    site.answers["/feed"] = (wire.http(b"", "Location: /new", status="302 Found"),)


def old(site):
    item = "<item><link>/news/1</link><pubDate>Mon, 09 Nov 2020 08:00:00 GMT</pubDate></item>"
    feed = f"<rss version='2.0'><channel>{item}</channel></rss>"
    site.answers["/feed"] = (wire.http(feed.encode(), media="text/xml"),)


def answer(body, media="text/html", status="200 OK"):
    def prepare(site):
        site.answers["/feed"] = (wire.http(body.encode(), media=media, status=status),)

    return prepare


def robots(text, status="200 OK"):
    def prepare(site):
        site.answers["/robots.txt"] = (wire.http(text.encode(), status=status),)

    return prepare


def broken_off(site):
    site.answers["/feed"] = (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<rss>",)


EMPTY = "<rss version='2.0'><channel><title>x</title></channel></rss>"
SITEMAP = "<urlset><url><loc>/news/1</loc></url></urlset>"

# What the feed answers, whether it works, and what its problem and remedies must say.
CASES = {
    "moved for good": (moved, True, ["it moved permanently; write ", "/new instead"]),
    "moved for now": (lent, True, []),
    "old": (old, True, ["nothing new for "]),
    "404": (answer("x", status="404 Not Found"), False, ["answered 404", "front page"]),
    "403": (answer("x", status="403 Forbidden"), False, ["answered 403", "refuses programs"]),
    "500": (answer("x", status="500 Oops"), False, ["answered 500", "later"]),
    "429": (answer("x", status="429 Slow"), False, ["answered 429", "patience"]),
    "a page": (answer("<html><body>x</body></html>"), False, ["it is a web page", "add"]),
    "a sitemap": (
        answer(SITEMAP, "text/xml"),
        False,
        ["a sitemap, which belongs in `sitemaps`"],
    ),
    "nothing in it": (answer(EMPTY, "text/xml"), False, ["lists no articles"]),
    "nothing": (answer(""), False, ["not an RSS"]),
    "forbidden": (robots("User-agent: *\nDisallow: /feed"), False, ["robots.txt forbids", "obeys"]),
    "no robots.txt": (robots("", "503 Later"), False, ["robots.txt answered 503"]),
    "broken off": (broken_off, False, ["broke off"]),
}


@pytest.mark.parametrize("name", CASES)
def test_an_entry_point(archive, site, name):
    prepare, works, said = CASES[name]
    prepare(site)
    found, code = one(archive)
    assert (found["works"], code) == (works, 0 if works else 1), found
    told = " ".join([found["problem"] or "", *found["remedies"]])
    assert [words for words in said if words not in told] == [], told
    assert bool(found["remedies"]) == bool(said)


def test_patterns_that_let_nothing_pass_are_told(archive, site):
    archive.follow(feeds=[f"{site.url}/feed"], accept=["/story/"])
    found, code = one(archive)
    assert (code, found["links"], found["wanted"]) == (1, 2, 0)
    assert "none of its 2 links" in found["problem"]
    assert f"{site.url}/news/1" in found["remedies"][0]


def test_without_listings_the_front_page_is_checked_as_the_crawl_reads_it(archive, site):
    archive.follow(accept=["/news/"])
    body = "<link rel='alternate' type='application/rss+xml' href='/rss'><a href='/x/1234'>x</a>"
    site.answers["/"] = (wire.http(body.encode()),)
    site.answers["/robots.txt"] = (wire.http(b"Sitemap: /map.xml", media="text/plain"),)
    found, code = one(archive)
    assert (code, found["key"], found["url"]) == (0, "homepage", f"{site.url}/")
    assert (found["links"], found["wanted"], found["listings"]) == (1, 0, 2)


def test_a_front_page_without_articles_is_broken(archive, site):
    archive.follow(accept=["/news/"])
    site.answers["/"] = (wire.http(b"<p>x"),)
    found, code = one(archive)
    assert code == 1
    assert found["problem"].endswith("lists no articles")


def test_a_newspaper_without_entry_points_is_reported(archive):
    wire.publisher(archive.root, "paper")
    result = check(archive, "paper")
    assert result.exit_code == 1
    assert "names no listing and no front page" in result.stdout


def test_wordpress_is_asked_as_the_crawl_asks(archive, site):
    archive.follow(api=[f"{site.url}/wp-json/wp/v2/posts"])
    posts(site, API, ("/news/1001", NEW))
    found, code = one(archive)
    assert (code, found["key"], found["url"]) == (0, "api", f"{site.url}/wp-json/wp/v2/posts")
    assert (found["form"], found["wanted"], found["remedies"]) == ("list of posts", 1, [])


def test_a_newspaper_is_not_asked_outside_its_hours(archive, site):
    archive.follow(feeds=[f"{site.url}/feed"], hours="21:00-22:00")
    result = check(archive, "paper", "--now", "2020-11-12T09:00Z")
    assert site.asked == []
    assert "crawled only at" in result.stderr
    assert result.exit_code == 0


def test_one_that_is_unknown_is_told(archive):
    result = check(archive, "papper")
    assert result.exit_code == 1
    assert "papper" in result.stderr


def conditional(site):
    """Serve a feed as servers do that answer a known ETag with 304."""
    feed = wire.feed(site.url + "/news/1", site.url + "/news/2")

    def answered(asked):
        if asked.header("If-None-Match") == '"two"':
            return (wire.http(b"", status="304 Not Modified"),)
        return (wire.http(feed, 'ETag: "two"', media="application/rss+xml"),)

    site.answers["/feed"] = answered


VISITS = "select key, due_at, etag, last_at, last_capture, failures, state from visits order by 1"


async def test_a_check_takes_no_news_from_the_next_crawl(archive, site):
    first = wire.feed(site.url + "/news/1")
    site.answers["/feed"] = (wire.http(first, 'ETag: "one"', media="application/rss+xml"),)
    await archive.crawl()
    known = archive.rows(VISITS)
    conditional(site)  # a second article is out
    papers = chosen(archive.root, ["paper"])
    ((found,),) = await inquire(
        lambda probe: check_all(probe, papers),
        papers,
        archive.root,
        "publishers check",
        "WARNING",
        archive.clock,
    )
    assert found.count == 2
    assert site.asked[-1].header("If-None-Match") is None
    assert archive.rows(VISITS) == known
    await archive.crawl()
    titles = archive.rows("select title from articles order by 1")
    assert titles == [("خبر رقم 1 من المدينة",), ("خبر رقم 2 من المدينة",)]


def test_a_broken_entry_point_fails_no_visit(archive, site):
    asyncio.run(archive.crawl())
    known = archive.rows("select * from visits order by key")
    problems = archive.problems()
    del site.answers["/feed"]
    code, output = shell.run("publishers", "check", "paper", "--archive", archive.root)
    assert code == 1
    assert "answered 404" in output
    assert "Traceback" not in output
    assert archive.rows("select * from visits order by key") == known
    assert archive.problems() == problems
    with closing(open_for_reading(archive.root)) as db:
        last = db.execute(
            "select kind, publisher, status from captures order by warc_file desc, warc_offset desc"
        ).fetchone()
    assert last == ("probe", "paper", 404)


@pytest.mark.slow
def test_ctrl_c_ends_a_check_with_one_line(archive, site):
    archive.follow(feeds=[f"{site.url}/feed"], sections=[f"{site.url}/{n}" for n in range(40)])
    site.answers["/feed"] = (1.0, wire.http(wire.feed(site.url + "/news/1"), media="text/xml"))
    for number in range(40):
        site.answers[f"/{number}"] = (0.5, wire.http(b"<html><body>x</body></html>"))
    with shell.start("publishers", "check", "paper", "--archive", archive.root) as process:
        assert wire.until(lambda: "/feed" in site.targets())
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=30)[0]
    assert "Traceback" not in output
    assert "never retrieved" not in output
    assert process.returncode == 130, output
    assert output.splitlines()[-1] == "Stopped; run the same command to start again."


def test_a_data_cap_that_is_reached_lets_nothing_be_asked(archive, site):
    (archive.root / "warraq.toml").write_text("max_mb_per_month = 0.00001", "utf-8")
    assert check(archive, "paper").exit_code == 0
    asked = len(site.asked)
    again = check(archive, "paper")
    assert again.exit_code == 1
    assert "`max_mb_per_month`" in again.stderr
    assert len(site.asked) == asked
