"""An archive whose path has Arabic letters and spaces: every command, and every file in it."""

import shutil
from contextlib import closing

import httpx
import pytest

from archive import Archive
from archive.database import open_for_reading
from tests.broken import workshop as w
from tests.serving import serving

pytestmark = pytest.mark.slow

# As people name folders: letters, spaces, marks, digits, and what URIs and TOML would read.
NAMES = ["أرشيف الأخبار", "صُحُفٌ ٢٠٢٠ #1 50% ?x=1&y", "مجلد 'لا' \"نعم\" ؛ $HOME"]


@pytest.fixture(
    params=[NAMES[1], *(pytest.param(one, marks=pytest.mark.slow) for one in NAMES[::2])]
)
def root(request, sound, tmp_path):
    return sound.copy(tmp_path / request.param / "أرشيف  ")


def test_every_command_works_there(root, tmp_path):
    before = w.kept(root)
    out = tmp_path / "إلى هنا"
    for name in (*w.READING, "withhold", "unwithhold", "reindex", "import-jsonl"):
        result = w.run(name, root, out)
        assert result.exit_code == 0, (name, result.output)
    assert w.lost(before, root) == []
    assert w.is_whole(root)
    assert w.is_whole(out / "backup")
    assert len(w.kept(out / "public")[0]) == len(before[0])
    with Archive(root) as archive:
        assert archive.count("الحكومة") > 0


def test_a_crawl_there_ends_with_every_article(sound, root):
    done = sound.crawl(root)
    assert done.returncode == 0, done.stderr
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    assert w.is_whole(root)


def test_it_is_served_from_there(root):
    with closing(open_for_reading(root)) as db:
        (article,) = db.execute("select min(id) from articles").fetchone()
    with serving(root) as address, httpx.Client(base_url=address) as client:
        for path in ("/", f"/article/{article}", "/search?q=خبر", "/archive/articles"):
            assert client.get(path).status_code == 200, path


def test_what_is_wrong_there_is_told_with_its_name(root, tmp_path):
    shutil.rmtree(root / "warc")
    found = w.run("verify", root, tmp_path / "out")
    assert "is missing" in found.output
    w.no_header(root)
    assert str(root / "archive.db") in w.said(w.run("stats", root, tmp_path / "out"))


def test_it_is_begun_there(sound, tmp_path):
    root = tmp_path / NAMES[1] / NAMES[2]
    sound.newsstand.write_publishers(root)
    done = sound.crawl(root, "--limit", "3", "--now", sound.newsstand.now().isoformat())
    assert done.returncode == 0, done.stderr
    assert len(w.kept(root)[0]) == 3
    assert w.is_whole(root)
