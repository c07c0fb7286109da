"""The headline without its newspaper's name, and the standfirst below it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise, takewhile

from lxml.html import HtmlElement

from archive.search.arabic import fold
from archive.urls import host_of, is_home
from crawler.dates.moments import as_date
from crawler.extract.blocks import Block, class_and_id, names_of, own_names, text_of
from crawler.extract.vocabulary import (
    alternatives,
    ends_sentence,
    is_called,
    is_person,
    key,
    pattern,
    without_counters,
    words,
)

_SEPARATOR = re.compile(r"\s+[|¦│\-–—:·•»«›‹/~♥★]+\s+|\s*[|¦│•]\s*|\s*::+\s*")
# Of these, what stands in no headline.
_SURELY = re.compile(r"\s*(?:[|¦│]|::+)\s*")
# What a newspaper's name says it is, folded: «صحيفة الساحل» is «الساحل» as well.
_GENERIC = re.compile(
    rf"^(?:{alternatives('headline', 'generic')})\s+"
    rf"|\s+(?:{alternatives('headline', 'generic_end')})$"
)
_ANY_MARK = re.compile(r"\s*(?:[|:/\\<>»«›‹•·★~()\[\]─―—–]+|\.{2,}|…|\s[-ـ]+|[-ـ]+\s)\s*")
_LEAST = 3  # words that a part of a title must have to be the headline
_MOST = 4  # words that a newspaper's name may have
_NEAR = 4  # blocks above the text that its headline may be among
_TITLED = re.compile(r"^(?:b|strong|big) |title|head(?:line|ing)?\b|font-size|bold|size=\+?[4-9]")
_NO_HEADLINE = frozenset(words("headline", "no_headline"))
# Which headline stands where two are named equally often.
_RANK = ("rules", "h1", "json-ld", "microdata", "meta", "hint", "title")
_DOMAIN = re.compile(r"(?:www\.)?[\w-]+(?:\.[a-z]{2,}){1,2}", re.IGNORECASE)


def site_names(names: Iterable[str], host: str) -> frozenset[str]:
    """Return every name of a newspaper, as keys: its own, without blanks, and from its host."""
    names = [" ".join(name[: 4 * _LONGEST].split()) for name in names if name]
    keys = {key(name) for name in names if len(name) <= _LONGEST}
    keys |= {key(part) for name in names for part in _SEPARATOR.split(name)}
    long = [label for label in host.split(".")[:-1] if len(label) > 3]
    keys |= {host, key(host), *long, *map(key, long)}
    keys |= {_GENERIC.sub("", name) for name in keys}
    keys |= {name.replace(" ", "") for name in keys}
    return frozenset(name for name in keys if len(name) > 1)


def parts(title: str) -> list[str]:
    """Return what may be the headline in a title: each end of it that a separator cuts off."""
    cuts = list(_SEPARATOR.finditer(title))
    ends = [title[: cut.start()] for cut in cuts] + [title[cut.end() :] for cut in cuts]
    return [end for end in (*ends, *_SEPARATOR.split(title)) if len(end.split()) >= _LEAST]


_LOGO = re.compile(r"(?:^|[^a-z])(?:logo|brand|site-?(?:name|title))", re.IGNORECASE)
_RIGHTS = pattern("headline", "rights", flags=re.IGNORECASE)
Keys = frozenset[str]
_LONGEST = 60  # characters of a link, a line or a picture's text that may be a name or a rubric


def not_headlines(
    titles: list[str], shown: str, page: Sequence[Block], root: HtmlElement, known: Keys, url: str
) -> Keys:
    """Return the keys of those parts of a page's titles that this page shows to be no headline.

    They are its site's name, by its logo, its links to the front page, its feed, its copyright line
    and what is `known` of it (keys); beside that, a rubric that the page links to or prints alone;
    and the far shorter part beside a mark that stands in no headline. What is in the headline that
    is `shown` is such a part only where it is the name.
    """
    links = [link for link in root.iter("a") if link.get("href")]
    names = site_names([*_shown_names(root, links, page, host_of(url))], "") | known
    rights = [key(block.text) for block in page if _RIGHTS.search(block.text)]
    lines = chain(map(text_of, links), (block.text for block in page))
    printed = frozenset(key(text) for text in lines if len(text) <= _LONGEST)
    found = (_beside(title, key(shown), names, rights, printed) for title in titles)
    return frozenset(chain.from_iterable(found)) - {""}


def _beside(
    title: str, headline: str, names: Keys, rights: Sequence[str], printed: Keys
) -> set[str]:
    """Return what stands beside the headline in a title, all as keys: names, rubrics, labels."""
    words = {key(piece): len(piece.split()) for piece in _SEPARATOR.split(title)}
    own = {p for p in words if _is_own(p, names) or any(len(p) > 3 and p in r for r in rights)}
    named = {p for p in words if any(len(n) > 3 and f" {n} " in f" {p} " for n in names)}
    rest = (p for p in words if p not in own)
    longest = max(rest, key=lambda p: (words[p], p not in named), default="")
    short = {p for p in words if p != longest and words[p] <= _MOST and p not in headline}
    own |= short & named
    rubrics = short & (printed | _NO_HEADLINE) if own else set()
    far = {p for p in words if words[p] * 2 <= words.get(longest, 0) and p not in headline}
    found = set(own)
    for separator, apart in ((_SEPARATOR, own | rubrics), (_SURELY, own | far)):
        order = [key(piece) for piece in separator.split(title)]
        found.update(*(takewhile(apart.__contains__, way) for way in (order, order[::-1])))
    return found


def _shown_names(
    root: HtmlElement, links: Iterable[HtmlElement], page: Iterable[Block], host: str
) -> Iterator[str]:
    """Yield what a page calls its site where it shows its logo, its front page and its feed."""
    for link in links:
        href = link.get("href", "#")
        if not href.startswith("#") and is_home(href) and host_of(href) in {"", host}:
            yield from (text_of(link), *(image.get("alt", "") for image in link.iter("img")))
    images = ((i, f"{class_and_id(i)} {i.get('src', '')[-40:]}") for i in root.iter("img"))
    yield from (image.get("alt", "") for image, named in images if _LOGO.search(named))
    yield from (b.text for b in page if _LOGO.search(class_and_id(b.element)))
    feeds = (e.get("title", "") for e in root.iter("link") if e.get("type", "").endswith("+xml"))
    yield from islice(feeds, 1)  # others are those of sections, and of the article's comments


def _is_large(block: Block) -> bool:
    """Return whether a line is printed larger or bolder than text, by what its elements say."""
    within = (block.element, *block.element.iter("b", "strong", "font", "big"))
    whole = (e for e in within if len(text_of(e)) >= len(block.text))
    said = (f"{e.tag} {own_names(e)} {e.get('style')} size={e.get('size')}" for e in whole)
    return any(map(_TITLED.search, said))


def line_over(page: Sequence[Block], start: int, names: frozenset[str]) -> str | None:
    """Return the largest line right above the text, or with which it begins, that is no name."""
    near = [
        block
        for block in page[max(0, start - _NEAR) : start + 2]
        if (block.heading > 1 or _is_large(block))
        and _MOST <= len(block.text.split()) <= 30
        and block.link_share < 0.9
        and not block.chrome
        and key(block.text) not in names
        and not any(map(as_date, _SEPARATOR.split(block.text)))
    ]
    return min(reversed(near), key=lambda block: block.heading or 7).text if near else None


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
    known = {key(other) for other in others} - names
    for _ in range(4):
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
        is_quoted = head.startswith(("«", "“", '"'))  # a headline that begins with the name
        if len(tail.split()) >= _LEAST and _is_site(head, names) and not is_quoted:
            return tail
    return title


def _shortened(text: str, names: frozenset[str], known: set[str]) -> str | None:
    cuts = list(_SEPARATOR.finditer(text))
    for first, second in pairwise(cuts):  # the name in the middle, a slogan behind it
        head = text[: first.start()].strip()
        inner = text[first.end() : second.start()]
        if len(head.split()) >= _LEAST and _is_site(inner, names) and not _is_site(head, names):
            return head
    ends = [(text[: cut.start()], text[cut.end() :]) for cut in reversed(cuts)]
    ends += [(text[cut.end() :], text[: cut.start()]) for cut in cuts]
    for kept, dropped in ((kept.strip(), dropped.strip()) for kept, dropped in ends):
        if kept and (_is_site(dropped, names) or (key(kept) in known and len(dropped) < 60)):
            return kept
    return None


def _is_site(part: str, names: frozenset[str]) -> bool:
    return _is_own(key(part), names) or _DOMAIN.fullmatch(part.strip()) is not None


def _is_own(folded: str, names: frozenset[str]) -> bool:
    return folded in names or folded.replace(" ", "") in names


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
        if (own := key(title)) and own not in names and own not in _NO_HEADLINE:
            cleaned.append((source, title))
    cleaned = [pair for pair in cleaned if key(pair[1]) not in sections] or cleaned
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
