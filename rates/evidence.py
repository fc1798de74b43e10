"""One check on one sample: from measured values, curve and law to a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rates.asymptote import Asymptote, extrapolate, extrapolate_level
from rates.claim import Check, Comparison, Quantity
from rates.experiment import MeasurementError
from rates.expression import Number
from rates.law import Direction, Form, Law
from rates.planning import required_replicates
from rates.result import Outcome, Point
from rates.slope import (
    ControlVariate,
    Estimand,
    Fit,
    InconclusiveError,
    Sample,
    control_alarm,
    curvature,
    fit,
    floor_alarm,
    heavy_tail,
    level_weights,
    local_slopes,
    log_points,
    point_statistics,
    slope_weights,
)
from rates.verdict import Decision, Subject, decide, decide_bound, fit_parts

Array = npt.NDArray[np.float64]
Parts = Mapping[str, Array]


@dataclass(frozen=True)
class Judgement:
    """A decision with the numbers that it rests on."""

    decision: Decision
    predicted: float | None
    estimate: float | None
    interval: tuple[float, float] | None
    points: tuple[Point, ...]
    local_slopes: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    parts_off: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Evidence:
    """What one variant of one case has to show: its sample, and the curve on the same x.

    `curve` maps part names to values (K,); `curve_error` bounds their relative error.
    """

    sample: Sample
    estimand: Estimand
    curve: Parts | None = None
    curve_error: float = 0.0

    @property
    def total(self) -> Array | None:
        """The curve, its parts added up."""
        return None if self.curve is None else total_of(self.curve)

    @property
    def log_curve(self) -> Array:
        """The log of the curve; MeasurementError where it has none."""
        total = self.total
        assert total is not None
        if not np.all(total > 0):
            at = int(np.argmin(total > 0))
            raise MeasurementError(
                f"the curve is {total[at]:.3g} at x = {self.sample.x[at]:g}: nothing can be held against it there"
            )
        return np.asarray(np.log(total))

    def window(self, check: Check) -> Evidence:
        """Return the evidence on the check's registered window."""
        if check.x is None:
            return self
        keep = np.isin(self.sample.x, check.x)
        error = None if self.sample.error is None else self.sample.error[keep]
        sample = Sample(self.sample.x[keep], self.sample.values[:, keep], error)
        curve = None if self.curve is None else {name: part[keep] for name, part in self.curve.items()}
        estimand = self.estimand
        if isinstance(estimand, ControlVariate):
            estimand = replace(estimand, control_mean=estimand.control_mean[keep])
        return replace(self, sample=sample, estimand=estimand, curve=curve)

    def distance(self, limit: float) -> Evidence:
        """Return the evidence on |y − limit|, the side being that of the first x."""
        mean, _ = point_statistics(self.sample, self.estimand)
        side = 1.0 if mean[0] >= limit else -1.0
        values = self.sample.values.copy()
        values[..., 0] = side * (values[..., 0] - limit)
        error = self.sample.error
        if error is not None:
            error = error * np.abs(mean / (mean - limit))
        curve = None if self.total is None else {"total": side * (self.total - limit)}
        return replace(self, sample=Sample(self.sample.x, values, error), curve=curve)


def total_of(parts: Parts) -> Array:
    """Return the sum of a curve's parts, (K,)."""
    return np.asarray(np.sum(list(parts.values()), axis=0))


@np.errstate(all="ignore")  # what matters about a number is checked on the number
def judge_curve(
    check: Check, law: Law, parameters: Mapping[str, Number], x: Array, parts: Parts, error: float | Array
) -> Judgement:
    """Decide curve → law: the curve's extrapolated exponent or constant, or the curve at every x, against the law's."""
    total = total_of(parts)
    points = tuple(_curve_point(x, total, parts, i) for i in range(len(x)))
    if np.any(total <= 0):
        reason = (
            f"the curve is {total.min():.3g} at x = {float(x[int(np.argmin(total))]):g}: there is no rate to follow"
        )
        return Judgement(Decision(Outcome.REFUTED, reason, "outside"), None, None, None, points)
    lost = np.zeros_like(total)
    if law.approaches and check.quantity is Quantity.SLOPE:
        limit_value = float(law.level(parameters) or 0.0)
        cancelled = np.abs(total / (total - limit_value))
        error, lost = error * cancelled, 4 * np.finfo(float).eps * cancelled
        total = np.abs(total - limit_value)
    log_y = np.log(total)
    if check.quantity is Quantity.BOUND:
        ratio = log_y - law.log_shape(x, parameters)
        bound = decide_bound(
            ratio, np.zeros_like(ratio), 0, 0.5, check.margin.total, error, x=x, direction=law.direction
        )
        return Judgement(bound, 0.0, bound.estimate, bound.interval, points)
    if check.quantity is Quantity.SLOPE:
        offset = law.log_offset(x, parameters)
        limit = extrapolate(x, log_y - offset, error=error, rounding=lost, semilog=law.semilog)
        return _judge_limit(check, limit, float(law.slope(parameters)), law.direction, points)
    limit = extrapolate_level(x, log_y - law.log_shape(x, parameters), error=error, semilog=law.semilog)
    return _judge_limit(check, limit, 0.0, law.direction, points)


