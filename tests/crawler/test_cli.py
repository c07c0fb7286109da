"""The command line teaches, and says what is wrong in one line."""

import fcntl
import json
import os
import re
import shlex
import socket
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from archive.database import open_for_writing
from crawler.cli import warraq
from tests.archive.filled import fill
from tests.crawler import shell, wire


def run(*words, **options):
    """Run a command in this process; its errors must have become a line and an exit code."""
    result = CliRunner().invoke(warraq, [str(word) for word in words], **options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def words_of(group, *above):
    """Return the words of every command below a group: ("crawl",), ("publishers", "list")."""
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        below = isinstance(command, click.Group)
        found += [(*above, name), *(words_of(command, *above, name) if below else ())]
    return found


EVERY = words_of(warraq)


@pytest.mark.parametrize("above", [(), ("publishers",)])
def test_help_lists_every_command_with_a_whole_sentence(above):
    lines = run(*above, "--help", terminal_width=78).output.partition("Commands:")[2].splitlines()
    for *_, name in (words for words in EVERY if words[:-1] == above):
        (line,) = [line for line in lines if re.match(rf"  {name}\s", line)]
        assert len(line.split()) > 3
        assert re.search(r"[^.][.?]$", line), line


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_each_help_explains_its_options_and_gives_an_example(words):
    output = run(*words, "--help").output
    assert output.startswith(f"Usage: warraq {' '.join(words)}")
    assert re.search(rf"^  .*warraq {' '.join(words)}( |$)", output, re.MULTILINE)
    command: click.Command | None = warraq
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name
            told = parameter.show_default or parameter.required or "default" in parameter.help
            default = parameter.to_info_dict()["default"]
            assert told or not default, f"{parameter.name}: {default!r} is not mentioned"


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_the_examples_of_a_help_parse(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    for name in ("page.html", "articles.jsonl", "names.csv"):
        (tmp_path / name).write_bytes(b"")
    output = run(*words, "--help", terminal_width=200).output
    examples = re.findall(r"^  (warraq .*?)(?: {3,}.*| [|>] .*)?$", output, re.MULTILINE)
    for line in examples:
        _, *typed = shlex.split(line)
        command: click.Command | None = warraq
        while isinstance(command, click.Group) and typed:
            command = command.get_command(click.Context(command), typed.pop(0))
        assert command is not None, line
        with command.make_context(command.name, typed):  # closes the files that it opened
            pass


def test_the_version_is_told():
    assert run("--version").output.startswith("warraq, version ")


def broken_toml(root):
    (root / "warraq.toml").write_text("follow = 5", "utf-8")


def broken_publisher(root):
    (root / "publishers").mkdir()
    (root / "publishers" / "paper.toml").write_text("slug = 'paper'\nnam = 'x'", "utf-8")


def misspelt_schedule(root):
    (root / "warraq.toml").write_text('[publishers.enabaladi]\nevery = "1h"', "utf-8")


def nothing(root):
    pass


def no_proxy(root):
    (root / "warraq.toml").write_text('proxy = "127.0.0.1:3128"', "utf-8")


def binary(root):
    (root / "binary").write_bytes(bytes(range(128, 256)))


def archive(root):
    open_for_writing(root).close()
    (root / "other").mkdir()
    (root / "foreign" / "warc").mkdir(parents=True)
    (root / "foreign" / "warc" / "CC-NEWS.warc.gz").write_bytes(b"")


def bad_list(root):
    (root / "links.txt").write_text("# mine\n\n\nno address\n", "utf-8")


# What is prepared in the archive's folder, the words, exit code, and what the message must name.
WRONG = [
    (nothing, ["crawl", "enabaladi"], 1, ["enabaladi", "enabbaladi"]),
    (nothing, ["crawl"], 1, ["name the publishers", "enabbaladi"]),
    (nothing, ["watch", "enabaladi"], 1, ["enabbaladi"]),
    (broken_toml, ["crawl", "enabbaladi"], 1, ["warraq.toml", "`follow`"]),
    (broken_toml, ["watch"], 1, ["warraq.toml", "`follow`"]),
    (broken_toml, ["save", "http://127.0.0.1:9/"], 1, ["warraq.toml", "`follow`"]),
    (misspelt_schedule, ["watch", "enabbaladi"], 1, ["enabaladi", "enabbaladi"]),
    (broken_publisher, ["crawl", "paper"], 1, ["paper.toml", "`nam`", "`name`"]),
    (broken_publisher, ["save", "http://127.0.0.1:9/"], 1, ["paper.toml", "`nam`"]),
    (nothing, ["crawl", "enabbaladi", "--now", "nonsense"], 2, ["--now", "2020-11-09T18:00Z"]),
    (nothing, ["crawl", "enabbaladi", "--now", "9999-12-31"], 2, ["--now"]),
    (nothing, ["crawl", "enabbaladi", "--limit", "0"], 2, ["--limit"]),
    (nothing, ["crawl", "enabbaladi", "--seconds", "no"], 2, ["--seconds"]),
    (nothing, ["crawl", "enabbaladi", "--log-level", "loud"], 2, ["--log-level"]),
    (nothing, ["crawl", "--nonsense"], 2, ["--nonsense"]),
    (nothing, ["nonsense"], 2, ["nonsense", "`warraq --help`"]),
    (nothing, ["Crawll", "nonsense"], 2, ["'Crawll'", "crawl?"]),
    (nothing, ["crawl", "--limt", "5"], 2, ["--limt", "--limit"]),
    (nothing, ["crawl", "Enabbaladi"], 1, ["'Enabbaladi'", "enabbaladi?"]),
    (nothing, ["crawl", "https://x.example/"], 1, ["warraq save URL", "publishers add URL"]),
    (nothing, ["crawl", "enabbaladi", "--limit", "few"], 2, ["'few'", "number, at least 1"]),
    (nothing, ["crawl", "enabbaladi", "--limit", "-5"], 2, ["--limit", "'-5'", "at least 1"]),
    (nothing, ["crawl", "enabbaladi", "--seconds", "0.5"], 2, ["'0.5'", "number, at least 1"]),
    (nothing, ["crawl", "--since", "2999"], 2, ["--since", "in the future", "past day"]),
    (nothing, ["publishers", "lst"], 2, ["'lst'", "list"]),
    (nothing, ["publishers", "list", "--country", "Syria"], 2, ["'Syria'", "SY"]),
    (nothing, ["publishers", "list", "zzzz"], 1, ["'zzzz'", "publishers add URL"]),
    (nothing, ["publishers", "show", "enabaladi"], 1, ["did you mean enabbaladi"]),
    (nothing, ["publishers", "check"], 1, ["follows none", "`warraq publishers list`"]),
    (nothing, ["publishers", "add", "ftp://x.example/"], 2, ["ftp:", "https://example.org/"]),
    (nothing, ["publishers", "add", "x.example", "--slug", "A B"], 2, ["'A B'", "Latin"]),
    (no_proxy, ["crawl", "enabbaladi"], 1, ["warraq.toml", "`proxy`", "http://host:port"]),
    (nothing, ["demo", "--articles", "5"], 2, ["--articles", "'5'", "20 to 100,000"]),
    (nothing, ["demo", "--seed", "x"], 2, ["--seed", "'x'", "integer"]),
    (nothing, ["save"], 2, ["Missing argument"]),
    (nothing, ["save", "ftp://x.example/1"], 2, ["ftp://x.example/1", "http"]),
    (nothing, ["save", "http://[x/"], 2, ["http://[x/"]),
    (nothing, ["save", "missing.txt"], 2, ["missing.txt", "neither", "https://", "No such file"]),
    (nothing, ["save", "{root}"], 2, ["{root}", "neither", "directory"]),
    (binary, ["save", "{root}/binary"], 2, ["binary", "not text in UTF-8"]),
    (bad_list, ["save", "{root}/links.txt"], 2, ["links.txt, line 4", "no address"]),
    (nothing, ["save", "/dev/null"], 2, ["no address"]),
    (nothing, ["runs"], 1, ["no archive"]),
    (nothing, ["search", "خبر"], 1, ["no archive", "`warraq crawl SLUG --archive {root}`"]),
    (nothing, ["search", " "], 2, ["empty", "after:2020-11-01"]),
    (nothing, ["search", "خبر", "--ordr", "new"], 2, ["--ordr", "--order"]),
    (nothing, ["search", "خبر", "--order", "old"], 2, ["'old'", "'best', 'new'"]),
    (nothing, ["search"], 2, ["the query is empty"]),
    (nothing, ["serve"], 1, ["no archive"]),
    (nothing, ["serve", "--port", "70000"], 2, ["--port", "0 to 65,535"]),
    (nothing, ["serve", "--port", "www"], 2, ["--port", "'www'", "0 to 65,535"]),
    (nothing, ["stats"], 1, ["no archive"]),
    (nothing, ["stats", "--archive", "{root}/none"], 1, ["folder does not exist", "--archive"]),
    (binary, ["stats", "--archive", "{root}/binary"], 2, ["--archive", "binary", "is a file"]),
    (nothing, ["stats", "more"], 2, ["extra argument", "more"]),
    (nothing, ["compact"], 1, ["no archive"]),
    (nothing, ["verify", "--processes", "0"], 2, ["--processes", "at least 1"]),
    (nothing, ["verify"], 1, ["no archive"]),
    (nothing, ["reindex"], 1, ["no archive"]),
    (nothing, ["withhold", "1", "--reason", "x"], 1, ["no archive"]),
    (nothing, ["withhold", "1"], 2, ["--reason"]),
    (nothing, ["unwithhold", "1"], 1, ["no archive"]),
    (nothing, ["publish", "{root}/copy"], 1, ["no archive"]),
    (nothing, ["backup", "{root}/copy"], 1, ["no archive"]),
    (nothing, ["export"], 1, ["no archive"]),
    (nothing, ["export", "-o", "{root}"], 2, ["is a directory"]),
    (nothing, ["export", "-o", "{root}/none/x"], 2, ["none", "does not exist", "create it"]),
    (nothing, ["export", "--format", "xml"], 2, ["'xml'", "'jsonl', 'csv', 'parquet'"]),
    (nothing, ["export", "--excel"], 2, ["--excel", "--format csv"]),
    (binary, ["backup", "{root}/binary"], 2, ["binary", "is a file"]),
    (binary, ["publish", "{root}/binary"], 2, ["binary", "is a file"]),
    (nothing, ["rebuild", "--from-warc"], 1, ["no WARC files"]),
    (nothing, ["rebuild"], 2, ["--from-warc"]),
    (nothing, ["repair"], 1, ["no archive"]),
    (nothing, ["merge", "{root}/none"], 2, ["does not exist"]),
    (nothing, ["merge", "{root}"], 1, ["no archive"]),
    (binary, ["merge", "{root}/binary"], 2, ["binary", "is a file"]),
    (archive, ["merge", "{root}/other"], 1, ["{root}/other/warc", "no WARC files", "an archive?"]),
    (archive, ["merge", "{root}/foreign"], 1, ["foreign/warc", "`warraq import-warc`"]),
    (archive, ["merge", "{root}"], 1, ["archive itself"]),
    (archive, ["publish", "{root}"], 1, ["something else", "empty or new folder"]),
    (archive, ["backup", "{root}/new"], 1, ["inside it", "another folder"]),
    (
        archive,
        ["export", "--where", "x = 1"],
        1,
        ["'x = 1'", "no such column: x", "columns are id,"],
    ),
    (archive, ["withhold", "5", "--reason", "x"], 1, ["no article 5"]),
    (archive, ["withhold", "word", "--reason", "x"], 1, ["'word'", "number nor an address"]),
    (archive, ["search", "publisher:nobody"], 1, ["'nobody'"]),
    (archive, ["search", "after:soon"], 1, ["after:soon", "after:2020-11-01"]),
    (archive, ["extract", "--again", "nobody"], 1, ["'nobody'"]),
    (nothing, ["extract", "--again"], 1, ["no archive"]),
    (nothing, ["extract", "--again", "--since", "31.12.2020"], 2, ["--since", "2020-11-09"]),
    (nothing, ["extract", "--dry-run"], 2, ["need --again"]),
    (nothing, ["extract"], 2, ["--html", "--url", "--again"]),
    (nothing, ["extract", "--html", "missing", "--url", "x"], 2, ["missing", "No such file"]),
    (binary, ["extract", "--html", "{root}/binary", "--url", "x"], 2, ["--url", "'x'", "https"]),
    (nothing, ["import-jsonl", "missing"], 2, ["missing", "No such file"]),
    (nothing, ["import-jsonl", "{root}"], 2, ["directory"]),
    (nothing, ["import-warc", "{root}/none"], 2, ["neither a file nor"]),
    (nothing, ["import-warc", "missing.warc"], 2, ["missing.warc"]),
    (nothing, ["backfill", "enabbaladi"], 2, ["--since"]),
    (nothing, ["backfill", "enabbaladi", "--since", "2020-13"], 2, ["2020-13", "2020-11"]),
    (
        nothing,
        ["backfill", "enabbaladi", "--since", "2020", "--until", "2019", "--now", "2021-01-01"],
        2,
        ["--until", "2019-12-31", "2020-01-01"],
    ),
]


@pytest.mark.parametrize(
    ("prepare", "words", "code", "named"), WRONG, ids=[" ".join(case[1]) for case in WRONG]
)
def test_errors_are_one_line_with_an_exit_code(tmp_path, prepare, words, code, named):
    prepare(tmp_path)
    given = [word.format(root=tmp_path) for word in words]
    is_ours = "nonsense" in words or "--archive" in words
    result = run(*given, *([] if is_ours else ["--archive", tmp_path]))
    assert result.exit_code == code
    (message,) = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    for name in named:
        assert name.format(root=tmp_path) in message
    assert result.output.splitlines()[-1] == message


def test_a_locked_archive_names_its_holder(archive):
    archive.root.joinpath("lock").write_text(
        json.dumps({"command": "crawl paper", "pid": 4711, "since": "2026-11-23"}), "utf-8"
    )
    with archive.root.joinpath("lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        code, output = shell.run("crawl", "paper", "--archive", archive.root)
    assert code == 1
    (line,) = output.splitlines()
    assert "`warraq crawl paper` (process 4711" in line


@pytest.mark.parametrize("words", [["crawl", "enabbaladi"], ["save", "http://127.0.0.1:9/"]])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, words):
    (tmp_path / "file").write_text("", "utf-8")
    code, output = shell.run(*words, "--archive", tmp_path / "file" / "archive")
    assert code in {1, 2}
    assert str(tmp_path / "file") in output
    assert output.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in output


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    code, output = shell.run("crawl", "enabbaladi", "--archive", tmp_path)
    assert code == 1
    (line,) = output.splitlines()
    assert str(tmp_path) in line


@pytest.mark.parametrize("run_it", [shell.run, shell.run_apart])
def test_a_crawl_prints_its_summary(archive, run_it):
    code, output = run_it("crawl", "paper", "--archive", archive.root)
    head, row = output.splitlines()
    assert code == 0
    assert head.split() == [
        *("publisher", "requests", "new", "changed", "unchanged", "problems", "MB", "seconds")
    ]
    assert row.split()[:6] == ["paper", "4", "2", "0", "0", "0"]


def test_a_limit_leaves_the_rest_due(archive, site):
    code, output = shell.run("crawl", "paper", "--limit", 1, "--archive", archive.root)
    assert code == 0
    assert "1 visit still due" in output
    assert len([target for target in site.targets() if "news" in target]) == 1
    code, output = shell.run("crawl", "--archive", archive.root)
    assert "still due" not in output
    assert len([target for target in site.targets() if "news" in target]) == 2


def test_one_page_is_saved_and_its_article_named(archive, site):
    url = site.url + "/news/1"
    code, output = shell.run("save", url, "--archive", archive.root)
    assert code == 0
    ((article, title),) = archive.rows("select id, title from articles")
    assert f"article {article}: {title}" in output
    code, output = shell.run("save", url.replace("http", "HTTP"), "--archive", archive.root)
    assert code == 0
    assert f"article {article}" in output
    assert archive.rows("select count(*) from revisions") == [(1,)]
    assert site.count("/news/1") == 2


def test_a_page_of_an_unknown_publisher_is_saved_under_its_host(tmp_path, site):
    site.answers["/1"] = (wire.http(wire.article()),)
    code, _ = shell.run("save", site.url + "/1", "--archive", tmp_path)
    assert code == 0
    assert shell.run("search", "المدينة", "--archive", tmp_path)[1].count("127.0.0.1") >= 1


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ((wire.http(b"", status="404 Not Found"),), "http-404"),
        ((wire.http(b"", status="410 Gone"),), "http-410"),
        ((wire.http(b"", status="500 Oh"),), "http-500"),
        ((wire.http(b"", "Location: /loop", status="302 Found"),), "ignored"),
        ((wire.RESET,), "network-"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",), "truncated"),
    ],
    ids=["404", "410", "500", "loop", "reset", "torn"],
)
def test_a_page_that_cannot_be_saved_is_told(archive, site, answer, named):
    site.answers["/loop"] = answer
    code, output = shell.run("save", site.url + "/loop", "--archive", archive.root)
    assert code == 3
    assert "not archived as an article" in output
    assert named in output
    assert "Traceback" not in output


def test_a_redirect_is_followed(archive, site):
    site.answers["/short"] = (wire.http(b"", "Location: /news/1", status="301 Moved"),)
    code, output = shell.run("save", site.url + "/short", "--archive", archive.root)
    assert code == 0
    assert "خبر رقم 1" in output
    assert archive.rows("select url from articles") == [(site.url + "/news/1",)]
    _, output = shell.run("custody", site.url + "/news/1", "--archive", archive.root)
    assert f"Address asked for: {site.url}/short\nRedirects: 301 {site.url}/short\n" in output
    assert f"Address that answered: {site.url}/news/1\n" in output
    assert "Settings: robots RFC 9309\n" in output


def test_addresses_come_from_a_file_too(archive, site, tmp_path):
    lines = f"\ufeff# mine\n\n{site.url}/news/1\n  {site.url}/news/2  \n{site.url}/news/1\n"
    (tmp_path / "links.txt").write_text(lines, "utf-8")
    code, output = shell.run("save", tmp_path / "links.txt", "--archive", archive.root)
    assert code == 0
    assert output.count("article ") == 2
    assert site.count("/news/1") == 1


def test_a_bad_line_is_reported_and_the_others_are_saved(archive, site, tmp_path):
    (tmp_path / "links.txt").write_text(f"{site.url}/news/1\nno address\n", "utf-8")
    code, output = shell.run("save", tmp_path / "links.txt", "--archive", archive.root)
    assert (code, output.count("article ")) == (3, 1)
    assert "links.txt, line 2: " in output


def test_nothing_else_that_is_due_is_visited_by_save(archive, site):
    shell.run("crawl", "paper", "--limit", 1, "--archive", archive.root)
    (other,) = archive.rows(
        "select url from visits where due_at < '2100' and article is null and kind = 'article'"
    )
    site.answers["/saved"] = (wire.http(wire.article()),)
    shell.run("save", site.url + "/saved", "--archive", archive.root)
    assert site.count(other[0].removeprefix(site.url)) == 0


@pytest.mark.slow
def test_scrapys_own_command_crawls_too(archive, site):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "scrapy", "crawl", "news", "-a", "publisher=paper"),
            *("-a", f"archive={archive.root}"),
        ],
        cwd=shell.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert archive.rows("select count(*) from articles") == [(2,)]
    assert archive.rows("select state from runs") == [("finished",)]


