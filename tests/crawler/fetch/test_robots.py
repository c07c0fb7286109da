"""robots.txt by RFC 9309, in real crawls of a real little site; and no file takes long to read."""

import gzip
import pickle
import time
import zlib

import pytest
from scrapy import Request

from archive.clock import starting_at
from archive.problems import ProblemKind
from crawler.errors import Unread
from crawler.fetch.exceptions import NotFetched
from crawler.fetch.middlewares import RobotsPolicy, judge
from crawler.fetch.robots import AGENT, LIMIT_BYTES, MOST_RULES, rules
from crawler.workers import Workers
from tests.crawler import wire

ARTICLES = {"/news/1", "/news/2"}


def robots(*lines, status="200 OK"):
    return (wire.http("\n".join(lines).encode(), media="text/plain", status=status),)


@pytest.mark.parametrize(
    ("answer", "fetched", "problems"),
    [
        (robots(), ARTICLES, []),
        (robots("User-agent: *", "Disallow: /news/1"), {"/news/2"}, ["/news/1"]),
        (robots("User-agent: *", "Disallow: /", "User-agent: warraq", "Allow: /"), ARTICLES, []),
        (robots("User-agent: Warraq", "Disallow: /news/"), set(), ["/news/1", "/news/2"]),
        (robots("\ufeffUser-agent: *", "Disallow: /news/1"), {"/news/2"}, ["/news/1"]),
        (robots("<html>a front page</html>"), ARTICLES, []),
        (robots("no such file", status="404 Not Found"), ARTICLES, []),
        (robots("User-agent: *", "Disallow: /", status="403 Forbidden"), ARTICLES, []),
    ],
    ids=["empty", "one", "ours", "ours-not", "mark", "html", "404", "403"],
)
async def test_what_robots_txt_allows_is_fetched(archive, site, answer, fetched, problems):
    site.answers["/robots.txt"] = answer
    await archive.crawl()
    assert {target for target in site.targets() if "news" in target} == fetched
    assert archive.problems() == [("robots-disallow", path) for path in problems]
    assert site.targets()[0] == "/robots.txt"
    assert site.count("/robots.txt") == 1


@pytest.mark.parametrize(
    "answer",
    [
        robots(status="503 Service Unavailable"),
        robots(status="500 Oh"),
        robots(status="429 Too Many Requests"),
        (wire.RESET,),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser-agent: *\nAllow",),
    ],
    ids=["503", "500", "429", "reset", "torn"],
)
async def test_unreachable_means_not_now(archive, site, answer):
    site.answers["/robots.txt"] = answer
    summary = await archive.crawl()
    assert set(site.targets()) == {"/robots.txt"}
    assert archive.problems() == [("robots-unreachable", "/feed")]
    assert summary.left == 0
    assert summary.seconds < 8  # a pause is not waited for where nothing is due after it
    ((state, due_at),) = archive.rows("select state, due_at from visits")
    assert state == "failed"
    assert due_at > archive.now.isoformat()


async def test_a_refused_address_is_not_asked_for_again_at_once(archive, site):
    site.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /news/1")
    await archive.crawl()
    (row,) = archive.rows("select state, due_at from visits where url like '%/news/1'")
    assert row[0] == "refused"
    assert row[1] is None or row[1] > archive.now.isoformat()


async def test_a_good_answer_serves_for_a_day_from_the_archive(archive, site):
    site.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /news/1")
    await archive.crawl()
    archive.forward(hours=23)
    await archive.crawl()
    assert site.count("/robots.txt") == 1
    assert site.count("/feed") == 2
    assert site.count("/news/1") == 0
    archive.forward(hours=2)
    site.answers["/robots.txt"] = robots()
    await archive.crawl()
    assert site.count("/robots.txt") == 2
    assert site.count("/news/1") == 1


async def test_an_unreachable_one_is_asked_for_again(archive, site):
    site.answers["/robots.txt"] = robots(status="503 No")
    await archive.crawl()
    site.answers["/robots.txt"] = robots()
    archive.forward(hours=1)
    await archive.crawl()
    assert site.count("/robots.txt") == 2
    assert set(site.targets()) > ARTICLES


