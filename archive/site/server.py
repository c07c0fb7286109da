"""Serve an archive on this machine: Datasette inside this process, read-only."""

import asyncio
import errno
import json
import os
import signal
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import uvicorn
from datasette.app import Datasette
from datasette.database import Database, connections

from archive.database import NAME, is_finished, is_frozen, open_for_reading, state_of, uri
from archive.errors import ArchiveError

_GRACE = 3  # seconds that answers under way get when the server ends

_HEADERS = ((b"referrer-policy", b"same-origin"), (b"x-content-type-options", b"nosniff"))


class _Server(uvicorn.Server):
    """A server for which a signal is a normal end."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield  # uvicorn's raises the signal again at the end, and the process would die of it


class _Read(Database):  # type: ignore[misc]
    """A database whose path may have letters that mean something in a URI, as `#` and `?`.

    A thread connects again where another file took its place, or where it was taken for one that
    nobody writes and somebody did.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._states: dict[sqlite3.Connection, list[int]] = {}

    def connect(self, write: bool = False) -> sqlite3.Connection:  # noqa: ARG002 - Datasette's
        address, state = uri(Path(self.path), mode="ro"), self._state()
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        connection.execute("pragma temp_store = memory")
        self._all_file_connections.append(connection)
        self._states[connection] = state
        return connection

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        return await super().execute_fn(lambda connection: fn(self._current(connection)))

    def _state(self) -> list[int]:
        path = Path(self.path)
        return state_of(path)[: None if is_frozen(path) else 1]  # of one that can notice, its inode

    def _current(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return the connection of this thread, or the one that takes its place."""
        if self._states[connection] == self._state():
            return connection
        del self._states[connection]
        self._all_file_connections.remove(connection)
        connection.close()
        renewed = self.connect()
        self.ds._prepare_connection(renewed, self.name)  # noqa: SLF001 - as Datasette itself does
        setattr(connections, self.name, renewed)
        return renewed


def run_server(archive: Path, listener: socket.socket, *, on_ready: Callable[[str], None]) -> None:
    """Serve the archive in the folder `archive` until SIGINT or SIGTERM; main thread only.

    `on_ready` gets the address (`http://127.0.0.1:8001/`) once `listener` takes requests. The
    database is opened read-only, so a crawl may write at the same time.

    Raises:
        NewerArchive: a newer Warraq wrote the archive.
        NotAnArchive: the folder holds no archive that can be read.
    """
    open_for_reading(archive).close()
    host, port = listener.getsockname()[:2]
    on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    if asyncio.run(_serve(archive / NAME, listener)) == signal.SIGINT:
        raise SystemExit(128 + signal.SIGINT)  # SIGTERM is how a service ends


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at a place of this machine; port 0 is a free one.

    Raises:
        ArchiveError: if that is not possible, with what to name instead.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        if host:  # an empty one would be all addresses
            return socket.create_server((host, port), family=family)
        code = errno.EADDRNOTAVAIL
    except (OSError, UnicodeError) as error:
        code = getattr(error, "errno", None) or errno.EADDRNOTAVAIL
    if code in {errno.EADDRINUSE, errno.EACCES}:
        why, remedy = os.strerror(code), "another one: --port 0"
    else:
        why = "not an address of this machine"
        remedy = "--host 127.0.0.1 is for its own users, --host 0.0.0.0 for other machines too"
    raise ArchiveError(f"cannot listen on {host or 'no host'} port {port} ({why}); {remedy}")


def _with_headers(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap a site: an answer has the headers `_HEADERS`, unless it sets them itself."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in _HEADERS if name not in own]
                message = message | {"headers": [*message["headers"], *more]}
            await send(message)

        await app(scope, receive, sent)

    return served


async def _serve(database: Path, listener: socket.socket) -> int:
    """Serve until a signal comes; return its number."""
    settings = json.loads(files(__package__).joinpath("settings.json").read_text(encoding="utf-8"))
    datasette = Datasette([], settings=settings)
    datasette.remove_database("_memory")
    datasette.add_database(_Read(datasette, str(database), is_mutable=not is_finished(database)))
    config = uvicorn.Config(
        _with_headers(datasette.app()),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
    try:
        await server.serve(sockets=[listener])
    finally:
        datasette.executor.shutdown(cancel_futures=True)
        for served in datasette.databases.values():
            served.close()
    return next(iter(server._captured_signals), 0)  # noqa: SLF001 - what ended it
