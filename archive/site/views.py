"""From a request to an Arabic page, its JSON or its feed."""

import asyncio
import io
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from datasette import Response
from datasette.utils import add_cors_headers
from datasette.views.base import DatasetteError

from archive.article_rows import withheld
from archive.errors import StaleIndex
from archive.errors import explain as explained
from archive.evidence import Evidence, of_capture, to_json, with_file
from archive.maintenance.export import write_csv
from archive.rows import Row
from archive.search import batch as batches
from archive.site import changes as changed
from archive.site import citation, pages, replay, sql, states, wording
from archive.site import results as finding
from archive.site import trends as trended
from archive.site.language import t
from archive.site.pages import page_number
from archive.site.security import HEADERS, POLICY
from archive.site.tables import archive_names

_log = logging.getLogger(__name__)
T = TypeVar("T")

# What XML 1.0 has no character for (https://www.w3.org/TR/xml/#charsets).
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_UNREADABLE = "تعذّرت قراءة قاعدة بيانات الأرشيف."
_NO_CAPTURE = "لا لقطة بهذا الرقم في الأرشيف."
_NO_RECORDS = "السجل ليس مع هذه النسخة من الأرشيف، أو لا يُقرأ."
_TOO_SLOW = "طال الاستعلام أكثر مما ينبغي؛ ضيّقه أو اطلب أقل."
_FAILED = {
    400: "لا يمكن الجواب عن هذا الطلب.",
    403: "لا يُسمح بعرض هذا.",
    404: "لا صفحة بهذا العنوان.",
    500: "حدث خطأ في الخادم.",
}

_NO_ARTICLE = "لا مادة بهذا الرقم في الأرشيف."
_NO_STATE = "لا صيغة بهذا الرقم لهذه المادة في الأرشيف."
_WITHHELD = "هذه المادة محجوبة عن العرض منذ {day}. يحفظها الأرشيف ولا يعرض منها شيئا."

# The tables whose rows an article's page shows.
_ON_ARTICLE = ("articles", "revisions", "captures", "stories", "embeds", "images", "visits")
_ON_CAPTURE = ("articles", "revisions", "captures", "visits")
_LONGEST_QUERY = 1000  # characters
_PUBLISHERS = "select slug, name from publishers order by name"

# Of a list of searches: lines, and the seconds that one of them and that all of them may take.
_MOST_LINES, _PER_LINE, _PATIENCE, _LONGEST_LIST = 300, 2.0, 60.0, 1 << 20  # bytes
_TOO_MANY = "القائمة أطول من 300 سطر؛ قسّمها، أو ابحث بها بالأمر warraq search --batch."
_STALE = "فهرس البحث من إصدار آخر؛ يُعاد بناؤه مع أول زحف."


async def front(datasette: Any, request: Any) -> Response:
    """Show the newest articles, of one publisher alone with `?publisher=SLUG`."""
    database = await _open(datasette, request, "articles", "publishers", "captures")
    page = await pages.front_page(database, request.args.get("publisher"))
    if page is None:
        return await _message(datasette, request, "لا ناشر بهذا الاسم في الأرشيف.")
    return await _show(datasette, request, "front.html", {"page": page})


async def changes(datasette: Any, request: Any) -> Response:
    """Show what publishers changed (`?publisher=`, `&day=`, `&kind=`); as JSON and Atom too."""
    database = await _open(datasette, request, "articles", "publishers", "revisions")
    try:
        asked = changed.Asked.read(request.args, page_number(request.args.get("page")))
    except ValueError:
        return await _message(datasette, request, "لا يوم بهذا التاريخ، أو لا تعديل من هذا النوع.")
    is_feed = request.url_vars["format"] == "atom"
    try:
        page = await database.execute_fn(lambda db: changed.changes_page(db, asked, newest=is_feed))
    except sqlite3.OperationalError:
        return await _message(datasette, request, "طال البحث في التعديلات؛ اختر يوما.", 503)
    if page is None:
        return await _message(datasette, request, "لا ناشر بهذا الاسم في الأرشيف.")
    if is_feed:
        return await _feed(datasette, request, "changes.xml", {"page": page})
    if request.url_vars["format"] == "json":
        return Response.json(changed.changes_json(page), headers=HEADERS)
    return await _show(datasette, request, "changes.html", {"page": page})