SHUT_LAST = b"".join(b"# %d %d\n" % (one, one * 7919 % 10007) for one in range(3000)) + (
    b"User-agent: *\nDisallow: /\n"
)
GARBAGE = b"\x8b\x0f\x80User\x00garbage" + bytes(range(128, 250))
BOMB = gzip.compress(b"\n" * 30_000_000, 9, mtime=0)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (GARBAGE, "br"),
        (b"User-agent: *\nDisallow: /\n", "gzip"),
        (gzip.compress(gzip.compress(gzip.compress(SHUT_LAST))), "gzip, gzip, gzip"),
        (gzip.compress(SHUT_LAST, mtime=0)[:-60], "gzip"),
        (zlib.compress(SHUT_LAST)[:-60], "deflate"),
        (BOMB, "gzip"),
    ],
    ids=["br", "plain", "layers", "torn", "torn-deflate", "bomb"],
)
async def test_one_that_does_not_unpack_means_not_now_in_every_crawl(archive, site, body, coding):
    answer = wire.http(body, f"Content-Encoding: {coding}", media="text/plain")
    site.answers["/robots.txt"] = (answer,)
    for count in (1, 2):
        await archive.crawl()
        assert site.targets() == ["/robots.txt"] * count
        assert archive.problems()[-1] == ("robots-unreachable", "/feed")
        archive.forward(hours=1)


@pytest.mark.parametrize(
    ("pack", "coding"),
    [
        (gzip.compress, "gzip"),
        (zlib.compress, "deflate"),
        (lambda body: zlib.compress(gzip.compress(body)), "gzip\r\nContent-Encoding: deflate"),
    ],
    ids=["gzip", "deflate", "both"],
)
async def test_a_packed_one_serves_for_a_day(archive, site, pack, coding):
    packed = pack(b"User-agent: *\nDisallow: /news/1")
    site.answers["/robots.txt"] = (wire.http(packed, f"Content-Encoding: {coding}"),)
    for _ in range(2):
        await archive.crawl()
        archive.forward(hours=1)
    assert site.count("/robots.txt") == 1
    assert site.count("/news/1") == 0
    assert site.count("/news/2") == 2


async def test_a_redirected_robots_txt_counts_in_every_crawl(archive, site):
    site.answers["/robots.txt"] = (wire.http(b"", "Location: /r.txt", status="301 Moved"),)
    site.answers["/r.txt"] = robots("User-agent: *", "Disallow: /news/1")
    for _ in range(2):
        await archive.crawl()
        archive.forward(hours=1)
    assert site.count("/feed") == 2
    assert site.count("/news/1") == 0
    assert site.count("/news/2") == 2


async def test_a_redirect_without_end_means_not_now(archive, site):
    site.answers["/robots.txt"] = (wire.http(b"", "Location: /robots.txt", status="301 Moved"),)
    await archive.crawl()
    assert set(site.targets()) == {"/robots.txt"}
    assert archive.problems() == [("robots-unreachable", "/feed")]


async def test_the_policy_of_the_place_a_redirect_leads_to_counts(archive, site):
    with wire.serving() as other:
        archive.follow(feeds=[site.url + "/feed"], homepage=other.url + "/")
        other.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /")
        site.answers["/news/1"] = (
            wire.http(b"", f"Location: {other.url}/news/1", status="302 Found"),
        )
        await archive.crawl()
        assert other.targets() == ["/robots.txt"]
    assert archive.problems() == [("robots-disallow", "/news/1")]


@pytest.mark.slow
async def test_a_crawl_delay_slows_the_host(archive, site):
    times = []
    page = site.answers["/news/1"]

    def timed(_asked):
        times.append(time.monotonic())
        return page

    site.answers["/news/1"] = site.answers["/news/2"] = timed
    site.answers["/robots.txt"] = robots("User-agent: *", "Crawl-delay: 1.2")
    await archive.crawl()
    assert len(times) == 2
    assert times[1] - times[0] > 1.1


@pytest.mark.parametrize("value", ["nan", "-5", "soon", "0", ""])
async def test_a_senseless_crawl_delay_is_none(archive, site, value):
    site.answers["/robots.txt"] = robots("User-agent: *", f"Crawl-delay: {value}")
    summary = await archive.crawl()
    assert set(site.targets()) > ARTICLES
    assert summary.seconds < 5


async def test_robots_txt_is_kept_like_any_other_page(archive, site):
    await archive.crawl()
    rows = archive.rows("select publisher, status from captures where kind = 'robots'")
    assert rows == [("paper", 200)]


