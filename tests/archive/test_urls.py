"""One spelling per address, and never one for two."""

import contextlib
import re
import time
import unicodedata
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.search.arabic import tidy
from archive.urls import (
    LONGEST,
    MOST_MARKS,
    absolute,
    address,
    article_id,
    composed,
    host_of,
    identity_key,
    lettered,
    normal,
    readable,
)

ARABIC = "/أخبار/اللاجئون-في-٢٠٢٠"
ENCODED = quote(ARABIC)

SAME = [
    ("HTTP://Www.Example.COM/A", "https://example.com/A"),
    ("http://example.com", "https://example.com/"),
    ("http://example.com:80/a", "https://example.com/a"),
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
    (f"https://example.com{ARABIC}", f"https://example.com{ARABIC}"),
    (f"https://example.com{ENCODED.lower()}", f"https://example.com{ARABIC}"),
    ("https://example.com/%D8ع", "https://example.com/%D8ع"),
    ("https://example.com/?q=سلام", "https://example.com/?q=سلام"),
    ("http://موقع.وزارة-الاتصالات.مصر/", "https://xn--4gbrim.xn----ymcbaaajlc6dj7bxne2c.xn--wgbh1c/"),
    ("http://%D9%85%D9%88%D9%82%D8%B9.example/", "https://xn--4gbrim.example/"),
    ("http://[2001:DB8::1]:80/", "https://[2001:db8::1]/"),
    ("http://[::1]:8000/", "https://[::1]:8000/"),
]  # fmt: skip


ARTICLE = "https://example.com/news/123-خبر"
TWINS = [
    "http://example.com/news/123-خبر",
    "http://www.example.com:80/news/123-خبر/",
    # trackers
    f"{ARTICLE}?utm_source=x&utm_medium=y&UTM_campaign=z",
    f"{ARTICLE}?fbclid=IwAR0&gclid=1&dclid=2&msclkid=3&yclid=4&ysclid=5&ttclid=6&twclid=7",
    f"{ARTICLE}?igshid=3&igsh=4&mc_cid=5&mc_eid=6&_ga=7&_gl=8",
    f"{ARTICLE}?pk_campaign=1&mtm_source=2&hsa_acc=3&_hsenc=4&__hstc=5&mkt_tok=6&li_fat_id=7",
    f"{ARTICLE}?gbraid=1&wbraid=2&gclsrc=3&xtor=RSS-1&at_medium=4&ref_src=5&ref_url=6",
    f"{ARTICLE}?utm%5Fsource=x",
    # fragments
    f"{ARTICLE}#comments",
    f"{ARTICLE}#",
    f"{ARTICLE}#!",
    f"{ARTICLE}#:~:text=خبر",
    # AMP
    f"{ARTICLE}/amp",
    f"{ARTICLE}/amp/",
    f"{ARTICLE}?amp",
    f"{ARTICLE}?amp=1",
    f"{ARTICLE}?amp=true&utm_source=x",
    f"{ARTICLE}?outputType=amp",
    f"{ARTICLE}.amp",
    "https://example.com/amp/news/123-خبر",
    "https://amp.example.com/news/123-خبر",
    f"https://example-com.cdn.ampproject.org/c/s/example.com/news/123-{quote('خبر')}",
    "https://www-example-com.cdn.ampproject.org/v/s/www.example.com/amp/news/123-خبر?usqp=mq3#referrer=x",
    "https://www.google.com/amp/s/example.com/news/123-خبر/amp",
    "https://www.google.com.lb/amp/s/www.example.com/news/123-خبر",
    # hosts
    "https://www.example.com/news/123-خبر",
    "https://m.example.com/news/123-خبر",
    "https://mobile.example.com/news/123-خبر",
    "https://wap.example.com/news/123-خبر",
    "https://www.m.example.com/news/123-خبر",
    "https://EXAMPLE.com.:443/news/123-خبر",
    # escapes, and letters composed or not
    "https://example.com/news/123-خبر",
    f"https://example.com/news/123-{quote('خبر').lower()}",
    "https://example.com/%6e%65ws/123%2D%D8%AEبر",
    # slashes and sessions
    f"{ARTICLE}/",
    f"{ARTICLE}//",
    f"{ARTICLE}/?utm_source=x",
    f"{ARTICLE};jsessionid=1A530637289A03B07199A44E8D531427",
    f"{ARTICLE}/;jsessionid=1A530637289A03B07199A44E8D531427.node1/",
    f"{ARTICLE}?PHPSESSID=r2t5uvjq435r4q7ib3vtdjq120",
    f"{ARTICLE}?JSESSIONID=1&ASP.NET_SessionId=2&ASPSESSIONIDQQ=3",
    f"{ARTICLE}?sid=9f2c1b7e4d3a5c6b8e7f0a1d2c3b4e5f",
    f"{ARTICLE}?session_id=q8s7d6f5g4h3j2k1l0qw",
    "https://example.com/(S(lit3py55t21z5v55vlm25s55))/news/123-خبر",
]  # fmt: skip


