"""Sizes of the constructive network at a level T, counted without building it, beside those that the theorem allows.

All basis functions have the same layers, which repeat: what is counted is linear in the number of folds, in the depth i
of a product and in the number M of powers, and is known from small networks. The counts are those of the compile with
waves of its own for every basis function, all of them sines, whose shift is one parameter more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from dltheory.gamma_smooth.cosine_network import prescribed, product_depth, signed_product, wave, wave_depth
from dltheory.gamma_smooth.series_network import precision
from dltheory.gamma_smooth.space import GammaSpace, steps_below
from dltheory.relu.network import Sizes

_WIRES = 8  # of a wave: six of a product, w and the sum; a product of waves has fewer for each


@dataclass(frozen=True)
class Plan:
    """What the network of all basis functions with γ < T consists of.

    `count` G basis functions of at most `factors` r coordinates at once, frequencies below 2^J with J = `octaves`,
    products of depth i = `bits` and M = `terms` powers for an accuracy of 2^{−T}/G.
    """

    count: int
    factors: int
    octaves: int
    bits: int
    terms: int

    @classmethod
    def of(cls, space: GammaSpace, level: float) -> Plan:
        """Return the plan at a level; ValueError where no coordinate enters, T ≤ a_1."""
        values = space.weights.below(level).tolist()
        if not values:
            raise ValueError(f"no coordinate enters below the level {level:g}: a_1 is not smaller")
        factors = len(values) if space.kind == "anisotropic" else _at_once(values, level)
        count = space.count(level)
        octaves = steps_below(level, values[0]) - 1
        bits, terms = prescribed(factors, precision(level, count))
        return cls(count, factors, octaves, bits, max(terms, 2))

    @property
    def depth(self) -> int:
        """Number of affine maps."""
        return wave_depth(self.octaves, self.bits, self.terms) + product_depth(self.factors, self.bits) - 1

    @property
    def width(self) -> int:
        """Width of the widest hidden layer, 8rG."""
        return _WIRES * self.factors * self.count

    @property
    def nonzeros(self) -> int:
        """Number of parameters that are not zero, cosines counted as sines."""
        return self.count * (_one(self.factors, self.octaves, self.bits, self.terms) + self.factors) + 1


def theorem_sizes(space: GammaSpace, level: float, constant: float = 1.0, magnitude: float = 1.0) -> Sizes:
    """Return the sizes that theorem 7 allows, with its constants K and K', which it does not give. Read.

    L = 2KM and S = 1764 K d² M G with M = max{d², T², (log G)², log f_max}, W = 21 d G and B = 2^{d/2} K'; d = d_max,
    logarithms are natural. Depth and non-zeros are rounded down.
    """
    if not (0 <= constant < math.inf and 0 <= magnitude < math.inf):
        raise ValueError(f"the constants K and K' are at least 0 and finite, got {constant:g} and {magnitude:g}")
    d, count = space.coordinates(level), space.count(level)
    largest = max(d**2, level**2, math.log(count) ** 2, math.log(max(space.highest(level), 1)))
    nonzeros = count * math.floor(1764 * constant * d**2 * largest)
    return Sizes(math.floor(2 * constant * largest), 21 * d * count, nonzeros, 2.0 ** (d / 2) * magnitude)


def _at_once(values: list[float], level: float) -> int:
    """Return how many coordinates a block with Σ a_i s_i < T has at most: the first ones, once each."""
    used = 0.0
    for number, value in enumerate(values):
        used += value
        if used >= level - 1e-9:
            return number
    return len(values)


def _one(factors: int, octaves: int, bits: int, terms: int) -> int:
    """Return the parameters of one basis function that are not zero, for M ≥ 2: exactly, by linearity."""
    start = _small(factors, 0, 1, 2)
    a_fold = _small(factors, 1, 1, 2) - start
    a_bit, a_term = _small(factors, 0, 2, 2) - start, _small(factors, 0, 1, 3) - start
    both = _small(factors, 0, 2, 3) - start - a_bit - a_term
    return start + octaves * a_fold + (bits - 1) * a_bit + (terms - 2) * a_term + (bits - 1) * (terms - 2) * both


@lru_cache(maxsize=512)
def _small(factors: int, octaves: int, bits: int, terms: int) -> int:
    return wave(octaves, bits, terms).copies(factors).then(signed_product(factors, bits)).sizes.nonzeros
