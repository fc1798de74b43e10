"""Tasks: one call for a worker, and the function that runs it there."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rates.catalogue import load
from rates.claim import Claim, case_label
from rates.environment import single_thread
from rates.experiment import MeasurementError
from rates.expression import Number
from rates.streams import streams
from rates.timeout import Limit, OutOfTime, limited

Array = npt.NDArray[np.float64]
Kind = Literal["measure", "curve"]


@dataclass(frozen=True)
class Task:
    """One call for a worker: some blocks of replicates at some x of one case and variant, or one curve.

    `replicates` is (start, stop), start a multiple of `block`. How many blocks travel together changes no
    number: each is a call of its own. `claim` is given for claims in memory, otherwise loaded from `origin`.
    `variable` is what the law calls x. `limit` is how long it may take.
    """

    origin: str
    address: str
    case: Mapping[str, Number]
    settings: Mapping[str, Any]
    kind: Kind
    x: tuple[float, ...]
    replicates: tuple[int, int]
    block: int
    seed: int
    device: str
    dtype: str
    claim: Claim | None = None
    variable: str = "x"
    limit: Limit | None = None

    @property
    def late(self) -> str:
        """The sentence for a call that took longer than its limit."""
        seconds = "" if self.limit is None else f" within {self.limit.seconds:g} s"
        ends = dict.fromkeys((self.x[0], self.x[-1]))
        at = f"{self.variable} = {' to '.join(f'{x:.10g}' for x in ends)}"
        first, last = self.replicates[0], self.replicates[1] - 1
        which = f" (replicates {first}-{last})" if last > first else f" (replicate {first})"
        who = "the curve gave no answer" if self.kind == "curve" else "no answer"
        return f"{who}{seconds} at {at}{'' if self.kind == 'curve' else which}: raise --timeout or make x smaller"


@dataclass(frozen=True)
class TaskResult:
    """Values (replicates, points, components), the names of a curve's parts, seconds; or one sentence of error."""

    values: Array
    parts: tuple[str, ...] | None
    seconds: float
    error: str | None = None


def prepare(origin: str, address: str) -> None:
    """Load in this process what a task of the claim needs."""
    if origin:
        load(origin, address)


def run_task(task: Task) -> TaskResult:
    """Measure, on one thread; every error of the claim's own code becomes one sentence in the result."""
    start = time.perf_counter()
    try:
        claim = task.claim if task.claim is not None else load(task.origin, task.address)
        with redirect_stdout(sys.stderr), single_thread(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what matters about a number is checked on the number
            start = time.perf_counter()
            with limited(task.limit):
                values, parts = _measure(claim, task)
        return TaskResult(values, parts, time.perf_counter() - start)
    except OutOfTime:
        return TaskResult(np.empty((0, 0, 0)), None, time.perf_counter() - start, task.late)
    except (Exception, SystemExit) as error:
        return TaskResult(np.empty((0, 0, 0)), None, time.perf_counter() - start, sentence(error))


def sentence(error: BaseException) -> str:
    """Return an exception as one sentence, `ValueError: what was wrong`; a MeasurementError speaks for itself."""
    text = " ".join(str(error).split())
    return text if isinstance(error, MeasurementError) else f"{type(error).__name__}: {text}".rstrip(": ")


def _measure(claim: Claim, task: Task) -> tuple[Array, tuple[str, ...] | None]:
    given = claim.parameters(task.case) | dict(task.settings) | {"device": task.device, "dtype": task.dtype}
    if task.kind == "curve":
        if claim.curve is None:
            raise MeasurementError(f"{claim.name} has no curve")
        parts = claim.curve.run(np.asarray(task.x, dtype=float), given)
        return np.stack(list(parts.values()), axis=-1)[np.newaxis], tuple(parts)
    experiment = claim.experiment
    if experiment is None:
        raise MeasurementError(f"{claim.name} has no experiment")
    alone = experiment.axis == "size" and not experiment.deterministic
    x = task.x[0] if alone else None
    label = case_label(task.case)
    # Neither x nor the variant is in a stream's name: errors are shared along x and between a claim and its controls.
    blocks = [
        experiment.run(x, streams(task.seed, task.address, label, range(first, first + task.block)), given)
        for first in range(*task.replicates, task.block)
    ]
    return np.concatenate(blocks), None
