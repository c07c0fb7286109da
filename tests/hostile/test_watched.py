"""A poisoned newspaper beside healthy ones under `warraq watch`: their news are archived in time.

In full size, for ten minutes: `python -m tests.hostile --minutes 10`.
"""

from pathlib import Path

import pytest

from tests.crawler import wire
from tests.hostile.watched import HEALTHY, POLLS, Newspaper, watch

# What they do takes longer than this test, wherever a crawl waits for it.
PATIENT = {"drips", "heavy-pages", "nested-pages", "large-pages"}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
def test_a_poisoned_newspaper_delays_no_news_of_the_healthy_ones(tmp_path):
    watched = watch(tmp_path / "archive", minutes=0.75, size=0.02, every=8, without=PATIENT)
    print(watched)
    assert watched.wrong == ()
    assert watched.items >= HEALTHY
    assert watched.most_polls <= POLLS


def test_an_item_is_due_when_its_newspaper_was_polled_again():
    with wire.serving() as site:
        paper = Newspaper(site=site, every=1.0)
        paper.listed = [2, 5, 5, 9]
        assert list(paper.due()) == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2)]
