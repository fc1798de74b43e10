"""What a sweep of very many cells costs before and beside measuring: planning, counting, looking up, keeping.

    python benchmarks/scaling/cell_throughput.py --cells 100000

A cell is one x of one case of a claim or of a control, and has one block of eight replicates here: with so few, finding
a cell by its key costs more than its rows. One claim with 25 cases and three controls has 196 cells of seven x. Times
are CPU seconds of this process; nothing is measured, the workers' answers are there at once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np

from rates.catalogue import Located
from rates.claim import Check, Claim, Control, Margin
from rates.cost import cost
from rates.experiment import Experiment, Pilot
from rates.law import Law
from rates.plan import ClaimPlan, Options, plan
from rates.store import Store
from rates.sweep import Job, Sweeper
from rates.tasks import Task, TaskResult

X = tuple(2.0**k for k in range(7, 14))
CASES = 25
BLOCK = 8
CELLS_A_CLAIM = (CASES + 3) * len(X)


class Instant(Executor):
    """Answers at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the answer to a task."""
        task: Task = args[0]
        future: Future[Any] = Future()
        future.set_result(TaskResult(np.ones((task.replicates[1] - task.replicates[0], 1, 1)), None, 0.05))
        return future


def measure(n: float, streams: object, r: float = 1.0, d: float = 2.0, noise: float = 0.1, ridge: float = 1.0) -> Any:
    """Stand for an algorithm."""
    raise AssertionError("nothing is measured")


def claims(count: int) -> list[Located]:
    """Return that many claims as large as those of the catalogue, each with cases and controls."""
    made = [
        Claim(
            name=f"rate-{i}", statement="y falls like n^-r.", law=Law.power("n", "-r"),
            cases=tuple({"r": f"{1 + case}/4", "d": "2", "noise": "1/10"} for case in range(CASES)),
            experiment=Experiment(measure, x=X, block=BLOCK, pilot=Pilot(0.02, 0.02, 0.004)),
            checks=(Check("experiment-law", "slope", Margin(0.1)),),
            controls=tuple(Control(f"ridge {k}", {"ridge": float(k)}, "experiment-law", "slope") for k in range(3)),
        )
        for i in range(count)
    ]  # fmt: skip
    return [Located(f"chapter/method:{claim.name}", claim, f"chapter.method{i}") for i, claim in enumerate(made)]


def jobs(plans: tuple[ClaimPlan, ...]) -> Iterator[Job]:
    """Yield every trial as a job of one block."""
    for trial in (trial for p in plans for trial in p.trials):
        yield Job.measure(trial.located, trial.case, trial.settings, replicates=BLOCK, seed=0, fingerprint="f" * 33)


def timed(what: str, cells: int, action: Callable[[], Any]) -> Any:
    """Do something, and print what it took of CPU for each cell."""
    start = time.process_time()
    found = action()
    spent = time.process_time() - start
    print(f"  {what:<44}{spent:>8.2f} s {spent / cells * 1e6:>8.1f} us a cell", flush=True)
    return found


def sweep(store: Store, plans: tuple[ClaimPlan, ...]) -> None:
    """Bring every cell into the store, or find that it is there."""
    Sweeper(store, Instant(), 64).run(jobs(plans), lambda job, measurement: None, on_error=print)


def main() -> None:
    """Print what each step of a sweep takes for each cell, the measuring left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--folder", help="where the file lies; its disk matters")
    given = parser.parse_args()
    for wanted in given.cells:
        count = max(1, round(wanted / CELLS_A_CLAIM))
        cells = count * CELLS_A_CLAIM
        print(f"{cells} cells of {count} claims, {BLOCK} replicates each")
        located = claims(count)
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            path = Path(folder) / "cells.sqlite"
            plans = timed("plan", cells, lambda located=located: plan(located, Options()))
            told = timed("cost, as rates check --dry-run prints it", cells, lambda plans=plans: cost(plans))
            with Store.open(path) as store:
                timed("sweep with its store, all of it new", cells, lambda s=store, p=plans: sweep(s, p))
                timed("the same again, all of it kept", cells, lambda s=store, p=plans: sweep(s, p))
                info = timed("rates store info", cells, store.info)
            with timed("open", cells, lambda path=path: Store.open(path)):
                pass
        size = info.bytes
        print(f"  {info.cells} cells, {info.measurements} rows, {size / 1e6:.0f} MB, {size / cells:.0f} bytes a cell"
              f" ({told.cells} cells planned)")  # fmt: skip


if __name__ == "__main__":
    main()
