"""One spelling per address, and never one for two."""

import contextlib
import re
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.urls import article_id, canonical, host_of, readable

ARABIC = "/أخبار/اللاجئون-في-٢٠٢٠"
ENCODED = quote(ARABIC)

SAME = [
    ("HTTP://Www.Example.COM/A", "http://www.example.com/A"),
    ("http://example.com", "http://example.com/"),
    ("http://example.com:80/a", "http://example.com/a"),
    ("https://example.com:443/a", "https://example.com/a"),
    ("https://example.com./a", "https://example.com/a"),
    ("https://user:secret@example.com/a", "https://example.com/a"),
    ("https://example.com/a#comments", "https://example.com/a"),
    ("https://example.com/a?", "https://example.com/a"),
    (" https://example.com/a\n", "https://example.com/a"),
    ("https://example.com/%61%2d%5F%7e", "https://example.com/a-_~"),
    ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
    ("https://example.com/a b", "https://example.com/a%20b"),
    ("https://example.com/a?utm_source=x&fbclid=y", "https://example.com/a"),
    ("https://example.com/a?UTM_Source=x&id=7&gclid=1", "https://example.com/a?id=7"),
    ("https://example.com/a?tags[]=1", "https://example.com/a?tags%5B%5D=1"),
    (f"https://example.com{ARABIC}", f"https://example.com{ENCODED}"),
    (f"https://example.com{ENCODED.lower()}", f"https://example.com{ENCODED}"),
    ("https://example.com/%D8ع", "https://example.com/%D8%D8%B9"),
    ("https://example.com/?q=سلام", "https://example.com/?q=%D8%B3%D9%84%D8%A7%D9%85"),
    ("http://موقع.وزارة-الاتصالات.مصر/", "http://xn--4gbrim.xn----ymcbaaajlc6dj7bxne2c.xn--wgbh1c/"),
    ("http://%D9%85%D9%88%D9%82%D8%B9.example/", "http://xn--4gbrim.example/"),
    ("http://[2001:DB8::1]:80/", "http://[2001:db8::1]/"),
    ("http://[::1]:8000/", "http://[::1]:8000/"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "wanted"), SAME)
def test_spellings_of_one_address_become_one(url, wanted):
    assert canonical(url) == wanted


