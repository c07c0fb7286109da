"""Import articles from JSON lines: each line first as a WARC record, then as an article.

Bytes come first here, too (invariant 1). A line is checked, and nothing in it is guessed. An
article that the archive has stays as it is, whatever a line says about it: the archive saw it
before.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypedDict

from msgspec import ValidationError, convert

from archive import articles, captures, publishers
from archive.article_rows import REVISION, Rows
from archive.history import History, Revision, State, content_hash
from archive.maintenance.export import ARTICLE
from archive.models import Capture, Extraction, Kind, Progress, Publisher, silent
from archive.problems import ProblemKind
from archive.rows import Row, select, value
from archive.search.arabic import tidy
from archive.session import Session
from archive.urls import address, host_of
from archive.warc.records import payload_digest, resource_record

CONTENT_TYPE = "application/json"
SHOWN = 20  # rejected lines that are listed with the reason, and problems of one cause
_CAUSES = 50  # counted one by one, and as many unknown fields
# What is of one line in the message of its problem.
_VARYING = re.compile(r"'.*'|\".*\"|\S+://\S+|\(.*\)|(?<=\[)\d+|(?<=revision )\d+")
# Names that other programs give to fields of an export, the likelier first.
_NAMES = (
    ("link", "url"), ("headline", "title"), ("body", "text"), ("content", "text"),
    ("maintext", "text"), ("author", "authors"),
)  # fmt: skip
_DATES = ("published", "date", "publish_date", "date_publish", "date_published", "pubDate")
# Zones of the world; others are of one country only, as AST of the Atlantic and of Arabia.
_ZONE = re.compile(r"(?:[+-]\d{2}:?\d{2}|\b(?:GMT|UTC?|Z))\s*(?:\(.*\))?\s*$", re.IGNORECASE)
_KNOWN = frozenset({*ARTICLE, "revisions"})
_EVIDENCE = {
    "published_at": "published_from",
    "published_on": "published_from",
    "byline": "byline_from",
}
_SAME_NOW = ("title", "deck", "dateline", "section")

NamesOf = Callable[[str], tuple[str, ...]]


class _Lists(TypedDict, total=False):
    revisions: list[Row]
    captions: list[str]


class BadLine(ValueError):  # noqa: N818 - what it is
    """The line does not hold an article; the message says what is wrong."""

    counted = "bad"
    kind = ProblemKind.IMPORT_LINE


class Differing(BadLine):
    """The archive has the article of the line, and not as the line says."""

    counted = "differing"
    kind = ProblemKind.IMPORT_DIFFERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """An article as a line states it; its history names no capture yet.

    `unknown` are the names of the line's fields that are none of an article.
    """

    publisher: Publisher
    url: str
    history: History
    unknown: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of the lines of a file.

    `counts`: new, known (duplicates), differing (known, but the line contradicts), bad. `rejected`
    lists the first bad and differing lines, each with the reason; `causes` counts the lines of each
    reason, and `unknown` those with a field that is none of an article.
    """

    counts: Counter[str] = field(default_factory=Counter)
    rejected: list[str] = field(default_factory=list)
    causes: Counter[tuple[ProblemKind, str]] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)


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
        for number, given in enumerate(lines, 1):
            if line := given.removeprefix(codecs.BOM_UTF8).strip():
                now = self.clock()
                self.batch.open()
                self.batch.count()
                try:
                    imported = read_line(line, publisher=publisher, now=now, names_of=names_of)
                    outcome.unknown.update(
                        key
                        for key in imported.unknown
                        if key in outcome.unknown or len(outcome.unknown) < _CAUSES
                    )
                    outcome.counts[self._keep(line, imported, now)] += 1
                except BadLine as error:
                    self._reject(error, f"{name}:{number}", outcome)
            if self.batch.is_due():
                self.batch.commit()
            progress("lines", number, None)
        for (kind, cause), count in outcome.causes.items():
            if count > SHOWN:
                self.batch.open()
                detail = f"{count - SHOWN:,} more lines: {cause}"
                self.import_problem(kind, detail, place=name)
        return outcome

    def _reject(self, error: BadLine, place: str, outcome: Outcome) -> None:
        outcome.counts[error.counted] += 1
        if len(outcome.rejected) < SHOWN:
            outcome.rejected.append(f"{place}: {error}")
        cause = error.kind, _VARYING.sub("…", str(error))
        if cause not in outcome.causes and len(outcome.causes) >= _CAUSES:
            cause = error.kind, "other reasons"
        outcome.causes[cause] += 1
        if outcome.causes[cause] <= SHOWN:
            self.import_problem(error.kind, str(error), place=place)

    def _keep(self, line: bytes, imported: Imported, now: datetime) -> str:
        """Write the line as a WARC record and its rows, if it is new; return what it is.

        Line and record have the same time, as a rebuild only knows that of the record.
        """
        slug = imported.publisher.slug
        key = publishers.key_of(self.db, imported.url, slug)
        if articles.is_withheld(self.db, key):
            return "known"
        known = articles.find(self.db, key)
        if known is None:  # at that address; a visit to it may have led to another one
            known = value(self.db, "select article from visits where key = ?", (key,))
        if known is not None:
            self._compare(known, imported)
            return "known"
        with self.batch.one_page():
            publishers.save_new(self.db, imported.publisher)
            capture = self._record(line, imported, now)
            article = articles.free_id(self.db, key)
            rows = Rows.of(history_of(imported, capture=capture))
            articles.put(self.db, article, rows, key=key, publisher=slug)
            captures.attribute(self.db, capture, article=article)
        self.totals["new"] += 1
        return "new"

    def _compare(self, article: int, imported: Imported) -> None:
        (stored,) = select(self.db, "select title, text from articles where id = ?", (article,))
        reading = imported.history.state.reading
        differing = [name for name in stored if stored[name] != getattr(reading, name)]
        if differing:
            raise Differing(
                f"{imported.url} is known already with another {' and '.join(differing)};"
                " the archive's version was kept"
            )

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


