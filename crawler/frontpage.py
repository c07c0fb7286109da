"""What a front page tells of its newspaper: its name, its feeds, its sections, its system. Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.arabic import fold
from archive.records import Kind
from archive.urls import canonical, host_of
from crawler.autodiscovery import Candidate, absolute, usual_api
from crawler.decode import decode
from crawler.evidence import read_evidence
from crawler.headline import one_line
from crawler.page import parse_page
from crawler.sitename import name_of

_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|text/xml", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|replies|تعليق|ردود", re.IGNORECASE)
_FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:rss|feeds?|atom|rdf)(?:[/._?=-]|\d|$)|GenerateRss", re.IGNORECASE
)
_FEED_TEXT = re.compile(r"\brss\b|\batom\b|خلاص(?:ة|ه|ات)|خدمة rss|تلقيم", re.IGNORECASE)
_WORDPRESS = re.compile(r"/wp-(?:content|includes|json)/", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(?:aspx|asp|php|jsp|cfm)$", re.IGNORECASE)
_MENU = re.compile(r"nav|menu|قائمة", re.IGNORECASE)
_API = "https://api.w.org/"  # the relation by which WordPress names its interface

# Links of a menu that lead to something else than a section, by their text (folded) or path.
_NO_SECTION_TEXT = re.compile(
    r"من نحن|اتصل|تواصل|راسل|اعلن|اعلان|اشهار|خصوصيه|شروط|احكام|تسجيل|دخول|حسابي|اشتراك|اشترك|"
    r"بحث|الرئيسيه|الصفحه الرئيس|البث|مباشر|النسخه|العدد الورقي|نسخه ورقيه|ارشيف الاعداد|وظائف|"
    r"خريطه الموقع|عن الموقع|هيئه التحرير|فريق|english|francais|kurdi|turkce|contact|about|login|"
    r"sign|subscri|privacy|terms|search|advert|^\W*\d*\W*$"
)
_NO_SECTION_PATH = re.compile(
    r"/(?:about|contact|login|log-in|signin|register|account|users?|subscri\w*|privacy\S*|terms\S*|"
    r"search|recherche|advert\w*|publicite|pdf|rss|feeds?|wp-\w+|cdn-cgi|live|newsletter|sitemap|"
    r"tags?|author|cart|shop|en|fr|english)(?:[/.?]|$)",
    re.IGNORECASE,
)
_LONGEST_TEXT = 32
_DEEPEST = 4
_FILES = re.compile(r"\.(?:pdf|jpe?g|png|gif|svg|mp[34]|zip|apk|xml|json|js|css)$", re.IGNORECASE)


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
    base = _base(root, url)
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
    return [] if root is None else [*_declared(root, url), *shown_feeds(root, _base(root, url))]


def sections_on(
    body: bytes, content_type: str | None, url: str, articles: Collection[str]
) -> list[str]:
    """Return the links of a front page that look like its sections: those of menus first.

    `articles` are the links that look like articles. Variants of one page (`/sport?view=2`) are
    left out.
    """
    root = parse_page(decode(body, content_type).text)
    if root is None:
        return []
    base, known = _base(root, url), {_key(one) for one in (*articles, url)}
    found: dict[str, tuple[bool, int, str]] = {}
    for anchor, address in _links(root, base):
        path = unquote(urlsplit(address).path)
        depth = path.strip("/").count("/")
        if _key(address) in known or depth >= _DEEPEST or not _is_section(anchor, address, path):
            continue
        rank = (not _in_menu(anchor), depth, address)
        found[_key(address)] = min(found.get(_key(address), rank), rank)
    bare = {_key(address) for _, _, address in found.values() if not urlsplit(address).query}
    ranked = sorted(enumerate(found.values()), key=lambda item: (item[1][:2], item[0]))
    return [
        address
        for _, (_, _, address) in ranked
        if not urlsplit(address).query or _key(address.partition("?")[0]) not in bare
    ]


def _is_section(anchor: HtmlElement, address: str, path: str) -> bool:
    text = fold(_text(anchor))
    return (
        0 < len(text) <= _LONGEST_TEXT
        and not _NO_SECTION_TEXT.search(text)
        and not _NO_SECTION_PATH.search(path)
        and not _FILES.search(path)
        and not _FEED_PATH.search(address.partition("://")[2].partition("/")[2])
    )


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
        if _FEED_PATH.search(f"{parts.path}?{parts.query}") or _FEED_TEXT.search(_text(anchor)):
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
    homes = {_key(url), _key(absolute("/", url) or url)}
    for anchor, address in _links(root, base):
        if _key(address) in homes:
            yield _text(anchor)
            yield from (str(image.get("alt")) for image in anchor.iter("img") if image.get("alt"))


def _links(root: HtmlElement, base: str) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the links of a page that stay on its host."""
    for anchor in root.iter("a"):
        written = anchor.get("href")
        address = absolute(written, base) if written and not written.startswith("#") else None
        if address and _place(address) == _place(base):
            yield anchor, address


def _suffixes(root: HtmlElement, base: str) -> tuple[str, ...]:
    found = (_SUFFIX.search(urlsplit(address).path) for _, address in _links(root, base))
    return tuple(dict.fromkeys(match[0].lower() for match in found if match))


def _base(root: HtmlElement, url: str) -> str:
    element = root.find(".//base")
    written = None if element is None else element.get("href")
    return (absolute(written, url) if written else None) or url


def _language(root: HtmlElement) -> str | None:
    code = (root.get("lang") or "").strip().lower().split("-")[0].split("_")[0]
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None


def _in_menu(anchor: HtmlElement) -> bool:
    return any(
        one.tag in {"nav", "header", "menu"}
        or _MENU.search(f"{one.get('class') or ''} {one.get('id') or ''} {one.get('role') or ''}")
        for one in anchor.iterancestors()
        if isinstance(one.tag, str)
    )


def _named(meta: HtmlElement, name: str) -> bool:
    return (meta.get("name") or "").strip().lower() == name


def _text(anchor: HtmlElement) -> str:
    return one_line(anchor.text_content())


def _place(url: str) -> tuple[str, int | None]:
    return host_of(url), urlsplit(url).port


def _key(url: str) -> str:
    try:
        return canonical(url).replace("://www.", "://").rstrip("/")
    except ValueError:
        return url
