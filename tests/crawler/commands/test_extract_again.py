"""`warraq extract --again` as a person runs it: what it prints, who else writes, how it ends."""

import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from archive.database import writing
from archive.maintenance.verify import verify
from tests.crawler import shell
from tests.crawler.tables import everything

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def root(lived, tmp_path):
    """An archive whose publishers' files leave out the second paragraph now."""
    shutil.copytree(lived, tmp_path / "archive")
    for path in (tmp_path / "archive" / "publishers").iterdir():
        with path.open("a", encoding="utf-8") as file:
            file.write("\n[[rules]]\nremove = ['p:nth-of-type(2)']\n")
    return tmp_path / "archive"


def again(root, *words):
    code, output = shell.run("extract", "--again", *words, "--archive", root)
    assert code == 0, output
    return output


def test_of_twenty_articles_or_of_all_is_printed_which_words_go(root):
    some, every = again(root, "--dry-run"), again(root, "--dry-run", "--all")
    (changed,) = re.findall(r"([\d,]+) would change", every)
    (more,) = re.findall(r"… and ([\d,]+) more; --all prints every one\n", some)
    assert int(changed) == 20 + int(more)
    assert "more;" not in every
    assert len(re.findall(r"^http", some, re.MULTILINE)) == 20
    assert len(re.findall(r"^http", every, re.MULTILINE)) == int(changed)
    texts = re.findall(
        r"    text: (\S+) → (\S+) words, (\S+) removed, 0 added\n        (.+)", every
    )
    assert f"{len(texts):>10,}  text\n" in every
    for was, now, removed, shown in texts:
        assert int(was) - int(now) == int(removed) > 0
        assert re.search(r"\[-[^-]+-\]", shown)
        assert len(shown) < 400


@pytest.mark.parametrize("words", [["--dry-run"]] * 4 + [[]], ids=" ".join)
def test_it_ends_quietly_when_whoever_reads_has_gone(root, words):
    """Where each run ends is a matter of chance, so there are several."""
    command = ["extract", "--again", *words, "--archive", str(root)]
    with subprocess.Popen(
        [sys.executable, "-m", "crawler", *command],
        cwd=shell.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("http")
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=60)
    assert (process.returncode, said) == (1, "")
    if not words:
        again(root)
        assert verify(root).damages == []


def test_it_is_told_at_once_who_is_writing_and_a_dry_run_does_not_care(root):
    before = everything(root)
    with writing(root, command="crawl", now=NOW):
        code, output = shell.run("extract", "--again", "--archive", root)
        assert code == 1
        assert re.fullmatch(
            r"Error: \S+: `warraq crawl` \(process \d+, since \S+\) is writing;"
            r" wait for it to end, or stop it, and try again\n",
            output,
        )
        assert "would change" in again(root, "--dry-run")
    assert everything(root) == before


def waits(process):
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "`warraq crawl` (process " in line
    assert line.endswith("is writing; waiting for it to end\n")


def test_with_wait_it_begins_when_the_other_has_ended(root):
    with writing(root, command="crawl", now=NOW):
        process = shell.start("extract", "--again", "--wait", "--archive", root)
        waits(process)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0
    assert re.search(r"articles read again, [1-9]\d* changed", output)
    assert "writing" not in output  # said once


def test_while_it_waits_one_ctrl_c_ends_it(root):
    before = everything(root)
    with writing(root, command="crawl", now=NOW):
        process = shell.start("extract", "--again", "--wait", "--archive", root)
        waits(process)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=10)[0]
    assert output == (
        "0 articles read again, 0 changed.\nStopped; run the same command to continue.\n"
    )
    assert everything(root) == before


def test_what_was_mistaken_leaves_nothing_behind(tmp_path):
    code, output = shell.run("extract", "--again", "--archive", tmp_path / "none")
    assert (code, "holds no archive" in output) == (1, True)
    assert not (tmp_path / "none").exists()
    for option in ("--all", "--wait"):
        code, output = shell.run("extract", option)
        assert (code, "need --again" in output) == (2, True)