async def test_a_host_whose_robots_txt_answers_429_is_asked_again_after_the_pause(archive, site):
    allowed = site.answers["/robots.txt"]
    busy = wire.http(b"", "Retry-After: 1", status="429 Too Many Requests")
    site.answers["/robots.txt"] = lambda _: (busy,) if site.count("/robots.txt") == 1 else allowed
    feed = [site.url + "/feed"]
    archive.follow(feeds=feed, sections=[site.url + "/later"])
    await archive.crawl(clock=starting_at(archive.now))
    assert site.count("/robots.txt") in {1, 2}
    assert {kind for kind, _ in archive.problems()} <= {"robots-unreachable", "http-404"}
    archive.forward(hours=1)
    await archive.crawl()
    assert archive.rows("select count(*) from articles") == [(2,)]


URL = "https://paper.example/robots.txt"


@pytest.fixture
def workers():
    pool = Workers(processes=1)
    yield pool
    pool.close()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_an_error_allows_everything(workers, status):
    found = await judge(URL, status, b"User-agent: *\nDisallow: /", workers.do)
    assert found.can_fetch("https://paper.example/a", "warraq")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520])
async def test_an_outage_allows_nothing(workers, status):
    with pytest.raises(NotFetched, match=f"answered {status}"):
        await judge(URL, status, b"", workers.do)


async def test_a_file_is_read_once_and_by_a_worker(archive, site, monkeypatch):
    asked = []

    async def do(self, work):
        asked.append(work)
        return await read(self, work)

    read = Workers.do
    monkeypatch.setattr(Workers, "do", do)
    monkeypatch.setattr("crawler.fetch.middlewares._judged", {})
    site.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /news/1")
    for _ in range(2):  # crawls of one process, as slices are
        await archive.crawl()
        archive.forward(hours=1)
    bodies = [work.args for work in asked if work.func.__name__ == "rules"]
    assert bodies == [(b"User-agent: *\nDisallow: /news/1",)]
    assert site.count("/news/1") == 0


async def test_large_files_of_many_hosts_are_not_all_remembered():
    class Policy(RobotsPolicy):
        def __init__(self):
            self._policies, self._sizes = {}, {}

        async def _fetch(self, url, publisher):
            return rules(b"User-agent: *\n" + b"Disallow: /%s\n" % (b"a" * 80) * 5000)

    policy = Policy()
    for number in range(20):
        meta = {"publisher": "paper"}
        await policy.process_request(Request(f"https://{number}.paper.example/", meta=meta))
    assert len(policy._policies) == len(policy._sizes) == 4


async def test_a_file_that_cannot_be_read_means_not_now(archive, site, monkeypatch):
    async def do(self, work):
        if work.func.__name__ == "rules":
            raise Unread(ProblemKind.EXTRACT_TIMEOUT, "reading it took over 20 s")
        return await read(self, work)

    read = Workers.do
    monkeypatch.setattr(Workers, "do", do)
    site.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /no-one-reads-this")
    await archive.crawl()
    assert set(site.targets()) == {"/robots.txt"}
    assert archive.problems() == [("robots-unreachable", "/feed")]


@pytest.mark.parametrize(
    ("last", "targets"),
    [
        ("Disallow: /secret/", {"/robots.txt"}),
        ("Disallow: /0", {"/robots.txt", "/feed", "/news/2"}),  # once more
        ("Disallow:", {"/robots.txt", "/feed", "/news/2"}),
        ("Allow: /news/1", {"/robots.txt", "/feed", "/news/2"}),  # less is asked for without it
    ],
)
async def test_more_prohibitions_than_are_read_mean_not_now(archive, site, last, targets):
    many = [f"Disallow: /{number}" for number in range(MOST_RULES - 1)]
    site.answers["/robots.txt"] = robots("User-agent: *", *many, "Disallow: /news/1", last)
    for _ in range(2):
        site.asked.clear()
        await archive.crawl()
        assert set(site.targets()) <= targets
        archive.forward(minutes=20)
    if "/feed" not in targets:
        detail = f"{site.url}/robots.txt has over 5,000 rules for us: not all are read"
        problems = archive.rows("select distinct kind, detail from problems")
        assert problems == [("robots-unreachable", detail)]
    else:
        assert archive.rows("select kind from problems") == [("robots-disallow",)]
        assert archive.rows("select count(*) from articles") == [(1,)]


SHUT = "User-agent: *\nDisallow: "
GROUPS = "User-agent: warraq\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\nUser-agent: WARRAQ\n"


