"""The headline without its newspaper's name, and the standfirst below it."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from archive.search.arabic import fold
from crawler.extract.blocks import Block, names_of, own_names
from crawler.extract.vocabulary import (
    alternatives,
    ends_sentence,
    is_called,
    is_person,
    key,
    pattern,
    without_counters,
)

_SEPARATOR = re.compile(r"\s+[|\-–—:·•»«›‹/~]+\s+|\s*[|»«›•]\s*|\s+::\s+")
# What a newspaper's name says it is, folded: «صحيفة الساحل» is «الساحل» as well.
_GENERIC = re.compile(
    rf"^(?:{alternatives('headline', 'generic')})\s+"
    rf"|\s+(?:{alternatives('headline', 'generic_end')})$"
)
_ANY_MARK = re.compile(r"\s*(?:[|:/\\<>»«›‹•·★~()\[\]─―—–]+|\.{2,}|…|\s[-ـ]+|[-ـ]+\s)\s*")
_LEAST = 3  # words that a part of a title must have to be the headline
_MOST = 4  # words that a newspaper's name may have
# Which headline stands where two are named equally often.
_RANK = ("rules", "h1", "json-ld", "microdata", "meta", "hint", "title")
_DOMAIN = re.compile(r"(?:www\.)?[\w-]+(?:\.[a-z]{2,}){1,2}", re.IGNORECASE)


def site_names(names: Iterable[str], host: str) -> frozenset[str]:
    """Return every name of a newspaper, as keys: its own, without blanks, and from its host."""
    keys = {key(name) for name in names if name and len(name) <= 60}
    keys |= {key(part) for name in names if name for part in _SEPARATOR.split(name)}
    labels = host.split(".")
    keys |= {host, key(host), *(label for label in labels[:-1] if len(label) > 3)}
    keys |= {_GENERIC.sub("", name) for name in keys}
    keys |= {name.replace(" ", "") for name in keys}
    return frozenset(name for name in keys if len(name) > 1)


def parts(title: str) -> list[str]:
    """Return what may be the headline in a title: each end of it that a separator cuts off."""
    cuts = list(_SEPARATOR.finditer(title))
    ends = [title[: cut.start()] for cut in cuts] + [title[cut.end() :] for cut in cuts]
    return [end for end in ends if len(end.split()) >= _LEAST]


def learned(titles: Iterable[str], printed: str) -> frozenset[str]:
    """Return the keys of what stands beside the `printed` headline in titles: a newspaper's name.

    The name of a person is none: some sites put there who wrote the story.
    """
    own, found = key(printed), set()
    for title in titles if own else ():
        for cut in _SEPARATOR.finditer(title):
            ends = {key(title[: cut.start()]), key(title[cut.end() :])}
            found |= ends - {own} if own in ends else set()
    named = {n for n in found if 0 < len(n.split()) <= _MOST and not is_person(n.split())}
    return frozenset(named | {_GENERIC.sub("", name) for name in named})


def without_site(title: str, names: frozenset[str], others: Sequence[str] = ()) -> str:
    """Return `title` without the newspaper's name before or after it.

    A part between separators goes if it is one of `names` (keys), a domain name, or if one of the
    `others`, the page's other headlines, is exactly the rest.
    """
    text = " ".join(title.split())
    known = {key(other) for other in others}
    for _ in range(3):
        shorter = _shortened(text, names, known)
        if shorter is None:
            break
        text = shorter
    return _unmarked(text, names)


def _unmarked(title: str, names: frozenset[str]) -> str:
    """Return `title` without a newspaper's own name that any other mark parts from it.

    «العنوان (الجريدة)», «الجريدة: العنوان», «العنوان .. الجريدة»: here the name alone proves it.
    """
    for cut in _ANY_MARK.finditer(title):
        head, tail = title[: cut.start()].strip(), title[cut.end() :].strip(" ()[].-–—|")
        if len(head.split()) >= _LEAST and _is_site(tail, names) and ":" not in cut.group():
            return head
        if len(tail.split()) >= _LEAST and _is_site(head, names):
            return tail
    return title


def _shortened(text: str, names: frozenset[str], known: set[str]) -> str | None:
    cuts = list(_SEPARATOR.finditer(text))
    for first, second in pairwise(cuts):  # the name in the middle, a slogan behind it
        head = text[: first.start()].strip()
        if len(head.split()) >= _LEAST and _is_site(text[first.end() : second.start()], names):
            return head
    ends = [(text[: cut.start()], text[cut.end() :]) for cut in reversed(cuts)]
    ends += [(text[cut.end() :], text[: cut.start()]) for cut in cuts]
    for kept, dropped in ((kept.strip(), dropped.strip()) for kept, dropped in ends):
        if kept and (_is_site(dropped, names) or (key(kept) in known and len(dropped) < 60)):
            return kept
    return None


def _is_site(part: str, names: frozenset[str]) -> bool:
    folded = key(part)
    known = folded in names or folded.replace(" ", "") in names
    return known or _DOMAIN.fullmatch(part.strip()) is not None


def choose(
    candidates: Sequence[tuple[str, str]],
    names: frozenset[str],
    sections: frozenset[str] = frozenset(),
) -> str | None:
    """Return the headline most sources agree on; what the page prints largest breaks a tie.

    `candidates` are (source, text) pairs, `sections` the keys of those the page stands in, which
    what is stated for machines may end with. Names of the newspaper alone, and headlines cut short
    where a longer one begins like them, are passed over.
    """
    texts = [" ".join(text.split()) for _, text in candidates]
    cleaned: list[tuple[str, str]] = []
    for (source, _), text in zip(candidates, texts, strict=True):
        title = without_site(text, names, [other for other in texts if other != text])
        if source in {"title", "meta"}:
            title = _without_section(title, sections)
        if key(title) and key(title) not in names:
            cleaned.append((source, title))
    keys = [key(title) for _, title in cleaned]

    def rank(candidate: tuple[str, str]) -> tuple[bool, bool, int, int]:
        source, title = candidate
        own = key(title)
        stem = key(title.rstrip("….")) if title.endswith(("...", "…")) else own
        cut = source != "h1" and any(k != own and k.startswith(stem) for k in keys)
        return source != "rules", cut, -keys.count(own), _RANK.index(source)

    return min(cleaned, key=rank)[1] if cleaned else None


def _without_section(title: str, sections: frozenset[str]) -> str:
    cuts = list(_SEPARATOR.finditer(title))
    return title[: cuts[-1].start()] if cuts and key(title[cuts[-1].end() :]) in sections else title


def repeats(deck: str, text: str) -> bool:
    """Return whether a standfirst only repeats the beginning of the text, cut short or not."""
    start, body = key(deck.rstrip(" .…[]")), key(text[: len(deck) * 2 + 400])
    return bool(start) and (start[:60] in body if len(start) > 60 else body.startswith(start))


# What opens a paragraph that goes on with what an earlier one began, folded.
_GOES_ON = pattern("headline", "goes_on", r"(?:{})\b")


def standfirst(
    between: Sequence[Block], body: Sequence[Block], descriptions: set[str]
) -> tuple[str | None, list[Block]]:
    """Return the standfirst between headline and body, and the text's own beginning there.

    `descriptions` holds the keys of what the page states as its description: a line that is one
    of them is a standfirst. A paragraph the body goes on from belongs to the text.
    """
    deck: str | None = None
    lead: list[Block] = []
    goes_on = bool(body) and _GOES_ON.match(fold(body[0].text)) is not None
    for block in between:
        text = block.text
        if (
            not 30 <= len(text) <= 700
            or block.link_share > 0.3
            or not all(is_called("deck", own_names(e)) for e in block.chrome)
        ):
            continue
        marked = block.heading > 1 or key(text) in descriptions
        marked = marked or is_called("deck", names_of(block))
        is_lead = (goes_on and len(text) > 100) or (not marked and len(text) > 120)
        if is_lead and ends_sentence(text) and block.element.find("img") is None:
            lead.append(block)
        elif marked and deck is None and len(text) <= 500 and without_counters(text):
            deck = text
    return deck or _inside(body), lead


def _inside(body: Sequence[Block]) -> str | None:
    """Return the standfirst that opens a body, where the names of its own element say so."""
    first = body[:3] if len(body) > 3 else ()
    sized = (block for block in first if 30 <= len(block.text) <= 500)
    return next((b.text for b in sized if is_called("surely_deck", own_names(b.element))), None)
