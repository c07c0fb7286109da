"""The page of how newspapers fare: all of it for the owner, the newspapers for strangers."""

import pytest
from datasette.app import Datasette

from archive.database import NAME
from archive.site.language import COOKIE
from archive.site.wording import word
from archive.status import _known
from tests.archive.reading_room import words
from tests.archive.test_status import FEED, refusing

PUBLIC = {"plugins": {"warraq": {"public": True}}}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A newspaper that refuses us, in an archive whose last backup failed."""
    made = refusing(tmp_path_factory.mktemp("archive"))
    (made.root / "warc").mkdir()
    return made.root


async def ask(root, path, *, public=False, language="ar"):
    datasette = Datasette([str(root / NAME)], metadata=PUBLIC if public else {})
    answer = await datasette.client.get(path, cookies={COOKIE: language})
    assert answer.status_code == 200
    return answer


async def test_the_owner_reads_what_is_wrong_and_what_to_do(root):
    seen = words((await ask(root, "/status")).text)
    assert "الصحيفة ممنوع الموقع يمنع القراءة (http-403): في 1 من 1 من نقاط الدخول" in seen
    assert "افتح الموقع في متصفح" in seen
    assert "الأرشيف النسخ الاحتياطي آخر نسخ احتياطي لم ينتهِ سليما" in seen
    assert "الباقي على القرص" in seen


async def test_in_english(root):
    html = (await ask(root, "/status", language="en")).text
    assert "Its site keeps programs out (http-403): at 1 of 1 listings" in words(html)
    assert f'href="{FEED}"' in html
    assert '<code dir="ltr">contact</code>' in html
    assert "See whether a browser can open it" in words(html)


async def test_strangers_read_of_the_newspapers_alone(root):
    seen = words((await ask(root, "/status", public=True)).text)
    assert "الموقع يمنع القراءة" in seen
    assert "القرص" not in seen
    assert "افتح الموقع في متصفح" not in seen
    found = (await ask(root, "/status.json", public=True)).json()
    assert found["archive"] is None
    assert [each["slug"] for each in found["publishers"]] == ["paper"]


async def test_programs_read_the_same(root):
    found = (await ask(root, "/status.json")).json()
    assert found["publishers"][0]["flags"][0]["name"] == "blocked"
    assert found["archive"]["flags"][0]["name"] == "backup-failed"


async def test_an_archive_in_which_nothing_was_crawled(datasette):
    answer = await datasette.client.get("/status")
    assert "لا شيء: كل صحيفة على عادتها." in words(answer.text)


def test_each_flag_has_a_name_for_readers():
    assert all(word(name, "flags") for name in _known())
