"""No edit and no removal is false, and none is missed; `python -m tests.edits` shows nine days."""

from datetime import timedelta

import pytest

from fixtures import ALL, Clock, Newsstand, serve
from tests.edits import live, scores


@pytest.mark.slow
def test_edits_and_removals_are_those_of_the_newspapers(tmp_path):
    newsstand = Newsstand(articles=60, papers=ALL, clock=Clock(ticking=False))
    with serve(newsstand):
        live(tmp_path, newsstand, days=3, every=timedelta(hours=6))
        by_paper = scores(tmp_path, newsstand)
    assert [slug for slug, score in by_paper.items() if not score.is_true] == []
    assert sum(score.edits for score in by_paper.values()) > 60
    assert sum(score.removals for score in by_paper.values()) > 20
