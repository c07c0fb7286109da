"""What a record of the journal says is read as it was written, in earlier words as well."""

from datetime import date, timedelta

from archive.journal import Decision, Followed, decision_fields, decision_of, visit_fields, visit_of
from archive.models import Kind, Link, Outcome
from tests.archive.desk import FEED, NOON, visit

VISIT = visit(
    kind=Kind.SECTION, past=True, found_in=FEED, found_at=NOON, earliest_on=date(2020, 11, 1)
)
DECISION = Decision(
    outcome=Outcome.READ,
    state="done",
    due_at=NOON + timedelta(days=1),
    failures=2,
    followed=Followed(beyond=True, fresh=True, resting=("a/*", "b/*")),
)


def test_the_fields_of_a_visit_and_of_what_came_of_it():
    fields = visit_fields(VISIT) | decision_fields(DECISION)
    assert [fields[name] for name in ("past", "beyond", "fresh")] == ["yes"] * 3
    assert {"pages", "not-before", "hints"}.isdisjoint(fields)
    assert visit_of(fields) == VISIT
    assert decision_of(fields) == DECISION


def test_what_is_true_was_written_as_a_number_for_a_while():
    fields = visit_fields(VISIT) | {"past": "1"}
    assert visit_of(fields).past


def test_hints_are_those_of_the_address():
    hinted = visit(hints=Link(url=VISIT.url, kind=VISIT.kind, title="yes", dated_by=Kind.FEED))
    hints = visit_of(visit_fields(hinted)).hints
    assert hints == Link(url=hinted.url, kind=hinted.kind, title="yes", dated_by=Kind.FEED)
