"""Five questions answered with pandas from the views, of archives whose answers are known."""

from collections import Counter
from contextlib import closing
from datetime import timedelta

import pytest

from archive.database import open_for_writing
from archive.urls import identity_key
from fixtures import ALL, Clock, Newsstand, serve
from tests.archive.desk import rows
from tests.archive.site import test_queries as small
from tests.edits import live

pytest.importorskip("pandas")
from tests.questions import answers


def test_five_questions_have_the_answers_that_are_known(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("pragma foreign_keys = off")
        small.fill(db)
    by_month, headlines, share, gone, lags = answers(tmp_path).values()
    assert by_month.to_dict() == {
        "a": {"2026-10": 1, "2026-11": 2}, "b": {"2026-10": 1, "2026-11": 0},
    }  # fmt: skip
    assert headlines[["article", "before", "after"]].to_numpy().tolist() == [
        [1, small.BEFORE, small.AFTER]
    ]
    assert share.to_dict("index") == {
        "a": {"articles": 3, "edited": 1, "percent": 33.33},
        "b": {"articles": 1, "edited": 0, "percent": 0.0},
    }
    assert gone[["article", "hours"]].to_numpy().tolist() == [[3, 24.0]]
    assert lags.to_dict("index") == {"b": {"count": 1, "median": 3.0}}


@pytest.mark.slow
def test_the_answers_are_those_of_the_newspapers(tmp_path):
    newsstand = Newsstand(articles=20, papers=ALL, clock=Clock(ticking=False))
    with serve(newsstand):
        live(tmp_path, newsstand, days=1, every=timedelta(hours=6))
    by_month, headlines, share, gone, _ = answers(tmp_path).values()
    now = newsstand.now()
    truths = {
        identity_key(each.url): (slug, each)
        for slug, paper in newsstand.papers.items()
        for each in paper.truths(now)
    }
    stored = rows(tmp_path, "select key, published_on, id from articles")
    months = Counter((truths[key][0], day[:7]) for key, day, _ in stored if day)
    counted = {
        (slug, month): number
        for slug, column in by_month.to_dict().items()
        for month, number in column.items()
        if number
    }
    assert counted == months
    true = {(slug, str(truth.published_on)[:7]) for slug, truth in truths.values()}
    assert set(counted) <= true
    keys = {article: key for key, _, article in stored}
    for article, after in headlines[["article", "after"]].to_numpy().tolist():
        assert truths[keys[article]][1].title == after
    assert len(headlines) > 0
    edits = rows(
        tmp_path, "select publisher, count(*) from articles where revision_count > 1 group by 1"
    )
    assert share["edited"][share["edited"] > 0].to_dict() == dict(edits)
    assert all(truths[keys[article]][1].gone for article in gone["article"])
