"""Attacks by pages that a feed lists as articles."""

import gzip
import json
import re
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import brotlicffi

from archive.database import open_for_reading
from tests.crawler import shell, wire
from tests.hostile.attack import Asked, Attack, Pieces, Route
from tests.hostile.host import Hostile
from tests.serving import serving

BOMB_MB = 300
MARKS = "\N{COMBINING ACUTE ACCENT}\N{COMBINING GRAVE ACCENT BELOW}"  # sorted at every NFC
_MEGABYTE = bytes(1024 * 1024)
ENDLESS = 1_000_000
_SCRIPT = "<script>alert(1)</script>"
_ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\N{RIGHT-TO-LEFT OVERRIDE}"


def page(body: str, *headers: str) -> Route:
    """Return a route that answers with this page."""
    return lambda _: [wire.http(body.encode(), *headers)]


def many(beginning: str, piece: str, most: int, end: str = "") -> Route:
    """Return a route that answers with a page of `most` such pieces."""
    return lambda asked: [wire.http((beginning + piece * asked.count(most) + end).encode())]


def head(*headers: str) -> bytes:
    return "\r\n".join(("HTTP/1.1 200 OK", "Content-Type: text/html", *headers, "", "")).encode()


# Bombs


def _packed(coding: str, pack: Callable[[int], bytes]) -> Route:
    return lambda asked: [wire.http(pack(asked.count(BOMB_MB)), f"Content-Encoding: {coding}")]


@cache
def gzip_bomb(megabytes: int, layers: int = 1) -> bytes:
    if layers > 1:
        return gzip.compress(gzip_bomb(megabytes, layers - 1))
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(_MEGABYTE) for _ in range(megabytes)]
    return b"".join([*pieces, packer.flush()])


@cache
def _brotli_bomb(megabytes: int) -> bytes:
    packer = brotlicffi.Compressor(quality=1)
    pieces = [packer.process(_MEGABYTE) for _ in range(megabytes)]
    return b"".join([*pieces, packer.finish()])


@cache
def _deflate_bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    pieces = [packer.compress(_MEGABYTE) for _ in range(megabytes)]
    return b"".join([*pieces, packer.flush()])


# Without end


def _endless(asked: Asked) -> Pieces:
    yield head() + b"<html><body>"
    for _ in range(ENDLESS):
        yield b"<p>" + b"x" * 65536 + b"</p>"


def _drip(asked: Asked) -> Pieces:
    yield head() + b"<html><body>"
    for _ in range(ENDLESS):
        yield b"x"
        yield 0.5


def _header_drip(asked: Asked) -> Pieces:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(ENDLESS):
        yield f"X-{number}: x\r\n".encode()
        yield 0.5


def _header_flood(asked: Asked) -> Pieces:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(ENDLESS):
        yield f"X-{number}: {'x' * 1000}\r\n".encode()


def _header_size(asked: Asked) -> Pieces:
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    for _ in range(ENDLESS):
        yield b"x" * 65536


def _cookies(asked: Asked) -> Pieces:
    yield head(*(f"Set-Cookie: c{number}={'x' * 4000}" for number in range(3000))) + b"<html>"


# Hard to read


def _json(asked: Asked) -> Pieces:
    nested = "[" * 100_000 + "]" * 100_000
    script = f'<script type="application/ld+json">{nested}{json.dumps("x")}</script>'
    yield wire.http(f"<html><head>{script}</head><body><h1>x</h1></body></html>".encode())


def _attributes(asked: Asked) -> Pieces:
    attributes = " ".join(f"a{number}=x" for number in range(asked.count(500_000)))
    yield wire.http(f"<html><body><div {attributes}>x</div></body></html>".encode())


def _links(asked: Asked) -> Pieces:
    links = "".join(f"<li><a href=/x/{n}>خبر</a>" for n in range(asked.count(300_000)))
    yield wire.http(f"<html><body><ul>{links}".encode())


