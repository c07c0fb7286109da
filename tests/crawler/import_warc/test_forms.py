"""Web archives in any form that programs write them in: known by their bytes, whatever the name."""

import bz2
import gzip
import io
import lzma
import os
import random
import resource
import struct
import tarfile
import zipfile
from contextlib import closing

import pytest
import zstandard

from archive.database import open_for_reading
from archive.maintenance.verify import verify
from archive.warc.reader import Damage, walk
from crawler.import_warc.download import files_in
from crawler.import_warc.job import SourceFile
from tests.archive.warc.foreign_warcs import (
    answer,
    flushed,
    one_gzip,
    packed,
    record,
    unpacked,
    url,
)
from tests.crawler import shell, wire
from tests.crawler.import_warc.sources import NOISE, PAGES, imported, page

ALL = [url(number) for number in range(6)]
PLAIN = b"".join([*NOISE[:2], *PAGES])


def zstd_with_dictionary(plain, *, packed=False):
    """Pack as the WARC-zstd specification says: a frame per record, the dictionary in front."""
    dictionary = zstandard.train_dictionary(
        1 << 12, [one[at:] for one in plain for at in range(40)]
    )
    stored = dictionary.as_bytes()
    stored = zstandard.ZstdCompressor().compress(stored) if packed else stored
    frame = zstandard.ZstdCompressor(dict_data=dictionary).compress
    head = struct.pack("<II", 0x184D2A5D, len(stored))
    return head + stored + b"".join(frame(one) for one in plain)


def zstd(plain):
    return b"".join(zstandard.ZstdCompressor(write_checksum=True).compress(one) for one in plain)


def other_case(plain):
    """Write heads in another letter case."""
    text = b"".join(plain).replace(b"WARC/1.1", b"warc/1.0").replace(b"WARC-Type", b"warc-TYPE")
    return text.replace(b"Content-Length", b"content-length").replace(
        b"WARC-Target", b"Warc-target"
    )


def arc(plain, version=1, end=b"\n"):
    """Write the pages as ARC records, in one of its two versions."""
    names = b"URL IP-address Archive-date Content-type Archive-length\n"
    more = b"" if version == 1 else b" 200 - - 0 x.arc.gz"
    blocks = [b"%d 0 InternetArchive\n" % version + names + b"\n"]
    blocks += [one.partition(b"\r\n\r\n")[2][:-4] for one in plain]
    urls = ["filedesc://x.arc", *ALL[: len(plain)]]
    return [
        b"%s 192.0.2.1 20201109120000 text/html%s %d\n" % (url.encode(), more, len(block))
        + block
        + end
        for url, block in zip(urls, blocks, strict=True)
    ]


