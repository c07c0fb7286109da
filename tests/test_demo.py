"""`warraq demo` as a newcomer meets it: from the command to the seed article in the browser."""

import contextlib
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import httpx
import pytest

from archive.database import held_by
from archive.maintenance.verify import verify
from archive.reading import Archive
from crawler.commands.demo import _invite
from tests.chromium import find_chromium, strict_page

SEED = (Path(__file__).parents[1] / "fixtures" / "seed-article.txt").read_text("utf-8")
TITLE, *PARAGRAPHS = SEED.splitlines()
DEMO = (sys.executable, "-m", "crawler", "demo")
needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[tuple[Path, str, list[str]]]:
    """Run the demo until it serves; give its archive, its address, and what it had printed."""
    archive = tmp_path_factory.mktemp("demo") / "أرشيف التجربة"
    command = [*DEMO, "--days", "1", "--archive", str(archive), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("Crawl a real"):
                break
        addresses = re.findall(r"http://[\d.:]+/", "\n".join(lines))
        yield archive, addresses[0], lines
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_it_prints_a_summary_an_address_and_what_to_do_next(demo):
    _, address, lines = demo
    assert lines[0].split() == [
        *("publisher", "requests", "new", "changed", "unchanged", "problems", "MB", "seconds")
    ]
    together = next(line for line in lines if line.startswith("together")).split()
    assert together[2:6] == ["60", "0", "0", "0"]
    assert address.startswith("http://127.0.0.1:")
    assert lines[-1] == "Crawl a real newspaper: warraq crawl enabbaladi --limit 20"


@pytest.mark.parametrize(("found", "said"), [(True, "warraq"), (False, ".venv/bin/warraq")])
def test_the_next_command_can_be_copied(tmp_path, monkeypatch, capsys, found, said):
    monkeypatch.setattr(sys, "argv", [".venv/bin/warraq", "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    if found:
        (tmp_path / "warraq").touch(mode=0o755)
    _invite(tmp_path, "http://127.0.0.1:8001/")
    assert capsys.readouterr().out.endswith(f": {said} crawl enabbaladi --limit 20\n")


def test_its_archive_is_private_as_any_new_one(demo):
    archive, _, _ = demo
    assert archive.stat().st_mode & 0o777 == 0o700
    assert (archive / "archive.db").stat().st_mode & 0o777 == 0o600


def test_every_article_of_every_newspaper_is_archived(demo):
    db = sqlite3.connect(f"{(demo[0] / 'archive.db').as_uri()}?mode=ro", uri=True)
    counts = dict(db.execute("select publisher, count(*) from articles group by publisher"))
    text = db.execute("select text from articles where title = ?", (TITLE,)).fetchone()[0]
    db.close()
    assert counts == {"manara": 20, "nakhil": 20, "sanabel": 20}
    assert text == "\n".join(PARAGRAPHS)


@pytest.mark.browser
@needs_chromium
def test_a_browser_reads_the_seed_article(demo, browser):
    address = demo[1]
    with strict_page(browser, address) as tab:
        page = tab.page
        page.goto(address)
        assert page.locator("html").evaluate("e => getComputedStyle(e).direction") == "rtl"
        page.get_by_role("link", name="سنابل برس").first.click()
        page.get_by_role("link", name=TITLE).first.click()
        page.wait_for_url("**/article/*")
        assert page.locator("h1").inner_text() == TITLE
        assert page.locator(".text").evaluate("e => getComputedStyle(e).direction") == "rtl"
        assert page.locator(".text p").all_inner_texts() == PARAGRAPHS


@pytest.mark.slow
def test_a_second_demo_beside_it_takes_other_ports(demo, tmp_path):
    command = [*DEMO, "--days", "1", "--no-serve", "--archive", str(tmp_path)]
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "together" in second.stdout
    first, other = (homepage(archive) for archive in (demo[0], tmp_path))
    assert first != other


def test_the_same_demo_beside_itself_says_that_its_ports_are_taken(demo):
    command = [*DEMO, "--days", "1", "--no-serve", "--archive", str(demo[0])]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith("Error: the demo newspapers cannot be served")
    assert "Traceback" not in second.stderr


def homepage(archive):
    text = (archive / "publishers" / "sanabel.toml").read_text("utf-8")
    return re.findall(r"homepage = '(\S+)'", text)[0]


@contextlib.contextmanager
def days(archive: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a demo of two days; give the process and its address, once it serves."""
    command = [*DEMO, "--days", "2", "--articles", "20", "--archive", str(archive), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "http://" in line)
        yield process, re.findall(r"http://[\d.:]+/", line)[0]


@pytest.mark.slow
def test_it_fills_while_it_is_read_until_its_days_are_over(tmp_path):
    with days(tmp_path) as (process, address):
        assert process.stdout is not None
        assert httpx.get(address).status_code == 200
        lines = list(takewhile(lambda line: not line.startswith("together"), process.stdout))
        assert len([line for line in lines if line.startswith("2020-11-1")]) == 2
        assert len(httpx.get(f"{address}archive/articles.json?_shape=array").json()) > 20
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    with Archive(tmp_path) as read:
        papers = {article.publisher for article in read.articles(edited=True)}
    assert len(papers) > 3


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_crawl_ends_with_it(tmp_path, number):
    with days(tmp_path) as (process, address):
        assert process.stdout is not None
        assert httpx.get(address).status_code == 200
        process.send_signal(number)
        process.stdout.read()  # until the crawling process has closed it, too
        assert process.wait(20) == (0 if number == signal.SIGTERM else -number)
    assert held_by(tmp_path) is None
    assert verify(tmp_path).damages == []
