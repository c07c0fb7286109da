"""Runs the command line: in this process, or in one of its own as a service manager does."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from crawler.cli import warraq

ROOT = Path(__file__).parents[2]


def start(*words, **options):
    """Start `warraq WORDS…`; standard error goes with standard output."""
    return subprocess.Popen(
        [sys.executable, "-m", "crawler", *map(str, words)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def run(*words):
    """Run `warraq WORDS…` in this process; return (exit code, output with standard error).

    Where an event loop runs, it takes a process of its own, since a command has its own loop.

    Raises:
        Exception: what a person would see as a traceback.
    """
    if asyncio._get_running_loop():
        return run_apart(*words)
    handlers = list(logging.root.handlers)
    try:
        result = CliRunner().invoke(warraq, [str(word) for word in words])
    finally:  # what Scrapy set up writes to a standard error that has gone
        logging.root.handlers[:] = handlers
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def run_apart(*words, seconds=120):
    """Run `warraq WORDS…` in a process of its own; return (exit code, output)."""
    with start(*words) as process:
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process.returncode, output


def children(pid):
    """Return the pids of all living processes below a process (Linux)."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(entry.parent.name)] = int(parent)
    found: set[int] = set()
    waiting = {pid}
    while waiting:
        waiting = {one for one, parent in parents.items() if parent in waiting} - found
        found |= waiting
    return found


def alive(pid):
    """Return whether a process lives; one that nobody has waited for does not (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid):
    os.kill(pid, signal.SIGKILL)
