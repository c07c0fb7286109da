"""What a browser may do with an answer of the archive: headers for every page, Datasette's too.

A text that came from a newspaper can then neither run nor load anything, even if a page failed to
escape it. Datasette's own pages have scripts, of which each is allowed by its hash.
"""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment

from archive.site.tables import archive_names

_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

# Our pages carry no script and load nothing from elsewhere.
POLICY = f"{_NOTHING}; style-src 'self'; img-src 'self'; font-src 'self'"
_DATASETTES = f"{_NOTHING}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'"
_DATA = f"{_NOTHING}; style-src 'unsafe-inline'"  # JSON, CSV and pictures by themselves

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",  # of a newspaper that a page links to
    "X-Content-Type-Options": "nosniff",
}

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# What a template writes into a script, and all that it may be.
_PLACES = {"{{ datasette_allow_facet }}": ("true", "false")}


def with_headers(app: Callable[..., Awaitable[None]], datasette: Any) -> Callable[..., Any]:
    """Wrap a site that shows an archive: an answer has these headers, unless it sets its own."""
    if not archive_names(datasette):
        return app
    scripts = " ".join(["script-src 'self'", *_hashes(datasette.jinja_env)])

    async def served(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower(): value for name, value in message["headers"]}
                is_page = b"html" in own.get(b"content-type", b"")
                policy = f"{_DATASETTES}; {scripts}" if is_page else _DATA
                wanted = HEADERS | {"Content-Security-Policy": policy, "Vary": "Cookie"}
                more = [(name.lower().encode(), value.encode()) for name, value in wanted.items()]
                headers = [*message["headers"], *(each for each in more if each[0] not in own)]
                message = message | {"headers": headers}
            await send(message)

        await app(scope, receive, sent)

    return served


@lru_cache(maxsize=8)
def _hashes(templates: Environment) -> tuple[str, ...]:
    """Return a source expression (CSP3, 2.3.1) for each inline script in the template files."""
    return tuple(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in dict.fromkeys(_scripts(templates))
    )


def _scripts(templates: Environment) -> Iterator[str]:
    assert templates.loader is not None  # noqa: S101 - Datasette's has one
    for name in templates.list_templates(extensions=["html"]):
        for script in _SCRIPT.findall(templates.loader.get_source(templates, name)[0]):
            place = next((each for each in _PLACES if each in script), "")
            for value in _PLACES.get(place, ("",)):
                yield script.replace(place, value)
