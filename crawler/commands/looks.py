"""How a look at a site is told on a terminal: what works, how it reads, what to do next."""

from collections.abc import Iterator
from pathlib import Path

from archive.urls import readable
from crawler.discovery.check import Finding
from crawler.discovery.publisher_file import language, named, not_found, told, when
from crawler.discovery.site import KEYS
from crawler.discovery.survey import Sample, Survey

_KEYS = dict(KEYS)


def survey_report(survey: Survey, path: Path, archive: Path) -> str:
    """Return what was found at a new site, what was read there and not found, and what to do."""
    front = survey.front
    lines = [f"{front.name or front.name_latin or path.stem}  {readable(survey.home)}"]
    for entry in survey.entries:
        lines.append(f"  {_KEYS[entry.candidate.kind]:<9} {readable(entry.candidate.url)}")
        lines.append(f"            {told(entry.listing)}; {entry.candidate.how}")
    lines += ["", "As Warraq reads its articles:"]
    for sample in survey.samples:
        lines += _article(sample)
    if (spoken := language(survey)) and spoken != "ar":
        lines += ["", f"They read as `{spoken}`, not as Arabic; is this the Arabic front page?"]
    lines += ["", "Not found:", *(f"  - {phrase}" for phrase in not_found(survey))]
    failed = [(one, problem) for one, problem in survey.failed if named(one)]
    lines += [f"  - {readable(one.url)} ({one.how}): {problem.detail}" for one, problem in failed]
    where = "" if archive == Path("warraq-archive") else f" --archive {archive}"
    return "\n".join(
        [
            *lines,
            "",
            f"Written: {path}",
            "Next: read that file and fill in what was not found; then",
            f"  warraq crawl {path.stem}{where} --limit 20",
        ]
    )


def _article(sample: Sample) -> Iterator[str]:
    reading = sample.reading
    date = when(reading.published_at or reading.published_on)
    source = f" ({reading.published_from})" if reading.published_from else ""
    byline = f"by {reading.byline}" if reading.byline else "nobody signs"
    yield f"  {reading.title}"
    yield f"    {date}{source}; {byline}; {len(reading.text.split())} words"
    yield f"    {readable(sample.url)}"


def as_object(finding: Finding) -> dict[str, object]:
    """Return a finding as the JSON object that `check --json` prints; times are ISO 8601."""
    listing = finding.listing
    return {
        "publisher": finding.publisher,
        "key": _KEYS[finding.kind],
        "url": finding.url,
        "works": finding.works,
        "status": finding.status,
        "form": listing.form if listing else None,
        "links": listing.count if listing else 0,
        "wanted": finding.wanted,
        "listings": len(listing.listings) if listing else 0,
        "newest": listing.newest.isoformat() if listing and listing.newest else None,
        "problem": finding.problem,
        "remedies": list(finding.remedies),
    }


def findings(slug: str, found: list[Finding]) -> str:
    """Return what was found at a publisher's entry points: two or three lines for each."""
    if not found:
        return f"{slug}: its file names no feed, sitemap or section to look at"
    broken = sum(not one.works for one in found)
    lines = [f"{slug}: {f'{broken} of {len(found)} broken' if broken else 'works'}"]
    for one in found:
        mark = "ok" if one.works else "BROKEN"
        lines.append(f"  {mark:<7}{_KEYS[one.kind]:<9} {readable(one.url)}")
        if one.listing:
            lines.append(f"         {told(one.listing)}")
        if one.problem:
            lines.append(f"         {one.problem}")
        lines += [f"         -> {remedy}" for remedy in one.remedies]
    return "\n".join(lines)
