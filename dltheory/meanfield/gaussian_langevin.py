"""Mean-field Langevin dynamics with linear neurons: every law is Gaussian and every number has a closed form.

h_θ(x) = ⟨θ, x⟩ + b with the squared loss scale (z − y)². With H = 2 scale XᵀX/n + 2λ₁I the mean obeys
m_t = m* + e^(−Ht)(m_0 − m*) and the variance, λ₂/(2λ₁) in the end, s_t = s* + (s_0 − s*) e^(−4λ₁t). The log-Sobolev
constant is 2λ₁/λ₂, so that the theorem's rate is 4λ₁, attained by means that are off in a null direction of the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gaussian import LinearGaussian

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Start:
    """The initial law N(m* + `offset`, `variance` I), offset (p,)."""

    offset: Array
    variance: float

    def __post_init__(self) -> None:
        if not 0 < self.variance < math.inf:
            raise ValueError(
                f"the variance of the initial law must be positive, got {self.variance}: a Dirac has infinite entropy,"
                " start from its law after a short time"
            )


@dataclass(frozen=True, eq=False)
class GaussianLangevin:
    """The dynamics of `model`; the fields after it are what an implementation may get wrong.

    `heat` multiplies the temperature of the noise, `shrink` the drift −2λ₁θ and `speed` the clock.
    """

    model: LinearGaussian
    heat: float = 1.0
    shrink: float = 1.0
    speed: float = 1.0

    def gap(self, mean: Array, variance: Array) -> Array:
        """Return L − L* of N(m* + mean, variance I), for means (..., p) and variances (...)."""
        p = self.model.problem
        excess = (variance - self.model.variance) / self.model.variance
        entropy = p.temperature * p.dimension / 2 * (excess - np.log1p(excess))
        return np.asarray(np.einsum("...a,ab,...b->...", mean, self.model.hessian, mean) / 2 + entropy)

    def continuous(self, t: Array, start: Start) -> Array:
        """Return L(q_t) − L(q*) at times t (K,)."""
        rates, vectors = np.linalg.eigh(self._hessian)
        kept = np.exp(-np.multiply.outer(self.speed * t, rates))
        limit, contraction = self._limit, 2 * self.shrink * self.model.problem.l2
        variance = limit + (start.variance - limit) * np.exp(-2 * contraction * self.speed * t)
        return self.gap(self._off(start, kept, vectors), variance)

    def discrete(self, steps: Array, step_size: float, start: Start) -> Array:
        """Return L − L* after numbers of Euler steps (K,), infinitely many particles; ValueError for η ≥ 2/L."""
        self.require_stable(step_size)
        rates, vectors = np.linalg.eigh(self._hessian)
        kept = (1 - self.speed * step_size * rates) ** steps[:, np.newaxis]
        limit = self._discrete_limit(step_size)
        factor = 1 - 2 * self.shrink * self.speed * step_size * self.model.problem.l2
        variance = limit + (start.variance - limit) * factor ** (2 * steps)
        return self.gap(self._off(start, kept, vectors), variance)

    def bias(self, step_size: Array) -> Array:
        """Return L − L* of the stationary law of the Euler scheme, ~ λ₂p(ηλ₁)²/4, for step sizes η (...)."""
        limit = self._discrete_limit(step_size)
        mean = np.broadcast_to(self._drifted, (*np.shape(limit), self.model.problem.dimension))
        return self.gap(mean, limit)

    def discretised_bound(self, steps: Array, step_size: float, start: Start) -> Array:
        """Return the theorem's bound (K,) of the discretised gap, δ_η/(2αλ₂) + e^(−αλ₂ηk)(L(q_0) − L*).

        αλ₂ = 2λ₁ and δ_η = 4L²(η²G² + 2λ₂pη), where L bounds the Lipschitz constants of the drift in θ and in the
        Wasserstein distance, and G² the second moments of the drift at all steps up to the last.
        """
        p = self.model.problem
        clean = GaussianLangevin(self.model)
        second = clean.drift_moment(start.offset, max(start.variance, float(clean._discrete_limit(step_size))))
        delta = 4 * self._lipschitz**2 * (step_size**2 * second + 2 * p.temperature * p.dimension * step_size)
        initial = float(clean.gap(start.offset, np.array(start.variance)))
        return np.asarray(delta / (4 * p.l2) + np.exp(-2 * p.l2 * step_size * steps) * initial)

    def step_size_for(self, accuracy: float, start: Start) -> float:
        """Return the η at which δ_η/(2αλ₂) is half of an accuracy ε, so that η = O(αλ₂ε)."""
        p = self.model.problem
        if not 0 < accuracy < math.inf:
            raise ValueError(f"an accuracy must be positive and finite, got {accuracy}")
        widest = 2 * max(start.variance, self.model.variance)  # holds for η ≤ 1/(2λ₁)
        second, noise = self.drift_moment(start.offset, widest), p.temperature * p.dimension
        target = p.l2 * accuracy / (2 * self._lipschitz**2)  # η²G² + 2λ₂pη
        return min(target / (noise + math.sqrt(noise**2 + second * target)), 1 / (2 * p.l2))

    def steps_for(self, accuracy: float, step_size: float, start: Start) -> float:
        """Return log(2(L(q_0) − L*)/ε)/(αλ₂η): with the η of `step_size_for` enough for the accuracy ε."""
        initial = float(self.gap(start.offset, np.array(start.variance)))
        return max(0.0, math.log(2 * initial / accuracy) / (2 * self.model.problem.l2 * step_size))

    def drift_moment(self, offset: Array, variance: float) -> float:
        """Return E‖∇δF/δq‖² under N(m* + offset, variance I)."""
        p = self.model.problem
        return float(np.sum((self.model.hessian @ offset) ** 2) + 4 * p.l2**2 * p.dimension * variance)

    def require_stable(self, step_size: float) -> None:
        """Raise ValueError for η ≥ 2/L, L the largest eigenvalue of the Hessian."""
        largest = float(np.linalg.eigvalsh(self._hessian)[-1]) * self.speed
        if not 0 < step_size < 2 / largest:
            raise ValueError(f"the step size must lie between 0 and 2/L = {2 / largest:g}, got {step_size:g}")

    @property
    def _lipschitz(self) -> float:
        """A bound of the Lipschitz constants of the drift, in θ and in the Wasserstein distance of q."""
        shared = 2 * self.model.problem.l2
        return max(shared, float(np.linalg.eigvalsh(self.model.hessian)[-1]) - shared)

    @property
    def _hessian(self) -> Array:
        p = self.model.problem
        return np.asarray(self.model.hessian + 2 * (self.shrink - 1) * p.l2 * np.eye(p.dimension))

    @property
    def _limit(self) -> float:
        """The stationary variance in continuous time."""
        return self.model.variance * self.heat / self.shrink

    @property
    def _drifted(self) -> Array:
        """Where the mean goes, minus m*: zero unless the L2 drift is wrong."""
        p = self.model.problem
        pull = 2 * (self.shrink - 1) * p.l2 * self.model.mean
        return np.asarray(-np.linalg.solve(self._hessian, pull))

    def _discrete_limit(self, step_size: Array | float) -> Array:
        """s* heat/(shrink (1 − ηλ₁ shrink))."""
        return np.asarray(self._limit / (1 - self.speed * step_size * self.shrink * self.model.problem.l2))

    def _off(self, start: Start, kept: Array, vectors: Array) -> Array:
        """Return m_t − m* (K, p) from the shares (K, p) that the eigenvectors keep."""
        return np.asarray(self._drifted + (kept * ((start.offset - self._drifted) @ vectors)) @ vectors.T)


def particle_gap(dynamics: GaussianLangevin, t: Array, start: Start, particles: float) -> Array:
    """Return the free energy a particle minus L(q*) at times t (K,), of N independent draws of `start` that interact.

    The mean of the cloud scatters as H says, N times less than a particle, and N − 1 deviations from it as 2λ₁ does.
    Sabotaged noise and clocks count, an L2 drift without its factor does not: ValueError.
    """
    model, p = dynamics.model, dynamics.model.problem
    if dynamics.shrink != 1:
        raise ValueError(f"particles with the L2 drift times {dynamics.shrink:g} have no closed form here")
    rates, vectors = np.linalg.eigh(model.hessian)
    clock = dynamics.speed * np.asarray(t, dtype=np.float64)[:, np.newaxis]
    both = np.concatenate([rates, [2 * p.l2]])
    limit = dynamics.heat * p.temperature / both
    spread = limit + (start.variance - limit) * np.exp(-2 * both * clock)
    excess = spread * both / p.temperature - 1  # of a variance over that in equilibrium
    entropy = p.temperature / 2 * (excess - np.log1p(excess))
    inside = entropy[:, :-1].sum(axis=1) / particles + (1 - 1 / particles) * p.dimension * entropy[:, -1]
    moved = np.sum(rates * (np.exp(-rates * clock) * (start.offset @ vectors)) ** 2, axis=1) / 2
    return np.asarray(moved + inside + particle_excess(model, np.asarray(particles)))


def particle_excess(model: LinearGaussian, particles: Array) -> Array:
    """Return the excess free energy (λ₂/2N) log det(H/2λ₁) of N particles at stationarity, for N (...)."""
    determinant = float(np.linalg.slogdet(model.hessian / (2 * model.problem.l2))[1])
    return np.asarray(model.problem.temperature / (2 * particles) * determinant)


def particle_suboptimality(model: LinearGaussian, particles: Array, step_size: float = 0.0) -> Array:
    """Return E[D(g*) − D(g_Θ)] of N particles at the stationarity of steps η (0: continuous time), for N (...).

    The mean of the cloud is N(m*, (λ₂/N) H^(−1)(1 − ηH/2)^(−1)) and D* − D = (1/2n) eᵀ(I + K)e ℓ″ for e = z − z*,
    K = ℓ″XXᵀ/(2λ₁n).
    """
    p = model.problem
    if step_size:
        GaussianLangevin(model).require_stable(step_size)
    rates = np.linalg.eigvalsh(model.hessian)
    spread = p.temperature / (rates * (1 - step_size * rates / 2))
    data = rates - 2 * p.l2  # ℓ″ XᵀX/n in the same basis
    return np.asarray(np.sum(data * (1 + data / (2 * p.l2)) * spread) / 2 / particles)
