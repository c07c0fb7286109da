"""Serve an archive: Datasette inside this process, read-only; which requests are answered, when."""

import asyncio
import errno
import json
import os
import signal
import socket
import sqlite3
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.resources import files
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from datasette import Response
from datasette.database import Database, QueryInterrupted, connections
from datasette.utils import tilde_decode

from archive.database import NAME, is_finished, is_frozen, open_for_reading, state_of, uri
from archive.errors import ArchiveError
from archive.service import notifying
from archive.site.pools import KINDS, THREADS, Pools, kind
from archive.site.tables import archive_names, with_kept_counts

App = Callable[..., Awaitable[None]]

MOST_WAITING = 16  # costly requests of a kind, those that are being answered included
AT_ONCE = 8  # of one client of a public site
PER_MINUTE = 60  # costly requests of one client of a public site
LARGEST_BODY = 4 << 20  # bytes; Datasette reads a whole one before it refuses it
MOST_PARAMETERS = 200  # of an address; Datasette takes squared time, in which nobody is answered
_MOST_CLIENTS = 10_000  # that are remembered
_COSTLY = frozenset({"search", "trends", "batch", "capture"})
_BUSY = "too many questions at once; try again in a few seconds"
_TOO_OFTEN = f"more than {PER_MINUTE} searches or questions in SQL in a minute; wait a little"
_OPEN = ("/-/static/", "/-/static-plugins/", "/-/health")
_HEALTH_SECONDS = 5.0  # that the database has to answer
_GRACE = 3  # seconds that answers under way get when the server ends


