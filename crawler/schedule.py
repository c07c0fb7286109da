"""When to look again: a visit, what it brought and the time it is to the next time it is due.

Pure. Articles are looked at again by their age and by what was seen of others before, listings by
the crawl's own schedule.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from zlib import crc32

from archive.articles import Rechecks
from archive.history import CONFIRMED
from archive.models import Kind, Visit

# Ages at which an article is looked at again, counted from when it was first found.
AGES = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 3 * 24, 7 * 24, 30 * 24))
WATCHED_AGES = tuple(age for age in AGES if age <= timedelta(days=7))
SOON = timedelta(hours=6)  # after an edit was seen
PUT_BY, PLENTY = 3, 20  # looks
FIRST_FAILURE = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)
OF_LISTINGS = timedelta(hours=1)  # the longest wait for one that is away, or not found
LONGEST_ASKED = timedelta(days=7)  # a Retry-After beyond it is a mistake of the server
GIVE_UP = 10


def after_success(
    visit: Visit, *, now: datetime, rechecks: Rechecks | None = None, edited: bool = False
) -> datetime | None:
    """Return when a visit that got its answer is due again; None when it is never again.

    Listings are looked at when the crawl's schedule or the listing they stand in says so; what a
    walk into the past found is old news, and looked at once more. What somebody asked to be watched
    is looked at by its age since then, weekly at last, for as long as was asked. An article in
    which an edit was seen is due soon. `rechecks` are those of its publisher: see `_sparing`.
    """
    if visit.kind is not Kind.ARTICLE:
        return None
    if visit.watched_from and visit.watched_until and now < visit.watched_until:
        ahead = (visit.watched_from + age for age in WATCHED_AGES if now - visit.watched_from < age)
        return min(next(ahead, now + WATCHED_AGES[-1]), visit.watched_until)
    if visit.past:
        return now + AGES[-1]
    found_at = min(visit.found_at or now, now)  # a clock that was ahead found it tomorrow
    if rechecks and found_at >= rechecks.learnt_at:
        return _sparing(visit, rechecks, now=now, found_at=found_at, edited=edited)
    again = _ahead(AGES, now=now, found_at=found_at)
    return min(again, now + SOON) if again and edited else again


def _ahead(ages: Sequence[timedelta], *, now: datetime, found_at: datetime) -> datetime | None:
    """Return when an article has the next of some ages; one that is nearly over is passed over."""
    for earlier, later in pairwise((timedelta(0), *ages)):
        if now - found_at < later - (later - earlier) / 4:
            return found_at + later
    return None


def _sparing(
    visit: Visit, rechecks: Rechecks, *, now: datetime, found_at: datetime, edited: bool
) -> datetime | None:
    """Return when an article is looked at again of a newspaper that is known for a week.

    Each article that is read for the first time allows for one look in the 30 days from then on,
    at whichever article: one that is planned takes it until 30 days after it was made. So what it
    takes is over before its look is forgotten, and there are never more looks by age than articles
    were new. An article has its look at one day; three of them are put by for those in which edits
    were seen. Where none was ever seen, three of four have it at 30 days: a removal is found by
    then. Where there are many to spare, articles have all the ages.
    """
    spare, is_first = rechecks.spare + (visit.article is None), visit.article is None
    if spare < 1:
        return None
    if edited:
        return now + SOON
    if spare > PLENTY and not rechecks.is_calm:
        return _ahead(AGES, now=now, found_at=found_at)
    if not is_first or (spare <= PUT_BY and not rechecks.is_calm):
        return None
    is_late = rechecks.is_calm and crc32(visit.key.encode()) % 4 > 0
    return _ahead((AGES[-1] if is_late else AGES[2],), now=now, found_at=found_at)


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
