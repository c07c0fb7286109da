"""The keeper: records, revisions, search and the reading room. Knows nothing of the crawler.

from archive import Archive

with Archive("warraq-archive") as archive:
    for hit in archive.search("اللاجئون"):
        print(hit.published_on, hit.title, hit.url)
    for article in archive.articles(publisher="enabbaladi", since="2020-11-01", edited=True):
        print(article.title, len(archive.revisions(article.id)))
        print(archive.diff(article.id).summary.kinds)

`errors` has what any of it raises, `models` the records that `Store` takes and gives.
"""

from archive import errors, models
from archive.diff import Diff
from archive.reading import Archive, Article, Revision
from archive.search import Hit
from archive.store import Store

__all__ = ["Archive", "Article", "Diff", "Hit", "Revision", "Store", "errors", "models"]
