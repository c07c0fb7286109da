"""One attack: a fresh archive crawls its site by `warraq crawl`, and what came of it is judged."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.database import open_for_reading
from tests.hostile.attack import Attack
from tests.hostile.behaviour import BEHAVIOUR
from tests.hostile.host import GOOD, Hostile, serve
from tests.hostile.listings import LISTINGS
from tests.hostile.measuring import Taken, measure
from tests.hostile.pages import PAGES
from tests.sound import Unsound, sound

ATTACKS = {attack.name: attack for attack in (*PAGES, *LISTINGS, *BEHAVIOUR)}
PEAK_MB = 500
_APART = timedelta(hours=5)  # between two crawls
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PROBLEMS = "select coalesce(url, ''), kind from problems"
_TITLES = "select url, title from articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of an attack: what it took in all its crawls, and what is `wrong`, in words."""

    attack: str
    seconds: float
    cpu: float
    peak_mb: float
    requests: int
    good: int
    database_mb: float
    warc_mb: float
    problems: Counter[str]
    wrong: tuple[str, ...]


def run(attack: Attack, archive: Path, *, size: float = 1.0, patience: float = 0.0) -> Report:
    """Let an attack happen to a new archive; `patience` are the seconds of a download or page."""
    with serve(attack, size=size) as host:
        slugs = host.publish(archive)
        began = datetime.now(UTC)
        taken = []
        for number in range(attack.crawls):
            words = ["crawl", *slugs, "--archive", str(archive)]
            words += ["--seconds", str(attack.seconds)] if attack.seconds else []
            if attack.crawls > 1:
                words += ["--now", (began + number * _APART).isoformat()]
            command = [sys.executable, "-m", "tests.hostile.crawling", str(patience), *words]
            log = archive.with_name(f"{archive.name}.log")
            taken.append(measure(command, log=log, cpu=attack.cpu, megabytes=PEAK_MB))
    return _judged(host, archive, taken)


def _judged(host: Hostile, archive: Path, taken: list[Taken]) -> Report:
    attack = host.attack
    with closing(open_for_reading(archive)) as db:
        titles = dict(db.execute(_TITLES).fetchall())
        problems = db.execute(_PROBLEMS).fetchall()
    report = Report(
        attack=attack.name,
        seconds=sum(each.seconds for each in taken),
        cpu=sum(each.cpu for each in taken),
        peak_mb=max(each.peak_mb for each in taken),
        requests=len(host.asked),
        good=len(host.good().items() & titles.items()),
        database_mb=sum(path.stat().st_size for path in archive.glob("archive.db*")) / 1e6,
        warc_mb=sum(path.stat().st_size for path in archive.rglob("*.warc.gz")) / 1e6,
        problems=Counter(kind for _, kind in problems),
        wrong=(),
    )
    wrong = [*_bounds(attack, report), *said(taken), *_missing(host, problems)]
    if host.reached:
        wrong.append(f"a forbidden address was reached: {host.reached[0]!r}")
    try:
        sound(archive)
    except Unsound as error:
        wrong.append(str(error))
    wrong += attack.after(archive, host) if attack.after else ()
    return replace(report, wrong=tuple(wrong))


def _bounds(attack: Attack, report: Report) -> Iterator[str]:
    """Yield what was more than the attack may take."""
    if report.good < GOOD:
        yield f"{report.good} of {GOOD} good articles are archived"
    bounds = {
        "cpu": attack.cpu,
        "peak_mb": PEAK_MB,
        "requests": attack.requests,
        "database_mb": attack.database_mb,
        "warc_mb": attack.warc_mb,
    }
    for name, most in bounds.items():
        if (value := getattr(report, name)) > most:
            yield f"{name} is {value:,.0f}, over {most:g}"


def said(taken: list[Taken]) -> Iterator[str]:
    """Yield what no crawl should say or do."""
    for crawl in taken:
        if crawl.code:
            yield f"the crawl ended with {crawl.code}: {crawl.output[-500:]}"
        if crawl.code is None:
            yield "the crawl was killed: it took three times what it may, or half an hour"
        for sign in ("Traceback", "internal error", *_CONTROLS.findall(crawl.output)[:1]):
            if sign in crawl.output:
                yield f"the crawl says {sign!r}: {crawl.output[-500:]}"


def _missing(host: Hostile, problems: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the problems that should have been reported, and faults of our own."""
    for place, kind in host.attack.problems.items():
        address = host.address(place)
        kinds = {reported for url, reported in problems if url == address}
        if kind not in kinds:
            yield f"{place} is no {kind}, but {', '.join(sorted(kinds)) or 'no problem'}"
    for url, kind in problems:
        if kind == "internal-error":
            yield f"{url[:200]} is an internal error"


HEAD = (
    f"{'attack':<20}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'requests':>10}{'good':>6}"
    f"{'db MB':>8}{'WARC MB':>9}  problems"
)


def line(one: Report) -> str:
    """Return a report as a line of the table; below it what is wrong."""
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in one.problems.most_common(4))
    told = "".join(f"\n    WRONG: {each}" for each in one.wrong)
    return (
        f"{one.attack:<20}{one.seconds:>8.1f}{one.cpu:>8.1f}{one.peak_mb:>9.0f}{one.requests:>10,}"
        f"{one.good:>4}/{GOOD}{one.database_mb:>8.1f}{one.warc_mb:>9.2f}  {kinds}{told}"
    )
