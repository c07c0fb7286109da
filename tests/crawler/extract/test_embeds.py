"""Embedded posts and videos of an article, in the markup of many systems; not those beside it."""

# ruff: noqa: E501, ISC004 - markup in tables

import pytest

from tests.crawler.extract.markup import P1, P2, P3, P4, TEASERS, TITLE, page, ps
from tests.crawler.extract.reading import body, read

VIDEO = ("youtube", "https://www.youtube.com/watch?v=aB3_-xyz012")
TWEET = ("x", "https://x.com/sahel_news/status/1327000000000000000")
POST = ("telegram", "https://t.me/sahel_news/512")
FACEBOOK = ("facebook", "https://www.facebook.com/sahel.news/posts/1234567890")
FILM = ("facebook", "https://www.facebook.com/sahel.news/videos/9876543210/")
GRAM = ("instagram", "https://www.instagram.com/p/CabcdeF/")
TOK = ("tiktok", "https://www.tiktok.com/@sahel/video/7123456789012345678")

BLOCKQUOTE = (
    "<blockquote class='twitter-tweet' data-lang='ar'><p lang='ar' dir='rtl'>افتتاح السوق "
    "<a href='https://t.co/abc'>pic.twitter.com/abc</a> <a href='https://twitter.com/other/status/"
    "99'>سابق</a></p>&mdash; الساحل (@sahel_news) <a href='https://twitter.com/sahel_news/status/"
    "1327000000000000000?ref_src=twsrc'>December 26, 2023</a></blockquote>"
    "<script async src='https://platform.twitter.com/widgets.js'></script>"
)

MARKUP = [
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
     "https://t.me/sahel_news/512</a><br>من قناتنا</p>", POST),
    ("lite player", "<lite-youtube videoid='aB3_-xyz012'></lite-youtube>", VIDEO),
    ("facade", "<div class='youtube-player' data-id='aB3_-xyz012'></div>", VIDEO),
    ("amp video", "<amp-youtube data-videoid='aB3_-xyz012'></amp-youtube>", VIDEO),
    ("tweet", BLOCKQUOTE, TWEET),
    ("amp tweet", "<amp-twitter data-tweetid='1327000000000000000'></amp-twitter>",
     ("x", "https://x.com/i/status/1327000000000000000")),
    ("telegram", "<script async src='https://telegram.org/js/telegram-widget.js?22'"
     " data-telegram-post='sahel_news/512' data-width='100%'></script>", POST),
    ("telegram frame", "<iframe id='telegram-post-sahel_news-512' src='https://t.me/sahel_news/512"
     "?embed=1'></iframe>", POST),
    ("facebook post", "<div class='fb-post' data-href='https://www.facebook.com/sahel.news/posts/"
     "1234567890'></div>", FACEBOOK),
    ("facebook with its fallback", "<div class='fb-post' data-href='https://www.facebook.com/"
     "sahel.news/posts/1234567890?x=1'><blockquote cite='https://www.facebook.com/sahel.news/posts"
     "/1234567890' class='fb-xfbml-parse-ignore'><p>نص</p></blockquote></div>", FACEBOOK),
    ("facebook video", "<div class='fb-video' data-href='https://www.facebook.com/sahel.news/"
     "videos/9876543210/'></div>", FILM),
    ("facebook frame", "<iframe src='https://www.facebook.com/plugins/video.php?href=https%3A%2F%2F"
     "www.facebook.com%2Fsahel.news%2Fvideos%2F9876543210%2F'></iframe>", FILM),
    ("instagram", "<blockquote class='instagram-media' data-instgrm-permalink='https://www."
     "instagram.com/p/CabcdeF/?utm_source=ig'><a href='https://www.instagram.com/p/CabcdeF/'>"
     "View this post</a></blockquote>", GRAM),
    ("tiktok", "<blockquote class='tiktok-embed' cite='https://www.tiktok.com/@sahel/video/"
     "7123456789012345678'><section><a href='https://www.tiktok.com/@sahel'>@sahel</a></section>"
     "</blockquote>", TOK),
    ("in a box that sounds like furniture", "<div class='social-embed widget'><iframe src="
     "'https://t.me/sahel_news/512?embed=1'></iframe></div>", POST),
]  # fmt: skip


def embeds(html: str) -> list[tuple[str, str]]:
    return [(one.provider, one.url) for one in read(html).embeds]


@pytest.mark.parametrize(("name", "markup", "embed"), MARKUP, ids=[one[0] for one in MARKUP])
@pytest.mark.parametrize("place", ["middle", "end", "hero"])
def test_an_embed_is_found_wherever_it_stands(name, markup, embed, place):
    pages = {
        "middle": body(ps(P1, P2) + markup + ps(P3, P4)),
        "end": body(ps(P1, P2, P3, P4) + markup),
        "hero": body(ps(P1, P2, P3, P4), before=f"<div class='lead-media'>{markup}</div>"),
    }
    assert embeds(pages[place]) == [embed]


@pytest.mark.parametrize(("name", "markup", "embed"), MARKUP, ids=[one[0] for one in MARKUP])
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
