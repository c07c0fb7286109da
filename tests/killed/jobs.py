"""The jobs that are killed: what each works on, how it is started, and what must come out.

A further one is a class here and its line in `JOBS`.
"""

import fnmatch
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from archive.urls import identity_key
from fixtures import Clock, Newsstand
from tests.archive.desk import NOON, Hands, opened
from tests.archive.filled import fill, page
from tests.killed.contents import Rows, everything, said
from tests.sound import Unsound

Gauge = Callable[[], float]
NOTHING = "/dev/null"


def warraq(command: str, *arguments: str | Path, archive: Path) -> list[str]:
    """Return a command line of ours."""
    words = [command, *map(str, arguments), "--archive", str(archive)]
    return [sys.executable, "-m", "crawler", *words]


class Ground:
    """What the jobs share: a folder, the newspapers (served by whoever made it), one crawl of them.

    `scale` 1 is the size of the long run.
    """

    def __init__(self, folder: Path, *, scale: float = 1.0, seed: int = 1) -> None:
        self.folder = folder
        self.scale = scale
        self.seed = seed
        # Their clock stands: what they publish stays what it is, however long the kills take.
        articles = max(60, int(240 * scale))
        self.newsstand = Newsstand(articles=articles, clock=Clock(ticking=False))

    @cached_property
    def crawled(self) -> Path:
        """An archive of all newspapers, made without disturbance."""
        root = self.folder / "crawled"
        self.newsstand.write_publishers(root)
        now = self.newsstand.now().isoformat()
        subprocess.run(
            warraq("crawl", "--now", now, archive=root), check=True, stdout=subprocess.DEVNULL
        )
        return root


class Job:
    """A command that is killed again and again.

    `kills` of the long run. One run of the command does up to `stride` of what a whole one does
    before it is killed. Where `finishes` is set, what repairs is the job itself, run to its end;
    else any other command that writes. Where it is not `torn_is_sound`, `verify` has to find no
    damage only after that. A job that `rewrites` articles may leave each as it was or as it will
    be. Where the database `follows` from the WARC files, it comes out equal when it is derived
    again.
    """

    name: str
    kills = 20
    stride = 0.9
    finishes = False
    torn_is_sound = True
    rewrites = False
    follows = True

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.begun = 0

    def begin(self) -> Path:
        """Return the folder of a fresh archive to work on."""
        self.begun += 1
        root = self.ground.folder / self.name / str(self.begun)
        root.parent.mkdir(exist_ok=True)
        self.lay_out(root)
        return root

    def lay_out(self, root: Path) -> None:
        """Put into a new folder what is there before the job."""

    def command(self, root: Path) -> list[str]:
        """Return the command line."""
        raise NotImplementedError

    def repair(self, root: Path) -> list[str]:
        """Return the command line that has to leave a sound archive."""
        return (
            self.command(root) if self.finishes else warraq("import-jsonl", NOTHING, archive=root)
        )

    def gauges(self, root: Path) -> Mapping[str, Gauge]:
        """Return what grows while the job works, in words and how to read it."""
        return {"MB of WARC": lambda: _bytes(root / "warc") / 1e6}

    def result(self, root: Path) -> Mapping[str, Rows]:
        """Return what of a complete archive must be as without a kill."""
        return said(root)

    def expected(self, undisturbed: Path) -> Mapping[str, Rows]:
        """Return what that is, given an archive that a run without a kill made."""
        return self.result(undisturbed)


class Crawl(Job):
    """The fixture newspapers are crawled."""

    name = "crawl"
    kills = 100
    stride = 0.6

    def lay_out(self, root: Path) -> None:
        self.ground.newsstand.write_publishers(root)
        self._since = time.monotonic()

    def command(self, root: Path) -> list[str]:
        passed = timedelta(seconds=time.monotonic() - self._since)
        now = self.ground.newsstand.now() + passed
        # What is in hand at two deaths is put off; at the end all has to be there.
        return warraq("crawl", "--failed", "--now", now.isoformat(), archive=root)

    def gauges(self, root: Path) -> Mapping[str, Gauge]:
        return {**super().gauges(root), "requests": self.ground.newsstand.requests.total}

    def result(self, root: Path) -> Mapping[str, Rows]:
        # A feed that was in hand at two deaths is put off, and what it says of articles comes late.
        found = said(root, without={"published_at", "published_from"})
        newsstand = self.ground.newsstand
        published = [
            identity_key(truth.url)
            for paper in newsstand.papers.values()
            for truth in paper.truths(newsstand.now())
        ]
        if len(found["articles"]) != len(published):
            told = f"{len(found['articles'])} articles, {len(published)} were published"
            raise Unsound(f"{root}: {told}")
        return found


