"""Laws on the nodes of a quadrature: gaps, proximal Gibbs measures, the entropy sandwich, the law of the Euler scheme.

With V_q = δF/δq = (1/n) Σ ℓ′(E_q h_i) h_i + λ₁‖θ‖² the proximal Gibbs measure is p_q ∝ exp(−V_q/λ₂), and
λ₂KL(q‖q*) ≤ L(q) − L(q*) ≤ λ₂KL(q‖p_q) = L(q) − D(g_q). A law is an array (..., G) of node probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gibbs import Quadrature, QuadratureError

Array = npt.NDArray[np.float64]
_MASS_ERROR = 1e-9
_COARSEST_STEP = 1.25  # nodes a standard deviation of the noise; the trapezoid rule is then off by e^(−31)


def require_law(quadrature: Quadrature, q: Array) -> None:
    """Raise ValueError unless q (..., G) are probabilities of the nodes: a cloud of particles has no entropy."""
    nodes = len(quadrature.nodes)
    if q.shape[-1:] != (nodes,) or not np.all(q >= 0) or np.max(np.abs(q.sum(axis=-1) - 1)) > _MASS_ERROR:
        raise ValueError(
            f"expected probabilities of the {nodes} nodes, got an array of shape {q.shape}: a cloud of particles has no"
            " entropy and so no objective, take the dual suboptimality of its predictions"
        )


def coefficients(quadrature: Quadrature, q: Array) -> Array:
    """Return g_i = ℓ′(E_q h_i, y_i), shape (..., n)."""
    return quadrature.problem.loss.slope(q @ quadrature.neurons, quadrature.problem.labels)


def proximal(quadrature: Quadrature, q: Array) -> Array:
    """Return the proximal Gibbs measure p_q, shape (..., G)."""
    return quadrature.gibbs(coefficients(quadrature, q))


def divergence(q: Array, p: Array) -> Array:
    """Return KL(q‖p) (...) as a sum of terms that are not negative, so that it is accurate next to p."""
    positive = np.maximum(p, np.finfo(float).tiny)
    ratio = (q - p) / positive
    small = np.abs(ratio) < 1e-4
    safe = np.where(small, 1.0, ratio)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.where(safe > -1, (1 + safe) * np.log1p(np.maximum(safe, -1.0)) - safe, 1.0)
    series = ratio * ratio * (0.5 - ratio / 6 + ratio * ratio / 12)
    return np.asarray(np.sum(positive * np.where(small, series, exact), axis=-1))


def gap(quadrature: Quadrature, q: Array) -> Array:
    """Return L(q) − L(q*) (...), as λ₂KL(q‖q*) plus Bregman divergences of the losses: neither cancels."""
    require_law(quadrature, q)
    p, best = quadrature.problem, quadrature.optimum
    bregman = p.loss.conjugate_divergence(best, coefficients(quadrature, q), p.labels)
    return np.asarray(p.temperature * divergence(q, quadrature.gibbs(best)) + np.mean(bregman, axis=-1))


@dataclass(frozen=True, eq=False)
class Sandwich:
    """The two bounds of a gap, and the gap: each of shape (...)."""

    lower: Array
    gap: Array
    upper: Array

    @classmethod
    def of(cls, quadrature: Quadrature, q: Array) -> Sandwich:
        """Return λ₂KL(q‖q*), L(q) − L(q*) and λ₂KL(q‖p_q)."""
        between, heat = gap(quadrature, q), quadrature.problem.temperature
        lower = heat * divergence(q, quadrature.gibbs(quadrature.optimum))
        return cls(lower, between, heat * divergence(q, proximal(quadrature, q)))


def primal_dual_difference(quadrature: Quadrature, q: Array) -> Array:
    """Return L(q) − D(g_q) (...) from both definitions, a plain difference: what MF duality says is λ₂KL(q‖p_q)."""
    require_law(quadrature, q)
    return np.asarray(quadrature.objective(q) - quadrature.dual(coefficients(quadrature, q)))


def refined(quadrature: Quadrature, factor: int, half_width: float | None = None) -> Quadrature:
    """Return a one-dimensional quadrature with a `factor` times finer grid, cut at `half_width` if that is given."""
    require_line(quadrature)
    spacing = quadrature.volume / factor
    reach = float(quadrature.nodes[-1, 0]) if half_width is None else half_width
    count = int(np.ceil(reach / spacing - 1e-9))
    nodes: Array = np.arange(-count, count + 1, dtype=np.float64)[:, np.newaxis] * spacing
    return Quadrature(quadrature.problem, nodes, spacing)


def require_line(quadrature: Quadrature) -> None:
    """Raise QuadratureError for laws that are not on a line."""
    if quadrature.problem.dimension != 1:
        raise QuadratureError(
            f"laws on a grid are for neurons of one parameter, got {quadrature.problem.dimension}: use particles, or"
            " the linear neuron, which has closed forms"
        )


def euler_kernel(quadrature: Quadrature, g: Array, step_size: float) -> Array:
    """Return the transition (G, G) of θ − η∇V(θ) + √(2λ₂η) ξ, columns from, for frozen coefficients g (n,).

    QuadratureError where the noise of a step is too narrow for the grid.
    """
    require_line(quadrature)
    nodes, p = quadrature.nodes[:, 0], quadrature.problem
    width = float(np.sqrt(2 * p.temperature * step_size))
    if width < _COARSEST_STEP * quadrature.volume:
        raise QuadratureError(
            f"the noise of a step has the width {width:.3g}, too narrow for a grid of spacing {quadrature.volume:.3g}:"
            " refine the grid, or take larger steps"
        )
    arrival = nodes - step_size * p.drift(quadrature.nodes, g)[:, 0]
    kernel = np.exp(-((nodes[:, np.newaxis] - arrival) ** 2) / (2 * width**2))
    return np.asarray(kernel / kernel.sum(axis=0))


def stationary_law(quadrature: Quadrature, step_size: float) -> Array:
    """Return the stationary law (G,) of the Euler scheme with infinitely many particles.

    Newton's method on g = ℓ′(E h) with the Jacobian of the continuous time limit. ArithmeticError if it stalls.
    """
    p, g = quadrature.problem, quadrature.optimum
    response = np.diag(p.loss.curvature(quadrature.predictions(g), p.labels)) @ quadrature.covariance(g)
    jacobian = np.eye(p.size) + response / (p.size * p.temperature)
    for _ in range(100):
        q = frozen_stationary_law(quadrature, g, step_size)
        residual = coefficients(quadrature, q) - g
        if np.max(np.abs(residual)) < 1e-13 * (1 + np.max(np.abs(g))):
            return q
        g = g + np.linalg.solve(jacobian, residual)
    raise ArithmeticError(f"no stationary law was found for the step size {step_size:g}: take smaller steps")


def frozen_stationary_law(quadrature: Quadrature, g: Array, step_size: float) -> Array:
    """Return the stationary law (G,) of the Euler scheme whose coefficients g (n,) never change."""
    return _fixed_vector(euler_kernel(quadrature, g, step_size))


def _fixed_vector(kernel: Array) -> Array:
    """Return the probability vector that a column-stochastic matrix leaves as it is."""
    system = kernel - np.eye(len(kernel))
    system[len(kernel) // 2] = 1.0  # the mass; the columns of the others sum to zero with the row replaced
    q = np.linalg.solve(system, np.eye(len(kernel))[len(kernel) // 2])
    q = np.maximum(q, 0.0)
    return np.asarray(q / q.sum())
