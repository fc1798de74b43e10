"""How long a sweep of a million measurements takes on a cluster, and what it waits for.

    python benchmarks/scaling/sweep_simulation.py

A closed network of queues, simulated event by event: this process sends tasks and receives answers, one at a time;
the scheduler deals with each task when it comes and when it is done; a worker holds two tasks and runs one. Four tasks
a worker are out, as in a sweep. The costs are CPU seconds that `task_overhead.py` and `store_throughput.py` measured.
"""

from __future__ import annotations

import argparse
import heapq
import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

HELD = 2  # tasks that the scheduler gives to a worker of one thread: one runs, one is there when it is done
OUT = 4  # tasks a worker that a sweep has out


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU a task, beside the measuring: of the sweep with its store, of the scheduler, of the worker."""

    client: float
    scheduler: float
    worker: float = 1.8e-3


MEASURED = {2: Costs(1.5e-3, 1.7e-3), 64: Costs(1.0e-3, 1.2e-3), 512: Costs(1.0e-3, 1.2e-3)}  # by workers


@dataclass(frozen=True)
class Sweep:
    """What is measured: so many measurements of so many seconds each (`spread` is std/mean of a task's time)."""

    measurements: int
    seconds: float
    spread: float = 1.0

    def in_tasks(self, task_seconds: float) -> tuple[int, float]:
        """Return how many tasks there are and the seconds of each, when measurements travel in tasks that long."""
        together = max(1, math.ceil(task_seconds / self.seconds))
        return math.ceil(self.measurements / together), together * self.seconds


@dataclass(frozen=True)
class Found:
    """Seconds from start to end, and the share of them that each kind of server was at work."""

    seconds: float
    client: float
    scheduler: float
    workers: float

    @property
    def bottleneck(self) -> str:
        """What was busiest."""
        return max(("client", "scheduler", "workers"), key=lambda name: float(getattr(self, name)))


def bound(tasks: int, seconds: float, workers: int, costs: Costs) -> float:
    """Return the least time: the busiest server without ever waiting."""
    return tasks * max(costs.client, costs.scheduler, (seconds + costs.worker) / workers)


def simulate(tasks: int, seconds: float, workers: int, costs: Costs, spread: float = 1.0, seed: int = 0) -> Found:
    """Return what happens with `tasks` tasks of `seconds` each on average, lognormal, on that many workers."""
    width = math.sqrt(math.log1p(spread**2))
    noise = np.random.default_rng(seed).standard_normal(tasks)
    lasts = iter((seconds * np.exp(width * noise - width**2 / 2) + costs.worker).tolist())
    events: list[tuple[float, int, str, int]] = []
    count = 0

    def later(at: float, what: str, worker: int = 0) -> None:
        nonlocal count
        count += 1
        heapq.heappush(events, (at, count, what, worker))

    client = scheduler = busy = 0.0  # until when the first two are at work; seconds of the workers
    free_at, held = [0.0] * workers, [0] * workers
    room = deque(w for _ in range(HELD) for w in range(workers))  # every worker once before any twice
    queued, left, now = 0, tasks, 0.0

    def start(worker: int, at: float) -> None:
        nonlocal busy
        held[worker] += 1
        duration = next(lasts)
        busy += duration
        free_at[worker] = max(at, free_at[worker]) + duration
        later(free_at[worker], "done", worker)

    for _ in range(min(OUT * workers, tasks)):
        client += costs.client / 2
        left -= 1
        later(client, "asked")
    while events:
        now, _, what, worker = heapq.heappop(events)
        if what in ("asked", "done"):
            scheduler = max(now, scheduler) + costs.scheduler / 2
            later(scheduler, "placed" if what == "asked" else "freed", worker)
        elif what == "placed":
            if room:
                start(room.popleft(), now)
            else:
                queued += 1
        elif what == "freed":
            held[worker] -= 1
            if queued:
                queued -= 1
                start(worker, now)
            elif held[worker] == 0:
                room.appendleft(worker)
            else:
                room.append(worker)
            later(now, "answered")
        else:
            client = max(now, client) + costs.client / 2
            if left:
                client += costs.client / 2
                left -= 1
                later(client, "asked")
    end = max(now, client)
    return Found(end, tasks * costs.client / end, tasks * costs.scheduler / end, busy / workers / end)


def main() -> None:
    """Print a line for each number of workers and each way to batch."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measurements", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=0.004, help="of a measurement; 0.004 is the catalogue's mean")
    parser.add_argument("--scheduler", type=float, help="seconds a task, in place of what was measured")
    given = parser.parse_args()
    sweep = Sweep(given.measurements, given.seconds)
    print(f"{'workers':>8}{'a task':>10}{'tasks':>9}{'minutes':>9}{'bound':>8}{'client':>8}{'sched.':>8}{'workers':>8}")
    for workers, measured in MEASURED.items():
        costs = measured if given.scheduler is None else replace(measured, scheduler=given.scheduler)
        for name, task_seconds in (("one", 0.0), ("50 ms", 0.05), ("scaled", max(0.05, 0.004 * workers))):
            tasks, seconds = sweep.in_tasks(task_seconds)
            found = simulate(tasks, seconds, workers, costs, sweep.spread)
            least = bound(tasks, seconds, workers, costs)
            print(f"{workers:>8}{name:>10}{tasks:>9}{found.seconds / 60:>9.1f}{least / 60:>8.1f}{found.client:>8.0%}"
                  f"{found.scheduler:>8.0%}{found.workers:>8.0%}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
