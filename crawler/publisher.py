"""Publisher files: `publishers/<slug>.toml` to a validated `Publisher` with dated rules."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from pathlib import Path
from re import Pattern
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cssselect import HTMLTranslator

from archive import models
from archive.models import Kind
from archive.urls import host_of, identity_key, normal, site
from crawler import config
from crawler.config import Form, each, setting
from crawler.daterange import Hours
from crawler.errors import PublisherError
from crawler.fetch.addresses import is_local

PACKAGED = Path(__file__).parent / "publishers"
# The settings with addresses of listings.
LISTINGS = {Kind.FEED: "feeds", Kind.SITEMAP: "sitemaps", Kind.SECTION: "sections", Kind.API: "api"}
_RECORDED = [field.name for field in fields(models.Publisher) if field.name != "timezone"]


def is_slug(text: str) -> bool:
    """Return whether a text can be a publisher's slug, and so the name of its file."""
    return re.fullmatch(r"[a-z0-9][a-z0-9.-]*", text) is not None


def _rules(tables: list[Any]) -> "tuple[Rules, ...]":
    """Return sets of rules, sorted by their ends."""
    rules = [
        Rules(**config.checked(table, Rules, f"rules[{number}]."))
        for number, table in enumerate(tables, 1)
    ]
    if len({item.until for item in rules}) < len(rules):
        raise config.WrongSettingError("two sets end at the same time; give each its own `until`")
    return tuple(sorted(rules, key=lambda item: item.until or date.max))


