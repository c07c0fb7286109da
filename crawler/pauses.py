"""Hosts that are left alone for a while, because they answered 429 or 503.

As long as they ask for (Retry-After), or longer each time; the other hosts go on.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from archive.clock import Clock
from archive.hosts import Hosts
from archive.urls import canonical
from crawler import revisit
from crawler.faults import HostPaused

# Seconds of the first pause, doubled with every further strike in a row.
FIRST_PAUSE = {429: 30.0, 503: 10.0}
LONGEST_PAUSE = timedelta(days=1)
WAITED_SECONDS = (
    60.0  # a crawl waits for a pause that is over so soon, and ends before a longer one
)


@dataclass(slots=True)
class _Pause:
    """A host's pause: its end by the crawl's clock and by the machine's, and the strikes so far."""

    until: datetime
    ends: float
    strikes: int


class Pauses:
    """The hosts that are left alone for now."""

    def __init__(self, hosts: Hosts, clock: Clock) -> None:
        self._hosts = hosts
        self._clock = clock
        now = clock()
        self._pauses = {
            host: _Pause(until, time.monotonic() + (until - now).total_seconds(), strikes)
            for host, until, strikes in hosts.paused()
        }
        self._met: set[str] = set()

    def check(self, url: str) -> None:
        """Check that the host of a URL is not paused.

        Raises:
            HostPaused: with the end of the pause.
        """
        host = host_of(url)
        pause = self._pauses.get(host)
        if pause and time.monotonic() < pause.ends:
            self._met.add(host)
            raise HostPaused(f"{host} is left alone until {pause.until:%F %T}", until=pause.until)

    def strike(self, url: str, status: int, retry_after: str = "") -> None:
        """Pause the host that gave this answer."""
        host, now = host_of(url), self._clock()
        strikes = self._pauses[host].strikes + 1 if host in self._pauses else 1
        asked = revisit.retry_after(retry_after, now=now)
        seconds = FIRST_PAUSE[status] * (1 << min(strikes - 1, 16))
        until = (
            asked if asked and asked > now else now + min(timedelta(seconds=seconds), LONGEST_PAUSE)
        )
        if host in self._pauses:
            until = max(until, self._pauses[host].until)
        ends = time.monotonic() + (until - now).total_seconds()
        self._pauses[host] = _Pause(until, ends, strikes)
        self._met.add(host)
        self._hosts.pause(host, until=until, strikes=strikes)

    def forgive(self, url: str) -> None:
        """End the strikes of a host that answers again."""
        host = host_of(url)
        pause = self._pauses.get(host)
        if pause and time.monotonic() >= pause.ends:
            del self._pauses[host]
            self._hosts.forgive(host)

    def soon_over(self) -> bool:
        """Return whether visits wait for a pause that is worth waiting for."""
        now = time.monotonic()
        return any(
            0 < pause.ends - now <= WAITED_SECONDS
            and self._hosts.is_awaited(host, until=pause.until)
            for host, pause in self._pauses.items()
            if host in self._met
        )

    def met(self) -> list[tuple[str, datetime]]:
        """Return the hosts that stopped visits and are still paused, each with the pause's end."""
        return sorted(
            (host, pause.until)
            for host, pause in self._pauses.items()
            if host in self._met and pause.ends > time.monotonic()
        )


def host_of(url: str) -> str:
    """Return a URL's host, with its port where that is not the scheme's own."""
    return urlsplit(canonical(url)).netloc
