"""How fast the index is written and asked, and how large it is.

`python -m tests.benchmarks.search --articles 200000` puts articles of about 300 words together
from the shared sentences of real Arabic news. On a busy machine the processor's clock tells more
than the wall's.
"""

import gzip
import itertools
import random
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import click

from archive.database import open_for_reading, open_for_writing
from archive.search import search
from archive.search.arabic import analyse
from archive.search.arabic import words as split_words
from archive.search.index import rebuild_index
from tests.archive.newsroom import add_article

SENTENCES = Path(__file__).resolve().parents[2] / ".." / "shared/arabic/news-sentences.txt.gz"
WORDS_PER_ARTICLE, BATCH, FURTHER, QUERIES = 300, 100, 1000, 40
BUSY = "; by the processor's clock "


def article(sentences, chance):
    """Return the fields of an article made of sentences drawn by `chance`."""
    lines: list[str] = []
    while sum(line.count(" ") + 1 for line in lines) < WORDS_PER_ARTICLE:
        lines.append(chance.choice(sentences))
    day = f"20{chance.randint(10, 25)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return {"title": chance.choice(sentences)[:80], "text": "\n".join(lines), "published_on": day}


def now():
    """Return the seconds of the wall's clock and of the processor's."""
    return time.perf_counter(), time.process_time()


def since(started):
    return [after - before for before, after in zip(started, now(), strict=True)]


def write(connection, sentences, chance, first, number):
    """Insert `number` articles in batches; return the seconds spent in the database."""
    spent = [0.0, 0.0]
    for batch in range(first, first + number, BATCH):
        rows = [article(sentences, chance) for _ in range(BATCH)]
        started = now()
        connection.execute("begin")
        for place, row in enumerate(rows):
            add_article(connection, id=batch + place, **row)
        connection.execute("commit")
        spent = [some + more for some, more in zip(spent, since(started), strict=True)]
    return spent


def fill(connection, sentences, chance, articles):
    """Insert articles without the index and make it then; print how fast, and its size."""
    named = "select sql from sqlite_master where name = 'article_stems_insert'"
    (trigger,) = connection.execute(named).fetchone()
    connection.execute("drop trigger article_stems_insert")
    write(connection, sentences, chance, 1, articles)
    connection.execute(trigger)
    size = "select sum(length(cast(text as blob))) from articles"
    (text_bytes,) = connection.execute(size).fetchone()
    started = now()
    rebuild_index(connection)
    tell("build", text_bytes / 1e6, since(started), "MB of text/s")
    size = "select sum(length(block)) from article_stems_data"
    (index_bytes,) = connection.execute(size).fetchone()
    click.echo(f"size      {index_bytes / text_bytes:.2f} bytes of index per byte of text")


def ask(connection, sentences, chance, words, order):
    """Return the milliseconds, and the processor's, of queries of so many neighbouring words."""
    spent: list[list[float]] = []
    while len(spent) < QUERIES:
        line = split_words(chance.choice(sentences))
        start = chance.randrange(max(1, len(line) - words + 1))
        started = now()
        search(connection, " ".join(line[start : start + words]), order=order)
        spent.append([seconds * 1000 for seconds in since(started)])
    return zip(*spent, strict=True)


def tell(what, amount, spent, unit):
    time_, processor = (amount / seconds for seconds in spent)
    click.echo(f"{what:9} {time_:.1f} {unit}{BUSY}{processor:.1f}")


def tell_queries(connection, sentences, chance):
    """Print the median and the 95th percentile of each kind of query."""
    for words, order in itertools.product(range(1, 7), ("best", "new")):
        told = (
            f"median {statistics.median(times):.0f} ms,"
            f" p95 {sorted(times)[int(len(times) * 0.95)]:.0f} ms"
            for times in ask(connection, sentences, chance, words, order)
        )
        click.echo(f"{words} words, {order:4}  {BUSY.join(told)}")


@click.command()
@click.option("--articles", default=10_000, show_default=True)
def measure(articles: int) -> None:
    """Print the speed of the analyser, the index, of one more article and of queries."""
    sentences = gzip.decompress(SENTENCES.read_bytes()).decode().splitlines()
    chance = random.Random(1)
    sample = "\n".join(sentences)
    analyse(sample)
    started = now()
    analyse(sample)
    tell("analyse", len(sample.encode()) / 1e6, since(started), "MB/s")
    with tempfile.TemporaryDirectory() as folder:
        with closing(open_for_writing(Path(folder))) as connection:
            fill(connection, sentences, chance, articles)
            spent = write(connection, sentences, chance, articles + 1, FURTHER)
            tell("insert", FURTHER, spent, "articles/s")
        with closing(open_for_reading(Path(folder))) as connection:
            tell_queries(connection, sentences, chance)


if __name__ == "__main__":
    measure()
