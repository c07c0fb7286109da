"""Addresses: their normal spelling, the identity key of a page, and the ids made from keys.

Also the normal form of letters, in addresses and in texts: `composed`.
"""

import hashlib
import re
import string
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from typing import Literal
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

# Parameters that name a campaign, a click or a share, never a page.
_TRACKING = re.compile(
    r"utm_\w+|hsa_\w+|(?:pk|mtm|piwik|matomo)_(?:campaign|kwd|keyword|source|medium|content|cid)|"
    r"fb_(?:action_ids|action_types|source|ref|comment_id)|_{1,2}hs(?:enc|mi|tc|sc|fp)|"
    r"[a-z]{1,4}clid|msclkid|gclsrc|[gw]braid|li_fat_id|mc_[ce]id|mkt_tok|vero_id|wickedid|igsh(?:id)?|"
    r"_ga|_gl|_openstat|xtor|guccounter|guce_referr?er(?:_sig)?|"
    r"ns_(?:campaign|mchannel|source|linkname|fee)|at_(?:medium|campaign|custom\d)|"
    r"ref_(?:src|url)|soc_(?:src|trk)|amp_(?:js_v|gsa|ct|tf|latest_update_time)|usqp|"
    r"__twitter_impression"
)
# Parameters that name a reader's session; the short ones only where the value is no number or name.
_SESSION = re.compile(
    r"(?:phpsessid|jsessionid|asp\.net_sessionid|aspsessionid\w*|oscsid|zenid|cftoken)=.*|"
    r"(?:sid|session|session_?id)=(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{20,64}",
    re.IGNORECASE,
)
_SESSION_IN_PATH = re.compile(
    r";(?:jsessionid|phpsessid|sid)=[^/;]*|/\([asf]\([a-z0-9]{20,32}\)\)(?=/)", re.IGNORECASE
)
# How the AMP twin of a page is named; its id and title stand in the rest of the address.
_AMP_QUERY = re.compile(r"amp(?:=(?:1|true|yes|amp)?)?|output(?:type)?=amp", re.IGNORECASE)
_AMP_BEFORE = re.compile(r"/amp(?=/[^/])")
_AMP_BEHIND = re.compile(r"(?<=[^/])(?:/amp/*|\.amp)$|\.amp(?=\.html?$)")
_AMP_CACHE = re.compile(
    r"https?://(?:[^/@]+\.cdn\.ampproject\.org/[a-z]{1,2}|(?:www\.)?google(?:\.[a-z]{2,3}){1,2}/amp|"
    r"(?:www\.)?bing-amp\.com/[a-z]{1,2})/(?P<tls>s/)?(?P<page>[^/?#]+\.[^?#].*)",
    re.IGNORECASE | re.DOTALL,
)
_TWIN = re.compile(r"(?:www|m|mobile|wap|amp)\.(?=[^.]+\.[^.])")  # hosts that show the same pages
_SUFFIX = re.compile(r"(?:com|co|net|org|gov|edu|ac)\.[a-z]{2}")  # before it, `m` is a name
# The path of a newspaper's first page.
_HOME = re.compile(r"/?(?:index\.\w+|default\.\w+|home|ar|arabic|ara|main)?/?", re.IGNORECASE)
_NETLOC = re.compile(r"(?:[^@]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^\[\]]+)(?::\d*)?")
_ABSOLUTE = re.compile(r"https?://[^/:?#\[\]\s][^/?#\[\]\s]*\S*", re.IGNORECASE)  # nothing to join
_PORTS = {"http": "80", "https": "443"}
_SAFE = "!$&'()*+,;=:@/~"
_PLAIN = re.compile(r"[A-Za-z0-9_.\-~!$&'()*+,;=:@/]*")  # stays as it is
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|[0-9a-f:.]*:[0-9a-f:.]*")
_LONGEST_HOST = 253  # with labels of at most 63 (RFC 1035, section 2.3.4)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# An escaped letter, digit or mark that needs no escape. Not behind a stray `%` or `%4`: decoded
# there it would make an escape that was not written.
_NEEDLESS = re.compile(
    r"(?<!%)(?<!%[0-9A-Fa-f])%(?:2D|2E|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])"
)
_LETTERS = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_ARABIC = re.compile(r"(?i:%D[89AB]%[89AB][0-9A-F])+")  # U+0600 to U+06FF
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_SMALL = re.compile(r"%(?:[a-f]|[0-9][a-f])")

