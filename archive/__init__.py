"""The keeper: records, revisions, search and the reading room. Knows nothing of the crawler.

from archive import Archive

with Archive("warraq-archive") as archive:
    for hit in archive.search("اللاجئون"):
        print(hit.published_on, hit.title, hit.url)
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
from archive.reading import Archive
from archive.records import (
    Capture,
    Embed,
    Exchange,
    Extraction,
    Image,
    Kind,
    Link,
    Outcome,
    Page,
    PageKind,
    Problem,
    Publisher,
    Reading,
    Run,
    Visit,
    WarcLocation,
)
from archive.search import Hit
from archive.store import Store

__all__ = [
    "Archive",
    "ArchiveError",
    "ArchiveLocked",
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
    "Page",
    "PageKind",
    "Problem",
    "Publisher",
    "Reading",
    "Run",
    "StaleIndex",
    "Store",
    "Visit",
    "WarcLocation",
]
