"""p-values that have to be uniform: experiment against exact curve, at a number of replicates fixed beforehand.

A run that stops when it is decided has p-values that are not uniform. Those here use the replicates of the first
look and no others, whether the run went on or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from rates.catalogue import Located, load
from rates.claim import Check, Claim, Comparison, Quantity, case_label
from rates.estimand import estimand
from rates.evidence import Evidence
from rates.expression import Number
from rates.flake.records import PValue
from rates.plan import ClaimPlan, Trial
from rates.slope import InconclusiveError, Sample, fit, level_weights, slope_weights
from rates.sweep import Job
from rates.tasks import run_task

Array = npt.NDArray[np.float64]


def p_values(plan: ClaimPlan, values: Mapping[str, Array]) -> tuple[PValue, ...]:
    """Return the p-values of a run, whose values (replicates, points, components) are given by case label."""
    claim = plan.located.claim
    if claim.experiment is None or claim.experiment.deterministic or claim.curve is None:
        return ()
    return tuple(
        p_value(claim, check, trial, evidence)
        for trial in plan.trials
        if trial.control is None and trial.label in values
        for evidence in [first_look(plan.located, trial, values[trial.label])]
        for check in against_curve(claim, trial)
    )


def against_curve(claim: Claim, trial: Trial) -> Iterator[Check]:
    """Yield the levels and slopes that are held against the curve in this case, of whatever profile."""
    for check in claim.checks:
        fits = check.comparison is Comparison.EXPERIMENT_CURVE and check.quantity is not Quantity.BOUND
        if fits and check.applies(trial.case) and not check.undecidable:
            yield check


def first_look(located: Located, trial: Trial, values: Array) -> Evidence:
    """Return the evidence of the first look, as the engine judges it."""
    claim, experiment = located.claim, located.claim.experiment
    assert experiment is not None
    assert claim.curve is not None
    x = np.array(experiment.x)
    mean = experiment.known_mean(x, claim.parameters(trial.case))
    sample = Sample(x, values[: trial.schedule.looks[0]])
    cached = _known_curve(located.origin, located.address, trial.label) if located.origin else None
    curve = {"total": _curve(located, trial.case) if cached is None else cached}
    return Evidence(sample, estimand(experiment.estimand, mean), curve, claim.curve.error)


def p_value(claim: Claim, check: Check, trial: Trial, evidence: Evidence) -> PValue:
    """Return the p-value of one check, from the t statistic that the verdict rests on."""
    part = evidence.window(check)
    slope = check.quantity is Quantity.SLOPE
    weights = slope_weights(part.sample.x, claim.law.semilog) if slope else level_weights(len(part.sample.x))
    count = part.sample.replicates
    try:
        found = fit(part.sample, part.estimand, weights, part.log_curve, part.curve_error)
    except InconclusiveError as error:
        return PValue(trial.label, check.name, None, None, None, 0.0, count, str(error))
    exact_to = found.half_width_numeric + check.margin.bias
    if not found.standard_error > 0:
        reason = "the replicates do not vary"
        return PValue(trial.label, check.name, None, found.estimate, 0.0, exact_to, count, reason)
    p = 2 * float(stdtr(found.dof, -abs(found.estimate / found.standard_error)))
    return PValue(trial.label, check.name, p, found.estimate, found.standard_error, exact_to, count)


@lru_cache(maxsize=1024)
def _known_curve(origin: str, address: str, label: str) -> Array:
    """Return the curve of a claim that can be loaded: computed once a process, since it has no seed."""
    claim = load(origin, address)
    case = next(case for case in claim.cases if case_label(case) == label)
    return _curve(Located(address, claim, origin), case)


def _curve(located: Located, case: Mapping[str, Number]) -> Array:
    """Return the curve (K,) at the experiment's x, as a worker computes it."""
    assert located.claim.experiment is not None
    job = Job.curve(located, case, x=located.claim.experiment.x, fingerprint="")
    result = run_task(job.task(job.cells[0], (0, 1)))
    if result.error is not None:
        raise ValueError(result.error)
    return np.asarray(result.values[0].sum(axis=-1))
