"""Wavelet coefficients in weak ℓ^p with a tail condition: the class, a target on its boundary, and exact risks.

K_Ψ^p(C_1, C_2, β): the i-th largest coefficient is at most C_1 i^{-1/p}, and the energy from level m on at most
C_2 2^{-βm}, where level m has 2^{dm} wavelets. With α = 1/p − 1/2 the minimax rate is n^{-2α/(2α+1)} and that of
linear estimators n^{-β/(β+d)}, which is slower if and only if β < 2αd.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from dltheory.sequence import (
    hard_threshold_risk,
    jensen_bound,
    shrinkage_risk,
    sign_risk,
    universal_threshold,
)

Array = npt.NDArray[np.float64]
_MOST_LEVELS = 400  # 2^(−400 β) is no energy


@dataclass(frozen=True)
class SparseClass:
    """K_Ψ^p with tail exponent β in dimension d, with C_1 = C_2 = 1 up to constants.

    ValueError for p outside (0, 2), where there is no sparsity, and for β ≤ 0, where the class is not bounded in L².
    """

    p: float
    beta: float
    dimension: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.p < 2:
            raise ValueError(f"a sparse class has 0 < p < 2, so that α = 1/p − 1/2 is positive, got p = {self.p:g}")
        if not 0 < self.beta < math.inf:
            raise ValueError(f"β must be positive, or the class is not uniformly in L², got {self.beta:g}")
        if isinstance(self.dimension, bool) or not isinstance(self.dimension, int) or self.dimension < 1:
            raise ValueError(f"the dimension must be a whole number from 1 on, got {self.dimension!r}")

    @property
    def alpha(self) -> float:
        """1/p − 1/2: the best N terms leave an energy of order N^{-2α}."""
        return 1 / self.p - 0.5

    @property
    def separated(self) -> bool:
        """True where non-linear estimators have the faster rate, β < 2αd."""
        return self.beta < 2 * self.alpha * self.dimension

    @property
    def rate(self) -> float:
        """Exponent of the minimax rate: 2α/(2α + 1) where that is larger, else the linear one, which is then enough."""
        return max(2 * self.alpha / (2 * self.alpha + 1), self.linear_rate) if not self.separated else self._sparse_rate

    @property
    def linear_rate(self) -> float:
        """Exponent β/(β + d) of linear estimators."""
        return self.beta / (self.beta + self.dimension)

    @property
    def _sparse_rate(self) -> float:
        return 2 * self.alpha / (2 * self.alpha + 1)

    def warn_unless_separated(self) -> None:
        """Warn where linear estimators are predicted to have the same rate."""
        if not self.separated:
            warnings.warn(
                f"β = {self.beta:g} is at least 2αd = {2 * self.alpha * self.dimension:g}: no gap between deep and"
                " linear estimators is predicted",
                stacklevel=2,
            )


@dataclass(frozen=True, eq=False)
class Target:
    """Coefficients ± `values` (S,) that do not increase, at random places of the levels `level` (S,)."""

    space: SparseClass
    values: Array
    level: npt.NDArray[np.int64]

    @property
    def per_level(self) -> npt.NDArray[np.int64]:
        """How many coefficients each level holds, (levels,)."""
        return np.bincount(self.level)


def levels_of(space: SparseClass, rank: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the levels ⌊(2α/β) log2 i⌋ of the i-th largest coefficients: both conditions of the class are met.

    Where β ≥ 2αd they would not fit, and the levels are filled instead: ⌊log2(i)/d⌋.
    """
    step = max(2 * space.alpha / space.beta, 1 / space.dimension)
    return np.floor(step * np.log2(np.asarray(rank, dtype=np.float64)) + 1e-12).astype(np.int64)


def first_rank(space: SparseClass, level: npt.ArrayLike) -> Array:
    """Return the least rank i that lies on that level or above, as a whole float."""
    step = max(2 * space.alpha / space.beta, 1 / space.dimension)
    return np.ceil(np.exp2(np.asarray(level, dtype=np.float64) / step) * (1 - 1e-12))


