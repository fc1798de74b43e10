"""One run: feeds the sweeper, judges what comes back, and remembers it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rates.evidence import Evidence, Judgement, Parts, judge_curve, judge_sample
from rates.fingerprint import mark
from rates.plan import ClaimPlan, Options, Trial
from rates.result import Outcome
from rates.slope import Sample, estimand
from rates.sweep import Job, Measurement, Progress, Sweeper
from rates.tasks import sentence

Array = npt.NDArray[np.float64]
Grid = tuple[float, ...]


@dataclass(frozen=True)
class Event:
    """What a progress display is told: where the sweep stands, and the outcomes so far."""

    progress: Progress
    decided: int
    trials: int
    wrong: int


@dataclass
class Found:
    """What is known of one trial; the one thing that changes while a run goes on."""

    trial: Trial
    curves: dict[Grid, Parts] = field(default_factory=dict)
    judged: dict[str, Judgement] = field(default_factory=dict)
    values: Array | None = None
    control_mean: Array | None = None
    curve_seconds: float = 0.0
    measure_seconds: float = 0.0
    error: str | None = None

    @property
    def seconds(self) -> float:
        """Seconds of curve and measurements, as stored."""
        return self.curve_seconds + self.measure_seconds


class Session:
    """Measures the trials of a plan until each is decided, out of looks or out of time.

    `cut` are the addresses of claims of which the budget left a look undone.
    """

    def __init__(self, plans: Sequence[ClaimPlan], options: Options, on_event: Callable[[Event], None]) -> None:
        self.found = [Found(trial) for p in plans for trial in p.trials]
        self._options, self._on_event = options, on_event
        self._marks = {
            (p.located.address, device): mark(p.located.origin, device)
            for p in plans
            for device in dict.fromkeys(("cpu", options.device))
        }
        self._references = {
            (f.trial.located.address, f.trial.label): f for f in self.found if f.trial.control is None
        }  # fmt: skip
        self._owner: dict[int, Found] = {}
        self._deadline = None if options.budget is None else time.monotonic() + options.budget
        self._decided = 0
        self.cut: set[str] = set()

    def run(self, sweeper: Sweeper) -> None:
        """Follow the curves first, since the experiments are held against them."""
        self._sweep(sweeper, list(self._curve_jobs()), self._keep_curve)
        for found in self.found:
            self._judge_followed(found)
        self._decided = sum(bool(f.error or f.trial.broken or not f.trial.measured) for f in self.found)
        self._sweep(sweeper, list(self._measure_jobs()), self._decide)

    def _sweep(
        self, sweeper: Sweeper, jobs: list[tuple[Job, Found]], decide: Callable[[Job, Measurement], range | None]
    ) -> None:
        self._owner = {id(job): found for job, found in jobs}
        sweeper.run([job for job, _ in jobs], decide, on_error=self._fail, on_progress=self._tell)

    def _curve_jobs(self) -> Iterator[tuple[Job, Found]]:
        for found in self.found:
            trial, claim = found.trial, found.trial.located.claim
            if claim.curve is None or trial.broken:
                continue
            grids = {check.x for check in trial.followed if check.x is not None}
            if trial.control is None and claim.experiment is not None:
                grids.add(claim.experiment.x)
            for grid in sorted(grids):
                marked = self._marks[trial.located.address, "cpu"]
                yield Job.curve(trial.located, trial.case, trial.settings, x=grid, fingerprint=marked), found

    def _measure_jobs(self) -> Iterator[tuple[Job, Found]]:
        for found in self.found:
            trial = found.trial
            experiment = trial.located.claim.experiment
            if experiment is not None and trial.measured and found.error is None and not trial.broken:
                device = experiment.runs_on(self._options.device)
                yield Job.measure(
                    trial.located, trial.case, trial.settings, replicates=trial.schedule.looks[0],
                    seed=self._options.seed, fingerprint=self._marks[trial.located.address, device], device=device,
                ), found  # fmt: skip

    def _keep_curve(self, job: Job, measurement: Measurement) -> None:
        found = self._owner[id(job)]
        names = measurement.parts or ("total",)
        found.curves[measurement.x] = {name: measurement.values[0, :, j] for j, name in enumerate(names)}
        found.curve_seconds += measurement.seconds

    def _fail(self, job: Job, message: str) -> None:
        self._owner[id(job)].error = message
        self._decided += job.kind == "measure"

    def _tell(self, progress: Progress) -> None:
        self._on_event(Event(progress, self._decided, len(self.found), sum(_is_wrong(f) for f in self.found)))

    def _judge_followed(self, found: Found) -> None:
        claim = found.trial.located.claim
        for check in found.trial.followed:
            if check.x not in found.curves or claim.curve is None:
                continue
            with _reported(found):
                found.judged[check.name] = judge_curve(
                    check, claim.law, found.trial.parameters, np.array(check.x), found.curves[check.x],
                    claim.curve.error,
                )  # fmt: skip

    def _decide(self, job: Job, measurement: Measurement) -> range | None:
        """Judge all checks of the trial at this look; ask for the next look unless all are decided."""
        found = self._owner[id(job)]
        found.values, found.measure_seconds = measurement.values, measurement.seconds
        trial, claim = found.trial, found.trial.located.claim
        judged: dict[str, Judgement] = {}
        with _reported(found):
            evidence = self._evidence(found)
            judged = {
                check.name: judge_sample(check, claim.law, trial.parameters, evidence, trial.schedule.alpha_look)
                for check in trial.measured
            }
        found.judged.update(judged)
        replicates = len(measurement.values)
        later = [look for look in trial.schedule.looks if look > replicates]
        late = self._deadline is not None and time.monotonic() > self._deadline
        if later and any(j.decision.outcome is Outcome.INCONCLUSIVE for j in judged.values()):
            if not late:
                return range(replicates, later[0])
            self.cut.add(trial.located.address)
        self._decided += 1
        return None

    def _evidence(self, found: Found) -> Evidence:
        trial, claim = found.trial, found.trial.located.claim
        experiment = claim.experiment
        assert experiment is not None
        assert found.values is not None
        x = np.array(experiment.x)
        error = None if experiment.numerical_error is None else np.full(len(x), experiment.numerical_error)
        if found.control_mean is None:
            found.control_mean = experiment.known_mean(x, claim.parameters(trial.case) | dict(trial.settings))
        reference = self._references[trial.located.address, trial.label].curves.get(experiment.x)
        return Evidence(
            Sample(x, found.values, error), estimand(experiment.estimand, found.control_mean), reference,
            0.0 if claim.curve is None else claim.curve.error,
        )  # fmt: skip


@contextmanager
def _reported(found: Found) -> Iterator[None]:
    """Turn an error of the claim's own law, curve or control mean into an outcome, so that other claims go on."""
    try:
        yield
    except Exception as error:
        found.error = sentence(error)


def _is_wrong(found: Found) -> bool:
    if found.trial.control is not None:
        return False
    refuted = any(j.decision.outcome is Outcome.REFUTED for j in found.judged.values())
    return refuted or found.error is not None
