"""One file for each day of a writer: continued by the next run, closed when the day is over."""

import re
import shutil

from archive import visits
from archive.maintenance.verify import verify
from archive.warc import reader, records
from tests.archive.desk import HOUR, NOON, PAPER, Hands, add_page, kill_like, opened, rows


def run_of_a_page(root, number, at=NOON):
    with opened(root, Hands(at)) as store:
        store.publish(PAPER)
        add_page(store, number)
        return store.run


def lengths(root):
    return rows(root, "select name, bytes, closed from warc_files order by name")


def test_the_runs_of_a_day_share_a_file_and_each_day_has_its_own(tmp_path):
    for number, at in enumerate((NOON, NOON + HOUR, NOON + 12 * HOUR)):
        run_of_a_page(tmp_path, number, at)
    (first, bytes_1, closed_1), (second, bytes_2, closed_2) = lengths(tmp_path)
    assert re.fullmatch(r"2020-11/warraq-20201109-[a-z2-7]{6}-001\.warc\.gz", first)
    assert second == first.replace("1109", "1110")
    assert (closed_1, closed_2) == (1, 0)
    sizes = [(tmp_path / "warc" / name).stat().st_size for name in (first, second)]
    assert sizes == [bytes_1, bytes_2]
    names = [name for (name,) in rows(tmp_path, "select name from runs order by id")]
    assert [name.rpartition("-")[2] for name in names] == ["1", "2", "3"]
    told = [
        [record.run for record in reader.records(tmp_path / "warc" / name) if record.run]
        for name in (first, second)
    ]
    assert [list(dict.fromkeys(runs)) for runs in told] == [names[:2], names[2:]]
    assert verify(tmp_path).damages == []


def test_a_run_goes_on_in_the_file_of_the_next_day(tmp_path):
    clock = Hands(NOON + 11 * HOUR)
    with opened(tmp_path, clock) as store:
        store.publish(PAPER)
        add_page(store, 1)
        store.batch.commit()
        clock.advance()
        add_page(store, 2)
    before, after = (tmp_path / "warc" / name for name, _, _ in lengths(tmp_path))
    assert [closed for _, _, closed in lengths(tmp_path)] == [1, 0]
    for path in (before, after):
        run = list(reader.records(path))[1]
        fields = records.read_fields(run.block)
        assert (fields["act"], fields["run"]) == ("run", run.run)
        assert run.date == NOON + 11 * HOUR
    assert {record.run for path in (before, after) for record in reader.records(path)} == {
        run.run, None,
    }  # fmt: skip


def test_a_slice_in_which_nothing_is_fetched_leaves_no_file(tmp_path):
    for hour in range(3):
        with opened(tmp_path, Hands(NOON + hour * HOUR)) as store:
            visits.due(store.db, PAPER.slug, now=store.clock(), articles=False, limit=1)
    assert list((tmp_path / "warc").rglob("*.warc.gz")) == []


def test_nothing_is_appended_to_a_file_that_has_more_or_less_than_is_acknowledged(tmp_path):
    run_of_a_page(tmp_path, 1)
    ((first, length, _),) = lengths(tmp_path)
    path = tmp_path / "warc" / first
    with path.open("ab") as file:
        file.write(b"not ours")
    run_of_a_page(tmp_path, 2)
    assert path.stat().st_size == length + 8
    assert [name[-12:] for name, _, _ in lengths(tmp_path)] == ["-001.warc.gz", "-002.warc.gz"]


def test_a_copy_that_is_written_to_names_its_files_by_a_word_of_its_own(tmp_path):
    first, copy, moved = (tmp_path / name for name in ("first", "copy", "moved"))
    run_of_a_page(first, 1)
    shutil.copytree(first, copy)
    first.rename(moved)
    for root, count in ((moved, 1), (copy, 2)):
        run_of_a_page(root, 2)
        assert len(lengths(root)) == count
        assert verify(root).damages == []


def test_a_killed_run_of_a_shared_file_costs_the_run_before_it_nothing(tmp_path):
    run_of_a_page(tmp_path, 1)
    ((name, length, _),) = lengths(tmp_path)
    before = (tmp_path / "warc" / name).read_bytes()
    store = opened(tmp_path, Hands(NOON + HOUR))
    store.__enter__()
    add_page(store, 2)
    kill_like(store)
    with (tmp_path / "warc" / name).open("r+b") as file:
        file.truncate((tmp_path / "warc" / name).stat().st_size - 5)
    run_of_a_page(tmp_path, 3, NOON + 2 * HOUR)
    assert (tmp_path / "warc" / name).read_bytes()[:length] == before
    assert rows(tmp_path, "select run, count(*) from captures group by run") == [
        (1, 1), (2, 1), (3, 1),
    ]  # fmt: skip
    assert len(lengths(tmp_path)) == 1
    assert verify(tmp_path).damages == []
