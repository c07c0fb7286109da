"""A backup brings an archive back after each kind of loss, and an earlier day of it."""

import shutil
from contextlib import closing
from datetime import date, timedelta
from functools import partial

import pytest

from archive.database import open_for_reading
from archive.errors import ArchiveError
from archive.maintenance.backup import back_up, earlier
from archive.maintenance.restore import restore
from archive.maintenance.verify import verify
from archive.maintenance.withhold import withhold
from fixtures import Newsstand, serve
from tests.archive.desk import HOUR, NOON, PAPER, Hands, kill_like, opened, rows
from tests.archive.filled import DAY, files, fill, page
from tests.crawler import shell
from tests.crawler.tables import differences, everything
from tests.killed.steps import killed_at
from tests.sound import acknowledged

LATER = Hands(NOON + 2 * DAY)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """A folder with an archive and its backup, after which its files grew and others came."""
    made = tmp_path_factory.mktemp("مفقود")
    root, newsstand = made / "archive", Newsstand(articles=20, papers=("manara",))
    with serve(newsstand):
        newsstand.write_publishers(root)
        for hours in (0, 24, 2):
            newsstand.advance(hours * HOUR)
            shell.run("crawl", "--now", newsstand.now().isoformat(), "--archive", root)
            if hours == 24:
                back_up(root, made / "backup", clock=newsstand.now)
    return made


@pytest.fixture
def root(crawled, tmp_path):
    return shutil.copytree(crawled / "archive", tmp_path / "archive")


@pytest.fixture
def backup(crawled, tmp_path):
    return shutil.copytree(crawled / "backup", tmp_path / "backup")


def said(root):
    """Return what readers meet; numbers of rows are an archive's own business."""
    wanted = {
        "articles": "id, title, text, capture, first_seen_at, last_seen_at",
        "revisions": "article, number, title, text, observed_at, capture",
        "captures": "id, url, article, outcome, warc_file, warc_offset, warc_length",
    }
    return {
        table: sorted(rows(root, f"select {columns} from {table}"))
        for table, columns in wanted.items()
    }


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


def no_database(root):
    for path in root.glob("archive.db*"):
        path.unlink()


def damaged_database(root):
    path = root / "archive.db"
    path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 4096 + path.read_bytes()[12288:])


LOSSES = {
    "nothing": lambda _root: None,
    "database gone": no_database,
    "database damaged": damaged_database,
    "file gone": lambda root: files(root)[0].unlink(),
    "file damaged": lambda root: flip(files(root)[0], 300),
    "file that grew damaged": lambda root: flip(files(root)[1], 300),
    "file cut": lambda root: files(root)[0].write_bytes(files(root)[0].read_bytes()[:999]),
}


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_after_each_loss_all_is_there_again(root, backup, loss):
    before = everything(root)
    LOSSES[loss](root)
    code, output = shell.run("restore", backup, root)
    assert code == 0, output
    assert output.endswith("no damage left.\n")
    assert ("is taken from the backup" in output) == (loss != "nothing")
    after = everything(root)
    for table, kept in before.items():
        if table == "visits":  # what was asked for with them is asked for once without validators
            assert [row[:8] for row in kept] == [row[:8] for row in after[table]]
        else:
            assert differences(kept, after[table]) == [], table
    assert verify(root).damages == []


@pytest.mark.slow
def test_after_the_loss_of_all_what_was_backed_up_is_there_again(root, backup, tmp_path):
    shutil.rmtree(root)
    code, output = shell.run("restore", backup, root)
    assert (code, output.splitlines()[-1]) == (0, f"{root}: no damage left.")
    assert everything(root) == everything(backup)
    assert (root / "publishers").is_dir()
    with opened(root) as store:
        store.publish(PAPER)
        page(store, 9, "بعد")
    assert verify(root).damages == []


@pytest.mark.slow
def test_a_torn_tail_is_cut_and_what_was_acknowledged_stays(root, backup):
    store = opened(root).__enter__()
    store.publish(PAPER)
    page(store, 10, "أقر")
    store.batch.commit()
    page(store, 11, "لم يقر")
    kill_like(store)
    before = said(root)
    with files(root)[0].open("ab") as file:
        file.write(b"\x1f\x8b\x08torn")
    code, output = shell.run("restore", backup, root)
    assert code == 0, output
    after = said(root)
    assert set(before["articles"]) <= set(after["articles"])
    assert (verify(root).damages, verify(root).notes) == ([], [])


