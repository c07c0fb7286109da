"""Whoever waits for the archive gets it between two slices of another job."""

import asyncio
import time
from functools import partial

import pytest

from archive import database
from archive.errors import ArchiveLocked
from archive.store import Store
from crawler import turns
from crawler.turns import Stop, take_turns


def opened(root, name="job"):
    return partial(Store, root, command=name, software="test")


def turn(root, work, **options):
    return take_turns(opened(root), work, root=root, **({"stop": Stop()} | options))


async def never(_store, _ends_at):
    raise AssertionError


async def test_a_turn_is_taken_at_once_where_nobody_writes(tmp_path):
    held = []

    async def work(_store, ends_at):
        held.append("`warraq job` (process" in (database.held_by(tmp_path) or ""))
        assert ends_at > time.monotonic()
        return False

    await turn(tmp_path, work, patience=0)
    assert held == [True]
    assert database.held_by(tmp_path) is None


async def test_without_patience_nobody_waits(tmp_path, caplog):
    with opened(tmp_path, "other")(), pytest.raises(ArchiveLocked, match="other"):
        await turn(tmp_path, never, patience=0)
    assert not caplog.records


async def test_patience_ends(tmp_path, caplog):
    with opened(tmp_path, "other")(), pytest.raises(ArchiveLocked, match="other"):
        await turn(tmp_path, never, patience=0.3)
    assert len(caplog.records) == 1


async def test_who_is_told_to_stop_waits_no_longer(tmp_path):
    stop = Stop()
    with opened(tmp_path, "other")():
        asyncio.get_running_loop().call_later(0.2, setattr, stop, "asked", True)
        began = time.monotonic()
        await turn(tmp_path, never, patience=60, stop=stop)
    assert time.monotonic() - began < 5


async def test_two_jobs_take_turns_slice_by_slice(tmp_path):
    """Each of them would write without a pause; neither has two slices while the other waits."""
    slices = []

    async def work(name, _store, _ends_at):
        slices.append(name)
        await asyncio.sleep(0.2)
        return slices.count(name) < 4

    await asyncio.gather(turn(tmp_path, partial(work, "a")), turn(tmp_path, partial(work, "b")))
    assert "".join(slices) in {"abababab", "babababa"}


async def test_nobody_is_waited_for_where_nobody_waits(tmp_path):
    with opened(tmp_path)():
        pass
    began = time.monotonic()
    await turns.hand_over(tmp_path)
    assert time.monotonic() - began < 0.05


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, ""), (1, "finishing 1 page; "), (3, "finishing 3 pages; ")],
)
async def test_a_stop_says_at_once_how_many_pages_are_finished(capsys, number, said):
    stop, reactions = Stop(), list[int]()
    stop.in_hand = lambda: number
    stop.react = lambda: reactions.append(number)
    stop()
    assert (stop.asked, reactions) == (True, [number])
    assert capsys.readouterr().err == (said and f"{said}Ctrl-C again stops at once\n")
