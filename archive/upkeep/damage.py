"""What a check of an archive found: how much was looked at, and every damage with its remedy."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

FROM_BACKUP = "put the file back from a backup; without one, `warraq repair` keeps what still reads"
ROW_FROM_BACKUP = "`warraq repair` brings row and record together"
TELL_AGAIN = "`warraq repair` tells it again from what the database knows"
REINDEX = "`warraq reindex` makes the search index anew from the articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is not as it was written: where, what, and what to do.

    `place` is a file inside the archive's folder, `offset` the byte of the damaged record there;
    `table` and `row` name a row of the database by its key.
    """

    kind: str
    place: str
    detail: str
    remedy: str
    offset: int | None = None
    table: str | None = None
    row: int | str | None = None

    def __str__(self) -> str:
        at = f", byte {self.offset}" if self.offset is not None else ""
        row = f", {self.table} {self.row}" if self.table and self.row is not None else ""
        return f"{self.place}{at}{row}: {self.detail} ({self.kind})\n    {self.remedy}"


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a part of a check looked at, in words and numbers, and what it found damaged.

    `balance` is what must come to nothing when all parts are added, as articles and index.
    `untold` is what is to be reported of records (by their ids) unless they are among the `told`.
    """

    counts: Counter[str] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    balance: Counter[str] = field(default_factory=Counter)
    untold: dict[str, Damage] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def add(self, other: "Findings") -> None:
        """Take in what another part found."""
        self.counts.update(other.counts)
        self.damages += other.damages
        self.notes += other.notes
        self.balance.update(other.balance)
        self.untold |= other.untold
        self.told |= other.told

    def settle(self) -> None:
        """Report what was untold in its own part, and is told in none of the others."""
        self.damages += [found for name, found in self.untold.items() if name not in self.told]
        self.untold.clear()
        self.told.clear()

    def plain(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "checked": dict(self.counts),
            "damages": [asdict(damage) for damage in self.damages],
            "notes": self.notes,
        }

    def lines(self) -> Iterator[str]:
        """Yield each damage and note for a person to read."""
        yield from map(str, self.damages)
        yield from self.notes
