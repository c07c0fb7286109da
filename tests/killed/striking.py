"""One process, killed with -9 at a moment of its work; and when all of its children have ended."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.killed.jobs import Gauge

_STEP = 0.002  # seconds between two looks at a process
_PATIENCE = 600.0  # seconds a process has for all it does
START_UP = "start-up"
CHILDREN_SECONDS = 30.0  # the children of a killed process have to end by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When to kill: once what `gauge` shows has grown by `amount` since the work began.

    With the gauge `START_UP` the seconds are counted from the start of the process.
    """

    gauge: str
    amount: float

    def __str__(self) -> str:
        return f"{self.gauge} +{self.amount:.3g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended: killed or by itself, whether it was at work (it held the lock).

    `grown` is what each gauge grew by while it worked, `startup` the seconds before it did.
    """

    group: int
    killed: bool
    at_work: bool
    code: int
    startup: float
    grown: Mapping[str, float]


def run(
    command: Sequence[str],
    root: Path,
    gauges: Mapping[str, Gauge],
    *,
    log: Path,
    moment: Moment | None = None,
    alone: bool = False,
) -> Ended:
    """Run a command that writes into the archive `root`; kill it at `moment`, unless it is over.

    It is killed with its children, or `alone`. What it says goes into the file `log`.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    work, killed = _Work(root, process.pid, gauges), False
    try:
        while process.poll() is None and work.seconds < _PATIENCE and not killed:
            work.look()
            if moment and work.has_come(moment):
                killed = _kill(process, alone=alone)
            time.sleep(_STEP)
    finally:  # a driver that is stopped leaves nothing behind
        if not killed and process.poll() is None:
            _kill(process, alone=False)
    code = process.wait()
    return Ended(
        group=process.pid,
        killed=killed and code == -signal.SIGKILL,
        at_work=work.began is not None,
        code=code,
        startup=(work.began or time.monotonic()) - work.started,
        grown=work.grown(),
    )


class _Work:
    """What a process does, seen from outside: it works once it holds the archive's lock."""

    def __init__(self, root: Path, pid: int, gauges: Mapping[str, Gauge]) -> None:
        self._root = root
        self._pid = pid
        self._gauges = {**gauges, "seconds": time.monotonic}
        self._first = self._shown()
        self._most = self._first
        self.started = time.monotonic()
        self.began: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the process was started."""
        return time.monotonic() - self.started

    def look(self) -> None:
        """Notice when the work begins: what the gauges show then is where they start.

        What is made on the way may be gone at the end, so the most that they showed is kept.
        """
        shown = self._shown()
        if self.began is None and _holds_lock(self._root, self._pid):
            self._first = self._most = shown
            self.began = time.monotonic()
        self._most = {name: max(most, shown[name]) for name, most in self._most.items()}

    def _shown(self) -> dict[str, float]:
        return {name: gauge() for name, gauge in self._gauges.items()}

    def has_come(self, moment: Moment) -> bool:
        if moment.gauge == START_UP:
            return self.seconds >= moment.amount
        grown = self._gauges[moment.gauge]() - self._first[moment.gauge]
        return self.began is not None and grown >= moment.amount

    def grown(self) -> Mapping[str, float]:
        return {name: most - self._first[name] for name, most in self._most.items()}


def _kill(process: "subprocess.Popen[bytes]", *, alone: bool) -> bool:
    with contextlib.suppress(ProcessLookupError):
        if alone:
            process.send_signal(signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
    return True


def _holds_lock(root: Path, pid: int) -> bool:
    try:
        held = json.loads((root / "lock").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(held["pid"] == pid)


def has_ended(group: int, *, within: float = CHILDREN_SECONDS) -> bool:
    """Return whether all processes of a group have ended in time; the rest is killed."""
    ends_at = time.monotonic() + within
    while _living(group):
        if time.monotonic() >= ends_at:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
            return False
        time.sleep(0.05)
    return True


def _living(group: int) -> bool:
    """Return whether a group has a process that is no zombie (whose parent has yet to look)."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    table = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in table.stdout.splitlines())
    return any(row[0] == str(group) and not row[1].startswith("Z") for row in rows)
