"""The archives that speed is measured on are sound."""

from contextlib import closing

import pytest

from archive import search
from archive.database import open_for_writing
from tests.benchmarks import rows


@pytest.mark.skipif(not rows.SENTENCES.exists(), reason="the sentences of news are not at hand")
def test_a_made_archive_is_sound_and_can_be_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "_MIXED", 1)  # lines; to make them all takes a while
    with closing(open_for_writing(tmp_path)) as db:
        rows.fill(db, 200)
        assert not db.execute("pragma foreign_key_check").fetchall()
        db.execute("insert into article_stems(article_stems) values ('integrity-check')")
        (articles,) = db.execute("select count(*) from articles").fetchone()
        (stories,) = db.execute("select count(*) from stories where articles = 2").fetchone()
        assert (articles, stories) == (200, 20)
        assert search.count(db, "الانتخابات") > 20
