"""The worker processes of all crawls of a test run: starting some takes longer than most crawls."""

import atexit
from concurrent.futures import Future
from functools import cache
from typing import Any

from pebble import ProcessPool


class Borrowed:
    """Stands for a pool of a crawl's own; when it ends, so does what it was given to do."""

    def __init__(self, **options: Any) -> None:
        self._pool = _pool(options["initializer"], options["context"])
        self._futures: list[Future[Any]] = []
        self._ended = False

    @property
    def active(self) -> bool:
        return not self._ended

    def schedule(self, work: Any, *, timeout: float | None = None) -> Future[Any]:
        if self._ended:
            raise RuntimeError("the pool has ended")
        self._futures = [future for future in self._futures if not future.done()]
        self._futures.append(self._pool.schedule(work, timeout=timeout))
        return self._futures[-1]

    def stop(self) -> None:
        self._ended = True
        for future in self._futures:
            future.cancel()

    def join(self) -> None:
        pass


@cache
def _pool(initializer: Any, context: Any) -> ProcessPool:
    pool = ProcessPool(max_workers=2, max_tasks=2000, initializer=initializer, context=context)

    def end() -> None:
        pool.stop()
        pool.join()

    atexit.register(end)
    return pool
