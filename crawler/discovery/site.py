"""What a site says of itself, and where it may list its articles. Pure.

Whether there is anything at an address is seen by asking (`survey.py`).
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from lxml.html import HtmlElement

from archive import urls
from archive.records import Kind
from archive.search.arabic import fold
from archive.urls import canonical, host_of
from crawler.extract import vocabulary
from crawler.extract.blocks import parse_page
from crawler.extract.charset import decode
from crawler.extract.metadata import read_evidence
from crawler.extract.vocabulary import one_line
from crawler.listings import sitemaps

KEYS = (
    (Kind.FEED, "feeds"),
    (Kind.SITEMAP, "sitemaps"),
    (Kind.SECTION, "sections"),
    (Kind.API, "api"),
)

# What content systems offer without being asked, the commonest first.
_FEEDS = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json")
_FEEDS_OF = {".aspx": ("rss.aspx",), ".asp": ("rss.asp",), ".php": ("rss.php",)}
_SITEMAPS = ("sitemap_index.xml", "sitemap.xml", "wp-sitemap.xml", "news-sitemap.xml")
USUAL = "tried as a usual address"
USUAL_OF_WORDPRESS = "the usual address of WordPress"
_POSTS = "wp-json/wp/v2/posts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address where a site may list its articles, and how we came by it, for a person."""

    url: str
    kind: Kind
    how: str


def in_robots(text: str, url: str) -> list[Candidate]:
    """Return the sitemaps that the robots.txt at `url` names, the most promising first."""
    return [
        Candidate(url=address, kind=Kind.SITEMAP, how="named in robots.txt")
        for address in sitemaps.in_robots(text, url)
        if address.isprintable()
    ]


def usual_feeds(home: str, suffixes: Iterable[str] = ()) -> list[Candidate]:
    """Return the addresses at which systems put their feeds, below `home` and below its host.

    `suffixes` are those of the site's own addresses, such as `.aspx`.
    """
    names = [*(name for suffix in suffixes for name in _FEEDS_OF.get(suffix, ())), *_FEEDS]
    return _usual(home, names, Kind.FEED)


def usual_sitemaps(home: str) -> list[Candidate]:
    """Return the addresses at which systems put their sitemaps."""
    return _usual(home, _SITEMAPS, Kind.SITEMAP)


def usual_api(home: str) -> Candidate:
    """Return the address at which WordPress lists a site's posts."""
    return Candidate(url=urljoin(_folder(home), _POSTS), kind=Kind.API, how=USUAL_OF_WORDPRESS)


def absolute(written: str, base: str) -> str | None:
    """Return an address as an absolute one without a fragment; None for one of no use."""
    address = urls.absolute(written, base)
    return address.partition("#")[0] if address and address.isprintable() else None


def _usual(home: str, names: Iterable[str], kind: Kind) -> list[Candidate]:
    folders = dict.fromkeys((_folder(home), urljoin(home, "/")))
    return [
        Candidate(url=urljoin(folder, name), kind=kind, how=USUAL)
        for folder in folders
        for name in names
    ]


def _folder(home: str) -> str:
    """Return the address below which a front page's site lies: `/ar` has `/ar/feed`."""
    parts = urlsplit(home)
    path = parts.path
    if "." in path.rpartition("/")[2]:  # index.php and its like
        path = path.rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"


def links_of(root: HtmlElement, base: str) -> Iterator[tuple[HtmlElement, str]]:
    """Yield the links of a page that stay on its host, each with its absolute address."""
    for anchor in root.iter("a"):
        written = anchor.get("href")
        address = absolute(written, base) if written and not written.startswith("#") else None
        if address and _place(address) == _place(base):
            yield anchor, address


def base_of(root: HtmlElement, url: str) -> str:
    """Return the address that a page's relative links count from."""
    element = root.find(".//base")
    written = None if element is None else element.get("href")
    return (absolute(written, url) if written else None) or url


def text_of(anchor: HtmlElement) -> str:
    """Return the text of a link on one line."""
    return one_line(anchor.text_content())


def key(url: str) -> str:
    """Return what spellings of one address have in common, `www.` and the last slash or not."""
    try:
        return canonical(url).replace("://www.", "://").rstrip("/")
    except ValueError:
        return url


def _place(url: str) -> tuple[str, int | None]:
    return host_of(url), urlsplit(url).port


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


