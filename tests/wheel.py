"""`python3 tests/wheel.py` builds the wheel and runs the demo from it, outside of this clone.

Needs nothing but Python and a package index.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
ARTICLES = 60


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="warraq-wheel-") as folder:
        place = Path(folder)
        warraq = installed(place)
        archive = place / "demo"
        with subprocess.Popen(
            [warraq, "demo", "--days", "1", "--port", "0", "--archive", archive],
            cwd=place,
            stdout=subprocess.PIPE,
            text=True,
        ) as demo:
            try:
                page = first_page(demo)
                answer = printed(warraq, "search", "--json", "وزير", "--archive", archive, at=place)
            finally:
                demo.send_signal(signal.SIGINT)
            assert demo.wait(30) == 130, "the demo did not end well"
        assert '<html lang="ar" dir="rtl"' in page, page[:500]
        assert "سنابل برس" in page, "the first page does not name its newspapers"
        assert '"id"' in answer, "the search finds nothing"
        stats = printed(warraq, "stats", "--archive", archive, at=place)
        together = next(line for line in stats.splitlines() if line.startswith("together"))
        assert str(ARTICLES) in together.split(), stats
        print(f"wheel: a demo outside of the clone has {ARTICLES} articles and shows them")


def installed(place: Path) -> Path:
    """Build the wheel, install it into a new environment; return its `warraq`."""
    source = place / "source"  # setuptools would leave its work in the clone, and take it again
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "tests"))
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "."]
    subprocess.run([*pip, "./source"], cwd=place, check=True)
    (wheel,) = place.glob("warraq-*.whl")
    venv.create(place / "venv", with_pip=True)
    programs = place / "venv" / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([programs / "pip", "install", "--quiet", wheel], cwd=place, check=True)
    return programs / "warraq"


def first_page(demo: "subprocess.Popen[str]") -> str:
    """Wait until the demo serves; return its first page."""
    assert demo.stdout is not None
    for line in demo.stdout:
        if address := re.search(r"^Read .* at (http://127\.0\.0\.1:\d+/)", line):
            with urlopen(address[1], timeout=20) as answer:
                return str(answer.read(), "utf-8")
    raise AssertionError("the demo ended before it served")


def printed(*words: "str | Path", at: Path) -> str:
    return subprocess.run(words, cwd=at, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
