"""The records that travel between the stages of a crawl; nothing else does.

All times are aware datetimes in UTC. All of them are plain data: frozen, comparable, picklable.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from archive.problems import ProblemKind

Progress = Callable[[str, int, int | None], None]
"""Is called with what is counted, how much is done, and of how much (None if not known)."""


def silent(_what: str, _done: int, _of: int | None) -> None:
    """Show no progress."""


class Kind(StrEnum):
    """What a capture holds, or what a visit expects to find."""

    FEED = "feed"
    SITEMAP = "sitemap"
    SECTION = "section"
    API = "api"
    ARTICLE = "article"
    IMAGE = "image"
    ROBOTS = "robots"
    PROBE = "probe"  # asked to see what is there, apart from any crawl
    RESOURCE = "resource"


class PageKind(StrEnum):
    """What a page turned out to be once it was read."""

    ARTICLE = "article"
    LIVEBLOG = "liveblog"
    VIDEO = "video"
    GALLERY = "gallery"
    SECTION = "section"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A newspaper or agency as the archive knows it (a row of `publishers`).

    `language` is a BCP 47 code, `country` an ISO 3166-1 alpha-2 code, `timezone` an IANA name.
    `tracking` are query keys that say how a reader came to a page, and never which page it is.
    """

    slug: str
    name: str
    name_latin: str | None = None
    homepage: str | None = None
    country: str | None = None
    language: str | None = None
    timezone: str | None = None
    tracking: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address found in a listing, with the hints the listing gave about it.

    `published` is the listing's own date as it was printed there, unparsed; `dated_by` the kind
    of the listing that gave it, once the archive has put the hints of several together.
    `modified` is its date of the last change, likewise. It was published between `earliest_on`
    and `latest_on`, both included, as far as the listing or the address says.
    """

    url: str
    kind: Kind = Kind.ARTICLE
    title: str | None = None
    published: str | None = None
    author: str | None = None
    summary: str | None = None
    dated_by: Kind | None = None
    modified: str | None = None
    earliest_on: date | None = None
    latest_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An address that is to be fetched, with what is known of its last visit.

    `key` is the identity key of its address, `url` the address to fetch. `failures` counts the
    failed visits since the last good one, `article` is the id of the article that one led to. What
    is `past` is visited by walks into the past alone; days as of a `Link`. One that somebody has
    asked to be watched is so from one moment to another, whoever its publisher is.
    """

    key: str
    url: str
    publisher: str
    kind: Kind
    found_in: str | None = None
    found_at: datetime | None = None
    due_at: datetime | None = None
    last_at: datetime | None = None
    etag: str | None = None
    last_modified: str | None = None
    last_sha256: str | None = None
    failures: int = 0
    article: int | None = None
    hints: Link | None = None
    past: bool = False
    earliest_on: date | None = None
    latest_on: date | None = None
    watched_from: datetime | None = None
    watched_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcLocation:
    """Where a WARC record lies: file name inside the archive's `warc` folder, offset, bytes.

    `record_id` is its WARC-Record-ID where that is at hand.
    """

    file: str
    offset: int
    length: int
    record_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a connection was encrypted: `protocol` as `tls/1.3`, `cipher` as IANA calls it.

    `certificate` is the SHA-256 of the server's certificate (DER) in hexadecimal; it is `verified`
    unless the publisher's file says otherwise.
    """

    protocol: str
    cipher: str
    certificate: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What a browser showed of a page: its kind (archive.warc.records.RENDERINGS) and its bytes."""

    kind: str
    rendered_at: datetime
    sha256: str
    bytes: int
    record: WarcLocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One HTTP request and its answer as they went over the wire, before any record exists.

    Header names, order and duplicates are as sent and received. `payload` is the answer's body
    without its transfer coding, still content-encoded. `truncated` is None or the reason in the
    words of WARC 1.1, section 5.13: `length`, `time`, `disconnect`, `unspecified`.
    """

    url: str
    method: str
    request_headers: tuple[tuple[bytes, bytes], ...]
    status: int
    reason: str
    protocol: str
    response_headers: tuple[tuple[bytes, bytes], ...]
    payload: bytes
    fetched_at: datetime
    ip: str | None = None
    truncated: str | None = None
    tls: Tls | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One HTTP exchange as it was recorded, with the decoded body that follows stops read.

    `url` is the address that answered. `sha256` is of the payload as it came over the wire
    (still content-encoded); `body` is that payload decoded, and is never stored in the database.
    `content_type` is the header's value, its charset included. A `revisit` has its payload in the
    record of another capture with the same `sha256`. Of an `unverified` one nobody
    knows that its server was the host's own. `pages` is how many pages a listing says it has
    (`X-WP-TotalPages`). It `moved` where permanent redirects alone led to it (301, 308).
    `certificates` are those that the server sent, as PEM, where they are to be kept.
    One of an article says whether it was `doubted` when it was fetched.
    """

    url: str
    publisher: str | None
    kind: Kind
    fetched_at: datetime
    status: int
    content_type: str | None = None
    sha256: str | None = None
    revisit: bool = False
    id: int | None = None
    record: WarcLocation | None = None
    etag: str | None = None
    last_modified: str | None = None
    truncated: str | None = None
    unverified: bool = False
    wire_bytes: int = 0
    pages: int | None = None
    moved: bool = False
    certificates: str = ""
    doubted: bool = False
    body: bytes = b""

    @property
    def place(self) -> WarcLocation:
        """Where its record is.

        Raises:
            ValueError: if it has none yet.
        """
        if self.record is None:
            raise ValueError(f"{self.url}: the capture has no record")
        return self.record


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong with a page, as data.

    `detail` is one sentence for a person; `stage` names the step that saw it.
    """

    kind: ProblemKind
    detail: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """A post or video of another platform that an article shows.

    `provider` is telegram, facebook, x, youtube, tiktok or instagram; `url` the address by which
    that platform itself names the post, free of what only says how it is shown.
    """

    provider: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that an article shows; `credit` is whom the page names as its source."""

    url: str
    caption: str | None = None
    credit: str | None = None
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The runs of words in a text (archive.stories), as 32-bit hashes in order, and its figures."""

    hashes: Sequence[int]
    figures: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is computed of an extraction's texts alone: by the worker, so that the writer need not.

    `analysed` are texts as they are indexed (archive.search.index), `runs` are those of the
    article's text.
    """

    analysed: Mapping[str, str]
    runs: Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """What one article page says, read with the current rules.

    `text` holds one paragraph per line. `published_at` is None when the page prints no time;
    `published_on` is the publisher's calendar day. `published_from` and `byline_from` name the
    evidence (`json-ld`, `meta`, `microdata`, `time`, `script`, `feed`, `sitemap`, `api`,
    `section`, `dateline`, `url`, `rules`; a byline also `byline` and `text`).
    `canonical_url` is the page's own claim, absolute, or None. `embeds` and `images` are in the
    order of the page; a change of them alone makes no revision. `charset` is Python's name of the
    encoding with which the page was decoded.
    """

    kind: PageKind
    title: str | None = None
    deck: str | None = None
    byline: str | None = None
    authors: tuple[str, ...] = ()
    byline_from: str | None = None
    dateline: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    published_at: datetime | None = None
    published_on: date | None = None
    published_from: str | None = None
    modified_at: datetime | None = None
    text: str = ""
    image_url: str | None = None
    canonical_url: str | None = None
    embeds: tuple[Embed, ...] = ()
    images: tuple[Image, ...] = ()
    problems: tuple[Problem, ...] = ()
    charset: str | None = field(default=None, compare=False)
    prepared: Prepared | None = field(default=None, compare=False, repr=False)

    @property
    def is_article(self) -> bool:
        """Whether the page reads as an article."""
        return bool(self.text) and self.kind not in {PageKind.SECTION, PageKind.OTHER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One fetched article page, the visit that asked for it, and what was read in it."""

    visit: Visit
    capture: Capture
    extraction: Extraction


class Outcome(StrEnum):
    """What an answer turned out to be against what the archive held of the article."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    UNCHANGED = "unchanged"  # a 304, or the payload of last time: nothing to be read
    MISSING = "missing"  # 404 or 410, not confirmed yet
    GONE = "gone"
    ALIAS = "alias"  # another address of an article that is visited at its first one
    OTHER = "other"  # a page, but no article
    DOUBTED = "doubted"  # the article without most of its text: kept, and looked at again
    READ = "read"  # a listing or an image
    FAILED = "failed"
    REFUSED = "refused"  # by robots.txt


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One slice of a crawl, or another command that wrote (a row of `runs`).

    `state` is running, finished, interrupted or failed.
    """

    id: int
    command: str
    started_at: datetime
    ended_at: datetime | None = None
    state: str = "running"
    requests: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: int = 0
    bytes: int = 0
