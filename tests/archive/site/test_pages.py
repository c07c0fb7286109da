import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from datasette.app import Datasette
from hypothesis import given
from hypothesis import strategies as st

from archive import search
from archive.database import open_for_writing
from archive.site.pages import page_number
from archive.site.tables import is_archive
from archive.site.wording import marked
from tests.archive.reading_room import (
    FIRST_TITLE,
    HOSTILE,
    PARAGRAPHS,
    TITLE,
    WITHHELD,
    Shelf,
    fill,
    words,
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return fill(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def datasette(shelf: Shelf) -> Datasette:
    return Datasette([shelf.database])


async def page(datasette: Datasette, path: str, status: int = 200) -> str:
    answer = await datasette.client.get(path)
    assert answer.status_code == status
    return str(answer.text)


# The first page


async def test_first_page_shows_newest_counts_and_publishers(datasette, shelf):
    html = await page(datasette, "/")
    assert '<html lang="ar" dir="rtl">' in html
    assert f'href="/article/{shelf.edited}"' in html
    assert 'href="/search?q=is:edited&amp;order=new"' in html
    seen = words(html)
    assert f"{TITLE} لقاء هو الثالث من نوعه صحيفة الورق 9 نوفمبر 2020" in seen
    assert "عُدّلت" in seen
    assert "اختفت من موقع الناشر" in seen
    assert "خبر بلا تاريخ" in seen
    assert "صحيفة الورق 4 The Herald 1" in seen
    assert "آخر زيارة لمواقع الناشرين: 9 نوفمبر 2020، 14:00 بتوقيت غرينتش" in seen


async def test_first_page_shows_no_withheld_article_and_none_from_the_future(datasette):
    html = await page(datasette, "/")
    assert WITHHELD not in html
    assert "alert" not in html


async def test_first_page_of_one_publisher(datasette):
    seen = words(await page(datasette, "/?publisher=herald"))
    assert "Roads reopen" in seen
    assert TITLE not in seen
    assert "لا ناشر" in words(await page(datasette, "/?publisher=nobody", 404))


async def test_first_page_of_an_empty_archive(tmp_path):
    open_for_writing(tmp_path).close()
    seen = words(await page(Datasette([str(tmp_path / "archive.db")]), "/"))
    assert "لا مواد في هذا الأرشيف بعد" in seen


# The article page


async def test_article_page_shows_text_as_published(datasette, shelf):
    html = await page(datasette, f"/article/{shelf.edited}")
    for paragraph in PARAGRAPHS:
        assert f"<p>{paragraph}</p>" in html
    seen = words(html)
    assert f"{TITLE} لقاء هو الثالث من نوعه سلمى القارئ تونس" in seen


async def test_article_page_shows_where_things_come_from(datasette, shelf):
    html = await page(datasette, f"/article/{shelf.edited}")
    assert '<a class="address" dir="ltr" href="https://alwaraq.example/1" rel="noreferrer' in html
    seen = words(html)
    # The publisher's day is not the day in UTC, and its zone is not known: the time is in the card.
    assert "سلمى القارئ تونس 9 نوفمبر 2020 عدّل الناشر" in seen
    assert "نُشرت 8 نوفمبر 2020، 23:30 بتوقيت غرينتش" in seen
    assert "بيانات الصفحة المهيكلة (JSON-LD)" in seen
    assert "warraq-1.warc.gz @ 1,000 + 900" in seen
    assert "مكتبات" in seen


async def test_article_page_lists_revisions(datasette, shelf):
    html = await page(datasette, f"/article/{shelf.edited}")
    history = html.partition('<ol class="history timeline"')[2].partition("</ol>")[0]
    assert history.index(f"<bdi>{TITLE}</bdi>") < history.index(f"<bdi>{FIRST_TITLE}</bdi>")
    assert re.findall(r'<li id="revision-\d" value="(\d)">', history) == ["2", "1"]
    assert "عدّل الناشر هذه المادة" in html


async def test_the_address_of_a_revision_leads_to_the_one_that_stood_then(datasette, shelf):
    history = await page(datasette, f"/article/{shelf.edited}")
    (first, *_) = re.findall(r'href="(/article/\d+/at/\d+)"', history)[::-1]
    html = await page(datasette, first)
    assert f"{FIRST_TITLE}</h1>" in html
    assert "هذه المادة كما كانت في صيغتها 1" in words(html)
    assert "لا صيغة" in words(await page(datasette, f"/article/{shelf.edited}/at/999999", 404))


async def test_article_page_lists_embeds_and_images_with_their_captions(datasette, shelf):
    html = await page(datasette, f"/article/{shelf.edited}")
    shown = html.partition('<section class="shown"')[2].partition("</section>")[0]
    seen = words(f"<main{shown}</main>")
    assert "صورة: قاعة الاجتماع في تونس (رويترز) https://alwaraq.example/قاعة.jpg" in seen
    assert "صورة: رفوف https://alwaraq.example/2.jpg" in seen
    assert "منشور أو مقطع على تلغرام https://t.me/alwaraq/512" in seen
    assert 'href="https://t.me/alwaraq/512" rel="noreferrer nofollow"' in shown
    assert 'class="shown"' not in await page(datasette, f"/article/{shelf.undated}")


async def test_article_page_loads_nothing_but_the_style(datasette, shelf):
    answer = await datasette.client.get(f"/article/{shelf.edited}")
    assert not re.search(r"<(img|script|iframe|object|video)\b", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_article_page_says_gone_and_undated(datasette, shelf):
    seen = words(await page(datasette, f"/article/{shelf.gone}"))
    assert "اختفت هذه المادة من موقع ناشرها؛ أول ما وُجدت مختفية في" in seen  # not when confirmed
    assert "بلا تاريخ نشر" in words(await page(datasette, f"/article/{shelf.undated}"))


async def test_article_page_escapes_what_a_page_said(datasette, shelf):
    html = await page(datasette, f"/article/{shelf.hostile}")
    assert "<script" not in html
    assert "javascript:" not in html
    assert HOSTILE in words(html)


async def test_withheld_article_shows_nothing(datasette, shelf):
    html = await page(datasette, f"/article/{shelf.withheld}", 404)
    assert "محجوبة" in html
    assert WITHHELD not in html


@pytest.mark.parametrize("path", ["/article/1", "/article/9999999999999999", "/article/0"])
async def test_unknown_article(datasette, path):
    assert "لا مادة بهذا الرقم" in await page(datasette, path, 404)


# Search


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("المكتبات", True),
        ("مكتبه", True),
        ('"وزراء الثقافة"', True),
        ("زقزقزق", False),
        ("+ - \" ' * ( ) : ^ NEAR", None),
        ("\0\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"), None),
        ("س" * 5000, None),
    ],
)
async def test_search(datasette, shelf, query, found):
    answer = await datasette.client.get("/search", params={"q": query})
    assert answer.status_code == 200
    if found is not None:
        assert (f'href="/article/{shelf.edited}"' in answer.text) is found


