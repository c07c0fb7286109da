"""How well questions find the passages that answer them, on the shared Arabic collections."""

import gzip
import json
from collections import defaultdict
from pathlib import Path

import pytest

from archive.search import search
from tests.archive.newsroom import add_article, empty_archive

COLLECTION = Path(__file__).resolve().parents[3] / ".." / "shared" / "arabic" / "retrieval.json.gz"

LEAST = {"tydi": (0.80, 0.91), "arcd": (0.685, 0.88)}


def measured(connection, ids, queries):
    """Return the mean reciprocal rank and the recall of the first ten hits."""
    rank = recall = 0.0
    for query in queries:
        found = [hit.id for hit in search(connection, query["q"], limit=10)]
        relevant = {ids[passage] for passage in query["rel"]}
        places = [place for place, hit in enumerate(found, 1) if hit in relevant]
        rank += 1 / places[0] if places else 0
        recall += len(places) / len(relevant)
    return rank / len(queries), recall / len(queries)


@pytest.mark.slow
def test_questions_find_their_answers():
    if not COLLECTION.exists():
        pytest.skip("the shared retrieval collection is not beside this repository")
    collection = json.loads(gzip.decompress(COLLECTION.read_bytes()))
    connection = empty_archive()
    ids = {passage["id"]: number for number, passage in enumerate(collection["docs"], 1)}
    connection.execute("begin")
    for passage in collection["docs"]:
        add_article(connection, id=ids[passage["id"]], text=passage["text"])
    connection.execute("commit")
    queries = defaultdict(list)
    for query in collection["queries"]:
        queries[query["src"]].append(query)
    for source, (least_rank, least_recall) in LEAST.items():
        rank, recall = measured(connection, ids, queries[source])
        print(f"{source}: MRR@10 {rank:.4f}, Recall@10 {recall:.4f}")
        assert rank >= least_rank
        assert recall >= least_recall
