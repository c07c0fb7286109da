"""The questions of queries.toml, each asked through Datasette; their answers are known."""

import re
from contextlib import closing

import pytest
from datasette.app import Datasette

from archive.database import open_for_writing, ready_queries
from tests.archive.newsroom import add_article

DAYS = "2026-10-01", "2026-10-02", "2026-11-02", "2026-11-05"
NOON = "T12:00:00.000000Z"
BEFORE, AFTER = "مقتل ثلاثة في دمشق", "مقتل خمسة في حلب"


def fill(db):
    """Write four articles: one edited, printed by another three hours later; one gone; one more."""
    db.executemany(
        "insert into publishers (slug, name, timezone) values (?, ?, ?)",
        [("a", "ألف", "Asia/Damascus"), ("b", "باء", None)],
    )
    add_article(
        db, id=1, publisher="a", title=AFTER, text="قال الوزير إن خمسة قتلى", words=5,
        published_on=DAYS[0], published_at="2026-10-01T09:00:00.000000Z", section="محليات",
        first_seen_at=DAYS[0] + NOON, changed_at=DAYS[1] + NOON, revision_count=3, byline="سلمى",
    )  # fmt: skip
    add_article(
        db, id=2, publisher="b", title="خمسة قتلى", text="قالت الوزيرة في دمشق", words=4,
        published_on=DAYS[0], published_at=DAYS[0] + NOON, section="محليات",
        first_seen_at=DAYS[0] + NOON,
    )  # fmt: skip
    add_article(
        db, id=3, publisher="a", title="خبر اختفى", text="نص", words=1, published_on=DAYS[2],
        published_at=DAYS[2] + NOON, first_seen_at=DAYS[2] + NOON, gone_at=f"2026-11-03{NOON}",
    )  # fmt: skip
    add_article(
        db, id=4, publisher="a", title="خبر", text="للوزير", words=1, published_on=DAYS[3],
        first_seen_at=DAYS[3] + NOON,
    )  # fmt: skip
    db.execute("insert into stories (id) values (1)")
    db.execute("update articles set story = 1 where id in (1, 2)")
    db.execute(
        "insert into runs (command, started_at, state, pid) values ('crawl', '', 'failed', 1)"
    )
    db.execute(
        "insert into captures (id, url, publisher, kind, fetched_at, status, sha256, warc_file,"
        " warc_offset, warc_length, run, article) values (7, 'https://a.example/1', 'a', 'article',"
        " ?, 200, 'abc', 'x.warc.gz', 10, 20, 1, 1)",
        (DAYS[0] + NOON,),
    )
    db.executemany(
        "insert into revisions (article, number, observed_at, capture, changes, rank, words_in,"
        " words_out, title, text, content_hash) values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
        [
            (1, DAYS[0] + NOON, 7, None, None, None, None, BEFORE, "قال ثلاثة قتلى"),
            (2, DAYS[0] + "T13", None, '["words"]', 9, 1, 0, BEFORE, "قال الوزير إن ثلاثة قتلى"),
            (3, DAYS[1] + NOON, None, '["headline", "number"]', 1, 2, 2, AFTER, None),
        ],
    )
    db.execute("insert into authors values (1, 'سلمى')")
    db.execute("insert into article_authors values (1, 1, 0)")
    db.execute("insert into tags values (1, 'حرب'), (2, 'سلام')")
    db.execute("insert into article_tags values (1, 1), (3, 1), (4, 1), (4, 2)")
    db.execute("insert into embeds values (1, 0, 'telegram', 'https://t.me/x/1')")
    db.execute(
        "insert into problems (at, publisher, url, stage, kind, detail)"
        " values ('2026-10-01', 'a', 'https://a.example/9', 'extract', 'no-text', 'x')"
    )


