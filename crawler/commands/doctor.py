"""`warraq doctor`: look at a machine, an archive's folder and its settings, and say what to do."""

import json
import logging
import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from packaging.requirements import Requirement

from archive import captures, problems, runs
from archive.clock import system
from archive.commands.options import ExitCode, archive_option, counted
from archive.database import NAME, ask, fault_of_sqlite, open_for_reading
from archive.errors import ArchiveError
from archive.problems import ProblemKind
from archive.session import WARC_FOLDER
from crawler import config
from crawler.alerts import TEST, Message, send
from crawler.config import Config
from crawler.errors import ConfigError, CrawlerError
from crawler.publisher import Publisher, files, read

logger = logging.getLogger(__name__)
T = TypeVar("T")

_SECONDS = 3.0  # for which a proxy is waited for
_FULL, _NEARLY_FULL = 200 << 20, 2 << 30  # bytes that are free
_AHEAD = timedelta(minutes=2)  # of what is a clock wrong
_FILES = NAME, f"{NAME}-wal", f"{NAME}-shm", "lock", WARC_FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, how it is, in words, and what to do where it is not ok."""

    name: str
    grade: Literal["ok", "warning", "wrong"]
    said: str
    remedy: str = ""


def check(name: str, said: str, remedy: str, *, wrong: str = "", warning: str = "") -> Check:
    """Return a check with what is `wrong`, or else a `warning`, or else that it is as `said`."""
    if wrong or warning:
        grade: Literal["warning", "wrong"] = "wrong" if wrong else "warning"
        return Check(name=name, grade=grade, said=wrong or warning, remedy=remedy)
    return Check(name=name, grade="ok", said=said)


@click.command()
@archive_option
@click.option("--send-alert", is_flag=True, help="Also send a test by each way of [alerts].")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects, a check each.")
def doctor(archive: Path, send_alert: bool, as_json: bool) -> None:
    """Look at the installation and say what to do.

    Checks the libraries, SQLite, time zones, the clock (against files, the last run and what
    servers said), the folder's rights, its disk, warraq.toml, the contact, the proxy, publishers'
    files, Chromium where it is needed, alerts and saved searches. It changes nothing. It ends with
    1 where something is wrong; a warning alone is not an error. `warraq watch` does the same at its
    start, without the network.

    \b
    warraq doctor
    warraq doctor --archive ~/news --send-alert     do alerts arrive?
    warraq doctor --json | jq '.[] | select(.grade != "ok")'
    """
    checks = [*examine(archive), *(try_alerts(archive) if send_alert else ())]
    wrong, warned = (sum(each.grade == grade for each in checks) for grade in ("wrong", "warning"))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in checks], ensure_ascii=False, indent=2))
    else:
        for each in checks:
            remedy = f"\n{'':9}→ {each.remedy}" if each.remedy else ""
            click.echo(f"{each.grade:9}{each.name}: {each.said}{remedy}")
        click.echo(f"{counted(len(checks), 'check')}: {wrong} wrong, {counted(warned, 'warning')}.")
    if wrong:
        raise SystemExit(ExitCode.FAILED)


def examine(root: Path, *, network: bool = True) -> Iterator[Check]:
    """Check this machine, and the archive in `root`, which need not be there, with its settings.

    Without `network` nothing is connected to.
    """
    yield _libraries()
    remedy = "use a Python whose SQLite is 3.38 or later, with FTS5"
    yield check("SQLite", "makes all tables and the index", remedy, wrong=fault_of_sqlite())
    yield _zones()
    yield _clock(root, now=system())
    yield from _folder(root)
    own, fault = config.DEFAULTS, ""
    try:
        own = config.load(root)
    except ConfigError as error:
        fault = str(error)
    yield check("settings", str(root / config.NAME), "correct that line", wrong=fault)
    missing = "" if own.contact else "publishers cannot see who asks, and may block it"
    remedy = f'contact = "https://…" or "me@example.org" in {config.NAME}'
    yield check("contact", str(own.contact), remedy, warning=missing)
    yield _proxy(own, network=network)
    publishers, faults = _publishers(root, own)
    said, remedy = f"{len(publishers)} files are valid", "see `warraq publishers list`"
    yield check("publishers", said, remedy, wrong="; ".join(faults))
    unverified = ", ".join(each.slug for each in publishers if not each.verify_tls)
    warning = f"obeyed, but certificates are not verified of {unverified}" if unverified else ""
    yield check("robots.txt", "obeyed (RFC 9309)", "mend `verify_tls`", warning=warning)
    yield _chromium(publishers)
    yield _alerts(root, own, since=system() - timedelta(days=7))


def try_alerts(root: Path) -> Iterator[Check]:
    """Send a test by each way of the alerts of an archive."""
    own, name = config.load(root), root.resolve().name
    message = Message(title=f"Warraq {name}: test · تجربة", text=TEST, data={"alerts": []})
    remedy = f'correct [alerts] in {config.NAME}: command, webhook or to = ["me@…"]'
    for way in own.alerts.ways:
        yield check(f"alert by {way}", "sent", remedy, wrong=send(way, message, own) or "")
    if not own.alerts.ways:
        yield check("alert", "", remedy, wrong="none is set")


def log_warnings(root: Path) -> None:
    """Log what is not ok, without asking the network."""
    for each in examine(root, network=False):
        if each.grade != "ok":
            logger.warning("%s: %s (%s)", each.name, each.said, each.remedy)


def _libraries() -> Check:
    """Check that the libraries of this version are there."""
    own, wrong = _version("warraq"), list[str]()
    for needed in map(Requirement, metadata.requires("warraq") or []):
        have = _version(needed.name)
        is_needed = needed.marker is None or needed.marker.evaluate({"extra": ""})
        if is_needed and (not have or have not in needed.specifier):
            wrong.append(f"{needed.name} is {have or 'missing'}, not {needed.specifier}")
    said = f"{own}, Python {platform.python_version()}, trafilatura {_version('trafilatura')}"
    return check("warraq", said, "pip install -U warraq", wrong="; ".join(wrong))


def _version(library: str) -> str:
    return next((each.version for each in metadata.distributions(name=library)), "")


def _zones() -> Check:
    """Check that time zones are of 2023 or later, when Egypt had summer time again."""
    wrong = ""
    try:
        if datetime(2023, 7, 1, tzinfo=ZoneInfo("Africa/Cairo")).utcoffset() != timedelta(hours=3):
            wrong = "older than 2023: times of Egypt and of others are an hour wrong"
    except (ZoneInfoNotFoundError, OSError) as error:
        wrong = f"not there: {error}"
    remedy = "update the system's package tzdata, or `pip install -U tzdata`"
    return check("time zones", "of 2023 or later", remedy, wrong=wrong)


def _clock(root: Path, *, now: datetime) -> Check:
    """Check what the machine's clock shows: by files, by the last run, and by servers of late."""
    own = True in _asked(root, runs.clocks, set[bool]())
    last = None if own else _asked(root, runs.last_at, None)
    files = [path for path in (Path(__file__), *(root / name for name in _FILES)) if path.exists()]
    times = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in files]
    latest = max([*times, *([last] if last else [])])
    answers, none = partial(captures.apart, folder=root / WARC_FOLDER), list[timedelta]()
    apart = _asked(root, answers, none)
    ahead = 0.0 if own or not apart else median(each.total_seconds() / 60 for each in apart)
    wrong = warning = ""
    if latest > now + _AHEAD:
        wrong = f"{now:%F %H:%M} UTC, and here are files or runs of {latest:%F %H:%M}"
    if abs(ahead) > _AHEAD / timedelta(minutes=1):
        warning = f"{abs(ahead):.0f} minutes {'ahead of' if ahead > 0 else 'behind'} servers"
    remedy = "set the clock, and let it be kept right (timedatectl set-ntp true)"
    return check("clock", f"{now:%F %H:%M} UTC", remedy, wrong=wrong, warning=warning)