async def article(datasette: Any, request: Any) -> Response:
    """Show one article, or one of its states."""
    database = await _open(datasette, request, *_ON_ARTICLE)
    number, name = int(request.url_vars["id"]), request.url_vars.get("capture")
    page = await pages.article_page(database, number, None if name is None else int(name))
    if page is None:
        return await _message(datasette, request, _NO_ARTICLE if name is None else _NO_STATE)
    if name is not None and int(name) == page["state"]["number"] != page["state"]["name"]:
        path = f"/article/{number}/at/{page['state']['name']}"
        return Response.redirect(datasette.urls.path(path))
    if request.url_vars.get("format") == "json":
        return Response.json(states.article_json(page), headers=HEADERS)
    return await _show(datasette, request, "article.html", {"page": page})


async def diff(datasette: Any, request: Any) -> Response:
    """Show what changed between two states of an article; their numbers lead to their captures."""
    database = await _open(datasette, request, *_ON_ARTICLE)
    number = int(request.url_vars["id"])
    asked = [request.url_vars.get(name) or request.args.get(name) for name in ("before", "after")]
    before, after = (int(name) if re.fullmatch("[0-9]{1,16}", name or "") else 0 for name in asked)
    page = await database.execute_fn(lambda db: states.diff_page(db, number, before, after))
    if page is None:
        return await _message(datasette, request, _NO_STATE)
    kind = ".json" if request.url_vars.get("format") else ""
    path = f"/article/{number}/diff/{page['before']['name']}/{page['after']['name']}{kind}"
    if not request.path.endswith(path):
        return Response.redirect(datasette.urls.path(path))
    if kind:
        return Response.json(states.diff_json(page), headers=HEADERS)
    return await _show(datasette, request, "diff.html", {"page": page})


async def image(datasette: Any, request: Any) -> Response:
    """Give the main image of an article out of the archive, never from its site."""
    database = await _open(datasette, request, "articles", "captures", "visits")
    found = await pages.lead_image(database, int(request.url_vars["id"]))
    if found is None:
        return await _message(datasette, request, "لا صورة لهذه المادة في الأرشيف.")
    media, body = found
    return Response(body, headers=HEADERS | {"Cache-Control": "private"}, content_type=media)


async def story(datasette: Any, request: Any) -> Response:
    """Show the versions of a story; the number of any of its articles leads to it."""
    database = await _open(datasette, request, "articles", "stories")
    wanted = int(request.url_vars["id"])
    page = await pages.story_page(database, wanted)
    if page is None:
        return await _message(datasette, request, "لا قصة بهذا الرقم في الأرشيف.")
    kind = ".json" if request.url_vars["format"] else ""
    if page["story"]["id"] != wanted:
        return Response.redirect(datasette.urls.path(f"/story/{page['story']['id']}{kind}"))
    if kind:
        return Response.json(pages.story_json(page), headers=HEADERS)
    return await _show(datasette, request, "story.html", {"page": page})


async def search(datasette: Any, request: Any, send: Any) -> Any:
    """Show what a search finds (`?q=`, `&page=2`, `&order=new`); as JSON, Atom, and files."""
    database = await _open(datasette, request, "articles")
    kind, path = request.url_vars["format"], datasette.urls.path("/article/")
    asked = finding.Asked.read(searched(request), request.args)
    read = partial(finding.read, asked=asked, kind=kind, path=datasette.absolute_url(request, path))
    try:
        found = await database.execute_fn(read)
        if kind in {"csv", "jsonl"}:
            return await sql.download(datasette, request, send, database, found)
    except (StaleIndex, sqlite3.OperationalError) as error:
        _log.warning("search for %r was given up", asked.query, exc_info=True)
        why = _STALE if isinstance(error, StaleIndex) else _TOO_SLOW
        return await _message(datasette, request, why, 503)
    if kind == "json":
        return Response.json(finding.results_json(found), headers=HEADERS)
    if kind == "atom":
        return await _feed(datasette, request, "search.xml", {"asked": asked, "hits": found})
    context = {"page": found, "chart": found.chart(datasette.urls.path("/search"))}
    return await _show(datasette, request, "search.html", context)


