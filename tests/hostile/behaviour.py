"""Attacks by how a host behaves: robots.txt, redirects, headers, names, refusals."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from archive.database import open_for_reading
from crawler.fetch.robots import MOST_RULES
from tests.crawler import wire
from tests.hostile.attack import Asked, Attack, Pieces, Route
from tests.hostile.host import Hostile
from tests.hostile.pages import ENDLESS, MARKS, head

# robots.txt


def _robots(text: str) -> Pieces:
    return [wire.http(text.encode(), media="text/plain")]


def _rules(asked: Asked) -> Pieces:
    """Answer with 500 kB of agents, ours among them, that share many rules."""
    count = asked.count(13_000)
    # Of a line that begins with another space than RFC 9309 knows, parsers disagree.
    agents = "".join(f"\N{NO-BREAK SPACE}User-agent: a{number}\n" for number in range(count))
    kinds = ["Disallow"] * MOST_RULES + ["Allow"] * count  # with more prohibitions nothing is asked
    rules = "".join(f"{kinds[number]}: /x{number:05}\n" for number in range(count))
    return _robots(f"{agents}User-agent: *\n{rules}")


def _marked_robots(asked: Asked) -> Pieces:
    marks = "ا" + MARKS * (asked.count(144_000) // 2)
    return _robots(f"User-agent: *\nDisallow: /{marks}\nSitemap: {asked.own}/{marks}\n")


def _wildcards(asked: Asked) -> Pieces:
    stars = "*a" * 30
    return _robots(f"User-agent: *\nDisallow: /wild/{stars}*b$\nDisallow: /{'*' * 2000}b$\n")


def _endless_robots(asked: Asked) -> Pieces:
    yield head().replace(b"html", b"plain") + b"User-agent: *\n"
    for _ in range(ENDLESS):
        yield b"Disallow: /endless\n" * 1000


def _open(asked: Asked) -> Pieces:
    return _robots("")


# Redirects, addresses and names


def _to(location: str) -> Route:
    def route(asked: Asked) -> Pieces:
        target = location.format(port=asked.port, own=asked.own, number=asked.number + 1)
        yield wire.http(b"", f"Location: {target}", status="302 Found")

    return route


_REFUSED = {
    "loopback": "http://127.0.0.1:{port}/",
    "another": "http://127.1.2.3:{port}/",
    "localhost": "http://localhost:{port}/",
    "number": "http://2130706433:{port}/",
    "octal": "http://0177.0.0.1:{port}/",
    "hexadecimal": "http://0x7f.1:{port}/",
    "ipv6": "http://[::1]:{port}/",
    "mapped": "http://[::ffff:7f00:1]:{port}/",
    "final-dot": "http://127.0.0.1.:{port}/",
    "unspecified": "http://0.0.0.0:{port}/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "internal": "http://metadata.google.internal/computeMetadata/v1/",
    "rebound": "http://rebound.example:{port}/",
    "user": "http://news.example@127.0.0.1:{port}/",
}
_ADDRESSES = {
    "long-label": "http://" + "a" * 64 + ".example/",
    "empty-label": "http://a..example/",
    "zone": "http://[fe80::1%25eth0]/",
    "port": "http://127.0.0.1:99999/",
    "long": "{own}/" + "x" * 20_000,
    "punycode": "http://xn--a-ecp.example/",
}
_PRIVATE = {f"/private/{name}": _to(address) for name, address in _REFUSED.items()}
_BAD = {f"/address/{name}": _to(address) for name, address in _ADDRESSES.items()}
_REDIRECTS = {
    "/redirect/itself": _to("{own}/redirect/itself"),
    "/redirect/chain": _to("{own}/redirect/chain/{number}"),
    "/redirect/file": _to("file:///etc/passwd"),
    "/redirect/script": _to("javascript:alert(1)"),
    "/redirect/split": _to("{own}/redirect/x%0d%0aX-Smuggled:%201"),
}


# Headers


def _raw(*lines: str) -> Route:
    """Return a route to a good article, with header lines as they are written here."""
    article = wire.article("خبر مهرب")

    def route(asked: Asked) -> Pieces:
        text = "\r\n".join(("HTTP/1.1 200 OK", "Content-Type: text/html", *lines, "", ""))
        yield text.encode("latin-1") + article

    return route


_HEADERS = {
    "/header/both": _raw("Content-Length: 5", "Transfer-Encoding: chunked"),
    "/header/two-lengths": _raw("Content-Length: 5", "Content-Length: 5000"),
    "/header/negative": _raw("Content-Length: -1"),
    "/header/huge": _raw("Content-Length: 99999999999999999999999"),
    "/header/nul": _raw("X-Nul: a\0b"),
    "/header/bare-cr": _raw("X-Cr: a\rWARC-Type: response"),
    "/header/folded": _raw("X-Folded: a", "  WARC-Type: response"),
    "/header/nameless": _raw(": x", "no colon"),
    "/header/type": _raw("Content-Type: text/html; charset=" + "x" * 10_000),
}


def _not_smuggled(archive: Path, host: Hostile) -> Iterator[str]:
    """Yield the requests in which a header of an address stands."""
    for asked in host.asked:
        if "smuggled:" in asked.headers.partition("\r\n")[2].lower():
            yield f"an address wrote into a request: {asked.headers!r}"


def _validators(asked: Asked) -> Pieces:
    headers = 'ETag: "a\x01\x0b\x7f"', "Last-Modified: \x01\x02now"
    if asked.target.startswith("/validated-feed"):
        link = f"{asked.own}/validated/1"
        yield wire.http(wire.feed(link), *headers, media="text/xml")
    else:
        yield wire.http(wire.article("خبر"), *headers)


def _observed(archive: Path, host: Hostile) -> Iterator[str]:
    """Yield what is wrong with the second visit to an article with strange validators."""
    asked = [one for one in host.asked if one.target == "/validated/1"]
    if len(asked) < 2:
        yield f"the article was visited {len(asked)} times"
    for one in host.asked:
        if any(sign in one.headers for sign in "\x01\x02\x0b\x7f"):
            yield f"a validator was sent back: {one.headers!r}"


# Refusals


def _status(status: str, *headers: str) -> Route:
    return lambda _: [wire.http(b"<html><body>no</body></html>", *headers, status=status)]


def _moved(asked: Asked) -> Pieces:
    if asked.target == "/":
        yield wire.http(b"<html><body><h1>x</h1><a href='/moved/12345'>x</a></body></html>")
    else:
        yield wire.http(b"", f"Location: {asked.own}/", status="301 Moved Permanently")


def _soft(asked: Asked) -> Pieces:
    text = "<h1>الصفحة غير موجودة</h1><p>عذرا، الصفحة التي تبحث عنها غير موجودة (404)</p>"
    yield wire.http(f"<html><head><title>404</title></head><body>{text}".encode())


def _nothing_kept(archive: Path, host: Hostile) -> Iterator[str]:
    """Yield what was archived of a host that has no article."""
    with closing(open_for_reading(archive)) as db:
        rows = db.execute("select url from articles where publisher = 'hostile'").fetchall()
    good = host.good()
    for (url,) in rows:
        if url not in good:
            yield f"{url} is an article"


_MOVED = tuple(f"/moved/{number}" for number in range(1000, 1010))
_SOFT = tuple(f"/soft/{number}" for number in range(1000, 1060))
BEHAVIOUR = (
    Attack(name="robots-rules", routes={"/robots.txt": _rules}),
    Attack(name="robots-marks", routes={"/robots.txt": _marked_robots}),
    Attack(
        name="robots-wildcards",
        routes={"/robots.txt": _wildcards},
        listed=("/wild/" + "a" * 1500, "/wild/" + "a" * 1501),
    ),
    Attack(name="robots-endless", routes={"/robots.txt": _endless_robots}),
    Attack(
        name="private-addresses",
        routes=_PRIVATE,
        listed=(*_PRIVATE, *_REFUSED.values(), "file:///etc/passwd"),
        problems=dict.fromkeys(_PRIVATE, "address-refused"),
    ),
    Attack(
        name="bad-addresses",
        routes=_BAD,
        listed=(*_BAD, *_ADDRESSES.values()),
    ),
    Attack(
        name="redirects",
        routes=_REDIRECTS,
        listed=tuple(_REDIRECTS),
        problems={"/redirect/itself": "ignored", "/redirect/chain": "ignored"},
        after=_not_smuggled,
    ),
    Attack(
        name="header-smuggling",
        routes=_HEADERS,
        listed=(*_HEADERS, "/split\r\nX-Smuggled: 1", "/split%0d%0aX-Smuggled:%201"),
        after=_not_smuggled,
    ),
    Attack(
        name="validators",
        routes={"/validated": _validators},
        feeds=("/validated-feed",),
        crawls=2,
        after=_observed,
    ),
    Attack(
        name="certificate",
        encrypted=True,
        alone=True,
        feeds=("/feed",),
        problems={"/feed": "network-tls"},
        requests=0,
        after=_nothing_kept,
    ),
    Attack(
        name="forbidden",
        routes={"/": _status("403 Forbidden")},
        alone=True,
        feeds=tuple(f"/f{number}" for number in range(40)),
        crawls=2,
        seconds=15,
        requests=60,
        after=_nothing_kept,
    ),
    Attack(
        name="too-many-requests",
        routes={
            "/": _status("429 Too Many Requests", "Retry-After: 999999999"),
            "/robots.txt": _open,
        },
        alone=True,
        feeds=tuple(f"/f{number}" for number in range(40)),
        crawls=2,
        requests=20,
        after=_nothing_kept,
    ),
    Attack(
        name="front-page",
        routes={"/moved/": _moved, "/moved": _moved},
        listed=_MOVED,
        after=_nothing_kept,
    ),
    Attack(name="soft-404", routes={"/soft/": _soft}, listed=_SOFT, after=_nothing_kept),
)
