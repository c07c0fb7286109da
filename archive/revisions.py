"""What a new reading means against the article the archive holds: New, Changed or Same. Pure."""

import hashlib
import json
from urllib.parse import urlsplit

from archive.clock import iso
from archive.records import Extraction, Outcome


def content_hash(extraction: Extraction) -> str:
    """Return the SHA-256, in hexadecimal, of all that the publisher wrote in this reading.

    `modified_at` is left out: a stamp that moves without a word changing is no revision. White
    space and an image's query string (sizes, cache keys) are no change either.
    """
    image = extraction.image_url and urlsplit(extraction.image_url)._replace(query="").geturl()
    written = [
        extraction.title,
        extraction.deck,
        extraction.byline,
        extraction.dateline,
        extraction.section,
        sorted(extraction.tags),
        extraction.published_at and iso(extraction.published_at),
        extraction.published_on and extraction.published_on.isoformat(),
        image,
        [" ".join(line.split()) for line in extraction.text.splitlines() if line.strip()],
    ]
    return hashlib.sha256(json.dumps(written, ensure_ascii=False).encode()).hexdigest()


def decide(current_hash: str | None, extraction: Extraction) -> Outcome:
    """Say what a reading is against the current revision's hash (None: not known yet)."""
    if current_hash is None:
        return Outcome.NEW
    return Outcome.SAME if current_hash == content_hash(extraction) else Outcome.CHANGED
