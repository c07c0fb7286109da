"""What a page states about itself for machines, and what its publisher's own selectors find."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from typing import Any, cast
from urllib.parse import urlsplit

from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from archive.models import Capture, Link, Problem
from archive.problems import ProblemKind
from archive.urls import absolute, host_of, site_of
from crawler.dates.moments import Stamp
from crawler.extract.blocks import Tree
from crawler.extract.charset import mend_hints
from crawler.extract.headline import site_names, without_site
from crawler.extract.jsondata import Graph, Node, ScriptStory, read_graph, read_state, types
from crawler.extract.vocabulary import is_agency, one_line, words
from crawler.publisher import Publisher, Rules

_LONGEST_TITLE = 1000  # characters


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
    if hints and hints.title:
        titles.append(hints.title)
    titles = [one_line(text)[:_LONGEST_TITLE] for text in titles]
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
    stated = read_stated(root, titles=(*metadata.titles, *metadata.bare))
    return replace(metadata, stated=stated)


def read_stated(root: HtmlElement, *, titles: Sequence[str] = ()) -> Stated:
    """Read all that `root`, a whole page, states about itself; nothing in it can raise.

    With `titles`, last what the data of its scripts says of the story that bears one of them.
    """
    found: dict[str, list[Any]] = defaultdict(list)
    marked = cast("list[HtmlElement]", _MARKED(root))
    graph = read_graph(root.iter("script"))
    story = read_state(root.iter("script"), titles) if titles else None
    statements = (_of_graph(graph), _of_head(root), _of_attributes(marked), _of_script(story))
    for name, values in chain.from_iterable(statements):
        found[name] += values
    return Stated(
        body=next(iter(found.pop("body", ())), None),
        types=frozenset(found.pop("types", ())),
        **{name: tuple(values) for name, values in found.items()},
    )


_Statements = Iterator[tuple[str, Iterable[object]]]  # fields of `Stated`, with what they hold
_DATED = {"datePublished": False, "dateCreated": False, "dateModified": True}
# Elements with microdata, and with RDFa.
_MARKED = etree.XPath("//@itemprop/.. | //@itemtype/.. | //@property/..")
_RDFA_DATES = frozenset(words("fields", "rdfa", "dates"))
_COMMAS = re.compile(r"\s*[,،;|]\s*")
_LOGO = re.compile(r"logo|default|placeholder|no-?image|favicon|avatar|blank", re.IGNORECASE)


def _stamps(source: str, texts: Iterable[str], *, modified: bool = False) -> list[Stamp]:
    return [Stamp(source=source, text=text, modified=modified) for text in texts]


def _of_graph(graph: Graph) -> _Statements:
    if graph.broken:
        detail = f"{graph.broken} JSON-LD script(s) hold no readable JSON"
        yield "problems", [Problem(kind=ProblemKind.JSON_LD_BROKEN, detail=detail, stage="extract")]
    article = graph.article() or graph.of_type("VideoObject", "ImageGallery", "MediaGallery")
    yield "sections", graph.texts((article or {}).get("articleSection"), "name")
    for node in graph.nodes:
        kinds = types(node)
        yield "types", kinds
        if kinds & {"Organization", "NewsMediaOrganization", "WebSite"}:
            yield "names", graph.texts(node.get("name"))
            yield "names", graph.texts(node.get("alternateName"))
        elif "BreadcrumbList" in kinds:
            yield "sections", _crumbs(graph, node)
    yield "videos", _videos(graph, article)
    # Yoast states no article for a post that is set to be a plain page, but dates the page.
    dated = article or graph.of_type("WebPage", "ItemPage") or {}
    for name, modified in _DATED.items():
        texts = graph.texts(dated.get(name), "@value")
        yield "stamps", _stamps("json-ld", texts, modified=modified)
    if article:
        yield from _of_article(graph, article)


def _of_article(graph: Graph, article: Node) -> _Statements:
    for field in ("headline", "name"):
        yield "titles", [("json-ld", text) for text in graph.texts(article.get(field))]
    yield "descriptions", graph.texts(article.get("description"))
    yield "body", graph.texts(article.get("articleBody"))
    if people := _people(graph, article.get("author") or article.get("creator")):
        yield "authors", [("json-ld", ", ".join(people))]
    keywords = graph.texts(article.get("keywords"), "name", "termCode")
    yield "tags", keywords if len(keywords) > 1 else _listed(keywords)
    yield "images", graph.texts(article.get("image"), "url", "contentUrl", "@id")
    yield "images", graph.texts(article.get("thumbnailUrl"))
    yield "names", graph.texts(article.get("publisher"), "name")


def _listed(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in _COMMAS.split(text)]


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


def _videos(graph: Graph, article: Node | None) -> Iterator[str]:
    """Yield the players' addresses of the article's videos, and of those the page is about."""
    own = [graph.resolved((article or {}).get(key)) for key in ("video", "associatedMedia")]
    for node in chain(*own, graph.nodes):
        if isinstance(node, dict) and "VideoObject" in types(node):
            yield from graph.texts(node.get("embedUrl")) or graph.texts(node.get("contentUrl"))


def _crumbs(graph: Graph, node: Node) -> list[str]:
    """Return the last section of a breadcrumb trail: neither the home page nor the article."""
    items = [item for item in graph.resolved(node.get("itemListElement")) if isinstance(item, dict)]
    named = [graph.texts(item.get("name") or item.get("item"), "name") for item in items]
    trail = [texts[0] for texts in named if texts]
    return trail[-2:-1] if len(trail) > 2 else []


def _of_head(root: HtmlElement) -> _Statements:
    metas = _metas(root.iter("meta"))

    def values(name: str) -> list[str]:
        return [text for each in words("fields", "meta", name) for text in metas.get(each, ())]

    yield "titles", [("meta", text) for text in values("titles")]
    yield "titles", [("title", e.text_content()) for e in islice(root.iter("title"), 1)]
    yield "authors", [("meta", text) for text in values("authors")]
    yield "owners", metas.get("author", ())
    yield "stamps", _stamps("meta", values("published"))
    yield "stamps", _stamps("meta", values("modified"), modified=True)
    yield "tags", _listed(values("tags"))
    yield "keywords", _listed(metas.get("keywords", ()))
    yield "types", [f"og:{text.lower()}" for text in metas.get("og:type", ())]
    links = (link for link in root.iter("link") if link.get("rel") == "canonical")
    yield "canonical", [link.get("href") or "" for link in links]
    yield "canonical", metas.get("og:url", ())
    for name in ("descriptions", "sections", "images", "names"):
        yield name, values(name)


def _metas(elements: Iterable[HtmlElement]) -> dict[str, list[str]]:
    """Return what the meta elements of a page hold, by their names in lower case."""
    metas: dict[str, list[str]] = {}
    for meta in elements:
        attributes = dict(meta.items())
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop")
        if attributes.get("itemprop") == "author":
            name = "article:author"
        content = (attributes.get("content") or attributes.get("value") or "").strip()
        if name and content:
            metas.setdefault(name.strip().lower(), []).append(content)
    return metas


def _of_attributes(marked: Iterable[HtmlElement]) -> _Statements:
    """Yield what elements say by microdata, and the dates that Drupal prints as RDFa.

    The latter as `<span property="dc:date dc:created" content="…">`.
    """
    for element in marked:
        yield "types", [element.get("itemtype", "").rstrip("/").rsplit("/", 1)[-1]]
        name = element.get("itemprop", "")
        if element.tag == "meta":
            continue
        text = element.get("content")
        if text and _RDFA_DATES.intersection(element.get("property", "").split()):
            yield "stamps", _stamps("microdata", [text])
        if name in _DATED:
            yield "stamps", _stamps("microdata", [_value(element)], modified=_DATED[name])
        elif name == "headline":
            yield "titles", [("microdata", _value(element))]
        elif name == "author":
            person = next(iter(element.findall(".//*[@itemprop='name']")), element)
            yield "authors", [("microdata", _value(person))]
        elif name == "articleSection":
            yield "sections", [_value(element)]


def _of_script(story: ScriptStory | None) -> _Statements:
    if story:
        yield "types", ["og:article"]
        yield "body", [story.body]
        yield "decks", story.decks[:1]
        yield "stamps", _stamps("script", story.published)
        yield "stamps", _stamps("script", story.modified, modified=True)
        yield "authors", [("script", ", ".join(story.authors))] if story.authors else []


def first_address(written: Iterable[str], base: str, *, same_site: bool = False) -> str | None:
    """Return the first that is a web address, made absolute; logos are passed over."""
    for each in written:
        url = absolute(each, base)
        if url and same_site and site_of(host_of(url)) == site_of(host_of(base)):
            return url
        if url and not same_site and not _LOGO.search(urlsplit(url).path.rsplit("/", 1)[-1]):
            return url
    return None


def select(root: HtmlElement, rules: Rules) -> Selected:
    """Apply `rules` to a page; a selector that finds nothing is a `rule-missed` problem."""
    problems: list[Problem] = []

    def elements(name: str) -> list[HtmlElement]:
        css = getattr(rules, name)
        found = _found(root, css) if css else []
        if css and not found:
            detail = f"the selector for {name} finds nothing: {css}"
            problems.append(Problem(kind=ProblemKind.RULE_MISSED, detail=detail, stage="extract"))
        return found

    texts = ("title", "deck", "byline", "published", "section")
    return Selected(
        **{name: next(filter(None, map(_value, elements(name))), None) for name in texts},
        tags=tuple(map(_value, elements("tags"))),
        text=tuple(elements("text")),
        remove=frozenset(e for css in rules.remove for e in _found(root, css)),
        problems=tuple(problems),
    )


@lru_cache(maxsize=1024)
def _selector(css: str) -> CSSSelector:
    return CSSSelector(css, translator="html")


def _found(root: HtmlElement, css: str) -> list[HtmlElement]:
    return cast("list[HtmlElement]", _selector(css)(root))


def _value(element: HtmlElement) -> str:
    names = ("datetime", "content", "title") if element.tag == "abbr" else ("datetime", "content")
    attribute = next(filter(None, map(element.get, names)), None)
    return " ".join((attribute or element.text_content()).split())
