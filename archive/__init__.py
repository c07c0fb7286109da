"""The keeper: records, revisions, search and the reading room. Knows nothing of the crawler.

from archive import Archive

with Archive("warraq-archive") as archive:
    for hit in archive.search("اللاجئون"):
        print(hit.published_on, hit.title, hit.url)
    for article in archive.articles(publisher="enabbaladi", since="2020-11-01", edited=True):
        print(article.title, len(archive.revisions(article.id)))
"""

from archive.errors import (
    ArchiveError,
    ArchiveLocked,
    DamagedDatabase,
    DamagedWarc,
    NewerArchive,
    NotAnArchive,
    OlderArchive,
    StaleIndex,
)
from archive.models import (
    Capture,
    Embed,
    Exchange,
    Extraction,
    Image,
    Kind,
    Link,
    Outcome,
    PageKind,
    Prepared,
    Problem,
    Publisher,
    Reading,
    Run,
    Runs,
    Visit,
    WarcLocation,
)
from archive.reading import Archive, Article, Revision
from archive.search import Hit
from archive.store import Store

__all__ = [
    "Archive",
    "ArchiveError",
    "ArchiveLocked",
    "Article",
    "Capture",
    "DamagedDatabase",
    "DamagedWarc",
    "Embed",
    "Exchange",
    "Extraction",
    "Hit",
    "Image",
    "Kind",
    "Link",
    "NewerArchive",
    "NotAnArchive",
    "OlderArchive",
    "Outcome",
    "PageKind",
    "Prepared",
    "Problem",
    "Publisher",
    "Reading",
    "Revision",
    "Run",
    "Runs",
    "StaleIndex",
    "Store",
    "Visit",
    "WarcLocation",
]
