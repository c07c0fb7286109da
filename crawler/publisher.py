"""Publisher files: `publishers/<slug>.toml` to a validated `Publisher` with dated rules."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from re import Pattern
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from archive import records
from archive.urls import host_of, normal
from crawler import config
from crawler.daterange import Hours
from crawler.errors import PublisherError
from crawler.fetch.addresses import is_local

SLUG = r"[a-z0-9][a-z0-9.-]*"
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
    least time between two requests to one of its hosts, in seconds; it is asked only within its
    `hours`, in its zone or UTC. `accept` and `reject` are patterns searched in the URL of a found
    link. `api` are addresses of WordPress's REST interface (`…/wp-json/wp/v2/posts`). With `render`
    its pages are read as a browser shows them; with `lead_image` the main image of each article is
    archived. `checked` tells that a person has looked at the entry points. `tracking` are query
    keys of its addresses that say how a reader came, and never which page it is.
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
    api: tuple[str, ...] = ()
    accept: tuple[Pattern[str], ...] = ()
    reject: tuple[Pattern[str], ...] = ()
    delay: float | None = None
    hours: Hours | None = None
    render: bool = False
    lead_image: bool = False
    rules: tuple[Rules, ...] = ()
    checked: bool = False
    tracking: frozenset[str] = frozenset()

    @classmethod
    def of_url(cls, url: str) -> "Publisher":
        """Return a publisher of which only an address is known: named after its host."""
        home = normal("/", normal(url))
        return cls(slug=host_of(home), name=host_of(home), homepage=home)

    def record(self) -> records.Publisher:
        """Return what the archive keeps of a publisher."""
        return records.Publisher(
            slug=self.slug,
            name=self.name,
            name_latin=self.name_latin,
            homepage=self.homepage,
            country=self.country,
            language=self.language,
            timezone=self.zone.key if self.zone else None,
            tracking=self.tracking,
        )

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
    def is_bare(self) -> bool:
        """Whether its file names no listing: then its front page and robots.txt have to."""
        return not (self.feeds or self.has_way_back)

    @property
    def has_way_back(self) -> bool:
        """Whether its file names a listing that reaches into the past: a feed does not."""
        return bool(self.api or self.sitemaps or self.sections)

    def is_open(self, moment: datetime) -> bool:
        """Return whether it may be asked at a moment (aware)."""
        return self.hours is None or moment.astimezone(self.zone or UTC) in self.hours

    @property
    def hosts(self) -> frozenset[str]:
        """The host names of its homepage and entry points."""
        return frozenset(urlsplit(url).hostname or "" for url in self._urls) - {""}

    @property
    def local_urls(self) -> tuple[str, ...]:
        """Those of its URLs that name no public host; its file says that they may be asked."""
        return tuple(url for url in self._urls if is_local(urlsplit(url).hostname or ""))

    @property
    def _urls(self) -> tuple[str, ...]:
        homepage = (self.homepage,) if self.homepage else ()
        return (*homepage, *self.feeds, *self.sitemaps, *self.sections, *self.api)


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
    return read(locate(slug, folders))


def is_slug(text: str) -> bool:
    """Return whether a text can be a publisher's slug, and so the name of its file."""
    return re.fullmatch(SLUG, text) is not None


def locate(slug: str, folders: Iterable[Path] = ()) -> Path:
    """Return the file of the publisher of that slug: of the last folder that has one.

    Raises:
        PublisherError: if there is none; the message names the nearest ones.
    """
    folders = tuple(folders)
    if path := file_of(slug, folders):
        return path
    known = sorted(path.stem for folder in (PACKAGED, *folders) for path in folder.glob("*.toml"))
    near = get_close_matches(slug, known) or known
    raise PublisherError(f"no publisher is called {slug!r}; there are: {', '.join(near) or 'none'}")


def file_of(slug: str, folders: Iterable[Path] = ()) -> Path | None:
    """Return the file of the publisher of that slug, the last folder's first; None without one."""
    files = (folder / f"{slug}.toml" for folder in (*reversed(tuple(folders)), PACKAGED))
    return next((path for path in files if path.is_file()), None)


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
        fields = config.checked(table, _PUBLISHER, "")
    except PublisherError as error:
        raise PublisherError(f"{path}: {error}") from error
    if fields.get("slug") != path.stem:
        said = repr(fields["slug"]) if "slug" in fields else "missing"
        raise PublisherError(f"{path}: `slug` is {said}; make it {path.stem!r}, the file's name")
    if "name" not in fields:
        raise PublisherError(
            f"{path}: `name` is missing; give the newspaper's name as it prints it"
        )
    return Publisher(**fields)


def _rules(value: Any) -> tuple[Rules, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise PublisherError("write each set of rules under a line `[[rules]]`")
    rules = [
        Rules(**config.checked(item, _RULES, f"rules[{number}]."))
        for number, item in enumerate(value, 1)
    ]
    if len({item.until for item in rules}) < len(rules):
        raise PublisherError("two sets of rules end at the same time; give each its own `until`")
    return tuple(sorted(rules, key=lambda item: item.until or date.max))


_RULES: dict[str, config.Check] = {
    "until": ("until", config.day),
    "remove": ("remove", config.each(config.selector)),
    **{
        key: (key, config.selector)
        for key in ("text", "title", "deck", "byline", "published", "section", "tags")
    },
}
_PUBLISHER: dict[str, config.Check] = {
    "slug": ("slug", config.code(SLUG, "enabbaladi")),
    "name": ("name", config.string),
    "name_latin": ("name_latin", config.string),
    "homepage": ("homepage", config.address),
    "country": ("country", config.code(r"[A-Z]{2}", "SY")),
    "language": ("language", config.code(r"[a-z]{2,3}", "ar")),
    "timezone": ("zone", config.zone),
    "feeds": ("feeds", config.each(config.address)),
    "sitemaps": ("sitemaps", config.each(config.address)),
    "sections": ("sections", config.each(config.address)),
    "api": ("api", config.each(config.address)),
    "accept": ("accept", config.each(config.pattern)),
    "reject": ("reject", config.each(config.pattern)),
    "delay": ("delay", config.seconds),
    "hours": ("hours", config.hours),
    "render": ("render", config.flag),
    "lead_image": ("lead_image", config.flag),
    "checked": ("checked", config.flag),
    "tracking": ("tracking", config.names),
    "rules": ("rules", _rules),
}
