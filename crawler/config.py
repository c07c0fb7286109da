"""warraq.toml in the archive's folder: where and when. The third door of configuration."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from apscheduler.triggers.cron import CronTrigger

from crawler.errors import ConfigError

NAME = "warraq.toml"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SHORTEST = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a publisher is crawled: every so often, or by a cron expression (in UTC)."""

    every: timedelta | None = None
    cron: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What warraq.toml says; everything has a default, the file may be missing.

    `follow` are the slugs that `crawl` and `watch` take when none are named; `contact` is an
    address (URL or e-mail) that publishers find in the User-Agent.
    """

    follow: tuple[str, ...] = ()
    contact: str | None = None
    schedule: Schedule = Schedule(every=timedelta(minutes=15))
    schedules: Mapping[str, Schedule] = field(default_factory=dict)

    def schedule_of(self, slug: str) -> Schedule:
        """Return a publisher's own schedule, or the common one."""
        return self.schedules.get(slug, self.schedule)


def load(root: Path) -> Config:
    """Read the warraq.toml of the archive in `root`; a missing file is an empty one.

    Raises:
        ConfigError: naming file, key and remedy.
    """
    path = root / NAME
    if not path.exists():
        return Config()
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return _config(table)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not a readable TOML file: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _config(table: dict[str, Any]) -> Config:
    _known(table, {"follow", "contact", "every", "cron", "publishers"})
    follow = table.get("follow", [])
    if not isinstance(follow, list) or not all(isinstance(slug, str) for slug in follow):
        raise ConfigError('`follow`: write a list of publishers: follow = ["enabbaladi"]')
    contact = table.get("contact")
    if contact is not None and (not isinstance(contact, str) or not re.search(r"[/@]", contact)):
        raise ConfigError('`contact`: write an address: contact = "https://example.org/archive"')
    own = table.get("publishers", {})
    if not isinstance(own, dict) or not all(isinstance(value, dict) for value in own.values()):
        raise ConfigError("`publishers`: write one table for each: [publishers.enabbaladi]")
    schedules = {slug: _schedule(value, f"publishers.{slug}.") for slug, value in own.items()}
    common: dict[str, Any] = {key: table[key] for key in ("every", "cron") if key in table}
    return Config(
        follow=tuple(follow),
        contact=contact,
        schedule=_schedule(common, "") if common else Config().schedule,
        schedules=schedules,
    )


def _schedule(table: dict[str, Any], where: str) -> Schedule:
    _known(table, {"every", "cron"}, where)
    if len(table) != 1:
        raise ConfigError(f'`{where or "top level"}`: write one of every = "15m" and cron = "…"')
    if "every" in table:
        return Schedule(every=_duration(table["every"], f"{where}every"))
    try:
        CronTrigger.from_crontab(table["cron"], timezone="UTC")
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"`{where}cron`: {table['cron']!r} is no cron expression ({error});"
            ' e.g. "*/10 6-23 * * *": minute hour day month weekday'
        ) from error
    return Schedule(cron=table["cron"])


def _duration(value: Any, key: str) -> timedelta:
    match = re.fullmatch(r"(\d+)\s*([smhd])", value) if isinstance(value, str) else None
    if not match:
        raise ConfigError(f'`{key}`: {value!r} is no duration; write "90s", "15m", "2h" or "1d"')
    duration = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if duration < _SHORTEST:
        raise ConfigError(f"`{key}`: {value!r} is too often; at least 10 seconds")
    return duration


def _known(table: Mapping[str, Any], keys: set[str], where: str = "") -> None:
    for key in table:
        if key not in keys:
            near = "`, `".join(get_close_matches(key, keys) or sorted(keys))
            raise ConfigError(f"unknown key `{where}{key}`; there is `{near}`")
