"""Tidying, folding, stemming and cutting of Arabic text."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.arabic import STOP_WORDS, analyse, fold, stem, tidy, tokens

VECTORS = Path(__file__).resolve().parents[2] / ".." / "shared" / "arabic" / "lucene_vectors.json"

RLM, ZWNJ, BOM = (
    "\N{RIGHT-TO-LEFT MARK}",
    "\N{ZERO WIDTH NON-JOINER}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
)
FATHA, SHADDA, TATWEEL = "\N{ARABIC FATHA}", "\N{ARABIC SHADDA}", "\N{ARABIC TATWEEL}"

TIDIED = [
    ("", ""),
    (f"{BOM}خبر{RLM}", "خبر"),
    ("خ\N{SOFT HYPHEN}بر\N{ZERO WIDTH SPACE}", "خبر"),
    ("\N{RIGHT-TO-LEFT ISOLATE}خبر\N{POP DIRECTIONAL ISOLATE}", "خبر"),
    ("في\N{NO-BREAK SPACE}دمشق", "في دمشق"),
    (
        "أولى\r\nثانية\rثالثة\N{PARAGRAPH SEPARATOR}رابعة\n\nخامسة",
        "أولى\nثانية\nثالثة\nرابعة\n\nخامسة",
    ),
    ("\N{ARABIC LETTER SEEN INITIAL FORM}\N{ARABIC LETTER LAM MEDIAL FORM}ام", "سلام"),
    ("\N{ARABIC LIGATURE LAM WITH ALEF WITH HAMZA ABOVE ISOLATED FORM}", "لأ"),
    ("ا\N{ARABIC HAMZA ABOVE}", "أ"),
    ("bad\ud83d\x00end", "bad\N{REPLACEMENT CHARACTER}end"),
]

KEPT = [
    "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}",
    "½ ² ﴾آية﴿ “قال” «قال» ﷼",
    f"مُحَمَّد{TATWEEL} سنة ١٩٤٨ و۱۹",
    f"می{ZWNJ}خواهم",
    "👩\N{ZERO WIDTH JOINER}💻",
]

FOLDED = [
    ("أإآٱا", "ااااا"),
    ("کتابی", "كتابي"),
    ("١٢٣ ۴۵", "123 45"),
    (f"م{FATHA}حم{SHADDA}د", "محمد"),
    (f"می{ZWNJ}خواهم", "ميخواهم"),
    ("هٰذا", "هذا"),
    ("مسؤول شيء", "مسؤول شيء"),
    ("Erdoğan İSTANBUL Straße", "erdogan istanbul strasse"),
]


# Text as the web writes it at its worst: letters, marks, forms and invisibles in any order.
ODD = st.text(
    st.one_of(
        st.sampled_from("ابةهيىوؤئءلمن ١۵5aİßﬁ.-،\n"),
        st.sampled_from(f"{RLM}{ZWNJ}{BOM}{FATHA}{SHADDA}{TATWEEL}"),
        st.characters(min_codepoint=0xFB50, max_codepoint=0xFEFF),
        st.characters(exclude_categories=()),
    )
)


def vectors(group):
    if not VECTORS.exists():
        pytest.skip("the shared Lucene vectors are not beside this repository")
    return json.loads(VECTORS.read_text(encoding="utf-8"))[group]


@pytest.mark.parametrize(("text", "expected"), TIDIED)
def test_tidy_drops_what_only_trips_machines(text, expected):
    assert tidy(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_tidy_keeps_what_a_reader_sees(text):
    assert tidy(text) == text


@given(ODD)
def test_tidy_is_idempotent_and_can_be_stored(text):
    once = tidy(text)
    assert tidy(once) == once
    assert once.encode().decode() == once


@pytest.mark.parametrize(("text", "expected"), FOLDED)
def test_fold_takes_spellings_together(text, expected):
    assert fold(text) == expected


def test_fold_agrees_with_lucene():
    for vector in vectors("normalization_filter"):
        assert fold(vector["input"]) == vector["expected"], vector["name"]


def test_stem_agrees_with_lucene():
    for vector in vectors("stem_filter_no_normalization"):
        assert stem(vector["input"]) == vector["expected"], vector["name"]


def test_analysis_agrees_with_lucene_but_for_stop_words():
    for vector in vectors("analyzer_default_stopwords"):
        kept = [word.term for word in tokens(vector["input"]) if fold(word.text) not in STOP_WORDS]
        assert kept == vector["expected"], vector["input"]


@given(ODD)
def test_tokens_lie_where_they_say(text):
    found = list(tokens(text))
    assert [token.term for token in found] == analyse(text)
    assert all(text[token.start : token.end] == token.text for token in found)
    assert all(a.end < b.start for a, b in pairwise(found))


@given(ODD)
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)
