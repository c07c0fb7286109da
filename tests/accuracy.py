"""Accuracy of the extraction beside trafilatura's: `python -m tests.accuracy [--articles N]`.

Reads the real pages of `../shared/corpus` and N pages of the fixture newspapers (`--papers` names
them), both programs in one run, and prints one table for the corpus and one for each newspaper.
Token counts are multisets of words.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trafilatura

from archive.models import Capture, Kind
from archive.search.arabic import _TOKEN
from crawler.extract.page import extract
from crawler.publisher import Publisher
from fixtures import ALL, Newspaper, Newsstand, Truth
from fixtures.wikala import Wikala

CORPUS = Path(__file__).resolve().parents[1] / ".." / "shared" / "corpus"
# Where the gold that came with a page is not what the page says. It prints «2 تير 1399», which is
# 22 June 2020, and its address and its picture bear 20200622.
ERRATA = {"fa-aryanews-2020": {"gold_date": "2020-06-22"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page with what is known to be true of it; None where the truth is not known."""

    name: str
    url: str
    body: bytes
    content_type: str | None
    fetched_at: datetime
    publisher: Publisher
    truth: dict[str, str | None]
    text: str | None


@dataclass(slots=True)
class Score:
    """Sums over the pages of one collection read by one program."""

    common: int = 0
    found: int = 0
    wanted: int = 0
    exact: int = 0
    texts: int = 0
    pages: int = 0
    seconds: float = 0.0
    fields: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def capture_of(page: Page) -> Capture:
    """Return a page as it is captured."""
    return Capture(
        url=page.url,
        publisher=page.publisher.slug,
        kind=Kind.ARTICLE,
        fetched_at=page.fetched_at,
        status=200,
        content_type=page.content_type,
        body=page.body,
    )


def ours(page: Page) -> tuple[str, dict[str, str | None]]:
    found = extract(capture_of(page), page.publisher)
    return found.text, {
        "title": found.title,
        "author": ", ".join(found.authors) or None,
        "date": found.published_on.isoformat() if found.published_on else None,
        "kind": found.kind.value,
        "language": found.language,
        "deck": found.deck,
        "section": found.section,
        "dateline": found.dateline,
        "tags": ", ".join(found.tags) or None,
        "published_at": found.published_at.isoformat() if found.published_at else None,
        "modified_at": found.modified_at.isoformat() if found.modified_at else None,
        "image": found.image_url,
    }


def theirs(page: Page) -> tuple[str, dict[str, str | None]]:
    printed = trafilatura.extract(page.body, url=page.url, output_format="json", with_metadata=True)
    found = json.loads(printed) if printed else {}
    names = {"title": "title", "author": "author", "date": "date", "language": "language"}
    fields: dict[str, str | None] = {name: found.get(key) for name, key in names.items()}
    fields |= {"kind": "article" if found.get("text") else "other"}
    if fields["author"]:
        fields["author"] = fields["author"].replace("; ", ", ")
    return found.get("text") or "", fields


