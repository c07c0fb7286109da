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
_PATIENCE = 120.0  # seconds a process has for all it does
CHILDREN_SECONDS = 30.0  # the children of a killed process have to end by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When to kill: once what `gauge` shows has grown by `amount` since the work began.

    With `gauge` "start-up" the seconds are counted from the start of the process.
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
    began, at_work, killed = time.monotonic(), None, False
    seconds = {"seconds": time.monotonic, "start-up": time.monotonic}
    gauges = dict(gauges) | seconds
    first = {name: began if name in seconds else gauge() for name, gauge in gauges.items()}
    while process.poll() is None and time.monotonic() - began < _PATIENCE:
        if at_work is None and _holds_lock(root, process.pid):
            at_work = time.monotonic()
            first = {name: gauge() for name, gauge in gauges.items()} | {"start-up": began}
        counts = moment is not None and (at_work or moment.gauge == "start-up")
        if moment and counts and gauges[moment.gauge]() - first[moment.gauge] >= moment.amount:
            killed = _kill(process, alone=alone)
            break
        time.sleep(_STEP)
    else:
        _kill(process, alone=False)
    code = process.wait()
    return Ended(
        group=process.pid,
        killed=killed and code == -signal.SIGKILL,
        at_work=at_work is not None,
        code=code,
        startup=(at_work or time.monotonic()) - began,
        grown={name: gauge() - first[name] for name, gauge in gauges.items()},
    )


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