@np.errstate(all="ignore")
def judge_sample(
    check: Check, law: Law, parameters: Mapping[str, Number], evidence: Evidence, alpha: float
) -> Judgement:
    """Decide experiment → curve or experiment → law on the check's window, at the level of one look."""
    part = evidence.window(check)
    censored = _censored(part)
    if censored is not None:
        return Judgement(Decision(Outcome.INCONCLUSIVE, censored, "censored"), None, None, None, ())
    points = _points(part)
    if law.approaches and _slope_against_law(check):
        part = part.distance(float(law.level(parameters) or 0.0))
    early = _pre_asymptotic(check, law, parameters, part)
    if early is not None:
        return Judgement(Decision(Outcome.PRE_ASYMPTOTIC, early, "pre-asymptotic"), None, None, None, points)
    try:
        return _judge(check, law, parameters, part, alpha, points)
    except InconclusiveError as error:
        return Judgement(Decision(Outcome.INCONCLUSIVE, str(error), "wide"), None, None, None, points)


def _judge(
    check: Check, law: Law, parameters: Mapping[str, Number], part: Evidence, alpha: float, points: tuple[Point, ...]
) -> Judgement:
    offset, offset_error = _offset(check, law, parameters, part)
    if check.quantity is Quantity.BOUND:
        return _judge_bound(check, law, part, offset, offset_error, alpha, points)
    slope = check.quantity is Quantity.SLOPE
    weights = slope_weights(part.sample.x, law.semilog) if slope else level_weights(len(offset))
    found = fit(part.sample, part.estimand, weights, offset, offset_error)
    against_law = check.comparison is Comparison.EXPERIMENT_LAW
    predicted = float(law.slope(parameters)) if against_law and slope else 0.0
    direction = law.direction if against_law else Direction.SHARP  # a curve is an equality, whatever the law is
    # Equal weights do not cancel the skewness of y as a slope's do: a level gets the outward correction for it.
    interval = found.interval(alpha, skewed=not slope)
    decision = decide(
        interval, predicted, check.margin.total, direction, estimate=found.estimate,
        subject=_subject(check, law), needed=lambda: _needed(found, predicted, check, direction, alpha),
    )  # fmt: skip
    identical = part.sample.error is None and bool(np.all(part.sample.values == part.sample.values[:1]))
    if decision.outcome is Outcome.CONSISTENT and identical:
        reason = (
            f"all {part.sample.replicates} replicates agree to the last bit: does the experiment use its streams?"
            " A deterministic one declares its numerical_error"
        )
        decision = Decision(Outcome.ERROR, reason, "identical")
    if decision.outcome is Outcome.CONSISTENT and against_law and slope and part.curve is None:
        decision = _bent(check, part, offset, law, predicted, alpha) or decision
    slopes = local_slopes(part.sample, part.estimand, semilog=law.semilog)
    notes, factors = _alarms(check, part, offset, law, found, alpha), None
    if decision.outcome is Outcome.REFUTED and part.curve is not None and len(part.curve) > 1:
        mean, error = _mean_and_error(part)
        scaled = fit_parts(mean, part.curve, error)
        factors, notes = dict(scaled.factor), (*notes, scaled.sentence)
    return Judgement(decision, predicted, found.estimate, interval, points, slopes, notes, factors)


def _censored(evidence: Evidence) -> str | None:
    """Say that some runs never arrived: an infinite y is a complexity that was not reached, and is not dropped."""
    missing = np.isinf(evidence.sample.values[..., 0])
    if not missing.any():
        return None
    at = int(np.argmax(missing.sum(axis=0)))
    runs = f"{int(missing[:, at].sum())} of {evidence.sample.replicates} runs"
    return f"censored: {runs} at x = {evidence.sample.x[at]:g} never arrived (y is infinite); give them more time"


