"""The log names pages by their address and never prints their text."""

import logging

import pytest
from scrapy.http import HtmlResponse
from scrapy.spiders import Spider

from archive.clock import system
from archive.models import Capture, Extraction, Kind, Page, PageKind, Reading, Visit
from crawler.pipelines import PageLogFormatter

URL = "https://x.example/1"
PAGE = Page(
    visit=Visit(key=URL, url=URL, publisher="x", kind=Kind.ARTICLE),
    capture=Capture(
        url=URL,
        publisher="x",
        kind=Kind.ARTICLE,
        fetched_at=system(),
        status=200,
        body="نص سري".encode(),
    ),
)
READING = Reading(page=PAGE, extraction=Extraction(kind=PageKind.ARTICLE, text="نص سري"))


def line(result):
    return result["msg"] % result["args"]


@pytest.mark.parametrize("item", [PAGE, READING])
def test_a_page_is_its_address(item):
    response = HtmlResponse(URL)
    formatter, spider = PageLogFormatter(), Spider(name="news")
    scraped = line(formatter.scraped(item, response, spider))
    broken = line(formatter.item_error(item, ValueError("no"), response, spider))
    for text in (scraped, broken):
        assert URL in text
        assert "سري" not in text
        assert len(text) < 300


async def test_a_crawl_at_its_most_talkative_prints_no_page(archive, caplog):
    with caplog.at_level(logging.DEBUG):
        await archive.crawl(log_level="DEBUG")
    assert "/news/1" in caplog.text
    assert "قال مراسلنا" not in caplog.text
