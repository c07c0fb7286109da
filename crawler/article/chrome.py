"""Stop 8: the furniture of a page: what surely is no article, and what only looks like it."""

import re

from lxml.html import HtmlElement

_NEVER = frozenset(
    {
        *("script", "style", "noscript", "template", "head", "title", "link", "meta", "iframe"),
        *("svg", "object", "embed", "audio", "video", "canvas", "map", "menu", "dialog"),
        *("select", "option", "button", "textarea", "input", "datalist"),
    }
)
_CHROME_TAGS = frozenset({"aside", "figcaption", "figure", "footer", "nav"})
_KEPT_FIGURES = "descendant::table|descendant::blockquote"
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)

# Words in class names and ids that name what surrounds an article, not what it says.
_CHROME = re.compile(
    r"(?:^|[\s_-])(?:"
    r"share|shares|sharing|sharer|sharethis|addtoany|addthis|a2a|social\w*|follow(?:us)?|"
    r"related\w*|relate|recirc\w*|recommend\w*|read-?(?:also|more|next)|see-?also|also-?read|"
    r"more-?(?:news|stories|articles|like|on)|most-?(?:read|viewed|popular)|popular|trending|"
    r"breadcrumbs?|crumbs?|comments?|comment-?list|respond|disqus\w*|sidebar\w*|widgets?|"
    r"newsletter\w*|subscri\w+|tags?|tag-?list|post-?tags|tagcloud|keywords|author-?(?:box|bio|info)|"
    r"byline|by-?author|post-?meta|entry-?meta|meta|metadata|captions?|credits?|img-?cap|photo-?cap|"
    r"wp-caption-text|ads?|adv|advert\w*|adsbygoogle|banner\w*|sponsor\w*|promo\w*|outbrain|taboola|"
    r"cookies?|consent|gdpr|modal|popup|pop-up|overlay|lightbox|tooltip|toolbar|tools|print|"
    r"pager|pagination|page-?nav|post-?nav\w*|nav-?links|navbar|navigation|menu\w*|footer|"
    r"copyrights?|rating\w*|vote|poll|login|signin|search\w*|skip-?link|sr-only|"
    r"screen-reader-text|visually-?hidden|inject\w*|teasers?|carousel|owl-\w+|slick\w*|swiper\w*|"
    r"ticker|breaking|links-block|readspeaker|listen|rsbtn|notification\w*|app-?download|jp-relatedposts|"
    r"sharedaddy|yarpp\w*|crp_related|heateor\w*|noprint"
    r")(?=$|[\s_-])|(?:^|\s)(?:hidden|hide|d-none)(?=$|\s)",
    re.IGNORECASE,
)
_ROLES = frozenset({"navigation", "complementary", "search", "dialog", "alertdialog"})
# What a page calls a region for those who hear it.
_ASIDE = re.compile(
    r"(?:تخط[يى]|skip|قد ي|قد ت|اقرأ|إقرأ|مواضيع|الأكثر|ذات صلة|مقالات|related|recommend)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Names that only sound like furniture: states of the whole page, and page builders' wrappers.
_STATES = re.compile(
    r"elementor-widget(?:-(?:container|text-editor|theme-post-content|wrap))?(?=\s|$)"
    r"|(?:no|has|with|without|show|is)-(?:sidebar|comments?|share|caption)\S*"
)
# Slides, players and wrappers for print hold text of the article on some sites.
_WEAK = re.compile(
    r"(?:^|(?<=[\s_-]))(?:carousel|owl-\w+|slick\w*|swiper\w*|print|tools|toolbar|meta|metadata|"
    r"inject\w*|breaking|readspeaker|listen|popular|teasers?|overlay)(?=$|[\s_-])",
    re.IGNORECASE,
)


def is_left_out(element: HtmlElement, tag: str) -> bool:
    """Tell whether nothing in an element is for reading: scripts, fields, menus, hidden parts."""
    return tag in _NEVER or is_hidden(element) or is_menu(element, tag)


def is_menu(element: HtmlElement, tag: str) -> bool:
    """Tell whether an element is navigation and no trail of breadcrumbs to the article."""
    return tag == "nav" and "crumb" not in (element.get("class") or element.get("id") or "")


def is_hidden(element: HtmlElement) -> bool:
    if element.get("hidden") is not None:
        return True
    style = element.get("style")
    return style is not None and _HIDDEN.search(style) is not None


def is_chrome(element: HtmlElement, tag: str) -> bool:
    """Tell whether an element looks like furniture by its tag or the names of its class and id."""
    if tag in _CHROME_TAGS:
        return tag != "figure" or not element.xpath(_KEPT_FIGURES)
    if not element.keys():
        return False
    get = element.get
    named = get("aria-labelledby") or get("data-component")
    if named and _is_chrome_name(named):
        return True
    if tag != "a" and (get("role") in _ROLES or _ASIDE.match(get("aria-label", "").strip())):
        return True
    if tag in {"body", "html", "main", "article", "a", "p", "strong", "b"}:
        return tag in {"p", "a"} and _named_chrome(element)
    return _named_chrome(element)


def is_weak(element: HtmlElement) -> bool:
    """Tell whether an element is chrome only by a word that articles' own parts bear as well."""
    if element.tag in _CHROME_TAGS or element.get("role") in _ROLES:
        return False
    stated = f"{element.get('aria-labelledby', '')} {element.get('data-component', '')}"
    names = f"{element.get('class', '')} {element.get('id', '')} {stated}"
    plain = _WEAK.sub(" ", _STATES.sub(" ", _CAMEL.sub("-", names)))
    return _CHROME.search(plain) is None and not _ASIDE.match(element.get("aria-label", ""))


def _named_chrome(element: HtmlElement) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return len(names) > 2 and _is_chrome_name(names)


_SEEN: dict[str, bool] = {}


def _is_chrome_name(names: str) -> bool:
    known = _SEEN.get(names)
    if known is None:
        if len(_SEEN) > 20_000:
            _SEEN.clear()
        plain = _STATES.sub(" ", _CAMEL.sub("-", names))
        known = _SEEN[names] = _CHROME.search(plain) is not None
    return known
