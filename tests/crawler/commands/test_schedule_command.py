"""`warraq schedule` says what comes next, and prints what runs Warraq by itself."""

import json
from datetime import UTC, datetime

import pytest

from tests.crawler import shell, wire


def rows(archive, *words):
    code, output = shell.run("schedule", *words, "--json", "--archive", archive.root)
    assert code == 0
    return json.loads(output)


async def test_each_publisher_has_its_next_poll_and_the_reason(archive, site):
    archive.now = datetime.now(UTC)
    wire.publisher(archive.root, "other", feeds=["https://other.example/feed"])
    await archive.crawl()
    other, paper = sorted(rows(archive), key=lambda row: row["publisher"])
    assert (other["listing"], other["why"]) == (None, "it was not polled yet")
    assert paper["listing"] == f"{site.url}/feed"
    assert paper["next"] > other["next"]
    assert "10 minutes: about 1 article an hour at this time of day" in paper["why"]


async def test_a_schedule_of_its_own_failures_and_hours_are_reasons_too(archive, site):
    archive.now = datetime.now(UTC)
    site.answers["/feed"] = (wire.http(status="500 Broken"),)
    await archive.crawl()
    assert rows(archive)[0]["why"] == "1 time in a row it failed; it is tried again hourly"
    (archive.root / "warraq.toml").write_text('every = "2h"\n', "utf-8")
    assert rows(archive)[0]["why"] == "every 2:00:00: warraq.toml says so"
    now = datetime.now(UTC).hour
    hours = f"{(now + 2) % 24:02}-{(now + 4) % 24:02}"
    archive.follow(feeds=[site.url + "/feed"], hours=hours)
    at = datetime.fromisoformat(rows(archive, "paper")[0]["next"])
    assert (at.hour - now) % 24 == 2


@pytest.mark.parametrize(
    ("option", "lines"),
    [
        ("--systemd", ["Type=notify", "Restart=always", "WatchdogSec=300", "PrivateTmp=true"]),
        ("--systemd-timer", ["OnCalendar=*:0/15", "Type=oneshot"]),
        ("--cron", []),
    ],
)
def test_what_runs_it_by_itself(tmp_path, option, lines):
    code, output = shell.run("schedule", "paper", option, "--archive", tmp_path / "my news")
    task = "watch" if option == "--systemd" else "crawl"
    assert code == 0
    assert f"{task} paper --archive '{tmp_path}/my news'" in output
    assert set(lines) <= set(output.splitlines())
