"""What in a reading is the publisher's writing, and what of it is an edit. Pure."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from urllib.parse import urlsplit

from archive.records import Extraction

STATED = frozenset({"json-ld", "meta", "microdata", "time", "script"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """When an article was published: moment, the publisher's day, and the evidence for them."""

    at: datetime | None
    on: date | None
    source: str | None

    @classmethod
    def of(cls, reading: Extraction) -> Self:
        """Return the date of a reading."""
        return cls(at=reading.published_at, on=reading.published_on, source=reading.published_from)


def content_hash(extraction: Extraction) -> str:
    """Return the SHA-256, in hexadecimal, of all that the publisher wrote in this reading."""
    return digest(written(extraction))


def written(extraction: Extraction) -> list[object]:
    """Return what the publisher wrote in a reading, as revisions are compared by it.

    `modified_at` is left out: a stamp that moves without a word changing is no revision. White
    space, an image's query string (sizes, cache keys) and the order of tags and captions are no
    change either. A date of publication is compared by `dated`; a byline that only a listing gave
    is not on the page.
    """
    return [*_words(extraction), *_around(extraction)]


def differ(before: Extraction, after: Extraction) -> bool:
    """Return whether a publisher wrote something else, its dates aside.

    Captions count only where both show images: an imported line says nothing of them.
    """
    return not is_small(before, after) or _around(before, after) != _around(after, before)


def is_small(before: Extraction, after: Extraction) -> bool:
    """Return whether two readings differ at most in their main image, captions or tags."""
    return _words(before) == _words(after)


def _words(extraction: Extraction) -> list[object]:
    return [
        extraction.title,
        extraction.deck,
        None if extraction.byline_from == "feed" else extraction.byline,
        extraction.dateline,
        extraction.section,
        [" ".join(line.split()) for line in extraction.text.splitlines() if line.strip()],
    ]


def _around(extraction: Extraction, other: Extraction | None = None) -> list[object]:
    """Return what stands around the words; no captions where `other` has no images."""
    image = extraction.image_url and urlsplit(extraction.image_url)._replace(query="").geturl()
    below = captions(extraction) if other is None or other.images else []
    return [sorted(set(extraction.tags)), image, below]


def captions(extraction: Extraction) -> list[str]:
    """Return what is written below the images of a reading, each once, in a fixed order."""
    return sorted({image.caption for image in extraction.images if image.caption})


def digest(fields: list[object]) -> str:
    """Return the SHA-256, in hexadecimal, of what was written."""
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


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
