"""The γ-smooth space: exponents, the sizes of its index sets, and the levels at which an estimator stops.

‖f‖ = (Σ_s 2^{θγ(s)} ‖δ_s f‖_p^θ)^{1/θ} over blocks s of frequencies, 2^{s_i − 1} ≤ |l_i| < 2^{s_i}; a block holds
2^{Σ s_i} functions of the trigonometric basis. γ(s) = Σ a_i s_i (mixed) or max_i a_i s_i (anisotropic).
Source: Okumoto & Suzuki 2022, definitions 1 and 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from dltheory.gamma_smooth.weights import Weights

Array = npt.NDArray[np.float64]
Kind = Literal["mixed", "anisotropic"]
_DEEPEST = 4000  # levels of coordinate 1 over which basis functions are counted
_FACTORS = 64  # beyond a_i = 64 a_1 a factor of P is one to the last bit


@dataclass(frozen=True)
class GammaSpace:
    """F^γ_{p,θ} over [0, 1]^∞ with weights a. ValueError for p < 1 or θ < 1, which the definition excludes."""

    weights: Weights
    kind: Kind
    p: float = 2.0
    theta: float = 2.0

    def __post_init__(self) -> None:
        if self.kind not in ("mixed", "anisotropic"):
            raise ValueError(f"γ is 'mixed' (a sum) or 'anisotropic' (a maximum), got {self.kind!r}")
        if not hasattr(self.weights, "inverse_sum"):
            raise ValueError(f"weights are given as FiniteWeights or by a formula, got {self.weights!r}")
        for name, value in (("p", self.p), ("θ", self.theta)):
            if not value >= 1:
                raise ValueError(f"the space is defined for {name} ≥ 1 (inf is allowed), got {value:g}")
        if self.kind == "anisotropic" and self.weights.inverse_sum == math.inf:
            raise ValueError("no polynomial rate: Σ 1/a_i diverges, and with it the number of functions up to a level")

    @property
    def excess(self) -> float:
        """v = (1/p − 1/2)_+, what is lost between L^p and L²."""
        return max(1 / self.p - 0.5, 0.0)

    @cached_property
    def smoothness(self) -> float:
        """a† = 1/α(γ), α = sup_s Σ s_i/γ(s): a_1 if mixed, 1/ã if anisotropic. Derived."""
        return float(self.weights.first(1)[0]) if self.kind == "mixed" else 1 / self.weights.inverse_sum

    @property
    def approximation_rate(self) -> float:
        """1 − v/a†: what lies above level T has the norm 2^{−T (1 − v/a†)} at most, for θ ≤ 2. Theorem 7, read.

        For θ > 2 the theorem has a second weight γ′ < γ; in the spaces here the exponent stays, up to factors that
        grow slower than any power of 2^T. Derived.
        """
        return self._left / self.smoothness

    @property
    def rate(self) -> float:
        """2(a† − v)/(2(a† − v) + 1): risk n^−rate up to logarithms. Theorem 10, read."""
        return 2 * self._left / (2 * self._left + 1)

    def level(self, n: float) -> float:
        """Return T = a† log₂ n/(2(a† − v) + 1), where squared bias and variance meet. Theorem 10, read."""
        if not 1 <= n < math.inf:
            raise ValueError(f"the number of samples must be at least 1 and finite, got {n:g}")
        return self.smoothness * math.log2(n) / (2 * self._left + 1)

    def gamma(self, blocks: npt.ArrayLike) -> Array:
        """Return γ(s) of blocks (…, d) on the first d coordinates, shape (…)."""
        s = require_blocks(blocks)
        weighted = s * self.weights.first(s.shape[-1])
        return np.asarray(weighted.sum(axis=-1) if self.kind == "mixed" else weighted.max(axis=-1, initial=0.0))

    def joined(self, one: Array, other: Array) -> Array:
        """Return γ of blocks on two sets of coordinates from its values on each: the sum, or the larger."""
        return np.asarray(one + other if self.kind == "mixed" else np.maximum(one, other))

    def coordinates(self, level: float) -> int:
        """Return d_max, how many coordinates have a_i < T: the others enter no block below the level."""
        require_level(level)
        return len(self.weights.below(level))

    def highest(self, level: float) -> int:
        """Return f_max = ⌊T/a_1⌋, the largest s_i of a block with γ(s) ≤ T."""
        require_level(level)
        return max(math.floor(level / float(self.weights.first(1)[0]) + 1e-9), 0)

    def count(self, level: float) -> int:
        """Return G(T) = Σ_{γ(s) < T} 2^{Σ s_i}, how many basis functions lie below the level, exactly."""
        require_level(level)
        if level <= 0:
            return 0
        first = float(self.weights.first(1)[0])
        if level > _DEEPEST * first:
            raise ValueError(
                f"G(T) has about {level / first:.3g} binary digits at T = {level:g}: it is counted up to"
                f" T = {_DEEPEST} a_1 = {_DEEPEST * first:g}"
            )
        values = tuple(self.weights.below(level).tolist())
        if self.kind == "anisotropic":
            return math.prod(2 ** steps_below(level, value) - 1 for value in values)
        return _count_mixed(level, values, {})

    @cached_property
    def product(self) -> float:
        """P = Π_{i ≥ 2} (1 − 2^{−(a_i − a_1)/a_1})^{−1}, the limit of G(T) 2^{−T/a_1} but for whole numbers. Theorem 9.

        ValueError for anisotropic γ, which has none, and for a_1 = a_2, where it diverges.
        """
        if self.kind != "mixed":
            raise ValueError("the product P belongs to mixed smoothness only")
        self.require_gap()
        gaps = self.weights.below(_FACTORS * self.smoothness)[1:] / self.smoothness - 1
        return float(np.exp(-np.log1p(-np.exp2(-gaps)).sum()))

    def require_gap(self) -> None:
        """Raise ValueError if γ is mixed with a_1 = a_2: then G(T) is larger by a factor T."""
        ties = self.weights.below(self.smoothness * (1 + 1e-12))
        if self.kind == "mixed" and len(ties) > 1:
            raise ValueError(
                f"P diverges: mixed smoothness needs a_1 < a_2 (Assumption 8), got a_1 = a_2 = {self.smoothness:g}"
            )

    @property
    def _left(self) -> float:
        left = self.smoothness - self.excess
        if left <= 0:
            raise ValueError(f"no rate: v = (1/p − 1/2)_+ = {self.excess:.3g} must be below a† = {self.smoothness:.3g}")
        return left


def steps_below(level: float, value: float) -> int:
    """Return how many whole numbers s ≥ 0 have a·s < T, a = `value`."""
    return math.ceil(level / value - 1e-9)


def require_level(level: float) -> None:
    """Raise ValueError unless a level T is a finite number."""
    if not math.isfinite(level):
        raise ValueError(f"a level T must be a finite number, got {level:g}")


def require_blocks(blocks: npt.ArrayLike) -> Array:
    """Return blocks s (…, d) as floats; ValueError unless their entries are whole numbers from 0 on."""
    s = np.asarray(blocks, float)
    if not s.ndim or not np.all((s >= 0) & (s < np.inf) & (s == np.rint(s))):
        raise ValueError("a block has a whole number s_i, at least 0, for every coordinate")
    return s


def _count_mixed(left: float, values: tuple[float, ...], known: dict[tuple[float, int], int]) -> int:
    """Return Σ 2^{Σ s_i} over ⟨a, s⟩ < left: one coordinate after the other, equal remainders once."""
    if not values or values[0] >= left - 1e-9:
        return 1
    key = (round(left, 9), len(values))
    if key not in known:
        known[key] = sum(
            2**s * _count_mixed(left - s * values[0], values[1:], known) for s in range(steps_below(left, values[0]))
        )
    return known[key]
