"""Any dialect of WARC is read, and damage costs the records it hits, and no other."""

import gzip
import os
import random
import tempfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.warc.members import next_start
from archive.warc.parsing import Place, Record, moment_of
from archive.warc.reader import Damage, walk
from tests.archive.warc.foreign_warcs import (
    answer,
    blocks,
    by_fastwarc,
    by_warcio,
    flushed,
    found,
    one_gzip,
    opened,
    packed,
    page,
    record,
    records,
    unpacked,
    url,
    urls,
)

PACKINGS = [packed, one_gzip, blocks, flushed, unpacked]
ALL = [url(number) for number in range(8)]


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_every_packing_of_every_dialect_is_read(tmp_path, pack, version, end):
    results = found(tmp_path, pack(records(version=version, end=end)))
    assert urls(results) == ALL
    assert [one for one in results if not isinstance(one, Record)] == []
    assert results[3].block == answer(page(3))
    assert results[3].version == version


@pytest.mark.parametrize(
    "data",
    [
        by_warcio("1.0", gzipped=True),
        by_warcio("1.1", gzipped=False),
        by_fastwarc(gzipped=True),
        by_fastwarc(gzipped=False),
    ],
)
def test_what_other_libraries_write_is_read_whole(tmp_path, data):
    results = found(tmp_path, data)
    assert urls(results) == ALL
    assert all(isinstance(one, Record) for one in results)


def test_the_member_of_a_record_is_named_where_it_has_one_of_its_own(tmp_path):
    data = packed(records())
    for one in found(tmp_path, data):
        member = data[one.place.offset : one.place.offset + one.length]
        assert gzip.decompress(member) == one.head + one.block + b"\r\n\r\n"
    for pack in (one_gzip, flushed, unpacked):
        assert {one.length for one in found(tmp_path, pack(records()))} == {None}


@pytest.mark.parametrize("pack", PACKINGS)
def test_reading_goes_on_behind_any_record(tmp_path, pack):
    data = pack(records())
    results = found(tmp_path, data)
    for number, one in enumerate(results):
        assert Place.of(str(one.behind)) == one.behind
        assert urls(found(tmp_path, data, start=one.behind)) == ALL[number + 1 :]
        assert urls(found(tmp_path, data, start=one.place)) == ALL[number:]


@pytest.mark.parametrize("bit", [0x20, 0x40, 0x80])
def test_a_member_with_flags_that_every_other_reader_refuses_is_damaged(tmp_path, bit):
    parts = [packed([one]) for one in records()]
    parts[3] = parts[3][:3] + bytes([parts[3][3] | bit]) + parts[3][4:]
    with pytest.raises(zlib.error):
        zlib.decompress(parts[3], 31)
    assert urls(found(tmp_path, b"".join(parts))) == [*ALL[:3], *ALL[4:]]


@pytest.mark.parametrize("pack", [packed, unpacked])
@given(data=st.data())
def test_a_flipped_byte_costs_the_record_it_is_in(pack, data):
    parts = [pack([one]) for one in records()]
    hit = data.draw(st.integers(0, len(parts) - 1))
    at = data.draw(st.integers(0, len(parts[hit]) - 1))
    flip = data.draw(st.integers(1, 255))
    broken = bytearray(parts[hit])
    broken[at] ^= flip
    with tempfile.TemporaryDirectory() as folder:
        results = found(Path(folder), b"".join([*parts[:hit], bytes(broken), *parts[hit + 1 :]]))
    others = [one for number, one in enumerate(ALL) if number != hit]
    kept = [one for one in results if isinstance(one, Record)]
    # Its own head has no digest: there the address itself may be what was hit, even for another's.
    assert [one.url for one in kept if one.block != answer(page(hit)) and one.url in others] == (
        others
    )
    assert all(
        one.block in (answer(page(ALL.index(one.url))), answer(page(hit)))
        for one in kept
        if one.url in others
    )
    assert [one.block for one in kept if one.url == url(hit)] in ([], [answer(page(hit))])


@pytest.mark.parametrize("pack", [one_gzip, blocks, flushed])
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_flipped_byte_in_what_is_packed_together_costs_what_is_behind_it(pack, at, flip):
    data = bytearray(pack(records()))
    data[int(at * len(data))] ^= flip
    with tempfile.TemporaryDirectory() as folder:
        results = found(Path(folder), bytes(data))
    kept = [one.block for one in results if isinstance(one, Record)]
    assert set(kept) <= {answer(page(number)) for number in range(8)}
    whole = sum(end <= at * len(data) for end in ends(pack))
    assert len(kept) >= whole - 2  # of what was being unpacked, up to two may be lost


