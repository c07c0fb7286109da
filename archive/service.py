"""What a long-running command owes its machine: systemd hears how it is, and it keeps a log.

systemd gets datagrams at the socket that NOTIFY_SOCKET names (sd_notify(3)), and reads a line's
priority at its beginning (sd-daemon(3)). Anywhere else nothing of this is done.
"""

import asyncio
import json
import logging
import os
import re
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LOG_BYTES = 10 << 20  # of a log file, until the next begins
LOG_FILES = 9  # earlier ones that are kept
_PRIORITIES = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6, "DEBUG": 7}  # syslog(3)
_LEVELS = {str(number): getattr(logging, name) for name, number in _PRIORITIES.items()}
_PREFIX = re.compile(r"<(\d)>(?:([\w.]+): )?")
_LINGER = 5.0  # seconds
_OF_PARENT = "parent"  # what JOURNAL_STREAM is for a child whose lines its parent logs


def notify(**states: object) -> None:
    """Send systemd states such as READY=1 or STATUS="…"; nothing where nobody listens."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    lines = (f"{name}={' '.join(str(state).split())}" for name, state in states.items())
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        if place.startswith(("/", "@")):
            channel.connect(place.replace("@", "\0", 1) if place[0] == "@" else place)
            channel.send("\n".join(lines).encode())


@asynccontextmanager
async def notifying(status: str) -> AsyncIterator[None]:
    """Let systemd know that a service is ready, and at the end that it stops.

    Meanwhile its watchdog hears from the running event loop, and from nothing else: where that
    hangs, systemd starts the service again.
    """
    usec, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    is_watched = usec.isdecimal() and pid in {None, str(os.getpid())}
    beat = asyncio.ensure_future(_beat(int(usec) / 2e6)) if is_watched else None
    notify(READY=1, STATUS=status)
    try:
        yield
    finally:
        notify(STOPPING=1)
        if beat:
            beat.cancel()


async def _beat(seconds: float) -> None:
    while True:
        notify(WATCHDOG=1)
        await asyncio.sleep(seconds)


def goes_to_journal() -> bool:
    """Return whether standard error is the journal's, or a parent's that logs what it reads."""
    named = os.environ.get("JOURNAL_STREAM")
    with suppress(OSError, ValueError):
        place = os.fstat(sys.stderr.fileno())
        return named in {f"{place.st_dev}:{place.st_ino}", _OF_PARENT}
    return False


def open_log(level: str, file: Path | None = None) -> None:
    """Log messages from a level up: into a file that rotates, or for whoever reads standard error.

    A file named `*.jsonl` gets an object a line: at (UTC), level, name, message.
    """
    handler: logging.Handler = logging.StreamHandler()
    if file:
        handler = RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
        handler.setFormatter(_Json() if file.suffix == ".jsonl" else _Line())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for_journal()


def for_journal() -> None:
    """Let log messages on standard error be such as the journal reads, if that is where they go."""
    for handler in logging.root.handlers if goes_to_journal() else ():
        if not isinstance(handler, RotatingFileHandler):
            handler.setFormatter(_Priority())


class _Priority(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        start = f"<{_PRIORITIES.get(record.levelname, 6)}>"
        lines = f"{record.name}: {super().format(record)}".splitlines()
        return "\n".join(start + line for line in lines)


class _Line(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")


class _Json(_Line):
    def format(self, record: logging.LogRecord) -> str:
        message = super().format(record).partition(f"{record.name}: ")[2]
        said = {"at": record.asctime, "level": record.levelname, "name": record.name}
        return json.dumps(said | {"message": message}, ensure_ascii=False)


def streams_of_child() -> dict[str, Any]:
    """Return how a child is started whose lines go into this process's log file, if it has one."""
    if not any(isinstance(handler, RotatingFileHandler) for handler in logging.root.handlers):
        return {}
    pipe = asyncio.subprocess.PIPE
    return {"stdout": pipe, "stderr": pipe, "env": {**os.environ, "JOURNAL_STREAM": _OF_PARENT}}


@asynccontextmanager
async def logged(child: asyncio.subprocess.Process, name: str) -> AsyncIterator[None]:
    """Log what a child writes, while the block waits for its end: errors by their priorities."""
    streams = ((child.stdout, logging.INFO), (child.stderr, logging.WARNING))
    tasks = [asyncio.ensure_future(_log(out, level, name)) for out, level in streams if out]
    try:
        yield
    finally:
        if tasks:  # of a child that was killed, a process of its own may write for a while
            await asyncio.wait(tasks, timeout=_LINGER)
        for task in tasks:
            task.cancel()


async def _log(stream: asyncio.StreamReader, level: int, name: str) -> None:
    while not stream.at_eof():
        try:
            text = (await stream.readline()).decode(errors="replace").rstrip()
        except ValueError:  # longer than asyncio takes; the rest is a line
            continue
        if prefix := _PREFIX.match(text):
            of, text = prefix[2] or name, text[prefix.end() :]
            logging.getLogger(of).log(_LEVELS.get(prefix[1], level), "%s", text)
        elif text:
            logging.getLogger(name).log(level, "%s", text)


class Conditions:
    """What keeps a service from its work for long: logged when it begins and when it is over."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._now: dict[str, str | None] = {}

    def note(self, kind: str, reason: str | None) -> None:
        """Log a reason that was not there before, or that there is none any more."""
        before, self._now[kind] = self._now.get(kind), reason
        if (before is None) != (reason is None):
            level = logging.INFO if reason is None else logging.WARNING
            self._logger.log(level, "%s", reason or f"over: {before}")
            notify(STATUS="; ".join(filter(None, self._now.values())) or "working")
