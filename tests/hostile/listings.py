"""Attacks by listings: feeds, sitemaps, sections and WordPress's interface."""

import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

from archive.database import open_for_reading
from tests.crawler import wire
from tests.hostile.attack import Asked, Attack, Pieces, Route
from tests.hostile.host import Hostile
from tests.hostile.pages import BOMB_MB, MARKS, gzip_bomb

_SITEMAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def feed(*items: str, head: str = "") -> bytes:
    body = f'<rss version="2.0"><channel><title>x</title>{head}{"".join(items)}</channel></rss>'
    return wire.http(body.encode(), media="text/xml")


def item(url: str, title: str = "خبر", more: str = "") -> str:
    return f"<item><title>{title}</title><link>{url}</link>{more}</item>"


def sitemap(addresses: Iterable[str]) -> bytes:
    entries = "".join(f"<url><loc>{address}</loc></url>" for address in addresses)
    return f"{_SITEMAP}{entries}</urlset>".encode()


def index(addresses: Iterable[str]) -> bytes:
    entries = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return wire.http(f"<sitemapindex>{entries}</sitemapindex>".encode(), media="text/xml")


def packed(body: bytes) -> bytes:
    return wire.http(gzip.compress(body, 9), media="application/gzip")


# More marks on a letter than any script has


