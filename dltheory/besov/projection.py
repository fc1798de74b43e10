"""Least squares on a finite basis: the estimator that attains the rate on an axis-aligned class with p ≥ 2.

With the right number of terms of the right basis, N = (n/σ²)^{1/(2s̃ + 1)} in the order of ρ, its squared error falls
like n^{−2s̃/(2s̃+1)}: Suzuki & Nitanda 2021, estimation theorem (restated), without their logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.besov.cosine import Indices, evaluate
from dltheory.besov.cosine_series import CosineSeries
from dltheory.besov.smoothness import Smoothness
from dltheory.least_squares import require_sample, solve_identified

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ResolutionSchedule:
    """How many terms N = scale · (n/σ²)^exponent least squares gets at n samples."""

    exponent: float
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.exponent <= 1 and 0 < self.scale < math.inf):
            raise ValueError(
                "a number of terms grows like a power of n from 0 to 1, with a positive scale, got the exponent"
                f" {self.exponent:g} and the scale {self.scale:g}"
            )

    @classmethod
    def from_theory(cls, smoothness: Smoothness, scale: float = 1.0) -> ResolutionSchedule:
        """Return the theorem's schedule, exponent 1/(2s̃ + 1)."""
        return cls(1 / (2 * smoothness.mean + 1), scale)

    def terms(self, n: float, noise: float = 1.0) -> int:
        """Return N, at least 1 and at most n/5, so that the variance stays σ²N/n."""
        if not noise > 0:
            raise ValueError(f"the noise must be positive, got {noise:g}")
        if not 1 <= n < math.inf:
            raise ValueError(f"the number of samples is at least 1 and finite, got {n:g}")
        return int(max(min(round(self.scale * (n / noise**2) ** self.exponent), n // 5), 1))

    def resolutions(self, smoothness: Smoothness, n: float, noise: float = 1.0) -> tuple[int, ...]:
        """Return N_i = N^{s̃/s_i} frequencies or cells a direction; ValueError where N has less than two for each."""
        size = self.terms(n, noise)
        smoothness.require_frequencies(size)
        return tuple(max(round(size ** (smoothness.mean / value)), 1) for value in smoothness.s)


def ideal_constant(smoothness: Smoothness) -> float:
    """Return C of bias + variance = C (σ²/n)^{2s̃/(2s̃+1)} for coefficients by rank at N = (n/σ²)^{1/(2s̃+1)}.

    1 + 1/(2s̃): the bias is N^{−2s̃}/(2s̃). Derived.
    """
    return 1 + 1 / (2 * smoothness.mean)


def fit_series(indices: Indices, x: Array, y: Array) -> CosineSeries:
    """Return the least-squares cosine series on points x (n, d) and labels y (n,).

    ValueError for more terms than n, and for points that do not identify them: repeated, or on a curve or surface.
    """
    points, labels = require_sample(x, y)
    if len(indices) > len(points):
        raise ValueError(f"{len(indices)} terms need at least as many samples, got {len(points)}")
    return CosineSeries(indices, solve_identified(evaluate(indices, points), labels))


def series_error(found: CosineSeries, truth: CosineSeries) -> float:
    """Return ‖f̂ − f‖² on the cube, Σ (ĉ_l − c_l)² over all indices: no test points are needed."""
    shape = np.maximum(found.tensor.shape, truth.tensor.shape)
    padded = [np.pad(s.tensor, [(0, int(m) - n) for m, n in zip(shape, s.tensor.shape, strict=True)]) for s in
              (found, truth)]  # fmt: skip
    return float(np.sum((padded[0] - padded[1]) ** 2))


def spline_share(frequency: npt.ArrayLike, cells: float, degree: int) -> Array:
    """Return how much of the energy of cos(πlx) a spline of that degree with so many equal cells can have.

    Splines with mirrored boundary values are spanned by shifts of one B-spline, whose Fourier transform at l + 2Km is
    sinc^{m+1}: the share is sinc(u)^{2(m+1)} / Σ_j sinc(u + j)^{2(m+1)}, u = l/(2K). Derived.
    """
    if isinstance(degree, bool) or not isinstance(degree, int) or degree < 0:
        raise ValueError(f"the degree of a spline is a whole number from 0 on, got {degree!r}")
    if not 0 < cells < math.inf:
        raise ValueError(f"the number of cells must be positive, got {cells:g}")
    from scipy.special import zeta

    u, power = np.asarray(frequency, float) / (2 * cells), 2 * (degree + 1)
    part = u - np.floor(u)
    inner = np.where(part == 0, 0.5, part)
    # sin² is common to all terms: what remains is a sum of (u + j)^{−2(m+1)} over both sides
    share = 1 / (np.where(u == 0, 1.0, u) ** power * (zeta(power, inner) + zeta(power, 1 - inner)))
    # at half a wave a cell a cosine and its alias are one function, or none at all
    share = np.where(part == 0.5, 2 * share if degree % 2 else 0.0, share)
    return np.asarray(np.where(part == 0, u == 0, share), float)


def rate_exponent(smoothness: Smoothness, terms_exponent: float) -> float:
    """Return the exponent min(2s̃κ, 1 − κ) of a projection on N = n^κ terms: bias against variance."""
    if not 0 <= terms_exponent < 1:
        raise ValueError(f"the number of terms must grow slower than n, κ between 0 and 1, got {terms_exponent:g}")
    return min(2 * smoothness.mean * terms_exponent, 1 - terms_exponent)


def reversed_exponent(smoothness: Smoothness, other: Smoothness) -> float:
    """Return the approximation exponent min_i s_i s̃′/s′_i of resolutions N_i = N^{s̃′/s′_i} made for another s′."""
    if other.dimension != smoothness.dimension:
        raise ValueError(f"{other.dimension} directions do not go with {smoothness.dimension}")
    return min(
        s * other.mean / t for s, t in zip(smoothness.s, other.s, strict=True) if s < math.inf
    )  # fmt: skip
