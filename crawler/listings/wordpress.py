"""WordPress's REST interface to links: `/wp-json/wp/v2/posts`, page by page, month by month. Pure.

developer.wordpress.org/rest-api/reference/posts/ and /rest-api/using-the-rest-api/pagination/
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from archive.models import Kind, Link
from archive.urls import absolute
from crawler.daterange import Period
from crawler.errors import NotAListing
from crawler.listings.feeds import line, names, plain, read_json

PER_PAGE = 100  # the most that WordPress gives
_FIELDS = "id,link,title,date,date_gmt,modified_gmt"


def posts(body: bytes, url: str, *, pages: int | None = None) -> Iterator[Link]:
    """Yield the posts of one page of the interface, then its next page as a link of the kind api.

    `pages` is how many pages the site says there are (`X-WP-TotalPages`); where it does not say,
    a full page has a next one.

    Raises:
        NotAListing: if it is not a list of posts; the message quotes the interface.
    """
    answer = read_json(body.decode("utf-8-sig", "replace").strip())
    if not isinstance(answer, list):
        message = line(answer.get("message")) if isinstance(answer, dict) else None
        raise NotAListing(f"not a list of WordPress posts: {(message or repr(body[:60]))[:200]}")
    for post in answer:
        if isinstance(post, dict) and (link := _link(post, url)):
            yield link
    page, size = _number(url, "page", 1), _number(url, "per_page", 10)
    if answer and (page < pages if pages is not None else len(answer) >= size):
        yield Link(url=_with(url, page=str(page + 1)), kind=Kind.API)


def site_of(body: bytes) -> tuple[str, str | None]:
    """Return what an interface itself (`/wp-json/`) says of its site: its name and IANA zone.

    A zone of whole hours from UTC is one of `Etc`, whose signs are the other way round; UTC itself
    is what a site has that chose none. An empty name and None where it says nothing.
    """
    name, zone = "", None
    with suppress(NotAListing, AttributeError, KeyError, OSError, TypeError, ValueError):
        said = read_json(body.decode("utf-8-sig", "replace").strip())
        name, offset = plain(said.get("name")) or "", float(said.get("gmt_offset") or 0)
        etc = f"Etc/GMT{-int(offset):+d}" if offset and offset.is_integer() else ""
        zone = ZoneInfo(line(said.get("timezone_string")) or etc).key
    return name, None if zone == "UTC" else zone


def is_past_the_end(body: bytes) -> bool:
    """Return whether an answer (400) says that there is no page of that number."""
    return b"rest_post_invalid_page_number" in body


def posts_of(interface: str) -> str:
    """Return the address of the posts of an interface (`/wp-json/`, `/?rest_route=/`)."""
    return interface if "/posts" in interface else interface.rstrip("/") + "/wp/v2/posts"


def listing(url: str) -> str:
    """Return the address that lists the newest posts, few fields of each; `url` is the interface's.

    What the address says itself stays.
    """
    url = posts_of(url)
    stated = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return _with(url, **({"per_page": str(PER_PAGE), "_fields": _FIELDS} | stated))


def ways_back(url: str, period: Period) -> Iterator[Link]:
    """Yield the listings of each month's posts in a period with two ends, newest month first.

    Bounds are exclusive and in the site's own time. Months keep the pages few: a site has to count
    its way to a far page.
    """
    if period.since is None or period.until is None:
        raise ValueError("a way back has two ends")
    last = period.until
    while last >= period.since:
        first = max(last.replace(day=1), period.since)
        before, following = first - timedelta(days=1), last + timedelta(days=1)
        url = _with(listing(url), after=f"{before}T23:59:59", before=f"{following}T00:00:00")
        yield Link(url=url, kind=Kind.API, earliest_on=first, latest_on=last)
        last = before


def _link(post: dict[str, Any], url: str) -> Link | None:
    """Return a post's link; its author's name is there with `_embed=author` in the address."""
    address = absolute(line(post.get("link")), url)
    if address is None:
        return None
    title, embedded = post.get("title"), post.get("_embedded")
    return Link(
        url=address,
        title=plain(title.get("rendered") if isinstance(title, dict) else title),
        published=_utc(post.get("date_gmt")) or line(post.get("date")),
        modified=_utc(post.get("modified_gmt")),
        author=names(embedded.get("author")) if isinstance(embedded, dict) else None,
    )


def _utc(value: object) -> str | None:
    """Return a moment of UTC, which WordPress leaves unmarked; drafts have zeros."""
    text = line(value)
    return None if not text or text.startswith("0000") else f"{text.rstrip('Z')}Z"


def _number(url: str, name: str, otherwise: int) -> int:
    value = dict(parse_qsl(urlsplit(url).query)).get(name, "")
    return int(value) if value.isdecimal() and len(value) < 7 else otherwise


def _with(url: str, **values: str) -> str:
    """Return an address whose query says these values, in their order; others stay."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, value) for name, value in pairs if name not in values]
    query = urlencode([*kept, *values.items()], safe=",:/")
    return urlunsplit(parts._replace(query=query))
