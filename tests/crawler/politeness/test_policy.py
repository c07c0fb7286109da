"""RFC 9309's rules, one line of a table each."""

import pytest

from crawler.politeness.policy import AGENT, LIMIT_BYTES, judge

URL = "https://paper.example/robots.txt"
SHUT = "User-agent: *\nDisallow: "
GROUPS = "User-agent: warraq\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n\nUser-agent: WARRAQ\n"


def allows(text, path, status=200):
    body = text if isinstance(text, bytes) else text.encode()
    return judge(URL, status, body).allows(f"https://paper.example{path}")


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
        # section 2.2.2: allow and disallow
        (SHUT + "/\nAllow: /p", "/page", True),
        (SHUT + "/page\nAllow: /page", "/page", True),
        (SHUT + "/*.htm\nAllow: /page", "/page.htm", False),
        (SHUT + "/*.ph\nAllow: /page", "/page.php5", True),
        (SHUT, "/a", True),
        (SHUT + "/", "/robots.txt", True),
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
    ],
)
def test_what_is_allowed(text, path, allowed):
    assert allows(text, path) is allowed


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
    ("status", "problem"),
    [
        *((status, False) for status in (400, 401, 403, 404, 410, 451)),
        *((status, True) for status in (429, 500, 502, 503, 504, 520)),
    ],
)
def test_an_error_allows_everything_or_nothing(status, problem):
    policy = judge(URL, status, b"User-agent: *\nDisallow: /")
    assert (policy.problem is not None) is problem
    assert policy.allows("https://paper.example/a")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1", 1), ("0.5", 0.5), ("86400", 86400), ("nan", 0), ("inf", 0), ("-1", 0), ("10s", 0)],
)
def test_a_crawl_delay_is_that_of_our_group(value, seconds):
    text = f"User-agent: *\nCrawl-delay: {value}\nUser-agent: x\nCrawl-delay: 77"
    assert judge(URL, 200, text.encode()).asked_delay == seconds
    ours = f"User-agent: {AGENT}\nCrawl-delay: 2\n{text}"
    assert judge(URL, 200, ours.encode()).asked_delay == 2
