"""Killed at random moments: nothing acknowledged is lost. And the driver that says so can fail.

The long run is `python -m tests.killing`.
"""

import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from fixtures import serve
from tests.archive.desk import opened
from tests.archive.filled import fill, page
from tests.killed import watching
from tests.killed.jobs import JOBS, Backup, Ground
from tests.killed.series import Series
from tests.killed.striking import START_UP, Moment, has_ended, run
from tests.killing import main
from tests.sound import Unsound, acknowledged, sound, still_there, without_damage

SHORT = {"crawl": 5}  # and of each other job
EACH = 2
WATCHED = 4  # and `python -m tests.killing watch` 20 times


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    ground = Ground(tmp_path_factory.mktemp("أرض القتل"), scale=0.5)
    with serve(ground.newsstand):
        yield ground


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_killed_again_and_again_loses_nothing_and_ends_as_without_a_kill(ground, job):
    kills = SHORT.get(job.name, EACH)
    report = Series(job(ground), seed=7, say=print).run(kills)
    assert report.at_work == kills
    assert report.complete > 0
    assert report.articles > 0 or kills == EACH, "so few may all come before the first batch"


@pytest.mark.slow
def test_watch_and_its_crawls_killed_again_and_again_go_on_by_themselves(tmp_path):
    report = watching.run(tmp_path, kills=WATCHED, seed=7, say=print)
    assert (report.kills, report.complete) == (WATCHED, 1)
    assert report.articles > 0


@pytest.fixture
def root(tmp_path):
    return fill(tmp_path / "archive")


def change(root: Path, statement: str) -> None:
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute(statement)


LOSSES = [
    "delete from articles where url like '%/0'",
    "update articles set title = 'غيره' where url like '%/1'",
    "update articles set url = 'https://alwaraq.example/elsewhere' where url like '%/2'",
    "delete from revisions where number = 2",
    "update revisions set text = 'غيره' where number = 1",
]


@pytest.mark.parametrize("statement", LOSSES)
def test_what_was_acknowledged_and_is_not_as_it_was_is_noticed(root, statement):
    before = acknowledged(root)
    assert len(before) == 3
    assert still_there(before, root) == before
    with closing(sqlite3.connect(root / "archive.db")) as db:
        db.create_function("warraq_analyse", 1, lambda text: text)
        db.execute(statement)
        db.commit()
    with pytest.raises(Unsound, match=r"was acknowledged and is lost|was \("):
        still_there(before, root)


def test_an_article_that_comes_later_is_no_loss(root):
    before = acknowledged(root)
    with opened(root) as store:
        page(store, 7, "بعد")
    assert len(still_there(before, root)) == 4


def test_an_article_that_is_rewritten_is_as_it_was_or_wholly_as_it_will_be(root):
    before = acknowledged(root)
    (url, article), *_ = before.items()
    goal = {url: (article[0], "عنوان جديد", *article[2:])}
    changed = {url: (article[0], "عنوان ثالث", *article[2:])}
    assert still_there(before, root, goal=goal)
    assert still_there(changed, root, goal=before)
    with pytest.raises(Unsound, match=r"was \("):
        still_there(changed, root, goal=goal)


def test_a_damaged_record_is_noticed_by_each_reader(root):
    assert sound(root).records > 2 * 7
    (path, *_) = sorted((root / "warc").rglob("*.warc.gz"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Unsound):
        sound(root)
    with pytest.raises(Unsound):
        without_damage(root)


def test_what_waits_for_a_repair_is_no_damage_and_not_sound(root):
    change(root, "update runs set state = 'running' where id = 2")
    (_, path) = sorted((root / "warc").rglob("*.warc.gz"))
    with path.open("ab") as file:
        file.write(b"torn")
    without_damage(root)
    with pytest.raises(Unsound, match="the next command that writes sees to them"):
        sound(root)


def test_a_run_that_nobody_ended_is_noticed(root):
    with opened(root) as store:
        store.batch.commit()
    change(root, "update runs set state = 'running' where id = 3")
    with pytest.raises(Unsound, match="run 3 is said to go on"):
        sound(root)


def test_a_child_that_outlives_its_parent_is_noticed_and_ended(tmp_path):
    sleep = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time;"
    sleep += " time.sleep(60)']); sys.stdin.read(); import time; time.sleep(60)"
    log, after = tmp_path / "log", Moment(gauge=START_UP, amount=0.5)
    ended = run([sys.executable, "-c", sleep], tmp_path, {}, log=log, moment=after, alone=True)
    assert (ended.killed, ended.at_work, ended.code) == (True, False, -signal.SIGKILL)
    assert not has_ended(ended.group, within=0.5)
    assert has_ended(ended.group, within=5)
    ended = run([sys.executable, "-c", sleep], tmp_path, {}, log=log, moment=after)
    assert has_ended(ended.group, within=5)


def test_a_process_that_ends_by_itself_was_not_killed(tmp_path):
    late = Moment(gauge="seconds", amount=60)
    ended = run([sys.executable, "-c", ""], tmp_path, {}, log=tmp_path / "log", moment=late)
    assert (ended.killed, ended.code) == (False, 0)


class Forgetful(Backup):
    """A backup whose repair forgets an article."""

    name = "forgetful"

    def repair(self, root: Path) -> list[str]:
        forget = (
            "import sqlite3, subprocess, sys; subprocess.run(sys.argv[2:], check=True);"
            "from archive.search.index import register;"
            "db = sqlite3.connect(sys.argv[1] + '/archive.db');"
            "register(db); (lost,) = db.execute('select min(id) from articles').fetchone();"
            "[db.execute(f'delete from {table} where article = {lost}') for table in"
            " ('revisions', 'article_tags', 'article_authors', 'embeds', 'images')];"
            "db.execute(f'delete from articles where id = {lost}'); db.commit()"
        )
        return [sys.executable, "-c", forget, str(root), *super().repair(root)]


@pytest.mark.slow
def test_a_series_ends_at_the_first_loss(tmp_path):
    with pytest.raises(Unsound, match="was acknowledged and is lost"):
        Series(Forgetful(Ground(tmp_path, scale=0.1)), seed=1, say=print).run(3)


def test_the_command_names_its_jobs():
    done = CliRunner().invoke(main, ["nothing"])
    assert done.exit_code == 2
    assert f"there are {', '.join(job.name for job in JOBS)}" in done.output
