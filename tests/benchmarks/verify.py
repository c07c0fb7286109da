"""How fast `warraq verify` is, against nothing but unpacking the same records and hashing them.

    python -m tests.benchmarks.verify [--megabytes 300] [--archive DIR] [--processes N]

Crawls fixture newspapers, copies their captures (bodies as they came, content-encoded) until the
WARC files are large enough, and verifies that archive in processes of its own. The yardstick reads
the same files in one process: gzip members by isal, SHA-1 of each block, SHA-256 of each payload.
CPU seconds are those of all processes; on a machine that has other work to do they say more than
the seconds on the clock. With --archive, an archive that is there is verified instead.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import click
from isal import isal_zlib

from archive.database import open_for_reading
from archive.models import Exchange, Kind, WarcLocation
from archive.store import Store
from archive.warc.reader import read_record
from fixtures import Newsstand, serve
from tests.benchmarks.crawl import follow

ARTICLES = 300
_PLACES = """
select warc_file, warc_offset, warc_length, url, publisher from captures where kind = 'article'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Seconds on the clock, and of the processors."""

    wall: float
    cpu: float


@click.command()
@click.option("--megabytes", default=300, show_default=True, help="Of WARC files.")
@click.option(
    "--archive", type=click.Path(file_okay=False, exists=True, path_type=Path), metavar="DIR"
)
@click.option("--processes", type=int, help="As of `warraq verify`.")
def main(megabytes: int, archive: Path | None, processes: int | None) -> None:
    """Verify a large archive and print MB/s, and the ratio to the yardstick."""
    with tempfile.TemporaryDirectory() as folder:
        root = archive or _made(Path(folder) / "archive", megabytes)
        size = _bytes(root) / 1e6
        plain = _plain(root)
        _tell("isal and hashes, one process", size, plain)
        checked = _checked(root, processes)
        _tell("warraq verify", size, checked)
        click.echo(f"verify takes {checked.cpu / plain.cpu:.2f} times the CPU of the yardstick")


def _bytes(root: Path) -> int:
    return sum(path.stat().st_size for path in (root / "warc").rglob("*.warc.gz"))


def _made(root: Path, megabytes: int) -> Path:
    newsstand = Newsstand(articles=ARTICLES)
    with serve(newsstand):
        newsstand.write_publishers(root)
        now = newsstand.now().isoformat()
        crawl = [sys.executable, "-m", "crawler", "crawl", "--archive", str(root), "--now", now]
        subprocess.run(crawl, check=True, stdout=subprocess.DEVNULL)
    exchanges = list(_exchanges(root))
    with Store(root, command="copy") as store:
        copy = 0
        while (
            sum(path.stat().st_size for path in (root / "warc").rglob("*.warc.gz"))
            < megabytes * 1e6
        ):
            copy += 1
            for one, publisher in exchanges:
                store.record(_copied(one, copy), kind=Kind.ARTICLE, publisher=publisher)
            store.batch.commit()
    return root


def _exchanges(root: Path) -> Iterator[tuple[Exchange, str]]:
    with closing(open_for_reading(root)) as db:
        rows = db.execute(_PLACES).fetchall()
    for name, offset, length, url, publisher in rows:
        record = read_record(root / "warc", WarcLocation(file=name, offset=offset, length=length))
        message = record.message
        if not message or record.type != "response":
            continue
        headers = tuple((name.encode(), value.encode()) for name, value in message.headers)
        yield Exchange(
            url=url, method="GET", request_headers=((b"Host", b"x.example"),), status=200,
            reason="OK", protocol="HTTP/1.1", response_headers=headers,
            payload=message.body, fetched_at=Newsstand().now(),
        ), publisher  # fmt: skip


def _copied(one: Exchange, copy: int) -> Exchange:
    """Return an exchange as of another address, with other bytes: no revisit record."""
    return replace(one, url=f"{one.url}?copy={copy}", payload=one.payload + copy.to_bytes(4, "big"))


def _plain(root: Path) -> Taken:
    wall, cpu = time.monotonic(), time.process_time()
    for path in sorted((root / "warc").rglob("*.warc.gz")):
        rest = memoryview(path.read_bytes())
        while rest:
            member = isal_zlib.decompressobj(31)
            plain, at = bytearray(), 0
            while not member.eof:
                plain += member.decompress(rest[at : at + (1 << 15)])
                at += 1 << 15
            rest = rest[min(at, len(rest)) - len(member.unused_data) :]
            block = memoryview(plain)[plain.find(b"\r\n\r\n") + 4 : -4]
            hashlib.sha1(block, usedforsecurity=False).digest()
            hashlib.sha256(block).digest()
    return Taken(wall=time.monotonic() - wall, cpu=time.process_time() - cpu)


def _checked(root: Path, processes: int | None) -> Taken:
    command = [sys.executable, "-m", "crawler", "verify", "--archive", str(root), "--json"]
    more = ["--processes", str(processes)] if processes else []
    wall = time.monotonic()
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen([*command, *more], stdout=output, start_new_session=True) as process,
    ):
        parent, workers, _ = follow(process)
        cpu = parent + workers
        spent = time.monotonic() - wall
        output.seek(0)
        told = json.load(output)
    click.echo(", ".join(f"{number:,} {name}" for name, number in told["checked"].items()))
    if told["damages"]:
        raise click.ClickException(f"damaged: {told['damages'][:3]}")
    return Taken(wall=spent, cpu=cpu)


def _tell(what: str, size: float, taken: Taken) -> None:
    click.echo(
        f"{what:<30} {size:6.0f} MB  {taken.wall:6.1f} s  {size / taken.wall:6.0f} MB/s"
        f"   {taken.cpu:6.1f} CPU s  {size / taken.cpu:6.0f} MB per CPU second"
    )


if __name__ == "__main__":
    main()
