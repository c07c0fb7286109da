"""An archive of three articles, each with an edit, that tests damage, copy and count."""

from archive.models import Kind
from tests.archive.desk import FEED, HOUR, NOON, PAPER, Hands, exchange, opened, reading, visit

DAY = 24 * HOUR
TEXTS = ("قال شهودٌ إنّ ٣٥ شخصاً عادوا.", "Mixed نصّ 12 😀 ـَـ مـمـدود", "سطر\nآخر، وآخر!")


def page(store, number, text, *, title="عنوان", at=NOON, payload=None):
    url = f"https://alwaraq.example/{number}"
    body = payload or f"<p>{text}</p>".encode() * 40
    capture = store.record(
        exchange(url, body, fetched_at=at), kind=Kind.ARTICLE, publisher=PAPER.slug
    )
    said = reading(title, text, tags=("حرب", "سلام"), byline="سلمى", authors=("سلمى",))
    article, outcome = store.keep(said, url=url, visit=visit(url), capture=capture)
    store.visited(visit(url), capture, due_at=None, state="done", article=article, outcome=outcome)
    return article


def fill(root):
    """Write runs of two days: articles, one of them edited, an unchanged page, a feed, a 404."""
    with opened(root) as store:
        store.publish(PAPER)
        for number, text in enumerate(TEXTS):
            page(store, number, text)
        store.record(exchange(FEED, b"<rss/>"), kind=Kind.FEED, publisher=PAPER.slug)
    with opened(root, Hands(NOON + DAY)) as store:
        page(store, 0, TEXTS[0], at=NOON + DAY)  # a revisit record
        page(store, 1, "نص آخر تماما", title="عنوان معدل", at=NOON + DAY)
        store.record(
            exchange("https://alwaraq.example/x", b"gone", status=404, fetched_at=NOON + DAY),
            kind=Kind.ARTICLE, publisher=PAPER.slug,
        )  # fmt: skip
    return root


def files(root):
    return sorted((root / "warc").rglob("*.warc.gz"))


def number_captures(db):
    """Let SQL name captures in the order of their records: `nth(1)` is the id of the first."""
    order = "select id from captures order by warc_file, warc_offset"
    ids = [number for (number,) in db.execute(order)]
    db.create_function("nth", 1, lambda n: ids[n - 1])