_ADDRESS = Form("a whole address", '"https://example.org/"', valid=identity_key)
_ADDRESSES = each(_ADDRESS)
_PATTERNS = each(Form("a regular expression", r"'/article/\d+'", read=re.compile))
_SELECTOR = Form("a CSS selector", '".article-body"', valid=HTMLTranslator().css_to_xpath)
_SHORT_NAME = Form("a valid short name", '"enabbaladi"', valid=is_slug)
_COUNTRY = Form("a valid country code", '"SY"', valid=re.compile(r"[A-Z]{2}").fullmatch)
_LANGUAGE = Form("a valid language code", '"ar"', valid=re.compile(r"[a-z]{2,3}").fullmatch)
_DELAYS = "a number of seconds from 0 to 3600"
_DELAY = Form(_DELAYS, "2", types=(int, float), valid=lambda value: 0 <= value <= 3600)
_DAY = Form("a day without quotes", "2024-03-01", types=(date,))
_FLAG = Form("true or false", "true", types=(bool,), empty=bool)
_VERIFIED = Form("true or false", "false", types=(bool,), empty=lambda: True)
_HOST = Form(
    "a host's name",
    '"old.example"',
    valid=lambda host: normal(f"//{host}/", "http:").count("/") == 3,
)
_NAMES = each(Form("the name of a query key", '"ocid"', read=str.lower))
_SETS = "each set of rules under a line [[rules]]"
_RULES = Form("a list of tables", _SETS, types=(list,), read=_rules, empty=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a publisher's pages are read until a day (exclusive; None: still today).

    Every other value is a CSS selector or a tuple of them; where there is none, the general
    extraction reads.
    """

    until: date | None = setting(_DAY, "for pages before this day; omit for current pages")
    text: str | None = setting(_SELECTOR, "the text of the article")
    remove: tuple[str, ...] = setting(each(_SELECTOR), "what is cut out before the text is read")
    title: str | None = setting(_SELECTOR, "the headline")
    deck: str | None = setting(_SELECTOR, "the standfirst")
    byline: str | None = setting(_SELECTOR, "who wrote it")
    published: str | None = setting(_SELECTOR, "when it was published")
    section: str | None = setting(_SELECTOR, "the section it is in")
    tags: str | None = setting(_SELECTOR, "its tags")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A newspaper to follow: where it lists its articles and how its pages are read.

    `delay` is in seconds. `accept` and `reject` are searched in the URL of a listed link. `hours`
    are in its zone, or UTC.
    """

    slug: str = setting(_SHORT_NAME, "the file's name")
    name: str = setting(config.TEXT, "as it prints itself")
    name_latin: str | None = setting(config.TEXT, "the name in Latin letters")
    homepage: str | None = setting(_ADDRESS, "its front page")
    country: str | None = setting(_COUNTRY, "by ISO 3166-1")
    language: str | None = setting(_LANGUAGE, "the language of its articles")
    zone: ZoneInfo | None = setting(config.ZONE, "the zone of the times it prints", key="timezone")
    feeds: tuple[str, ...] = setting(_ADDRESSES, "RSS, Atom or JSON Feed")
    sitemaps: tuple[str, ...] = setting(_ADDRESSES, "XML, gzipped or plain text")
    sections: tuple[str, ...] = setting(_ADDRESSES, "pages with links to articles")
    api: tuple[str, ...] = setting(_ADDRESSES, "WordPress REST API: lists by date, years back")
    accept: tuple[Pattern[str], ...] = setting(_PATTERNS, "regular expressions: articles match one")
    reject: tuple[Pattern[str], ...] = setting(_PATTERNS, "and none of these")
    delay: float | None = setting(_DELAY, "seconds between two requests to a host; default 1")
    hours: Hours | None = setting(config.HOURS, "crawl only then, in the publisher's time zone")
    render: bool = setting(_FLAG, "pages are empty without scripts: see below")
    further_hosts: tuple[str, ...] = setting(each(_HOST), "further sites of its own", key="hosts")
    verify_tls: bool = setting(_VERIFIED, "accept a certificate that is not valid: see below")
    lead_image: bool = setting(_FLAG, "archive each article's main image too")
    rules: tuple[Rules, ...] = setting(_RULES, "selectors, where the general reader fails")
    checked: bool = setting(_FLAG, "has a person checked the entry points?")
    tracking: tuple[str, ...] = setting(_NAMES, "query keys that never tell two articles apart")

    @classmethod
    def of_url(cls, url: str) -> "Publisher":
        """Return a publisher of which only an address is known: named after its host."""
        home = normal("/", normal(url))
        return cls(slug=host_of(home), name=host_of(home), homepage=home)

    def record(self) -> models.Publisher:
        """Return what the archive keeps of a publisher."""
        same = {name: getattr(self, name) for name in _RECORDED}
        return models.Publisher(timezone=self.zone.key if self.zone else None, **same)

    def rules_on(self, day: date) -> Rules:
        """Return the rules valid on `day`: the first whose `until` is after it."""
        valid = (rules for rules in self.rules if rules.until is None or day < rules.until)
        return next(valid, Rules())

    def wants(self, url: str) -> bool:
        """Return whether a link is to be followed: accepted (or no pattern), not rejected."""
        accepted = not self.accept or any(pattern.search(url) for pattern in self.accept)
        return accepted and not any(pattern.search(url) for pattern in self.reject)

    @property
    def wanted(self) -> str:
        """What of its file decides which links of a listing are followed, as JSON."""
        patterns = [[each.pattern for each in which] for which in (self.accept, self.reject)]
        return json.dumps([*patterns, self.further_hosts, self.homepage, self.tracking])

    @property
    def entry_points(self) -> list[tuple[str, str, Kind]]:
        """Where it lists its articles, as (setting, address, kind); else its front page, if any."""
        if self.is_bare:
            return [("homepage", self.homepage, Kind.SECTION)] if self.homepage else []
        return [(key, url, kind) for kind, key in LISTINGS.items() for url in getattr(self, key)]

    @property
    def is_bare(self) -> bool:
        """Whether its file names no listing: then its front page and robots.txt have to."""
        return not (self.feeds or self.has_way_back)

    @property
    def has_way_back(self) -> bool:
        """Whether its file names a listing that reaches into the past: a feed does not."""
        return bool(self.api or self.sitemaps or self.sections)

    def is_open(self, moment: datetime) -> bool:
        """Return whether it may be requested at a moment (aware)."""
        return self.hours is None or moment.astimezone(self.zone or UTC) in self.hours

    @property
    def hosts(self) -> frozenset[str]:
        """The host names of its homepage and entry points, and its further ones."""
        named = {urlsplit(url).hostname or "" for url in self._urls}
        return frozenset(named.union(self.further_hosts)) - {""}

    def owns(self, key: str) -> bool:
        """Return whether a page (by its identity key) is on a site of this newspaper.

        So is every page where no site is known.
        """
        further = (f"https://{host}/" for host in self.further_hosts)
        own = {site(identity_key(url)) for url in (*self._urls, *further)}
        place = site(key)
        return not own or place in own or any(place.endswith(f".{name}") for name in own)

    @property
    def local_urls(self) -> tuple[str, ...]:
        """Those of its URLs that name no public host; its file says that they may be requested."""
        return tuple(url for url in self._urls if is_local(urlsplit(url).hostname or ""))

    @property
    def _urls(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.homepage, *(url for _, url, _ in self.entry_points))))


