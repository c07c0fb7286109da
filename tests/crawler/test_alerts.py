"""The owner hears once, by each way, what is wrong, that it is over, and what searches find."""

import json
import socketserver
import sys
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from archive.database import open_for_reading, writing
from crawler.alerts import LOOK, Alerts, Message, send
from crawler.config import load
from crawler.daterange import Hours
from tests.archive import filled
from tests.archive.desk import HOUR, NOON, Hands, opened

ROOM = "https://news.example/"


@contextmanager
def listening(server):
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class Hook(BaseHTTPRequestHandler):
    """Takes what is posted; answers as `server.status` says."""

    server: Any

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Location", "https://elsewhere.example/")
        self.end_headers()

    def log_message(self, *_):
        pass


class Mailbox(socketserver.StreamRequestHandler):
    """As much of a mail server (RFC 5321) as is needed; refuses where `server.refuses`."""

    server: Any

    def handle(self):
        self.say("220 mail.example")
        while line := self.rfile.readline().strip():
            word = line.split()[0].upper()
            if word == b"DATA":
                self.say("354 go on")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            elif word == b"RCPT" and self.server.refuses:
                self.say(f"550 {line.decode()} is unknown here")
                continue
            elif word == b"AUTH":
                self.server.logins.append(line)
            hello = "250-mail.example\r\n250 AUTH PLAIN"
            answers = {b"QUIT": "221 bye", b"AUTH": "235 in", b"EHLO": hello}
            self.say(answers.get(word, "250 well"))

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def hook():
    with listening(HTTPServer(("127.0.0.1", 0), Hook)) as server:
        server.posted, server.status = [], 204
        yield server


@pytest.fixture
def mailbox():
    with listening(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)) as server:
        server.mails, server.logins, server.refuses = [], [], False
        yield server


@pytest.fixture
def root(tmp_path):
    return filled.fill(tmp_path / "news")


@pytest.fixture
def own(root, hook, mailbox):
    """All three ways: what the program gets is in the file `heard`."""
    script = f"import sys; open({str(root / 'heard')!r}, 'a').write(sys.stdin.read())"
    written = f"""
    [alerts]
    command = {json.dumps([sys.executable, "-c", script])}
    webhook = "http://127.0.0.1:{hook.server_port}/secret-hook"
    to = ["owner@mail.example"]
    smtp = "smtp://me:hush-hush@127.0.0.1:{mailbox.server_address[1]}"
    archive = "{ROOM}"
    """
    (root / "warraq.toml").write_text(written, "utf-8")
    return load(root)


@contextmanager
def lost(root):
    """Take a WARC file away for a while: the archive is not as it should be."""
    file = filled.files(root)[0]
    away = file.rename(root / "away")
    yield
    away.rename(file)


def only(own, *ways, **settings):
    """Return a configuration with some of the ways."""
    empty = {"command": (), "webhook": None, "mail": ()}
    kept = {name: value for name, value in empty.items() if name not in ways}
    return replace(own, alerts=replace(own.alerts, **kept, **settings))


def heard(root):
    """Return what the program got since it was asked last."""
    file = root / "heard"
    text = file.read_text("utf-8") if file.exists() else ""
    file.unlink(missing_ok=True)
    return text


def rows(root, sql):
    with closing(open_for_reading(root)) as db:
        return db.execute(sql).fetchall()


def test_every_way_says_what_is_wrong_and_that_it_is_over_once(root, own, hook, mailbox):
    hands = Hands(NOON + filled.DAY)
    with lost(root):
        Alerts(root, own, clock=hands).look()
        hands.advance()
        Alerts(root, own, clock=hands).look()  # as after a restart
    text = heard(root)
    assert text.count("⚠ archive") == 2  # in the title and in the text
    assert text.startswith("Warraq news: ⚠ archive · الأرشيف: 1 of the WARC files")
    assert "ملفات WARC" in text
    assert "`warraq repair`" in text
    (posted,) = hook.posted
    assert posted["text"] in text
    assert posted["alerts"][0]["name"] == "warc"
    (mail,) = (message_from_bytes(each, policy=policy.default) for each in mailbox.mails)
    assert mail["To"] == mail["From"] == "owner@mail.example"
    assert mail["Subject"] == posted["title"]
    assert mail.get_content().strip().replace("\r\n", "\n") == posted["text"].strip()
    assert len(mailbox.logins) == 1
    hands.advance()
    for _ in range(2):
        Alerts(root, own, clock=hands).look()
    assert heard(root).count("✓ over · انتهى: archive") == 2
    assert [len(hook.posted), len(mailbox.mails)] == [2, 2]
    assert rows(root, "select * from incidents") == []
    assert rows(root, "select * from problems where stage = 'alerts'") == []


