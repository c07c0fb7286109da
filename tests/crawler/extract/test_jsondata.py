"""The article in the data of a page's script, in the shapes of several frameworks."""

# ruff: noqa: E501 - paragraphs are harder to read cut up than long

import json

import pytest

from crawler.extract.blocks import parse_page
from crawler.extract.jsondata import read_state

TITLE_A = "رأس النخل تعيد فتح رصيفها الجنوبي بعد ثلاث سنوات من العاصفة"
A = (
    "أعلنت هيئة الموانئ في مدينة رأس النخل، اليوم الأربعاء، بدء العمل بالرصيف الجنوبي بعد توقف دام ثلاث سنوات.",
    "وأوضح مدير الهيئة مازن الحداد، في مؤتمر صحفي، أن الرصيف يستقبل ست سفن في اليوم، أي ضعف ما كان يستقبله من قبل.",
    "وأضاف: «لم نرفع الرسوم على التجار، ولن نرفعها هذا العام».",
    "وكانت عاصفة قد ضربت الساحل في شتاء 2021 وألحقت أضراراً بالمخازن والرافعات، وقدرت الخسائر حينها بنحو 40 مليون درهم.",
    "ومن المقرر أن تبدأ المرحلة الثانية من المشروع في الربيع المقبل.",
)

HTML = "".join(f"<p>{one}</p>" for one in A)
STORY = {"title": TITLE_A, "body": HTML, "publishedAt": "2024-02-14T07:20:00Z", "author": "هالة"}
OTHER = {"title": "خبر آخر", "body": HTML * 3}
ARC = {
    "headlines": {"basic": TITLE_A},
    "content_elements": [
        {"type": "text", "content": A[0]},
        {"type": "image", "caption": "صورة"},
        {"type": "text", "content": A[1]},
        {"type": "interstitial_link", "content": "اقرأ أيضاً"},
        *({"type": "text", "content": one} for one in A[2:]),
    ],
    "credits": {"by": [{"name": "هالة"}, {"name": "وسيم"}]},
    "display_date": "2024-02-14T07:20:00Z",
}
NUXT = [
    ["Reactive", 1],
    {"article": 2},
    {"title": 3, "body": 4, "author": 5},
    TITLE_A,
    HTML,
    {"name": 6},
    "هالة",
]


def page(script: str) -> str:
    return f"<html><head><title>x</title></head><body><div id='app'></div>{script}</body></html>"


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


SHAPES = (
    f"<script id='__NEXT_DATA__' type='application/json'>{dumped({'a': [OTHER, STORY]})}</script>",
    f"<script>window.__INITIAL_STATE__ = {dumped({'news': {'7': STORY}})};</script>",
    f"<script>window.Fusion=window.Fusion||{{}};Fusion.globalContent={dumped(ARC)};Fusion.x={{}}</script>",
    f"<script id='__NUXT_DATA__' type='application/json'>{dumped(NUXT)}</script>",
)


@pytest.mark.parametrize("script", SHAPES)
def test_the_story_of_the_pages_own_title_is_read(script: str):
    root = parse_page(page(script))
    assert root is not None
    scripts = root.iter("script")
    found = read_state(scripts, [f"{TITLE_A}"])
    assert found is not None
    assert all(one in found.body for one in A)
    assert "اقرأ" not in found.body
    assert found.authors[0] == "هالة"


@pytest.mark.parametrize(
    "script",
    [
        f"<script type='application/json'>{dumped({'a': OTHER})}</script>",
        f"<script type='application/json'>{dumped(STORY)[:-30]}</script>",
        f"<script>window.__STATE__ = {'[' * 5000}{'x' * 300}</script>",
        "<script type='application/json'></script>",
        f"<script>var t = '{TITLE_A}'; window.__DATA__ = window.__B__ || 1;{' ' * 300}</script>",
    ],
)
def test_what_is_no_story_of_this_page_is_none(script: str):
    root = parse_page(page(script))
    assert root is not None
    scripts = root.iter("script")
    assert read_state(scripts, [TITLE_A]) is None
