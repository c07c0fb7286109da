"""A survey as the text of a publisher file that a person reviews and completes. Pure."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from urllib.parse import urlsplit

from archive.records import Kind
from archive.urls import host_of
from crawler.addresses import is_local
from crawler.discovery.check import Listing
from crawler.discovery.site import KEYS, USUAL, USUAL_OF_WORDPRESS, Candidate
from crawler.discovery.survey import Entry, Survey
from crawler.extract.vocabulary import one_line

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ALONE = {"co", "com", "net", "org", "gov", "edu", "ac", "or", "go", "info", "mil"}
_FRONTS = {"", "ar", "home", "index", "main", "default"}
# Parts of addresses at which systems list articles, and which are none themselves.
_LISTS = ("/category/", "/tag/", "/tags/", "/author/", "/page/", "/topic/", "/topics/", "/archive/")
_WIDTH = 42


def slug_of(url: str) -> str:
    """Return the short name of a publisher by its front page: `al-quds` for www.al-quds.com."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower().removeprefix("www.").removeprefix("m.")
    labels = host.split(".")
    if is_local(host) or len(labels) < 2:
        return re.sub(r"[^a-z0-9.-]+", "-", parts.netloc.lower()).strip(".-")
    labels.pop()
    if len(labels) > 1 and labels[-1] in _ALONE:
        labels.pop()
    first = re.sub(r"\.\w+$", "", parts.path.strip("/").split("/")[0].lower())
    if first not in _FRONTS and re.fullmatch(r"[a-z0-9-]+", first):
        labels.append(first)
    return re.sub(r"[^a-z0-9.-]+", "-", "-".join(labels)).strip(".-") or "site"


def compose(survey: Survey, slug: str, *, on: date) -> str:
    """Return the text of the file `<slug>.toml`; `on` is the day of the look."""
    front = survey.front
    lines = [
        f"# Written by `warraq publishers add {_plain(survey.home)}` on {on}, checked by nobody.",
        "# Read it, mend it, fill in what was not found, then set `checked = true`.",
        f"slug = {_quoted(slug)}",
        _named("name", front.name or front.name_latin or host_of(survey.home)),
        _known("name_latin", front.name_latin, "Al-Mithal", "the name in Latin letters"),
        f"homepage = {_quoted(survey.home)}",
        _known("country", None, "SY", "by ISO 3166-1"),
        _known("language", language(survey), "ar", "that of its articles"),
        _known("timezone", None, "Asia/Damascus", "that of the times it prints"),
    ]
    if is_local(urlsplit(survey.home).hostname or ""):
        lines.append("delay = 0  # it is on a machine of your own")
    for kind, key in KEYS:
        lines += ["", *_entries(key, survey.of(kind), survey)]
    lines += ["", *_patterns(survey), "checked = false"]
    return "\n".join(lines) + "\n"


def language(survey: Survey) -> str | None:
    """Return the language of the articles that were read, or the one the front page names."""
    read = Counter(one.reading.language for one in survey.samples if one.reading.language)
    return read.most_common(1)[0][0] if read else survey.front.language


def not_found(survey: Survey) -> list[str]:
    """Return what a person has to fill in or to know, one phrase each."""
    front = survey.front
    missing = [
        (front.name or front.name_latin, "its name (`name` is its host for now)"),
        (front.name_latin, "its name in Latin letters (`name_latin`)"),
        (None, "its country (`country`)"),
        (None, "the time zone of the times it prints (`timezone`); without it some are unknown"),
        (survey.of(Kind.FEED), "a feed"),
        (survey.of(Kind.SITEMAP), "a sitemap, so older articles may stay unseen"),
    ]
    return [phrase for found, phrase in missing if not found]


def named(candidate: Candidate) -> bool:
    """Tell whether the site itself names a candidate: where it fails, a person should know."""
    return candidate.how not in {USUAL, USUAL_OF_WORDPRESS}


