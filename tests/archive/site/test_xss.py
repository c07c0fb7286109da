"""Payloads of known families, through a real crawl of a hostile newspaper, looked at in Chromium.

Nothing of them runs and nothing is fetched: on each article's page, on all other pages of ours, on
Datasette's tables, and in the frame of a page as captured. A payload's `HOST` is a socket on
loopback that must never be asked.
"""

import html
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page

from archive.database import open_for_reading
from tests.chromium import find_chromium
from tests.crawler import shell, wire
from tests.serving import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium or Chrome is installed"),
]

FAMILIES = json.loads(Path(__file__).with_name("payloads.json").read_text("utf-8"))
PAYLOADS = [payload for family in FAMILIES.values() for payload in family]
TEXT = "<p>قال مراسلنا في المدينة إن الوضع هادئ اليوم، وإن السكان عادوا إلى بيوتهم بعد أيام.</p>"

# What would show that a text became an element: handlers, scripts in addresses, foreign loads.
_ALIVE = """() => [
  ...[...document.querySelectorAll("*")].flatMap(each => [...each.attributes].filter(
    one => one.name.startsWith("on")
      || (["href", "src", "action", "formaction", "data", "poster"].includes(one.name)
          && /^[\\s\\x00-\\x20]*(javascript|data|vbscript|blob):/i.test(one.value)))
    .map(one => each.outerHTML.slice(0, 200))),
  ...(window.pwned === undefined ? [] : ["window.pwned"]),
]"""


def as_article(payload: str, number: int) -> bytes:
    """Return a page with a payload in all that is read: in data, as text, and as markup."""
    said, quoted = html.escape(payload), html.escape(payload, quote=True)
    image = {"@type": "ImageObject", "url": payload, "caption": payload}
    data = {
        "@context": "https://schema.org", "@type": "NewsArticle", "headline": f"{payload} {number}",
        "description": payload, "author": {"@type": "Person", "name": payload},
        "articleSection": payload, "keywords": [payload, "وسم"], "image": image,
        "datePublished": "2026-11-20T10:00:00Z",
    }  # fmt: skip
    ld = json.dumps(data).replace("<", "\\u003c")
    return (
        f"<!DOCTYPE html><html lang='ar'><head><meta charset='utf-8'><title>{said} {number}</title>"
        f'<meta property="og:type" content="article">'
        f'<meta property="og:description" content="{quoted}">'
        f'<meta name="author" content="{quoted}"><meta property="article:tag" content="{quoted}">'
        f'<meta property="article:section" content="{quoted}">'
        f'<meta property="og:image" content="{quoted}"><link rel="canonical" href="{quoted}">'
        f'<script type="application/ld+json">{ld}</script></head><body><article>'
        f'<h1>{said} {number}</h1><p class="deck">{said}</p><p class="byline">كتب: {said}</p>'
        f'<figure><img src="{quoted}" alt="{quoted}"><figcaption>{said}</figcaption></figure>'
        f"{TEXT}<p>{said}</p>{TEXT}{payload}{TEXT}</article></body></html>"
    ).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def thief() -> Iterator[wire.Site]:
    """The socket that no page may ask."""
    with wire.serving() as site:
        yield site


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, thief: wire.Site) -> Path:
    """An archive with an article for each payload, crawled; the first are edited once."""
    root: Path = tmp_path_factory.mktemp("archive")
    host = thief.url.removeprefix("http://")
    with wire.serving() as site:
        site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        feed = wire.feed(*(f"{site.url}/news/{number}" for number in range(len(PAYLOADS))))
        site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
        for number, payload in enumerate(PAYLOADS):
            page, header = as_article(payload.replace("HOST", host), number), "X-Powered-By: "
            header += payload.encode("ascii", "replace").decode().replace("\n", " ")
            site.answers[f"/news/{number}"] = (wire.http(page, header),)
        wire.publisher(root, "paper", homepage=f"{site.url}/", feeds=[f"{site.url}/feed"])
        code, output = shell.run_apart(
            "crawl", "paper", "--archive", root, "--now", "2026-11-23T12:00Z"
        )
        assert code in {0, 1}, output  # some of the pages are problems
    return root


def watched(browser: Browser, address: str) -> tuple[Page, list[str]]:
    """Return a page, and what it does that none may."""
    page, done = browser.new_page(), list[str]()
    for own in ("fonts/*", "warraq.css", "fonts.css"):  # to save time
        page.route(f"{address}-/static-plugins/warraq/{own}", lambda route: route.abort())

    def refuse(dialog: Dialog) -> None:
        done.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    page.on("popup", lambda popup: done.append(f"popup {popup.url}"))
    page.on(
        "console",
        lambda said: done.append(said.text) if "Content Security" in said.text else None,
    )
    page.on("pageerror", lambda error: done.append(str(error)))
    page.on(
        "request",
        lambda asked: done.append(asked.url) if not asked.url.startswith(address) else None,
    )
    return page, done


def test_nothing_runs_and_nothing_is_fetched(browser: Browser, root: Path, thief: wire.Site):
    assert len(PAYLOADS) >= 200
    db = open_for_reading(root)
    rows = db.execute("select id, capture, title, byline, section from articles").fetchall()
    db.close()
    assert len(rows) >= 0.9 * len(PAYLOADS)
    assert (
        sum("alert(1)" in f"{title}{byline}{section}" for *_, title, byline, section in rows) > 99
    )
    paths = ["", "?publisher=paper", "changes", "search?q=مراسلنا", "archive", "publisher/paper"]
    paths += [f"archive/{table}?_size=max&_columns=all" for table in TABLES]
    paths += [
        "archive?sql=select+*+from+articles",
        "archive?sql=select+name+as+[<img+src=x>]+from+tags",
    ]
    paths += ["search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "nothing/%3Cscript%3Ealert(1)"]
    paths += [f"article/{article}" for article, *_ in rows]
    for article, capture, *_ in rows[::20]:
        paths += [f"article/{article}/at/{capture}/evidence", f"capture/{capture}/page"]
        paths += [f"capture/{capture}/page/frame", f"archive/articles/{article}"]
    with serving(root) as address:
        page, done = watched(browser, address)
        wrong = {}
        for path in paths:
            page.goto(address + path)
            done += page.evaluate(_ALIVE)
            if done:
                wrong[path] = done[:]
                done.clear()
        page.close()
    assert wrong == {}
    assert thief.asked == []


TABLES = (
    "articles",
    "authors",
    "tags",
    "images",
    "captures",
    "links",
    "visits",
    "problems",
    "edits",
)
