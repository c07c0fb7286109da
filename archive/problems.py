"""The kinds of problems, each a word that is stored and counted, and the rows of problems."""

import re
import sqlite3
import tomllib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Self

from archive import rows
from archive.clock import from_iso, iso

_HTTP = re.compile(r"http-(\d{3})")


class ProblemKind(StrEnum):
    """A kind of problem, under the word by which the table `problems` knows it.

    Answers of HTTP are kinds as well, without a name of their own: see `http`.
    """

    # The network, and what was asked for through it.
    NETWORK_DNS = "network-dns"
    NETWORK_REFUSED = "network-refused"
    NETWORK_TIMEOUT = "network-timeout"
    NETWORK_FAILED = "network-failed"
    NETWORK_CANCELLED = "network-cancelled"
    NETWORK_SCHEME = "network-scheme"
    NETWORK_TLS = "network-tls"
    TLS_UNVERIFIED = "tls-unverified"
    PROXY_FAILED = "proxy-failed"
    ADDRESS_REFUSED = "address-refused"
    BAD_ADDRESS = "bad-address"
    IGNORED = "ignored"
    # Rules of the site.
    ROBOTS_DISALLOW = "robots-disallow"
    ROBOTS_UNREACHABLE = "robots-unreachable"
    CRAWL_DELAY = "crawl-delay"
    HOST_PAUSED = "host-paused"
    # Answers that hold no page or not all of it.
    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    UNDECODABLE = "undecodable"
    NOT_A_PAGE = "not-a-page"
    NOT_AN_IMAGE = "not-an-image"
    # Listings and their links.
    NOT_A_LISTING = "not-a-listing"
    OF_NO_USE = "of-no-use"
    BAD_LINK = "bad-link"
    FOREIGN_LINK = "foreign-link"
    PUBLISHER_MOVED = "publisher-moved"
    URL_TRAP = "url-trap"
    LEFT_OUT = "links-left-out"
    # Pages as a browser shows them.
    RENDER_TIMEOUT = "render-timeout"
    RENDER_FAILED = "render-failed"
    RENDER_CRASH = "render-crash"
    RENDER_INCOMPLETE = "render-incomplete"
    # Pages that are served in place of an article.
    CHALLENGE = "challenge"
    CAPTCHA = "captcha"
    CONSENT = "consent"
    PARKED = "parked"
    LOGIN = "login"
    OUTAGE = "outage"
    MAYBE_GONE = "maybe-gone"
    HIJACKED = "hijacked"
    # Extraction.
    EXTRACT_TIMEOUT = "extract-timeout"
    EXTRACT_CRASH = "extract-crash"
    EXTRACT_ERROR = "extract-error"
    NO_TEXT = "no-text"
    NOT_AN_ARTICLE = "not-an-article"
    REPLACED = "replaced"
    LAYOUT_CHANGED = "layout-changed"
    CHARSET = "charset"
    MOJIBAKE = "mojibake"
    JSON_LD_BROKEN = "json-ld-broken"
    RULE_MISSED = "rule-missed"
    ZONE_CONFLICT = "zone-conflict"
    DATE_AGE = "date-age"
    DATE_CONFLICT = "date-conflict"
    # Imports, upkeep, and what was lost.
    IMPORT_LINE = "import-line"
    IMPORT_DIFFERS = "import-differs"
    DAMAGED_SOURCE = "damaged-source"
    DAMAGED_CAPTURE = "damaged-capture"
    LOST_CAPTURE = "lost-capture"
    ARCHIVE_DAMAGED = "archive-damaged"
    BACKUP_FAILED = "backup-failed"
    # A fault of Warraq.
    INTERNAL_ERROR = "internal-error"
    SLICE_DIED = "slice-died"
    # An alert that did not go out.
    ALERT_FAILED = "alert-failed"

    @classmethod
    def http(cls, status: int) -> Self:
        """Return the kind of an answer with this status, such as `http-404`."""
        return cls(f"http-{status}")

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """Make the kind of an HTTP status, of which there are too many to be named."""
        if not (isinstance(value, str) and _HTTP.fullmatch(value)):
            return None
        kind = str.__new__(cls, value)
        kind._name_ = value.upper().replace("-", "_")
        kind._value_ = value
        return cls._value2member_map_.setdefault(value, kind)  # type: ignore[return-value]

    @property
    def status(self) -> int | None:
        """The status of an HTTP answer; None of any other kind."""
        return int(self[-3:]) if _HTTP.fullmatch(self) else None

    @property
    def passing(self) -> bool:
        """Whether the article may be read at the next visit, which is made as after a failure."""
        return self in _PASSING

    @property
    def wall(self) -> bool:
        """Whether the page blocks the way to an article, or to a whole site."""
        return self in _WALLS

    @property
    def elsewhere(self) -> bool:
        """Whether something else stands in the article's place, so that nothing is said of it."""
        return self in _ELSEWHERE or self.passing or self.wall

    @property
    def away(self) -> bool:
        """Whether not only the page but its site, or the connection to it, is unavailable."""
        if self.status is not None:
            return self.status >= 500 or self.status == 429
        return self.startswith("network-") or self is ProblemKind.ROBOTS_UNREACHABLE

    @property
    def proves_removal(self) -> bool:
        """Whether a page of this kind, answered with 404 or 410, shows that the article is gone.

        A newspaper's own log-in or "not found" page does; what may be
        served in the newspaper's place does not.
        """
        return self.status in {404, 410} or self in _OWN_PAGES

    @property
    def remedy(self) -> str | None:
        """What a person who asks for a site can do about it; None where nothing is known."""
        return _remedies().get(ProblemKind.OUTAGE if (self.status or 0) >= 500 else self)


