"""Stop 9, last step: an article joins the versions of it that the archive holds, as one story.

A story is a group of articles in which each is a version of another one, and bears the id of the
article that was seen first: the same in whatever order its articles came. Triggers keep a story's
row true to its articles, whoever withholds, redates or deletes one.
"""

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from archive.shingles import Runs, are_versions, shingles, sketch_of

_POSTINGS = 100  # articles looked up per run; of phrases that thousands share the first do
_COMMON = 20  # articles from which on a run is just a common one
_LEAST = 0.2  # shared runs of a candidate, each divided by how many share it
_COMPARED = 5  # texts read at most for one article

MOMENT = "min(coalesce(published_at, published_on || 'T24', first_seen_at), first_seen_at)"
"""SQL by which the versions of a story are put in order: a day alone counts as its end."""

_STATED = "coalesce(published_at, published_on, first_seen_at)"

_TELL = f"""\
    update stories set
        (first_article, first_publisher, title, first_at) = (
            select id, publisher, title, {_STATED} from articles
            where story = stories.id and withheld_at is null order by {MOMENT}, id limit 1
        ),
        last_at = (
            select {_STATED} from articles where story = stories.id and withheld_at is null
            order by {MOMENT} desc, id desc limit 1
        ),
        (articles, publishers) = (
            select count(*), count(distinct publisher) from articles
            where story = stories.id and withheld_at is null
        )
    where id in (old.story, new.story);
    update stories set spread = max(
        0, cast(round(86400 * (julianday(last_at) - julianday(first_at))) as integer)
    )
    where id in (old.story, new.story);"""  # noqa: S608 - the values are our own constants

STORIES_SQL = f"""
create table stories (
    id integer primary key,
    title text,
    first_article integer references articles(id),
    first_publisher text references publishers(slug),
    first_at text,
    last_at text,
    spread integer,
    articles integer not null default 0,
    publishers integer not null default 0
) strict;

create index stories_first_at on stories(first_at);

create index stories_first_publisher on stories(first_publisher);

create index stories_first_article on stories(first_article);

create index stories_articles on stories(articles);

create index articles_story on articles(story) where story is not null;

create table story_sketches (
    hash integer not null,
    article integer not null,
    primary key (hash, article)
) strict, without rowid;

create trigger articles_story_update
after update of story, title, publisher, published_at, published_on, withheld_at on articles
when old.story is not new.story or (new.story is not null and (
    old.title is not new.title or old.publisher is not new.publisher
    or old.published_at is not new.published_at or old.published_on is not new.published_on
    or old.withheld_at is not new.withheld_at
)) begin
{_TELL}
end;

create trigger articles_story_delete after delete on articles when old.story is not null begin
{_TELL.replace("(old.story, new.story)", "(old.story)")}
end;
"""


def create_stories(db: sqlite3.Connection) -> None:
    """Create the tables of stories and their triggers."""
    for statement in STORIES_SQL.split("\n\n"):
        db.execute(statement)


def enter(db: sqlite3.Connection, article: int) -> None:
    """Look for versions of an article that has none yet, and make them one story with it."""
    text = _text(db, article)
    hashes = sketch_of(text)
    versions = list(_versions(db, article, text, hashes))
    db.executemany(
        "insert or ignore into story_sketches values (?, ?)", [(hash_, article) for hash_ in hashes]
    )
    if versions:
        _join(db, [article, *versions])


@contextlib.contextmanager
def reconsidered(db: sqlite3.Connection, article: int, text: str) -> Iterator[None]:
    """Let an article's text become `text` inside, and look for its versions anew if it differs."""
    (before,) = db.execute("select text from articles where id = ?", (article,)).fetchone()
    if before != text:
        _leave(db, article)
    yield
    if before != text:
        enter(db, article)


def _leave(db: sqlite3.Connection, article: int) -> None:
    """Take an article out of its story, before its text changes; what it held together parts."""
    db.executemany(
        "delete from story_sketches where hash = ? and article = ?",
        [(hash_, article) for hash_ in sketch_of(_text(db, article))],
    )
    (story,) = db.execute("select story from articles where id = ?", (article,)).fetchone()
    if story is None:
        return
    left = {
        other: _runs(db, other)
        for (other,) in db.execute("select id from articles where story = ?", (story,)).fetchall()
        if other != article
    }
    db.execute("update articles set story = null where story = ?", (story,))
    db.execute("delete from stories where id = ?", (story,))
    for group in _groups(left):
        if len(group) > 1:
            _join(db, group)


def _versions(
    db: sqlite3.Connection, article: int, text: str, hashes: Iterable[int]
) -> Iterator[int]:
    """Yield other articles that are versions of an article's text, one of each story."""
    known: set[int] = set()
    compared = 0
    for candidate in _candidates(db, hashes):
        row = db.execute("select story from articles where id = ?", (candidate,)).fetchone()
        if row is None or row[0] in known or candidate == article:
            continue
        compared += 1
        if compared > _COMPARED:
            return
        if are_versions(shingles(text), _runs(db, candidate)):
            if row[0] is not None:
                known.add(row[0])
            yield candidate


def _candidates(db: sqlite3.Connection, hashes: Iterable[int]) -> list[int]:
    """Return the articles whose sketches share enough of these hashes, the likeliest first."""
    scores: dict[int, float] = defaultdict(float)
    for hash_ in hashes:
        found = db.execute(
            "select article from story_sketches where hash = ? order by article limit ?",
            (hash_, _POSTINGS),
        ).fetchall()
        weight = 1 / min(max(1, len(found)), _COMMON)
        for (article,) in found:
            scores[article] += weight
    likely = [article for article, score in scores.items() if score >= _LEAST]
    return sorted(likely, key=lambda article: (-scores[article], article))


def _join(db: sqlite3.Connection, articles: Collection[int]) -> None:
    """Make one story of these articles and of the stories they are in."""
    marks = ", ".join("?" * len(articles))
    stories = [
        story
        for (story,) in db.execute(
            f"select distinct story from articles where id in ({marks}) and story is not null",  # noqa: S608
            (*articles,),
        )
    ]
    members = [*articles, *stories]
    marks = ", ".join("?" * len(members))
    (first,) = db.execute(
        f"select id from articles where id in ({marks}) order by first_seen_at, id limit 1",  # noqa: S608
        members,
    ).fetchone()
    db.execute("insert or ignore into stories (id) values (?)", (first,))
    for story in stories:
        if story != first:
            db.execute("update articles set story = ? where story = ?", (first, story))
            db.execute("delete from stories where id = ?", (story,))
    for article in articles:
        db.execute(
            "update articles set story = ? where id = ? and story is not ?", (first, article, first)
        )


def _groups(texts: dict[int, Runs]) -> list[list[int]]:
    """Return the articles in groups in which each is a version of another one."""
    groups = []
    rest = sorted(texts)
    while rest:
        group, rest = [rest[0]], rest[1:]
        for article in group:
            near = {other for other in rest if are_versions(texts[article], texts[other])}
            group += sorted(near)
            rest = [other for other in rest if other not in near]
        groups.append(group)
    return groups


def _runs(db: sqlite3.Connection, article: int) -> Runs:
    return shingles(_text(db, article))


def _text(db: sqlite3.Connection, article: int) -> str:
    return str(db.execute("select text from articles where id = ?", (article,)).fetchone()[0])
