"""The catalogue: every packaged publisher validates, claims only what is known, can be visited."""

import re
import tomllib
from collections import Counter
from importlib import resources

import pytest

from archive.urls import identity_key
from crawler.publisher import PACKAGED, read

FILES = sorted(PACKAGED.glob("*.toml"))
# fmt: off
REGION = (
    "SY", "LB", "IQ", "EG", "SA", "AE", "QA", "KW", "BH", "OM",
    "YE", "PS", "JO", "SD", "LY", "TN", "DZ", "MA", "MR",
)
INTERNATIONAL = (
    "aljazeera", "alhurra", "alarabiya", "bbc-arabic", "cnn-arabic", "dw-arabic",
    "france24-arabic", "independentarabia", "rt-arabic", "skynewsarabia", "un-news-arabic",
)
# fmt: on
ZONES_OF_THEIR_OWN = ("bbc-arabic",)  # its file says by what evidence
NAMED = ("aawsat", "enabbaladi")  # by the issue that asked for a catalogue
ARABIC_LETTER = re.compile("[\N{ARABIC LETTER HAMZA}-\N{ARABIC LETTER YEH}]")


@pytest.fixture(scope="module")
def catalogue():
    return {path.stem: read(path) for path in FILES}


def entries(publisher):
    return (*publisher.feeds, *publisher.sitemaps, *publisher.sections, *publisher.api)


def test_it_is_large_enough(catalogue):
    assert len(catalogue) >= 45


def test_every_country_of_the_region_is_there(catalogue):
    assert set(REGION) - {publisher.country for publisher in catalogue.values()} == set()


def test_the_great_names_are_there(catalogue):
    assert {*INTERNATIONAL, *NAMED} - catalogue.keys() == set()


def test_a_file_says_what_it_is_based_on():
    """A comment names the evidence; a checked file no longer says that it was not checked."""
    for path in FILES:
        text = path.read_text("utf-8")
        comments = [line for line in text.splitlines() if line.startswith("# ")]
        evidence = " ".join(line.removeprefix("# ") for line in comments)
        assert text.startswith("# "), path.stem
        assert not ("Not checked live" in evidence and tomllib.loads(text)["checked"]), path.stem


def test_a_publisher_says_who_it_is_and_where_it_begins(catalogue):
    for slug, publisher in catalogue.items():
        assert publisher.language == "ar", slug
        assert ARABIC_LETTER.search(publisher.name), slug
        assert publisher.name_latin, slug
        assert publisher.name_latin.isascii(), slug
        assert publisher.homepage, slug
        assert entries(publisher), slug
        addresses = (publisher.homepage, *entries(publisher))
        assert all(url.startswith("https://") and url.isascii() for url in addresses), slug


def test_a_front_page_is_read_with_a_pattern_for_articles(catalogue):
    """A front page links to everything else as well."""
    without = [slug for slug, one in catalogue.items() if one.sections and not one.accept]
    accepting = [
        slug for slug, one in catalogue.items() if any(one.wants(url) for url in one.sections)
    ]
    assert (without, accepting) == ([], [])


def test_a_time_zone_is_one_of_the_country(catalogue):
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    zones = {(row[0], row[2]) for row in rows}  # of each country, by the IANA database
    wrong = [
        slug
        for slug, one in catalogue.items()
        if one.zone and slug not in ZONES_OF_THEIR_OWN and (one.country, one.zone.key) not in zones
    ]
    assert wrong == []


def test_no_two_share_a_homepage_or_an_entry_point(catalogue):
    homepages = Counter(identity_key(one.homepage) for one in catalogue.values())
    listings = Counter(identity_key(url) for one in catalogue.values() for url in entries(one))
    assert [url for url, count in homepages.items() if count > 1] == []
    assert [url for url, count in listings.items() if count > 1] == []
