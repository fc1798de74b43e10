"""Side-by-side timing: ours and a peer in turn, in one process, on one thread, by CPU time.

The ratio is printed and stored in `extra_info`; what a test asserts is that both compute the same.
"""

from __future__ import annotations

import importlib.metadata
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pytest

from rates.environment import describe, single_thread

ROUNDS = 5
PEERS = ("torch", "jax", "blackjax", "ruptures", "scikit-learn", "scipy", "numba")


@dataclass(frozen=True)
class Row:
    """One comparison: medians in CPU seconds, `work` units of work in each, and how far the results are apart."""

    title: str
    peer: str
    unit: str
    work: float
    ours_seconds: float
    peer_seconds: float
    difference: float

    @property
    def ratio(self) -> float:
        """How many times faster ours is."""
        return self.peer_seconds / self.ours_seconds


ROWS = pytest.StashKey[list[Row]]()
Measure = Callable[..., Row]


def pytest_configure(config: pytest.Config) -> None:
    """Start with no comparisons, and keep jax, which reads this when it is imported, to one thread too."""
    config.stash[ROWS] = []
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """CPU time, since other work on the machine moves the clock on the wall."""
    for item in items:
        item.add_marker(pytest.mark.benchmark(timer=time.process_time))


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Record what the figures depend on: CPU, BLAS with its core type, threads, versions."""
    machine_info["environment"] = environment()


def environment() -> dict[str, Any]:
    """Return the description that run reports carry, with the versions of the peers."""
    with single_thread():
        found = describe()
    return found | {"peers": {name: version for name in PEERS if (version := installed(name))}}


def installed(name: str) -> str | None:
    """Return the version of a distribution, None where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Hold every library, torch included, to one thread."""
    import torch  # noqa: F401 (loaded first: a pool that is not there yet cannot be limited)

    with single_thread():
        yield


@pytest.fixture
def side_by_side(benchmark: Any, request: pytest.FixtureRequest) -> Measure:
    """Return a function that times ours against a peer; both must have run once before (compiled, warm)."""

    def measure(
        title: str, ours: Callable[[], Any], peer: Callable[[], Any], *, name: str, unit: str, work: float,
        difference: float,
    ) -> Row:  # fmt: skip
        times: dict[str, list[float]] = {"ours": [], "peer": []}
        for _ in range(ROUNDS):  # in turn, so that a slow minute of the machine hits both
            times["ours"].append(_seconds(ours))
            times["peer"].append(_seconds(peer))
        row = Row(title, name, unit, work, *(statistics.median(t) for t in times.values()), difference)
        benchmark.extra_info |= asdict(row) | {"ratio": row.ratio}
        benchmark.pedantic(ours, rounds=ROUNDS)
        request.config.stash[ROWS].append(row)
        return row

    return measure


def _seconds(function: Callable[[], Any]) -> float:
    """CPU seconds of a call, of as many calls as make it 5 ms."""
    calls, spent = 1, 0.0
    while True:
        start = time.process_time()
        for _ in range(calls):
            function()
        spent = time.process_time() - start
        if spent > 5e-3:
            return spent / calls
        calls *= 4


def relative(value: Any, reference: Any) -> float:
    """Return the largest difference over the largest number of the reference."""
    a, b = np.asarray(value, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the ratios with what they depend on."""
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    where = environment()
    blas = ", ".join(f"{b['internal_api']} {b['version']} ({b['architecture']})" for b in where["blas"])
    versions = ", ".join(f"{name} {version}" for name, version in (where["packages"] | where["peers"]).items())
    threads = ", ".join(f"{b['internal_api']} {b['num_threads']}" for b in where["blas"])
    terminalreporter.section("side by side: median CPU seconds, one thread")
    terminalreporter.write_line(f"CPU: {where['cpu']}; BLAS and OpenMP: {blas}; threads: {threads}")
    terminalreporter.write_line(versions)
    terminalreporter.write_line(f"{'what':<44}{'ours':>17}{'peer':>17}{'ratio':>8}{'difference':>12}  peer")
    for row in rows:
        ours, theirs = (_rate(row.work / seconds, row.unit) for seconds in (row.ours_seconds, row.peer_seconds))
        terminalreporter.write_line(
            f"{row.title:<44}{ours:>17}{theirs:>17}{row.ratio:>8.1f}{row.difference:>12.1e}  {row.peer}"
        )


def _rate(value: float, unit: str) -> str:
    """Return 398124 as `398 k steps/s`."""
    for factor, prefix in ((1e6, "M"), (1e3, "k"), (1.0, "")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix} {unit}"
    return f"{value:.3g} {unit}"
