"""What a record of the journal says is read as it was written, in earlier words as well."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from archive.journal import (
    Decision,
    Followed,
    decision_fields,
    decision_of,
    fields_of,
    visit_fields,
    visit_of,
    written,
)
from archive.models import Kind, Link, Outcome
from archive.urls import identity_key
from archive.warc.records import metadata_record
from tests.archive.desk import FEED, NOON, visit

VISIT = visit(
    kind=Kind.SECTION, past=True, found_in=FEED, found_at=NOON, earliest_on=date(2020, 11, 1)
)
DECISION = Decision(
    outcome=Outcome.READ,
    state="done",
    due_at=NOON + timedelta(days=1),
    failures=2,
    followed=Followed(beyond=True, resting=("a/*", "b/*")),
)


def test_the_fields_of_a_visit_and_of_what_came_of_it():
    fields = visit_fields(VISIT) | decision_fields(DECISION)
    assert [fields[name] for name in ("past", "beyond")] == ["yes"] * 2
    assert {"pages", "not-before", "hints"}.isdisjoint(fields)
    assert visit_of(fields) == VISIT
    assert decision_of(fields) == DECISION


@pytest.mark.parametrize(
    "path", ["/%d8%ae%d8%a8%d8%b1/", "/%D8%AE%D8%A8%D8%B1", "/خبر", "/1?a=%2f"]
)
@pytest.mark.parametrize("asked", ["http://a.example", "https://www.a.example"])
def test_a_record_leaves_out_its_own_address_and_spells_keys_as_it_does(path, asked):
    url, key = asked + path, identity_key(asked + path)
    visit_ = replace(VISIT, key=key, url=url)
    fields = visit_fields(visit_) | decision_fields(DECISION) | {"article": key}
    for target in (url, "https://b.example/%d8%aa"):
        own = written(fields, target)
        assert ("address" in own) == (target != url)
        assert "state" not in own
        assert own["visit"].isascii()
        assert ("%d8" in own["visit"]) == ("%d8" in target and "خ" in key)
        entry = metadata_record(target, own, refers_to=None, now=NOON).record()
        assert fields_of(entry) == fields
        assert visit_of(fields_of(entry)) == visit_


def test_hints_are_those_of_the_address():
    hinted = visit(hints=Link(url=VISIT.url, kind=VISIT.kind, title="yes", dated_by=Kind.FEED))
    hints = visit_of(visit_fields(hinted)).hints
    assert hints == Link(url=hinted.url, kind=hinted.kind, title="yes", dated_by=Kind.FEED)
