"""The catalogue: every packaged publisher validates, claims only what is known, can be visited."""

import re
import tomllib
from collections import Counter
from importlib import resources

import pytest

from archive.urls import canonical
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


def test_it_is_large_enough(catalogue):
    assert len(catalogue) >= 45


@pytest.mark.parametrize("country", REGION)
def test_every_country_of_the_region_is_there(catalogue, country):
    assert country in {one.country for one in catalogue.values()}


@pytest.mark.parametrize("slug", [*INTERNATIONAL, *NAMED])
def test_the_great_names_are_there(catalogue, slug):
    assert slug in catalogue


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_claims_only_what_is_known(path):
    text = path.read_text("utf-8")
    evidence = " ".join(
        line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")
    )
    assert text.startswith("# ")
    assert evidence.endswith("Not looked at live yet.")
    assert tomllib.loads(text)["checked"] is False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_publisher_says_who_it_is_and_where_it_begins(path):
    one = read(path)
    assert one.language == "ar"
    assert ARABIC_LETTER.search(one.name)
    assert one.name_latin
    assert one.name_latin.isascii()
    assert one.homepage
    entries = (*one.feeds, *one.sitemaps, *one.sections, *one.api)
    assert entries
    assert all(url.startswith("https://") for url in (one.homepage, *entries))
    assert all(url.isascii() for url in entries)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_front_page_is_read_with_a_pattern_for_articles(path):
    one = read(path)
    assert one.accept or not one.sections  # a front page links to everything else as well
    assert not any(one.wants(url) for url in one.sections)


@pytest.fixture(scope="module")
def zones():
    """The time zones of each country, by the IANA database."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return {(row[0], row[2]) for row in rows}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_time_zone_is_one_of_the_country(path, zones):
    one = read(path)
    if one.zone is not None and path.stem not in ZONES_OF_THEIR_OWN:
        assert (one.country, one.zone.key) in zones


def test_no_two_share_a_homepage_or_an_entry_point(catalogue):
    homepages = Counter(canonical(one.homepage) for one in catalogue.values())
    entries = Counter(
        canonical(url)
        for one in catalogue.values()
        for url in (*one.feeds, *one.sitemaps, *one.sections, *one.api)
    )
    assert [url for url, count in homepages.items() if count > 1] == []
    assert [url for url, count in entries.items() if count > 1] == []
