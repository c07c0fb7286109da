"""A desk to write an archive from: exchanges, readings and visits without a crawl."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

from archive import visits
from archive.database import open_for_reading, open_for_writing
from archive.journal import Decision
from archive.maintenance.withhold import take_out
from archive.models import Exchange, Extraction, Kind, Outcome, PageKind, Publisher, Visit
from archive.recovery import scrub
from archive.session import WARC_FOLDER
from archive.store import Store

NOON = datetime(2020, 11, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAPER = Publisher(slug="alwaraq", name="صحيفة الورق", homepage="https://alwaraq.example/")
FEED = "https://alwaraq.example/feed"
PAGE = "https://alwaraq.example/1"


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now

    def advance(self, step=HOUR):
        self.now += step
        return self.now


def exchange(url=PAGE, payload=b"<p>page</p>", **fields):
    """Return an answer of 200 at noon, with what is given instead."""
    return Exchange(
        **{
            "url": url,
            "method": "GET",
            "request_headers": ((b"Host", b"alwaraq.example"),),
            "status": 200,
            "reason": "OK",
            "protocol": "HTTP/1.1",
            "response_headers": ((b"Content-Type", b"text/html; charset=utf-8"),),
            "payload": payload,
            "fetched_at": NOON,
        }
        | fields
    )


def reading(title="عنوان", text="نص الخبر.", **fields):
    """Return the reading of an article."""
    return Extraction(
        **{
            "kind": PageKind.ARTICLE,
            "title": title,
            "text": text,
            "published_on": date(2020, 11, 9),
            "published_from": "json-ld",
        }
        | fields
    )


def visit(url=PAGE, kind=Kind.ARTICLE, **fields):
    return Visit(
        **{"key": url, "url": url, "publisher": PAPER.slug, "kind": kind, "found_at": NOON} | fields
    )


def opened(root, clock=None, **fields):
    """Return a store that knows the paper once it is entered."""
    return Store(root, command="crawl", software="warraq/test", clock=clock or Hands(), **fields)


def hide(root, *articles):
    """Withhold articles; the archive needs not be one that a crawl wrote."""
    with closing(open_for_writing(root)) as db:
        db.execute("begin")
        for article in articles:
            take_out(db, root / WARC_FOLDER, article, at=NOON)
        db.execute("commit")
        scrub(db, root)


def contents(root):
    """Return all rows of the tables that tell of articles, sorted."""
    own = {"runs", "run_publishers", "warc_files", "settings", "withholdings", "_sqlite_migrations"}
    with closing(open_for_writing(root)) as db:
        names = db.execute("select name from sqlite_master where type = 'table' and name not glob"
                           " 'sqlite*' and name not glob 'article_stems*'")  # fmt: skip
        return {
            name: sorted(map(repr, db.execute(f"select * from [{name}]")))
            for (name,) in names.fetchall()
            if name not in own
        }


def kill_like(store):
    """Leave a store as SIGKILL does: no commit, no end; only the kernel closes its files."""
    store.batch.abandon()
    store._closing.close()


def record(store, kind=Kind.ARTICLE, publisher=PAPER.slug, **fields):
    return store.record(exchange(**fields), kind=kind, publisher=publisher)


def add_page(store, number, **fields):
    """Keep a page as the road does: its bytes, its reading and the end of its visit."""
    url = f"https://alwaraq.example/{number}"
    store.ask([(url, Kind.ARTICLE)], publisher=PAPER.slug)
    capture = record(store, url=url, payload=f"<p>{number}</p>".encode(), **fields)
    article, outcome = store.keep(
        reading(f"خبر {number}"), url=url, visit=visit(url), capture=capture
    )
    store.visited(visit(url), capture, due_at=None, state="done", article=article, outcome=outcome)
    return capture


class Checked:
    """What warcio's checker expects of its command line."""

    verbose = False

    def __init__(self, paths):
        self.inputs = [str(path) for path in paths]


def rows(root, sql, *values):
    """Return what another process reading the archive sees."""
    with closing(open_for_reading(root)) as db:
        return db.execute(sql, values).fetchall()


def visited(db, visit, capture, *, now, article=None, **decided):
    """End a visit with `state` and `due_at`, as a page that was read."""
    failures = visits.failures_after(visit, decided["state"])
    decision = Decision(outcome=Outcome.READ, failures=failures, **decided)
    visits.visited(db, visit, capture, decision, now=now, article=article)
