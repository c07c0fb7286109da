"""The language of the interface, Arabic or English: each sentence, and which one a reader chose.

A sentence for people is written where it is said, in Arabic, as `t("…")`; its English stands in
`english.toml`. What a newspaper wrote stays in its own language.
"""

import re
import tomllib
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from datasette import Response
from markupsafe import Markup

COOKIE = "warraq_language"
_YEAR = 365 * 24 * 3600  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """A language of the interface: its code (BCP 47), its direction, and its own name."""

    code: str
    direction: str
    name: str


ARABIC = Language(code="ar", direction="rtl", name="العربية")
ENGLISH = Language(code="en", direction="ltr", name="English")
LANGUAGES = {each.code: each for each in (ARABIC, ENGLISH)}

_sections = tomllib.loads(files(__package__).joinpath("english.toml").read_text(encoding="utf-8"))
_ENGLISH: dict[str, Any] = {key: said for each in _sections.values() for key, said in each.items()}
_current = ContextVar("language", default=ARABIC)


def interface() -> Language:
    """Return the language of the page that is being written; Arabic outside a request.

    It is that of the request's own task: a function that runs in a thread of the database
    (`execute_fn`) is always in Arabic, so sentences are said before or after it.
    """
    return _current.get()


@contextmanager
def speaking(language: Language) -> Generator[None, None, None]:
    """Write in a language, whatever the reader chose."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def either(pair: Sequence[str]) -> str:
    """Return the one of (Arabic, English) that the page is written in."""
    return str(pair[interface() is ENGLISH])


def t(sentence: str, /, **places: Any) -> str:
    """Say an Arabic sentence in the language of the page, its `{places}` filled.

    Numbers get thousands separators. Where a place is Markup, the answer is too, and the others
    are escaped. English may be two sentences, for an `n` of 1 and for others; a sentence without
    English stays Arabic.
    """
    said = sentence if interface() is ARABIC else _ENGLISH.get(sentence, sentence)
    if isinstance(said, list):
        said = said[places.get("n") != 1]
    if not places:
        return str(said)
    filled = {name: f"{each:,}" if type(each) is int else each for name, each in places.items()}
    is_markup = any(isinstance(each, Markup) for each in places.values())
    return (Markup(said) if is_markup else said).format(**filled)  # noqa: S704 - ours


def with_language(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap a site: a request is answered in the language of its cookie."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        with speaking(_chosen(dict(scope.get("headers") or ()).get(b"cookie", b""))):
            await app(scope, receive, send)

    return served


def _chosen(cookies: bytes) -> Language:
    found = re.search(rf"(?:^|;\s*){COOKIE}=(\w+)", cookies.decode("latin-1"))
    return LANGUAGES.get(found[1], ARABIC) if found else ARABIC


async def choose(datasette: Any, request: Any) -> Response:
    """Remember the language that is asked for; go back to the page `?next=`, one of this site."""
    wanted = request.args.get("next") or ""
    base = datasette.setting("base_url")
    is_path = re.fullmatch(r"/(?![/\\])[!-~]*", wanted)
    path = wanted.removeprefix(base.rstrip("/")) if is_path else "/"
    response = Response.redirect(datasette.urls.path(path))
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(COOKIE, request.url_vars["language"], max_age=_YEAR, path=base)
    return response
