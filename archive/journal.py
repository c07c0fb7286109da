"""The journal: what WARC metadata records say beside the bytes, encoded and decoded.

The record at the end of a visit holds everything the database knows beyond the bytes: whose address
it was, as what it was visited, where and when it was found, what a listing said of it, what came of
the visit, and which article it is of by its identity key. The newest decision for a capture counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from archive.clock import from_iso, iso
from archive.models import Kind, Link, Outcome, Problem, Visit

VIA = "via"  # the one name that WARC 1.1 (section 6.6) gives: where the address was found
PROBLEM = "problem"  # act of a record that says what was wrong
VISIT = "visit"  # act of a record that says how a visit ended
IMPORT = "import-warc"  # act of a record that says what a record of others was
DECIDE = "decide"  # act of a record that decides again for a capture
_HINTS = ("title", "published", "author", "summary", "dated_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How far a listing was followed: by what was known then, which no other record says.

    `beyond` the period of its crawl nothing of it was kept. `pages` says that the pages which
    continue it were, `fresh` that there were articles of the period which nobody knew; `resting`
    names shapes of addresses that were left out as traps.
    """

    beyond: bool = False
    pages: bool = False
    fresh: bool = False
    resting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What came of a visit: its outcome, the key of the article it is of, and what comes next.

    `state`, `due_at`, `not_before` and `failures` are those of the visit's row from then on; a
    `state` of None leaves them as they are.
    """

    outcome: Outcome
    article: str | None = None
    state: str | None = None
    due_at: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    followed: Followed | None = None


def visit_fields(visit: Visit, *, run: int, sha256: str | None = None) -> dict[str, str]:
    """Return the fields (name, value) of the record that ends a visit, but for what came of it.

    `sha256` is that of the payload which it brought. Of later visits to an address no more is said
    than differs from the first one, and the hints by which another payload was read.
    """
    first = visit.last_sha256 is None  # a good answer has said where it was found, and what as
    read = first or sha256 not in {None, visit.last_sha256}
    fields = {
        "visit": visit.key,
        "address": visit.url if visit.url != visit.key else None,
        "publisher": visit.publisher,
        "kind": visit.kind.value,
        VIA: visit.found_in if first else None,
        "found": iso(visit.found_at) if first and visit.found_at else None,
        "past": "yes" if visit.past else None,
        "earliest": visit.earliest_on.isoformat() if first and visit.earliest_on else None,
        "latest": visit.latest_on.isoformat() if first and visit.latest_on else None,
        "hints": _hints(visit.hints) if read else None,
        "run": str(run),
    }
    return {name: " ".join(value.split()) for name, value in fields.items() if value}


def decision_fields(decision: Decision) -> dict[str, str]:
    """Return the fields of what came of a visit."""
    fields = {
        "outcome": decision.outcome.value,
        "article": decision.article,
        "state": decision.state,
        "due": decision.due_at and iso(decision.due_at),
        "not-before": decision.not_before and iso(decision.not_before),
        "failures": str(decision.failures) if decision.failures else None,
    }
    if followed := decision.followed:
        fields |= {
            "beyond": "yes" if followed.beyond else None,
            "pages": "yes" if followed.pages else None,
            "fresh": "yes" if followed.fresh else None,
            "resting": " ".join(followed.resting),
        }
    return {name: value for name, value in fields.items() if value}


def visit_of(fields: Mapping[str, str]) -> Visit:
    """Return the visit that a record is of, as it was found.

    Raises:
        ValueError, KeyError: if the fields are not those of a visit.
    """
    key, url = fields["visit"], fields.get("address") or fields["visit"]
    earliest, latest = fields.get("earliest"), fields.get("latest")
    return Visit(
        key=key,
        url=url,
        publisher=fields["publisher"],
        kind=Kind(fields["kind"]),
        found_in=fields.get(VIA),
        found_at=_moment(fields, "found"),
        past="past" in fields,
        earliest_on=date.fromisoformat(earliest) if earliest else None,
        latest_on=date.fromisoformat(latest) if latest else None,
        hints=_link(url, Kind(fields["kind"]), fields.get("hints")),
    )


def decision_of(fields: Mapping[str, str]) -> Decision:
    """Return what a record says came of a visit.

    Raises:
        ValueError, KeyError: if it does not say so.
    """
    return Decision(
        outcome=Outcome(fields["outcome"]),
        article=fields.get("article"),
        state=fields.get("state"),
        due_at=_moment(fields, "due"),
        not_before=_moment(fields, "not-before"),
        failures=int(fields.get("failures", 0)),
        followed=Followed(
            beyond="beyond" in fields,
            pages="pages" in fields,
            fresh="fresh" in fields,
            resting=tuple(fields.get("resting", "").split()),
        ),
    )


def problem_fields(problem: Problem, *, place: str, publisher: str | None = None) -> dict[str, str]:
    """Return the fields of a record of what was wrong at a place: an address, or one in a file."""
    fields = {
        "act": PROBLEM,
        "place": one_line(place),
        "publisher": publisher,
        "stage": problem.stage,
        "kind": str(problem.kind),
        "detail": one_line(problem.detail),
    }
    return {name: value for name, value in fields.items() if value is not None}


def one_line(value: str) -> str:
    """Return a value as a record can hold it; a file's name may be no text at all."""
    return " ".join(value.encode("utf-8", "replace").decode().split())


def _moment(fields: Mapping[str, str], name: str) -> datetime | None:
    value = fields.get(name)
    return from_iso(value) if value else None


def _hints(link: Link | None) -> str | None:
    """Return the hints as JSON, None where there are none."""
    if link is None:
        return None
    given = {name: value for name in _HINTS if (value := getattr(link, name))}
    return json.dumps(given, ensure_ascii=False)


def _link(url: str, kind: Kind, hints: str | None) -> Link | None:
    if hints is None:
        return None
    given = json.loads(hints)
    dated_by = given.pop("dated_by", None)
    return Link(url=url, kind=kind, dated_by=Kind(dated_by) if dated_by else None, **given)
