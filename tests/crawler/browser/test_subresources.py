"""What a page that is rendered may ask for."""

from typing import cast

import pytest

from crawler.browser import Fetcher, Subresources

TRACKERS = [
    "doubleclick.net",
    "google-analytics.com",
    "googletagmanager.com",
    "x.com",
    "clarity.ms",
]


@pytest.mark.parametrize("tracker", TRACKERS)
def test_trackers_are_not_asked_for_unless_the_page_is_theirs(tracker):
    fetcher, document = cast("Fetcher", None), (200, dict[str, str](), b"")
    page = Subresources(fetcher, document, url="https://paper.example/news/1", publisher="x")
    assert not page._is_wanted(f"https://stats.g.{tracker}/dc.js")
    assert page._is_wanted(f"https://{tracker}.paper.example/dc.js")
