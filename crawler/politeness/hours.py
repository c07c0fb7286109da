"""Hours of the day: when a publisher may be asked."""

import re
from dataclasses import dataclass
from datetime import datetime, time

_HOURS = re.compile(r"([01]?\d|2[0-3])(?::([0-5]\d))?\s*-\s*([01]?\d|2[0-4])(?::([0-5]\d))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From `begin` on, up to `end` (exclusive); past midnight where `end` is not later."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Read `22-06` or `21:30-5:45`.

        Raises:
            ValueError: if it is neither.
        """
        match = _HOURS.fullmatch(text.strip())
        if not match:
            raise ValueError(f'{text!r} is no span of hours; write "22-06" or "21:30-05:45"')
        begin, begin_minute, end, end_minute = (int(part or 0) for part in match.groups())
        return cls(begin=time(begin, begin_minute), end=time(end % 24, end_minute))

    def __contains__(self, moment: datetime) -> bool:
        """Say whether a moment, in whose zone the hours are meant, lies within them."""
        now = moment.time()
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"