async def test_search_marks_the_words_as_they_were_written(datasette):
    html = await page(datasette, "/search?q=مكتبه")
    assert "“<mark>المكتبات</mark>”" in html


async def test_search_without_a_query_explains_itself(datasette):
    assert "ابحث في الأرشيف" in words(await page(datasette, "/search"))
    assert "لم يُعثر على شيء" in words(await page(datasette, "/search?q=زقزقزق"))
    assert "لا نتائج في هذه الصفحة" in words(await page(datasette, "/search?q=تونس&page=7"))


async def test_search_says_which_day_it_could_not_read(datasette):
    html = words(await page(datasette, "/search?q=تونس+منذ:أمس+<b>"))
    assert "لم يُفهم التاريخ في منذ:أمس" in html
    assert "لم يُعثر على شيء" in html
    assert "لم يُفهم" not in words(await page(datasette, "/search?q=تونس+منذ:2020-11"))


async def test_search_suggests_publishers_and_reports_bounds_that_leave_no_day(datasette):
    html = words(await page(datasette, "/search?q=ناشر:لاأحد<b>"))
    assert "لا ناشر في هذا الأرشيف باسم لاأحد<b> . لعلك أردت ناشر:alwaraq" in html
    assert "لا يوم بين التاريخين" in words(await page(datasette, "/search?q=منذ:2021+قبل:2020"))


