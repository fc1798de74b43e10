"""Spectrum of the tangent kernel's integral operator under the uniform measure on the sphere.

Zonal kernels are diagonal in spherical harmonics: degree k has one eigenvalue Λ_k with multiplicity N(d, k).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.series import smooth_tail
from dltheory.ntk.sphere import check_dimension, legendre, multiplicity, polynomial_dimension

Array = npt.NDArray[np.float64]
Parity = Literal["even", "odd"]
_PARITIES: tuple[Parity, Parity] = ("even", "odd")
_LISTED_DEGREES = 4096
_LARGEST_HALF_DEGREE = 2.0**50


def _half_step_ratio(x: Array) -> Array:
    """Γ(x)/Γ(x + ½) for x > 0: directly when small, by Stirling's series when large (no cancellation)."""
    x = np.asarray(x)
    large = np.maximum(x, 20.0)
    y = 1 / large**2
    series = (1 / 8 - y * (1 / 192 - y * (1 / 640 - y * (17 / 14336 - y * (31 / 18432))))) / large
    ratio = np.asarray(np.exp(series) / np.sqrt(large))
    small = np.asarray(x < 20)
    ratio[small] = special.gamma(x[small]) / special.gamma(x[small] + 0.5)
    return ratio


def _beta_half(dim: int, x: Array) -> Array:
    """B(x, d/2) for x > 0, by a product of d/2 factors below 1: no overflow and no gammaln cancellation."""
    half = dim // 2
    if dim % 2 == 0:
        value = 1 / x
        for j in range(1, half):
            value = value * (j / (x + j))
        return value
    value = math.sqrt(math.pi) * _half_step_ratio(x)
    for j in range(half):
        value = value * ((j + 0.5) / (x + 0.5 + j))
    return value


def _step_eigenvalue(dim: int, k: Array) -> Array:
    """Λ_k of κ_0(t) = (π - θ)/(2π), k odd (or real ≥ 1)."""
    return (_beta_half(dim, k / 2) / (2 * math.pi)) ** 2


def _even_family(kernel: NeuralTangentKernel, k: Array) -> Array:
    """Λ_k for even k, continued analytically to real k ≥ 2."""
    d = kernel.dim
    total = np.zeros_like(k)
    if kernel.output_weight:
        x = np.maximum(k - 1, 1) / 2
        arc = np.where(k == 0, 2 * _beta_half(d, np.full_like(k, 0.5)), _beta_half(d, x) / (x + d / 2))
        total += kernel.output_weight * (arc / (4 * math.pi)) ** 2
    if kernel.input_weight:
        down = k / np.maximum(2 * k + d - 2, 1)
        # t P_k = down P_{k-1} + (1 - down) P_{k+1}, up to multiplicities
        step = down * _step_eigenvalue(d, np.maximum(k - 1, 1)) + (1 - down) * _step_eigenvalue(d, k + 1)
        step = step + np.where(k == 0, kernel.bias_scale**2 / 4, 0.0)
        total += kernel.output_scale**2 * step
    return total


def _odd_family(kernel: NeuralTangentKernel, k: Array) -> Array:
    """Λ_k for odd k ≥ 3, continued analytically to real k ≥ 1 (degree 1 has more, see `eigenvalues`)."""
    amplitude = kernel.input_weight * (kernel.output_scale * kernel.bias_scale) ** 2
    return amplitude * _step_eigenvalue(kernel.dim, k) if amplitude else np.zeros_like(k)


def eigenvalues(kernel: NeuralTangentKernel, degrees: npt.ArrayLike) -> Array:
    """Return Λ_k for integer degrees, same shape, to about 1e-14 relative; parity zeros are exactly 0.

    Source: derived (Funk-Hecke, Rodrigues); Nitanda & Suzuki (ICLR 2021) state the decay only.
    """
    k = np.asarray(degrees, dtype=np.float64)
    if np.any(k < 0) or np.any(k != np.floor(k)):
        raise ValueError("degrees must be integers of at least 0")
    odd = k % 2 == 1
    value = np.where(odd, _odd_family(kernel, np.maximum(k, 1)), _even_family(kernel, k))
    d = kernel.dim
    first = kernel.output_weight / (4 * d**2) + kernel.input_weight * kernel.output_scale**2 / (4 * d)
    return np.where(k == 1, value + first, value)


