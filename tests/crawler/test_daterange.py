"""On which days a listing says that an article was published."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from archive.models import Kind, Link
from crawler.daterange import Hours, Period, dated, moment

DAMASCUS = ZoneInfo("Asia/Damascus")
TWELFTH, ELEVENTH = date(2020, 11, 12), date(2020, 11, 11)
PLAIN = "https://x.example/news/7"

STATED = [
    ({"published": "2020-11-12T09:00:00Z"}, (TWELFTH, TWELFTH)),
    ({"published": "2020-11-11T23:30:00Z"}, (TWELFTH, TWELFTH)),  # half past one in Damascus
    ({"published": "2020-11-12"}, (TWELFTH, TWELFTH)),
    ({"published": "Thu, 12 Nov 2020 09:00:00 +0200"}, (TWELFTH, TWELFTH)),
    ({"published": "2020-11-12T09:00:00"}, (TWELFTH, TWELFTH)),
    ({"published": "12 تشرين الثاني 2020"}, (TWELFTH, TWELFTH)),
    ({"published": "2020-13-45"}, (None, None)),
    ({"published": "منذ ساعتين"}, (None, None)),
    ({"published": "soon"}, (None, None)),
    ({"modified": "2020-11-12T09:00:00Z"}, (None, TWELFTH)),
    ({"modified": "2020-11-12"}, (None, TWELFTH)),
    ({"published": "2020-11-11", "modified": "2020-11-12"}, (ELEVENTH, ELEVENTH)),
    ({"url": "https://x.example/2020/11/12/a"}, (TWELFTH, TWELFTH)),
    ({"url": "https://x.example/2020-11-12/a"}, (TWELFTH, TWELFTH)),
    ({"url": "https://x.example/2020/11/a"}, (date(2020, 11, 1), date(2020, 11, 30))),
    ({"url": "https://x.example/2020/12/a"}, (date(2020, 12, 1), date(2020, 12, 31))),
    ({"url": "https://x.example/2020/2/a"}, (date(2020, 2, 1), date(2020, 2, 29))),
    ({"url": "https://x.example/2020/31/a"}, (None, None)),
    ({"url": "https://x.example/2020/117/a"}, (None, None)),
    ({"url": "https://x.example/world-cup-2022-11-12"}, (None, None)),
    ({"url": "https://x.example/2020/11/a", "published": "2020-12-01"}, (date(2020, 12, 1),) * 2),
    (
        {"url": "https://x.example/2020/11/a", "modified": "2020-11-12"},
        (date(2020, 11, 1), TWELFTH),
    ),
    (
        {"url": "https://x.example/2020/11/a", "modified": "2020-10-12"},  # one of them lies
        (date(2020, 11, 1), date(2020, 11, 30)),
    ),
    ({"kind": Kind.SITEMAP, "published": "2020-11-12T09:00:00Z"}, (None, TWELFTH)),
    ({}, (None, None)),
]


@pytest.mark.parametrize(("hints", "days"), STATED)
def test_the_days_that_a_link_states(hints, days):
    link = dated(Link(**{"url": PLAIN} | hints), zone=DAMASCUS)
    assert (link.earliest_on, link.latest_on) == days


def test_where_no_zone_is_known_a_moment_may_be_of_three_days():
    link = dated(Link(url=PLAIN, published="2020-11-12T09:00:00Z"), zone=None)
    assert (link.earliest_on, link.latest_on) == (ELEVENTH, date(2020, 11, 13))


OVER = [
    (None, None, False),
    (ELEVENTH, ELEVENTH, True),
    (ELEVENTH, TWELFTH, False),
    (None, ELEVENTH, True),
    (TWELFTH, None, False),
]


@pytest.mark.parametrize(("earliest", "latest", "is_over"), OVER)
def test_only_what_is_surely_older_is_over(earliest, latest, is_over):
    link = Link(url=PLAIN, earliest_on=earliest, latest_on=latest)
    assert Period(since=TWELFTH).is_over(link) is is_over
    assert not Period().is_over(link)
    assert Period(until=date(2020, 11, 10)).is_ahead(link) is (earliest is not None)
    assert not Period().is_ahead(link)


def test_a_printed_date_is_a_moment_of_utc():
    assert moment("2020-11-12", zone=DAMASCUS) == datetime(2020, 11, 11, 22, tzinfo=UTC)
    assert moment("2020-11-12T09:00:00", zone=None) == datetime(2020, 11, 12, 9, tzinfo=UTC)
    assert moment("2020-11-12T09:00:00+99:00", zone=DAMASCUS) is None
    assert moment(None, zone=None) is moment("", zone=None) is moment("x", zone=None) is None


@pytest.mark.parametrize(
    ("text", "moment", "within"),
    [
        ("22-06", "23:59", True),
        ("22-06", "00:00", True),
        ("22-06", "05:59", True),
        ("22-06", "06:00", False),
        ("22-06", "21:59", False),
        ("9-17", "09:00", True),
        ("9-17", "17:00", False),
        ("9:30 - 9:45", "09:30", True),
        ("9:30-9:45", "09:50", False),
        ("18-24", "23:59", True),
        ("18-24", "00:00", False),
        ("0-24", "12:00", True),
    ],
)
def test_a_moment_lies_within_or_not(text, moment, within):
    assert (datetime.fromisoformat(f"2026-11-23T{moment}") in Hours.parse(text)) is within


@pytest.mark.parametrize("text", ["", "22", "22-", "25-06", "22-06-07", "night", "22:60-23"])
def test_anything_else_is_an_error(text):
    with pytest.raises(ValueError):
        Hours.parse(text)