def _asked(root: Path, question: Callable[[Any], T], otherwise: T) -> T:
    """Return what the archive answers, if it can be read; another check says where it cannot."""
    try:
        return ask(root, question, otherwise=otherwise, level=logging.DEBUG)
    except ArchiveError:
        return otherwise


def _folder(root: Path) -> Iterator[Check]:
    """Check an archive's folder: who may write there, room on its disk, and its database."""
    there = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    paths = [path for path in (there, *(root / name for name in _FILES)) if path.exists()]
    closed = ", ".join(str(path) for path in paths if not os.access(path, os.W_OK))
    wrong = f"this user may not write {closed}" if closed else ""
    if not wrong and (root / NAME).exists():
        try:
            open_for_reading(root).close()
        except ArchiveError as error:
            wrong = str(error)
    said = str(root) if there == root.absolute() else f"{root} is not there yet"
    remedy = f"give it to the user that crawls (chown -R USER {root})" if closed else "see there"
    yield check("folder", said, remedy, wrong=wrong)
    free = shutil.disk_usage(there).free
    said, remedy = f"{free / 1e9:,.1f} GB are free", "make room, or use a larger disk"
    wrong, warning = (said if free < least else "" for least in (_FULL, _NEARLY_FULL))
    yield check("disk", said, remedy, wrong=wrong, warning=warning)