async def test_search_hides_the_withheld_and_offers_pages(tmp_path):
    shelf = fill(tmp_path)
    db = open_for_writing(tmp_path)
    db.executemany(
        "insert into articles (id, key, publisher, url, kind, title, text, words, first_seen_at,"
        " last_seen_at) values (?1, ?2, 'alwaraq', ?2, 'article', 'سوق الكتب', 'كتب', 1, '', '')",
        [(number, f"https://alwaraq.example/many/{number}") for number in range(1, 51)],
    )
    db.close()
    datasette = Datasette([shelf.database])
    assert WITHHELD not in words(await page(datasette, "/search?q=يقرأ"))
    assert "صفحة 2 من 3" in words(await page(datasette, "/search?q=الكتب&page=2"))
    newest = await page(datasette, "/search?q=الكتب&order=new&page=3")
    assert newest.count('<article class="headline">') == 10
    assert "&amp;order=new&amp;page=2" in newest


@pytest.mark.parametrize(
    "address",
    [
        "/archive/articles.json?_shape=objects",
        "/archive/articles.csv",
        "/archive/articles?_facet=key&_columns=all",
        "/archive/articles/{id}.json",
        "/archive/articles/{id}",
        "/archive.json?sql=select+key,+url+from+articles",
        "/archive.json?sql=with+a+as+(select+*+from+articles)+select+a.key,+url+from+a",
    ],
)
async def test_no_page_no_data_and_no_query_shows_an_identity_key(tmp_path, address):
    shelf = with_identity_keys(tmp_path)
    shown = await page(Datasette([shelf.database]), address.format(id=shelf.edited))
    assert "identity.example" not in shown
    assert "alwaraq.example" in shown


def with_identity_keys(root: Path) -> Shelf:
    """Return an archive with keys that can be told from addresses, and nothing withheld."""
    shelf = fill(root, withhold=False)
    with closing(open_for_writing(root)) as db:
        db.execute("update articles set key = 'https://identity.example/' || id")
    return shelf


async def test_the_table_of_articles_still_has_its_search_box(tmp_path):
    shelf = with_identity_keys(tmp_path)
    assert 'name="_search"' in await page(Datasette([shelf.database]), "/archive/articles")


@pytest.mark.parametrize(
    ("wanted", "number"),
    [(None, 1), ("", 1), ("2", 2), ("0", 1), ("-3", 1), ("٣", 1), ("x", 1), ("9" * 5000, 500)],
)
def test_page_number(wanted, number):
    assert page_number(wanted) == number


@given(st.text(st.characters(exclude_characters=search.MARK_START + search.MARK_END)))
def test_marking_escapes_all_but_its_marks(text):
    html = marked(f"{text}{search.MARK_START}{text}{search.MARK_END}<b>&")
    assert unescape(html) == f"{text}<mark>{text}</mark><b>&"
    assert html.count("<") == 2


# Whose pages these are


async def test_database_that_is_no_archive_keeps_datasettes_pages(tmp_path):
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("create table articles (id integer primary key, title text)")
    db.execute("insert into articles values (1, 'x')")
    db.commit()
    db.close()
    other = Datasette([str(path)])
    for address in ("/", "/other", "/other/articles"):
        html = await page(other, address)
        assert "warraq" not in html
        assert "ورّاق" not in html
    await page(other, "/search", 404)


async def test_whoever_may_not_see_the_articles_sees_no_page(shelf):
    private = Datasette([shelf.database], metadata={"allow": {"id": "librarian"}})
    for path in ("/", f"/article/{shelf.edited}", "/search?q=x"):
        assert TITLE not in await page(private, path, 403)


async def test_pages_work_below_a_prefix(shelf):
    datasette = Datasette([shelf.database], settings={"base_url": "/news/"})
    html = await page(datasette, "/")  # the client puts the prefix before it
    assert f'href="/news/article/{shelf.edited}"' in html
    assert 'href="/news/-/static-plugins/warraq/warraq.css"' in html


@pytest.mark.parametrize("content", [None, b"", b"not a database at all" * 100])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "archive.db"
    if content is not None:
        path.write_bytes(content)
    assert is_archive(str(path)) is False


def test_plain_datasette_command_loads_the_site(shelf):
    command = [str(Path(sys.executable).with_name("datasette")), shelf.database, "--get", "/"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert TITLE in shown.stdout


async def test_an_article_says_of_which_captures_the_server_was_not_verified(tmp_path):
    shelf = fill(tmp_path / "archive")
    said = "لم يُتحقق من شهادة الخادم"
    site = Datasette([shelf.database])
    assert said not in await page(site, f"/article/{shelf.edited}")
    with closing(open_for_writing(shelf.root)) as db:
        db.execute("update captures set unverified = 1")
    assert said in await page(site, f"/article/{shelf.edited}")