def continued_eigenvalues(kernel: NeuralTangentKernel, parity: Parity, degrees: npt.ArrayLike) -> Array:
    """Return the eigenvalues of one parity, continued analytically to real degrees k ≥ 3, same shape.

    For sums over very many degrees, which are integrals.
    """
    k = np.asarray(degrees, dtype=np.float64)
    if np.any(k < 3):
        raise ValueError(f"the continuation needs degrees of at least 3, got {k.min()}")
    return _even_family(kernel, k) if parity == "even" else _odd_family(kernel, k)


def funk_hecke(profile: Callable[[Array], npt.ArrayLike], dim: int, degrees: npt.ArrayLike, nodes: int = 400) -> Array:
    """Return the eigenvalues of any zonal kernel t ↦ k(t) by quadrature, shape of `degrees`.

    Gauss-Legendre in the angle, where the ReLU kernels are analytic up to both ends; `nodes` must exceed
    the degrees by about 40.

    Source: Funk-Hecke, Λ_k = ∫ k(t) P_k(t) (1 - t²)^((d-3)/2) dt / ∫ (1 - t²)^((d-3)/2) dt.
    """
    check_dimension(dim)
    k = np.asarray(degrees, dtype=np.int64)
    roots, weights = np.polynomial.legendre.leggauss(nodes)
    angle = (roots + 1) * (math.pi / 2)
    weights = weights * np.sin(angle) ** (dim - 2)
    t = np.cos(angle)
    polynomials = legendre(dim, int(k.max(initial=0)), t)
    return np.asarray(polynomials[k] @ (weights * np.asarray(profile(t))) / weights.sum())


def degree_decay(kernel: NeuralTangentKernel, parity: Parity) -> tuple[float, float]:
    """Return (A, e) of the sharp law Λ_k ~ A k^{-e} over even or odd degrees; A = 0 if they are invisible.

    Source: derived. e = d with the input layer trained, e = d + 2 for the output layer alone.
    """
    d = kernel.dim
    gamma = special.gamma(d / 2)
    if kernel.layers == "output":
        amplitude = kernel.output_weight * 2 ** (d + 2) * (gamma / (4 * math.pi)) ** 2
        return (float(amplitude) if parity == "even" else 0.0), float(d + 2)
    amplitude = kernel.output_scale**2 * 2**d * (gamma / (2 * math.pi)) ** 2
    return float(amplitude * (1.0 if parity == "even" else kernel.bias_scale**2)), float(d)


def beta(kernel: NeuralTangentKernel) -> float:
    """Return β of λ_i ≍ i^{-β}: d/(d-1), or (d+2)/(d-1) for the output layer alone."""
    return degree_decay(kernel, "even")[1] / (kernel.dim - 1)


def sorted_decay(kernel: NeuralTangentKernel) -> tuple[float, float]:
    """Return (C, β) of the sharp law λ_i ~ C i^{-β} over the eigenvalues in decreasing order.

    Source: derived, #{i: λ_i ≥ ε} ~ Σ_parity (A_parity/ε)^{1/β} / (d - 1)!.
    """
    exponent = beta(kernel)
    amplitudes = [degree_decay(kernel, parity)[0] for parity in _PARITIES]
    volume = sum(amplitude ** (1 / exponent) for amplitude in amplitudes) / math.factorial(kernel.dim - 1)
    return float(volume**exponent), exponent


def counting(kernel: NeuralTangentKernel, thresholds: npt.ArrayLike) -> Array:
    """Return #{i: λ_i ≥ ε} with multiplicities, same shape as ε > 0; exact below 2^51/d.

    Each parity decreases with the degree, so its last degree above ε is found by bisection.
    """
    eps = np.asarray(thresholds, dtype=np.float64)
    if not np.all(eps > 0):
        raise ValueError("thresholds must be positive: the kernel has infinitely many eigenvalues")
    even, odd = (_last_degree_above(kernel, eps, first) for first in (0, 1))
    return polynomial_dimension(kernel.dim, even) + polynomial_dimension(kernel.dim, odd)


