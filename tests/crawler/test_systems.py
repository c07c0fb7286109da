"""Pages of many publishing systems give their article whole, and nothing that stands around it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from archive.records import Capture, Kind
from crawler.extract import extract
from crawler.publisher import Publisher
from tests.crawler import kind_pages, odd_pages, press_pages, system_pages
from tests.crawler.extract_pages import Case

CASES = [*system_pages.CASES, *press_pages.CASES, *kind_pages.CASES, *odd_pages.CASES]
NOW = datetime(2024, 2, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_page_of_a_system(case: Case):
    publisher = Publisher(slug="nakhl", name=case.paper, zone=ZoneInfo("Asia/Beirut"))
    capture = Capture(
        url=case.url,
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        fetched_at=NOW,
        status=200,
        body=case.body,
    )
    found = extract(capture, publisher)
    got = {name: getattr(found, name) for name in case.expected}
    for name, value in got.items():
        if name == "problems":
            got[name] = tuple(problem.kind for problem in value)
        elif hasattr(value, "isoformat"):
            got[name] = value.isoformat()
    assert got == case.expected
