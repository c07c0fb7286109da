"""Large archives made as rows, without a crawl: what the reading room is measured on.

    python -m tests.benchmarks.rows 200000      # prints the folder of the archive

Texts have the words of real Arabic news in their real frequency, with a tail of rarer forms, about
half of them in real sentences. Articles are spread over fifteen years with ever more of them; one
in twenty is edited, one in fifty gone, one in ten a reprint of another. An archive is the same for
all who ask for that many articles, and is kept in the system's temporary folder until the schema
changes or `_VERSION` does.
"""

import gzip
import itertools
import json
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import click

from archive.clock import iso
from archive.database import FIRST, open_for_writing, run_script
from archive.diff import Change
from archive.search.index import analysed, rebuild_index
from archive.urls import article_id

SENTENCES = Path(__file__).resolve().parents[2] / ".." / "shared/arabic/news-sentences.txt.gz"
_VERSION = 2  # of what is made here
NOW = datetime(2026, 11, 25, tzinfo=UTC)
BEGAN = NOW - timedelta(days=700)  # what is older came by a backfill
_YEARS, _GROWTH = 15, 0.6  # the smaller, the more articles are new
_LINES = 6  # an article, at the median; each has 36 words on average
_MIXED = 40_000  # lines that no newspaper wrote
_BATCH = 1000
_UNSAFE = "journal_mode = off", "synchronous = off", "foreign_keys = off", "cache_size = -999999"

PUBLISHERS = (
    ("ufuq", "الأفق", "Al Ufuq", "SY", 30), ("nahar", "نهار المدينة", "Nahar", "LB", 20),
    ("sahil", "صوت الساحل", "Sahil", "YE", 12), ("atlas", "أخبار الأطلس", "Atlas", "MA", 10),
    ("waha", "الواحة", "Al Waha", "EG", 8), ("jisr", "الجسر", "Al Jisr", "IQ", 6),
    ("minbar", "منبر الجنوب", "Minbar", "SD", 5), ("rasid", "الراصد", "Rasid", "JO", 4),
    ("qalam", "قلم حر", "Qalam", "TN", 2), ("barq", "البرق", "Barq", "DZ", 1),
    ("shams", "شمس اليوم", "Shams", "LY", 1), ("herald", "The Herald", "The Herald", "GB", 1),
)  # fmt: skip
SECTIONS = ("سياسة", "اقتصاد", "محليات", "رياضة", "ثقافة", "منوعات", "تقارير", "رأي", "صحة", "علوم")
_PREFIXES = ("و", "ف", "ب", "ل", "ك")
_EDITS = (Change.HEADLINE, Change.NUMBER, Change.REMOVED, Change.ADDED, Change.WORDS, Change.SMALL)

_LATER = """
select type, name, sql from sqlite_master where type = 'index' and sql is not null
    or type = 'trigger' and (name like 'article_stems_%' or name like 'articles_story_%')
"""
_COLUMNS = {
    "articles": "id, key, publisher, url, kind, title, deck, byline, byline_from, dateline,"
    " section, language, published_at, published_on, published_from, text, words, image_url,"
    " capture, first_seen_at, last_seen_at, changed_at, revision_count, missing_at, gone_at, story",
    "revisions": "article, number, observed_at, capture, changes, rank, words_in, words_out, title,"
    " deck, byline, section, tags, published_at, published_on, text, image_url, small,"
    " content_hash",
    "captures": "id, url, publisher, kind, fetched_at, status, content_type, charset, sha256,"
    " wire_bytes, revisit, warc_file, warc_offset, warc_length, run, article, outcome",
    "visits": "key, url, publisher, kind, found_at, article, due_at, last_at, last_capture, state",
    "article_tags": "article, tag",
    "article_authors": "article, author, position",
    "images": "article, position, url, caption",
    "problems": "at, run, publisher, url, stage, kind, detail",
}
_STORIES = """
insert into stories (id) select distinct story from articles where story is not null;
update stories set (first_article, first_publisher, title, first_at) = (
        select id, publisher, title, coalesce(published_at, published_on, first_seen_at)
        from articles where story = stories.id order by first_seen_at, id limit 1),
    (last_at, articles, publishers) = (
        select max(coalesce(published_at, published_on, first_seen_at)), count(*),
        count(distinct publisher) from articles where story = stories.id);
update stories set spread = max(0, cast(
    round(86400 * (julianday(last_at) - julianday(first_at))) as integer));
"""

