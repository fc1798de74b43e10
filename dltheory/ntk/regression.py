"""Regression on the sphere with a zonal target of known energy per degree, and its sharp risk limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.series import smooth_tail
from dltheory.ntk.spectrum import Parity, beta, degree_decay, effective_dimension_constant, eigenvalues
from dltheory.ntk.sphere import legendre_series, multiplicity, uniform

Array = npt.NDArray[np.float64]
Degrees = Literal["all", "even", "odd"]
_FIRST_AND_STEP: dict[Degrees, tuple[int, int]] = {"all": (1, 1), "even": (2, 2), "odd": (1, 2)}
_LISTED_TERMS = 4096


@dataclass(frozen=True, eq=False)
class SphereRegression:
    """y = g_ρ(x) ± σ with x uniform on S^{d-1} and one zonal direction x·e_1 per degree.

    `energy` (K + 1,) holds G_k, the squared L2 norm of degree k; `tail_energy` is what the target of the
    theory has beyond K and the sampled one lacks. `noise_variance` is σ².
    """

    kernel: NeuralTangentKernel
    energy: Array
    noise_variance: float
    tail_energy: float = 0.0

    def __post_init__(self) -> None:
        energy = np.ascontiguousarray(self.energy, dtype=np.float64)
        if energy.ndim != 1 or energy.size == 0 or not np.all(energy >= 0):
            raise ValueError("energy must be one non-empty row of numbers of at least 0")
        if not self.noise_variance >= 0:
            raise ValueError(f"noise_variance must be at least 0, got {self.noise_variance}")
        if not self.tail_energy >= 0:
            raise ValueError(f"tail_energy must be at least 0, got {self.tail_energy}")
        object.__setattr__(self, "energy", energy)

    @cached_property
    def degrees(self) -> Array:
        """0, 1, ..., K."""
        return np.arange(self.energy.size, dtype=np.float64)

    @cached_property
    def eigenvalues(self) -> Array:
        """Λ_0, ..., Λ_K of the kernel."""
        return eigenvalues(self.kernel, self.degrees)

    @cached_property
    def multiplicity(self) -> Array:
        """N(d, 0), ..., N(d, K)."""
        return multiplicity(self.kernel.dim, self.degrees)

    @cached_property
    def zonal_coefficients(self) -> Array:
        """c_k of g_ρ(x) = Σ_k c_k P_k(x·e_1): √(G_k N(d, k)), since E P_k² = 1/N(d, k)."""
        return np.sqrt(self.energy * self.multiplicity)

    @property
    def squared_norm(self) -> float:
        """‖g_ρ‖² up to degree K."""
        return float(self.energy.sum())

    def target(self, points: npt.ArrayLike) -> Array:
        """Return g_ρ at unit points of shape (..., d), shape (...)."""
        return self.zonal_target(np.asarray(points, dtype=np.float64)[..., 0])

    def zonal_target(self, cosine: npt.ArrayLike) -> Array:
        """Return g_ρ as a function of x·e_1, same shape."""
        return legendre_series(self.kernel.dim, self.zonal_coefficients, cosine)

    def sample(self, inputs: np.random.Generator, noise: np.random.Generator, count: int) -> tuple[Array, Array]:
        """Return points (count, d) and labels (count,) with noise ±σ, each sign equally likely.

        Nested: the first n samples of a pair of streams are the same whatever `count` is.
        """
        points = uniform(inputs, count, self.kernel.dim)
        signs = np.where(noise.random(count) < 0.5, -1.0, 1.0)
        return points, self.target(points) + math.sqrt(self.noise_variance) * signs

    @classmethod
    def on_boundary(
        cls,
        kernel: NeuralTangentKernel,
        *,
        r: float,
        max_degree: int,
        squared_norm: float = 0.25,
        noise_variance: float = 0.25,
        degrees: Degrees = "all",
        log_power: float = 0.0,
    ) -> SphereRegression:
        """Return the target on the boundary of the source set: in Σ^s L2 for all s < r, for s = r iff log_power > 1.

        G_k = b k^{-2re-1} (1 + log k)^{-log_power} on the chosen degrees k ≥ 1, where Λ_k ~ A k^{-e}; that is
        g_i² ≍ i^{-2rβ-1} over sorted eigenvalues. b makes the whole series, tail beyond max_degree included,
        sum to `squared_norm`, so that it does not depend on the truncation.

        Source: derived.
        """
        first, step = _FIRST_AND_STEP[degrees]
        if max_degree < first:
            raise ValueError(f"max_degree must be at least {first} for {degrees} degrees, got {max_degree}")
        amplitude = boundary_amplitude(kernel, r=r, squared_norm=squared_norm, degrees=degrees, log_power=log_power)
        listed = np.arange(first, max_degree + 1, step, dtype=np.float64)
        exponent = _energy_exponent(kernel, r)
        energy = np.zeros(max_degree + 1)
        energy[first::step] = amplitude * _decay(listed, exponent, log_power)
        tail = amplitude * _decay_sum(exponent, log_power, float(listed[-1] + step), step)
        return cls(kernel, energy, noise_variance, tail_energy=tail)


def boundary_amplitude(
    kernel: NeuralTangentKernel,
    *,
    r: float,
    squared_norm: float = 0.25,
    degrees: Degrees = "all",
    log_power: float = 0.0,
) -> float:
    """Return b of G_k = b k^{-2re-1} (1 + log k)^{-log_power}, such that the whole series sums to `squared_norm`."""
    if not r > 0:
        raise ValueError(f"the source exponent r must be positive, got {r}")
    if not squared_norm > 0:
        raise ValueError(f"squared_norm must be positive, got {squared_norm}")
    for parity in _parities(degrees):
        if degree_decay(kernel, parity)[0] == 0:
            raise ValueError(f"{parity} degrees have eigenvalue 0 here, so no target with them is in Σ^r L2")
    first, step = _FIRST_AND_STEP[degrees]
    return squared_norm / _decay_sum(_energy_exponent(kernel, r), log_power, first, step)


def _parities(degrees: Degrees) -> tuple[Parity, ...]:
    return ("even", "odd") if degrees == "all" else (degrees,)


def _energy_exponent(kernel: NeuralTangentKernel, r: float) -> float:
    """2re + 1, so that Λ_k^{-2r} G_k ~ 1/k."""
    return 2 * r * degree_decay(kernel, "even")[1] + 1


def _decay(k: Array, exponent: float, log_power: float) -> Array:
    return k**-exponent * (1 + np.log(k)) ** -log_power


def _decay_sum(exponent: float, log_power: float, first: float, step: int) -> float:
    """Σ_{j≥0} of `_decay` at first + j step: Hurwitz's zeta without the logarithm."""
    if log_power == 0:
        return float(step**-exponent * special.zeta(exponent, first / step))
    listed = first + step * np.arange(_LISTED_TERMS, dtype=np.float64)
    start = first + step * _LISTED_TERMS

    def term(k: Array) -> Array:
        return _decay(k, exponent, log_power)

    # e^-36 of the tail lies beyond `reach`, where the logarithm is taken as constant
    reach = start * math.exp(min(36 / (exponent - 1), 600))
    return float(term(listed).sum()) + smooth_tail(term, start, step, decay=exponent, reach=reach)


