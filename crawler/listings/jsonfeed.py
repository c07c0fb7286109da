"""JSON Feed to links (jsonfeed.org, versions 1 and 1.1). Pure."""

import json
from collections.abc import Iterator
from typing import Any

from archive.records import Kind, Link
from crawler.listings.entries import NotAListing, address, line, plain


def feed(text: str, url: str) -> Iterator[Link]:
    """Yield the items of a JSON Feed, then the page that continues it, as a link of the kind feed.

    Raises:
        NotAListing: if it is none, or no JSON at all.
    """
    parsed = read(text)
    items = parsed.get("items") if isinstance(parsed, dict) else None
    if not isinstance(items, list):
        raise NotAListing(f"no RSS, Atom or JSON feed: {text[:60]!r}")
    for item in items:
        if isinstance(item, dict) and (link := _link(item, url)):
            yield link
    if continued := address(string(parsed.get("next_url")), url):
        yield Link(url=continued, kind=Kind.FEED)


def read(text: str) -> Any:
    """Return what a JSON text says.

    Raises:
        NotAListing: if it is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAListing(f"no readable JSON ({error}): {text[:60]!r}") from error


def string(value: object) -> str | None:
    """Return a value that is a string, None for any other."""
    return value if isinstance(value, str) else None


def _link(item: dict[str, Any], url: str) -> Link | None:
    """Return an item's link; an `id` that is an address stands in for a missing `url`."""
    identity = string(item.get("id")) or ""
    written = string(item.get("url")) or string(item.get("external_url"))
    found = address(written or (identity if identity.startswith("http") else None), url)
    if found is None:
        return None
    return Link(
        url=found,
        title=plain(string(item.get("title"))),
        published=line(string(item.get("date_published"))),
        modified=line(string(item.get("date_modified"))),
        author=_authors(item),
        summary=plain(string(item.get("summary"))),
    )


def _authors(item: dict[str, Any]) -> str | None:
    """Return an item's own authors: those of the feed are the newspaper itself."""
    listed = item.get("authors")
    people = listed if isinstance(listed, list) else [item.get("author")]  # 1.1, then 1.0
    names = [plain(string(one.get("name"))) for one in people if isinstance(one, dict)]
    return "، ".join(filter(None, names)) or None
