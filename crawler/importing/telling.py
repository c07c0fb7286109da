"""What an import says of a file: which it is, and what became of its records."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from archive.warc.reader import Damage, TooLarge

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to import, and the name under which the archive tells of it."""

    path: Path
    name: str


@dataclass(slots=True, kw_only=True)
class Told:
    """What became of the records of a file.

    `counts` has `records`, `damaged`, `too large`, `known`, `unread`, and those of `Passed` and
    `Became`; `damages` names the first places and what is wrong there. `before` tells that an
    earlier import read a part of it, `stopped` that this one was asked to end.
    """

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    damages: list[str] = field(default_factory=list)
    seconds: float = 0.0
    before: bool = False
    stopped: bool = False

    @property
    def is_warc(self) -> bool:
        """Whether there was a record in it that reads."""
        return self.counts["records"] > self.counts["damaged"]

    def damage(self, found: Damage | TooLarge) -> None:
        """Count a place where no record could be read, and say where it is."""
        large = isinstance(found, TooLarge)
        self.counts["too large" if large else "damaged"] += 1
        if len(self.damages) < _SHOWN:
            what = f"it has {found.size:,} bytes" if isinstance(found, TooLarge) else found.what
            target = f" ({found.url})" if found.url else ""
            self.damages.append(f"{self.name}, byte {found.place}{target}: {what}")
