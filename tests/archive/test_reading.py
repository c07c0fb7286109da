"""What a researcher's Python sees of an archive, and what it never sees."""

from dataclasses import FrozenInstanceError
from datetime import date, timedelta

import pytest

from archive import Archive
from archive.errors import DamagedWarc
from archive.maintenance.withhold import unwithhold, withhold
from archive.models import Embed, Image, Kind, PageKind
from tests.archive.desk import NOON, PAGE, PAPER, Hands, exchange, opened, reading, visit
from tests.archive.reading_room import FIRST_TITLE, PARAGRAPHS, TITLE, WITHHELD, fill

HIDDEN = "https://alwaraq.example/secret"


@pytest.fixture
def shelf(tmp_path):
    return fill(tmp_path)


@pytest.fixture
def archive(shelf):
    with Archive(shelf.root) as archive:
        yield archive


def ids(articles):
    return [article.id for article in articles]


def test_an_article_has_all_its_fields(archive, shelf):
    article = archive.article(shelf.edited)
    assert (article.id, article.title, article.kind) == (shelf.edited, TITLE, PageKind.ARTICLE)
    assert (article.publisher, article.url) == ("alwaraq", "https://alwaraq.example/1")
    assert article.text.splitlines() == list(PARAGRAPHS)
    assert article.words == len(article.text.split())
    assert article.authors == ("سلمى القارئ",)
    assert article.tags == ("مكتبات", "تونس")  # as the page has them
    assert article.published_on == date(2020, 11, 9)
    assert article.first_seen_at == NOON
    assert article.changed_at == article.last_seen_at == NOON + timedelta(hours=2)
    assert (article.revision_count, article.gone_at) == (2, None)
    assert article.embeds == (Embed(provider="telegram", url="https://t.me/alwaraq/512"),)
    assert article.images[1] == Image(url="https://alwaraq.example/2.jpg", alt="رفوف")


@pytest.mark.parametrize(
    "spelling",
    [
        "https://alwaraq.example/1",
        "http://www.alwaraq.example/1/?utm_source=x#top",
        " HTTPS://ALWARAQ.example/1 ",
    ],
)
def test_any_spelling_of_an_address_names_an_article(archive, shelf, spelling):
    assert archive.article(spelling).id == shelf.edited
    assert archive.article(str(shelf.edited)).id == shelf.edited
    assert len(archive.revisions(spelling)) == 2


def test_what_is_not_there_is_none_and_what_names_nothing_is_refused(archive):
    assert archive.article(7) is None
    assert archive.article("https://alwaraq.example/77") is None
    assert archive.revisions(7) == []
    with pytest.raises(KeyError):
        archive.capture(7)
    with pytest.raises(ValueError, match="enabbaladi"):
        archive.article("enabbaladi")


def test_what_changed_between_two_states(archive, shelf):
    first, last = archive.revisions(shelf.edited)
    found = archive.diff(shelf.edited)
    assert found.summary.kinds == ("headline",)
    (title, *_) = found.passages
    assert (title.name, title.before, title.after) == ("title", FIRST_TITLE, TITLE)
    assert archive.diff("https://alwaraq.example/1", 1, 2) == found
    assert archive.diff(shelf.edited, first.capture, last.capture) == found
    back = archive.diff(shelf.edited, last.capture, first.capture)
    assert back.passages[0].before == TITLE
    for states in ((3,), (1, 3)):
        with pytest.raises(KeyError):
            archive.diff(shelf.edited, *states)
    with pytest.raises(KeyError):
        archive.diff(shelf.withheld)


def test_articles_come_oldest_first_and_lazily(archive, shelf):
    articles = archive.articles()
    assert next(articles).id == shelf.undated
    assert ids(articles) == [shelf.foreign, shelf.gone, shelf.edited, shelf.hostile]


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ({"publisher": "herald"}, ["foreign"]),
        ({"publisher": "nobody"}, []),
        ({"since": "2020-11-08", "until": date(2020, 11, 9)}, ["gone", "edited"]),
        ({"since": NOON, "until": NOON}, ["edited"]),
        ({"until": "2020-11-07"}, ["foreign"]),
        ({"edited": True}, ["edited"]),
        ({"edited": False, "publisher": "alwaraq"}, ["undated", "gone", "hostile"]),
        ({"gone": True}, ["gone"]),
        ({"gone": False, "until": "2020-11-30"}, ["foreign", "edited"]),
    ],
)
def test_articles_are_chosen(archive, shelf, conditions, names):
    assert ids(archive.articles(**conditions)) == [getattr(shelf, name) for name in names]


