"""Whom to crawl and what time it is, from what was typed."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from archive.clock import system
from crawler.commands.options import Day, chosen, clock_at
from crawler.errors import PublisherError


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2020-11-12", datetime(2020, 11, 12, tzinfo=UTC)),
        ("2020-11-12T09:00Z", datetime(2020, 11, 12, 9, tzinfo=UTC)),
        ("2020-11-12T09:00+03:00", datetime(2020, 11, 12, 6, tzinfo=UTC)),
        ("20201112T0900", datetime(2020, 11, 12, 9, tzinfo=UTC)),
    ],
)
def test_the_clock_starts_at_the_moment_and_runs(value, moment):
    clock = clock_at(value)
    first, second = clock(), clock()
    assert moment <= first <= second < moment + timedelta(seconds=5)


@pytest.mark.parametrize("value", ["9999-12-31", "1901-01-01T00:00+14:00"])
def test_no_clock_starts_in_another_age(value):
    with pytest.raises(click.BadParameter, match="is not of the years 1971 to 2199"):
        clock_at(value)


@pytest.mark.parametrize("value", ["", "now", "12/11/2020", "2020-13-01", "0001-01-01T00:00+14:00"])
def test_no_moment_is_refused(value):
    with pytest.raises(click.BadParameter, match="is not a time; write"):
        clock_at(value)


def test_without_a_moment_it_is_the_machines_clock():
    assert clock_at(None) is system


def own(root, slug):
    (root / "publishers").mkdir(exist_ok=True)
    (root / "publishers" / f"{slug}.toml").write_text(f'slug = "{slug}"\nname = "x"', "utf-8")


def slugs(root, *names):
    return [one.slug for one in chosen(root, names)]


def test_named_publishers_are_taken_in_their_order_and_once(tmp_path):
    own(tmp_path, "paper")
    assert slugs(tmp_path, "paper", "aawsat", "paper") == ["paper", "aawsat"]


def test_without_names_the_archive_says_whom(tmp_path):
    with pytest.raises(PublisherError, match="enabbaladi"):
        slugs(tmp_path)
    own(tmp_path, "paper")
    assert slugs(tmp_path) == ["paper"]
    (tmp_path / "warraq.toml").write_text('follow = ["aawsat"]', "utf-8")
    assert slugs(tmp_path) == ["aawsat"]


async def test_a_crawled_archive_follows_whom_it_was_filled_from(archive, monkeypatch):
    await archive.crawl()
    (archive.root / "publishers" / "paper.toml").rename(archive.root / "paper.toml")
    with pytest.raises(PublisherError):
        slugs(archive.root)  # its file is gone
    (archive.root / "paper.toml").rename(archive.root / "publishers" / "paper.toml")
    assert slugs(archive.root) == ["paper"]


def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(PublisherError, match="'papr'"):
        slugs(tmp_path, "papr")


DAYS = [
    ("2020-11-09", "2020-11-09", "2020-11-09"),
    (" 2020-2 ", "2020-02-01", "2020-02-29"),
    ("2020-12", "2020-12-01", "2020-12-31"),
    ("2020", "2020-01-01", "2020-12-31"),
    ("9999", "9999-01-01", "9999-12-31"),
]


@pytest.mark.parametrize(("value", "first", "last"), DAYS)
def test_a_day_a_month_and_a_year_have_a_first_day_and_a_last(value, first, last):
    assert Day().convert(value, None, None).isoformat() == first
    assert Day(last=True).convert(value, None, None).isoformat() == last


@pytest.mark.parametrize(
    "value", ["", "x", "2020-13", "2020-11-31", "2020-11-09-1", "9/11/2020", "20", "09-11-20"]
)
@pytest.mark.parametrize("last", [False, True])
def test_no_day_is_refused(value, last):
    with pytest.raises(click.BadParameter, match="write 2020-11-09, 2020-11 or 2020"):
        Day(last=last).convert(value, None, None)
