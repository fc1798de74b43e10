"""Anisotropic Besov and mixed-smooth spaces as objects: levels, sequence norms, what is left beyond a level.

Coefficients are those of an orthonormal wavelet basis unless something else is said. Sources: Suzuki & Nitanda 2021,
section 2 (B-spline characterisation, recalled; the norm formula is derived: an atom of level k has L^p norm
M_k^{1/2 − 1/p}); Suzuki 2019 for the mixed space, recalled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import comb

from dltheory.besov.smoothness import Smoothness

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AnisotropicBesov:
    """The space B^s_{p,q}([0,1]^d) in dyadic levels.

    Level k has 2^{bits_i} cells in direction i, bits_i = ⌊k s_min/s_i⌋, hence M_k = 2^{Σ bits_i} of them, about
    2^{k s_min/s̃}, and weight 2^{k s_min}. A direction with infinite s_i has one cell.
    """

    smoothness: Smoothness

    def bits(self, level: int) -> tuple[int, ...]:
        """Return log2 of the number of cells in each direction."""
        _require_level(level)
        ratios = (self.smoothness.smallest / value for value in self.smoothness.s)
        return tuple(math.floor(level * ratio + 1e-9) for ratio in ratios)

    def size(self, level: int) -> int:
        """Return M_k, the number of cells."""
        return int(2 ** sum(self.bits(level)))

    def details(self, level: int) -> int:
        """Return how many wavelets level k has: M_k − M_{k−1}, and the one constant on level 0."""
        return self.size(level) - (self.size(level - 1) if level else 0)

    def weight(self, level: int) -> float:
        """Return 2^{k s_min}."""
        return float(2.0 ** (level * self.smoothness.smallest))

    def boundary(self, level: int) -> tuple[float, float]:
        """Return |θ| of a level whose norm is 1: with all M_k coefficients equal, and with one alone.

        They are 2^{−k s_min} M_k^{−1/2} and 2^{−k s_min} M_k^{1/p − 1/2}: for p < 2 a spike may be larger than the
        root mean square of a level that is full.
        """
        size = float(self.size(level))
        return size**-0.5 / self.weight(level), size ** (1 / self.smoothness.p - 0.5) / self.weight(level)

    def level_norm(self, level: int, coefficients: npt.ArrayLike) -> float:
        """Return 2^{k s_min} M_k^{1/2 − 1/p} ‖θ_k‖_p."""
        _require_level(level)
        p = self.smoothness.p
        return float(self.weight(level) * self.size(level) ** (0.5 - 1 / p) * _length(coefficients, p))

    def sequence_norm(self, levels: Sequence[npt.ArrayLike]) -> float:
        """Return the norm of Σ_k Σ_j θ_kj ψ_kj; `levels[k]` are the coefficients of level k, in any shape."""
        return _length([self.level_norm(k, theta) for k, theta in enumerate(levels)], self.smoothness.q)

    def spline_norm(self, levels: Sequence[npt.ArrayLike]) -> float:
        """Return (Σ_k [2^{k s_min} M_k^{−1/p} ‖α_k‖_p]^q)^{1/q} for coefficients of tensor B-splines of height 1."""
        p = self.smoothness.p
        found = [
            self.weight(k) * self.size(k) ** (-1 / p) * _length(alpha, p) for k, alpha in enumerate(levels)
        ]  # fmt: skip
        return _length(found, self.smoothness.q)

    def bit_norm(self, levels: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]]) -> float:
        """Return the norm where level b = 0, 1, … has 2^b coefficients and weight 2^{b s̃}, in (values, counts)."""
        p, mean = self.smoothness.p, self.smoothness.mean
        found = [
            2.0 ** (b * (mean + 0.5 - 1 / p)) * _length(values, p, counts) for b, (values, counts) in enumerate(levels)
        ]
        return _length(found, self.smoothness.q)


@dataclass(frozen=True)
class MixedBesov:
    """The space MB^s_{p,q}([0,1]^d) of dominating mixed smoothness; blocks k in N_0^d with 2^{|k|_1} coefficients.

    Shell j holds the C(j + d − 1, d − 1) blocks with |k|_1 = j, each of weight 2^{sj}.
    """

    s: float
    dimension: int
    p: float = 2.0
    q: float = math.inf

    def __post_init__(self) -> None:
        if isinstance(self.dimension, bool) or not isinstance(self.dimension, int) or self.dimension < 1:
            raise ValueError(f"the dimension is a whole number, at least 1, got {self.dimension!r}")
        for name, value in (("s", self.s), ("p", self.p), ("q", self.q)):
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value:g}")
        excess = max(1 / self.p - 0.5, 0.0)
        if self.s <= excess:
            raise ValueError(f"not in L²: smoothness {self.s:g} must exceed (1/p − 1/2)_+ = {excess:g}")

    @property
    def log_excess(self) -> float:
        """The exponent u = (1/2 − 1/q)_+ of the logarithms that energy in all blocks of a shell at once costs.

        Derived for p ≥ 2 in L², where blocks are orthogonal; the paper's (1 − 1/q)_+ is recalled, an upper bound.
        """
        return max(0.5 - 1 / self.q, 0.0)

    def blocks(self, shell: npt.ArrayLike) -> Array:
        """Return the number of blocks of a shell."""
        return np.asarray(comb(np.asarray(shell, float) + self.dimension - 1, self.dimension - 1), float)

    def kept(self, shell: int) -> float:
        """Return how many coefficients the hyperbolic cross |k|_1 ≤ shell has, about 2^{j+1} j^{d−1}/(d − 1)!."""
        _require_level(shell)
        shells = np.arange(shell + 1.0)
        return float(math.fsum(2.0**shells * self.blocks(shells)))

    def worst_tail(self, shell: int) -> float:
        """Return the largest energy beyond the hyperbolic cross that a function of norm 1 has, for p = 2.

        Σ 2^{−2s|k|} e_k over |k| > j under Σ e_k^{q/2} ≤ 1: the first block for q ≤ 2, else Hölder's equality.
        """
        _require_level(shell)
        if self.p != 2:
            raise ValueError(f"the largest energy beyond a cross is known in closed form for p = 2, got {self.p:g}")
        if self.q <= 2:
            return float(2.0 ** (-2 * self.s * (shell + 1)))
        power = 1.0 if self.q == math.inf else self.q / (self.q - 2)
        rest = np.arange(shell + 1.0, shell + 40 + 80 / (2 * self.s * power))
        # from the first block on, so that no shell underflows
        relative = math.fsum(self.blocks(rest) * 2.0 ** (-2 * self.s * power * (rest - shell - 1)))
        return float(2.0 ** (-2 * self.s * (shell + 1)) * relative ** (1 / power))

    def sequence_norm(self, blocks: Sequence[tuple[int, npt.ArrayLike]]) -> float:
        """Return the norm for pairs (|k|_1, coefficients of block k)."""
        found = [2.0 ** (j * (self.s + 0.5 - 1 / self.p)) * _length(theta, self.p) for j, theta in blocks]
        return _length(found, self.q)


def _length(values: npt.ArrayLike, p: float, counts: npt.ArrayLike = 1.0) -> float:
    """Return the ℓ^p length of groups of equal values."""
    size = np.abs(np.asarray(values, float)).ravel()
    if not size.size:
        return 0.0
    if p == math.inf:
        return float(size.max())
    largest = size.max()
    if largest == 0:
        return 0.0
    return float(largest * math.fsum(np.ravel((size / largest) ** p * np.asarray(counts, float))) ** (1 / p))


def _require_level(level: int) -> None:
    if isinstance(level, bool) or not isinstance(level, int | np.integer) or level < 0:
        raise ValueError(f"a level is a whole number from 0 on, got {level!r}")