LONGEST = 2000  # bytes of an address, its letters escaped; sitemaps.org allows 2,047 characters
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
LARGEST_ID = 2**53 - 1  # of an article or a capture: JavaScript can hold it (invariant 11)

MOST_MARKS = 30  # on a letter: the Stream-Safe Text Format (UAX #15, section 13)
# Of a longer run of marks, two are next to each other in every fifteenth letter of a text.
_MAYBE = re.compile(r"[^\w\s!-~]{2}")
_RUN = re.compile(rf"[^\w\s!-~]{{{MOST_MARKS + 1}}}")
_TOO_MANY = re.compile(f"(?:M.){{{MOST_MARKS}}}((?:M.)+)")  # general categories: Mn, Mc, Me


def composed(text: str, form: Literal["NFC", "NFD", "NFKC"] = "NFC") -> str:
    """Return a text in a normal form of Unicode, with at most `MOST_MARKS` marks on a letter.

    Python orders the marks of a letter in a time that grows with the square of their number:
    144,000 took half a minute.
    """
    bounded = with_few_marks(text)
    normal = unicodedata.normalize(form, bounded)
    return normal if normal is bounded else with_few_marks(normal)  # a mark may become two


def with_few_marks(text: str) -> str:
    """Return a text without the marks of a letter that are too many."""
    if not _MAYBE.search(text[:: MOST_MARKS // 2]) or not _RUN.search(text):
        return text
    pieces, end = list[str](), 0
    kinds = "".join(map(unicodedata.category, text))  # two characters for each letter
    for run in _TOO_MANY.finditer(kinds):
        pieces.append(text[end : run.start(1) // 2])
        end = run.end(1) // 2
    return "".join([*pieces, text[end:]])


def normal(url: str, base: str | None = None) -> str:
    """Return the normal spelling of an http(s) URL, resolved against `base` where it is relative.

    Lower-case scheme and host (IDNA), no default port, fragment or user info, escapes in one
    spelling (RFC 3986, section 6.2.2) of composed letters (NFC): it leads wherever `url` does.

    Raises:
        ValueError: if it is not an absolute http or https URL after resolving, or over `LONGEST`.
    """
    spelled = url if len(url) > LONGEST else urlunsplit((*_parts(url, base)[:4], ""))
    if len(spelled) > LONGEST:
        raise ValueError(f"an address of over {LONGEST:,} bytes: {spelled[:60]!r}…")
    return spelled


def address(url: str, base: str | None = None) -> str:
    """Return the normal spelling of an address with its hash-bang (`#!…`), which names a page.

    Of any length: an archive may hold longer ones than are followed.

    Raises:
        ValueError: if it is not an absolute http or https URL after resolving.
    """
    *parts, fragment = _parts(url, base)
    return urlunsplit((*parts, "")) + _bang(fragment)


@lru_cache(maxsize=4096)  # a page's link, address and canonical link are mostly one
def identity_key(url: str, base: str | None = None, *, tracking: tuple[str, ...] = ()) -> str:
    """Return what all addresses of one page have in common, by which an article is recognised.

    An address without what names no page: http against https, `www.` and a mobile host, tracking
    parameters, session ids, a trailing slash, the mark of an AMP twin. `tracking` names further
    query keys that the publisher uses so. A hash-bang (`#!`) names a page and stays. What could
    tell two articles apart is never touched. It may lead nowhere, and is never shown; Arabic
    letters stand in it as such, in a third of the room of their escapes.

    Raises:
        ValueError: if it is not an absolute http or https URL after resolving.
    """
    joined = _resolved(url, base)
    while cached := _AMP_CACHE.fullmatch(joined):
        joined = f"https://{cached['page']}"
    _, netloc, path, query, fragment = _parts(joined)
    path, before = _SESSION_IN_PATH.sub("", path).rstrip("/"), ""
    while path != before:  # a twin of a twin is a twin
        path, before = _AMP_BEHIND.sub("", _AMP_BEFORE.sub("", path)).rstrip("/"), path
    kept = [pair for pair in query.split("&") if not _is_noise(pair, tracking)]
    bang = _bang(fragment).removeprefix("#")
    parts = ("https", _without_twins(netloc), path or "/", "&".join(kept), bang)
    return lettered(urlunsplit(parts))


def lettered(key: str) -> str:
    """Return an identity key with its Arabic letters as such, as the database holds it."""
    return _ARABIC.sub(_letters, key)


def escaped(key: str, *, like: str = "") -> str:
    """Return a key in ASCII, in the case of an address that it packs well beside."""
    case = str.lower if _SMALL.search(like) else str
    return _NOT_ASCII.sub(lambda run: case(quote(run[0])), key)


def absolute(written: str | None, base: str) -> str | None:
    """Return an address as it is written on a page at `base`, made absolute.

    None where nothing is written, or no http or https address, or one over `LONGEST`. Spelling and
    fragment stay; control characters go.
    """
    written = _CONTROLS.sub("", written or "").strip()
    if is_long(written):
        return None
    if not written or _ABSOLUTE.fullmatch(written):
        return written or None
    with suppress(ValueError):
        joined = urljoin(base, written)
        parts = urlsplit(joined)
        if parts.scheme in _PORTS and parts.hostname and not is_long(joined):
            return joined
    return None


def is_long(url: str) -> bool:
    """Return whether an address is over `LONGEST`, and not to be followed."""
    if len(url) > LONGEST or url.isascii():
        return len(url) > LONGEST
    return len(quote(url, safe=string.printable, errors="replace")) > LONGEST


def readable(url: str) -> str:
    """Return a URL for a person to read: letters beyond ASCII as letters, all else unchanged."""
    text = _LETTERS.sub(_letters, url)
    return text if text.isprintable() and " " not in text else url


def article_id(key: str) -> int:
    """Return the id of the article with this identity key.

    An integer from 1 to `LARGEST_ID`, from the first 53 bits of the SHA-256 of the key, escaped, so
    that a rebuilt or merged archive agrees (invariant 11).
    """
    return int.from_bytes(hashlib.sha256(escaped(key).encode()).digest()[:8]) >> 11 or 1


def capture_id(record_id: str) -> int:
    """Return the id of the capture with this WARC-Record-ID (`<urn:uuid:…>`), made as an article's.

    So links to what an archive showed at a moment survive a rebuild and a merge.
    """
    return article_id(record_id.strip().strip("<>"))


def mark_of(address: str | None) -> int | None:
    """Return the number by which an address is known as withheld, its words being nowhere."""
    return None if address is None else article_id(address)


def key_or_none(url: str | None) -> str | None:
    """Return the identity key of an address, None for what is not one."""
    with suppress(ValueError):
        return identity_key(url or "")
    return None


def next_id(number: int) -> int:
    """Return the id to try after one that is taken."""
    return number % LARGEST_ID + 1


def is_home(url: str) -> bool:
    """Return whether this is the address of a newspaper's first page, from its path alone."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an IPv6 address that is none, as //[url]/ is
        return False
    return not parts.query and _HOME.fullmatch(unquote(parts.path)) is not None


def site_of(host: str) -> str:
    """Return the part of a host name that the pages of one newspaper share.

    The last two labels, or three where the last two are short as in `com.eg`; an address as it is.
    """
    parts = host.split(".")
    if parts[-1].isdigit():
        return host
    short = len(parts) > 2 and len(parts[-1]) == 2 and len(parts[-2]) <= 3
    return ".".join(parts[-3:] if short else parts[-2:])


def place(key: str) -> str:
    """Return the beginning of an identity key that names its host: `https://host/`."""
    return key[: key.index("/", len("https://")) + 1]


def site(key: str) -> str:
    """Return what the identity keys of one newspaper's pages share: the site of their host.

    Of an IP address or a name without a dot, the port counts as well.
    """
    place = key.removeprefix("https://").partition("/")[0]
    host = place.partition(":")[0]
    is_name = "." in host and not host.rpartition(".")[2].isdigit()
    return site_of(host) if is_name else place


def host_of(url: str) -> str:
    """Return the host name of a URL, in lower case, without `www.`."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _host(name: str) -> str:
    plain = unquote(name).lower()
    if len(plain) > _LONGEST_HOST:
        raise ValueError(f"not a host name: {name:.60}…")
    host = plain if plain.isascii() else plain.encode("idna").decode("ascii").lower()
    host = host.removesuffix(".")
    if not _HOST.fullmatch(host) or len(host) > _LONGEST_HOST:
        raise ValueError(f"not a host name: {name!r}")
    return f"[{host}]" if ":" in host else host


def _resolved(url: str, base: str | None) -> str:
    written = url.strip() if url.isascii() else with_few_marks(url.strip())
    return urljoin(base, written) if base else written


@lru_cache(maxsize=4096)  # an address is asked about a dozen times on its road
def _parts(url: str, base: str | None = None) -> tuple[str, str, str, str, str]:
    """Return scheme, host with port, path and query in their normal spelling; the raw fragment."""
    parts = urlsplit(_resolved(url, base))
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or not _NETLOC.fullmatch(parts.netloc):
        raise ValueError(f"not an http or https address: {url!r}")
    host = _host(parts.hostname)
    port = parts.port
    netloc = host if port is None or str(port) == _PORTS[scheme] else f"{host}:{port}"
    path, query = _respelled(parts.path, _SAFE), _respelled(parts.query, _SAFE + "?")
    return scheme, netloc, path or "/", query, parts.fragment


def _without_twins(netloc: str) -> str:
    """Return a host without the labels before it that mean the same site on other screens."""
    while twin := _TWIN.match(netloc):
        rest = netloc[twin.end() :]
        if _SUFFIX.fullmatch(rest.partition(":")[0]):
            break
        netloc = rest
    return netloc


def _bang(fragment: str) -> str:
    bang = _respelled(fragment, _SAFE + "?") if fragment.startswith("!") else ""
    return "" if bang in {"", "!", "!/"} else f"#{bang}"


def _is_noise(pair: str, tracking: Collection[str]) -> bool:
    name = pair.partition("=")[0].lower()
    return name in tracking or bool(
        _TRACKING.fullmatch(name) or _SESSION.fullmatch(pair) or _AMP_QUERY.fullmatch(pair)
    )


@lru_cache(maxsize=4096)  # a path is asked about by http and by https
def _respelled(text: str, safe: str) -> str:
    """Decode what needs no encoding, encode the rest in upper-case UTF-8 of composed letters."""
    if _PLAIN.fullmatch(text):
        return text
    plain = _ESCAPE.sub(lambda escape: escape[0].upper(), text)
    plain = _NEEDLESS.sub(lambda escape: chr(int(escape[0][1:], 16)), plain)
    plain = _LETTERS.sub(_letters, plain)
    pieces = (
        piece if _ESCAPE.fullmatch(piece) else composed(piece)
        for piece in re.split(r"(%[0-9A-F]{2})", plain)
    )
    return quote("".join(pieces), safe=safe + "%")


def _letters(escapes: re.Match[str]) -> str:
    try:
        return unquote(escapes[0], errors="strict")
    except UnicodeDecodeError:
        return escapes[0]
