"""Two newspapers over two years, and what they write about: for pages that count by day."""

from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from archive.database import open_for_writing
from tests.archive.newsroom import add_article

# By publisher: (first day, days between articles, articles, words).
RHYTHMS = (
    ("alwaraq", date(2020, 1, 1), 9, 60, "اجتماع في دمشق عن اللاجئين"),
    ("alwaraq", date(2020, 3, 3), 30, 12, "مدينة حلب القديمة"),
    ("herald", date(2020, 6, 1), 12, 30, "Damascus دمشق and Aleppo حلب"),
)
SILENCE = (date(2020, 9, 1), date(2020, 10, 31))  # of which the archive has nothing


def fill(root: Path) -> Path:
    """Make the archive; one article prints no day, one a day that has not come yet."""
    with closing(open_for_writing(root)) as db:
        db.executemany(
            "insert into publishers (slug, name, name_latin, homepage, country, language, timezone)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            [
                ("alwaraq", "صحيفة الورق", "Al Waraq", "https://alwaraq.example/", "SY", "ar",
                 "Asia/Damascus"),
                ("herald", "The Herald", "The Herald", None, None, "en", None),
            ],
        )  # fmt: skip
        db.execute("insert into authors values (7, 'سلمى القارئ')")
        db.execute("insert into tags values (5, 'مدن')")
        number = 0
        for publisher, first, step, articles, words in RHYTHMS:
            for place in range(articles):
                day = first + timedelta(days=step * place)
                if SILENCE[0] <= day <= SILENCE[1]:
                    continue
                number += 1
                _add(db, number, publisher, str(day), f"{words} {place}")
        _add(db, 900, "alwaraq", None, "دمشق بلا تاريخ")
        _add(db, 901, "alwaraq", "2999-01-01", "دمشق في الغد")
        db.execute("insert into article_authors select id, 7, 0 from articles where id <= 40")
        db.execute("insert into article_tags select id, 5 from articles where id in (1, 2)")
    return root


def _add(db, number, publisher, day, words):
    at = f"{day or '2021-12-31'}T12:00:00.000000Z"
    add_article(
        db,
        id=number,
        url=f"https://{publisher}.example/{number}",
        publisher=publisher,
        title=words,
        text=f"{words}. هذا خبر.",
        published_on=day,
        byline="سلمى القارئ" if number <= 40 else None,
        changed_at=at if number % 10 == 0 else None,
        gone_at=at if number == 3 else None,
        first_seen_at=min(at, "2021-12-31T12:00:00.000000Z"),
    )
