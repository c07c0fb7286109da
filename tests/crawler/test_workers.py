"""Tests of workers."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from archive.models import Capture, Kind, PageKind, WarcLocation
from crawler import workers
from crawler.errors import NotAListing, NoWorkers, Unread
from crawler.listings import follow
from crawler.publisher import Publisher
from crawler.workers import BROKEN_POOLS, Stopped, Workers, start_forkserver
from tests.crawler import shell, wire

pytestmark = pytest.mark.usefixtures("own_workers")
PAPER = Publisher(slug="paper", name="الجريدة")


def capture(number=1, body=None):
    return Capture(
        url=f"https://x.example/{number}",
        publisher="paper",
        kind=Kind.ARTICLE,
        fetched_at=datetime(2026, 11, 23, tzinfo=UTC),
        status=200,
        content_type="text/html; charset=utf-8",
        body=wire.article(f"خبر رقم {number}") if body is None else body,
    )


def slow_page():
    """Return a page whose reading takes long: hardly fewer tags than are read at all."""
    paragraphs = "<p>كلمة أخرى في النص الطويل من الجريدة</p>" * 49_000
    return f"<html><body><article><h1>عنوان</h1>{paragraphs}</article></body></html>".encode()


needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")


def pids(pool):
    return list(pool._pool._pool_manager.worker_manager.workers)


@pytest.fixture
def pool():
    made = Workers(processes=2)
    yield made
    made.close()


async def test_pages_are_read_side_by_side(pool):
    found = await asyncio.gather(*(pool.extract(capture(n), PAPER) for n in range(12)))
    assert [one.title for one in found] == [f"خبر رقم {n}" for n in range(12)]
    assert {one.kind for one in found} == {PageKind.ARTICLE}


async def test_the_pages_of_one_publisher_leave_room_for_those_of_others():
    pool, ended = Workers(processes=1), []

    async def do(whose):
        await pool.do(partial(time.sleep, 0.05), whose=whose)
        ended.append(whose)

    try:
        await asyncio.gather(*map(do, ["slow"] * 10 + ["other"] * 2))
    finally:
        pool.close()
    assert len(ended) == 12
    assert ended.index("other") <= 2


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff\xfe", b"<", b"<html>", b"{}"])
async def test_a_page_that_says_nothing_breaks_nothing(pool, body):
    found = await pool.extract(capture(body=body), PAPER)
    assert not {problem.kind for problem in found.problems} & {"extract-error", "extract-crash"}


async def test_a_page_that_takes_too_long_is_a_problem_and_the_next_one_is_read():
    pool = Workers(processes=1, seconds=1.0)
    try:
        await pool.extract(capture(), PAPER)  # the worker is up
        began = time.monotonic()
        slow, quick = await asyncio.gather(
            pool.extract(capture(body=slow_page()), PAPER), pool.extract(capture(2), PAPER)
        )
        assert time.monotonic() - began < 10
    finally:
        pool.close()
    assert [problem.kind for problem in slow.problems] == ["extract-timeout"]
    assert "1 s" in slow.problems[0].detail
    assert slow.text == ""
    assert quick.title == "خبر رقم 2"


@needs_proc
async def test_a_worker_killed_at_work_is_replaced_and_the_others_are_read():
    pool = Workers(processes=1)
    try:
        await pool.extract(capture(), PAPER)
        pages = [
            asyncio.ensure_future(pool.extract(capture(n, slow_page() if n == 0 else None), PAPER))
            for n in range(4)
        ]
        await asyncio.sleep(0.5)
        (busy,) = pids(pool)
        shell.kill(busy)
        found = await asyncio.wait_for(asyncio.gather(*pages), 20)
    finally:
        pool.close()
    assert [problem.kind for problem in found[0].problems] == ["extract-crash"]
    assert [one.title for one in found[1:]] == ["خبر رقم 1", "خبر رقم 2", "خبر رقم 3"]


async def test_an_error_while_reading_is_a_problem(pool, monkeypatch):
    monkeypatch.setattr(workers, "_extract", int)  # picklable, and no reader of pages
    found = await pool.extract(capture(), PAPER)
    assert [problem.kind for problem in found.problems] == ["extract-error"]
    assert "TypeError" in found.problems[0].detail


def full(*_, **__):
    """Read a page for which there is not memory enough."""
    raise MemoryError


async def test_a_page_or_listing_that_takes_too_much_memory_is_a_problem(pool, monkeypatch):
    monkeypatch.setattr(workers, "_extract", full)
    monkeypatch.setattr(workers, "_links", full)
    found = await pool.extract(capture(), PAPER)
    assert [problem.kind for problem in found.problems] == ["extract-error"]
    with pytest.raises(NotAListing, match="MemoryError"):
        await pool.links(replace(capture(), kind=Kind.SITEMAP))


def take(megabytes):
    """Take so much memory, and say how much it was."""
    return len(bytes(megabytes * 1024**2)) // 1024**2


async def test_a_worker_has_the_memory_that_it_is_given_and_no_more():
    pool = Workers(processes=1, megabytes=400)
    try:
        assert await pool.do(partial(take, 50)) == 50
        with pytest.raises(Unread, match="MemoryError"):
            await pool.do(partial(take, 400))
    finally:
        pool.close()


@pytest.mark.parametrize(
    ("memory", "container", "cores", "number"),
    [
        (980, "max", 2, 1),
        (1950, "max", 2, 2),
        (1950, "max", 8, 2),
        (24_000, "", 4, 4),
        (24_000, str(1024**3), 16, 1),
    ],
)
def test_a_small_machine_or_container_has_fewer_workers(
    monkeypatch, tmp_path, memory, container, cores, number
):
    (tmp_path / "memory.max").write_text(container)
    monkeypatch.setattr(workers, "_CONTAINER", tmp_path / "memory.max")
    sizes = {"SC_PHYS_PAGES": memory * 256, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert workers.usual_number(512) == number


def die(counted, times, _megabytes):
    """Begin a worker: the first so many end at once, as one does that has no memory left."""
    with Path(counted).open("a+b") as file:
        file.write(b".")
        file.flush()
        if Path(counted).stat().st_size <= times:
            os._exit(1)


def dying(monkeypatch, tmp_path, times):
    counted = tmp_path / "begun"
    monkeypatch.setattr(workers, "_begin", partial(die, counted, times))
    return counted


@pytest.mark.slow
async def test_a_pool_whose_processes_all_die_as_they_start_is_replaced(tmp_path, monkeypatch):
    counted = dying(monkeypatch, tmp_path, 3)
    pool = Workers(processes=1)
    try:
        found = await asyncio.wait_for(
            asyncio.gather(*(pool.extract(capture(n), PAPER) for n in range(6))), 40
        )
        assert pool.failure is None
    finally:
        pool.close()
    assert [one.title for one in found] == [f"خبر رقم {n}" for n in range(6)]
    assert counted.stat().st_size == 4


@needs_proc
async def test_processes_that_are_killed_between_two_pages_are_replaced(pool):
    for number in range(BROKEN_POOLS + 2):  # more often than a pool may break in a row
        found = await asyncio.wait_for(pool.extract(capture(number), PAPER), 20)
        assert found.title == f"خبر رقم {number}"
        for process in pids(pool):
            shell.kill(process)
    assert pool.failure is None


@pytest.mark.slow
async def test_pools_that_die_again_and_again_are_given_up(tmp_path, monkeypatch):
    counted = dying(monkeypatch, tmp_path, 1000)
    pool = Workers(processes=1)
    try:
        pages = (pool.extract(capture(n), PAPER) for n in range(4))
        asked = (*pages, pool.links(capture()), pool.wall(capture()))
        ends = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 40)
        begun = counted.stat().st_size
        with pytest.raises(Stopped):
            await pool.extract(capture(), PAPER)
    finally:
        pool.close()
    assert {type(one) for one in ends} == {Stopped}
    assert "die as they start" in str(pool.failure)
    assert begun == counted.stat().st_size < 20


async def test_of_readings_that_are_called_off_nothing_is_heard():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    pool = Workers(processes=2)
    readings = [
        asyncio.ensure_future(pool.extract(capture(n, slow_page()), PAPER)) for n in range(9)
    ]
    await asyncio.sleep(0.5)
    for reading in readings:
        reading.cancel()
    assert {type(one) for one in await asyncio.gather(*readings, return_exceptions=True)} == {
        asyncio.CancelledError
    }
    # As pebble does where its threads find the pipe closed by whoever ends the pool.
    pool._pool._pool_manager.handle_broken_pool(BrokenProcessPool())
    pool.close()
    await asyncio.sleep(0.1)  # what the pool said of them has come in
    del readings
    gc.collect()
    assert told == []


async def test_a_closed_pool_reads_nothing_more():
    pool = Workers(processes=1)
    pool.close()
    with pytest.raises(Stopped):
        await pool.extract(capture(), PAPER)


@pytest.mark.slow
async def test_a_crawl_without_readers_ends_and_its_pages_stay_due(archive, tmp_path, monkeypatch):
    dying(monkeypatch, tmp_path, 1000)
    with pytest.raises(NoWorkers, match="still due"):
        await archive.crawl()
    assert archive.rows("select count(*) from articles") == [(0,)]
    assert archive.problems() == []
    due = "select count(*) from visits where due_at <= '2026-11-23T12:00:00Z'"
    assert archive.rows(due) >= [(1,)]
    monkeypatch.undo()
    assert (await archive.crawl()).problems == []
    assert archive.rows("select count(*) from articles") == [(2,)]


PARENT = """
import asyncio, sys
from tests.crawler.test_workers import PAPER, capture, slow_page
from crawler.workers import Workers