def allows(text, path):
    body = text if isinstance(text, bytes) else text.encode()
    return rules(body).can_fetch(f"https://paper.example{path}", AGENT)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        # section 2.2.1: groups
        (GROUPS + "Disallow: /b", "/a", False),
        (GROUPS + "Disallow: /b", "/b", False),
        (GROUPS + "Disallow: /b", "/c", True),
        ("User-agent: *\nDisallow: /a\nUser-agent: x\nUser-agent: *\nDisallow: /b", "/b", False),
        ("User-agent: x\nUser-agent: warraq\nDisallow: /a", "/a", False),
        ("User-agent: x\n\nUser-agent: warraq\n\nDisallow: /a", "/a", False),
        ("User-agent: warraq\nSitemap: https://x/s\nUser-agent: y\nDisallow: /a", "/a", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: warraq\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: warraq\nCrawl-delay: 3", "/a", True),
        ("User-agent: war\nDisallow: /", "/a", True),
        ("User-agent: WarraqBot\nDisallow: /", "/a", True),
        ("User-agent: Warraq/1.0\nDisallow: /", "/a", False),
        ("User-agent: Warraq (+https://x)\nDisallow: /", "/a", False),
        ("User-agent: 360Spider\nDisallow: /", "/a", True),
        ("Disallow: /", "/a", True),
        ("User-agent: *warraq*\nDisallow: /", "/a", True),
        ("User-agent: *foo*\nDisallow: /\nUser-agent: *\nDisallow: /b", "/a", True),
        ("User-agent: *bot\nDisallow: /", "/a", True),
        ("User-agent: * all\nDisallow: /", "/a", False),
        ("User-agent: *\t# all\nDisallow: /", "/a", False),
        ("User-agents: *\nDisallowed: /a", "/a", False),
        ("Useragent: warraq\nDissallow: /a", "/a", False),
        # section 2.2.2: allow and disallow
        (SHUT + "/\nAllow: /p", "/page", True),
        (SHUT + "/page\nAllow: /page", "/page", True),
        (SHUT + "/*.htm\nAllow: /page", "/page.htm", False),
        (SHUT + "/*.ph\nAllow: /page", "/page.php5", True),
        (SHUT, "/a", True),
        (SHUT + "/", "/robots.txt", True),
        (SHUT + "https://paper.example/a", "/https://paper.example/a", True),
        (SHUT + "https://paper.example/a", "/a", True),
        (SHUT + "a", "/a", True),
        (SHUT + "*a", "/ba", False),
        # section 2.2.3: special characters
        (SHUT + "/\nAllow: /$", "/", True),
        (SHUT + "/\nAllow: /$", "/page", False),
        (SHUT + "/*.php$", "/a.php", False),
        (SHUT + "/*.php$", "/a.php?x", True),
        (SHUT + "/a$b", "/a$b", False),
        (SHUT + "/*?", "/a?b=1", False),
        (SHUT + "/*?", "/a", True),
        (SHUT + "/a%24", "/a$x", False),
        (SHUT + "/a%2A", "/a*b", False),
        (SHUT + "/a%2Ab", "/axxb", True),
        (SHUT + "/" + "*a" * 60 + "b", "/" + "a" * 5000, True),
        # percent-encoding, Arabic paths
        (SHUT + "/%D8%B3%D9%8A%D8%A7%D8%B3%D8%A9", "/سياسة/1", False),
        (SHUT + "/سياسة", "/%D8%B3%D9%8A%D8%A7%D8%B3%D8%A9/1", False),
        (SHUT + "/سياسة", "/%d8%b3%d9%8a%d8%a7%d8%b3%d8%a9/1", False),
        (SHUT + "/%d8%b3", "/%D8%B3/1", False),
        (SHUT + "/foo/%62%61%7A", "/foo/baz", False),
        (SHUT + "/a%2Fb", "/a/b", True),
        # how it is written
        ("\ufeff" + SHUT + "/a", "/a", False),
        ((SHUT + "/a\n").replace("\n", "\r\n"), "/a", False),
        ((SHUT + "/a\n").replace("\n", "\r"), "/a", False),
        ("user-AGENT :  *  # all\n  disALLOW :  /a  # so", "/a", False),
        (SHUT + "/a\u2028Disallow: /b", "/b", True),
        (SHUT.encode() + b"/a\n# \xca\xda\xe1\xed\xde\nDisallow: /b\n", "/b", False),
        ("<html>a front page</html>", "/a", True),
        ("User-agent *\nDisallow /a", "/a", False),
        ("User-agent: *\nDisallow /a and more", "/a", True),
        ("User-agent: *\nDisallow: /a\0b\nDisallow: /c", "/a", False),
        ("User-agent: *\nDis\0allow: /a\nDisallow: /c", "/a", True),
        ("User-agent: warraq\0bot\nDisallow: /a", "/a", False),
        ("User-agent: *\n\0\0\0\nDisallow: /a", "/a", False),
        (SHUT + "/a b", "/a%20b", False),
        (SHUT + "/a%2", "/a%2", False),
        (SHUT + "/a%zz", "/a%zz", False),
        (SHUT + "/a%e3%81%82", "/a%E3%81%82", False),
        (SHUT.encode() + b"/\xd3\xed", "/%D3%ED", False),
        (SHUT.encode() + b"/a\xa0", "/a", True),
        (b"\xef\xbb\xbf" + SHUT.encode() + b"/a", "/a", False),
    ],
)
def test_what_is_allowed(text, path, allowed):
    assert allows(text, path) is allowed


