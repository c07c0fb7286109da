"""Lists of addresses as spreadsheets write them, and the copy that is written for them."""

import csv
import io

import pytest

from archive.saved import COLUMNS
from crawler.address_list import is_table, read_table

ONE, TWO = "https://a.example/1", "https://a.example/2"
EMPTY = ("",) * len(COLUMNS)

# The file as it is on the disk, the names of its columns, its rows, and which column it is.
TABLES = [
    (f"url,note\n{ONE},=x\n", ("url", "note"), [(ONE, "=x")], 0),
    (f"note,url\n{ONE},{TWO}\n", ("note", "url"), [(ONE, TWO)], 1),
    (f"sep=;\r\nx;y\r\n1;{ONE}\r\n", ("x", "y"), [("1", ONE)], 1),
    (f"{ONE},foo\n{TWO},\n", ("column_1", "column_2"), [(ONE, "foo"), (TWO, "")], 0),
    (f"العنوان\tرابط الخبر\nفوز\t{ONE}\n", ("العنوان", "رابط الخبر"), [("فوز", ONE)], 1),
    (f"ملاحظة;الرابط\r\nشيء;{ONE}", ("ملاحظة", "الرابط"), [("شيء", ONE)], 1),
    (f"image_url,link\n{ONE},{TWO}\n", ("image_url", "link"), [(ONE, TWO)], 1),
    (f'id,link\n"a\nb",{ONE}\n\n2,\n', ("id", "link"), [("a\nb", ONE), ("2", "")], 1),
    (f"link\n{ONE},more\n", ("link", ""), [(ONE, "more")], 0),
    (f'a,link\n"open,{ONE}\nb,{TWO}\n', ("a", "link"), [(f"open,{ONE}", ""), ("b", TWO)], 1),
    (f"link,link\n{ONE},x\n", ("link", "link"), [(ONE, "x")], 0),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
@pytest.mark.parametrize(("text", "names", "rows", "column"), TABLES)
def test_the_column_of_addresses_is_found_by_name_or_content(text, names, rows, column, encoding):
    table = read_table(text.encode(encoding))
    assert (table.names, list(table.rows), table.column) == (names, rows, column)
    assert table.addresses == [row[column] for row in rows]


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", "url\nexample.org/1\n"])
def test_a_table_without_addresses_is_refused(text):
    with pytest.raises(ValueError, match="no column has addresses"):
        read_table(text.encode())


def test_a_copy_keeps_every_cell_and_quotes_formulas_of_ours():
    table = read_table(f'note,url\n=1+1,{ONE}\n"a\nb",{TWO}\n'.encode())
    out = io.BytesIO()
    more = ("archived", "/article/1", "", "", None, "=cmd()", None, "")
    table.write([more, EMPTY], out)
    assert out.getvalue().startswith("\ufeffnote,url,archive_state".encode())
    head, *rows = csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline=""))
    assert head == ["note", "url", *COLUMNS]
    assert rows[0] == ["=1+1", ONE, "archived", "/article/1", "", "", "", "'=cmd()", "", ""]
    assert rows[1][:2] == ["a\nb", TWO]


def test_a_copy_is_a_list_again_without_its_old_columns():
    table, out = read_table(f"note,url\nx,{ONE}\n".encode()), io.BytesIO()
    table.write([EMPTY], out)
    again = read_table(out.getvalue())
    assert (again.names, again.rows, again.column) == (table.names, table.rows, table.column)


@pytest.mark.parametrize(
    ("name", "text", "is_one"),
    [
        ("list.CSV", ONE, True),
        ("list.tsv", ONE, True),
        ("list.txt", f"{ONE}\n{TWO}\n", False),
        ("list.txt", f"{ONE}a,b;c\n", False),
        ("list.txt", f"# links: رابط\n{ONE}\n", False),
        ("list.txt", f"الرابط;ملاحظة\n{ONE};x\n", True),
        ("list.txt", f"x\t{ONE}\n", True),
        ("-", f"url\n{ONE}\n", True),
        ("-", "", False),
    ],
)
def test_tables_are_told_from_plain_lists(name, text, is_one):
    assert is_table(name, text.encode()) is is_one
