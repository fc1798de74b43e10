"""Kernel ridge regression with product kernels on the torus, one exponent a coordinate: linear in the labels.

The kernel Π_i k_i(x_i − x′_i) has the eigenvalue Π_i μ_i(s_i), μ_i(0) = 1, μ_i(s) = share · 2^{−b_i s}, on every
function of block s. With b_i = 2a_i + 1 and share 1 it is the covariance of the mixed block law, for which ridge σ² is
the best linear estimator. Risks are exact given the design: means over signs, noise and new points in closed form.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize_scalar
from scipy.special import binom

from dltheory.gamma_smooth.blocks import Levels, levels
from dltheory.gamma_smooth.fourier import require_points
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.weights import FiniteWeights, require_whole
from dltheory.ridge import deterministic_equivalent
from dltheory.sequence import require_noise

Array = npt.NDArray[np.float64]
_OCTAVES = 14  # of the table of a kernel
_KNOTS = 2**17
_FACTORS = 1_000_000  # of an explicit kernel
_ACTIVE = 16  # coordinates of a function at most: those with more have a share of 1/16! of the trace
_SMALLEST = 64.0  # −log₂ of an eigenvalue: coordinates without a larger one are left out


@dataclass(frozen=True)
class ProductKernel:
    """Π_i k_i on the torus, exponents b_i > 1 in increasing order, eigenvalue share · 2^{−b_i s} on octave s ≥ 1."""

    exponents: tuple[float, ...]
    share: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "exponents", tuple(float(b) for b in self.exponents))
        if not self.exponents or not all(1 < b < math.inf for b in self.exponents):
            raise ValueError(f"a kernel has a finite trace for finite exponents above 1 only, got {self.exponents}")
        if not 0 < self.share < math.inf:
            raise ValueError(f"the share of the octaves must be positive and finite, got {self.share:g}")

    @classmethod
    def of_block_law(cls, space: GammaSpace) -> ProductKernel:
        """Return the covariance of the mixed block law, b_i = 2a_i + 1, of coordinates with b_i up to 64."""
        if space.kind != "mixed":
            raise ValueError("only the block law of a mixed space has a covariance that is a product")
        return cls(tuple((2 * space.weights.below(_SMALLEST / 2) + 1).tolist()))

    @property
    def trace(self) -> float:
        """k(x, x) = Π_i (1 + share Σ_s 2^s 2^{−b_i s})."""
        octaves = (1 / (2 ** (b - 1) - 1) for b in self.exponents)
        return math.prod(1 + self.share * octave for octave in octaves)

    def times(self, other: ProductKernel) -> ProductKernel:
        """Return the kernel whose eigenvalues are the products of both, on the coordinates that both have."""
        pairs = zip(self.exponents, other.exponents, strict=False)
        return ProductKernel(tuple(a + b for a, b in pairs), self.share * other.share)

    def gram(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Return k(x_i, y_j) for points (n, D) and (m, D) of the cube, (n, m), to 1e-8 of the trace for b ≥ 3."""
        left, right = (require_points(points, len(self.exponents)) for points in (x, y))
        found = np.ones((len(left), len(right)))
        for i, b in enumerate(self.exponents):
            place = np.abs(left[:, i, None] - right[:, i]) * _KNOTS
            knot = np.minimum(place.astype(np.int64), _KNOTS - 1)
            table = octave_table(b)
            low = table[knot]
            low += (place - knot) * (table[knot + 1] - low)
            low *= self.share
            low += 1
            found *= low
        return found

    @cached_property
    def spectrum(self) -> Levels:
        """Eigenvalues as levels: `gamma` is −log₂ of an eigenvalue, `functions` how many have it. For share 1."""
        if any(late < early for early, late in itertools.pairwise(self.exponents)):
            raise ValueError(f"eigenvalues are grouped for exponents in increasing order, got {self.exponents}")
        if self.share != 1:
            raise ValueError(f"eigenvalues are grouped for a share of 1, got {self.share:g}")
        return levels(GammaSpace(FiniteWeights(self.exponents), "mixed"), 3 * _SMALLEST)


