"""Stop 8 of the road: the bytes of an article page become an `Extraction`.

Pure, and free of scrapy: it runs in worker processes, one page at a time.
"""

from datetime import datetime

from lxml import html
from trafilatura import bare_extraction

from archive.records import Capture, Extraction, Link, PageKind
from crawler.publisher import Publisher


def extract(
    capture: Capture,
    publisher: Publisher,
    *,
    hints: Link | None = None,
    first_seen: datetime | None = None,
) -> Extraction:
    """Read `capture.body` (still in the page's charset) by today's rules for `publisher`.

    `first_seen` is when the article was first captured: relative dates count from there.
    """
    del publisher, first_seen
    tree = html.fromstring(capture.body or b"<html></html>")
    document = bare_extraction(tree, include_comments=False, with_metadata=False)
    text = document.text if document is not None else ""
    title = hints.title if hints is not None else None
    title = title or tree.findtext(".//h1") or tree.findtext(".//title")
    return Extraction(kind=PageKind.ARTICLE, title=title, text=text or "")
