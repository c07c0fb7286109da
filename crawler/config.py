"""The settings that users write in TOML: how each is declared and checked; and warraq.toml itself.

A setting is declared once, as a field of a dataclass. The check of its value, the message where
that fails, and the comment in a new publisher file all follow from the declaration.

warraq.toml in the archive's folder says where and when: the third door of configuration.
"""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, Field, dataclass, field, fields, replace
from datetime import timedelta
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cssselect import SelectorError

from archive import captures
from archive.journal import one_line
from archive.warc.records import COLLECTOR
from crawler.daterange import Hours
from crawler.errors import ConfigError, CrawlerError

if TYPE_CHECKING:  # a worker process reads publishers, and needs no scheduler
    from apscheduler.triggers.cron import CronTrigger

    from archive.store import Store

NAME = "warraq.toml"
# What the check of a value may raise.
_FAILURES = (ValueError, TypeError, KeyError, OSError, re.error, SelectorError)
_SCHEMES = {"http", "https", "socks5", "socks5h"}
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# As cron counts them, where 7 is Sunday again.
_NUMBERS = {name: n for n, name in enumerate(_WEEKDAYS)} | {str(n): n for n in range(8)}


class WrongSettingError(Exception):
    """A setting is not valid; the message names it and says what to write."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the value of a setting may be: `what` in words, `example` as it is written in TOML.

    Values are of one of the `types` and `valid`; `read` turns them into what the program uses. Both
    may raise. `empty` makes what a setting is where the file does not say. The value of a `secret`
    one is never shown.
    """

    what: str
    example: str
    _: KW_ONLY
    types: tuple[type, ...] = (str,)
    valid: Callable[[Any], object] = lambda _value: True
    read: Callable[[Any], Any] = lambda value: value
    empty: Callable[[], Any] = NoneType
    secret: bool = False

    def __call__(self, value: Any) -> Any:
        """Return what a value from a file means.

        Raises:
            WrongSettingError: saying what to write instead.
        """
        shown, detail = "the value" if self.secret else repr(value), ""
        try:
            meant = value.strip() if isinstance(value, str) else value
            if type(value) in self.types and meant != "" and self.valid(meant):
                return self.read(meant)
        except _FAILURES as error:
            detail = f" ({error})" if str(error) and not self.secret else ""
        raise WrongSettingError(f"{shown} is not {self.what}{detail}; write {self.example}")


def each(form: Form) -> Form:
    """Return the form of a list whose items all have a form; it is read as a tuple."""

    def read(items: list[Any]) -> tuple[Any, ...]:
        return tuple(map(form, items))

    return Form("a list", f"[{form.example}]", types=(list,), read=read, empty=tuple)


def setting(form: Form, about: str, *, key: str = "") -> Any:
    """Declare a field of a dataclass as a setting; `about` says in a few words what it is for.

    `key` is its name in the file where that is not the field's.
    """
    return field(default_factory=form.empty, metadata={"form": form, "about": about, "key": key})


def settings_of(kind: type) -> dict[str, Field[Any]]:
    """Return the fields of a dataclass that are settings, by their keys in the file."""
    settings = (declared for declared in fields(kind) if "form" in declared.metadata)
    return {declared.metadata["key"] or declared.name: declared for declared in settings}


def checked(table: object, kind: type, where: str = "") -> dict[str, Any]:
    """Return the fields of a dataclass that a table sets; `where` names the table in messages.

    Raises:
        TypeError: if it is not a table.
        WrongSettingError: naming the key.
    """
    if not isinstance(table, dict):
        raise TypeError
    settings, values = settings_of(kind), {}
    for key, value in table.items():
        if key not in settings:
            near = "`, `".join(get_close_matches(key, settings) or sorted(settings))
            raise WrongSettingError(f"unknown key `{where}{key}`; there is `{near}`")
        try:
            values[settings[key].name] = settings[key].metadata["form"](value)
        except WrongSettingError as error:
            raise WrongSettingError(f"`{where}{key}`: {error}") from error
    return values


def read_settings(path: Path, kind: type, *, error: type[CrawlerError]) -> dict[str, Any]:
    """Return the fields of a dataclass that a TOML file sets.

    Raises:
        CrawlerError: the given `error`, naming the file, the key and what to write.
    """
    try:
        return checked(tomllib.loads(path.read_text("utf-8-sig")), kind)
    except WrongSettingError as wrong:
        raise error(f"{path}: {wrong}") from wrong
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise error(f"{path}: not a readable TOML file: {wrong}") from wrong


