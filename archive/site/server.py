"""Serve an archive on this machine: Datasette inside this process, read-only."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from types import FrameType

import uvicorn
from datasette.app import Datasette
from datasette.database import Database

from archive.database import NAME, is_frozen, open_for_reading, uri
from archive.errors import ArchiveError

_ENDING = (signal.SIGINT, signal.SIGTERM)
_GRACE = 3  # seconds that answers under way get when the server ends


class _Server(uvicorn.Server):
    """A server that reports when it is ready, and for which a signal is a normal end."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn raises the signal again after its end, and the process would die of it.
        before = {number: signal.signal(number, self._end) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's shape
        self.force_exit = self.should_exit
        self.should_exit = True


class _Read(Database):  # type: ignore[misc]
    """A database whose path may have letters that mean something in a URI, as `#` and `?`."""

    def connect(self, write: bool = False) -> sqlite3.Connection:  # noqa: ARG002 - Datasette's
        address = uri(Path(self.path), mode="ro")
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        self._all_file_connections.append(connection)
        return connection


def run_server(
    archive: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8001,
    on_ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """Serve the archive in the folder `archive` until SIGINT or SIGTERM; main thread only.

    `port` 0 takes a free one. `on_ready` gets the address (`http://127.0.0.1:8001/`) once it
    answers. The database is opened read-only, so a crawl may write at the same time.

    Raises:
        NewerArchive: a newer Warraq wrote the archive.
        NotAnArchive: the folder holds no archive that can be read.
        ArchiveError: the address cannot be listened on.
    """
    database = _database(archive)
    with _listen(host, port) as listener:
        address = _address(host, listener.getsockname()[1])
        asyncio.run(_serve(database, listener, lambda: on_ready(address)))


def _database(archive: Path) -> Path:
    open_for_reading(archive).close()
    return archive / NAME


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or error
        raise ArchiveError(
            f"cannot listen on {host} port {port} ({reason}); another one: --port 0"
        ) from error


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def _serve(database: Path, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    settings = json.loads(files(__package__).joinpath("settings.json").read_text(encoding="utf-8"))
    datasette = Datasette([], settings=settings)
    datasette.remove_database("_memory")
    datasette.add_database(_Read(datasette, str(database), is_mutable=not is_frozen(database)))
    config = uvicorn.Config(
        datasette.app(),
        access_log=False,
        headers=[("Referrer-Policy", "same-origin"), ("X-Content-Type-Options", "nosniff")],
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    try:
        await _Server(config, on_ready).serve(sockets=[listener])
    finally:
        datasette.executor.shutdown(cancel_futures=True)
        for served in datasette.databases.values():
            served.close()
