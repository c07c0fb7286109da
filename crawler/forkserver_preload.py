"""Imported by the process that workers are forked from, and nowhere else.

A worker that is asked for as its crawl ends finds nobody who would tell it what to do. That is no
news for a person, and Python would print a traceback.
"""

import sys
from pickle import UnpicklingError
from types import TracebackType

# What it was to read has gone: the pipe to whoever asked, or a lock of theirs.
_GONE = (EOFError, UnpicklingError, ConnectionError, FileNotFoundError)


def _told(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if not issubclass(kind, _GONE):
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = _told
