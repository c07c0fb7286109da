"""WARC files that are gone or have flipped bits: told by verify, and no crawl stops for them."""

import random
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from archive.database import open_for_reading
from archive.maintenance.publish import publish
from archive.maintenance.withhold import withhold
from archive.models import Kind
from tests.archive.desk import NOON, PAPER, Hands, exchange, opened, reading, visit
from tests.broken import workshop as w
from tests.serving import serving

pytestmark = pytest.mark.slow

# What does not read the records goes on, and so does what writes new ones.
GOES_ON = ("import-jsonl", "withhold", "reindex", "search", "stats", "runs", "export", "publish")


def the_file(root):
    (path,) = (root / "warc").rglob("*.warc.gz")
    return path


DAMAGES = {
    "gone": lambda root: the_file(root).unlink(),
    "folder gone": lambda root: shutil.rmtree(root / "warc"),
    "flipped": lambda root: w.flip(the_file(root), random.Random(1), 300, first=1000),
    "cut": lambda root: the_file(root).write_bytes(the_file(root).read_bytes()[:50_000]),
    "empty": lambda root: the_file(root).write_bytes(b""),
    "a text": lambda root: the_file(root).write_text("هذا نص\n" * 9999, "utf-8"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_names_the_damage_and_the_other_commands_do_not_stop_for_it(root, tmp_path, damage):
    DAMAGES[damage](root)
    for name in GOES_ON:
        result = w.run(name, root, tmp_path / "out")
        assert result.exit_code == 0, (name, result.output)
    found = w.run("verify", root, tmp_path / "out")
    assert found.exit_code == 3
    assert "put the file back from a backup" in found.output
    exported = w.run("export --warc", root, tmp_path / "out")
    assert exported.exit_code == 3
    assert "not written: http://" in exported.stderr
    assert isinstance(exported.exception, SystemExit)


@pytest.mark.parametrize("damage", ["gone", "folder gone"])
def test_a_backup_names_the_files_that_are_gone_and_keeps_those_that_it_has(root, tmp_path, damage):
    assert w.run("backup", root, tmp_path / "out").exit_code == 0
    copied = the_file(tmp_path / "out" / "backup").read_bytes()
    path = the_file(root)
    name = path.relative_to(root / "warc")
    DAMAGES[damage](root)
    result = w.run("backup", root, tmp_path / "out")
    assert result.exit_code == 3
    assert f"lacks WARC files that its database refers to: {name}" in result.output
    assert the_file(tmp_path / "out" / "backup").read_bytes() == copied
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(copied)  # what verify says helps
    assert w.is_whole(root)


@pytest.mark.parametrize(
    "damage",
    [
        one if one in {"gone", "flipped"} else pytest.param(one, marks=pytest.mark.slow)
        for one in DAMAGES
    ],
)
def test_the_next_crawl_goes_on_and_ends_with_every_article(sound, root, damage):
    before = w.kept(root)
    path = the_file(root)
    good = path.read_bytes()
    DAMAGES[damage](root)
    done = sound.crawl(root)
    assert done.returncode == 0, done.stderr
    assert "internal-error" not in done.stdout
    assert "Traceback" not in done.stderr
    assert w.lost(before, root) == []
    assert {url for _, url, *_ in w.kept(root)[0]} == sound.truths()
    path.write_bytes(good)
    assert w.is_whole(root)


def test_a_file_that_is_deleted_under_a_running_crawl_is_told_afterwards(sound, root):
    hour = sound.newsstand.now() + timedelta(hours=1)
    with opened(root, Hands(hour)) as store:
        store.publish(PAPER)
        for number in range(3):
            url = f"https://alwaraq.example/{number}"
            capture = store.record(
                exchange(url, b"<p>x</p>" * 9, fetched_at=hour), kind=Kind.ARTICLE,
                publisher=PAPER.slug,
            )  # fmt: skip
            store.keep(reading(text=f"نص {number}"), url=url, visit=visit(url), capture=capture)
            store.batch.commit()
            if number == 0:
                files = (root / "warc").rglob("*.warc.gz")
                mine = max(files, key=lambda path: path.stat().st_mtime_ns)
                mine.unlink()
    with closing(open_for_reading(root)) as db:
        assert db.execute("select count(*) from articles where text like 'نص %'").fetchone() == (3,)
    found = w.run("verify", root, root / "out")
    assert found.exit_code == 3
    assert f"{mine.name}: is missing; 3 captures are in it" in found.output


def test_readers_get_their_pages_when_the_files_are_gone(root):
    shutil.rmtree(root / "warc")
    with closing(open_for_reading(root)) as db:
        (article,) = db.execute("select min(id) from articles").fetchone()
    with serving(root) as address, httpx.Client(base_url=address) as client:
        for path in ("/", f"/article/{article}", "/search?q=خبر", "/archive/articles"):
            assert client.get(path).status_code == 200, path
        assert client.get(f"/image/{article}").status_code == 404


def test_an_article_is_withheld_where_the_record_of_its_redirect_is_lost(tmp_path, caplog):
    root, url = tmp_path / "archive", "https://alwaraq.example/7"
    with opened(root) as store:
        store.publish(PAPER)
        moved = replace(visit(url), key=url)
        headers = ((b"Location", b"https://alwaraq.example/8"),)
        store.record(
            exchange(url, b"", status=301, reason="Moved", response_headers=headers),
            kind=Kind.ARTICLE, publisher=PAPER.slug,
        )  # fmt: skip
        target = exchange("https://alwaraq.example/8", b"<p>x</p>", fetched_at=NOON)
        capture = store.record(target, kind=Kind.ARTICLE, publisher=PAPER.slug)
        article, _ = store.keep(reading(), url=url, visit=moved, capture=capture)
        store.visited(moved, capture, due_at=None, state="done", article=article)
    for path in (root / "warc").rglob("*.warc.gz"):
        path.write_bytes(b"")
    withhold(root, str(article), reason="شاهدة")
    assert "it says where a withheld article was moved to" in caplog.text
    assert publish(root, tmp_path / "public").withheld == 1
