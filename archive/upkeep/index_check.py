"""The search index against the articles: each word of each field at its place, on both sides.

Both sides are summed up to one number for each field: the index by SQLite, the articles piece by
piece on all cores. Only where the numbers differ are the words themselves compared.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from itertools import count
from operator import mul
from pathlib import Path

from archive.database import NAME, open_for_reading
from archive.search.arabic import analyse
from archive.search.index import index_is_current
from archive.upkeep.damage import REINDEX, Damage, Findings
from archive.upkeep.table_check import Articles

_COLUMNS = ("title", "deck", "byline", "text")
_ARTICLES = "select id, title, deck, byline, text from articles"
_TERMS = "select term, col, doc, cnt from temp.warraq_terms"
_SIZES = """
select id from articles_fts_docsize where id != 0 and id not in (select id from articles)
union all select id from articles where id not in (select id from articles_fts_docsize) limit 100
"""
# Where words stand, as one number for each column: summed in SQL, for there are as many places as
# words in the archive; small factors keep ten thousand million of them within 64 bits.
_PLACES = """
select col, sum((doc % 1009) * (offset + 1) * (1 + (
    unicode(term) * 7 + unicode(substr(term, -1)) * 31 + length(term) * 57) % 251))
from temp.warraq_places group by col
"""
_SENTINEL = "\ue000"  # how the one row without an article begins
_SHOWN = 5


def weigh_index(root: Path) -> Findings:
    """Check that the index is of this analyser, and put its words on the scales."""
    findings = Findings()
    with closing(open_for_reading(root)) as db:
        if not index_is_current(db):
            findings.damages.append(
                _damage("it is not of this version's analyser, or SQLite's own")
            )
            return findings
        for (article,) in db.execute(_SIZES):
            findings.damages.append(_damage("its sizes are not of the articles there are", article))
        for name, weight in _indexed_places(db).items():
            findings.balance[name] = -weight
    return findings


def weigh_articles(part: Articles) -> Findings:
    """Put the words of some articles on the other side of the scales."""
    findings = Findings()
    with closing(open_for_reading(part.root)) as db:
        for article, *fields in db.execute(
            f"{_ARTICLES} where id between ? and ?", (part.first, part.last)
        ):
            for name, text in zip(_COLUMNS, fields, strict=True):
                terms = analyse(text) if text else []
                findings.balance[name] += _places_of(article, terms)
                findings.counts["words of the search index"] += len(terms)
    return findings


def compare(root: Path) -> Findings:
    """Say in what articles and index differ, when the scales are not even.

    All is read in one transaction, so that what a crawl wrote meanwhile is no difference.
    """
    with closing(open_for_reading(root)) as db:
        db.execute(
            "create virtual table temp.warraq_terms using fts5vocab(main, articles_fts, col)"
        )
        db.execute("begin")
        if not index_is_current(db):  # which was told already
            return Findings()
        return Findings(damages=[_damage(told) for told in _differences(db)])


def _indexed_places(db: sqlite3.Connection) -> dict[str, int]:
    db.execute(
        "create virtual table temp.warraq_places using fts5vocab(main, articles_fts, instance)"
    )
    return dict(db.execute(_PLACES))  # to which the row 0 of no article adds nothing


def _places_of(article: int, terms: list[str]) -> int:
    """Return what `_PLACES` sums, for one field of an article."""
    return int(article % 1009 * sum(map(mul, map(_weight, terms), count(1))))


def _differences(db: sqlite3.Connection) -> Iterator[str]:
    """Yield in what articles and index differ."""
    documents, words = _by_column(), _by_column()
    places = Counter[str]()
    for article, *fields in db.execute(_ARTICLES):
        for name, text in zip(_COLUMNS, fields, strict=True):
            if text:
                terms = analyse(text)
                words[name].update(terms)
                documents[name].update(set(terms))
                places[name] += _places_of(article, terms)
    wrong = _wrong_words(db, documents, words)
    if wrong:
        yield f"{len(wrong)} words are not indexed as they stand in the articles: {wrong[:_SHOWN]}"
        return
    indexed = _indexed_places(db)
    if any(places[name] != indexed.get(name, 0) for name in _COLUMNS):
        yield "words are indexed at other places than they stand at in the articles"


def _wrong_words(
    db: sqlite3.Connection, documents: dict[str, Counter[str]], words: dict[str, Counter[str]]
) -> list[str]:
    """Return the words, each with its column, of which the index counts more or fewer."""
    left = {name: set(counted) for name, counted in words.items()}
    wrong = []
    for term, name, number, occurrences in db.execute(_TERMS):
        left[name].discard(term)
        told = (documents[name][term], words[name][term])
        if told != (number, occurrences) and not term.startswith(_SENTINEL):
            wrong.append(f"{name}:{term}")
    return wrong + [f"{name}:{term}" for name, terms in left.items() for term in sorted(terms)]


@lru_cache(maxsize=1 << 16)
def _weight(term: str) -> int:
    """Return a word's factor in `_PLACES`."""
    return 1 + (ord(term[0]) * 7 + ord(term[-1]) * 31 + len(term) * 57) % 251


def _by_column() -> dict[str, Counter[str]]:
    return {name: Counter() for name in _COLUMNS}


def _damage(detail: str, row: int | None = None) -> Damage:
    return Damage(
        kind="index", place=NAME, detail=detail, remedy=REINDEX, table="articles_fts", row=row
    )
