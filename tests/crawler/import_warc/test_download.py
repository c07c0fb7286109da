"""A file comes whole, whatever happens on the way, and what came is not asked for again."""

import http.server
import threading
from contextlib import contextmanager

import pytest

from crawler.errors import DownloadFailed
from crawler.import_warc.download import TRIES, Partial, download

DATA = bytes(range(256)) * 4000


class Server(http.server.ThreadingHTTPServer):
    """Serves DATA with ranges; breaks the line after so many bytes of each answer in `breaks`."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, str | None]] = []
        self.breaks: list[int | None] = []
        self.statuses: list[int] = []
        self.tag: str | None = '"one"'
        self.data = DATA
        self.location = ""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_):
        pass

    def do_GET(self):
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append((self.path, wanted))
        if server.statuses and (status := server.statuses.pop(0)) != 200:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", server.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if wanted and self.headers.get("If-Range") == server.tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        body = server.data[start:]
        self.send_response(206 if start else 200)
        if start:
            size = len(server.data)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if server.tag:
            self.send_header("ETag", server.tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = server.breaks.pop(0) if server.breaks else None
        self.wfile.write(body if cut is None else body[:cut])
        self.close_connection = True


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server():
    with serving() as one:
        yield one


def get(server, folder, path="/CC-NEWS-1.warc.gz", **options):
    return download(server.url + path, folder, user_agent="Warraq", pause=0.01, **options)


def test_a_file_comes_whole_and_once(server, tmp_path):
    told = []
    path = get(server, tmp_path, progress=lambda _what, done, of: told.append((done, of)))
    assert path.read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert get(server, tmp_path) == path
    assert server.asked == [("/CC-NEWS-1.warc.gz", None)]
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_broken_line_is_taken_up_where_it_broke(server, tmp_path):
    server.breaks = [300_000, 400_000]
    assert get(server, tmp_path).read_bytes() == DATA
    assert [asked for _, asked in server.asked] == [None, "bytes=300000-", "bytes=700000-"]


def test_an_earlier_download_is_taken_up(server, tmp_path):
    server.breaks = [100_000] * TRIES
    with pytest.raises(DownloadFailed, match="run the same command to continue"):
        get(server, tmp_path)
    server.breaks, server.asked = [], []
    assert get(server, tmp_path).read_bytes() == DATA
    assert server.asked == [("/CC-NEWS-1.warc.gz", f"bytes={100_000 * TRIES}-")]


def test_a_file_that_changed_on_the_way_comes_from_its_beginning(server, tmp_path):
    server.breaks = [100_000] * TRIES
    with pytest.raises(DownloadFailed):
        get(server, tmp_path)
    server.breaks, server.tag, server.data = [], '"two"', DATA[::-1]
    assert get(server, tmp_path).read_bytes() == DATA[::-1]


@pytest.mark.parametrize("tag", [None, 'W/"weak"'])
def test_what_cannot_be_told_to_be_the_same_comes_from_its_beginning(server, tmp_path, tag):
    server.tag, server.breaks = tag, [300_000]
    assert get(server, tmp_path).read_bytes() == DATA
    assert [asked for _, asked in server.asked] == [None, None]


def test_a_server_that_is_busy_is_asked_again(server, tmp_path):
    server.statuses = [503, 429, 500]
    assert get(server, tmp_path).read_bytes() == DATA
    assert len(server.asked) == 4


def test_an_error_is_told(server, tmp_path):
    server.statuses = [404]
    with pytest.raises(DownloadFailed, match="answered 404"):
        get(server, tmp_path)
    assert len(server.asked) == 1


def test_a_redirect_is_followed_but_not_into_the_own_network(server, tmp_path):
    server.statuses, server.location = [302], "/moved"
    assert get(server, tmp_path).read_bytes() == DATA
    server.statuses, server.location = [302], "http://127.0.0.1:9/x"
    with pytest.raises(DownloadFailed, match="loopback"):
        get(server, tmp_path, "/another")
    server.statuses, server.location = [302], "file:///etc/passwd"
    with pytest.raises(DownloadFailed, match="no web address"):
        get(server, tmp_path, "/a-third")
    server.statuses, server.location = [302] * 20, "/round"
    with pytest.raises(DownloadFailed, match="circles"):
        get(server, tmp_path, "/round")


def test_a_proxy_is_asked_in_the_servers_place(server, tmp_path):
    url = "http://data.example/x.warc.gz"
    path = download(url, tmp_path, user_agent="Warraq", proxy=server.url, pause=0.01)
    assert path.read_bytes() == DATA
    assert server.asked == [(url, None)]


def test_a_dead_host_is_told(tmp_path):
    with serving() as server:
        url = server.url
    with pytest.raises(DownloadFailed, match=r"Cannot connect to host 127\.0\.0\.1:\d+ .*; run"):
        download(url + "/x", tmp_path, user_agent="Warraq", pause=0.001)


def test_a_name_that_leads_nowhere_is_told(tmp_path):
    url = "http://data.invalid/x"
    with pytest.raises(
        DownloadFailed, match=r"Cannot connect to host data\.invalid:80 .*; run the same"
    ):
        download(url, tmp_path, user_agent="Warraq", pause=0.001)


@pytest.mark.parametrize(
    "url", ["http://e.org/", "http://e.org/../..%2f..%2fetc", "http://e.org/م"]
)
def test_a_file_is_called_after_its_address_and_stays_in_its_folder(tmp_path, url):
    part = Partial(url, tmp_path)
    assert part.path.parent == part.whole.parent == tmp_path
    assert part.whole.name[:8] != Partial(url + "x", tmp_path).whole.name[:8]
