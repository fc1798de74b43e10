"""The asv suite still runs: every benchmark once, at its tiny size, and what asv is told about it."""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KINDS = ("time_", "peakmem_")


def suite():
    """Yield (class, name of a benchmark, one combination of its parameters)."""
    for file in sorted((ROOT / "benchmarks").glob("[!_]*.py")):
        module = importlib.import_module(f"benchmarks.{file.stem}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ != module.__name__:
                continue
            for name in (n for n in vars(cls) if n.startswith(KINDS)):
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


@pytest.mark.parametrize(("cls", "name"), dict.fromkeys(p.values[:2] for p in SUITE))
def test_benchmark_has_a_readable_title(cls, name):
    title = getattr(cls, name).pretty_name
    assert title.endswith("peak memory") == name.startswith("peakmem_")


def test_configuration_points_at_the_suite():
    lines = (ROOT / "asv.conf.json").read_text(encoding="utf-8").splitlines()
    configuration = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
    assert (ROOT / configuration["benchmark_dir"] / "__init__.py").is_file()
    # asv would import the comparisons as benchmarks, which need more than it installs, if this were a package
    assert not (ROOT / "benchmarks" / "peers" / "__init__.py").exists()
