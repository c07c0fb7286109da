"""When to look again: a visit, what it brought and the time it is to the next time it is due.

Pure. Articles are looked at again at fixed ages, listings by the crawl's own schedule.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

from archive.history import CONFIRMED
from archive.models import Kind, Visit

# Ages at which an article is looked at again, counted from when it was first found.
AGES = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 3 * 24, 7 * 24, 30 * 24))
WATCHED_AGES = tuple(age for age in AGES if age <= timedelta(days=7))
FIRST_FAILURE = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)
OF_LISTINGS = timedelta(hours=1)  # the longest wait for one that is away, or not found
LONGEST_ASKED = timedelta(days=7)  # a Retry-After beyond it is a mistake of the server
GIVE_UP = 10


def after_success(visit: Visit, *, now: datetime) -> datetime | None:
    """Return when a visit that got its answer is due again; None when it is never again.

    Listings are looked at when the crawl's schedule or the listing they stand in says so; what a
    walk into the past found is old news, and looked at once more. What somebody asked to be watched
    is looked at by its age since then, weekly at last, for as long as was asked.
    """
    if visit.kind is not Kind.ARTICLE:
        return None
    if visit.watched_from and visit.watched_until and now < visit.watched_until:
        ahead = (visit.watched_from + age for age in WATCHED_AGES if now - visit.watched_from < age)
        return min(next(ahead, now + WATCHED_AGES[-1]), visit.watched_until)
    if visit.past:
        return now + AGES[-1]
    found_at = min(visit.found_at or now, now)  # a clock that was ahead found it tomorrow
    for earlier, later in pairwise((timedelta(0), *AGES)):
        if now - found_at < later - (later - earlier) / 4:
            return found_at + later
    return None


def tomorrow(now: datetime) -> datetime:
    """Return when the next day begins, in UTC: new addresses are counted by that."""
    day = (now + timedelta(days=1)).date()
    return datetime.combine(day, datetime.min.time(), UTC)


def after_failure(
    visit: Visit, *, now: datetime, retry_after: datetime | None = None, give_up: bool = True
) -> datetime | None:
    """Return when a failed visit is tried again: later each time, never sooner than asked.

    `retry_after` is the server's own word (RFC 9110, section 10.2.3). After ten failures in a row
    that are the page's own (`give_up`) an article is given up (None); an entry point never is, and
    nothing is while the whole site is away, or refuses: a listing is asked every hour at least.
    """
    page = visit.found_in is not None or visit.kind is Kind.ARTICLE
    if give_up and page and visit.failures + 1 >= GIVE_UP:
        return None
    longest = LONGEST_WAIT if page else OF_LISTINGS
    wait = min(FIRST_FAILURE * (1 << min(visit.failures, 12)), longest)
    return max(now + wait, retry_after or now)


def to_confirm(_visit: Visit, *, now: datetime) -> datetime:
    """Return when an article is due again that answered 404 or 410, to see whether it is gone.

    Whatever its age: one such answer may be a mishap of the server.
    """
    return now + CONFIRMED


def after_gone(visit: Visit, *, now: datetime) -> datetime | None:
    """Return when an address that answered 404 or 410 is looked at again.

    At the article's next age, in case it was a mishap of the server; a listing hourly.
    """
    if visit.found_in is None:
        return now + (LONGEST_WAIT if visit.kind is Kind.ARTICLE else OF_LISTINGS)
    again = after_success(visit, now=now)
    return max(again, now + LONGEST_WAIT) if again else None


def after_maybe_gone(visit: Visit, *, now: datetime) -> datetime | None:
    """Return when an address is visited again that no longer shows its article, nor denies it.

    In an hour, then later each time, monthly at last; one that never led to an article is given up.
    """
    if visit.article is None and visit.failures + 1 >= GIVE_UP:
        return None
    return now + min(CONFIRMED * (1 << min(visit.failures, 12)), AGES[-1])


def retry_after(value: str | None, *, now: datetime) -> datetime | None:
    """Return the moment a Retry-After header asks for, None for none or an unreadable one.

    Seconds or an HTTP date (RFC 9110, section 10.2.3); at most a week ahead.
    """
    if not value:
        return None
    try:
        moment = (
            now + timedelta(seconds=int(value))
            if value.strip().isdecimal()
            else parsedate_to_datetime(value)
        )
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment, now), now + LONGEST_ASKED)
