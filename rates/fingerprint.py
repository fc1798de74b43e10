"""Fingerprints: measurements are reused only while the code that made them is the same.

What counts as code: the claim's module and, transitively, every module that it imports and that is not
installed in site-packages, read as syntax trees without comments and docstrings; the versions of the numerical
libraries and of what else is imported; and the engine modules that shape a number. Data files and modules imported
under a computed name are not seen. A measurement is marked with the kind of processor besides, since numerical
libraries choose their loops, and with them the last bits, by it.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import sys
import uuid
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from rates.environment import gpu_name, versions

_CPU = re.compile(r"^(?:vendor_id|cpu family|model|CPU implementer|CPU part)\s*:\s*(.*)$", re.MULTILINE)
_VECTORS = re.compile(r"\b(?:sse|ssse|avx|fma|f16c|amx|asimd|sve)\w*")
_CHOOSING = ("OPENBLAS_CORETYPE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "NPY_DISABLE_CPU_FEATURES", "NUMBA_CPU_NAME",
             "NUMBA_CPU_FEATURES", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA")  # fmt: skip
_SHAPING = ("streams.py", "experiment.py", "tasks.py", "claim.py", "expression.py")


def fingerprint(origin: str) -> str:
    """Return the fingerprint of the claims of an origin: a module's name or a file's path.

    A claim that was defined in memory (no origin) gets a new one each time: what its functions enclose cannot be
    known, and nothing stale is ever reused.
    """
    if not origin:
        return uuid.uuid4().hex[:24]
    engine = [_digest(Path(__file__).with_name(name)) for name in _SHAPING]
    parts = [f"{sys.version_info[0]}.{sys.version_info[1]}", *(f"{k} {v}" for k, v in sorted(versions().items()))]
    parts += [f"{name} {digest}" for name, digest in _sources(origin)]
    return _hash("\n".join([*engine, *parts]).encode())


def mark(origin: str, device: str = "cpu") -> str:
    """Return what a measurement is marked with: `code@processor`, the fingerprint of its code and where it ran."""
    return f"{fingerprint(origin)}@{_hash(processor(device).encode())[:8]}"


def processor(device: str = "cpu") -> str:
    """Return the kind of processor of this machine as libraries tell kinds apart, with that of the GPU if it is used.

    Maker, family, model and vector instructions, and the variables that make libraries choose as if on another.
    """
    try:
        one = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0]
    except OSError:  # not Linux
        one = platform.processor()
    parts = [platform.machine(), *(_CPU.findall(one) or [one]), *sorted(set(_VECTORS.findall(one)))]
    parts += [f"{name}={os.environ[name]}" for name in _CHOOSING if name in os.environ]
    gpu = gpu_name(device)
    return " ".join(parts if gpu is None else [*parts, gpu])


def modules_beside(origin: str) -> dict[str, Path]:
    """Return the file of every module beside a user's file that it needs, itself first, by the name of its import.

    Python's path is not looked at: the file may have yet to change it.
    """
    return _own_and_other(origin, elsewhere=False)[0]


def _sources(origin: str) -> list[tuple[str, str]]:
    """Return (module, digest) for the origin and all own code that it imports, (package, version) for the rest."""
    own, others = _own_and_other(origin)
    found = {name: _digest(path) for name, path in own.items()}
    for name in others:
        found |= _installed(name)
    return sorted(found.items())


def _own_and_other(origin: str, elsewhere: bool = True) -> tuple[dict[str, Path], set[str]]:
    """Return the files of own modules by name, and the top-level names of all else that they import.

    Without `elsewhere` only what lies beside a user's file is its own.
    """
    siblings = Path(origin).parent if origin.endswith(".py") else None
    start = Path(origin).stem if siblings else origin
    project = frozenset({"dltheory", "rates", start.partition(".")[0]})
    queue = [(start, Path(origin))] if siblings else list(_with_parents(start, None, project))
    own: dict[str, Path] = {}
    others: set[str] = set()
    while queue:
        name, path = queue.pop()
        if name in own:
            continue
        own[name] = path
        for wanted in _imports(path, name):
            modules = list(_with_parents(wanted, siblings, project, elsewhere))
            queue += [(n, p) for n, p in modules if n not in own]
            if not modules:
                others.add(wanted.partition(".")[0])
    return own, others


def _with_parents(
    name: str, siblings: Path | None, project: frozenset[str], elsewhere: bool = True
) -> Iterator[tuple[str, Path]]:
    """Yield (module, file) for a dotted name and its parent packages, as far as they are own code."""
    pieces = name.split(".")
    for length in range(1, len(pieces) + 1):
        if pieces[0] == "rates" and (pieces[:2] != ["rates", "catalogue"] or length < 3):
            continue  # the engine
        path = _locate(pieces[:length], siblings, project, elsewhere)
        if path is not None:
            yield ".".join(pieces[:length]), path


def _locate(pieces: list[str], siblings: Path | None, project: frozenset[str], elsewhere: bool) -> Path | None:
    """Return the file of an own module, beside a user's file or in a package, without importing anything.

    Own is what belongs to the project of the claim and what is not installed in site-packages: an
    algorithm under development beside its claims, or in an editable install.
    """
    beside = _in_folder(siblings, pieces) if siblings is not None else None
    if beside is not None or not elsewhere:
        return beside
    root = _package_root(pieces[0])
    if root is None or (pieces[0] not in project and {"site-packages", "dist-packages"} & set(root.parts)):
        return None
    if root.suffix == ".py":
        return root if len(pieces) == 1 else None
    return _in_folder(root.parent, [root.name, *pieces[1:]])


def _in_folder(folder: Path, pieces: list[str]) -> Path | None:
    stem = folder.joinpath(*pieces)
    for candidate in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@lru_cache(maxsize=1024)
def _package_root(top: str) -> Path | None:
    """Return the folder of a top-level package, or the file of a top-level module; None for Python's own."""
    if not top or top in sys.stdlib_module_names:
        return None
    try:
        spec = importlib.util.find_spec(top)  # does not import a top-level name
    except (ImportError, ValueError):
        return None
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


