"""Publisher files: `publishers/<slug>.toml` to a validated `Publisher` with dated rules."""

from dataclasses import dataclass
from datetime import date
from re import Pattern
from zoneinfo import ZoneInfo


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

    def rules_on(self, day: date) -> Rules:
        """Return the rules valid on `day`: the first whose `until` lies after it."""
        for rules in self.rules:
            if rules.until is None or day < rules.until:
                return rules
        return Rules()
