"""What a public site answers to whom, and how a proxy stands before it."""

import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import httpx
import pytest
from datasette.app import Datasette
from datasette.utils import StartupError

from archive.site import server
from tests.archive import reading_room
from tests.crawler.shell import ROOT
from tests.serving import started

PUBLIC = {"plugins": {"warraq": {"public": True}}}
INTERNAL = (
    "databases",
    "plugins",
    "settings",
    "threads",
    "metadata",
    "versions",
    "actor",
    "allow-debug",
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    return reading_room.fill(tmp_path_factory.mktemp("archive") / "a", withhold=False)


def client(site, address):
    """Return a client at an address of its own."""
    transport = httpx.ASGITransport(app=site.app(), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://archive.example")


async def test_internal_pages_are_closed_on_a_public_site_only(shelf):
    public, private = Datasette([shelf.database], metadata=PUBLIC), Datasette([shelf.database])
    for name in INTERNAL:
        for path in (f"/-/{name}", f"/-/{name}.json"):
            assert (await public.client.get(path)).status_code == 404
    assert (await private.client.get("/-/versions.json")).status_code == 200
    for path in ("/", "/archive", "/-/static/app.css", "/-/static-plugins/warraq/warraq.css"):
        assert (await public.client.get(path)).status_code == 200
    assert (await public.client.get("/archive.db")).status_code in {403, 404}


async def test_a_client_of_a_public_site_asks_so_often_and_another_is_not_refused(
    shelf, monkeypatch
):
    monkeypatch.setattr(server, "PER_MINUTE", 2)
    site = Datasette([shelf.database], metadata=PUBLIC)
    asked = ("/trends.json?q=تونس", "/archive?sql=select+1", "/archive/articles?_facet=kind")
    app = client(site, "192.0.2.1")
    assert [(await app.get(path)).status_code for path in asked] == [200, 200, 429]
    refused = await app.get(asked[0])
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert (await app.get("/")).status_code == 200
    transport = httpx.ASGITransport(app=app._transport.app, client=("192.0.2.2", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://archive.example") as other:
        assert (await other.get(asked[0])).status_code == 200


def test_a_client_that_waited_may_ask_again_and_few_are_remembered(monkeypatch):
    monkeypatch.setattr(server, "PER_MINUTE", 1)
    monkeypatch.setattr(server, "_MOST_CLIENTS", 3)
    gate = server.Gate(None)
    assert [gate._wait("a", now) for now in (0.0, 1.0, 60.5)] == [0, 60, 0]
    for number in range(9):
        gate._wait(f"b{number}", 61.0)
    assert len(gate.asked) <= 4


def test_a_client_is_an_address_or_a_network_of_ipv6():
    assert server._network("::ffff:192.0.2.7") == "192.0.2.7"
    clients = ("192.0.2.7", "2001:db8:1:2:3::4", "2001:db8:1:2:9::9", "a:b", "")
    assert [server._network(each) for each in clients] == [
        "192.0.2.7", "2001:db8:1:2::/64", "2001:db8:1:2::/64", "a:b", ""
    ]  # fmt: skip


async def test_a_body_that_is_too_large_or_of_unknown_length_is_not_read(shelf):
    async def body():
        yield b"lines=x"

    site = Datasette([shelf.database])
    for path in ("/", "/batch", "/archive"):
        assert (await site.client.post(path, content=body())).status_code == 411
        large = {"Content-Length": str(server.LARGEST_BODY + 1)}
        assert (await site.client.post(path, headers=large)).status_code == 413
    assert (await site.client.post("/batch", data={"lines": "x"})).status_code == 200


async def test_an_address_has_so_many_parameters(shelf):
    site = Datasette([shelf.database])
    for each, path in (("_facet=publisher", "/archive/articles"), ("x=", "/archive.csv")):
        many = "&".join([each] * (server.MOST_PARAMETERS + 1))
        answer = await site.client.get(f"{path}?{many}")
        assert (answer.status_code, "parameters" in answer.text) == (400, True)


async def test_robots_may_read_pages_of_a_public_site_alone(shelf):
    for metadata, rules in ((PUBLIC, {"/-", "/archive", "/search"}), ({}, {"/"})):
        site = Datasette([shelf.database], metadata=metadata)
        answer = (await site.client.get("/robots.txt")).text
        assert rules <= set(re.findall(r"Disallow: (\S+)", answer))
        assert answer.startswith("User-agent: *\n")


@pytest.mark.slow
def test_serve_says_what_is_exposed_and_counts_clients_behind_a_proxy_of_this_machine(shelf):
    with started(shelf.root, "--public", "--base-url", "news") as (address, process):
        assert address.endswith("/news/")
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(5)]
        assert "Exposed" in lines[0]
        assert "Closed" in lines[4]
        page = httpx.get(address)
        assert 'href="/news/' in page.text
        assert not re.search(r'(?:href|src|action)="/(?!news/)', page.text)
        for number in range(server.PER_MINUTE + 1):
            near = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
            answer = httpx.get(f"{address}archive.json?sql=select+{number}", headers=near)
        assert answer.status_code == 429
        far = httpx.get(
            f"{address}archive.json?sql=select+1", headers={"X-Forwarded-For": "192.0.2.9"}
        )
        assert far.status_code == 200


async def test_a_datasette_of_another_line_is_refused(shelf, monkeypatch):
    monkeypatch.setattr("datasette.version.__version__", "0.66")
    with pytest.raises(StartupError, match=r'pip install "datasette==0\.65'):
        await Datasette([shelf.database]).invoke_startup()


@pytest.mark.slow
def test_the_newest_alpha_of_datasette_1_refuses_to_start(shelf, tmp_path):
    """It lacks the hook `permission_allowed`, by which pages are closed."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--pre", "datasette>=1.0a0,<2"]
    got = subprocess.run(install, capture_output=True, text=True, check=False)
    if got.returncode:
        pytest.skip(f"Datasette 1.0 cannot be had here: {got.stderr[-200:]}")
    (own,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    rest = [path for path in sys.path if path.endswith("site-packages")]
    (own / "zz.pth").write_text("\n".join([str(ROOT), *rest]))
    run = subprocess.run(
        [python, "-m", "datasette", "serve", shelf.database, "--port", "0"],
        capture_output=True, text=True, check=False, timeout=60, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode == 1
    assert "tested with Datasette 0.65" in run.stderr


NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or ""


@pytest.mark.slow
@pytest.mark.skipif(not NGINX, reason="nginx is not on this machine")
def test_the_recipe_for_nginx_serves_and_passes_on_a_cut(shelf, tmp_path):
    recipe = (ROOT / "archive/README.md").read_text("utf-8").partition("```nginx\n")[2]
    own = recipe.partition("```")[0]
    with started(shelf.root, "--public") as (address, _):
        own = own.replace("http://127.0.0.1:8001", address.rstrip("/"))
        own = re.sub(r"listen 443.*;", f"listen unix:{tmp_path}/n.sock;", own)
        own = re.sub(r"(?m)^ *ssl_.*\n", "", own)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temp = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
        config = tmp_path / "nginx.conf"
        config.write_text(
            f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}}\n"
            f"http {{ access_log off;\n{temp}{own}\n}}\n"
        )
        with subprocess.Popen([NGINX, "-p", str(tmp_path), "-c", str(config)]) as nginx:
            try:
                _through(tmp_path / "n.sock")
            finally:
                nginx.terminate()


def _through(socket: Path) -> None:
    for _ in range(100):
        if socket.exists():
            break
        time.sleep(0.05)
    transport = httpx.HTTPTransport(uds=str(socket))
    with httpx.Client(transport=transport, base_url="http://news.example", timeout=30) as proxy:
        assert proxy.get("/").status_code == 200
        endless = "with recursive c(x) as (select 1 union all select x+1 from c) select x from c"
        many = endless.replace(")", " limit 50000)")
        many = many.replace("(x limit 50000)", "(x)")
        assert proxy.get("/archive.csv", params={"sql": many}).text.count("\n") == 50_001
        with pytest.raises(httpx.RemoteProtocolError):
            proxy.get("/archive.csv", params={"sql": endless, "_timelimit": "500"})
        assert proxy.get("/-/settings.json").status_code == 404
        for _ in range(server.PER_MINUTE + 1):
            answer = proxy.get("/archive.json?sql=select+1")
        assert answer.status_code == 429


async def test_its_health_is_for_everybody_and_says_when_the_database_cannot_be_read(tmp_path):
    place = reading_room.fill(tmp_path / "a", withhold=False).root / "archive.db"
    site = Datasette([], metadata=PUBLIC)
    site.add_database(server._Read(site, str(place), is_mutable=True))
    asking = client(site, "203.0.113.1")
    for _ in range(server.PER_MINUTE + 1):  # a monitor may ask as often as it likes
        answer = await asking.get("/-/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["newest_capture"].endswith("Z")
    away = place.rename(tmp_path / "away")
    for content in (None, b"no database" * 999):
        if content:
            place.write_bytes(content)
        answer = await asking.get("/-/health")
        assert (answer.status_code, answer.json()) == (503, {"status": "unreadable"})
    place.unlink()
    away.rename(place)
    assert (await asking.get("/-/health")).status_code == 200
    assert (await asking.get("/-/threads")).status_code == 404
