"""The wheel has every package and every file that the code reads; `tests/wheel.py` runs it."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOL = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
TOPS = ("archive", "crawler", "fixtures")


def test_every_package_is_in_the_wheel():
    assert TOOL["packages"]["find"]["include"] == [f"{top}*" for top in TOPS]
    folders = {path.parent for top in TOPS for path in (ROOT / top).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_every_file_of_data_is_in_the_wheel():
    packaged = {
        path
        for package, patterns in TOOL["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    code = {".py", ".pyc", ".md"}
    files = {path for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file()}
    assert [path for path in files - packaged if path.suffix not in code] == []