async def main():
    pool = Workers(processes=2)
    await asyncio.gather(*(pool.extract(capture(n), PAPER) for n in range(4)))
    print("ready", flush=True)
    await asyncio.gather(*(pool.extract(capture(n, slow_page()), PAPER) for n in range(2)))

if __name__ == "__main__":
    asyncio.run(main())
"""


@needs_proc
@pytest.mark.slow
def test_workers_end_when_their_parent_is_killed(tmp_path):
    program = tmp_path / "parent.py"
    program.write_text(PARENT, "utf-8")
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        cwd=shell.ROOT,
        env=os.environ | {"PYTHONPATH": str(shell.ROOT)},
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        below = shell.children(parent.pid)
        assert len(below) >= 2
        parent.kill()
        parent.wait()
        assert wire.until(lambda: not any(map(shell.alive, below)), seconds=10)


# A worker is asked for, and whoever asked is gone before it is told what to do.
ASKED_IN_VAIN = """
import os
from multiprocessing import forkserver
from crawler.workers import start_forkserver
if __name__ == "__main__":
    start_forkserver()
    status, to_worker = forkserver.connect_to_new_process([])
    os.write(to_worker, {written!r})
    os.close(to_worker)
    forkserver.read_signed(status)  # its process
    print(forkserver.read_signed(status))  # how it ended