def when(moment: datetime | date | None) -> str:
    """Return a moment or a day for a person."""
    if isinstance(moment, datetime):
        return f"{moment:%Y-%m-%d %H:%M} UTC"
    return str(moment) if moment else "without a date"


def told(listing: Listing) -> str:
    """Return what a listing gave, in one line: `RSS feed, 10 links, newest 2020-11-12`."""
    one = "sitemap" if listing.listings else "link"
    number = len(listing.listings) or listing.count
    count = f"{number} {one}{'' if number == 1 else 's'}"
    newest = f", newest {when(listing.newest)}" if listing.newest else ""
    return f"{listing.form}, {count}{newest}"


def _entries(key: str, entries: Sequence[Entry], survey: Survey) -> list[str]:
    if not entries:
        failed = [
            f"#   {_plain(one.url)}: {_plain(problem.detail)}"
            for one, problem in survey.failed
            if dict(KEYS)[one.kind] == key and named(one)
        ]
        needless = key == "sections" and survey.of(Kind.SITEMAP)
        why = "not looked for, as there is a sitemap" if needless else "none found that works"
        return [f"# {key}: {why}", *failed]
    lines = [f"{key} = ["]
    for entry in entries:
        lines.append(f"    # {_plain(entry.candidate.how)}: {_plain(told(entry.listing))}")
        lines.append(f"    {_quoted(entry.candidate.url)},")
    return [*lines, "]"]


def _patterns(survey: Survey) -> list[str]:
    """Return a `reject` for lists among the links, and a hint for an `accept`."""
    listed = [link.url for entry in survey.entries for link in entry.listing.links]
    listed += survey.menu if survey.of(Kind.SITEMAP) else []  # sitemaps list sections, too
    read = [sample.url for sample in survey.samples]
    entries = [entry for entry in survey.entries if entry.candidate.kind is not Kind.SITEMAP]
    sure = [link.url for entry in entries for link in entry.listing.links]
    lists = [
        part
        for part in _LISTS
        if any(part in url for url in listed) and not any(part in url for url in (*read, *sure))
    ]
    lines = []
    if lists:
        lines.append(
            f"reject = [{', '.join(map(_quoted, lists))}]  # lists of articles, not articles"
        )
    pattern = pattern_of(read)
    if pattern and sure and all(re.search(pattern, url) for url in sure):
        lines.append(f"# accept = ['{pattern}']  # so look the articles listed above")
    return lines


def pattern_of(urls: Sequence[str]) -> str | None:
    """Return a pattern of what addresses have in common beyond their host; None for too little.

    Equal parts stay, numbers become digits of any count, all else that differs a part of any kind.
    """
    split = [re.split(r"([/?&=])", url.partition("://")[2].partition("/")[2]) for url in urls]
    if len(urls) < 2 or len({tuple(parts[1::2]) for parts in split}) > 1:
        return None
    columns = [list(column) for column in zip(*split, strict=True)]
    pattern = "/" + "".join(map(_common, columns)) + "$"
    return pattern if "\\d" in pattern and "'" not in pattern else None


def _common(parts: list[str]) -> str:
    if len(set(parts)) == 1:
        return re.sub(r"\d+", r"\\d+", re.escape(parts[0]))
    masks = {re.sub(r"\d+", r"\\d+", re.escape(part)) for part in parts}
    return masks.pop() if len(masks) == 1 else "[^/]+"


def _named(key: str, value: str) -> str:
    return f"{key} = {_quoted(value)}"


def _known(key: str, value: str | None, example: str, what: str) -> str:
    if value:
        return _named(key, value)
    return f"{f'# {key} = {_quoted(example)}':<{_WIDTH}}# not found: {what}, as here"


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a part of TOML's."""
    return json.dumps(_plain(text), ensure_ascii=False)


def _plain(text: str) -> str:
    """Return a text that can break out of neither a comment nor a string."""
    return _CONTROL.sub(" ", one_line(text)) or "?"