def cron_trigger(expression: str) -> "CronTrigger":
    """Return the trigger of a cron expression in UTC, its weekdays counted as cron counts them.

    APScheduler takes 0 for Monday where cron (and every example on the web) takes it for Sunday.

    Raises:
        ValueError, KeyError: if it is not a cron expression.
    """
    from apscheduler.triggers.cron import CronTrigger

    *others, weekday = expression.lower().split()
    days = ",".join(map(_weekdays, weekday.split(",")))
    return CronTrigger.from_crontab(" ".join([*others, days]), timezone="UTC")


def _weekdays(part: str) -> str:
    """Return one part of cron's weekday field by names: `1-3` as `mon,tue,wed`."""
    days, _, step = part.partition("/")
    first, _, last = ("0-6" if days == "*" else days).partition("-")
    begin, end = _NUMBERS[first], _NUMBERS[last or first]
    chosen = range(begin, end + (7 if end < begin else 0) + 1, int(step or 1))
    return ",".join(_WEEKDAYS[day % 7] for day in chosen)


def duration(value: str) -> timedelta:
    """Return how long `90s`, `15m`, `2h` or `1d` is.

    Raises:
        ValueError: if it is written otherwise, or not between a second and 366 days.
    """
    match = re.fullmatch(r"(\d{1,9})\s*([smhd])", value)
    long = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta(seconds=1) <= long <= timedelta(days=366):
        raise ValueError
    return long


def _bytes(megabytes: float) -> int:
    if not 0 < megabytes < 1e9:
        raise ValueError
    return round(megabytes * 1_000_000)


def _is_proxy(value: str) -> bool:
    """Return whether this is the URL of a proxy that can be used."""
    parts = urlsplit(value)
    if parts.scheme.startswith("socks") and find_spec("aiohttp_socks") is None:
        raise WrongSettingError("SOCKS needs one more library: pip install 'warraq[socks]'")
    is_server = parts.hostname is not None and parts.port != 0 and parts.path in {"", "/"}
    is_server &= parts.port is not None or parts.scheme.startswith("http")
    return parts.scheme in _SCHEMES and is_server


def _schedules(tables: Mapping[str, Any]) -> "dict[str, Schedule]":
    """Return the schedules of publishers that have one of their own."""
    schedules = {}
    for slug, table in tables.items():
        times = checked(table, Schedule, f"publishers.{slug}.")
        if len(times) != 1:
            raise WrongSettingError(f"`publishers.{slug}`: {_ONE_OF}")
        schedules[slug] = Schedule(**times)
    return schedules


TEXT = Form("a text", '"…"')
HOURS = Form("a span of hours", '"22-06" or "21:30-05:45"', read=Hours.parse)
_FOLLOWED = each(Form("a publisher's short name", '"enabbaladi"'))
_ONE_OF = 'write one of every = "15m" and cron = "…"'
_EVERY = Form("a duration", '"90s", "15m", "2h" or "1d", from "1s" to "366d"', read=duration)
_TIMES = '"*/10 6-23 * * *": minute hour day month weekday (0 is Sunday)'
_CRON = Form("a cron expression", _TIMES, valid=cron_trigger)
_CONTACTS = '"https://example.org/archive" or "me@example.org"'
_CONTACT = Form("an address", _CONTACTS, valid=re.compile("[ -~]*[!-~][/@][!-~]+[ -~]*").fullmatch)
_PROXIES = '"http://host:port", "socks5://host:port" or "socks5h://127.0.0.1:9050" (for Tor)'
_PROXY = Form("a proxy", _PROXIES, valid=_is_proxy, secret=True)  # it may have a password
_SIZE = "a number of megabytes above 0"
_MEGABYTES = Form(_SIZE, "500", types=(int, float), read=_bytes)
_WORKERS = Form("a number from 1 to 64", "2", types=(int,), valid=range(1, 65).__contains__)
_LEAST_MB = 300  # with less a worker hardly starts
_WORKER_MB = Form(
    f"a number of megabytes from {_LEAST_MB}", "512", types=(int,), valid=_LEAST_MB.__le__
)
_TABLE = "[publishers.enabbaladi]"
_SCHEDULES = Form("a table for each publisher", _TABLE, types=(dict,), read=_schedules, empty=dict)