class ImportJsonl(Job):
    """A collection is imported: what the newspapers' archive exports, several times over."""

    name = "import-jsonl"

    @cached_property
    def file(self) -> Path:
        exported = subprocess.run(
            warraq("export", archive=self.ground.crawled), check=True, capture_output=True
        )
        lines = [json.loads(line) for line in exported.stdout.splitlines()]
        dice, copies = random.Random(self.ground.seed), max(8, int(5 * self.ground.scale))
        path = self.ground.folder / "collection.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number in range(copies):
                for line in lines:
                    json.dump(_varied(line, number, dice), file, ensure_ascii=False)
                    file.write("\n")
        return path

    def command(self, root: Path) -> list[str]:
        return warraq("import-jsonl", self.file, archive=root)


class Backup(Job):
    """An archive of many WARC files is backed up, each second time into the backup before it."""

    name = "backup"
    finishes = True
    torn_is_sound = False
    follows = False  # its pages are noise

    @cached_property
    def source(self) -> Path:
        root: Path = fill(self.ground.folder / "backed up")
        self._write(root, range(100, 100 + int(240 * self.ground.scale)))
        return root

    def _write(self, root: Path, numbers: range) -> None:
        clock = Hands(NOON + timedelta(days=numbers[0]))
        with opened(root, clock, roll_bytes=300_000) as store:
            for number in numbers:
                bulk = random.Random(number).randbytes(50_000)
                page(store, number, f"نص {number} " * 40, at=clock.advance(), payload=bulk)

    def begin(self) -> Path:
        if self.begun % 2 == 0:
            return super().begin()
        self.begun += 1
        self._write(self.source, range(1000 * self.begun, 1000 * self.begun + 40))
        return self.ground.folder / self.name / str(self.begun - 1)

    def command(self, root: Path) -> list[str]:
        return warraq("backup", root, archive=self.source)

    def gauges(self, root: Path) -> Mapping[str, Gauge]:
        return {**super().gauges(root), "MB of database": lambda: _bytes(root / "new") / 1e6}

    def result(self, root: Path) -> Mapping[str, Rows]:
        return everything(root)

    def expected(self, undisturbed: Path) -> Mapping[str, Rows]:
        return everything(self.source)


class Rebuild(Job):
    """The database is made anew from the WARC files; each second time there is none any more."""

    name = "rebuild"
    finishes = True
    torn_is_sound = False  # there may be no database yet

    def lay_out(self, root: Path) -> None:
        shutil.copytree(self.ground.crawled, root)
        if self.begun % 2 == 0:
            (root / "archive.db").unlink()

    def command(self, root: Path) -> list[str]:
        return warraq("rebuild", "--from-warc", archive=root)

    def gauges(self, root: Path) -> Mapping[str, Gauge]:
        return {"MB of database": lambda: _bytes(root / "rebuild") / 1e6}

    def expected(self, undisturbed: Path) -> Mapping[str, Rows]:
        return said(self.ground.crawled)


class ExtractAgain(Job):
    """All articles are read again by other rules, which leave a paragraph out."""

    name = "extract-again"
    rewrites = True

    def lay_out(self, root: Path) -> None:
        shutil.copytree(self.ground.crawled, root)
        for path in (root / "publishers").iterdir():
            with path.open("a", encoding="utf-8") as file:
                file.write("\n[[rules]]\nremove = ['p:nth-of-type(2)']\n")

    def command(self, root: Path) -> list[str]:
        return warraq("extract", "--again", archive=root)

    def gauges(self, root: Path) -> Mapping[str, Gauge]:
        return {"MB of database": lambda: _bytes(root, "archive.db*") / 1e6}

    def expected(self, undisturbed: Path) -> Mapping[str, Rows]:
        made = self.result(undisturbed)
        if made["articles"] == said(self.ground.crawled)["articles"]:
            raise Unsound("the other rules changed nothing")
        return made


class ImportWarc(Job):
    """WARC files of another archive are imported: those of the newspapers' crawl."""

    name = "import-warc"

    def command(self, root: Path) -> list[str]:
        files = sorted((self.ground.crawled / "warc").rglob("*.warc.gz"))
        return warraq("import-warc", *files, archive=root)


JOBS: tuple[type[Job], ...] = (
    Crawl,
    ImportJsonl,
    Backup,
    Rebuild,
    ExtractAgain,
    ImportWarc,
)


def _varied(line: dict[str, object], number: int, dice: random.Random) -> dict[str, object]:
    """Return another article than that of a line of the export; the first is the line itself."""
    if number == 0:
        return line
    words = str(line["text"]).split()
    dice.shuffle(words)
    return {
        "url": f"{str(line['url']).rstrip('/')}-{number}",
        "publisher": line["publisher"],
        "title": f"{line['title']} {number}",
        "text": " ".join(words),
        "published_on": line["published_on"],
        "tags": line["tags"],
        "authors": line["authors"],
    }


def _bytes(folder: Path, pattern: str = "*") -> int:
    """Return the size of a folder's files; files and folders that go meanwhile have none."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in fnmatch.filter(names, pattern):
            with suppress(FileNotFoundError):
                total += Path(place, name).stat().st_size
    return total