APART = [
    ("http://example.com/", "https://example.com/"),
    ("http://example.com/", "http://www.example.com/"),
    ("http://example.com/", "http://example.com:8080/"),
    ("http://example.com/a", "http://example.com/a/"),
    ("http://example.com/a", "http://example.com/A"),
    ("http://example.com/a/b", "http://example.com/a%2Fb"),
    ("http://example.com/a//b", "http://example.com/a/b"),
    ("http://example.com/?a=1&b=2", "http://example.com/?b=2&a=1"),
    ("http://example.com/?a=1&&b=2", "http://example.com/?a=1&b=2"),
    ("http://example.com/?a=1&", "http://example.com/?a=1"),
    ("http://example.com/?a=", "http://example.com/?a"),
    ("http://example.com/?a=1+2", "http://example.com/?a=1%2B2"),
    ("http://example.com/?a=1%262", "http://example.com/?a=1&2"),
    ("http://example.com/?id=1", "http://example.com/?id=1&page=2"),
    ("http://example.com/?ns_id=1", "http://example.com/?ns_id=2"),
    ("http://example.com/a;v=1", "http://example.com/a"),
    ("http://example.com/%25", "http://example.com/%"),
    ("http://example.com/%%341", "http://example.com/%41"),
    ("http://example.com/ى", "http://example.com/ي"),
    ("http://example.com/?q=a+b", "http://example.com/?q=a%20b"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_addresses_a_server_tells_apart_stay_two(one, other):
    assert canonical(one) != canonical(other)


NOT_AN_ADDRESS = [
    "", "example.com/a", "/a", "ftp://example.com/", "mailto:a@example.com", "javascript:void(0)",
    "http://", "http:///a", "http://./", "http://a..b/", "http://a b/", "http://[::1/",
    "http://example.com:99999/", "http://example.com:x/", "http://أ..ب/", "http://a%2Fb/",
    "http://example.com%00/", f"http://{'م' * 80}.example/", "http://<b>/", "http://[::1%eth0]/",
]  # fmt: skip


@pytest.mark.parametrize("url", NOT_AN_ADDRESS)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError):
        canonical(url)


RELATIVE = [
    ("/a", "https://example.com/b/c", "https://example.com/a"),
    ("d?x=1", "https://example.com/b/c", "https://example.com/b/d?x=1"),
    ("//other.example/a", "https://example.com/", "https://other.example/a"),
    ("../a", "https://example.com/b/c/d", "https://example.com/b/a"),
    ("https://other.example/a", "https://example.com/", "https://other.example/a"),
    ("أخبار", "https://example.com/", "https://example.com/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"),
]


@pytest.mark.parametrize(("url", "base", "wanted"), RELATIVE)
def test_relative_addresses_are_resolved(url, base, wanted):
    assert canonical(url, base) == wanted


READABLE = [
    (f"https://example.com{ENCODED}", f"https://example.com{ARABIC}"),
    ("https://example.com/a%2Fb%20c%3F", "https://example.com/a%2Fb%20c%3F"),
    ("https://example.com/%D8", "https://example.com/%D8"),
    ("https://example.com/%E2%80%AE", "https://example.com/%E2%80%AE"),
    ("https://example.com/%C2%A0", "https://example.com/%C2%A0"),
]


@pytest.mark.parametrize(("url", "wanted"), READABLE)
def test_an_address_to_read_still_leads_to_the_same_page(url, wanted):
    assert readable(url) == wanted
    assert canonical(readable(url)) == canonical(url)


# Addresses as the web writes them: pieces that are each meant to hurt.
PIECES = st.lists(
    st.one_of(
        st.sampled_from(["%", "%4", "%41", "%2F", "%25", "%d8%b9", "%c3", "é", "ع", "\u200c", " ",
                         "&", "=", "+", "/", "//", "..", ".", ";", "?", "#", "[", "]", "\\", "|",
                         "utm_a=1", "a=1", "&&", "\x00", "\t", "\ud800", "@", ":"]),
        st.text(max_size=3),
    )
).map("".join)  # fmt: skip
ADDRESSES = st.one_of(
    st.builds("{}://{}/{}".format, st.sampled_from(["http", "HTTPS"]),
              st.sampled_from(["example.com", "الخبر.example", "[::1]:80", "a.b:8080"]), PIECES),
    st.builds("http://{}".format, PIECES),
    PIECES,
)  # fmt: skip


@given(ADDRESSES)
@example("http://example.com/%%341")
@example("http://example.com/%a%31")
@example("http://a./")
def test_the_canonical_form_of_a_canonical_form_is_itself(url):
    try:
        once = canonical(url)
    except ValueError:
        return
    assert canonical(once) == once
    assert once.isascii()
    assert " " not in once


@given(ADDRESSES, ADDRESSES)
def test_nothing_but_value_error_is_raised(url, base):
    for arguments in ((url,), (url, base)):
        with contextlib.suppress(ValueError):
            canonical(*arguments)


PATHS = st.text(st.characters(codec="utf-8", exclude_characters="?#%\\\t\r\n"), min_size=1)


@given(PATHS)
def test_a_path_written_out_or_escaped_is_one(text):
    path = "/" + text.strip() + "/"
    escaped = quote(path, safe="/!$&'()*+,;=:@~")
    lower = re.sub("%..", lambda escape: escape[0].lower(), escaped)
    for spelling in (escaped, lower):
        assert canonical("http://example.com" + spelling) == canonical("http://example.com" + path)


def on_the_wire(url):
    """What a server sees of an address: the path and the query."""
    parts = urlsplit(url)
    return parts.path or "/", parts.query


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text("12ع&=+%/", max_size=4)), max_size=4))
def test_a_query_keeps_every_value_in_its_place(pairs):
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
    assert on_the_wire(canonical(f"http://example.com/?{query}")) == ("/", query)


@given(st.text("ab%/24Ff1é=&?+", max_size=8), st.text("ab%/24Ff1é=&?+", max_size=8))
def test_two_addresses_become_one_only_if_their_bytes_are_one(one, other):
    """Taken apart into decoded bytes and delimiters, merged addresses are equal."""
    merged = canonical(f"http://h.example/{one}") == canonical(f"http://h.example/{other}")
    assert not merged or as_bytes(one) == as_bytes(other)


def as_bytes(text):
    """Decode by RFC 3986: escapes of unreserved bytes are the bytes, others stay escapes."""
    out, raw, at = [], text.removesuffix("?").encode() if text.count("?") == 1 else text.encode(), 0
    while at < len(raw):
        pair = raw[at + 1 : at + 3]
        if raw[at : at + 1] == b"%" and len(pair) == 2 and pair.isalnum():
            with contextlib.suppress(ValueError):
                byte = int(pair, 16)
                out.append(chr(byte) if byte < 128 and chr(byte).isalnum() else f"<{byte}>")
                at += 3
                continue
        out.append(chr(raw[at]) if raw[at] < 128 else f"<{raw[at]}>")
        at += 1
    return out


@given(st.text())
def test_ids_fit_javascript(url):
    number = article_id(url.encode("utf-8", "replace").decode())
    assert 0 < number < 2**53


def test_an_id_never_changes():
    assert article_id("https://www.enabbaladi.net/archives/429483") == 7104706161418602


HOSTS = [
    ("https://www.Example.com/a", "example.com"),
    ("https://example.com:8080/", "example.com"),
    ("nothing", ""),
]


@pytest.mark.parametrize(("url", "wanted"), HOSTS)
def test_host_of(url, wanted):
    assert host_of(url) == wanted
