"""An archive with an article that is to be withheld, and one that stays."""

from archive.models import Kind, Link
from archive.urls import normal
from tests.archive.desk import (
    FEED,
    HOUR,
    NOON,
    PAPER,
    exchange,
    opened,
    reading,
    visit,
)

HIDDEN = "شاهدة المجزرة"


OPEN = "افتتاح مكتبة"


URL = normal("https://alwaraq.example/سر-1")


MOVED = "https://alwaraq.example/old/1"


STORY = "\n".join(
    f"قالت الشاهدة في الفقرة {n} إنها رأت كل شيء ولم تنم منذ {n} ليال." for n in range(30)
)


def keep(store, url, title, text, *, at=NOON, asked=None):
    url = normal(url)
    asked = asked or url
    capture = store.record(
        exchange(url, f"<p>{title} {text}</p>".encode(), fetched_at=at),
        kind=Kind.ARTICLE, publisher=PAPER.slug,
    )  # fmt: skip
    known = visit(asked)
    said = reading(title, text, authors=("سلمى السرية",), tags=("وسم سري",))
    article, outcome = store.keep(said, url=url, visit=known, capture=capture)
    store.visited(known, capture, due_at=None, state="done", article=article, outcome=outcome)
    return article


def fill(root):
    """Write an article that will be withheld, edited once and moved once, and one that stays."""
    with opened(root) as store:
        store.publish(PAPER)
        store.enter([(FEED, Kind.FEED)], publisher=PAPER.slug)
        link = Link(url=MOVED, title=HIDDEN, summary=HIDDEN)
        store.found([(MOVED, link)], visit=visit(FEED, kind=Kind.FEED), at=NOON)
        store.ask([(URL, Kind.ARTICLE)], publisher=PAPER.slug)
        secret = keep(store, URL, f"{HIDDEN} أولا", STORY, asked=MOVED)
        keep(store, URL, HIDDEN, STORY + "\nوأكثر.", at=NOON + HOUR)
        plain = keep(store, "https://alwaraq.example/2", OPEN, "نص المكتبة.")
    return secret, plain