def files(*folders: Path) -> dict[str, Path]:
    """Return the files of publishers by slug, packaged ones first; a later folder overrides."""
    paths = (sorted(folder.glob("*.toml")) for folder in (PACKAGED, *folders))
    return {path.stem: path for path in chain.from_iterable(paths)}


def load_all(*folders: Path) -> dict[str, Publisher]:
    """Read the packaged publishers and those of `folders`; a later folder overrides by slug.

    Raises:
        PublisherError: naming file, key and remedy, if one does not validate.
    """
    return {slug: read(path) for slug, path in files(*folders).items()}


def find(slug: str, folders: Iterable[Path] = ()) -> Publisher:
    """Return the publisher of that slug.

    Raises:
        PublisherError: if there is none; the message names the nearest ones, if any.
    """
    return read(locate(slug, folders))


def locate(slug: str, folders: Iterable[Path] = ()) -> Path:
    """Return the file of the publisher of that slug: of the last folder that has one.

    Raises:
        PublisherError: if there is none; the message names the nearest ones, if any.
    """
    known = files(*folders)
    if slug in known:
        return known[slug]
    near = get_close_matches(slug.lower(), sorted(known))
    meant = f"; did you mean {' or '.join(near)}?" if near else ";"
    remedy = "`warraq publishers list` names them all"
    if "/" in slug:
        remedy = "`warraq publishers add URL` follows a site, `warraq save URL` archives one page"
    raise PublisherError(f"no publisher is called {slug!r}{meant} {remedy}")


def read(path: Path) -> Publisher:
    """Read and validate one publisher file.

    Raises:
        PublisherError: naming the file, the key and the remedy.
    """
    values = config.read_settings(path, Publisher, error=PublisherError)
    if values.get("slug") != path.stem:
        stated = values.get("slug", "missing")
        raise PublisherError(f"{path}: `slug` is {stated}; make it {path.stem!r}, the file's name")
    if "name" not in values:
        raise PublisherError(f"{path}: `name` is missing; give it as the newspaper prints it")
    return Publisher(**values)


class Owners:
    """Finds the publisher of an address among those that are known."""

    def __init__(self, publishers: Iterable[Publisher]) -> None:
        self._known: dict[str, list[tuple[str, Publisher]]] = defaultdict(list)
        self.by_slug = {one.slug: one for one in publishers}
        for one in self.by_slug.values():
            home, path = _place(one.homepage) if one.homepage else ("", "/")
            for host in {_place(f"http://{host}")[0] for host in one.hosts}:
                self._known[host].append((path if host == home else "/", one))
        self._made = lru_cache(maxsize=1024)(Publisher.of_url)

    def of(self, url: str) -> Publisher:
        """Return the publisher at the address's host, its mobile twin included.

        Of several at one host (editions in other languages) that with the longest homepage above
        the address; one whose patterns want the address goes before others. Without any, one is
        made that is called as the host.

        Raises:
            ValueError: if it is no http or https address.
        """
        host, path = _place(url)
        fitting = [(home, one) for home, one in self._known.get(host, ()) if path.startswith(home)]
        if fitting:
            return max(fitting, key=lambda each: (each[1].wants(url), len(each[0])))[1]
        return self._made(normal("/", url))


def _place(url: str) -> tuple[str, str]:
    key = identity_key(url)
    return host_of(key), urlsplit(key).path.rstrip("/") + "/"
