"""What the archive has of an address, and which are still to be visited."""

import pytest

from archive.models import Kind
from archive.saved import COLUMNS, Standing, pending, standing
from tests.archive.desk import HOUR, NOON, PAGE, PAPER, exchange, opened, reading, visit

OTHER = "https://alwaraq.example/2"


@pytest.fixture
def store(tmp_path):
    with opened(tmp_path) as writing:
        writing.publish(PAPER)
        yield writing


def visited(store, *, url=PAGE, state="done", is_read=True, due_at=None):
    store.ask([(url, Kind.ARTICLE)], publisher=PAPER.slug)
    capture = store.record(exchange(url), kind=Kind.ARTICLE, publisher=PAPER.slug)
    article, outcome = (None, None)
    if is_read:
        article, outcome = store.keep(reading(), url=url, visit=visit(url), capture=capture)
    more = {"outcome": outcome} if outcome else {}
    store.visited(visit(url), capture, due_at=due_at, state=state, article=article, **more)
    return article, capture


def test_an_article_is_found_by_any_spelling_of_its_address(store):
    assert standing(store.db, PAGE).state == "due"
    article, capture = visited(store)
    found = standing(store.db, "http://www.alwaraq.example/1/?fbclid=7")
    assert found == Standing(
        state="archived", article=article, title="عنوان", words=2, published_on="2020-11-09",
        capture=capture.id, fetched_at=NOON, sha256=capture.sha256,
    )  # fmt: skip
    cells = dict(zip(COLUMNS, found.cells("http://here"), strict=True))
    assert cells["archive_article"] == f"http://here/article/{article}"
    assert cells["archive_capture"] == f"http://here/article/{article}/at/{capture.id}"
    assert cells["archive_captured_at"] == "2020-11-09T12:00:00.000000Z"
    assert cells["archive_problem"] == ""


def test_a_page_without_an_article_has_a_digest_and_a_reason(store):
    _, capture = visited(store, is_read=False)
    found = standing(store.db, PAGE)
    assert (found.state, found.sha256, found.problem) == ("captured", capture.sha256, "no-article")
    assert found.cells("")[1:3] == ("", "")


def test_what_is_no_address_says_so(store):
    assert standing(store.db, "example.org").state == "invalid"
    assert standing(store.db, "").problem == "bad-address"


@pytest.mark.parametrize(
    ("state", "due_at", "is_read", "is_asked"),
    [
        ("done", None, True, False),
        ("done", NOON, True, False),
        ("done", None, False, False),
        ("gone", NOON, False, False),
        ("failed", NOON + HOUR, False, False),
        ("failed", NOON, False, True),
        ("failed", NOON, True, False),
        ("failed", None, False, False),
    ],
)
def test_only_what_is_not_there_is_asked_for(store, state, due_at, is_read, is_asked):
    visited(store, state=state, due_at=due_at, is_read=is_read)
    assert pending(store.db, [PAGE, OTHER], now=NOON) == [*([PAGE] if is_asked else []), OTHER]


def test_without_a_screenshot_a_page_is_not_there_in_full(store):
    _, capture = visited(store)
    assert pending(store.db, [PAGE], now=NOON) == []
    assert pending(store.db, [PAGE], now=NOON, full=True) == [PAGE]
    lacking = standing(store.db, PAGE, full=True)
    assert (lacking.state, lacking.problem, lacking.is_kept) == ("archived", "not-full", False)
    store.rendered(capture, b"PNG", at=NOON, kind="screenshot")
    whole = standing(store.db, PAGE, full=True)
    assert (whole.problem, whole.is_kept, whole.full) == (None, True, True)
    assert pending(store.db, [PAGE], now=NOON, full=True) == []
