"""Random functions on the boundary of a γ-smooth ball, with their exact tails: by blocks, and by rank.

The block law gives every block the norm 2^{−γ(s)}, evenly over its functions; only the mixed γ then has a fair slope,
for an anisotropic one jumps at whole octaves. The rank law orders single frequencies without octaves and gives the j-th
j^{−(a† + 1/2)}: energy beyond N is N^{−2a†}/(2a†) to first order. Derived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from dltheory.gamma_smooth.blocks import Indices, Levels, below, block_of, levels, ranked
from dltheory.gamma_smooth.fourier import FourierSeries
from dltheory.gamma_smooth.space import GammaSpace, require_level
from dltheory.gamma_smooth.weights import require_whole

Array = npt.NDArray[np.float64]
_MOST = 20_000_000  # coefficients of a target
_BEYOND = 30.0  # levels more that a tail is summed over: 2^{−60} of it is left


@dataclass(frozen=True)
class BlockTarget:
    """Coefficients ±2^{−γ(s)} 2^{−Σ s_i/2} on all blocks with γ(s) < `reach`: ‖δ_s f‖_2 = 2^{−γ(s)}."""

    space: GammaSpace
    reach: float

    def __post_init__(self) -> None:
        require_level(self.reach)
        if self.reach <= 0:
            raise ValueError(f"the reach of a target must be positive, or it has no block, got {self.reach:g}")

    @cached_property
    def indices(self) -> Indices:
        """Multi-indices (G(reach), d), block after block in the order of γ."""
        return below(self.space, self.reach)

    @cached_property
    def sizes(self) -> Array:
        """Absolute values of the coefficients, (G(reach),)."""
        s = block_of(self.indices)
        return np.asarray(np.exp2(-self.space.gamma(s) - s.sum(axis=1) / 2))

    def draw(self, generator: np.random.Generator) -> FourierSeries:
        """Return the function with random signs."""
        return FourierSeries(self.indices, self.sizes * generator.choice([-1.0, 1.0], len(self.sizes)))

    def tail(self, level: float) -> float:
        """Return the energy of the held blocks with γ(s) ≥ level, exactly."""
        return float(self._levels.tail(level))

    @cached_property
    def _levels(self) -> Levels:
        return levels(self.space, self.reach)


@dataclass(frozen=True)
class RankTarget:
    """The first `count` frequencies by their continuous weight, coefficients ±j^{−(a† + 1/2)}."""

    space: GammaSpace
    count: int

    def __post_init__(self) -> None:
        require_whole("the number of coefficients of a target", self.count, 1, _MOST)

    @cached_property
    def indices(self) -> Indices:
        """Multi-indices (count, d) in the order of their weight."""
        return ranked(self.space, self.count)

    @cached_property
    def sizes(self) -> Array:
        """Absolute values of the coefficients, (count,)."""
        return np.arange(1.0, self.count + 1) ** -(self.space.smoothness + 0.5)

    def draw(self, generator: np.random.Generator) -> FourierSeries:
        """Return the function with random signs."""
        return FourierSeries(self.indices, self.sizes * generator.choice([-1.0, 1.0], self.count))

    def tail(self, kept: npt.ArrayLike) -> Array:
        """Return the energy of the held coefficients after the first `kept`, exactly; 0 for all of them or more."""
        power, first = 2 * self.space.smoothness + 1, require_kept(kept, self.count)
        return np.asarray(zeta(power, first + 1) - zeta(power, self.count + 1.0), float)


def block_tail(space: GammaSpace, level: float) -> float:
    """Return Σ_{γ(s) ≥ level} 2^{−2γ(s)}: what the infinite block law leaves, to 2^{−60} of it."""
    require_level(level)
    return float(levels(space, max(level, 0.0) + _BEYOND).tail(level))


def require_kept(kept: npt.ArrayLike, count: int) -> Array:
    """Return numbers of coefficients that are kept, at most `count`; ValueError for less than 0."""
    found = np.asarray(kept, float)
    if not np.all(found >= 0):
        raise ValueError(f"the number of coefficients kept must be at least 0, got {np.min(found):g}")
    return np.asarray(np.minimum(found, count))


def ideal_risk(smoothness: float, variance: float) -> float:
    """Return (1 + 1/(2a)) v^{2a/(2a + 1)}: the rank law at N = v^{−1/(2a + 1)} terms, v = σ²/n. Derived."""
    if not 0 < smoothness < math.inf or not 0 < variance < math.inf:
        raise ValueError(f"smoothness and variance must be positive and finite, got {smoothness:g} and {variance:g}")
    return float((1 + 1 / (2 * smoothness)) * variance ** (2 * smoothness / (2 * smoothness + 1)))
