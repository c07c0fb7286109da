"""Publisher files: `publishers/<slug>.toml` to a validated `Publisher` with dated rules."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from re import Pattern
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cssselect import HTMLTranslator, SelectorError

from archive.urls import canonical, host_of
from crawler.errors import PublisherError

PACKAGED = Path(__file__).parent / "publishers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a publisher's pages are read until a day (exclusive; None: still today).

    Every value is a CSS selector or a tuple of them; an empty one leaves the page to the general
    extraction. `remove` names what is cut out of the page before the text is read.
    """

    until: date | None = None
    text: str | None = None
    remove: tuple[str, ...] = ()
    title: str | None = None
    deck: str | None = None
    byline: str | None = None
    published: str | None = None
    section: str | None = None
    tags: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A newspaper to follow: where it lists its articles and how its pages are read.

    `zone` is the time zone its printed times are in, None when it is not known. `delay` is the
    least time between two requests to one of its hosts, in seconds. `accept` and `reject` are
    patterns searched in the URL of a found link.
    """

    slug: str
    name: str
    name_latin: str | None = None
    homepage: str | None = None
    country: str | None = None
    language: str | None = None
    zone: ZoneInfo | None = None
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    accept: tuple[Pattern[str], ...] = ()
    reject: tuple[Pattern[str], ...] = ()
    delay: float | None = None
    rules: tuple[Rules, ...] = ()

    @classmethod
    def of_url(cls, url: str) -> "Publisher":
        """Return a publisher of which only an address is known: named after its host."""
        home = canonical("/", canonical(url))
        return cls(slug=host_of(home), name=host_of(home), homepage=home)

    def rules_on(self, day: date) -> Rules:
        """Return the rules valid on `day`: the first whose `until` lies after it."""
        for rules in self.rules:
            if rules.until is None or day < rules.until:
                return rules
        return Rules()

    def wants(self, url: str) -> bool:
        """Return whether a found link is to be followed: accepted (or no pattern), not rejected."""
        accepted = not self.accept or any(pattern.search(url) for pattern in self.accept)
        return accepted and not any(pattern.search(url) for pattern in self.reject)

    @property
    def hosts(self) -> frozenset[str]:
        """The host names of its homepage and entry points."""
        entries = (self.homepage or "", *self.feeds, *self.sitemaps, *self.sections)
        return frozenset(urlsplit(url).hostname or "" for url in entries) - {""}


def load_all(*folders: Path) -> dict[str, Publisher]:
    """Read the packaged publishers and those of `folders`; a later folder overrides by slug.

    Raises:
        PublisherError: naming file, key and remedy, if one does not validate.
    """
    publishers = {}
    for folder in (PACKAGED, *folders):
        for path in sorted(folder.glob("*.toml")):
            publishers[path.stem] = read(path)
    return publishers


def find(slug: str, folders: Iterable[Path] = ()) -> Publisher:
    """Return the publisher of that slug.

    Raises:
        PublisherError: if there is none; the message names the nearest ones.
    """
    for folder in (*reversed(tuple(folders)), PACKAGED):
        if (path := folder / f"{slug}.toml").is_file():
            return read(path)
    known = sorted(path.stem for folder in (PACKAGED, *folders) for path in folder.glob("*.toml"))
    near = get_close_matches(slug, known) or known[:12]
    raise PublisherError(f"no publisher is called {slug!r}; there are: {', '.join(near) or 'none'}")


def read(path: Path) -> Publisher:
    """Read and validate one publisher file.

    Raises:
        PublisherError: naming the file, the key and the remedy.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PublisherError(f"{path}: not a readable TOML file: {error}") from error
    try:
        values = _checked(table, _PUBLISHER, "")
    except PublisherError as error:
        raise PublisherError(f"{path}: {error}") from error
    if values.get("slug") != path.stem:
        raise PublisherError(
            f"{path}: `slug` is {values.get('slug')!r}; make it {path.stem!r}, the file's name"
        )
    if "name" not in values:
        raise PublisherError(
            f"{path}: `name` is missing; give the newspaper's name as it prints it"
        )
    values.pop("checked", None)
    return Publisher(**values)


def _checked(table: Mapping[str, Any], keys: Mapping[str, "_Check"], where: str) -> dict[str, Any]:
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


def _string(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PublisherError(f"{value!r} is not a text; put it in quotes")
    return value.strip()


def _each(check: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def checked(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise PublisherError(f"{value!r} is not a list; write [{value!r}]")
        return tuple(check(item) for item in value)

    return checked


def _address(value: Any) -> str:
    try:
        canonical(_string(value))
    except ValueError as error:
        raise PublisherError(f"{error}; write the whole address, https:// included") from error
    return _string(value)


def _pattern(value: Any) -> Pattern[str]:
    try:
        return re.compile(_string(value))
    except re.error as error:
        raise PublisherError(f"{value!r} is no regular expression: {error}") from error


def _selector(value: Any) -> str:
    try:
        HTMLTranslator().css_to_xpath(_string(value))
    except SelectorError as error:
        raise PublisherError(f"{value!r} is no CSS selector: {error}") from error
    return _string(value)


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_string(value))
    except (OSError, ValueError, KeyError) as error:
        raise PublisherError(f"{value!r} is no IANA time zone; e.g. 'Asia/Damascus'") from error


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:
        raise PublisherError(f"{value!r} is not a number of seconds from 0 to 3600")
    return float(value)


def _code(pattern: str, example: str) -> Callable[[Any], str]:
    def checked(value: Any) -> str:
        if not re.fullmatch(pattern, _string(value)):
            raise PublisherError(f"{value!r} is no such code; e.g. {example!r}")
        return _string(value)

    return checked


def _day(value: Any) -> date:
    if type(value) is not date:
        raise PublisherError(f"{value!r} is not a day; write it without quotes: 2024-03-01")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise PublisherError(f"{value!r} is neither true nor false")
    return value


def _rules(value: Any) -> tuple[Rules, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise PublisherError("write each set of rules under a line `[[rules]]`")
    rules = [
        Rules(**_checked(item, _RULES, f"rules[{number}].")) for number, item in enumerate(value, 1)
    ]
    if len({item.until for item in rules}) < len(rules):
        raise PublisherError("two sets of rules end at the same time; give each its own `until`")
    return tuple(sorted(rules, key=lambda item: item.until or date.max))


_Check = tuple[str, Callable[[Any], Any]]
_RULES: dict[str, _Check] = {
    "until": ("until", _day),
    "remove": ("remove", _each(_selector)),
    **{
        key: (key, _selector)
        for key in ("text", "title", "deck", "byline", "published", "section", "tags")
    },
}
_PUBLISHER: dict[str, _Check] = {
    "slug": ("slug", _code(r"[a-z0-9][a-z0-9.-]*", "enabbaladi")),
    "name": ("name", _string),
    "name_latin": ("name_latin", _string),
    "homepage": ("homepage", _address),
    "country": ("country", _code(r"[A-Z]{2}", "SY")),
    "language": ("language", _code(r"[a-z]{2,3}", "ar")),
    "timezone": ("zone", _zone),
    "feeds": ("feeds", _each(_address)),
    "sitemaps": ("sitemaps", _each(_address)),
    "sections": ("sections", _each(_address)),
    "accept": ("accept", _each(_pattern)),
    "reject": ("reject", _each(_pattern)),
    "delay": ("delay", _seconds),
    "checked": ("checked", _flag),
    "rules": ("rules", _rules),
}
