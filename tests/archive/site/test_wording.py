import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.site import wording


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