def _slope_against_law(check: Check) -> bool:
    return check.comparison is Comparison.EXPERIMENT_LAW and check.quantity is Quantity.SLOPE


def _bent(check: Check, evidence: Evidence, offset: Array, law: Law, slope: float, alpha: float) -> Decision | None:
    """Withhold agreement on a window that bends: without a curve nothing says what its slope tends to.

    `slope` is the predicted one. Only a bend that takes the slope at the window's end out of the law counts.
    """
    sample = evidence.sample
    bend = curvature(sample, evidence.estimand, offset, law.semilog)
    axis = sample.x if law.semilog else np.log(sample.x)
    drift = bend.value * float(axis[-1] - axis[0])
    overall = float(slope_weights(sample.x, law.semilog) @ log_points(sample, evidence.estimand, offset).estimate)
    gap = overall + drift - slope
    harmful = {Direction.SHARP: abs(gap), Direction.UPPER: gap, Direction.LOWER: -gap}[law.direction]
    noise = bend.p_value is not None and bend.p_value >= alpha
    if noise or abs(drift) <= check.margin.total / 2 or harmful <= check.margin.total:
        return None
    reason = (
        f"pre-asymptotic: the local slope drifts by {2 * drift:+.3g} over this window and ends near"
        f" {overall + drift:.3g}; go further out"
    )
    return Decision(Outcome.INCONCLUSIVE, reason, "pre-asymptotic")


def _subject(check: Check, law: Law) -> Subject:
    if check.quantity is Quantity.LEVEL:
        return "level"
    if check.comparison is Comparison.EXPERIMENT_CURVE:
        return "ratio slope"
    return "separation" if law.form is Form.SEPARATION else "slope"


def _offset(check: Check, law: Law, parameters: Mapping[str, Number], evidence: Evidence) -> tuple[Array, float]:
    """Return the log of what y is held against, and its relative numerical error."""
    if check.comparison is Comparison.EXPERIMENT_CURVE:
        return evidence.log_curve, evidence.curve_error
    if check.quantity is Quantity.SLOPE:
        return law.log_offset(evidence.sample.x, parameters), 0.0
    return law.log_shape(evidence.sample.x, parameters), 0.0


def _pre_asymptotic(check: Check, law: Law, parameters: Mapping[str, Number], evidence: Evidence) -> str | None:
    """Say why a window is not judged: the curve itself is off the law there by more than half the margin."""
    if evidence.total is None or check.comparison is not Comparison.EXPERIMENT_LAW:
        return None
    if check.quantity is Quantity.BOUND or law.form is Form.SEPARATION:
        return None
    x, log_curve = evidence.sample.x, evidence.log_curve
    if check.quantity is Quantity.SLOPE:
        own = float(slope_weights(x, law.semilog) @ (log_curve - law.log_offset(x, parameters)))
        gap = own - float(law.slope(parameters))
    else:
        own = gap = float(np.mean(log_curve - law.log_shape(x, parameters)))
    harmful = {Direction.SHARP: abs(gap), Direction.UPPER: gap, Direction.LOWER: -gap}[law.direction]
    if harmful <= check.margin.total / 2:
        return None
    return (
        f"the curve's own {check.quantity} on this window is {own:.4f}, {abs(gap):.4f} off the law:"
        f" more than half the margin {check.margin.total:.3g}"
    )


def _judge_limit(
    check: Check, limit: Asymptote, predicted: float, direction: Direction, points: tuple[Point, ...]
) -> Judgement:
    interval = (float(limit.slope - limit.error), float(limit.slope + limit.error))
    if not (np.isfinite(limit.slope) and np.isfinite(limit.error)):
        reason = "the extrapolation has not converged: the curve's local slopes do not settle"
        return Judgement(
            Decision(Outcome.INCONCLUSIVE, reason, "wide"), predicted, None, None, points, limit.local_slopes
        )
    subject: Subject = "slope" if check.quantity is Quantity.SLOPE else "level"
    decision = decide(interval, predicted, check.margin.total, direction, estimate=float(limit.slope), subject=subject)
    if not limit.converged or (decision.outcome is not Outcome.REFUTED and limit.error > check.margin.total):
        reason = (
            f"the extrapolation has not converged: {limit.slope:.4f} ± {limit.error:.2g},"
            f" its error must fall below the margin {check.margin.total:.3g}"
        )
        decision = Decision(Outcome.INCONCLUSIVE, reason, "wide")
    elif decision.outcome is Outcome.CONSISTENT and decision.faster is None and _off(limit, predicted, direction):
        reason = (
            f"the limit {limit.slope:.6g} ± {limit.error:.2g} is within the margin {check.margin.total:.3g} of"
            f" {predicted:.6g}, but not within its own error: the law is close and not met"
        )
        decision = Decision(Outcome.INCONCLUSIVE, reason, "straddles")
    return Judgement(decision, predicted, float(limit.slope), interval, points, limit.local_slopes)