ANSWERS = [
    # name, what is asked, rows
    ("search", {"q": "خمسة قتلى"}, [2, 1]),
    ("articles_by_month", {}, [["2026-11", "a", 2], ["2026-10", "a", 1], ["2026-10", "b", 1]]),
    ("articles_by_month", {"publisher": "باء"}, [["2026-10", "b", 1]]),
    ("articles_by_month", {"since": "2026-11-03"}, [["2026-11", "a", 1]]),
    ("articles_by_day", {"until": "2026-11-02"}, [[DAYS[2], 1, 0, 1], [DAYS[0], 2, 1, 0]]),
    ("per_day", {"publisher": "a", "until": DAYS[0]}, [[DAYS[0], "a", 1, 1, 0]]),
    ("silent_days", {}, [
        ["a", "2026-10-02", "2026-11-01", 31], ["a", "2026-11-03", "2026-11-04", 2],
    ]),
    ("changed_headlines", {}, [[1, "a", DAYS[1] + NOON, BEFORE, AFTER]]),
    ("changed_headlines", {"until": "2026-10-01"}, []),
    ("changed_headlines", {"until": "2026-10-02"}, [[1, "a", DAYS[1] + NOON, BEFORE, AFTER]]),
    ("lost_from_headlines", {"word": "الثلاثة"}, [[1, "a", DAYS[1] + NOON, BEFORE, AFTER]]),
    ("lost_from_headlines", {"word": "مقتل"}, []),
    ("lost_from_headlines", {}, []),
    ("texts_before_and_after", {"article": "1"}, [
        [1, 3, "a", DAYS[1] + NOON, "قال الوزير إن ثلاثة قتلى", "قال الوزير إن خمسة قتلى"],
        [1, 2, "a", DAYS[0] + "T13", "قال ثلاثة قتلى", "قال الوزير إن ثلاثة قتلى"],
    ]),
    ("texts_before_and_after", {"article": "2"}, []),
    ("edited", {}, [[1, "a", AFTER, "2026-10-01T09:00:00.000000Z", DAYS[1] + NOON, 3]]),
    ("edited_share", {}, [["a", 3, 1, 33.33, 1, 33.33], ["b", 1, 0, 0.0, 0, 0.0]]),
    ("most_edited", {}, [[1, "a", AFTER, DAYS[0], 3, DAYS[1] + NOON]]),
    ("edited_unsaid", {}, [
        [1, 3, "a", AFTER, DAYS[1] + NOON, None, '["headline", "number"]'],
        [1, 2, "a", AFTER, DAYS[0] + "T13", None, '["words"]'],
    ]),
    ("edited_about_the_dead", {}, [
        [1, 3, "a", AFTER, DAYS[1] + NOON, 1, 2, 2], [1, 2, "a", AFTER, DAYS[0] + "T13", 0, 1, 0],
    ]),
    ("edited_about_the_dead", {"words": "جريح"}, []),
    ("gone_soon", {}, [
        [3, "a", "خبر اختفى", "https://news.example/3", DAYS[2] + NOON, "2020-11-09T12:00:00Z",
         f"2026-11-03{NOON}", 24.0],
    ]),
    ("gone_soon", {"hours": "23.5"}, []),
    ("first_to_print", {}, [[1, AFTER, "a", "2026-10-01T09:00:00.000000Z", "b", 2, 3.0]]),
    ("who_follows_whom", {}, [["a", "b", 1, 3.0]]),
    ("word_by_month", {"word": "وزير"}, [["2026-10", 2, 2, 100.0], ["2026-11", 1, 2, 50.0]]),
    ("word_by_month", {"word": "دمشق", "publisher": "b"}, [["2026-10", 1, 1, 100.0]]),
    ("word_by_month", {"word": "الكهرباء"}, [["2026-10", 0, 2, 0.0], ["2026-11", 0, 2, 0.0]]),
    ("word_by_month", {}, []),
    ("words_by_publisher", {"words": "خمسة قتيل"}, []),
    ("words_by_publisher", {"words": "خمسة قتلى"}, [
        ["a", 1, DAYS[0], DAYS[0]], ["b", 1, DAYS[0], DAYS[0]],
    ]),
    ("words_by_publisher", {"words": "وزير -دمشق"}, [["a", 2, DAYS[0], DAYS[3]]]),
    ("tags_of_the_month", {}, [["حرب", 2, 1], ["سلام", 1, 1]]),
    ("tags_of_the_month", {"since": "2026-09-01"}, [["حرب", 3, 1], ["سلام", 1, 1]]),
    ("tags_of_the_month", {"since": DAYS[2]}, [["حرب", 2, 1], ["سلام", 1, 1]]),
    ("tag_by_month", {"tag": "حرب"}, [["2026-10", "a", 1], ["2026-11", "a", 2]]),
    ("authors_by_articles", {}, [["سلمى", 1, 1, DAYS[0], DAYS[0]]]),
    ("sections", {}, [["a", "محليات", 1, DAYS[0], DAYS[0]], ["b", "محليات", 1, DAYS[0], DAYS[0]]]),
    ("length_by_month", {"publisher": "a"}, [["2026-11", "a", 2, 1.0], ["2026-10", "a", 1, 5.0]]),
    ("hours_of_the_day", {}, [["12", "a", 1], ["15", "a", 1]]),
    ("evidence_list", {"article": "1", "until": "2026-10-01"}, [
        [1, 1, "https://a.example/1", DAYS[0] + NOON, "abc", "x.warc.gz", 10, 20],
    ]),
    ("embeds_by_platform", {}, [["a", "telegram", 1, 1]]),
    ("coverage", {}, [
        ["ألف", 3, 100.0, 100.0, 66.7, 33.3, 100.0, 33.3],
        ["باء", 1, 100.0, 100.0, 100.0, 100.0, 100.0, 0.0],
    ]),
    ("problems_by_kind", {}, [["a", "no-text", 1, "2026-10-01"]]),
]  # fmt: skip


