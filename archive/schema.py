"""The tables of the archive, made and changed only through migrations."""

from sqlite_utils import Database, Migrations

from archive.former import bring_up_to_date
from archive.search.index import create_index, register
from archive.stories import create_stories
from archive.tables import TABLES
from archive.urls import canonical

MIGRATIONS = Migrations("warraq")


@MIGRATIONS()
def m001_tables(db: Database) -> None:
    """Create the tables of the first release."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            db.execute(statement)


@MIGRATIONS()
def m002_search_index(db: Database) -> None:
    """Create the search index over the articles there are, kept up to date by triggers."""
    register(db.conn)
    create_index(db.conn)


@MIGRATIONS()
def m003_hosts_and_shapes(db: Database) -> None:
    """Create the memory of hosts that are left alone, and of addresses that lead nowhere."""
    db.execute(
        "create table hosts (host text primary key, not_before text not null,"
        " strikes integer not null) strict"
    )
    db.execute(
        "create table shapes (publisher text not null references publishers(slug),"
        " shape text not null, fruitful integer not null default 0,"
        " fruitless integer not null default 0, rests_until text,"
        " primary key (publisher, shape)) strict, without rowid"
    )


@MIGRATIONS()
def m004_stories(db: Database) -> None:
    """Create the stories, and group the articles there are."""
    register(db.conn)
    create_stories(db.conn)


@MIGRATIONS()
def m005_withholdings(db: Database) -> None:
    """Create the record of what was withheld from readers, when and why."""
    db.execute(
        "create table withholdings (id integer primary key,"
        " article integer not null references articles(id), at text not null,"
        " act text not null check (act in ('withhold', 'unwithhold')), reason text) strict"
    )
    db.execute("create index withholdings_article on withholdings(article)")


_SHOWN = """
create table embeds (
    article integer not null references articles(id),
    position integer not null,
    provider text not null,
    url text not null,
    primary key (article, position)
) strict, without rowid;
create index embeds_url on embeds(url);
create index embeds_provider on embeds(provider);

create table images (
    article integer not null references articles(id),
    position integer not null,
    url text not null,
    caption text,
    credit text,
    alt text,
    primary key (article, position)
) strict, without rowid;
create index images_url on images(url);
create index images_credit on images(credit) where credit is not null;
"""


@MIGRATIONS()
def m006_embeds_and_images(db: Database) -> None:
    """Create the posts, videos and images that articles show; known articles have none yet."""
    for statement in _SHOWN.split(";\n"):
        if statement.strip():
            db.execute(statement)


@MIGRATIONS()
def m007_renderings(db: Database) -> None:
    """Create the places of pages as a browser showed them, beside the bytes they came from."""
    db.execute(
        "create table renderings (id integer primary key,"
        " capture integer not null references captures(id), rendered_at text not null,"
        " sha256 text not null, bytes integer not null, warc_file text not null,"
        " warc_offset integer not null, warc_length integer not null,"
        " unique (warc_file, warc_offset)) strict"
    )
    db.execute("create index renderings_capture on renderings(capture)")


@MIGRATIONS()
def m008_past(db: Database) -> None:
    """Tell news from the past, which walks of its own visit; keep when links say they changed."""
    for statement in (
        "alter table visits add column past integer not null default 0",
        "alter table visits add column earliest_on text",
        "alter table visits add column latest_on text",
        "alter table links add column modified text",
        "drop index visits_due",
        """create index visits_due on visits(publisher, kind, due_at)
            where due_at is not null and past = 0""",
        """create index visits_past on visits(publisher, kind, latest_on)
            where due_at is not null and past = 1""",
        "create index visits_pages on visits(found_in) where kind = 'section'",
        "create index links_found_in on links(found_in)",
    ):
        db.execute(statement)


_TOLD = """
create table warc_files (
    name text primary key,
    run integer not null references runs(id),
    bytes integer not null
) strict, without rowid;
insert into warc_files select warc_file, max(run), max(warc_offset + warc_length)
from captures group by warc_file;

alter table captures add column article integer references articles(id);
update captures set article = (select min(article) from revisions where capture = captures.id)
where id in (select capture from revisions);
update captures set article = (select min(id) from articles where capture = captures.id)
where article is null and id in (select capture from articles);
update captures set article = (select article from visits where key = canonical(captures.url))
where article is null and kind = 'article' and canonical(url) in (
    select canonical(url) from captures where article is not null
);
create index captures_article on captures(article) where article is not null;
"""


@MIGRATIONS()
def m009_told_in_warc(db: Database) -> None:
    """Keep how far WARC files are acknowledged, and which article a capture is one of.

    In older archives: what it was read from, and the looks at the addresses that led there first.
    """
    db.conn.create_function("canonical", 1, _key, deterministic=True)
    for statement in _TOLD.split(";\n"):
        if statement.strip():
            db.execute(statement)


def _key(url: str) -> str:
    try:
        return canonical(url)
    except ValueError:
        return url


@MIGRATIONS()
def m010_first_days(db: Database) -> None:
    """Give an archive of the first days the columns, the index and the digests of today."""
    bring_up_to_date(db.conn)


@MIGRATIONS()
def m011_imports(db: Database) -> None:
    """Create the memory of how far foreign WARC files were read."""
    db.execute(
        "create table imports (key text primary key, source text not null, languages text not null,"
        " bytes integer not null, place text not null, read_at text not null,"
        " records integer not null default 0, articles integer not null default 0) strict,"
        " without rowid"
    )


@MIGRATIONS()
def m012_spare_indexes(db: Database) -> None:
    """Drop indexes that another one serves as well, or that no question of ours asks.

    A 304 brings no payload, and so has no digest of one.
    """
    for index in ("articles_published_on", "images_url", "images_credit", "captures_sha256"):
        db.execute(f"drop index if exists {index}")
    db.execute("update captures set sha256 = null where status = 304")
    db.execute("create index captures_sha256 on captures(sha256) where sha256 is not null")


@MIGRATIONS()
def m013_captures_of_no_article(db: Database) -> None:
    """Index the addresses of those captures alone that no article leads to."""
    db.execute("drop index captures_url")
    db.execute("create index captures_url on captures(url) where article is null")
