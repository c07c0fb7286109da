"""What a page states about itself for machines, and what its publisher's own selectors find."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urljoin, urlsplit

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from archive.problems import ProblemKind
from archive.records import Problem
from archive.urls import host_of
from crawler.dates.decision import Stamp
from crawler.extract.jsondata import Graph, Node, Stated, read_graph, types
from crawler.extract.vocabulary import is_agency, words
from crawler.publisher import Rules


def site_of(host: str) -> str:
    """Return the part of a host name that the pages of one newspaper share.

    The last two labels, or three where the last two are short as in `com.eg`; an address as it is.
    """
    parts = host.split(".")
    if parts[-1].isdigit():
        return host
    short = len(parts) > 2 and len(parts[-1]) == 2 and len(parts[-2]) <= 3
    return ".".join(parts[-3:] if short else parts[-2:])


_DATED = {"datePublished": False, "dateCreated": False, "dateModified": True}
_ITEMS = etree.XPath("descendant-or-self::*[@itemprop or @itemtype]")
_RDFA = etree.XPath("descendant::*[@property and @content and not(self::meta)]")
_RDFA_DATES = frozenset(
    {
        *("dc:created", "dc:date", "dcterms:created", "dcterms:date", "schema:dateCreated"),
        *("schema:datePublished", "datePublished"),
    }
)
_COMMAS = re.compile(r"\s*[,،;|]\s*")
_LOGO = re.compile(r"logo|default|placeholder|no-?image|favicon|avatar|blank", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What one page states about itself, each list in order of trust.

    `titles` and `authors` are (source, text) pairs; `owners` is what the plain author tag holds,
    where some sites write a name and others their developer's; `body` the text of the article as
    JSON-LD, or the data of the page's script, has it; `decks` come from that data alone; `types`
    are the schema.org and Open Graph types it claims; `names` what its site calls itself; `videos`
    addresses of the article's videos.
    """

    titles: list[tuple[str, str]] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    authors: list[tuple[str, str]] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    types: set[str] = field(default_factory=set)
    body: str | None = None
    canonical: list[str] = field(default_factory=list)
    decks: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take_state(self, state: Stated | None) -> None:
        """Take in what the data of a page's script says, where the page itself does not."""
        if state is None:
            return
        self.types.add("og:article")
        self.body = self.body or state.body
        self.decks += [state.deck] if state.deck else []
        self.authors += [("script", ", ".join(state.authors))] if state.authors else []
        self.stamps += [Stamp(source="script", text=text) for text in state.published]
        self.stamps += [Stamp(source="script", text=text, modified=True) for text in state.modified]


def read_evidence(root: HtmlElement) -> Evidence:
    """Read all that `root`, a whole page, states about itself; nothing in it can raise."""
    found = Evidence()
    graph = read_graph(root)
    if graph.broken:
        detail = f"{graph.broken} JSON-LD script(s) hold no readable JSON"
        found.problems.append(
            Problem(kind=ProblemKind.JSON_LD_BROKEN, detail=detail, stage="extract")
        )
    _from_graph(found, graph)
    _from_meta(found, root)
    _from_microdata(found, root)
    _from_rdfa(found, root)
    return found