def ends(pack):
    """Return about where the packed records end, each."""
    return [len(pack(records(count))) for count in range(1, 9)]


@pytest.mark.parametrize("pack", [packed, unpacked])
@given(cuts=st.lists(st.tuples(st.integers(0, 6), st.integers(1, 200)), max_size=3))
def test_lost_bytes_cost_the_records_they_are_lost_from(pack, cuts):
    parts = [pack([one]) for one in records()]
    for which, size in cuts:
        parts[which] = (
            parts[which][: len(parts[which]) // 2] + parts[which][len(parts[which]) // 2 + size :]
        )
    hit = {which for which, _ in cuts}
    with tempfile.TemporaryDirectory() as folder:
        results = found(Path(folder), b"".join(parts))
    # A record that lost its end may take the beginning of the next one with it only unpacked.
    lost = hit if pack is packed else hit | {which + 1 for which in hit}
    assert set(ALL) - {url(number) for number in lost} <= set(urls(results))
    assert len([one for one in results if isinstance(one, Damage)]) >= (1 if cuts else 0)


@pytest.mark.parametrize("pack", PACKINGS)
def test_a_torn_tail_costs_the_last_record(tmp_path, pack):
    data = pack(records())
    results = found(tmp_path, data[:-60])
    assert urls(results) == ALL[:-1]
    assert isinstance(results[-1], Damage)


@pytest.mark.parametrize("pack", [unpacked, packed, one_gzip])
def test_wherever_a_file_ends_within_a_record_that_is_what_is_told(tmp_path, pack):
    data, begin = pack(records()), len(pack(records()[:2]))
    for cut in [
        *range(begin + 1, begin + 12),
        *range(begin + 20, len(pack(records()[:3])) - 4, 37),
    ]:
        results = found(tmp_path, data[:cut])
        told = [one.what for one in results if isinstance(one, Damage)]
        assert len(told) == 1
        torn = "the file ends in the middle of", "bytes are there", "no whole head of a record"
        assert any(what in told[0] for what in torn), cut
        assert urls(results) in ([ALL[:2]] if pack is not one_gzip else [ALL[:2], ALL[:1]])


@pytest.mark.parametrize("at", [0, 3, 12, 60, 200, 300, -9, -6, -1])
def test_a_damaged_member_is_told_once(tmp_path, at):
    parts = [bytearray(packed([one])) for one in records()]
    parts[2][at] ^= 0xFF
    results = found(tmp_path, b"".join(parts))
    places = [one.place.offset for one in results if isinstance(one, Damage)]
    assert places in ([len(parts[0]) + len(parts[1])], [])
    assert len(urls(results)) == 8 - len(places)


def with_length(plain, wrong):
    head, _, rest = plain.rpartition(b"Content-Length: ")
    return head + b"Content-Length: " + wrong + rest[rest.index(b"\r\n") :]


@pytest.mark.parametrize("pack", [packed, one_gzip, blocks, unpacked])
@pytest.mark.parametrize("wrong", [b"10", b"17", b"900", b"99999", b"-1", b"x", b"", b"9" * 30])
@pytest.mark.parametrize("digest", [True, False])
def test_a_wrong_length_costs_its_record(tmp_path, pack, wrong, digest):
    plain = records(digest=digest)
    plain[3] = with_length(plain[3], wrong)
    results = found(tmp_path, pack(plain), largest=50_000)
    assert urls(results) == ALL[:3] + ALL[4:]
    assert sum(isinstance(one, Damage) for one in results) == 1


def test_a_digest_that_does_not_hold_is_damage(tmp_path):
    plain = records()
    plain[2] = plain[2].replace(b"<title>2<", b"<title>5<")
    results = found(tmp_path, packed(plain))
    damage = [one for one in results if isinstance(one, Damage)]
    assert urls(results) == ALL[:2] + ALL[3:]
    assert [(one.url, "Block-Digest" in one.what) for one in damage] == [(url(2), True)]


@pytest.mark.parametrize("pack", PACKINGS)
def test_what_is_too_large_is_passed_over_and_told(tmp_path, pack):
    plain = records()
    plain.insert(4, record(os.urandom(300_000), url("film"), media="video/mp4"))
    results = found(tmp_path, pack(plain), largest=100_000)
    assert urls(results) == ALL
    large = [one for one in results if not isinstance(one, Record)]
    assert [(one.url, one.size) for one in large] == [(url("film"), 300_000)]


def test_files_that_were_put_together_are_read_as_what_each_part_is(tmp_path):
    plain = records()
    data = packed(plain[:2]) + unpacked(plain[2:4]) + one_gzip(plain[4:6]) + packed(plain[6:])
    assert urls(found(tmp_path, data)) == ALL


def test_holes_between_members_are_passed(tmp_path):
    plain = [packed([one]) for one in records()]
    results = found(tmp_path, b"\0" * 5000 + plain[0] + b"\0" * 70_000 + b"".join(plain[1:]))
    assert urls(results) == ALL
    results = found(tmp_path, plain[0] + os.urandom(200_000) + b"".join(plain[1:]))
    assert urls(results) == ALL
    assert [type(one) for one in results if not isinstance(one, Record)] == [Damage]


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"<html>", os.urandom(5000), gzip.compress(b"x", mtime=0)]
)
def test_a_file_that_is_no_warc_has_no_record(tmp_path, data):
    assert urls(found(tmp_path, data)) == []


