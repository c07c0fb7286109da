"""Only what changed is asked for, and every exchange is in the WARC file as it came."""

import gzip

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from tests.crawler import wire


def records(archive):
    """Return (type, url, status line, headers, payload as stored) of the WARC records."""
    found = []
    for path in sorted((archive.root / "warc").rglob("*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                head = record.http_headers
                found.append(
                    (
                        record.rec_type,
                        (record.rec_headers.get_header("WARC-Target-URI") or "").removeprefix(
                            archive.site.url
                        ),
                        head and head.statusline,
                        head and head.headers,
                        record.raw_stream.read(),
                        record.rec_headers.get_header("WARC-Truncated"),
                    )
                )
    return found


async def test_every_exchange_is_recorded_with_its_request(archive, site):
    packed = gzip.compress(wire.article(), mtime=0)
    site.answers["/news/1"] = (wire.http(packed, "Content-Encoding: gzip", "x-OdD: 1"),)
    site.answers["/news/2"] = (wire.http(b"", "Location: /news/3", status="301 Moved"),)
    await archive.crawl()
    kept = records(archive)
    for target in ("/robots.txt", "/feed", "/news/1", "/news/2", "/news/3"):
        types = [one[0] for one in kept if one[1] == target]
        assert types[:2] == ["response", "request"]
        # The journal of a visit, and of what a listing named, is with the address that answered.
        visited = target not in {"/robots.txt", "/news/2"}
        assert set(types[2:]) == ({"metadata"} if visited else set())
    (page,) = [one for one in kept if one[:2] == ("response", "/news/1")]
    assert page[4] == packed
    assert ("x-OdD", "1") in page[3]
    assert {one[1]: one[2] for one in kept if one[0] == "response"}["/news/2"] == "301 Moved"


async def test_a_torn_page_is_kept_marked_and_tried_again(archive, site):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999\r\n\r\n"
    site.answers["/news/1"] = (head + wire.article(),)
    await archive.crawl()
    (page,) = [one for one in records(archive) if one[:2] == ("response", "/news/1")]
    assert page[4:] == (wire.article(), "disconnect")
    assert archive.problems() == [("truncated", "/news/1")]
    site.answers["/news/1"] = (wire.http(wire.article("خبر كامل")),)
    archive.forward(hours=1)
    await archive.crawl()
    assert archive.rows("select count(*) from articles where title = 'خبر كامل'") == [(1,)]


def tagged(asked):
    """Answer with an entity tag, and with 304 to who has it."""
    if asked.header("If-None-Match") == '"v1"':
        return (wire.http(b"", 'ETag: "v1"', status="304 Not Modified"),)
    return (
        wire.http(wire.article(), 'ETag: "v1"', "Last-Modified: Mon, 23 Nov 2026 09:00:00 GMT"),
    )


async def test_an_unchanged_page_costs_a_304_and_is_still_seen(archive, site):
    site.answers["/news/1"] = tagged
    await archive.crawl()
    archive.forward(hours=2)
    summary = await archive.crawl()
    first, second = [one for one in site.asked if one.target == "/news/1"]
    assert first.header("If-None-Match") is None
    assert second.header("If-None-Match") == '"v1"'
    assert second.header("If-Modified-Since") == "Mon, 23 Nov 2026 09:00:00 GMT"
    assert archive.rows("select count(*) from revisions")[0] == (2,)
    assert archive.problems() == []
    assert sum(one.changed + one.new for one in summary.counts) == 0
    seen = archive.rows("select last_seen_at from articles where url like '%/news/1'")
    assert seen[0][0] > "2026-11-23T14"


async def test_the_validators_are_not_sent_to_where_a_redirect_leads(archive, site):
    site.answers["/news/1"] = tagged
    await archive.crawl()
    site.answers["/news/1"] = (wire.http(b"", "Location: /moved/1", status="302 Found"),)
    site.answers["/moved/1"] = tagged
    archive.forward(hours=2)
    await archive.crawl()
    (moved,) = [one for one in site.asked if one.target == "/moved/1"]
    assert moved.header("If-None-Match") is None
    assert moved.header("If-Modified-Since") is None


async def test_addresses_are_asked_for_in_characters_a_server_takes(archive, site):
    links = ["/سياسة/خبر-1", "/a b/2", "/%D8%AE%D8%A8%D8%B1/3", "/q?x=خبر&y=4#top"]
    site.answers["/feed"] = (wire.http(wire.feed(*links).replace(b"&y", b"&amp;y")),)
    await archive.crawl()
    assert set(site.targets()) == {
        *("/robots.txt", "/feed"),
        "/%D8%B3%D9%8A%D8%A7%D8%B3%D8%A9/%D8%AE%D8%A8%D8%B1-1",
        "/a%20b/2",
        "/%D8%AE%D8%A8%D8%B1/3",
        "/q?x=%D8%AE%D8%A8%D8%B1&y=4",
    }


async def test_the_files_pass_warcios_own_check(archive, site):
    site.answers["/news/1"] = tagged
    site.answers["/news/2"] = (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",)
    await archive.crawl()
    archive.forward(hours=2)
    await archive.crawl()
    for path in (archive.root / "warc").rglob("*.warc.gz"):
        assert _complaints(path) == []


def _complaints(path):
    complaints = []
    checker = Checker(type("Arguments", (), {"inputs": [str(path)], "verbose": False})())
    checker.print_all = checker.exit_value = None
    with path.open("rb") as file:
        iterator = ArchiveIterator(file, check_digests=True)
        for record in iterator:
            record.content_stream().read()
            complaints += record.digest_checker.problems
    return complaints


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "[fe80::1%25eth0]", "ا" * 70 + ".example"])
async def test_a_host_that_cannot_be_is_a_bad_address(archive, site, host):
    site.answers["/news/1"] = (wire.http(b"", f"Location: http://{host}/1", status="302 Found"),)
    feed = wire.feed(f"http://{host}/news/1", site.url + "/news/1", site.url + "/news/2")
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    await archive.crawl()
    assert archive.problems() == [("bad-link", "/feed"), ("bad-address", "/news/1")]
    assert archive.rows("select count(*) from articles") == [(1,)]


@pytest.mark.parametrize("value", [b'"a\x1bb"', b'"a\x85b"', b'"a\x7f"', b"x" * 5000])
async def test_a_validator_that_is_none_is_not_sent_back(archive, site, value):
    for name in (b"ETag", b"Last-Modified"):
        page = wire.http(wire.article(), "X: 1").replace(b"X: 1", name + b": " + value)
        site.answers["/news/1"] = (page,)
        await archive.crawl()
        site.asked.clear()
        archive.forward(days=4)
    await archive.crawl()
    (again,) = [one for one in site.asked if one.target == "/news/1"]
    assert again.header("If-None-Match") is None
    assert again.header("If-Modified-Since") is None
    assert archive.problems() == []