_K = ProblemKind

_PASSING = {_K.CHALLENGE, _K.CAPTCHA, _K.OUTAGE}
_PASSING |= {_K.EXTRACT_TIMEOUT, _K.EXTRACT_CRASH, _K.EXTRACT_ERROR}
_WALLS = {_K.CHALLENGE, _K.CAPTCHA, _K.CONSENT, _K.PARKED, _K.LOGIN, _K.OUTAGE}
_ELSEWHERE = {_K.MAYBE_GONE, _K.REPLACED, _K.FOREIGN_LINK, _K.HIJACKED}
_OWN_PAGES = {_K.CONSENT, _K.LOGIN, _K.MAYBE_GONE}


@cache
def _remedies() -> dict[str, str]:
    return tomllib.loads(files(__package__).joinpath("remedies.toml").read_text(encoding="utf-8"))


def insert(
    db: sqlite3.Connection,
    fields: Mapping[str, str],
    *,
    at: datetime,
    run: int | None,
    capture: int | None = None,
) -> None:
    """Insert the row of a problem from the fields of its record (`journal.problem_fields`).

    Raises:
        KeyError: if they are not those of a problem.
    """
    row = {name: fields[name] for name in ("stage", "kind", "detail")} | {"url": fields["place"]}
    own = {"at": iso(at), "run": run, "publisher": fields.get("publisher"), "capture": capture}
    rows.insert(db, "problems", row | own)


def latest(db: sqlite3.Connection, publisher: str, kind: ProblemKind) -> datetime | None:
    """Return when a publisher had a problem of a kind last; None if never."""
    sql = "select max(at) from problems where publisher = ? and kind = ?"
    at = rows.value(db, sql, (publisher, kind))
    return from_iso(at) if at else None


def is_known(
    db: sqlite3.Connection, fields: Mapping[str, str], *, since: datetime | None = None
) -> bool:
    """Return whether there is a row of this very problem, of a moment or later."""
    same = "url = :place and kind = :kind and stage = :stage and detail = :detail"
    bounds = {**fields, "since": iso(since) if since else ""}
    sql = f"select 1 from problems where {same} and at >= :since"  # noqa: S608
    return rows.value(db, sql, bounds) is not None


def newest(db: sqlite3.Connection, kind: str, *, since: datetime) -> tuple[str, str] | None:
    """Return when the latest problem of a kind was, and its detail; None if there was none."""
    sql = "select at, detail from problems where kind = ? and at >= ? order by at desc limit 1"
    found: tuple[str, str] | None = db.execute(sql, (kind, iso(since))).fetchone()
    return found
