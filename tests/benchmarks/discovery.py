"""`python -m tests.benchmarks.discovery`: how long 100,000 addresses of sitemaps take to be known.

A crawl in a process of its own reads an index of gzipped sitemaps with 50,000 addresses each and no
article; printed are its seconds and the most memory it had, beside those of an empty crawl.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import click

from archive.database import open_for_reading
from tests.crawler import wire
from tests.crawler.shell import ROOT

EACH = 50_000
_CRAWL = """
import asyncio, json, resource, sys, time
from pathlib import Path
from crawler.commands.options import chosen
from crawler.crawl import Job, crawl
root = Path(sys.argv[1])
job = Job(
    root=root, publishers=chosen(root, ["paper"]), command="discover",
    poll=frozenset({"paper"}), limit=0,
)
began = time.monotonic()
asyncio.run(crawl(job))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
megabytes = peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
print(json.dumps({"seconds": time.monotonic() - began, "megabytes": megabytes}))
"""


def discover(addresses: int) -> dict[str, float]:
    """Crawl sitemaps of so many addresses; return the seconds, the peak in MB and what is known."""
    with wire.serving() as site, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        maps = [range(first, min(first + EACH, addresses)) for first in range(0, addresses, EACH)]
        site.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        site.answers["/sitemap.xml"] = (wire.http(_index(site.url, len(maps)), media="text/xml"),)
        for number, part in enumerate(maps):
            body = gzip.compress(_sitemap(site.url, part), mtime=0)
            site.answers[f"/map{number}.xml.gz"] = (wire.http(body, media="application/gzip"),)
        wire.publisher(root, "paper", sitemaps=[f"{site.url}/sitemap.xml"])
        command = [sys.executable, "-c", _CRAWL, str(root)]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        with closing(open_for_reading(root)) as db:
            known = db.execute("select count(*) from visits where kind = 'article'").fetchone()[0]
    measured: dict[str, float] = json.loads(run.stdout)
    return measured | {"known": known}


def _index(url: str, maps: int) -> bytes:
    entries = "".join(
        f"<sitemap><loc>{url}/map{number}.xml.gz</loc></sitemap>" for number in range(maps)
    )
    return f"<sitemapindex>{entries}</sitemapindex>".encode()


def _sitemap(url: str, numbers: range) -> bytes:
    entries = "".join(
        f"<url><loc>{url}/2020/11/12/%D8%AE%D8%A8%D8%B1-{number}</loc>"
        f"<lastmod>2020-11-12T09:00:00Z</lastmod></url>"
        for number in numbers
    )
    return f"<urlset>{entries}</urlset>".encode()


@click.command()
@click.option("--addresses", type=int, default=100_000, show_default=True)
def main(addresses: int) -> None:
    """Measure discovery from sitemaps."""
    empty, full = discover(0), discover(addresses)
    click.echo(
        f"{full['known']:,} addresses known in {full['seconds']:.1f} s"
        f" ({full['known'] / full['seconds']:,.0f} a second),"
        f" peak {full['megabytes']:.0f} MB; an empty crawl takes {empty['seconds']:.1f} s"
        f" and {empty['megabytes']:.0f} MB"
    )


if __name__ == "__main__":
    main()
