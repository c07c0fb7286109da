"""What the tests of the crawl share: a site that answers as told, an archive that follows it."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.database import open_for_reading
from archive.maintenance.withhold import withhold
from crawler.commands.options import chosen
from crawler.crawl import Job, Summary, crawl
from fixtures import Newsstand, serve
from tests.crawler import wire


@dataclass(slots=True)
class Archive:
    """An archive that follows one publisher, `paper`, on the site; with its own clock."""

    root: Path
    site: wire.Site
    now: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def clock(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> None:
        self.now += timedelta(**step)

    def follow(self, **keys: object) -> None:
        """Write the publisher's file: by default it has one feed, at /feed."""
        keys = keys or {"feeds": [self.site.url + "/feed"]}
        wire.publisher(self.root, "paper", **({"homepage": self.site.url + "/"} | keys))

    async def crawl(self, **changes: object) -> Summary:
        publishers = chosen(self.root, ["paper"])
        job = Job(
            root=self.root,
            publishers=publishers,
            command="crawl",
            poll=frozenset({"paper"}),
            clock=self.clock,
        )
        return await crawl(replace(job, **changes))  # type: ignore[arg-type]

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        db = open_for_reading(self.root)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def problems(self) -> list[tuple[str, str]]:
        """Return (kind, path) of the problems, in their order."""
        rows = self.rows("select kind, url from problems order by id")
        return [(kind, url.removeprefix(self.site.url)) for kind, url in rows]


@pytest.fixture
def site() -> Iterator[wire.Site]:
    with wire.serving() as one:
        one.answers["/robots.txt"] = (wire.http(b"", media="text/plain"),)
        yield one


@pytest.fixture
def archive(tmp_path: Path, site: wire.Site) -> Archive:
    """An archive whose publisher has a feed of two articles."""
    made = Archive(tmp_path / "archive", site)
    made.follow()
    feed = wire.feed(site.url + "/news/1", site.url + "/news/2")
    site.answers["/feed"] = (wire.http(feed, media="application/rss+xml"),)
    for number in (1, 2):
        page = wire.article(f"خبر رقم {number} من المدينة")
        site.answers[f"/news/{number}"] = (wire.http(page),)
    return made


@pytest.fixture(scope="session")
def lived(tmp_path_factory):
    """An archive over which days passed: articles came, were edited and vanished."""
    root = tmp_path_factory.mktemp("lived") / "أرشيف الشهر"
    newsstand = Newsstand(articles=30)
    with serve(newsstand):
        newsstand.write_publishers(root)
        publishers = chosen(root, [])
        for step in (0, 1, 6, 24, 24):
            newsstand.advance(timedelta(hours=step))
            job = Job(
                root=root,
                publishers=publishers,
                command="crawl",
                poll=frozenset(newsstand.papers),
                clock=newsstand.now,
            )
            asyncio.run(crawl(job))
    with closing(open_for_reading(root)) as db:
        (edited,) = db.execute("select count(*) from revisions where number > 1").fetchone()
        (gone,) = db.execute("select count(*) from articles where gone_at is not null").fetchone()
        (hidden,) = db.execute("select min(id) from articles").fetchone()
    assert edited
    assert gone
    withhold(root, str(hidden), reason="تذكر شاهدًا", clock=newsstand.now)
    return root