@pytest.mark.parametrize("url", TWINS)
def test_every_address_of_an_article_is_one(url):
    assert identity_key(url) == identity_key(ARTICLE) == "https://example.com/news/123-خبر"


COMPOSED = [
    ("أ", "ا\N{ARABIC HAMZA ABOVE}"),
    ("ؤ", "و\N{ARABIC HAMZA ABOVE}"),
    ("آ", "ا\N{ARABIC MADDAH ABOVE}"),
    ("é", "e\N{COMBINING ACUTE ACCENT}"),
    ("\N{ARABIC LETTER DAD}\N{ARABIC FATHA}\N{ARABIC SHADDA}",
     "\N{ARABIC LETTER DAD}\N{ARABIC SHADDA}\N{ARABIC FATHA}"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), COMPOSED)
def test_letters_are_one_however_they_are_composed(one, other):
    spellings = {one, other, quote(one), quote(other), quote(other).lower()}
    for where in ("http://example.com/{}", "http://example.com/a?q={}"):
        assert len({identity_key(where.format(text)) for text in spellings}) == 1


MORE_HOSTS = [
    ("http://خبر.example/", "http://m.xn--ngblk.example/"),
    ("http://خبر.example/", "http://www.خبر.example/"),
    ("http://xn--ngblk.example/", "http://XN--NGBLK.example./"),
    ("http://ina.iq/", "http://www.ina.iq/"),
    ("http://alanba.com.kw/", "http://m.alanba.com.kw/"),
]


@pytest.mark.parametrize(("one", "other"), MORE_HOSTS)
def test_hosts_that_show_the_same_pages_are_one(one, other):
    assert identity_key(one) == identity_key(other)


LEADING = [
    ("https://www.example.com/a/", "https://www.example.com/a/"),
    ("https://m.example.com/a/amp?utm_source=x#c", "https://m.example.com/a/amp?utm_source=x"),
    ("HTTP://M.Example.com:80/%d8%a3", "http://m.example.com/%D8%A3"),
]


@pytest.mark.parametrize(("url", "wanted"), LEADING)
def test_a_normal_spelling_leads_where_the_address_does(url, wanted):
    assert normal(url) == wanted


@pytest.mark.parametrize(("url", "wanted"), SAME)
def test_spellings_of_one_address_become_one(url, wanted):
    assert identity_key(url) == wanted


