"""A recorded page is shown with nothing in it that reaches out of it."""

import re
import shutil

import pytest
from datasette.app import Datasette
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from archive import visits
from archive.models import Kind
from archive.site import replay
from archive.warc.reader import read_payload
from fixtures.page import png
from tests.archive.desk import NOON, PAGE, PAPER, exchange, hide, opened, reading, rows, visit

PHOTO = "https://alwaraq.example/صورة.jpg"
PNG = png(0x336699)
HTML = ((b"Content-Type", b"text/html"),)


def fill(root, payload, headers=HTML, charset="utf-8", image=None):
    """Make an archive of one article with such a page; return the id of its capture."""
    with opened(root) as store:
        store.publish(PAPER)
        page = visit()
        answer = exchange(payload=payload, response_headers=headers)
        capture = store.record(answer, kind=Kind.ARTICLE, publisher=PAPER.slug)
        read = reading(charset=charset)
        store.keep(read, url=PAGE, visit=page, capture=capture)
        if image:
            store.want(PHOTO, Kind.IMAGE, visit=page)
            (asked,) = visits.due(
                store.db, PAPER.slug, now=store.clock(), articles=False, images=True, limit=1
            )
            answer = exchange(url=PHOTO, payload=image, fetched_at=NOON)
            shown = store.record(answer, kind=Kind.IMAGE, publisher=PAPER.slug)
            store.visited(asked, shown, due_at=None, state="done")
    return capture.id


def client_of(root):
    return Datasette([str(root / "archive.db")]).client


async def frame(root, capture):
    return await client_of(root).get(f"/capture/{capture}/page/frame")


def copy_of(text):
    """Return the copy of a page's text, with no archive behind it."""
    copy = replay.Copy()
    copy.read(text)
    return "".join(copy.pieces)


async def test_the_frame_has_the_headers_that_hold_it(tmp_path):
    capture = fill(tmp_path, "<p>خبر</p>".encode())
    around = await client_of(tmp_path).get(f"/capture/{capture}/page")
    assert "frame-src 'self'" in around.headers["content-security-policy"]
    (element,) = re.findall(r"<iframe[^>]*>", around.text)
    assert f'src="/capture/{capture}/page/frame"' in element
    assert 'sandbox="" referrerpolicy="no-referrer"' in element
    inside = await frame(tmp_path, capture)
    assert inside.headers["content-security-policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
    )
    assert inside.headers["referrer-policy"] == "no-referrer"
    assert inside.headers["x-dns-prefetch-control"] == "off"
    assert inside.headers["x-content-type-options"] == "nosniff"
    assert inside.headers["content-type"] == "text/html; charset=utf-8"
    assert "<p>خبر</p>" in inside.text


KEPT = [
    ("<p class=a dir=rtl>خبر <b>مهم</b>", '<p class="a" dir="rtl">خبر <b>مهم</b></p>'),
    ("<a href=https://x.example/>هنا</a>", "<a>هنا</a>"),
    ('<p title="a&quot;b&lt;c">x</p>', '<p title="a&quot;b&lt;c">x</p>'),
    ("<form action=//x><button>أرسل</button></form>", "<div><span>أرسل</span></div>"),
    ("<my-card class=c>نص</my-card>", '<span class="c">نص</span>'),
    ("<style>p > a { color: red }</style>", "<style>p > a { color: red }</style>"),
    ("<noscript><p>x</p></noscript>", "<p>x</p>"),
    ("<img src=//x/y.png alt=صورة width=5>", '<img alt="صورة" width="5">'),
    ("&lt;script&gt;", "&lt;script&gt;"),
]


@pytest.mark.parametrize(("page", "shown"), KEPT)
def test_what_is_text_and_layout_stays(page, shown):
    assert shown in copy_of(page)