"""


def ended(written: bytes) -> tuple[str, str]:
    """Return how a worker ended that was told no more than this, and what was printed of it."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED_IN_VAIN.format(written=written)],
        cwd=shell.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip(), done.stderr


@pytest.mark.slow
def test_a_worker_that_nobody_tells_what_to_do_any_more_ends_without_a_word():
    assert ended(b"") == ("1", "")
    assert ended(b"\x80\x04\x95") == ("1", "")


def test_any_other_error_is_told():
    code, said = ended(b"cnowhere\nnothing\n.")
    assert code == "1"
    assert "ModuleNotFoundError: No module named 'nowhere'" in said


async def test_a_sitemap_is_read_by_a_worker_as_far_as_it_goes(pool, monkeypatch):
    monkeypatch.delattr(follow, "links")  # in this process
    entries = "".join(f"<url><loc>https://x.example/{n}</loc></url>" for n in range(700))
    body = f"<urlset>{entries}<url></broken>".encode()
    links = iter(await pool.links(replace(capture(body=body), kind=Kind.SITEMAP)))
    assert [next(links).url for _ in range(700)][-1] == "https://x.example/699"
    with pytest.raises(NotAListing, match="the sitemap breaks"):
        next(links)
    with pytest.raises(NotAListing, match="not a sitemap"):
        await pool.links(replace(capture(body=b"x"), kind=Kind.SITEMAP))


def test_of_a_sitemap_with_too_many_pages_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(workers, "MOST_PAGES", 3)
    rows = "".join(
        f"<url><loc>https://x.example/{day}</loc><lastmod>2026-11-{day:02}</lastmod></url>"
        for day in range(1, 9)
    )
    listing = replace(capture(body=f"<urlset>{rows}".encode()), kind=Kind.SITEMAP)
    links, broken = workers._links(listing, announced=False)
    assert [link.url[-1] for link in links] == ["8", "7", "6"]
    assert broken is not None


async def test_a_sitemap_is_read_as_a_whole_where_the_earlier_one_is_gone(pool, tmp_path):
    listing = replace(capture(body=b"<urlset/>"), kind=Kind.SITEMAP)
    place = WarcLocation(file="gone.warc.gz", offset=0, length=1)
    assert await pool.changed(listing, tmp_path, place) == (listing, 0)


async def test_a_listing_is_followed_no_further_once_the_crawl_is_stopped(pool):
    rows = "<url><loc>https://x.example/1</loc></url>" * 3
    listing = replace(capture(body=f"<urlset>{rows}</urlset>".encode()), kind=Kind.SITEMAP)
    links = iter(await pool.links(listing))
    assert next(links).url == "https://x.example/1"
    pool.stop()
    with pytest.raises(Stopped):
        next(links)


@pytest.mark.slow
def test_ctrl_c_as_they_start_is_not_lost(monkeypatch):
    deaf = []

    def start():
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # pytest has other threads
        deaf.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    monkeypatch.setattr("multiprocessing.forkserver.ensure_running", start)
    with pytest.raises(KeyboardInterrupt):
        start_forkserver()
    assert deaf == [True]  # and so is what is started


async def test_what_no_process_has_begun_is_left_once_the_crawl_is_stopped():
    pool = Workers(processes=1)
    begun, waiting = (asyncio.ensure_future(pool.do(partial(time.sleep, 2))) for _ in range(2))
    await asyncio.sleep(0.5)
    pool.stop()
    with pytest.raises(Stopped):
        await waiting
    assert not begun.done()
    await begun
    pool.close()
