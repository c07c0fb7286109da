"""Alerts: what is wrong and what saved searches found, sent to the owner once by each way.

`watch` looks every ten minutes, in a thread that nothing waits for; `warraq crawl` at its end.

The ways are a program, a webhook and e-mail. Of the hundred services that Apprise speaks to, none
is built in: it would bring seven libraries, and its command reads standard input as any program of
`command` does (`command = "apprise tgram://…"`).
"""

import json
import logging
import smtplib
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import unquote, urlencode, urlsplit

from archive import incidents, problems, status
from archive.clock import Clock, iso, system
from archive.database import open_for_reading
from archive.errors import ARCHIVE_FAULTS, ArchiveError, NotAnArchive
from archive.incidents import HITS, Incident
from archive.journal import problem_fields
from archive.models import Problem
from archive.problems import ProblemKind
from archive.rows import Row
from archive.search import watchlist
from crawler.config import Config
from crawler.turns import SLICE_SECONDS

logger = logging.getLogger(__name__)

LOOK = timedelta(minutes=10)
PATIENCE = SLICE_SECONDS + 60  # seconds for which a turn to write is waited for
TEST = "An alert of this archive arrives here.\nتصل تنبيهات هذا الأرشيف إلى هنا."
SECONDS = 30.0  # for which a program may run, and a server be silent
_SHOWN = 20  # hits of a search in one message
_DOUBLINGS = 5  # of the time between two attempts


class Message(NamedTuple):
    """What is sent: its title in one line, its text, and the same as data for programs."""

    title: str
    text: str
    data: Mapping[str, Any]


class Alerts:
    """Looks at an archive and sends what is new; what it cannot save, it remembers."""

    def __init__(self, root: Path, own: Config, *, clock: Clock = system) -> None:
        self._root = root
        self._own = own
        self._clock = clock
        self._unsaved = dict[tuple[str, str, datetime], Incident]()
        self._failures = dict[str, tuple[int, datetime]]()  # by way: how often, not before
        self._looked_at: datetime | None = None
        self._thread: threading.Thread | None = None

    def begin_look(self) -> None:
        """Look in a thread, if it is time to and no look is going on."""
        now = self._clock()
        is_late = self._looked_at is None or not self._looked_at <= now < self._looked_at + LOOK
        if self._own.alerts.ways and is_late and not (self._thread and self._thread.is_alive()):
            self._looked_at = now
            self._thread = threading.Thread(target=self.look, name="alerts", daemon=True)
            self._thread.start()

    def look(self) -> None:
        """Send what is new by all ways; whatever fails is logged, and a problem."""
        own, now = self._own.alerts, self._clock()
        is_quiet = own.quiet is not None and now.astimezone(own.zone or UTC) in own.quiet
        searching = [self._search] if self._own.searches and not is_quiet else []
        for step in [*searching, self._tell] if own.ways else []:
            try:
                step(now, () if is_quiet else own.ways)
            except (ArchiveError, *ARCHIVE_FAULTS) as error:
                level = logging.INFO if isinstance(error, NotAnArchive) else logging.WARNING
                logger.log(level, "alerts: %s", error)

    def _tell(self, now: datetime, ways: Sequence[str]) -> None:
        """Send what is new by some ways."""
        own, failed = self._own, dict[str, str]()
        with closing(open_for_reading(self._root)) as db:
            saved = {_key(each): each for each in incidents.read(db)}
            flags = status.read(db, self._root, now=now).flags
            current = incidents.compare((saved | self._unsaved).values(), flags, now=now)
            articles = [watchlist.titles(db, each.facts.get("newest", ())) for each in current]
        sections = [_section(*each, own) for each in zip(current, articles, strict=True)]
        for way in ways:
            times, not_before = self._failures.get(way, (0, now))
            news = [number for number, each in enumerate(current) if each.is_news(way)]
            if not news or now < not_before:
                continue
            message = _message([sections[number] for number in news], self._root.resolve().name)
            if why := send(way, message, own):
                logger.warning("an alert did not go out by %s: %s", way, why)
                again = now + LOOK * 2 ** min(times, _DOUBLINGS)
                self._failures[way], failed[way] = (times + 1, again), why
                continue
            self._failures.pop(way, None)
            for number in news:
                current[number] = current[number].sent(way, at=now)
        if current != [*saved.values()] or failed:
            self._save(current, failed, now)

    def _search(self, now: datetime, ways: Sequence[str]) -> None:
        """Save what saved searches find now, as incidents that are to be sent."""
        with closing(open_for_reading(self._root)) as db:
            finds = watchlist.look(db, self._own.searches)
            hits = []
            for find in finds:
                shown = [] if find.first else watchlist.titles(db, find.articles)[:_SHOWN]
                hits += [_hits(find, [row["id"] for row in shown], now)]
        if finds:
            with incidents.turn(self._root, now=now, patience=PATIENCE) as db:
                watchlist.save(db, finds, self._own.searches, now=now)
                incidents.save(db, [*incidents.read(db), *hits], ways)

    def _save(self, current: list[Incident], failed: dict[str, str], now: datetime) -> None:
        """Save what was sent, and a problem for each way that failed, once a day."""
        self._unsaved = {_key(each): each for each in current}
        with incidents.turn(self._root, now=now, patience=PATIENCE) as db:
            incidents.save(db, current, self._own.alerts.ways)
            for way, why in failed.items():
                problem = Problem(kind=ProblemKind.ALERT_FAILED, detail=why, stage="alerts")
                fields = problem_fields(problem, place=f"urn:x-warraq:alerts:{way}")
                if not problems.is_known(db, fields, since=now - timedelta(days=1)):
                    problems.insert(db, fields, at=now, run=None)
        self._unsaved = {}


