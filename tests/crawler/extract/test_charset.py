"""The charset of a page: declared, wrongly declared, or told from its letters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.charset import decode

ARABIC = "وقال وزير النقل إن بلاده ترحب بالاتفاق، مؤكداً «أهمية الحوار» بين الأطراف كافة"
FRENCH = "L'été dernier, le président a déclaré à la presse où il était déjà passé"
PAGE = "<html><head>{}</head><body><p>{}</p></body></html>"
UTF8 = "<meta charset=utf-8>"

CASES = (
    ("cp1256", None, "", ARABIC, "cp1256", None),
    ("cp1256", "text/html; charset=windows-1256", "", ARABIC, "cp1256", None),
    ("cp1256", "text/html; charset=utf-8", "", ARABIC, "cp1256", "utf-8"),
    ("cp1256", "text/html", "<meta charset=iso-8859-1>", ARABIC, "cp1256", "cp1252"),
    ("cp1256", None, "<meta charset=iso-8859-6>", ARABIC, "cp1256", "iso8859-6"),
    ("iso8859_6", None, "", ARABIC.replace("«", "").replace("»", ""), "iso8859-6", None),
    ("utf-8", None, "", ARABIC, "utf-8", None),
    ("utf-8", "text/html; charset=windows-1256", "", ARABIC, "utf-8", "cp1256"),
    ("utf-8", "text/html; charset=no-such-charset", UTF8, ARABIC, "utf-8", None),
    ("utf-8", "text/html; charset=base64", UTF8, ARABIC, "utf-8", None),
    ("utf-8-sig", "text/html; charset=windows-1256", "", ARABIC, "utf-8", None),
    ("utf-16", None, "", ARABIC, "utf-16-le", None),
    ("cp1252", None, "", FRENCH, "cp1256", None),  # it holds the French letters as well
)


@pytest.mark.parametrize(("charset", "header", "head", "text", "read_as", "overruled"), CASES)
def test_a_page_is_read_in_its_charset(charset, header, head, text, read_as, overruled):
    found = decode(PAGE.format(head, text).encode(charset, "replace"), header)
    assert text in found.text
    assert (found.charset, found.overruled) == (read_as, overruled)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_torn_end_leaves_utf8_alone(cut: int):
    body = PAGE.format("", ARABIC * 20).encode()
    torn = body.rsplit(b"</p>", 1)[0][:-cut]
    assert decode(torn).charset == "utf-8"


def test_a_few_broken_letters_leave_utf8_alone():
    body = PAGE.format("", ARABIC * 50).encode().replace("النقل".encode(), b"\xd9\xff", 1)
    found = decode(body)
    assert found.charset == "utf-8"
    assert "\N{REPLACEMENT CHARACTER}" in found.text


@given(st.binary(max_size=400), st.text(max_size=30))
def test_no_bytes_raise(body: bytes, header: str):
    assert isinstance(decode(body, f"text/html; charset={header}").text, str)