def target(space: SparseClass, levels: int) -> Target:
    """Return the coefficients of the boundary target on the levels below `levels`.

    i^{-1/p}, or i^{-(β+d)/(2d)} where β ≥ 2αd and the tail condition is the one that binds.
    """
    if not (levels >= 1 and levels % 1 == 0):
        raise ValueError(f"a target has a whole number of levels, at least 1, got {levels}")
    count = int(first_rank(space, levels)) - 1
    if count > 50_000_000:
        raise ValueError(f"{levels} levels hold {count:.2g} coefficients, more than this is meant for")
    rank = np.arange(1.0, count + 1)
    return Target(space, rank ** -_decay(space), levels_of(space, rank))


def level_energies(space: SparseClass, levels: int = _MOST_LEVELS) -> Array:
    """Return the energies of the boundary target on its first levels, (levels,), by Hurwitz zeta functions."""
    edge = first_rank(space, np.arange(levels + 1))
    return np.asarray(-np.diff(_tail(space, edge)))


def level_sizes(space: SparseClass, levels: int = _MOST_LEVELS) -> Array:
    """Return 2^{dm} for the first levels, (levels,)."""
    return np.exp2(space.dimension * np.arange(levels, dtype=np.float64))


def candidates(space: SparseClass) -> float:
    """Return the c with which n^c candidates are enough: max(1, 2αd/(β(2α + 1))).

    The tail condition leaves the energy n^{-cβ/d} beyond them, which must not exceed the rate. Where c > 1, n
    coefficients (all that a grid of n points has) are too few and leave n^{-β/d}.
    """
    return max(1.0, 2 * space.alpha * space.dimension / (space.beta * (2 * space.alpha + 1)))


def threshold_risk(
    space: SparseClass, samples: float, noise: float = 1.0, *, reach: float | None = None, logarithm: float = 1.0
) -> float:
    """Return the exact risk of hard thresholding on the boundary target, v = σ²/n a coefficient.

    Candidates are the levels with 2^{d(m+1)} ≤ n^c, about n^c coefficients, where c is `reach`, by default that of
    `candidates`. The threshold is σ√(2 log(n^c)/n) for c ≥ 1, with `logarithm` as a factor on the logarithm, and
    σ/√n for `logarithm` 0. Where the spikes are and their signs do not matter.
    """
    if samples < 2:
        raise ValueError(f"a threshold needs at least two samples, got {samples:g}")
    _require_scales(samples, noise)
    if not (logarithm >= 0 and (reach is None or reach > 0)):
        raise ValueError(
            f"the factor on the logarithm is at least 0 and the reach positive, got {logarithm} and {reach}"
        )
    power = candidates(space) if reach is None else reach
    levels = math.floor(power * math.log2(samples) / space.dimension + 1e-9)
    values, counts, after = _groups(space, float(first_rank(space, levels)) - 1)
    sd = noise / math.sqrt(samples)
    tau = universal_threshold(noise, samples) * math.sqrt(logarithm * max(power, 1.0)) if logarithm else sd
    empty = float(level_sizes(space, levels).sum()) - float(counts.sum())
    return hard_threshold_risk(np.append(values, 0.0), tau, sd, np.append(counts, empty)) + after


def linear_risk(space: SparseClass, samples: float, noise: float = 1.0) -> float:
    """Return the least average risk of linear estimators of the target with random places and signs, Σ over levels.

    It is the Jensen bound, eigenvalues E_m/2^{dm} with multiplicity 2^{dm}, and shrinking level by level attains it.
    """
    size = level_sizes(space, _enough(space))
    _require_scales(samples, noise)
    return jensen_bound(level_energies(space, size.size) / size, size, noise**2 / samples)


def known_places_risk(space: SparseClass, samples: float, noise: float = 1.0) -> float:
    """Return the risk of shrinking each spike on its own, for who knows the places: an oracle, and linear."""
    _require_scales(samples, noise)
    values, counts, after = _groups(space, samples**2)
    return shrinkage_risk(values**2, counts, noise**2 / samples) + after


