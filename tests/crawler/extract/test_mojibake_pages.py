"""Pages with strings that their own site misread before it sent them."""

import json

import pytest

from archive.models import Link
from tests.crawler.extract.markup import P1, PARAGRAPHS, TEXT, TITLE, page, ps
from tests.crawler.extract.misreading import MISREADINGS, misread
from tests.crawler.extract.reading import read

AUTHOR = "سامر الحلبي"
PAGE = page(f"<article><h1>{TITLE}</h1>{ps(*PARAGRAPHS)}</article>")


def kinds(found):
    return [problem.kind for problem in found.problems]


@pytest.mark.parametrize("how", MISREADINGS)
def test_a_page_that_is_misread_throughout(how):
    found = read(misread(PAGE, how))
    assert (found.title, found.text, found.language) == (TITLE, TEXT, "ar")
    assert kinds(found) == ["mojibake"]


def test_a_single_field_that_is_misread():
    graph = {
        "@type": "NewsArticle",
        "author": {"@type": "Person", "name": misread(AUTHOR, "cp1252")},
    }
    script = f'<script type="application/ld+json">{json.dumps(graph, ensure_ascii=False)}</script>'
    found = read(PAGE.replace("</head>", f"{script}</head>"))
    assert found.authors == (AUTHOR,)
    assert found.text == TEXT
    assert kinds(found) == ["mojibake"]


def test_hints_of_a_listing_are_repaired_too():
    html = PAGE.replace(TITLE, "")
    hints = Link(url="https://sahel.example/1", title=misread(TITLE, "cp1256"))
    assert read(html, hints=hints).title == TITLE


@pytest.mark.parametrize("control", ["\x0b", "\ufffe", "\x1f"])
def test_what_no_tree_may_hold_ends_in_no_error(control):
    broken = ps(*PARAGRAPHS, misread(f"{P1}{control}{P1}", "cp1252"))
    found = read(page(f"<article><h1>{TITLE}</h1>{broken}</article>"))
    assert found.text.startswith(TEXT)


def test_a_sound_page_is_left_alone():
    assert kinds(read(PAGE)) == []
