"""`warraq publishers list` and `show`: who can be followed, by which file."""

import json

import pytest
from click.testing import CliRunner

from crawler.cli import warraq
from crawler.publisher import PACKAGED
from tests.crawler import wire


def run(*words):
    """Run `warraq publishers WORDS…`; its errors must have become a line and an exit code."""
    result = CliRunner().invoke(warraq, ["publishers", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def root(tmp_path):
    """An archive with a newspaper of its own, and one that replaces a packaged one."""
    mine = wire.publisher(tmp_path, "mine", name="جريدتي", country="SY")
    mine.write_text(f"{mine.read_text('utf-8')}\nchecked = true\n", "utf-8")
    wire.publisher(tmp_path, "enabbaladi", name="عنب بلدي", country="SY")
    return tmp_path


def rows(root, *words):
    lines = run("list", *words, "--json", "--archive", root).stdout.splitlines()
    return {row["slug"]: row for row in map(json.loads, lines)}


def test_all_are_listed(root):
    found = rows(root)
    assert len(found) == len(list(PACKAGED.glob("*.toml"))) + 1
    assert found["mine"] == {
        "slug": "mine", "name": "جريدتي", "name_latin": None, "country": "SY", "language": None,
        "homepage": None, "checked": True, "source": "own",
    }  # fmt: skip
    assert found["aawsat"]["source"] == "packaged"
    assert found["aawsat"]["name"] == "الشرق الأوسط"
    assert found["enabbaladi"]["source"] == "own"


FILTERS = [
    (["--country", "sy"], {"mine", "enabbaladi", "sana"}),
    (["جريدتى"], {"mine"}),  # letters are folded as in a search
    (["ENABBALADI"], {"enabbaladi"}),
    (["Enab", "--country", "EG"], set()),
    (["الشرق", "الاوسط"], {"aawsat"}),
]


@pytest.mark.parametrize(("words", "expected"), FILTERS)
def test_the_list_is_filtered(root, words, expected):
    assert expected <= set(rows(root, *words))
    assert ("aawsat" in rows(root, *words)) == ("aawsat" in expected)


def test_the_table_has_a_line_for_each(root):
    lines = run("list", "--country", "SY", "--archive", root).stdout.splitlines()
    assert lines[0].split() == ["slug", "country", "checked", "source", "name"]
    (mine,) = [line for line in lines if line.startswith("mine ")]
    assert mine.split() == ["mine", "SY", "yes", "own", "-", "جريدتي"]
    assert lines[-1].startswith(f"{len(lines) - 2} publishers.")


def test_nobody_found_is_told(root):
    result = run("list", "nothing-like-it", "--archive", root)
    assert result.exit_code == 1
    assert "warraq publishers add" in result.stderr


def test_a_file_is_shown_as_it_is_with_where_it_came_from(root):
    result = run("show", "aawsat", "--archive", root)
    assert result.stdout == (PACKAGED / "aawsat.toml").read_text("utf-8")
    assert "packaged" in result.stderr
    own = run("show", "enabbaladi", "--archive", root)
    assert own.stdout == (root / "publishers" / "enabbaladi.toml").read_text("utf-8")
    assert "(own)" in own.stderr


def test_what_cannot_be_shown_is_told(root):
    result = run("show", "enabaladi", "--archive", root)
    assert result.exit_code == 1
    assert "enabbaladi" in result.stderr
    wire.publisher(root, "broken", feeds="no list")
    result = run("show", "broken", "--archive", root)
    assert result.exit_code == 1
    assert "`feeds`" in result.stderr


def test_the_list_needs_neither_scrapy_nor_an_archive(tmp_path):
    assert "enabbaladi" in rows(tmp_path)
    assert list(tmp_path.iterdir()) == []
