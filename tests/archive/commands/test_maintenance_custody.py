"""`warraq custody` gives what the page of evidence shows."""

import json
from html import unescape

import pytest
from click.testing import CliRunner

from crawler.cli import warraq
from tests.archive.desk import HOUR, NOON, PAGE, hide, rows
from tests.archive.test_evidence import BODY, fill, keep, of, store_at

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path):
    fill(tmp_path)
    with store_at(tmp_path, NOON + HOUR) as store:
        keep(store, BODY + b"2", "</title>عنوان آخر", NOON + HOUR)
    return tmp_path


def run(root, *arguments):
    return CliRunner().invoke(warraq, ("custody", *arguments, "--archive", str(root)))


def test_it_is_printed_for_a_reader(root):
    result = run(root, PAGE)
    assert result.exit_code == 0, result.output
    first, second = result.stdout.split("\n\n")
    assert first.startswith("Headline: عنوان\n")
    assert second.startswith("Headline: </title>عنوان آخر\n")
    for line in ("Address asked for: https://alwaraq.example/1", "Collector: name سلمى",
                 "SHA-256 of the whole WARC file: The file is not yet closed",
                 "Do the recorded bytes have this digest now?: Yes",
                 "  $ gzip -dc capture.warc.gz > capture.warc"):  # fmt: skip
        assert line in first.splitlines()
        assert line in second.splitlines()


def test_it_is_a_list_in_json(root):
    first, second = json.loads(run(root, PAGE, "--json").stdout)
    assert (first["revision"], second["revision"]) == (1, 2)
    assert first["sha256"] == of(root, first["capture"]).sha256


def test_it_is_one_page_for_the_printer(root):
    page = run(root, PAGE, "--html").stdout
    assert page.startswith("<!DOCTYPE html>")
    assert "الدليل على هذه الصيغة" in page
    assert "&lt;/title&gt;عنوان آخر" in page
    assert page.count("sha256sum") >= 2
    assert not [word for word in ("<link", "<script", "<img", " src=") if word in page]
    assert "@media print" in unescape(page)


@pytest.mark.parametrize("named", ["https://alwaraq.example/other", "7", "nothing"])
def test_what_is_not_there_is_one_line(root, named):
    result = run(root, named)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_what_is_withheld_is_not_there(root):
    hide(root, *(row[0] for row in rows(root, "select id from articles")))
    assert "is withheld since 2020-11-09" in run(root, PAGE).stderr
