"""Scrapy is told what it knows, and nothing lets anybody in."""

import pytest
from scrapy.settings import Settings, default_settings
from scrapy.utils.misc import load_object

from crawler import settings as own
from crawler.config import Collector, Config
from crawler.publisher import Publisher
from crawler.settings import scrapy_settings, user_agent, warcinfo

OURS = {
    *("EXTRACT_SECONDS", "EXTRACT_PROCESSES", "EXTRACT_MB", "RENDER_SECONDS"),
    *("OPEN_URLS", "PROXY", "UNVERIFIED", "FULL", "FULL_SECONDS"),
}
NAMES = sorted(name for name in vars(own) if name.isupper())


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_one_that_scrapy_reads(name):
    assert name in OURS or hasattr(default_settings, name)


@pytest.mark.parametrize(
    "name", ["DOWNLOADER_MIDDLEWARES", "DOWNLOAD_HANDLERS", "SPIDER_MIDDLEWARES"]
)
def test_every_component_is_there(name):
    for key, value in getattr(own, name).items():
        path = value if name == "DOWNLOAD_HANDLERS" else key
        assert path is None or load_object(path)


def test_nothing_is_offered_to_log_in_to():
    assert scrapy_settings([]).getwithbase("EXTENSIONS") == {}


def test_one_identity_with_a_contact_address():
    assert user_agent() == own.USER_AGENT
    assert user_agent("https://x.example/bot") == f"{own.USER_AGENT} (+https://x.example/bot)"
    assert scrapy_settings([], Config(contact="me@x.example"))["USER_AGENT"].endswith(
        "(+me@x.example)"
    )
    assert own.USER_AGENT.partition("/")[0] == own.ROBOTSTXT_USER_AGENT
    assert own.DEFAULT_REQUEST_HEADERS["Accept-Language"].startswith("ar")


def test_each_warc_file_says_who_collects():
    stated = warcinfo(
        Config(contact="me@x.example", collector=Collector(name="سلمى\nأحمد", note="x"))
    )
    assert stated == {
        "robots": "RFC 9309",
        "http-header-user-agent": user_agent("me@x.example"),
        "operator": "سلمى أحمد",
        "collector-note": "x",
    }
    assert warcinfo().keys() == {"robots", "http-header-user-agent"}


def test_workers_are_as_many_and_as_large_as_warraq_toml_says():
    named = scrapy_settings([], Config(workers=3, worker_mb=400))
    assert (named.getint("EXTRACT_PROCESSES"), named.getint("EXTRACT_MB")) == (3, 400)
    usual = scrapy_settings([])
    assert (usual.getint("EXTRACT_PROCESSES"), usual.getint("EXTRACT_MB")) == (0, 512)


def paper(slug, delay, *feeds):
    return Publisher(slug=slug, name=slug, delay=delay, feeds=feeds)


def test_a_publishers_delay_is_its_hosts_and_the_longest_of_several_counts():
    slots = scrapy_settings(
        [
            paper("a", 0.0, "https://a.example/feed", "https://shared.example/a"),
            paper("b", 2.0, "https://shared.example/b"),
            paper("c", None, "https://c.example/feed", "https://also.example/"),
            paper("d", 0.0, "https://also.example/d"),
        ]
    )["DOWNLOAD_SLOTS"]
    assert {host: slot["delay"] for host, slot in slots.items()} == {
        "a.example": 0.0,
        "shared.example": 2.0,
        "c.example": own.DOWNLOAD_DELAY,
        "also.example": own.DOWNLOAD_DELAY,
    }


def test_scrapys_own_command_finds_the_same_settings():
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    for name in NAMES:
        if name not in {"USER_AGENT", "DOWNLOAD_SLOTS"}:
            assert settings.get(name) == scrapy_settings([]).get(name)
