"""`python -m tests.hostile.crawling PATIENCE …` is `warraq …`, and no name server is asked.

All names lead to this machine, as a hostile name server has it. Where PATIENCE is not 0, downloads
and pages get so many seconds, for a series that nobody wants to wait for.
"""

import socket
import sys
from typing import Any

from crawler import settings
from crawler.cli import warraq

_look_up = socket.getaddrinfo


def _answer(host: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else str(host)
    is_literal = name.replace(".", "").isdecimal() or ":" in name
    return _look_up(host if is_literal else "127.0.0.1", *arguments, **options)


if __name__ == "__main__":
    _, patience, *words = sys.argv
    socket.getaddrinfo = _answer
    if float(patience):
        settings.DOWNLOAD_TIMEOUT = round(float(patience))
        settings.EXTRACT_SECONDS = float(patience)
    warraq(words, prog_name="warraq")
