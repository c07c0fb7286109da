import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.diff import Change, _fields
from archive.site import wording
from archive.site.language import ENGLISH, speaking
from tests.archive.desk import reading


@pytest.mark.parametrize(
    ("moment", "day", "clock", "time"),
    [
        (
            "2020-11-09T15:04:00.000000Z",
            "9 نوفمبر 2020",
            "15:04 بتوقيت غرينتش",
            "9 نوفمبر 2020، 15:04 بتوقيت غرينتش",
        ),
        (
            "2020-11-09T01:04:00+03:00",
            "9 نوفمبر 2020",
            "22:04 بتوقيت غرينتش",
            "8 نوفمبر 2020، 22:04 بتوقيت غرينتش",
        ),
        ("soon", "soon", "soon", "soon"),
        ("", "", "", ""),
        (None, "", "", ""),
        ("0001-01-01T00+14:00", "1 يناير 1", "0001-01-01T00+14:00", "0001-01-01T00+14:00"),
        ("2020-11-09", "9 نوفمبر 2020", "00:00 بتوقيت غرينتش", "9 نوفمبر 2020"),
    ],
)
def test_days_and_times(moment, day, clock, time):
    assert wording.day(moment) == day
    assert wording.clock(moment) == clock
    assert wording.time(moment) == time


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("Asia/Damascus", "10 نوفمبر 2020، 00:30 بتوقيت دمشق"),
        ("Asia/Kathmandu", "10 نوفمبر 2020، 04:15 بتوقيت Asia/Kathmandu"),
        ("../../etc/passwd", "9 نوفمبر 2020، 22:30 بتوقيت غرينتش"),
        ("Nowhere/Here", "9 نوفمبر 2020، 22:30 بتوقيت غرينتش"),
        (None, "9 نوفمبر 2020، 22:30 بتوقيت غرينتش"),
    ],
)
def test_a_time_is_in_the_zone_that_it_names(zone, time):
    assert wording.time("2020-11-09T22:30:00Z", zone) == time


@pytest.mark.parametrize(
    ("day", "moment", "zone", "said"),
    [
        ("2020-11-10", "2020-11-09T22:30:00Z", "Asia/Damascus",
         "10 نوفمبر 2020، 00:30 بتوقيت دمشق"),
        # Never a local day beside the time of another zone.
        ("2020-11-10", "2020-11-09T22:30:00Z", None, "10 نوفمبر 2020"),
        ("2020-11-10", None, None, "10 نوفمبر 2020"),
        (None, "2020-11-09T22:30:00Z", None, "9 نوفمبر 2020، 22:30 بتوقيت غرينتش"),
        (None, None, None, ""),
    ],
)  # fmt: skip
def test_when_something_was_published(day, moment, zone, said):
    assert wording.published(day, moment, zone) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 د"), (59, "1 د"), (3600, "1 س"), (273_900, "3 ي 4 س")]
)
def test_a_span_is_in_its_two_largest_units(seconds, said):
    assert wording.span(seconds) == said


def test_every_kind_of_change_and_every_field_has_a_name():
    assert all(wording.word(kind, "changes") for kind in Change)
    fields = dict(_fields(reading())) | {"text": ""}
    assert all(wording.word(name, "passages") for name in fields)


@given(st.one_of(st.none(), st.text(), st.datetimes().map(lambda moment: moment.isoformat())))
def test_any_text_can_be_a_time(text):
    for say in (wording.day, wording.clock, wording.time):
        assert isinstance(say(text), str)


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("BBC قالت إن الطريق فُتح", "rtl"),
        ("Roads reopen", "ltr"),
        ("Roads to حلب reopen", "ltr"),
        ("2020", "auto"),
        ("", "auto"),
        (None, "auto"),
    ],
)
def test_direction(text, direction):
    assert wording.direction(text) == direction


def test_numbers_and_evidence():
    assert wording.number(1234567) == "1,234,567"
    assert wording.number(None) == "—"
    assert wording.named("feed") == "خلاصة الناشر (RSS)"
    assert wording.named("byline") == "اسم الكاتب المطبوع في الصفحة"
    assert wording.named("import") == "الملف المستورد"
    assert wording.named("something new") == "something new"


def test_month_is_a_word():
    assert wording.month("2020-11") == "نوفمبر 2020"
    assert wording.month("?") == "?-01"


def test_in_english():
    with speaking(ENGLISH):
        assert wording.day("2020-11-09") == "9 November 2020"
        assert wording.time("2020-11-09T15:04:00Z") == "9 November 2020, 15:04 (UTC)"
        assert wording.clock("2020-11-09T15:04:00Z", "Asia/Damascus") == "17:04 (Damascus)"
        assert wording.clock("2020-11-09T15:04:00Z", "Etc/UTC") == "15:04 (UTC)"
        assert wording.span(273_900) == "3 d 4 h"
        assert wording.span(0) == "0 min"
        assert wording.named("telegram") == "Telegram"
        assert wording.word("headline", "changes") == "headline changed"
        assert wording.obstacle("empty") == "This answer came without content."