def _proxy(own: Config, *, network: bool) -> Check:
    """Check that the proxy answers; its address may have a password, and is not shown."""
    around = "" if own.proxy else ", ".join(getproxies().keys() & {"http", "https", "all"})
    warning = f"that of the environment is used ({around})" if around else ""
    wrong, parts = "", urlsplit(own.proxy or "")
    if own.proxy and network:
        try:
            socket.create_connection((parts.hostname, parts.port or 80), _SECONDS).close()
        except OSError as error:
            wrong = f"it does not answer: {error.strerror or error}"
    remedy = f"start it, or set `proxy` in {config.NAME}"
    return check("proxy", "set" if own.proxy else "none", remedy, wrong=wrong, warning=warning)


def _publishers(root: Path, own: Config) -> tuple[list[Publisher], list[str]]:
    """Return the publishers that the archive follows or has files of, and what is wrong there."""
    known, publishers = files(root / "publishers"), list[Publisher]()
    here = {path.stem for path in (root / "publishers").glob("*.toml")}
    wanted = sorted({*own.follow, *own.schedules, *here})
    faults = [
        f"{slug}: a publisher of that name is not known" for slug in wanted if slug not in known
    ]
    for path in (known[slug] for slug in wanted if slug in known):
        try:
            publishers.append(read(path))
        except CrawlerError as error:
            faults.append(str(error))
    return publishers, faults


def _chromium(publishers: Sequence[Publisher]) -> Check:
    """Check that a browser is there where a publisher's pages need one."""
    needed, wrong = ", ".join(each.slug for each in publishers if each.render), ""
    if needed:
        from crawler.browser import find_chromium

        if find_spec("playwright") is None or find_chromium() is None:
            wrong = f"missing, and {needed} cannot be read without"
    remedy = "pip install 'warraq[render]', and on Debian apt-get install chromium"
    return check("Chromium", "there" if needed else "not needed", remedy, wrong=wrong)


def _alerts(root: Path, own: Config, *, since: datetime) -> Check:
    """Check that alerts can go out, and did of late."""
    program, kind, warning = own.alerts.command[:1], ProblemKind.ALERT_FAILED, ""
    is_missing = program and shutil.which(program[0]) is None
    newest = partial(problems.newest, kind=kind, since=since)
    failed = _asked(root, newest, None)
    if own.alerts.mail and own.proxy:
        warning = "e-mail goes to its server past the proxy"
    if own.searches and not own.alerts.ways:
        warning = "nobody hears what [[searches]] find"
    if failed and own.alerts.ways:
        warning = f"one failed at {failed[0][:16]}Z: {failed[1]}"
    wrong = f"the program {program[0]} is not there" if is_missing else ""
    said, remedy = ", ".join(own.alerts.ways) or "none are set", "warraq doctor --send-alert"
    return check("alerts", said, f"correct [alerts], try {remedy}", wrong=wrong, warning=warning)