@lru_cache(maxsize=64)
def octave_table(exponent: float) -> Array:
    """Return Σ_{s ≥ 1} 2^{−bs} Σ_{2^{s−1} ≤ l < 2^s} 2 cos(2πlt) at t = k/2^17, k = 0 … 2^17."""
    if not 1 < exponent < math.inf:
        raise ValueError(f"a kernel has a finite trace for finite exponents above 1 only, got {exponent:g}")
    spectrum = np.zeros(_KNOTS // 2 + 1)
    spectrum[1 : 2**_OCTAVES] = np.exp2(-exponent * np.frexp(np.arange(1.0, 2**_OCTAVES))[1])
    values = np.fft.irfft(spectrum, _KNOTS) * _KNOTS
    return np.append(values, values[0])


def conditional_risk(
    kernel: ProductKernel, x: npt.ArrayLike, noise: float, ridge: float, target: ProductKernel | None = None
) -> float:
    """Return the mean squared error of ridge regression on points x (n, D), over targets, noise and new points.

    `target` is the covariance of the random target, the kernel itself unless told. With A = K + ρI it is
    tr Λ_f − 2 tr(A⁻¹ K_{kf}) + tr(A⁻¹ (K_f + σ²I) A⁻¹ K_{kk}), K_{kf} of the product of the eigenvalues. Derived.
    """
    require_noise(noise)
    if not 0 < ridge < math.inf or noise == math.inf:
        raise ValueError(f"a ridge must be positive, noise and ridge finite, got {ridge:g} and {noise:g}")
    law = kernel if target is None else target
    regularised = kernel.gram(x, x)
    labels = regularised.copy() if target is None else law.gram(x, x)
    labels[np.diag_indices_from(labels)] += noise**2
    regularised[np.diag_indices_from(regularised)] += ridge
    factor = cho_factor(regularised, lower=True, overwrite_a=True)
    learned = cho_solve(factor, kernel.times(law).gram(x, x))
    if target is None and math.isclose(ridge, noise**2):
        return law.trace - float(np.trace(learned))
    spread = cho_solve(factor, cho_solve(factor, kernel.times(kernel).gram(x, x)).T)
    return law.trace - 2 * float(np.trace(learned)) + float(np.sum(spread * labels))


def expected_risk(kernel: ProductKernel, n: float, noise: float, ridge: float | None = None) -> dict[str, float]:
    """Return bias and variance of ridge regression on its own prior, by the deterministic equivalent; ridge σ² if None.

    ValueError beyond 2^64 samples, which would see coordinates that are left out.
    """
    _require_samples(n, noise)
    groups = kernel.spectrum
    eigenvalues = np.exp2(-groups.gamma)
    rho = noise**2 if ridge is None else ridge
    return deterministic_equivalent(eigenvalues, eigenvalues * groups.functions, groups.functions, n, noise**2, rho)


@dataclass(frozen=True)
class EqualWeights:
    """Π_i (1 + k(x_i − x′_i)/D) over D coordinates that all look alike, for a target that depends on one of them.

    The target is the block law of that coordinate, coefficients 2^{−(a + 1/2)s}, and k has exponent b = 2a + 1: the
    kernel knows how smooth it is, but not where. Without 1/D the trace would grow exponentially in D.

    With D = n^c and the best ridge the risk is n^−r with r = min{a/(3a + 1), 2a(1 − c)/(2a + 1)} for c above
    (2a + 1)/(6a + 2): at a scale κ the bias is (κD)^{2a/b}, what is learnt of single coordinates costs D(κD)^{−1/b}/n,
    and functions of pairs of coordinates, about D² of them with eigenvalues of order D^{−2} < κ, cost (κD)^{−2}/n. The
    second exponent is that of an additive kernel, which has no pairs. Derived; the condition says that none is learnt.
    """

    smoothness: float
    coordinates: int

    def __post_init__(self) -> None:
        if not 0 < self.smoothness < math.inf:
            raise ValueError(f"the smoothness must be positive and finite, got {self.smoothness:g}")
        if not 1 <= self.coordinates <= 2**48:
            raise ValueError(f"the number of coordinates must lie between 1 and 2^48, got {self.coordinates}")
        require_whole("the number of coordinates", self.coordinates)

    @property
    def kernel(self) -> ProductKernel:
        """The kernel, one factor a coordinate; ValueError for more of them than can be listed."""
        require_whole("the number of coordinates of an explicit kernel", self.coordinates, 1, _FACTORS)
        return ProductKernel((2 * self.smoothness + 1,) * self.coordinates, 1 / self.coordinates)

    @property
    def target(self) -> ProductKernel:
        """The covariance of the target, which depends on the first coordinate."""
        return ProductKernel((2 * self.smoothness + 1,))

    @cached_property
    def groups(self) -> tuple[Array, Array, Array]:
        """Eigenvalues, energies of the target and numbers of functions by (m, k): m coordinates active, Σ s_i = k.

        C(D, m) C(k − 1, m − 1) 2^k functions with the eigenvalue D^{−m} 2^{−bk}.
        """
        b, size = 2 * self.smoothness + 1, float(self.coordinates)
        most = min(self.coordinates, _ACTIVE)
        active, total = np.meshgrid(np.arange(1.0, most + 1), np.arange(1.0, _SMALLEST), indexing="ij")
        m, k = active[total >= active], total[total >= active]
        chosen = np.cumsum(np.log2((size - np.arange(most)) / np.arange(1.0, most + 1)))[m.astype(int) - 1]
        counts = np.exp2(chosen + np.log2(binom(k - 1, m - 1)) + k)
        energies = np.where(m == 1, np.exp2(-2 * self.smoothness * k), 0.0)
        eigenvalues = np.exp2(-b * k) / size**m
        return np.append(1.0, eigenvalues), np.append(1.0, energies), np.append(1.0, counts)

    def expected_risk(self, n: float, noise: float, ridge: float) -> dict[str, float]:
        """Return bias and variance by the deterministic equivalent."""
        _require_samples(n, noise)
        return deterministic_equivalent(*self.groups, n, noise**2, ridge)

    def best_ridge(self, n: float, noise: float) -> float:
        """Return the ridge with the least expected risk, an oracle's choice, between 2^−12 and 2^12 times σ²."""
        _require_samples(n, noise)

        def risk(log_ratio: float) -> float:
            return math.fsum(self.expected_risk(n, noise, noise**2 * math.exp(log_ratio)).values())

        found = minimize_scalar(risk, bounds=(-12 * math.log(2), 12 * math.log(2)), method="bounded")
        return float(noise**2 * math.exp(found.x))


def _require_samples(n: float, noise: float) -> None:
    require_noise(noise)
    if noise == math.inf:
        raise ValueError("the noise must be finite, got inf")
    if not 1 <= n <= 2.0**_SMALLEST:
        raise ValueError(f"the number of samples must lie between 1 and 2^{_SMALLEST:g}, got {n:g}")
