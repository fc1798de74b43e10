"""Sweeps: jobs that are decided together, and the loop that asks for replicates until decided."""

from __future__ import annotations

import math
import os
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from rates.catalogue import Located
from rates.claim import Claim, case_label
from rates.engines import Elastic, EngineError, Processes, Serial, engine, interrupt_deferred
from rates.expression import Number
from rates.store import Key, Store
from rates.tasks import Kind, Task, TaskResult, prepare, run_task, sentence
from rates.timeout import Limit

__all__ = ["EngineError", "Interrupted", "Job", "Measurement", "Progress", "Sweeper", "Task", "TaskResult", "engine",
           "run_task"]  # fmt: skip
Array = npt.NDArray[np.float64]
_TASK_SECONDS = 0.05  # blocks shorter than this travel together
_TURN_SECONDS = 0.004  # of the scheduler and of this process for a task: with many workers, tasks are longer
_MOST_BLOCKS = 256


class Interrupted(KeyboardInterrupt):
    """The user stopped a sweep; the message says what is kept and how to go on."""


@dataclass(frozen=True)
class Job:
    """What is decided together: one case of a claim in one variant, at all x, or one curve.

    `cells` are the tuples of x that one call takes. `first` are the replicates that are asked for to begin with.
    """

    origin: str
    address: str
    case: Mapping[str, Number]
    settings: Mapping[str, Any]
    kind: Kind
    cells: tuple[tuple[float, ...], ...]
    first: range
    block: int
    seed: int
    device: str
    dtype: str
    fingerprint: str
    claim: Claim | None = None
    variable: str = "x"

    @classmethod
    def measure(
        cls,
        located: Located,
        case: Mapping[str, Number],
        settings: Mapping[str, Any] | None = None,
        *,
        replicates: int,
        seed: int,
        fingerprint: str,
        device: str = "cpu",
    ) -> Job:
        """Return the job that measures the claim's experiment, `settings` over the case for a control."""
        experiment = located.claim.experiment
        if experiment is None:
            raise ValueError(f"{located.address} has no experiment to measure")
        together = experiment.axis == "time" or experiment.deterministic
        cells = (experiment.x,) if together else tuple((x,) for x in experiment.x)
        block = 1 if experiment.deterministic else experiment.block
        first = range(1 if experiment.deterministic else replicates)
        claim = None if located.origin else located.claim
        return cls(located.origin, located.address, case, dict(settings or {}), "measure", cells, first, block, seed,
                   device, experiment.dtype, fingerprint, claim, located.claim.law.variable)  # fmt: skip

    @classmethod
    def curve(
        cls,
        located: Located,
        case: Mapping[str, Number],
        settings: Mapping[str, Any] | None = None,
        *,
        x: tuple[float, ...],
        fingerprint: str,
        device: str = "cpu",
    ) -> Job:
        """Return the job that computes the claim's curve at x; it has no seed and is float64."""
        claim = None if located.origin else located.claim
        return cls(located.origin, located.address, case, dict(settings or {}), "curve", (tuple(x),), range(1), 1, 0,
                   device, "float64", fingerprint, claim, located.claim.law.variable)  # fmt: skip

    @property
    def variant(self) -> str:
        """The settings as text, empty for the claim itself."""
        return ", ".join(f"{name}={value!r}" for name, value in sorted(self.settings.items()))

    @property
    def x(self) -> tuple[float, ...]:
        """All x, in order: the points of a measurement."""
        return tuple(x for cell in self.cells for x in cell)

    def key(self, cell: tuple[float, ...]) -> Key:
        """Return the store's key of a cell."""
        return Key(self.address, case_label(self.case), self.variant, self.kind, cell, self.seed, self.device,
                   self.dtype, self.fingerprint)  # fmt: skip

    def task(self, cell: tuple[float, ...], replicates: tuple[int, int]) -> Task:
        """Return the task that measures these replicates of a cell."""
        return Task(self.origin, self.address, self.case, self.settings, self.kind, cell, replicates, self.block,
                    self.seed, self.device, self.dtype, self.claim, self.variable)  # fmt: skip


@dataclass(frozen=True)
class Measurement:
    """All values of a job so far, (replicates, points, components), with the seconds that they took when measured.

    `parts` names the components of a curve.
    """

    x: tuple[float, ...]
    values: Array
    seconds: float
    parts: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Progress:
    """Where a sweep stands, in replicates of cells: measured now, found in the store, waiting, running."""

    job: Job
    measured: int
    reused: int
    waiting: int
    running: int
    finished_jobs: int


Decide = Callable[[Job, Measurement], range | None]


