"""`scrapy crawl news -a publisher=SLUG[,SLUG] [-a archive=DIR]`, opened as `warraq crawl` does."""

import asyncio
import contextlib
from pathlib import Path

from scrapy.crawler import Crawler

from archive.errors import ArchiveError
from archive.store import Store
from crawler import config
from crawler.browser import render
from crawler.errors import CrawlerError, PublisherError
from crawler.frontier import entry_points
from crawler.publisher import Publisher, find
from crawler.settings import USER_AGENT, scrapy_settings, warcinfo


def from_arguments(
    crawler: Crawler, opened: contextlib.ExitStack, **arguments: str
) -> tuple[Store, list[Publisher]]:
    """Open the archive that the `-a` arguments name; return it and the publishers.

    Raises:
        SystemExit: with one line on what is wrong with them, or with the archive.
    """
    try:
        root, chosen = _chosen(**arguments)
        own = config.load(root)
        render.check(chosen, [root / "publishers"])
        store = opened.enter_context(
            Store(root, command="scrapy crawl", software=USER_AGENT, settings=warcinfo(own.contact))
        )
    except (ArchiveError, CrawlerError) as error:
        # asyncio would show the traceback of the task that ends here.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        raise SystemExit(f"Error: {error}") from None
    wanted = scrapy_settings(chosen, contact=own.contact)
    wanted.set("PROXY", own.proxy)
    for name in ("USER_AGENT", "DOWNLOAD_SLOTS", "OPEN_URLS", "PROXY"):
        crawler.settings.set(name, wanted[name], priority="spider")
    for one in chosen:
        store.publish(one.record())
        store.enter(entry_points(one), publisher=one.slug)
    store.batch.commit()
    return store, chosen


def _chosen(
    *, publisher: str = "", archive: str = "warraq-archive", **other: str
) -> tuple[Path, list[Publisher]]:
    root = Path(archive)
    chosen = [find(slug, [root / "publishers"]) for slug in publisher.split(",") if slug]
    if not chosen or other:
        raise PublisherError(
            "say scrapy crawl news -a publisher=SLUG[,SLUG] [-a archive=DIR];"
            " `warraq crawl` knows more options"
        )
    return root, chosen