_POLLS = f"""
insert into run_publishers (run, publisher, outcome, requests, new)
    select run, publisher, 'news', count(*), sum(outcome = 'new') from captures group by 1, 2;
insert into visits (key, url, publisher, kind, found_at, due_at, last_at, state)
    select homepage || 'feed', homepage || 'feed', slug, 'feed', '{iso(BEGAN)}', '{iso(NOW)}',
    '{iso(NOW - timedelta(minutes=15))}', 'done' from publishers;
"""


def archive_of(articles: int) -> Path:
    """Return the folder of an archive of so many articles; it is made unless it is there."""
    name = f"{articles}-{_VERSION}-{FIRST.rpartition('_')[2]}"
    root = Path(tempfile.gettempdir()) / "warraq-benchmarks" / name
    if not root.is_dir():
        for old in root.parent.glob(f"{articles}-*"):
            shutil.rmtree(old)
        root.parent.mkdir(exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=root.parent, prefix="making-"))
        with closing(open_for_writing(made)) as db:
            fill(db, articles)
        made.rename(root)
    return root


def fill(db: sqlite3.Connection, articles: int) -> None:
    """Fill an empty archive; its indexes, triggers and search index are made at the end."""
    for setting in _UNSAFE:
        db.execute(f"pragma {setting}")
    scripts = db.execute(_LATER).fetchall()
    for kind, name, _ in scripts:
        db.execute(f"drop {kind} {name}")
    db.execute("begin")
    _catalogue(db)
    for first in range(0, articles, _BATCH):
        insert(db, range(first, min(first + _BATCH, articles)))
    for _, _, sql in sorted(scripts):  # indexes first, which the stories need
        db.execute(sql)
    run_script(db, _STORIES)
    run_script(db, _POLLS)
    db.create_function("warraq_analyse", 1, _analysed)
    rebuild_index(db)
    db.execute("commit")
    db.execute("pragma journal_mode = wal")


def insert(db: sqlite3.Connection, numbers: range) -> None:
    """Add the articles of these numbers, with their rows in other tables."""
    for table, added in _rows(numbers).items():
        columns = _COLUMNS[table]
        marks = ", ".join("?" * len(columns.split(",")))
        db.executemany(f"insert into {table} ({columns}) values ({marks})", added)


def _catalogue(db: sqlite3.Connection) -> None:
    """Add publishers, authors, tags and runs, four a day since the archive began."""
    db.executemany(
        "insert into publishers values (?, ?, ?, ?, ?, ?, 'Asia/Damascus', null)",
        [(slug, name, latin, f"https://{slug}.example/", country, _language(slug))
         for slug, name, latin, country, _ in PUBLISHERS],
    )  # fmt: skip
    for table, name in (("authors", "كاتب"), ("tags", "وسم")):
        rows = [(f"{name} {word} {number}",) for number, word in enumerate(_frequent()[:400])]
        db.executemany(f"insert into {table} (name) values (?)", rows)
    runs = [
        (f"mine-{number}", iso(at), iso(at + timedelta(hours=1)))
        for number in range(2800)
        for at in [BEGAN + timedelta(hours=6 * number)]
    ]
    db.executemany(
        "insert into runs (name, command, started_at, ended_at, state, pid, requests, new)"
        " values (?, 'crawl', ?, ?, 'finished', 1, 100, 20)",
        runs,
    )


def _language(slug: str) -> str:
    return "en" if slug == "herald" else "ar"


@cache
def _lines() -> list[str]:
    """Return lines of texts: half of them real sentences, half words by their frequency."""
    chance, sentences = random.Random(1), gzip.decompress(SENTENCES.read_bytes()).decode()
    counted = Counter(sentences.split())
    rare = [word for word, times in counted.items() if times == 1]
    words = counted | {prefix + word: 0.05 for word in rare for prefix in _PREFIXES}
    spelt, weights = list(words), list(itertools.accumulate(words.values()))
    known = sentences.splitlines()
    mixed = [
        " ".join(chance.choices(spelt, cum_weights=weights, k=chance.randint(15, 60)))
        for _ in range(_MIXED)
    ]
    return mixed + known * max(1, _MIXED // len(known))


def _frequent() -> list[str]:
    counted = Counter(word for line in _lines() for word in line.split() if len(word) > 3)
    return [word for word, _ in counted.most_common(400)]


def _text(number: int) -> str:
    """Return the text of an article, the same for the same number."""
    chance = random.Random(number)
    wanted = chance.lognormvariate(0, 0.6) * _LINES
    return "\n".join(chance.choices(_lines(), k=int(wanted) + 1))


@cache
def _line_analysed(line: str) -> str:
    return analysed(line)


def _analysed(text: str | None) -> str | None:
    """Return a text as the index has it, for lines of which many texts are made."""
    return text and " ".join(map(_line_analysed, text.split("\n")))


def _rows(numbers: range) -> dict[str, list[tuple[object, ...]]]:
    """Return rows by the name of their table."""
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _COLUMNS}
    for number in numbers:
        _add(rows, number, random.Random(f"row {number}"))
    return rows


