"""What a WARC file of ours holds, without its bytes: the place of each whole record, and gaps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archive.clock import iso
from archive.maintenance.salvage import Lost, walk
from archive.models import WarcLocation
from archive.warc.parsing import CAPTURED, Record, faults, moment_of, url_of
from archive.warc.reader import read_record
from archive.warc.records import KIND_FIELD

Differs = Callable[[int, Record], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A whole record: place, type, id, address and moment, and the digest of its payload.

    `original` is (address, moment) of what a revisit refers to; `ours` is whether its own fields
    tell its row, as those of a record copied from another program's file do not; `differs` is
    whether its row tells something else.
    """

    offset: int
    length: int
    type: str
    id: str
    url: str
    at: str | None
    sha256: str | None
    original: tuple[str, str | None] | None
    truncated: bool
    ours: bool
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A file's whole records in their order, and the stretches that do not read."""

    path: Path
    name: str
    size: int
    members: tuple[Member, ...]
    lost: tuple[Lost, ...]

    @property
    def torn_at(self) -> int | None:
        """Where the file's only damage begins, which goes on to its end; None if it is another."""
        if len(self.lost) == 1 and self.lost[0].offset + self.lost[0].length == self.size:
            return self.lost[0].offset
        return None

    def record(self, member: Member) -> Record:
        """Return a whole record."""
        place = WarcLocation(file=self.path.name, offset=member.offset, length=member.length)
        return read_record(self.path.parent, place)


def survey(folder: Path, name: str, differs: Differs = lambda _offset, _record: False) -> Survey:
    """Read a file from end to end; `differs` hears each record that has a row, with its place.

    A record that contradicts its own digests counts as lost.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    members: list[Member] = []
    lost: list[Lost] = []
    size = 0
    for part in walk(folder / name):
        member = _member(part, differs) if isinstance(part, Record) else None
        if isinstance(part, Record):
            part = Lost(offset=part.place.offset, length=part.length or 0)  # noqa: PLW2901
        size = part.offset + part.length
        if member:
            members.append(member)
        elif lost and lost[-1].offset + lost[-1].length == part.offset:
            lost[-1] = Lost(offset=lost[-1].offset, length=lost[-1].length + part.length)
        else:
            lost.append(Lost(offset=part.offset, length=part.length))
    path = folder / name
    return Survey(path=path, name=name, size=size, members=tuple(members), lost=tuple(lost))


def _member(record: Record, differs: Differs) -> Member | None:
    if next(faults(record), None):
        return None
    fields = record.fields
    algorithm, _, digest = fields.get("warc-payload-digest", "").partition(":")
    return Member(
        offset=record.place.offset,
        length=record.length or 0,
        type=record.type,
        id=fields.get("warc-record-id", ""),
        url=url_of(fields),
        at=_moment(fields, "warc-date"),
        sha256=digest if algorithm == "sha256" else None,
        original=_original(fields) if record.type == "revisit" else None,
        truncated="warc-truncated" in fields,
        ours=KIND_FIELD.lower() in fields,
        differs=record.type in CAPTURED and differs(record.place.offset, record),
    )


def _original(fields: Mapping[str, str]) -> tuple[str, str | None]:
    return url_of(fields, "warc-refers-to-target-uri"), _moment(fields, "warc-refers-to-date")


def _moment(fields: Mapping[str, str], name: str) -> str | None:
    """Return a moment as rows have it; records of other programs have it shorter."""
    at = moment_of(fields, name)
    return iso(at) if at else fields.get(name)
