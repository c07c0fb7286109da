"""What an answer means, whether it has just come over the wire or was recorded years ago. Pure."""

from enum import StrEnum

from archive.problems import ProblemKind
from archive.records import Capture, Extraction, Kind, PageKind, Problem
from archive.urls import host_of
from crawler.extract.vocabulary import changes_script
from crawler.listings import wordpress
from crawler.mime import medium


class Meaning(StrEnum):
    """What an answer is, before anything in it is read."""

    TRUNCATED = "truncated"
    UNCHANGED = "unchanged"  # a 304 that was asked for, or the payload of last time
    IMAGE = "image"
    MEDIUM = "medium"  # a document, an image or a film where a page was expected
    PAGE = "page"
    LISTING = "listing"
    PAST_THE_END = "past the end"  # of a listing's pages
    ABSENT = "absent"  # 404 or 410 by the host that was asked
    ERROR = "error"


def meaning_of(
    capture: Capture, *, kind: Kind, asked: str, validated: bool, last_payload: str | None
) -> Meaning:
    """Return what a capture means that answers a visit of a kind to the address `asked`.

    `validated` tells that validators were sent, `last_payload` is the digest of the payload that
    the article was last read from, None where no article is known.
    """
    if capture.truncated:
        return Meaning.TRUNCATED
    if (capture.status == 304 and validated) or (
        capture.status == 200 and last_payload is not None and capture.sha256 == last_payload
    ):
        return Meaning.UNCHANGED
    if capture.status == 200:
        return _good(capture, kind)
    if capture.status == 400 and wordpress.is_past_the_end(capture.body):
        return Meaning.PAST_THE_END
    if capture.status in {404, 410} and host_of(capture.url) == host_of(asked):
        return Meaning.ABSENT
    return Meaning.ERROR


def _good(capture: Capture, kind: Kind) -> Meaning:
    if kind is Kind.IMAGE:
        return Meaning.IMAGE
    if kind is not Kind.ARTICLE:
        return Meaning.LISTING
    return Meaning.MEDIUM if medium(capture) else Meaning.PAGE


def proves_absence(wall: Problem | None) -> bool:
    """Return whether a 404 or 410 is the newspaper's own, given what stands in its body."""
    return wall is None or wall.kind.proves_removal


def believed(reading: Extraction, language: str | None) -> Extraction:
    """Return a reading of an article in a language, or that it is of another page.

    No newspaper changes the script of an article.
    """
    if not reading.text or not changes_script(language, reading.text):
        return reading
    detail = f"another page stands here: the article was in another script ({language})"
    problem = Problem(kind=ProblemKind.REPLACED, detail=detail, stage="keep")
    return Extraction(kind=PageKind.OTHER, problems=(problem,))
