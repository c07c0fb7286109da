"""What publishers changed: the page, its filters, its feed and its JSON."""

import json
import re
from pathlib import Path

import feedparser
import pytest
from datasette.app import Datasette

from archive.database import open_for_reading
from archive.reading import Archive
from archive.site.changes import _LISTED, _NEWEST, _TELLING
from tests.archive.edits import NEW, OLD, Edits, fill, get, seen


@pytest.fixture(scope="module")
def edits(tmp_path_factory: pytest.TempPathFactory) -> Edits:
    return fill(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def datasette(edits: Edits) -> Datasette:
    return Datasette([edits.database])


def order(html):
    return [int(number) for number in re.findall(r'<h3[^>]*><a href="/article/(\d+)', html)]


async def test_changes_come_by_day_and_the_most_telling_first(datasette, edits):
    html = (await get(datasette, "/changes")).text
    assert order(html) == [edits.hostile, edits.gone, edits.headline, edits.quotation]
    shown = await seen(datasette, "/changes")
    assert shown.index("11 نوفمبر 2020") < shown.index("10 نوفمبر 2020")
    assert "تعديلات طفيفة لا تمس كلمة: 1" in shown
    assert "تغيّر العنوان تغيّر رقم حُذفت فقرة" in shown


async def test_an_edited_headline_is_there_as_it_was_and_as_it_is(datasette):
    html = (await get(datasette, "/changes?kind=headline")).text
    pair = html.partition('<div class="pair">')[2].partition("</div>")[0]
    was, now = re.findall(r"<p class=\"(?:was|now)\"[^>]*>(.*?)</p>", pair)
    assert re.sub("<[^>]+>", "", was).endswith(OLD)
    assert re.sub("<[^>]+>", "", now).endswith(NEW)
    assert "<del>مقتل 12</del> شخصا في <del>انفجار</del>" in was
    assert "<ins>" not in was
    assert "<del>" not in now


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=small", ("small",)),
        ("kind=gone", ("gone",)),
        ("kind=number", ("hostile", "headline")),
        ("kind=negation", ()),
        ("day=2020-11-10", ("headline", "quotation")),
        ("day=2020-11-10&kind=quotation&publisher=sham", ("quotation",)),
        ("publisher=herald", ()),
        ("publisher=&kind=&day=", ("hostile", "gone", "headline", "quotation")),
        ("page=2", ()),
    ],
)
async def test_filters(datasette, edits, query, names):
    html = (await get(datasette, f"/changes?{query}")).text
    assert order(html) == [getattr(edits, name) for name in names]
    found = (await get(datasette, f"/changes.json?{query}")).json()["changes"]
    assert [row["id"] for row in found] == order(html)


@pytest.mark.parametrize("query", ["kind=nothing", "day=yesterday", "publisher=nobody"])
async def test_what_cannot_be_asked_for_is_said(datasette, query):
    assert (await seen(datasette, f"/changes?{query}", 404)).startswith("لا ")
    error = (await get(datasette, f"/changes.json?{query}", 404)).json()
    assert error["ok"] is False


async def test_pages_follow_one_another(datasette, edits, monkeypatch):
    monkeypatch.setattr("archive.site.changes.PER_PAGE", 3)
    first = (await get(datasette, "/changes?publisher=sham")).text
    assert 'rel="next" href="/changes?publisher=sham&amp;page=2"' in first
    second = (await get(datasette, "/changes?publisher=sham&page=2")).text
    assert order(first) + order(second) == [
        edits.hostile, edits.gone, edits.headline, edits.quotation
    ]  # fmt: skip
    found = (await get(datasette, "/changes.json?page=1")).json()
    assert found["next"] == "?page=2"


async def test_json_has_the_kinds_and_the_words(datasette, edits):
    found = (await get(datasette, "/changes.json?kind=headline")).json()
    (row,) = found["changes"]
    assert row["kinds"] == ["headline", "number", "removed"]
    assert (row["publisher"], row["publisher_name"], row["title"]) == ("sham", "صحيفة الشام", NEW)
    assert (row["summary"]["words_in"], row["summary"]["words_out"]) == (3, 8)
    assert row["changed"][0]["name"] == "title"
    (diff,) = re.findall(rf"/article/{edits.headline}/diff/\d+/\d+", row["path"])
    assert (await get(datasette, f"{diff}.json")).json()["summary"]["kinds"] == row["kinds"]


