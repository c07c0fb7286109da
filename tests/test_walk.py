"""One address on the whole road: from a publisher's file to the reader, asserted at each stop."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from datasette.app import Datasette
from scrapy import signals
from scrapy.crawler import AsyncCrawlerRunner
from warcio.archiveiterator import ArchiveIterator

from archive import visits
from archive.database import open_for_reading
from archive.models import Kind, WarcLocation
from archive.search import search
from archive.store import Store
from archive.urls import article_id, identity_key
from archive.warc import reader, records
from crawler.frontier import entry_points
from crawler.ingest import Keeper
from crawler.publisher import find
from crawler.settings import scrapy_settings
from crawler.spiders.news import NewsSpider
from fixtures import Newsstand, serve


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """Walk the road once; return what was seen at each stop."""
    root = tmp_path_factory.mktemp("أرشيف")
    newsstand = Newsstand(articles=24)
    with serve(newsstand), pytest.MonkeyPatch.context() as patch:
        return asyncio.run(_walk(root, newsstand, patch))


async def _walk(root: Path, newsstand: Newsstand, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {"root": root, "requests": {}, "responses": {}, "readings": {}}
    paper = newsstand.papers["sanabel"]
    seen["truth"] = next(t for t in paper.truths(newsstand.now()) if "بوتين والأسد" in t.title)
    (root / "publishers").mkdir()
    (root / "publishers" / "sanabel.toml").write_text(paper.publisher_toml(), "utf-8")
    seen["publisher"] = find("sanabel", [root / "publishers"])
    with Store(root, command="walk", software="test", clock=newsstand.clock) as store:
        store.publish(seen["publisher"].record())
        store.enter(entry_points(seen["publisher"]), publisher="sanabel")
        seen["due"] = visits.due(store.db, "sanabel", now=store.clock(), articles=False, limit=10)
        settings = scrapy_settings([seen["publisher"]])
        patch.setattr(Keeper, "keep", _collect_readings(seen, Keeper.keep))
        runner = AsyncCrawlerRunner(settings)
        crawler = runner.create_crawler(NewsSpider)
        for signal, collect in (
            (signals.request_reached_downloader, _collect_request),
            (signals.response_downloaded, _collect_response),
        ):
            crawler.signals.connect(collect(seen), signal, weak=False)
        await runner.crawl(crawler, store=store, publishers=[seen["publisher"]])
    return seen


def _collect_request(seen):
    def collect(request):
        seen["requests"].setdefault(request.url, request)

    return collect


def _collect_response(seen):
    def collect(response):
        seen["responses"].setdefault(response.url, response)

    return collect


def _collect_readings(seen, keep):
    async def collect(self, reading):
        seen["readings"][reading.capture.url] = reading
        return await keep(self, reading)

    return collect


@pytest.fixture
def database(road):
    db = open_for_reading(road["root"])
    yield db
    db.close()


@pytest.fixture
def article(road, database):
    database.row_factory = None
    columns = [row[1] for row in database.execute("pragma table_info(articles)")]
    row = database.execute(
        "select * from articles where key = ?", (identity_key(road["truth"].url),)
    ).fetchone()
    return dict(zip(columns, row, strict=True))


def test_the_publisher_is_read_from_its_file(road):
    assert road["publisher"].name == "سنابل برس"
    assert str(road["publisher"].zone) == "Asia/Damascus"


def test_its_entry_points_are_due_and_nothing_else(road):
    assert {(visit.url, visit.kind) for visit in road["due"]} == set(
        entry_points(road["publisher"])
    )


def test_robots_txt_is_asked_before_anything_else(road):
    assert next(iter(road["requests"])).endswith("/robots.txt")


def test_a_visit_becomes_a_request_that_prefers_arabic(road):
    request = road["requests"][road["truth"].url]
    assert request.headers["Accept-Language"].startswith(b"ar")
    assert request.headers["User-Agent"].startswith(b"Warraq/")
    assert request.meta["visit"].kind is Kind.ARTICLE


def test_the_listing_gave_a_link_with_hints(road, database):
    visit = road["requests"][road["truth"].url].meta["visit"]
    assert visit.hints.title == road["truth"].title
    rows = database.execute(
        "select p.key, l.title from links l join visits v on v.id = l.visit"
        " join visits p on p.id = l.listing where v.key = ?",
        (visit.key,),
    )
    links = dict(rows.fetchall())
    assert visit.found_in in links
    assert links[identity_key(road["publisher"].feeds[0])] == road["truth"].title


def test_the_bytes_are_in_the_warc_file_as_they_came(road):
    capture = road["readings"][road["truth"].url].capture
    path = road["root"] / "warc" / capture.record.file
    with path.open("rb") as file:
        file.seek(capture.record.offset)
        record = next(iter(ArchiveIterator(file)))
        payload = record.raw_stream.read()
    assert record.rec_type == "response"
    assert record.http_headers.get_header("Content-Encoding") == "gzip"
    assert payload == road["responses"][road["truth"].url].body
    assert records.payload_digest(payload) == capture.sha256


def test_the_capture_travels_decoded(road):
    capture = road["readings"][road["truth"].url].capture
    location = WarcLocation(
        file=capture.record.file, offset=capture.record.offset, length=capture.record.length
    )
    assert capture.body == reader.read_payload(road["root"] / "warc", location)
    assert road["truth"].title in capture.body.decode("utf-8")


def test_the_extraction_says_what_the_page_says(road):
    extraction, truth = road["readings"][road["truth"].url].extraction, road["truth"]
    assert extraction.text == truth.text
    assert extraction.title == truth.title
    assert extraction.published_at == truth.published_at
    assert extraction.authors == truth.authors
    assert set(extraction.tags) == set(truth.tags)
    assert extraction.section == truth.section


def test_the_article_and_its_first_revision_are_kept(road, article, database):
    truth = road["truth"]
    assert article["id"] == article_id(identity_key(truth.url))
    assert article["text"] == truth.text
    assert article["published_on"] == truth.published_on.isoformat()
    assert article["revision_count"] == 1
    assert article["language"] == "ar"
    rows = database.execute(
        "select number, title, text, capture from revisions where article = ?", (article["id"],)
    ).fetchall()
    assert rows == [(1, truth.title, None, article["capture"])]


def test_the_visit_is_done_and_due_again(road, article, database):
    row = database.execute(
        "select state, article, due_at > last_at, failures from visits where article = ?",
        (article["id"],),
    ).fetchone()
    assert row == ("done", article["id"], 1, 0)


def test_the_search_finds_it_by_other_forms_of_its_words(road, article, database):
    hits = search(database, "مؤتمرات لاجئين سوريون")
    assert hits[0].id == article["id"]


async def test_the_reader_sees_it_in_the_browser(road, article):
    datasette = Datasette([str(road["root"] / "archive.db")])
    response = await datasette.client.get(f"/article/{article['id']}")
    assert response.status_code == 200
    assert 'dir="rtl"' in response.text
    assert road["truth"].text.splitlines()[0].split("“")[0] in response.text
