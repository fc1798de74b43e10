"""How fast the store takes and gives measurements while it grows, and how large the file becomes.

    python benchmarks/scaling/store_throughput.py --rows 1000000

Rows come as a sweep brings them: the cells of some trials take turns, each in order of its replicates. Times are CPU
seconds of this process, with those of the kernel; the wall clock stands beside them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from rates.store import Key, Store

TRIALS_AT_ONCE = 8  # about the trials that a sweep has under way
POINTS = 7
CELLS_READ = 300


def key(trial: int, point: int) -> Key:
    """Return a key as long as those of the catalogue."""
    case, x = f"d=2, eta=2/5, noise=1/10, r=3/4, scale={1 + trial}/5", (2.0 ** (7 + point),)
    return Key("ntk/averaged_sgd:minimax-rate", case, "", "measure", x, 0, "cpu", "float64", "f" * 24)


def transactions(rows: int, batch: int, replicates: int) -> Iterator[tuple[Key, int]]:
    """Yield (key, first replicate) until there are that many rows; a trial has POINTS cells of `replicates` rows."""
    trials = -(-rows // (POINTS * replicates))
    for start in range(0, trials, TRIALS_AT_ONCE):
        together = range(start, min(start + TRIALS_AT_ONCE, trials))
        for point in reversed(range(POINTS)):
            for first in range(0, replicates, batch):
                for trial in together:
                    yield key(trial, point), first


def timed(action: Callable[[], int]) -> tuple[float, float]:
    """Return microseconds of CPU and of wall clock a unit of what the action says it did."""
    cpu, wall = time.process_time(), time.perf_counter()
    done = action()
    return (time.process_time() - cpu) / done * 1e6, (time.perf_counter() - wall) / done * 1e6


def fill(file: Path, steps: list[tuple[Key, int]], batch: int) -> None:
    """Fill a store, saying at every tenth of the rows what the last tenth took."""
    values = np.random.default_rng(0).random((batch, 1, 1))
    with Store.open(file) as store:
        for part in np.array_split(np.arange(len(steps)), 10):

            def put(part: np.ndarray = part) -> int:
                for index in part:
                    where, first = steps[index]
                    store.put(where, first, values, 1.0)
                return len(part) * batch

            cpu, wall = timed(put)
            print(f"  {(part[-1] + 1) * batch:>9} rows   put {cpu:7.1f} us CPU a row, {cpu * batch / 1e3:6.2f} ms a"
                  f" transaction   ({wall:7.1f} us wall)")  # fmt: skip
        size = store.info().bytes
    print(f"  file {size / 1e6:.1f} MB, {size / (len(steps) * batch):.0f} bytes a row")


def read(file: Path, keys: list[Key], replicates: int) -> None:
    """Say how long the full store takes to open, and to give what a look asks for."""
    cpu, wall = time.process_time(), time.perf_counter()
    store = Store.open(file)
    print(
        f"  opened in {(time.process_time() - cpu) * 1e3:.1f} ms CPU ({(time.perf_counter() - wall) * 1e3:.1f} ms wall)"
    )
    with store:

        def get() -> int:
            return sum(len(store.get(where, range(replicates)).values) for where in keys)

        cpu, wall = timed(get)
    print(f"  get {cpu:.1f} us CPU a row, {cpu * replicates / 1e3:.2f} ms a cell of"
          f" {replicates} ({wall:.1f} us wall a row), from {len(keys)} cells all over the file")  # fmt: skip


def main() -> None:
    """Measure with one row a transaction, and with as many as travel together at most."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 256])
    parser.add_argument("--replicates", type=int, default=1024, help="rows of a cell")
    parser.add_argument("--folder", help="where the file lies; its disk matters")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for batch in given.batches:
            print(f"{given.rows} rows, {batch} a transaction, {given.replicates} a cell")
            file, steps = Path(folder) / f"{batch}.sqlite", list(transactions(given.rows, batch, given.replicates))
            fill(file, steps, batch)
            keys = list(dict.fromkeys(where for where, _ in steps))
            read(file, keys[:: max(1, len(keys) // CELLS_READ)], given.replicates)


if __name__ == "__main__":
    main()
