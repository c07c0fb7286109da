"""The states of an article, and what changed between two."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from datasette.app import Datasette

from archive import Archive
from archive.database import open_for_writing
from tests.archive.edits import NEW, OLD, Edits, fill, get, seen


@pytest.fixture(scope="module")
def edits(tmp_path_factory: pytest.TempPathFactory) -> Edits:
    return fill(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def datasette(edits: Edits) -> Datasette:
    return Datasette([edits.database])


@pytest.fixture(scope="module")
def captures(edits):
    """The captures by which the two states of the edited article are named."""
    with Archive(edits.root) as archive:
        return [state.capture for state in archive.revisions(edits.headline)]


async def test_times_are_in_the_publishers_zone_and_in_utc_in_the_card(datasette, edits):
    html = (await get(datasette, f"/article/{edits.headline}")).text
    shown = await seen(datasette, f"/article/{edits.headline}")
    # 22:00 in UTC is midnight in Damascus, of the day that its page prints.
    assert "سلمى 10 نوفمبر 2020، 00:00 بتوقيت دمشق عدّل" in shown
    assert "نُشرت 9 نوفمبر 2020، 22:00 بتوقيت غرينتش" in shown
    assert 'title="9 نوفمبر 2020، 22:00 بتوقيت غرينتش">10 نوفمبر 2020، 00:00 بتوقيت دمشق' in html
    assert "11 نوفمبر 2020، 00:00 بتوقيت دمشق" in shown


async def test_the_time_line_says_what_changed_and_leads_to_it(datasette, edits, captures):
    html = (await get(datasette, f"/article/{edits.headline}")).text
    line = html.partition('<ol class="history timeline"')[2].partition("</ol>")[0]
    assert re.findall(r'<li id="revision-(\d)" value="\1"', line) == ["2", "1"]
    first, last = captures
    assert f'href="/article/{edits.headline}/diff/{first}/{last}"' in line
    assert re.findall(r"/at/(\d+)\"", line) == [str(last), str(first)]
    for capture in captures:
        assert f'href="/article/{edits.headline}/at/{capture}/evidence"' in line
        assert f'href="/capture/{capture}/page"' in line
    assert "تغيّر العنوان" in line
    gone = await seen(datasette, f"/article/{edits.gone}")
    assert "اختفت من موقع الناشر" in gone


async def test_a_state_shows_itself_and_says_so(datasette, edits, captures):
    first, last = captures
    path = f"/article/{edits.headline}"
    html = (await get(datasette, f"{path}/at/{first}")).text
    assert f"{OLD}</h1>" in html
    assert "وأصيب 12 شخصا" in html
    shown = await seen(datasette, f"{path}/at/{first}")
    assert "كما كانت في صيغتها 1" in shown
    assert f'<a href="{path}">أحدث صيغة</a>' in html
    assert f'href="{path}/diff/{first}/{last}"' in html
    newest = (await get(datasette, f"{path}/at/{last}")).text
    assert f"{NEW}</h1>" in newest
    assert "وهي أحدث صيغها" in newest
    by_number = await get(datasette, f"{path}/at/1", 302)
    assert by_number.headers["location"] == f"{path}/at/{first}"


async def test_a_diff_shows_both_states_in_order(datasette, edits, captures):
    first, last = captures
    path = f"/article/{edits.headline}/diff/{first}/{last}"
    html = (await get(datasette, path)).text
    for one, other in (("1/2", f"{first}/{last}"), (f"{last}/1", f"{last}/{first}")):
        answer = await get(datasette, f"/article/{edits.headline}/diff/{one}", 302)
        assert answer.headers["location"] == f"/article/{edits.headline}/diff/{other}"
    form = await get(datasette, f"/article/{edits.headline}/diff?before=1&after=2", 302)
    assert form.headers["location"] == path
    pairs = re.findall(r'<div class="pair">(.*?)</div>', html, re.DOTALL)
    assert "<del>مقتل 12</del>" in pairs[0]
    assert "<ins>وفاة 15</ins>" in pairs[0]
    assert "<del>وأصيب 12 شخصا بحسب الشرطة.</del>" in pairs[-1]
    assert "لم تعد" in pairs[-1]
    assert "فقرات لم تتغير: 4" in await seen(datasette, path)
    assert "كلمات دخلت: 3، خرجت: 8" in await seen(datasette, path)


async def test_a_diff_as_json(datasette, edits, captures):
    first, last = captures
    path = f"/article/{edits.headline}/diff"
    found = (await get(datasette, f"{path}/{first}/{last}.json")).json()
    assert found["article"] == edits.headline
    assert [found[side]["number"] for side in ("before", "after")] == [1, 2]
    assert found["summary"] == {
        "kinds": ["headline", "number", "removed"], "words_in": 3, "words_out": 8
    }  # fmt: skip
    assert found["passages"][0]["pieces"][0] == {"sign": "-", "text": "مقتل 12"}
    by_number = await get(datasette, f"{path}/1/2.json", 302)
    assert by_number.headers["location"] == f"{path}/{first}/{last}.json"


async def test_an_article_as_json(datasette, edits, captures):
    found = (await get(datasette, f"/article/{edits.headline}.json")).json()
    assert found["article"]["title"] == NEW
    assert found["article"]["timezone"] == "Asia/Damascus"
    assert "key" not in found["article"]
    newest, first = found["states"]
    assert (first["kinds"], newest["kinds"]) == ([], ["headline", "number", "removed"])
    assert newest["name"] == captures[1]
    assert [capture["id"] for capture in found["captures"]] == captures[::-1]


@pytest.mark.parametrize(
    "path",
    [
        "/article/{0.headline}/diff/1/7",
        "/article/{0.headline}/diff?before=1&after=x",
        "/article/{0.headline}/diff",
        "/article/{0.headline}/at/7",
        "/article/{0.secret}/diff/1/2",
        "/article/{0.secret}/diff/1/2.json",
        "/article/{0.secret}/at/1",
        "/article/{0.secret}.json",
        "/article/7/diff/1/2",
    ],
)
async def test_what_is_not_there_or_withheld(datasette, edits, path):
    answer = await get(datasette, path.format(edits), 404)
    if path.endswith(".json"):
        assert answer.json()["ok"] is False


async def test_what_a_page_said_is_never_markup(datasette, edits):
    for path in ("", "/diff/1/2", "/at/1"):
        answer = await datasette.client.get(
            f"/article/{edits.hostile}{path}", follow_redirects=True
        )
        assert "<script" not in answer.text


async def test_states_without_a_capture_are_named_by_their_numbers(tmp_path):
    edits = fill(tmp_path / "archive")
    with closing(open_for_writing(edits.root)) as db:
        db.execute("update revisions set capture = null")
    datasette = Datasette([edits.database])
    path = f"/article/{edits.headline}"
    html = (await get(datasette, path)).text
    assert f'href="{path}/diff/1/2"' in html
    assert "<del>" in (await get(datasette, f"{path}/diff/1/2")).text
    assert f"{OLD}</h1>" in (await get(datasette, f"{path}/at/1")).text


REFERENCE = (Path(__file__).resolve().parents[3] / "archive" / "README.md").read_text("utf-8")
ADDRESSES = re.findall(r"^\| `(/[^`]*)` \|", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_that_the_reference_names_answers(datasette, edits, captures, address):
    names = {"CAPTURE": captures[0], "ID": edits.headline, "A": captures[0], "B": captures[1]}
    names["SLUG"] = "sham"
    path = re.sub(r"\b(CAPTURE|SLUG|ID|A|B)\b", lambda name: str(names[name[0]]), address)
    answer = await datasette.client.get(path, follow_redirects=True)
    assert answer.status_code == 200
    assert not path.endswith(".json") or answer.json()