def corpus() -> Iterator[Page]:
    """Yield the real pages; for the date and the author null is a truth, for others unknown."""
    for line in (CORPUS / "index.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        row |= ERRATA.get(row["slug"], {})
        url = row["url"] or "https://example.org/story-1.html"
        truth = {name: row[f"gold_{name}"] for name in ("title", "author", "date")}
        truth |= {"kind": row["kind"], "language": row["lang"]}
        if row["gold_title"] is None:
            truth = {name: truth[name] for name in ("date", "kind", "language")}
        yield Page(
            name=row["slug"],
            url=url,
            body=(CORPUS / "pages" / f"{row['slug']}.html").read_bytes(),
            content_type=None,
            fetched_at=datetime(2021, 1, 1, tzinfo=UTC),
            publisher=Publisher.of_url(url),
            truth=truth,
            text=row["gold_text"],
        )


def fixtures(paper: Newspaper, now: datetime) -> Iterator[Page]:
    """Yield the pages of the articles of a fixture newspaper at `now`, from memory."""
    publisher = Publisher(
        slug=paper.slug, name=paper.name, name_latin=paper.name_latin, zone=paper.zone
    )
    for truth in paper.truths(now):
        path, _, query = truth.url.removeprefix(paper.base_url).partition("?")
        values = dict(pair.split("=", 1) for pair in query.split("&") if pair)
        page = paper.answer(path, values, now)
        if not truth.gone and page is not None:
            yield Page(
                name=truth.url,
                url=truth.url,
                body=page.body,
                content_type=page.content_type,
                fetched_at=now,
                publisher=publisher,
                truth=_fields(truth) | _aged(paper, truth, now),
                text=truth.text,
            )


def _fields(truth: Truth) -> dict[str, str | None]:
    return {
        "title": truth.title,
        "author": ", ".join(truth.authors) or None,
        "date": truth.published_on.isoformat(),
        "kind": truth.kind,
        "language": "ar",
        "deck": truth.deck,
        "section": truth.section,
        "dateline": truth.dateline,
        "tags": ", ".join(truth.tags) or None,
        "published_at": _iso(truth.published_at),
        "modified_at": _iso(truth.modified_at),
        "image": truth.image_url,
    }


def _aged(paper: Newspaper, truth: Truth, now: datetime) -> dict[str, str | None]:
    """Return the moment that a page states by its age alone («منذ 3 ساعات»): to the hour."""
    age = now - truth.listed_at
    recent = timedelta(minutes=1) <= age < timedelta(days=1)
    if truth.published_at or not isinstance(paper, Wikala) or not recent:
        return {}
    unit = timedelta(hours=1) if age >= timedelta(hours=1) else timedelta(minutes=1)
    return {"published_at": (now - age // unit * unit).isoformat()}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def score(
    pages: Iterable[Page], read: Callable[[Page], tuple[str, dict[str, str | None]]]
) -> Score:
    """Read every page and count what came out right, null and wrong."""
    total = Score()
    for page in pages:
        start = time.process_time()
        text, found = read(page)
        total.seconds += time.process_time() - start
        total.pages += 1
        if page.text is not None:
            _count(total, text, page)
        for name, true in page.truth.items():
            if name not in found:
                continue
            verdict = _verdict(name, true, found[name])
            total.fields.setdefault(name, Counter())[verdict] += 1
            if verdict != "right":
                total.wrong.append(
                    f"{page.name[-24:]}: {name} {verdict}: {found[name]!r}, not {true!r}"
                )
    return total


def _count(total: Score, text: str, page: Page) -> None:
    found = Counter(_TOKEN.findall(text))
    wanted = Counter(_TOKEN.findall(page.text or ""))
    total.common += (found & wanted).total()
    total.found += found.total()
    total.wanted += wanted.total()
    total.texts += 1
    total.exact += text == page.text
    if text != page.text:
        more, less = set(text.split("\n")), set((page.text or "").split("\n"))
        for line in more - less:
            total.wrong.append(f"{page.name[-24:]}: too much: {line[:120]}")
        for line in less - more:
            total.wrong.append(f"{page.name[-24:]}: missing: {line[:120]}")


def _verdict(name: str, true: str | None, found: str | None) -> str:
    """Judge one field; a moment without seconds is right to the minute, as most pages print it."""
    if name.endswith("_at") and true and found and found[16:19] == ":00":
        true, found = true[:16], found[:16]
    if found == true:
        return "right"
    return "null" if found is None else "wrong"


def report(name: str, pages: list[Page], *, verbose: bool) -> None:
    """Print the table of one collection: each program a line."""
    print(f"\n{name}: {len(pages)} pages")
    for program, read in (("trafilatura", theirs), ("warraq", ours)):
        read(pages[0])
        total = score(pages, read)
        precision = total.common / max(1, total.found)
        recall = total.common / max(1, total.wanted)
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        line = f"  {program:<12} text P {precision:.4f} R {recall:.4f} F1 {f1:.4f}"
        line += (
            f"  exact {total.exact}/{total.texts}  {1000 * total.seconds / total.pages:.1f} ms/page"
        )
        print(line)
        for field_name, verdicts in total.fields.items():
            counts = "  ".join(f"{v} {verdicts[v]}" for v in ("right", "null", "wrong"))
            print(f"    {field_name:<13}{counts}")
        if verbose and program == "warraq":
            print(*(f"      {line}" for line in total.wrong[:200]), sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=60, help="fixture articles in all")
    parser.add_argument(
        "--papers", nargs="+", choices=ALL, default=ALL, metavar="SLUG", help=f"of {', '.join(ALL)}"
    )
    parser.add_argument("--verbose", action="store_true", help="name what came out wrong")
    options = parser.parse_args()
    if CORPUS.is_dir():
        report("Real pages", list(corpus()), verbose=options.verbose)
    stand = Newsstand(articles=options.articles, papers=ALL)
    now = stand.now()
    for slug in dict.fromkeys(options.papers):
        report(slug, list(fixtures(stand.papers[slug], now)), verbose=options.verbose)


if __name__ == "__main__":
    main()