def history_of(imported: Imported, *, capture: int | None) -> History:
    """Return the history that a line states; its record is the capture."""
    history = imported.history
    return History(
        state=replace(history.state, capture=capture),
        revisions=tuple(replace(state, capture=capture) for state in history.revisions),
    )


def read_line(
    line: bytes, *, publisher: str | None, now: datetime, names_of: NamesOf = nobody
) -> Imported:
    """Read one JSON object: `url`, `title` and `text` at least, and all that an export gives.

    Names that other programs commonly give to these fields (`link`, `body`, `date`) are known.
    `publisher` (a slug) is for lines without one (default: the address's host). `now` is the
    moment for lines that do not say when they were seen. `names_of` parses the byline of lines
    without `authors`.

    Raises:
        BadLine: if the line does not hold an article.
    """
    if line == b"[":
        raise BadLine("the JSON array is cut short here")
    try:
        given = json.loads(line)
        given, unknown = _named(given) if isinstance(given, dict) else (given, ())
        said = _tidied(given)
    except (ValueError, RecursionError) as error:
        raise BadLine(f"not valid JSON ({error})") from error
    if not isinstance(given, dict):
        raise BadLine("not a JSON object")
    if "url" not in said or "text" not in said:
        raise BadLine(f"it has no {'text' if 'url' in said else 'url'}")
    if "title" not in given:
        raise BadLine("it has no title (null, where the article has none)")
    article = {"kind": "article", "first_seen_at": now} | _fields(said, ARTICLE)
    try:
        url = address(convert(given["url"], str))
        listed = convert(said, _Lists).get("revisions", [])
        history = _history(article, listed, url, names_of)
        by = _publisher(article, publisher, url)
        return Imported(publisher=by, url=url, history=history, unknown=unknown)
    except (ValidationError, ValueError) as error:
        raise BadLine(str(error)) from error


def _named(given: Row) -> tuple[Row, tuple[str, ...]]:
    """Return the fields of a line by their names in an export, and the keys that are none."""
    said = {name: given[name] for name in given if name in _KNOWN}
    others = (*(name for name, _ in _NAMES), *_DATES)
    read = set(said) | {name for name in others if _is_blank(given.get(name))}
    for name, meant in _NAMES:
        if _is_blank(said.get(meant)) and _is_readable(given.get(name), meant):
            said[meant] = given[name]
            read.add(name)
    if _is_blank(said.get("published_at")) and _is_blank(said.get("published_on")):
        for name in _DATES:
            if moment := _published(given.get(name)):
                said |= moment
                read.add(name)
                break
    signed = said.get("authors")
    if isinstance(signed, str):  # as printed, with "and" and "by"
        del said["authors"]
        said["byline"] = signed if _is_blank(said.get("byline")) else said["byline"]
    elif isinstance(signed, dict | list):
        said["authors"] = _people(signed)
    return said, tuple(name for name in given if name not in read)


def _is_blank(given: Any) -> bool:
    return given is None or (isinstance(given, str) and not given.strip())


def _is_readable(given: Any, meant: str) -> bool:
    """Return whether a value under another program's name can be what is meant: text, or people."""
    if isinstance(given, str):
        return not _is_blank(given)
    if meant != "authors" or not isinstance(given, dict | list):
        return False
    return all(isinstance(name, str | None) for name in _people(given))


def _people(given: Any) -> list[Any]:
    """Return the names of one person or of several, which may be objects."""
    people = given if isinstance(given, list) else [given]
    return [each.get("name") if isinstance(each, dict) else each for each in people]


