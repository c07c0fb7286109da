"""What Datasette says about the archive's tables and columns: `descriptions.toml`."""

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _descriptions() -> str:
    text = files(__package__).joinpath("descriptions.toml").read_text(encoding="utf-8")
    return json.dumps(tomllib.loads(text))


def database_metadata() -> dict[str, Any]:
    """Return Datasette's metadata for one archive: title, description, tables and columns.

    A new dictionary each time, for Datasette merges other sources into what it is given.
    """
    metadata: dict[str, Any] = json.loads(_descriptions())
    return metadata