@dataclass(slots=True)
class Gate:
    """Decides which requests are strangers' questions, and which are not answered now.

    A public site (`plugins: warraq: public: true` in Datasette's metadata) has no internal pages,
    and a client of it may ask what is costly so many times in a minute.
    """

    datasette: Any
    waiting: Counter[str] = field(default_factory=Counter)
    turns: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    asked: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    tables: dict[str, dict[str, bool]] = field(default_factory=dict)  # and whether each is a view

    async def _open(self) -> None:
        """Learn the tables of each database, and give strangers their threads."""
        executor = self.datasette.executor
        if executor and not isinstance(executor, Pools):
            self.datasette.executor = Pools(executor)
        for name in archive_names(self.datasette):
            database = self.datasette.get_database(name)
            database.table_counts = with_kept_counts(database)
        turns = dict.fromkeys(KINDS, THREADS) | {"whole": MOST_WAITING}
        self.turns = {each: asyncio.Semaphore(number) for each, number in turns.items()}
        for database in self.datasette.databases.values():
            views = dict.fromkeys(await database.view_names(), True)
            names = dict.fromkeys(await database.table_names(), False)
            self.tables[database.route] = names | views

    def _kind(self, path: str, query: dict[str, str]) -> str:
        """Return of which of `KINDS` a request is, "" for a page that never takes long."""
        place, *rest = path.strip("/").split("/")
        names = self.tables.get(tilde_decode(place.partition(".")[0]))
        if names is None or len(rest) > 1:
            return ""  # a page of ours, or of one row
        name, _, ending = (rest[0] if rest else place).partition(".")
        is_sql = tilde_decode(name) not in names if rest else "sql" in query
        if (is_sql and ending in {"csv", "json"}) or (rest and ending == "csv"):
            return "whole"
        if is_sql or "_where" in query:
            return "sql"
        return "table" if rest and (query or names[tilde_decode(name)]) else ""

    def _refusal(self, path: str, client: str, sort: str, *, costly: bool) -> Response | None:
        """Return the answer to a request that is not let through, now or ever."""
        public = (self.datasette.plugin_config("warraq") or {}).get("public")
        if public and path.startswith("/-/") and not path.startswith(_OPEN):
            return Response.text("closed", 404)
        busy = public and self.waiting[client] >= AT_ONCE
        if costly and (busy or self.waiting[sort] >= MOST_WAITING):
            return Response.text(_BUSY, 503, {"Retry-After": "5"})
        seconds = self._wait(client, time.monotonic()) if costly and public else 0
        return Response.text(_TOO_OFTEN, 429, {"Retry-After": str(seconds)}) if seconds else None

    def _wait(self, client: str, now: float) -> int:
        """Return how many seconds a client must wait before it may ask again."""
        if len(self.asked) > _MOST_CLIENTS:
            self.asked.clear()
        times = self.asked[client]
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= PER_MINUTE:
            return int(times[0] + 61 - now)
        times.append(now)
        return 0

    def __call__(self, app: App) -> App:
        """Wrap a site."""

        async def served(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            if not self.tables:
                await self._open()
            base = self.datasette.setting("base_url").rstrip("/")
            path = f"/{scope['path'].removeprefix(base).lstrip('/')}"
            query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            sort = self._kind(path, dict(query))
            costly = bool(sort) or path.split("/")[1].partition(".")[0] in _COSTLY
            client = _network((scope.get("client") or ("",))[0])
            too_large = _too_large(dict(scope["headers"]), len(query))
            refusal = too_large or self._refusal(path, client, sort, costly=costly)
            if refusal:
                await refusal.asgi_send(send)
                return
            counted = (sort, client) if costly else ()
            self.waiting.update(counted)
            token = kind.set(sort)
            try:
                async with self.turns.get(sort, nullcontext()):
                    await app(scope, receive, send)
            finally:
                kind.reset(token)
                self.waiting.subtract(counted)
                self.waiting += Counter()  # without those who wait for nothing

        return served


def _too_large(headers: dict[bytes, bytes], parameters: int) -> Response | None:
    """Return the answer to a request that is too large, or does not say how large its body is."""
    if parameters > MOST_PARAMETERS:
        return Response.text(f"more than {MOST_PARAMETERS} parameters", 400)
    if b"transfer-encoding" in headers:
        return Response.text("say the length of what you send (Content-Length)", 411)
    is_large = int(headers.get(b"content-length", b"0")[:20]) > LARGEST_BODY
    return Response.text(f"more than {LARGEST_BODY >> 20} MB", 413) if is_large else None


def _network(client: str) -> str:
    """Return who a client is: its address, of IPv6 the network that one customer gets."""
    client = client.removeprefix("::ffff:")  # of IPv4 on a socket for both (RFC 4291, 2.5.5.2)
    try:
        return str(ip_network((client, 64), strict=False)) if ":" in client else client
    except ValueError:
        return client


async def robots(datasette: Any) -> Response:
    """Let search engines read the pages of a public site, but not search or ask its tables."""
    rules = ["User-agent: *", "Disallow: /"]
    if (datasette.plugin_config("warraq") or {}).get("public"):
        places = ["-", *sorted(_COSTLY), *datasette.databases]
        rules[1:] = [f"Disallow: {datasette.urls.path(f'/{place}')}" for place in places]
    return Response.text("\n".join([*rules, ""]))


async def health(datasette: Any) -> Response:
    """Say whether the database can be read: 200 with the time of the newest capture, else 503."""
    try:
        for name in archive_names(datasette):
            asked = datasette.get_database(name).execute("select max(fetched_at) from captures")
            rows = await asyncio.wait_for(asked, _HEALTH_SECONDS)
    except (sqlite3.Error, OSError, TimeoutError, QueryInterrupted):
        return Response.json({"status": "unreadable"}, 503)
    return Response.json({"status": "ok", "newest_capture": rows.single_value()})


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
        renewed = self.connect()  # first: where that fails, it is tried again the next time
        del self._states[connection]
        self._all_file_connections.remove(connection)
        connection.close()
        self.ds._prepare_connection(renewed, self.name)  # noqa: SLF001 - as Datasette itself does
        setattr(connections, self.name, renewed)
        return renewed


def run_server(
    archive: Path,
    listener: socket.socket,
    *,
    on_ready: Callable[[str], None],
    public: bool = False,
    base_url: str = "/",
) -> None:
    """Serve the archive in the folder `archive` until SIGINT or SIGTERM; main thread only.

    `on_ready` gets the address (`http://127.0.0.1:8001/`) once `listener` takes requests. The
    database is opened read-only, so a crawl may write at the same time. A `public` site is made for
    strangers (`Gate`); a proxy in front of it may give it a path, `base_url`.

    Raises:
        NewerArchive: a newer Warraq wrote the archive.
        NotAnArchive: the folder holds no archive that can be read.
    """
    open_for_reading(archive).close()
    host, port = listener.getsockname()[:2]
    on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}{base_url}")
    if asyncio.run(_serve(archive / NAME, listener, public, base_url)) == signal.SIGINT:
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


async def _serve(database: Path, listener: socket.socket, public: bool, base_url: str) -> int:
    """Serve until a signal comes; return its number."""
    from datasette.app import Datasette  # which loads this package

    settings = json.loads(files(__package__).joinpath("settings.json").read_text(encoding="utf-8"))
    metadata = {"plugins": {"warraq": {"public": public}}}
    datasette = Datasette([], settings=settings | {"base_url": base_url}, metadata=metadata)
    datasette.remove_database("_memory")
    datasette.add_database(_Read(datasette, str(database), is_mutable=not is_finished(database)))
    config = uvicorn.Config(
        datasette.app(),
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        forwarded_allow_ips="127.0.0.1,::1",  # X-Forwarded-For of a proxy on this machine, no other
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
    try:
        async with notifying(f"serving {database.parent}"):
            await server.serve(sockets=[listener])
    finally:
        datasette.executor.shutdown(cancel_futures=True)
        for served in datasette.databases.values():
            served.close()
    return next(iter(server._captured_signals), 0)  # noqa: SLF001 - what ended it
