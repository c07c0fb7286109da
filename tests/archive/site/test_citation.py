"""Citations say what was captured, when, and where it is; each format's own signs are escaped."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.evidence import Evidence
from archive.models import WarcLocation
from archive.site import citation

ADDRESS = "http://127.0.0.1:8001/article/7/at/9"
STATE = Evidence(
    article=7, capture=9, revision=2, title="وزراء الثقافة\nيجتمعون", byline="سلمى القارئ",
    authors=("سلمى القارئ", "وكالة الأنباء"), published_on="2020-11-09", language="ar",
    publisher="صحيفة الورق", article_url="https://alwaraq.example/خبر/1?a=1&b={2}",
    url="https://alwaraq.example/1", at=datetime(2020, 11, 9, 12, tzinfo=UTC),
    local="2020-11-09T13:00:00+01:00", timezone="Africa/Tunis", status=200, content_type=None,
    sha256="ab12", bytes=5, record=WarcLocation(file="x", offset=0, length=1), file_closed=False,
    run="mine-1", command="crawl", charset="utf-8", rendered=None, read_again_at=None,
)  # fmt: skip
URL = "https://alwaraq.example/%D8%AE%D8%A8%D8%B1/1?a=1&b=%7B2%7D"


def test_as_a_sentence_in_both_languages():
    assert citation.arabic(STATE, ADDRESS) == (
        "سلمى القارئ، وكالة الأنباء. «وزراء الثقافة يجتمعون». صحيفة الورق، 9 نوفمبر 2020. "
        f"{URL} — لقطة محفوظة في 9 نوفمبر 2020، 12:00 بتوقيت غرينتش: {ADDRESS} (SHA-256: ab12)"
    )
    assert citation.english(STATE, ADDRESS) == (
        "سلمى القارئ, وكالة الأنباء. “وزراء الثقافة يجتمعون”. صحيفة الورق, 9 November 2020. "
        f"{URL} — archived 2020-11-09T12:00:00.000000Z at {ADDRESS}, SHA-256 ab12"
    )


def test_bibtex_keeps_names_whole():
    assert citation.bibtex(STATE, ADDRESS).splitlines() == [
        "@online{warraq-7-9,",
        "  author = {{سلمى القارئ} and {وكالة الأنباء}},",
        "  title = {{وزراء الثقافة يجتمعون}},",
        "  organization = {{صحيفة الورق}},",
        "  date = {2020-11-09},",
        f"  url = {{{URL}}},",
        "  urldate = {2020-11-09},",
        "  langid = {arabic},",
        f"  note = {{archived 2020-11-09T12:00:00.000000Z at {ADDRESS}, SHA-256 ab12}},",
        "}",
    ]


def test_ris_has_its_line_ends():
    lines = citation.ris(STATE, ADDRESS).split("\r\n")
    assert lines[:4] == [
        "TY  - NEWS",
        "AU  - سلمى القارئ",
        "AU  - وكالة الأنباء",
        "TI  - وزراء الثقافة يجتمعون",
    ]
    assert lines[-2:] == ["ER  - ", ""]
    assert "DA  - 2020/11/09" in lines


def test_csl_json_is_an_item():
    (item,) = json.loads(citation.csl(STATE, ADDRESS))
    assert item["author"] == [{"literal": "سلمى القارئ"}, {"literal": "وكالة الأنباء"}]
    assert item["issued"] == item["accessed"] == {"date-parts": [[2020, 11, 9]]}
    assert (item["archive_location"], item["URL"]) == (ADDRESS, URL)
    assert "SHA-256 ab12" in item["note"]


def test_what_is_not_known_is_left_out():
    bare = replace(
        STATE, title=None, byline=None, authors=(), published_on=None, language=None, sha256=None
    )
    assert citation.english(bare, ADDRESS).startswith("“Untitled”. صحيفة الورق. https://")
    assert not re.search(r"author|title|[^l]date =|None", citation.bibtex(bare, ADDRESS))
    assert not re.search(r"AU|TI|DA|None", citation.ris(bare, ADDRESS))
    assert json.loads(citation.csl(bare, ADDRESS))[0].keys().isdisjoint({"author", "issued"})


def test_a_byline_stands_for_authors_that_are_not_known():
    bare = replace(STATE, authors=())
    assert "author = {{سلمى القارئ}}," in citation.bibtex(bare, ADDRESS)


NASTY = st.text(st.sampled_from('\\{}$&#%_^~"@\r\n \tER-,=سa'), max_size=20)


@pytest.mark.parametrize("field", ["title", "byline", "publisher", "article_url"])
@given(text=NASTY)
def test_no_text_ends_its_field(field, text):
    state = replace(STATE, **{"authors": (), field: text})
    entry = citation.bibtex(state, ADDRESS)
    assert balance(entry) == 0
    assert len(entry.splitlines()) <= 10
    plain = re.sub(r"url = .*\n", "\n", entry)  # where BibLaTeX reads all signs as such
    assert not re.search(r"(?<!\\)[$&#%_^~]", plain)
    tags = [line[:6] for line in citation.ris(state, ADDRESS).split("\r\n")[:-1]]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - ", tag) for tag in tags)
    assert tags.count("ER  - ") == tags.count("TY  - ") == 1
    assert isinstance(json.loads(citation.csl(state, ADDRESS)), list)


def balance(entry):
    """Return how many braces are left open, those that TeX reads as signs apart."""
    braces = re.findall(r"(?<!\\)[{}]", entry)
    return braces.count("{") - braces.count("}")