OTHERS = (
    *("Crawl-delay: 5", "Clean-param: x /", "Sitemap: https://x/s", "Request-rate: 1/5"),
    *("Visit-time: 0600-0845", "Host: paper.example", "Noindex: /a", "Unknown", "x y z: 1", "# :"),
)


@pytest.mark.parametrize("other", OTHERS)
def test_other_lines_between_agents_end_no_group(other):
    for first, second in ((AGENT, "x"), ("x", AGENT), ("*", "x"), ("x", "*")):
        text = f"User-agent: {first}\n{other}\n\nUser-agent: {second}\n{other}\nDisallow: /a"
        assert not allows(text, "/a")
        assert allows(text, "/b")
        assert allows(f"User-agent: x\nDisallow: /\n{other}\n{text}", "/b")


def test_what_stands_behind_the_limit_does_not_count():
    filled = SHUT + "/early\n" + "# filler\n" * (LIMIT_BYTES // 9)
    assert len(filled) > LIMIT_BYTES
    assert allows(filled + "Disallow: /late\n", "/late")
    assert not allows(filled, "/early")


def test_a_rule_that_the_limit_cuts_through_does_not_count():
    head = SHUT + "/a\n"
    filled = (
        head + "#" * (LIMIT_BYTES - len(head) - len("\nDisallow: /n")) + "\nDisallow: /news/x\n"
    )
    assert allows(filled, "/nothing")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1", 1), ("0.5", 0.5), ("86400", 86400), ("nan", 0), ("inf", 0), ("-1", 0), ("10s", 0)],
)
def test_a_crawl_delay_is_that_of_our_group(value, seconds):
    text = f"User-agent: *\nCrawl-delay: {value}\nUser-agent: x\nCrawl-delay: 77"
    assert (rules(text.encode()).crawl_delay(AGENT) or 0) == seconds
    ours = f"User-agent: {AGENT}\nCrawl-delay: 2\n{text}"
    assert rules(ours.encode()).crawl_delay(AGENT) == 2


def test_rules_travel_from_a_worker():
    found = pickle.loads(pickle.dumps(rules(b"User-agent: *\nDisallow: /a")))  # noqa: S301 - our own
    assert not found.can_fetch("https://paper.example/a", AGENT)


def test_only_so_many_rules_count_and_ours_before_everyones():
    many = "".join(f"Disallow: /{number}\n" for number in range(MOST_RULES))
    assert not rules(f"User-agent: *\n{many}".encode()).incomplete
    assert rules(f"User-agent: *\n{many}Disallow: /last\n".encode()).incomplete
    ours = f"User-agent: *\n{many}\nUser-agent: {AGENT}\n{many}Disallow: /last\n"
    assert not allows(ours, f"/{MOST_RULES - 1}")
    assert allows(ours, "/last")
    others = "".join(f"User-agent: x{number}\n" for number in range(100))
    assert not allows(f"{others}{many}\nUser-agent: *\nDisallow: /late\n", "/late")


MANY = "".join(f"Disallow: /{number}\n" for number in range(4000))
LARGE = [
    "".join(f"User-agent: x{number}\n" for number in range(4000)) + MANY,
    "".join(f"User-agent: x{number}\nDisallow: /{number}\n" for number in range(9000)),
    "User-agent: *\n" + "".join(f"Disallow: /*{'a*' * 40}{number}\n" for number in range(5000)),
    "User-agent: *\n" + " " * 400_000,
    "\n" * 400_000,
    "User-agent" * 40_000,
]


@pytest.mark.parametrize(
    "text", LARGE, ids=["agents", "groups", "stars", "blanks", "lines", "word"]
)
def test_no_file_takes_long_to_read_or_to_ask(text):
    began = time.process_time()
    assert allows(text, "/" + "a" * 1900)
    assert time.process_time() - began < 1