def _off(limit: Asymptote, predicted: float, direction: Direction) -> bool:
    """Return whether a limit misses the law by more than its error, on the side that matters."""
    gap = limit.slope - predicted
    return {Direction.SHARP: abs(gap), Direction.UPPER: gap, Direction.LOWER: -gap}[direction] > limit.error


def _judge_bound(
    check: Check,
    law: Law,
    evidence: Evidence,
    offset: Array,
    offset_error: float,
    alpha: float,
    points: tuple[Point, ...],
) -> Judgement:
    found = log_points(evidence.sample, evidence.estimand, offset)
    decision = decide_bound(
        found.estimate, found.standard_error, found.dof, alpha, check.margin.total, found.numeric + offset_error,
        x=evidence.sample.x, direction=law.direction,
    )  # fmt: skip
    return Judgement(decision, 0.0, decision.estimate, decision.interval, points)


def _needed(found: Fit, predicted: float, check: Check, direction: Direction, alpha: float) -> int | None:
    """Return how many replicates would decide if the estimate is where the truth is; None on the margin's edge."""
    distance = abs(abs(found.estimate - predicted) - check.margin.total)
    if not found.dof or distance < 0.05 * check.margin.total:
        return None
    return max(required_replicates(found.sd, distance, alpha, power=0.9, direction=Direction.UPPER), found.dof + 2)


def _mean_and_error(evidence: Evidence) -> tuple[Array, Array | None]:
    return point_statistics(evidence.sample, evidence.estimand)


def _points(evidence: Evidence) -> tuple[Point, ...]:
    mean, error = _mean_and_error(evidence)
    total, curve = evidence.total, evidence.curve or {}
    return tuple(
        Point(
            float(x), float(mean[i]), None if error is None else float(error[i]),
            None if total is None else float(total[i]), _parts_at(curve, i),
        )
        for i, x in enumerate(evidence.sample.x)
    )  # fmt: skip


def _curve_point(x: Array, total: Array, parts: Parts, i: int) -> Point:
    return Point(float(x[i]), float(total[i]), None, float(total[i]), _parts_at(parts, i))


def _parts_at(parts: Parts, i: int) -> dict[str, float]:
    return {name: float(part[i]) for name, part in parts.items()} if len(parts) > 1 else {}


def _alarms(check: Check, evidence: Evidence, offset: Array, law: Law, found: Fit, alpha: float) -> tuple[str, ...]:
    """Return what a reader should know beside the verdict; alarms never change it.

    A bend or a floor has to matter as well as to be significant: a quarter of the margin.
    """
    if evidence.sample.error is not None:
        return ()
    sample, estimand = evidence.sample, evidence.estimand
    notes, least = [], check.margin.total / 4
    bend = curvature(sample, estimand, offset, law.semilog)
    axis = sample.x if law.semilog else np.log(sample.x)
    if bend.p_value is not None and bend.p_value < alpha and abs(bend.value) * np.ptp(axis) > least:
        notes.append(f"curvature alarm: what is left bends by {bend.value:+.3g} (p = {bend.p_value:.1e})")
    floor = floor_alarm(sample, estimand, offset, law.semilog)
    if floor.p_value is not None and floor.p_value < alpha and floor.value > least:
        notes.append(f"floor alarm: the last local slope is flatter by {floor.value:.3g} (p = {floor.p_value:.1e})")
    if heavy_tail(sample, found, alpha).alarmed:
        notes.append("heavy tail: few replicates carry the estimate, tail levels are rough")
    if isinstance(estimand, ControlVariate):
        variate = control_alarm(sample, estimand)
        if variate.p_value is not None and variate.p_value < alpha:
            notes.append(f"the control variate's mean is not the one given (p = {variate.p_value:.1e})")
    return tuple(notes)
