"""The publisher file that `warraq publishers add` writes: its slug, its patterns, its text."""

import re
import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.models import Extraction, Kind, Link, PageKind, Problem
from archive.problems import ProblemKind
from crawler.discovery.check import Listing
from crawler.discovery.front_page import FrontPage, Way
from crawler.discovery.publisher_file import articles_report, compose, language, pattern_of, slug_of
from crawler.discovery.survey import Survey
from crawler.publisher import read

HOME = "https://www.x.example/"

SLUGS = [
    ("https://www.enabbaladi.net/", "enabbaladi"),
    ("https://alquds.co.uk/", "alquds"),
    ("https://lana.gov.ly/", "lana"),
    ("https://al-akhbar.com", "al-akhbar"),
    ("https://arabic.rt.com/", "arabic-rt"),
    ("https://www.bbc.com/arabic", "bbc-arabic"),
    ("https://www.skynews.example/world/", "skynews-world"),
    ("https://m.x.example/index.php", "x"),
    ("http://127.0.0.1:9300/", "127.0.0.1-9300"),
    ("http://localhost/", "localhost"),
    ("https://X.Example/", "x"),
]


@pytest.mark.parametrize(("url", "slug"), SLUGS)
def test_the_slug_of_an_address(url, slug):
    assert slug_of(url) == slug
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", slug)  # as publisher files demand


PATTERNS = [
    (["/2020/11/a-b/", "/2020/10/c1/"], r"/\d+/\d+/[^/]+/$"),
    (["/sport/1", "/sport/22"], r"/sport/\d+$"),
    (["/1/a?x=1", "/2/b?x=2"], None),
    (["/news/12-first", "/news/13-second"], None),  # nothing tells it from any other address
    (["/news/1", "/news/2/"], None),
    ([], None),
]


@pytest.mark.parametrize(("paths", "pattern"), PATTERNS)
def test_what_addresses_have_in_common(paths, pattern):
    found = pattern_of([f"https://x.example{path}" for path in paths])
    assert found == pattern
    assert all(re.search(pattern, path) for path in paths if pattern)


def entry(kind, url, *links, how="declared on the front page", **more):
    found = tuple(Link(url=f"https://x.example{link}") for link in links)
    return Listing(
        url=url, kind=kind, form="RSS feed", how=how, links=found, count=len(found), **more
    )


def samples(*paths, language="ar"):
    reading = Extraction(kind=PageKind.ARTICLE, title="خبر", language=language)
    return {f"https://x.example{path}": reading for path in paths}


def composed(tmp_path, **fields):
    survey = Survey(home=HOME, **({"front": FrontPage(url=HOME, name="الساحل")} | fields))
    path = tmp_path / "x.toml"
    path.write_text(compose(survey, "x", on=date(2020, 11, 12)), "utf-8")
    return read(path), path.read_text("utf-8")


def test_every_entry_point_is_written_with_how_it_was_found(tmp_path):
    newest = date(2020, 11, 12)
    feed = entry(Kind.FEED, "https://x.example/feed", "/1", newest=newest)
    page = entry(Kind.SECTION, "https://x.example/a", "/2", how="in the menu of the front page")
    one, text = composed(tmp_path, entries=[feed, page])
    assert one.feeds == ("https://x.example/feed",)
    assert one.sections == ("https://x.example/a",)
    assert "# declared on the front page: RSS feed, 1 link, newest 2020-11-12\n" in text
    assert "# in the menu of the front page: " in text
    assert "# sitemaps: none found, or none needed\n" in text
    assert "on 2020-11-12" in text
    assert not one.checked


def test_what_the_site_names_and_does_not_work_is_noted(tmp_path):
    problem = Problem(kind=ProblemKind.http(404), detail="answered 404", stage="fetch")
    named = Listing(url="https://x.example/rss", kind=Kind.FEED, how=Way.LINKED, problem=problem)
    _, text = composed(tmp_path, broken=[named])
    assert "# https://x.example/rss (linked from the front page): answered 404\n" in text


def test_lists_among_the_links_are_rejected_where_no_article_looks_like_them(tmp_path):
    sitemap = entry(Kind.SITEMAP, "https://x.example/s.xml", "/2020/1", "/category/sport")
    menu = {Way.IN_MENU: [Link(url="https://x.example/tag/x", kind=Kind.SECTION)]}
    front = FrontPage(url=HOME, name="الساحل", candidates=menu)
    one, _ = composed(tmp_path, entries=[sitemap], samples=samples("/2020/1"), front=front)
    assert not one.wants("https://x.example/category/sport")
    assert not one.wants("https://x.example/tag/x")
    assert one.wants("https://x.example/2020/1")
    other = entry(Kind.SITEMAP, "https://x.example/s.xml", "/category/sport/1")
    one, _ = composed(tmp_path, entries=[other], samples=samples("/category/sport/1"))
    assert one.wants("https://x.example/category/sport/1")


def test_a_pattern_is_proposed_and_not_set(tmp_path):
    feed = entry(Kind.FEED, "https://x.example/feed", "/news/1", "/news/2", "/news/3")
    read_there = samples("/news/1", "/news/2")
    one, text = composed(tmp_path, entries=[feed], samples=read_there)
    assert r"# accept = ['/news/\d+$']" in text
    assert one.accept == ()
    mixed = entry(Kind.FEED, "https://x.example/feed", "/news/1", "/news/2", "/opinion/x")
    _, text = composed(tmp_path, entries=[mixed], samples=read_there)
    assert "accept" not in text


@given(st.text(), st.text(), st.text())
def test_no_text_of_a_page_breaks_the_file(name, how, url):
    feed = entry(Kind.FEED, f"https://x.example/{url.strip()}", "/1", how=how)
    survey = Survey(home=HOME, front=FrontPage(url=HOME, name=name or None), entries=[feed])
    table = tomllib.loads(compose(survey, "x", on=date(2020, 11, 12)))
    assert set(table) <= {"slug", "name", "homepage", "language", "feeds", "checked"}
    assert len(table["feeds"]) == 1


# The languages of the articles that were read, and that of the newspaper beside `en` of its frame.
LANGUAGES = [([], "en"), ([None], "en"), (["ar"], "ar"), (["fr", "ar", "ar"], "ar")]


@pytest.mark.parametrize(("read", "expected"), LANGUAGES)
def test_the_language_is_that_of_the_articles_not_of_the_frame(read, expected):
    survey = Survey(home=HOME, front=FrontPage(url=HOME, language="en"))
    for number, spoken in enumerate(read):
        survey.samples |= samples(f"/{number}", language=spoken)
    assert language(survey) == expected
    assert ("not Arabic" in articles_report(survey)) is (expected != "ar")


def test_what_was_not_found_stands_there_as_a_comment(tmp_path):
    _, text = composed(tmp_path)
    for key in ("name_latin = ", "country = ", "timezone = ", "feeds: ", "sitemaps: "):
        assert f"\n# {key}" in text
    assert '\nname = "الساحل"' in text


def test_a_site_whose_articles_are_elsewhere_names_their_host(tmp_path):
    reading = Extraction(kind=PageKind.ARTICLE, title="خبر", language="ar")
    one, _ = composed(tmp_path, samples={"https://www.y.example/1": reading})
    assert one.further_hosts == ("y.example",)
    assert one.owns("https://y.example/1")
    one, _ = composed(tmp_path, samples=samples("/1"))
    assert one.further_hosts == ()
