"""A WARC file with a few exchanges."""

import gzip

from archive.records import Kind
from archive.warc.records import payload_digest
from archive.warc.writer import WarcFile
from tests.archive.desk import NOON

BODY = "<p>نص الخبر كما نشر</p>".encode() * 50


def warc_file(folder, **fields):
    info = {"software": "warraq/test", "isPartOf": "run 1"}
    return WarcFile(folder, name="warraq-1", info=info, now=NOON, **fields)


def write(folder, *exchanges, refers_to=None, **fields):
    """Write exchanges as articles of a paper; return their locations."""
    warc = warc_file(folder, **fields)
    locations = [
        warc.write(
            one,
            sha256=payload_digest(one.payload),
            kind=Kind.ARTICLE,
            publisher="alwaraq",
            refers_to=refers_to,
        )[0]
        for one in exchanges
    ]
    warc.close()
    return locations


def plain(folder, location):
    """Return a record's plain bytes, unpacked by zlib alone."""
    packed = (folder / location.file).read_bytes()
    return gzip.decompress(packed[location.offset : location.offset + location.length])