@dataclass
class _State:
    """A job under way: what is asked for, the blocks still to be sent by cell, and how many tasks are out."""

    job: Job
    wanted: range
    todo: deque[tuple[tuple[float, ...], deque[int]]] = field(default_factory=deque)
    out: int = 0
    failed: bool = False
    pace: dict[tuple[float, ...], float] = field(default_factory=dict)  # seconds a block

    def take(self, seconds: float) -> Task:
        """Return the next task: as many consecutive blocks of one cell as fill that time."""
        cell, blocks = self.todo[0]
        most = min(_MOST_BLOCKS, math.ceil(seconds / max(self.pace.get(cell, seconds), 1e-9)))
        start = blocks.popleft()
        stop = start + self.job.block
        while blocks and blocks[0] == stop and stop - start < most * self.job.block:
            stop = blocks.popleft() + self.job.block
        if not blocks:
            self.todo.popleft()
        self.out += 1
        return self.job.task(cell, (start, stop))


@dataclass(frozen=True)
class _Sent:
    """A task that is out: of which job, whether nothing else is, and since when (monotonic seconds)."""

    state: _State
    task: Task
    alone: bool
    since: float

    @property
    def overdue(self) -> bool:
        """Whether its worker may have been ended for its sake."""
        limit = self.task.limit
        return limit is not None and limit.expendable and time.monotonic() - self.since >= limit.fatal


