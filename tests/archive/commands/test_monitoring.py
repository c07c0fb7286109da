"""`warraq status` is read by people in 80 columns, and by monitors."""

import json

import pytest
from click.testing import CliRunner

from archive.commands.monitoring import status
from tests.archive.test_status import FEED, Paper, refusing


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """A newspaper that refuses us, in an archive whose last backup failed."""
    return refusing(tmp_path_factory.mktemp("archive"))


def run(paper, *words):
    return CliRunner().invoke(status, ["--archive", str(paper.root), *words])


def test_a_person_reads_what_is_wrong_why_and_what_to_do(paper):
    result = run(paper)
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "last crawl: finished, 1 h ago"
    assert "last verify: never" in lines
    assert "last backup: failed, 1 d ago" in lines
    row = next(line for line in lines if line.startswith("paper "))
    assert row.split() == ["paper", "0", "0", *"-----", "-", "3", "h"]
    assert "paper, problems of a day: 1 x http-403" in lines
    assert "archive: BACKUP-FAILED. The last backup, at" in result.output
    assert "paper: BLOCKED. Its site keeps programs out (http-403): at 1 of 1" in result.output
    assert f"  e.g. {FEED}" in lines
    assert lines[-1] == "2 things are wrong."
    assert result.exit_code == 3


def test_a_monitor_reads_the_same(paper):
    result = run(paper, "--json")
    found = json.loads(result.output)
    (one,) = found["publishers"]
    assert (one["slug"], one["new"]["count"], one["problems"]) == ("paper", 0, {"http-403": 1})
    assert one["flags"][0]["name"] == "blocked"
    assert one["flags"][0]["facts"]["kind"] == "http-403"
    assert one["flags"][0]["remedy"].startswith("See whether a browser can open it")
    assert [flag["name"] for flag in found["archive"]["flags"]] == ["backup-failed"]
    assert found["archive"]["crawl"]["state"] == "finished"
    assert result.exit_code == 3


def test_of_one_newspaper_alone(paper):
    result = run(paper, "paper")
    assert "last crawl" not in result.output
    assert result.output.endswith("\n1 thing is wrong.\n")
    unknown = run(paper, "other")
    assert unknown.exit_code == 2
    assert "'other' was never crawled here; there is paper" in unknown.output


def test_where_nothing_is_wrong(tmp_path):
    made = Paper(tmp_path)
    made.db.close()
    result = run(made)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "Nothing is wrong.")