async def test_the_feed_is_valid_and_has_each_diff(datasette, edits):
    answer = await get(datasette, "/changes.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo, feed.bozo_exception
    assert feed.version == "atom10"
    assert "nobody" not in feed.feed.id
    links = " ".join(entry.link for entry in feed.entries)
    assert [*map(int, re.findall(r"/article/(\d+)", links))] == [
        edits.gone, edits.hostile, edits.headline, edits.quotation
    ]  # fmt: skip
    assert len({entry.id for entry in feed.entries}) == 4
    headline = feed.entries[2]
    assert headline.title == f"صحيفة الشام: تغيّر العنوان، تغيّر رقم، حُذفت فقرة: {NEW}"
    assert headline.updated == "2020-11-10T22:00:00.000000Z"
    assert {tag.term for tag in headline.tags} == {"headline", "number", "removed"}
    assert "<del>مقتل 12</del>" in headline.content[0].value
    assert "<script" not in feed.entries[1].content[0].value
    assert "&lt;script" in feed.entries[1].content[0].value
    own = feedparser.parse((await get(datasette, "/changes.atom?kind=gone")).content)
    assert [entry.link for entry in own.entries] == [f"http://localhost/article/{edits.gone}"]


async def test_the_first_page_begins_with_what_changed(datasette, edits):
    html = (await get(datasette, "/")).text
    assert html.index('id="changes"') < html.index('id="newest"')
    assert order(html)[:2] == [edits.hostile, edits.gone]
    assert 'type="application/atom+xml"' in html
    assert 'id="changes"' not in (await get(datasette, "/?publisher=herald")).text


async def test_pages_of_changes_work_below_a_prefix(edits):
    datasette = Datasette([edits.database], settings={"base_url": "/news/"})
    html = (await get(datasette, "/changes")).text
    assert f'href="/news/article/{edits.headline}/diff/' in html
    feed = feedparser.parse((await get(datasette, "/changes.atom")).content)
    assert feed.entries[0].link == f"http://localhost/news/article/{edits.gone}"


@pytest.mark.parametrize("order", [_TELLING, _NEWEST])
def test_edits_are_read_in_the_order_of_their_index(edits, order):
    """However many there are, a page reads no more of them than it shows."""
    with open_for_reading(edits.root) as db:
        sql = _LISTED.format(order=order)
        asked = dict.fromkeys(("publisher", "day", "kind"), None) | {"limit": 40, "offset": 0}
        plan = [row[3] for row in db.execute(f"explain query plan {sql}", asked)]
    assert "MERGE (UNION ALL)" in plan
    left = plan[plan.index("LEFT") + 1 : plan.index("RIGHT")]
    assert any("USING COVERING INDEX revisions_rank" in step for step in left)
    assert "USE TEMP B-TREE FOR ORDER BY" not in left  # at most within a day


EXAMPLES = re.findall(
    r"^curl -sL? '?http://127.0.0.1:8001(/(?:ch|a|st)\S+?)'? \| jq '([^']+)' +# (.+)$",
    (Path(__file__).parents[3] / "archive" / "README.md").read_text("utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("path", "selected", "shown"), EXAMPLES)
async def test_the_documented_examples_of_json(datasette, edits, path, selected, shown):
    with Archive(edits.root) as read:
        capture = read.revisions(edits.headline)[-1].capture
    path = path.replace("ID", str(edits.headline)).replace("CAPTURE", str(capture))
    answer = await datasette.client.get(path, follow_redirects=True)
    found = answer.json()
    for step in re.findall(r"\w+", selected):
        found = found[int(step) if step.isdigit() else step]
    assert found == json.loads(shown)


def test_there_are_examples():
    assert len(EXAMPLES) == 5
