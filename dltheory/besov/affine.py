"""Linear estimators on h(Ax + b) with an unknown direction: what averaging over rotations leaves them.

One wave a√2 cos(2π⟨ξ, x⟩ + φ) on the torus, ξ uniform on a shell of Z^D and φ uniform, is a function h(⟨w, x⟩) of
one direction w = ξ/|ξ|. Its covariance is diagonal in the Fourier basis, and spreads the energy a² over all lattice
points of the shell. The Jensen bound of `sequence` then holds for every estimator that is linear in the data.
Derived; the exponent is 2γs_1/(2γs_1 + D).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.integrate import simpson

from dltheory.besov.smoothness import Smoothness
from dltheory.sequence import require_noise

Array = npt.NDArray[np.float64]
_SQUARES = {1: 2**18, 2: 2**18, 3: 2**17, 4: 2**16, 5: 2**15, 6: 2**15, 7: 2**14, 8: 2**14}
_NODES = 8001  # of the quadrature over log |ξ|², which is smooth
_REACH = 34.0  # natural logarithms of relative size after which a tail is left out, e^-34 = 2e-15


@lru_cache(maxsize=16)
def lattice_counts(dimension: int, squares: int) -> npt.NDArray[np.int64]:
    """Return r_D(m) = #{ξ ∈ Z^D: |ξ|² = m} for m = 0 … squares, exactly: D − 1 convolutions with r_1."""
    if not (dimension >= 1 and squares >= 0 and dimension % 1 == 0 and squares % 1 == 0):
        raise ValueError(f"lattice points need a dimension ≥ 1 and |ξ|² ≥ 0, got {dimension} and {squares}")
    roots = np.arange(1, math.isqrt(squares) + 1) ** 2
    counts = np.zeros(squares + 1, dtype=np.int64)
    counts[0] = 1
    for _ in range(dimension):
        wider = counts.copy()
        for square in roots:
            wider[square:] += 2 * counts[: squares + 1 - square]
        counts = wider
    counts.flags.writeable = False
    return counts


def _square(cutoff: float) -> int:
    if not 0 <= cutoff < math.inf:
        raise ValueError(f"a largest frequency is at least 0 and finite, got {cutoff:g}")
    return math.floor(cutoff**2)


def unit_ball_volume(dimension: int) -> float:
    """Return the volume of the unit ball of R^D."""
    if dimension < 0:
        raise ValueError(f"a dimension is at least 0, got {dimension}")
    return math.pow(math.pi, dimension / 2) / math.gamma(dimension / 2 + 1)