APART = [
    ("https://example.com/?ocid=1", "https://example.com/?ocid=2"),
    ("https://example.com/?spm=1", "https://example.com/?spm=2"),
    ("https://example.com/?cmpid=1", "https://example.com/"),
    ("http://example.com:8080/", "http://example.com/"),
    ("http://example.com/", "http://example.com:8080/"),
    ("http://example.com/", "http://news.example.com/"),
    ("http://example.com/", "http://mm.example.com/"),
    ("http://com.sa/", "http://m.com.sa/"),
    ("http://example/", "http://m.example/"),
    ("http://example.com/", "http://example.com/amp"),
    ("http://example.com/a/lamp", "http://example.com/a/l"),
    ("http://example.com/a/camp/1", "http://example.com/a/c/1"),
    ("http://example.com/1-amp", "http://example.com/1"),
    ("http://example.com/1?amplifier=1", "http://example.com/1"),
    ("http://example.com/1?amp=2", "http://example.com/1?amp=3"),
    ("http://example.com/#!/1", "http://example.com/#!/2"),
    ("http://example.com/#!/1", "http://example.com/"),
    ("http://example.com/?sid=1234", "http://example.com/?sid=1235"),
    (
        "http://example.com/?sid=12345678901234567890",
        "http://example.com/?sid=12345678901234567891",
    ),
    ("http://example.com/?sid=abc", "http://example.com/"),
    ("http://example.com/?session=morning", "http://example.com/"),
    ("http://example.com/?pk_i_id=1", "http://example.com/?pk_i_id=2"),
    ("http://example.com/?ref=1", "http://example.com/?ref=2"),
    ("http://example.com/?source=a&id=1", "http://example.com/?id=1"),
    ("https://www.google.com/amp/s/a.example/1", "https://www.google.com/amp/s/b.example/1"),
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
    ("http://example.com/a;sid=1/b", "http://example.com/a;sid=1/c"),
    ("http://example.com/%25", "http://example.com/%"),
    ("http://example.com/%%341", "http://example.com/%41"),
    ("http://example.com/ى", "http://example.com/ي"),
    ("http://example.com/?q=a+b", "http://example.com/?q=a%20b"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_addresses_a_server_tells_apart_stay_two(one, other):
    assert identity_key(one) != identity_key(other)


def test_query_keys_that_the_publisher_names_tell_nothing_apart():
    one, other = (f"https://example.com/a?id=7&OCID={number}" for number in (1, 2))
    assert identity_key(one) != identity_key(other)
    assert identity_key(one, tracking=("ocid",)) == identity_key(other, tracking=("ocid",))
    assert identity_key(one, tracking=("ocid",)) == "https://example.com/a?id=7"


TIDIED = [
    ("http://www.example.com/a/?utm_source=x#comments", "http://www.example.com/a/?utm_source=x"),
    ("http://M.Example.com:80/a/amp", "http://m.example.com/a/amp"),
    ("https://example.com/#!/news/7", "https://example.com/#!/news/7"),
    ("https://example.com/a#!", "https://example.com/a"),
]


@pytest.mark.parametrize(("url", "wanted"), TIDIED)
def test_an_address_is_only_tidied(url, wanted):
    assert address(url) == wanted


NOT_AN_ADDRESS = [
    "", "example.com/a", "/a", "ftp://example.com/", "mailto:a@example.com", "javascript:void(0)",
    "http://", "http:///a", "http://./", "http://a..b/", "http://a b/", "http://[::1/",
    "http://example.com:99999/", "http://example.com:x/", "http://أ..ب/", "http://a%2Fb/",
    "http://example.com%00/", f"http://{'م' * 80}.example/", "http://<b>/", "http://[::1%eth0]/",
]  # fmt: skip


@pytest.mark.parametrize("url", NOT_AN_ADDRESS)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError):
        identity_key(url)


RELATIVE = [
    ("/a", "https://example.com/b/c", "https://example.com/a"),
    ("d?x=1", "https://example.com/b/c", "https://example.com/b/d?x=1"),
    ("//other.example/a", "https://example.com/", "https://other.example/a"),
    ("../a", "https://example.com/b/c/d", "https://example.com/b/a"),
    ("https://other.example/a", "https://example.com/", "https://other.example/a"),
    ("أخبار", "https://example.com/", "https://example.com/أخبار"),
]


@pytest.mark.parametrize(("url", "base", "wanted"), RELATIVE)
def test_relative_addresses_are_resolved(url, base, wanted):
    assert identity_key(url, base) == wanted


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
    assert identity_key(readable(url)) == identity_key(url)


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
        once = identity_key(url)
    except ValueError:
        return
    assert identity_key(once) == once
    assert re.fullmatch(r"[!-~\u0600-\u06ff]+", once)


@given(ADDRESSES, ADDRESSES)
def test_nothing_but_value_error_is_raised(url, base):
    for arguments in ((url,), (url, base)):
        with contextlib.suppress(ValueError):
            assert identity_key(*arguments).startswith("http")


PATHS = st.text(st.characters(codec="utf-8", exclude_characters="?#%\\\t\r\n"), min_size=1)


@given(PATHS)
def test_a_path_written_out_or_escaped_is_one(text):
    path = "/" + text.strip() + "/"
    escaped = quote(path, safe="/!$&'()*+,;=:@~")
    lower = re.sub("%..", lambda escape: escape[0].lower(), escaped)
    for spelling in (escaped, lower):
        assert identity_key("http://example.com" + spelling) == identity_key(
            "http://example.com" + path
        )


def on_the_wire(url):
    """What a server sees of an address: the path and the query."""
    parts = urlsplit(url)
    return parts.path or "/", parts.query


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text("12ع&=+%/", max_size=4)), max_size=4))
def test_a_query_keeps_every_value_in_its_place(pairs):
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
    key = identity_key(f"http://example.com/?{query}")
    assert on_the_wire(normal(key)) == ("/", query)


