"""What a value in a publisher file may be: each check returns it, or says what to write instead.

Every check raises PublisherError, with a message that completes «file: `key`: …».
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from re import Pattern
from typing import Any
from zoneinfo import ZoneInfo

from cssselect import HTMLTranslator, SelectorError

from archive.urls import identity_key
from crawler.daterange import Hours
from crawler.errors import PublisherError

Check = tuple[str, Callable[[Any], Any]]  # the field a key stands for, and the check of its value


def checked(table: Mapping[str, Any], keys: Mapping[str, Check], where: str) -> dict[str, Any]:
    """Return the fields that a table's keys stand for; `where` names the table in errors."""
    values = {}
    for key, value in table.items():
        if key not in keys:
            near = "`, `".join(get_close_matches(key, keys) or sorted(keys))
            raise PublisherError(f"unknown key `{where}{key}`; there is `{near}`")
        field, check = keys[key]
        try:
            values[field] = check(value)
        except PublisherError as error:
            raise PublisherError(f"`{where}{key}`: {error}") from error
    return values


def string(value: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise PublisherError(f"{value!r} is not a text; put it in quotes")
    return value.strip()


def each(check: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a check of a list whose items all pass `check`; it returns a tuple."""

    def checked(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise PublisherError(f"{value!r} is not a list; write [{value!r}]")
        return tuple(check(item) for item in value)

    return checked


def address(value: Any) -> str:
    """Return an absolute http(s) address."""
    try:
        identity_key(string(value))
    except ValueError as error:
        raise PublisherError(f"{error}; write the whole address, https:// included") from error
    return string(value)


def names(value: Any) -> frozenset[str]:
    """Return a list of names of query keys, in lower case."""
    return frozenset(name.lower() for name in each(string)(value))


def pattern(value: Any) -> Pattern[str]:
    """Return a compiled regular expression."""
    try:
        return re.compile(string(value))
    except re.error as error:
        raise PublisherError(f"{value!r} is no regular expression: {error}") from error


def selector(value: Any) -> str:
    """Return a CSS selector that can be used on a page."""
    try:
        HTMLTranslator().css_to_xpath(string(value))
    except SelectorError as error:
        raise PublisherError(f"{value!r} is no CSS selector: {error}") from error
    return string(value)


def zone(value: Any) -> ZoneInfo:
    """Return a time zone by its IANA name."""
    try:
        return ZoneInfo(string(value))
    except (OSError, ValueError, KeyError) as error:
        raise PublisherError(f"{value!r} is no IANA time zone; e.g. 'Asia/Damascus'") from error


def seconds(value: Any) -> float:
    """Return a number of seconds, up to an hour."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise PublisherError(f"{value!r} is not a number of seconds from 0 to 3600")
    return float(value)


def hours(value: Any) -> Hours:
    """Return a span of hours of the day."""
    try:
        return Hours.parse(string(value))
    except ValueError as error:
        raise PublisherError(str(error)) from error


def code(pattern: str, example: str) -> Callable[[Any], str]:
    """Return a check of a code that matches `pattern` as a whole."""

    def checked(value: Any) -> str:
        if not re.fullmatch(pattern, string(value)):
            raise PublisherError(f"{value!r} is no such code; e.g. {example!r}")
        return string(value)

    return checked


def day(value: Any) -> date:
    """Return a day."""
    if type(value) is not date:
        raise PublisherError(f"{value!r} is not a day; write it without quotes: 2024-03-01")
    return value


def flag(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise PublisherError(f"{value!r} is neither true nor false")
    return value
