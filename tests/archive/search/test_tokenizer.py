"""The table of separators against SQLite itself, over all of Unicode but empty planes."""

import sqlite3

import pytest

from archive.search.arabic import TOKENIZE, analyse


@pytest.mark.slow
def test_every_character_is_cut_as_sqlite_cuts_it():
    assigned = (*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE1000))
    codes = (*assigned, *range(0x20000, 0xE0000, 97), *range(0xE1000, 0x110000, 97))
    connection = sqlite3.connect(":memory:")
    connection.execute(f'create virtual table words using fts5(text, tokenize="{TOKENIZE}")')
    connection.execute("create virtual table terms using fts5vocab(words, row)")
    # A word for each character: cut in two where SQLite takes it for a separator.
    text = " ".join(f"q{code:x}q{chr(code)}z" for code in codes)
    connection.execute("insert into words values (?)", (text,))
    cut_by_sqlite = {term for (term,) in connection.execute("select term from terms")}
    wrong = [
        hex(code)
        for code in codes
        if (f"q{code:x}q" in cut_by_sqlite) != (len(analyse(f"q{code:x}q{chr(code)}z")) == 2)
    ]
    assert wrong == []