def _key(each: Incident) -> tuple[str, str, datetime]:
    return each.subject, each.name, each.opened_at


def _hits(find: watchlist.Find, newest: list[int], now: datetime) -> Incident:
    """Return what is to be sent of new hits: how many, and which are the newest."""
    facts = {"new": len(find.articles), "query": find.query, "first": find.first, "newest": newest}
    return Incident(subject=find.name, name=HITS, facts=facts, opened_at=now, closed_at=now)


def _section(each: Incident, articles: Sequence[Row], own: Config) -> Row:
    """Return an incident for a message: as data, with the `lines` of its text."""
    data = {"subject": each.subject or None, "name": each.name, **each.facts}
    data |= {"since": iso(each.opened_at), "until": each.closed_at and iso(each.closed_at)}
    if each.name == HITS:
        return data | {"articles": articles, "lines": _lines_of_hits(each, articles, own)}
    spans = [at.astimezone(own.alerts.zone or UTC) for at in (each.opened_at, each.closed_at) if at]
    span = " → ".join(f"{at:%Y-%m-%d %H:%M %Z}" for at in spans)
    (first, *said), remedy = each.facts["reason"], [*each.facts["remedy"], each.example or ""]
    sign = "✓ over · انتهى:" if each.closed_at else "⚠"
    head = f"{sign} {each.subject or 'archive · الأرشيف'}: {first}"
    lines = [head, *said, f"({span})", *(() if each.closed_at else remedy)]
    return data | {"example": each.example, "lines": lines}


def _lines_of_hits(each: Incident, articles: Sequence[Row], own: Config) -> list[str]:
    facts, room = each.facts, (own.alerts.room or "").rstrip("/")
    lines = [f"«{each.subject}»: {facts['new']:,} articles · مادة"]
    if facts["first"]:
        lines.append("New ones are reported from now on. · يُبلَّغ عن الجديد من الآن.")
    for row in articles:
        place = f"{room}/article/{row['id']}" if room else row["url"]
        lines += [f"- {row['title'] or '…'} ({row['publisher']})", f"  {place}"]
    if not facts["first"] and int(facts["new"]) > len(articles):
        lines.append("…")
    return lines + ([f"{room}/search.atom?{urlencode({'q': facts['query']})}"] if room else [])


