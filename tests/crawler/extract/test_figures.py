"""Images of an article with caption, credit and description; not icons, teasers and portraits."""

# ruff: noqa: E501, ISC004 - markup in tables

from urllib.parse import parse_qsl

import pytest

from archive.models import Image, Link
from crawler.extract.figures import split_credit
from fixtures import Newsstand
from fixtures.newsstand import ALL
from tests.crawler.extract.markup import P1, P2, P3, P4, TITLE, page, ps
from tests.crawler.extract.reading import body, read

URL = "https://sahel.example/img/soq.jpg"
CAPTION = "السوق الجديد في يومه الأول"

MARKUP = [
    ("figure", f"<figure><img src='/img/soq.jpg' alt='سوق'><figcaption>{CAPTION} (رويترز)"
     "</figcaption></figure>", Image(url=URL, caption=CAPTION, credit="رويترز", alt="سوق")),
    ("own name as credit", f"<figure><img src='/img/soq.jpg'><figcaption>{CAPTION} (الساحل)"
     "</figcaption></figure>", Image(url=URL, caption=CAPTION, credit="الساحل")),
    ("brackets of the caption", "<figure><img src='/img/soq.jpg'><figcaption>السوق (يمين) والرصيف"
     "</figcaption></figure>", Image(url=URL, caption="السوق (يمين) والرصيف")),
    ("year in brackets", f"<figure><img src='/img/soq.jpg'><figcaption>{CAPTION} (2023)"
     "</figcaption></figure>", Image(url=URL, caption=f"{CAPTION} (2023)")),
    ("marked credit", f"<figure><img src='/img/soq.jpg'><figcaption>{CAPTION} <span class="
     "'photo-credit'>تصوير: هاني العطار</span></figcaption></figure>",
     Image(url=URL, caption=CAPTION, credit="هاني العطار")),
    ("credit beside the caption", "<figure><img src='/img/soq.jpg'><span class='copyright'>صدر "
     f"الصورة، Getty Images</span><figcaption>{CAPTION}</figcaption></figure>",
     Image(url=URL, caption=CAPTION, credit="Getty Images")),
    ("label alone", "<figure><img src='/img/soq.jpg'><figcaption>المصدر: وكالة الأناضول</figcaption>"
     "</figure>", Image(url=URL, credit="وكالة الأناضول")),
    ("classic wordpress", "<div class='wp-caption aligncenter'><a href='/img/soq-full.jpg'><img "
     f"src='/img/soq.jpg'></a><p class='wp-caption-text'>{CAPTION}</p></div>",
     Image(url=URL, caption=CAPTION)),
    ("attachment page", "<figure class='wp-caption'><a href='/attachment/soq/'><img "
     f"src='/img/soq.jpg'></a><figcaption>{CAPTION}</figcaption></figure>",
     Image(url=URL, caption=CAPTION)),
    ("named caption", f"<div class='img-box'><img src='/img/soq.jpg'><div class='imgCaption'>{CAPTION}"
     " | أ ف ب</div></div>", Image(url=URL, caption=CAPTION, credit="أ ف ب")),
    ("french theme", f"<div class='image_holder'><img src='/img/soq.jpg'><span class='legende'>{CAPTION}"
     "</span></div>", Image(url=URL, caption=CAPTION)),
    ("old table", "<table><tr><td><img src='/img/soq.jpg' width='400'><br><font size='1'>"
     f"{CAPTION}</font></td></tr></table>", Image(url=URL, caption=CAPTION)),
    ("bare", "<p><img src='/img/soq.jpg'></p>", Image(url=URL)),
    ("lazy", "<p><img src='data:image/gif;base64,R0' data-src='/img/soq.jpg'></p>", Image(url=URL)),
    ("lazy without an attribute", "<img src='data:image/gif;base64,R0'><noscript><img "
     "src='/img/soq.jpg'></noscript>", Image(url=URL)),
    ("set only", "<img srcset='/img/soq-300.jpg 300w, /img/soq.jpg 1200w'>", Image(url=URL)),
    ("picture", "<picture><source srcset='/img/soq.jpg 2x, /img/s.jpg 1x'><img src='data:,x'>"
     "</picture>", Image(url=URL)),
    ("amp", "<figure><amp-img src='/img/soq.jpg' width='1200'></amp-img><figcaption>"
     f"{CAPTION}</figcaption></figure>", Image(url=URL, caption=CAPTION)),
    ("in a popup link", "<a class='popup lightbox' href='/img/soq.jpg'><img src='/img/soq.jpg'></a>",
     Image(url=URL)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "markup", "image"), MARKUP, ids=[one[0] for one in MARKUP])
