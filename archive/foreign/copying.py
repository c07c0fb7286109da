"""The archive open for records of other programs, which it copies with what it knows of them."""

from dataclasses import replace

from archive import captures, imports, troubles
from archive.foreign.capture import MEDIA, PAYLOAD, PLACE, SOURCE, WIRE_BYTES
from archive.foreign.member import Member
from archive.foreign.record import Foreign, Place
from archive.records import Capture, Problem
from archive.store import Store
from archive.warc import reader


class Copying(Store):
    """A store that takes recorded pages instead of answers."""

    def copy(self, member: Member, capture: Capture) -> Capture:
        """Append a record and make its row; return the capture with its place and number."""
        self.batch.open()
        self.totals["requests"] += 1
        location = self._warc.copy(member.packed, record_id=member.record_id)
        number = captures.insert(self.db, replace(capture, record=location), run=self.run)
        return replace(capture, record=location, id=number)

    def original(self, record: Foreign, capture: Capture) -> Capture | None:
        """Return the capture of a revisit record with the payload it stands for, if that is here.

        By the record that it refers to, or, where it names none, by the digest of the payload.
        """
        before = capture.fetched_at
        at = record.refers_to_at
        for kept in imports.kept_before(self.db, record.refers_to_url, at=at, before=before):
            if at is None and not self._has_payload(record, kept):
                continue
            headers, body = reader.read_answer(self.warc_folder, kept.record)
            named = {name.lower(): value for name, value in reversed(headers)}
            return replace(
                capture,
                sha256=kept.sha256,
                wire_bytes=kept.wire_bytes,
                content_type=named.get("content-type", capture.content_type),
                body=body,
            )
        return None

    def _has_payload(self, record: Foreign, kept: imports.Kept) -> bool:
        digest = record.fields.get("warc-payload-digest")
        return digest is not None and digest == reader.header(
            self.warc_folder, kept.record, "WARC-Payload-Digest"
        )

    def trouble(self, problem: Problem, *, url: str) -> None:
        """Keep what was wrong with a page or a place of a source, once for all imports."""
        troubles.keep(self, problem, place=url)


def told_of(source: str, place: Place, capture: Capture, member: Member) -> dict[str, str]:
    """Return what the metadata record of a copied record tells beside what every visit's tells."""
    media = {MEDIA: capture.content_type} if capture.content_type else {}
    return media | {
        SOURCE: " ".join(source.split()),
        PLACE: str(place),
        PAYLOAD: capture.sha256 or "",
        WIRE_BYTES: str(capture.wire_bytes),
        "source-record": "as it was" if member.exact else "its head was spelled anew",
    }
