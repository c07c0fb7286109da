"""An archive with an article that is to be withheld, and one that stays."""

from archive.models import Image, Kind, Link, Problem
from archive.problems import ProblemKind
from archive.urls import normal
from tests.archive.desk import (
    FEED,
    HOUR,
    NOON,
    PAPER,
    Hands,
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


ON = normal("https://alwaraq.example/طريق/1")
BODY = f"<p>{HIDDEN} {STORY}\nوأكثر.</p>".encode()
REASON = "سبب يخصّ القضية"
SECRET_AUTHOR, SECRET_TAG = "ليلى المجهولة", "وسم لها وحدها"


def keep(store, url, title, text, *, at=NOON, asked=None, **more):
    url = normal(url)
    asked = asked or url
    capture = store.record(
        exchange(url, f"<p>{title} {text}</p>".encode(), fetched_at=at),
        kind=Kind.ARTICLE, publisher=PAPER.slug,
    )  # fmt: skip
    known = visit(asked)
    names = {"authors": ("سلمى السرية",), "tags": ("وسم سري",)} | more
    said = reading(title, text, **names)
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


def picture(store, name):
    """Record an image that an article shows."""
    url = f"https://alwaraq.example/{name}"
    store.ask([(url, Kind.IMAGE)], publisher=PAPER.slug)
    asked, answer = visit(url, kind=Kind.IMAGE), exchange(url, b"\x89PNG\r\n\x1a\n" + name.encode())
    capture = store.record(answer, kind=Kind.IMAGE, publisher=PAPER.slug)
    store.visited(asked, capture, due_at=None, state="done")
    return Image(url=url, caption=f"صورة {name}")


def fill_more(root, *, shared=False):
    """Write one that was found, moved, edited, pictured and copied, and others; return its id."""
    secret, _ = fill(root)
    with opened(root, Hands(NOON + 2 * HOUR)) as store:
        for url, location in ((MOVED, ON), (ON, URL)):
            answer = exchange(
                url, b"", status=301, response_headers=((b"Location", location.encode()),)
            )
            store.record(answer, kind=Kind.ARTICLE, publisher=PAPER.slug)
        images = tuple(picture(store, name) for name in ("secret.jpg", "shared.jpg"))
        keep(
            store, URL, HIDDEN, STORY + "\nوأكثر.", at=NOON + 2 * HOUR, images=images,
            authors=(SECRET_AUTHOR, "سلمى السرية"), tags=(SECRET_TAG, "وسم سري"),
        )  # fmt: skip
        keep(store, "https://alwaraq.example/نسخة-منها", "خبر ثان", STORY.replace("الشاهدة", "هي"),
             at=NOON + 2 * HOUR, images=images[1:] if shared else ())  # fmt: skip
        # The same bytes at another address.
        answer = exchange("https://m.alwaraq.example/mobile-1", BODY)
        store.record(answer, kind=Kind.ARTICLE, publisher=PAPER.slug)
        feed = visit(FEED, kind=Kind.FEED)
        store.found([(URL, Link(url=URL, title=HIDDEN, author=SECRET_AUTHOR))], visit=feed, at=NOON)
        problem = Problem(kind=ProblemKind.BAD_LINK, detail=f"leads to {URL}", stage="keep")
        store.problem(problem, url="https://alwaraq.example/2", publisher=PAPER.slug)
        list(store.count_first_visit(visit(ON), fruitful=True))
    return secret
