"""A page as it was shown is kept beside its bytes, and refers to them, also after a kill."""

import hashlib
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator as FastIterator
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from archive import renderings
from archive.records import Kind
from archive.warc import reader
from tests.archive.desk import HOUR, NOON, PAGE, PAPER, Checked, exchange, kill_like, opened, rows

SHELL = b"<div id=app></div><script src=/app.js></script>"
SHOWN = "<html><body><h1>عنوان</h1></body></html>".encode()


def record(store):
    """Record a page and what it was shown as, an hour later."""
    capture = store.record(exchange(payload=SHELL), kind=Kind.ARTICLE, publisher=PAPER.slug)
    store.rendered(capture, SHOWN, at=NOON + HOUR)
    return capture


def records(path):
    with path.open("rb") as file:
        return [(one.rec_headers, one.content_stream().read()) for one in ArchiveIterator(file)]


def test_the_record_refers_to_its_response_and_has_both_digests(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        capture = record(store)
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    found = {headers.get_header("WARC-Type"): (headers, body) for headers, body in records(path)}
    headers, body = found["conversion"]
    assert found["response"][1] == SHELL
    assert body == SHOWN
    digest = f"sha256:{hashlib.sha256(SHOWN).hexdigest()}"
    told = {
        "WARC-Refers-To": found["response"][0].get_header("WARC-Record-ID"),
        "WARC-Target-URI": PAGE,
        "WARC-Date": "2020-11-09T13:00:00.000000Z",
        "WARC-Block-Digest": digest,
        "WARC-Payload-Digest": digest,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(SHOWN)),
    }
    assert {name: headers.get_header(name) for name in told} == told
    assert Checker(Checked([path])).process_all() == 0
    with path.open("rb") as file:
        types = [one.headers["WARC-Type"] for one in FastIterator(file, verify_digests=True)]
    assert types == ["warcinfo", "metadata", "response", "request", "conversion", "metadata"]
    with opened(tmp_path) as store:
        place = renderings.location_of(store.db, capture.id)
        assert place is not None
        assert reader.read_payload(tmp_path / "warc", place) == SHOWN
        assert renderings.location_of(store.db, capture.id + 1) is None


def test_of_a_page_that_came_again_it_refers_to_the_revisit_record(tmp_path):
    with opened(tmp_path) as store:
        store.publish(PAPER)
        record(store)
        record(store)
    (path,) = (tmp_path / "warc").rglob("*.warc.gz")
    told = [headers for headers, _ in records(path)]
    ids = {
        kind: [
            one.get_header("WARC-Record-ID") for one in told if one.get_header("WARC-Type") == kind
        ]
        for kind in ("response", "revisit")
    }
    refers = [one.get_header("WARC-Refers-To") for one in told]
    assert [one for one in refers if one] == [*ids["response"], *ids["revisit"]]


@pytest.mark.parametrize("acknowledged", [False, True])
def test_a_kill_loses_no_rendering(tmp_path: Path, acknowledged):
    """Whether the capture's own row was acknowledged before or not."""
    store = opened(tmp_path).__enter__()
    store.publish(PAPER)
    capture = store.record(exchange(payload=SHELL), kind=Kind.ARTICLE, publisher=PAPER.slug)
    if acknowledged:
        store.batch.commit()
    store.rendered(capture, SHOWN, at=NOON + HOUR)
    wanted = store.db.execute("select * from renderings").fetchall()
    kill_like(store)
    assert rows(tmp_path, "select * from renderings") == []
    for _ in range(2):
        with opened(tmp_path):
            pass
        assert rows(tmp_path, "select * from renderings") == wanted