class Sweeper:
    """Measures jobs, keeps each value in the store the moment it exists, and asks `decide` what to do next.

    At most four tasks a worker are out at any time, so that stopping is quick. `timeout` is how long one call may
    take, in seconds.
    """

    def __init__(self, store: Store, executor: Executor, workers: int = 1, timeout: float | None = None) -> None:
        self._store, self._executor = store, executor
        expendable = isinstance(executor, Processes | Elastic)
        self._patience = None if timeout is None else Limit(timeout, expendable)
        self._jobs = workers
        self._added: deque[Job] = deque()
        self._ready: deque[_State] = deque()
        self._out: dict[Future[TaskResult], _Sent] = {}
        self._back: SimpleQueue[Future[TaskResult]] = SimpleQueue()  # not `wait`, which looks through all that is out
        self._suspects: deque[tuple[_State, Task]] = deque()
        self._alone = False  # the one task that is out is a suspect
        self._measured = self._reused = self._finished = 0
        self._waiting = self._running = 0
        self._proven = False  # that a worker can be started

    def add(self, job: Job) -> None:
        """Have a job done before those that have not begun; `decide` may call this while the sweep runs."""
        self._added.append(job)

    def run(
        self,
        jobs: Iterable[Job],
        decide: Decide,
        *,
        on_error: Callable[[Job, str], None],
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        """Run the jobs, started in their order and taking turns; one is taken from `jobs` when there is room for it.

        `decide` gets all values so far and returns the next range of replicates, which must follow on, or
        None when the job is done. A task that fails ends its job with one sentence to `on_error`. StoreError
        if a value cannot be kept, EngineError if no worker can be started, Interrupted on Ctrl-C; what was
        measured before is in the store.
        """
        self._decide, self._on_error, self._on_progress = decide, on_error, on_progress
        later = iter(jobs)
        try:
            while self._fill(later):
                self._receive(self._back.get())
        except KeyboardInterrupt as error:
            self._rescue()
            kept = f"{self._measured} new measurements are kept"
            raise Interrupted(f"stopped: {kept}; the same command goes on from here") from error
        finally:
            for future in self._out:
                future.cancel()

    @property
    def _workers(self) -> int:
        """How many workers there are, of a cluster just now."""
        return self._executor.workers if isinstance(self._executor, Elastic) else self._jobs

    def _most_out(self) -> int:
        """How many tasks may be out: four a worker."""
        return 1 if isinstance(self._executor, Serial) else 4 * self._workers

    def _fill(self, later: Iterator[Job]) -> bool:
        """Send tasks up to the limit; return whether any is out."""
        while len(self._out) < self._most_out():
            if self._out and (self._suspects or self._alone):
                break
            if self._suspects:  # one of these took a worker down: each runs alone until it is known which
                state, task = self._suspects.popleft()
                with suppress(Exception):  # a worker is made ready: the time from here on is the call's own
                    self._executor.submit(prepare, task.origin, task.address).result()
                self._send(state, task, alone=True)
                continue
            while not self._ready:
                job = self._added.popleft() if self._added else next(later, None)
                if job is None:
                    return bool(self._out)
                self._advance(_State(job, range(0)), job.first)
            state = self._ready.popleft()
            seconds = max(_TASK_SECONDS, _TURN_SECONDS * self._workers)
            task = replace(state.take(seconds), limit=self._patience)
            self._waiting -= len(range(*task.replicates))
            if state.todo:
                self._ready.append(state)
            self._send(state, task)
        return bool(self._out)

    def _send(self, state: _State, task: Task, *, alone: bool = False) -> None:
        since = time.monotonic()
        try:
            future = self._executor.submit(run_task, task)
            self._out[future] = _Sent(state, task, alone, since)
            self._alone, self._running = alone, self._running + len(range(*task.replicates))
            future.add_done_callback(self._back.put)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            reason = "define its functions at the top of a module, or use the serial engine"
            self._fail(state, f"the claim cannot be sent to a worker process ({sentence(error)}): {reason}")
        except (BrokenExecutor, OSError) as error:
            raise EngineError(f"no worker can be started: {sentence(error)}") from error

    def _receive(self, future: Future[TaskResult]) -> None:
        sent = self._out.pop(future, None)
        if sent is None:  # called off meanwhile
            return
        state, task = sent.state, sent.task
        self._alone, self._running = False, self._running - len(range(*task.replicates))
        try:
            result = future.result()
        except BrokenExecutor:
            self._require_workers()
            if sent.alone:
                killed = "a worker process died while measuring this: it was killed or ran out of memory"
                self._fail(state, task.late if sent.overdue else killed)
            elif not state.failed:
                self._suspects.append((state, task))
            return
        except Exception as error:
            self._fail(state, sentence(error))
            return
        if result.error is not None:
            self._fail(state, result.error)
            return
        self._keep(state, task, result)
        state.out -= 1
        if not (state.failed or state.todo or state.out):
            self._advance(state, self._ask(state))
        self._report(state.job)

    def _keep(self, state: _State, task: Task, result: TaskResult) -> None:
        with interrupt_deferred():
            self._store.put(state.job.key(task.x), task.replicates[0], result.values, result.seconds, result.parts)
            self._measured += len(result.values)
        self._proven = True
        state.pace[task.x] = result.seconds * task.block / len(result.values)

    def _advance(self, state: _State, wanted: range | None) -> None:
        """Ask for replicates: send what the store has not, and decide at once for as long as it has all."""
        while wanted is not None:
            if wanted.start != state.wanted.stop or len(wanted) == 0 or wanted.step != 1:
                raise ValueError(f"after {state.wanted} the next replicates must follow on, got {wanted}")
            state.wanted = wanted
            for cell in reversed(state.job.cells):  # the largest first: no worker is left alone with it at the end
                missing = self._missing(state.job, cell, wanted)
                if missing:
                    state.todo.append((cell, missing))
                    self._waiting += len(missing) * state.job.block
            if state.todo:
                self._ready.append(state)
                return
            wanted = self._ask(state)
        self._finished += 1
        self._report(state.job)

    def _missing(self, job: Job, cell: tuple[float, ...], wanted: range) -> deque[int]:
        """Return the first replicates of the blocks that the store does not have in full."""
        block = job.block
        starts = range(wanted.start - wanted.start % block, wanted.stop, block)
        kept = self._store.get(job.key(cell), range(starts.start, starts[-1] + block)).values
        self._reused += sum(1 for r in wanted if r in kept)
        return deque(s for s in starts if any(r not in kept for r in range(s, s + block)))

    def _ask(self, state: _State) -> range | None:
        job, replicates = state.job, range(state.wanted.stop)
        stored = [self._store.get(job.key(cell), replicates) for cell in job.cells]
        values = np.concatenate([np.stack([s.values[r] for r in replicates]) for s in stored], axis=1)
        return self._decide(job, Measurement(job.x, values, sum(s.seconds for s in stored), stored[0].parts))

    def _fail(self, state: _State, message: str) -> None:
        state.out -= 1
        if not state.failed:
            state.failed = True
            self._waiting -= sum(len(blocks) for _, blocks in state.todo) * state.job.block
            state.todo.clear()
            self._ready = deque(s for s in self._ready if s is not state)
            self._suspects = deque((s, t) for s, t in self._suspects if s is not state)
            for future in [f for f, sent in self._out.items() if sent.state is state and f.cancel()]:
                self._running -= len(range(*self._out.pop(future).task.replicates))
            self._finished += 1
            self._on_error(state.job, message)
            self._report(state.job)

    def _require_workers(self) -> None:
        """Tell a task that kills its worker from workers that cannot start at all."""
        if self._proven:
            return
        try:
            self._executor.submit(os.getpid).result()
            self._proven = True
        except BrokenExecutor as error:
            raise EngineError(
                "no worker process can be started; a script has to call this under `if __name__ == '__main__':`"
            ) from error

    def _rescue(self) -> None:
        """Keep what has come back and was not looked at when the interrupt came."""
        for future, sent in self._out.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                result = future.result()
                if result.error is None:
                    self._keep(sent.state, sent.task, result)
        self._out.clear()
        self._running = 0

    def _report(self, job: Job) -> None:
        told = (self._measured, self._reused, self._waiting, self._running, self._finished)
        self._on_progress(Progress(job, *told))