@given(st.text("ab%/24Ff1é=&?+", max_size=8), st.text("ab%/24Ff1é=&?+", max_size=8))
def test_two_addresses_become_one_only_if_their_bytes_are_one(one, other):
    """Taken apart into decoded bytes and delimiters, merged addresses are equal."""
    one, other = f"http://h.example/{one}", f"http://h.example/{other}"
    merged = normal(one) == normal(other)
    assert not merged or as_bytes(one) == as_bytes(other)
    assert not merged or identity_key(one) == identity_key(other)


IDS = st.integers(1, 10**9).map(str) | st.text("abcdef0123456789-", min_size=1, max_size=12)
SHAPES = [
    "https://m.example.com/news/{}", "https://example.com/{}/amp/", "https://example.com/amp/{}.html",
    "https://example.com/{}.amp.html", "https://example.com/news/{}?amp=1&utm_source={}",
    "https://www.example.com/index.php?id={}&PHPSESSID=1", "https://example.com/article.php?sid={}",
    "https://example.com/a;jsessionid=1?p={}", "https://example.com/#!/{}",
    "https://example-com.cdn.ampproject.org/c/s/example.com/{}", "https://example.com/amp/a/{}/",
    "https://example.com/أخبار/{}/خبر", "https://example.com/?session={}", "https://example.com/{}/x",
]  # fmt: skip


@given(st.sampled_from(SHAPES), IDS, IDS)
def test_articles_of_different_ids_never_become_one(shape, one, other):
    same = identity_key(shape.format(one, one)) == identity_key(shape.format(other, other))
    assert same == (one == other)


@given(st.lists(st.sampled_from(
    ["?amp=1", "/amp", "/", "/amp/", ".amp", "?utm_id=1", "#a", "?sid=0a1b2c3d4e5f60718293a4b5c6"]
), max_size=1), st.sampled_from(["", "www.", "m.", "amp.", "mobile.", "www.m."]),
    st.sampled_from(["", "/amp"]), IDS)  # fmt: skip
def test_whatever_an_article_is_dressed_in_it_is_one(behind, host, before, number):
    url = f"https://{host}example.com{before}/news/{number}{''.join(behind)}"
    assert identity_key(url) == f"https://example.com/news/{number}"


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


ABSOLUTE = [
    ("/a", "https://x.example/a"),
    ("b", "https://x.example/ar/b"),
    ("//y.example/a", "https://y.example/a"),
    (" a?b=1 ", "https://x.example/ar/a?b=1"),
    ("https://y.example/خبر#!/1", "https://y.example/خبر#!/1"),
    ("HTTP://Y.example/a", "HTTP://Y.example/a"),
    ("https:/a", "https://x.example/a"),
    ("mailto:a@b.example", None),
    ("javascript:void(0)", None),
    ("ftp://x.example/a", None),
    ("http://[", None),
    ("http:///a", None),
    ("http://:80/a", None),
    (" ", None),
    (None, None),
]


@pytest.mark.parametrize(("written", "expected"), ABSOLUTE)
def test_an_address_of_a_page_is_made_absolute(written, expected):
    assert absolute(written, "https://x.example/ar/") == expected


@given(st.text(), st.text())
def test_no_address_of_a_page_raises(written, base):
    found = absolute(written, base)
    assert found is None or found.lower().startswith("http")


def test_an_article_has_one_id_in_either_spelling_of_its_key():
    escaped = "https://alwaraq.example/%D8%AE%D8%A8%D8%B1?a=%2F&b=%E2%80%8C"
    assert lettered(escaped) == "https://alwaraq.example/خبر?a=%2F&b=%E2%80%8C"
    assert article_id(lettered(escaped)) == article_id(escaped)


