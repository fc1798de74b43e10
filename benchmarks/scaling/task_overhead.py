"""What a task costs beside its own work: CPU milliseconds of the scheduler, of this process, and of a worker.

    python benchmarks/scaling/task_overhead.py --workers 2 64 512

The scheduler is a process of its own, and so is the one that holds all workers, each with one thread as on a cluster.
Four tasks a worker are out at any time, as in a sweep. The second table is this process without dask: the sweep that
makes tasks and decides, and the store. CPU seconds are those of whole processes, so that other users of the machine
change them little.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import resource
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
from distributed import Scheduler, Worker
from distributed.core import Server

from rates.catalogue import Located
from rates.claim import Claim
from rates.dask_engine import connect
from rates.experiment import Experiment
from rates.law import Law
from rates.store import Store
from rates.sweep import Job, Sweeper
from rates.tasks import Task, TaskResult

POINTS = 7
IDLE_SECONDS = 5.0
ANSWER = TaskResult(np.ones((16, 1, 1)), None, 0.05)


class OneByOne(Executor):
    """Gives the oldest answer for each new question, so that a sweep has what it is allowed to have out, to the end."""

    def __init__(self, out: int) -> None:
        self._allowed, self._out = out, deque[tuple[Future[TaskResult], Task]]()

    def submit(self, fn, /, *args, **kwargs) -> Future[TaskResult]:
        """Take a task."""
        future: Future[TaskResult] = Future()
        self._out.append((future, args[0]))
        if len(self._out) >= self._allowed:
            self._answer()
        return future

    def finish(self) -> None:
        """Give the answers that are left."""
        while self._out:
            self._answer()

    def _answer(self) -> None:
        future, task = self._out.popleft()
        future.set_result(TaskResult(np.ones((task.replicates[1] - task.replicates[0], 1, 1)), None, 0.05))


def answer(task: object) -> TaskResult:
    """Return what a task of 16 replicates gives."""
    return ANSWER


def cpu(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def serve(pipe: Connection, address: str | None, workers: int) -> None:
    """Be a scheduler, or (with its address) that many workers, until the pipe closes."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

    logging.disable()

    async def run() -> None:
        if address is None:
            server: Server = await Scheduler(host="127.0.0.1", dashboard=False, dashboard_address="127.0.0.1:0")
        else:
            options = {"nthreads": 1, "memory_limit": None, "host": "127.0.0.1", "dashboard": False}
            [server, *_] = await asyncio.gather(*(Worker(address, name=str(i), **options) for i in range(workers)))
        pipe.send(server.address)
        await asyncio.get_running_loop().run_in_executor(None, pipe.poll, None)
        os._exit(0)

    asyncio.run(run())


@contextmanager
def server(address: str | None = None, workers: int = 0) -> Iterator[tuple[int, str]]:
    """Start a process that serves, and yield its id and the scheduler's address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, address, workers), daemon=True)
    process.start()
    try:
        yield process.pid or 0, ours.recv()
    finally:
        process.kill()
        process.join()


def a_task() -> Task:
    """Return a task as large as those of the catalogue."""
    case = {"d": "2", "eta": "2/5", "noise": "1/10", "r": "3/4", "scale": "1/5"}
    return Task("", "ntk/averaged_sgd:minimax-rate", case, {}, "measure", (512.0,), (0, 16), 16, 0, "cpu", "float64")


def through_dask(workers: int, tasks: int) -> str:
    """Return a line: milliseconds a task with that many workers, without what the scheduler does unasked."""
    with server() as (scheduler, address), server(address, workers) as (crowd, _):
        executor = connect(address, 1)
        pids = os.getpid(), scheduler, crowd
        try:
            idle = cpu(scheduler)
            time.sleep(IDLE_SECONDS)
            idle = (cpu(scheduler) - idle) / IDLE_SECONDS
            start, wall = [cpu(pid) for pid in pids], time.perf_counter()
            ask(executor, tasks, 4 * workers)
            wall = time.perf_counter() - wall
            spent = [cpu(pid) - at for pid, at in zip(pids, start, strict=True)]
        finally:
            executor.shutdown(cancel_futures=True)
    spent[1] -= idle * wall
    columns = [f"{seconds / tasks * 1e3:>10.2f}" for seconds in (*spent, wall)]
    return f"{workers:>8}{tasks:>8}{''.join(columns)}{idle * 1e3:>10.1f}"


def ask(executor: Executor, tasks: int, most: int) -> None:
    """Ask for all tasks, at most so many at a time."""
    out: set[Future[TaskResult]] = set()
    task = a_task()
    while tasks or out:
        while tasks and len(out) < most:
            out.add(executor.submit(answer, task))
            tasks -= 1
        out = wait(out, return_when=FIRST_COMPLETED).not_done


def without_dask(workers: int, tasks: int) -> str:
    """Return a line: milliseconds a task of the sweep itself, store included."""

    def measure(n, streams):
        raise AssertionError("nothing is measured")

    x = tuple(2.0**k for k in range(POINTS))
    claim = Claim(name="c", statement="", law=Law.power("n", "-1"), experiment=Experiment(measure, x=x, block=16))
    located = Located("ntk/averaged_sgd:minimax-rate", claim, "")
    executor = OneByOne(4 * workers)

    def jobs() -> Iterator[Job]:
        for i in range(tasks // POINTS):
            yield Job.measure(located, {"case": f"{i}"}, replicates=16, seed=0, fingerprint="f" * 24)
        executor.finish()

    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "s.sqlite") as store:
        sweeper, start = Sweeper(store, executor, workers), time.process_time()
        sweeper.run(jobs(), lambda job, measurement: None, on_error=print)
        spent, done = time.process_time() - start, store.info().cells
    return f"{workers:>8}{done:>8}{spent / done * 1e3:>10.2f}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 64, 512])
    parser.add_argument("--tasks", type=int, default=4000)
    given = parser.parse_args()
    print("through dask: ms a task, and ms a second of the scheduler while nothing is asked")
    print(f"{'workers':>8}{'tasks':>8}{'client':>10}{'scheduler':>10}{'workers':>10}{'wall':>10}{'idle':>10}")
    for workers in given.workers:
        print(through_dask(workers, given.tasks), flush=True)
    print("sweep and store alone: ms a task of 16 replicates of a cell")
    print(f"{'workers':>8}{'tasks':>8}{'client':>10}")
    for workers in given.workers:
        print(without_dask(workers, given.tasks), flush=True)


if __name__ == "__main__":
    main()
