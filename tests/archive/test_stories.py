"""Which texts are versions of one another, and how articles become stories."""

import gzip
import pickle
import random
from collections import defaultdict
from contextlib import closing
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import articles, stories
from archive.models import Extraction, PageKind
from archive.search import index
from archive.stories import are_versions, prepared, prime, regroup_all, runs_of, settle, sketch
from archive.urls import article_id
from fixtures.newsstand import ALL, Newsstand
from tests.archive.desk import NOON, reading
from tests.archive.newsroom import empty_archive
from tests.archive.reprints import LEAD, OTHER, WIRE

SENTENCES = (
    Path(__file__).resolve().parents[2] / ".." / "shared" / "arabic" / "news-sentences.txt.gz"
)
TEXT = (
    "اجتمع وزراء الثقافة العرب أمس في تونس، وقالوا إن “المكتبات العامة” أولى بالعناية من غيرها.\n"
    "وأضافوا في بيانهم الختامي أن ٣٥ مكتبة ستُفتح هذا العام في المدن الصغيرة والأرياف البعيدة."
)
BULLETIN = (
    "سجلت أسعار الصرف في السوق الموازية اليوم {0} ليرة للدولار عند الشراء و{1} ليرة عند المبيع،"
    " فيما بلغ سعر اليورو {2} ليرة، وغرام الذهب من عيار 21 قيراطا {3} ليرة بحسب نشرة المصرف."
)


def like(one, other):
    return are_versions(runs_of(one), runs_of(other))


SAME = [
    (TEXT, "exact"),
    (TEXT.replace("ا", "اـ").replace("أولى", "أَوْلَى").replace("٣٥", "35"), "spelling"),
    ("تونس - رويترز: " + TEXT.replace("\n", " "), "dateline and paragraphs"),
    (TEXT.replace("الصغيرة", "الكبيرة"), "one word"),
    (TEXT + "\nوتابع البيان حديثه عن أمور أخرى كثيرة لا صلة لها بما سبق من الكلام.", "longer"),
]


@pytest.mark.parametrize(("other", "_why"), SAME)
def test_versions_of_a_text(other, _why):
    assert like(TEXT, other)
    assert like(other, TEXT)


def test_another_text_on_the_same_matter_is_no_version():
    other = (
        "قال وزير الثقافة التونسي إن وزراء الثقافة العرب يجتمعون اليوم للنظر في أحوال المكتبات"
        " العامة، وإن البيان الختامي سيدعو إلى فتح مكتبات في الأرياف البعيدة هذا العام وما بعده."
    )
    assert not like(TEXT, other)


def test_a_bulletin_with_other_figures_is_another_one():
    today, yesterday = (
        BULLETIN.format(2540, 2560, 3010, 125),
        BULLETIN.format(2490, 2515, 2950, 121),
    )
    assert not like(today, yesterday)
    assert like(today, today.replace("المصرف", "البنك"))


def test_a_digest_is_no_version_of_its_items(sentences):
    items = [" ".join(sentences[start : start + 3]) for start in range(0, 30, 3)]
    assert not any(like(item, "\n".join(items)) for item in items)


@pytest.mark.parametrize("text", ["", "لمشاهدة الفيديو اضغط هنا", " ".join(map(str, range(22)))])
def test_a_short_text_says_too_little(text):
    assert sketch(runs_of(text)) == []
    assert not like(text, text)


def test_a_sketch_is_the_same_for_good():
    # These are in archives: another hash or fold makes their sketches worthless.
    assert sketch(runs_of(TEXT))[:4] == [16697118, 240077554, 254897092, 836537682]
    assert len(sketch(runs_of(TEXT))) == stories.SKETCH


@given(st.text(), st.text())
def test_any_text_has_an_answer_and_order_is_no_matter(one, other):
    assert like(one, other) == like(other, one)
    assert all(0 <= number < 2**32 for number in sketch(runs_of(one)))


@pytest.fixture(scope="module")
def sentences():
    if not SENTENCES.is_file():
        pytest.skip("the sentences of news are not at hand")
    return gzip.decompress(SENTENCES.read_bytes()).decode().splitlines()


def edited(lines, words, rng):
    return [
        " ".join(rng.choice(words) if rng.random() < 0.05 else w for w in line.split())
        for line in lines
    ]


