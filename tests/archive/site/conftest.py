from collections.abc import Iterator

import pytest
from datasette.app import Datasette

from tests.archive.reading_room import Shelf, fill
from tests.serving import serving


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return fill(tmp_path_factory.mktemp("archive"), withhold=False)


@pytest.fixture(scope="module")
def datasette(shelf: Shelf) -> Datasette:
    return Datasette([shelf.database])


@pytest.fixture(scope="module")
def address(shelf: Shelf) -> Iterator[str]:
    with serving(shelf.root) as address:
        yield address
