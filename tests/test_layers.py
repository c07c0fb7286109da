"""Who may import whom; and the reader works where the crawler's libraries are not installed."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from archive.models import Kind
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


@cache
def statements(package):
    """Return (file, import statement) of every import in a package, wherever it stands."""
    return [
        (path.relative_to(ROOT), node)
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def imports(package):
    """Yield (file, line, top-level name) of every import in a package."""
    for path, node in statements(package):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module or ""]
        for name in names:
            yield path, node.lineno, name.partition(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_imports_only_what_it_may(package):
    forbidden = {name for name, owner in OWNERS.items() if owner != package} | NEVER[package]
    assert [found for found in imports(package) if found[2] in forbidden] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_is_imported_by_its_place(package):
    """Every import names its module in full, so that the rule above sees it."""
    assert [path for path, node in statements(package) if getattr(node, "level", 0)] == []


@pytest.mark.parametrize(("name", "owner"), OWNERS.items())
def test_each_library_is_used_by_its_owner(name, owner):
    assert any(found[2] == name for found in imports(owner))


LIBRARIES = {
    "scrapy", "trafilatura", "twisted", "htmldate", "justext", "courlan", "parsel", "w3lib",
    "protego", "itemadapter", "itemloaders", "crawler.extract", "playwright",
}  # fmt: skip
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
    (["verify", "--archive"], "No damage found."),
]
# Runs where a module is missing, as on a machine without the crawler's libraries.
WITHOUT = """
import json
import sys

blocked = set(json.loads(sys.argv[1]))

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked or name in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""
RUN = """
from importlib import import_module
from click.testing import CliRunner

def missing(name):
    try:
        import_module(name)
    except ModuleNotFoundError:
        return True

from crawler.cli import warraq
answers = [CliRunner().invoke(warraq, words) for words in json.loads(sys.argv[2])]
print(json.dumps([
    sorted(filter(missing, blocked)),
    [[answer.exit_code, answer.output] for answer in answers],
]))
"""
READ = """
import asyncio
import re
from archive import Archive

with Archive(sys.argv[2]) as archive:
    print(archive.search("لاجئ")[0].title)
blocked.remove("datasette")
from datasette.app import Datasette

datasette = Datasette([sys.argv[2] + "/archive.db"])

async def pages():
    for path in ("/", "/search?q=لاجئ", "/archive/articles"):
        answer = await datasette.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert "عودة اللاجئين" in re.sub("</?mark>", "", answer.text), path
    print("served")

asyncio.run(pages())
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    root = tmp_path_factory.mktemp("archive")
    with opened(root) as store:
        store.publish(PAPER)
        capture = store.record(exchange(), kind=Kind.ARTICLE, publisher=PAPER.slug)
        store.keep(reading("عودة اللاجئين"), url=PAGE, visit=visit(), capture=capture)
        store.visited(visit(), capture, due_at=None, state="done")
    return root


def without(blocked, code, argument):
    """Run Python code where modules cannot be imported; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code, json.dumps([*blocked]), argument],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_reader_commands_work_without_the_crawlers_libraries(archive):
    words = [[*given, str(archive)] if given[-1] == "--archive" else given for given, _ in COMMANDS]
    missing, answers = json.loads(without(LIBRARIES, RUN, json.dumps(words)))
    assert missing == sorted(LIBRARIES)
    for (given, wanted), (code, output) in zip(COMMANDS, answers, strict=True):
        assert code == 0, (given, output)
        assert wanted in output, given


def test_python_and_the_reading_room_need_neither_the_libraries_nor_the_crawler(archive):
    blocked = LIBRARIES | {"crawler", "fixtures", "datasette"}
    assert without(blocked, READ, str(archive)) == "عودة اللاجئين\nserved\n"
