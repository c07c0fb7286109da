"""Arabic words: tidied, folded, stemmed, cut where the index cuts."""

import gzip
import json
import re
import sqlite3
import tomllib
from collections import Counter
from contextlib import closing
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.arabic import (
    STOP_WORDS,
    _cut,
    bare_stem,
    fold,
    fold_in_sql,
    is_glue,
    term,
    tidy,
    words,
)

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic"
VECTORS = SHARED / "lucene_vectors.json"

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


def test_analysis_agrees_with_lucene_but_for_stop_words():
    for vector in vectors("analyzer_default_stopwords"):
        kept = [term(word) for word in words(vector["input"]) if not is_glue(word)]
        assert kept == vector["expected"], vector["input"]


@given(ODD)
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


TOGETHER = [
    # with a particle, another prefix or another ending
    ("بدمشق", "وبدمشق", "دمشق"),
    ("لسوريا", "سوريا", "السورية", "للسوريين"),
    ("كرئيس", "الرئيس", "ورئيس"),
    ("وزير", "الوزير", "ووزير", "للوزير", "بوزير"),
    ("وزارة", "الوزارة", "وزارات"),
    ("للحكومة", "وللحكومة", "بالحكومة", "حكومة"),
    ("اللجنة", "للجنة", "لجنة"),
    ("التزام", "الالتزام", "بالتزام"),
    ("ألمانيا", "لألمانيا", "الألمانية", "الألمان"),
    ("فلسطين", "الفلسطينيين", "لفلسطين", "فلسطينية"),
    ("لبنان", "للبنان", "بلبنان", "اللبنانية"),
    ("قانون", "القانونية", "بالقانون"),
    ("والد", "والده", "الوالد"),
    ("فقال", "وقال", "قال"),
    ("ب٢٠١٢", "و2012", "2012"),
    ("لـBBC", "BBC"),
]

APART = [
    # a word whose first letter is its own, what would be left of it
    ("بلد", "لد"),
    ("كتاب", "تاب"),
    ("لجنة", "جنة"),
    ("فريق", "ريق"),
    ("كبير", "بير"),
    ("بعيد", "عيد"),
    ("كمال", "مال"),
    ("فيصل", "يصل"),
    ("لبنان", "لبن"),
    ("بطولة", "طول"),
    ("لقاء", "قاء"),
    ("فيها", "ها"),
    ("وضع", "ضع"),
    ("بيان", "بي"),
]


@pytest.mark.parametrize("words", TOGETHER)
def test_forms_of_a_word_have_one_stem(words):
    assert len({bare_stem(fold(word)) for word in words}) == 1


@pytest.mark.parametrize(("word", "rest"), APART)
def test_a_letter_of_the_word_stays(word, rest):
    assert bare_stem(fold(word)) != bare_stem(fold(rest))


@given(st.text("ابلكفويةهنتم1a", max_size=12))
def test_a_stem_is_a_part_of_its_word(word):
    bare = bare_stem(word)
    assert bare in word
    assert bool(bare) == bool(word)


@pytest.mark.parametrize("table", ["uncut", "lands", "known"])
def test_the_words_are_folded_sorted_and_there_once(table):
    text = files("archive.search").joinpath("stems.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text)[table].split()
    assert listed == sorted(set(listed))
    assert all(fold(word) == word for word in listed)


# Words that the same word with a particle does not find, among the 20,000 commonest.
AMBIGUOUS = {
    # With "and" they are spelt like another word: واحد is "one", and hardly ever "and someone".
    "و": """
    ادان جدتها خامات
    احد احدها احدي احيان ادي اديان ادين اصل اصله اصلها اصليه اضحي اعده اعدها افق افقي اله تران
    تري ثقه جبهات جده جدها جدي جديه جهته جهتها جهه جوان جوده جوي جويه حده حله حلها خام داعيه دعي
    رده رقي رمي رود زار زارها سائل سام سامه سامي ساميه سطات سوس سيل سيمون صفات صفه صله صلي صيف
    صيفي ضوء عدت عده عوده عيد غده فاي فدان فري فقيه قارات قاره كاله كالي كره كريات كيلي لاي لايه
    لديه لديها لوجه
    """,
    # With "for the" they are spelt like "for" and a word that begins with lam: للحظة.
    "لل": """
    مبان بيب بيبي جاي جنات جني جنيه حاميه حظي حقها حمي طالما طيف قبه هبات هيب يبين يلي يليه يونيون
    """,
    # With the article they are spelt like a word whose alef and lam are its own (آلاف, ألم, الماس),
    # or their end is taken for an ending, since هان, يون and the like are endings as well.
    "ال": """
    افات افه افي بانه بانها تقي دان دون دين ديون فانها فون فين مات ماسه ماسي مان هان هون يات يان
    """,
}


@cache
def whole_words(number):
    """Return the commonest words of the shared texts that begin with no particle, folded."""
    passages = gzip.decompress((SHARED / "retrieval.json.gz").read_bytes()).decode()
    sentences = gzip.decompress((SHARED / "news-sentences.txt.gz").read_bytes()).decode()
    texts = [passage["text"] for passage in json.loads(passages)["docs"]]
    counts = Counter(fold(word) for text in (sentences, *texts) for word in words(text))
    arabic = re.compile("[ء-ي]{3,}")
    common = [word for word, _ in counts.most_common(number) if arabic.fullmatch(word)]
    glue = set(map(fold, STOP_WORDS))
    return [word for word in common if word not in glue and term(word) == _cut(word)]


@pytest.mark.parametrize("particle", ["ال", "و", "وال", "بال", "لل"])
def test_a_word_and_the_same_word_with_a_particle_are_one(particle):
    if not SHARED.exists():
        pytest.skip("the shared sentences and passages are not beside this repository")
    apart = {word for word in whole_words(20_000) if term(particle + word) != term(word)}
    assert apart <= set(AMBIGUOUS[particle[-2:]].split())


# Words which were two with their article and without it, while place names were known with theirs.
PLAIN = "مدينة عراقي سعودي كويتي بحر باب دار أسد خليج هند بصرة رقة حديد حرير ناصر صين سن سنة غابة"


@pytest.mark.parametrize("word", PLAIN.split())
def test_the_article_makes_no_other_word(word):
    for particle in ("ال", "وال", "بال"):
        assert term(particle + word) == term(word)


_LETTERS = st.one_of(
    st.characters(min_codepoint=0x600, max_codepoint=0x77F),
    st.characters(min_codepoint=0x8A0, max_codepoint=0x8FF),
    st.characters(max_codepoint=0x7F),
    st.sampled_from([ZWNJ, RLM, TATWEEL, "\N{WORD JOINER}", "«", "”"]),
)


@given(st.text(_LETTERS))
def test_sql_folds_as_python_does(text):
    with closing(sqlite3.connect(":memory:")) as db:
        folded = tidy(text).replace("\x00", "").lower()
        for step in fold_in_sql():
            ((folded,),) = db.execute(f"select {step} from (select ? as folded)", (folded,))
    assert folded == fold(text.replace("\x00", ""))
