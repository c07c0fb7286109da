"""What a person typed into the search box, read as words, phrases, demands and filters. Pure.

Anything can be typed; what is not an operator is words. The result speaks FTS5's MATCH language.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from archive.search.arabic import beginnings, endless, fold, is_glue, term, tidy, words

_MOST = 64  # clauses of a kind, words of a phrase
_LONGEST = 10_000  # characters that are read

_SIGNS = str.maketrans(
    dict.fromkeys("“”„‟«»‹›＂〝〞〟❝❞″‶『』「」《》〈〉", '"')
    | dict.fromkeys("‘’‚‛❛❜＇`´", "'")
    | dict.fromkeys("−－", "-")
    | {"＋": "+", "：": ":", "＊": "*", "٭": "*", "～": "~"}
)
_NAMES = {
    "title": "title عنوان العنوان",
    "byline": "author byline كاتب الكاتب كاتبة الكاتبة مؤلف المؤلف بقلم",
    "publisher": "publisher ناشر الناشر صحيفة الصحيفة",
    "after": "after منذ بعد",
    "before": "before قبل",
}
_SORTS = {"section": "section قسم", "kind": "kind نوع", "state": "is حالة"}
_STATES = {"edited": "edited معدلة", "gone": "gone مختفية"}
_FIELDS, _STATE_OF = (
    {fold(word): name for name, words in names.items() for word in words.split()}
    for names in (_NAMES | _SORTS, _STATES)
)
_DAYS = {"after", "before"}
_NARROWING = {"publishers", "not_publishers", "days", "sorts"}
_KNOWN = "|".join(" ".join(_NAMES.values()).split())  # may have a space after the colon
_ITEM = re.compile(
    rf"""(?P<sign>(?<!\S)[+-])?
        (?: (?P<field>[\w\u064b-\u0652]+):(?=\S) | (?P<known>{_KNOWN})\s*:\s+(?![+-]) )?
        (?: "(?P<phrase>[^"]*)"(?:~(?P<near>\d{{1,4}})(?!\w))? | (?<!\w)'(?P<quoted>[^"']*)'(?!\w)
          | (?P<word>[^\s"،؛؟,;!?()\[\]{{}}|…]+) )""",
    re.VERBOSE | re.IGNORECASE,
)
_DAY = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?", re.ASCII)
_DAY_FIRST = re.compile(r"(?:(\d{1,2})[-/.])?(\d{1,2})[-/.](\d{4})", re.ASCII)
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_LATIN = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Index terms that must stand side by side, in one `column` or in any (None).

    With `near`, they stand in any order, at most so many words between the first and the last.
    `beginning` is that of one more word, folded, after the terms. `form` is a single word as it was
    typed, folded, for ranking; two forms of one term are one clause. Any of the `others` will do in
    its place.
    """

    terms: tuple[str, ...]
    beginning: str = ""
    column: str | None = None
    form: str = field(default="", compare=False)
    others: tuple["Clause", ...] = ()
    near: int | None = None

    def __str__(self) -> str:
        """Write the clause in FTS5's MATCH language."""
        found = join("OR", (self._alone, *self.others))
        return f"({found})" if self.others else found

    @property
    def _alone(self) -> str:
        """Write the clause without the others.

        A lone beginning counts as a whole word too, because the index has cut endings off; the
        last letter typed may be the first of such an ending.
        """
        if self.near is not None:
            spaced = '" "'.join(self.terms)
            phrase = f'NEAR("{spaced}", {self.near})'
        elif not self.beginning:
            phrase = f'"{" ".join(self.terms)}"'
        else:
            found = [f'"{" ".join((*self.terms, start))}"*' for start in beginnings(self.beginning)]
            if not self.terms:
                found += [f'"{whole}"' for whole in endless(self.beginning)]
            phrase = f"({' OR '.join(found)})"
        return f"{{{self.column}}} : {phrase}" if self.column else phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """What an article is asked to be, or not to be (`excluded`).

    Its `section` or `kind` is the `value`, exactly; its `state` is edited or gone.
    """

    field: str
    value: str
    excluded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query, understood: words to rank by, demands, exclusions, and filters on the article.

    `every` says that all of the words are needed, as if they were demands. `publishers` and
    `not_publishers` are as typed (a slug or a part of a name). `after` is the first day
    wanted, `before` the first day no longer wanted. `unread` are the bounds whose day cannot be
    read, as typed; their words are demands, so that they do not widen what is found. `address` is
    all that was typed, where that is an address.
    """

    words: tuple[Clause, ...] = ()
    must: tuple[Clause, ...] = ()
    must_not: tuple[Clause, ...] = ()
    publishers: tuple[str, ...] = ()
    not_publishers: tuple[str, ...] = ()
    sorts: tuple[Sort, ...] = ()
    after: date | None = None
    before: date | None = None
    unread: tuple[str, ...] = ()
    address: str = ""
    every: bool = field(default=False, compare=False)

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
        clauses = self.words + self.must + self.must_not
        return any(each.beginning for clause in clauses for each in (clause, *clause.others))

    @property
    def contradicts_itself(self) -> bool:
        """Whether its bounds leave no day."""
        return bool(self.after and self.before and self.after >= self.before)

    def expression(self, *, every: bool = False) -> str:
        """Return the MATCH expression: the demands, and any of the words (with `every`: all).

        A query without a word to find matches nothing.
        """
        if not self.worded:
            return '""'
        if every or self.every or not self.words:
            found = join("AND", self.must + self.words)
        elif self.must:
            # The first demand holds in every row found, so the words only add to its score.
            found = f"{join('AND', self.must)} AND ({join('OR', self.must[:1] + self.words)})"
        else:
            found = join("OR", self.words)
        return f"({found}) NOT ({join('OR', self.must_not)})" if self.must_not else found


def join(operator: str, clauses: Iterable[Clause | str]) -> str:
    """Write `clauses` with FTS5's AND or OR between them."""
    return f" {operator} ".join(map(str, clauses))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One thing typed: a word or a phrase (`exact`), with its sign, its field, and others to it.

    The words of a phrase that says how `near` may stand apart.
    """

    value: str
    sign: str = ""
    field: str | None = None
    exact: bool = False
    near: int | None = None
    others: tuple["_Item", ...] = ()

    @property
    def operator(self) -> str:
        """Return AND, OR or NOT, in capitals as FTS5 has them; empty for anything else."""
        is_bare = not (self.exact or self.sign or self.field)
        return self.value if is_bare and self.value in {"AND", "OR", "NOT"} else ""

    @property
    def part(self) -> str:
        """Name the part of a `Query` the item belongs to."""
        if self.field == "publisher":
            return "not_publishers" if self.sign == "-" else "publishers"
        if self.field in _DAYS:
            return "days"
        if self.field == "unread":
            return "unread"
        if self.field in _SORTS:
            return "sorts"
        if self.sign == "-":
            return "must_not"
        return "must" if self.sign or self.field or self.exact else "words"


def parse(query: str) -> Query:
    """Read a `query` as typed; a sign or a field binds what follows it without a space.

    `word "a phrase" +must -not title:x author:x publisher:x after:2020-11-01 before:2021 prefix*`,
    and `"these words"~10` with at most ten words between the first and the last, in any order.
    Phrases and fields are demands, as `+must` is; a quote that is never closed is ignored.
    `a OR b` demands one of the two, `a AND b` both, `NOT a` is `-a`. Words that only glue a
    sentence together are dropped as long as another demand is left. What stands behind the first
    10,000 characters counts for nothing.
    """
    query = query[:_LONGEST]
    if _ADDRESS.fullmatch(query.strip()):
        return Query(address=query.strip())
    parts = defaultdict[str, list[_Item]](list)
    matches = _ITEM.finditer(tidy(query).translate(_SIGNS))
    for item in _operated([item for match in matches for item in _read(match)]):
        parts[item.part].append(item)
    must = _clauses(parts["must"])
    selective = _clauses(parts["words"], glue=False)
    days = [(item.field, day) for item in parts["days"] if (day := _day(item.value))]
    typed = {name: tuple(item.value for item in found) for name, found in parts.items()}
    return Query(
        words=selective or (() if must else _clauses(parts["words"])),
        must=must,
        must_not=_clauses(parts["must_not"]),
        after=max((day for name, day in days if name == "after"), default=None),
        before=min((day for name, day in days if name == "before"), default=None),
        publishers=typed.get("publishers", ()),
        not_publishers=typed.get("not_publishers", ()),
        sorts=tuple(map(_sort, parts["sorts"])),
        unread=typed.get("unread", ()),
    )


def narrowings(query: str) -> Iterator[tuple[str, str, str]]:
    """Yield each filter of a `query`: its part of a `Query`, how it is written, and the rest."""
    typed = tidy(query).translate(_SIGNS)
    for match in _ITEM.finditer(typed):
        for part in {item.part for item in _read(match)} & _NARROWING:
            rest = f"{typed[: match.start()].rstrip()} {typed[match.end() :].lstrip()}"
            yield part, match.group(), rest.strip()


def _sort(item: _Item) -> Sort:
    name, value = str(item.field), item.value
    value = _STATE_OF[fold(value)] if name == "state" else value
    return Sort(field=name, value=value, excluded=item.sign == "-")


def _operated(items: list[_Item]) -> list[_Item]:
    """Apply the operators; one that lacks what it needs before or behind it is a word."""
    done, operator = list[_Item](), ""
    for number, item in enumerate(items, 1):
        if item.operator and number < len(items) and (done or item.operator == "NOT"):
            operator = item.operator
            continue
        if operator == "NOT":
            done.append(replace(item, sign="-"))
        elif operator:
            before, behind = done.pop(), replace(item, sign=item.sign or "+")
            before = replace(before, sign=before.sign or "+")
            if operator == "OR" and before.part == behind.part == "must":
                done.append(replace(before, others=(*before.others, behind)))
            else:
                done += [before, behind]
        else:
            done.append(item)
        operator = ""
    return done


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
        if name == "state" and fold(value) not in _STATE_OF:
            name = None
        if name is None or unread:
            yield _Item(value=typed, sign=sign)
            name = None
    if value.strip():
        near = int(match["near"]) if match["near"] else None
        yield _Item(value=value.strip(), sign=sign, field=name, exact=exact, near=near)


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


def _clauses(items: Iterable[_Item], *, glue: bool = True) -> tuple[Clause, ...]:
    clauses = dict.fromkeys(clause for item in items for clause in _spell(item, glue=glue))
    return tuple(clauses)[:_MOST]


def _spell(item: _Item, *, glue: bool) -> Iterator[Clause]:
    """Yield the clauses of an item: one, or one for each word that may stand anywhere."""
    typed = words(item.value)
    prefix = item.value.rstrip(".:'").endswith("*") and not item.exact
    if item.part == "words" and not _LATIN.fullmatch(item.value):  # 3.5 and covid-19 are one
        whole, typed = (typed[:-1], typed[-1:]) if prefix else (typed, [])
        for word in whole:
            if glue or not is_glue(word):
                yield Clause(terms=(term(word),), form=fold(word))
    if typed:
        is_begun = prefix and len(typed) <= _MOST
        last = typed.pop() if is_begun else ""
        terms = tuple(map(term, typed[:_MOST]))
        if item.near is not None:
            terms = tuple(dict.fromkeys(terms))  # FTS5 takes one word for both of a pair
        beginning = last and (fold(last) or term(last))
        others = _clauses(item.others)
        near = item.near if len(terms) > 1 else None
        yield Clause(terms=terms, beginning=beginning, column=item.field, others=others, near=near)
