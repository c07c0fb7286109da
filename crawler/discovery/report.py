"""What a survey or a check found, as text for a terminal and as JSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from archive.urls import readable
from crawler.discovery.check import Finding, when
from crawler.discovery.front_page import KEYS
from crawler.discovery.publisher_file import language, not_found
from crawler.discovery.survey import Sample, Survey


def survey_report(survey: Survey, path: Path, archive: Path) -> str:
    """Return what was found at a new site, what was read there, what is missing, what to do."""
    front = survey.front
    lines = [f"{front.name or front.name_latin or path.stem}  {readable(survey.home)}"]
    for entry in survey.entries:
        lines.append(f"  {KEYS[entry.candidate.kind]:<9} {readable(entry.candidate.url)}")
        lines.append(f"            {entry.listing}; {entry.candidate.how}")
    lines += ["", "Articles as Warraq reads them:"]
    for sample in survey.samples:
        lines += _article(sample)
    if (spoken := language(survey)) and spoken != "ar":
        lines += ["", f"The articles are in `{spoken}`, not Arabic; is this the Arabic front page?"]
    lines += ["", "Not found:", *(f"  - {phrase}" for phrase in not_found(survey))]
    lines += [
        f"  - {readable(candidate.url)} ({candidate.how}): {problem.detail}"
        for candidate, problem in survey.failed
        if candidate.is_named
    ]
    where = "" if archive == Path("warraq-archive") else f" --archive {archive}"
    command = f"  warraq crawl {path.stem}{where} --limit 20"
    todo = "Next: review that file and fill in what was not found; then"
    return "\n".join([*lines, "", f"Written: {path}", todo, command])


def _article(sample: Sample) -> Iterator[str]:
    reading = sample.reading
    date = when(reading.published_at or reading.published_on)
    source = f" ({reading.published_from})" if reading.published_from else ""
    byline = f"by {reading.byline}" if reading.byline else "no byline"
    yield f"  {reading.title}"
    yield f"    {date}{source}; {byline}; {len(reading.text.split())} words"
    yield f"    {readable(sample.url)}"


def check_report(slug: str, findings: Sequence[Finding]) -> str:
    """Return what a publisher's entry points gave: two or three lines for each."""
    if not findings:
        return f"{slug}: its file names no listing and no front page to check"
    broken = sum(not finding.works for finding in findings)
    lines = [f"{slug}: {f'{broken} of {len(findings)} broken' if broken else 'works'}"]
    for finding in findings:
        mark = "ok" if finding.works else "BROKEN"
        lines.append(f"  {mark:<7}{finding.key:<9} {readable(finding.url)}")
        lines += [f"         {line}" for line in (finding.listing, finding.problem) if line]
        lines += [f"         -> {remedy}" for remedy in finding.remedies]
    return "\n".join(lines)


def as_object(finding: Finding) -> dict[str, object]:
    """Return a finding as the JSON object that `check --json` prints; times are ISO 8601."""
    listing = finding.listing
    return {
        "publisher": finding.publisher,
        "key": finding.key,
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
