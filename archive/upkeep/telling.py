"""Whether the WARC files still tell the visits of articles, looked at piece by piece.

Each visit's end is told by a metadata record that refers to the record of the answer. It stands
behind it: in the same piece mostly, else in a later file of the run, or in one of a repair.
"""

from dataclasses import dataclass, field

from archive.upkeep.damage import Damage
from archive.warc.parsing import Record
from archive.warc.records import read_fields

_ANSWERS = frozenset({"response", "revisit"})  # a resource record tells of itself


@dataclass(slots=True, kw_only=True)
class Telling:
    """What the records of a piece leave open: visits told in none of them, or only here.

    `untold` is what is to be reported of an answer by the id of its record, `elsewhere` has ids
    that metadata records refer to and that are not in the piece.
    """

    untold: dict[str, Damage] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    _answers: set[str] = field(default_factory=set)

    def hear(self, record: Record, untold: Damage | None) -> None:
        """Take a record in; `untold` is what is to be reported if no other tells of it."""
        if record.type in _ANSWERS:
            name = record.fields.get("warc-record-id", "")
            self._answers.add(name)
            if untold:
                self.untold[name] = untold
        elif record.type == "metadata" and "visit" in read_fields(record.block):
            name = record.fields.get("warc-refers-to", "")
            self.untold.pop(name, None)
            if name not in self._answers:
                self.elsewhere.add(name)
