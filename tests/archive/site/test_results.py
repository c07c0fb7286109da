"""The search page, its feed, its files and its SQL, on a small archive."""

import asyncio
import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import feedparser
import pytest
from datasette.app import Datasette

from archive.database import open_for_writing
from archive.search import facets, search
from archive.site import results as searched
from archive.site import sql
from tests.archive.newsroom import add_article
from tests.archive.reading_room import TITLE, fill, words

MANY = [
    {
        "id": number,
        "title": "سوق الكتب" if number % 2 else "=سوق القمح",
        "deck": "افتتحه الوزير" if number == 4 else None,
        "text": "كتب كثيرة في دمشق" if number % 3 else "قمح كثير في دمشق",
        "publisher": ("wire", "daily")[number % 2],
        "section": (None, "رياضة", "أخبار محلية")[number % 3],
        "kind": "video" if number % 7 == 0 else "article",
        "published_on": f"20{20 + number % 2}-{1 + number % 12:02}-{1 + number % 28:02}",
        "changed_at": "2022-01-01T00:00:00Z" if number % 5 == 0 else None,
        "gone_at": "2022-01-01T00:00:00Z" if number % 10 == 0 else None,
    }
    for number in range(1, 61)
]
QUERIES = [
    "الكتب",
    "دمشق ناشر:wire",
    "سوق كتاب",
    '"دمشق كثير"~3 -قمح',
    "دمشق قسم:رياضة منذ:2021 قبل:2021-07",
    "حالة:مختفية نوع:article نوع:video",
    "-كتب ناشر:daily -قسم:رياضة",
    "عنوان:الكتب",
    "https://news.example/7",
    "لاشيء",
    '"',
]


@pytest.fixture(scope="module")
def datasette(tmp_path_factory):
    root = tmp_path_factory.mktemp("archive")
    connection = open_for_writing(root)
    for fields in MANY:
        add_article(connection, **fields)
    connection.close()
    return Datasette([str(root / "archive.db")])


async def page(datasette, path, status=200):
    answer = await datasette.client.get(path)
    assert answer.status_code == status, answer.text
    return str(answer.text)


async def found(datasette, query, order="new"):
    """Return the ids of all articles that a query finds, as the search says."""
    hits = await datasette.get_database("archive").execute_fn(
        lambda db: search(db, query, limit=100, order=order)
    )
    return {hit.id for hit in hits}


async def test_a_search_says_how_many_and_lists_what_narrows_it(datasette):
    seen = words(await page(datasette, f"/search?q={quote('دمشق')}"))
    assert "60 مادة" in seen
    assert "الناشرون عنب بلدي 30 عنب بلدي 30" in seen
    assert "القسم رياضة 20 أخبار محلية 20" in seen
    assert "نوع المادة مادة 52 مقطع مصوّر 8" in seen
    assert "عُدّلت بعد نشرها 12 اختفت من مواقعها 6" in seen
    assert "كيف تبحث" in seen


async def test_each_choice_leads_to_as_many_articles_as_it_says(datasette):
    html = await page(datasette, f"/search?q={quote('دمشق ناشر:wire')}")
    aside = html.partition("<aside")[2]
    links = re.findall(r'<a href="([^"]+)"><bdi>[^<]+</bdi></a> <span>(\d+)<', aside)
    bars = re.findall(r'<td><a href="([^"]+)">(\d+)</a>', aside)
    assert len(links) >= 6
    assert len(bars) >= 6
    for link, number in links + bars:
        narrowed = await page(datasette, unescape(link).replace("/search?", "/search.json?"))
        assert json.loads(narrowed)["total"] == int(number), unescape(link)


async def test_what_narrows_a_search_can_be_taken_off(datasette):
    html = await page(datasette, f"/search?q={quote('دمشق ناشر:wire قسم:رياضة')}")
    chosen = html.partition('<ul class="chosen"')[2].partition("</ul>")[0]
    rests = [parse_qs(urlsplit(unescape(a)).query)["q"] for a in re.findall('href="(.*?)"', chosen)]
    assert rests == [["دمشق قسم:رياضة"], ["دمشق ناشر:wire"]]


async def test_a_bar_takes_the_place_of_the_days_that_were_asked_for(datasette):
    html = await page(datasette, f"/search?q={quote('دمشق منذ:2020-09 قبل:2021')}")
    bars = re.findall(r'<td><a href="([^"]+)">', html)
    queries = [parse_qs(urlsplit(unescape(bar)).query)["q"] for bar in bars]
    assert queries[0] == ["دمشق منذ:2020-09 قبل:2020-10"]
    assert len(queries) == 3
    assert searched._within("دمشق منذ:2020", "2020-12") == "دمشق منذ:2020-12 قبل:2021-01"
    assert searched._within("دمشق قبل:2022", "2021") == "دمشق منذ:2021 قبل:2022"


