"""No browser outlives the crawl that started it, however that ends."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from crawler import browser
from tests.crawler import shell, wire
from tests.crawler.browser.shells import SHELL

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(browser.find_chromium() is None, reason="no Chromium is installed"),
]


def browsers(pids):
    """Return those of the processes that are Chromium's (Linux)."""
    found = set()
    for pid in pids:
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        if name.startswith("chrom"):
            found.add(pid)
    return found


@pytest.fixture
def rendering(archive, site):
    """A crawl in a process of its own whose page waits for a script."""
    archive.follow(feeds=[site.url + "/feed"], render=True, homepage=site.url + "/")
    feed = wire.feed(site.url + "/news/1")
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    site.answers["/news/1"] = (wire.http(SHELL.format(more="").encode()),)
    site.answers["/app.js"] = (15.0, wire.http(b"", media="text/javascript"))
    with shell.start("crawl", "paper", "--archive", archive.root, start_new_session=True) as crawl:
        assert wire.until(lambda: site.count("/app.js") == 1, seconds=60)
        family = shell.children(crawl.pid)
        assert browsers(family)
        yield crawl, family
        if crawl.poll() is None:
            crawl.kill()


def gone(family):
    return wire.until(lambda: not any(map(shell.alive, family)), seconds=30)


def test_a_killed_crawl_leaves_no_browser(rendering):
    crawl, family = rendering
    crawl.kill()
    crawl.wait()
    assert gone(family)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_a_stopped_crawl_ends_its_browser(rendering, number):
    crawl, family = rendering
    crawl.send_signal(number)
    output = crawl.communicate(timeout=60)[0]
    assert crawl.returncode == 130
    assert "Traceback" not in output
    assert gone(family)


def test_ctrl_c_in_a_terminal_reaches_the_browser_too_and_loses_no_visit(rendering, archive):
    """A terminal signals the whole group: the browser's driver dies with what it had in hand."""
    crawl, family = rendering
    for pid in {crawl.pid, *family} - browsers(family):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    output = crawl.communicate(timeout=60)[0]
    assert crawl.returncode == 130
    assert "Traceback" not in output
    assert gone(family)
    visits = archive.rows("select state, due_at is null from visits where kind = 'article'")
    assert visits in ([("due", 0)], [("failed", 0)])