def test_a_day_that_is_none_is_refused_at_once(archive):
    with pytest.raises(ValueError, match="yesterday"):
        archive.articles(since="yesterday")


def test_each_revision_has_its_own_words(archive, shelf):
    first, last = archive.revisions(shelf.edited)
    assert [first.title, last.title] == [FIRST_TITLE, TITLE]
    assert (first.number, last.number) == (1, 2)
    assert first.article == last.article == shelf.edited
    assert first.text == last.text == archive.article(shelf.edited).text
    assert first.captions == ("قاعة الاجتماع في تونس",)
    assert first.observed_at == NOON
    assert last.capture == archive.article(shelf.edited).capture != first.capture


def test_nothing_that_is_given_can_be_changed(archive, shelf):
    for given in (archive.article(shelf.edited), archive.revisions(shelf.edited)[0]):
        with pytest.raises(FrozenInstanceError):
            given.title = "عنوان آخر"


def test_what_is_withheld_never_comes_out(archive, shelf):
    (hidden,) = archive.db.execute("select mark from withheld where mark != article and mark in"
                                   " (select mark from withheld limit 1)").fetchone()  # fmt: skip
    assert archive.article(shelf.withheld) is None
    assert archive.article("https://alwaraq.example/3") is None
    assert archive.revisions(shelf.withheld) == []
    assert shelf.withheld not in ids(archive.articles())
    assert archive.search(WITHHELD) == []
    with pytest.raises(KeyError):
        archive.capture(hidden)


def test_what_is_withheld_between_two_articles_does_not_come(tmp_path):
    shelf = fill(tmp_path, withhold=False)
    with Archive(shelf.root) as archive:
        articles = archive.articles(since="2020-11-09")
        assert next(articles).id in {shelf.edited, shelf.withheld}
        for article in (shelf.edited, shelf.withheld):
            withhold(shelf.root, str(article), reason="عند الطلب")
        assert ids(articles) == [shelf.hostile]


def test_a_capture_without_its_warc_file_is_damaged(archive, shelf):
    with pytest.raises(DamagedWarc):
        archive.capture(archive.article(shelf.edited).capture)


def record(store, clock, url, payload):
    capture = store.record(
        exchange(url, payload, fetched_at=clock.advance()), kind=Kind.ARTICLE, publisher=PAPER.slug
    )
    store.keep(reading(text=payload.decode()), url=url, visit=visit(url), capture=capture)
    store.visited(visit(url), capture, due_at=None, state="done")
    return capture.id


def test_a_capture_has_the_bytes_of_its_time_and_none_of_what_is_withheld(tmp_path):
    clock = Hands()
    with opened(tmp_path, clock) as store:
        store.publish(PAPER)
        first = record(store, clock, PAGE, b"<p>one</p>")
        second = record(store, clock, PAGE, b"<p>two</p>")
        again = record(store, clock, PAGE, b"<p>one</p>")
        secret = record(store, clock, HIDDEN, b"<p>secret</p>")
    with Archive(tmp_path) as archive:
        bodies = [archive.capture(number).body for number in (first, second, again, secret)]
        assert bodies == [b"<p>one</p>", b"<p>two</p>", b"<p>one</p>", b"<p>secret</p>"]
        assert archive.capture(second).fetched_at == NOON + timedelta(hours=2)
        withhold(tmp_path, HIDDEN, reason="عند الطلب")
        assert archive.capture(first).body == b"<p>one</p>"
        with pytest.raises(KeyError):
            archive.capture(secret)
        withhold(tmp_path, PAGE, reason="عند الطلب")
        for number in (first, second, again):
            with pytest.raises(KeyError):
                archive.capture(number)
        unwithhold(tmp_path, PAGE, reason=None)
        assert archive.capture(again).body == b"<p>one</p>"