def _at_most(number: int) -> Form:
    """Return the form of a bound that is this number where the file does not say."""
    what, write = "a whole number above 0", str(number)
    return Form(what, write, types=(int,), valid=(0).__lt__, empty=lambda: number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a publisher is crawled: every so often, or by a cron expression (in UTC)."""

    every: timedelta | None = setting(_EVERY, "the time between two crawls")
    cron: str | None = setting(_CRON, "when it is crawled, in UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Who collects, as it is written into WARC files and shown with the evidence for a page."""

    name: str | None = setting(TEXT, "who collects")
    organisation: str | None = setting(TEXT, "for whom")
    note: str | None = setting(TEXT, "what else is to be known of it, as a mandate or a case")

    def lines(self) -> dict[str, str]:
        """Return the lines of a warcinfo record that say so."""
        stated = ((name, getattr(self, key)) for key, name in COLLECTOR.items())
        return {name: one_line(text) for name, text in stated if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Where the archive is backed up to at night, how often, and how far that goes back."""

    to: str | None = setting(TEXT, "the folder of the backup")
    every: timedelta = setting(replace(_EVERY, empty=lambda: timedelta(days=1)), "how often")
    keep: int = setting(_at_most(14), "days that can be gone back to")


def _backup(table: Mapping[str, Any]) -> Backup:
    backup = Backup(**checked(table, Backup, "backup."))
    if backup.to is None:
        raise WrongSettingError('`backup.to`: the folder is missing; write to = "/media/disk/news"')
    return backup


_BACKUP = Form(
    "a table",
    '{ to = "/media/disk/news", every = "1d", keep = 14 }',
    types=(dict,),
    read=_backup,
    empty=Backup,
)


def _collector(table: Mapping[str, Any]) -> Collector:
    return Collector(**checked(table, Collector, "collector."))


_WHO = '{ name = "…", organisation = "…", note = "…" }'
_COLLECTOR = Form("a table", _WHO, types=(dict,), read=_collector, empty=Collector)


def _words(value: str | list[str]) -> tuple[str, ...]:
    return tuple(shlex.split(value)) if isinstance(value, str) else tuple(value)


def _is_url(*schemes: str) -> Callable[[str], bool]:
    """Return what says whether a text is a whole URL of one of the schemes."""
    return lambda value: urlsplit(value).scheme in schemes and bool(urlsplit(value).hostname)


ZONE = Form("an IANA time zone", '"Asia/Damascus"', read=ZoneInfo)
_PROGRAM = Form(
    "a program with its arguments", '"notify-send Warraq"', types=(str, list), secret=True,
    valid=lambda value: all(isinstance(word, str) for word in value) and _words(value),
    read=_words, empty=tuple,
)  # fmt: skip
_WEBHOOK = Form("a web address", '"https://…"', valid=_is_url("http", "https"), secret=True)
_MAILBOX = Form(
    "an e-mail address", '"me@example.org"', valid=re.compile(r"[!-~]+@[!-~]+").fullmatch
)
_SMTP = Form(
    "a mail server", '"smtps://user:password@mail.example.org"', secret=True,
    valid=_is_url("smtp", "smtps"), empty=lambda: "smtp://localhost",
)  # fmt: skip
_ROOM = Form("a web address", '"https://news.example"', valid=_is_url("http", "https"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """How the owner hears what is wrong, and what saved searches find: by each way that is set.

    `quiet` are hours in `zone` (UTC by default) in which nothing is sent. `room` is where the
    archive's pages are served, for links.
    """

    command: tuple[str, ...] = setting(_PROGRAM, "gets the text on its standard input")
    webhook: str | None = setting(_WEBHOOK, "gets it as JSON, by POST")
    mail: tuple[str, ...] = setting(each(_MAILBOX), "who gets it by e-mail", key="to")
    sender: str | None = setting(_MAILBOX, "from whom; by default the first", key="from")
    smtp: str = setting(_SMTP, "through which server")
    quiet: Hours | None = setting(HOURS, "when nothing is sent: it waits")
    zone: ZoneInfo | None = setting(ZONE, "in which these hours are; UTC", key="timezone")
    room: str | None = setting(_ROOM, "where the archive is served, for links", key="archive")

    @property
    def ways(self) -> list[str]:
        """The names of the ways that are set."""
        return [way for way in ("command", "webhook", "mail") if getattr(self, way)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A search whose new hits are reported."""

    name: str = setting(TEXT, "by which it is reported")
    query: str = setting(TEXT, "as the search box takes it")


def _searches(tables: list[Any]) -> dict[str, str]:
    """Return the queries of saved searches, by their names."""
    found = [checked(each, SavedSearch, f"searches[{n}].") for n, each in enumerate(tables, 1)]
    if any(len(each) < len(fields(SavedSearch)) for each in found):
        raise WrongSettingError('each takes a name = "…" and a query = "…"')
    queries = {each["name"]: each["query"] for each in found}
    if len(queries) < len(found):
        raise WrongSettingError("two have one name; give each its own")
    return queries


_ALERTS = Form(
    "a table", "it under a line [alerts]", types=(dict,), empty=Alerts, secret=True,
    read=lambda table: Alerts(**checked(table, Alerts, "alerts.")),
)  # fmt: skip
_LINES = "each under a line [[searches]]"
_SEARCHES = Form("a list of tables", _LINES, types=(list,), read=_searches, empty=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What warraq.toml says; everything has a default, and the file may be missing.

    How much may be received `per_run` and `per_month` (UTC) is in bytes of payload: for people on
    metered lines.
    """

    per_run: int | None = setting(_MEGABYTES, "what a command may fetch", key="max_mb_per_run")
    per_month: int | None = setting(_MEGABYTES, "fetched in a month", key="max_mb_per_month")
    follow: tuple[str, ...] = setting(_FOLLOWED, "the publishers to crawl where none are named")
    contact: str | None = setting(_CONTACT, "an address that publishers find in the User-Agent")
    collector: Collector = setting(_COLLECTOR, "who collects, in WARC files and in evidence")
    every: timedelta | None = setting(_EVERY, "the time between two crawls")
    cron: str | None = setting(_CRON, "when publishers are crawled, in UTC")
    schedules: Mapping[str, Schedule] = setting(_SCHEDULES, "their own ones", key="publishers")
    proxy: str | None = setting(_PROXY, "the proxy through which everything is fetched")
    workers: int | None = setting(_WORKERS, "processes that read pages")
    worker_mb: int | None = setting(_WORKER_MB, "memory of each of them")
    backup: Backup = setting(_BACKUP, "the nightly backup")
    hours: Hours | None = setting(HOURS, "for publishers that have no hours of their own")
    max_new_per_listing: int = setting(_at_most(50_000), "new addresses of a listing")
    max_new_per_day: int = setting(_at_most(100_000), "new addresses of a publisher in a day")
    max_pages: int = setting(_at_most(50), "pages of a listing in one crawl")
    alerts: Alerts = setting(_ALERTS, "how the owner hears what is wrong")
    searches: Mapping[str, str] = setting(_SEARCHES, "whose new hits are reported")

    def schedule_of(self, slug: str) -> Schedule:
        """Return a publisher's own schedule, or the common one."""
        usual = None if self.cron else timedelta(minutes=15)
        common = Schedule(every=self.every or usual, cron=self.cron)
        return self.schedules.get(slug, common)

    def left(self, store: "Store") -> int | None:
        """Return how many bytes the caps leave, at least 0; None where there is no cap."""
        return min((max(cap - used, 0) for cap, used, _ in self._spent(store)), default=None)

    def notes(self, store: "Store") -> list[str]:
        """Return a sentence for each cap that is reached."""
        return [
            f"{used / 1e6:.1f} MB were received {which} is {cap / 1e6:g}: nothing more is fetched;"
            " pending visits wait."
            for cap, used, which in self._spent(store)
            if used >= cap
        ]

    def _spent(self, store: "Store") -> Iterator[tuple[int, int, str]]:
        """Yield each cap there is, what was used of it, and in words when and which it is."""
        if self.per_run is not None:
            yield self.per_run, store.totals["bytes"], "by this command, and `max_mb_per_run`"
        if self.per_month is not None:
            month = store.clock().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            which = f"in {month:%B}, and `max_mb_per_month`"
            yield self.per_month, captures.received(store.db, since=month), which


DEFAULTS = Config()


def load(root: Path) -> Config:
    """Read the warraq.toml of the archive in `root`; a missing file is an empty one.

    Raises:
        ConfigError: naming file, key and remedy.
    """
    path = root / NAME
    if not path.exists():
        return Config()
    config = Config(**read_settings(path, Config, error=ConfigError))
    if config.every and config.cron:
        raise ConfigError(f"{path}: `top level`: {_ONE_OF}")
    return config
