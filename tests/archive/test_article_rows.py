"""What differs between the rows of two histories: the values, not only how many there are."""

from datetime import timedelta

import pytest

from archive.article_rows import Rows
from archive.history import Observation, fold
from archive.models import Embed, Extraction, Image
from tests.archive.desk import NOON, reading

OLD, NEW = "نص الخبر كما كان أول مرة في الجريدة.", "نص الخبر كما صار بعد ساعة في الجريدة."
PICTURE = Image(url="https://alwaraq.example/1.jpg", caption="مدرسة")


def rows(*readings) -> Rows:
    history = fold(
        Observation(capture=number, at=NOON + timedelta(hours=number), reading=one)
        for number, one in enumerate(readings, start=1)
    )
    assert history
    return Rows.of(history)


CHANGES: tuple[tuple[Extraction, Extraction, dict[str, object]], ...] = (
    (reading(images=(PICTURE,)), reading(images=(PICTURE,)), {}),
    (
        reading(images=(PICTURE,)),
        reading(images=(Image(url=PICTURE.url, caption="مدرسة في الرقة", credit="سانا"),)),
        {
            "images": (
                ("https://alwaraq.example/1.jpg مدرسة",),
                ("https://alwaraq.example/1.jpg مدرسة في الرقة سانا",),
            )
        },
    ),
    (
        reading(embeds=(Embed(provider="x", url="https://x.com/a/status/1"),)),
        reading(),
        {"embeds": (("x https://x.com/a/status/1",), ())},
    ),
    (
        reading(text=OLD, tags=("سياسة",)),
        reading(text=NEW),
        {"text": (OLD, NEW), "tags": (("سياسة",), ())},
    ),
)


@pytest.mark.parametrize(("before", "after", "changes"), CHANGES)
def test_what_is_shown_with_an_article_is_told_by_what_it_is(before, after, changes):
    assert rows(before).changes(rows(after)) == changes


def test_of_an_earlier_revision_it_is_told_how_it_was_and_how_it_would_be():
    boxed = f"{OLD}\nإعلان الشركة الراعية للصحيفة."
    changes = rows(reading(text=boxed), reading(text=NEW)).changes(
        rows(reading(text=OLD), reading(text=NEW))
    )
    ((one, other),) = changes.values()
    assert list(changes) == ["earlier revisions"]
    assert boxed in one
    assert OLD in other
    assert "الراعية" not in other
