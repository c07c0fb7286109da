"""How long an article looks for its versions in a large archive, and what the sketches weigh.

`python -m tests.benchmarks.stories --articles 200000` puts articles of about 300 words together
from the shared sentences of real Arabic news: five in six sentences have their words in a new
order, one is repeated as it stands, as newspapers repeat their phrases; one article in ten is a
reprint. The search index is left out, tests.benchmarks.search measures it.
"""

import gzip
import random
import statistics
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from archive import stories
from archive.clock import iso
from archive.database import open_for_writing
from archive.urls import article_id
from tests.archive.newsroom import add_article

SENTENCES = Path(__file__).resolve().parents[2] / ".." / "shared/arabic/news-sentences.txt.gz"
BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
WORDS_PER_ARTICLE, BATCH, PROBES, RECENT = 300, 100, 500, 1000


def composed(sentences, chance):
    """Return a text nobody wrote before, with some sentences that many did."""
    lines, words = [], 0
    while words < WORDS_PER_ARTICLE:
        line = chance.choice(sentences).split()
        words += len(line)
        if chance.random() < 5 / 6:
            chance.shuffle(line)
        lines.append(" ".join(line))
    return "\n".join(lines)


def reprinted(text, chance):
    """Return a text as another newspaper prints it: shortened, or with some words changed."""
    if chance.random() < 0.3:
        lines = text.split("\n")
        return "\n".join(lines[: len(lines) // 2])
    words = text.split(" ")
    return " ".join("كلمة" if chance.random() < 0.02 else word for word in words)


def grow(connection, sentences, chance, first, number):
    """Add so many articles in batches; return the milliseconds and processor's of each search."""
    spent: list[tuple[float, float]] = []
    recent: list[str] = []
    for number_of in range(first, first + number):
        if number_of % BATCH == 0 and connection.in_transaction:
            connection.execute("commit")
        if not connection.in_transaction:
            connection.execute("begin")
        again = recent and chance.random() < 0.1
        text = reprinted(chance.choice(recent), chance) if again else composed(sentences, chance)
        recent = [*recent[-RECENT:], text]
        article = article_id(f"https://news.example/{number_of}")
        seen = iso(BEGAN + timedelta(seconds=number_of))
        add_article(connection, id=article, text=text, first_seen_at=seen)
        started, busy = time.perf_counter(), time.process_time()
        stories.enter(connection, article)
        took = time.perf_counter() - started, time.process_time() - busy
        spent.append((took[0] * 1000, took[1] * 1000))
    stories.settle(connection)
    connection.execute("commit")
    return spent


@click.command()
@click.option("--articles", default=10_000, show_default=True)
def measure(articles: int) -> None:
    """Print the time an article takes at the end, and the bytes of its sketch."""
    sentences = gzip.decompress(SENTENCES.read_bytes()).decode().splitlines()
    chance = random.Random(1)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_for_writing(Path(folder))) as connection,
    ):
        connection.execute("drop trigger article_stems_insert")
        grow(connection, sentences, chance, 1, articles)
        spent = grow(connection, sentences, chance, articles + 1, PROBES)
        (found,) = connection.execute("select count(*) from stories").fetchone()
        connection.execute("drop table story_sketches")
        (freed,) = connection.execute("pragma freelist_count").fetchone()
    click.echo(f"{articles} articles, {found} stories; one more takes")
    for what, times in zip(("time", "processor"), zip(*spent, strict=True), strict=True):
        p95 = sorted(times)[int(len(times) * 0.95)]
        click.echo(
            f"{what:9}  median {statistics.median(times):.1f} ms, p95 {p95:.1f} ms,"
            f" at most {max(times):.1f} ms"
        )
    click.echo(f"sketches   {freed * 4096 / (articles + PROBES):.0f} bytes per article")


if __name__ == "__main__":
    measure()
