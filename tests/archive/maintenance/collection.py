"""An archive with articles of every kind, for what is exported and imported."""

from archive.models import Kind
from tests.archive.desk import HOUR, NOON, PAPER, Hands, exchange, opened, visit
from tests.archive.desk import reading as read_as
from tests.archive.reading_room import fill as reading_room


def various(root):
    """Write articles with every field, edited, gone, redated, signed by a feed, and one story."""
    shelf = reading_room(root, withhold=False)
    with opened(root, Hands(NOON + 3 * HOUR)) as store:
        store.publish(PAPER)
        wire = "\n".join(f"جاء في البيان {n} أن الميناء سيفتح بعد {n} أيام." for n in range(30))
        for number, said in enumerate(
            (
                read_as("من الوكالة", wire, byline="سلمى", byline_from="feed", authors=("سلمى",)),
                read_as("عنوان 😀", wire, tags=("ب", "أ", "ب"), modified_at=NOON),
                read_as(None, "نصٌّ بلا عنوان،\nسطران", published_on=None, published_from=None),
            )
        ):
            url = f"https://alwaraq.example/v{number}"
            capture = store.record(
                exchange(url, b"<p>%d</p>" % number), kind=Kind.ARTICLE, publisher=PAPER.slug
            )
            store.keep(said, url=url, visit=visit(url), capture=capture)
    return shelf
