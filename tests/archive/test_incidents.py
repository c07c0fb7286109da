"""What is wrong is known once, since when, and by which ways that was sent."""

import threading
from contextlib import closing

import pytest

from archive import incidents, status
from archive.database import open_for_writing, writing
from archive.errors import ArchiveLocked
from archive.incidents import Incident, compare
from tests.archive.desk import HOUR, NOON

URL = "https://paper.example/feed"
FACTS: dict[str, int | str] = {"kind": "captcha", "listings": 1, "of": 1, "pages": 0, "of_pages": 0}
BLOCKED = ("paper", status._flag("blocked", URL, **FACTS))
INDEX = (None, status._flag("index"))


def test_an_incident_begins_stands_and_ends():
    (begun,) = compare([], [BLOCKED], now=NOON)
    assert (begun.subject, begun.name, begun.opened_at) == ("paper", "blocked", NOON)
    assert begun.example == URL
    english, arabic = begun.facts["reason"]
    assert "captcha" in english
    assert "الموقع يمنع" in arabic
    assert compare([begun], [BLOCKED], now=NOON + HOUR) == [begun]
    over, other = compare([begun], [INDEX], now=NOON + HOUR)
    assert over.closed_at == NOON + HOUR
    assert (other.subject, other.name) == ("", "index")
    again = compare([over], [BLOCKED], now=NOON + 2 * HOUR)
    assert [each.opened_at for each in again] == [NOON, NOON + 2 * HOUR]


def test_its_beginning_and_its_end_are_news_once_for_each_way():
    (begun,) = compare([], [BLOCKED], now=NOON)
    assert begun.is_news("mail")
    sent = begun.sent("mail", at=NOON)
    assert [sent.is_news(way) for way in ("mail", "command")] == [False, True]
    (over,) = compare([sent], [], now=NOON + HOUR)
    assert over.is_news("mail")
    assert not over.sent("mail", at=NOON + HOUR).is_news("mail")
    assert over.sent("mail", at=NOON + HOUR).alerted == sent.alerted


@pytest.mark.parametrize(
    ("closed", "sent", "is_kept"),
    [(None, ("mail",), True), (NOON, (), True), (NOON, ("mail",), False)],
)
def test_rows_stay_until_all_is_sent(tmp_path, closed, sent, is_kept):
    one = Incident(subject="paper", name="silent", facts={"a": [1]}, opened_at=NOON)
    one = Incident(subject="", name="disk", facts={}, opened_at=NOON, closed_at=closed)
    for way in sent:
        one = one.sent(way, at=NOON)
    with closing(open_for_writing(tmp_path)) as db:
        incidents.save(db, [one], ["mail"])
        assert incidents.read(db) == [one] * is_kept


def test_a_turn_is_waited_for(tmp_path):
    open_for_writing(tmp_path).close()
    with (
        writing(tmp_path, command="crawl", now=NOON),
        pytest.raises(ArchiveLocked, match="crawl"),
        incidents.turn(tmp_path, now=NOON, patience=0),
    ):
        pass
    held, release = threading.Event(), threading.Event()

    def hold():
        with writing(tmp_path, command="crawl", now=NOON):
            held.set()
            release.wait(0.2)

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    with incidents.turn(tmp_path, now=NOON, patience=10) as db:
        incidents.save(db, compare([], [BLOCKED], now=NOON), ["mail"])
    other.join()
    with closing(open_for_writing(tmp_path)) as db:
        assert [each.name for each in incidents.read(db)] == ["blocked"]