async def _feed(datasette: Any, request: Any, template: str, context: dict[str, Any]) -> Response:
    """Return an Atom feed; `address` gives its template the address of a path."""
    own = {"address": lambda path: datasette.absolute_url(request, datasette.urls.path(path))}
    xml = _NOT_IN_XML.sub("", await _rendered(datasette, request, template, context | own))
    return Response(xml, headers=HEADERS, content_type="application/atom+xml; charset=utf-8")


async def trends(datasette: Any, request: Any) -> Response:
    """Show words over time (`?q=`, `&publisher=`, `&per=`, `&show=share`); as data, image too."""
    database = await _open(datasette, request, "articles", "publishers")
    kind = request.url_vars["format"]
    try:
        asked = trended.Asked.read(request.args)
    except ValueError:
        return await _message(datasette, request, "لا يوم أو فترة بهذا الاسم.")
    most = trended.WRITTEN if kind in {"csv", "json"} else trended.DRAWN
    try:
        found = await database.execute_fn(lambda db: trended.trend(db, asked, most=most))
    except StaleIndex:
        return await _message(datasette, request, _STALE, 503)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return await _message(datasette, request, "طال العدّ أكثر مما ينبغي؛ جرّب كلمات أقل.", 503)
    if kind == "json":
        return Response.json(asdict(found), headers=HEADERS)
    if kind == "csv":
        return _table(trended.trend_rows(found), trended.COLUMNS, "warraq-trends.csv")
    names = dict(tuple(row) for row in (await database.execute(_PUBLISHERS)).rows)
    chart = trended.trend_chart(asked, found, names, datasette.urls.path)
    if kind == "svg":
        if chart is None:
            return await _message(datasette, request, "لا شيء يُرسم.")
        svg = await _rendered(datasette, request, "chart.svg", {"chart": chart})
        return Response(_NOT_IN_XML.sub("", svg), headers=HEADERS, content_type="image/svg+xml")
    context = {"asked": asked, "found": found, "chart": chart, "names": names}
    return await _show(datasette, request, "trends.html", context)


async def publisher(datasette: Any, request: Any) -> Response:
    """Show what there is of a publisher; as JSON too."""
    database = await _open(datasette, request, "articles", "publishers", "captures")
    page = await pages.publisher_page(database, unquote(request.url_vars["slug"]))
    if page is None:
        return await _message(datasette, request, "لا ناشر بهذا الاسم في الأرشيف.")
    if request.url_vars["format"]:
        return Response.json(pages.publisher_json(page), headers=HEADERS)
    days = {day["day"]: day["articles"] for day in page["days"]}
    facts = page["publisher"]
    chart = trended.volume_chart(days, facts["slug"], facts["last_day"], datasette.urls.path)
    return await _show(datasette, request, "publisher.html", {"page": page, "chart": chart})


async def status(datasette: Any, request: Any) -> Response:
    """Show how each newspaper fares, and to its owner how the archive does; as JSON too."""
    database = await _open(datasette, request, *_ON_CAPTURE, "problems", "runs")
    found = await pages.status_page(datasette, database)
    if request.url_vars["format"]:
        return Response.json(found["page"], headers=HEADERS)
    return await _show(datasette, request, "status.html", found)


async def named(datasette: Any, request: Any) -> Response:
    """Show the articles of an author or of a tag, newest first."""
    database = await _open(datasette, request, "articles", "authors", "tags")
    kind, number = request.url_vars["kind"], int(request.url_vars["id"])
    page = await pages.named_page(database, kind, number, page_number(request.args.get("page")))
    if page is None:
        return await _message(datasette, request, "لا كاتب ولا وسم بهذا الرقم في الأرشيف.")
    return await _show(datasette, request, "named.html", {"page": page})


