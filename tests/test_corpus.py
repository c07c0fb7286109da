"""Real saved pages of real publishers, served on loopback and archived by the very same road.

`python -m tests.test_corpus` prints what came out right and wrong, page by page.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from archive.database import open_for_reading
from archive.models import WarcLocation
from archive.urls import identity_key
from archive.warc.reader import read_payload
from crawler.crawl import Job, crawl
from crawler.publisher import Publisher
from tests.accuracy import ERRATA
from tests.crawler.wire import http, serving

CORPUS = Path(__file__).resolve().parents[1] / ".." / "shared" / "corpus"
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real pages is not beside this project"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A saved page, its gold, and what the archive holds of it."""

    slug: str
    gold: dict[str, Any]
    body: bytes
    kept: bytes
    article: dict[str, Any] | None
    problems: tuple[str, ...]


def archive_corpus(root: Path) -> list[Saved]:
    """Serve the pages at their own paths, archive them, and read back what was kept."""
    golds = [json.loads(line) for line in (CORPUS / "index.jsonl").read_text("utf-8").splitlines()]
    golds = [gold | ERRATA.get(gold["slug"], {}) for gold in golds]
    with serving() as site:
        addresses = {gold["slug"]: site.url + _target(gold) for gold in golds}
        for gold in golds:
            site.answers[_target(gold)] = (http(_body(gold), media=_media(gold)),)
        publishers = [
            Publisher(slug=gold["slug"], name=_name(gold), homepage=f"{site.url}/", delay=0)
            for gold in golds
        ]
        job = Job(
            root=root,
            publishers=publishers,
            command="corpus",
            addresses=[(url, slug) for slug, url in addresses.items()],
        )
        asyncio.run(crawl(job))
    db = open_for_reading(root)
    saved = [_saved(db, root, gold, addresses[gold["slug"]]) for gold in golds]
    db.close()
    return saved


def _target(gold: dict[str, Any]) -> str:
    parts = urlsplit(gold["url"] or f"http://x/{gold['slug']}.html")
    return quote(parts.path or "/", safe="/%.-_~")


def _media(gold: dict[str, Any]) -> str:
    charset = gold["declared_charset"]
    return f"text/html; charset={charset}" if charset else "text/html"


def _name(gold: dict[str, Any]) -> str:
    return str(gold["publisher"] or gold["slug"]).partition(" (")[0]


def _body(gold: dict[str, Any]) -> bytes:
    return (CORPUS / "pages" / f"{gold['slug']}.html").read_bytes()


def _saved(db, root: Path, gold: dict[str, Any], url: str) -> Saved:
    db.row_factory = None
    cursor = db.execute(
        "select a.* from visits v join articles a on a.id = v.article where v.key = ?",
        (identity_key(url),),
    )
    row = cursor.fetchone()
    article = row and dict(zip([name for name, *_ in cursor.description], row, strict=True))
    place = db.execute(
        "select warc_file, warc_offset, warc_length from captures where url = ?", (url,)
    ).fetchone()
    problems = db.execute(
        "select kind, detail from problems where url = ? order by id", (url,)
    ).fetchall()
    location = WarcLocation(file=place[0], offset=place[1], length=place[2])
    return Saved(
        slug=gold["slug"],
        gold=gold,
        body=_body(gold),
        kept=read_payload(root / "warc", location),
        article=article,
        problems=tuple(f"{kind}: {detail}" for kind, detail in problems),
    )


def f1(found: str, wanted: str) -> tuple[float, float]:
    """Return F1 and recall over the words of two texts, each word as often as it stands."""
    one, other = Counter(found.split()), Counter(wanted.split())
    common = sum((one & other).values())
    if not common:
        return 0.0, 0.0
    recall = common / sum(other.values())
    precision = common / sum(one.values())
    return 2 * precision * recall / (precision + recall), recall


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> list[Saved]:
    return archive_corpus(tmp_path_factory.mktemp("corpus"))


def test_every_page_is_kept_byte_for_byte(saved):
    assert [page.slug for page in saved if page.kept != page.body] == []


def test_articles_become_articles_and_nothing_else_does(saved):
    articles = {page.slug for page in saved if page.article}
    assert articles == {page.slug for page in saved if page.gold["kind"] == "article"}


def test_what_is_no_article_leaves_a_problem(saved):
    assert all(page.problems for page in saved if not page.article)


def test_titles_are_exact(saved):
    golds = [page for page in saved if page.gold["gold_title"] and page.article]
    wrong = {page.slug: page.article["title"] for page in golds
             if page.article["title"] != page.gold["gold_title"]}  # fmt: skip
    assert wrong == {}


def test_no_date_is_wrong(saved):
    dated = [page for page in saved if page.article and page.article["published_on"]]
    wrong = {page.slug: page.article["published_on"] for page in dated
             if page.article["published_on"] != page.gold["gold_date"]}  # fmt: skip
    assert wrong == {}


def test_nearly_all_of_the_text_is_there_and_little_else(saved):
    golds = [page for page in saved if page.gold["gold_text"] and page.article]
    scores = {page.slug: f1(page.article["text"], page.gold["gold_text"]) for page in golds}
    assert {slug: score for slug, score in scores.items() if score[1] < 0.97} == {}
    assert {slug: score for slug, score in scores.items() if score[0] < 0.95} == {}


def _lines(saved: list[Saved]) -> Iterator[str]:
    for page in saved:
        yield f"{page.slug}: {'article' if page.article else 'no article'}"
        yield f"  bytes   {'exact' if page.kept == page.body else 'WRONG'}"
        if page.article:
            for ours, gold in (("title", "gold_title"), ("published_on", "gold_date"),
                               ("byline", "gold_author"), ("language", "lang")):  # fmt: skip
                found, wanted = page.article[ours], page.gold[gold]
                verdict = "right" if found == wanted else "null" if found is None else "other"
                yield f"  {ours:<13} {verdict:<6} {found!r} (gold {wanted!r})"
            if page.gold["gold_text"]:
                score, recall = f1(page.article["text"], page.gold["gold_text"])
                yield f"  text          F1 {score:.3f}, recall {recall:.3f}"
        yield from (f"  problem       {problem}" for problem in page.problems)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(_lines(archive_corpus(Path(folder)))))
