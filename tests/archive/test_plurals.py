"""Counted nouns agree with their number."""

import pytest

from archive.plurals import counted


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, "record"), "0 records"),
        ((1, "record"), "1 record"),
        ((2345, "record"), "2,345 records"),
        ((1, "copy", "copies"), "1 copy"),
        ((2, "copy", "copies"), "2 copies"),
    ],
)
def test_a_counted_noun(arguments, text):
    assert counted(*arguments) == text
