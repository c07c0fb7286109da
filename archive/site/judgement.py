"""The page of how an archive and its newspapers fare (archive.status).

Readers of a public site see the newspapers alone: neither the disk, nor the runs, nor what to do.
"""

import re
from pathlib import Path
from typing import Any, Literal

import msgspec
from datasette import Response
from markupsafe import Markup, escape

from archive import status as judging
from archive.clock import system
from archive.session import WARC_FOLDER
from archive.site.language import ENGLISH, interface
from archive.site.security import HEADERS
from archive.site.views import _open, _show

_TABLES = ("articles", "publishers", "captures", "visits", "problems", "runs", "run_publishers")
_COMMAND = re.compile("`([^`]+)`")


async def status(datasette: Any, request: Any) -> Response:
    """Show what is wrong with newspapers, and with the archive where it is its owner's; as JSON."""
    database = await _open(datasette, request, *_TABLES)
    public = bool((datasette.plugin_config("warraq") or {}).get("public"))
    root, now = Path(database.path).parent, system()
    own = root if not public and (root / WARC_FOLDER).is_dir() else None
    found = await database.execute_fn(lambda db: judging.read(db, own, now=now))
    page = msgspec.to_builtins(found)
    if request.url_vars["format"]:
        return Response.json(page, headers=HEADERS)
    names = {each.slug: each.name for each in found.publishers}
    flags = [(slug, names.get(slug), flag, _said(flag)) for slug, flag in found.flags]
    context = {"page": page, "flags": flags, "public": public}
    return await _show(datasette, request, "status.html", context)


def _said(flag: judging.Flag) -> dict[str, Markup]:
    """Return the sentences of a flag as HTML, in the language of the page."""
    language: Literal[0, 1] = 1 if interface() is ENGLISH else 0
    texts = {"reason": flag.said("reason", language), "remedy": flag.said("remedy", language)}
    code = r'<code dir="ltr">\1</code>'
    return {what: Markup(_COMMAND.sub(code, str(escape(text)))) for what, text in texts.items()}  # noqa: S704 - escaped