def test_reprints_of_real_news_are_told_and_nothing_else(sentences):
    rng = random.Random(1)
    words = " ".join(sentences).split()
    texts = [sentences[start : start + 10] for start in range(0, len(sentences) - 10, 10)]
    forms = [runs_of("\n".join(lines)) for lines in texts]
    manners = {
        "edited": lambda lines: edited(lines, words, rng),
        "first three fifths": lambda lines: lines[:6],
        "first two fifths": lambda lines: lines[:4],
        "shortened and edited": lambda lines: edited(lines[:5], words, rng),
        "three paragraphs dropped": lambda lines: [
            lines[i] for i in sorted(rng.sample(range(10), 7))
        ],
    }
    for manner, of in manners.items():
        copies = [runs_of("\n".join(of(lines))) for lines in texts]
        found = sum(
            are_versions(form, copy) and len(set(sketch(form)) & set(sketch(copy))) >= 2
            for form, copy in zip(forms, copies, strict=True)
        )
        assert found >= 0.97 * len(texts), manner
    assert not any(are_versions(one, other) for one, other in combinations(forms, 2))


ARTICLE = Extraction(
    kind=PageKind.ARTICLE,
    title="عودة اللاجئين",
    byline="رويترز",
    text="\n".join(f"قال المتحدث رقم {n} إن المؤتمر الدولي انعقد في دمشق أمس" for n in range(9)),
)


def test_the_texts_are_analysed_and_sketched():
    known = prepared(ARTICLE).prepared
    assert known is not None
    assert known.analysed == {
        text: index.analysed(text) for text in (ARTICLE.title, ARTICLE.byline, ARTICLE.text) if text
    }
    assert known.runs == runs_of(ARTICLE.text)
    assert len(sketch(known.runs)) == stories.SKETCH


def test_it_changes_nothing_that_is_compared_and_comes_back_from_a_worker():
    made = prepared(ARTICLE)
    assert made == ARTICLE
    again = pickle.loads(pickle.dumps(made))  # noqa: S301 - made just now
    assert again.prepared == made.prepared


def test_what_is_no_article_is_not_prepared():
    assert prepared(Extraction(kind=PageKind.SECTION, text="نص")).prepared is None


def test_the_writer_finds_it_and_computes_the_same_without(monkeypatch):
    """An analysed text is forgotten once it was asked for; runs are asked for several times."""
    stories._KNOWN.clear()
    prime(prepared(ARTICLE))
    monkeypatch.setattr(index, "analyse", lambda _text: ["x"])
    monkeypatch.setattr(stories, "_runs", lambda _text: None)
    whole = index.analysed(ARTICLE.text)
    assert whole == "x"
    assert index._FUNCTIONS["warraq_analyse"](ARTICLE.text) != "x"
    assert index._FUNCTIONS["warraq_analyse"](ARTICLE.text) == "x"
    assert len(sketch(runs_of(ARTICLE.text))) == stories.SKETCH
    stories._KNOWN.clear()
    assert runs_of(ARTICLE.text) is None
    stories._KNOWN.clear()


def test_few_are_remembered():
    for number in range(3000):
        index.prime({f"نص {number}": "x"})
        stories.remember(f"نص {number}", stories._NONE)
    assert len(index._PRIMED) <= 256
    assert len(stories._KNOWN) <= 2048
    index._PRIMED.clear()
    stories._KNOWN.clear()


TAIL = "\n".join(WIRE.split("\n")[2:])


@pytest.fixture
def db():
    with closing(empty_archive()) as connection:
        connection.execute("pragma foreign_keys = on")
        connection.executemany(
            "insert into publishers (slug, name) values (?, ?)", [(slug, slug) for slug in "abcd"]
        )
        yield connection


def keep(db, name, text=WIRE, *, hours=0, published=None, settled=True, **fields):
    """Keep an article of the publisher and address that its name tells, as `a1`."""
    moment = NOON + timedelta(hours=hours)
    article, _ = articles.keep(
        db,
        reading(f"عنوان {name}", text, published_at=published, **fields),
        url=f"https://{name[0]}.example/{name}",
        publisher=name[0],
        capture=None,
        seen_at=moment,
    )
    if settled:
        settle(db)
    return article