async def test_words_are_all_required_unless_no_article_has_all(datasette):
    both = json.loads(await page(datasette, f"/search.json?q={quote('كتب قمح')}"))
    assert both["words"] == "all"
    either = json.loads(await page(datasette, f"/search.json?q={quote('كتب قمح')}&words=any"))
    assert either["total"] == 60 > both["total"] > 0
    html = await page(datasette, f"/search?q={quote('كتب زقزق')}")
    assert "فيها إحدى هذه الكلمات أو أكثر؛ لا مادة فيها كلها" in words(html)
    few = words(await page(datasette, f"/search?q={quote('الوزير سوق')}"))
    assert "1 مادة فيها كل الكلمات أو أيّ كلمة منها" in few
    assert "وهذه فيها بعض كلماتك" in few


async def test_a_hit_shows_where_the_word_is(datasette):
    html = await page(datasette, f"/search?q={quote('وزير')}")
    assert "افتتحه <mark>الوزير</mark>" in html
    assert "افتتحه" not in await page(datasette, f"/search?q={quote('القمح')}")


async def test_a_hit_says_what_became_of_the_article(tmp_path):
    shelf = fill(tmp_path, withhold=False)
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("insert into stories (id) values (7)")
        db.execute("update articles set story = 7 where id in (?, ?)", (shelf.edited, shelf.gone))
    site = Datasette([shelf.database])
    edited = await page(site, f"/search?q={quote(TITLE)}")
    assert "عُدّلت" in words(edited)
    assert 'href="/story/7">نُشرت أكثر من مرة' in edited
    assert "اختفت من موقع الناشر" in words(await page(site, f"/search?q={quote('خبر اختفى')}"))
    assert "بلا تاريخ نشر، شوهدت" in words(await page(site, f"/search?q={quote('متى')}"))


async def test_depth_is_bounded_and_says_how_to_narrow(datasette, monkeypatch):
    monkeypatch.setattr(searched, "LAST_PAGE", 2)
    seen = words(await page(datasette, f"/search?q={quote('دمشق')}&page=9"))
    assert "صفحة 2 من 2" in seen
    assert "تُعرض هنا أول 40 مادة. ضيّق البحث" in seen


async def test_what_is_about_right_says_so(datasette, monkeypatch):
    monkeypatch.setattr(facets, "MOST", 20)
    seen = words(await page(datasette, f"/search?q={quote('دمشق')}"))
    assert re.search("نحو [0-9]+ مادة", seen)
    assert "الأعداد هنا من أحدث 20 مادة." in seen


@pytest.mark.parametrize("query", QUERIES)
async def test_the_files_have_all_that_is_found_newest_first(datasette, query):
    table = await datasette.client.get("/search.csv", params={"q": query})
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"), newline="")))
    lines = await datasette.client.get("/search.jsonl", params={"q": query})
    objects = [json.loads(line) for line in lines.text.splitlines()]
    expected = await found(datasette, query)
    assert {int(row["id"]) for row in rows} == expected == {each["id"] for each in objects}
    assert len(rows) == len(objects) == len(expected)
    assert [row["published_on"] for row in rows] == sorted(
        (row["published_on"] for row in rows), reverse=True
    )
    for row, each in zip(rows, objects, strict=True):
        assert row["page"] == f"http://localhost/article/{row['id']}"
        assert row["title"] == each["title"].replace("=", "'=")
        assert each["text"]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("any_word", ["", "&words=any"])
async def test_the_sql_of_a_search_finds_the_same_articles(datasette, query, any_word):
    html = await page(datasette, f"/search?q={quote(query)}{any_word}")
    data = json.loads(await page(datasette, f"/search.json?q={quote(query)}{any_word}"))
    link = re.search(r'href="(/archive\?sql=[^"]+)"', html)
    if link is None:
        assert data["total"] == 0
        return
    address = unescape(link[1]).replace("/archive?", "/archive.json?_shape=array&")
    rows = json.loads(await page(datasette, address))
    assert len(rows) == data["total"]
    if data["words"] == "all":
        assert {row["id"] for row in rows} == await found(datasette, query)


async def test_a_plain_search_is_plain_sql(datasette):
    html = await page(datasette, f"/search?q={quote('سوق كتب ناشر:wire')}")
    (link,) = re.findall(r'href="(/archive\?sql=[^"]+)"', html)
    asked = parse_qs(urlsplit(unescape(link)).query)
    assert "match word_forms(:p1)" in asked["sql"][0]
    assert asked["p1"] == ["سوق كتب"]
    assert asked["p2"] == ["wire"]


