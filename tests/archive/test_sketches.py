"""Tests of sketches."""

import gzip
import pickle
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import sketches
from archive.models import Extraction, PageKind
from archive.search import index
from archive.sketches import are_versions, prepared, prime, shingles, sketch

SENTENCES = (
    Path(__file__).resolve().parents[2] / ".." / "shared" / "arabic" / "news-sentences.txt.gz"
)
TEXT = (
    "اجتمع وزراء الثقافة العرب أمس في تونس، وقالوا إن “المكتبات العامة” أولى بالعناية من غيرها.\n"
    "وأضافوا في بيانهم الختامي أن ٣٥ مكتبة ستُفتح هذا العام في المدن الصغيرة والأرياف البعيدة."
)
BULLETIN = (
    "سجلت أسعار الصرف في السوق الموازية اليوم {0} ليرة للدولار عند الشراء و{1} ليرة عند المبيع،"
    " فيما بلغ سعر اليورو {2} ليرة، وغرام الذهب من عيار 21 قيراطا {3} ليرة بحسب نشرة المصرف."
)


def like(one, other):
    return are_versions(shingles(one), shingles(other))


SAME = [
    (TEXT, "exact"),
    (TEXT.replace("ا", "اـ").replace("أولى", "أَوْلَى").replace("٣٥", "35"), "spelling"),
    ("تونس - رويترز: " + TEXT.replace("\n", " "), "dateline and paragraphs"),
    (TEXT.replace("الصغيرة", "الكبيرة"), "one word"),
    (TEXT + "\nوتابع البيان حديثه عن أمور أخرى كثيرة لا صلة لها بما سبق من الكلام.", "longer"),
]


@pytest.mark.parametrize(("other", "_why"), SAME)
def test_versions_of_a_text(other, _why):
    assert like(TEXT, other)
    assert like(other, TEXT)


def test_another_text_on_the_same_matter_is_no_version():
    other = (
        "قال وزير الثقافة التونسي إن وزراء الثقافة العرب يجتمعون اليوم للنظر في أحوال المكتبات"
        " العامة، وإن البيان الختامي سيدعو إلى فتح مكتبات في الأرياف البعيدة هذا العام وما بعده."
    )
    assert not like(TEXT, other)


def test_a_bulletin_with_other_figures_is_another_one():
    today, yesterday = (
        BULLETIN.format(2540, 2560, 3010, 125),
        BULLETIN.format(2490, 2515, 2950, 121),
    )
    assert not like(today, yesterday)
    assert like(today, today.replace("المصرف", "البنك"))


def test_a_digest_is_no_version_of_its_items(sentences):
    items = [" ".join(sentences[start : start + 3]) for start in range(0, 30, 3)]
    assert not any(like(item, "\n".join(items)) for item in items)


@pytest.mark.parametrize("text", ["", "لمشاهدة الفيديو اضغط هنا", " ".join(map(str, range(22)))])
def test_a_short_text_says_too_little(text):
    assert shingles(text) == frozenset()
    assert sketch(shingles(text)) == []
    assert not like(text, text)


def test_a_sketch_is_the_same_for_good():
    # These are in archives: another hash or fold makes their sketches worthless.
    assert sketch(shingles(TEXT))[:4] == [1965617703, -1226528809, 1041127475, -1838773027]
    assert len(sketch(shingles(TEXT))) == 16


@given(st.text(), st.text())
def test_any_text_has_an_answer_and_order_is_no_matter(one, other):
    assert like(one, other) == like(other, one)
    assert all(-(2**31) <= number < 2**31 for number in sketch(shingles(one)))


@pytest.fixture(scope="module")
def sentences():
    if not SENTENCES.is_file():
        pytest.skip("the sentences of news are not at hand")
    return gzip.decompress(SENTENCES.read_bytes()).decode().splitlines()


def edited(lines, words, rng):
    return [
        " ".join(rng.choice(words) if rng.random() < 0.05 else w for w in line.split())
        for line in lines
    ]


def test_reprints_of_real_news_are_told_and_nothing_else(sentences):
    rng = random.Random(1)
    words = " ".join(sentences).split()
    texts = [sentences[start : start + 10] for start in range(0, len(sentences) - 10, 10)]
    forms = [shingles("\n".join(lines)) for lines in texts]
    manners = {
        "edited": lambda lines: edited(lines, words, rng),
        "first three fifths": lambda lines: lines[:6],
        "first two fifths": lambda lines: lines[:4],
        "shortened and edited": lambda lines: edited(lines[:5], words, rng),
        "three paragraphs dropped": lambda lines: [
            lines[i] for i in sorted(rng.sample(range(10), 7))
        ],
    }
    for manner, of in manners.items():
        copies = [shingles("\n".join(of(lines))) for lines in texts]
        found = sum(
            are_versions(form, copy) and not set(sketch(form)).isdisjoint(sketch(copy))
            for form, copy in zip(forms, copies, strict=True)
        )
        assert found >= 0.97 * len(texts), manner
    assert not any(are_versions(one, other) for one, other in combinations(forms, 2))


ARTICLE = Extraction(
    kind=PageKind.ARTICLE,
    title="عودة اللاجئين",
    byline="رويترز",
    text="\n".join(f"قال المتحدث رقم {n} إن المؤتمر الدولي انعقد في دمشق أمس" for n in range(9)),
)


def test_the_texts_are_analysed_and_sketched():
    known = prepared(ARTICLE).prepared
    assert known is not None
    assert known.analysed == {
        text: index.analysed(text) for text in (ARTICLE.title, ARTICLE.byline, ARTICLE.text) if text
    }
    assert known.sketch == tuple(sketches.sketch(sketches.shingles(ARTICLE.text)))
    assert len(known.sketch) == sketches.SKETCH


def test_it_changes_nothing_that_is_compared_and_comes_back_from_a_worker():
    made = prepared(ARTICLE)
    assert made == ARTICLE
    again = pickle.loads(pickle.dumps(made))  # noqa: S301 - made just now
    assert again.prepared == made.prepared


def test_what_is_no_article_is_not_prepared():
    assert prepared(Extraction(kind=PageKind.SECTION, text="نص")).prepared is None


def test_the_writer_finds_it_and_computes_the_same_without(monkeypatch):
    """An analysed text is forgotten once it was asked for; a sketch is asked for several times."""
    sketches._KNOWN.clear()
    prime(prepared(ARTICLE))
    monkeypatch.setattr(index, "analyse", lambda _text: ["x"])
    monkeypatch.setattr(sketches, "sketch", lambda _runs: [0])
    whole = index.analysed(ARTICLE.text)
    assert whole == "x"
    assert index._FUNCTIONS["warraq_analyse"](ARTICLE.text) != "x"
    assert index._FUNCTIONS["warraq_analyse"](ARTICLE.text) == "x"
    assert len(sketches.sketch_of(ARTICLE.text)) == sketches.SKETCH
    sketches._KNOWN.clear()
    assert sketches.sketch_of(ARTICLE.text) == (0,)
    sketches._KNOWN.clear()


def test_few_are_remembered():
    for number in range(1000):
        index.prime({f"نص {number}": "x"})
        sketches.remember(f"نص {number}", ())
    assert len(index._PRIMED) <= 256
    assert len(sketches._KNOWN) <= 256
    index._PRIMED.clear()
    sketches._KNOWN.clear()
