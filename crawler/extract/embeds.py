"""The posts and videos of other platforms that an article shows.

Read from what the platforms' own codes, the players of AMP and of content systems, and lines that
hold an address alone leave in a page, scripts having run or not. A post has many addresses: for
players, for telephones, for other languages, with tracking; each becomes the one form by which its
platform names it. What names no single post (a channel, a profile, a share button) is none.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from lxml.html import HtmlElement

from archive.models import Embed

_VIDEO = re.compile(r"[\w-]{11}")
_LIST = re.compile(r"[\w-]{12,64}")
_CHANNEL = re.compile(r"UC[\w-]{22}")
_NUMBER = re.compile(r"\d{1,20}")
_CODE = re.compile(r"[\w-]{5,40}")
_NAME = re.compile(r"[\w.]{1,60}")
_TWEET = re.compile(r"/(?:(?:#!/)?(\w{1,20})|i/web)/status(?:es)?/(\d{1,20})")
_TELEGRAM = re.compile(r"/(?:s/)?(c/\d{1,20}|[a-zA-Z]\w{3,31})/((?:\d{1,12}/)?\d{1,12})/?")
_TIKTOK = re.compile(r"/@([\w.-]{1,40})/(video|photo)/(\d{6,25})")
_TIKTOK_PLAYER = re.compile(r"/(?:embed(?:/v\d)?|player/v\d|v)/(\d{6,25})(?:\.html)?/?")
_INSTAGRAM = re.compile(r"/(?:[\w.]{1,40}/)?(p|reels?|tv)/([\w-]{5,40})")
# Facebook names a post by path or by query; a video's path may hold a set or a title as well.
_FACEBOOK = (
    (re.compile(r"/([^/]+)/videos/(?:[^/]+/)?(\d{5,20})/?"), "/{0}/videos/{1}/"),
    (re.compile(r"/([^/]+)/posts/(?:[^/]+/)?((?:pfbid)?\w{5,100})/?"), "/{0}/posts/{1}"),
    (re.compile(r"/([^/]+)/photos/(?:[^/]+/)?(\d{5,20})/?"), "/{0}/photos/{1}/"),
    (re.compile(r"/groups/([^/]+)/(?:posts|permalink)/(\d{5,20})/?"), "/groups/{0}/posts/{1}/"),
    (re.compile(r"/reels?/(\d{5,20})/?"), "/reel/{0}/"),
    (re.compile(r"/share/([prv])/(\w{5,40})/?"), "/share/{0}/{1}/"),
)
_STORY = re.compile(r"(?:pfbid)?\w{5,100}")

_Form = Callable[[SplitResult, Mapping[str, str]], str | None]


def embed_of(url: str) -> Embed | None:
    """Return the post or video that an absolute or scheme-less address names; None for others."""
    try:
        parts = urlsplit(_absolute(url.strip()))
        host = (parts.hostname or "").removeprefix("www.")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"}:
        return None
    for provider, (hosts, form) in _PROVIDERS.items():
        if hosts.fullmatch(host):
            named = form(parts, query)
            return Embed(provider=provider, url=named) if named else None
    return None


def youtube(video: str) -> Embed | None:
    """Return the YouTube video of that id; None if it is no id."""
    return embed_of(f"https://youtu.be/{video}")


def tweet(number: str) -> Embed | None:
    """Return the post on X of that number, whoever wrote it; None if it is no number."""
    return embed_of(f"https://x.com/i/status/{number}")


def _absolute(url: str) -> str:
    return f"https:{url}" if url.startswith("//") else url


def _youtube(parts: SplitResult, query: Mapping[str, str]) -> str | None:
    first, *rest = [*parts.path.strip("/").split("/"), ""]
    if parts.hostname == "youtu.be":
        video = first
    elif first in {"embed", "v", "shorts", "live", "e"}:
        video = rest[0]
    else:
        video = query.get("v", "") if first in {"watch", "watch_popup"} else ""
    channel, playlist = query.get("channel", ""), query.get("list", "")
    if first == "channel" and rest[1:2] == ["live"]:
        video, channel = "live_stream", rest[0]
    if video == "live_stream" and _CHANNEL.fullmatch(channel):
        return f"https://www.youtube.com/channel/{channel}/live"
    if first in {"playlist", "embed"} and video in {"", "videoseries"}:
        whole = f"https://www.youtube.com/playlist?list={playlist}"
        return whole if _LIST.fullmatch(playlist) else None
    return f"https://www.youtube.com/watch?v={video}" if _VIDEO.fullmatch(video) else None


def _x(parts: SplitResult, query: Mapping[str, str]) -> str | None:
    if parts.path.lower().startswith("/embed/") and _NUMBER.fullmatch(query.get("id", "")):
        return f"https://x.com/i/status/{query['id']}"
    found = _TWEET.match(parts.path)
    return f"https://x.com/{found[1] or 'i'}/status/{found[2]}" if found else None


def _telegram(parts: SplitResult, _query: Mapping[str, str]) -> str | None:
    found = _TELEGRAM.fullmatch(parts.path)
    return f"https://t.me/{found[1]}/{found[2]}" if found else None


def _tiktok(parts: SplitResult, _query: Mapping[str, str]) -> str | None:
    if found := _TIKTOK.match(parts.path):
        return f"https://www.tiktok.com/@{found[1]}/{found[2]}/{found[3]}"
    if found := _TIKTOK_PLAYER.fullmatch(parts.path):
        return f"https://www.tiktok.com/embed/v2/{found[1]}"
    code = parts.path.strip("/").removeprefix("t/")
    short = parts.hostname in {"vm.tiktok.com", "vt.tiktok.com"} or parts.path.startswith("/t/")
    return f"https://vm.tiktok.com/{code}/" if short and _CODE.fullmatch(code) else None


def _instagram(parts: SplitResult, _query: Mapping[str, str]) -> str | None:
    found = _INSTAGRAM.match(parts.path)
    if found is None:
        return None
    kind = "reel" if found[1].startswith("reel") else found[1]
    return f"https://www.instagram.com/{kind}/{found[2]}/"


def _facebook(parts: SplitResult, query: Mapping[str, str]) -> str | None:
    path = parts.path
    if parts.hostname and parts.hostname.endswith("fb.watch"):
        code = path.strip("/")
        return f"https://fb.watch/{code}/" if _CODE.fullmatch(code) else None
    if path.startswith(("/plugins/post.php", "/plugins/video.php")):
        inner = embed_of(query.get("href", ""))
        return inner.url if inner and inner.provider == "facebook" else None
    for pattern, form in _FACEBOOK:
        if found := pattern.fullmatch(path):
            names = [quote(unquote(name), safe="") for name in found.groups()]
            return "https://www.facebook.com" + form.format(*names)
    return _facebook_query(path.strip("/"), query)


def _facebook_query(path: str, query: Mapping[str, str]) -> str | None:
    base = "https://www.facebook.com"
    video, photo = query.get("v", ""), query.get("fbid", "")
    if path in {"watch", "watch/live", "video.php", "video/embed"}:
        video = video or query.get("video_id", "")
        return f"{base}/watch/?v={video}" if _NUMBER.fullmatch(video) else None
    if path in {"photo", "photo.php"} and _NUMBER.fullmatch(photo):
        return f"{base}/photo/?fbid={photo}"
    post, owner = query.get("story_fbid", ""), query.get("id", "")
    if path in {"permalink.php", "story.php"} and _STORY.fullmatch(post) and _NAME.fullmatch(owner):
        return f"{base}/permalink.php?story_fbid={post}&id={owner}"
    return None


_PROVIDERS: Mapping[str, tuple[re.Pattern[str], _Form]] = {
    "youtube": (
        re.compile(r"(?:m\.|music\.)?youtube(?:-nocookie)?\.com|youtu\.be"),
        _youtube,
    ),
    "x": (re.compile(r"(?:mobile\.|platform\.|m\.)?(?:twitter|x)\.com"), _x),
    "telegram": (re.compile(r"t\.me|telegram\.(?:me|dog)"), _telegram),
    "facebook": (re.compile(r"(?:[\w-]+\.)?facebook\.com|fb\.(?:com|watch)"), _facebook),
    "instagram": (re.compile(r"(?:m\.)?instagram\.com|instagr\.am"), _instagram),
    "tiktok": (re.compile(r"(?:m\.|vm\.|vt\.)?tiktok\.com"), _tiktok),
}


_SOURCES = ("src", "data-src", "data-lazy-src", "data-litespeed-src", "data-url", "data-embed-url")
_LINES = frozenset({"p", "div", "figure", "span"})
_OPENING = 40  # characters of a line in which an address that is all of it begins
_ADDRESS = re.compile(r"https?://\S{5,500}")
_QUOTED = re.compile(r"twitter-(?:tweet|video)|instagram-media|tiktok-embed|fb-xfbml-parse-ignore")
_FACEBOOK_CLASS = re.compile(r"(?:^|\s)fb-(?:post|video)(?=$|\s)")
# Elements of AMP and of light players that carry an id instead of an address.
_IDS: Mapping[str, tuple[Sequence[str], Callable[[str], Embed | None]]] = {
    "amp-youtube": (("data-videoid",), youtube),
    "lite-youtube": (("videoid", "data-videoid"), youtube),
    "youtube-video": (("videoid", "video-id", "src"), youtube),
    "amp-twitter": (("data-tweetid",), tweet),
    "amp-facebook": (("data-href",), embed_of),
    "amp-tiktok": (("data-src",), embed_of),
    "amp-iframe": (("src",), embed_of),
    "amp-instagram": (
        ("data-shortcode",),
        lambda code: embed_of(f"https://www.instagram.com/p/{code}/"),
    ),
}
# Facades of players: any element that is named so and carries a video's id.
_FACADE = re.compile(r"youtube|(?:^|[\s_-])yt[_-]", re.IGNORECASE)
_FACADE_IDS = ("data-id", "data-video-id", "data-videoid", "data-youtube-id", "data-embed")


def find_embeds(shown: Iterable[HtmlElement], stated: Iterable[str] = ()) -> tuple[Embed, ...]:
    """Return the embeds among the elements an article shows, each once, in their order.

    `stated` are addresses of videos that the page states for machines; they come last.
    """
    found: dict[tuple[str, str], Embed] = {}
    quoted: HtmlElement | None = None
    for element in shown:
        if quoted is not None and element.tag == "a" and quoted in element.iterancestors():
            continue  # a post's own links are no further posts
        names = element.get("class", "")
        if element.tag == "blockquote" and _QUOTED.search(names):
            quoted = element
        for embed in _of(element, names):
            found.setdefault(_key(embed), embed)
    for url in stated:
        for embed in _some(embed_of(url)):
            found.setdefault(_key(embed), embed)
    return tuple(found.values())


def _key(embed: Embed) -> tuple[str, str]:
    """Return what is the same for two addresses of one post: its number, where it has one."""
    last = embed.url.rstrip("/").rsplit("/", 1)[-1]
    numbered = embed.provider in {"x", "tiktok", "instagram"}
    return embed.provider, last if numbered else embed.url


def _of(element: HtmlElement, names: str) -> Iterator[Embed]:
    """Yield what one element embeds; most embed nothing."""
    tag = element.tag
    if tag in _IDS:
        attributes, read = _IDS[tag]
        yield from _read(element, attributes, read)
    elif tag in {"iframe", "embed"}:
        yield from _read(element, _SOURCES, embed_of)
    elif tag == "blockquote":
        yield from _quoted(element, names)
    elif tag == "script" or "data-telegram-post" in element.attrib:
        post = element.get("data-telegram-post")
        yield from _some(embed_of(f"https://t.me/{post}")) if post else ()
    elif names and _FACEBOOK_CLASS.search(names):
        yield from _read(element, ("data-href", "cite"), embed_of)
    elif names and _FACADE.search(names) and tag != "a":
        yield from _read(element, _FACADE_IDS, youtube)
    elif tag == "a":
        yield from _alone(element)
    elif tag in _LINES and element.text and "://" in element.text[:_OPENING]:
        yield from _address_alone(element)


def _read(
    element: HtmlElement, attributes: Iterable[str], read: Callable[[str], Embed | None]
) -> Iterator[Embed]:
    """Yield the embed that the first of the attributes that names one names."""
    values = (element.get(name) for name in attributes)
    yield from _some(next(filter(None, map(read, filter(None, values))), None))


def _quoted(element: HtmlElement, names: str) -> Iterator[Embed]:
    """Yield the post that a platform's quotation names: in an attribute, or in its last link."""
    if not _QUOTED.search(names):
        return
    stated = [element.get("data-instgrm-permalink"), element.get("cite")]
    links = [link.get("href") for link in element.iter("a")][::-1]
    posts = map(embed_of, filter(None, (*stated, *links)))
    yield from _some(next(filter(None, posts), None))


