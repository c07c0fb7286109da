"""Spans of hours, past midnight too."""

from datetime import datetime

import pytest

from crawler.politeness.hours import Hours


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
def test_anything_else_is_an_error_with_an_example(text):
    with pytest.raises(ValueError, match='write "22-06"'):
        Hours.parse(text)