def level_projection_risk(space: SparseClass, samples: float, noise: float = 1.0) -> float:
    """Return the least risk of keeping all coefficients of the first levels: variance and the tail's energy."""
    energies, size = level_energies(space, _enough(space)), level_sizes(space, _enough(space))
    kept = np.concatenate([[0.0], np.cumsum(size)])
    tail = np.concatenate([np.cumsum(energies[::-1])[::-1], [0.0]])
    _require_scales(samples, noise)
    return float(np.min(tail + kept * noise**2 / samples))


def cube(space: SparseClass, samples: float, noise: float = 1.0) -> tuple[float, float]:
    """Return the hardest cube in the class: N coefficients ±θ, θ = σ/√n and N = θ^{-p}, on one level.

    (N, θ). The level is ⌊(2α/β) log2 N⌋, on which they fit, and whose energy Nθ² = N^{-2α} the tail condition allows.
    """
    _require_scales(samples, noise)
    theta = noise / math.sqrt(samples)
    return theta**-space.p, theta


def cube_bound(
    space: SparseClass, samples: float, noise: float = 1.0, *, size: float = 0.0, count: float = 0.0
) -> float:
    """Return the Bayes risk on that cube with fair signs: at most the minimax risk of the class (Assouad).

    Of another cube for another `size` θ, which has θ^{-p} coefficients unless told how many, or another `count`.
    """
    number, theta = cube(space, samples, noise)
    if size:
        number, theta = size**-space.p, size
    return (count or number) * float(sign_risk(theta, noise / math.sqrt(samples)))


def cube_threshold_risk(space: SparseClass, samples: float, noise: float = 1.0) -> float:
    """Return the risk of hard thresholding at every corner of that cube, with n candidates in all."""
    count, theta = cube(space, samples, noise)
    sd = noise / math.sqrt(samples)
    if count > samples:
        raise ValueError(f"the cube has {count:.3g} coefficients, more than {samples:.3g} candidates: lower the noise")
    return hard_threshold_risk([theta, 0.0], universal_threshold(noise, samples), sd, [count, samples - count])


def _require_scales(samples: float, noise: float) -> None:
    if not (0 < samples < math.inf and 0 < noise < math.inf):
        raise ValueError(f"samples and noise must be positive and finite, got {samples:g} and {noise:g}")


def _decay(space: SparseClass) -> float:
    """Exponent of the ranked coefficients."""
    return 1 / space.p if space.separated else (space.beta + space.dimension) / (2 * space.dimension)


def _tail(space: SparseClass, rank: npt.ArrayLike) -> Array:
    """Return the energy Σ_{j ≥ rank} of the ranked coefficients."""
    return np.asarray(zeta(2 * _decay(space), np.asarray(rank, dtype=np.float64)))


@lru_cache(maxsize=512)
def _groups(space: SparseClass, count: float) -> tuple[Array, Array, float]:
    """Return values and counts of the `count` largest coefficients, and the energy of those after them.

    The first 4096 are groups of their own; then ranks within 1/500 of each other are one, with their mean energy.
    """
    edges = np.arange(1.0, min(count, 4096.0) + 2)
    if count > 4096:
        more = np.floor(4097 * 1.002 ** np.arange(1, 2 + math.log(count / 4096) / math.log(1.002)))
        edges = np.concatenate([edges, more[more <= count], [count + 1]])
    energy, counts = -np.diff(_tail(space, edges)), np.diff(edges)
    few = counts == 1
    values = np.where(few, edges[:-1] ** -_decay(space), np.sqrt(energy / counts))
    return values, counts, float(_tail(space, edges[-1]))


def _enough(space: SparseClass) -> int:
    """Return levels after which nothing is left that a double could hold against the first."""
    return min(_MOST_LEVELS, int(1000 / space.dimension), int(120 / space.beta) + 8)
