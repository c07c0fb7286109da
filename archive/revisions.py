"""What a new reading means against the article the archive holds: New, Changed or Same. Pure."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from archive.records import Extraction, Outcome

STATED = frozenset({"json-ld", "meta", "microdata", "time", "script"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """When an article was published: moment, the publisher's day, and the evidence for them."""

    at: datetime | None
    on: date | None
    source: str | None


def content_hash(extraction: Extraction) -> str:
    """Return the SHA-256, in hexadecimal, of all that the publisher wrote in this reading."""
    return digest(written(extraction))


def written(extraction: Extraction) -> list[object]:
    """Return what the publisher wrote in a reading, as revisions are compared by it.

    `modified_at` is left out: a stamp that moves without a word changing is no revision. White
    space and an image's query string (sizes, cache keys) are no change either. A date of
    publication is compared by `dated`; a byline that only a listing gave is not on the page.
    """
    image = extraction.image_url and urlsplit(extraction.image_url)._replace(query="").geturl()
    return [
        extraction.title,
        extraction.deck,
        None if extraction.byline_from == "feed" else extraction.byline,
        extraction.dateline,
        extraction.section,
        sorted(extraction.tags),
        image,
        [" ".join(line.split()) for line in extraction.text.splitlines() if line.strip()],
    ]


def digest(fields: list[object]) -> str:
    """Return the SHA-256, in hexadecimal, of what was written."""
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


def decide(current_hash: str | None, extraction: Extraction, *, redated: bool) -> Outcome:
    """Say what a reading is against the current revision's hash (None: not known yet)."""
    if current_hash is None:
        return Outcome.NEW
    changed = redated or current_hash != content_hash(extraction)
    return Outcome.CHANGED if changed else Outcome.SAME


def dated(before: Dated, extraction: Extraction) -> tuple[Dated, bool]:
    """Return the date an article has after a reading, and whether its publisher changed it.

    A date that the page states for machines is taken as it is, and differs from one stated before
    only by an edit. Any other keeps its first value: a listing may have been read meanwhile, and
    a relative phrase counts from another moment (invariant 10). A day may gain its time.
    """
    now = Dated(
        at=extraction.published_at, on=extraction.published_on, source=extraction.published_from
    )
    if now.source in STATED:
        if now.at is None and now.on == before.on:
            return before, False
        timed = before.at is not None and now.at is not None
        edited = before.source in STATED and (
            now.on != before.on or (timed and now.at != before.at)
        )
        return now, edited
    gains_time = before.at is None and now.at is not None and now.on == before.on
    return (now if before.on is None or gains_time else before), False
