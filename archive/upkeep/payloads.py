"""Which payloads the records of an archive have, and which they only stand for."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from archive import captures
from archive.upkeep.losses import known_lost, lose_payload
from archive.upkeep.survey import Survey
from archive.warc.parsing import CAPTURED

_PROMISED = """
update captures set sha256 = ? where warc_file = ? and warc_offset = ? and sha256 is null
    and status != 304
"""
_UNPROMISED = """
update captures set sha256 = null where warc_file = ? and warc_offset = ? and sha256 = ?
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revisit:
    """A record that stands for a payload (SHA-256) which the record of `url` and `at` has."""

    sha256: str
    url: str
    at: str | None
    file: str
    offset: int


class Payloads:
    """What was seen on the way through the files, held together at the end."""

    def __init__(self) -> None:
        self._whole: set[str] = set()
        self._revisits: list[_Revisit] = []

    def remember(self, found: Survey, name: str, places: Mapping[int, int] | None) -> None:
        """Take a file in, by the name and (if not None) with the places that it has now."""
        for one in found.members:
            if one.sha256 is None:
                continue
            if one.original:
                url, at = one.original
                offset = one.offset if places is None else places[one.offset]
                self._revisits.append(
                    _Revisit(sha256=one.sha256, url=url, at=at, file=name, offset=offset)
                )
            elif one.type in CAPTURED and not one.truncated:
                self._whole.add(one.sha256)

    def settle(self, db: sqlite3.Connection, *, now: datetime) -> Iterator[str]:
        """Yield what is to be said of payloads that only revisits are left of.

        A row of one that no record has promises it no more: what comes with it again is kept whole.
        """
        known = set(known_lost(db))
        for one in self._revisits:
            if captures.has_brought(db, one.sha256, url=one.url, at=one.at):
                db.execute(
                    _PROMISED, (one.sha256, one.file, one.offset)
                )  # it was lost, and is back
                continue
            if one.sha256 not in known:
                known.add(one.sha256)
                yield lose_payload(db, one.sha256, url=one.url, at=one.at, now=now)
            if one.sha256 not in self._whole:
                db.execute(_UNPROMISED, (one.file, one.offset, one.sha256))