@pytest.mark.slow
def test_what_is_damaged_there_as_well_is_named_and_what_is_replaced_is_kept(root, backup):
    for each in (root, backup):
        flip(files(each)[0], 300 if each == root else 400)
    flip(files(root)[1], 300)
    damaged = files(root)[1].read_bytes()
    done = restore(backup, root, clock=LATER)
    assert [len(done.files), len(done.unsound), done.database] == [1, 1, False]
    (aside,) = (root / "damaged").iterdir()
    assert aside.read_bytes() == damaged


@pytest.mark.slow
def test_a_backup_that_is_damaged_itself_damages_nothing(root, backup):
    before = [path.read_bytes() for path in files(root)]
    flip(files(backup)[0], 300)
    assert restore(backup, root, clock=LATER).files == ()
    assert [path.read_bytes() for path in files(root)] == before


@pytest.mark.slow
def test_a_file_that_lost_its_end_does_not_replace_the_copy(root, backup):
    path, copied = files(root)[0], files(backup)[0].read_bytes()
    path.write_bytes(copied[:999])
    assert back_up(root, backup, clock=LATER).missing
    assert files(backup)[0].read_bytes() == copied


@pytest.fixture
def days(tmp_path):
    """Some days of an archive that is backed up every night, of which five are kept."""
    root = fill(tmp_path / "archive")
    target, said_on, clock = tmp_path / "backup", {}, Hands(NOON + 2 * DAY)
    for number in range(12):
        with opened(root, clock) as store:
            page(store, number % 7 + 100, f"نص اليوم {number}", at=clock())
        clock.advance(6 * HOUR)
        for _ in range(2):  # the second changes nothing
            back_up(root, target, keep=5, clock=clock)
        said_on[clock().date()] = said(root)
        clock.advance(18 * HOUR)
    return root, target, said_on


@pytest.mark.slow
def test_each_kept_day_can_be_gone_back_to(days, tmp_path):
    root, backup, said_on = days
    last = max(said_on)
    assert [*earlier(backup)] == [last - timedelta(days=back) for back in range(5, 0, -1)]
    assert len(files(backup)) == len(files(root))
    for number, (day, before) in enumerate([*said_on.items()][-6:]):
        again = tmp_path / f"again {number}"
        restore(backup, again, day=day)
        assert said(again) == before
        assert (verify(again).damages, verify(again).notes) == ([], [])
    with pytest.raises(ArchiveError, match="does not go back to 2020-11-09: the first is"):
        restore(backup, tmp_path / "too old", day=date(2020, 11, 9))


@pytest.mark.slow
def test_what_was_withheld_since_an_earlier_day_is_withheld_there_too(days, tmp_path):
    root, backup, said_on = days
    clock = Hands(NOON + 14 * DAY)
    (article,) = rows(root, "select id from articles where url like '%/100'")[0]
    withhold(root, str(article), reason="شاهد", clock=clock)
    back_up(root, backup, keep=5, clock=clock)
    done = restore(backup, tmp_path / "again", day=max(said_on) - timedelta(days=2), clock=clock)
    assert done.withheld == 1
    with closing(open_for_reading(tmp_path / "again")) as db:
        assert db.execute("select 1 from articles where id = ?", (article,)).fetchone() is None


@pytest.mark.slow
def test_it_mixes_nothing_with_something_else(root, backup, tmp_path):
    other = fill(tmp_path / "other")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("x")
    day = date(2020, 11, 11)
    for source, target, at, why in (
        (tmp_path / "notes", root, None, "is not a complete backup"),
        (backup, backup, None, "is the backup itself"),
        (backup, backup / "in", None, "is the backup itself, or inside it"),
        (backup, tmp_path / "notes", None, "holds something else"),
        (backup, other, None, "is a backup of another archive"),
        (backup, root, day, "an earlier day goes into a new folder"),
    ):
        with pytest.raises(ArchiveError, match=why):
            restore(source, target, day=at)
    code, output = shell.run("restore", tmp_path / "notes", root)
    assert (code, output.count("\n")) == (1, 1)


@pytest.mark.slow
def test_a_restore_that_is_killed_at_any_step_is_completed_by_the_next(root, backup, tmp_path):
    flip(files(root)[0], 300)
    damaged_database(root)
    number, is_killed = 1, True
    while is_killed:
        copy = shutil.copytree(root, tmp_path / "copy")
        is_killed = killed_at(copy, number, partial(restore, backup, copy, clock=LATER))
        restore(backup, copy, clock=LATER)
        assert acknowledged(copy) == acknowledged(backup), number
        assert files(copy)[0].read_bytes() == files(backup)[0].read_bytes()
        shutil.rmtree(copy)
        number += 3
    assert number > 12
