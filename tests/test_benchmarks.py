"""The asv suite still runs: every benchmark of a kernel once, at its tiny size, and what asv is told about all."""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rates.asv import TRACKS
from rates.catalogue import find, methods

ROOT = Path(__file__).parent.parent
KINDS = ("time_", "peakmem_")
MODULES = [importlib.import_module(f"benchmarks.{file.stem}") for file in (ROOT / "benchmarks").glob("[!_]*.py")]
CLASSES = [
    cls
    for module in sorted(MODULES, key=lambda module: module.__name__)
    for _, cls in inspect.getmembers(module, inspect.isclass)
    if cls.__module__ == module.__name__
]
CHAPTERS = sorted({method.partition("/")[0] for method in methods()})


def benchmarks(cls, *kinds):
    return [name for name in vars(cls) if name.startswith(kinds)]


def suite():
    """Yield (class, name of a benchmark, one combination of its parameters)."""
    for cls in CLASSES:
        for name in benchmarks(cls, *KINDS):
            for combination in itertools.product(*getattr(cls, "params", [])):
                yield pytest.param(cls, name, combination, id=f"{cls.__name__}.{name}{list(combination)}")


SUITE = list(suite())


@pytest.mark.parametrize(("cls", "name", "combination"), SUITE)
def test_benchmark_runs_at_its_tiny_size(cls, name, combination, monkeypatch):
    monkeypatch.setattr(cls, "size", cls.tiny)
    benchmark = cls()
    try:
        benchmark.setup(*combination)
    except NotImplementedError as reason:  # how a benchmark tells asv that it does not apply
        pytest.skip(str(reason))
    try:
        getattr(benchmark, name)(*combination)
    finally:
        getattr(benchmark, "teardown", lambda *_: None)(*combination)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_benchmarks_have_readable_titles(cls):
    names = benchmarks(cls, *KINDS, "track_")
    titles = [getattr(cls, name).pretty_name for name in names]
    assert names
    assert len(set(titles)) == len(titles)
    assert [t.endswith("peak memory") for t in titles] == [n.startswith("peakmem_") for n in names]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_claim_of_a_chapter_is_tracked(chapter):
    claims = importlib.import_module(f"benchmarks.{chapter}_claims").Claims()
    assert benchmarks(type(claims), "track_") == [f"track_{name}" for name in TRACKS]
    addresses = [located.address for located in find([chapter])]
    assert claims.params == [addresses]
    measured = {address: dict.fromkeys(TRACKS, 1.5) for address in addresses}
    for address, name in itertools.product(addresses, benchmarks(type(claims), "track_")):
        track = getattr(claims, name)
        track.setup(measured, address)
        assert track(measured, address) == 1.5
        assert track.unit == TRACKS[name.removeprefix("track_")][1]


def test_what_a_track_is_looked_up_with_loads_nothing_heavy():
    code = "import sys, benchmarks.ntk_claims\nprint(sorted({'numpy', 'sympy', 'torch', 'numba'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_configuration_points_at_the_suite():
    lines = (ROOT / "asv.conf.json").read_text(encoding="utf-8").splitlines()
    configuration = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
    assert (ROOT / configuration["benchmark_dir"] / "__init__.py").is_file()
    # asv would import the comparisons as benchmarks, which need more than it installs, if this were a package
    assert not (ROOT / "benchmarks" / "peers" / "__init__.py").exists()