def _marked_sitemap(asked: Asked) -> Pieces:
    marks = "ا" + MARKS * (asked.count(144_000) // 2)
    escaped = "%CC%81%CC%A0" * (asked.count(144_000) // 2)
    yield packed(sitemap(f"{asked.own}/{path}" for path in (marks, escaped)))


def _marked_feed(asked: Asked) -> Pieces:
    marks = "ا" + MARKS * (asked.count(144_000) // 2)
    creator = (
        f"<author>{marks}</author><description>{marks}</description><pubDate>{marks}</pubDate>"
    )
    yield feed(item(f"{asked.own}/news/1", marks, creator), item(f"{asked.own}/{marks}"))


def _marked_posts(asked: Asked) -> Pieces:
    marks = "ا" + MARKS * (asked.count(144_000) // 2)
    post = {"link": f"{asked.own}/news/1", "title": {"rendered": marks}, "date_gmt": marks}
    yield wire.http(json.dumps([post]).encode(), media="application/json")


# Entities, bombs and depth


def _laughs(asked: Asked) -> Pieces:
    yield wire.http(_doctype("urlset", f"{_SITEMAP}<url><loc>&l11;</loc></url></urlset>"))


def _laughing_feed(asked: Asked) -> Pieces:
    body = f"<rss version='2.0'><channel>{item(asked.own, '&l11;')}</channel></rss>"
    yield wire.http(_doctype("rss", body))


def _doctype(root: str, body: str) -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    return f"<!DOCTYPE {root} [{entities}]>{body.rpartition('?>')[2]}".encode()


def _external(asked: Asked) -> Pieces:
    body = (
        f'<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/passwd">'
        f'<!ENTITY h SYSTEM "{asked.forbidden}/xxe"> <!ENTITY % p SYSTEM "{asked.forbidden}/dtd">'
        f"%p;]><urlset><url><loc>{asked.own}/entity/&f;&h;</loc></url></urlset>"
    )
    yield wire.http(body.encode(), media="text/xml")


def _external_feed(asked: Asked) -> Pieces:
    doctype = '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">'
    doctype += f'<!ENTITY h SYSTEM "{asked.forbidden}/xxe">]>'
    items = item(f"{asked.own}/entity/&f;&h;", "&f;&h;") + item(f"{asked.own}/news/1", "&f;")
    body = f"{doctype}<rss version='2.0'><channel>{items}</channel></rss>"
    yield wire.http(body.encode(), media="text/xml")


@cache
def _wide(elements: int) -> bytes:
    return gzip.compress(_SITEMAP.encode() + b"<x/>" * elements + b"</urlset>", 1)


def _deep_feed(asked: Asked) -> Pieces:
    yield feed("<a>" * asked.count(500_000))


def _deep_json(asked: Asked) -> Pieces:
    deep = "[" * 100_000 + "]" * 100_000
    body = f'{{"version": "1.1", "items": [{{"id": {"9" * 100_000}, "url": {deep}}}]}}'
    yield wire.http(body.encode(), media="application/json")


# Many addresses


def _long(characters: int, most: int) -> Route:
    """Return a route to a sitemap of `most` addresses of so many characters."""

    def route(asked: Asked) -> Pieces:
        tail = "x" * (characters - 60)
        numbers = range(asked.count(most))
        yield packed(sitemap(f"{asked.own}/long/{number:09}/{tail}" for number in numbers))

    return route


def _index_of_maps(asked: Asked) -> Pieces:
    maps = range(asked.count(1000))
    yield index(f"{asked.own}/maps/{number}.xml" for number in maps)


def _one_map(asked: Asked) -> Pieces:
    numbers = range(1000)
    yield packed(sitemap(f"{asked.own}/of-maps/{asked.number}/story-{n:06}" for n in numbers))


def _itself(asked: Asked) -> Pieces:
    yield index([f"{asked.own}/itself"] * 3)


def _tree(asked: Asked) -> Pieces:
    yield index(f"{asked.own}/tree/{asked.number * 2 + more}" for more in (1, 2))


def _nowhere(asked: Asked) -> Pieces:
    numbers = range(asked.count(6000))
    yield wire.http(
        sitemap(f"{asked.own}/nowhere/{number}" for number in numbers), media="text/xml"
    )


def _large_index(asked: Asked) -> Pieces:
    yield index(f"{asked.own}/large/{number}.xml" for number in range(6))


def _large_map(asked: Asked) -> Pieces:
    numbers = range(asked.count(50_000))
    yield packed(sitemap(f"{asked.own}/story/{asked.number}-{number}" for number in numbers))


def _long_feed(asked: Asked) -> Pieces:
    good = [item(f"{asked.own}/news/{number}") for number in range(1, 6)]
    numbers = range(asked.count(50_000))
    yield feed(*good, *(item(f"{asked.own}/item/{number}") for number in numbers))


# Listings that go on and on


def _next(asked: Asked) -> Pieces:
    """Answer with a page of a feed that has further ones for ever."""
    link = f'<link xmlns="http://www.w3.org/2005/Atom" rel="next" href="{asked.own}/next/'
    further = f'{link}{asked.number + 1}"/>'
    items = (item(f"{asked.own}/old/{asked.number * 10 + more}") for more in range(10))
    yield feed(*items, head=further)


def _posts(asked: Asked) -> Pieces:
    numbers = range(asked.number * 100, asked.number * 100 + 100)
    posts = [{"link": f"{asked.own}/post/{n}", "title": {"rendered": "خبر"}} for n in numbers]
    counts = ("X-WP-Total: 99999999999", "X-WP-TotalPages: 999999999")
    yield wire.http(json.dumps(posts).encode(), *counts, media="application/json")


def _calendar(asked: Asked) -> Pieces:
    steps = range(asked.number % 10**9 * 40 + 1, asked.number % 10**9 * 40 + 41)
    yield _section(f"{asked.own}/calendar/{n // 372 + 2020}/{n // 31 % 12 + 1}/{n}" for n in steps)


def _facets(asked: Asked) -> Pieces:
    page = asked.number % 10**9
    links = [f"{asked.own}/facets?colour={page * 40 + n}&amp;size={n % 7}" for n in range(40)]
    yield _section([*links, f"{asked.own}/facets?page={page + 1}"])


def _section(links: Iterable[str]) -> bytes:
    anchors = "".join(f"<li><a href='{link}'>{link}</a></li>" for link in links)
    return wire.http(f"<html><body><ul>{anchors}</ul></body></html>".encode())


# What listings say


def _foreign(asked: Asked) -> Pieces:
    """Answer with articles of the neighbour, as if they were this newspaper's."""
    yield feed(*(item(f"{asked.neighbour}/news/{number}", "ليس لهم") for number in range(1, 6)))


def _owners(archive: Path, host: Hostile) -> Iterator[str]:
    """Yield the neighbour's articles that are another newspaper's now, or that are missing."""
    with closing(open_for_reading(archive)) as db:
        like = f"{host.neighbour}/%"
        sql = "select url, publisher, title from articles where url like ?"
        rows = db.execute(sql, (like,)).fetchall()
    if len(rows) != 5:
        yield f"{len(rows)} of the neighbour's 5 articles are archived"
    for url, publisher, title in rows:
        if publisher != "neighbour" or title == "ليس لهم":
            yield f"{url} is an article of {publisher}: {title}"


def _dates(asked: Asked) -> Pieces:
    moments = (
        "99999-99-99T99:99:99Z", "-4712-01-01", "0000-00-00", "9999-12-31T23:59:59-23:59",
        "1" * 5000, "Mon, 32 Jan 999999999999 25:61:61 +9999", "0001-01-01T00:00:00+23:59",
    )  # fmt: skip
    yield feed(
        *(
            item(f"{asked.own}/news/{number}", more=f"<pubDate>{moment}</pubDate>")
            for number, moment in enumerate(moments, 1)
        )
    )


def _charsets(asked: Asked) -> Pieces:
    bodies = {
        0: b"\xff\xfe" + "<rss><channel><item><link>x".encode("utf-16-le"),
        1: b'<?xml version="1.0" encoding="utf-7"?><rss>+ADw-item+AD4-</rss>',
        2: b'<?xml version="1.0" encoding="no-such"?><rss>\xff\xfe\x80</rss>',
        3: b"\x00" * 100_000,
        4: b'<?xml version="1.0" encoding="idna"?><rss>' + b"\xc3\xa9." * 50_000 + b"</rss>",
    }
    yield wire.http(bodies[asked.number], media="text/xml; charset=unicode_escape")


_BOMBS: dict[str, Route] = {
    "/maps-bomb/gzip": lambda asked: [
        wire.http(gzip_bomb(asked.count(BOMB_MB)), media="application/gzip")
    ],
    "/maps-bomb/wide": lambda asked: [wire.http(_wide(asked.count(12_000_000)))],
}
_CHARSETS = tuple(f"/charset/{number}" for number in range(5))
LISTINGS = (
    Attack(
        name="marks-in-sitemap",
        routes={"/marked.xml": _marked_sitemap},
        sitemaps=("/marked.xml",),
    ),
    Attack(
        name="marks-in-feed",
        routes={"/marked-feed": _marked_feed, "/marked-posts": _marked_posts},
        feeds=("/marked-feed",),
        api=("/marked-posts",),
    ),
    Attack(
        name="laughs",
        routes={"/laughs.xml": _laughs, "/laughs-feed": _laughing_feed},
        feeds=("/laughs-feed",),
        sitemaps=("/laughs.xml",),
    ),
    Attack(
        name="external-entities",
        routes={"/external.xml": _external, "/external-feed": _external_feed},
        feeds=("/external-feed",),
        sitemaps=("/external.xml",),
        problems={"/entity/&f;&h;": "http-404"},  # the entities, as the letters that they are
    ),
    Attack(
        name="sitemap-bombs",
        routes=_BOMBS,
        sitemaps=tuple(_BOMBS),
        problems=dict.fromkeys(_BOMBS, "not-a-listing"),
        small=0.5,
    ),
    Attack(
        name="deep-feeds",
        routes={"/deep-feed": _deep_feed, "/deep-json": _deep_json},
        feeds=("/deep-feed", "/deep-json"),
        problems={"/deep-feed": "not-a-listing", "/deep-json": "not-a-listing"},
        cpu=60.0,
    ),
    Attack(
        name="long-addresses",
        routes={"/too-long.xml": _long(8000, 6500), "/nearly.xml": _long(1990, 26_000)},
        sitemaps=("/too-long.xml", "/nearly.xml"),
        small=0.1,
        requests=1000,
        cpu=60.0,
        database_mb=150.0,
    ),
    Attack(
        name="index-of-maps",
        routes={"/maps.xml": _index_of_maps, "/maps/": _one_map},
        sitemaps=("/maps.xml",),
        small=0.01,
        requests=3000,
        cpu=150.0,
        database_mb=100.0,
    ),
    Attack(
        name="nested-maps",
        routes={"/itself": _itself, "/tree/": _tree},
        sitemaps=("/itself", "/tree/0"),
        requests=1000,
    ),
    Attack(
        name="not-found",
        routes={"/nowhere.xml": _nowhere},
        sitemaps=("/nowhere.xml",),
        small=0.1,
        requests=1000,
    ),
    Attack(
        name="polled-twice",
        routes={"/large.xml": _large_index, "/large/": _large_map},
        sitemaps=("/large.xml",),
        crawls=2,
        small=0.02,
        requests=3000,
        cpu=150.0,
        database_mb=100.0,
    ),
    Attack(
        name="long-feed",
        routes={"/long-feed": _long_feed},
        feeds=("/long-feed",),
        small=0.2,
        requests=1000,
        cpu=60.0,
    ),
    Attack(name="endless-feed", routes={"/next/": _next}, feeds=("/next/1",), requests=1000),
    Attack(name="wordpress", routes={"/wp/": _posts}, api=("/wp/posts",), requests=1000),
    Attack(
        name="calendar",
        routes={"/calendar/": _calendar, "/facets": _facets},
        sections=("/calendar/2020/1/1", "/facets?page=1"),
        requests=1500,
        cpu=60.0,
    ),
    Attack(
        name="foreign-articles",
        routes={"/foreign-feed": _foreign},
        feeds=("/foreign-feed",),
        neighbour=True,
        problems={"/foreign-feed": "foreign-link"},
        after=_owners,
    ),
    Attack(name="dates", routes={"/dates-feed": _dates}, feeds=("/dates-feed",)),
    Attack(
        name="charsets",
        routes={"/charset/": _charsets},
        feeds=_CHARSETS,
        problems={"/charset/3": "not-a-listing"},
    ),
)
