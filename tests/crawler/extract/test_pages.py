"""The pages of `tests/pages` give their article whole, and nothing that stands around it.

Each is a folder: `page.html`, fictional, as a system prints such a page, its furniture included,
and `expected.json`, which says where and when it was fetched and what it must give.
"""

import json
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from archive.models import Capture, Extraction, Kind, PageKind
from crawler.extract.page import extract
from crawler.publisher import Publisher

PAGES = Path(__file__).resolve().parents[2] / "pages"


@dataclass(frozen=True)
class Case:
    """A page with where and when it was fetched, and the fields it must give."""

    folder: Path

    @property
    def page(self) -> bytes:
        return (self.folder / "page.html").read_bytes()

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.folder / "expected.json").read_text("utf-8"))
        return facts


CASES = [Case(folder) for folder in sorted(PAGES.iterdir())]


def read(case: Case, page: bytes) -> Extraction:
    facts = case.facts
    publisher = Publisher(slug="nakhl", zone=ZoneInfo("Asia/Beirut"), **facts["publisher"])
    capture = Capture(
        url=facts["url"],
        publisher=publisher.slug,
        kind=Kind.ARTICLE,
        fetched_at=datetime.fromisoformat(facts["fetched_at"]),
        status=200,
        body=page,
    )
    return extract(capture, publisher)


def plain(name: str, value: Any) -> Any:
    """Return the value of a field as `expected.json` writes it."""
    if name == "text":
        return value.split("\n")
    if name == "problems":
        return [problem.kind for problem in value]
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.folder.name)
def test_a_page_gives_what_it_says(case: Case):
    found, expected = read(case, case.page), case.facts["expected"]
    assert {name: plain(name, getattr(found, name)) for name in expected} == expected


def nameless(page: bytes) -> bytes:
    """Return a page with its class names and ids made meaningless, as build tools do."""

    def hashed(match: re.Match[str]) -> str:
        if "__NEXT_DATA__" in match[3]:
            return match[0]
        names = (f"c{zlib.crc32(name.encode()):08x}" for name in match[3].split())
        return f"{match[1]}={match[2]}{' '.join(names)}{match[2]}"

    return re.sub(r"""(class|id)=(["'])(.*?)\2""", hashed, page.decode()).encode()


NAMELESS = [case for case in CASES if case.facts.get("holds_without_names")]


@pytest.mark.parametrize("case", NAMELESS, ids=lambda case: case.folder.name)
def test_without_telling_names_nothing_of_an_article_is_lost(case: Case):
    """More may stay than the article, for nothing says what it is; less may not."""
    found, expected = read(case, nameless(case.page)), case.facts["expected"]
    lost = set(expected["text"]) - set(found.text.splitlines())
    assert (lost, found.title, found.kind) == (set(), expected["title"], PageKind.ARTICLE)
    dated = expected.get("published_on") or expected.get("published_at")
    if found.published_on and dated:
        assert str(dated).startswith(found.published_on.isoformat())
