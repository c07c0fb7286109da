"""A survey as a publisher file that a person reviews and completes, and as text. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from archive.models import Kind
from archive.urls import host_of, readable
from crawler.config import settings_of
from crawler.discovery.check import Listing, when
from crawler.discovery.survey import Sample, Survey
from crawler.extract.vocabulary import one_line
from crawler.fetch.addresses import is_local
from crawler.publisher import LISTINGS, Publisher

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ALONE = {"co", "com", "net", "org", "gov", "edu", "ac", "or", "go", "info", "mil"}
_FRONTS = {"", "ar", "home", "index", "main", "default"}
# Parts of the addresses of lists of articles.
_LISTS = ("/category/", "/tag/", "/tags/", "/author/", "/page/", "/topic/", "/topics/", "/archive/")
_WIDTH = 42


def slug_of(url: str) -> str:
    """Return the short name of a publisher by its front page: `al-quds` for www.al-quds.com."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    labels = host.split(".")
    if is_local(host) or len(labels) < 2:
        labels = [parts.netloc.lower()]
    else:
        labels.pop()
        if len(labels) > 1 and labels[-1] in _ALONE:
            labels.pop()
        first = re.sub(r"\.\w+$", "", parts.path.strip("/").split("/")[0].lower())
        if first not in _FRONTS and re.fullmatch(r"[a-z0-9-]+", first):
            labels.append(first)
    return re.sub(r"[^a-z0-9.-]+", "-", "-".join(labels)).strip(".-") or "site"


def compose(survey: Survey, slug: str, *, on: date) -> str:
    """Return the text of the file `<slug>.toml`; `on` is the day of the survey."""
    front = survey.front
    lines = [
        f"# Written by `warraq publishers add {_plain(survey.home)}` on {on}; not reviewed yet.",
        "# Review it, correct it, fill in what is missing, then set `checked = true`.",
        _line("slug", slug),
        _line("name", front.name or front.name_latin or host_of(survey.home)),
        _line("name_latin", front.name_latin),
        _line("homepage", survey.home),
        _line("country", None),
        _line("language", language(survey)),
        _line("timezone", None),
    ]
    if is_local(urlsplit(survey.home).hostname or ""):
        lines.append("delay = 0  # it runs on your own machine")
    for kind, key in LISTINGS.items():
        lines += ["", *_entries(key, survey.of(kind), survey)]
    return "\n".join([*lines, "", *_patterns(survey), "checked = false", ""])


def survey_report(survey: Survey, path: Path, archive: Path) -> str:
    """Return what there is at a new site, what was read there, what is missing, what to do."""
    front = survey.front
    lines = [f"{front.name or front.name_latin or path.stem}  {readable(survey.home)}"]
    for entry in survey.entries:
        lines.append(f"  {LISTINGS[entry.kind]:<9} {readable(entry.url)}")
        lines.append(f"            {entry}; {entry.how}")
    lines += ["", "Articles as Warraq reads them:"]
    for sample in survey.samples:
        lines += _article(sample)
    if (spoken := language(survey)) and spoken != "ar":
        lines += ["", f"The articles are in `{spoken}`, not Arabic; is this the Arabic front page?"]
    missing = [*not_found(survey), *map(readable, survey.broken())]
    where = "" if archive == Path("warraq-archive") else f" --archive {archive}"
    lines += ["", "Not found:", *(f"  - {phrase}" for phrase in missing), "", f"Written: {path}"]
    lines += ["Next: review that file and fill in what was not found; then"]
    return "\n".join([*lines, f"  warraq crawl {path.stem}{where} --limit 20"])


def language(survey: Survey) -> str | None:
    """Return the language of the articles that were read, or the one the front page names."""
    read = Counter(sample.reading.language for sample in survey.samples)
    del read[None]
    return read.most_common(1)[0][0] if read else survey.front.language


def not_found(survey: Survey) -> list[str]:
    """Return what a person has to fill in or to know, one phrase each."""
    front = survey.front
    missing = [
        (front.name or front.name_latin, "its name (`name` is its host for now)"),
        (front.name_latin, "its name in Latin letters (`name_latin`)"),
        (None, "its country (`country`)"),
        (None, "the time zone of the times it prints (`timezone`); without it, some stay unknown"),
        (survey.of(Kind.FEED), "a feed"),
        (survey.of(Kind.SITEMAP), "a sitemap; without it, older articles may be missed"),
    ]
    return [phrase for there, phrase in missing if not there]


def _article(sample: Sample) -> Iterator[str]:
    reading = sample.reading
    published = when(reading.published_at or reading.published_on)
    source = f" ({reading.published_from})" if reading.published_from else ""
    byline = f"by {reading.byline}" if reading.byline else "no byline"
    yield f"  {reading.title}"
    yield f"    {published}{source}; {byline}; {len(reading.text.split())} words"
    yield f"    {readable(sample.url)}"


def _entries(key: str, entries: Sequence[Listing], survey: Survey) -> list[str]:
    if entries:
        lines = [f"{key} = ["]
        for entry in entries:
            lines.append(f"    # {_plain(entry.how)}: {_plain(str(entry))}")
            lines.append(f"    {_quoted(entry.url)},")
        return [*lines, "]"]
    needless = key == "sections" and survey.of(Kind.SITEMAP)
    why = "not looked for, as there is a sitemap" if needless else "none found that works"
    failed = [
        f"#   {_plain(listing.url)}: {_plain(listing.problem.detail)}"
        for listing in survey.failed
        if listing.problem and LISTINGS[listing.kind] == key and listing.how.is_named
    ]
    return [f"# {key}: {why}", *failed]


def _patterns(survey: Survey) -> list[str]:
    """Return a `reject` for lists among the links, and a hint for an `accept`."""
    listed = [link.url for entry in survey.entries for link in entry.links]
    if survey.of(Kind.SITEMAP):  # sitemaps list sections, too
        listed += [page.url for page in survey.front.candidates if page.kind is Kind.SECTION]
    read = [sample.url for sample in survey.samples]
    entries = [entry for entry in survey.entries if entry.kind is not Kind.SITEMAP]
    sure = [link.url for entry in entries for link in entry.links]
    lists = [
        _quoted(part)
        for part in _LISTS
        if any(part in url for url in listed) and not any(part in url for url in (*read, *sure))
    ]
    lines = [f"reject = [{', '.join(lists)}]  # lists of articles, not articles"] if lists else []
    pattern = pattern_of(read)
    if pattern and sure and all(re.search(pattern, url) for url in sure):
        lines.append(f"# accept = ['{pattern}']  # matches all articles listed above")
    return lines


def pattern_of(urls: Sequence[str]) -> str | None:
    """Return a pattern of what addresses have in common beyond their host; None for too little.

    Equal parts stay, numbers become digits of any count, all else that differs a part of any kind.
    """
    split = [re.split(r"([/?&=])", url.partition("://")[2].partition("/")[2]) for url in urls]
    if len(urls) < 2 or len({tuple(parts[1::2]) for parts in split}) > 1:
        return None
    columns = [
        {re.sub(r"\d+", r"\\d+", re.escape(part)) for part in column}
        for column in zip(*split, strict=True)
    ]
    parts = (masks.pop() if len(masks) == 1 else "[^/]+" for masks in columns)
    pattern = f"/{''.join(parts)}$"
    return pattern if "\\d" in pattern and "'" not in pattern else None


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
