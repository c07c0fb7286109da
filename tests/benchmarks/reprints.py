"""How well reprints are told from other news, and what finding them costs: `archive` and rensa.

`python -m tests.benchmarks.reprints` takes the six fictional newspapers, whose articles reprint an
agency's wires word for word, edited, shortened or under another headline, and adds to each sixth
wire a version that was treated worse. Precision and recall count pairs of articles. rensa finds
candidates by signatures of 128 numbers, in so many bands; the same comparison of the
texts decides on them, and in a last row rensa's own.
"""

import random
import time
from collections import defaultdict
from itertools import combinations

import click
from rensa import RMinHash, RMinHashLSH

from archive import articles
from archive.models import PageKind, Runs
from archive.stories import _runs, are_versions, runs_of, settle, sketch
from fixtures.newsstand import ALL, Newsstand
from tests.archive.desk import reading
from tests.archive.newsroom import empty_archive

PERMUTATIONS = 128


def cut(text, share, _chance):
    words = text.split(" ")
    return " ".join(words[: max(30, int(len(words) * share))])


def altered(text, share, chance):
    words = text.split(" ")
    return " ".join(chance.choice(words) if chance.random() < share else word for word in words)


def reordered(text, share, chance):
    lines = altered(text, share, chance).split("\n")
    chance.shuffle(lines)
    return "\n".join(lines)


def padded(text, share, chance):
    return cut(text, share, chance) + "\n" + altered(text[: len(text) // 4], 1, chance)


WORSE = {
    "two fifths": (cut, 0.4),
    "a quarter": (cut, 0.25),
    "6 % of words": (altered, 0.06),
    "12 % of words": (altered, 0.12),
    "reordered, 4 %": (reordered, 0.04),
    "half, and more": (padded, 0.5),
}


def printed(seed, number):
    """Return articles as (address, text, wire, manner), in the order they were listed."""
    stand, chance = Newsstand(articles=number, papers=ALL, seed=seed), random.Random(seed)
    truths = [truth for paper in stand.papers.values() for truth in paper.truths(stand.now())]
    found = []
    for truth in sorted(truths, key=lambda truth: truth.listed_at):
        found.append((truth.url, truth.text, truth.wire, truth.reprint))
        if truth.wire == truth.url and chance.random() < 1 / 6:
            manner, (treat, share) = chance.choice(sorted(WORSE.items(), key=str))
            text = treat(truth.text, share, chance)
            found.append((f"{truth.url}?again=1", text, truth.wire, manner))
    return found


def by_the_archive(rows):
    """Return the groups that the archive makes of the articles."""
    groups, stand = defaultdict(set), Newsstand().now()
    db = empty_archive()
    db.execute("insert into publishers (slug, name) values ('paper', '')")
    for url, text, *_ in rows:
        page = reading("عنوان", text, kind=PageKind.ARTICLE)
        articles.keep(db, page, url=url, publisher="paper", capture=None, seen_at=stand)
    settle(db)
    for url, story in db.execute("select url, story from articles where story is not null"):
        groups[story].add(url)
    return groups.values()


def by_rensa(rows, bands, least=None):
    """Return the groups by rensa's candidates; its own measure decides, if `least` is given."""
    lsh = RMinHashLSH(0.1, PERMUTATIONS, bands)
    group = {row[0]: {row[0]} for row in rows}
    kept: list[tuple[str, Runs, RMinHash]] = []
    compared = 0
    for number, (url, text, *_) in enumerate(rows):
        runs, signature = runs_of(text), RMinHash(PERMUTATIONS, 42)
        signature.update(list(map(str, runs.hashes)))
        for other in lsh.query(signature) if runs.hashes else ():
            near, near_runs, near_signature = kept[other]
            compared += 1
            if (
                are_versions(runs, near_runs)
                if least is None
                else signature.jaccard(near_signature) >= least
            ):
                group[url] |= group[near]
                for member in group[url]:
                    group[member] = group[url]
        kept.append((url, runs, signature))
        if runs.hashes:
            lsh.insert(number, signature)
    click.echo(f"{compared / len(rows):.2f} candidates an article")
    return {id(members): members for members in group.values()}.values()


def pairs(groups):
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def tell(name, rows, groups):
    """Print precision and recall, and the recall of each manner against its wire."""
    true = defaultdict(set)
    for url, _, wire, _ in rows:
        true[wire].add(url)
    true.pop(None)
    wanted, found = pairs(true.values()), pairs(groups)
    click.echo(
        f"{name:26} precision {len(wanted & found) / len(found):.4f},"
        f" recall {len(wanted & found) / len(wanted):.4f}"
        f" ({len(wanted)} pairs)"
    )
    manners = defaultdict(list)
    for url, _, wire, manner in rows:
        if manner and wire in true[wire]:
            manners[manner].append(tuple(sorted((url, wire))) in found)
    told = (f"{manner} {sum(f)}/{len(f)}" for manner, f in sorted(manners.items()))
    click.echo(f"    {', '.join(told)}")


def weigh(rows):
    """Print what a sketch and a signature cost to make, beside the runs that both need."""
    runs = [_runs(text) for _, text, *_ in rows]
    words = [list(map(str, known.hashes)) for known in runs]
    for name, make in (
        ("runs", lambda number: _runs(rows[number][1])),
        ("sketch", lambda number: sketch(runs[number])),
        ("rensa", lambda number: RMinHash(PERMUTATIONS, 42).update(words[number])),
    ):
        started = time.process_time()
        for number in range(len(rows)):
            make(number)
        spent = time.process_time() - started
        click.echo(f"{name:8} {1000 * spent / len(rows):.3f} ms an article")


@click.command()
@click.option("--articles", "number", default=1200, show_default=True)
@click.option("--seed", default=1, show_default=True)
def measure(number: int, seed: int) -> None:
    """Print precision, recall and milliseconds, on the papers' own reprints and on worse ones."""
    rows = printed(seed, number)
    own = [row for row in rows if not row[0].endswith("?again=1")]
    for name, some in (("own reprints", own), ("and worse ones", rows)):
        click.echo(f"{len(some)} articles, {name}")
        for label, group in (
            ("archive", by_the_archive),
            ("rensa, 16 bands", lambda some: by_rensa(some, 16)),
            ("rensa, 32 bands", lambda some: by_rensa(some, 32)),
            ("rensa, 64 bands", lambda some: by_rensa(some, 64)),
            ("rensa alone, 32 bands, .5", lambda some: by_rensa(some, 32, 0.5)),
        ):
            tell(label, some, group(some))
    weigh(rows)


if __name__ == "__main__":
    measure()
