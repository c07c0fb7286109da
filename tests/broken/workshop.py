"""What is broken in these tests, and by what: an archive of fixture articles, disks, rights."""

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archive.database import NAME
from archive.urls import identity_key
from crawler.cli import warraq
from fixtures import Newsstand
from fixtures.faults import Fault

ARTICLES = 30
WRITING = ("crawl", "backfill", "save", "import-jsonl", "withhold", "reindex", "extract --again")
READING = (
    "search", "stats", "runs", "verify", "export", "export --warc", "publish", "backup",
    "extract --again --dry-run",
)  # fmt: skip
_PAGE = 4096
_KEPT = (
    "select id, key, title, text from articles order by id",
    "select article, number, content_hash from revisions order by article, number",
    "select url, fetched_at, sha256, warc_file, warc_offset from captures order by 4, 5",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """An archive with two thirds of what the newspapers print, and the newspapers.

    Their clock stands, and that of a crawl shows how long it has stood, from `since` on.
    """

    root: Path
    newsstand: Newsstand
    since: float = field(default_factory=time.monotonic)

    def copy(self, target: Path) -> Path:
        shutil.copytree(self.root, target, dirs_exist_ok=True)
        return target

    def command(self, root: Path, *more: str) -> list[str]:
        passed = timedelta(seconds=time.monotonic() - self.since)
        now = (self.newsstand.now() + passed).isoformat()
        crawl = [sys.executable, "-m", "crawler", "crawl", "--archive", str(root)]
        return [*crawl, *(more or ("--now", now))]

    def crawl(
        self,
        root: Path,
        *more: str,
        seconds: float = 120,
        prepare: Callable[[], None] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a crawl in a process, which runs `prepare` first."""
        return subprocess.run(
            self.command(root, *more),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            preexec_fn=prepare,
        )

    def truths(self) -> set[str]:
        """Return the addresses of all articles that the newspapers print now."""
        now = self.newsstand.now()
        papers = self.newsstand.papers.values()
        return {identity_key(truth.url) for paper in papers for truth in paper.truths(now)}


def kept(root: Path) -> list[set[tuple[object, ...]]]:
    """Return what the archive acknowledged: articles, revisions and captures."""
    with closing(sqlite3.connect(f"{(root / NAME).as_uri()}?mode=ro", uri=True)) as db:
        return [set(db.execute(sql)) for sql in _KEPT]


def lost(before: list[set[tuple[object, ...]]], root: Path) -> list[tuple[object, ...]]:
    """Return rows that were there before and are not any more."""
    return [row for was, now in zip(before, kept(root), strict=True) for row in was - now]


def bytes_of(root: Path) -> dict[str, str]:
    """Return the digest of every file of an archive but the lock and SQLite's own beside it."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and path.name not in {"lock", f"{NAME}-shm", f"{NAME}-wal"}
    }


def run(name: str, root: Path, out: Path) -> Result:
    """Run a command of the table in this process; what it writes goes into the folder `out`."""
    out.mkdir(exist_ok=True)
    return CliRunner().invoke(warraq, [*_words(name, root, out), "--archive", str(root)])


def _words(name: str, root: Path, out: Path) -> list[str]:
    line = out / "line.jsonl"
    told = {"url": "https://x.example/1", "title": "خبر", "text": "نص الخبر الأول.\n" * 9}
    words = {
        "crawl": ["crawl", "manara", "--now", "2020-11-12T10:00Z"],
        "backfill": ["backfill", "manara", "--since", "2020-11-01", "--now", "2020-11-12T10:00Z"],
        "save": ["save", "http://127.0.0.1:9/x", "--now", "2020-11-12T10:00Z"],
        "import-jsonl": ["import-jsonl", str(line)],
        "withhold": ["withhold", _some_article(root), "--reason", "x"],
        "unwithhold": ["unwithhold", _some_article(root, "min(article) from withheld")],
        "extract --again": ["extract", "--again"],
        "extract --again --dry-run": ["extract", "--again", "--dry-run"],
        "search": ["search", "الحكومة"],
        "export": ["export", "-o", str(out / "articles.jsonl")],
        "export --warc": ["export", "--warc", "-o", str(out / "captures.warc.gz")],
        "publish": ["publish", str(out / "public")],
        "backup": ["backup", str(out / "backup")],
    }
    if name == "import-jsonl":
        line.write_text(json.dumps(told, ensure_ascii=False) + "\n", "utf-8")
    return words.get(name, [name])


def _some_article(root: Path, which: str = "min(id) from articles") -> str:
    try:
        with closing(sqlite3.connect(f"{(root / NAME).as_uri()}?mode=ro", uri=True)) as db:
            return str(db.execute(f"select {which}").fetchone()[0])
    except (sqlite3.Error, UnicodeDecodeError):
        return "1"


def said(result: Result) -> str:
    """Return the one line in which a command that failed says why."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.splitlines() if line]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


def only_line(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the same of a process."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


def is_whole(root: Path) -> bool:
    """Return whether `warraq verify` finds nothing."""
    result = CliRunner().invoke(warraq, ["verify", "--archive", str(root)])
    assert result.exit_code == 0, result.output
    return "No damage found." in result.output


def no_header(root: Path) -> None:
    _overwrite(root, 0, bytes(16))


def no_schema(root: Path) -> None:
    _overwrite(root, 100, b"\xff" * 900)


def half(root: Path) -> None:
    path = root / NAME
    os.truncate(path, path.stat().st_size // 2)


def text(root: Path) -> None:
    (root / NAME).write_text("هذا نص وليس قاعدة بيانات\n" * 500, "utf-8")


def empty(root: Path) -> None:
    (root / NAME).write_bytes(b"")


def gone(root: Path) -> None:
    (root / NAME).unlink()


def page_of(table: str, root: Path) -> None:
    """Overwrite the first page of a table."""
    with closing(sqlite3.connect(root / NAME)) as db:
        sql = "select rootpage from sqlite_master where name = ?"
        (number,) = db.execute(sql, (table,)).fetchone()
    _overwrite(root, (number - 1) * _PAGE, b"\xff" * _PAGE)


def flip(path: Path, rnd: random.Random, bits: int, *, first: int = 0) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(bits):
        data[rnd.randrange(first, len(data))] ^= 1 << rnd.randrange(8)
    path.write_bytes(data)


def _overwrite(root: Path, offset: int, data: bytes) -> None:
    with (root / NAME).open("r+b") as file:
        file.seek(offset)
        file.write(data)


@contextlib.contextmanager
def small_disk(folder: Path, *, size: str) -> Iterator[Path]:
    """Mount a disk of a size (as `512k`) at a folder; skip where that is not allowed."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, *, leaving: int) -> Path:
    """Fill a disk up with one file, which is returned; `leaving` bytes are free then."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.write(bytes(max(shutil.disk_usage(disk).free - leaving, 0)))
    return filler


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


_VERSION_3 = 0x20080522
_OVERRIDES = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_PR_SET_SECUREBITS = 28
_NOROOT = 1  # programs that are started get no powers for being root's


@contextlib.contextmanager
def like_anybody() -> Iterator[None]:
    """Take from root, for a while, the power to write where nobody may (capabilities(7)).

    Programs started meanwhile do not get it either.
    """
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    assert libc.capget(ctypes.byref(header), sets) == 0, errno.errorcode[ctypes.get_errno()]
    before = sets[0].effective
    sets[0].effective = before & ~_OVERRIDES
    assert libc.prctl(_PR_SET_SECUREBITS, _NOROOT, 0, 0, 0) == 0
    assert libc.capset(ctypes.byref(header), sets) == 0
    try:
        yield
    finally:
        assert libc.prctl(_PR_SET_SECUREBITS, 0, 0, 0, 0) == 0
        sets[0].effective = before
        assert libc.capset(ctypes.byref(header), sets) == 0


def nobody_may_write(root: Path, *, but: int = 0) -> None:
    """Take the right to write from all of a folder; `but` are the bits of those who keep it."""
    for path in (root, *root.rglob("*")):
        path.chmod((0o555 if path.is_dir() else 0o444) | but)


def everybody_may_write(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def slow(seconds: float) -> Fault:
    """Return a fault that answers late."""
    return Fault(seconds=seconds)


def holder(root: Path) -> str:
    """Return what the lock says of who is writing."""
    try:
        return (root / "lock").read_text("utf-8")
    except FileNotFoundError:
        return ""


def wait_for(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to be"
        time.sleep(0.02)
