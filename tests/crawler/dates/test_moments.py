"""Printed dates of every month system, and what a page's evidence decides."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dates.moments import Stamp, decide, parse
from crawler.dates.words import Precision

WORDINGS = Path(__file__).with_name("printed_dates.tsv")
SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic" / "dates.json"
NOW = datetime(2024, 3, 15, 12, tzinfo=UTC)
BEIRUT = ZoneInfo("Asia/Beirut")

PRINTED = (
    # a zone of its own, or the publisher's
    ("الثلاثاء 5 مارس 2024 الساعة 10:30 بتوقيت القدس", "2024-03-05T08:30"),
    ("5 آذار 2024 - 14:05 (بتوقيت غرينتش)", "2024-03-05T14:05"),
    ("5 مارس 2024 14:05 GMT+3", "2024-03-05T11:05"),
    ("GMT 17:27 17.03.2020", "2020-03-17T17:27"),
    ("5 مارس 2024 10:30 ص بتوقيت مكة المكرمة", "2024-03-05T07:30"),
    ("5 مارس 2024 10:30", "2024-03-05T08:30"),
    ("آخر تحديث: 5/3/2024 الساعة 20:11 (مكة المكرمة)", "2024-03-05T17:11"),
    ("Mon, 09 Nov 2020 18:34:47 +0000", "2020-11-09T18:34"),
    ("2020-11-09T18:34:47.120+02:00", "2020-11-09T16:34"),
    ("2020-11-09T18:34:47Z", "2020-11-09T18:34"),
    # halves of the day
    ("5 مارس 2024 الساعة 8 مساءً", "2024-03-05T18:00"),
    ("5 مارس 2024 12:00 ظهراً", "2024-03-05T10:00"),
    ("5 مارس 2024 12:30 ليلاً", "2024-03-04T22:30"),
    ("5 مارس 2024 11:30 ليلاً", "2024-03-05T21:30"),
    ("5 مارس 2024 الساعة العاشرة صباحاً", "2024-03-05T08:00"),
    ("5 مارس 2024 12:05 ص", "2024-03-04T22:05"),
    ("5 مارس 2024، الساعة 10.30 صباحاً", "2024-03-05T08:30"),
    # days alone
    ("الخامس عشر من مارس 2024", "2024-03-15"),
    ("نُشر بتاريخ ٥ شباط/فبراير ٢٠٢٤", "2024-02-05"),
    ("15-يناير-2024", "2024-01-15"),
    ("15/يناير/2024م", "2024-01-15"),
    ("2024/3/5", "2024-03-05"),
    ("13/12/2023", "2023-12-13"),
    ("الثلاثاء 5 مارس 2024 - 15س30", "2024-03-05T13:30"),
    ("5 مارس 2024 - 15h30", "2024-03-05T13:30"),
    ("5 مارس 2024، 15 سا 30", "2024-03-05T13:30"),
    ("26 ربيع الأول 1442 هـ الموافق 12 نونبر 2020، 15س30", "2020-11-12T13:30"),
    ("12/13/2023", "2023-12-13"),
    ("6 رمضان 1445 هـ", "2024-03-16"),
    ("15 مارس 2024 م الموافق 5 رمضان 1445 هـ", "2024-03-15"),
    ("5/9/1445هـ", "2024-03-15"),
    ("اليوم الجمعة 15 مارس 2024", "2024-03-15"),
    # from now
    ("منذ ساعة و20 دقيقة", "2024-03-15T10:40"),
    ("قبل ثلاثة أيام", "2024-03-12"),
    ("منذ أسبوعين", "2024-03-01"),
    ("3 hours ago", "2024-03-15T09:00"),
    ("اليوم 10:30", "2024-03-15T08:30"),
    ("منذ ساعة ونصف", "2024-03-15T10:30"),
    ("قبل نصف ساعة", "2024-03-15T11:30"),
    ("قبل يوم واحد", "2024-03-14"),
    ("منذ ساعة واحدة", "2024-03-15T11:00"),
    # no date
    ("15 قتيلا في 2024", None),
    ("3/4/2024 6:34 PM", None),
    ("14:05 ص 15 مارس 2024", None),
    ("30 شباط 2024", None),
    ("15 مارس 2024 الموافق 16 مارس 2024", None),
    ("5 آذار/أبريل 2024", None),
    ("منذ عام 2011", None),
    ("منذ يومين من الآن تقريبا", None),
    ("المادة 5/3/2024/1", None),
    ("القرار 2254", None),
    ("1604946887", None),
    ("", None),
)


@pytest.mark.parametrize(("text", "expected"), PRINTED)
def test_a_printed_date(text: str, expected: str | None):
    moment = parse(text, now=NOW, zone=BEIRUT)
    assert (moment and moment.isoformat()[:16]) == expected


def test_every_wording_is_read_right_or_not_at_all():
    """The day, or the minute in UTC, of dates printed in Beirut; a dash where none may be read."""
    rows = [line.split("\t") for line in WORDINGS.read_text("utf-8").splitlines()]
    assert len(rows) > 500
    read = {text: parse(text, now=NOW, zone=BEIRUT) for text, _ in rows}
    found = {text: moment.isoformat()[:16] if moment else "-" for text, moment in read.items()}
    assert found == dict(rows)


def test_the_collection_of_printed_dates():
    if not SHARED.is_file():
        pytest.skip("../shared is not here")
    items = json.loads(SHARED.read_text("utf-8"))["items"]
    read = {item["string"]: parse(item["string"], now=NOW, zone=UTC) for item in items}
    wrong = [
        (item["string"], item["expected"])
        for item in items
        if item["expected"] != _as_expected(read[item["string"]], item["expected"])
    ]
    assert wrong == []


def _as_expected(moment, expected):
    if moment is None or expected is None:
        return moment and moment.isoformat()
    return moment.isoformat()[:16] if "T" in expected else moment.day.isoformat()


MONTHS = (
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "كانون_الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين_الأول تشرين_الثاني كانون_الأول",
    "جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر",
    "يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر",
)
WEEKDAYS = ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد")
OLDEST = datetime.fromisoformat("1990-01-02")
NEWEST = datetime.fromisoformat("2030-01-01")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@given(
    moment=st.datetimes(OLDEST, NEWEST),
    first=st.sampled_from(MONTHS),
    second=st.sampled_from(("", *MONTHS)),
    digits=st.sampled_from(({}, ARABIC, PERSIAN)),
    zone=st.sampled_from(("Asia/Beirut", "Asia/Riyadh", "Africa/Casablanca", "Africa/Cairo")),
    clock=st.sampled_from(("", "{h:02}:{m:02}", "الساعة {h12}:{m:02} {half}")),
    dual=st.sampled_from(("{0}/{1}", "{0} ({1})", "{0} / {1}")),
)
def test_every_system_reads_back(moment, first, second, digits, zone, clock, dual):
    names = [
        table.split()[moment.month - 1].replace("_", " ") for table in (first, second) if table
    ]
    month = dual.format(*names) if len(names) == 2 else names[0]
    half = "ص" if moment.hour < 12 else "م"
    time = clock.format(h=moment.hour, m=moment.minute, h12=moment.hour % 12 or 12, half=half)
    text = f"{WEEKDAYS[moment.weekday()]} {moment.day} {month} {moment.year} {time}".translate(
        digits
    )
    found = parse(text, now=NOW, zone=ZoneInfo(zone))
    assert found is not None
    assert found.day == moment.date()
    if time:
        local = moment.replace(second=0, microsecond=0, tzinfo=ZoneInfo(zone))
        assert found.at == local.astimezone(UTC)
    else:
        assert (found.at, found.precision) == (None, Precision.DAY)


@given(st.text(max_size=60))
def test_no_text_raises_and_a_moment_is_of_its_day(text: str):
    found = parse(text, now=NOW, zone=BEIRUT)
    assert found is None or found.at is None or found.at.astimezone(BEIRUT).date() == found.day


def stamps(*pairs: tuple[str, str]) -> list[Stamp]:
    return [
        Stamp(source=source.removesuffix("*"), text=text, modified=source.endswith("*"))
        for source, text in pairs
    ]


DAY = "2024-03-05"
DECIDED = (
    # the most trusted wins
    (
        (("meta", f"{DAY}T10:00:00Z"), ("json-ld", f"{DAY}T08:00:00Z")),
        ("json-ld", f"{DAY}T08:00", DAY),
        (),
    ),
    # a day takes its time from a source that agrees
    (
        (("json-ld", DAY), ("dateline", "5 آذار 2024 10:30")),
        ("dateline", f"{DAY}T08:30", DAY),
        (),
    ),
    ((("dateline", "5 آذار 2024"),), ("dateline", None, DAY), ()),
    # the publisher's calendar day
    ((("meta", "2024-03-04T23:30:00Z"),), ("meta", "2024-03-04T23:30", DAY), ()),
    ((("meta", f"{DAY}T00:00:00Z"),), ("meta", f"{DAY}T00:00", DAY), ()),
    # the printed clock proves that Z is local, another one does not
    (
        (("meta", f"{DAY}T09:23:13Z"), ("dateline", "5 مارس 2024 09:23 ص")),
        ("meta", f"{DAY}T07:23", DAY),
        ("zone-conflict",),
    ),
    (
        (("meta", f"{DAY}T09:23:13Z"), ("dateline", "5 مارس 2024 11:23 ص")),
        ("meta", f"{DAY}T09:23", DAY),
        (),
    ),
    # a printed day that is another by the zone alone is the day, and the moment is not known then
    (
        (("meta", f"{DAY}T23:48:00+00:00"), ("dateline", "5 مارس 2024")),
        ("meta", None, DAY),
        ("zone-conflict",),
    ),
    (
        (("meta", f"{DAY}T23:48:00Z"), ("dateline", "منذ 4 أيام")),
        ("meta", f"{DAY}T23:48", "2024-03-06"),
        (),
    ),
    (
        (("meta", f"{DAY}T00:00:00Z"), ("dateline", "4 مارس 2024")),
        ("meta", f"{DAY}T00:00", DAY),
        (),
    ),
    # the future, the past, the impossible
    ((("json-ld", "2024-03-25T10:00:00Z"),), (None, None, None), ()),
    ((("json-ld", "1970-01-01T00:00:00Z"), ("url", "2024-3-5")), ("url", None, DAY), ()),
    ((("json-ld", "2024"), ("meta", "مارس 2024")), (None, None, None), ()),
    # an age in days is the last resort, one in weeks or more is none
    ((("dateline", "منذ 10 أيام"),), (None, None, None), ("date-age",)),
    ((("dateline", "منذ 3 أيام"), ("url", "2024-3-5")), ("url", None, DAY), ()),
    ((("dateline", "قبل أسبوعين"),), (None, None, None), ("date-age",)),
    ((("dateline", "منذ سنة"),), (None, None, None), ("date-age",)),
    # disagreement is told
    (
        (("json-ld", f"{DAY}T10:00:00Z"), ("dateline", "1 مارس 2023")),
        ("json-ld", f"{DAY}T10:00", DAY),
        ("date-conflict",),
    ),
)


@pytest.mark.parametrize(("evidence", "expected", "problems"), DECIDED)
def test_the_evidence_of_a_page_decides(evidence, expected, problems):
    decision = decide(stamps(*evidence), now=NOW, zone=BEIRUT)
    found = decision.published
    at = found and found.at and found.at.isoformat()[:16]
    day = found and found.day.isoformat()
    assert (decision.published_from, at, day) == expected
    assert tuple(problem.kind for problem in decision.problems) == problems


STAMP = ("meta", "2024-02-16T23:48:00+00:00")
BESIDE = (
    ("17 فبراير 2024", "2024-02-17"),
    ("17 فبراير 2024 - 02:48", "2024-02-17"),
    ("16 فبراير 2024", "2024-02-16"),
    ("17 فبراير 2024 - 09:12", "2024-02-16"),  # no zone shows that minute
    ("18 فبراير 2024", "2024-02-16"),
)


@pytest.mark.parametrize(("printed", "day"), BESIDE)
def test_a_printed_day_tells_the_day_of_a_stamp_where_the_zone_is_unknown(printed: str, day: str):
    found = decide(stamps(STAMP, ("dateline", printed)), now=NOW, zone=None).published
    assert found is not None
    assert (found.day.isoformat(), found.at) == (day, datetime(2024, 2, 16, 23, 48, tzinfo=UTC))


@pytest.mark.parametrize(
    "stamp",
    [
        Stamp(source="dateline", text="17 فبراير 2024", above=True),
        Stamp(source="dateline", text="17 فبراير 2024", within=True),
        Stamp(source="dateline", text="17 فبراير 2024", modified=True),
        Stamp(source="url", text="2024-02-17"),
    ],
)
def test_a_day_that_may_be_another_ones_proves_nothing(stamp: Stamp):
    found = decide([*stamps(STAMP), stamp], now=NOW, zone=None).published
    assert found is not None
    assert found.day == date(2024, 2, 16)


def test_a_stamp_with_its_own_zone_is_of_its_day():
    stated = stamps(("meta", "2024-02-16T23:17:00+09:00"), ("dateline", "2024/02/17 00:17"))
    assert decide(stated, now=NOW, zone=None).published.day == date(2024, 2, 16)  # type: ignore[union-attr]


def test_a_decision_is_the_four_things_it_says():
    published, modified, source, problems = decide(
        stamps(("meta", f"{DAY}T10:00:00Z"), ("meta*", f"{DAY}T11:00:00Z")), now=NOW, zone=BEIRUT
    )
    assert published is not None
    assert modified is not None
    assert (published.isoformat(), published.day) == (f"{DAY}T10:00:00+00:00", date(2024, 3, 5))
    assert modified.isoformat() == f"{DAY}T11:00:00+00:00"
    assert (source, problems) == ("meta", ())


def test_a_stamp_ahead_of_its_capture_is_local():
    now = datetime(2024, 3, 5, 8, tzinfo=UTC)
    decision = decide(stamps(("meta", "2024-03-05T09:59:00Z")), now=now, zone=BEIRUT)
    assert decision.published is not None
    assert decision.published.at == datetime(2024, 3, 5, 7, 59, tzinfo=UTC)


def test_a_change_lies_after_publication():
    published = ("meta", "2024-03-05T10:00:00Z")
    for text, expected in (
        ("2024-03-05T11:00:00Z", datetime(2024, 3, 5, 11, tzinfo=UTC)),
        ("2024-03-05T09:00:00Z", None),
        ("2024-03-05", None),
    ):
        decision = decide(stamps(published, ("meta*", text)), now=NOW, zone=BEIRUT)
        assert (decision.modified and decision.modified.at) == expected


def test_a_relative_date_counts_from_the_capture():
    first = decide(stamps(("dateline", "منذ 3 ساعات")), now=NOW, zone=BEIRUT).published
    assert first is not None
    assert first.at == NOW - timedelta(hours=3)
    assert first.day == date(2024, 3, 15)
