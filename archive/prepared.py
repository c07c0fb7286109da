"""The writer's pure work on an article's texts, done before by whoever extracted it.

The triggers of the index and the stories find the results, and compute what they do not find.
"""

from dataclasses import replace

from archive import shingles
from archive.records import Extraction, Prepared
from archive.search import index


def prepared(extraction: Extraction) -> Extraction:
    """Return an extraction with its texts analysed and sketched, if it is an article's."""
    if not extraction.is_article:
        return extraction
    texts = (extraction.title, extraction.deck, extraction.byline, extraction.text)
    known = Prepared(
        analysed={text: index.analysed(text) for text in texts if text},
        sketch=shingles.sketch_of(extraction.text),
    )
    return replace(extraction, prepared=known)


def prime(extraction: Extraction) -> None:
    """Let what was prepared of an extraction be found where it is asked for."""
    if extraction.prepared:
        index.prime(extraction.prepared.analysed)
        shingles.prime(extraction.text, extraction.prepared.sketch)
