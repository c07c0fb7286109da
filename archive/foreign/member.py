"""A foreign record as a gzip member of our own files: byte for byte where that reads everywhere."""

import os
import re
import uuid
import zlib
from dataclasses import dataclass

from archive.foreign.record import Foreign
from archive.upkeep.warc_record import faults, parse
from archive.warc.records import KIND_FIELD, PUBLISHER_FIELD

# A head that the strictest of readers takes: one `Name: value` in each line, these names among
# them in the standard's own spelling.
_STRICT = re.compile(rb"WARC/1\.[01]\r\n(?:[!-9;-~]+: [^\r\n]*\r\n)+\r\n")
_NAMES = {
    name.lower(): name
    for name in (
        "WARC-Type", "WARC-Target-URI", "WARC-Date", "WARC-Record-ID", "Content-Length",
        "Content-Type", "WARC-Payload-Digest", "WARC-Block-Digest", "WARC-Refers-To-Target-URI",
        "WARC-Refers-To-Date", "WARC-Profile", "WARC-IP-Address", "WARC-Concurrent-To",
        "WARC-Warcinfo-ID", "WARC-Refers-To", "WARC-Identified-Payload-Type",
    )
}  # fmt: skip
# By these fields our own tools tell what this archive asked for; of another one's they are news.
_OURS = frozenset({KIND_FIELD, PUBLISHER_FIELD})
_SPELLED = {name.lower(): name for name in _OURS}
_PAYLOAD_DIGEST = "warc-payload-digest"
_ID = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The packed bytes, and the id that other records refer to this one by.

    `exact` tells that they are the very bytes of the source.
    """

    packed: bytes
    record_id: str
    exact: bool


def member_of(record: Foreign, descriptor: int, *, sha256: str | None) -> Member:
    """Return a record as one gzip member, out of its open source.

    A head in a dialect is written anew, as is one without a record id. A digest of the payload
    that our own readers would not find to hold (`sha256` is what they find) is kept under the name
    `X-Source-WARC-Payload-Digest`.

    Raises:
        OSError: if the disk does not give the bytes.
    """
    plain = record.head + record.block + b"\r\n\r\n"
    if _is_strict(record, plain, sha256):
        identity = record.fields["warc-record-id"]
        if record.packed is not None and _ends_well(descriptor, record, plain):
            packed = os.pread(descriptor, record.packed, record.place.offset)
            return Member(packed=packed, record_id=identity, exact=True)
        return Member(packed=_pack(plain), record_id=identity, exact=record.packed is None)
    fields = dict(record.fields)
    if not _ID.fullmatch(fields.get("warc-record-id", "")):
        fields["warc-record-id"] = f"<urn:uuid:{uuid.uuid4()}>"
    if not _payload_holds(record, fields, sha256):
        fields["x-source-warc-payload-digest"] = fields.pop(_PAYLOAD_DIGEST)
    for name in map(str.lower, _OURS & {_SPELLED.get(name, name) for name in fields}):
        fields[f"x-source-{name}"] = fields.pop(name)
    plain = _head(record.version, fields | {"warc-type": record.type}) + record.block
    return Member(
        packed=_pack(plain + b"\r\n\r\n"), record_id=fields["warc-record-id"], exact=False
    )


def _is_strict(record: Foreign, plain: bytes, sha256: str | None) -> bool:
    names = {line.partition(b":")[0].decode("latin-1") for line in record.head.split(b"\r\n")[1:]}
    spelled = all(_NAMES.get(name.lower(), name) == name for name in names)
    identified = _ID.fullmatch(record.fields.get("warc-record-id", "")) is not None
    doubled = len(names) < len(record.head.split(b"\r\n")) - 2
    strict = _STRICT.fullmatch(record.head) is not None and parse(plain) is not None
    strict = strict and record.head.isascii() and record.fields["warc-type"] == record.type
    alien = names.isdisjoint(_OURS)
    holds = _payload_holds(record, dict(record.fields), sha256)
    return strict and spelled and identified and alien and not doubled and holds


def _payload_holds(record: Foreign, fields: dict[str, str], sha256: str | None) -> bool:
    """Return whether a payload's digest says what verify and rows of captures say."""
    labelled = fields.get(_PAYLOAD_DIGEST, "")
    if not labelled or record.type == "revisit":
        return True
    if sha256 and labelled.startswith("sha256:") and labelled != f"sha256:{sha256}":
        return False
    read = parse(_head(record.version, fields) + record.block + b"\r\n\r\n")
    return read is not None and not any(faults(read))


def _ends_well(descriptor: int, record: Foreign, plain: bytes) -> bool:
    """Return whether the source's member unpacks to the record and nothing else."""
    end = os.pread(descriptor, 4, record.place.offset + (record.packed or 4) - 4)
    return int.from_bytes(end, "little") == len(plain) & 0xFFFFFFFF


def _head(version: str, fields: dict[str, str]) -> bytes:
    lines = [f"WARC/{version if version in {'1.0', '1.1'} else '1.0'}"]
    lines += [f"{_NAMES.get(name, name)}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace")


def _pack(plain: bytes) -> bytes:
    member = zlib.compressobj(6, zlib.DEFLATED, 31)
    return member.compress(plain) + member.flush()
