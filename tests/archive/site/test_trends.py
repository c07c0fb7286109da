"""Words over time, and the pages of publishers, authors and tags."""

import csv
import io
import json
import re
from collections import Counter
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from datasette.app import Datasette
from datasette.utils import MultiParams
from hypothesis import given
from hypothesis import strategies as st

from archive.database import open_for_reading
from archive.rows import value
from archive.search import count
from archive.site import views
from archive.site.trends import DRAWN, Asked, Period, trend
from tests.archive.reading_room import fill, words
from tests.archive.site import yearbook


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return yearbook.fill(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def db(root):
    with open_for_reading(root) as db:
        yield db


@pytest.fixture(scope="module")
def datasette(root):
    return Datasette([str(root / "archive.db")])


async def data(datasette, path):
    answer = await datasette.client.get(path)
    assert answer.status_code == 200, path
    return answer.json()


# Periods


@given(day=st.dates(max_value=date(9990, 1, 1)), period=st.sampled_from(Period))
def test_each_day_is_in_one_period(day, period):
    start = period.start(str(day))
    assert start <= str(day) < period.following(start)
    assert period.start(start) == start
    assert period.start(period.following(start)) == period.following(start)


def test_weeks_begin_on_monday():
    assert Period.WEEK.start("2020-11-08") == "2020-11-02"


# Counts


def test_a_point_counts_what_the_search_that_it_links_to_finds(db):
    for query in (
        "دمشق",
        "حلب OR اللاجئين",
        "title:حلب -Aleppo",
        '"مدينة حلب"',
        "publisher:herald",
    ):
        found = trend(db, Asked(words=(query,), period=Period.MONTH))
        (line,) = found.lines
        for each in line.counts:
            bounds = f"after:{each.start} before:{Period.MONTH.following(each.start)}"
            assert (each.articles or 0) == count(db, f"{query} {bounds}", order="new")


def test_what_is_found_is_shown_undated_or_elsewhere(db):
    (line,) = trend(db, Asked(words=("دمشق",))).lines
    shown = sum(each.articles or 0 for each in line.counts)
    assert (line.undated, line.elsewhere) == (1, 1)  # no day; one that has not come yet
    assert line.found == shown + 2 == count(db, "دمشق", order="new")


def test_a_period_without_articles_is_a_gap_and_one_without_the_word_a_zero(db):
    (line,) = trend(db, Asked(words=("حلب",), period=Period.MONTH)).lines
    counts = {each.start: (each.articles, each.of) for each in line.counts}
    assert counts["2020-09-01"] == (None, 0)
    of_herald = trend(db, Asked(words=("القديمة",), publishers=("herald",), period=Period.MONTH))
    assert {each.articles for each in of_herald.lines[0].counts} <= {0, None}


def test_a_share_is_of_all_articles_of_the_same_publishers(db):
    asked = Asked(words=("دمشق",), publishers=("alwaraq", "herald"), period=Period.YEAR)
    found = trend(db, asked)
    assert [(line.publisher, line.counts[0].of) for line in found.lines] == [
        (slug, count(db, f"publisher:{slug} after:2020 before:2021", order="new"))
        for slug in asked.publishers
    ]
    within = trend(db, Asked(words=("publisher:herald دمشق",), period=Period.YEAR)).lines[0]
    assert (within.counts[0].articles, within.counts[0].of) == (
        found.lines[1].counts[0].articles,
        found.lines[1].counts[0].of,
    )


def test_only_the_days_that_are_asked_for_count(db):
    first, last = date(2020, 1, 15), date(2020, 2, 10)
    asked = Asked(words=("دمشق",), first=first, last=last, period=Period.MONTH)
    (line,) = trend(db, asked).lines
    within = count(db, f"دمشق after:{first} before:{last + timedelta(days=1)}", order="new")
    assert sum(each.articles or 0 for each in line.counts) == within
    assert [each.start for each in line.counts] == ["2020-01-01", "2020-02-01"]


def test_there_are_no_periods_before_the_archive_begins(db):
    asked = Asked(words=("حلب",), first=date.min, last=date.max, period=Period.DAY)
    (line,) = trend(db, asked, most=8000).lines
    assert (line.counts[0].start, line.counts[-1].start) == ("2020-01-01", "2022-01-01")


@pytest.mark.parametrize("most", [1, 5])
def test_of_many_periods_the_newest_are_drawn(db, most):
    (line,) = trend(db, Asked(words=("دمشق",), period=Period.DAY), most=most).lines
    assert len(line.counts) == most
    assert line.counts[-1].start == "2021-06-15"


ODD = (
    "؟؟",
    "https://alwaraq.example/1",
    "-دمشق",
    "publisher:nobody",
    "after:yesterday",
    '"',
    "a" * 2000,
)


@pytest.mark.parametrize("ending", ["", ".json", ".csv", ".svg"])
@pytest.mark.parametrize("query", ODD)
async def test_whatever_is_asked_is_answered(datasette, ending, query):
    for more in ("", "&from=0001-01-01&to=9999-12-31&per=day", "&publisher=nobody&show=share"):
        answer = await datasette.client.get(f"/trends{ending}?q={quote(query)}{more}")
        assert answer.status_code in ({200, 404} if ending == ".svg" else {200})


@pytest.mark.parametrize("query", ["per=fortnight", "from=today", "to=2020-02-30"])
async def test_what_is_no_day_or_period_is_said(datasette, query):
    assert (await datasette.client.get(f"/trends?q=a&{query}")).status_code == 404


def test_commas_part_words_but_not_in_quotes():
    typed = MultiParams({"q": ["دمشق، حلب, دمشق", '"a, b"']})
    assert Asked.read(typed).words == ("دمشق", "حلب", '"a, b"')


async def test_lines_that_are_left_out_are_counted(datasette):
    query = "&".join(f"q={number}" for number in range(9))
    found = await data(datasette, f"/trends.json?{query}")
    assert (len(found["lines"]), found["left_out"]) == (6, 3)
    seen = words((await datasette.client.get(f"/trends?{query}&q={quote('دمشق')}")).text)
    assert "تُرك غيرها: 4" in seen


# As data, and as a picture


async def test_table_has_each_point_and_no_formula(datasette):
    answer = await datasette.client.get(f"/trends.csv?per=year&q={quote('دمشق')}&q={quote('-حلب')}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["query"], row["start"]) for row in rows] == [
        ("دمشق", "2020-01-01"),
        ("دمشق", "2021-01-01"),
        ("دمشق", ""),  # without a day
        ("'-حلب", "2020-01-01"),
        ("'-حلب", "2021-01-01"),
        ("'-حلب", ""),
    ]
    assert (rows[2]["articles"], rows[2]["of"]) == ("1", "")
    assert float(rows[0]["share"]) == pytest.approx(
        100 * int(rows[0]["articles"]) / int(rows[0]["of"])
    )


async def test_picture_is_one_by_itself_and_can_do_nothing(datasette):
    answer = await datasette.client.get(f"/trends.svg?q={quote('دمشق <script>')}&q={quote('حلب')}")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "script-src" not in answer.headers["content-security-policy"]
    svg = ET.fromstring(answer.text)  # noqa: S314 - our own
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"عدد المواد", "دمشق <script>", "حلب", "مارس 2020"} <= set(texts)
    assert not re.search(r"<script|<style|style=|\son\w+=", answer.text)


