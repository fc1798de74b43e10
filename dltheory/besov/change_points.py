"""Piecewise constant functions with few jumps, and exact least squares over all of them.

J_K holds f = a_0 + Σ_{k≤K} a_k 1_{[t_k,1]} with free positions t_k. Its least-squares fit is a search over splits of
the sorted sample: one pass for one jump, dynamic programming (Bellman 1961; Auger & Lawrence 1989) for several.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StepFunction:
    """A piecewise constant function on [0, 1]: `levels` (K + 1,) between increasing `jumps` (K,), right-continuous."""

    jumps: Array
    levels: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "jumps", np.atleast_1d(np.asarray(self.jumps, dtype=np.float64)))
        object.__setattr__(self, "levels", np.atleast_1d(np.asarray(self.levels, dtype=np.float64)))
        if self.jumps.ndim != 1 or self.levels.shape != (self.jumps.size + 1,):
            raise ValueError(f"{self.jumps.size} jumps need {self.jumps.size + 1} levels, got {self.levels.shape}")
        if not (np.all(np.isfinite(self.jumps)) and np.all(np.isfinite(self.levels))):
            raise ValueError("jumps and levels must be finite")
        if np.any(np.diff(self.jumps) < 0) or np.any((self.jumps < 0) | (self.jumps > 1)):
            raise ValueError(f"jumps must increase within [0, 1], got {self.jumps.tolist()}")

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return the values at x, in its shape."""
        if np.any(np.isnan(x)):  # a search would put it behind the last jump
            raise ValueError("a step function has no value at NaN")
        return np.asarray(self.levels[np.searchsorted(self.jumps, x, side="right")])

    @property
    def heights(self) -> Array:
        """The jumps' signed heights a_k, (K,)."""
        return np.diff(self.levels)

    def squared_distance(self, other: StepFunction) -> float:
        """Return ∫_0^1 (f − g)², exactly."""
        edges = np.concatenate([[0.0], np.sort(np.concatenate([self.jumps, other.jumps])), [1.0]])
        gap = self(edges[:-1]) - other(edges[:-1])
        return float(gap * gap @ np.diff(edges))


def draw(
    rng: np.random.Generator, jumps: int, amplitude: float = 1.0, *, within: tuple[float, float] = (0.2, 0.8),
    apart: float = 0.0,
) -> StepFunction:  # fmt: skip
    """Return a step function whose jumps are uniform in `within`, given that they are `apart` from each other.

    Every jump has the height ±amplitude with a random sign; the function starts at 0. ValueError where the jumps
    do not fit.
    """
    _require_count(jumps)
    if not 0 < amplitude < math.inf:
        raise ValueError(f"the height of a jump must be positive and finite, got {amplitude:g}")
    if not (0 <= within[0] <= within[1] <= 1 and apart >= 0):
        raise ValueError(f"jumps lie in an interval within [0, 1], at least 0 apart, got {within} and {apart:g}")
    if jumps == 0:
        warnings.warn(
            "a function with 0 jumps is a constant: linear estimators have the rate 1/n as well, no gap is predicted",
            stacklevel=2,
        )
    room = within[1] - within[0] - (jumps - 1) * apart
    if jumps > 0 and room <= 0:
        raise ValueError(f"{jumps} jumps that are {apart:g} apart do not fit into [{within[0]:g}, {within[1]:g}]")
    positions = within[0] + np.sort(rng.random(jumps)) * room + apart * np.arange(jumps)
    signs = 2.0 * rng.integers(0, 2, jumps) - 1
    return StepFunction(positions, amplitude * np.concatenate([[0.0], np.cumsum(signs)]))


def require_apart(truth: StepFunction, samples: int) -> None:
    """Raise ValueError where two jumps are closer than 1/n: no sample of that size tells them apart."""
    if not 0 < samples < math.inf:
        raise ValueError(f"the number of samples must be positive and finite, got {samples:g}")
    close = [(s, t) for s, t in pairwise(truth.jumps) if t - s < 1 / samples]
    if close:
        raise ValueError(
            f"the jumps at {close[0][0]:.6g} and {close[0][1]:.6g} are closer than 1/n = {1 / samples:.2g}:"
            " a sample of that size cannot tell them apart"
        )


def fit(x: npt.ArrayLike, y: npt.ArrayLike, jumps: int = 1) -> StepFunction:
    """Return the least-squares fit of y (n,) at x (n,) in [0, 1] over all functions with at most that many jumps.

    Exact: O(n) after sorting for one jump, O(K n²) for more. A jump between two samples is put in their middle, and
    heights are not bounded. Warns where the design says that the theory's rate cannot be had. ValueError for fewer
    than K + 1 different x.
    """
    x, y = require_line_sample(x, y)
    _require_jumps(jumps, x.size)
    order = np.argsort(x, kind="stable")
    return fit_sorted(x[order], y[order], jumps)


def fit_sorted(x: Array, y: Array, jumps: int = 1) -> StepFunction:
    """Return what `fit` does for a sample that is sorted by x and known to be good."""
    ends = _ends(x, y, jumps)
    positions = np.array([(x[i - 1] + x[i]) / 2 for i in ends])
    _warn_of_a_hole(x, ends)
    sums = np.concatenate([[0.0], np.cumsum(y)])
    bounds = np.concatenate([[0], ends, [x.size]])
    return StepFunction(positions, np.diff(sums[bounds]) / np.diff(bounds))


