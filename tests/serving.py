"""Serve an archive from a process of its own, as `warraq serve` does."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVE = "from archive.commands.serve import serve; serve()"
_PATIENCE = 20  # seconds a server gets to end


@contextmanager
def serving(archive: Path, *options: str) -> Iterator[str]:
    """Serve the archive in a folder on a free port; give the address (`http://127.0.0.1:N/`)."""
    with started(archive, *options) as (address, _):
        yield address


@contextmanager
def started(archive: Path, *options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Serve as `serving` does; give the process too."""
    command = [sys.executable, "-c", _SERVE, "--archive", str(archive), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            address = re.search(r"http://\S+", line)
            if address is None:
                raise RuntimeError(f"the server did not come up; it said {line!r}")
            yield address.group(), server
        finally:
            server.terminate()
            server.wait(_PATIENCE)