async def test_page_says_what_is_not_drawn_and_where_numbers_are(datasette):
    html = (await datasette.client.get(f"/trends?q={quote('دمشق')}")).text
    assert "81 مادة، منها بلا تاريخ نشر: 1، خارج ما يُعرض: 1" in words(html)
    assert f'href="/trends.csv?q={quote("دمشق")}' in html
    links = re.findall(r'<td><a href="(/search[^"]+)"', html)
    assert unescape(links[0]) == (
        f"/search?order=new&q={quote('دمشق')}+after%3A2020-01-01+before%3A2020-02-01"
    )


async def test_page_never_draws_more_than_can_be_seen(datasette):
    html = (await datasette.client.get(f"/trends?q={quote('دمشق')}&per=day")).text
    assert html.count('class="bar"') <= DRAWN


@pytest.mark.parametrize(
    "path",
    ["trends?q=a&q=Aleppo", "trends.svg?q=Aleppo", "publisher/alwaraq", "author/7", "tag/5",
     "batch?lines=Aleppo", "article/1"],
)  # fmt: skip
async def test_all_links_stay_below_the_address_of_the_site(root, path):
    site = Datasette([str(root / "archive.db")], settings={"base_url": "/news/"})
    html = (await site.client.get(f"/{path}")).text
    assert re.search(r'href="/news/', html)
    assert not re.search(r'(?:href|src|action)="/(?!news/)', html)


# Publishers, authors, tags


