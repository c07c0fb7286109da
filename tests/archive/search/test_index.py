"""The index follows the articles, word for word, and notices what would break it."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from hashlib import blake2b
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.search import index
from archive.search.arabic import analyse, term, tidy
from archive.search.arabic import words as split_words
from archive.search.index import ANALYSER, index_is_current, rebuild_index
from tests.archive.newsroom import add_article, empty_archive

ODD = st.text(
    st.one_of(
        st.sampled_from("ابةهيىولمن ١۵5aİßﬁ.-،\n\x00\N{ARABIC FATHA}\N{ARABIC TATWEEL}"),
        st.sampled_from("\N{ZERO WIDTH NON-JOINER}\N{RIGHT-TO-LEFT MARK}\N{SOFT HYPHEN}"),
        st.characters(codec="utf-8"),
    )
)


@pytest.fixture
def archive():
    return empty_archive()


def found(archive, expression):
    rows = archive.execute(
        "select rowid from article_stems where article_stems match ? order by rowid", (expression,)
    )
    return [row_id for (row_id,) in rows]


def index_terms(archive):
    archive.execute("create virtual table temp.held using fts5vocab(main, article_stems, instance)")
    rows = archive.execute("select term from held where doc > 0 order by doc, offset").fetchall()
    archive.execute("drop table temp.held")
    return [term for (term,) in rows]


@given(ODD)
@settings(max_examples=200, deadline=None)
@pytest.mark.slow
def test_the_index_holds_what_analyse_says(text):
    archive = empty_archive()
    add_article(archive, text=text)
    assert index_terms(archive) == analyse(text)


@given(ODD, st.randoms())
@settings(max_examples=200, deadline=None)
@pytest.mark.slow
def test_highlights_mark_the_original_word(text, random):
    text = tidy(text)
    words = split_words(text)
    if not words:
        return
    archive = empty_archive()
    add_article(archive, text=text)
    wanted = term(random.choice(words))
    (marked,) = archive.execute(
        "select highlight(article_stems, 3, '\ue001', '\ue002') from article_stems"
        " where article_stems match ?",
        (f'"{wanted}"',),
    ).fetchone()
    pieces = marked.split("\ue001")[1:]
    shown = [word for piece in pieces for word in split_words(piece.split("\ue002")[0])]
    assert shown
    assert all(term(word) == wanted for word in shown)
    assert len(shown) == sum(term(word) == wanted for word in words)
    assert marked.replace("\ue001", "").replace("\ue002", "") == text


def test_the_index_follows_insert_update_and_delete(archive):
    add_article(archive, id=1, title="الحكومة", text="خبر")
    add_article(archive, id=2**52, title="المدرسة", text="خبر")
    assert found(archive, "حكوم") == [1]
    archive.execute("update articles set title = 'الجامعة' where id = 1")
    assert (found(archive, "حكوم"), found(archive, "جامع")) == ([], [1])
    archive.execute("delete from articles where id = 1")
    assert (found(archive, "جامع"), found(archive, "خبر")) == ([], [2**52])


def test_a_replaced_row_leaves_nothing_behind(archive):
    add_article(archive, id=1, text="قديم")
    add_article(archive, "replace", id=1, text="جديد")
    assert (found(archive, "قديم"), found(archive, "جديد")) == ([], [1])


def test_a_foreign_writer_fails_instead_of_spoiling_the_index(archive, tmp_path):
    add_article(archive, id=1, text="خبر")
    archive.execute("vacuum into ?", (str(tmp_path / "archive.db"),))
    with closing(sqlite3.connect(tmp_path / "archive.db")) as foreign:
        again = "insert or replace into articles select * from articles"
        for statement in ("delete from articles", "update articles set text = 'x'", again):
            with pytest.raises(sqlite3.OperationalError, match="no such function"):
                foreign.execute(statement)
        assert found(foreign, "خبر") == [1]
        foreign.execute("update articles set gone_at = '2020-01-01'")


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="there is no sqlite3 shell here")
def test_the_plain_shell_reads_the_index(archive, tmp_path):
    add_article(archive, id=1, text="قالت الحُكومة إنها باقية")
    path = str(tmp_path / "archive.db")
    archive.execute("vacuum into ?", (path,))
    for sql, shown in (
        ("select highlight(article_stems, 3, '[', ']') from article_stems('حكوم')",
         "قالت [الحُكومة] إنها باقية"),
        ("pragma integrity_check", "ok"),
    ):  # fmt: skip
        shell = subprocess.run(["sqlite3", path, sql], capture_output=True, text=True, check=True)
        assert shell.stdout == f"{shown}\n"


def test_sqlites_own_rebuild_is_noticed_and_ours_repairs_it(archive):
    add_article(archive, id=1, text="الحكومة")
    assert index_is_current(archive)
    archive.execute("insert into article_stems(article_stems) values ('rebuild')")
    assert not index_is_current(archive)
    done: list[int] = []
    rebuild_index(archive, done.append)
    assert index_is_current(archive)
    assert found(archive, "حكوم") == [1]
    assert done == [1]


def test_an_index_of_another_version_is_noticed(archive, monkeypatch):
    add_article(archive, id=1, text="الحكومة")
    monkeypatch.setattr(index, "_SENTINEL", f"\ue000warraq{ANALYSER + 1}")
    assert not index_is_current(archive)
    rebuild_index(archive)
    assert index_is_current(archive)


def test_other_terms_have_another_version():
    known = (files("archive.search") / "stems.toml").read_bytes()
    terms = " ".join(
        analyse("وبدمشق والوزير للفلسطينيين ٢٠٢٠ Erdoğan می\N{ZERO WIDTH NON-JOINER}خواهم")
    )
    digest = blake2b(known + terms.encode(), digest_size=8).hexdigest()
    assert (ANALYSER, digest) == (4, "fdbd253f77b43847"), (
        "raise ANALYSER, so that archives are indexed anew"
    )


def test_a_failed_rebuild_changes_nothing(archive):
    add_article(archive, id=1, text="الحكومة")

    def stop(_done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild_index(archive, stop)
    assert index_is_current(archive)
    assert found(archive, "حكوم") == [1]


def test_datasette_without_the_plugin_sees_no_search_that_finds_nothing(archive):
    from datasette.utils import detect_fts

    assert detect_fts(archive, "articles") is None


def test_sql_functions_answer_null_and_text(archive):
    row = archive.execute(
        "select warraq_analyse(null), warraq_analyse('الحكومة، والشعب'), warraq_query('ما الحل؟'),"
        " escape_fts('روسيا تركيا'), warraq_query(null)"
    ).fetchone()
    assert row == (None, "حكوم شعب", '"حل"', '"روس" AND "ترك"', '""')
