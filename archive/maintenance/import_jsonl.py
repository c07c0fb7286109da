"""Import articles from JSON lines: each line first as a WARC record, then as an article.

Bytes come first here, too (invariant 1). A line is checked, and nothing in it is guessed. An
article that the archive has stays as it is, whatever a line says about it: the archive saw it
before.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from archive import articles, captures, publishers
from archive.history import History, Revision, State, content_hash
from archive.maintenance.export import ARTICLE, REVISION, Form, form_of
from archive.models import (
    Capture,
    Extraction,
    Image,
    Kind,
    PageKind,
    Problem,
    Progress,
    Publisher,
    silent,
)
from archive.problems import ProblemKind
from archive.rows import select, value
from archive.search.arabic import tidy
from archive.session import Session
from archive.urls import address, host_of
from archive.warc.records import payload_digest, resource_record

CONTENT_TYPE = "application/json"
SHOWN = 20  # rejected lines that are listed with the reason
_SAME_NOW = ("title", "deck", "dateline", "section")
_IN_EVERY_STATE = (*_SAME_NOW, "byline", "image_url", "published_at", "published_on", "modified_at")

NamesOf = Callable[[str], tuple[str, ...]]
Fields = dict[str, Any]


class BadLine(ValueError):  # noqa: N818 - what it is
    """The line does not hold an article; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """An article as a line states it; its history names no capture yet."""

    publisher: Publisher
    url: str
    history: History


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of the lines of a file.

    `counts`: new, known (duplicates), differing (known, but the line contradicts), bad. `rejected`
    lists the first bad and differing lines, each with the reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[str] = field(default_factory=list)


def nobody(_byline: str) -> tuple[str, ...]:
    """Return no names: for callers that cannot parse a byline."""
    return ()


class Importer(Session):
    """An archive open for an import; a context manager, as every session."""

    def read(
        self,
        lines: Iterable[bytes],
        *,
        name: str,
        publisher: str | None = None,
        names_of: NamesOf = nobody,
        progress: Progress = silent,
    ) -> Outcome:
        """Import every line of a file called `name`; a rejected one becomes a problem.

        `publisher` is for lines without one; `names_of` parses bylines. Empty lines are skipped.
        """
        outcome = Outcome()
        reader = partial(read_line, publisher=publisher, names_of=names_of)
        for number, line in enumerate(lines, 1):
            if line.strip():
                what, problem = self._line(line.strip(), reader)
                outcome.counts[what] += 1
                if problem:
                    self._reject(problem, f"{name}:{number}", outcome)
            if self.batch.is_due():
                self.batch.commit()
            progress("lines", number, None)
        return outcome

    def _reject(self, problem: Problem, place: str, outcome: Outcome) -> None:
        if len(outcome.rejected) < SHOWN:
            outcome.rejected.append(f"{place}: {problem.detail}")
        self.import_problem(problem, place=place)

    def _line(self, line: bytes, reader: Callable[..., Imported]) -> tuple[str, Problem | None]:
        """Save a line's article; return what came of it, and the problem if it was rejected."""
        self.batch.open()
        self.batch.count()
        now = self.clock()
        try:
            imported = reader(line, now=now)
        except BadLine as error:
            return "bad", Problem(kind=ProblemKind.IMPORT_LINE, detail=str(error), stage="import")
        known = _known_article(self.db, imported)
        if known is not None:
            differing = _contradiction(self.db, known, imported)
            return ("differing", differing) if differing else ("known", None)
        with self.batch.one_page():
            self._keep(line, imported, now)
        self.totals["new"] += 1
        return "new", None

    def _keep(self, line: bytes, imported: Imported, now: datetime) -> None:
        """Write the line as a WARC record and its rows.

        Line and record have the same time, as a rebuild only knows that of the record.
        """
        slug = imported.publisher.slug
        publishers.save_new(self.db, imported.publisher)
        capture = self._record(line, imported, now)
        key = publishers.key_of(self.db, imported.url, slug)
        article, history = articles.free_id(self.db, key), history_of(imported, capture=capture)
        articles.add(self.db, article, history, key=key, publisher=slug)
        captures.attribute(self.db, capture, article=article)

    def _record(self, line: bytes, imported: Imported, now: datetime) -> int:
        capture = Capture(
            url=imported.url,
            publisher=imported.publisher.slug,
            kind=Kind.ARTICLE,
            fetched_at=now,
            status=0,
            content_type=CONTENT_TYPE,
            sha256=payload_digest(line),
            wire_bytes=len(line),
            body=line,
        )
        location, _ = self._warc.append(resource_record(capture))
        return captures.insert(self.db, replace(capture, record=location), run=self.run)


