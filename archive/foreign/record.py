"""A record as another program wrote it: its head in any dialect, its block, its digests."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from archive.foreign.http_message import Message
from archive.upkeep.warc_record import holds

_LINE = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")


def url_of(fields: Mapping[str, str], name: str = "warc-target-uri") -> str:
    """Return an address of a record; GNU Wget writes it in angle brackets, after WARC 1.0."""
    target = fields.get(name, "")
    return target[1:-1] if target.startswith("<") and target.endswith(">") else target


def moment_of(fields: Mapping[str, str], name: str = "warc-date") -> datetime | None:
    """Return a moment that a record names, None if it is none.

    It is in UTC, with seconds or a fraction of them (WARC 1.1, section 5.4).
    """
    text = fields.get(name, "")
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) <= len("2020-11-09"):
        return None
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """Where a record begins: offset in the file, and how many unpacked bytes behind that.

    `inside` is 0 unless several records share one gzip member.
    """

    offset: int = 0
    inside: int = 0

    def __str__(self) -> str:
        return f"{self.offset}+{self.inside}" if self.inside else str(self.offset)

    @classmethod
    def of(cls, text: str) -> "Place":
        offset, _, inside = text.partition("+")
        return cls(offset=int(offset), inside=int(inside or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A whole record: named fields (names in lower case, values as text), head and block.

    `place` is where it begins, `behind` where reading goes on after it. `packed` is its length in
    the file where it is one gzip member by itself.
    """

    place: Place
    behind: Place
    version: str
    fields: Mapping[str, str]
    head: bytes
    block: bytes
    packed: int | None = None

    @property
    def type(self) -> str:
        return self.fields.get("warc-type", "").lower()

    @property
    def url(self) -> str:
        return url_of(self.fields)

    @property
    def refers_to_url(self) -> str:
        """The address whose payload a revisit record stands for; its own where it names none."""
        return url_of(self.fields, "warc-refers-to-target-uri") or self.url

    @property
    def refers_to_at(self) -> datetime | None:
        """The moment of the record whose payload a revisit record stands for, if it names one."""
        return moment_of(self.fields, "warc-refers-to-date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A place where no whole record could be read, and why; `url` where its head still tells."""

    place: Place
    what: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge:
    """A record that says it is larger than what is read, with its size in bytes."""

    place: Place
    size: int
    url: str | None = None


def fields_of(head: bytes) -> dict[str, str] | None:
    """Return the named fields of a record's head (without its first line), None if it is broken.

    The first of several fields of one name counts; a folded line is part of the one before.
    """
    fields: dict[str, str] = {}
    for line in _LINE.split(_FOLD.sub(b" ", head)):
        if not line:
            continue
        name, colon, value = line.partition(b":")
        if not colon or not name.strip():
            return None
        text = value.strip().decode("utf-8", "replace")
        fields.setdefault(name.strip().lower().decode("utf-8", "replace"), text)
    return fields


def is_vouched(fields: Mapping[str, str]) -> bool:
    """Return whether a record has a digest of its block, by an algorithm that is known here."""
    algorithm = fields.get("warc-block-digest", "").partition(":")[0]
    return algorithm in hashlib.algorithms_available


def digest_fault(fields: Mapping[str, str], block: bytes) -> str | None:
    """Return what in a record contradicts its digests, None if nothing does.

    The block's digest decides where there is one. Programs differ in what they call the payload
    of an answer, with its chunks or without; Common Crawl has had files with the block's own.
    """
    labelled = fields.get("warc-block-digest")
    if labelled:
        told = "its bytes are not those of its WARC-Block-Digest"
        return None if holds(labelled, memoryview(block)) else told
    labelled = fields.get("warc-payload-digest")
    if not labelled or fields.get("warc-truncated") or fields.get("warc-type") == "revisit":
        return None
    if any(holds(labelled, memoryview(part)) for part in _payloads(fields, block)):
        return None
    return "its payload is not that of its WARC-Payload-Digest"


def _payloads(fields: Mapping[str, str], block: bytes) -> Iterator[bytes]:
    message = Message.parse(block) if "http" in fields.get("content-type", "") else None
    if message:
        yield message.body
        yield message.payload()
    yield block
