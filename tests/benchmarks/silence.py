"""How soon a newspaper's silence is noticed, and how often one is that was none.

    python -m tests.benchmarks.silence [YEARS]

Newspapers of 3, 30 and 300 articles a day are made up: a night, a weekend at half the pace, bursts,
days that differ, three days of a feast at a third of it. Each lives so many years, and then falls
silent so many times, at a random hour. Beside the rule of `archive.habits`, the change points of
`ruptures` (PELT) and the drifts of `river` (ADWIN) are measured where these are installed; they see
counts of six hours, divided by what is usual at that hour of the week.
"""

import importlib
import importlib.util
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import fmean, median, quantiles

import click

from archive.habits import HOUR, novelty

PACES = (3, 30, 300)  # articles a day
BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
_DAY = [0.1] * 6 + [0.5, 1, 1.5, 1.8, 1.8, 1.7, 1.6, 1.5, 1.4, 1.4, 1.3, 1.2, 1.1, 1, 0.9, 0.7]
_DAY += [0.3, 0.1]
_WEEKS = 10  # that a habit takes, and that a silence is looked for after
_WITHIN = 336  # hours
_EVERY = 3  # hours between two looks
Rule = Callable[[list[int]], bool]  # is the newspaper of these hours, up to now, silent?


def newspaper(chance: random.Random, pace: float, weeks: int) -> list[int]:
    """Return how many articles a newspaper has in each hour of so many weeks."""
    feasts = {day + more for day in chance.sample(range(weeks * 7), weeks // 26 + 1)
              for more in range(3)}  # fmt: skip
    hours = []
    for day in range(weeks * 7):
        level = chance.gammavariate(12, 1 / 12) * (0.5 if day % 7 == 4 else 1)
        level *= 0.35 if day in feasts else 1
        for share in _DAY:
            mean = pace * share / sum(_DAY) * level * chance.gammavariate(3, 1 / 3)
            hours.append(_poisson(chance, mean))
    return hours


def _poisson(chance: random.Random, mean: float) -> int:
    count, passed = 0, chance.expovariate(1)
    while passed < mean:
        count, passed = count + 1, passed + chance.expovariate(1)
    return count


def ours(hours: list[int]) -> bool:
    """Ask what `warraq status` asks."""
    first = max(0, len(hours) - 10 * 168)
    now = BEGAN + len(hours) * HOUR
    known = Counter({BEGAN + at * HOUR: hours[at] for at in range(first, len(hours))})
    return novelty(known, now - HOUR / 2).unusual


def _paces(hours: list[int]) -> list[float]:
    """Return the last eight weeks in steps of six hours, as parts of what is usual then."""
    known = hours[-8 * 168 :]
    usual = [fmean(known[at::168]) + 0.02 for at in range(168)]
    parts = [count / usual[at % 168] for at, count in enumerate(known)]
    return [fmean(parts[at : at + 6]) for at in range(0, len(parts), 6)]


def change_point(hours: list[int]) -> bool:
    """Ask PELT for a change to less than a third within the last week."""
    array, library = importlib.import_module("numpy").array, importlib.import_module("ruptures")
    parts = array(_paces(hours)).reshape(-1, 1)
    found = library.KernelCPD(kernel="linear", min_size=2).fit(parts).predict(pen=4)
    if len(found) < 2 or len(parts) - found[-2] > 28:
        return False
    before = parts[found[-3] if len(found) > 2 else 0 : found[-2]].mean()
    return bool(parts[found[-2] :].mean() < 0.3 * before)


def drift(hours: list[int]) -> bool:
    """Ask ADWIN for a drift within the last two days, downwards."""
    parts = _paces(hours)
    detector, last = (
        importlib.import_module("river.drift").ADWIN(delta=0.01, clock=1, grace_period=24),
        -1,
    )
    for at, part in enumerate(parts):
        detector.update(part)
        last = at if detector.drift_detected else last
    return len(parts) - last <= 8 and fmean(parts[-4:]) < 0.3


def measure(rule: Rule, pace: float, years: int) -> str:
    """Return false alarms a year, and the median and 95th percentile of the hours until noticed."""
    chance, alarms, delays = random.Random(pace), 0, list[float]()
    for _ in range(years):
        hours, was = newspaper(chance, pace, 52 + _WEEKS), False
        for end in range(_WEEKS * 168, len(hours), _EVERY):
            found = rule(hours[:end])
            alarms, was = alarms + (found and not was), found
        began = _WEEKS * 168 + chance.randrange(168)
        silent = newspaper(chance, pace, _WEEKS + 4)[:began] + [0] * _WITHIN
        noticed = (late for late in range(_EVERY, _WITHIN, _EVERY) if rule(silent[: began + late]))
        delays.append(next(noticed, float("inf")))
    late = quantiles(delays, n=20)[-1] if len(delays) > 1 else delays[0]
    return f"{alarms / years:5.1f} · {median(delays):3.0f} · {late:3.0f}"


def rules() -> Iterator[tuple[str, Rule]]:
    """Yield what can be measured here."""
    yield "same hours, median and MAD", ours
    for name, library, rule in (("PELT", "ruptures", change_point), ("ADWIN", "river", drift)):
        if importlib.util.find_spec(library):
            yield f"{library}, {name}", rule


@click.command()
@click.argument("years", type=int, default=3)
def main(years: int) -> None:
    """Print for each rule and pace: false alarms a year · hours until noticed · the 95th of 100."""
    print("articles a day".ljust(28), *(f"{pace:>19}" for pace in PACES))
    for name, rule in rules():
        print(name.ljust(28), *(f"{measure(rule, pace, years):>19}" for pace in PACES), flush=True)


if __name__ == "__main__":
    main()
