"""Addresses of posts and videos on other platforms, in the one form their platform names them by.

A post has many addresses: for players, for telephones, for other languages, with tracking. What
names no single post (a channel, a profile, a share button) is none.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from archive.records import Embed

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
