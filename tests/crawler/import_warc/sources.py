"""WARC files of another program, and their import."""

import asyncio
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from crawler.import_warc.job import Job, SourceFile, run
from crawler.publisher import load_all
from crawler.workers import Workers
from tests.archive.warc.foreign_warcs import (
    answer,
    record,
    url,
)
from tests.crawler import wire
from tests.crawler.import_warc.texts import ENGLISH

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def page(number, more="", **options):
    body = wire.article(f"خبر رقم {number} من المدينة{more}")
    return record(answer(body), url(number), **options)


def another(text, target, **options):
    body = f"<html><body><article><h1>{text[:30]}</h1><p>{text * 8}</p></article></html>"
    return record(answer(body.encode()), target, **options)


PAGES = [page(number) for number in range(6)]


NOISE = [
    record(b"software: x\r\n", url("x"), kind="warcinfo", media="application/warc-fields"),
    another(ENGLISH, url("english")),
    record(answer(b"GIF89a", "Content-Type: image/gif"), url("gif")),
    record(answer(b"", status="HTTP/1.1 404 Not Found"), url("gone")),
    record(b"GET / HTTP/1.1\r\n\r\n", url(1), kind="request"),
    record(b"", "urn:pageinfo:x", kind="resource", media="application/json"),
]


def imported(root, *files, languages=frozenset({"ar"}), **options):
    """Import files (bytes, or paths) and return what was told of the last one."""
    job = Job(
        root=root,
        publishers=load_all(root / "publishers"),
        languages=languages,
        clock=lambda: NOW,
    )
    with closing(Workers(processes=2)) as workers:
        for number, data in enumerate(files):
            path = root.parent / f"source-{number}.warc.gz" if isinstance(data, bytes) else data
            if isinstance(data, bytes):
                path.write_bytes(data)
            source = SourceFile(path=path, name=path.name)
            done = asyncio.run(run(replace(job, **options), source, workers))
    return done
