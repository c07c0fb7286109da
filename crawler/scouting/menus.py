"""The links of a front page's menus that look like its sections. Pure."""

import re
from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from archive.search.arabic import fold
from crawler.article.page import parse_page
from crawler.decode import decode
from crawler.scouting.anchors import base_of, key, links_of, text_of
from crawler.scouting.frontpage import FEED_PATH

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
