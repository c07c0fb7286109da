"""The journal: what WARC metadata records say beside the bytes, encoded and decoded.

The record at the end of a visit holds everything the database knows beyond the bytes: whose address
it was, as what it was visited, where and when it was found, what a listing said of it, what came of
the visit, and which article it is of by its identity key. The newest decision for a capture counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from archive.models import Link, Outcome, Problem, Visit
from archive.rows import record, stored
from archive.urls import escaped, lettered
from archive.warc.parsing import Record
from archive.warc.records import read_fields

VIA = "via"  # the one name that WARC 1.1 (section 6.6) gives: where the address was found
PROBLEM = "problem"  # act of a record that says what was wrong
VISIT = "visit"  # act of a record that says how a visit ended
IMPORT = "import-warc"  # act of a record that says what a record of others was
DECIDE = "decide"  # act of a record that decides again for a capture
WATCH = "watch"  # act of a record that has an address watched, by the fields `watched` and `until`

# The names of fields, and what each holds: of every visit, of the first one besides, and so on.
_EVERY_VISIT = {
    "visit": "key", "address": "url", "publisher": "publisher", "kind": "kind", "past": "past",
}  # fmt: skip
_VISIT = _EVERY_VISIT | {
    VIA: "found_in", "found": "found_at", "earliest": "earliest_on", "latest": "latest_on",
}  # fmt: skip
_HINTS = ("title", "published", "author", "summary", "dated_by")
_DECISION = {
    "outcome": "outcome", "article": "article", "state": "state", "due": "due_at",
    "not-before": "not_before", "failures": "failures", "moved": "moved",
}  # fmt: skip
_KEYS = {"visit", "article", VIA}  # fields that hold identity keys
_FOLLOWED = {
    "beyond": "beyond", "pages": "pages", "taken": "taken", "known": "known", "moved-to": "moved",
}  # fmt: skip


SHOWN = frozenset({Outcome.NEW, Outcome.CHANGED, Outcome.SAME})  # a page showed its article


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far a listing was followed: by what was known then, which no other record says.

    Nothing of it was kept where it was `beyond` the period of its crawl, led nowhere, or was read
    before; only the first links, as many as were `taken`, where there were too many. Entries of a
    `known` payload (its digest), which had been read, were left out. `pages` says that the pages
    which continue it were followed; `resting` names shapes of addresses that were left out as
    traps, or the listing (its key) as one that leads nowhere. `moved` is the place that its
    newspaper has moved to; one that was `beyond` as well has to wait until the known articles were
    asked for.
    """

    beyond: bool = False
    pages: bool = False
    resting: tuple[str, ...] = ()
    taken: int | None = None
    known: str | None = None
    moved: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What came of a visit: its outcome, the key of the article it is of, and what comes next.

    `state`, `due_at`, `not_before` and `failures` are those of the visit's row from then on; a
    `state` of None leaves them as they are. An address to which the article has `moved` is asked
    for from then on, or where it was not shown, another one that had shown it.
    """

    outcome: Outcome
    article: str | None = None
    state: str | None = None
    due_at: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    moved: str | None = None
    followed: Followed | None = None


def written(fields: Mapping[str, str], url: str) -> dict[str, str]:
    """Return fields as a record of the address `url` holds them: what is the same twice packs well.

    That address itself is left out, and that a visit is done which is due again; keys are escaped
    as the address is.
    """
    keys = {name: escaped(fields[name], like=url) for name in _KEYS & fields.keys()}
    usual = {"address": url, "state": "done" if "due" in fields else None}
    own = {**fields, **keys}
    return {name: said for name, said in own.items() if usual.get(name) != said}


def fields_of(entry: Record) -> dict[str, str]:
    """Return the fields of a journal record, its keys as the database holds them."""
    fields = read_fields(entry.block)
    usual = {"address": entry.url} if "visit" in fields else {}
    usual |= {"state": "done"} if "due" in fields else {}
    return usual | fields | {name: lettered(fields[name]) for name in _KEYS & fields.keys()}


def visit_fields(visit: Visit, *, sha256: str | None = None) -> dict[str, str]:
    """Return the fields (name, value) of the record that ends a visit, but for what came of it.

    `sha256` is that of the payload which it brought. Of later visits to an address no more is said
    than differs from the first one, and the hints by which another payload was read.
    """
    is_first = visit.last_sha256 is None  # a good answer has said where it was found, and what as
    fields = _said(visit, _VISIT if is_first else _EVERY_VISIT)
    if visit.hints and (is_first or sha256 not in {None, visit.last_sha256}):
        given = {name: value for name in _HINTS if (value := getattr(visit.hints, name))}
        fields["hints"] = one_line(json.dumps(given, ensure_ascii=False))
    return fields


def decision_fields(decision: Decision) -> dict[str, str]:
    """Return the fields of what came of a visit."""
    fields, followed = _said(decision, _DECISION), decision.followed or Followed()
    if followed.resting:
        fields["resting"] = " ".join(followed.resting)
    return fields | _said(followed, _FOLLOWED)


def visit_of(fields: Mapping[str, str]) -> Visit:
    """Return the visit that a record is of, as it was found.

    Raises:
        ValueError, KeyError, TypeError: if the fields are not those of a visit.
    """
    visit = record(Visit, _row(fields, _VISIT))
    if "hints" not in fields:
        return visit
    hints = json.loads(fields["hints"]) | {"url": visit.url, "kind": visit.kind}
    return replace(visit, hints=record(Link, hints))


def decision_of(fields: Mapping[str, str]) -> Decision:
    """Return what a record says came of a visit.

    Raises:
        ValueError, TypeError: if it does not say so.
    """
    resting = tuple(fields.get("resting", "").split())
    followed = record(Followed, _row(fields, _FOLLOWED) | {"resting": resting})
    own = {"failures": int(fields.get("failures", 0)), "followed": followed}
    return record(Decision, _row(fields, _DECISION) | own)


def problem_fields(problem: Problem, *, place: str, publisher: str | None = None) -> dict[str, str]:
    """Return the fields of a record of what was wrong at a place: an address, or one in a file."""
    fields = {
        "act": PROBLEM, "place": one_line(place), "publisher": publisher,
        "stage": problem.stage, "kind": str(problem.kind), "detail": one_line(problem.detail),
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def one_line(value: str) -> str:
    """Return a value as a record can hold it; a file's name may be no text at all."""
    return " ".join(value.encode("utf-8", "replace").decode().split())


def _said(item: object, names: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that a dataclass fills by its own; one that is empty is left out."""
    said = dict[str, str]()
    for name, column in names.items():
        if value := getattr(item, column):
            text = "yes" if value is True else str(stored(value))
            said[name] = one_line(text)
    return said


def _row(fields: Mapping[str, str], names: Mapping[str, str]) -> dict[str, object]:
    said = {column: fields[name] for name, column in names.items() if name in fields}
    return {column: True if value == "yes" else value for column, value in said.items()}
