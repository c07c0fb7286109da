import re
from xml.etree import ElementTree as ET

import pytest
from jinja2 import Environment, PackageLoader

from archive.site.charts import BASE, TOP, WIDTH, Point, Series, bars, lines
from archive.site.language import t

_SVG = "{http://www.w3.org/2000/svg}"
_MONTHS = (
    Point("نوفمبر 2020", 12, "/search?q=a&after=2020-11"),
    Point("ديسمبر 2020", None, "/search?q=a&after=2020-12"),
    Point("يناير 2021", 0, "/search?q=a&after=2021-01"),
    Point("فبراير 2021", 30, "/search?q=a&after=2021-02"),
)


def written(macro, chart):
    env = Environment(loader=PackageLoader("archive.site"), autoescape=True)
    env.globals["t"] = t
    template = env.from_string(
        "{% from 'warraq/_chart.html' import drawing, figure %}{{ " + macro + "(chart) }}"
    )
    return template.render(chart=chart)


def picture(chart):
    return ET.fromstring(written("drawing", chart))  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("most", "share", "grid"),
    [
        (0, False, ["0", "1"]),
        (1, False, ["0", "1"]),
        (3, False, ["0", "1", "2", "3"]),
        (30, False, ["0", "10", "20", "30"]),
        (101, False, ["0", "50", "100", "150"]),
        (200_000, False, ["0", "50,000", "100,000", "150,000", "200,000"]),
        (0.0007, True, ["0%", "0.0002%", "0.0004%", "0.0006%", "0.0008%"]),
        (100, True, ["0%", "50%", "100%"]),
    ],
)
def test_axis_has_few_round_numbers_that_reach_the_highest(most, share, grid):
    chart = lines("", [Series(name="", points=(Point("", most),))], share=share)
    assert list(map(chart.written, chart.grid)) == grid or len(chart.grid) <= 5
    assert chart.grid[-1] >= most
    assert TOP <= chart.y(most) <= BASE


def test_bars_lead_to_their_period_and_say_what_they_are():
    svg = picture(bars("مواد", _MONTHS))
    links = svg.findall(f"{_SVG}a")
    assert [link.get("href") for link in links] == [point.link for point in _MONTHS]
    titles = [link.find(f"{_SVG}title").text for link in links]
    assert titles == ["نوفمبر 2020: 12", "ديسمبر 2020: —", "يناير 2021: 0", "فبراير 2021: 30"]


def test_a_gap_is_not_a_zero():
    svg = picture(bars("مواد", _MONTHS))
    drawn = [
        [rect.get("class") for rect in link.iter(f"{_SVG}rect")] for link in svg.iter(f"{_SVG}a")
    ]
    assert drawn == [["room", "bar"], ["gap"], ["room"], ["room", "bar"]]


def test_line_breaks_at_a_gap():
    chart = lines("مواد", [Series(name="a", points=_MONTHS), Series(name="b", points=_MONTHS)])
    path = chart.path(chart.series[0])
    assert path.count("M") == 2
    assert path.count("L") == 1


@pytest.mark.parametrize("from_right", [True, False])
def test_time_runs_as_the_interface_is_read(from_right):
    chart = bars("", _MONTHS, from_right=from_right)
    places = [chart.x(number) for number in range(len(_MONTHS))]
    assert places == sorted(places, reverse=from_right)
    assert all(0 < x < WIDTH for x in places)


def test_figure_has_a_table_and_each_text_its_own_direction():
    html = written("figure", lines("<i>", [Series(name="<b>", points=_MONTHS)] * 2))
    assert "<i>" not in html
    assert "<b>" not in html
    assert html.count("<tr>") == len(_MONTHS) + 1
    texts = re.findall("<text[^>]*>", html)
    assert texts
    assert all('unicode-bidi="plaintext"' in text for text in texts)
    assert not re.search(r"<style|<script|style=|\son\w+=", html)