@pytest.mark.slow
def test_scrapys_own_command_says_what_was_wrong():
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "news", "-a", "publisher=nobody-at-all"],
        cwd=shell.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Error: no publisher is called 'nobody-at-all'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["crawl", "watch"])
def test_a_misspelt_name_makes_no_archive(tmp_path, command):
    result = run(command, "nobody-at-all", "--archive", tmp_path / "new")
    assert result.exit_code == 1
    remedy = "`warraq publishers list` names them all"
    assert result.output == f"Error: no publisher is called 'nobody-at-all'; {remedy}\n"
    assert list(tmp_path.iterdir()) == []


# Words that are somebody's mistake, in a folder with nothing but two files that are no collection.
MISTAKES = [
    ["backfill", "nobody-at-all", "--since", "2019"],
    ["backfill", "enabbaladi", "--since", "2999"],
    ["backfill", "enabbaladi", "--since", "2019", "--until", "2018"],
    ["crawl"],
    ["crawl", "nobody-at-all"],
    ["crawl", "--resume", "nobody-at-all"],
    ["watch"],
    ["save", "http://[x/"],
    ["save", "missing.txt"],
    ["save", "http://127.0.0.1:9/nothing"],
    ["save", "http://no-such-host.invalid/story"],
    ["import-jsonl", "missing.jsonl"],
    ["import-jsonl", "empty"],
    ["import-jsonl", "prose"],
    ["import-jsonl", "prose", "--archive", "several/folders/deep"],
    ["publishers", "add", "nonsense"],
    ["publishers", "add", "https://enabbaladi.net/"],
    ["publishers", "add", "http://127.0.0.1:9/"],
    ["publishers", "check"],
    ["publishers", "check", "nobody-at-all"],
    ["publish", "public"],
    ["backup", "copy"],
    ["export", "-o", "articles.jsonl"],
    ["reindex"],
    ["withhold", "5", "--reason", "x"],
    ["unwithhold", "5"],
    ["verify"],
    ["search", "خبر"],
    ["demo", "--articles", "1"],
]


