from contextlib import closing
from threading import current_thread
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from datasette.app import Datasette

from archive.database import open_for_writing
from archive.search import batch
from archive.site import pools
from archive.site.pools import kept
from tests.archive import reading_room
from tests.archive.newsroom import add_article

WORD = quote("الثقافة")
PAGES = (
    "/", f"/search?q={WORD}", f"/trends?q={WORD}", "/archive", "/archive/articles",
    f"/archive/articles?_search={WORD}", "/archive/articles?kind=article",
    "/archive/articles?_facet=kind", "/publisher/alwaraq",
)  # fmt: skip


async def test_every_number_that_was_kept_is_right_after_a_write(tmp_path):
    shelf = reading_room.fill(tmp_path / "a", withhold=False)
    site = Datasette([shelf.database])
    before = {path: (await site.client.get(path)).text for path in PAGES}
    assert before == {path: (await site.client.get(path)).text for path in PAGES}
    with closing(open_for_writing(shelf.root)) as db:
        add_article(db, id=1, publisher="alwaraq", title="وزراء الثقافة", published_on="2020-11-09")
    after = {path: (await site.client.get(path)).text for path in PAGES}
    fresh = Datasette([shelf.database])
    assert after == {path: (await fresh.client.get(path)).text for path in PAGES}
    assert [path for path in PAGES if after[path] == before[path]] == []


async def test_an_answer_is_asked_for_once_and_a_failure_again(tmp_path, monkeypatch):
    (path := tmp_path / "x.db").write_bytes(b"1")
    monkeypatch.setitem(pools._MOST, "facts", 2)
    database, asked = SimpleNamespace(path=str(path)), []

    async def ask():
        asked.append(1)
        if len(asked) == 1:
            raise ValueError
        return len(asked)

    with pytest.raises(ValueError):
        await kept(database, "a", ask)
    assert [await kept(database, "a", ask) for _ in range(3)] == [2, 2, 2]
    path.write_bytes(b"12")
    assert await kept(database, "a", ask) == 3
    assert [await kept(database, each, ask) for each in "bacab"] == [4, 3, 5, 3, 6]


async def test_lists_of_searches_have_threads_of_their_own(tmp_path, monkeypatch):
    names, answer = list[str](), batch.answer

    def watched(*given, **named):
        names.append(current_thread().name)
        return answer(*given, **named)

    monkeypatch.setattr(batch, "answer", watched)
    site = Datasette([reading_room.fill(tmp_path / "a", withhold=False).database])
    assert (await site.client.post("/batch", data={"lines": "a\nb"})).status_code == 200
    assert (await site.client.get("/batch.csv?lines=a")).status_code == 200
    assert len(names) == 3
    assert all(name.startswith("list") for name in names)