@pytest.mark.parametrize("place", ["middle", "end", "hero"])
def test_an_image_is_found_wherever_it_stands(name, markup, image, place):
    pages = {
        "middle": body(ps(P1, P2) + markup + ps(P3, P4)),
        "end": body(ps(P1, P2, P3, P4) + markup),
        "hero": body(ps(P1, P2, P3, P4), before=markup),
    }
    assert read(pages[place]).images == (image,)


NONE = [
    ("emoji", "<img class='emoji' src='https://s.w.org/images/core/emoji/1.png'>"),
    ("pixel", "<img src='https://t.example/p.png' width='1' height='1'>"),
    ("logo", "<img src='/img/logo.png'>"),
    ("teaser", "<a href='/news/2'><img src='/img/2.jpg'></a>"),
    ("teaser in a figure", "<figure><a href='/news/2'><img src='/img/2.jpg'></a><figcaption>"
     "<a href='/news/2'>خبر آخر</a></figcaption></figure>"),
    ("related", "<div class='related'><img src='/img/2.jpg'></div>"),
    ("script", "<img src='javascript:alert(1)'>"),
    ("broken", "<img src='http://[::1'>"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "markup"), NONE, ids=[one[0] for one in NONE])
def test_what_is_no_image_of_the_article_is_left_out(name, markup):
    assert read(body(ps(P1, P2) + markup + ps(P3, P4))).images == ()


def test_images_beside_the_article_are_not_its_own():
    side = (
        "<aside><img src='/img/2.jpg'></aside><div class='author-box'><img src='/img/3.jpg'></div>"
    )
    html = page(f"<article><h1>{TITLE}</h1>{side}<div class='article-body'>{ps(P1, P2, P3, P4)}</div>"
                f"</article><section><h2>فيديو</h2><img src='/img/4.jpg'></section>")  # fmt: skip
    assert read(html).images == ()


def test_a_gallery_keeps_each_caption_with_its_image():
    slides = "".join(
        f"<figure class='slide'><img src='/img/{n}.jpg'><figcaption><span>{n}/3</span> الصورة رقم {n}"
        "</figcaption></figure>"
        for n in (1, 2, 3)
    )
    images = read(
        body(ps(P1, P2) + f"<div class='gallery swiper'>{slides}</div>" + ps(P3, P4))
    ).images
    assert [(one.url[-5:], one.caption) for one in images] == [
        (f"{n}.jpg", f"الصورة رقم {n}") for n in (1, 2, 3)
    ]


def test_the_fixture_newspapers_captions_are_read():
    newsstand = Newsstand(articles=60, papers=ALL)
    now = newsstand.now()
    seen = set()
    for paper in newsstand.papers.values():
        for number in range(1, paper.count(now) + 1):
            truth = paper.truth(number, now)
            target, _, query = truth.url.removeprefix(paper.base_url).partition("?")
            answer = paper.answer(target, dict(parse_qsl(query)), now)
            shows = truth.image_url and truth.kind == "article"
            if answer is None or answer.status != 200 or not shows:
                continue
            hints = Link(url=truth.url, title=truth.title)
            page = read(answer.body, url=truth.url, content_type=answer.content_type, hints=hints)
            found = page.images
            caption = paper.story(number, truth.revision).caption
            assert [one.url for one in found] == [truth.image_url]
            assert split_credit(caption) == (found[0].caption or "", found[0].credit)
            seen.add(paper.slug)
    assert seen == set(ALL)


CREDITS = [
    ("سكان يعودون (أ ف ب)", ("سكان يعودون", "أ ف ب")),
    ("سكان يعودون (تصوير: ليلى منصور)", ("سكان يعودون", "ليلى منصور")),
    ("سكان يعودون | رويترز", ("سكان يعودون", "رويترز")),
    ("سكان يعودون - الأناضول", ("سكان يعودون", "الأناضول")),
    ("سكان يعودون (مواقع التواصل)", ("سكان يعودون", "مواقع التواصل")),
    ("تصوير: ليلى منصور", ("", "ليلى منصور")),
    ("عدسة ليلى منصور", ("", "ليلى منصور")),
    ("المصدر: Getty Images", ("", "Getty Images")),
    ("مصدر مياه الشرب في المدينة", ("مصدر مياه الشرب في المدينة", None)),
    ("الوزير هاني العطار (وسط)", ("الوزير هاني العطار (وسط)", None)),
    ("دمشق - حلب", ("دمشق - حلب", None)),
    ("", ("", None)),
]


@pytest.mark.parametrize(("caption", "split"), CREDITS)
def test_a_credit_is_told_from_a_caption(caption, split):
    assert split_credit(caption) == split
