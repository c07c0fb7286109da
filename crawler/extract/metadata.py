"""What a page states about itself for machines, and what its publisher's own selectors find."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import cast
from urllib.parse import urlsplit

from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from archive.models import Capture, Link, Problem
from archive.problems import ProblemKind
from archive.urls import absolute, host_of
from crawler.dates.moments import Stamp
from crawler.extract.blocks import Tree
from crawler.extract.charset import mend_hints
from crawler.extract.headline import site_names, without_site
from crawler.extract.jsondata import Graph, Node, read_graph, read_state, types
from crawler.extract.vocabulary import is_agency, words
from crawler.publisher import Publisher, Rules


def site_of(host: str) -> str:
    """Return the part of a host name that the pages of one newspaper share.

    The last two labels, or three where the last two are short as in `com.eg`; an address as it is.
    """
    parts = host.split(".")
    if parts[-1].isdigit():
        return host
    short = len(parts) > 2 and len(parts[-1]) == 2 and len(parts[-2]) <= 3
    return ".".join(parts[-3:] if short else parts[-2:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What one page states about itself for machines, each of the lists in order of trust.

    `titles` and `authors` are (source, text) pairs; `owners` is what the plain author tag holds,
    where some sites write a name and others their developer's; `body` the text of the article as
    JSON-LD, or the data of the page's script, has it; `decks` come from that data alone; `types`
    are the schema.org and Open Graph types it claims; `names` what its site calls itself; `videos`
    addresses of the article's videos.
    """

    titles: tuple[tuple[str, str], ...] = ()
    descriptions: tuple[str, ...] = ()
    authors: tuple[tuple[str, str], ...] = ()
    owners: tuple[str, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    types: frozenset[str] = frozenset()
    body: str | None = None
    canonical: tuple[str, ...] = ()
    decks: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What a publisher's selectors find: texts by field, elements for the body and to cut out."""

    title: str | None = None
    deck: str | None = None
    byline: str | None = None
    published: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    text: tuple[HtmlElement, ...] = ()
    remove: frozenset[HtmlElement] = frozenset()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is known of a page before its text is looked for.

    `hints` is what a listing said of it; `names` are the keys of what its newspaper is called;
    `titles` all that is stated as its title, `bare` the same without the newspaper's name.
    """

    stated: Stated
    selected: Selected
    hints: Link | None
    names: frozenset[str]
    titles: tuple[str, ...]
    bare: tuple[str, ...]


def read_metadata(
    tree: Tree, capture: Capture, publisher: Publisher, hints: Link | None
) -> Metadata:
    """Read what a page states for machines, what its publisher's rules select, and the hints."""
    stated = read_stated(tree.root)
    hints = mend_hints(hints)
    titles = [text for _, text in stated.titles]
    titles += [hints.title] if hints and hints.title else []
    called = [publisher.name, publisher.name_latin or "", *stated.names]
    names = site_names(called, host_of(capture.url))
    return Metadata(
        stated=stated,
        selected=select(tree.root, publisher.rules_on(capture.fetched_at.date())),
        hints=hints,
        names=names,
        titles=tuple(titles),
        bare=tuple(without_site(text, names) for text in titles),
    )


def with_script(metadata: Metadata, root: HtmlElement) -> Metadata:
    """Return metadata with what the data of the page's scripts says, where the page is silent."""
    story = read_state(root, (*metadata.titles, *metadata.bare))
    if story is None:
        return metadata
    stated = metadata.stated
    stamps = [Stamp(source="script", text=text) for text in story.published]
    stamps += [Stamp(source="script", text=text, modified=True) for text in story.modified]
    authors = (("script", ", ".join(story.authors)),) if story.authors else ()
    return replace(
        metadata,
        stated=replace(
            stated,
            types=stated.types | {"og:article"},
            body=stated.body or story.body,
            decks=(*stated.decks, story.deck) if story.deck else stated.decks,
            authors=(*stated.authors, *authors),
            stamps=(*stated.stamps, *stamps),
        ),
    )


def read_stated(root: HtmlElement) -> Stated:
    """Read all that `root`, a whole page, states about itself; nothing in it can raise."""
    found = _Found()
    graph = read_graph(root)
    if graph.broken:
        detail = f"{graph.broken} JSON-LD script(s) hold no readable JSON"
        found.problems.append(
            Problem(kind=ProblemKind.JSON_LD_BROKEN, detail=detail, stage="extract")
        )
    _from_graph(found, graph)
    _from_meta(found, root)
    marked = cast("list[HtmlElement]", _MARKED(root))
    _from_microdata(found, marked)
    _from_rdfa(found, marked)
    return Stated(
        body=found.body,
        types=frozenset(found.types),
        **{name: tuple(getattr(found, name)) for name in _LISTS},
    )


@dataclass(slots=True)
class _Found:
    """What has been read so far of a page's statements."""

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
    problems: list[Problem] = field(default_factory=list)


_LISTS = tuple(each.name for each in fields(_Found) if each.name not in {"types", "body"})

_DATED = {"datePublished": False, "dateCreated": False, "dateModified": True}
# Elements with microdata, and with RDFa: one way through the tree for both.
_MARKED = etree.XPath(
    "descendant-or-self::*[@itemprop or @itemtype or (@property and @content and not(self::meta))]"
)
_RDFA_DATES = frozenset(
    {
        *("dc:created", "dc:date", "dcterms:created", "dcterms:date", "schema:dateCreated"),
        *("schema:datePublished", "datePublished"),
    }
)
_COMMAS = re.compile(r"\s*[,،;|]\s*")
_VALUES = ("datetime", "content")
_LOGO = re.compile(r"logo|default|placeholder|no-?image|favicon|avatar|blank", re.IGNORECASE)


def _from_graph(found: _Found, graph: Graph) -> None:
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


def _dates_of(found: _Found, graph: Graph, node: Node) -> None:
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


def _from_meta(found: _Found, root: HtmlElement) -> None:
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


def _from_microdata(found: _Found, marked: Iterable[HtmlElement]) -> None:
    for element in marked:
        attributes = element.attrib
        if "itemprop" not in attributes and "itemtype" not in attributes:
            continue
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


def _from_rdfa(found: _Found, marked: Iterable[HtmlElement]) -> None:
    """Take the dates Drupal prints as RDFa: `<span property="dc:date dc:created" content="…">`."""
    for element in marked:
        text = element.get("content") if element.tag != "meta" else None
        if text is not None and _RDFA_DATES.intersection(element.get("property", "").split()):
            found.stamps.append(Stamp(source="microdata", text=text))


def first_address(written: Iterable[str], base: str, *, same_site: bool = False) -> str | None:
    """Return the first that is a web address, made absolute; logos are passed over."""
    for each in written:
        url = absolute(each, base)
        if url is None:
            continue
        if same_site and site_of(host_of(url)) != site_of(host_of(base)):
            continue
        if same_site or not _LOGO.search(urlsplit(url).path.rsplit("/", 1)[-1]):
            return url
    return None


def select(root: HtmlElement, rules: Rules) -> Selected:
    """Apply `rules` to a page; a selector that finds nothing is a `rule-missed` problem."""
    problems: list[Problem] = []

    def text(name: str, css: str | None) -> str | None:
        elements = _elements(root, name, css, problems) if css else []
        return next((value for element in elements if (value := _value(element))), None)

    tags = _elements(root, "tags", rules.tags, problems) if rules.tags else []
    body = _elements(root, "text", rules.text, problems) if rules.text else []
    return Selected(
        title=text("title", rules.title),
        deck=text("deck", rules.deck),
        byline=text("byline", rules.byline),
        published=text("published", rules.published),
        section=text("section", rules.section),
        tags=tuple(map(_value, tags)),
        text=tuple(body),
        remove=frozenset(e for css in rules.remove for e in _elements(root, "remove", css, [])),
        problems=tuple(problems),
    )


def _elements(root: HtmlElement, name: str, css: str, problems: list[Problem]) -> list[HtmlElement]:
    """Return what a selector finds, and note where it finds nothing."""
    try:
        elements = cast("list[HtmlElement]", CSSSelector(css, translator="html")(root))
    except SelectorError:
        elements = []
    if not elements:
        detail = f"the selector for {name} finds nothing: {css}"
        problems.append(Problem(kind=ProblemKind.RULE_MISSED, detail=detail, stage="extract"))
    return elements


def _value(element: HtmlElement) -> str:
    attribute = next((element.get(name) for name in _VALUES if element.get(name)), None)
    return " ".join((attribute or element.text_content()).split())
