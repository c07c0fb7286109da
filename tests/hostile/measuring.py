"""Measures a command: wall and CPU seconds, peak memory of its whole tree of processes (Linux)."""

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST = 1800.0  # seconds
_STEP = 0.1  # seconds between two looks at the processes,
_MEMORY = 3  # and every so many of them one at their memory, which takes longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a command took; `code` is None where it was killed because its time was over."""

    code: int | None
    output: str
    seconds: float
    cpu: float
    peak_mb: float


class Tree:
    """All that a process ever started: its children, theirs, and who shares a session with them.

    Workers are forked from a server, and nobody waits for it: getrusage misses them. Memory that
    processes share is counted once (PSS).
    """

    def __init__(self, pid: int) -> None:
        self._known, self._sessions = {pid}, {pid}
        self._ticks: dict[int, int] = {}
        self._looks = 0
        self.peak_mb = 0.0

    @property
    def cpu(self) -> float:
        """CPU seconds so far."""
        return sum(self._ticks.values()) / os.sysconf("SC_CLK_TCK")

    def look(self) -> None:
        """Count what the processes took up to now."""
        rows = list(_table())
        for _ in range(3):  # a child may stand before its parent
            mine = [row for row in rows if row[0] in self._known or row[2] in self._sessions]
            self._known |= {pid for pid, *_ in mine}
            self._known |= {pid for pid, parent, *_ in rows if parent in self._known}
            self._sessions |= {session for pid, _, session, _ in rows if pid in self._known}
        living = [row for row in rows if row[0] in self._known]
        self._ticks |= {pid: ticks for pid, *_, ticks in living}
        if self._looks % _MEMORY == 0:
            self.peak_mb = max(self.peak_mb, sum(_memory(pid) for pid, *_ in living))
        self._looks += 1


def _table() -> Sequence[tuple[int, int, int, int]]:
    """Return the pid, parent, session and CPU ticks of all processes."""
    rows = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
            ticks = int(fields[11]) + int(fields[12])
            rows.append((int(path.parent.name), int(fields[1]), int(fields[3]), ticks))
    return rows


def _memory(pid: int) -> float:
    """Return the MB of memory that a process has, what it shares in parts."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        return int(text.partition("\nPss:")[2].split()[0]) / 1024 if "\nPss:" in text else 0.0
    return 0.0


def measure(
    command: Sequence[str], *, log: Path, cpu: float, megabytes: float, ends: float | None = None
) -> Taken:
    """Run a command and measure it; `log` gets what it says; ask it to end after `ends` seconds.

    It is killed where it takes three times the CPU seconds or memory that it should, and after
    `LONGEST` seconds.
    """
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    tree, killed = Tree(process.pid), False
    while process.poll() is None:
        tree.look()
        if ends and time.monotonic() - began > ends:
            process.terminate()
            ends = None
        is_over = tree.cpu > 3 * cpu or tree.peak_mb > 3 * megabytes
        if (is_over or time.monotonic() - began > LONGEST) and not killed:
            process.kill()  # its workers end with it
            killed = True
        time.sleep(_STEP)
    return Taken(
        code=None if killed else process.returncode,
        output=log.read_text("utf-8", "replace"),
        seconds=time.monotonic() - began,
        cpu=tree.cpu,
        peak_mb=tree.peak_mb,
    )
