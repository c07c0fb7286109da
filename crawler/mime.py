"""Answers that are no page whatever address they stand at: images, documents, archives. Pure."""

import re

from archive.records import Capture

# By how they begin, where every one of them does.
_BEGINNINGS = {
    b"%PDF-": "a PDF document",
    b"\x89PNG\r\n": "an image (PNG)",
    b"\xff\xd8\xff": "an image (JPEG)",
    b"GIF8": "an image (GIF)",
    b"RIFF": "a picture, sound or film (RIFF)",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"Rar!\x1a": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x1f\x8b\x08": "a gzip file",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"\x7fELF": "a program",
    b"ID3": "sound (MP3)",
    b"OggS": "sound or film (Ogg)",
}
_FILM = re.compile(rb".{4}ftyp", re.DOTALL)
_TYPES = re.compile(
    r"(?:image|audio|video|font|model)/|application/(?:pdf|zip|gzip|x-(?:rar|7z|tar|gzip)|msword"
    r"|vnd\.|octet-stream|epub)",
    re.IGNORECASE,
)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


def medium(capture: Capture) -> str | None:
    """Return what an answer is that holds no page to read; None where it may hold one.

    The bytes decide: many servers give a page the type of something else, or the other way round.
    """
    for beginning, name in _BEGINNINGS.items():
        if capture.body.startswith(beginning):
            return name
    if _FILM.match(capture.body):
        return "a film or sound (MP4)"
    declared = (capture.content_type or "").strip()
    if _TYPES.match(declared) and not declared.lower().startswith("image/svg"):
        return None if _MARKUP.match(capture.body) else f"{declared.partition(';')[0]}, no page"
    return None