def _from_graph(found: Evidence, graph: Graph) -> None:
    for node in graph.nodes:
        found.types |= types(node)
        if types(node) & {"Organization", "NewsMediaOrganization", "WebSite"}:
            found.names += graph.texts(node.get("name"))
            found.names += graph.texts(node.get("alternateName"))
        elif "BreadcrumbList" in types(node):
            found.sections += _crumbs(graph, node)
    article = graph.article() or graph.of_type("VideoObject", "ImageGallery", "MediaGallery")
    found.videos += _videos(graph, article)
    if article is None:
        # Yoast states no article for a post that is set to be a plain page, but dates the page.
        _dates_of(found, graph, graph.of_type("WebPage", "ItemPage") or {})
        return
    found.titles += [("json-ld", text) for text in graph.texts(article.get("headline"))]
    found.titles += [("json-ld", text) for text in graph.texts(article.get("name"))]
    found.descriptions += graph.texts(article.get("description"))
    people = _people(graph, article.get("author") or article.get("creator"))
    found.body = next(iter(graph.texts(article.get("articleBody"))), None)
    found.authors += [("json-ld", ", ".join(people))] if people else []
    _dates_of(found, graph, article)
    found.sections[:0] = graph.texts(article.get("articleSection"), "name")
    words = graph.texts(article.get("keywords"), "name", "termCode")
    found.tags += words if len(words) > 1 else [w for text in words for w in _COMMAS.split(text)]
    found.images += graph.texts(article.get("image"), "url", "contentUrl", "@id")
    found.images += graph.texts(article.get("thumbnailUrl"))
    found.names += graph.texts(article.get("publisher"), "name")


def _dates_of(found: Evidence, graph: Graph, node: Node) -> None:
    for key, modified in _DATED.items():
        texts = graph.texts(node.get(key), "@value")
        found.stamps += [Stamp(source="json-ld", text=t, modified=modified) for t in texts]


def _people(graph: Graph, value: object) -> list[str]:
    """Return the names of authors: people, and of organisations only the news agencies."""
    return [
        name
        for item in graph.resolved(value)
        for name in graph.texts(item, "name")
        if not isinstance(item, dict)
        or not any(kind.endswith("Organization") for kind in types(item))
        or is_agency(name)
    ]


def _videos(graph: Graph, article: Node | None) -> list[str]:
    """Return the players' addresses of the article's videos, and of those the page is about."""
    own = [
        node
        for key in ("video", "associatedMedia")
        for node in graph.resolved((article or {}).get(key))
    ]
    videos = [
        node
        for node in (*own, *graph.nodes)
        if isinstance(node, dict) and "VideoObject" in types(node)
    ]
    return [
        url
        for video in videos
        for url in (graph.texts(video.get("embedUrl")) or graph.texts(video.get("contentUrl")))
    ]


def _crumbs(graph: Graph, node: Node) -> list[str]:
    """Return the last section of a breadcrumb trail: neither the home page nor the article."""
    items = [item for item in graph.resolved(node.get("itemListElement")) if isinstance(item, dict)]
    named = [graph.texts(item.get("name") or item.get("item"), "name") for item in items]
    trail = [texts[0] for texts in named if texts]
    return trail[-2:-1] if len(trail) > 2 else []


def _from_meta(found: Evidence, root: HtmlElement) -> None:
    metas: dict[str, list[str]] = {}
    for meta in root.iter("meta"):
        attributes = meta.attrib
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        if attributes.get("itemprop") == "author":
            name = "article:author"
        content = (attributes.get("content") or attributes.get("value") or "").strip()
        if name and content:
            metas.setdefault(name.strip().lower(), []).append(content)
    found.titles += [("meta", text) for text in _values(metas, "titles")]
    title = root.find(".//title")
    found.titles += [("title", title.text_content())] if title is not None else []
    found.descriptions += _values(metas, "descriptions")
    found.authors += [("meta", text) for text in _values(metas, "authors")]
    found.owners += metas.get("author", [])
    found.stamps += [Stamp(source="meta", text=text) for text in _values(metas, "published")]
    found.stamps += [
        Stamp(source="meta", text=text, modified=True) for text in _values(metas, "modified")
    ]
    found.sections += _values(metas, "sections")
    found.tags += [word for text in _values(metas, "tags") for word in _COMMAS.split(text)]
    found.keywords += [word for text in metas.get("keywords", ()) for word in _COMMAS.split(text)]
    found.images += _values(metas, "images")
    found.names += _values(metas, "names")
    found.types |= {f"og:{text.lower()}" for text in metas.get("og:type", ())}
    for link in root.iterfind(".//link[@rel='canonical']"):
        found.canonical.append(link.get("href") or "")
    found.canonical += metas.get("og:url", [])