class RiskConstants(NamedTuple):
    """Limits of T^{2rβ/(2rβ+1)} times squared bias and variance; `total` is their sum, that of the risk."""

    bias: float
    variance: float

    @property
    def total(self) -> float:
        """Bias plus variance."""
        return self.bias + self.variance


def risk_constants(
    kernel: NeuralTangentKernel,
    *,
    r: float,
    scale: float,
    step_size: float,
    squared_norm: float = 0.25,
    noise_variance: float = 0.25,
    degrees: Degrees = "all",
) -> RiskConstants:
    """Return lim T^{2rβ/(2rβ+1)} · risk of averaged SGD on `on_boundary(kernel, r=r, ...)`, λ = scale T^{-β/(2rβ+1)}.

    bias = Σ_parity (b/2e) (c/A)^{2r} Γ(2r) Γ(2 - 2r); variance = σ²/(1 - η k(x,x)/2) times the limit of
    λ^{1/β} Tr (Σ(Σ+λ)^{-1})², over c^{1/β}. Λ_k ~ A k^{-e}, c the scale, η the step size.

    Raises for r outside (½ - 1/(2β), 1): above, ridge saturates; below, ηλT → 0 and the start is not forgotten.

    Source: derived, the limit of bias and variance under this schedule.
    """
    exponent = beta(kernel)
    if not max(0.0, 0.5 - 0.5 / exponent) < r < 1:
        raise ValueError(f"r must lie between 1/2 - 1/(2β) = {0.5 - 0.5 / exponent:.3g} and 1, got {r}")
    if not scale > 0:
        raise ValueError(f"scale must be positive, got {scale}")
    heat = step_size * kernel.diagonal / 2
    if not 0 < heat < 1:
        raise ValueError(f"step_size * k(x, x) must lie between 0 and 2, got {2 * heat:.4g}")
    amplitude = boundary_amplitude(kernel, r=r, squared_norm=squared_norm, degrees=degrees)
    decays = {parity: degree_decay(kernel, parity) for parity in _parities(degrees)}
    bias = sum(amplitude / (2 * e) * (scale / A) ** (2 * r) for A, e in decays.values())
    bias *= special.gamma(2 * r) * special.gamma(2 - 2 * r)
    variance = effective_dimension_constant(kernel, 2) * scale ** (-1 / exponent)
    return RiskConstants(float(bias), float(variance) * noise_variance / (1 - heat))
