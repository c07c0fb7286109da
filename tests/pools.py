"""The worker processes of all crawls of a test run: starting some takes longer than most crawls."""

from multiprocessing.context import ForkServerContext
from typing import Any

from crawler.workers import Worker

_waiting: list[Worker] = []


class Borrowed:
    """Stands for a process of a crawl's own; the next crawl gets it, unless it is at work."""

    def __init__(self, context: ForkServerContext) -> None:
        self._worker = _waiting.pop() if _waiting else Worker(context)
        self._is_at_work = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._worker, name)

    async def do(self, work: Any) -> Any:
        self._is_at_work = True
        answer = await self._worker.do(work)
        self._is_at_work = False
        return answer

    def end(self) -> None:
        if self._is_at_work or not self._worker.process.is_alive():
            self._worker.end()
        else:
            _waiting.append(self._worker)
