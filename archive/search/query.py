"""What a person typed into the search box, read as words, phrases, demands and filters. Pure.

Anything can be typed; what is not an operator is words. The result speaks FTS5's MATCH language.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from archive.search.arabic import STOP_WORDS, beginnings, endless, fold, term, tidy, words

_MOST = 64  # clauses of a kind, words of a phrase

_SIGNS = str.maketrans(
    dict.fromkeys("“”„‟«»‹›＂〝〞〟❝❞″‶『』「」《》〈〉", '"')
    | dict.fromkeys("‘’‚‛❛❜＇`´", "'")
    | dict.fromkeys("−－", "-")
    | {"＋": "+", "：": ":", "＊": "*", "٭": "*"}
)
_NAMES = {
    "title": "title عنوان العنوان",
    "byline": "author byline كاتب الكاتب كاتبة الكاتبة مؤلف المؤلف بقلم",
    "publisher": "publisher ناشر الناشر صحيفة الصحيفة",
    "after": "after منذ بعد",
    "before": "before قبل",
}
_FIELDS = {fold(word): name for name, words in _NAMES.items() for word in words.split()}
_DAYS = {"after", "before"}
_KNOWN = "|".join(" ".join(_NAMES.values()).split())  # may have a space after the colon
_ITEM = re.compile(
    rf"""(?P<sign>(?<!\S)[+-])?
        (?: (?P<field>[\w\u064b-\u0652]+):(?=\S) | (?P<known>{_KNOWN})\s*:\s+(?![+-]) )?
        (?: "(?P<phrase>[^"]*)" | (?<!\w)'(?P<quoted>[^"']*)'(?!\w)
          | (?P<word>[^\s"،؛؟,;!?()\[\]{{}}|…]+) )""",
    re.VERBOSE | re.IGNORECASE,
)
_DAY = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(?:(\d{1,2})[-/.])?(\d{1,2})[-/.](\d{4})", re.ASCII)
_LATIN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Index terms that must stand side by side, in one `column` or in any (None).

    `beginning` is that of one more word, folded, after the terms. `form` is a single word as it
    was typed, folded, for ranking; two forms of one term are one clause.
    """

    terms: tuple[str, ...]
    beginning: str = ""
    column: str | None = None
    form: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Write the clause in FTS5's MATCH language.

        A lone beginning counts as a whole word too, because the index has cut endings off; the
        last letter typed may be the first of such an ending.
        """
        if not self.beginning:
            phrase = f'"{" ".join(self.terms)}"'
        else:
            found = [f'"{" ".join((*self.terms, start))}"*' for start in beginnings(self.beginning)]
            if not self.terms:
                found += [f'"{whole}"' for whole in endless(self.beginning)]
            phrase = f"({' OR '.join(found)})"
        return f"{{{self.column}}} : {phrase}" if self.column else phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query, understood: words to rank by, demands, exclusions, and filters on the article.

    `publishers` and `not_publishers` are as typed (a slug or a part of a name). `after` is the
    first day wanted, `before` the first day no longer wanted. `unread` are the bounds whose day
    cannot be read, as typed; their words are demands, so that they do not widen what is found.
    """

    words: tuple[Clause, ...] = ()
    must: tuple[Clause, ...] = ()
    must_not: tuple[Clause, ...] = ()
    publishers: tuple[str, ...] = ()
    not_publishers: tuple[str, ...] = ()
    after: date | None = None
    before: date | None = None
    unread: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing at all was asked, not even to leave something out."""
        return self == Query()

    @property
    def worded(self) -> bool:
        """Whether there is anything to search for in the index; filters and exclusions are not."""
        return bool(self.words or self.must)

    @property
    def has_beginning(self) -> bool:
        """Whether any word to search for in the index is a beginning."""
        return any(clause.beginning for clause in self.words + self.must + self.must_not)

    def expression(self, *, every: bool = False) -> str:
        """Return the MATCH expression: the demands, and any of the words (with `every`: all).

        A query without a word to find matches nothing.
        """
        if not self.worded:
            return '""'
        if every or not self.words:
            found = join("AND", self.must + self.words)
        elif self.must:
            # The first demand holds in every row found, so the words only add to its score.
            found = f"{join('AND', self.must)} AND ({join('OR', self.must[:1] + self.words)})"
        else:
            found = join("OR", self.words)
        return f"({found}) NOT ({join('OR', self.must_not)})" if self.must_not else found


def join(operator: str, clauses: Iterable[Clause]) -> str:
    """Write `clauses` with FTS5's AND or OR between them."""
    return f" {operator} ".join(map(str, clauses))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One thing typed: a word or a phrase (`exact`), with its sign and its field."""

    value: str
    sign: str = ""
    field: str | None = None
    exact: bool = False

    @property
    def part(self) -> str:
        """Name the part of a `Query` the item belongs to."""
        if self.field == "publisher":
            return "not_publishers" if self.sign == "-" else "publishers"
        if self.field in _DAYS:
            return "days"
        if self.field == "unread":
            return "unread"
        if self.sign == "-":
            return "must_not"
        return "must" if self.sign or self.field or self.exact else "words"


def parse(query: str) -> Query:
    """Read a `query` as typed; a sign or a field binds what follows it without a space.

    `word "a phrase" +must -not title:x author:x publisher:x after:2020-11-01 before:2021 prefix*`.
    Phrases and fields are demands, as `+must` is; a quote that is never closed is ignored.
    Words that only glue a sentence together are dropped as long as another demand is left.
    """
    parts = defaultdict[str, list[_Item]](list)
    for match in _ITEM.finditer(tidy(query).translate(_SIGNS)):
        for item in _read(match):
            parts[item.part].append(item)
    must = _clauses(parts["must"])
    selective = _clauses(parts["words"], without=STOP_WORDS)
    days = {item.field: _day(item.value) for item in parts["days"]}
    names = ("publishers", "not_publishers", "unread")
    return Query(
        words=selective or (() if must else _clauses(parts["words"])),
        must=must,
        must_not=_clauses(parts["must_not"]),
        after=days.get("after"),
        before=days.get("before"),
        **{name: tuple(item.value for item in parts[name]) for name in names},
    )


def _read(match: re.Match[str]) -> Iterator[_Item]:
    """Yield what was typed; an unknown field, or a day that cannot be read, is a word.

    A day follows its field directly, or begins with a digit; "ما بعد: الحرب" is prose.
    """
    exact = match["word"] is None
    value = (match["phrase"] or match["quoted"] or "") if exact else match["word"]
    sign, name, typed = match["sign"] or "", None, match["field"] or match["known"]
    if typed:
        name = _FIELDS.get(fold(typed))
        unread = name in _DAYS and _day(value) is None
        if unread and (match["field"] or value[:1].isdigit()):
            yield _Item(value=f"{typed}:{value}", field="unread")
            sign = sign or "+"
        if name is None or unread:
            yield _Item(value=typed, sign=sign)
            name = None
    if value.strip():
        yield _Item(value=value.strip(), sign=sign, field=name, exact=exact)


def _day(text: str) -> date | None:
    """Read a day, the first of a month or of a year; written year first, or last as Arabs do."""
    text = fold(text)
    if match := _DAY.fullmatch(text):
        year, month, day = match.groups()
    elif match := _DAY_FIRST.fullmatch(text):
        day, month, year = match.groups()
    else:
        return None
    try:
        return date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None


def _clauses(items: Iterable[_Item], without: frozenset[str] = frozenset()) -> tuple[Clause, ...]:
    clauses = dict.fromkeys(clause for item in items for clause in _spell(item, without))
    return tuple(clauses)[:_MOST]


def _spell(item: _Item, without: frozenset[str]) -> Iterator[Clause]:
    """Yield the clauses of an item: one, or one for each word that may stand anywhere."""
    typed = words(item.value)
    prefix = item.value.rstrip(".:'").endswith("*") and not item.exact
    if item.part == "words" and not _LATIN.fullmatch(item.value):  # 3.5 and covid-19 are one
        whole, typed = (typed[:-1], typed[-1:]) if prefix else (typed, [])
        for word in whole:
            if (form := fold(word)) not in without:
                yield Clause(terms=(term(word),), form=form)
    if typed:
        is_begun = prefix and len(typed) <= _MOST
        last = typed.pop() if is_begun else ""
        terms = tuple(map(term, typed[:_MOST]))
        yield Clause(terms=terms, beginning=last and (fold(last) or term(last)), column=item.field)
