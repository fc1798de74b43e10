"""One check on one sample: from measured values, curve and law to a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rates.asymptote import Asymptote, extrapolate, extrapolate_level
from rates.claim import Check, Comparison, Quantity
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


def total_of(parts: Parts) -> Array:
    """Return the sum of a curve's parts, (K,)."""
    return np.asarray(np.sum(list(parts.values()), axis=0))


def judge_curve(
    check: Check, law: Law, parameters: Mapping[str, Number], x: Array, parts: Parts, error: float
) -> Judgement:
    """Decide curve → law: the curve's extrapolated exponent or constant, or the curve at every x, against the law's."""
    total = total_of(parts)
    points = tuple(_curve_point(x, total, parts, i) for i in range(len(x)))
    if np.any(total <= 0):
        reason = (
            f"the curve is {total.min():.3g} at x = {float(x[int(np.argmin(total))]):g}: there is no rate to follow"
        )
        return Judgement(Decision(Outcome.REFUTED, reason, "outside"), None, None, None, points)
    log_y = np.log(total)
    if check.quantity is Quantity.BOUND:
        ratio = log_y - np.log(law.shape(x, parameters))
        bound = decide_bound(
            ratio, np.zeros_like(ratio), 0, 0.5, check.margin.total, error, x=x, direction=law.direction
        )
        return Judgement(bound, 0.0, bound.estimate, bound.interval, points)
    if check.quantity is Quantity.SLOPE:
        limit = extrapolate(x, log_y - law.log_offset(x, parameters), error=error, semilog=law.semilog)
        return _judge_limit(check, limit, float(law.slope(parameters)), law.direction, points)
    limit = extrapolate_level(x, log_y - np.log(law.shape(x, parameters)), error=error, semilog=law.semilog)
    return _judge_limit(check, limit, 0.0, Direction.SHARP, points)


def judge_sample(
    check: Check, law: Law, parameters: Mapping[str, Number], evidence: Evidence, alpha: float
) -> Judgement:
    """Decide experiment → curve or experiment → law on the check's window, at the level of one look."""
    part = evidence.window(check)
    points = _points(part)
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
    direction = law.direction if against_law else Direction.SHARP
    # Equal weights do not cancel the skewness of y as a slope's do: a level gets the outward correction for it.
    interval = found.interval(alpha, skewed=not slope)
    decision = decide(
        interval, predicted, check.margin.total, direction, estimate=found.estimate,
        subject=_subject(check, law), needed=lambda: _needed(found, predicted, check, direction, alpha),
    )  # fmt: skip
    if decision.outcome is Outcome.CONSISTENT and against_law and slope and part.curve is None:
        decision = _bent(check, part, offset, law, alpha) or decision
    slopes = local_slopes(part.sample, part.estimand, semilog=law.semilog)
    notes, factors = _alarms(part, offset, law, found, alpha), None
    if decision.outcome is Outcome.REFUTED and part.curve is not None and len(part.curve) > 1:
        mean, error = _mean_and_error(part)
        scaled = fit_parts(mean, part.curve, error)
        factors, notes = dict(scaled.factor), (*notes, scaled.sentence)
    return Judgement(decision, predicted, found.estimate, interval, points, slopes, notes, factors)


def _bent(check: Check, evidence: Evidence, offset: Array, law: Law, alpha: float) -> Decision | None:
    """Withhold agreement on a window that bends: without a curve nothing says what its slope tends to."""
    sample = evidence.sample
    if sample.error is not None:
        return None
    bend = curvature(sample, evidence.estimand, offset, law.semilog)
    axis = sample.x if law.semilog else np.log(sample.x)
    drift = 2 * abs(bend.value) * float(axis[-1] - axis[0])
    if bend.p_value is None or bend.p_value >= alpha or drift <= check.margin.total:
        return None
    reason = (
        f"pre-asymptotic: the local slope drifts by {drift:.3g} over this window (p = {bend.p_value:.1e}),"
        f" more than the margin {check.margin.total:.3g}; go further out"
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
        assert evidence.total is not None
        return np.log(evidence.total), evidence.curve_error
    if check.quantity is Quantity.SLOPE:
        return law.log_offset(evidence.sample.x, parameters), 0.0
    return np.log(law.shape(evidence.sample.x, parameters)), 0.0


def _pre_asymptotic(check: Check, law: Law, parameters: Mapping[str, Number], evidence: Evidence) -> str | None:
    """Say why a window is not judged: the curve itself is off the law there by more than half the margin."""
    if evidence.total is None or check.comparison is not Comparison.EXPERIMENT_LAW:
        return None
    if check.quantity is Quantity.BOUND or law.form is Form.SEPARATION:
        return None
    x, log_curve = evidence.sample.x, np.log(evidence.total)
    if check.quantity is Quantity.SLOPE:
        own = float(slope_weights(x, law.semilog) @ (log_curve - law.log_offset(x, parameters)))
        gap = own - float(law.slope(parameters))
    else:
        own = gap = float(np.mean(log_curve - np.log(law.shape(x, parameters))))
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
    finite = bool(np.isfinite(limit.slope) and np.isfinite(limit.error))
    subject: Subject = "slope" if check.quantity is Quantity.SLOPE else "level"
    decision = decide(interval, predicted, check.margin.total, direction, estimate=float(limit.slope), subject=subject)
    # A converged limit whose whole error lies off the law is refuted, however wide it is.
    settled = limit.converged and (limit.error <= check.margin.total or decision.outcome is Outcome.REFUTED)
    if not settled:
        reason = (
            f"the extrapolation has not converged: {limit.slope:.4f} ± {limit.error:.2g},"
            f" its error must fall below the margin {check.margin.total:.3g}"
        )
        decision = Decision(Outcome.INCONCLUSIVE, reason, "wide")
    if not finite:
        return Judgement(decision, predicted, None, None, points, limit.local_slopes)
    return Judgement(decision, predicted, float(limit.slope), interval, points, limit.local_slopes)


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


def _alarms(evidence: Evidence, offset: Array, law: Law, found: Fit, alpha: float) -> tuple[str, ...]:
    """Return what a reader should know beside the verdict; alarms never change it."""
    if evidence.sample.error is not None:
        return ()
    sample, estimand = evidence.sample, evidence.estimand
    notes = []
    bend = curvature(sample, estimand, offset, law.semilog)
    if bend.p_value is not None and bend.p_value < alpha:
        notes.append(f"curvature alarm: what is left bends by {bend.value:+.3g} (p = {bend.p_value:.1e})")
    floor = floor_alarm(sample, estimand, offset, law.semilog)
    if floor.p_value is not None and floor.p_value < alpha:
        notes.append(f"floor alarm: the last local slope is flatter by {floor.value:.3g} (p = {floor.p_value:.1e})")
    if heavy_tail(sample, found, alpha).alarmed:
        notes.append("heavy tail: few replicates carry the estimate, tail levels are rough")
    if isinstance(estimand, ControlVariate):
        variate = control_alarm(sample, estimand)
        if variate.p_value is not None and variate.p_value < alpha:
            notes.append(f"the control variate's mean is not the one given (p = {variate.p_value:.1e})")
    return tuple(notes)
