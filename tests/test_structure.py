"""The direction of imports, and the size of files and functions."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WINGS = ("dltheory", "rates", "benchmarks", "examples", "tests")
FILES = sorted(f for wing in WINGS for f in (ROOT / wing).rglob("*.py") if "__pycache__" not in f.parts)
SOURCES = [f for f in FILES if f.relative_to(ROOT).parts[0] in ("dltheory", "rates")]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 60


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def imported(file: Path, *, top_level: bool = False) -> Iterator[str]:
    """Yield the modules that a file imports, type checkers' imports left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    skipped = {id(n) for node in ast.walk(tree) if _only_for_types(node) for n in ast.walk(node)}
    if top_level:
        functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
        skipped |= {id(n) for function in functions for n in ast.walk(function)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(file)}: imports are absolute"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def is_engine(file: Path) -> bool:
    parts = file.relative_to(ROOT).parts
    return parts[0] == "rates" and (parts[1] != "catalogue" or len(parts) == 3)


def test_the_mathematics_never_heard_of_a_verdict():
    wrong = [
        (name(f), m) for f in SOURCES if name(f).startswith("dltheory/") for m in imported(f) if within(m, "rates")
    ]
    assert wrong == []


def test_the_engine_works_for_anyones_algorithm():
    foreign = ("torch", "dltheory", "sklearn", "numba")
    wrong = [(name(f), m) for f in SOURCES if is_engine(f) for m in imported(f) if any(within(m, p) for p in foreign)]
    assert wrong == [("rates/streams.py", "torch")]
    assert "torch" not in imported(ROOT / "rates/streams.py", top_level=True)


def test_no_chapter_is_imported_by_name_from_outside():
    chapters = [d.name for d in (ROOT / "rates/catalogue").iterdir() if d.is_dir() and not d.name.startswith("_")]
    assert "ntk" in chapters
    wrong = [
        (name(f), module)
        for f in SOURCES
        for module in imported(f)
        for chapter in chapters
        if within(module, f"rates.catalogue.{chapter}") and not name(f).startswith(f"rates/catalogue/{chapter}/")
    ]
    assert wrong == []


def test_judging_knows_nothing_of_how_people_meet_it():
    outer = ("rates.cli", "rates.show", "rates.listing", "rates.publish", "rates.report", "rates.progress", "rich")
    inner = (
        "law claim experiment expression estimand slope verdict planning evidence plan session check sweep store tasks"
        " engines dask_engine dask_cluster dask_worker cost result asymptote fingerprint judge streams environment"
        " history interrupt timeout"
    )
    files = [ROOT / f"rates/{module}.py" for module in inner.split()]
    assert [(name(f), m) for f in files for m in imported(f) if any(within(m, p) for p in outer)] == []


@pytest.mark.parametrize("file", FILES, ids=name)
def test_files_and_functions_are_short(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    functions = [n for n in ast.walk(ast.parse("\n".join(lines))) if isinstance(n, ast.FunctionDef)]
    lengths = {f.name: f.end_lineno - f.lineno + 1 for f in functions}
    assert {n: length for n, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == {}


def test_listing_and_showing_load_no_torch():
    code = (
        "import sys\nfrom rates.cli import main\nmain(['list'])\nlisted = set(sys.modules)\n"
        "main(['show', 'ntk/averaged_sgd:minimax-rate'])\n"
        "print(sorted({'torch', 'pandas', 'plotly', 'scipy'} & listed), 'torch' in sys.modules, file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr.strip() == "[] False"
