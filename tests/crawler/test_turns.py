"""Whoever waits for the archive gets it between two slices of another job."""

import asyncio
import contextlib
import time
from functools import partial

import pytest

from archive import database
from archive.errors import ArchiveLocked
from archive.store import Store
from crawler import turns
from crawler.turns import Stop


def opened(root, name="job"):
    return partial(Store, root, command=name, software="test")


async def test_a_turn_is_taken_at_once_where_nobody_writes(tmp_path):
    with contextlib.ExitStack() as turn:
        await turns.take(turn, opened(tmp_path), tmp_path, Stop(), patience=0)
        assert database.is_held(tmp_path)
    assert not database.is_held(tmp_path)


async def test_without_patience_nobody_waits(tmp_path):
    waited: list[ArchiveLocked] = []
    with (
        opened(tmp_path, "other")(),
        contextlib.ExitStack() as turn,
        pytest.raises(ArchiveLocked, match="other"),
    ):
        await turns.take(turn, opened(tmp_path), tmp_path, Stop(), patience=0, waits=waited.append)
    assert waited == []


async def test_patience_ends(tmp_path):
    waited: list[ArchiveLocked] = []
    with (
        opened(tmp_path, "other")(),
        contextlib.ExitStack() as turn,
        pytest.raises(ArchiveLocked, match="other"),
    ):
        await turns.take(
            turn, opened(tmp_path), tmp_path, Stop(), patience=0.3, waits=waited.append
        )
    assert len(waited) == 1


async def test_who_is_told_to_stop_waits_no_longer(tmp_path):
    stop = Stop()
    with opened(tmp_path, "other")(), contextlib.ExitStack() as turn:
        asyncio.get_running_loop().call_later(0.2, setattr, stop, "asked", True)
        began = time.monotonic()
        with pytest.raises(ArchiveLocked):
            await turns.take(turn, opened(tmp_path), tmp_path, stop, patience=60)
    assert time.monotonic() - began < 5


async def test_two_jobs_take_turns_slice_by_slice(tmp_path):
    """Each of them would write without a pause; neither has two slices while the other waits."""
    slices = []

    async def job(name):
        for _ in range(4):
            with contextlib.ExitStack() as turn:
                await turns.take(turn, opened(tmp_path, name), tmp_path, Stop(), patience=20)
                slices.append(name)
                await asyncio.sleep(0.2)
            await turns.hand_over(tmp_path)

    await asyncio.gather(job("a"), job("b"))
    assert "".join(slices) in {"abababab", "babababa"}


async def test_nobody_is_waited_for_where_nobody_waits(tmp_path):
    with opened(tmp_path)():
        pass
    began = time.monotonic()
    await turns.hand_over(tmp_path)
    assert time.monotonic() - began < 0.05