async def test_publisher_has_its_numbers(datasette, db):
    page = await data(datasette, "/publisher/alwaraq.json")
    every = count(db, "publisher:alwaraq")
    edited = "select count(changed_at) from articles where publisher = 'alwaraq'"
    assert page["counts"] == {"articles": every, "edited": value(db, edited), "gone": 1}
    assert page["undated"] == 1
    assert page["coverage"]["date"] == (every - 1) / every
    assert page["coverage"]["deck"] == 0
    assert sum(day["articles"] for day in page["days"]) == every - 1
    assert len(page["newest"]) == 12
    assert page["publisher"]["timezone"] == "Asia/Damascus"


async def test_last_visit_is_the_newest_capture_of_any_kind(tmp_path):
    shelf = fill(tmp_path / "archive", withhold=False)
    site = Datasette([shelf.database])
    last = (await data(site, "/publisher/alwaraq.json"))["publisher"]["last_visit"]
    assert last == "2020-11-09T14:00:00.000000Z"
    assert "آخر زيارة لموقعه: 9 نوفمبر 2020، 14:00" in words(
        (await site.client.get("/publisher/alwaraq")).text
    )


async def test_publisher_has_its_page(datasette):
    html = (await datasette.client.get("/publisher/alwaraq")).text
    seen = words(html)
    for part in ("صحيفة الورق", "Al Waraq", "Asia/Damascus", "98.5%", "لا تظهر في الرسم: 1"):
        assert part in seen
    assert (
        'href="/search?order=new&amp;q=publisher%3Aalwaraq+after%3A2020-01-01+before%3A2020-02-01'
        in html
    )
    assert 'href="/changes?publisher=alwaraq&amp;kind=gone"' in html
    assert 'href="/search?q=is%3Aedited%20publisher%3Aalwaraq&amp;order=new"' in html
    assert (await datasette.client.get("/publisher/nobody")).status_code == 404
    assert (await datasette.client.get("/publisher/nobody.json")).status_code == 404


async def test_authors_and_tags_lead_to_articles(datasette):
    seen = words((await datasette.client.get("/author/7")).text)
    assert "سلمى القارئ 40 مادة" in seen
    assert "صفحة 1 من 2" in seen
    assert "صفحة 2 من 2" in words((await datasette.client.get("/author/7?page=2")).text)
    assert "مدن 2 مادة" in words((await datasette.client.get("/tag/5")).text)
    assert (await datasette.client.get("/tag/7")).status_code == 404


async def test_article_leads_to_its_publisher_author_and_tags(datasette):
    html = (await datasette.client.get("/article/1")).text
    for path in ("/publisher/alwaraq", "/author/7", "/tag/5"):
        assert f'href="{path}"' in html
    assert "سلمى القارئ" in words(html)


@pytest.mark.parametrize("table", ["authors", "tags", "publishers"])
async def test_rows_of_tables_lead_there(datasette, table):
    html = (await datasette.client.get(f"/archive/{table}")).text
    assert re.search(rf'href="/{table[:-1]}/(7|5|alwaraq)"', html)


# Lists of searches


async def test_a_list_is_answered_line_by_line(datasette):
    html = (await datasette.client.post("/batch", data={"lines": "دمشق\n\nلا أحد"})).text
    rows = re.findall(r'<tr id="line-(\d)">(.*?)</tr>', html, re.DOTALL)
    assert [number for number, _ in rows] == ["1", "2", "3"]
    assert f'href="/search?q={quote("دمشق")}&amp;order=new">81</a>' in rows[0][1]
    assert "لا شيء يُبحث عنه في هذا السطر" in rows[1][1]


async def test_a_list_has_its_bounds(datasette, monkeypatch):
    for lines in ("a\n" * 301, "a" * 2_000_000):
        answer = await datasette.client.post("/batch", data={"lines": lines})
        assert answer.status_code == 413
    monkeypatch.setattr(views, "_PATIENCE", -1)
    answer = await datasette.client.get("/batch.csv?lines=a%0Ab")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["line"], row["problem"]) for row in rows] == [("1", "late"), ("2", "late")]


EXAMPLES = re.findall(
    r"^curl -s '?http://127.0.0.1:8001(/(?:trends|publisher)\S+?)'? \| jq '([^']+)' +# (.+)$",
    (Path(__file__).parents[3] / "archive" / "README.md").read_text("utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("path", "selected", "shown"), EXAMPLES)
async def test_the_documented_examples_of_json(datasette, path, selected, shown):
    found = await data(datasette, path)
    for step in re.findall(r"\w+", selected):
        found = found[int(step) if step.isdigit() else step]
    assert found == json.loads(shown)


def test_there_are_examples():
    assert Counter(path.split(".")[0] for path, *_ in EXAMPLES) == {
        "/trends": 2,
        "/publisher/herald": 1,
    }
