"""What Warraq is measured against: Scrapy that only downloads, and the naive news spider."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import sqlite_utils
import trafilatura
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

SETTINGS = {
    "LOG_LEVEL": "WARNING",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "CONCURRENT_REQUESTS": 32,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 32,
    "DOWNLOAD_DELAY": 0,
}


class Download(Spider):
    """Fetches every address and looks at nothing."""

    name = "download"

    def __init__(self, listed: str, out: str) -> None:
        super().__init__()
        self.addresses = Path(listed).read_text("utf-8").split()
        self.out = out

    async def start(self) -> AsyncIterator[Any]:
        for url in self.addresses:
            yield Request(url)

    def parse(self, response: Response) -> None:
        """Do nothing with the page."""


class Naive(Download):
    """Extracts in the callback and upserts each article: the spider everybody writes first."""

    name = "naive"

    def parse(self, response: Response) -> None:
        table = sqlite_utils.Database(self.out).table("articles")
        found = trafilatura.extract(response.body, output_format="json", with_metadata=True)
        table.upsert({"url": response.url, "article": found}, pk="url")


def main(name: str, listed: str, out: str) -> None:
    process = AsyncCrawlerProcess(SETTINGS)
    process.crawl({"download": Download, "naive": Naive}[name], listed=listed, out=out)
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