def _add(rows: dict[str, list[tuple[object, ...]]], number: int, chance: random.Random) -> None:
    (
        slug,
        *_,
    ) = chance.choices(PUBLISHERS, [weight for *_, weight in PUBLISHERS])[0]
    url = f"https://{slug}.example/{number % 15 + 2012}/{number}"
    article, capture = article_id(url), article_id(f"capture {url}")
    published = NOW - timedelta(days=365 * _YEARS * chance.random() ** (1 / _GROWTH))
    seen = max(published + timedelta(minutes=chance.randint(2, 90)), BEGAN + timedelta(
        minutes=chance.randint(0, 60 * 24 * 30)))  # fmt: skip
    is_reprint = number % 10 == 9
    text = _text(number - 1 if is_reprint else number)
    title, tags = " ".join(text.split()[:9]), chance.sample(range(1, 301), 3)
    if is_reprint:
        text = f"{text}\n{title}"
    story = article_id(f"story {number // 10}") if number % 10 >= 8 else None
    edited, gone = chance.random() < 0.05, chance.random() < 0.02
    changed = iso(seen + timedelta(hours=chance.randint(1, 48))) if edited else None
    has_day, has_time = chance.random() < 0.97, chance.random() < 0.95
    day = iso(published)[:10] if has_day else None
    moment = iso(published) if has_day and has_time else None
    deck = " ".join(text.split()[10:24]) if chance.random() < 0.4 else None
    section = chance.choice(SECTIONS)
    author = chance.randint(1, 400) if chance.random() < 0.7 else None
    byline = f"كاتب {author}" if author else None
    image = f"https://{slug}.example/{number}.jpg"
    last = article_id(f"second capture {url}") if edited else capture
    rows["articles"].append((
        article, url, slug, url, "article", title, deck, byline, "json-ld" if author else None,
        None, section, _language(slug), moment, day, "json-ld" if day else None, text,
        text.count(" ") + 1, image, last, iso(seen), changed or iso(seen), changed, 1 + edited,
        iso(seen) if gone else None, iso(seen + timedelta(days=9)) if gone else None, story,
    ))  # fmt: skip
    for revision in range(1, 2 + edited):
        is_last = revision == 1 + edited
        change = _EDITS[number % len(_EDITS)] if revision == 2 else None
        rows["revisions"].append((
            article, revision, changed if revision == 2 else iso(seen),
            last if revision == 2 else capture, json.dumps([change]) if change else None,
            change.rank if change else None, 7 if change else None, 2 if change else None,
            title if is_last else f"{title} أولا", deck, byline, section,
            json.dumps([f"وسم {tag}" for tag in tags], ensure_ascii=False), moment, day,
            None if is_last else text.replace(" من ", " في ", 5), image, change is Change.SMALL,
            f"{article:x}{revision}",
        ))  # fmt: skip
    visits = [(capture, seen, 0, "new")]
    if edited:
        visits.append((last, datetime.fromisoformat(changed or ""), 0, "changed"))
    elif chance.random() < 0.3:
        visits.append((article_id(f"again {url}"), seen + timedelta(days=1), 1, "same"))
    for name, at, revisit, outcome in visits:
        file = f"{at:%Y-%m}/warraq-{at:%Y%m%d}-mine-001.warc.gz"
        run = min(max(int((at - BEGAN) / timedelta(hours=6)), 0), 2799) + 1
        rows["captures"].append((
            name, url, slug, "article", iso(at), 200, "text/html", "utf-8", f"{name:064x}", 24_000,
            revisit, file, number * 30_000, 24_500, run, article, outcome,
        ))  # fmt: skip
    due = iso(NOW + timedelta(days=chance.randint(0, 30))) if chance.random() < 0.1 else None
    seen_last = iso(visits[-1][1])
    rows["visits"].append((
        url, url, slug, "article", iso(seen), article, due, seen_last, visits[-1][0], "done"
    ))  # fmt: skip
    rows["article_tags"] += [(article, tag) for tag in tags]
    if author:
        rows["article_authors"].append((article, author, 0))
    rows["images"].append((article, 0, image, title[:40]))
    if chance.random() < 0.02:
        rows["problems"].append((iso(seen), 1, slug, url, "extract", "no-date", "no date found"))


@click.command()
@click.argument("articles", type=int)
def main(articles: int) -> None:
    """Make an archive of so many articles, unless it is there, and print its folder."""
    click.echo(archive_of(articles))


if __name__ == "__main__":
    main()
