"""A small archive to be read: edited, vanished, withheld, undated, foreign and hostile articles."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

from archive import articles, captures, runs
from archive.database import open_for_writing
from archive.models import Capture, Embed, Extraction, Image, Kind, PageKind, WarcLocation
from tests.archive.desk import hide

NOON = datetime(2020, 11, 9, 12, tzinfo=UTC)
TITLE = "وزراء الثقافة يجتمعون في تونس"
FIRST_TITLE = "وزراء الثقافة يختلفون في تونس"
PARAGRAPHS = (
    "اجتمع وزراء الثقافة أمس في تونس، وقالوا إن “المكتبات” أولى بالعناية.",
    "وأضافوا أنّ ٣٥ مكتبةً ستُفتح هذا العام، منها 12 في الأرياف.",
)
WITHHELD = "لا يقرأ هذا أحد"
HOSTILE = '<script>alert("x")</script> & عنوان'

_PUBLISHERS = (
    ("alwaraq", "صحيفة الورق", "Al Waraq", "https://alwaraq.example/", "TN", "ar"),
    ("herald", "The Herald", "The Herald", None, None, "en"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where the small archive is and the ids of what stands in it."""

    root: Path
    edited: int
    gone: int
    withheld: int
    undated: int
    foreign: int
    hostile: int

    @property
    def database(self) -> str:
        return str(self.root / "archive.db")


def record_of(offset: int) -> str:
    """Return the WARC-Record-ID of the capture that was written at an offset."""
    return f"<urn:x:{offset}>"


def fill(root: Path, *, withhold: bool = True) -> Shelf:
    """Make the small archive in a folder; nothing withheld leaves Datasette's tables open."""
    root.mkdir(exist_ok=True)
    db = open_for_writing(root)
    db.executemany("insert into publishers values (?, ?, ?, ?, ?, ?, null, null)", _PUBLISHERS)
    run = runs.begin(db, "crawl", now=NOON, writer="mine")

    def keep(name: str, extraction: Extraction, publisher: str = "alwaraq", hours: int = 0) -> int:
        url = f"https://{publisher}.example/{name}"
        seen_at = NOON + timedelta(hours=hours)
        offset = db.execute("select count(*) from captures").fetchone()[0] * 1000
        capture = Capture(
            url=url,
            publisher=publisher,
            kind=Kind.ARTICLE,
            fetched_at=seen_at,
            status=200,
            content_type="text/html",
            wire_bytes=4000,
            record=WarcLocation(
                file="warraq-1.warc.gz", offset=offset, length=900, record_id=record_of(offset)
            ),
        )
        article, _ = articles.keep(
            db,
            extraction,
            key=url,
            url=url,
            publisher=publisher,
            capture=captures.insert(db, capture, run=run),
            seen_at=seen_at,
        )
        return article

    keep("1", _culture(FIRST_TITLE))
    shelf = Shelf(
        root=root,
        edited=keep("1", _culture(TITLE), hours=2),
        gone=keep("2", _plain("خبر اختفى", "كان هنا نص.", date(2020, 11, 8))),
        withheld=keep("3", _plain(WITHHELD, WITHHELD, date(2020, 11, 9))),
        undated=keep("4", _plain("خبر بلا تاريخ", "متى كان هذا؟", None)),
        foreign=keep("5", _plain("Roads reopen", "BBC قالت.", date(2020, 11, 7)), "herald"),
        hostile=keep("6", _plain(HOSTILE, HOSTILE, date(2999, 1, 1), "javascript:alert(1)")),
    )
    for days in (1, 2):
        articles.missing(db, shelf.gone, at=NOON + timedelta(days=days))
    runs.end(db, run, state="finished", now=NOON + timedelta(hours=3))
    db.close()
    if withhold:
        hide(root, shelf.withheld)
    return shelf


def _culture(title: str) -> Extraction:
    return Extraction(
        kind=PageKind.ARTICLE,
        title=title,
        deck="لقاء هو الثالث من نوعه",
        byline="سلمى القارئ",
        authors=("سلمى القارئ",),
        byline_from="json-ld",
        dateline="تونس",
        section="ثقافة",
        tags=("مكتبات", "تونس"),
        language="ar",
        published_at=datetime(2020, 11, 8, 23, 30, tzinfo=UTC),
        published_on=date(2020, 11, 9),
        published_from="json-ld",
        text="\n".join(PARAGRAPHS),
        image_url="https://alwaraq.example/1.jpg",
        embeds=(Embed(provider="telegram", url="https://t.me/alwaraq/512"),),
        images=(
            Image(
                url="https://alwaraq.example/%D9%82%D8%A7%D8%B9%D8%A9.jpg",
                caption="قاعة الاجتماع في تونس",
                credit="رويترز",
            ),
            Image(url="https://alwaraq.example/2.jpg", alt="رفوف"),
        ),
    )


def _plain(title: str, text: str, day: date | None, image_url: str | None = None) -> Extraction:
    return Extraction(
        kind=PageKind.ARTICLE,
        title=title,
        text=text,
        published_on=day,
        published_from="dateline" if day else None,
        image_url=image_url,
    )


def words(html: str) -> str:
    """Return what a reader sees of a page's main part, in one line."""
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", f"<main{main}")).split())
