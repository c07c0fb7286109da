"""How much an archive holds, and what an article costs in bytes."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archive.database import NAME, open_for_reading
from archive.rows import record, select
from archive.session import WARC_FOLDER
from archive.warc.files import present

# Bytes in UTF-8 (octet_length would need SQLite 3.43), of current and of earlier texts; they are
# read from indexes on the same expression.
_BY_PUBLISHER = """
select p.slug as publisher, p.name,
    (select count(*) from articles where publisher = p.slug) as articles,
    (select count(*) from revisions r join articles a on a.id = r.article
        where a.publisher = p.slug) as revisions,
    (select count(*) from captures where publisher is p.slug) as captures,
    (select coalesce(sum(warc_length), 0) from captures where publisher is p.slug) as warc_bytes,
    (select coalesce(sum(length(cast(text as blob))), 0) from articles
        indexed by articles_publisher_published where publisher = p.slug)
    + (select coalesce(sum(length(cast(r.text as blob))), 0)
        from articles a join revisions r indexed by revisions_text on r.article = a.id
        where a.publisher = p.slug and r.text not null) as text_bytes
from (
    select slug, name from publishers union all
    select null, null where exists (select 1 from captures where publisher is null)
) p
order by articles desc, captures desc, p.slug
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What the archive holds of one publisher.

    `warc_bytes` are those of its answers' records, packed; `text_bytes` those of all its texts in
    UTF-8, earlier ones included. `publisher` is None for what belongs to none, such as robots.txt.
    """

    publisher: str | None
    name: str | None
    articles: int
    revisions: int
    captures: int
    warc_bytes: int
    text_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What the archive holds: sums over all publishers, sizes of files, and each publisher's share.

    `warc_bytes` is the size of all WARC files, `database_bytes` that of archive.db with its log.
    `per_article` has sizes divided by the articles, rounded; None where there are none.
    """

    articles: int
    revisions: int
    captures: int
    text_bytes: int
    warc_files: int
    warc_bytes: int
    database_bytes: int
    per_article: dict[str, int | None]
    publishers: tuple[Share, ...]


def stats(root: Path) -> Stats:
    """Count what the archive in `root` holds; of one moment, but for the sizes of files.

    Raises:
        NewerArchive, NotAnArchive: if `root` holds no archive that can be read.
    """
    with closing(open_for_reading(root)) as db:
        shares = tuple(record(Share, row) for row in select(db, _BY_PUBLISHER))
    files = [(root / WARC_FOLDER / name).stat().st_size for name in present(root / WARC_FOLDER)]
    names = ("articles", "revisions", "captures", "text_bytes")
    sums = {name: sum(getattr(share, name) for share in shares) for name in names}
    sizes = {
        "warc_bytes": sum(files),
        "database_bytes": sum(path.stat().st_size for path in root.glob(f"{NAME}*")),
    }
    costs = sizes | {"text_bytes": sums["text_bytes"]}
    per_article = {
        name: round(size / sums["articles"]) if sums["articles"] else None
        for name, size in costs.items()
    }
    return Stats(**sums, **sizes, warc_files=len(files), per_article=per_article, publishers=shares)
