"""Pages of many publishing systems give their article whole, and nothing that stands around it."""

import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from archive.records import Capture, Extraction, Kind, PageKind
from crawler.extract import extract
from crawler.publisher import Publisher
from tests.crawler import kind_pages, odd_pages, press_pages, system_pages
from tests.crawler.extract_pages import Case

CASES = [*system_pages.CASES, *press_pages.CASES, *kind_pages.CASES, *odd_pages.CASES]
NOW = datetime(2024, 2, 15, 8, tzinfo=UTC)


def read(case: Case) -> Extraction:
    publisher = Publisher(slug="nakhl", name=case.paper, zone=ZoneInfo("Asia/Beirut"))
    capture = Capture(
        url=case.url,
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        fetched_at=NOW,
        status=200,
        body=case.body,
    )
    return extract(capture, publisher)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_page_of_a_system(case: Case):
    found = read(case)
    got = {name: getattr(found, name) for name in case.expected}
    for name, value in got.items():
        if name == "problems":
            got[name] = tuple(problem.kind for problem in value)
        elif hasattr(value, "isoformat"):
            got[name] = value.isoformat()
    assert got == case.expected


def _nameless(page: str) -> str:
    """Return a page with its class names and ids made meaningless, as build tools do."""
    kept = re.compile(r"__NEXT_DATA__")

    def hashed(match: re.Match[str]) -> str:
        if kept.search(match[3]):
            return match[0]
        names = (f"c{zlib.crc32(name.encode()):08x}" for name in match[3].split())
        return f"{match[1]}={match[2]}{' '.join(names)}{match[2]}"

    return re.sub(r"""(class|id)=(["'])(.*?)\2""", hashed, page)


ARTICLES = [*system_pages.CASES, *press_pages.CASES, *odd_pages.CASES]


@pytest.mark.parametrize("case", ARTICLES, ids=lambda case: case.name)
def test_without_telling_names_nothing_of_an_article_is_lost(case: Case):
    """More may stay than the article, for nothing says what it is; less may not."""
    assert isinstance(case.html, str)
    found = read(replace(case, html=_nameless(case.html)))
    lost = set(str(case.expected["text"]).splitlines()) - set(found.text.splitlines())
    assert (lost, found.title, found.kind) == (set(), case.expected["title"], PageKind.ARTICLE)
    dated = case.expected.get("published_on") or case.expected.get("published_at")
    if found.published_on and dated:
        assert str(dated).startswith(found.published_on.isoformat())
