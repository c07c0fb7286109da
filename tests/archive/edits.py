"""An archive of two newspapers that edit, withdraw and reprint, for the pages that show it."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from datasette.app import Datasette
from httpx import Response

from archive import articles
from archive.database import open_for_writing
from archive.models import Kind, Publisher
from tests.archive.desk import Hands, exchange, hide, opened, reading, visit
from tests.archive.reading_room import words
from tests.archive.reprints import WIRE

MORNING = datetime(2020, 11, 9, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAMASCUS = Publisher(slug="sham", name="صحيفة الشام", timezone="Asia/Damascus")
HERALD = Publisher(slug="herald", name="The Herald", language="en")
OLD, NEW = "مقتل 12 شخصا في انفجار", "وفاة 15 شخصا في حادث"
SECRET = "لا يقرأ هذا أحد"  # noqa: S105 - a headline
HOSTILE = '<script>alert("x")</script>\ufffe'
QUOTED = "قال الوزير: «سنعود غدا» ثم غادر القاعة."


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """Where the archive is, and the ids of its articles."""

    root: Path
    headline: int
    small: int
    quotation: int
    gone: int
    secret: int
    hostile: int
    reprint: int

    @property
    def database(self) -> str:
        return str(self.root / "archive.db")


def fill(root: Path) -> Edits:
    """Make the archive: each article is seen in the morning, and again on a later day."""
    clock, ids = Hands(MORNING), {}
    with opened(root, clock) as store:
        store.publish(DAMASCUS)
        store.publish(HERALD)

        def keep(name, title, text, at, publisher=DAMASCUS, **fields):
            clock.now = at
            url = f"https://{publisher.slug}.example/{name}"
            capture = store.record(
                exchange(url, f"{title}{text}".encode(), fetched_at=at),
                kind=Kind.ARTICLE, publisher=publisher.slug,
            )  # fmt: skip
            asked = replace(visit(url), publisher=publisher.slug)
            said = reading(title, text, **fields)
            ids[name], _ = store.keep(said, url=url, visit=asked, capture=capture)

        printed = {
            "published_at": MORNING + 14 * HOUR,
            "published_on": date(2020, 11, 10),
            "byline": "سلمى",
            "byline_from": "json-ld",
        }
        keep("headline", OLD, f"{WIRE}\nوأصيب 12 شخصا بحسب الشرطة.", MORNING, **printed)
        keep("small", "خبر لا يتغير", WIRE.replace("أسعار", "اسعار"), MORNING)
        keep("quotation", "كلام", QUOTED, MORNING)
        keep("gone", "خبر سيختفي", "نص قصير جدا.", MORNING)
        keep("secret", SECRET, SECRET, MORNING)
        keep("hostile", HOSTILE, "نص 1", MORNING)
        keep("reprint", "Ship arrives", WIRE, MORNING + HOUR, HERALD, published_at=MORNING + DAY)
        keep("small", "خبر لا يتغير", WIRE, MORNING + DAY)
        keep("headline", NEW, WIRE, MORNING + DAY + 14 * HOUR, **printed)
        keep("quotation", "كلام", QUOTED.replace("غدا", "اليوم"), MORNING + DAY + HOUR)
        keep("secret", f"{SECRET} 5", SECRET, MORNING + DAY)
        keep("hostile", HOSTILE, f"نص 2 {HOSTILE}", MORNING + 2 * DAY)
    db = open_for_writing(root)
    for hours in (50, 60):
        articles.missing(db, ids["gone"], at=MORNING + hours * HOUR)
    db.close()
    hide(root, ids["secret"])
    return Edits(root=root, **ids)


async def get(datasette: Datasette, path: str, status: int = 200) -> Response:
    """Return the answer to a request, in which nothing of the withheld article is."""
    answer: Response = await datasette.client.get(path)
    assert answer.status_code == status, answer.text
    assert SECRET not in answer.text
    return answer


async def seen(datasette: Datasette, path: str, status: int = 200) -> str:
    """Return what a reader sees there, in one line."""
    return words((await get(datasette, path, status)).text)
