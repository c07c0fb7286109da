"""What an attack is: a small site that does one harmful thing, and what must come of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.hostile.host import Hostile

Pieces = Iterable[bytes | float]  # bytes to send, seconds to wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to the site.

    `own` is the site's address, `forbidden` one that nobody may reach, `neighbour` that of another
    newspaper; `size` is 1 where the attack is as large as it gets.
    """

    target: str
    headers: str
    own: str
    forbidden: str
    neighbour: str
    size: float

    def count(self, most: int) -> int:
        """Return how many there are of what there are `most` in the largest attack."""
        return max(1, round(most * self.size))

    @property
    def port(self) -> str:
        """The port of the forbidden address."""
        return self.forbidden.rpartition(":")[2]

    @property
    def number(self) -> int:
        """The digits of the target, 0 where it has none."""
        return int("".join(filter(str.isdigit, self.target))[:18] or 0)


Route = Callable[[Asked], Pieces]
After = Callable[[Path, "Hostile"], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A site: what it answers, by how a target begins (the longest beginning counts).

    `listed` addresses stand in its feed before the good articles; `feeds`, `sitemaps`, `sections`
    and `api` are further entry points; each is a path, or a whole address with a field of `Asked`
    in braces. `problems` are the kinds that must be reported, by path or address. The good articles
    are another newspaper's where the host is `alone` bad: it answers everything by its routes.
    A crawl begins nothing after so many `seconds`. `after` looks at the archive and says what is
    wrong. In the fast series it has the size `small`, and is left out where that is 0. The rest are
    bounds: CPU seconds, MB, requests.
    """

    name: str
    routes: Mapping[str, Route] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    api: tuple[str, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    neighbour: bool = False
    encrypted: bool = False
    crawls: int = 1
    seconds: int | None = None
    after: After | None = None
    small: float = 1.0
    cpu: float = 30.0
    database_mb: float = 10.0
    warc_mb: float = 10.0
    requests: int = 100