@dataclass(frozen=True)
class RotationAverage:
    """The class h(⟨w, x⟩) in D dimensions averaged over w: eigenvalues λ(ξ) = |ξ|^−(2γs + D) / Z, Σ λ = 1.

    `roughness` is γs_1, the smoothness that linear estimators see. Sums over the shells of Z^D are exact up to
    |ξ|² = `squares` and a quadrature of the volume beyond, corrected for the lattice points counted so far.
    """

    dimension: int
    roughness: float
    squares: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.dimension, int) or not 1 <= self.dimension <= max(_SQUARES):
            raise ValueError(f"the ambient dimension must be a whole number from 1 to 8, got {self.dimension!r}")
        if not 0 < self.roughness < math.inf:
            raise ValueError(f"the roughness γs_1 must be positive and finite, got {self.roughness:g}")
        if self.squares < 0 or self.squares % 1:
            raise ValueError(f"the largest |ξ|² that is counted is a whole number, at least 0, got {self.squares!r}")
        if not self.squares:
            object.__setattr__(self, "squares", _SQUARES[self.dimension])

    @classmethod
    def of(cls, smoothness: Smoothness, ambient: int) -> RotationAverage:
        """Return the average for h in a ball of that space; ValueError where D < d or no linear rate exists."""
        smoothness.rotated_linear_rate(ambient)
        return cls(ambient, smoothness.embedding * smoothness.smallest)

    @property
    def exponent(self) -> float:
        """The exponent 2γs/(2γs + D) of the best linear risk."""
        return 2 * self.roughness / (2 * self.roughness + self.dimension)

    def eigenvalues(self, squares: npt.ArrayLike) -> Array:
        """Return λ at |ξ|² (any shape), 0 at ξ = 0: the mean of the target is known."""
        given = np.asarray(squares, float)
        with np.errstate(divide="ignore"):
            powers = given ** -(self.roughness + self.dimension / 2)
        return np.where(given > 0, powers, 0.0) / self._normalisation

    def jensen(self, variance: float) -> float:
        """Return Σ_ξ λv/(λ + v), the least average risk of any linear estimator, v = σ²/n."""
        require_noise(variance)
        peak = (1 / (self._normalisation * variance)) ** (2 / (2 * self.roughness + self.dimension))

        def term(squares: Array) -> Array:
            value = self.eigenvalues(squares)
            return np.asarray(value * variance / (value + variance))

        return self._shells(term, max(math.log(peak), 0.0))

    def projection(self, cutoff: float, variance: float) -> float:
        """Return the average risk of the projection on 0 < |ξ| ≤ K: energy beyond K plus v for each point."""
        require_noise(variance)
        return self.energy_beyond(cutoff) + (self.points(cutoff) - 1) * variance

    def points(self, cutoff: float) -> float:
        """Return the lattice points with |ξ| ≤ K, exact up to the last square that is counted, the volume beyond."""
        square = _square(cutoff)
        if square <= self.squares:
            return float(lattice_counts(self.dimension, self.squares)[: square + 1].sum())
        return unit_ball_volume(self.dimension) * cutoff**self.dimension

    def energy_beyond(self, cutoff: float) -> float:
        """Return Σ_{|ξ| > K} λ."""
        square = _square(cutoff)
        if square >= self.squares:
            return self._power_tail(cutoff**2) / self._normalisation
        values = lattice_counts(self.dimension, self.squares) * self.eigenvalues(np.arange(self.squares + 1))
        return float(values[:0:-1][: self.squares - square].sum()) + self._corrected_tail() / self._normalisation

    def best_cutoff(self, variance: float) -> float:
        """Return the K at which one more lattice point costs what it brings, λ(K) = v."""
        require_noise(variance)
        reach = math.pow(self._normalisation * variance, -1 / (2 * self.roughness + self.dimension))
        return max(reach, 1.0)

    def one_wave(self, variance: float) -> float:
        """Return the Jensen bound of the worst single wave, max over K of a²/(1 + a²/(Mv)).

        M lattice points have K ≤ |ξ| < 2K, and a = (2K)^−γs keeps every wave in the unit ball: a lower bound on the
        worst risk of any linear estimator over the class itself.
        """
        require_noise(variance)
        middle = variance ** (-1 / (2 * self.roughness + self.dimension))
        radii = np.unique(np.round(middle * 2.0 ** np.linspace(-3, 1, 129), 0))
        best = 0.0
        for radius in radii[radii >= 1]:
            points = self.points(math.nextafter(2 * radius, 0)) - self.points(math.nextafter(radius, 0))
            energy = math.pow(2 * radius, -2 * self.roughness)
            best = max(best, energy / (1 + energy / (points * variance)))
        return best

    @cached_property
    def _normalisation(self) -> float:
        counts = lattice_counts(self.dimension, self.squares)
        squares = np.arange(self.squares, 0, -1, dtype=float)
        near = float((counts[:0:-1] * squares ** -(self.roughness + self.dimension / 2)).sum())
        return near + self._corrected_tail()

    def _power_tail(self, squares: float) -> float:
        """Return the integral of |ξ|^−(2γs + D) over |ξ|² > squares."""
        volume = unit_ball_volume(self.dimension)
        return volume * self.dimension / (2 * self.roughness) * math.pow(squares, -self.roughness)

    def _corrected_tail(self) -> float:
        edge = self.squares + 0.5
        return self._power_tail(edge) - self._surplus * math.pow(edge, -self.roughness - self.dimension / 2)

    @cached_property
    def _surplus(self) -> float:
        """Lattice points counted beyond the volume of the ball that they fill."""
        counted = float(lattice_counts(self.dimension, self.squares).sum())
        return counted - unit_ball_volume(self.dimension) * math.pow(self.squares + 0.5, self.dimension / 2)

    def _shells(self, term: Callable[[Array], Array], peak: float) -> float:
        """Return Σ_{ξ ≠ 0} term(|ξ|²); beyond the counted squares an integral over log |ξ|², Abel's edge subtracted."""
        counts = lattice_counts(self.dimension, self.squares)
        near = float((counts[:0:-1] * term(np.arange(self.squares, 0, -1, dtype=float))).sum())
        edge = self.squares + 0.5
        start = math.log(edge)
        grid = np.linspace(start, max(start, peak) + _REACH / self.roughness, _NODES)
        squares = np.exp(grid)
        shell = unit_ball_volume(self.dimension) * self.dimension / 2 * squares ** (self.dimension / 2)
        return near + float(simpson(shell * term(squares), x=grid)) - self._surplus * float(term(np.array([edge]))[0])
