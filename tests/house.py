"""`python -m tests.house` measures the code of archive and crawler against the limits of the house.

Lines of code are lines without blanks, comments and docstrings; a function's length is that of its
whole text, docstring included.
"""

import ast
import io
import re
import statistics
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("archive", "crawler")
LONGEST = 40  # lines of a function
Function = ast.FunctionDef | ast.AsyncFunctionDef

# From the bottom to the top: a module imports from its own row and from those below it alone.
# A module belongs to the longest name here that it begins with.
LAYERS = (
    ("archive",),
    ("archive.maintenance",),
    ("archive.site",),
    ("archive.commands",),
    ("crawler",),
    ("crawler.commands",),
    ("crawler.cli", "crawler.__main__"),
)
IN_EACH_PACKAGE = {"errors"}  # names that mean the same in each of them
_IDLE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_SQL = re.compile(
    r"\bselect\b.+\bfrom\b|\binsert (or \w+ )?into\b|\bupdate \w+ set\b|\bdelete from\b"
    r"|\bcreate (table|index|view|trigger)\b|^\s*pragma\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Module:
    """One file of Python and what is counted of it."""

    name: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def basename(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def lines(self) -> int:
        """All lines of the file."""
        return len(self.source.splitlines())

    @cached_property
    def code_lines(self) -> int:
        """Lines without blanks, comments and docstrings."""
        busy: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.source).readline):
            if token.type not in _IDLE:
                busy.update(range(token.start[0], token.end[0] + 1))
        blank = {n for n, line in enumerate(self.source.splitlines(), 1) if not line.strip()}
        prose = (_docstring_lines(node) for node in ast.walk(self.tree))
        return len(busy.difference(blank, *prose))

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def imports(self) -> set[str]:
        """Full names of what is imported anywhere in the file, lazily or for types alone too."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
        return names

    def sql(self) -> Iterator[int]:
        """Yield the numbers of lines with SQL, or with a use of sqlite3."""
        prose = {id(node.body[0].value) for node in ast.walk(self.tree) if _has_docstring(node)}  # type: ignore[attr-defined]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if id(node) not in prose and _SQL.search(node.value):
                    yield node.lineno
            elif isinstance(node, ast.Import | ast.ImportFrom) and "sqlite3" in _sources(node):
                yield node.lineno


def _sources(node: ast.Import | ast.ImportFrom) -> set[str | None]:
    return {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module}


def _has_docstring(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


def _docstring_lines(node: ast.AST) -> range:
    if not _has_docstring(node):
        return range(0)
    first = node.body[0]  # type: ignore[attr-defined]
    return range(first.lineno, first.end_lineno + 1)


@cache
def modules(package: str) -> tuple[Module, ...]:
    """Return the modules of a package and of those in it; an `__init__` counts if it has code."""
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        module = Module(name, path.read_text("utf-8"))
        if module.code_lines:
            found.append(module)
    return tuple(found)


@cache
def house() -> tuple[Module, ...]:
    """Return the modules of all packages that are measured."""
    return tuple(module for package in PACKAGES for module in modules(package))


def code_lines() -> int:
    return sum(module.code_lines for module in house())


def functions() -> list[tuple[str, Function]]:
    """Return (name with module, function) of all functions, the longest first."""
    pairs = [
        (f"{module.name}.{function.name}", function)
        for module in house()
        for function in module.functions
    ]
    return sorted(pairs, key=lambda pair: -length(pair[1]))


def length(function: Function) -> int:
    """Return the lines of a function from its `def` to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_typed(function: Function) -> bool:
    """Return whether each argument but self and cls, and what is returned, has a type."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    untyped = [each for each in every if not each.annotation and each.arg not in {"self", "cls"}]
    return not untyped and function.returns is not None


def documented() -> float:
    """Return the share of functions with a docstring."""
    every = functions()
    return sum(_has_docstring(function) for _, function in every) / len(every)


def typed() -> float:
    """Return the share of functions with all types."""
    every = functions()
    return sum(is_typed(function) for _, function in every) / len(every)


def imported() -> Iterator[tuple[str, str]]:
    """Yield (module, module that it imports) of all imports inside the house."""
    names = {module.name for module in house()}
    for module in house():
        for name in sorted(module.imports):
            target = name if name in names else name.rpartition(".")[0]
            if target in names and target != module.name:
                yield module.name, target


def circles() -> list[list[str]]:
    """Return the groups of packages that import each other, on whatever way.

    A module that lies beside packages (`crawler.crawl`) stands for itself: those below a package
    need what lies beside it, and what lies beside it needs them.
    """
    edges: dict[str, set[str]] = defaultdict(set)
    for module, target in imported():
        if (a := _package(module)) != (b := _package(target)):
            edges[a].add(b)
    reached = {name: _reached(name, edges) for name in list(edges)}
    groups = {
        tuple(sorted(other for other in names if name in reached.get(other, ())))
        for name, names in reached.items()
        if name in names
    }
    return sorted(map(list, groups))


def _package(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _reached(name: str, edges: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = set(edges.get(name, ()))
    while waiting:
        seen |= waiting
        waiting = {below for each in waiting for below in edges.get(each, ())} - seen
    return seen


def upward() -> list[str]:
    """Return "module -> module that it imports" where the second stands higher, by LAYERS."""
    pairs = sorted(set(imported()))
    return [f"{a} -> {b}" for a, b in pairs if _layer(a) < _layer(b)]


def _layer(module: str) -> int:
    names = [module.rsplit(".", cut)[0] for cut in range(module.count(".") + 1)]
    rows = {name: row for row, members in enumerate(LAYERS) for name in members}
    return next(rows[name] for name in names if name in rows)


def repeated_names() -> dict[str, list[str]]:
    """Return file names that stand in several folders; a command is named as what it runs."""
    places: dict[str, list[str]] = defaultdict(list)
    for module in house():
        if ".commands." not in module.name and module.basename not in IN_EACH_PACKAGE:
            places[module.basename].append(module.name)
    return {name: where for name, where in sorted(places.items()) if len(where) > 1}


def sql_in_crawler() -> list[str]:
    """Return the places with SQL or sqlite3 in the crawler."""
    return [f"{module.name}:{line}" for module in modules("crawler") for line in module.sql()]


def main() -> None:
    """Print what is measured, and the limit of each in brackets."""
    lengths = [length(function) for _, function in functions()]
    longest = sorted(house(), key=lambda module: -module.lines)
    parent, worker = walk()
    calls = moves()
    mutual = sum((b, a) in calls for a, b in calls) // 2
    rows = (
        ("lines of code", f"{code_lines():,}", "17,500"),
        ("modules", len(house()), "130"),
        ("lines of the longest module", longest[0].lines, "450"),
        ("modules that run for one article", len(parent | worker), "65"),
        ("  in the parent and in its worker", f"{len(parent)}, {len(worker)}", ""),
        ("pairs of modules in an extraction", len(calls), ""),
        ("  that call each other", mutual, "0"),
        ("functions", f"{len(lengths):,}", ""),
        ("  median of their lines", f"{statistics.median(lengths):.0f}", "8"),
        ("  90 % have at most", f"{statistics.quantiles(lengths, n=10)[-1]:.0f}", ""),
        ("  longest", max(lengths), "40"),
        ("  longer than 40", sum(each > LONGEST for each in lengths), "0"),
        ("  with a docstring", f"{documented():.1%}", "at least 69 %"),
        ("  with all types", f"{typed():.1%}", "100 %"),
        ("circles of packages", len(circles()), "0"),
        ("imports upward", len(upward()), "0"),
        ("names of two modules", len(repeated_names()), "0"),
        ("SQL or sqlite3 in crawler", len(sql_in_crawler()), "0"),
    )
    for title, number, limit in rows:
        print(f"{title:34}{number!s:>8}  {f'({limit})' if limit else ''}")
    _list("longest modules", [f"{module.name} {module.lines}" for module in longest[:8]])
    _list("longest functions", [f"{name} {length(each)}" for name, each in functions()[:12]])
    _list("circles of packages", [" ".join(circle) for circle in circles()])
    _list("imports upward", upward())
    _list("names of two modules", [" ".join(places) for places in repeated_names().values()])
    _list("SQL or sqlite3 in crawler", sql_in_crawler())


def _list(title: str, lines: Iterable[str]) -> None:
    print(f"\n{title}:", *lines, sep="\n    ")


if __name__ == "__main__":
    from tests.road import moves, walk

    main()
