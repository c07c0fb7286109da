"""Publisher files are validated strictly: a wrong one names file, key and remedy."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from archive.urls import identity_key
from crawler import publisher
from crawler.errors import PublisherError
from crawler.publisher import PACKAGED, Publisher, find, load_all, read

GOOD = """
slug = "nahar"
name = "النهار"
name_latin = "An-Nahar"
homepage = "https://www.nahar.example/"
country = "LB"
language = "ar"
timezone = "Asia/Beirut"
feeds = ["https://www.nahar.example/feed"]
sitemaps = ["https://maps.nahar.example/sitemap.xml"]
sections = ["https://www.nahar.example/سياسة"]
accept = ['/article/\\d+']
reject = ['/video/', '/author/']
delay = 2.5
"""
MINIMAL = 'slug = "nahar"\nname = "النهار"\n'


def write(folder, text, name="nahar.toml"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.toml")), ids=lambda path: path.stem)
def test_packaged_publishers_are_valid_and_can_be_crawled(path):
    one = read(path)
    assert one.name
    assert one.name_latin
    assert one.language
    assert one.feeds or one.sitemaps or one.sections


def test_every_key_arrives_where_it_belongs(tmp_path):
    one = read(write(tmp_path, GOOD))
    assert (one.slug, one.name, one.name_latin) == ("nahar", "النهار", "An-Nahar")
    assert (one.country, one.language, one.zone) == ("LB", "ar", ZoneInfo("Asia/Beirut"))
    assert one.feeds == ("https://www.nahar.example/feed",)
    assert one.sections == ("https://www.nahar.example/سياسة",)
    assert one.delay == 2.5
    assert one.hosts == {"www.nahar.example", "maps.nahar.example"}


def test_slug_and_name_are_enough(tmp_path):
    assert read(write(tmp_path, MINIMAL)) == Publisher(slug="nahar", name="النهار")


def test_a_byte_order_mark_is_no_error(tmp_path):
    assert read(write(tmp_path, b"\xef\xbb\xbf" + MINIMAL.encode())).name == "النهار"


# What is wrong, the key the message must name, and a piece of the remedy.
WRONG = [
    ('feed = ["https://x.example/"]', "`feed`", "`feeds`"),
    ("delay = -1", "`delay`", "seconds"),
    ("delay = nan", "`delay`", "seconds"),
    ("delay = true", "`delay`", "seconds"),
    ('delay = "2"', "`delay`", "seconds"),
    ("accept = ['(']", "`accept`", "regular expression"),
    ('accept = "/a/"', "`accept`", "not a list"),
    ("accept = [1]", "`accept`", r"write '/article/\d+'"),
    ('timezone = "Asia/Nowhere"', "`timezone`", '"Asia/Damascus"'),
    ('timezone = "../../etc/passwd"', "`timezone`", '"Asia/Damascus"'),
    ('timezone = ""', "`timezone`", '"Asia/Damascus"'),
    ('homepage = "www.nahar.example"', "`homepage`", "a whole address"),
    ('feeds = ["ftp://nahar.example/"]', "`feeds`", "a whole address"),
    ('feeds = ["http://[nahar/"]', "`feeds`", "a whole address"),
    ('feeds = ["http://nahar.example:99999/"]', "`feeds`", "a whole address"),
    ('feeds = "https://nahar.example/"', "`feeds`", "write ["),
    ('country = "Lebanon"', "`country`", '"SY"'),
    ('language = "arabic"', "`language`", '"ar"'),
    ("checked = 1", "`checked`", "true or false"),
    ('rules = "text"', "`rules`", "[[rules]]"),
    ('[[rules]]\ntitel = "h1"', "`rules[1].titel`", "`title`"),
    ('[[rules]]\ntitle = "h1["', "`rules[1].title`", "CSS selector"),
    ('[[rules]]\ntitle = "h1::text"', "`rules[1].title`", "CSS selector"),
    ('[[rules]]\ntitle = "h1:nowhere"', "`rules[1].title`", "CSS selector"),
    ('[[rules]]\nremove = ".ad"', "`rules[1].remove`", "not a list"),
    ('[[rules]]\nuntil = "2024-03-01"', "`rules[1].until`", "without quotes"),
    ("[[rules]]\nuntil = 2024-03-01T00:00:00Z", "`rules[1].until`", "without quotes"),
    (
        "[[rules]]\nuntil = 2024-03-01\n[[rules]]\ntext = 1",
        "`rules[2].text`",
        'write ".article-body"',
    ),
    ('[[rules]]\ntitle = "h1"\n[[rules]]\ntitle = "h2"', "`rules`", "`until`"),
    ("name = [", "not a readable TOML file", "Invalid value"),
]


@pytest.mark.parametrize(("text", "key", "remedy"), WRONG, ids=[case[0] for case in WRONG])
def test_a_wrong_file_names_itself_the_key_and_the_remedy(tmp_path, text, key, remedy):
    path = write(tmp_path, MINIMAL + text)
    with pytest.raises(PublisherError) as raised:
        read(path)
    message = str(raised.value)
    assert message.startswith(str(path))
    assert key in message
    assert remedy in message


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ('slug = "annahar"\nname = "x"', "make it 'nahar'"),
        ('name = "x"', "make it 'nahar'"),
        ('slug = "nahar"', "`name` is missing"),
        ('slug = "An Nahar"', "not a valid short name"),
        ("", "make it 'nahar'"),
        ("صحيفة".encode("cp1256"), "not a readable TOML file"),
        (b"\x00\x01", "not a readable TOML file"),
    ],
)
def test_a_file_without_its_own_slug_and_name_is_refused(tmp_path, text, remedy):
    path = write(tmp_path, text)
    with pytest.raises(PublisherError) as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert remedy in str(raised.value)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "nahar.toml").mkdir()
    with pytest.raises(PublisherError, match="not a readable TOML file"):
        read(tmp_path / "nahar.toml")


def test_the_users_folder_adds_and_overrides(tmp_path):
    write(tmp_path, MINIMAL)
    write(tmp_path, 'slug = "enabbaladi"\nname = "غيره"', "enabbaladi.toml")
    known = load_all(tmp_path)
    assert known["nahar"].name == "النهار"
    assert known["enabbaladi"].name == "غيره"
    assert known.keys() > {"aawsat"}
    assert find("enabbaladi", [tmp_path]).name == "غيره"
    assert find("enabbaladi").name == "عنب بلدي"
    assert load_all(tmp_path / "none").keys() == load_all().keys()


@pytest.mark.parametrize(
    ("slug", "expected"),
    [
        ("enabaladi", "did you mean enabbaladi"),
        ("nahr", "nahar"),
        ("zzzz", "; `warraq publishers list` names them all"),
        ("", "; `warraq publishers list` names them all"),
    ],
)
def test_an_unknown_publisher_is_answered_with_the_nearest(tmp_path, slug, expected):
    write(tmp_path, MINIMAL)
    with pytest.raises(PublisherError, match=expected):
        find(slug, [tmp_path])


RULES = """
[[rules]]
title = "h1.now"
[[rules]]
until = 2021-06-01
title = "h1.middle"
[[rules]]
until = 2019-01-01
title = "h1.old"
"""


@pytest.mark.parametrize(
    ("day", "title"),
    [
        (date(1999, 1, 1), "h1.old"),
        (date(2018, 12, 31), "h1.old"),
        (date(2019, 1, 1), "h1.middle"),
        (date(2021, 5, 31), "h1.middle"),
        (date(2021, 6, 1), "h1.now"),
        (date(2030, 1, 1), "h1.now"),
    ],
)
def test_rules_are_those_of_the_day(tmp_path, day, title):
    assert read(write(tmp_path, MINIMAL + RULES)).rules_on(day).title == title


def test_without_rules_the_general_extraction_reads():
    assert Publisher(slug="x", name="x").rules_on(date(2020, 1, 1)) == publisher.Rules()


def test_after_the_last_rules_there_are_none(tmp_path):
    one = read(write(tmp_path, MINIMAL + "[[rules]]\nuntil = 2019-01-01\ntitle = 'h1'"))
    assert one.rules_on(date(2019, 1, 1)) == publisher.Rules()


@pytest.mark.parametrize(
    ("accept", "reject", "url", "wanted"),
    [
        ("[]", "[]", "https://x.example/1", True),
        (r"['/article/\d+']", "[]", "https://x.example/article/12", True),
        (r"['/article/\d+']", "[]", "https://x.example/video/12", False),
        ("[]", "['/video/']", "https://x.example/video/12", False),
        ("['/article/']", "['print$']", "https://x.example/article/12?print", False),
    ],
)
def test_links_are_wanted_when_accepted_and_not_rejected(tmp_path, accept, reject, url, wanted):
    one = read(write(tmp_path, f"{MINIMAL}accept = {accept}\nreject = {reject}"))
    assert one.wants(url) is wanted


@pytest.mark.parametrize(
    ("url", "slug", "homepage"),
    [
        ("https://www.x.example/a?b", "x.example", "https://www.x.example/"),
        ("http://X.example:8080/", "x.example", "http://x.example:8080/"),
        ("https://me:secret@x.example/a", "x.example", "https://x.example/"),
    ],
)
def test_a_publisher_of_which_only_an_address_is_known(url, slug, homepage):
    one = Publisher.of_url(url)
    assert (one.slug, one.name, one.homepage) == (slug, slug, homepage)


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://www.nahar.example/a/1", True),
        ("http://nahar.example/1", True),
        ("https://m.nahar.example/1", True),
        ("https://sport.nahar.example/1", True),
        ("https://old.example/1", True),
        ("https://other.example/1", False),
        ("https://nahar.example.org/1", False),
        ("https://notnahar.example/1", False),
    ],
)
def test_a_page_is_a_newspapers_own_where_its_file_names_the_site(tmp_path, url, owned):
    one = read(write(tmp_path, GOOD + 'hosts = ["www.old.example"]\n'))
    assert one.owns(identity_key(url)) is owned
    assert Publisher(slug="x", name="x").owns(identity_key(url))


def test_a_site_without_a_registered_name_is_the_host_with_its_port():
    one = Publisher(slug="x", name="x", homepage="http://127.0.0.1:81/")
    assert one.owns("https://127.0.0.1:81/1")
    assert not one.owns("https://127.0.0.1:82/1")
    bahrain = Publisher(slug="x", name="x", homepage="https://www.bna.bh/")
    assert bahrain.owns("https://media.bna.bh/1")