def _message(sections: Sequence[Row], where: str) -> Message:
    """Return a message of these sections, from the archive of that name."""
    more = f" (+{len(sections) - 1})" if len(sections) > 1 else ""
    text = "\n\n".join("\n".join(filter(None, each["lines"])) for each in sections)
    title = f"Warraq {where}: {sections[0]['lines'][0][:150]}{more}"
    return Message(title=title, text=text, data={"alerts": sections})


def send(way: str, message: Message, own: Config, *, seconds: float = SECONDS) -> str | None:
    """Send a message by one way; return why it failed, None if it went.

    That is stored and may be published: of what others say of a failure, it has numbers alone, for
    the rest may name addresses and passwords.
    """
    try:
        _WAYS[way](message, own, seconds)
    except subprocess.CalledProcessError as error:
        return f"exit code {error.returncode}"
    except (subprocess.TimeoutExpired, TimeoutError):
        return f"it took more than {seconds:g} seconds"
    except NotSent as error:
        return str(error)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        reason = getattr(error, "reason", None)
        cause = reason if isinstance(reason, Exception) else error
        words = None if isinstance(cause, ssl.SSLError) else getattr(cause, "strerror", None)
        said = type(cause).__name__, getattr(error, "smtp_code", None), words
        return " ".join(str(each) for each in said if each)
    return None


class NotSent(Exception):  # noqa: N818 - what happened
    """A message is not sent, since that would be unsafe; says why."""


def _run(message: Message, own: Config, seconds: float) -> None:
    subprocess.run(  # noqa: S603 - the owner's own program
        own.alerts.command, input=f"{message.title}\n\n{message.text}\n".encode(),
        stdout=subprocess.DEVNULL, timeout=seconds, check=True, start_new_session=True,
    )  # fmt: skip


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for a failure: what would be sent on is not the message."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(message: Message, own: Config, seconds: float) -> None:
    """Send a message to a webhook, through the proxy if there is one.

    `text` is what Slack, Mattermost and their like show, `content` what Discord does.
    """
    if own.proxy and not own.proxy.startswith("http"):
        raise NotSent("a webhook cannot be reached through SOCKS: send with a `command`")
    data = {"title": message.title, "text": message.text, "content": message.text[:2000]}
    body = json.dumps({**data, **message.data}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Warraq"}
    request = urllib.request.Request(str(own.alerts.webhook), body, headers)  # noqa: S310 - http
    proxies = urllib.request.ProxyHandler(
        {"http": own.proxy, "https": own.proxy} if own.proxy else None
    )
    try:
        urllib.request.build_opener(proxies, _NoRedirects).open(request, timeout=seconds).close()
    except HTTPError as error:
        with error:
            raise NotSent(f"HTTP {error.code}") from None


def _mail(message: Message, own: Config, seconds: float) -> None:
    """Send a message by e-mail, encrypted but to this machine where the server can that."""
    server, mail, secure = urlsplit(own.alerts.smtp), EmailMessage(), ssl.create_default_context()
    mail["Subject"], mail["To"] = message.title, ", ".join(own.alerts.mail)
    mail["From"] = own.alerts.sender or own.alerts.mail[0]
    mail["Date"], mail["Message-ID"] = localtime(), make_msgid(domain="warraq.invalid")
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers
    mail.set_content(message.text)
    where: Any = {"host": server.hostname, "port": server.port or 0, "timeout": seconds}
    is_secret = server.scheme == "smtps"
    with (
        smtplib.SMTP_SSL(**where, context=secure) if is_secret else smtplib.SMTP(**where) as session
    ):
        session.ehlo_or_helo_if_needed()
        is_here = server.hostname in {"localhost", "127.0.0.1", "::1"}
        if not is_secret and not is_here and session.has_extn("starttls"):
            session.starttls(context=secure)
            is_secret = True
        if server.username:
            if not (is_secret or is_here):
                raise NotSent("the password would go unencrypted: write smtps://")
            session.login(unquote(server.username), unquote(server.password or ""))
        session.send_message(mail)


_WAYS = {"command": _run, "webhook": _post, "mail": _mail}
