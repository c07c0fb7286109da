"""Images with captions and credits; embedded posts, and the addresses that name them."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.models import Image, Link
from crawler.extract.media import embed_of, split_credit
from fixtures import Newsstand
from fixtures.newsstand import ALL
from tests.crawler.extract.markup import P1, P2, P3, P4, TEASERS, TITLE, page, ps
from tests.crawler.extract.reading import body, read

# ruff: noqa: E501, ISC004 - markup in tables


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


# ruff: noqa: E501, ISC004 - markup in tables


VIDEO = ("youtube", "https://www.youtube.com/watch?v=aB3_-xyz012")
TWEET = ("x", "https://x.com/sahel_news/status/1327000000000000000")
A_POST = ("telegram", "https://t.me/sahel_news/512")
FACEBOOK = ("facebook", "https://www.facebook.com/sahel.news/posts/1234567890")
A_FILM = ("facebook", "https://www.facebook.com/sahel.news/videos/9876543210/")
GRAM = ("instagram", "https://www.instagram.com/p/CabcdeF/")
TOK = ("tiktok", "https://www.tiktok.com/@sahel/video/7123456789012345678")

BLOCKQUOTE = (
    "<blockquote class='twitter-tweet' data-lang='ar'><p lang='ar' dir='rtl'>افتتاح السوق "
    "<a href='https://t.co/abc'>pic.twitter.com/abc</a> <a href='https://twitter.com/other/status/"
    "99'>سابق</a></p>&mdash; الساحل (@sahel_news) <a href='https://twitter.com/sahel_news/status/"
    "1327000000000000000?ref_src=twsrc'>December 26, 2023</a></blockquote>"
    "<script async src='https://platform.twitter.com/widgets.js'></script>"
)

EMBEDDED = [
    ("iframe", "<iframe src='https://www.youtube.com/embed/aB3_-xyz012?rel=0'></iframe>", VIDEO),
    ("lazy iframe", "<iframe src='about:blank' data-src='//www.youtube-nocookie.com/embed/"
     "aB3_-xyz012'></iframe>", VIDEO),
    ("wordpress", "<figure class='wp-block-embed is-provider-youtube'><div class="
     "'wp-block-embed__wrapper'><iframe data-lazy-src='https://www.youtube.com/embed/aB3_-xyz012'>"
     "</iframe></div></figure>", VIDEO),
    ("unresolved oembed", "<figure class='wp-block-embed'><div class='wp-block-embed__wrapper'>\n"
     "https://www.youtube.com/watch?v=aB3_-xyz012\n</div></figure>", VIDEO),
    ("lone address", "<p>https://youtu.be/aB3_-xyz012</p>", VIDEO),
    ("lone link", "<p><a href='https://youtu.be/aB3_-xyz012'>https://youtu.be/aB3_-xyz012</a></p>",
     VIDEO),
    ("lone link between breaks", "<p>شاهدوا الفيديو الكامل:<br><a href='https://t.me/sahel_news/512'>"
     "https://t.me/sahel_news/512</a><br>من قناتنا</p>", A_POST),
    ("lite player", "<lite-youtube videoid='aB3_-xyz012'></lite-youtube>", VIDEO),
    ("facade", "<div class='youtube-player' data-id='aB3_-xyz012'></div>", VIDEO),
    ("amp video", "<amp-youtube data-videoid='aB3_-xyz012'></amp-youtube>", VIDEO),
    ("tweet", BLOCKQUOTE, TWEET),
    ("amp tweet", "<amp-twitter data-tweetid='1327000000000000000'></amp-twitter>",
     ("x", "https://x.com/i/status/1327000000000000000")),
    ("telegram", "<script async src='https://telegram.org/js/telegram-widget.js?22'"
     " data-telegram-post='sahel_news/512' data-width='100%'></script>", A_POST),
    ("telegram frame", "<iframe id='telegram-post-sahel_news-512' src='https://t.me/sahel_news/512"
     "?embed=1'></iframe>", A_POST),
    ("facebook post", "<div class='fb-post' data-href='https://www.facebook.com/sahel.news/posts/"
     "1234567890'></div>", FACEBOOK),
    ("facebook with its fallback", "<div class='fb-post' data-href='https://www.facebook.com/"
     "sahel.news/posts/1234567890?x=1'><blockquote cite='https://www.facebook.com/sahel.news/posts"
     "/1234567890' class='fb-xfbml-parse-ignore'><p>نص</p></blockquote></div>", FACEBOOK),
    ("facebook video", "<div class='fb-video' data-href='https://www.facebook.com/sahel.news/"
     "videos/9876543210/'></div>", A_FILM),
    ("facebook frame", "<iframe src='https://www.facebook.com/plugins/video.php?href=https%3A%2F%2F"
     "www.facebook.com%2Fsahel.news%2Fvideos%2F9876543210%2F'></iframe>", A_FILM),
    ("instagram", "<blockquote class='instagram-media' data-instgrm-permalink='https://www."
     "instagram.com/p/CabcdeF/?utm_source=ig'><a href='https://www.instagram.com/p/CabcdeF/'>"
     "View this post</a></blockquote>", GRAM),
    ("tiktok", "<blockquote class='tiktok-embed' cite='https://www.tiktok.com/@sahel/video/"
     "7123456789012345678'><section><a href='https://www.tiktok.com/@sahel'>@sahel</a></section>"
     "</blockquote>", TOK),
    ("in a box that sounds like furniture", "<div class='social-embed widget'><iframe src="
     "'https://t.me/sahel_news/512?embed=1'></iframe></div>", A_POST),
]  # fmt: skip


def embeds(html: str) -> list[tuple[str, str]]:
    return [(one.provider, one.url) for one in read(html).embeds]


@pytest.mark.parametrize(("name", "markup", "embed"), EMBEDDED, ids=[one[0] for one in EMBEDDED])
@pytest.mark.parametrize("place", ["middle", "end", "hero"])
def test_an_embed_is_found_wherever_it_stands(name, markup, embed, place):
    pages = {
        "middle": body(ps(P1, P2) + markup + ps(P3, P4)),
        "end": body(ps(P1, P2, P3, P4) + markup),
        "hero": body(ps(P1, P2, P3, P4), before=f"<div class='lead-media'>{markup}</div>"),
    }
    assert embeds(pages[place]) == [embed]


@pytest.mark.parametrize(("name", "markup", "embed"), EMBEDDED, ids=[one[0] for one in EMBEDDED])
def test_a_body_without_a_name_keeps_its_embeds(name, markup, embed):
    html = page(f"<div class='x1'><h1>{TITLE}</h1>{ps(P1, P2)}{markup}{ps(P3, P4)}</div>")
    assert embeds(html) == [embed]


FOREIGN = [
    ("sidebar", "", f"<aside>{BLOCKQUOTE}</aside>"),
    ("related", "", "<div class='related-posts'><iframe src='https://youtu.be/embed/aB3_-xyz012'>"
     "</iframe></div>"),
    ("comments", "", f"<div id='comments'>{BLOCKQUOTE}</div>"),
    ("share buttons", "<div class='share'><a href='https://twitter.com/intent/tweet?u=1'>x</a>"
     "<a href='https://t.me/share/url?url=1'>t</a></div>", ""),
    ("channel", "<p>تابعونا: <a href='https://t.me/sahel_news'>https://t.me/sahel_news</a></p>", ""),
    ("link in a sentence", "<p>ونشر الوزير <a href='https://twitter.com/a/status/1327'>تغريدة</a> قال"
     " فيها إن السوق سيفتح أبوابه في الأسبوع المقبل.</p>", ""),
    ("another page's player", "<iframe src='https://player.example/v/1'></iframe>", ""),
    ("footer", "", "<footer><iframe src='https://www.youtube.com/embed/aB3_-xyz012'></iframe>"
     "</footer>"),
    ("closing list", f"<h3>مواضيع ذات صلة</h3><ul>{TEASERS}</ul><iframe src='https://www.youtube.com"
     "/embed/aB3_-xyz012'></iframe>", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "inner", "after"), FOREIGN, ids=[one[0] for one in FOREIGN])
def test_what_is_beside_the_article_is_not_its_own(name, inner, after):
    assert embeds(body(ps(P1, P2, P3, P4) + inner, after=after)) == []


def test_embeds_stand_in_their_order_each_once():
    frame = "<iframe src='https://www.youtube.com/embed/aB3_-xyz012'></iframe>"
    html = body(ps(P1) + BLOCKQUOTE + ps(P2) + frame + ps(P3) + frame + BLOCKQUOTE + ps(P4))
    assert embeds(html) == [TWEET, VIDEO]


def test_a_video_that_is_only_stated_is_kept_last():
    graph = (
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"x","video":'
        '{"@type":"VideoObject","embedUrl":"https://www.youtube.com/embed/aB3_-xyz012"}}</script>'
    )
    html = page(
        f"<article><h1>{TITLE}</h1><div class='article-body'>{ps(P1, P2)}{BLOCKQUOTE}{ps(P3, P4)}"
        "</div></article>",
        head=graph,
    )
    assert embeds(html) == [TWEET, VIDEO]


def test_deep_and_broken_markup_is_no_fault():
    nest = "<div>" * 3000 + "<iframe src='http://[::1'></iframe>" + "</div>" * 3000
    assert embeds(body(ps(P1, P2) + nest + ps(P3, P4))) == []


# ruff: noqa: ISC004 - long addresses in tables


WATCH = "https://www.youtube.com/watch?v=aB3_-xyz012"
POST = "https://www.facebook.com/sahel.news/posts/1234567890"
FILM = "https://www.facebook.com/sahel.news/videos/9876543210/"

FORMS = [
    ("https://www.youtube.com/watch?v=aB3_-xyz012&t=30s&feature=emb", WATCH),
    ("http://youtu.be/aB3_-xyz012?si=abc", WATCH),
    ("//www.youtube.com/embed/aB3_-xyz012?rel=0", WATCH),
    ("https://www.youtube-nocookie.com/embed/aB3_-xyz012", WATCH),
    ("https://m.youtube.com/shorts/aB3_-xyz012?feature=share", WATCH),
    ("https://youtube.com/live/aB3_-xyz012", WATCH),
    ("https://www.youtube.com/v/aB3_-xyz012", WATCH),
    (
        "https://www.youtube.com/embed/videoseries?list=PLabcdefghijklm",
        "https://www.youtube.com/playlist?list=PLabcdefghijklm",
    ),
    (
        "https://www.youtube.com/embed/live_stream?channel=UCabcdefghijklmnopqrstuv",
        "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv/live",
    ),
    ("https://twitter.com/sahel_news/status/1327?s=20", "https://x.com/sahel_news/status/1327"),
    ("https://x.com/sahel_news/status/1327/photo/1", "https://x.com/sahel_news/status/1327"),
    ("https://mobile.twitter.com/a/statuses/1327", "https://x.com/a/status/1327"),
    ("https://twitter.com/i/web/status/1327", "https://x.com/i/status/1327"),
    ("https://platform.twitter.com/embed/Tweet.html?id=1327", "https://x.com/i/status/1327"),
    ("https://t.me/sahel_news/512?embed=1&mode=tme", "https://t.me/sahel_news/512"),
    ("https://telegram.me/s/sahel_news/512", "https://t.me/sahel_news/512"),
    ("https://t.me/sahel_news/7/512", "https://t.me/sahel_news/7/512"),
    ("https://m.facebook.com/sahel.news/posts/1234567890?ref=x", POST),
    (
        "https://www.facebook.com/plugins/post.php?href=https%3A%2F%2Fwww.facebook.com%2F"
        "sahel.news%2Fposts%2F1234567890&width=500",
        POST,
    ),
    (
        "https://www.facebook.com/plugins/video.php?href=https%3A%2F%2Fwww.facebook.com%2F"
        "sahel.news%2Fvideos%2F9876543210%2F&show_text=0",
        FILM,
    ),
    ("https://www.facebook.com/sahel.news/videos/vb.123/9876543210/?type=2", FILM),
    ("https://ar-ar.facebook.com/sahel.news/videos/9876543210", FILM),
    ("https://www.facebook.com/watch/?v=99887&ref=s", "https://www.facebook.com/watch/?v=99887"),
    ("https://www.facebook.com/reel/9988776", "https://www.facebook.com/reel/9988776/"),
    (
        "https://www.facebook.com/permalink.php?story_fbid=pfbid02abc&id=100064",
        "https://www.facebook.com/permalink.php?story_fbid=pfbid02abc&id=100064",
    ),
    ("https://fb.watch/aBcDeF123/", "https://fb.watch/aBcDeF123/"),
    (
        "https://www.facebook.com/جريدة/posts/1234567890",
        "https://www.facebook.com/%D8%AC%D8%B1%D9%8A%D8%AF%D8%A9/posts/1234567890",
    ),
    (
        "https://www.tiktok.com/@sahel.news/video/7123456789012345678?lang=ar",
        "https://www.tiktok.com/@sahel.news/video/7123456789012345678",
    ),
    (
        "https://www.tiktok.com/player/v1/7123456789012345678",
        "https://www.tiktok.com/embed/v2/7123456789012345678",
    ),
    ("https://vm.tiktok.com/ZMabcdefg/", "https://vm.tiktok.com/ZMabcdefg/"),
    ("https://www.instagram.com/p/CabcdeF_1-/embed", "https://www.instagram.com/p/CabcdeF_1-/"),
    ("https://instagram.com/sahel/reel/CabcdeF/", "https://www.instagram.com/reel/CabcdeF/"),
]

NO_POST = [
    "https://www.youtube.com/@sahelnews",
    "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv",
    "https://www.youtube.com/watch?v=short",
    "https://twitter.com/intent/tweet?url=https://sahel.example/1",
    "https://twitter.com/sahel_news",
    "https://x.com/share?text=x",
    "https://t.me/sahel_news",
    "https://t.me/share/url?url=https://sahel.example/1",
    "https://t.me/joinchat/AAAA",
    "https://www.facebook.com/sahel.news",
    "https://www.facebook.com/sharer/sharer.php?u=https://sahel.example/1",
    "https://www.facebook.com/plugins/like.php?href=https://sahel.example/1",
    "https://www.facebook.com/plugins/page.php?href=https%3A%2F%2Fwww.facebook.com%2Fsahel",
    "https://www.facebook.com/plugins/post.php?href=https%3A%2F%2Fyoutu.be%2FaB3_-xyz012",
    "https://www.tiktok.com/@sahel.news",
    "https://www.instagram.com/sahel/",
    "https://notyoutube.com/watch?v=aB3_-xyz012",
    "https://youtube.com.evil.example/watch?v=aB3_-xyz012",
    "https://sahel.example/?u=https://youtu.be/aB3_-xyz012",
    "javascript:alert('https://youtu.be/aB3_-xyz012')",
    "http://[::1",
    "",
]


@pytest.mark.parametrize(("found", "named"), FORMS)
def test_a_post_has_one_address(found, named):
    embed = embed_of(found)
    assert embed is not None
    assert embed.url == named
    assert embed_of(named) == embed


@pytest.mark.parametrize("url", NO_POST)
def test_what_names_no_post_is_none(url):
    assert embed_of(url) is None


@given(st.text() | st.from_regex(r"https://(www\.)?(youtube|facebook|x|t)\.(com|me)/.{0,40}"))
def test_nothing_raises(url):
    embed = embed_of(url)
    assert embed is None or embed.url.startswith("https://")