@pytest.fixture(scope="module")
def datasette(tmp_path_factory):
    root = tmp_path_factory.mktemp("archive")
    with closing(open_for_writing(root)) as db:
        db.execute("pragma foreign_keys = off")
        fill(db)
    return Datasette([str(root / "archive.db")])


@pytest.mark.parametrize(("name", "asked", "rows"), ANSWERS)
async def test_a_question_is_answered(datasette, name, asked, rows):
    answer = await datasette.client.get(f"/archive/{name}.json", params=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()["rows"]
    assert ([row[0] for row in found] if name == "search" else found) == rows


async def test_words_are_counted_in_articles_without_a_day_too(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        add_article(db, publisher="a", text="قتلى")
    asked = "/archive/words_by_publisher.json?words=قتلى"
    answer = await Datasette([str(tmp_path / "archive.db")]).client.get(asked)
    assert answer.json()["rows"] == [["a", 1, None, None]]


async def test_a_newspaper_follows_another_by_its_first_version(tmp_path):
    with closing(open_for_writing(tmp_path)) as db:
        db.execute("insert into stories (id) values (1)")
        for number, publisher in enumerate("abb", 1):
            at = f"2020-11-09T0{number}:00:00.000000Z"
            add_article(db, id=number, publisher=publisher, published_at=at)
        db.execute("update articles set story = 1")
    answer = await Datasette([str(tmp_path / "archive.db")]).client.get(
        "/archive/who_follows_whom.json"
    )
    assert answer.json()["rows"] == [["a", "b", 1, 1.0]]


def test_every_question_has_an_answer_here():
    assert {name for name, _, rows in ANSWERS if rows} == set(ready_queries())


@pytest.mark.parametrize(("code", "place"), [("ar", 0), ("en", 1)])
async def test_questions_are_told_in_the_language_of_the_page(datasette, code, place):
    pairs = ready_queries("\n".join)
    cookies = {"warraq_language": code}
    html = (await datasette.client.get("/archive/gone_soon", cookies=cookies)).text
    for both in (pairs["gone_soon"]["title"], pairs["gone_soon"]["description"]):
        said, other = both.split("\n")[place], both.split("\n")[1 - place]
        assert said in html
        assert other not in html
    assert re.search(r'name="hours"', html)


async def test_articles_in_answers_lead_to_their_pages(datasette):
    html = (await datasette.client.get("/archive/changed_headlines")).text
    assert '<a href="/article/1">1</a>' in html


async def test_what_word_forms_refuses_is_said(datasette):
    answer = await datasette.client.get("/archive/word_by_month.json?word=-حلب")
    assert answer.status_code == 400
    assert "has no word to find" in answer.json()["error"]