def _values(metas: dict[str, list[str]], field_name: str) -> list[str]:
    return [text for name in words("fields", "meta", field_name) for text in metas.get(name, ())]


def _from_microdata(found: Evidence, root: HtmlElement) -> None:
    for element in cast("list[HtmlElement]", _ITEMS(root)):
        attributes = element.attrib
        found.types.add(attributes.get("itemtype", "").rstrip("/").rsplit("/", 1)[-1])
        name = attributes.get("itemprop", "")
        if element.tag == "meta" or not name:
            continue
        if name in _DATED:
            text = element.get("datetime") or element.get("content")
            text = text or (element.get("title") if element.tag == "abbr" else None)
            text = text or element.text_content()
            found.stamps.append(Stamp(source="microdata", text=text, modified=_DATED[name]))
        elif name == "headline":
            found.titles.append(("microdata", element.text_content()))
        elif name == "author":
            inner = element.find(".//*[@itemprop='name']")
            person = inner if inner is not None else element
            found.authors.append(("microdata", person.get("content") or person.text_content()))
        elif name == "articleSection":
            found.sections.append(element.text_content())


def _from_rdfa(found: Evidence, root: HtmlElement) -> None:
    """Take the dates Drupal prints as RDFa: `<span property="dc:date dc:created" content="…">`."""
    for element in cast("list[HtmlElement]", _RDFA(root)):
        if _RDFA_DATES.intersection(element.get("property", "").split()):
            found.stamps.append(Stamp(source="microdata", text=element.get("content", "")))


def absolute(urls: Iterable[str], base: str, *, same_site: bool = False) -> str | None:
    """Return the first of `urls` that is a web address, made absolute; logos are passed over."""
    for url in urls:
        try:
            full = urljoin(base, url.strip())
            parts = urlsplit(full)
            host = host_of(full)
        except ValueError:
            continue
        if parts.scheme not in {"http", "https"} or not host:
            continue
        if same_site and site_of(host) != site_of(host_of(base)):
            continue
        if not same_site and _LOGO.search(parts.path.rsplit("/", 1)[-1]):
            continue
        return full
    return None


_VALUES = ("datetime", "content")


@dataclass(slots=True, kw_only=True)
class Selected:
    """What the selectors found: texts by field, elements for the body and for what is cut out."""

    title: str | None = None
    deck: str | None = None
    byline: str | None = None
    published: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    text: tuple[HtmlElement, ...] = ()
    remove: frozenset[HtmlElement] = frozenset()
    problems: list[Problem] = field(default_factory=list)


def select(root: HtmlElement, rules: Rules) -> Selected:
    """Apply `rules` to a page; a selector that finds nothing is a `rule-missed` problem."""
    found = Selected()
    for name in ("title", "deck", "byline", "published", "section"):
        setattr(found, name, _text(root, name, getattr(rules, name), found))
    if rules.tags:
        found.tags = tuple(_value(e) for e in _elements(root, "tags", rules.tags, found))
    if rules.text:
        found.text = tuple(_elements(root, "text", rules.text, found))
    removed = [e for css in rules.remove for e in _elements(root, "remove", css, None)]
    found.remove = frozenset(removed)
    return found


def _text(root: HtmlElement, name: str, css: str | None, found: Selected) -> str | None:
    elements = _elements(root, name, css, found) if css else []
    return next((text for element in elements if (text := _value(element))), None)


def _elements(root: HtmlElement, name: str, css: str, found: Selected | None) -> list[HtmlElement]:
    try:
        elements = cast("list[HtmlElement]", CSSSelector(css, translator="html")(root))
    except SelectorError:
        elements = []
    if not elements and found is not None:
        detail = f"the selector for {name} finds nothing: {css}"
        found.problems.append(Problem(kind=ProblemKind.RULE_MISSED, detail=detail, stage="extract"))
    return elements


def _value(element: HtmlElement) -> str:
    attribute = next((element.get(name) for name in _VALUES if element.get(name)), None)
    return " ".join((attribute or element.text_content()).split())
