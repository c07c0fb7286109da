"""The README and the reference pages are true: their commands, files and queries are run."""

import re
import shlex
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from archive.database import open_for_writing
from archive.models import Kind, Publisher
from crawler import config
from crawler.cli import warraq
from crawler.publisher import Publisher as Followed
from crawler.publisher import Rules, read
from tests.archive.desk import exchange, opened, reading, visit

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CRAWLER = (ROOT / "crawler" / "README.md").read_text("utf-8")
ARCHIVE = (ROOT / "archive" / "README.md").read_text("utf-8")
ARABIC = (ROOT / "archive" / "README.ar.md").read_text("utf-8")
PAGES = README + CRAWLER + ARCHIVE + ARABIC + (ROOT / "tests" / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line.strip()]


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 180


def test_every_command_is_in_the_table_and_every_row_is_a_command():
    cells = "\n".join(re.findall(r"^\| (`warraq [^|]+) ", README.replace("\\|", "/"), re.MULTILINE))
    rows = re.findall(r"`warraq ([\w-]+)", cells)
    assert rows == [*dict.fromkeys(rows)]
    assert set(rows) == set(warraq.list_commands(click.Context(warraq)))


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("warraq ")])
def test_a_command_line_parses(line):
    _, name, *arguments = shlex.split(line, comments=True)
    command = warraq.get_command(click.Context(warraq), name)
    assert command is not None
    command.make_context(name, arguments)


def test_the_test_command_is_the_one_that_ci_runs():
    command = next(line for line in commands() if ".[test]" in line)
    plain = command.replace("pip install", "pip install --quiet")
    assert plain in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_the_setup_command_runs_the_demo():
    command = commands()[0]
    assert command.endswith("&& .venv/bin/warraq demo")
    assert "pip install ." in command


def test_the_modules_named_in_commands_exist():
    for module in re.findall(r"-m (tests\.[\w.]+)", PAGES):
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


def test_the_warraq_toml_is_read(tmp_path):
    text = next(block for block in blocks("toml") if block.startswith("follow"))
    (tmp_path / "warraq.toml").write_text(text, "utf-8")
    loaded = config.load(tmp_path)
    assert loaded.follow == ("enabbaladi", "aawsat")
    assert loaded.schedule_of("aawsat") != loaded.schedule_of("enabbaladi")
    keys = set(re.findall(r"^(\w+) =", text, re.MULTILINE)) | {
        "publishers",
        "cron",
        "alerts",
        "searches",
    }
    assert keys == set(config.settings_of(config.Config))


def test_the_alerts_are_read_and_show_every_key(tmp_path):
    text = next(block for block in blocks("toml") if block.startswith("[alerts]"))
    (tmp_path / "warraq.toml").write_text(text, "utf-8")
    loaded = config.load(tmp_path)
    assert loaded.alerts.ways == ["command", "webhook", "mail"]
    assert loaded.searches == {"water": "أزمة المياه publisher:enabbaladi"}
    alerts, search = config.settings_of(config.Alerts), config.settings_of(config.SavedSearch)
    assert set(re.findall(r"^(\w+) =", text, re.MULTILINE)) == alerts.keys() | search.keys()


def test_the_publisher_file_is_read_and_shows_every_key(tmp_path):
    text = next(block for block in blocks("toml") if block.startswith("slug"))
    path = tmp_path / "example.toml"
    path.write_text(text, "utf-8")
    assert read(path).rules
    stated = dict(re.findall(r"^(\w+) = .*?\S {2,}# (.*)", text, re.MULTILINE))
    settings = config.settings_of(Followed) | config.settings_of(Rules)
    assert stated == {key: settings[key].metadata["about"] for key in stated}
    keys = set(re.findall(r"^(\w+) =", text, re.MULTILINE)) | {"rules"}
    assert keys == settings.keys()


@pytest.fixture
def database(tmp_path):
    db = open_for_writing(tmp_path)
    yield db
    db.close()


@pytest.mark.parametrize("query", blocks("sql"))
def test_a_query_runs(database: sqlite3.Connection, query):
    assert database.execute(query).description


@pytest.mark.parametrize(
    "query", [sql for sql in blocks("sql") if "word_forms(" not in sql and "warraq_" not in sql]
)
def test_a_query_runs_without_functions_of_ours(database: sqlite3.Connection, query):
    (path,) = [row[2] for row in database.execute("pragma database_list")]
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute(query).description


@pytest.mark.parametrize("example", blocks("python"))
def test_the_python_runs(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    paper = Publisher(slug="enabbaladi", name="عنب بلدي")
    page = "https://www.enabbaladi.net/429483"
    asked = replace(visit(page), publisher=paper.slug)
    with opened(tmp_path / "warraq-archive") as store:
        store.publish(paper)
        for payload, title in ((b"1", "عودة اللاجئين"), (b"2", "عودة لاجئين")):
            shown = exchange(page, payload)
            capture = store.record(shown, kind=Kind.ARTICLE, publisher=paper.slug)
            store.keep(reading(title), url=page, visit=asked, capture=capture)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - our own page
    assert "عودة اللاجئين → عودة لاجئين" in capsys.readouterr().out
    assert names["article"].url == page
    assert names["rows"] == [("enabbaladi", 1)]


@pytest.mark.parametrize("kind", ["table", "view"])
def test_every_table_and_view_is_documented(database: sqlite3.Connection, kind):
    section = ARCHIVE.partition(f"| {kind} | one row is |")[2].partition("\n\n")[0]
    documented = set(
        re.findall(
            r"`(\w+)`",
            "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `")),
        )
    )
    tables = {
        name
        for (name,) in database.execute("select name from sqlite_master where type = ?", (kind,))
        if not name.startswith(("sqlite_", "_sqlite", "article_stems_"))
    }
    assert documented == tables


def test_every_file_named_exists():
    for path in re.findall(r"`((?:crawler|archive|tests|fixtures)/[\w/.]*)`", PAGES):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(("page", "folder"), [(README, ROOT), (ARABIC, ROOT / "archive")])
def test_every_local_link_leads_to_a_file(page, folder):
    for path in re.findall(r"\]\(([^):]+)\)", page):
        assert (folder / path).is_file(), path


def test_the_arabic_page_is_linked_first_and_begins_with_the_same_command():
    assert "(archive/README.ar.md)" in "".join(README.splitlines(keepends=True)[:6])
    setup = next(line for line in commands() if "warraq demo" in line)
    assert setup in ARABIC.splitlines()
    for command in re.findall(r"`warraq ([\w-]+)", ARABIC):
        assert command in warraq.list_commands(click.Context(warraq))


def test_every_command_teaches():
    runner = CliRunner()
    for name in warraq.list_commands(click.Context(warraq)):
        result = runner.invoke(warraq, [name, "--help"])
        assert result.exit_code == 0, result.output
        assert len(result.output) > 300, f"{name} --help says little"
