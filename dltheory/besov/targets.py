"""Regression functions that sit exactly on the boundary of their space, with norms and tails in closed form.

Three kinds: a cosine series with coefficients by rank (p = 2), full levels with one spike each at a random position
(p < 2), and a cosine series on hyperbolic crosses (mixed smoothness). What would measure another exponent than its
own is refused, or warned about.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from dltheory.besov.cosine import Indices, ordered_indices, rank_coefficients, tail_energy
from dltheory.besov.cosine_series import CosineSeries
from dltheory.besov.smoothness import Smoothness

Array = npt.NDArray[np.float64]


class LumpyTargetWarning(UserWarning):
    """A target whose finite sizes show the exponent of another smoothness."""


@dataclass(frozen=True)
class RankTarget:
    """f = Σ_{j ≤ terms} ±j^{−(s̃ + 1/2)} φ_(j), tensor cosines in the order of ρ, on the boundary of B^s_{2,∞}.

    LumpyTargetWarning where a direction of finite s_i is constant in all the terms. Coefficients by rank, not by ρ:
    those tied to ρ jump with every new frequency (see `require_smooth_counting`).
    """

    smoothness: Smoothness
    terms: int

    def __post_init__(self) -> None:
        self.smoothness.require_frequencies(self.terms)
        if self.smoothness.p < 2:
            raise ValueError(
                f"coefficients by rank lie on the boundary of a space with p ≥ 2, got p = {self.smoothness.p:g}: a"
                " function that linear estimators cannot follow is a SpikyTarget"
            )
        warn_if_reduced(self.smoothness, self.terms)

    @cached_property
    def indices(self) -> Indices:
        """The multi-indices (terms, d), in the order of ρ."""
        return ordered_indices(self.smoothness, self.terms)

    def draw(self, generator: np.random.Generator) -> CosineSeries:
        """Return the function with random signs."""
        signs = generator.integers(0, 2, self.terms) * 2.0 - 1
        return CosineSeries(self.indices, rank_coefficients(self.smoothness, self.terms, signs))

    def tail(self, kept: npt.ArrayLike) -> Array:
        """Return the energy beyond the first `kept` terms, exactly."""
        return np.maximum(tail_energy(self.smoothness, kept) - tail_energy(self.smoothness, self.terms), 0.0)

    @property
    def energy(self) -> float:
        """‖f‖² in L²."""
        return float(self.tail(0))

    @cached_property
    def approximation_norm(self) -> float:
        """sup over N of N^{s̃} · (energy beyond N of the whole series)^{1/2}, which is 1/√(2s̃), reached for N → ∞."""
        return 1 / math.sqrt(2 * self.smoothness.mean)


@dataclass(frozen=True)
class SpikyTarget:
    """Full levels with one spike each, on the boundary of B^s_{p,∞}: what a linear estimator cannot follow for p < 2.

    Level k has 2^k orthonormal coefficients, all ±2^{−k(s̃ + 1/2)} but one, which is ±2^{−k(s̃ − v)}, v = (1/p − 1/2)_+.
    k = phase, phase + 1, …: averaged over the phase (see `phases`) a risk has no ripple of period log 2.
    """

    smoothness: Smoothness
    levels: int
    phase: float = 0.0

    def __post_init__(self) -> None:
        self.smoothness.require_square_integrable()
        if self.levels < 1:
            raise ValueError(f"a target needs at least one level, got {self.levels}")
        if not 0 <= self.phase < 1:
            raise ValueError(f"the phase lies between 0 and 1, got {self.phase:g}")

    @classmethod
    def phases(cls, smoothness: Smoothness, levels: int, count: int = 16) -> tuple[SpikyTarget, ...]:
        """Return targets of equally spaced phases."""
        return tuple(cls(smoothness, levels, i / count) for i in range(count))

    @property
    def level(self) -> Array:
        """k of every level, not whole where the phase is not 0."""
        return np.asarray(np.arange(self.levels) + self.phase, float)

    @property
    def size(self) -> Array:
        """2^k, the number of coefficients of every level."""
        return np.asarray(np.exp2(self.level))

    @property
    def dense(self) -> Array:
        """|θ| of the full part of every level."""
        return np.asarray(np.exp2(-self.level * (self.smoothness.mean + 0.5)))

    @property
    def spike(self) -> Array:
        """|θ| of the spike of every level."""
        return np.asarray(np.exp2(-self.level * (self.smoothness.mean - self.smoothness.excess)))

    @property
    def groups(self) -> tuple[Array, Array]:
        """Values and counts (2·levels,) of all coefficients: the full parts, then the spikes."""
        counts = np.concatenate([self.size - 1, np.ones(self.levels)])
        return np.concatenate([self.dense, self.spike]), counts

    @property
    def energies(self) -> Array:
        """Mean of θ² a coefficient on every level: the covariance of the target with random signs and positions."""
        return np.asarray(((self.size - 1) * self.dense**2 + self.spike**2) / self.size, float)

    def tail(self, level: int) -> float:
        """Return the energy of all levels from number `level` on, those beyond the last one included."""
        s, v, first = self.smoothness.mean, self.smoothness.excess, level + self.phase
        return _geometric(2 * s, first) - _geometric(2 * s + 1, first) + _geometric(2 * (s - v), first)

    @property
    def norm(self) -> float:
        """The norm in B^s_{p,∞}, exactly: max 2^{k(s̃ + 1/2 − 1/p)} ‖θ_k‖_p, which tends to 2^{1/p} for p < 2."""
        p = self.smoothness.p
        if p == math.inf:
            lengths = np.maximum(self.dense * (self.size > 1), self.spike)
        else:
            lengths = ((self.size - 1) * self.dense**p + self.spike**p) ** (1 / p)
        return float(np.max(2.0 ** (self.level * (self.smoothness.mean + 0.5 - 1 / p)) * lengths))

    def draw(self, generator: np.random.Generator) -> list[Array]:
        """Return the coefficients of every level, (2^k,), with random signs and spikes at random positions."""
        if self.phase:
            raise ValueError(f"levels of whole sizes can be drawn, phase 0, got {self.phase:g}")
        found = []
        for level, (dense, spike) in enumerate(zip(self.dense, self.spike, strict=True)):
            signs = generator.integers(0, 2, 2**level) * 2.0 - 1
            theta = dense * signs
            at = generator.integers(0, 2**level)
            theta[at] = spike * signs[at]
            found.append(theta)
        return found


@dataclass(frozen=True)
class MixedTarget:
    """f = Σ ±Π_i (1 + l_i)^{−(s + 1/2)} φ_l over Π(1 + l_i) ≤ reach: energy 2^{−2s|k|} in every block, q = ∞."""

    s: float
    dimension: int
    reach: int

    def __post_init__(self) -> None:
        if not self.s > 0:
            raise ValueError(f"s must be positive, got {self.s:g}")
        if self.reach < 2:
            raise ValueError(f"a hyperbolic cross with a second frequency needs reach ≥ 2, got {self.reach}")

    @cached_property
    def indices(self) -> Indices:
        """The multi-indices of the cross (terms, d), by Π(1 + l_i), equal ones by their entries."""
        return hyperbolic_indices(self.dimension, self.reach)

    @cached_property
    def coefficients(self) -> Array:
        """|c_l| in the same order."""
        return np.asarray(np.prod(1.0 + self.indices, axis=1) ** -(self.s + 0.5))

    def draw(self, generator: np.random.Generator) -> CosineSeries:
        """Return the function with random signs."""
        signs = generator.integers(0, 2, len(self.coefficients)) * 2.0 - 1
        return CosineSeries(self.indices, signs * self.coefficients)

    @cached_property
    def _remaining(self) -> Array:
        return np.cumsum(self.coefficients[::-1] ** 2)[::-1]

    def tail(self, kept: int) -> float:
        """Return the energy of the terms from number `kept` on."""
        if not kept >= 0:
            raise ValueError(f"the number of terms that are kept is at least 0, got {kept}")
        return float(self._remaining[kept]) if kept < len(self._remaining) else 0.0

    @property
    def beyond(self) -> float:
        """Energy of the infinite series outside of the cross, which the drawn function does not have: ζ(2s+1)^d − Σ."""
        return float(zeta(2 * self.s + 1) ** self.dimension - self._remaining[0])


def _geometric(decay: float, first: float) -> float:
    """Return Σ 2^{−k decay} over k = first, first + 1, …"""
    return float(2.0 ** (-first * decay) / (1 - 2.0**-decay))


def hyperbolic_indices(dimension: int, reach: int) -> Indices:
    """Return all multi-indices with Π(1 + l_i) ≤ reach, (count, d), by the product, equal ones by their entries."""
    if not (dimension >= 1 and 1 <= reach < math.inf):
        raise ValueError(f"a hyperbolic cross has a dimension and a reach of at least 1, got {dimension} and {reach}")
    found = np.arange(1, reach + 1, dtype=np.int64)[:, None]
    for _ in range(dimension - 1):
        rooms = reach // found.prod(axis=1)
        rows = np.repeat(np.arange(len(found)), rooms)
        # 1 … rooms of each row, side by side
        nexts = np.arange(rooms.sum()) - np.repeat(np.cumsum(rooms) - rooms, rooms) + 1
        found = np.column_stack([found[rows], nexts])
    order = np.lexsort((*found.T[::-1], found.prod(axis=1)))
    return np.ascontiguousarray(found[order] - 1)


def frequencies(smoothness: Smoothness, kept: int) -> tuple[int, ...]:
    """Return how many frequencies, the constant included, each direction has among the first `kept` terms."""
    return tuple((ordered_indices(smoothness, kept).max(axis=0) + 1).tolist())


def warn_if_reduced(smoothness: Smoothness, kept: int) -> None:
    """Warn where a direction of finite smoothness has no second frequency among the first `kept` terms."""
    for i, (value, count) in enumerate(zip(smoothness.s, frequencies(smoothness, kept), strict=True)):
        if value < math.inf and count < 2:
            warnings.warn(
                f"direction {i + 1} (s = {value:g}) never gets a second frequency in {kept} terms: the measured"
                " exponent will be that of the other directions alone",
                LumpyTargetWarning,
                stacklevel=3,
            )


def require_smooth_counting(smoothness: Smoothness) -> None:
    """Raise ValueError where coefficients tied to ρ instead of the rank give lumpy slopes: finite s_i apart by > 3.

    `density_coefficients` needs this; a pilot with s = (1, 4, 4) had local slopes from 0.33 to 0.65 for 0.50.
    """
    finite = [value for value in smoothness.s if value < math.inf]
    if max(finite) > 3 * min(finite):
        raise ValueError(
            f"lumpy target: s_max/s_min = {max(finite) / min(finite):.3g} leaves the smooth direction one or two"
            " frequencies at any feasible size; use at most 3, an infinite s_i, or coefficients by rank"
        )


def density_coefficients(smoothness: Smoothness, indices: Indices) -> Array:
    """Return |c_l| = ρ(l)^{−(1 + 1/(2s̃))}, the law by ρ that the law by rank smooths out."""
    require_smooth_counting(smoothness)
    exponents = [value if value < math.inf else 0.0 for value in smoothness.s]
    rho = np.max((1.0 + indices) ** np.asarray(exponents), axis=1)
    return np.asarray(rho ** -(1 + 1 / (2 * smoothness.mean)))