def _published(given: Any) -> Row:
    """Return when an article was published as an export says it: without a zone, only its day.

    Empty where it is not said in ISO 8601, or as feeds do. A zone is an offset, or universal time.
    """
    moment = None
    with suppress(ValueError, TypeError):
        moment = datetime.fromisoformat(given)
    if moment is None:
        with suppress(ValueError, TypeError, IndexError, OverflowError, AttributeError):
            moment = parsedate_to_datetime(given)  # RFC 5322, as feeds write it
            moment = moment if _ZONE.search(given) else moment.replace(tzinfo=None)
    if moment is None:
        return {}
    if moment.tzinfo is None:
        return {"published_on": moment.date().isoformat()}
    return {"published_at": moment.isoformat()}


def _tidied(given: Any) -> Any:
    """Return a value of JSON with its texts tidied, and without nulls and texts of white space."""
    if isinstance(given, str):
        return tidy(given) if given.strip() else None
    if isinstance(given, list):
        return [each for each in map(_tidied, given) if each is not None]
    if isinstance(given, dict):
        tidied = {name: _tidied(each) for name, each in given.items()}
        return {name: each for name, each in tidied.items() if each is not None}
    return given


def _fields(said: Row, names: Collection[str]) -> Row:
    """Return the named fields that are given, moments and days as such."""
    given = {name: said[name] for name in names if name in said}
    return {
        name: _time(each, name) if name.endswith(("_at", "_on")) else each
        for name, each in given.items()
    }


def _time(given: Any, name: str) -> datetime | date:
    """Return the moment, or the day, that a field names."""
    form = "time with a time zone like 2020-11-09T12:00:00Z"
    try:
        if name.endswith("_on"):
            form = "date like 2020-11-09"
            return date.fromisoformat(given)
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadLine(f"{name} {given!r} is not a {form}")


def _history(article: Row, listed: list[Row], url: str, names_of: NamesOf) -> History:
    for name, evidence in _EVIDENCE.items():
        if name in article:
            article.setdefault(evidence, "import")
    reading = convert(article, Extraction)
    if not reading.is_article:
        raise BadLine(f"{reading.kind} is not a kind of article")
    if "authors" not in article and reading.byline:
        reading = replace(reading, authors=names_of(reading.byline))
    revisions = _revisions(article, listed, reading)
    own: Row = {"last_seen_at": article["first_seen_at"]} | article
    own |= {"reading": reading, "url": url, "capture": None, "revision_count": len(revisions)}
    own |= {"missing_at": article.get("gone_at")} | ({} if listed else {"changed_at": None})
    return History(state=convert(own, State), revisions=revisions)


def _revisions(article: Row, listed: list[Row], now: Extraction) -> tuple[Revision, ...]:
    """Return the line's revisions, or the one that the article itself is."""
    only = {"number": 1, "observed_at": article["first_seen_at"]}
    only |= {name: article[name] for name in REVISION if name in article}
    states = [_fields(state, REVISION) for state in listed] or [only]
    if [state.get("number") for state in states] != list(range(1, len(states) + 1)):
        raise BadLine("its revisions are not numbered 1, 2, 3…")
    states[-1]["text"] = now.text
    revisions = tuple(_revision(state, now) for state in states)
    for name in _SAME_NOW:
        if getattr(revisions[-1].reading, name) != getattr(now, name):
            raise BadLine(f"{name} differs from its last revision")
    return revisions


def _revision(state: Row, now: Extraction) -> Revision:
    for name in ("observed_at", "text"):
        if name not in state:
            raise BadLine(f"revision {state['number']} has no {name}")
    captions = convert(state, _Lists).get("captions", [])
    images = [{"url": "", "caption": caption} for caption in captions]
    reading = convert(state | {"kind": "article", "images": images}, Extraction)
    listed = replace(reading, byline_from="feed")  # a byline that the page does not print
    stated = str(state.get("content_hash") or "")[:32]
    if stated != content_hash(reading) and (
        stated == content_hash(listed) or now.byline_from == "feed"
    ):
        reading = listed
    return Revision(
        number=state["number"],
        observed_at=state["observed_at"],
        capture=None,
        reading=reading,
        small=state.get("small") is True,
    )


def _publisher(article: Row, slug: str | None, url: str) -> Publisher:
    slug = article.get("publisher") or slug or host_of(url)
    named = {"slug": slug, "name": slug} | {
        name.removeprefix("publisher_"): each
        for name, each in article.items()
        if name.startswith("publisher_")
    }
    publisher = convert(named, Publisher)
    if len(publisher.slug.splitlines()) > 1:
        raise BadLine("publisher has a line break")
    return publisher
