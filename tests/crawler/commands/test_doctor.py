"""The doctor names what is wrong with a machine, a folder and its settings, and what to do."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from archive import database
from archive.models import Kind
from crawler.commands import doctor
from tests.archive import filled
from tests.archive.desk import PAPER, exchange, opened
from tests.crawler import shell


def grades(root, *words):
    """Return by name (grade, what is said) of the checks, and the exit code."""
    code, output = shell.run("doctor", "--json", "--archive", root, *words)
    return {each["name"]: (each["grade"], each["said"]) for each in json.loads(output)}, code


def write(root, text, name="warraq.toml"):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8")


def test_a_machine_without_an_archive(tmp_path):
    found, code = grades(tmp_path / "none")
    assert code == 0
    assert {name for name, (grade, _) in found.items() if grade != "ok"} <= {"contact", "proxy"}
    assert "is not there yet" in found["folder"][1]
    assert not (tmp_path / "none").exists()


def test_lines_for_people(tmp_path):
    write(tmp_path, 'contact = "me@x.example"\nmax_pagess = 3')
    code, output = shell.run("doctor", "--archive", tmp_path)
    assert code == 1
    lines = output.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("wrong"))
    assert "unknown key `max_pagess`" in lines[at]
    assert lines[at + 1].strip() == "→ correct that line"
    assert "1 wrong" in lines[-1]


@pytest.mark.parametrize(
    ("settings", "name", "grade", "said"),
    [
        ("", "contact", "warning", "publishers cannot see who asks"),
        ('contact = "me@x.example"', "contact", "ok", "me@x.example"),
        ('proxy = "http://me:hush@127.0.0.1:1"', "proxy", "wrong", "does not answer"),
        ('follow = ["nobody-at-all"]', "publishers", "wrong", "nobody-at-all"),
        ('[alerts]\ncommand = "no-such-program x"', "alerts", "wrong", "no-such-program"),
        ('[[searches]]\nname = "a"\nquery = "b"', "alerts", "warning", "nobody hears"),
        ('proxy = "http://127.0.0.1:1"\n[alerts]\nto = ["me@x.example"]', "alerts", "warning",
         "past the proxy"),
        ("[alerts]\nwebhook = 3", "settings", "wrong", "`alerts.webhook`"),
    ],
)  # fmt: skip
def test_settings(tmp_path, settings, name, grade, said):
    write(tmp_path, settings)
    found, _ = grades(tmp_path)
    assert found[name][0] == grade
    assert said in found[name][1]
    assert "hush" not in str(found)


def test_publishers_files_and_what_they_need(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    paper = 'slug = "a"\nname = "A"\nhomepage = "https://a.example/"\nverify_tls = false'
    write(tmp_path, f"{paper}\nrender = true", "publishers/a.toml")
    write(tmp_path, "feed = 3", "publishers/b.toml")
    found, code = grades(tmp_path)
    assert code == 1
    assert "unknown key `feed`" in found["publishers"][1]
    assert found["robots.txt"] == ("warning", "obeyed, but certificates are not verified of a")
    assert found["Chromium"] == ("wrong", "missing, and a cannot be read without")


def test_a_damaged_archive_and_a_forbidden_one(tmp_path, monkeypatch):
    root = filled.fill(tmp_path / "news")
    assert grades(root)[0]["folder"] == ("ok", str(root))
    with closing(sqlite3.connect(root / "archive.db")) as db, db:
        db.execute("update _sqlite_migrations set name = 'm001_tables'")
    assert "rebuild --from-warc" in grades(root)[0]["folder"][1]
    (root / "archive.db").write_bytes(b"x" * 5000)
    assert grades(root)[0]["folder"][0] == "wrong"
    monkeypatch.setattr(os, "access", lambda path, _mode, **_: not str(path).endswith("archive.db"))
    assert "may not write" in grades(root)[0]["folder"][1]


def test_a_clock_that_is_behind_files_or_ahead_of_servers(tmp_path):
    now = datetime.now(UTC)
    with opened(tmp_path, lambda: now - timedelta(hours=1)) as store:
        store.publish(PAPER)
        for host, minutes in (("a", 61), ("b", 59), ("c", 5)):
            said = format_datetime(now - timedelta(minutes=minutes), usegmt=True)
            headers = ((b"Date", said.encode()), (b"Age", b"60"))
            page = exchange(f"https://{host}.example/", response_headers=headers, fetched_at=now)
            store.record(page, kind=Kind.ARTICLE, publisher=PAPER.slug)
    assert doctor._clock(tmp_path, now=now).said == "58 minutes ahead of servers"
    behind = doctor._clock(tmp_path, now=now - timedelta(days=400))
    assert behind.grade == "wrong"
    assert f"{now:%F}" in behind.said


def test_a_python_that_lacks_something(monkeypatch):
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["click>=99", "no-such-thing>=1"])
    libraries = doctor._libraries()
    assert libraries.grade == "wrong"
    assert "not >=99" in libraries.said
    assert "no-such-thing is missing" in libraries.said
    monkeypatch.setattr(database, "SCHEMA", "create virtual table x using fts9(y);")
    assert "fts9" in database.fault_of_sqlite()


def test_send_alert_says_what_came_of_it(tmp_path):
    words = [sys.executable, "-c", "import sys; sys.exit('تصل' not in sys.stdin.read())"]
    write(tmp_path, f"[alerts]\ncommand = {json.dumps(words)}\nwebhook = 'http://127.0.0.1:1/x'")
    found, code = grades(tmp_path, "--send-alert")
    assert code == 1
    assert found["alert by command"] == ("ok", "sent")
    assert found["alert by webhook"][0] == "wrong"
    assert grades(tmp_path / "none", "--send-alert")[0]["alert"] == ("wrong", "none is set")


def test_watch_logs_warnings_alone(tmp_path, caplog):
    doctor.log_warnings(tmp_path)
    assert [record.message.split(":")[0] for record in caplog.records] == ["contact"]
    assert sqlite3.sqlite_version_info >= (3, 38)
