"""WARC files as several programs write them, with records that can be told apart."""

import base64
import gzip
import hashlib
import os
import zlib
from contextlib import contextmanager
from io import BytesIO

from fastwarc.warc import WarcRecord, WarcRecordType
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.warc.parsing import Record
from archive.warc.reader import LARGEST_FOREIGN, walk

DATE = "2020-11-09T12:00:00Z"
HTTP = "application/http; msgtype=response"


def url(number):
    return f"http://alwaraq.example/{number}"


def answer(body, *headers, status="HTTP/1.1 200 OK", end="\r\n"):
    lines = [status, *(headers or ("Content-Type: text/html; charset=utf-8",))]
    return end.join([*lines, "", ""]).encode() + body


def sha1(data):
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def record(
    block, target, *fields, kind="response", media=HTTP, version="1.1", end="\r\n", date=DATE,
    digest=True,
):  # fmt: skip
    """Return a record's plain bytes, its block's digest in it unless it shall have none."""
    lines = [
        f"WARC/{version}",
        f"WARC-Type: {kind}",
        f"WARC-Target-URI: {target}",
        f"WARC-Date: {date}",
        f"WARC-Record-ID: <urn:uuid:{hashlib.sha256(block + target.encode()).hexdigest()[:32]}>",
        f"Content-Type: {media}",
        *([f"WARC-Block-Digest: {sha1(block)}"] if digest else []),
        *fields,
        f"Content-Length: {len(block)}",
    ]
    return end.join([*lines, "", ""]).encode() + block + 2 * end.encode()


def page(number, size=300):
    """Return the body of a page; no two are equal, and none packs to nothing."""
    noise = hashlib.sha512(str(number).encode()).hexdigest() * (size // 128 + 1)
    return f"<html><title>{number}</title>{noise[:size]}</html>".encode()


def records(count=8, **fields):
    return [record(answer(page(number)), url(number), **fields) for number in range(count)]


def packed(plain):
    """Pack each record alone, as most programs do."""
    return b"".join(gzip.compress(one, mtime=0) for one in plain)


def one_gzip(plain):
    return gzip.compress(b"".join(plain), mtime=0)


def blocks(plain, size=700):
    """Pack as bgzip and pigz do: members end in the middle of records."""
    whole = b"".join(plain)
    return b"".join(gzip.compress(whole[at : at + size]) for at in range(0, len(whole), size))


def flushed(plain):
    """Pack into one member whose deflate blocks end with the records, as a streaming writer."""
    member = zlib.compressobj(wbits=31)
    parts = [member.compress(one) + member.flush(zlib.Z_FULL_FLUSH) for one in plain]
    return b"".join(parts) + member.flush()


def unpacked(plain):
    return b"".join(plain)


def by_warcio(version, *, gzipped, count=8):
    out = BytesIO()
    writer = WARCWriter(out, gzip=gzipped, warc_version=version)
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "warcio"}))
    for number in range(count):
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        made = writer.create_warc_record(
            url(number),
            "response",
            payload=BytesIO(page(number)),
            length=len(page(number)),
            http_headers=headers,
        )
        writer.write_record(made)
    return out.getvalue()


def by_fastwarc(*, gzipped, count=8):
    out = BytesIO()
    for number in range(count):
        one = WarcRecord()
        one.init_headers(record_type=WarcRecordType.response)
        one.headers["WARC-Target-URI"] = url(number)
        one.set_bytes_content(answer(page(number)))
        plain = BytesIO()
        one.write(plain, checksum_data=True)
        out.write(gzip.compress(plain.getvalue()) if gzipped else plain.getvalue())
    return out.getvalue()


@contextmanager
def opened(folder, data):
    path = folder / "foreign.warc"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def found(folder, data, **options):
    with opened(folder, data) as descriptor:
        return list(walk(descriptor, **{"largest": LARGEST_FOREIGN} | options))


def urls(results):
    return [one.url for one in results if isinstance(one, Record) and one.type == "response"]