@pytest.mark.parametrize("words", MISTAKES, ids=[" ".join(words) for words in MISTAKES])
def test_a_mistake_leaves_nothing_behind(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "prose").write_text("no object\n{}\n", "utf-8")
    result = run(*words)
    assert result.exit_code or "empty" in words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "prose"], result.output


def test_a_front_page_that_is_no_newspapers_leaves_no_archive(tmp_path, site):
    site.answers["/"] = (wire.http("<html><body><p>مرحبا</p></body></html>".encode()),)
    result = run("publishers", "add", site.url, "--archive", tmp_path / "new")
    assert result.exit_code == 1
    assert site.count("/") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_takes_nothing_from_an_archive_that_was_there(archive, site):
    assert shell.run("save", site.url + "/news/1", "--archive", archive.root)[0] == 0
    before = {path.name: path.stat().st_size for path in (archive.root / "warc").rglob("*.warc.gz")}
    site.answers["/"] = (wire.http(b"<html><body><p>x</p></body></html>"),)
    code, _ = shell.run("publishers", "add", site.url, "--slug", "x", "--archive", archive.root)
    assert code == 1
    after = {path.name: path.stat().st_size for path in (archive.root / "warc").rglob("*.warc.gz")}
    assert before.items() <= after.items()
    assert archive.rows("select count(*) from articles") == [(1,)]