@lru_cache(maxsize=1024)
def _installed(top: str) -> dict[str, str]:
    """Return the version of an installed package whose distribution has the name of the import."""
    if not top or top in sys.stdlib_module_names or top == "rates":
        return {}
    try:
        return {top: importlib.metadata.version(top)}
    except importlib.metadata.PackageNotFoundError:
        return {}


def _imports(path: Path, module: str) -> tuple[str, ...]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: list[str] = []
    for level, name in _read(path.read_bytes())[1]:
        if level == 0:
            found.append(name)
            continue
        base = package.split(".")
        kept = base[: len(base) - level + 1]
        found.append(".".join([*kept, name]).strip("."))
    return tuple(found)


def _digest(path: Path) -> str:
    return _read(path.read_bytes())[0]


@lru_cache(maxsize=4096)
def _read(source: bytes) -> tuple[str, tuple[tuple[int, str], ...]]:
    """Return a digest and what is imported as (level, dotted name); a name may end in something that is no module."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return _hash(source), ()
    names = tuple(name for node in ast.walk(tree) for name in _imported(node))
    return _hash(ast.dump(_bare(tree), annotate_fields=False).encode()), names


def _imported(node: ast.AST) -> list[tuple[int, str]]:
    if isinstance(node, ast.Import):
        return [(0, alias.name) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        return [(node.level, f"{base}.{alias.name}".strip(".")) for alias in node.names] + [(node.level, base)]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
            return [(0, node.args[0].value)]
    return []


def _bare(tree: ast.Module) -> ast.Module:
    """Remove docstrings, in place; comments are not in the tree to begin with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return tree


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()
