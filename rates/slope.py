"""Slopes and levels of log means, with error bars from a delete-one-replicate jackknife.

A replicate is a cluster: its values at all x are kept together, so that the interval is right for trajectories
and for common random numbers along x alike. Shapes: R replicates, K points, C components; leading axes before
them are batches. Logarithms are natural.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr, stdtrit

from rates.estimand import ControlVariate, Estimand, Mean, Separation, estimand

Array = npt.NDArray[np.float64]
__all__ = [
    "Alarm", "ControlVariate", "Estimand", "Fit", "HeavyTail", "InconclusiveError", "LogPoints", "Mean", "Sample",
    "Separation", "control_alarm", "curvature", "estimand", "fit", "floor_alarm", "heavy_tail", "level_weights",
    "local_slopes", "log_points", "point_statistics", "pseudo_values", "quantile", "slope_weights",
]  # fmt: skip


class InconclusiveError(ValueError):
    """The measurements allow no estimate at all; the message is one sentence that says why."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Measurements `values` (R, K, C) at `x` (K,).

    `error` (K,) bounds the relative numerical error of a deterministic experiment, which has R = 1; None says
    that the replicates are random.
    """

    x: Array
    values: Array
    error: Array | None = None

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.shape[1] != len(self.x):
            raise ValueError(f"values have shape {self.values.shape}, expected (replicates, {len(self.x)}, components)")
        if np.any(np.isnan(self.values)):
            raise ValueError("the measurements hold a value that is not a number")
        if self.error is not None and (self.values.shape[0] != 1 or self.error.shape != self.x.shape):
            raise ValueError("a deterministic experiment has one replicate and one error bound for each x")

    @property
    def replicates(self) -> int:
        """Number of replicates R."""
        return int(self.values.shape[0])


def slope_weights(x: Array, semilog: bool = False) -> Array:
    """Return least-squares weights w (K,) with Σ w_i log y_i the slope in log x (in x itself if semilog)."""
    axis = _axis(x, semilog)
    centred = axis - axis.mean()
    spread = float(np.sum(centred**2))
    if len(x) < 2 or spread == 0.0:
        raise ValueError("a slope needs at least two different x")
    return np.asarray(centred / spread)


def level_weights(points: int) -> Array:
    """Return equal weights (K,): the mean over x."""
    return np.full(points, 1.0 / points)


@dataclass(frozen=True, eq=False)
class Fit:
    """An estimate with its standard error (0 and no degrees of freedom for a deterministic experiment).

    `pseudo_values` (R,) are the jackknife's, whose mean is the estimate; `half_width_numeric` is a bound of
    the numerical error and widens every interval.
    """

    estimate: float
    standard_error: float
    dof: int
    pseudo_values: Array
    half_width_numeric: float = 0.0

    @property
    def sd(self) -> float:
        """Standard deviation of one replicate's contribution: what planning needs."""
        return self.standard_error * float(np.sqrt(len(self.pseudo_values)))

    @property
    def skewness(self) -> float:
        """Skewness of the pseudo-values, 0 where they do not vary."""
        return self._moment(3)

    @property
    def kurtosis(self) -> float:
        """Excess kurtosis of the pseudo-values, 0 where they do not vary."""
        return self._moment(4) - 3.0 if self.dof and self.standard_error > 0 else 0.0

    def interval(self, alpha: float, *, skewed: bool = False) -> tuple[float, float]:
        """Return the two-sided (1 − 2α) interval.

        `skewed` moves the limit on the side of the long tail outwards by |γ| (1 + 2t²) sd/(6R), the first term
        of the Cornish–Fisher expansion of Student's t (P. Hall, On the removal of skewness by transformation,
        1992): levels of positively correlated, skewed noise need it, for slopes it matters little.
        """
        below = above = self.half_width_numeric
        if self.dof:
            t = quantile(alpha, self.dof)
            below += t * self.standard_error
            above += t * self.standard_error
            if skewed:
                shift = self.skewness * (1 + 2 * t * t) * self.sd / (6 * len(self.pseudo_values))
                below, above = below + max(0.0, -shift), above + max(0.0, shift)
        return self.estimate - below, self.estimate + above

    def inflation(self, alpha: float) -> float:
        """Return by what factor the true level of a limit is estimated to exceed α, from the skewness.

        First term of the Edgeworth expansion of Student's t; it predicts the simulated tails within 30 %.
        """
        z = -float(ndtri(alpha))
        density = float(np.exp(-z * z / 2) / np.sqrt(2 * np.pi))
        edge = (2 * z * z + 1) * density / (6 * alpha)
        return float(1.0 + edge * abs(self.skewness) / np.sqrt(len(self.pseudo_values)))

    def _moment(self, power: int) -> float:
        if not self.dof or self.standard_error == 0:
            return 0.0
        deviation = self.pseudo_values - self.pseudo_values.mean()
        return float(np.mean(deviation**power) / np.mean(deviation**2) ** (power / 2))