def test_inside_the_folder_of_an_archive_it_is_the_one_that_is_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "warraq-archive holds no archive" in run("stats").output
    fill(tmp_path / "news")
    monkeypatch.chdir(tmp_path / "news")
    assert run("stats").exit_code == 0
    (tmp_path / "news" / "archive.db").unlink()
    assert "archive.db is missing" in run("stats").output  # and no warraq-archive
    assert run("rebuild", "--from-warc", "--processes", "1").exit_code == 0
    assert run("stats").exit_code == 0


def test_the_demo_needs_its_port_before_it_begins(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("demo", "--port", port, "--archive", tmp_path / "new")
    assert result.exit_code == 1
    assert f"port {port} (Address already in use); another one: --port 0" in result.output
    assert list(tmp_path.iterdir()) == []


NOW = ("--now", "2020-11-12T09:00Z")
REAL, OWN = "by this machine's clock: omit --now", "with --now, or by `warraq demo`"


@pytest.mark.parametrize(
    ("first", "words", "message"),
    [
        ([], ["crawl", "paper", *NOW], REAL),
        ([], ["demo", "--no-serve"], REAL),
        ([], ["demo", "--port", "0"], REAL),
        ([], ["extract", "--again", *NOW], REAL),
        ([], ["repair", *NOW], REAL),
        (NOW, ["crawl", "paper"], OWN),
        (NOW, ["watch", "paper"], OWN),
        (NOW, ["save", "{url}/news/1"], OWN),
        (NOW, ["publishers", "check", "paper"], OWN),
        ([], ["extract", "--html", "/dev/null", "--url", "{url}", *NOW], None),
        (NOW, ["extract", "--again"], None),
        (NOW, ["crawl", "paper", *NOW], None),
    ],
)
def test_an_archive_has_one_clock(archive, site, first, words, message):
    assert shell.run("crawl", "paper", *first, "--archive", archive.root)[0] == 0
    before, where = site.targets(), ("--archive", archive.root)
    code, output = shell.run(*(word.format(url=site.url) for word in words), *where)
    if message is None:
        assert code == 0, output
        return
    assert code == 1
    assert f"was crawled {message}" in output
    assert "name another --archive" in output
    assert (site.targets(), archive.rows("select count(*) from runs")) == (before, [(1,)])


def test_a_library_that_is_missing_is_named(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("crawler.crawl", "scrapy"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scrapy", None)
    result = run("crawl", "enabbaladi", "--archive", tmp_path)
    assert result.exit_code == 1
    assert result.output.startswith(
        "Error: this takes a library that is not installed here: scrapy"
    )


@pytest.mark.parametrize(
    "words", [("stats", "--archive", "x\x1b]0;t\x07"), ("stats", "--archive", "x\x9b2J")]
)
def test_what_a_command_says_has_no_escapes(words):
    output = run(*words).output
    assert "\\u00" in output
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", output)


@pytest.mark.parametrize(
    ("options", "modes"), [((), (0o700, 0o600)), (("--shared",), (0o755, 0o644))]
)
def test_a_new_archive_is_private_unless_it_is_shared(tmp_path, options, modes):
    line = {
        "url": "https://x.example/1",
        "title": "خبر",
        "text": "نص من الأخبار",
        "published_on": "2020-11-09",
    }
    (tmp_path / "lines").write_text(json.dumps(line), "utf-8")
    before = os.umask(0o022)
    try:
        run("import-jsonl", tmp_path / "lines", *options, "--archive", tmp_path / "new" / "archive")
    finally:
        os.umask(before)
    paths = [tmp_path / "new" / "archive", *(tmp_path / "new" / "archive").rglob("*")]
    assert len(paths) > 4
    for path in paths:
        assert path.stat().st_mode & 0o777 == modes[path.is_file()], path


def test_a_crawl_that_no_host_answered_is_an_error(tmp_path):
    (tmp_path / "publishers").mkdir()
    page = 'slug = "gone"\nname = "x"\nfeeds = ["http://127.0.0.1:9/feed"]\n'
    (tmp_path / "publishers" / "gone.toml").write_text(page, "utf-8")
    for _ in range(2):
        code, output = shell.run("crawl", "gone", "--archive", tmp_path)
        assert code == 1
        assert "Nothing was reached." in output


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--with-parent"]])
def test_a_crawl_whose_proxy_is_down_is_an_error(tmp_path, words):
    (tmp_path / "publishers").mkdir()
    page = 'slug = "paper"\nname = "x"\nfeeds = ["http://paper.example/feed"]\n'
    (tmp_path / "publishers" / "paper.toml").write_text(page, "utf-8")
    (tmp_path / "warraq.toml").write_text('proxy = "http://127.0.0.1:9"\n', "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "crawler", "crawl", "paper", "--archive", str(tmp_path), *words],
        cwd=shell.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        output = process.stdout.read()
    assert process.returncode == 1, output
    assert "the proxy http://127.0.0.1:9" in output
    assert "what is due stays due" in output


@pytest.mark.parametrize("command", ["reindex", "import-jsonl"])
def test_ctrl_c_inside_a_function_of_sql_is_no_damage(tmp_path, monkeypatch, command):
    def stop(_text):
        raise KeyboardInterrupt

    line = tmp_path / "line.jsonl"
    line.write_text('{"url": "https://x.example/1", "title": "t", "text": "text"}', "utf-8")
    root = fill(tmp_path / "archive")
    monkeypatch.setattr("archive.search.index.analysed", stop)
    words = [command, line] if command == "import-jsonl" else [command]
    result = run(*words, "--archive", root)
    assert (result.exit_code, result.stderr) == (130, "")
    monkeypatch.undo()
    assert "No damage found." in run("verify", "--archive", root).output


def test_a_library_for_which_there_is_no_memory_is_one_line(tmp_path, monkeypatch):
    def no_memory(_root):
        raise ImportError("etree.so: failed to map segment from shared object")

    monkeypatch.setattr("archive.maintenance.stats.stats", no_memory)
    result = run("stats", "--archive", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: etree.so: failed to map segment")
    assert "there is not enough memory" in result.stderr
