"""Which of our modules run for one article, from the command to the row; imports do not count."""

import contextlib
import importlib
import io
import pkgutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.house import PACKAGES, ROOT

_FUNCTION = 0x1  # a code object's flag: a function's, neither a module's nor a class's body


class Footprints:
    """The code that runs while it is `watching`, in any thread of this process."""

    def __init__(self) -> None:
        self.codes: set[CodeType] = set()

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            self.codes.add(frame.f_code)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def modules(self) -> set[str]:
        """Return the names of our modules of which a function ran."""
        files = {Path(code.co_filename) for code in self.codes if code.co_flags & _FUNCTION}
        return {
            ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for file in files
            if any(file.is_relative_to(ROOT / package) for package in PACKAGES)
        }


def walk() -> tuple[set[str], set[str]]:
    """Crawl one article from a newspaper's feed; return the modules of parent and worker."""
    from click.testing import CliRunner

    from crawler.cli import warraq
    from fixtures import Newsstand, serve
    from tests.crawler.wire import publisher

    _import_everything()
    parent, worker = Footprints(), Footprints()
    with tempfile.TemporaryDirectory() as folder, serve(stand := Newsstand(articles=20)):
        root = Path(folder) / "archive"
        home = stand.papers["sanabel"].base_url + "/"
        publisher(root, "sanabel", homepage=home, feeds=[home + "feed/"], timezone="Asia/Damascus")
        words = ["crawl", "sanabel", "--limit", "1", "--archive", str(root)]
        with _in_a_worker_and_here(worker), parent.watching():
            done = CliRunner().invoke(warraq, words)
        assert done.exit_code == 0, done.output
    return parent.modules(), worker.modules()


def moves() -> Counter[tuple[str, str]]:
    """Extract one page of a newspaper; return how often a module of ours calls another.

    Both as names in crawler.extract or crawler.dates. What a generator yields to another module
    counts as a call of its own module.
    """
    from crawler.extract.page import extract
    from fixtures import Newsstand
    from tests.accuracy import capture_of, fixtures

    stand = Newsstand(articles=20)
    page = next(fixtures(stand.papers["sanabel"], stand.now()))
    calls: Counter[tuple[str, str]] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_back:
            pair = _reader_module(frame.f_back.f_code), _reader_module(frame.f_code)
            if all(pair) and pair[0] != pair[1]:
                calls[pair] += 1

    extract(capture_of(page), page.publisher)
    sys.setprofile(note)
    try:
        extract(capture_of(page), page.publisher)
    finally:
        sys.setprofile(None)
    return calls


def _reader_module(code: CodeType) -> str:
    """Return the name of a module that reads pages, empty for other code."""
    path = Path(code.co_filename)
    return path.stem if path.parent.name in {"extract", "dates"} else ""


def _import_everything() -> None:
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not module.name.endswith("__main__"):
                with contextlib.redirect_stdout(io.StringIO()):
                    importlib.import_module(module.name)


@contextlib.contextmanager
def _in_a_worker_and_here(steps: Footprints) -> Iterator[None]:
    """Do each piece of a worker's work in this process too, and watch it; the worker does it."""
    from crawler.workers import Workers

    really = Workers.do

    async def do(workers: Workers, work: Callable[[], Any], **named: Any) -> Any:
        before = sys.getprofile()
        sys.setprofile(None)
        with contextlib.suppress(Exception), steps.watching():
            work()
        sys.setprofile(before)
        return await really(workers, work, **named)

    Workers.do = do  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        Workers.do = really  # type: ignore[method-assign]