_MENU = re.compile(r"nav|menu|قائمة", re.IGNORECASE)
# Links of a menu that lead to something else than a section, by their text (folded) or path.
_NO_SECTION_TEXT = re.compile(
    r"من نحن|اتصل بنا|اتصلوا|تواصل معنا|راسلنا|اعلن معنا|للاعلان|للاشهار|خصوصيه|شروط|"
    r"تسجيل (?:ال)?دخول|^تسجيل$|^دخول|حسابي|انشاء حساب|اشتراك|اشترك|^ال?بحث|ابحث|^الرئيسيه|"
    r"الصفحه الرئيس|البث|بث مباشر|^مباشر$|النسخه|نسخه ورقيه|العدد الورقي|خريطه الموقع|عن الموقع|"
    r"هيئه التحرير|فريق (?:العمل|التحرير|الموقع)|english|francais|kurdi|turkce|contact|about us|"
    r"^about$|log ?in|sign (?:in|up)|subscri|privacy|terms|^search|advertis|^\W*\d*\W*$"
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
    base, known = base_of(root, url), {key(one) for one in (*articles, url)}
    found: dict[str, tuple[bool, int, str]] = {}
    for anchor, address in links_of(root, base):
        path = unquote(urlsplit(address).path)
        depth = path.strip("/").count("/")
        if key(address) in known or depth >= _DEEPEST or not _is_section(anchor, address, path):
            continue
        rank = (not _in_menu(anchor), depth, address)
        found[key(address)] = min(found.get(key(address), rank), rank)
    bare = {key(address) for _, _, address in found.values() if not urlsplit(address).query}
    ranked = sorted(enumerate(found.values()), key=lambda item: (item[1][:2], item[0]))
    return [
        address
        for _, (_, _, address) in ranked
        if not urlsplit(address).query or key(address.partition("?")[0]) not in bare
    ]


def _is_section(anchor: HtmlElement, address: str, path: str) -> bool:
    text = fold(text_of(anchor))
    return (
        0 < len(text) <= _LONGEST_TEXT
        and not _NO_SECTION_TEXT.search(text)
        and not _NO_SECTION_PATH.search(path)
        and not _FILES.search(path)
        and not FEED_PATH.search(address.partition("://")[2].partition("/")[2])
    )


def _in_menu(anchor: HtmlElement) -> bool:
    return any(
        one.tag in {"nav", "header", "menu"}
        or _MENU.search(f"{one.get('class') or ''} {one.get('id') or ''} {one.get('role') or ''}")
        for one in anchor.iterancestors()
        if isinstance(one.tag, str)
    )


_PARTS = re.compile(r"\s+[|\-–—:·•»«›‹/~]+\s+|\s*[|»«›•]\s*|\s+::\s+|\s*[:،,]\s+")
_LATIN = re.compile(r"[A-Za-z]")
_ARABIC = re.compile("[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}]")
_LONGEST = 60
# What a title says beside the name, as keys.
_GENERIC = frozenset(
    vocabulary.key(words)
    for words in (
        *("الرئيسية", "الصفحة الرئيسية", "الصفحة الرئيسة", "الرئيسة", "أخبار", "آخر الأخبار"),
        *("الخلاصة", "خلاصة التعليقات", "خلاصات", "أهلا وسهلا", "مرحبا", "النسخة العربية"),
        *("home", "homepage", "home page", "main", "index", "feed", "rss", "rss feed", "atom"),
        *("comments feed", "accueil", "welcome", "logo", "شعار", "عربي", "العربية", "ar", "news"),
        *("rss 2.0", "atom 1.0", "untitled", "default", "localhost"),
    )
)


def name_of(stated: Iterable[str], said: Iterable[str]) -> tuple[str | None, str | None]:
    """Return a newspaper's (name in Arabic, name in Latin letters), None where it has none.

    `stated` are the names a page states as those of its site, `said` texts that hold the name
    among other words: titles, the text of links to the front page. What most places agree on is
    the name; a stated one counts twice.
    """
    votes: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for text, weight in (*((text, 2) for text in stated), *((text, 1) for text in said)):
        for part in dict.fromkeys(map(one_line, _parts(text, whole=weight > 1))):
            folded = vocabulary.key(part)
            if folded and folded not in _GENERIC and len(part) <= _LONGEST:
                votes[folded] += weight
                spelled.setdefault(folded, part)
    return _first(votes, spelled, _ARABIC), _first(votes, spelled, _LATIN)


def _parts(text: str, *, whole: bool) -> list[str]:
    """Return the parts of a text between separators; a name that is stated may hold one itself."""
    return [*([text] if whole else ()), *_PARTS.split(text)]


def _first(votes: Counter[str], spelled: dict[str, str], letters: re.Pattern[str]) -> str | None:
    """Return the name with most votes that is written in these letters alone."""
    other = _LATIN if letters is _ARABIC else _ARABIC
    fitting = [
        folded
        for folded in votes
        if letters.search(spelled[folded]) and not other.search(spelled[folded])
    ]
    best = max(fitting, key=lambda folded: votes[folded], default=None)
    return spelled[best] if best else None