def test_quiet_hours_hold_back_and_what_is_over_meanwhile_comes_in_one(root, own):
    own = only(own, "command", quiet=Hours.parse("22-07"), zone=ZoneInfo("Asia/Damascus"))
    hands = Hands(NOON + filled.DAY + 9 * HOUR)  # a day later, after midnight in Damascus
    looking = Alerts(root, own, clock=hands)
    with lost(root):
        looking.look()
    hands.advance()
    looking.look()
    assert heard(root) == ""
    hands.advance(9 * HOUR)
    Alerts(root, own, clock=hands).look()
    text = heard(root)
    assert text.count("archive · الأرشيف") == 2  # in the title and in the text
    assert "(2020-11-10 23:00 EET → 2020-11-11 00:00 EET)" in text
    Alerts(root, own, clock=hands).look()
    assert heard(root) == ""


def test_a_way_that_fails_is_a_problem_and_is_tried_again(root, own, hook, mailbox):
    hands, own = Hands(NOON + filled.DAY), only(own, "webhook", "mail")
    hook.status, mailbox.refuses = 302, True
    looking = Alerts(root, own, clock=hands)
    with lost(root):
        looking.look()
        hook.status = 204
        for _ in range(2):  # the second is too soon
            hands.advance(LOOK / 2 + timedelta(seconds=1))
            looking.look()
        mailbox.refuses = False
        hands.advance(HOUR)
        looking.look()
    assert [len(hook.posted), len(mailbox.mails)] == [2, 1]
    found = rows(root, "select url, kind, detail from problems where stage = 'alerts'")
    ways = {url.removeprefix("urn:x-warraq:alerts:"): kind for url, kind, _ in found}
    assert ways == dict.fromkeys(("webhook", "mail"), "alert-failed")
    said = "".join(detail for *_, detail in found)
    assert "HTTP 302" in said
    assert "SMTPRecipientsRefused" in said
    for secret in ("hush", "owner", "secret-hook", "127.0.0.1"):
        assert secret not in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["/nowhere/at-all", "hush"], "No such file"),
        ([sys.executable, "-c", "raise SystemExit(7)"], "exit code 7"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "more than 0.2 seconds"),
    ],
)
def test_a_program_that_fails_is_named_by_what_it_did(own, words, why):
    own = only(own, "command")
    own = replace(own, alerts=replace(own.alerts, command=tuple(words)))
    said = str(send("command", Message(title="x", text="y" * 100_000, data={}), own, seconds=0.2))
    assert why in said
    assert "hush" not in said


def test_a_server_that_hangs_costs_the_watch_nothing(root, own):
    with listening(socketserver.TCPServer(("127.0.0.1", 0), Silent)) as server:
        own = only(own, "mail", smtp=f"smtp://127.0.0.1:{server.server_address[1]}")
        looking = Alerts(root, own, clock=Hands(NOON + filled.DAY))
        with lost(root):
            began = time.monotonic()
            for _ in range(3):
                looking.begin_look()
            assert time.monotonic() - began < 0.5
            Silent.asked.wait(10)
            with writing(root, command="crawl", now=NOON):
                pass
        Silent.over.set()
        assert looking._thread
        looking._thread.join(10)
    (problem,) = rows(root, "select detail from problems where stage = 'alerts'")
    assert "Disconnected" in problem[0]


class Silent(socketserver.BaseRequestHandler):
    """Takes a connection and says nothing."""

    asked, over = threading.Event(), threading.Event()

    def handle(self):
        self.asked.set()
        self.over.wait(20)


def test_searches_say_how_many_there_are_and_then_what_is_new(root, own):
    own = replace(only(own, "command"), searches={"شهود": "شهود عادوا"})
    hands = Hands(NOON + filled.DAY)
    Alerts(root, own, clock=hands).look()
    assert "«شهود»: 1 articles" in heard(root)
    with opened(root, hands) as store:
        number = filled.page(store, 9, "شهود آخرون عادوا.", title="خبر", at=hands.advance())
    for _ in range(2):
        Alerts(root, own, clock=hands).look()
    text = heard(root)
    assert text.count("«شهود»: 1 articles") == 2
    assert f"{ROOM}article/{number}" in text
    assert f"{ROOM}search.atom?q=" in text


def test_without_a_way_nothing_is_looked_at(tmp_path):
    looking = Alerts(tmp_path / "none", load(tmp_path))
    looking.look()
    looking.begin_look()
    assert looking._thread is None


def test_where_nothing_was_archived_nothing_is_made(tmp_path, own):
    Alerts(tmp_path / "none", own).look()
    assert not (tmp_path / "none").exists()


def test_a_webhook_does_not_go_past_a_socks_proxy(own, hook):
    own = replace(only(own, "webhook"), proxy="socks5h://127.0.0.1:9050")
    assert "SOCKS" in str(send("webhook", Message(title="x", text="y", data={}), own))
    assert hook.posted == []
