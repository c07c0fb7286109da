"""What a front page tells of its newspaper: its name, its feeds, its sections, its system. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.records import Kind
from crawler.article.evidence import read_evidence
from crawler.article.headline import one_line
from crawler.article.page import parse_page
from crawler.decode import decode
from crawler.scouting.anchors import base_of, key, links_of, text_of
from crawler.scouting.autodiscovery import Candidate, absolute, usual_api
from crawler.scouting.sitename import name_of

_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|text/xml", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|replies|تعليق|ردود", re.IGNORECASE)
FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:rss|feeds?|atom|rdf)(?:[/._?=-]|\d|$)|GenerateRss", re.IGNORECASE
)
_FEED_TEXT = re.compile(r"\brss\b|\batom\b|خلاص(?:ة|ه|ات)|خدمة rss|تلقيم", re.IGNORECASE)
_WORDPRESS = re.compile(r"/wp-(?:content|includes|json)/", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(?:aspx|asp|php|jsp|cfm)$", re.IGNORECASE)
_API = "https://api.w.org/"  # the relation by which WordPress names its interface


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """What a front page at `url` tells; nothing of it has been asked for yet.

    `declared` are the feeds its head names, `shown` links that look like feeds, `suffixes` the
    endings of its own addresses (`.aspx`), `language` what it says it is in.
    """

    url: str
    name: str | None = None
    name_latin: str | None = None
    language: str | None = None
    system: str | None = None
    declared: tuple[Candidate, ...] = ()
    shown: tuple[Candidate, ...] = ()
    api: Candidate | None = None
    suffixes: tuple[str, ...] = ()


def read_front(body: bytes, content_type: str | None, url: str) -> FrontPage:
    """Read a front page; what it does not tell is None or empty, and nothing raises."""
    text = decode(body, content_type).text
    root = parse_page(text)
    if root is None:
        return FrontPage(url=url)
    base = base_of(root, url)
    evidence = read_evidence(root)
    name, latin = name_of(evidence.names, _sayings(root, base, url))
    generators = (one.get("content") or "" for one in root.iter("meta") if _named(one, "generator"))
    return FrontPage(
        url=url,
        name=name,
        name_latin=latin,
        language=_language(root),
        system=next((one_line(text) for text in generators if text), None),
        declared=tuple(_declared(root, base)),
        shown=tuple(shown_feeds(root, base)),
        api=_api(root, text, base),
        suffixes=_suffixes(root, base),
    )


def feeds_on(body: bytes, content_type: str | None, url: str) -> list[Candidate]:
    """Return the feeds that a page about feeds links to."""
    root = parse_page(decode(body, content_type).text)
    return [] if root is None else [*_declared(root, url), *shown_feeds(root, base_of(root, url))]


def _declared(root: HtmlElement, base: str) -> Iterator[Candidate]:
    for link in root.iter("link"):
        title = link.get("title") or ""
        address = absolute(link.get("href") or "", base)
        relations = (link.get("rel") or "").lower().split()
        if (
            address
            and "alternate" in relations
            and _FEED_TYPE.fullmatch((link.get("type") or "").strip())
            and not _COMMENTS.search(f"{title} {unquote(address)}")
        ):
            how = "declared on the front page"
            yield Candidate(url=address, kind=Kind.FEED, how=how)


def shown_feeds(root: HtmlElement, base: str) -> Iterator[Candidate]:
    """Yield the links of a page that look like feeds, or like a page about them."""
    for anchor in root.iter("a"):
        address = absolute(anchor.get("href") or "", base)
        if address is None or _COMMENTS.search(unquote(address)):
            continue
        parts = urlsplit(address)
        if FEED_PATH.search(f"{parts.path}?{parts.query}") or _FEED_TEXT.search(text_of(anchor)):
            yield Candidate(url=address, kind=Kind.FEED, how="linked from the front page")


def _api(root: HtmlElement, text: str, base: str) -> Candidate | None:
    for link in root.iter("link"):
        if link.get("rel") == _API and (address := absolute(link.get("href") or "", base)):
            posts = f"{address.rstrip('/')}/wp/v2/posts"  # behind `?rest_route=/` as well
            how = "declared on the front page (api.w.org)"
            return Candidate(url=posts, kind=Kind.API, how=how)
    generators = [one.get("content") or "" for one in root.iter("meta") if _named(one, "generator")]
    if any("wordpress" in one.lower() for one in generators) or _WORDPRESS.search(text):
        return usual_api(base)
    return None


def _sayings(root: HtmlElement, base: str, url: str) -> Iterator[str]:
    """Yield texts that hold the name of the site among other words."""
    title = root.findtext(".//title")
    if title:
        yield title
    for link in root.iter("link"):
        if "alternate" in (link.get("rel") or "") and link.get("title"):
            yield str(link.get("title"))
    homes = {key(url), key(absolute("/", url) or url)}
    for anchor, address in links_of(root, base):
        if key(address) in homes:
            yield text_of(anchor)
            yield from (str(image.get("alt")) for image in anchor.iter("img") if image.get("alt"))


def _suffixes(root: HtmlElement, base: str) -> tuple[str, ...]:
    found = (_SUFFIX.search(urlsplit(address).path) for _, address in links_of(root, base))
    return tuple(dict.fromkeys(match[0].lower() for match in found if match))


def _language(root: HtmlElement) -> str | None:
    code = (root.get("lang") or "").strip().lower().split("-")[0].split("_")[0]
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None


def _named(meta: HtmlElement, name: str) -> bool:
    return (meta.get("name") or "").strip().lower() == name
