"""A survey as a publisher file that a person reviews and completes, and as text. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from urllib.parse import urlsplit

from archive.links import shape
from archive.models import Kind
from archive.urls import host_of, identity_key, readable, site_of
from crawler.config import settings_of
from crawler.discovery.front_page import Way
from crawler.discovery.survey import Survey
from crawler.extract.vocabulary import one_line
from crawler.fetch.addresses import is_local
from crawler.publisher import LISTINGS, Publisher

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FRONTS = {"", "ar", "home", "index", "main", "default"}
# Parts of the addresses of lists of articles.
_LISTS = ("/category/", "/tag/", "/tags/", "/author/", "/page/", "/topic/", "/topics/", "/archive/")
_WIDTH = 42


def slug_of(url: str) -> str:
    """Return the short name of a publisher by its front page: `al-quds` for www.al-quds.com."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    if is_local(host):
        return re.sub(r"[^a-z0-9.]+", "-", parts.netloc.lower()).strip(".-")
    site = site_of(host)
    words = [*host.removesuffix(site).split("."), site.partition(".")[0]]
    first = re.sub(r"\.\w+$", "", parts.path.strip("/").split("/")[0].lower())
    if first not in _FRONTS and re.fullmatch(r"[a-z0-9-]+", first):
        words.append(first)
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words)).strip("-") or "site"


def compose(survey: Survey, slug: str, *, on: date) -> str:
    """Return the text of the file `<slug>.toml`; `on` is the day of the survey."""
    front = survey.front
    stated = {
        "name": front.name or front.name_latin or host_of(survey.home),
        "name_latin": front.name_latin,
        "homepage": survey.home,
        "country": None,
        "language": language(survey),
        "timezone": survey.zone,
    }
    lines = [
        f"# Written by `warraq publishers add {_plain(survey.home)}` on {on}; not reviewed yet.",
        "# Review it, correct it, fill in what is missing, then set `checked = true`.",
        f"slug = {_quoted(slug)}",
        *(_line(key, value) for key, value in stated.items()),
    ]
    if is_local(urlsplit(survey.home).hostname or ""):
        lines.append("delay = 0  # it runs on your own machine")
    known = Publisher.of_url(survey.home)
    read = (host_of(url) for url in survey.samples if not known.owns(identity_key(url)))
    if further := sorted(set(read)):
        lines.append(f"hosts = {json.dumps(further)}  # where its articles are")
    for kind in LISTINGS:
        lines += ["", *_entries(kind, survey)]
    return "\n".join([*lines, "", *_patterns(survey), "checked = false", ""])


def articles_report(survey: Survey) -> str:
    """Return articles of a new site as Warraq reads them, three lines for each."""
    lines = ["Articles as Warraq reads them:"]
    for url, reading in survey.samples.items():
        at, day = reading.published_at, reading.published_on
        published = f"{at:%Y-%m-%d %H:%M} UTC" if at else str(day or "without a date")
        source = f" ({reading.published_from})" if reading.published_from else ""
        byline = f"by {reading.byline}" if reading.byline else "no byline"
        words = f"{len(reading.text.split())} words"
        lines += [f"  {reading.title}", f"    {published}{source}; {byline}; {words}"]
        lines.append(f"    {readable(url)}")
    if (spoken := language(survey)) and spoken != "ar":
        lines += ["", f"The articles are in `{spoken}`, not Arabic; is this the Arabic front page?"]
    return "\n".join(lines)


def language(survey: Survey) -> str | None:
    """Return the commonest language of the articles that were read; else the front page's own."""
    read = Counter(filter(None, (reading.language for reading in survey.samples.values())))
    return max(read, key=read.__getitem__, default=survey.front.language)


def _entries(kind: Kind, survey: Survey) -> list[str]:
    """Return the lines of a kind's entry points, each with how it was found, and what is broken."""
    key, entries = LISTINGS[kind], survey.of(kind)
    lines = [f"{key} = ["]
    for entry in entries:
        lines.append(f"    # {_plain(entry.how)}: {_plain(str(entry))}")
        lines.append(f"    {_quoted(entry.url)},")
    lines = [*lines, "]"] if entries else [f"# {key}: none found, or none needed"]
    broken = [one for one in survey.broken if one.kind is kind]
    return lines + [f"# {_plain(one.url)} ({one.how}): {_plain(str(one.fault))}" for one in broken]


def _patterns(survey: Survey) -> list[str]:
    """Return a `reject` for lists among the links, and a hint for an `accept`."""
    sure, mixed = set(survey.samples), set[str]()
    for entry in survey.entries:  # sitemaps list sections, too
        urls = mixed if entry.kind is Kind.SITEMAP else sure
        urls.update(link.url for link in entry.links)
    if mixed:
        mixed.update(page.url for page in survey.front.candidates.get(Way.IN_MENU, ()))
    found, no_lists = " ".join(mixed), " ".join(sure)
    lists = [part for part in _LISTS if part in found and part not in no_lists]
    lines = [f"reject = {json.dumps(lists)}  # lists of articles, not articles"] if lists else []
    if pattern := pattern_of(sure):
        lines.append(f"# accept = ['{_plain(pattern)}']  # matches all articles listed above")
    return lines


def pattern_of(urls: Iterable[str]) -> str | None:
    """Return a pattern of the addresses' common shape, where that has a number; else None."""
    paths = {shape(url).partition("/")[2] for url in urls}
    common = re.escape(paths.pop()) if len(paths) == 1 else ""
    pattern = common.replace(r"\#", r"\d+").replace(r"\*", "[^/]+")
    return f"/{pattern}$" if r"\d+" in pattern and "?" not in pattern else None


def _line(key: str, value: str | None) -> str:
    """Return a line of the file, as a comment with an example where there is no value."""
    if value:
        return f"{key} = {_quoted(value)}"
    stated = settings_of(Publisher)[key].metadata
    example = f"# {key} = {stated['form'].example}"
    return f"{example:<{_WIDTH}}# not found: {stated['about']}"


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(_plain(text), ensure_ascii=False)


def _plain(text: str) -> str:
    """Return a text that can break out of neither a comment nor a string."""
    return _CONTROL.sub(" ", one_line(text)) or "?"