def groups(db):
    members = defaultdict(set)
    for article, story in db.execute("select id, story from articles where story is not null"):
        members[story].add(article)
    return sorted(map(sorted, members.values()))


def story(db, columns="*"):
    return db.execute(f"select {columns} from stories").fetchone()


def test_an_article_alone_has_no_story(db):
    keep(db, "a1")
    keep(db, "b1", OTHER)
    assert groups(db) == []
    assert story(db) is None


def test_a_reprint_joins_and_the_story_tells_who_was_first(db):
    late = keep(db, "b1", hours=5, published=NOON + timedelta(hours=4))
    first = keep(db, "a1", "طرابلس - " + WIRE, hours=6, published=NOON - timedelta(hours=2))
    short = keep(db, "a2", LEAD, hours=7, published=NOON + timedelta(hours=1))
    keep(db, "c1", OTHER, hours=8)
    assert groups(db) == [sorted([late, first, short])]
    assert story(db) == (
        late, "عنوان a1", first, "a", "2020-11-09T10:00:00.000000Z", "2020-11-09T16:00:00.000000Z",
        6 * 3600, 3, 2,
    )  # fmt: skip


def test_a_day_without_a_time_counts_as_its_end(db):
    keep(db, "a1", hours=50)
    keep(db, "b1", hours=50, published=NOON + timedelta(hours=3))
    keep(db, "c1", hours=51, published=NOON + timedelta(hours=30))
    assert story(db, "first_publisher, first_at, last_at, spread") == (
        "b", "2020-11-09T15:00:00.000000Z", "2020-11-10T18:00:00.000000Z", 27 * 3600,
    )  # fmt: skip


def test_no_story_is_older_than_its_first_capture(db):
    keep(db, "a1", hours=1, published=NOON + timedelta(hours=20))
    keep(db, "b1", hours=3, published=NOON + timedelta(hours=2))
    assert story(db, "first_publisher") == ("a",)


def test_an_article_joins_two_stories_to_one(db):
    ids = [keep(db, "a1", LEAD), keep(db, "b1", LEAD), keep(db, "c1", TAIL), keep(db, "d1", TAIL)]
    assert len(groups(db)) == 2
    ids.append(keep(db, "a2", WIRE, hours=1))
    assert groups(db) == [sorted(ids)]
    assert db.execute("select count(*) from stories").fetchone() == (1,)


def test_a_rewritten_article_leaves_and_what_it_held_together_parts(db):
    lead, tail, whole = keep(db, "a1", LEAD), keep(db, "b1", TAIL), keep(db, "c1", hours=1)
    assert groups(db) == [sorted([lead, tail, whole])]
    keep(db, "c1", OTHER, hours=2)
    assert groups(db) == []
    assert story(db) is None
    keep(db, "c1", TAIL, hours=3)
    assert groups(db) == [sorted([tail, whole])]


def test_an_article_that_grows_stays_in_its_story(db):
    ids = [keep(db, "a1"), keep(db, "b1", hours=1), keep(db, "c1", hours=1)]
    keep(db, "a1", WIRE + "\nوأضاف أن سفينة ثانية في الطريق.", hours=2)
    assert groups(db) == [sorted(ids)]
    assert story(db, "id, articles") == (ids[0], 3)


def test_a_story_tells_its_headline_as_it_is_now(db):
    keep(db, "a1", published=NOON - timedelta(hours=1))
    keep(db, "b1", published=NOON)
    articles.keep(
        db, reading("عنوان آخر", WIRE, published_at=NOON - timedelta(hours=1)),
        url="https://a.example/a1", publisher="a", capture=None, seen_at=NOON,
    )  # fmt: skip
    assert story(db, "title") == ("عنوان آخر",)


def test_a_deleted_article_is_forgotten(db):
    first, second = keep(db, "a1"), keep(db, "b1", hours=1)
    db.execute("delete from revisions")
    db.execute("delete from articles where id = ?", (first,))
    assert story(db, "id, first_article, articles") == (first, second, 1)
    keep(db, "c1", hours=2)
    assert story(db, "id, articles") == (second, 2)


