"""One line of a collection to what it says, checked; nothing in it is guessed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archive.article_rows import reading_of
from archive.clock import iso
from archive.maintenance.export import REVISION, TIMES
from archive.records import PageKind, Publisher
from archive.revisions import content_hash
from archive.search.arabic import tidy
from archive.urls import canonical, host_of

TEXTS = (
    "title", "deck", "byline", "byline_from", "dateline", "section", "language",
    "published_from", "image_url",
)  # fmt: skip
_SAME_NOW = ("title", "deck", "dateline", "section")

NamesOf = Callable[[str], tuple[str, ...]]


def nobody(_byline: str) -> tuple[str, ...]:
    """Return no name, whatever a byline says: for callers that cannot take names out of it."""
    return ()


class BadLine(ValueError):  # noqa: N818 - what it is
    """The line is no article; the message says what is wrong in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """An article as a line tells it: rows for `articles` and `revisions`, and who published it.

    `revisions` are its states, oldest first, the last one without text.
    """

    publisher: Publisher
    article: dict[str, Any]
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    revisions: tuple[dict[str, Any], ...]


def read_line(
    line: bytes, *, publisher: str | None, now: str, names_of: NamesOf = nobody
) -> Imported:
    """Read one JSON object: `url`, `title` and `text` at least, and all that an export gives.

    `publisher` (a slug) is that of lines that name none; else it is the address's host. `now` is
    the moment, as the archive stores it, for lines that do not tell when they were seen.
    `names_of` says whom a byline names, for lines that have one and tell of no `authors`.

    Raises:
        BadLine: if the line is no article.
    """
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"it is no JSON ({error})") from error
    if not isinstance(told, dict):
        raise BadLine("it is no JSON object")
    article = _article(told, now)
    states = _states(told, article)
    return Imported(
        publisher=_publisher(told, article["url"], publisher),
        article=article | {"revision_count": len(states)},
        authors=_authors(told, article["byline"], names_of),
        tags=_names(told, "tags"),
        revisions=states,
    )


def _article(told: dict[str, Any], now: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"url": _url(told)}
    fields |= {name: _text(told, name) for name in TEXTS}
    fields |= {name: _time(told, name) for name in TIMES}
    text = _text(told, "text")
    if not text or not text.strip():
        raise BadLine("it has no text")
    if "title" not in told:
        raise BadLine("it has no title (null, where the article has none)")
    fields |= {"text": text, "words": len(text.split()), "kind": _kind(told)}
    fields["published_on"] = _day(told)
    if fields["published_at"] or fields["published_on"]:
        fields["published_from"] = fields["published_from"] or "import"
    if fields["byline"]:
        fields["byline_from"] = fields["byline_from"] or "import"
    fields["first_seen_at"] = fields["first_seen_at"] or now
    fields["last_seen_at"] = fields["last_seen_at"] or fields["first_seen_at"]
    return fields


def _states(told: dict[str, Any], article: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the line's revisions, or the one that the article itself is."""
    given = told.get("revisions")
    if not given:
        article["changed_at"] = None
        only = {name: article.get(name) for name in REVISION if name in article}
        only |= {"number": 1, "observed_at": article["first_seen_at"]}
        return (_state(only | {"tags": list(_names(told, "tags"))}, article, last=True),)
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadLine("revisions is no list of objects")
    if [one.get("number") for one in given] != list(range(1, len(given) + 1)):
        raise BadLine("its revisions are not numbered 1, 2, 3…")
    states = [_state(one, article, last=one is given[-1]) for one in given]
    for name in _SAME_NOW:
        if states[-1][name] != article[name]:
            raise BadLine(f"{name} is not that of its last revision")
    return tuple(states)


def _state(given: dict[str, Any], article: dict[str, Any], *, last: bool) -> dict[str, Any]:
    number = given["number"]
    observed_at = _time(given, "observed_at")
    text = article["text"] if last else _text(given, "text")
    if observed_at is None or text is None:
        missing = "observed_at" if observed_at is None else "text"
        raise BadLine(f"revision {number} has no {missing}")
    texts = ("title", "deck", "byline", "dateline", "section", "image_url")
    state: dict[str, Any] = {name: _text(given, name) for name in texts}
    state |= {name: _list(_names(given, name)) for name in ("tags", "captions")}
    state |= {name: _time(given, name) for name in ("published_at", "modified_at")}
    state |= {
        "number": number,
        "observed_at": observed_at,
        "published_on": _day(given),
        "content_hash": _hash(state, text, given.get("content_hash"), article),
        "small": int(given.get("small") is True),
        "text": None if last else text,
    }
    return state


def _list(names: tuple[str, ...]) -> str | None:
    return json.dumps(names, ensure_ascii=False) if names else None


def _hash(
    state: dict[str, Any],
    text: str,
    told: Any,
    article: dict[str, Any],
) -> str:
    """Return a state's digest; with the byline or, if a listing gave that, without."""
    with_byline, without = (
        content_hash(reading_of(state, text=text, byline=byline))
        for byline in (state["byline"], None)
    )
    if told in {with_byline, without}:
        return str(told)
    return without if article["byline_from"] == "feed" else with_byline


def _publisher(told: dict[str, Any], url: str, given: str | None) -> Publisher:
    slug = _text(told, "publisher") or given or host_of(url)
    if len(slug.splitlines()) > 1:
        raise BadLine("publisher has a line break")
    return Publisher(
        slug=slug,
        name=_text(told, "publisher_name") or slug,
        **{
            name: _text(told, f"publisher_{name}")
            for name in ("name_latin", "homepage", "country", "language")
        },
    )


def _url(told: dict[str, Any]) -> str:
    url = told.get("url")
    if not isinstance(url, str):
        raise BadLine("it has no url")
    try:
        return canonical(url)
    except ValueError as error:
        raise BadLine(str(error)) from error


def _kind(told: dict[str, Any]) -> str:
    kind = told.get("kind") or PageKind.ARTICLE
    if kind not in set(PageKind) - {PageKind.SECTION, PageKind.OTHER}:
        raise BadLine(f"kind {kind!r} is none of an article's")
    return str(kind)


def _text(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    if value is not None and not isinstance(value, str):
        raise BadLine(f"{name} is no text")
    return tidy(value) if value and value.strip() else None


def _names(told: dict[str, Any], name: str) -> tuple[str, ...]:
    value = told.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadLine(f"{name} is no list of names")
    return tuple(tidy(one) for one in value if one.strip())


def _authors(told: dict[str, Any], byline: str | None, names_of: NamesOf) -> tuple[str, ...]:
    """Return who signs: as the line tells it (an empty list is nobody), or as its byline does."""
    if told.get("authors") is None and byline:
        return names_of(byline)
    return _names(told, "authors")


def _time(told: dict[str, Any], name: str) -> str | None:
    value = told.get(name)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return iso(moment)
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadLine(f"{name} {value!r} is no moment with a time zone, as 2020-11-09T12:00:00Z")


def _day(told: dict[str, Any]) -> str | None:
    value = told.get("published_on")
    if not value:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise BadLine(f"published_on {value!r} is no day, as 2020-11-09") from error
