"""Why a site cannot be followed, and what a person can do about it: one message for each case."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from archive.records import Problem
from crawler.errors import CannotFollow
from crawler.scouting.autodiscovery import USUAL, USUAL_OF_WORDPRESS
from crawler.scouting.scout import Answer
from crawler.scouting.survey import Survey

_REMEDIES = {
    "network-dns": "check the spelling of the address",
    "network-refused": "check the address: its port, http or https",
    "network-timeout": "try again later",
    "network-failed": "try again later, or the other one of http and https",
    "robots-disallow": "the site does not want to be read by programs; Warraq obeys",
    "robots-unreachable": (
        "check the spelling of the address, http or https; or try again later: where robots.txt"
        " cannot be had, nothing is asked (RFC 9309)"
    ),
    "host-paused": "the host asked to be left alone; try again then",
    "address-refused": "an address of a private network is asked only when you name it yourself",
    "http-401": "the site wants a log-in",
    "http-403": (
        "the site refuses programs, or your country; see whether a browser can open it, and set"
        " `contact` in warraq.toml so that the publisher can reach you"
    ),
    "http-404": "there is nothing at this address; give that of the front page",
    "http-410": "there is nothing at this address any more",
    "http-429": "the site asks for patience; try again later",
    "http-451": "the site may not be shown where you are",
    "challenge": "it tests whether a browser is there; Warraq does not pretend to be one",
    "captcha": "it asks for a captcha; Warraq solves none",
    "consent": "nothing is shown before consent is given; try the address of a section",
    "parked": "the domain has no site of its own any more; look for the newspaper's new address",
    "login": "it asks for a log-in; if parts of it are open, give the address of one",
    "outage": "the site is out of order; try again later",
}


def no_front_page(answer: Answer, wall: Problem | None = None) -> CannotFollow:
    """Return the refusal of a site whose front page cannot be read."""
    problem = wall or answer.problem
    if problem is None:
        media = (answer.capture and answer.capture.content_type) or "no type at all"
        return CannotFollow(
            f"{answer.url}: that is no web page, but {media};"
            " give the address of the newspaper's front page"
        )
    remedy = remedy_for(problem) or "see whether a browser can open it"
    return CannotFollow(
        f"{answer.url}: {problem.detail}{_where(answer)}. Nothing written: {remedy}."
    )


def remedy_for(problem: Problem) -> str | None:
    """Return what a person can do about a problem of fetching; None where we know nothing."""
    kind = "outage" if problem.kind.startswith("http-5") else problem.kind
    return _REMEDIES.get(kind)


def not_a_newspaper(survey: Survey, problems: Sequence[Problem]) -> CannotFollow:
    """Return the refusal of a site on which no news was found.

    `problems` are those of the pages that were read and are no articles.
    """
    if survey.samples:
        seen = "the pages it lists carry no date, so they are hardly news"
    elif problems:
        kind, _ = Counter(one.kind for one in problems).most_common(1)[0]
        example = next(one.detail for one in problems if one.kind == kind)
        seen = f"the pages it lists do not read as articles ({example})"
    elif survey.entries:
        seen = "the pages it lists do not read as articles"
    else:
        seen = "there is no feed, no sitemap and no section page with articles to be found"
    broken = [
        f" {one.url} ({one.how}): {problem.detail}."
        for one, problem in survey.failed
        if one.how not in {USUAL, USUAL_OF_WORDPRESS}
    ]
    return CannotFollow(
        f"{survey.home}: {seen}.{''.join(broken[:2])} Nothing written. If it is a newspaper, give"
        " the address of its news, or write its file by hand (README, «Follow another newspaper»)."
    )


def _where(answer: Answer) -> str:
    landed = answer.capture.url if answer.capture else answer.url
    same = urlsplit(landed)[:3] == urlsplit(answer.url)[:3]
    return "" if same else f" (it led to {landed})"
