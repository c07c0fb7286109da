"""Make a stored archive with the code of an earlier commit: `python -m tests.archives.make`.

    python -m tests.archives.make m004 eebf1f4

writes tests/archives/m004.tar.xz, named after the last migration that the commit knows. The
commit's own `warraq` visits the commit's own fixture newspapers, on a port that stays the same, so
that a crawl of today can go on: two articles are saved, a day later one of them was edited and one
has vanished, and new ones have come. Made were m002 by 23c48c9, m003 by 37ef0d7, m004 by eebf1f4
and m008 by 7de365d: the last commits before the tables, the index or the revisions' digests
changed. The libraries are today's; Warraq's own code is none of today's.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import click

HERE = Path(__file__).parent
PORT = 18741

# Runs in the commit's tree, and may use only what all of them have.
_VISITS = """
import subprocess, sys
from datetime import timedelta
from pathlib import Path
from fixtures import Newsstand, serve
from fixtures.clock import START

root = Path(sys.argv[1])
newsstand = Newsstand(articles=60, seed=3)
paper = newsstand.papers["manara"]
EDITED, VANISHING = 19, 22

def warraq(command, *arguments):
    now = ["--now", newsstand.now().isoformat()] if command in ("crawl", "save") else []
    subprocess.run([sys.executable, "-m", "crawler", command, *arguments, "--archive", root, *now],
                   check=True)

with serve(newsstand, port=int(sys.argv[2])):
    newsstand.write_publishers(root)
    for other in {"sanabel", "nakhil"}:
        (root / "publishers" / f"{other}.toml").unlink()
    newsstand.advance(paper.timeline.published_at(VANISHING) - START + timedelta(minutes=1))
    warraq("save", *map(paper.url, (EDITED, VANISHING)))
    newsstand.advance(timedelta(hours=24))
    warraq("crawl", "manara", "--limit", "3")
    if "withhold" in sys.argv[3:]:
        warraq("withhold", paper.url(VANISHING), "--reason", "a witness")
"""


def unpack(name: str, folder: Path) -> Path:
    """Unpack a stored archive into a folder of its name in `folder`, and return that."""
    with tarfile.open(HERE / f"{name}.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder / name


@click.command()
@click.argument("name")
@click.argument("commit")
def main(name: str, commit: str) -> None:
    """Make tests/archives/NAME.tar.xz with the code of COMMIT."""
    with tempfile.TemporaryDirectory() as folder:
        tree, root = Path(folder, "tree"), Path(folder, name)
        packed = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as source:
            source.extractall(tree, filter="data")
        more = ["withhold"] if (tree / "archive" / "commands" / "withhold.py").exists() else []
        subprocess.run(
            [sys.executable, "-c", _VISITS, str(root), str(PORT), *more],
            cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, check=True,
        )  # fmt: skip
        (root / "lock").unlink()
        with tarfile.open(HERE / f"{name}.tar.xz", "w:xz") as target:
            target.add(root, name)
    click.echo(f"{HERE / name}.tar.xz: {(HERE / f'{name}.tar.xz').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