def _alone(link: HtmlElement) -> Iterator[Embed]:
    """Yield the post that a link shows the address of, where that is all its line holds."""
    address = link.get("href") or ""
    if "://" in address and _shows_address(link, address) and _is_alone(link):
        yield from _some(embed_of(address))


def _address_alone(line: HtmlElement) -> Iterator[Embed]:
    """Yield the post whose address is all that a line holds, as oEmbed leaves it unresolved."""
    text = (line.text or "").strip()
    if not len(line) and _ADDRESS.fullmatch(text):
        yield from _some(embed_of(text))


def _shows_address(link: HtmlElement, address: str) -> bool:
    """Return whether a link's label is its own address, perhaps shortened."""
    label = " ".join(link.text_content().split()).removesuffix("…")
    if len(label) > 600 or "." not in label:
        return False
    return _ADDRESS.fullmatch(label) is not None or ("/" in label and label in address)


def _is_alone(link: HtmlElement) -> bool:
    """Return whether nothing else stands in a link's line; line breaks part lines."""
    parent, before, after = link.getparent(), link.getprevious(), link.getnext()
    if parent is None or parent.tag in {"li", "td", "nav"}:
        return False
    text = parent.text if before is None else before.tail
    broken = all(one is None or one.tag == "br" for one in (before, after))
    return broken and not f"{text or ''}{link.tail or ''}".strip()


def _some(embed: Embed | None) -> Iterable[Embed]:
    return (embed,) if embed else ()
