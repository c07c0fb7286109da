"""A host that attacks: its good articles are archived, each attack is a problem, nothing more."""

import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from archive.database import open_for_reading
from tests.crawler.shell import ROOT
from tests.hostile.attacks import MAPS, PAGES
from tests.hostile.host import serve

MEGABYTES = 400
SECONDS = 240
# A crawl with little patience for drips and parsers; at its end it prints the most memory it had.
CRAWL = """
import re, sys
from pathlib import Path
from crawler import settings
from crawler.cli import warraq
settings.DOWNLOAD_TIMEOUT = 8
settings.EXTRACT_SECONDS = 6
try:
    warraq(["crawl", "hostile", "--archive", sys.argv[1]])
finally:
    print(re.search(r"VmHWM.*", Path("/proc/self/status").read_text())[0])
"""
KINDS = {
    "gzip-bomb": "too-large",
    "gzip-in-gzip": "too-large",
    "deflate-bomb": "too-large",
    "brotli-bomb": "too-large",
    "layers": "undecodable",
    "endless": "truncated",
    "drip": "truncated",
    "header-drip": "network-timeout",
    "header-flood": "network-failed",
    "header-size": "network-failed",
    "cookie-flood": "network-failed",
    "to-itself": "ignored",
    "to-loopback": "address-refused",
    "to-localhost": "address-refused",
    "to-a-number": "address-refused",
    "to-octal": "address-refused",
    "to-ipv6": "address-refused",
    "to-mapped": "address-refused",
    "to-final-dot": "address-refused",
    "to-metadata": "address-refused",
    "to-a-file": "http-302",
    "to-a-long-address": "bad-address",
}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
def test_a_hostile_host_harms_nobody(tmp_path):
    with serve() as host:
        host.write_publisher(tmp_path)
        began = time.monotonic()
        run = subprocess.run(
            [sys.executable, "-c", CRAWL, str(tmp_path)],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS * 2,
        )
        seconds = time.monotonic() - began
        with closing(open_for_reading(tmp_path)) as db:
            articles = {url for (url,) in db.execute("select url from articles")}
            problems = db.execute("select url, kind, detail from problems").fetchall()
    peak = int(re.findall(r"VmHWM:\s*(\d+) kB", run.stdout)[-1]) / 1024
    print(f"{len(host.asked)} requests, {seconds:.0f} s, {peak:.0f} MB")
    print(Counter(kind for _, kind, _ in problems), run.stdout, run.stderr, sep="\n")
    kinds = {url.removeprefix(host.where.own): kind for url, kind, _ in problems}
    assert "Traceback" not in run.stdout + run.stderr
    assert articles >= set(host.good())
    assert host.reached == []
    assert {name: kinds.get(f"/attack/{name}") for name in KINDS} == KINDS
    inert = "&f;&h;"  # the external entities of a sitemap, as the letters that they are
    assert kinds.pop(f"/attack/{inert}") == "http-404"
    assert set(PAGES) == {path.removeprefix("/attack/") for path in kinds if "/attack/" in path}
    assert {name for name in MAPS if kinds.get(f"/map/{name}") == "not-a-listing"} == {
        "bomb",
        "wide",
    }
    assert kinds["/deep"] == "not-a-listing"
    assert Counter(kind for _, kind, _ in problems)["url-trap"] in range(1, 6)
    assert peak < MEGABYTES
    assert seconds < SECONDS
