"""The worker processes of all crawls of a test run: starting some takes longer than most crawls."""

import atexit
from concurrent.futures import Future
from typing import Any

from pebble import ProcessPool

_pools: list[ProcessPool] = []  # the last one is at work, those before it broke


class Borrowed:
    """Stands for a pool of a crawl's own.

    What a crawl calls off is done nevertheless, and nobody hears of it: a worker that is killed
    would take the pool of the others with it.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._answers: list[Future[Any]] = []
        self.active = True

    def schedule(self, work: Any, *, timeout: float | None = None) -> Future[Any]:
        if not self.active:
            raise RuntimeError("the pool has ended")
        answer: Future[Any] = Future()
        self._answers = [other for other in self._answers if not other.done()] + [answer]
        future = _pool(self._options).schedule(work, timeout=timeout)
        future.add_done_callback(lambda done: _hand_on(done, answer))
        return answer

    def stop(self) -> None:
        self.active = False
        for answer in self._answers:
            answer.cancel()

    def join(self) -> None:
        pass


def _hand_on(done: Future[Any], answer: Future[Any]) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    if error := done.exception():
        answer.set_exception(error)
    else:
        answer.set_result(done.result())


def _pool(options: dict[str, Any]) -> ProcessPool:
    if not _pools or not _pools[-1].active:
        _pools.append(ProcessPool(**options | {"max_workers": 2}))
    return _pools[-1]


def _end() -> None:
    for pool in _pools:
        pool.stop()
        pool.join()


atexit.register(_end)