def lines_of(file: Any) -> Iterator[bytes]:
    """Yield the lines of a binary file, the first without a byte order mark."""
    for number, line in enumerate(file):
        yield line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line


def history_of(imported: Imported, *, capture: int | None) -> History:
    """Return the history that a line states; its record is the capture."""
    history = imported.history
    return History(
        state=replace(history.state, capture=capture),
        revisions=tuple(replace(state, capture=capture) for state in history.revisions),
    )


def _known_article(db: sqlite3.Connection, imported: Imported) -> int | None:
    """Return the article at the address of a line, or the one that a visit to it led to."""
    key = publishers.key_of(db, imported.url, imported.publisher.slug)
    article = articles.find(db, key)
    if article is None:
        article = value(db, "select article from visits where key = ?", (key,))
    return article


def _contradiction(db: sqlite3.Connection, article: int, imported: Imported) -> Problem | None:
    """Return the problem of a line that contradicts the article that the archive has."""
    (stored,) = select(db, "select title, text from articles where id = ?", (article,))
    reading = imported.history.state.reading
    differing = [name for name in stored if stored[name] != getattr(reading, name)]
    if not differing:
        return None
    detail = (
        f"{imported.url} is known already with another {' and '.join(differing)};"
        " the archive's version was kept"
    )
    return Problem(kind=ProblemKind.IMPORT_DIFFERS, detail=detail, stage="import")


def read_line(
    line: bytes, *, publisher: str | None, now: datetime, names_of: NamesOf = nobody
) -> Imported:
    """Read one JSON object: `url`, `title` and `text` at least, and all that an export gives.

    `publisher` (a slug) is for lines without one (default: the address's host). `now` is the
    moment for lines that do not say when they were seen. `names_of` parses the byline of lines
    without `authors`.

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
    revisions = _revisions(parsed.get("revisions"), article)
    if parsed.get("authors") is None and article["byline"]:
        article["authors"] = names_of(article["byline"])
    state = State(
        reading=_reading(article, **{name: article[name] for name in _OF_THE_ARTICLE}),
        url=article["url"],
        capture=None,
        first_seen_at=article["first_seen_at"],
        last_seen_at=article["last_seen_at"],
        changed_at=article["changed_at"] if parsed.get("revisions") else None,
        revision_count=len(revisions),
        missing_at=article["gone_at"],
        gone_at=article["gone_at"],
    )
    return Imported(
        publisher=_publisher(article, publisher),
        url=article["url"],
        history=History(state=state, revisions=revisions),
    )


_OF_THE_ARTICLE = ("kind", "byline_from", "language", "published_from", "authors", "tags", "text")


def _article(line: Fields, now: datetime) -> Fields:
    """Return the fields of a line, checked, with what follows from them."""
    fields: Fields = {"url": _url(line), "kind": _kind(line)} | _checked(line, ARTICLE)
    if not fields["text"]:
        raise BadLine("it has no text")
    if "title" not in line:
        raise BadLine("it has no title (null, where the article has none)")
    if fields["published_at"] or fields["published_on"]:
        fields["published_from"] = fields["published_from"] or "import"
    if fields["byline"]:
        fields["byline_from"] = fields["byline_from"] or "import"
    fields["first_seen_at"] = fields["first_seen_at"] or now
    fields["last_seen_at"] = fields["last_seen_at"] or fields["first_seen_at"]
    return fields


def _checked(line: Fields, names: Iterable[str]) -> Fields:
    """Return the named fields of a line, each as its form has it."""
    forms = {name: form_of(name) for name in names if name not in {"url", "kind"}}
    return {name: _READ[form](line.get(name), name) for name, form in forms.items()}


def _revisions(given: Any, article: Fields) -> tuple[Revision, ...]:
    """Return the line's revisions, or the one that the article itself is."""
    if not given:
        first: Fields = {"number": 1, "observed_at": article["first_seen_at"], "small": False}
        return (_revision(article | first | {"captions": ()}, article),)
    if not isinstance(given, list) or not all(isinstance(state, dict) for state in given):
        raise BadLine("revisions is not a list of objects")
    if [state.get("number") for state in given] != list(range(1, len(given) + 1)):
        raise BadLine("its revisions are not numbered 1, 2, 3…")
    states = [_checked(state, REVISION) | {"number": state["number"]} for state in given]
    states[-1]["text"] = article["text"]
    revisions = tuple(_revision(state, article) for state in states)
    for name in _SAME_NOW:
        if states[-1][name] != article[name]:
            raise BadLine(f"{name} differs from its last revision")
    return revisions