def _last_degree_above(kernel: NeuralTangentKernel, eps: Array, first: int) -> Array:
    """Last degree among first, first + 2, ... with Λ_k ≥ ε; first - 2 if there is none."""

    def above(half: Array) -> npt.NDArray[np.bool_]:
        return eigenvalues(kernel, 2 * half + first) >= eps

    low, high = np.full(eps.shape, -1.0), np.ones(eps.shape)  # above at low, below at high, or not looked at yet
    while np.any(growing := above(high)):
        if high.max() > _LARGEST_HALF_DEGREE:
            raise ValueError(f"thresholds down to {eps.min():.3g} need degrees beyond 2^52, which float64 cannot list")
        high = np.where(growing, 2 * high, high)
    while np.any(open_ := high - low > 1):
        middle = np.floor((low + high) / 2)
        inside = open_ & above(np.maximum(middle, 0))
        low, high = np.where(inside, middle, low), np.where(open_ & ~inside, middle, high)
    return 2 * low + first


def ridge_bias(eigenvalues: npt.ArrayLike, energy: npt.ArrayLike, ridge: float) -> float:
    """Return Σ_k (λ/(Λ_k + λ))² G_k, the squared bias of ridge regression with λ > 0."""
    if not ridge > 0:
        raise ValueError(f"ridge must be positive, got {ridge}")
    shrinkage = ridge / (np.asarray(eigenvalues, dtype=np.float64) + ridge)
    return float(np.sum(shrinkage**2 * np.asarray(energy, dtype=np.float64)))


def _visible_tail(kernel: NeuralTangentKernel, parity: Parity, ridge: float, power: int, start: int) -> float:
    """Σ over degrees k ≥ start (even) of one parity of N(d, k) (Λ_k/(Λ_k + λ))^power."""
    first = start if parity == "even" else start + 1
    amplitude, exponent = degree_decay(kernel, parity)
    if amplitude == 0:
        return 0.0

    def term(k: Array) -> Array:
        values = continued_eigenvalues(kernel, parity, k)
        return multiplicity(kernel.dim, k) * (values / (values + ridge)) ** power

    knee = (amplitude / ridge) ** (1 / exponent)
    return smooth_tail(
        term, first, 2, decay=power * exponent - (kernel.dim - 2), reach=1e6 * max(first, knee), panel=4 / exponent
    )


def effective_dimension(kernel: NeuralTangentKernel, ridge: float, power: Literal[1, 2] = 1) -> float:
    """Return Tr (Σ(Σ + λ)^{-1})^power = Σ_k N(d, k) (Λ_k/(Λ_k + λ))^power, to about 1e-11 relative.

    Low degrees are summed one by one; beyond them the families continue to real degrees and the sum
    becomes an integral (Euler-Maclaurin). No truncation: for power 1 the tail falls only like 1/K.
    """
    if not ridge > 0:
        raise ValueError(f"ridge must be positive, got {ridge}")
    if power not in (1, 2):
        raise ValueError(f"power must be 1 or 2, got {power}")
    d = kernel.dim
    listed = _LISTED_DEGREES + 64 * d
    low = np.arange(listed)
    values = eigenvalues(kernel, low)
    total = float(np.sum(multiplicity(d, low) * (values / (values + ridge)) ** power))
    for parity in _PARITIES:
        total += _visible_tail(kernel, parity, ridge, power, listed)
    return total


def effective_dimension_constant(kernel: NeuralTangentKernel, power: Literal[1, 2] = 1) -> float:
    """Return lim λ^{1/β} Tr (Σ(Σ + λ)^{-1})^power as λ → 0.

    Source: derived, Σ_parity A^{1/β} B(1/β, power - 1/β) / (e (d - 2)!) with Λ_k ~ A k^{-e}.
    """
    inverse = 1 / beta(kernel)
    shape = special.beta(inverse, power - inverse) / math.factorial(kernel.dim - 2)
    decays = [degree_decay(kernel, parity) for parity in _PARITIES]
    return float(sum(amplitude**inverse / exponent for amplitude, exponent in decays) * shape)