MARKS = "\N{COMBINING DOT BELOW}\N{COMBINING ACUTE ACCENT}" * 30_000
TOO_LONG = [
    "https://example.com/" + "a" * LONGEST,
    f"https://example.com/{MARKS}",
    f"https://example.com/{quote(MARKS)}",
    f"https://{MARKS}.example.com/",
    "https://example.com/" + "خبر" * 120,  # escaped, three letters become eighteen bytes
]


@pytest.mark.parametrize("url", TOO_LONG, ids=lambda url: url[20:30])
def test_an_address_that_is_too_long_is_not_followed(url):
    began = time.process_time()
    with pytest.raises(ValueError, match=r"2,000 bytes|not a host") as error:
        normal(url)
    assert len(str(error.value)) < 200
    assert time.process_time() - began < 1


def test_a_long_address_that_an_archive_holds_keeps_its_key():
    url = "https://example.com/" + "a" * 5000
    assert identity_key(url) == address(url) == url


def test_no_address_takes_long_to_spell():
    began = time.process_time()
    for url in (*TOO_LONG, f"https://{quote(MARKS)}.example.com/", "https://x.y/" + "/amp" * 9000):
        with contextlib.suppress(ValueError):
            identity_key(url)
        with contextlib.suppress(ValueError):
            address(url)
        assert absolute(url, "https://example.com/") is None
    assert time.process_time() - began < 1


def test_a_short_address_below_a_long_one_is_too_long():
    assert absolute("b" * 1500, "https://example.com/" + "a" * 1500 + "/") is None


@given(
    st.sampled_from(["http", "https"]),
    st.text("a خé%|#!?=&;", min_size=300, max_size=400),
    st.integers(1200, 2000),
)
def test_an_address_that_is_taken_is_taken_in_every_spelling(scheme, text, length):
    url = f"{scheme}://example.com/{text}{'a' * max(0, length - len(quote(text)))}"
    try:
        normal(url)
        key = identity_key(url)
    except ValueError:
        return
    assert identity_key(key) == identity_key(address(url)) == key


def test_control_characters_are_not_of_an_address():
    written = "https://x.example/a\x1b]0;b\x07\x9bc\n"
    assert absolute(written, "https://x.example/") == "https://x.example/a]0;bc"


ROOT = Path(__file__).resolve().parents[2]
BELOW, ABOVE = "\N{COMBINING DOT BELOW}", "\N{COMBINING ACUTE ACCENT}"
TWO = "\N{COMBINING GREEK DIALYTIKA TONOS}"  # which becomes two
TIBETAN = "\N{TIBETAN VOWEL SIGN II}"  # likewise, and is of class 0


@pytest.mark.parametrize(
    "marks", [ABOVE + BELOW, BELOW, "\N{ARABIC FATHA}\N{ARABIC SHADDA}", TWO, TIBETAN]
)
@pytest.mark.parametrize("function", [composed, tidy])
def test_a_letter_has_few_marks_and_they_take_no_time(function, marks):
    began = time.process_time()
    text = function(f"خبر {'ا' + marks * 50_000} من المدينة")
    assert time.process_time() - began < 1
    assert re.fullmatch(f"خبر .{{1,{MOST_MARKS + 1}}} من المدينة", text)
    assert function(text) == text


MARKED = st.text("اa \N{ARABIC SHADDA}\N{ARABIC KASRA}" + TWO + TIBETAN + ABOVE + BELOW)


@given(st.lists(MARKED | st.sampled_from([ABOVE * 25, TWO * 20, BELOW * 40])).map("".join))
def test_composing_twice_changes_nothing(text):
    once = composed(text)
    assert composed(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not re.search(f"[{ABOVE}{BELOW}]{{{MOST_MARKS + 1}}}", once)


@given(st.text() | st.text("اب\N{ARABIC SHADDA}\N{ARABIC KASRA} éء\N{ARABIC HAMZA ABOVE}"))
def test_any_other_text_is_in_its_usual_form(text):
    assert composed(text) == unicodedata.normalize("NFC", text) or len(text) > MOST_MARKS


def test_nothing_else_normalises():
    modules = [*(ROOT / "archive").rglob("*.py"), *(ROOT / "crawler").rglob("*.py")]
    uses = [
        path.name for path in modules if re.search(r"data\.normalize\(", path.read_text("utf-8"))
    ]
    assert uses == ["urls.py"]
