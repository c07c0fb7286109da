"""What holds for all tests: how hypothesis looks for counter-examples, who reads pages, memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pebble
import pytest
from hypothesis import settings

from tests.pools import Borrowed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A machine that is busy elsewhere is no counter-example; what one run finds, every run finds.
settings.register_profile("warraq", deadline=None, derandomize=True)
settings.load_profile("warraq")


@pytest.fixture(scope="session", autouse=True)
def _shared_workers() -> Iterator[None]:
    """Let all crawls of this process share worker processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crawler.workers.ProcessPool", Borrowed)
        yield


@pytest.fixture(scope="session", autouse=True)
def _enough_memory() -> Iterator[None]:
    """Leave SQLite the memory for the archives of all tests: its bound is that of a process.

    What a server's bound is worth is tried on one in a process of its own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("archive.site.pools.MEMORY", 8 << 30)
        yield


@pytest.fixture
def own_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each crawl of a test start and end its own, as outside of tests."""
    monkeypatch.setattr("crawler.workers.ProcessPool", pebble.ProcessPool)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A Chromium; no longer than a module, since no event loop runs while it is there."""
    from tests.chromium import chromium

    with chromium() as browser:
        yield browser
