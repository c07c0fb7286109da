"""The command that reads what other programs made tells files apart and outlives each of them."""

import gzip
import time

import pytest

from tests import foreign
from tests.archive.warc.foreign_warcs import packed, unpacked
from tests.crawler import wire
from tests.crawler.import_warc.sources import NOISE, PAGES
from tests.crawler.import_warc.test_forms import arc, zipped, zstd

SITEMAP = (
    "<urlset><url><loc>https://a.example/1</loc></url><url><loc>https://a.example/2</loc></url>"
)
FILES = {
    "a.warc.gz": ("archive", packed([*NOISE, *PAGES]), 12, 7),
    "b/crawl": ("archive", zstd(PAGES), 6, 6),
    "c.arc": ("archive", unpacked(arc(PAGES)), 7, 6),
    "d.wacz": ("archive", zipped(packed(PAGES)), 6, 6),
    "torn.warc.gz": ("archive", packed(PAGES)[:-40], 6, 5),
    "feed": ("feed", wire.feed("https://a.example/1", "https://a.example/2"), 2, 2),
    "no.rss": ("feed", b"words", 0, 0),
    "map.xml": ("sitemap", SITEMAP.encode() + b"</urlset>", 2, 2),
    "map.gz": ("sitemap", gzip.compress(SITEMAP.encode() + b"</urlset>"), 2, 2),
    "example.org": ("robots.txt", b"# x\nUser-agent: *\nDisallow: /a\n", 3, 2),
    "notes.txt": ("other", b"words", 0, 0),
    "empty": ("other", b"", 0, 0),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_known_and_read(tmp_path, name):
    kind, data, read, kept = FILES[name]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(data)
    result = foreign.read(tmp_path / name)
    assert (result.kind, result.read, result.kept, result.trace) == (kind, read, kept, None)


def fails(path, result):
    raise RuntimeError("a fault")


def hangs(path, result):
    time.sleep(60)


def grows(path, result):
    bytearray(foreign.MEGABYTES << 21)


@pytest.mark.parametrize(
    ("reader", "said"), [(fails, "RuntimeError"), (hangs, "more than"), (grows, "MB")]
)
def test_a_file_that_goes_wrong_is_listed_and_the_next_is_read(
    tmp_path, monkeypatch, capsys, reader, said
):
    monkeypatch.setattr(foreign, "SECONDS", 0.5)
    monkeypatch.setitem(foreign.READERS, "feed", reader)
    for name in ("feed", "map.xml"):
        (tmp_path / name).write_bytes(FILES[name][1])
    assert foreign.run([tmp_path], verbose=True) == 1
    printed = capsys.readouterr().out
    assert said in printed.splitlines()[-1] or said in printed
    assert "sitemap          1        2        2" in printed
