"""The key by which an article is recognised is no address: nothing that we show carries it."""

import io
import re
import sqlite3
from contextlib import closing
from html import unescape
from urllib.parse import parse_qsl, quote

import pytest
from click.testing import CliRunner
from datasette.app import Datasette

from archive import Archive
from archive.maintenance import export
from crawler.cli import warraq
from tests.archive.reading_room import Shelf, fill

KEY = "identity.example"
_LINK = re.compile(r'(?:href|src|action)="(/[^"#]*)')


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """An archive whose keys look like none of its addresses."""
    shelf = fill(tmp_path_factory.mktemp("archive"), withhold=False)
    with closing(sqlite3.connect(shelf.database, isolation_level=None)) as db:
        db.execute(f"update articles set key = 'https://{KEY}/' || id")
    return shelf


@pytest.mark.slow
async def test_no_page_carries_it(shelf):
    client = Datasette([shelf.database]).client
    waiting = ["/", f"/search?q={quote('تونس')}", "/archive/articles", "/archive"]
    known, kinds = set(waiting), set()
    while waiting:
        path = waiting.pop()
        answer = await client.get(path, follow_redirects=True)
        assert KEY not in answer.text, path
        links = {unescape(link) for link in _LINK.findall(answer.text)} - known
        new = {kind(link): link for link in links if is_a_page(link) and kind(link) not in kinds}
        kinds |= set(new)
        known |= links
        waiting += new.values()
    assert {f"/article/{shelf.edited}", f"/archive/articles/{shelf.edited}"} <= known


def kind(link):
    """Return the path of a link, with the names of its parameters: searches narrow without end."""
    path, _, query = link.partition("?")
    return path, frozenset(name for name, _ in parse_qsl(query))


def is_a_page(link):
    """Say whether a link leads to a page that is worth a look, once of each kind of table."""
    tables = link.startswith("/archive")
    return not re.search(r"/-/|\.(json|csv|css|js)\b", link) and ("?" not in link or not tables)


@pytest.mark.parametrize("write", [export.write_jsonl, export.write_csv, export.write_parquet])
def test_no_export_carries_it(shelf, write):
    out = io.BytesIO()
    assert write(export.articles(shelf.root, revisions=write is export.write_jsonl), out) == 6
    if write is export.write_parquet:
        from pyarrow import parquet

        table = parquet.read_table(io.BytesIO(out.getvalue())).to_pylist()
        assert KEY not in repr(table)
    assert KEY.encode() not in out.getvalue()


@pytest.mark.parametrize(
    "words", [["search", "تونس"], ["search", "تونس", "--json"], ["stats"], ["runs", "--json"]]
)
def test_no_command_carries_it(shelf, words):
    answer = CliRunner().invoke(warraq, [*words, "--archive", str(shelf.root)])
    assert answer.exit_code == 0
    assert KEY not in answer.output


def test_python_and_sql_search_do_not_carry_it(shelf):
    with Archive(shelf.root) as archive:
        given = [archive.search("تونس"), *archive.articles(), archive.revisions(shelf.edited)]
        given += archive.db.execute("select warraq_search('تونس')")
    assert len(given) == 9
    assert KEY not in repr(given)
