"""What a foreign key is called on the page of one row; on tables Datasette says it itself."""

from typing import Any

from markupsafe import Markup

# The columns that name a row of another table, in whatever table they stand.
TABLES = {
    "article": "articles",
    "author": "authors",
    "capture": "captures",
    "first_article": "articles",
    "first_publisher": "publishers",
    "publisher": "publishers",
    "run": "runs",
    "story": "stories",
    "tag": "tags",
}


def is_key(column: str, value: object) -> bool:
    """Tell whether a cell holds a bare foreign key; where Datasette labelled it, it is a dict."""
    return column in TABLES and isinstance(value, int | str)


async def labelled(datasette: Any, database: str, column: str, value: int | str) -> Markup | None:
    """Return a link to the row that a foreign key names, by its label; None where there is none.

    Nor is there one where not everybody may see the other table.
    """
    table, archive = TABLES[column], datasette.get_database(database)
    if not await datasette.permission_allowed(None, "view-table", (database, table), default=True):
        return None
    (key,) = await archive.primary_keys(table)
    label = await archive.label_column_for_table(table)
    sql = f"select [{label}] from [{table}] where [{key}] = ?"  # noqa: S608 - names of our own
    found = (await archive.execute(sql, [value])).first()
    if found is None or found[0] is None:
        return None
    address = datasette.urls.row(database, table, value)
    return Markup('<a href="{}">{}</a>&nbsp;<em>{}</em>').format(address, found[0], value)