GONE = [
    "<link rel=preconnect href=//evil>",
    "<meta http-equiv=refresh content='0;url=//evil'>",
    "<base href=//evil>",
    "<script src=//evil></script>",
    "<script>location='//evil'</script>",
    "<p onclick=evil()>",
    "<body onload=evil()>",
    "<body background=//evil>",
    "<a href=javascript:evil()>x</a>",
    "<a href='data:text/html,evil'>x</a>",
    "<a ping=//evil href=//evil>x</a>",
    "<area href=//evil>",
    "<object data=//evil></object>",
    "<embed src=//evil>",
    "<iframe src=//evil srcdoc='<p>evil'></iframe>",
    "<frameset><frame src=//evil></frameset>",
    "<svg><a xlink:href=//evil><image href=//evil /><use href=//evil /><script>evil()</script>",
    "<svg><style><img src=//evil></style></svg>",
    "<math><mtext><mglyph><style><!--</style><img title='--><img src=//evil>'>",
    "<svg></p><style><a id='</style><img src=//evil onerror=evil()>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=//evil>",
    "<template><img src=//evil></template>",
    "<noembed><img src=//evil></noembed>",
    "<video src=//evil poster=//evil></video>",
    "<audio><source src=//evil><track src=//evil></audio>",
    "<img srcset='//evil 2x'>",
    "<img src='data:image/svg+xml,evil'>",
    "<img src='data:image/png;base64,AAAA\" onload=evil()'>",
    "<input type=image src=//evil formaction=//evil>",
    "<picture><source srcset=//evil></picture>",
    "<p style='background:url(//evil)'>",
    "<p style=\"background:image-set('//evil' 1x)\">",
    "<style>@import '//evil';</style>",
    "<style>p{background:\\75 rl(//evil)}</style>",
    "<style>p{background:u\\72l(//evil)}</style>",
    "<style>p{background:u\\\\72l(url(//evil))}</style>",
    "<style>@\\69mport '//evil';</style>",
    "<style>p{a:'</style><img src=//evil>",
    "<!--<img src=//evil>-->",
    "<!--[if IE]><img src=//evil><![endif]-->",
    "<?xml-stylesheet href=//evil ?>",
    "<html manifest=//evil>",
    "<p is=evil nonce=evil slot=evil>",
]
_LOADS = re.compile(
    r"<(?:link|meta|base|script|iframe|object|embed|svg|math|input|form|area|frame|template)\b"
    r"|\s(?:href|src(?:set|doc)?|action|on\w+|background|poster|ping|data|xlink:\w+|is)=",
    re.IGNORECASE,
)


@pytest.mark.parametrize("page", GONE)
def test_what_reaches_out_is_not_there(page):
    shown = copy_of(page + "<p>ما بعده")
    assert not re.search(r"(?i)(?:url|image-set)\(|@import", shown), shown
    sheets = re.compile("<style>[^<]*</style>")  # their text is no tag, whatever it is
    assert not _LOADS.search(sheets.sub("", shown)), shown
    elements = lxml_html.document_fromstring(shown or "<p>").iter()
    named = {each.tag for each in elements if isinstance(each.tag, str)}
    assert named <= set(replay.KEPT["elements"])


PIECES = st.lists(
    st.sampled_from([
        "<p>", "</p>", "<svg>", "</svg>", "<style>", "</style>", "<math>", "<table>", "<!--", "-->",
        "<a href='x", "'>", '">', "<title>", "</title>", "<textarea>", "</textarea>", "<select>",
        "<img src=x onerror=y>", "<script>", "</script>", "<noscript>", "<xmp>", "<plaintext>",
        "<![CDATA[", "]]>", "&lt;", "&#x3c;img src=x>", "\0", "<mglyph>", "<template>", "url(x)",
        "<frameset>", "</html>", "<body onload=x>", "\\", "خبر",
    ]),
    max_size=30,
)  # fmt: skip


@given(PIECES)
def test_no_mixture_of_pieces_makes_an_element_of_its_own(pieces):
    shown = copy_of("".join(pieces))
    for tag in re.findall(r"<[^>]*>?", shown):
        assert re.fullmatch(
            r'<!DOCTYPE html>|</?[a-z]+[1-6]?(?: [a-z]+="[^"<>]*")*>', tag
        ), shown  # fmt: skip


def test_a_style_sheet_is_one_for_itself():
    assert copy_of("<style>p::before{content:'<b>'}</style>").count("<b>") == 0


@pytest.mark.slow
async def test_an_image_is_read_once_and_shown_as_often_as_there_is_room(tmp_path, monkeypatch):
    monkeypatch.setattr(replay, "_LARGEST_IMAGES", 1000)
    capture = fill(tmp_path, f"<img src={PHOTO}>".encode() * 99, image=PNG)
    reads = []

    def read(*place):
        reads.append(place)
        return read_payload(*place)

    monkeypatch.setattr(replay, "read_payload", read)
    shown = (await frame(tmp_path, capture)).text
    assert 1 <= shown.count("data:image/png") < 10
    assert (shown.count("<img"), len(reads)) == (99, 1)