def _revision(state: Fields, article: Fields) -> Revision:
    for name in ("observed_at", "text"):
        if state[name] is None:
            raise BadLine(f"revision {state['number']} has no {name}")
    images = tuple(Image(url="", caption=caption) for caption in state["captions"])
    reading = _reading(
        state, kind=PageKind.ARTICLE, text=state["text"], tags=state["tags"], images=images
    )
    listed = replace(reading, byline_from="feed")  # a byline that the page does not print
    stated = state.get("content_hash")
    if stated != content_hash(reading) and (
        stated == content_hash(listed) or article["byline_from"] == "feed"
    ):
        reading = listed
    return Revision(
        number=state["number"],
        observed_at=state["observed_at"],
        capture=None,
        reading=reading,
        small=state["small"],
    )


def _reading(fields: Fields, **others: Any) -> Extraction:
    return Extraction(**{name: fields[name] for name in _IN_EVERY_STATE}, **others)


def _publisher(fields: Fields, given: str | None) -> Publisher:
    slug = fields["publisher"] or given or host_of(fields["url"])
    if len(slug.splitlines()) > 1:
        raise BadLine("publisher has a line break")
    names = ("name_latin", "homepage", "country", "language")
    return Publisher(
        slug=slug,
        name=fields["publisher_name"] or slug,
        **{name: fields[f"publisher_{name}"] for name in names},
    )


def _url(line: Fields) -> str:
    url = line.get("url")
    if not isinstance(url, str):
        raise BadLine("it has no url")
    try:
        return address(url)
    except ValueError as error:
        raise BadLine(str(error)) from error


def _kind(line: Fields) -> PageKind:
    kind = line.get("kind") or PageKind.ARTICLE
    if kind not in set(PageKind) - {PageKind.SECTION, PageKind.OTHER}:
        raise BadLine(f"kind {kind!r} is not a kind of article")
    return PageKind(kind)


def _text(value: Any, name: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadLine(f"{name} is not a text")
    return tidy(value) if value and value.strip() else None


def _names(value: Any, name: str) -> tuple[str, ...]:
    if value and (not isinstance(value, list) or not all(isinstance(each, str) for each in value)):
        raise BadLine(f"{name} is not a list of names")
    return tuple(tidy(each) for each in value or () if each.strip())


def _time(value: Any, name: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadLine(f"{name} {value!r} is not a time with a time zone like 2020-11-09T12:00:00Z")


def _day(value: Any, name: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except (TypeError, ValueError) as error:
        raise BadLine(f"{name} {value!r} is not a date like 2020-11-09") from error


def _unread(_value: Any, _name: str) -> None:
    """Leave out a number: those of an export follow from the rest of its line."""


_READ: dict[Form, Callable[[Any, str], Any]] = {
    Form.TEXT: _text,
    Form.TIME: _time,
    Form.DAY: _day,
    Form.NAMES: _names,
    Form.NUMBER: _unread,
    Form.TRUTH: lambda value, _name: value is True,
}
