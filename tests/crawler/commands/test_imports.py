"""`warraq import-jsonl` recognises what it is given by its first bytes."""

import gzip
import json
import lzma
import tracemalloc
from io import BytesIO

import pytest
from click.testing import CliRunner

from archive.errors import ArchiveError
from crawler.cli import warraq
from crawler.commands.imports import json_lines
from tests.archive.desk import rows

LINES = [
    {"url": f"https://a.example/{n}", "title": "عنوان [1], {", "text": f"نص {n}\n[,] {{ }}"}
    for n in range(5)
]
JSONL = "\n".join(json.dumps(line, ensure_ascii=False) for line in LINES).encode()
ARRAY = json.dumps(LINES, ensure_ascii=False, indent=2).encode()
MARK = b"\xef\xbb\xbf"


def run(path, root):
    return CliRunner().invoke(warraq, ["import-jsonl", str(path), "--archive", str(root)])


@pytest.mark.parametrize(
    "given",
    [
        *(JSONL, MARK + JSONL, ARRAY, MARK + ARRAY, b"\n \n" + ARRAY),
        *(gzip.compress(JSONL, mtime=0), gzip.compress(ARRAY, mtime=0)),
        gzip.compress(JSONL[:300], mtime=0) + gzip.compress(JSONL[300:], mtime=0),
        b"[" + JSONL.replace(b"\n", b",\n") + b"]\n",
        ARRAY + b"\n" + json.dumps(LINES[:2]).encode(),
    ],
)
def test_lines_and_arrays_are_read_plain_and_packed(tmp_path, given):
    (tmp_path / "file").write_bytes(given)
    done = run(tmp_path / "file", tmp_path / "a")
    assert (done.exit_code, "5 new articles" in done.output) == (0, True), done.output
    assert rows(tmp_path / "a", "select url, title, text from articles order by url") == [
        (line["url"], line["title"], line["text"]) for line in LINES
    ]


OTHERS = [
    (b"\x28\xb5\x2f\xfd\x04\x58", "Zstandard", "zstd -dc file | warraq import-jsonl -"),
    (b"PAR1\x15\x04\x15", "Parquet", "read_parquet('file')"),
    (b"\x7fELF\x02\x01\x01\0\0\n{,;\n", "binary", "with the program that wrote it"),
    (b"url,title,text\nhttps://a.example/1,x,y\n", "CSV", "read_csv('file')"),
    (b'\xef\xbb\xbf"url";"title"\r\n', "CSV", "read_csv"),
    ("الرابط,العنوان\nhttps://a.example/1,x\n".encode(), "CSV", "read_csv"),
    (b"url\ttitle\nhttps://a.example/1\tx\n", "CSV", "read_csv"),
    (gzip.compress(b"url,title\n1,2\n", mtime=0), "CSV", "read_csv"),
    (lzma.compress(JSONL), "xz", "xz -dc file"),
    (JSONL.decode().encode("utf-16"), "UTF-16", "iconv"),
    (json.dumps(LINES[0], indent=1).encode(), "JSON over several lines", "jq -c . file"),
    (b"WARC/1.1\r\nWARC-Type: warcinfo\r\n", "WARC", "warraq import-warc file"),
    (gzip.compress(b"WARC/1.0\r\n", mtime=0), "WARC", "warraq import-warc file"),
]


@pytest.mark.parametrize(("given", "form", "remedy"), OTHERS)
def test_another_form_is_refused_in_one_line_before_anything_is_made(tmp_path, given, form, remedy):
    (tmp_path / "file").write_bytes(given)
    done = run(tmp_path / "file", tmp_path / "a")
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: file is {form}, not JSON lines; convert it: ")
    assert (remedy in done.output, done.output.count("\n")) == (True, 1)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("cut", [5, 200])
def test_gzip_that_ends_early_is_an_error_and_what_came_before_is_imported(tmp_path, cut):
    lines = [
        json.dumps(line | {"url": f"https://a.example/{n}/{line['url'][-1]}"})
        for n in range(30)
        for line in LINES
    ]
    (tmp_path / "file").write_bytes(gzip.compress("\n".join(lines).encode())[:-cut])
    done = run(tmp_path / "file", tmp_path / "a")
    assert (done.exit_code, "cut short" in done.output) == (1, True), done.output
    assert "Traceback" not in done.output
    assert rows(tmp_path / "a", "select count(*) > 20 from articles") == [(1,)]


@pytest.mark.parametrize("given", [ARRAY[:-40], ARRAY[:-40] + b"]", ARRAY.replace(b":", b"", 1)])
def test_a_broken_array_is_one_invalid_line(tmp_path, given):
    (tmp_path / "file").write_bytes(given)
    done = run(tmp_path / "file", tmp_path / "a")
    assert (done.exit_code, ", 1 invalid line." in done.output) == (3, True), done.output


@pytest.mark.parametrize("end", [b"", b",", b",\n  ", b"]\n[", b",\n\xd8"])
def test_an_array_that_is_cut_between_two_items_is_one_invalid_line(tmp_path, end):
    given = ARRAY.removesuffix(b"\n]") + end
    assert [*json_lines(BytesIO(given), "file")][5:] == [b"["]
    (tmp_path / "file").write_bytes(given)
    done = run(tmp_path / "file", tmp_path / "a")
    assert (done.exit_code, ": 5 new articles" in done.output) == (3, True), done.output
    assert "file:6: the JSON array is cut short here\n" in done.output
    assert ", 1 invalid line." in done.output


@pytest.mark.parametrize("whole", [b"[]", b"[\n]\n", b'[{"a":"["}]\n[{"b":[1]}]', b'[{"a":1},]'])
def test_an_array_that_ends_is_followed_by_nothing(whole):
    assert b"[" not in [*json_lines(BytesIO(whole), "file")]


def test_an_array_of_any_length_takes_little_memory():
    item = json.dumps({"url": "https://a.example/1", "text": "x" * 4000}).encode()
    given = BytesIO(b"[" + b",".join([item] * 5000) + b"]")
    tracemalloc.start()
    assert sum(1 for line in json_lines(given, "file") if line == item) == 5000
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_gzip_of_nothing_and_half_a_header_raise_no_other_error():
    assert list(json_lines(BytesIO(gzip.compress(b"", mtime=0)), "file")) == []
    with pytest.raises(ArchiveError, match="not readable as gzip"):
        json_lines(BytesIO(b"\x1f\x8b\x08"), "file")