async def batch(datasette: Any, request: Any) -> Response:
    """Search for each line of a list that is sent (`lines`): a page, or a table with `.csv`."""
    database = await _open(datasette, request, "articles")
    if int(request.headers.get("content-length") or 0) > _LONGEST_LIST:
        return await _message(datasette, request, _TOO_MANY, 413)
    sent = await request.post_vars() if request.method == "POST" else request.args
    typed = str(sent.get("lines") or "")
    lines = batches.read_list(typed.encode()) if typed.strip() else []
    if len(lines) > _MOST_LINES:
        return await _message(datasette, request, _TOO_MANY, 413)
    answers, end = list[batches.Answer](), time.monotonic() + _PATIENCE
    for line, query in lines:  # one by one, so that others get their turn
        seconds = min(_PER_LINE, end - time.monotonic())
        search_for = partial(batches.answer, line=line, query=query, seconds=seconds)
        late = batches.Answer(line=line, query=query, problem="late")
        try:
            answers.append(await database.execute_fn(search_for) if seconds > 0 else late)
        except StaleIndex:
            return await _message(datasette, request, _STALE, 503)
    if request.url_vars["format"]:
        return _table(map(batches.to_row, answers), batches.COLUMNS, "warraq-batch.csv")
    return await _show(datasette, request, "batch.html", {"answers": answers, "typed": typed})


def _table(rows: Iterable[Row], names: Sequence[str], name: str) -> Response:
    """Return a table as a CSV file that a browser saves."""
    out = io.BytesIO()
    write_csv(rows, out, names=names, excel=True)
    return _file(out.getvalue(), name, "text/csv; charset=utf-8")


async def evidence(datasette: Any, request: Any) -> Response:
    """Show the evidence for a state of an article, by its capture; `.json` gives it as data."""
    stated = await _evidence(datasette, request)
    if stated is None:
        return await _message(datasette, request, _NO_CAPTURE)
    if request.path.endswith(".json"):
        media = "application/json; charset=utf-8"
        return Response(to_json(stated), headers=HEADERS, content_type=media)
    address = _address(datasette, request, stated)
    sentences = citation.arabic(stated, address), citation.english(stated, address)
    cited = {ending: write(stated, address) for ending, (_, write) in citation.FORMATS.items()}
    context = {"evidence": stated, "sentences": sentences, "cited": cited}
    return await _show(datasette, request, "evidence.html", context)


async def cite(datasette: Any, request: Any) -> Response:
    """Give a citation of a state of an article as a file for a reference manager."""
    stated = await _evidence(datasette, request)
    if stated is None:
        return await _message(datasette, request, _NO_CAPTURE)
    ending = request.url_vars["ending"]
    media, write = citation.FORMATS[ending]
    name = f"warraq-{stated.article}-{stated.capture}.{ending}"
    return _file(write(stated, _address(datasette, request, stated)), name, media)


async def captured(datasette: Any, request: Any) -> Response:
    """Show the page as captured, in a frame that can do nothing."""
    page = await _of_capture(datasette, request, replay.recorded)
    if page is None:
        return await _message(datasette, request, _NO_CAPTURE)
    context = {"page": page, "obstacle": wording.obstacle(page.obstacle)}
    return await _show(datasette, request, "captured.html", context, framing="frame-src 'self'; ")


async def frame(datasette: Any, request: Any) -> Response:
    """Give the recorded HTML of a capture as it may be shown."""
    html = await _of_capture(datasette, request, replay.shown)
    if html is None:
        return await _message(datasette, request, _NO_CAPTURE)
    return Response.html(html, headers=replay.HEADERS)


async def records(datasette: Any, request: Any) -> Response:
    """Give the WARC records of a capture as a file, or what a browser showed of it."""
    read = partial(replay.records, kind=request.url_vars["kind"])
    found = await _of_capture(datasette, request, read)
    return _file(*found) if found else await _message(datasette, request, _NO_RECORDS)


async def _evidence(datasette: Any, request: Any) -> Evidence | None:
    """Return the evidence for the capture that is asked for, None if it is not of that article."""
    stated = await _of_capture(datasette, request, of_capture)
    if stated is None or stated.article != int(request.url_vars["id"]):
        return None
    root = Path(datasette.get_database(archive_names(datasette)[0]).path).parent
    return await asyncio.to_thread(with_file, stated, root)


async def _of_capture(
    datasette: Any, request: Any, read: Callable[[sqlite3.Connection, Path, int], T]
) -> T:
    """Return what is read of a capture, by the archive's database and folder, and its id."""
    database = await _open(datasette, request, *_ON_CAPTURE)
    root, number = Path(database.path).parent, int(request.url_vars["capture"])
    found: T = await database.execute_fn(lambda db: read(db, root, number))
    return found


