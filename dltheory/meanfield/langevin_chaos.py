"""Finitely many particles at stationarity: how far N of them stay above the mean-field optimum (squared loss).

N particles in equilibrium have the density ∝ exp(−N F(μ_X)/λ₂). With C = Cov_{q*}(h) and K = ℓ″ C/(nλ₂) their free
energy a particle exceeds L(q*) by −(λ₂/N) log E exp(−(N ℓ″/2nλ₂)‖z̄ − z*‖²), E over independent draws of q*: exactly,
since F is quadratic. It is ~ (λ₂/2N) log det(I + K), and by Jensen's inequality at most ℓ″ tr C/(2nN) for every N.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.langevin_laws import coefficients, euler_kernel, stationary_law
from dltheory.meanfield.losses import SquaredLoss

Array = npt.NDArray[np.float64]
_REACH = 8.0  # standard deviations of the Gaussian field
_POINTS = 61  # an axis of the field, almost four a standard deviation
_LARGEST = 2


def interaction(quadrature: Quadrature) -> Array:
    """Return K = ℓ″ Cov_{q*}(h)/(nλ₂), shape (n, n); ValueError unless the loss is the squared one."""
    p = quadrature.problem
    return np.asarray(_curvature(quadrature) * quadrature.covariance(quadrature.optimum) / (p.size * p.temperature))


def excess_free_energy(quadrature: Quadrature, particles: Array) -> Array:
    """Return the exact excess for numbers of particles N (K,), for n ≤ 2 data points; ValueError for more.

    By a Gaussian field u in R^n it is −(λ₂/N) log E_u φ(u (ℓ″/(nλ₂N))^(1/2))^N with φ the characteristic function of
    h − z* under q*; trapezoid rule in u.
    """
    p, curvature = quadrature.problem, _curvature(quadrature)
    if p.size > _LARGEST:
        raise ValueError(f"the field has one dimension a data point, at most {_LARGEST} of them, got {p.size}")
    axis = np.linspace(-_REACH, _REACH, _POINTS)
    field = np.stack([a.ravel() for a in np.meshgrid(*[axis] * p.size, indexing="ij")], axis=1)
    weights = np.exp(-np.sum(field**2, axis=1) / 2)
    weights /= weights.sum()
    law = quadrature.gibbs(quadrature.optimum)
    centred = quadrature.neurons - law @ quadrature.neurons
    out = [
        np.log(_expectation(field * np.sqrt(curvature / (p.size * p.temperature * n)), centred, law, weights, float(n)))
        for n in particles
    ]
    return np.asarray(-p.temperature / particles * np.array(out))


def leading_excess(quadrature: Quadrature, particles: Array) -> Array:
    """Return (λ₂/2N) log det(I + K) for N (...)."""
    determinant = float(np.linalg.slogdet(np.eye(quadrature.problem.size) + interaction(quadrature))[1])
    return np.asarray(quadrature.problem.temperature / (2 * particles) * determinant)


def excess_bound(quadrature: Quadrature, particles: Array) -> Array:
    """Return ℓ″ tr C/(2nN) = λ₂ tr K/(2N) for N (...), a bound without any log-Sobolev constant.

    It is also the leading term of E[D(g*) − D(g_Θ)], the dual suboptimality of N particles in equilibrium.
    """
    return np.asarray(quadrature.problem.temperature * np.trace(interaction(quadrature)) / (2 * particles))


def step_suboptimality(quadrature: Quadrature, particles: Array, step_size: float) -> Array:
    """Return the leading term 1/N of E[D(g*) − D(g_Θ)] at the stationarity of Euler steps η, for N (...).

    Fluctuations δ of the cloud about the stationary law q obey δ′ = Tδ + noise, with T the derivative of q ↦ K_q q, K_q
    the kernel of a step, and the noise diag(q) − K diag(q) Kᵀ of independent moves. What they do to g is linear.
    """
    p, q = quadrature.problem, stationary_law(quadrature, step_size)
    g, h = coefficients(quadrature, q), quadrature.neurons
    kernel = euler_kernel(quadrature, g, step_size)
    arrival = quadrature.nodes[:, 0] - step_size * p.drift(quadrature.nodes, g)[:, 0]
    score = kernel * (quadrature.nodes - arrival) / (2 * p.temperature * step_size)
    prior = p.drift(quadrature.nodes, np.zeros(p.size))
    slopes = np.concatenate([p.drift(quadrature.nodes, unit) - prior for unit in np.eye(p.size)], axis=1)
    push = -step_size * score @ (slopes * q[:, np.newaxis])  # by g_i, shape (G, n)
    response = kernel + _curvature(quadrature) * push @ h.T
    covariance = _stationary_covariance(response, np.diag(q) - (kernel * q) @ kernel.T)
    spread = h.T @ covariance @ h
    hessian = np.eye(p.size) + interaction(quadrature)
    return np.asarray(_curvature(quadrature) * np.sum(hessian * spread) / (2 * p.size * particles))


def _stationary_covariance(response: Array, noise: Array) -> Array:
    """Return S (G, G) of S = T S Tᵀ + noise by doubling the number of steps; masses are kept at zero by the noise."""
    total, power = noise, response
    for _ in range(60):
        added = power @ total @ power.T
        total, power = total + added, power @ power
        if np.max(np.abs(added)) <= 1e-14 * np.max(np.abs(total)):
            return np.asarray(total)
    raise ArithmeticError("fluctuations do not settle: take smaller steps")


def _expectation(field: Array, centred: Array, law: Array, weights: Array, n: float) -> float:
    """Return E_u φ(u)^N over the points (F, n) of the field."""
    characteristic = np.exp(1j * (field @ centred.T)) @ law
    return float(np.real(weights @ characteristic**n))


def _curvature(quadrature: Quadrature) -> float:
    loss = quadrature.problem.loss
    if not isinstance(loss, SquaredLoss):
        raise ValueError(f"finite-particle constants are for the squared loss, got {type(loss).__name__}")
    return 2 * loss.scale
