"""warraq.toml in the archive's folder: where and when. The third door of configuration.

The checks of values are those of publishers' files as well.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from re import Pattern
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from cssselect import HTMLTranslator, SelectorError

from archive.urls import identity_key
from crawler.daterange import Hours
from crawler.errors import ConfigError, PublisherError
from crawler.fetch.limits import NO_CAPS, Caps

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


NAME = "warraq.toml"
_KEYS = {
    *("follow", "contact", "every", "cron", "publishers"),
    *("proxy", "hours", "max_mb_per_run", "max_mb_per_month"),
}
_PROXIES = {"http", "https", "socks5", "socks5h"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST = timedelta(seconds=1)
_LONGEST = timedelta(days=366)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")  # cron's 0 to 6; 7 is sun again


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a publisher is crawled: every so often, or by a cron expression (in UTC)."""

    every: timedelta | None = None
    cron: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What warraq.toml says; everything has a default, the file may be missing.

    `follow` are the slugs that `crawl` and `watch` take when none are named; `contact` is an
    address (URL or e-mail) that publishers find in the User-Agent. `hours` are those of publishers
    that have none of their own, `proxy` is a URL.
    """

    follow: tuple[str, ...] = ()
    contact: str | None = None
    proxy: str | None = None
    hours: Hours | None = None
    caps: Caps = NO_CAPS
    schedule: Schedule = Schedule(every=timedelta(minutes=15))
    schedules: Mapping[str, Schedule] = field(default_factory=dict)

    def schedule_of(self, slug: str) -> Schedule:
        """Return a publisher's own schedule, or the common one."""
        return self.schedules.get(slug, self.schedule)


def cron_trigger(expression: str) -> CronTrigger:
    """Return the trigger of a cron expression in UTC, its weekdays counted as cron counts them.

    APScheduler takes 0 for Monday where cron (and every example on the web) takes it for Sunday.

    Raises:
        ValueError: if it is no cron expression.
    """
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(f"it has {len(fields)} fields, not 5")
    minute, hour, day, month, weekday = fields
    weekday = ",".join(_weekdays(part) for part in weekday.split(","))
    return CronTrigger(
        minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone="UTC"
    )


def load(root: Path) -> Config:
    """Read the warraq.toml of the archive in `root`; a missing file is an empty one.

    Raises:
        ConfigError: naming file, key and remedy.
    """
    path = root / NAME
    if not path.exists():
        return Config()
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
        return _config(table)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not a readable TOML file: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _config(table: dict[str, Any]) -> Config:
    _known(table, _KEYS)
    follow = table.get("follow", [])
    if not isinstance(follow, list) or not all(isinstance(slug, str) for slug in follow):
        raise ConfigError('`follow`: write a list of publishers: follow = ["enabbaladi"]')
    contact = table.get("contact")
    if contact is not None and not _is_contact(contact):
        raise ConfigError('`contact`: write an address: contact = "https://example.org/archive"')
    own = table.get("publishers", {})
    if not isinstance(own, dict) or not all(isinstance(value, dict) for value in own.values()):
        raise ConfigError("`publishers`: write one table for each: [publishers.enabbaladi]")
    schedules = {slug: _schedule(value, f"publishers.{slug}.") for slug, value in own.items()}
    common: dict[str, Any] = {key: table[key] for key in ("every", "cron") if key in table}
    return Config(
        follow=tuple(follow),
        contact=contact,
        proxy=_proxy(table["proxy"]) if "proxy" in table else None,
        hours=_hours(table["hours"]) if "hours" in table else None,
        caps=Caps(
            per_run=_megabytes(table, "max_mb_per_run"),
            per_month=_megabytes(table, "max_mb_per_month"),
        ),
        schedule=_schedule(common, "") if common else Config().schedule,
        schedules=schedules,
    )


def _schedule(table: dict[str, Any], where: str) -> Schedule:
    _known(table, {"every", "cron"}, where)
    if len(table) != 1:
        raise ConfigError(
            f'`{where.rstrip(".") or "top level"}`: write one of every = "15m" and cron = "…"'
        )
    if "every" in table:
        return Schedule(every=_duration(table["every"], f"{where}every"))
    try:
        cron_trigger(table["cron"])
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"`{where}cron`: {table['cron']!r} is no cron expression ({error});"
            ' e.g. "*/10 6-23 * * *": minute hour day month weekday'
        ) from error
    return Schedule(cron=table["cron"])


def _proxy(value: Any) -> str:
    """Return the URL of a proxy that can be used."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in _PROXIES and parts.hostname and parts.path in {"", "/"}
        usable = usable and (parts.port is None or parts.port > 0)
    except (ValueError, TypeError, AttributeError):
        usable = False
    if not usable:
        raise ConfigError(
            f'`proxy`: {value!r} is no proxy; write "http://host:port", "socks5://host:port" or'
            ' "socks5h://127.0.0.1:9050" (the proxy looks names up, as Tor wants it)'
        )
    if parts.scheme.startswith("socks") and find_spec("aiohttp_socks") is None:
        raise ConfigError("`proxy`: SOCKS needs one more library: pip install 'warraq[socks]'")
    return str(value)


def _hours(value: Any) -> Hours:
    try:
        return Hours.parse(str(value))
    except ValueError as error:
        raise ConfigError(f"`hours`: {error}") from error


def _megabytes(table: Mapping[str, Any], key: str) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise ConfigError(f"`{key}`: {value!r} is no number of megabytes above 0; write 500")
    return round(value * 1_000_000)


def _weekdays(part: str) -> str:
    """Return one part of cron's weekday field by names: `1-3` as `mon,tue,wed`."""
    if part == "*":
        return part
    days, _, step = part.partition("/")
    first, _, last = ("0-6" if days == "*" else days).partition("-")
    begin = _weekday(first)
    end = _weekday(last) if last else begin
    chosen = range(begin, end + (7 if end < begin else 0) + 1, int(step or 1))
    return ",".join(_WEEKDAYS[day % 7] for day in chosen)


def _weekday(word: str) -> int:
    if word.lower() in _WEEKDAYS:
        return _WEEKDAYS.index(word.lower())
    if word not in set("01234567"):
        raise ValueError(f"{word!r} is no weekday; 0 is Sunday, 6 Saturday")
    return int(word)


def _is_contact(value: Any) -> bool:
    """Tell whether this is an address that fits into a header line."""
    return isinstance(value, str) and value.isprintable() and bool(re.search(r"\S[/@]\S", value))


def _duration(value: Any, key: str) -> timedelta:
    match = re.fullmatch(r"(\d+)\s*([smhd])", value) if isinstance(value, str) else None
    if not match:
        raise ConfigError(f'`{key}`: {value!r} is no duration; write "90s", "15m", "2h" or "1d"')
    seconds = min(int(match[1][:9]) * _UNITS[match[2]], 2 * _LONGEST.total_seconds())
    if not _SHORTEST.total_seconds() <= seconds <= _LONGEST.total_seconds():
        raise ConfigError(f'`{key}`: {value!r} is too often or too rare; from "1s" to "366d"')
    return timedelta(seconds=seconds)


def _known(table: Mapping[str, Any], keys: set[str], where: str = "") -> None:
    for key in table:
        if key not in keys:
            near = "`, `".join(get_close_matches(key, keys) or sorted(keys))
            raise ConfigError(f"unknown key `{where}{key}`; there is `{near}`")
