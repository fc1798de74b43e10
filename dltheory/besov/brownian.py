"""Kernel ridge regression with the kernel a² min(x, x′): the best linear estimator of a jump at a random place.

f = ±a 1_{[t,1]} with a random sign and t uniform on [0, 1] has that covariance, so its average risk under any linear
estimator is that of Brownian motion, and least for the posterior mean. Brownian motion is Markov: O(n) by a Kalman
filter and smoother in place of an n × n system.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from dltheory.besov.change_points import StepFunction, require_scales

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BrownianFit:
    """The posterior mean given a sorted sample: linear between (0, 0) and the x (n,), constant beyond the last."""

    x: Array
    values: Array

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return the fitted values at x, in its shape."""
        knots, values = np.concatenate([[0.0], self.x]), np.concatenate([[0.0], self.values])
        return np.asarray(np.interp(np.asarray(x, dtype=np.float64), knots, values))

    def squared_distance(self, steps: StepFunction) -> float:
        """Return ∫_0^1 (fit − f)², exactly: Simpson's rule between all samples and jumps."""
        edges = np.sort(np.concatenate([[0.0], self.x, steps.jumps, [1.0]]))
        middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
        level, ends = steps(middle), self(edges)
        left, right = ends[:-1] - level, ends[1:] - level
        return float(width @ (left * left + left * right + right * right) / 3)


def fit(x: npt.ArrayLike, y: npt.ArrayLike, amplitude: float, noise: float) -> BrownianFit:
    """Return kernel ridge regression of y (n,) at x (n,) in [0, 1], kernel a² min(x, x′) and ridge σ²; O(n log n)."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    _require(x, amplitude, noise)
    if y.shape != x.shape:
        raise ValueError(f"y must have the shape of x, {x.shape}, got {y.shape}")
    if not np.all(np.isfinite(y)):
        raise ValueError("the labels y must be finite")
    order = np.argsort(x, kind="stable")
    mean, _, _ = _smooth(np.ascontiguousarray(x[order]), np.ascontiguousarray(y[order]), amplitude**2, noise**2)
    return BrownianFit(x[order], mean)


def average_risk(x: npt.ArrayLike, amplitude: float, noise: float) -> float:
    """Return ∫_0^1 of the posterior variance given the design x (n,): the least average risk of a linear estimator.

    Exact, O(n log n). Between neighbours the variance is that of a linear interpolation plus a Brownian bridge's.
    """
    x = np.sort(np.asarray(x, dtype=np.float64))
    _require(x, amplitude, noise)
    _, variance, covariance = _smooth(x, np.zeros_like(x), amplitude**2, noise**2)
    gaps = np.diff(np.concatenate([[0.0], x]))
    before = np.concatenate([[0.0], variance[:-1]])
    between = gaps @ (before + variance + covariance) / 3 + amplitude**2 * gaps @ gaps / 6
    last = 1.0 - x[-1]
    return float(between + last * variance[-1] + amplitude**2 * last**2 / 2)


def jensen(samples: npt.ArrayLike, amplitude: float, noise: float) -> Array:
    """Return Σ_k λ_k σ²/(σ² + nλ_k), λ_k = a²/((k − 1/2)π)², in closed form: aσ/(2√n) tanh(a√n/σ).

    No linear estimator has a smaller average risk. From tanh z = Σ_k 2z/(((k − 1/2)π)² + z²).
    """
    require_scales(amplitude, noise)
    root = np.sqrt(np.asarray(samples, dtype=np.float64))
    if not np.all(root > 0):
        raise ValueError("the number of samples must be positive")
    return np.asarray(amplitude * noise / (2 * root) * np.tanh(amplitude * root / noise))


def eigenvalues(count: int, amplitude: float) -> Array:
    """Return the `count` largest eigenvalues of the kernel a² min(x, x′) on [0, 1]."""
    return np.asarray(amplitude**2 / ((np.arange(count) + 0.5) * math.pi) ** 2)


def _require(x: Array, amplitude: float, noise: float) -> None:
    require_scales(amplitude, noise)
    if x.ndim != 1 or x.size == 0 or not np.all((x >= 0) & (x <= 1)):
        raise ValueError(f"x must be a vector in [0, 1], got shape {x.shape}")


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _smooth(x: Array, y: Array, rate: float, noise: float) -> tuple[Array, Array, Array]:
    """Return posterior means and variances at the x (n,), and covariances with the left neighbour (0 for the first).

    `rate` is the variance of the process per unit of x, `noise` that of the observations. Ties are fine.
    """
    n = len(x)
    mean, variance, ahead = np.zeros(n), np.zeros(n), np.zeros(n)
    state, spread, at = 0.0, 0.0, 0.0
    for i in range(n):
        ahead[i] = spread + rate * (x[i] - at)
        gain = ahead[i] / (ahead[i] + noise)
        state += gain * (y[i] - state)
        spread = noise * gain  # (1 − gain) · ahead, without cancellation
        mean[i], variance[i], at = state, spread, x[i]
    covariance = np.zeros(n)
    for i in range(n - 2, -1, -1):
        back = variance[i] / ahead[i + 1] if ahead[i + 1] > 0 else 1.0
        mean[i] += back * (mean[i + 1] - mean[i])
        covariance[i + 1] = back * variance[i + 1]
        variance[i] += back * back * (variance[i + 1] - ahead[i + 1])
    return mean, variance, covariance
