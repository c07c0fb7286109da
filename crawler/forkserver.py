"""The process that workers are forked from: started first, it imports what they need meanwhile."""

import multiprocessing
import signal
import sys
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

# What Python's clean-up process would tell a person who ends a crawl at once; it does clean up.
_NO_ALARM = "ignore:resource_tracker"


def start_forkserver() -> ForkServerContext:
    """Start the process, unless it runs, and return the context whose processes it forks.

    It is deaf to a terminal's Ctrl-C from the start: it would hear one while it still imports, and
    take the workers with it.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["crawler.forkserver_preload", "crawler.extract.page", "crawler.listings"]
    )
    if _NO_ALARM not in sys.warnoptions:
        sys.warnoptions.append(_NO_ALARM)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
    return context
