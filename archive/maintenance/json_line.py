"""A JSON line to the article it holds, checked; nothing in it is guessed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archive.article_rows import reading_of
from archive.clock import iso
from archive.history import content_hash
from archive.maintenance.export import REVISION, TIMES
from archive.models import PageKind, Publisher
from archive.search.arabic import tidy
from archive.urls import address, host_of

TEXTS = (
    "title", "deck", "byline", "byline_from", "dateline", "section", "language",
    "published_from", "image_url",
)  # fmt: skip
_SAME_NOW = ("title", "deck", "dateline", "section")

NamesOf = Callable[[str], tuple[str, ...]]


def nobody(_byline: str) -> tuple[str, ...]:
    """Return no name, whatever a byline says: for callers that cannot parse one."""
    return ()


class BadLine(ValueError):  # noqa: N818 - what it is
    """The line does not hold an article; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """An article as a line states it: rows for `articles` and `revisions`, and its publisher.

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

    `publisher` (a slug) is for lines without one (default: the address's host). `now` is the
    moment, as the archive stores it, for lines that do not say when they were seen. `names_of`
    parses the byline of lines without `authors`.

    Raises:
        BadLine: if the line does not hold an article.
    """
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not valid JSON ({error})") from error
    if not isinstance(parsed, dict):
        raise BadLine("not a JSON object")
    article = _article(parsed, now)
    states = _states(parsed, article)
    return Imported(
        publisher=_publisher(parsed, article["url"], publisher),
        article=article | {"revision_count": len(states)},
        authors=_authors(parsed, article["byline"], names_of),
        tags=_names(parsed, "tags"),
        revisions=states,
    )


def _article(line: dict[str, Any], now: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"url": _url(line)}
    fields |= {name: _text(line, name) for name in TEXTS}
    fields |= {name: _time(line, name) for name in TIMES}
    text = _text(line, "text")
    if not text or not text.strip():
        raise BadLine("it has no text")
    if "title" not in line:
        raise BadLine("it has no title (null, where the article has none)")
    fields |= {"text": text, "words": len(text.split()), "kind": _kind(line)}
    fields["published_on"] = _day(line)
    if fields["published_at"] or fields["published_on"]:
        fields["published_from"] = fields["published_from"] or "import"
    if fields["byline"]:
        fields["byline_from"] = fields["byline_from"] or "import"
    fields["first_seen_at"] = fields["first_seen_at"] or now
    fields["last_seen_at"] = fields["last_seen_at"] or fields["first_seen_at"]
    return fields


def _states(line: dict[str, Any], article: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return the line's revisions, or the one that the article itself is."""
    given = line.get("revisions")
    if not given:
        article["changed_at"] = None
        only = {name: article.get(name) for name in REVISION if name in article}
        only |= {"number": 1, "observed_at": article["first_seen_at"]}
        return (_state(only | {"tags": list(_names(line, "tags"))}, article, last=True),)
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadLine("revisions is not a list of objects")
    if [one.get("number") for one in given] != list(range(1, len(given) + 1)):
        raise BadLine("its revisions are not numbered 1, 2, 3…")
    states = [_state(one, article, last=one is given[-1]) for one in given]
    for name in _SAME_NOW:
        if states[-1][name] != article[name]:
            raise BadLine(f"{name} differs from its last revision")
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
    line: Any,
    article: dict[str, Any],
) -> str:
    """Return a state's digest; with the byline or, if a listing gave that, without."""
    with_byline, without = (
        content_hash(reading_of(state, text=text, byline=byline))
        for byline in (state["byline"], None)
    )
    if line in {with_byline, without}:
        return str(line)
    return without if article["byline_from"] == "feed" else with_byline


def _publisher(line: dict[str, Any], url: str, given: str | None) -> Publisher:
    slug = _text(line, "publisher") or given or host_of(url)
    if len(slug.splitlines()) > 1:
        raise BadLine("publisher has a line break")
    return Publisher(
        slug=slug,
        name=_text(line, "publisher_name") or slug,
        name_latin=_text(line, "publisher_name_latin"),
        homepage=_text(line, "publisher_homepage"),
        country=_text(line, "publisher_country"),
        language=_text(line, "publisher_language"),
    )


def _url(line: dict[str, Any]) -> str:
    url = line.get("url")
    if not isinstance(url, str):
        raise BadLine("it has no url")
    try:
        return address(url)
    except ValueError as error:
        raise BadLine(str(error)) from error


def _kind(line: dict[str, Any]) -> str:
    kind = line.get("kind") or PageKind.ARTICLE
    if kind not in set(PageKind) - {PageKind.SECTION, PageKind.OTHER}:
        raise BadLine(f"kind {kind!r} is not a kind of article")
    return str(kind)


def _text(line: dict[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is not None and not isinstance(value, str):
        raise BadLine(f"{name} is not a text")
    return tidy(value) if value and value.strip() else None


def _names(line: dict[str, Any], name: str) -> tuple[str, ...]:
    value = line.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadLine(f"{name} is not a list of names")
    return tuple(tidy(one) for one in value if one.strip())


def _authors(line: dict[str, Any], byline: str | None, names_of: NamesOf) -> tuple[str, ...]:
    """Return the authors of a line (an empty list is nobody), else those its byline names."""
    if line.get("authors") is None and byline:
        return names_of(byline)
    return _names(line, "authors")


def _time(line: dict[str, Any], name: str) -> str | None:
    value = line.get(name)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return iso(moment)
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadLine(f"{name} {value!r} is not a time with a time zone like 2020-11-09T12:00:00Z")


def _day(line: dict[str, Any]) -> str | None:
    value = line.get("published_on")
    if not value:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError) as error:
        raise BadLine(f"published_on {value!r} is not a date like 2020-11-09") from error
