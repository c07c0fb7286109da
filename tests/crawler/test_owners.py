"""Each page goes to the publisher whose site it is on."""

import re

import pytest

from crawler.publisher import Owners, Publisher, load_all


def paper(slug, homepage, **fields):
    return Publisher(slug=slug, name=slug, homepage=homepage, **fields)


OWNERS = Owners(
    [
        paper("alwaraq", "https://www.alwaraq.example/", feeds=("https://feeds.alwaraq.example/",)),
        paper("world", "https://world.example/", accept=(re.compile(r"/en/"),)),
        paper("world-ar", "https://world.example/arabic/", accept=(re.compile(r"/arabic/\d+"),)),
        paper("world-fa", "https://world.example/persian"),
    ]
)
PAGES = [
    ("https://alwaraq.example/1", "alwaraq"),
    ("http://m.alwaraq.example/1?utm_source=x", "alwaraq"),
    ("https://WWW.alwaraq.example:443/1", "alwaraq"),
    ("https://feeds.alwaraq.example/x", "alwaraq"),
    ("https://world.example/arabic/12", "world-ar"),
    ("https://world.example/arabic", "world-ar"),
    ("https://world.example/arabic/topics", "world-ar"),
    ("https://world.example/persian/1", "world-fa"),
    ("https://world.example/en/1", "world"),
    ("https://world.example/about", "world"),
    ("https://world.example/arabica/1", "world"),
    ("https://sport.alwaraq.example/1", "sport.alwaraq.example"),
    ("http://www.another.example:8080/x", "another.example"),
]


@pytest.mark.parametrize(("url", "slug"), PAGES)
def test_a_page_belongs_to_the_publisher_of_its_site(url, slug):
    assert OWNERS.of(url).slug == slug


def test_a_publisher_that_is_made_has_the_name_of_its_host_and_its_homepage():
    made = OWNERS.of("http://another.example/a/b?c")
    assert (made.name, made.homepage) == ("another.example", "http://another.example/")


def test_the_packaged_publishers_own_their_homepages():
    publishers = load_all()
    owners = Owners(publishers.values())
    for one in publishers.values():
        assert one.homepage
        assert owners.of(one.homepage.rstrip("/") + "/a-page-of-it").slug == one.slug


@pytest.mark.parametrize("url", ["urn:x", "dns:alwaraq.example", "ftp://alwaraq.example/", ""])
def test_what_is_no_web_address_has_no_owner(url):
    with pytest.raises(ValueError, match="address"):
        OWNERS.of(url)