def _ends(x: Array, y: Array, jumps: int) -> npt.NDArray[np.int64]:
    """Return the indices at which the segments of the best fit begin, the first left out."""
    if jumps == 0:
        return np.zeros(0, dtype=np.int64)
    centred = y - y.mean()  # squares of sums lose no digits to a common level
    if jumps == 1:
        at = _scan(x, centred)
        found = np.array([at] if at else [], dtype=np.int64)
    else:
        found = _segment(x, centred, jumps)
    if found.size < jumps:
        raise ValueError(f"{jumps} jumps need {jumps + 1} different x, got {np.unique(x).size}")
    return found


def require_line_sample(x: npt.ArrayLike, y: npt.ArrayLike, *, ascending: bool = False) -> tuple[Array, Array]:
    """Return points x (n,) of [0, 1] and labels y (n,) as numbers; ValueError for what is none, or not `ascending`."""
    x, y = (np.ascontiguousarray(v, dtype=np.float64) for v in (x, y))
    if x.ndim != 1 or x.shape != y.shape or x.size == 0:
        raise ValueError(f"x and y must be two vectors of one length, got shapes {x.shape} and {y.shape}")
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        raise ValueError("x and y must be finite")
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"x must lie in [0, 1], got values from {x.min():g} to {x.max():g}")
    if ascending and np.any(x[1:] < x[:-1]):
        at = int(np.argmax(x[1:] < x[:-1]))
        raise ValueError(f"the sample must be sorted by x, got {x[at]:.4g} before {x[at + 1]:.4g}")
    return x, y


def require_scales(amplitude: float, noise: float) -> None:
    """Raise ValueError unless the height of a jump and the noise are positive and finite."""
    if not (0 < amplitude < math.inf and 0 < noise < math.inf):
        raise ValueError(f"amplitude and noise must be positive and finite, got {amplitude:g} and {noise:g}")


def _require_count(jumps: int) -> None:
    if isinstance(jumps, bool) or not isinstance(jumps, int | np.integer) or jumps < 0:
        raise ValueError(f"the number of jumps must be a whole number from 0 on, got {jumps!r}")


def _require_jumps(jumps: int, samples: int) -> None:
    _require_count(jumps)
    if jumps >= samples:
        raise ValueError(f"{jumps} jumps need at least {jumps + 1} samples, got {samples}")
    if 4 * jumps * math.log(samples) > samples:
        warnings.warn(
            f"{jumps} jumps in {samples} samples: the risk is of order K log(n)/n = "
            f"{jumps * math.log(samples) / samples:.2g}, the rate 1/n needs K fixed",
            stacklevel=3,
        )


def _warn_of_a_hole(x: Array, ends: npt.NDArray[np.int64]) -> None:
    """Warn of a jump in a hole of the design that uniform samples would hardly leave."""
    if x.size < 8:
        return
    widest = 20 * math.log(x.size) / x.size
    for i in ends:
        if x[i] - x[i - 1] > widest:
            warnings.warn(
                f"there is no sample between {x[i - 1]:.4g} and {x[i]:.4g}, where a jump was found: its position is"
                f" known to that interval only, not to 1/n = {1 / x.size:.2g}",
                stacklevel=3,
            )


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _scan(x: Array, y: Array) -> int:
    """Return the first index of the right part of the best split into two, 0 where all x are equal."""
    n, total = len(x), np.sum(y)
    best, at, left = -1.0, 0, 0.0
    for i in range(1, n):
        left += y[i - 1]
        right = total - left
        gain = left * left / i + right * right / (n - i)
        if gain > best and x[i] > x[i - 1]:
            best, at = gain, i
    return at


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _segment(x: Array, y: Array, jumps: int) -> npt.NDArray[np.int64]:
    """Return the first indices of all segments but the first, (K,); fewer where there are not enough different x.

    best[i] is the largest Σ (sum of a segment)²/length over splits of the first i samples into k + 1 segments.
    """
    n = len(x)
    sums, inverse = np.zeros(n + 1), np.zeros(n + 1)
    for i in range(n):
        sums[i + 1] = sums[i] + y[i]
        inverse[i + 1] = 1.0 / (i + 1)
    best = sums * sums * inverse
    came_from = np.zeros((jumps, n + 1), dtype=np.int32)
    for k in range(jumps):
        previous = best.copy()
        for j in range(n + 1):  # a segment begins where x moves
            if j < k + 1 or j == n or x[j] <= x[j - 1]:
                previous[j] = -np.inf
        first = n if k == jumps - 1 else k + 2  # the last jump is only needed for the whole sample
        best[:] = -np.inf
        for i in range(first, n + 1):
            top, at = -np.inf, 0
            for j in range(k + 1, i):
                gap = sums[i] - sums[j]
                value = previous[j] + gap * gap * inverse[i - j]
                if value > top:
                    top, at = value, j
            best[i], came_from[k, i] = top, at
    if best[n] == -np.inf:
        return np.zeros(0, dtype=np.int64)
    found, end = np.zeros(jumps, dtype=np.int64), n
    for k in range(jumps - 1, -1, -1):
        end = came_from[k, end]
        found[k] = end
    return found
