"""The end of a crawl that somebody asks for: by Ctrl-C, SIGTERM or the end of the parent."""

import asyncio
import os
import signal
import sys
from typing import Protocol


class Stoppable(Protocol):
    """What can be asked to begin nothing more."""

    def stop(self) -> None: ...


class Stop:
    """Ctrl-C and SIGTERM: once, what is in hand is finished; twice, the process ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self.spider: Stoppable | None = None

    def install(self, *, with_parent: bool) -> None:
        """Take the signals of the running event loop, and the end of standard input."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self)
        if with_parent:
            loop.add_reader(sys.stdin, self._parent_ended)

    def _parent_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin)
        if not self.asked:
            self()

    def __call__(self) -> None:
        if self.asked:
            os._exit(130)
        self.asked = True
        if self.spider is not None:
            self.spider.stop()