def test_order_is_no_matter(db):
    wires = [("a1", WIRE), ("b1", LEAD), ("c1", TAIL), ("d1", OTHER), ("a2", OTHER + " انتهى.")]
    seen = {name: hours for hours, (name, _) in enumerate(wires)}
    found = set()
    for seed in range(5):
        random.Random(seed).shuffle(wires)
        with closing(empty_archive()) as other:
            other.executemany(
                "insert into publishers (slug, name) values (?, ?)",
                [(slug, slug) for slug in "abcd"],
            )
            for name, text in wires:
                keep(other, name, text, hours=seen[name])
            found.add(tuple(other.execute("select * from stories order by id")))
    assert len(found) == 1
    assert {row[0] for row in found.pop()} == {
        article_id("https://a.example/a1"), article_id("https://d.example/d1"),
    }  # fmt: skip


@pytest.mark.slow
def test_a_boilerplate_that_hundreds_share_hides_no_reprint(db):
    notice = "هذه المادة من أرشيف الصحيفة، وتُنشر كما كُتبت في يومها من غير تصحيح أو تعليق عليها.\n"
    rng = random.Random(3)
    words = sorted(set((WIRE + OTHER).split()))
    for number in range(150):
        keep(db, f"a{number}", notice + " ".join(rng.choices(words, k=60)))
    first = keep(db, "b1", notice + WIRE)
    second = keep(db, "c1", WIRE)
    third = keep(db, "d1", notice + LEAD)
    assert groups(db) == [sorted([first, second, third])]


@pytest.mark.slow
def test_a_story_in_hundreds_of_papers_takes_in_the_next(db):
    for number in range(130):
        keep(db, f"a{number}", f"{WIRE}\nالنسخة {number}.")
    keep(db, "b1", LEAD)
    assert story(db, "articles, publishers") == (131, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "settled"), [(0, False), (1, False), (2, False), (0, True)])
def test_whatever_came_late_or_was_edited_the_stories_are_those_of_a_fresh_look(seed, settled):
    """A phrase of 300 articles, shortened copies, edits; the order of arrival is another one."""
    rng = random.Random(seed)
    phrase = "هذه المادة من أرشيف الصحيفة، وتُنشر كما كُتبت في يومها من غير تصحيح أو تعليق عليها.\n"
    words = sorted(set((WIRE + OTHER).split()))
    texts = [phrase + " ".join(rng.choices(words, k=rng.choice([12, 30, 60]))) for _ in range(300)]
    texts += [phrase * (n % 2) + WIRE[: 200 + 6 * n] for n in range(40)]
    pieces = list(enumerate(texts))
    with closing(empty_archive()) as db:
        db.executemany("insert into publishers (slug, name) values (?, '')", [(s,) for s in "ab"])
        rng.shuffle(pieces)
        for number, text in pieces:
            keep(db, f"{'ab'[number % 2]}{number}", text, hours=number, settled=settled)
        for number, _ in rng.sample(pieces, 40):
            moment = 400 + number
            text = rng.choice(texts)[9:]
            keep(db, f"{'ab'[number % 2]}{number}", text, hours=moment, settled=settled)
        settle(db)
        arrived = groups(db), db.execute("select * from stories order by id").fetchall()
        regroup_all(db)
        assert (groups(db), db.execute("select * from stories order by id").fetchall()) == arrived


@pytest.mark.slow
def test_the_wires_of_the_fixtures():
    newsstand = Newsstand(articles=360, papers=ALL)
    wires = defaultdict(set)
    with closing(empty_archive()) as db:
        for paper in newsstand.papers.values():
            db.execute("insert into publishers (slug, name) values (?, '')", (paper.slug,))
            for truth in paper.truths(newsstand.now()):
                article, _ = articles.keep(
                    db,
                    reading(truth.title, truth.text, kind=PageKind(truth.kind)),
                    url=truth.url,
                    publisher=paper.slug,
                    capture=None,
                    seen_at=truth.listed_at,
                )
                wires[truth.wire].add(article)
        settle(db)
        del wires[None]
        true, found = pairs(wires.values()), pairs(groups(db))
    assert len(true) > 30
    assert len(true & found) >= 0.99 * len(found)
    assert len(true & found) >= 0.95 * len(true)


def pairs(groups):
    return {pair for group in groups for pair in combinations(sorted(group), 2)}
