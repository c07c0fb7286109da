"""URL traps: calendars, facets, session ids; addresses without end that lead to no article.

Noticed by their shape: where many addresses of one shape brought nothing new and hardly any did,
the shape rests for a day and is one problem.
"""

import re
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from archive.problems import ProblemKind
from archive.records import Problem, Visit
from archive.store import Store
from archive.urls import identity_key

FRUITLESS = 60  # this many addresses of a shape have to lead nowhere
PER_FRUITFUL = 20  # and this many for each that led to something new
REST = timedelta(days=1)

_DEPTH = 8
_LONGEST_WORD = 20
_WORD = re.compile(r"[^\W\d_]+")
_FEW_KEYS = 2


class Traps:
    """Counts what visits bring and cuts the shapes that lead nowhere."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._resting = store.shapes.resting(now=store.clock())

    def holds(self, url: str, *, publisher: str) -> bool:
        """Return whether an address is of a shape that rests.

        Raises:
            ValueError: if it is not an http or https address.
        """
        return bool(self._resting) and (publisher, shape(identity_key(url))) in self._resting

    def count(self, visit: Visit, *, fruitful: bool) -> None:
        """Count the first visit to an address that a listing led to; cut its shape if need be."""
        if visit.found_in is None or visit.last_at is not None:
            return
        one = shape(visit.key)
        fruits, fruitless = self._store.shapes.count(visit.publisher, one, fruitful=fruitful)
        if fruitless < max(FRUITLESS, PER_FRUITFUL * fruits):
            return
        if (visit.publisher, one) in self._resting:  # what was in flight when it was cut
            return
        self._resting.add((visit.publisher, one))
        until = self._store.clock() + REST
        self._store.shapes.rest(visit.publisher, one, until=until, shape_of=shape)
        detail = f"{fruitless} addresses like {one} brought nothing new; they rest for a day"
        problem = Problem(kind=ProblemKind.URL_TRAP, detail=detail, stage="discover")
        self._store.problem(problem, url=visit.url, publisher=visit.publisher)


def shape(url: str) -> str:
    """Return what addresses that a program counts up have in common.

    Words of the path and the names of a query's keys stay; numbers become `#`, everything else
    that varies `*`, and what lies deeper than eight parts `…`.
    """
    parts = urlsplit(url)
    path = [_part(part) for part in parts.path.split("/")[1:]]
    if len(path) > _DEPTH:
        path = [*path[:_DEPTH], "…"]
    keys = sorted({pair.partition("=")[0] for pair in parts.query.split("&") if pair})
    query = "&".join(_part(key) for key in keys) if len(keys) <= _FEW_KEYS else "*"
    return f"{parts.netloc}/{'/'.join(path)}{'?' if query else ''}{query}"


def _part(part: str) -> str:
    if part.isdecimal():
        return "#"
    plain = unquote(part)
    return plain if len(plain) <= _LONGEST_WORD and _WORD.fullmatch(plain) else "*" if part else ""