def quantile(alpha: float, dof: float) -> float:
    """Return t_{1−α}, Student's upper quantile."""
    return float(-stdtrit(dof, alpha))


def fit(
    sample: Sample,
    estimand: Estimand,
    weights: Array,
    offset: Array | None = None,
    offset_error: float | Array = 0.0,
) -> Fit:
    """Return θ̂ = Σ w_i (log Ȳ_i − offset_i), corrected for bias and with its error, by the jackknife.

    `offset_error` bounds the relative numerical error of exp(offset), a curve. InconclusiveError where a mean
    is not positive; ValueError for one replicate of a random experiment.
    """
    shift = 0.0 if offset is None else float(weights @ offset)
    numeric = float(np.abs(weights) @ _log_error(np.broadcast_to(np.asarray(offset_error, dtype=float), weights.shape)))
    pseudo = _sample_pseudo_values(sample, estimand) @ weights - shift
    if sample.error is not None:
        numeric += estimand.logs * float(np.abs(weights) @ _log_error(sample.error))
        return Fit(float(pseudo[0]), 0.0, 0, pseudo, numeric)
    standard_error = float(np.std(pseudo, ddof=1) / np.sqrt(len(pseudo)))
    return Fit(float(np.mean(pseudo)), standard_error, len(pseudo) - 1, pseudo, numeric)


def pseudo_values(values: Array, estimand: Estimand, x: Array, log: bool = True) -> Array:
    """Return jackknife pseudo-values R θ̂ − (R − 1) θ̂_(−r) of the log means, shape (..., R, K), for R ≥ 2.

    Every estimate here is linear in the log means, so its pseudo-values are the same combination of these.
    `log=False` leaves the logarithm out.
    """
    count = values.shape[-3]
    terms = estimand.terms(values)
    sums = terms.sum(axis=-3, keepdims=True)
    full = estimand.mean(sums, count)
    left_out = estimand.mean(sums - terms, count - 1)
    if log:
        full, left_out = _log(full, x), _log(left_out, x)
    return np.asarray(count * full - (count - 1) * left_out)


def point_statistics(sample: Sample, estimand: Estimand) -> tuple[Array, Array | None]:
    """Return mean (K,) and standard error (K,) of y on its own scale, for plots; no error for one replicate."""
    sums = estimand.terms(sample.values).sum(axis=-3)
    mean = estimand.mean(sums, sample.replicates)
    if sample.replicates == 1:
        return mean, None
    pseudo = pseudo_values(sample.values, estimand, sample.x, log=False)
    return mean, np.std(pseudo, axis=0, ddof=1) / np.sqrt(sample.replicates)


@dataclass(frozen=True, eq=False)
class LogPoints:
    """log Ȳ_i − offset_i with standard error, each (K,), and numerical error bound; dof 0 if deterministic."""

    estimate: Array
    standard_error: Array
    dof: int
    numeric: Array


def log_points(sample: Sample, estimand: Estimand, offset: Array | None = None) -> LogPoints:
    """Return each point on the log scale with its jackknife error: what a bound at every x is tested with."""
    pseudo = _sample_pseudo_values(sample, estimand)
    estimate = pseudo.mean(axis=0) - (0.0 if offset is None else offset)
    if sample.error is not None:
        return LogPoints(estimate, np.zeros_like(estimate), 0, estimand.logs * _log_error(sample.error))
    error = np.std(pseudo, axis=0, ddof=1) / np.sqrt(sample.replicates)
    return LogPoints(estimate, error, sample.replicates - 1, np.zeros_like(estimate))


def local_slopes(
    sample: Sample, estimand: Estimand, offset: Array | None = None, semilog: bool = False
) -> tuple[float, ...]:
    """Return the slope between each pair of neighbouring x, K − 1 of them."""
    sums = estimand.terms(sample.values).sum(axis=-3)
    log_mean = _log(estimand.mean(sums, sample.replicates), sample.x) - (0.0 if offset is None else offset)
    return tuple((np.diff(log_mean) / np.diff(_axis(sample.x, semilog))).tolist())


class Alarm(NamedTuple):
    """A figure that should be near zero, and the p-value of its being so (None where there is no noise)."""

    value: float
    p_value: float | None


def curvature(sample: Sample, estimand: Estimand, offset: Array | None = None, semilog: bool = False) -> Alarm:
    """Return the coefficient of ℓ² in a quadratic regression of log Ȳ on ℓ, with its two-sided p-value.

    Significant curvature says that the window is pre-asymptotic: an alarm, not a repair.
    """
    if len(sample.x) < 3:
        return Alarm(0.0, None)
    axis = _axis(sample.x, semilog)
    axis = axis - axis.mean()
    basis, _ = np.linalg.qr(np.stack([np.ones_like(axis), axis], axis=1))
    contrast = axis**2 - basis @ (basis.T @ axis**2)
    return _alarm(fit(sample, estimand, contrast / np.sum(contrast**2), offset), sides=2)


