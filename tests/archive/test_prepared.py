"""What a worker prepared is what the writer would have computed, and is found once."""

import pickle

from archive import shingles
from archive.prepared import prepared, prime
from archive.records import Extraction, PageKind
from archive.search import index

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
    assert known.sketch == tuple(shingles.sketch(shingles.shingles(ARTICLE.text)))
    assert len(known.sketch) == shingles.SKETCH


def test_it_changes_nothing_that_is_compared_and_comes_back_from_a_worker():
    made = prepared(ARTICLE)
    assert made == ARTICLE
    again = pickle.loads(pickle.dumps(made))  # noqa: S301 - made just now
    assert again.prepared == made.prepared


def test_what_is_no_article_is_not_prepared():
    assert prepared(Extraction(kind=PageKind.SECTION, text="نص")).prepared is None


def test_the_writer_finds_it_and_computes_the_same_without(monkeypatch):
    """Once found, it is forgotten: what a later edit asks for is computed again."""
    prime(prepared(ARTICLE))
    monkeypatch.setattr(index, "analyse", lambda _text: ["x"])
    monkeypatch.setattr(shingles, "sketch", lambda _runs: [0])
    whole = index.analysed(ARTICLE.text)
    assert whole == "x"
    assert index._FUNCTIONS["warraq_analyse"](ARTICLE.text) != "x"
    assert index._FUNCTIONS["warraq_analyse"](ARTICLE.text) == "x"
    assert len(shingles.sketch_of(ARTICLE.text)) == shingles.SKETCH
    assert shingles.sketch_of(ARTICLE.text) == (0,)


def test_few_are_remembered():
    for number in range(1000):
        index.prime({f"نص {number}": "x"})
        shingles.prime(f"نص {number}", ())
    assert len(index._PRIMED) <= 256
    assert len(shingles._PRIMED) <= 64
    index._PRIMED.clear()
    shingles._PRIMED.clear()
