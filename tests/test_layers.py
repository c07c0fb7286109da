"""Who may import whom; and the reader works where the crawler's libraries are not installed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from archive.records import Kind
from tests.archive.desk import PAGE, PAPER, exchange, opened, reading, visit

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("archive", "crawler", "fixtures")

# Which package alone may import what.
OWNERS = {
    "scrapy": "crawler",
    "trafilatura": "crawler",
    "twisted": "crawler",
    "playwright": "crawler",
    "sqlite_utils": "archive",
    "datasette": "archive",
    "warcio": "archive",
}
# Which package may not import which of ours.
NEVER = {"archive": {"crawler", "fixtures"}, "fixtures": {"crawler"}, "crawler": set()}


def imports(package):
    """Yield (file, line, top-level name) of every import in a package, wherever it stands."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                yield path.relative_to(ROOT), node.lineno, name.partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_imports_only_what_it_may(package):
    forbidden = {name for name, owner in OWNERS.items() if owner != package} | NEVER[package]
    assert [found for found in imports(package) if found[2] in forbidden] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_imported_by_its_place(package):
    """Every import names its module in full, so that the rule above sees it."""
    relative = [
        path
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


@pytest.mark.parametrize(("name", "owner"), OWNERS.items())
def test_each_library_is_used_by_its_owner(name, owner):
    assert any(found[2] == name for found in imports(owner))


# What a machine without the crawler's libraries does not have.
BLOCK = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED or name in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""
LIBRARIES = (
    "scrapy", "trafilatura", "twisted", "htmldate", "justext", "courlan", "parsel", "w3lib",
    "protego", "itemadapter", "itemloaders", "crawler.extract", "playwright",
)  # fmt: skip
RUN = "import crawler.cli; crawler.cli.warraq(sys.argv[1:])"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    root = tmp_path_factory.mktemp("archive")
    with opened(root) as store:
        store.publish(PAPER)
        capture = store.record(exchange(), kind=Kind.ARTICLE, publisher=PAPER.slug)
        store.keep(reading("عودة اللاجئين"), url=PAGE, visit=visit(), capture=capture)
        store.visited(visit(), capture, due_at=None, state="done")
    return root


def without(blocked, code, *arguments):
    """Run Python code where modules cannot be imported; return what it prints."""
    script = f"BLOCKED = {set(blocked)!r}\n{BLOCK}\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_block_blocks(library):
    attempt = f"""
try:
    import {library}
except ModuleNotFoundError:
    print("missing")
"""
    assert without(LIBRARIES, attempt) == "missing\n"


COMMANDS = [
    (["--help"], "search"),
    (["--version"], "version"),
    (["search", "--help"], "Usage"),
    (["serve", "--help"], "Usage"),
    (["crawl", "--help"], "Usage"),
    (["search", "لاجئ", "--archive"], "عودة اللاجئين"),
    (["search", "لاجئ", "--json", "--archive"], '"id"'),
    (["runs", "--archive"], "1 requests"),
    (["runs", "--json", "--archive"], '"finished"'),
    (["export", "--archive"], "عودة اللاجئين"),
    (["stats", "--archive"], "together"),
    (["verify", "--archive"], "Everything is as it was written."),
]


@pytest.mark.parametrize(("arguments", "wanted"), COMMANDS)
def test_the_reader_commands_work_without_the_crawlers_libraries(archive, arguments, wanted):
    folder = [archive] if arguments[-1] == "--archive" else []
    assert wanted in without(LIBRARIES, RUN, *arguments, *folder)


SERVE = """
import asyncio
import re
from datasette.app import Datasette
datasette = Datasette([sys.argv[1] + "/archive.db"])
async def pages():
    for path in ("/", "/search?q=لاجئ", "/archive/articles"):
        answer = await datasette.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert "عودة اللاجئين" in re.sub("</?mark>", "", answer.text), path
    print("served")
asyncio.run(pages())
"""


def test_the_reading_room_needs_neither_the_libraries_nor_the_crawler(archive):
    assert without((*LIBRARIES, "crawler", "fixtures"), SERVE, archive) == "served\n"


def test_the_archive_is_read_from_python_without_the_crawler(archive):
    code = """
from archive import Archive
with Archive(sys.argv[1]) as archive:
    print(archive.search("لاجئ")[0].title)
"""
    assert without((*LIBRARIES, "crawler", "datasette"), code, archive) == "عودة اللاجئين\n"
