"""Least squares on trigonometric functions, which is what the network of the theorem fits in its last layer.

Points are uniform on the cube, so errors are exact by Parseval, and the mean of the scores is known.
Source: Okumoto & Suzuki 2022, theorem 10 (level and set of functions); moments of the basis are derived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dltheory.gamma_smooth.blocks import Indices, below
from dltheory.gamma_smooth.fourier import FourierSeries, evaluate, require_indices, require_labels, require_points
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.least_squares import solve_identified

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrigonometricLeastSquares:
    """Least squares on all basis functions of the blocks γ(s) < level, G(level) of them."""

    space: GammaSpace
    level: float

    def __post_init__(self) -> None:
        if not 0 < self.level < math.inf:
            raise ValueError(f"a level T must be positive and finite, or no block lies below it, got {self.level:g}")

    @classmethod
    def from_theory(cls, space: GammaSpace, n: float) -> TrigonometricLeastSquares:
        """Return the estimator at the level T = a† log₂ n/(2(a† − v) + 1) of theorem 10."""
        space.require_gap()
        return cls(space, space.level(n))

    @cached_property
    def indices(self) -> Indices:
        """Multi-indices (G, d_max) of the functions that are fitted."""
        return below(self.space, self.level)

    def fit(self, x: npt.ArrayLike, y: npt.ArrayLike) -> FourierSeries:
        """Return the fitted series for points (n, D) of the cube and labels (n,)."""
        return fit_series(self.indices, x, y)


def fit_series(indices: Indices, x: npt.ArrayLike, y: npt.ArrayLike) -> FourierSeries:
    """Return the least-squares series on the given functions; ValueError where points do not identify all of them.

    They do with probability 1 if n ≥ N and their law has a density, which the theory takes for granted.
    """
    indices = require_indices(indices)
    points = require_points(x, indices.shape[1])
    labels = require_labels(y, len(points))
    if len(points) < len(indices):
        raise ValueError(f"least squares on {len(indices)} functions needs as many samples, got {len(points)}")
    return FourierSeries(indices, solve_identified(evaluate(indices, points), labels))


def places(indices: Indices, within: Indices) -> npt.NDArray[np.int64]:
    """Return where each multi-index stands in a list of others, (count,), −1 where it does not."""
    width = max(indices.shape[1], within.shape[1])
    at = {row: i for i, row in enumerate(map(tuple, widened(within, width).tolist()))}
    return np.array([at.get(row, -1) for row in map(tuple, widened(indices, width).tolist())], np.int64)


def widened(indices: Indices, width: int) -> Indices:
    """Return multi-indices with zeros for further coordinates, (count, width)."""
    return np.pad(indices, ((0, 0), (0, width - indices.shape[1])))


def scores_mean(kept: Indices, indices: Indices, energies: Array, noise: float) -> float:
    """Return n E Σ_l (ψ_l·(y − f_N)/n)² over the kept l: σ²N + Σ_{l kept, m not} energies[m] E ψ_l² ψ_m².

    f_N is the part of the target that the kept functions have; its other coefficients have random signs. E ψ_l² ψ_m²
    is the product over coordinates of 1 ± 1/2 where |l_i| = |m_i| > 0, plus for two sines or two cosines.
    """
    if energies.shape != (len(indices),):
        raise ValueError(f"{len(indices)} indices do not go with energies of shape {energies.shape}")
    left_out = places(indices, kept) < 0
    width = max(kept.shape[1], indices.shape[1])
    inside, outside = widened(kept, width), widened(indices[left_out], width)
    moments = np.ones((len(inside), len(outside)))
    for a, b in zip(inside.T, outside.T, strict=True):
        if a.any() and b.any():
            moments *= 1 + 0.5 * (np.abs(a)[:, None] == np.abs(b)) * np.sign(a[:, None] * b)
    return noise**2 * len(inside) + float(moments.sum(axis=0) @ energies[left_out])
