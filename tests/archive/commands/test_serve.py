import re
import signal
import socket
import subprocess
import sys
from contextlib import closing

import httpx
import pytest
from click.testing import CliRunner
from datasette.app import Datasette

from archive.database import NAME, open_for_writing
from archive.maintenance.replacement import compact
from archive.reading import Archive
from archive.site.server import _Read
from crawler.cli import warraq
from tests.archive import edits
from tests.archive.reading_room import TITLE, Shelf, fill
from tests.serving import serving


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return fill(tmp_path_factory.mktemp("archive"))


@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_serve_says_where_answers_and_ends_cleanly(shelf, end, code):
    command = [sys.executable, "-c", "from archive.commands.serve import serve; serve()"]
    command += ["--archive", str(shelf.root), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        up = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
        assert up
        with httpx.Client() as client:
            assert TITLE in client.get(up.group()).text
            assert client.get(f"{up.group()}archive.db").status_code == 403
            server.send_signal(end)
            out, err = server.communicate(timeout=20)
    assert (server.returncode, out, err) == (code, "", "")


def test_each_answer_says_once_what_may_be_known_of_its_reader(tmp_path):
    headline = edits.fill(tmp_path).headline
    with Archive(tmp_path) as read:
        capture = read.revisions(headline)[-1].capture
    with serving(tmp_path) as address, httpx.Client() as client:
        pages = client.get(address), client.get(f"{address}archive/articles.json")
        frame = client.get(f"{address}capture/{capture}/page/frame")
    assert [page.headers["referrer-policy"] for page in pages] == ["same-origin", "no-referrer"]
    assert frame.headers["referrer-policy"] == "no-referrer"
    assert {page.headers["x-content-type-options"] for page in (*pages, frame)} == {"nosniff"}


def test_serve_shows_what_a_crawl_is_writing(tmp_path):
    fill(tmp_path)
    writer = open_for_writing(tmp_path)
    with serving(tmp_path) as address, httpx.Client() as client:
        assert TITLE in client.get(address).text
        writer.execute("begin immediate")
        writer.execute("update articles set title = 'عنوان جديد' where title = ?", (TITLE,))
        assert TITLE in client.get(address).text
        writer.execute("commit")
        assert "عنوان جديد" in client.get(address).text
    writer.close()


async def test_serve_goes_on_with_what_was_written_where_it_may_not_write(tmp_path):
    """And with another database in the place of the old: after a rebuild, or `compact`."""
    fill(tmp_path, withhold=False)
    tmp_path.chmod(0o555)
    datasette = Datasette([], settings={"num_sql_threads": 1})
    database = _Read(datasette, str(tmp_path / NAME))
    datasette.add_database(database)

    async def titles():
        asked = await database.execute("select count(*) from articles where title = 'غيره'")
        return asked.single_value()

    try:
        assert await titles() == 0
        tmp_path.chmod(0o755)
        with closing(open_for_writing(tmp_path)) as writer:
            writer.execute("update articles set title = 'غيره'")
        tmp_path.chmod(0o555)
        assert await titles()
        tmp_path.chmod(0o755)
        assert await titles()
        compact(tmp_path)
        with closing(open_for_writing(tmp_path)) as writer:
            writer.execute("update articles set title = null")
        assert await titles() == 0
        assert len(database._all_file_connections) == 1
    finally:
        tmp_path.chmod(0o755)
        database.close()
        datasette.executor.shutdown()


def test_serve_reads_an_archive_where_nobody_may_write(tmp_path):
    fill(tmp_path, withhold=False)
    before = sorted(tmp_path.iterdir())
    tmp_path.chmod(0o555)
    try:
        with serving(tmp_path) as address, httpx.Client() as client:
            assert TITLE in client.get(address).text
            assert client.get(f"{address}archive/articles").status_code == 200
            assert TITLE in client.get(f"{address}search", params={"q": TITLE}).text
            assert sorted(tmp_path.iterdir()) == before
    finally:
        tmp_path.chmod(0o755)


def test_serve_leaves_a_newer_archive_to_a_newer_warraq(tmp_path):
    writer = open_for_writing(tmp_path)
    writer.execute(
        "insert into _sqlite_migrations (migration_set, name, applied_at)"
        " values ('warraq', 'm999_of_tomorrow', '2030-01-01')"
    )
    writer.close()
    result = CliRunner().invoke(warraq, ["serve", "--archive", str(tmp_path), "--port", "0"])
    assert result.exit_code == 1
    assert "m999_of_tomorrow" in result.output
    assert result.output.count("\n") == 1


def test_serve_keeps_out_of_the_way_of_other_ports(shelf):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(warraq, ["serve", "--archive", str(shelf.root), "--port", port])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: cannot listen on 127.0.0.1 port {port} (")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("host", ["", "a..b", "192.0.2.1", "http://127.0.0.1"])
def test_serve_listens_only_where_this_machine_is(shelf, host):
    result = CliRunner().invoke(warraq, ["serve", "--archive", str(shelf.root), "--host", host])
    assert result.exit_code == 1
    assert "(not an address of this machine); --host 127.0.0.1 is for" in result.output


def test_serve_without_an_archive(tmp_path):
    result = CliRunner().invoke(warraq, ["serve", "--archive", str(tmp_path)])
    assert result.exit_code == 1
    assert "holds no archive" in result.output
    (tmp_path / "archive.db").write_text("no database")
    result = CliRunner().invoke(warraq, ["serve", "--archive", str(tmp_path)])
    assert result.exit_code == 1
    assert "file is not a database; it is damaged: restore it from a backup" in result.output
