"""A rough outer layer costs a power: N bumps around the singularity of |u|^α, and the exact risk of the best estimator.

The inner layer is h = Σ_j ω_j N^−s b(Nx − j) with ω_j in {0, 1} and b(u) the tent on [0, 1], in the unit ball of C^s
for s ≤ 1; the outer layer is |u|^α. So f = Σ_j ω_j N^−sα b(Nx − j)^α, a hypercube whose Bayes risk under fair coins
is that of N independent decisions, and bounds the worst risk of every estimator from below. With
N = (n/σ²)^(1/(2sα + 1)) decisions stay equally hard and the risk is n^(−2sα/(2sα + 1)) exactly, up to the rounding of
N. Derived, after Schmidt-Hieber 2020; P. Assouad, Deux remarques sur l'estimation, 1983.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.besov.cosine import require_cube
from dltheory.sequence import coin_risk, require_noise

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BumpHypercube:
    """N bumps of height N^−(s·α): `smoothness` s of the inner layer, `outer` α of the outer one."""

    count: int
    smoothness: float
    outer: float

    def __post_init__(self) -> None:
        if self.count < 1 or self.count % 1:
            raise ValueError(f"at least one bump is needed, a whole number of them, got {self.count}")
        if not 0 < self.smoothness <= 1:
            raise ValueError(f"tents lie in C^s for 0 < s ≤ 1, got s = {self.smoothness:g}")
        if not 0 < self.outer <= 1:
            raise ValueError(f"the outer layer |u|^α is Hölder for 0 < α ≤ 1, got α = {self.outer:g}")

    @classmethod
    def hardest(cls, n: float, noise: float, smoothness: float, outer: float, *, power: float | None = None,
                claimed: float | None = None) -> BumpHypercube:  # fmt: skip
        """Return N = (n/σ²)^(1/(2sα + 1)) bumps, for which decisions stay equally hard.

        `power` replaces the exponent; `claimed` is the α that heights are made with, while N keeps the right one.
        """
        if not noise > 0:
            raise ValueError(f"the noise must be positive, got {noise:g}: without it every decision is free")
        if not 0 < n < math.inf:
            raise ValueError(f"the number of samples must be positive and finite, got {n:g}")
        exponent = 1 / (2 * smoothness * outer + 1) if power is None else power
        count = max(round((n / noise**2) ** exponent), 1)
        return cls(count, smoothness, outer if claimed is None else claimed)

    @property
    def height(self) -> float:
        """Height of a bump of the composition, N^−sα."""
        return math.pow(self.count, -self.smoothness * self.outer)

    @property
    def energy(self) -> float:
        """‖f‖² with every bump present: height² ∫ b^2α, and ∫ b^2α = 1/(2α + 1) on [0, 1]."""
        return self.height**2 / (2 * self.outer + 1)

    def profile(self, x: Array) -> Array:
        """Return height · b(Nx − j)^α at x in [0, 1], j the cell of x; all bumps present."""
        require_cube(x)
        place = x * self.count
        tent = 1 - np.abs(2 * (place - np.floor(place)) - 1)
        return np.asarray(self.height * tent**self.outer)

    def cells(self, x: Array) -> npt.NDArray[np.int64]:
        """Return the cell j of every x."""
        require_cube(x)
        return np.minimum((x * self.count).astype(np.int64), self.count - 1)

    def bayes_risk(self, n: float, noise: float) -> float:
        """Return the least average risk for n samples per unit volume in white noise: n‖f‖²/σ² spread over N bumps."""
        require_noise(noise)
        signal = n * self.energy / (self.count * noise**2)
        return self.energy * float(coin_risk(signal))

    def posterior(self, x: Array, y: Array, noise: float) -> Array:
        """Return P(ω_j = 1 | data) for every bump, shape (N,), from points (n,) and labels (n,)."""
        require_noise(noise)
        if y.shape != x.shape or not np.all(np.isfinite(y)):
            raise ValueError(f"labels are finite, one a point, got shape {y.shape} for points of shape {x.shape}")
        bump, cell = self.profile(x), self.cells(x)
        evidence = np.bincount(cell, bump * (y - bump / 2), self.count) / noise**2
        return np.asarray(0.5 * (1 + np.tanh(evidence / 2)))
