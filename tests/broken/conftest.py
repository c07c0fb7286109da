"""One sound archive for all tests of this folder; each breaks its own copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import Clock, Newsstand, serve
from tests.broken.workshop import ARTICLES, Sound


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sound]:
    """An archive of two thirds of what three newspapers print, which are being served."""
    root = tmp_path_factory.mktemp("sound") / "archive"
    # Their clock stands: what they print stays what it is, however long a crawl takes.
    newsstand = Newsstand(articles=ARTICLES, clock=Clock(ticking=False))
    with serve(newsstand):
        newsstand.write_publishers(root)
        made = Sound(root=root, newsstand=newsstand)
        now = newsstand.now().isoformat()
        done = made.crawl(root, "--limit", str(ARTICLES * 2 // 3), "--now", now)
        assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture
def root(sound: Sound, tmp_path: Path) -> Path:
    """A copy of the archive to be broken."""
    return sound.copy(tmp_path / "archive")
