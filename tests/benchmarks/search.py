"""How fast the index is written and asked, and how large it is.

`python -m tests.benchmarks.search --articles 200000` puts articles of about 300 words together
from the shared sentences of real Arabic news.
"""

import gzip
import random
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import click

from archive.arabic import analyse, tokens
from archive.database import open_for_reading, open_for_writing
from archive.index import rebuild_index
from archive.search import search
from tests.archive.newsroom import add_article

SENTENCES = Path(__file__).resolve().parents[2] / ".." / "shared/arabic/news-sentences.txt.gz"
WORDS_PER_ARTICLE, BATCH, QUERIES = 300, 100, 40


def article(sentences, chance):
    """Return the fields of an article made of sentences drawn by `chance`."""
    lines: list[str] = []
    while sum(line.count(" ") + 1 for line in lines) < WORDS_PER_ARTICLE:
        lines.append(chance.choice(sentences))
    day = f"20{chance.randint(10, 25)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return {"title": chance.choice(sentences)[:80], "text": "\n".join(lines), "published_on": day}


def write(connection, sentences, number, chance):
    """Insert `number` articles in batches, index and all; return rows per second."""
    spent = 0.0
    for first in range(1, number + 1, BATCH):
        rows = [article(sentences, chance) for _ in range(BATCH)]
        started = time.perf_counter()
        connection.execute("begin")
        for place, row in enumerate(rows):
            add_article(connection, id=first + place, **row)
        connection.execute("commit")
        spent += time.perf_counter() - started
    return number / spent


def ask(connection, sentences, chance, words, order):
    """Return the milliseconds, and the processor's, of queries of so many neighbouring words."""
    spent: list[tuple[float, float]] = []
    while len(spent) < QUERIES:
        line = [token.text for token in tokens(chance.choice(sentences))]
        start = chance.randrange(max(1, len(line) - words + 1))
        started, busy = time.perf_counter(), time.process_time()
        search(connection, " ".join(line[start : start + words]), order=order)
        took = time.perf_counter() - started, time.process_time() - busy
        spent.append((took[0] * 1000, took[1] * 1000))
    return zip(*spent, strict=True)


@click.command()
@click.option("--articles", default=10_000, show_default=True)
def measure(articles: int) -> None:
    """Print the speed of writing, rebuilding and asking, and the size of the index."""
    sentences = gzip.decompress(SENTENCES.read_bytes()).decode().splitlines()
    chance = random.Random(1)
    sample = "\n".join(sentences)
    analyse(sample)
    started = time.perf_counter()
    analyse(sample)
    click.echo(f"analyse   {len(sample.encode()) / 1e6 / (time.perf_counter() - started):.1f} MB/s")
    with tempfile.TemporaryDirectory() as folder:
        with closing(open_for_writing(Path(folder))) as connection:
            click.echo(f"insert    {write(connection, sentences, articles, chance):.0f} articles/s")
            size = "select sum(length(cast(text as blob))) from articles"
            (text_bytes,) = connection.execute(size).fetchone()
            started = time.perf_counter()
            rebuild_index(connection)
            speed = text_bytes / 1e6 / (time.perf_counter() - started)
            size = "select sum(length(block)) from articles_fts_data"
            (index_bytes,) = connection.execute(size).fetchone()
        click.echo(f"rebuild   {speed:.1f} MB of text/s")
        click.echo(f"size      {index_bytes / text_bytes:.2f} bytes of index per byte of text")
        with closing(open_for_reading(Path(folder))) as connection:
            for words in (1, 2, 3, 4, 5, 6):
                for order in ("best", "new"):
                    told = "; ".join(
                        f"{what} median {statistics.median(times):.0f} ms,"
                        f" p95 {sorted(times)[int(len(times) * 0.95)]:.0f} ms"
                        for what, times in zip(
                            ("time", "processor"),
                            ask(connection, sentences, chance, words, order),
                            strict=True,
                        )
                    )
                    click.echo(f"{words} words, {order:4}  {told}")


if __name__ == "__main__":
    measure()