@given(data=st.binary(max_size=3000), at=st.integers(0, 3000))
def test_no_bytes_end_the_reading(data, at):
    whole = packed(records(2))
    with tempfile.TemporaryDirectory() as folder:
        for noisy in (whole[:at] + data + whole[at:], data + b"\nWARC/1.0\r\n" + data):
            places = [one.place.offset for one in found(Path(folder), noisy)]
            assert places == sorted(places)
            assert all(0 <= place <= len(noisy) for place in places)


def test_memory_is_bounded_by_the_largest_record_that_is_read(tmp_path):
    import tracemalloc

    large = record(b"x" * 30_000_000, url("film"), digest=False)
    for pack in (packed, unpacked):
        with opened(tmp_path, pack([*records(1), large, *records(1)])) as descriptor:
            tracemalloc.start()
            assert len(list(walk(descriptor, largest=1_000_000))) == 3
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
            tracemalloc.stop()


def test_angle_brackets_around_an_address_are_wgets(tmp_path):
    (one,) = found(tmp_path, record(answer(b"x"), "<http://alwaraq.example/a>"))
    assert one.url == "http://alwaraq.example/a"


def test_folded_lines_and_doubled_names_are_read(tmp_path):
    plain = record(answer(b"x"), url(1), "X-Long: one\r\n  two", "WARC-Date: 1999-01-01T00:00:00Z")
    (one,) = found(tmp_path, plain)
    assert one.fields["x-long"] == "one two"
    assert one.fields["warc-date"] == "2020-11-09T12:00:00Z"


MOMENTS = [
    ("2020-11-09T12:00:00Z", datetime(2020, 11, 9, 12, tzinfo=UTC)),
    ("2020-11-09T12:00:00.123456Z", datetime(2020, 11, 9, 12, 0, 0, 123456, tzinfo=UTC)),
    ("2020-11-09T12:00:00.123456789Z", datetime(2020, 11, 9, 12, 0, 0, 123456, tzinfo=UTC)),
    ("2020-11-09T12:00Z", datetime(2020, 11, 9, 12, tzinfo=UTC)),
    ("2020-11-09T12:00:00", datetime(2020, 11, 9, 12, tzinfo=UTC)),
    ("2020-11-09T14:00:00+02:00", datetime(2020, 11, 9, 12, tzinfo=UTC)),
    ("2020-11-09", None),
    ("2020", None),
    ("", None),
    ("20201109", None),
]


@pytest.mark.parametrize(("text", "at"), MOMENTS)
def test_a_moment_is_read_or_there_is_none(text, at):
    assert moment_of({"warc-date": text}) == at


def test_behind_damage_a_member_is_tried_up_to_a_bound(tmp_path, monkeypatch):
    noise = gzip.compress(random.Random(1).randbytes(1000))
    data = b"?" + noise + gzip.compress(b"WARC/1.1\r\nWARC-Type: x\r\n\r\n")
    with opened(tmp_path, data) as file:
        assert next_start(file, 0, len(data)) == 1
        monkeypatch.setattr("archive.warc.members._TRIED", 500)
        assert next_start(file, 0, len(data)) == 1 + len(noise)
