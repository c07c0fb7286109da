"""A WARC file with a few exchanges."""

import gzip

from archive.models import Kind
from archive.warc.files import Name
from archive.warc.records import payload_digest, response_record
from archive.warc.writer import WarcWriter
from tests.archive.desk import NOON

BODY = "<p>نص الخبر كما نشر</p>".encode() * 50


FIRST = "2020-11/warraq-20201109-mine-001.warc.gz"
ABOUT = {"command": "test", "software": "warraq/test"}


def warc_writer(folder, *, clock=lambda: NOON, **fields):
    """Return a writer that begins a new file whenever it is to open one."""

    def next_file(day, _roll_bytes):
        serial = 1 + len(list(folder.rglob(f"*-{day:%Y%m%d}-*.warc.gz")))
        return str(Name(day=f"{day:%Y%m%d}", writer="mine", serial=serial)), 0

    return WarcWriter(
        folder=folder, next_file=next_file, run="mine-1", about=ABOUT, started_at=NOON, clock=clock,
        **fields,
    )  # fmt: skip


def append(warc, answer, *, publisher=None, refers_to=None):
    """Write an exchange as an article; return where its answer is."""
    sha256 = payload_digest(answer.payload)
    draft = response_record(
        answer, sha256=sha256, kind=Kind.ARTICLE, publisher=publisher, refers_to=refers_to
    )
    return warc.write(draft, answer)[0]


def write(folder, *exchanges, refers_to=None, **fields):
    """Write exchanges as articles of a paper; return their locations."""
    warc = warc_writer(folder, **fields)
    locations = [append(warc, one, publisher="alwaraq", refers_to=refers_to) for one in exchanges]
    warc.close()
    return locations


def plain(folder, location):
    """Return a record's plain bytes, unpacked by zlib alone."""
    packed = (folder / location.file).read_bytes()
    return gzip.decompress(packed[location.offset : location.offset + location.length])
