"""What a WARC metadata record tells of a visit's end, and back.

Everything that a database made anew needs beyond the bytes: whose address it was, as what it was
visited, where and when it was found, and what was said of it there.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

from archive.clock import from_iso, iso
from archive.records import Kind, Link, Visit

VIA = "via"  # the one name that WARC 1.1 (section 6.6) gives: where the address was found
_HINTS = ("title", "published", "author", "summary", "dated_by")


def fields_of(visit: Visit, *, run: int, sha256: str | None = None) -> dict[str, str]:
    """Return the fields (name, value) of the record that tells of a visit.

    `sha256` is that of the payload which it brought. Of later visits to an address no more is told
    than differs from what the first one told, and the hints by which another payload was read.
    """
    first = visit.last_sha256 is None  # a good answer has told where it was found, and what as
    read = first or sha256 not in {None, visit.last_sha256}
    told = {
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
    return {name: " ".join(value.split()) for name, value in told.items() if value}


def visit_of(fields: Mapping[str, str]) -> Visit:
    """Return the visit that a record tells of, as it was found.

    Raises:
        ValueError, KeyError: if the fields are not those of a visit.
    """
    key, url = fields["visit"], fields.get("address") or fields["visit"]
    found, earliest, latest = (fields.get(name) for name in ("found", "earliest", "latest"))
    return Visit(
        key=key,
        url=url,
        publisher=fields["publisher"],
        kind=Kind(fields["kind"]),
        found_in=fields.get(VIA),
        found_at=from_iso(found) if found else None,
        past="past" in fields,
        earliest_on=date.fromisoformat(earliest) if earliest else None,
        latest_on=date.fromisoformat(latest) if latest else None,
        hints=_link(url, Kind(fields["kind"]), fields.get("hints")),
    )


def _hints(link: Link | None) -> str | None:
    """Return the hints as JSON, None where there are none."""
    if link is None:
        return None
    given = {name: value for name, value in asdict(link).items() if name in _HINTS and value}
    return json.dumps(given, ensure_ascii=False)


def _link(url: str, kind: Kind, hints: str | None) -> Link | None:
    if hints is None:
        return None
    given = json.loads(hints)
    dated_by = given.pop("dated_by", None)
    return Link(url=url, kind=kind, dated_by=Kind(dated_by) if dated_by else None, **given)