async def test_a_file_that_breaks_off_has_no_end(datasette, monkeypatch):
    def failing(answer, form):
        if sent:
            raise sqlite3.OperationalError("disk I/O error")
        sent.append(1)
        return "1,2,3\r\n"

    sent: list[int] = []
    monkeypatch.setattr(sql._Answer, "piece", failing)
    messages = []

    async def send(message):
        messages.append(message)

    async def receive():
        await asyncio.sleep(60)

    scope = {
        "type": "http", "method": "GET", "path": "/search.csv", "raw_path": b"/search.csv",
        "query_string": f"q={quote('دمشق')}".encode(), "headers": [], "http_version": "1.1",
    }  # fmt: skip
    await datasette.app()(scope, receive, send)
    bodies = [message for message in messages if message["type"] == "http.response.body"]
    assert any(b"1,2,3" in body["body"] for body in bodies)
    assert all(body.get("more_body") for body in bodies)


async def test_the_feed_of_a_search_is_valid_and_leads_to_the_archive(datasette):
    xml = await page(datasette, f"/search.atom?q={quote('دمشق ناشر:wire')}")
    feed = feedparser.parse(xml)
    assert not feed.bozo
    assert feed.feed.title == "ورّاق: دمشق ناشر:wire"
    assert len(feed.entries) == 30
    ids = [int(entry.link.rpartition("/article/")[2]) for entry in feed.entries]
    assert set(ids) == await found(datasette, "دمشق ناشر:wire")
    assert feed.entries[0].link == f"http://localhost/article/{ids[0]}"
    assert len({entry.id for entry in feed.entries}) == 30
    assert all(entry.updated_parsed for entry in feed.entries)
    empty = feedparser.parse(await page(datasette, "/search.atom?q=zzz"))
    assert not empty.bozo
    assert empty.entries == []


async def test_json_pages_lead_to_the_next(datasette):
    path, seen = f"/search.json?q={quote('دمشق')}&order=new", []
    while path:
        data = json.loads(await page(datasette, path))
        seen += [hit["id"] for hit in data["hits"]]
        path = data["next"] and f"/search.json{data['next']}"
    assert len(seen) == len(set(seen)) == 60
    assert data["exact"] is True
    assert sum(data["months"].values()) == 60


async def test_a_value_that_no_query_can_say_has_no_link(tmp_path):
    connection = open_for_writing(tmp_path)
    for number, section in enumerate(('قال "نعم"', "قال: نعم", "a/b", "سياسة"), 1):
        add_article(connection, id=number, title="خبر", section=section)
    connection.close()
    site = Datasette([str(tmp_path / "archive.db")])
    html = await page(site, f"/search?q={quote('خبر')}")
    aside = html.partition("القسم</h2>")[2].partition("</ul>")[0]
    linked = dict(re.findall(r'<a href="([^"]+)"><bdi>([^<]+)</bdi>', aside))
    assert set(map(unescape, linked.values())) == {"قال: نعم", "a/b", "سياسة"}
    for link in linked:
        data = json.loads(await page(site, unescape(link).replace("search?", "search.json?")))
        assert data["total"] == 1


def test_an_address_says_only_what_is_not_usual():
    asked = searched.Asked(query="خبر", order="new", page=3)
    assert asked.address() == f"?q={quote('خبر')}&order=new"
    assert replace(asked, order="best").address(page=2) == f"?q={quote('خبر')}&page=2"


EXAMPLES = re.findall(
    r"^curl -s '?http://127.0.0.1:8001(/search\S+?)'? \| jq '([^']+)' +# (.+)$",
    (Path(__file__).parents[3] / "archive" / "README.md").read_text("utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("address", "path", "expected"), EXAMPLES)
async def test_the_examples_of_the_readme_are_true(tmp_path, address, path, expected):
    connection = open_for_writing(tmp_path)
    for number, publisher in enumerate(("wire", "daily"), 1):
        add_article(connection, id=number, title="Damascus", text="News of Damascus",
                    publisher=publisher, published_on=f"2020-11-0{number}")  # fmt: skip
    connection.close()
    site = Datasette([str(tmp_path / "archive.db")])
    answer = await site.client.get(address, headers={"host": "127.0.0.1:8001"})
    value = json.loads(answer.text.splitlines()[0])
    for name in path.strip(".").split("."):
        value = value[name]
    assert value == json.loads(expected)


def test_there_are_examples():
    assert len(EXAMPLES) == 4
