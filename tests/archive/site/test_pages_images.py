"""The reading room shows the archived main image, out of the WARC file alone."""

import shutil

import pytest
from datasette.app import Datasette

from archive import visits
from archive.models import Kind
from archive.site.pages import media_type
from fixtures.page import png
from tests.archive.desk import NOON, PAPER, exchange, hide, opened, reading, rows, visit

PHOTO = "https://alwaraq.example/صورة.jpg"
PNG = png(0x336699)


def fill(root, payload=PNG):
    """Make an archive of one article with its image; return the article's id."""
    with opened(root) as store:
        store.publish(PAPER)
        page = visit()
        capture = store.record(exchange(), kind=Kind.ARTICLE, publisher=PAPER.slug)
        article, _ = store.keep(reading(image_url=PHOTO), url=page.url, visit=page, capture=capture)
        assert article is not None
        store.want(PHOTO, Kind.IMAGE, visit=page)
        (image,) = visits.due(
            store.db, PAPER.slug, now=store.clock(), articles=False, images=True, limit=1
        )
        answer = exchange(url=PHOTO, payload=payload, fetched_at=NOON)
        capture = store.record(answer, kind=Kind.IMAGE, publisher=PAPER.slug)
        store.visited(image, capture, due_at=None, state="done")
    return article


async def test_the_page_shows_the_archived_image(tmp_path):
    article = fill(tmp_path)
    client = Datasette([str(tmp_path / "archive.db")]).client
    html = (await client.get(f"/article/{article}")).text
    assert f'<img src="/image/{article}"' in html
    image = await client.get(f"/image/{article}")
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
    assert image.content == PNG
    assert image.headers["x-content-type-options"] == "nosniff"


async def test_what_is_no_image_is_never_given(tmp_path):
    article = fill(tmp_path, payload=b"<svg onload='alert(1)'></svg>")
    client = Datasette([str(tmp_path / "archive.db")]).client
    assert (await client.get(f"/image/{article}")).status_code == 404
    assert (await client.get("/image/1")).status_code == 404


async def test_a_withheld_article_shows_no_image(tmp_path):
    article = fill(tmp_path)
    hide(tmp_path, *(row[0] for row in rows(tmp_path, "select id from articles")))
    client = Datasette([str(tmp_path / "archive.db")]).client
    assert (await client.get(f"/image/{article}")).status_code == 404


async def test_a_copy_without_its_warc_files_shows_none(tmp_path):
    article = fill(tmp_path)
    shutil.rmtree(tmp_path / "warc")
    client = Datasette([str(tmp_path / "archive.db")]).client
    assert "<img" not in (await client.get(f"/article/{article}")).text
    assert (await client.get(f"/image/{article}")).status_code == 404


KINDS = [
    (PNG, "image/png"),
    (b"\xff\xd8\xff\xe0", "image/jpeg"),
    (b"GIF89a", "image/gif"),
    (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    (b"\0\0\0\x20ftypavif", "image/avif"),
    (b"RIFF\0\0\0\0WAVE", None),
    (b"<svg/>", None),
    (b"", None),
]


@pytest.mark.parametrize(("body", "media"), KINDS)
def test_an_image_is_told_by_its_first_bytes(body, media):
    assert media_type(body) == media
