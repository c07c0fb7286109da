"""`warraq extract` on saved pages: JSON, readable print, and errors that help."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crawler.cli import warraq
from tests.crawler.extract.markup import TEXT, TITLE, page, ps

URL = "https://sahel.example/news/2023/soq"
KEYS = [
    *("kind", "title", "deck", "byline", "authors", "byline_from", "published_at", "published_on"),
    *("published_from", "modified_at", "section", "tags", "language", "text", "image_url"),
    *("canonical_url", "problems"),
]
HTML = page(
    f"<h1>{TITLE}</h1><p class='when'>منذ يومين</p><div class='article-body'>{ps(TEXT)}</div>",
    "<meta property='article:modified_time' content='2023-12-26T10:15:00+02:00'>",
)


@pytest.fixture(name="saved")
def _saved(tmp_path: Path) -> str:
    path = tmp_path / "page.html"
    path.write_text(HTML, "utf-8")
    return str(path)


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(warraq, ["extract", *arguments], input=stdin)
    return result.exit_code, result.output


def test_json_holds_exactly_the_promised_fields(saved: str):
    code, output = run("--html", saved, "--url", URL, "--now", "2023-12-29T12:00Z", "--json")
    found = json.loads(output)
    assert (code, list(found)) == (0, KEYS)
    assert (found["kind"], found["title"], found["language"]) == ("article", TITLE, "ar")
    # Two days ago may be rounded, and is no date.
    assert (found["published_on"], found["published_at"]) == (None, None)
    assert found["modified_at"].startswith("2023-12-26T08:15:00")
    assert (found["byline"], found["authors"]) == (None, [])
    assert [problem["kind"] for problem in found["problems"]] == ["date-age"]


def test_standard_input_and_a_print_for_people():
    code, output = run("--html", "-", "--url", URL, stdin=HTML)
    assert code == 0
    assert TITLE in output
    assert output.rstrip().endswith(TEXT.rsplit("\n", maxsplit=1)[-1])


def test_a_publisher_lends_its_zone(saved: str):
    html = Path(saved).read_text("utf-8").replace("منذ يومين", "26 كانون الأول 2023 - 10:15")
    arguments = ("--html", "-", "--url", URL, "--json")
    _, alone = run(*arguments, stdin=html)
    _, known = run(*arguments, "--publisher", "enabbaladi", stdin=html)
    assert json.loads(alone)["published_at"] is None
    assert json.loads(known)["published_at"] is not None
    assert json.loads(alone)["published_on"] == json.loads(known)["published_on"] == "2023-12-26"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--html", "no-such-file.html", "--url", URL], "no-such-file.html"),
        (["--html", "-", "--url", "not an address"], "not an http or https address"),
        (["--html", "-", "--url", URL, "--now", "yesterday"], "is not a time; write 2020-11-09"),
        (["--html", "-", "--url", URL, "--publisher", "no-such"], "no-such"),
        (["--html", "-"], "--url"),
    ],
)
def test_errors_say_what_to_do(arguments: list[str], says: str):
    code, output = run(*arguments, stdin=HTML)
    assert code != 0
    assert says in output
    assert "Traceback" not in output


def test_extracting_needs_no_scrapy(saved: str):
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom crawler.cli import warraq\n"
        f"CliRunner().invoke(warraq, ['extract', '--html', {saved!r}, '--url', {URL!r}])\n"
        "sys.exit('scrapy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