def zipped(data, name="archive/data.warc.gz", method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        file.writestr("datapackage.json", "{}")
        file.writestr("indexes/index.cdx.gz", gzip.compress(b"example,alwaraq)/ 20201109 {}"))
        file.writestr(name, data)
        file.writestr("pages/pages.jsonl", '{"format": "json-pages-1.0"}\n')
    return out.getvalue()


FORMS = {
    "letter case": other_case(PAGES),
    "letter case, gzip": gzip.compress(other_case(PAGES)),
    "zst": zstd(PAGES),
    "zst, one frame": zstandard.ZstdCompressor().compress(PLAIN),
    "zst, dictionary": zstd_with_dictionary(PAGES),
    "zst, packed dictionary": zstd_with_dictionary(PAGES, packed=True),
    "zst, skippable frame": zstd(PAGES[:3])
    + struct.pack("<II", 0x184D2A50, 4)
    + b"abcd"
    + zstd(PAGES[3:]),
    "bz2": bz2.compress(PLAIN),
    "bz2, many streams": b"".join(
        bz2.compress(PLAIN[at : at + 999]) for at in range(0, len(PLAIN), 999)
    ),
    "xz": lzma.compress(PLAIN),
    "xz, many streams": b"".join(lzma.compress(one) for one in PAGES),
    "arc": unpacked(arc(PAGES)),
    "arc 1.1": unpacked(arc(PAGES, version=2)),
    "arc.gz": packed(arc(PAGES)),
    "arc 1.1, gzip": packed(arc(PAGES, version=2)),
    "arc, one gzip": one_gzip(arc(PAGES)),
    "arc, crlf": unpacked(arc(PAGES, end=b"\r\n")),
    "arc, zst": zstd(arc(PAGES)),
    "wacz": zipped(packed(PAGES)),
    "wacz, deflated": zipped(packed(PAGES), method=zipfile.ZIP_DEFLATED),
    "wacz, plain": zipped(PLAIN, "archive/data.warc", zipfile.ZIP_DEFLATED),
    "wacz, zst": zipped(zstd(PAGES), "archive/data.warc.zst"),
    "zip, other name": zipped(packed(PAGES), "crawl/x", zipfile.ZIP_BZIP2),
}


class Done:
    def __init__(self, exit_code, output):
        self.exit_code, self.output = exit_code, output


def ran(*words):
    return Done(*shell.run(*words))


def rows(root, sql, *values):
    with closing(open_for_reading(root)) as db:
        return db.execute(sql, values).fetchall()


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read(tmp_path, form):
    (tmp_path / "download.bin").write_bytes(FORMS[form])
    found = []
    for source in files_in(tmp_path / "download.bin", "download.bin", tmp_path):
        assert isinstance(source, SourceFile)
        found += records_in(source.path)
    assert [one for one in found if isinstance(one, Damage)] == []
    assert [one.url for one in found if one.url in ALL and one.type == "response"] == ALL


def records_in(path, **options):
    with path.open("rb") as file:
        return list(walk(file.fileno(), largest=1 << 25, **{"lenient": True} | options))


def slowly(names, *fast):
    """Return parameters, all but a few of which the fast tests leave out."""
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("form", slowly(FORMS, "wacz, deflated"))
def test_each_form_is_read_and_becomes_sound_records_of_ours(tmp_path, form):
    source, root = tmp_path / "download.bin", tmp_path / "archive"
    source.write_bytes(FORMS[form])
    done = ran("import-warc", source, "--archive", root)
    assert (done.exit_code, "6 new" in done.output) == (0, True), done.output
    assert sorted(rows(root, "select url from articles")) == [(one,) for one in ALL]
    dates = rows(root, "select distinct first_seen_at from articles")
    assert dates == [("2020-11-09T12:00:00.000000Z",)]
    assert verify(root).damages == []
    assert not list(root.glob("tmp*"))
    again = ran("import-warc", source, "--archive", root)
    assert "already imported" in again.output
    again = ran("import-warc", source, "--archive", root, "--again")
    assert "6 known" in again.output


def test_the_pages_bytes_are_those_that_came(tmp_path):
    root = tmp_path / "archive"
    imported(root, unpacked(arc(PAGES)))
    found = rows(root, "select warc_file, warc_offset, warc_length from captures order by url")
    for plain, (name, offset, length) in zip(PAGES, found, strict=True):
        copy = gzip.decompress((root / "warc" / name).read_bytes()[offset : offset + length])
        assert copy.partition(b"\r\n\r\n")[2] == plain.partition(b"\r\n\r\n")[2]
        assert b"\r\nWARC-IP-Address: 192.0.2.1\r\n" in copy


def test_an_import_that_was_ended_goes_on_within_a_packed_file(tmp_path):
    root = tmp_path / "archive"
    padding = record(os.urandom(90_000), url("film"), media="video/mp4", kind="resource")
    data = zstd([padding, *PAGES])
    cut = imported(root, data[:-200])
    assert (cut.counts["new"], cut.counts["damaged"]) == (5, 1)
    done = imported(root, data)
    assert (done.counts["records"], done.counts["new"]) == (1, 1)


@pytest.mark.parametrize(
    ("pack", "pages"), [(zstd, PAGES), (packed, PAGES), (packed, arc(PAGES)[1:])]
)
def test_damage_costs_its_record_and_not_those_behind_it(tmp_path, pack, pages):
    parts = [bytearray(pack([one])) for one in pages]
    parts[2][200:230] = bytes(30)
    done = imported(tmp_path / "archive", b"".join(parts))
    assert (done.counts["new"], done.counts["damaged"]) == (5, 1)


FOLDER = {"a/one.warc.gz": packed(PAGES[:2]), "b/c/two": zstd(PAGES[2:4]),
          "three.wacz": zipped(packed(PAGES[4:])), "notes.txt": b"notes",
          "b/list.cdx": b"com,example)/ 20200101000000 x", "empty": b""}  # fmt: skip


def test_a_folder_gives_the_archives_in_it(tmp_path):
    root, folder = tmp_path / "archive", tmp_path / "folder"
    for name, data in FOLDER.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    done = ran("import-warc", folder, "--archive", root)
    assert done.exit_code == 0, done.output
    assert sorted(rows(root, "select url from articles")) == [(one,) for one in ALL]
    assert [name in done.output for name in ("notes.txt", "list.cdx", "empty")] == [False] * 3
    found = rows(root, "select source from imports order by 1")
    assert found == [("a/one.warc.gz",), ("b/c/two",), ("three.wacz/archive/data.warc.gz",)]


def test_files_with_one_dictionary_are_not_taken_for_one_file(tmp_path):
    dictionary = zstandard.ZstdCompressionDict(random.Random(1).randbytes(1 << 17))
    frame = zstandard.ZstdCompressor(dict_data=dictionary).compress
    head = struct.pack("<II", 0x184D2A5D, 1 << 17) + dictionary.as_bytes()
    paths = [tmp_path / "x", tmp_path / "y"]
    for path, pages in zip(paths, (PAGES[:3], PAGES[3:]), strict=True):
        path.write_bytes(head + b"".join(map(frame, pages)))
    done = ran("import-warc", *paths, "--archive", tmp_path / "archive")
    assert done.exit_code == 0, done.output
    assert sorted(rows(tmp_path / "archive", "select url from articles")) == [(x,) for x in ALL]


def test_a_zip_file_gives_those_in_a_zip_file_in_it_and_what_is_damaged_at_its_beginning(tmp_path):
    inner = zipped(packed(PAGES[:3]))
    with zipfile.ZipFile(tmp_path / "x", "w") as file:
        file.writestr("a.wacz", inner)
        file.writestr("archive/b.warc.gz", bytes(50) + packed(PAGES[3:]))
    done = ran("import-warc", tmp_path / "x", "--archive", tmp_path / "archive")
    assert done.exit_code == 3
    assert sorted(rows(tmp_path / "archive", "select url from articles")) == [(x,) for x in ALL]


def broken_zips():
    """Yield ZIP files that cannot be read, by what is wrong with them."""
    whole = zipped(packed(PAGES))
    directory = whole.index(b"PK\1\2")
    yield "directory", whole[:directory] + b"PKxx" + whole[directory + 4 :]
    yield "version", whole[: directory + 6] + b"\xff" + whole[directory + 7 :]
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        data = zipped(packed(PAGES), method=method)
        yield str(method), data[:160] + b"\xff" * 60 + data[220:]


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in broken_zips()])
def test_a_broken_zip_file_is_one_line(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    first, *_ = map(str, files_in(tmp_path / "x", "x", tmp_path))
    assert first.startswith("x")
    assert first.endswith("; unpack it with another program")


def test_a_wacz_that_is_none_is_named_in_a_folder_too(tmp_path):
    (tmp_path / "x.wacz").write_bytes(b"PK\3\4")
    found = [getattr(each, "name", each) for each in files_in(tmp_path, "x", tmp_path)]
    assert found == ["x.wacz"]


def tarred():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        file.addfile(tarfile.TarInfo("x"))
    return out.getvalue()


REFUSED = {
    "tar": (tarred(), "unpack tar"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(90), "7z and RAR first"),
    "json": (b'{"url": "http://x/"}\n', "WARC, ARC and WACZ"),
    "html": (b"<!DOCTYPE html><p>x", "WARC, ARC and WACZ"),
    "zip": (zipped(b"x", "x.txt"), "in this ZIP file"),
    "cdx": (b" CDX N b a m s k r M S V g\n", "WARC, ARC and WACZ"),
    "text": (b"some words\n" * 50, "WARC, ARC and WACZ"),
    "empty": (b"", "WARC, ARC and WACZ"),
}


@pytest.mark.parametrize("form", slowly(REFUSED, "html", "zip"))
def test_what_is_no_web_archive_is_refused_in_a_line_and_the_others_are_read(tmp_path, form):
    root, data = tmp_path / "archive", REFUSED[form][0]
    (tmp_path / "x.warc.gz").write_bytes(data)
    (tmp_path / "y.warc.gz").write_bytes(packed(PAGES))
    done = ran("import-warc", tmp_path / "x.warc.gz", tmp_path / "y.warc.gz", "--archive", root)
    assert done.exit_code == 3
    (line,) = [line for line in done.output.splitlines() if REFUSED[form][1] in line]
    assert line.startswith("x.warc.gz")
    assert "6 new" in done.output


def test_a_folder_without_archives_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    done = ran("import-warc", tmp_path / "folder", "--archive", tmp_path / "archive")
    assert done.exit_code == 3
    assert done.output == "folder: no WARC, ARC or WACZ file is in this folder\n"
    assert not (tmp_path / "archive").exists()


def wrong_digest(number, kind="WARC-Block-Digest"):
    body = wire.article(f"خبر رقم {number} من المدينة")
    return record(answer(body), url(number), f"{kind}: sha1:{'2' * 32}", digest=False)


@pytest.mark.parametrize("pack", [packed, one_gzip, unpacked, flushed, zstd])
@pytest.mark.parametrize("kind", ["WARC-Block-Digest", "WARC-Payload-Digest"])
def test_a_record_whose_only_flaw_is_its_digest_is_read(tmp_path, pack, kind):
    (tmp_path / "x").write_bytes(pack([*PAGES[:2], wrong_digest(2, kind), *PAGES[3:]]))
    found = records_in(tmp_path / "x")
    assert [getattr(one, "flaw", "damage") is not None for one in found] == [
        *(False, False, True, False, False, False),
    ]
    strict = records_in(tmp_path / "x", lenient=False)
    assert [isinstance(one, Damage) for one in strict] == [
        *(False, False, True, False, False, False),
    ]


@pytest.mark.parametrize("kind", ["WARC-Block-Digest", "WARC-Payload-Digest"])
def test_it_is_kept_with_a_problem(tmp_path, kind):
    root, data = tmp_path / "archive", packed([*PAGES[:2], wrong_digest(2, kind), *PAGES[3:]])
    done = imported(root, data)
    assert (done.counts["new"], done.counts["flawed"], done.damages) == (6, 1, [])
    ((kind_of, at, detail),) = rows(root, "select kind, url, detail from problems")
    assert (kind_of, at) == ("damaged-source", url(2))
    assert detail.startswith("kept; its ")
    assert verify(root).damages == []
    strict = imported(tmp_path / "strict", data, strict=True)
    assert (strict.counts["new"], strict.counts["damaged"]) == (5, 1)


@pytest.mark.parametrize("pack", [packed, one_gzip, unpacked])
def test_a_record_that_has_another_flaw_is_not(tmp_path, pack):
    longer = page(2).replace(b"Content-Length: ", b"Content-Length: 1", 1)
    (tmp_path / "x").write_bytes(pack([*PAGES[:2], longer, *PAGES[3:]]))
    found = records_in(tmp_path / "x")
    assert [one.url for one in found if not isinstance(one, Damage)] == [*ALL[:2], *ALL[3:]]
    assert all(one.flaw is None for one in found if not isinstance(one, Damage))


WINDOW = zstandard.ZstdCompressionParameters(window_log=30)
BOMBS = {
    "zst": lambda: zstandard.ZstdCompressor().compress(b"WARC/1.0\r\nA: b\r\n" + bytes(1 << 27)),
    "zst, many": lambda: zstandard.ZstdCompressor().compress(bytes(1 << 26)) * 90,
    "bz2": lambda: bz2.compress(bytes(1 << 26)) * 90,
    "xz": lambda: lzma.compress(bytes(1 << 26), preset=0) * 9,
    "zst, window": lambda: zstandard.ZstdCompressor(compression_params=WINDOW).compress(
        bytes(1 << 28)
    ),
}


@pytest.mark.parametrize("bomb", slowly(BOMBS, "zst, window"))
def test_bombs_end_early_and_take_no_memory(tmp_path, bomb):
    (tmp_path / "x").write_bytes(BOMBS[bomb]())
    before = resource.getrusage(resource.RUSAGE_SELF)
    found = records_in(tmp_path / "x")
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert found
    assert all(isinstance(one, Damage) for one in found)
    assert after.ru_utime - before.ru_utime < 5
    assert after.ru_maxrss - before.ru_maxrss < 300_000


@pytest.mark.parametrize(
    "stored",
    [
        b"\x28\xb5\x2f\xfd" + bytes(99),
        b"\x37\xa4\x30\xec" + bytes(99),
        zstandard.ZstdCompressor().compress(bytes(1 << 26)),
        b"",
    ],
)
def test_a_dictionary_that_is_none_is_damage(tmp_path, stored):
    head = struct.pack("<II", 0x184D2A5D, len(stored))
    (tmp_path / "x").write_bytes(head + stored + zstd(PAGES))
    found = records_in(tmp_path / "x")
    assert len(found) >= (6 if not stored else 1)


@pytest.mark.slow
def test_a_bomb_in_a_zip_file_is_left_out(tmp_path):
    (tmp_path / "x.zip").write_bytes(
        zipped(b"WARC/1.0\r\nA: b\r\n\r\n" + bytes(1 << 27), "a.warc", zipfile.ZIP_DEFLATED)
    )
    left_out, none = files_in(tmp_path / "x.zip", "x.zip", tmp_path)
    assert "left out" in str(left_out)
    assert "no WARC or ARC file" in str(none)


@pytest.mark.parametrize("cut", [-30, 2000])
def test_a_zip_file_that_was_cut_short_gives_what_is_whole_in_it(tmp_path, cut):
    data = zipped(packed([*PAGES]))[:cut]
    done = imported(tmp_path / "archive", data)
    assert done.counts["new"] >= (6 if cut < 0 else 1)