async def test_its_own_image_is_shown_where_it_was(tmp_path):
    page = f"<base href=https://alwaraq.example/><img src=/x.gif data-src={PHOTO} alt=a>".encode()
    capture = fill(tmp_path, page, image=PNG)
    shown = (await frame(tmp_path, capture)).text
    assert re.search(r'<img alt="a" src="data:image/png;base64,[\w+/=]+">', shown)


@pytest.mark.slow
@pytest.mark.parametrize("image", [b"<svg onload=evil()></svg>", b"<script>"])
async def test_what_is_no_image_is_not_shown(tmp_path, image):
    capture = fill(tmp_path, f"<img src={PHOTO}>".encode(), image=image)
    assert "data:" not in (await frame(tmp_path, capture)).text


CHARSETS = [
    ("خبر".encode("cp1256"), "cp1256", b"text/html"),
    ("خبر".encode("utf-16"), "utf-16", b"text/html; charset=utf-8"),
    ("خبر".encode("cp1256"), None, b"text/html; charset=windows-1256"),
    ("خبر".encode(), None, b"text/html; charset=punycode"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("payload", "charset", "named"), CHARSETS)
async def test_it_is_decoded_as_it_was_read(tmp_path, payload, charset, named):
    capture = fill(tmp_path, payload, ((b"Content-Type", named),), charset)
    assert "خبر" in (await frame(tmp_path, capture)).text


OBSTACLES = [
    (b"", HTML, "بلا محتوى"),
    (b"%PDF-1.7", ((b"Content-Type", b"application/pdf"),), "ليس صفحة HTML"),
    (b'{"a": "<html>"}', ((b"Content-Type", b"application/json"),), "ليس صفحة HTML"),
    (b"x" * (replay.LARGEST + 1), HTML, "أكبر من أن تُعرض"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("payload", "headers", "why"), OBSTACLES)
async def test_it_says_why_a_page_is_not_shown(tmp_path, payload, headers, why):
    capture = fill(tmp_path, payload, headers)
    around = await client_of(tmp_path).get(f"/capture/{capture}/page")
    assert around.status_code == 200
    assert why in around.text
    assert "<iframe" not in around.text
    assert (await frame(tmp_path, capture)).status_code == 404


async def test_a_page_without_a_type_is_one_by_its_beginning(tmp_path):
    capture = fill(tmp_path, b"<!DOCTYPE html><p>x", ())
    assert "<p>x</p>" in (await frame(tmp_path, capture)).text


BOMBS = [
    b"<div>" * 200_000,
    b"<div>" * 100_000 + b"</p>" * 100_000,
    b"<p><b>" * 200_000,
    b"<p " + b" ".join(b"a%d=1" % number for number in range(100_000)) + b">",
    b"<style>" + b"url(" * 500_000,
    b"<p style='" + b"\\75" * 500_000 + b"'>",
    b"<img src=data:image/png;base64," + b"A" * 4_000_000 + b">",
]


@pytest.mark.slow
@pytest.mark.parametrize("page", BOMBS, ids=lambda page: page[:12].decode())
def test_the_work_for_a_page_is_bounded(page):
    copy = replay.Copy()
    copy.read(page.decode())
    assert len(copy.pieces) < 700_000
    assert copy.is_full or page.count(b"<") < 2


async def test_a_published_copy_says_that_the_files_are_elsewhere(tmp_path):
    capture = fill(tmp_path, b"<p>x")
    shutil.rmtree(tmp_path / "warc")
    client = client_of(tmp_path)
    around = await client.get(f"/capture/{capture}/page")
    assert (around.status_code, "<iframe" in around.text) == (200, False)
    assert "ليست مع هذه النسخة" in around.text
    for path in (f"/capture/{capture}/page/frame", f"/capture/{capture}.warc.gz"):
        assert (await client.get(path)).status_code == 404


async def test_what_is_withheld_or_a_listing_is_never_shown(tmp_path):
    capture = fill(tmp_path, b"<p>x")
    with opened(tmp_path) as store:
        feed = exchange("https://alwaraq.example/", b"<p>y", response_headers=HTML)
        listing = store.record(feed, kind=Kind.SECTION, publisher=PAPER.slug).id
    hide(tmp_path, *(row[0] for row in rows(tmp_path, "select id from articles")))
    client = client_of(tmp_path)
    for number in (capture, listing, 1, 2**53, 9_999_999_999_999_999):
        for rest in ("/page", "/page/frame", ".warc.gz"):
            answer = await client.get(f"/capture/{number}{rest}")
            assert answer.status_code == 404
            assert "<p>x" not in answer.text