def floor_alarm(sample: Sample, estimand: Estimand, offset: Array | None = None, semilog: bool = False) -> Alarm:
    """Return by how much the last local slope is flatter than the fit, with its one-sided p-value.

    A floor (quadrature error, truncation, round-off) shows at the end of the window first.
    """
    if len(sample.x) < 3:
        return Alarm(0.0, None)
    weights = slope_weights(sample.x, semilog)
    step = float(np.diff(_axis(sample.x, semilog)[-2:])[0])
    last = np.zeros_like(weights)
    last[-2:] = -1.0 / step, 1.0 / step
    whole = fit(sample, estimand, weights, offset)
    sign = -1.0 if whole.estimate > 0 else 1.0
    return _alarm(fit(sample, estimand, sign * (last - weights), offset), sides=1)


class HeavyTail(NamedTuple):
    """Largest share of one replicate in the mean at any x; kurtosis and level inflation of the estimate."""

    share: float
    kurtosis: float
    inflation: float
    alarmed: bool


def heavy_tail(sample: Sample, fitted: Fit, alpha: float = 1e-3) -> HeavyTail:
    """Return whether few replicates carry the estimate, so that intervals at that level cannot be trusted.

    Alarmed where the level is estimated to be off by more than a factor 4, or where one of at least eight
    replicates makes half of a mean. A sample understates the tail that it comes from: no alarm proves nothing.
    """
    y = np.abs(sample.values[..., 0])
    total = y.sum(axis=0)
    share = float(np.max(np.divide(y.max(axis=0), total, out=np.zeros_like(total), where=total > 0)))
    inflation = fitted.inflation(alpha)
    alarmed = sample.replicates >= 8 and (inflation > 4.0 or share > 0.5)
    return HeavyTail(share, fitted.kurtosis, inflation, alarmed)


def control_alarm(sample: Sample, variate: ControlVariate) -> Alarm:
    """Return the largest |t| of the measured against the claimed mean of a control variate, p-value over all x.

    A wrong `control_mean` biases every estimate; this is how it is noticed.
    """
    d = sample.values[..., 1] - variate.control_mean
    error = np.std(d, axis=0, ddof=1) / np.sqrt(len(d))
    scale = np.maximum(error, 1e-12 * np.abs(variate.control_mean) + np.finfo(float).tiny)
    t = float(np.max(np.abs(d.mean(axis=0)) / scale))
    return Alarm(t, min(1.0, 2.0 * len(sample.x) * float(stdtr(len(d) - 1, -t))))


def _axis(x: Array | Sequence[float], semilog: bool) -> Array:
    axis = np.asarray(x, dtype=float)
    if not semilog and np.any(axis <= 0):
        raise ValueError(f"a power law needs positive x, got {float(axis.min())}")
    return axis if semilog else np.log(axis)


def _sample_pseudo_values(sample: Sample, estimand: Estimand) -> Array:
    """Return (R, K) pseudo-values of a random sample, or the log values (1, K) of a deterministic one."""
    if sample.error is not None:
        return _log(estimand.mean(estimand.terms(sample.values).sum(axis=-3, keepdims=True), 1), sample.x)
    if sample.replicates < 2:
        raise ValueError("one replicate has no error bar: run at least two, and ten for a level that holds")
    return pseudo_values(sample.values, estimand, sample.x)


def _log(means: Array, x: Array) -> Array:
    bad = ~(means > 0)  # NaN is bad too
    if np.any(bad):
        at = int(np.argmax(bad.reshape(-1, means.shape[-1]).any(axis=0)))
        raise InconclusiveError(
            f"the mean at x = {float(x[at]):g} is not positive, or is not without one of the replicates:"
            " it has no logarithm; more replicates or a variate that is better correlated are needed"
        )
    return np.asarray(np.log(means))


def _log_error(relative: Array) -> Array:
    """Return the bound on |log(1 + e)| for |e| ≤ relative; infinite from 1 on, where the sign is not known."""
    return np.where(relative < 1, -np.log1p(-np.minimum(relative, 1 - 1e-15)), np.inf)


def _alarm(fitted: Fit, sides: int) -> Alarm:
    if not fitted.dof:
        return Alarm(fitted.estimate, None)
    if fitted.standard_error == 0:
        return Alarm(fitted.estimate, 1.0 if abs(fitted.estimate) < 1e-9 else 0.0)
    t = fitted.estimate / fitted.standard_error
    return Alarm(fitted.estimate, sides * float(stdtr(fitted.dof, -abs(t) if sides == 2 else -t)))
