"""The process that workers are forked from says nothing of what is no news for a person."""

import subprocess
import sys

from tests.crawler import shell

# A worker is asked for, and whoever asked is gone before it is told what to do.
ASKED_IN_VAIN = """
import os
from multiprocessing import forkserver
from crawler.forkserver import start_forkserver
if __name__ == "__main__":
    start_forkserver()
    status, to_worker = forkserver.connect_to_new_process([])
    os.write(to_worker, {written!r})
    os.close(to_worker)
    forkserver.read_signed(status)  # its process
    print(forkserver.read_signed(status))  # how it ended
"""


def ended(written: bytes) -> tuple[str, str]:
    """Return how a worker ended that was told no more than this, and what was printed of it."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED_IN_VAIN.format(written=written)],
        cwd=shell.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip(), done.stderr


def test_a_worker_that_nobody_tells_what_to_do_any_more_ends_without_a_word():
    assert ended(b"") == ("1", "")
    assert ended(b"\x80\x04\x95") == ("1", "")


def test_any_other_error_is_told():
    code, said = ended(b"cnowhere\nnothing\n.")
    assert code == "1"
    assert "ModuleNotFoundError: No module named 'nowhere'" in said
