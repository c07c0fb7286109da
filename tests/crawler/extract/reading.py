"""Reading a page as a worker does."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from archive.models import Capture, Extraction, Kind, Link
from crawler.extract.page import extract
from crawler.publisher import Publisher
from tests.crawler.extract.markup import TITLE, page

NOW = datetime(2023, 12, 29, 12, tzinfo=UTC)


URL = "https://sahel.example/news/2023/soq"


SAHEL = Publisher(
    slug="sahel", name="جريدة الساحل", name_latin="Sahel", zone=ZoneInfo("Asia/Beirut")
)


def read(
    html: str | bytes,
    *,
    url: str = URL,
    content_type: str | None = None,
    publisher: Publisher = SAHEL,
    hints: Link | None = None,
    status: int = 200,
) -> Extraction:
    capture = Capture(
        url=url,
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        fetched_at=NOW,
        status=status,
        content_type=content_type,
        body=html if isinstance(html, bytes) else html.encode(),
    )
    return extract(capture, publisher, hints=hints)


def body(inner: str, after: str = "", before: str = "") -> str:
    return page(
        f"<article><h1>{TITLE}</h1>{before}<div class='article-body'>{inner}</div></article>{after}"
    )