def _marked(asked: Asked) -> Pieces:
    """Answer with an article whose every field has a letter with too many marks."""
    marks = "ا" + MARKS * (asked.count(144_000) // 2)
    data = json.dumps({"@type": "NewsArticle", "headline": marks, "author": {"name": marks}})
    good = wire.article("خبر").decode().replace("<p>", f"<p>{marks} ", 1)
    fields = f'<script type="application/ld+json">{data}</script><meta name=author content={marks}>'
    good = good.replace("<head>", f"<head>{fields}").replace("<h1>خبر", f"<h1>خبر {marks}")
    yield wire.http(good.encode())


def _texts(piece: str) -> Route:
    """Return a route to an article with a paragraph of one piece again and again."""

    def route(asked: Asked) -> Pieces:
        long = piece * (asked.count(2_000_000) // len(piece))
        good = wire.article("خبر").decode()
        yield wire.http(good.replace("<p>", f"<p>{long}</p><p>", 1).encode())

    return route


# What a page says, and where it shows


def _scripts(asked: Asked) -> Pieces:
    data = json.dumps({"@type": "NewsArticle", "author": {"name": _SCRIPT}})
    good = wire.article(_SCRIPT.replace("<", "&lt;") + " خبر").decode()
    extra = f'<script type="application/ld+json">{data.replace("</", "<" + chr(92) + "/")}</script>'
    extra += '<link rel="canonical" href="javascript:alert(1)">'
    extra += "<meta property='article:section' content='&lt;script>alert(1)&lt;/script>'>"
    yield wire.http(good.replace("<head>", f"<head>{extra}").encode())


def _no_scripts(archive: Path, host: Hostile) -> Iterator[str]:
    """Yield the pages of the archive's site on which a script of an article would run."""
    with closing(open_for_reading(archive)) as db:
        ids = [
            number
            for (number,) in db.execute("select id from articles where title like '%<script>%'")
        ]
    if not ids:
        yield "the article with a script in its title is not there"
    with serving(archive) as address:
        paths = ["", "archive/articles", "archive/problems", "archive/authors"]
        for path in [*paths, *(f"article/{number}" for number in ids)]:
            with urllib.request.urlopen(address + path) as answer:
                text = answer.read().decode()
            if re.search(r"<script>alert|href=.?javascript:", text):
                yield f"/{path} runs an article's script"


def _terminal(asked: Asked) -> Pieces:
    items = [{"url": f"{asked.own}/terminal/{_ESCAPES}{n}", "title": _ESCAPES} for n in range(3)]
    items.append({"url": f"{asked.own}/terminal/good", "title": _ESCAPES})
    yield wire.http(
        json.dumps({"version": "1.1", "items": items}).encode(), media="application/json"
    )


def _clean_output(archive: Path, host: Hostile) -> Iterable[str]:
    """Yield the commands that print a control character of a page."""
    for words in (["runs"], ["stats"], ["search", "خبر"], ["verify"], ["export"]):
        output = shell.run_apart(*words, "--archive", archive)[1]
        if found := re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", output):
            yield f"warraq {words[0]} prints {found[0]!r}"


BOMBS = {
    "/bomb/gzip": _packed("gzip", gzip_bomb),
    "/bomb/gzip-in-gzip": _packed("gzip, gzip", lambda size: gzip_bomb(size, 2)),
    "/bomb/layers": _packed(", ".join(["gzip"] * 9), lambda size: gzip_bomb(size, 9)),
    "/bomb/deflate": _packed("deflate", _deflate_bomb),
    "/bomb/brotli": _packed("br", _brotli_bomb),
}
DRIPS = {"/drip/body": _drip, "/drip/headers": _header_drip}
HEADERS = {
    "/headers/flood": _header_flood,
    "/headers/size": _header_size,
    "/headers/cookies": _cookies,
}
NESTED = {
    "/nested/elements": many("<html><body>", "<div><a href='/x'><b>", 200_000),
    "/nested/json": _json,
    "/nested/tables": many("<html><body>", "<table><tr><td>", 100_000),
}
LARGE = {
    "/large/unclosed": many("<html><body>", "<p><b>", 1_000_000),
    "/large/links": _links,
    "/large/attributes": _attributes,
    "/large/entities": many("<html><body><p>", "&amp;&#1575;", 500_000),
}
MEMORY = {
    "/memory/elements": many("<html><body>", "<b></b>", 1_400_000),
    "/memory/comments": many("<html><body>", "<!---->", 1_400_000),
}
HEAVY = {"/heavy/": lambda _: [wire.http(b"<html><body>" + b"<table><tr><td>" * 2000)]}
TEXTS = {
    "/text/digits": _texts("1"),
    "/text/dates": _texts("1/2/"),
    "/text/spaces": _texts(" \N{NO-BREAK SPACE}"),
    "/text/colons": _texts("بقلم: "),
    "/text/letters": _texts("ا"),
}
PAGES = (
    Attack(
        name="bombs",
        routes=BOMBS,
        listed=tuple(BOMBS),
        problems=dict.fromkeys(BOMBS, "too-large") | {"/bomb/layers": "undecodable"},
        small=0.2,
    ),
    Attack(
        name="endless-page",
        routes={"/endless": _endless},
        listed=("/endless",),
        problems={"/endless": "truncated"},
    ),
    Attack(
        name="drips",
        routes=DRIPS,
        listed=tuple(DRIPS),
        problems={"/drip/body": "truncated", "/drip/headers": "network-timeout"},
    ),
    Attack(
        name="headers",
        routes=HEADERS,
        listed=tuple(HEADERS),
        problems=dict.fromkeys(HEADERS, "network-failed"),
    ),
    Attack(name="nested-pages", routes=NESTED, listed=tuple(NESTED), cpu=90.0),
    Attack(name="large-pages", routes=LARGE, listed=tuple(LARGE), cpu=120.0, small=0.1),
    Attack(
        name="heavy-pages",
        routes=HEAVY,
        listed=tuple(f"/heavy/{number}" for number in range(100)),  # of which ten pause the host
        alone=True,
        feeds=("/feed",),
        cpu=900.0,
        small=0.0,
    ),
    Attack(name="memory", routes=MEMORY, listed=tuple(MEMORY), cpu=90.0),
    Attack(name="marks-in-pages", routes={"/marks": _marked}, listed=("/marks/1", "/marks/2")),
    Attack(
        name="slow-texts", routes=TEXTS, listed=tuple(TEXTS), cpu=150.0, database_mb=40.0, small=0.1
    ),
    Attack(name="scripts", routes={"/script": _scripts}, listed=("/script/1",), after=_no_scripts),
    Attack(
        name="terminal",
        routes={"/terminal/feed": _terminal, "/terminal/": page(wire.article("خبر").decode())},
        feeds=("/terminal/feed",),
        after=_clean_output,
    ),
)
