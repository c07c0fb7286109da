"""A list of searches: how it is read, and that each of its lines has an answer."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import StaleIndex
from archive.maintenance.export import write_csv
from archive.search import batch, count, search
from archive.search.batch import COLUMNS, Answer, answer, read_list, to_row
from tests.archive.newsroom import add_article, empty_archive


@pytest.fixture(scope="module")
def db():
    db = empty_archive()
    for number, (title, day) in enumerate(
        [
            ("أحمد سامي في دمشق", "2020-01-01"),
            ("أحمد في حلب", "2020-02-01"),
            ("سامي في حلب", "2020-03-01"),
            ("سامي وأحمد", None),
            ("دمشق", "2021-05-05"),
        ],
        1,
    ):
        add_article(db, id=number, title=title, text=title, published_on=day)
    yield db
    db.close()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("دمشق\nحلب\n", [(1, "دمشق"), (2, "حلب")]),
        ("دمشق\r\n\r\nحلب", [(1, "دمشق"), (2, ""), (3, "حلب")]),
        ("\ufeffدمشق\n\n\n", [(1, "دمشق")]),
        ('"مدينة حلب"\na, b', [(1, '"مدينة حلب"'), (2, "a, b")]),
        ('id,Name,age\n1,"سامي, أحمد",3\n2\n', [(2, "سامي, أحمد"), (3, "")]),
        ("الرقم;الإسم\n1;سامي\n2;أحمد", [(2, "سامي"), (3, "أحمد")]),
        ("query\nسامي\n\nأحمد", [(2, "سامي"), (3, ""), (4, "أحمد")]),
        ('name,x\n"سامي,1\nأحمد,2', [(2, "سامي,1"), (3, "أحمد")]),  # the quote costs its line alone
        ("name\tx\nسامي\t1", [(2, "سامي")]),
        ("", [(1, "")]),
        ("a\0b", [(1, "a\0b")]),
    ],
)
def test_a_list_is_lines_or_a_column(content, lines):
    assert read_list(content.encode()) == lines


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "cp1256"])
def test_letters_are_read_as_they_were_written(charset):
    assert read_list("الاسم\nسامي\nأحمد".encode(charset)) == [(2, "سامي"), (3, "أحمد")]


def test_a_broken_letter_breaks_its_own_line(db):
    lines = read_list("سامي\n".encode() + b"x \xd8\n" + "أحمد".encode())
    assert [query for _, query in lines] == ["سامي", "x \ufffd", "أحمد"]
    assert answer(db, *lines[1], seconds=9).problem == "unread"
    assert answer(db, *lines[2], seconds=9).found == 3


@given(st.lists(st.text(alphabet='ab"،,;\t سامي+-:*"', max_size=9), min_size=1, max_size=9))
def test_no_line_is_lost(lines):
    content = "\n".join(lines)
    numbers = [number for number, _ in read_list(content.encode())]
    assert numbers == list(range(1, max(1, content.rstrip().count("\n") + 1) + 1))


def test_all_words_are_required_in_any_form(db):
    found = answer(db, 7, "احمد سامي", seconds=9)
    assert (found.line, found.query, found.problem) == (7, "احمد سامي", "")
    assert found.found == count(db, "احمد سامي", order="new") == 2
    assert (found.first, found.last) == ("2020-01-01", "2020-01-01")
    assert {hit.id for hit in found.best} == {1, 4}
    assert {hit.id for hit in search(db, "احمد سامي")} == {1, 2, 3, 4}


def test_at_most_three_are_shown(db):
    found = answer(db, 1, "سامي OR دمشق OR أحمد", seconds=9)
    assert (found.found, len(found.best)) == (5, 3)
    assert (found.first, found.last) == ("2020-01-01", "2021-05-05")


@pytest.mark.parametrize(
    ("query", "problem", "found"),
    [
        ("", "empty", None),
        ("؟؟ !", "empty", None),
        ("zzz", "", 0),
        ("سامي after:yesterday", "unread", 0),
        ("سامي publisher:nobody", "unread", 0),
        ("سامي publisher:enabbaladi before:2020-02", "", 1),
        ("-سامي", "", 2),
        ("publisher:enabbaladi", "", 5),
    ],
)
def test_what_has_no_sure_answer_says_why(db, query, problem, found):
    given = answer(db, 1, query, seconds=9)
    assert (given.problem, given.found) == (problem, found)


def test_a_line_is_given_up_after_its_time_and_the_next_is_answered(db, monkeypatch):
    monkeypatch.setattr(batch, "_STEPS", 1)
    assert answer(db, 1, "سامي", seconds=0) == Answer(line=1, query="سامي", problem="slow")
    assert answer(db, 2, "سامي", seconds=9).found == 3


def test_another_failure_is_no_long_search(db):
    with empty_archive() as broken:
        broken.execute("drop table publishers")
        with pytest.raises(Exception, match="no such table"):
            answer(broken, 1, "سامي", seconds=9)


def test_a_stale_index_is_not_asked():
    with empty_archive() as db:
        db.execute("insert into article_stems(article_stems) values ('delete-all')")
        with pytest.raises(StaleIndex):
            answer(db, 1, "سامي", seconds=9)


def test_a_table_has_each_line_and_no_formula(db):
    answers = [answer(db, 1, "=سامي", seconds=9), answer(db, 2, "", seconds=9)]
    out = io.BytesIO()
    write_csv(map(to_row, answers), out, names=COLUMNS, excel=True)
    first, second = csv.DictReader(io.StringIO(out.getvalue().decode("utf-8-sig")))
    assert (first["query"], first["found"], first["title_1"]) == ("'=سامي", "3", "سامي وأحمد")
    assert (second["line"], second["problem"], second["found"]) == ("2", "empty", "")