def _address(datasette: Any, request: Any, stated: Evidence) -> str:
    """Return the address of a state of an article in this archive."""
    path = datasette.urls.path(f"/article/{stated.article}/at/{stated.capture}")
    return str(datasette.absolute_url(request, path))


def _file(content: str | bytes, name: str, media: str) -> Response:
    """Return an answer that a browser saves, and never shows, but for an image."""
    how = "inline" if media.startswith("image/") else "attachment"
    disposition = {"Content-Disposition": f'{how}; filename="{name}"'}
    return Response(content, headers=HEADERS | disposition, content_type=media)


async def forbidden(datasette: Any, request: Any, message: str) -> Response:
    """Say that nobody may see this, and what Datasette says of it."""
    return await _message(datasette, request, _FAILED[403], 403, detail=message)


async def failed(datasette: Any, request: Any, error: Any) -> Response:
    """Say what is wrong with a request, or that the server failed; JSON as Datasette has it."""
    status = getattr(error, "status", 500)
    said = str(getattr(error, "message", None) or error)
    if status >= 500 and not isinstance(error, DatasetteError):
        _log.error("%s failed", request.path, exc_info=error)
        said = ""
    title = getattr(error, "title", None)
    if request.path.endswith(".json"):
        headers: dict[str, str] = {}
        if datasette.cors:
            add_cors_headers(headers)
        more = getattr(error, "error_dict", None) or {}
        data = more | {"ok": False, "error": said, "status": status, "title": title}
        return Response.json(data, status=status, headers=headers)
    sentence = _FAILED.get(status, _FAILED[400 if status < 500 else 500])
    if getattr(error, "message_is_html", False):  # Datasette's, where SQL took too long
        sentence, said = _TOO_SLOW, str(title)
    return await _message(datasette, request, sentence, status, detail=said)


async def unreadable(datasette: Any, request: Any, error: Exception) -> Response:
    """Say that the database cannot be read now: to readers what, to the owner what to do."""
    path = next((str(datasette.get_database(name).path) for name in archive_names(datasette)), None)
    _log.error("%s: %s", request.path, explained(error, path))
    return await _message(datasette, request, _UNREADABLE, 500, detail=str(error))


async def _open(datasette: Any, request: Any, *tables: str) -> Any:
    """Return the first archive, once whoever asks may see these tables of it."""
    name = archive_names(datasette)[0]
    for table in tables:
        await datasette.ensure_permissions(
            request.actor, [("view-table", (name, table)), ("view-database", name), "view-instance"]
        )
    return datasette.get_database(name)


async def _message(
    datasette: Any, request: Any, message: str, status: int = 404, *, detail: str = ""
) -> Response:
    said = t(message)
    if status == 404 and (since := await _withheld_since(datasette, request)):
        said = t(_WITHHELD, day=since[:10])
    if request.path.endswith(".json"):
        error = detail or said
        return Response.json({"ok": False, "error": error, "status": status}, status=status)
    context = {"message": said, "detail": detail}
    return await _show(datasette, request, "message.html", context, status)


async def _withheld_since(datasette: Any, request: Any) -> str | None:
    """Return since when what is asked for by its number is withheld; None where it is not."""
    numbers = [request.url_vars[name] for name in ("id", "capture") if request.url_vars.get(name)]
    database = datasette.get_database(archive_names(datasette)[0])
    for number in numbers:
        if found := await database.execute_fn(lambda db, number=number: withheld(db, number)):
            return str(found[1])
    return None


async def _show(
    datasette: Any,
    request: Any,
    template: str,
    context: dict[str, Any],
    status: int = 200,
    *,
    framing: str = "",
) -> Response:
    html = await _rendered(datasette, request, template, context)
    policy = {"Content-Security-Policy": framing + POLICY}
    return Response.html(html, status=status, headers=HEADERS | policy)


async def _rendered(datasette: Any, request: Any, template: str, context: dict[str, Any]) -> Any:
    return await datasette.render_template(f"warraq/{template}", context, request=request)


def searched(request: Any) -> str:
    """Return what was typed into the search box of the page."""
    return str(request.args.get("q") or "").strip()[:_LONGEST_QUERY]
