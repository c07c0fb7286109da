"""Addresses of posts and videos, in every form they are found in, and what is none."""

# ruff: noqa: ISC004 - long addresses in tables

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extract.embeds import embed_of

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

NONE = [
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


@pytest.mark.parametrize("url", NONE)
def test_what_names_no_post_is_none(url):
    assert embed_of(url) is None


@given(st.text() | st.from_regex(r"https://(www\.)?(youtube|facebook|x|t)\.(com|me)/.{0,40}"))
def test_nothing_raises(url):
    embed = embed_of(url)
    assert embed is None or embed.url.startswith("https://")
