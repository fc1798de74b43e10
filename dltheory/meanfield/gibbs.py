"""Gibbs measures p[g] ∝ exp(−((1/n) Σ g_i h_i + λ₁‖θ‖²)/λ₂) by quadrature, and the dual problem that they solve.

With R(q) = λ₁E‖θ‖² + λ₂E log q, the primal is P(q) = (1/n) Σ ℓ_i(E_q h_i) + R(q) and the dual is
D(g) = −(1/n) Σ ℓ*_i(g_i) − λ₂ log Z(g), g ∈ R^n. Everything here is a function of n numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]
_NEGLIGIBLE = 38.0  # e^−38 is below the rounding of a sum that is 1
_LARGEST_GRID = 2**21
_LARGEST_EXPONENT = 600.0
_PROBES = 8


class QuadratureError(ValueError):
    """No grid of a reasonable size is accurate; the message is one sentence that says why."""


@dataclass(frozen=True, eq=False)
class Quadrature:
    """A problem on `nodes` (G, p) of a uniform grid of cell volume `volume`.

    The trapezoid rule converges faster than any power of the spacing for these integrands, which are analytic
    and decay like a Gaussian. Leading axes of coefficients g (..., n) are batches.
    """

    problem: MeanFieldProblem
    nodes: Array
    volume: float

    @classmethod
    def of(cls, problem: MeanFieldProblem, tolerance: float = 1e-13, largest: float | None = None) -> Quadrature:
        """Return the coarsest grid, by doubling, whose log Z and means agree with those of twice its resolution.

        Checked at coefficients up to ±`largest` (the largest slope of the loss unless given) in eight patterns
        of signs. QuadratureError for p > 2, for unbounded neurons, or where 2^21 nodes do not reach it.
        """
        if problem.dimension > 2:
            raise QuadratureError(
                f"quadrature is for neurons of one or two parameters, got {problem.dimension}: use the dual"
                " suboptimality of particles, or the linear neuron, which has closed forms"
            )
        if not math.isfinite(problem.neuron.bound):
            raise QuadratureError("an unbounded neuron has no domain fixed beforehand: use the Gaussian closed forms")
        reach = problem.loss.largest_slope if largest is None else largest
        tilt = 2 * reach * problem.neuron.bound / problem.temperature
        half_width = math.sqrt(problem.temperature / problem.l2 * (_NEGLIGIBLE + tilt))
        spacing = math.sqrt(problem.temperature / (2 * problem.l2)) / 2
        probes = _sign_patterns(problem.size) * reach
        coarse = cls._uniform(problem, half_width, spacing)
        while True:
            spacing /= 2
            if (2 * half_width / spacing) ** problem.dimension > _LARGEST_GRID:
                raise QuadratureError(
                    f"{len(coarse.nodes)} nodes are not enough for a temperature of {problem.temperature:g}:"
                    " raise it, or make the inputs smaller"
                )
            fine = cls._uniform(problem, half_width, spacing)
            change = max(
                float(np.max(np.abs(fine.log_partition(probes) - coarse.log_partition(probes)))),
                float(np.max(np.abs(fine.predictions(probes) - coarse.predictions(probes)))),
            )
            if change <= tolerance * max(1.0, tilt):
                return coarse
            coarse = fine

    @classmethod
    def _uniform(cls, problem: MeanFieldProblem, half_width: float, spacing: float) -> Quadrature:
        count = math.ceil(half_width / spacing)
        axis = np.arange(-count, count + 1) * spacing
        axes = np.meshgrid(*[axis] * problem.dimension, indexing="ij")
        return cls(problem, np.stack([a.ravel() for a in axes], axis=1), spacing**problem.dimension)

    @cached_property
    def neurons(self) -> Array:
        """h_i at the nodes, shape (G, n)."""
        return self.problem.values(self.nodes)

    @cached_property
    def norms(self) -> Array:
        """‖θ‖² at the nodes, shape (G,)."""
        return np.asarray(np.sum(self.nodes**2, axis=1))

    def exponent(self, g: Array) -> Array:
        """Return log of the unnormalised density of p[g] at the nodes, shape (..., G)."""
        p = self.problem
        return np.asarray(-(g @ self.neurons.T / p.size + p.l2 * self.norms) / p.temperature)

    def log_partition(self, g: Array) -> Array:
        """Return log Z(g), shape (...)."""
        return np.asarray(logsumexp(self.exponent(g), axis=-1) + math.log(self.volume))

    def gibbs(self, g: Array, cooling: float | Array = 1.0) -> Array:
        """Return the probabilities of the nodes under p[g]^cooling, normalised, shape (..., G).

        `cooling` (scalar, or of the shape of the batch) is an inverse temperature relative to λ₂.
        """
        exponent = np.asarray(cooling)[..., np.newaxis] * self.exponent(g)
        weights = np.exp(exponent - exponent.max(axis=-1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))

    def predictions(self, g: Array, cooling: float | Array = 1.0) -> Array:
        """Return z_i = E h_i under p[g]^cooling, shape (..., n)."""
        return np.asarray(self.gibbs(g, cooling) @ self.neurons)

    def covariance(self, g: Array) -> Array:
        """Return Cov(h_i, h_j) under p[g], shape (n, n), for one g (n,)."""
        weights = self.gibbs(g)
        centred = self.neurons - weights @ self.neurons
        return np.asarray((centred * weights[:, np.newaxis]).T @ centred)

    def objective(self, probabilities: Array) -> Array:
        """Return L(q) for node probabilities (..., G) of a density, entropy included, shape (...)."""
        p = self.problem
        risk = np.mean(p.loss.value(probabilities @ self.neurons, p.labels), axis=-1)
        log_density = np.log(np.maximum(probabilities, np.finfo(float).tiny)) - math.log(self.volume)
        entropy = np.sum(probabilities * log_density, axis=-1)
        return np.asarray(risk + p.l2 * (probabilities @ self.norms) + p.temperature * entropy)

    def dual(self, g: Array) -> Array:
        """Return D(g), shape (...)."""
        p = self.problem
        return np.asarray(-np.mean(p.loss.conjugate(g, p.labels), axis=-1) - p.temperature * self.log_partition(g))

    def duality_gap(self, g: Array) -> Array:
        """Return P(p[g]) − D(g) = (1/n) Σ (ℓ_i(z_i) + ℓ*_i(g_i) − g_i z_i) ≥ 0, without any entropy, shape (...)."""
        p = self.problem
        z = self.predictions(g)
        return np.asarray(np.mean(p.loss.value(z, p.labels) + p.loss.conjugate(g, p.labels) - g * z, axis=-1))

    @cached_property
    def optimum(self) -> Array:
        """g* (n,), the maximiser of the dual, by Newton's method with step halving, to rounding.

        ∇D = (z − ℓ*′(g))/n and −n ∇²D = Cov/(nλ₂) + diag ℓ*″, so that n numbers and one n × n system a step do.
        ArithmeticError if it does not converge.
        """
        p = self.problem
        g = p.loss.slope(np.zeros(p.size), p.labels)
        value = float(self.dual(g))
        for _ in range(100):
            residual = self.predictions(g) - p.loss.conjugate_slope(g, p.labels)
            if np.max(np.abs(residual)) <= 1e-14 * (1 + np.max(np.abs(g))):
                return g
            hessian = self.covariance(g) / (p.size * p.temperature)
            hessian[np.diag_indices(p.size)] += p.loss.conjugate_curvature(g, p.labels)
            step = np.linalg.solve(hessian, residual)
            size, slack = 1.0, 1e-15 * (1 + abs(value))
            while size > 1e-10 and not float(self.dual(g + size * step)) >= value - slack:
                size /= 2
            if size <= 1e-10 or np.max(np.abs(step)) <= 4e-16 * (1 + np.max(np.abs(g))):
                break
            g = g + size * step
            value = float(self.dual(g))
        if np.max(np.abs(self.predictions(g) - p.loss.conjugate_slope(g, p.labels))) > 1e-11:
            raise ArithmeticError("Newton's method on the dual did not converge")
        return g

    @cached_property
    def best(self) -> float:
        """L(q*) = D(g*), the optimal value."""
        return float(self.dual(self.optimum))

    def dual_suboptimality(self, g: Array) -> Array:
        """Return D(g*) − D(g) ≥ 0 from differences that do not cancel, shape (...).

        λ₂ log Z(g) − λ₂ log Z(g*) = λ₂ log E* exp(−Δ/λ₂) with Δ = (1/n) Σ (g − g*)_i (h_i − z*_i), since the
        terms linear in g − g* vanish at the optimum; the Bregman divergences of the conjugates are left.
        """
        p, best = self.problem, self.optimum
        weights, z = self.gibbs(best), self.predictions(best)
        tilt = -((g - best) @ (self.neurons - z).T) / (p.size * p.temperature)
        if np.max(tilt) < _LARGEST_EXPONENT:
            grown = np.log1p((np.expm1(tilt) - tilt) @ weights)
        else:
            grown = logsumexp(tilt + np.log(np.maximum(weights, np.finfo(float).tiny)), axis=-1)
        divergence = np.mean(p.loss.conjugate_divergence(g, best, p.labels), axis=-1)
        return np.asarray(p.temperature * grown + divergence)


def _sign_patterns(size: int) -> Array:
    """Return rows of ±1 (P, n): all alike, alternating, halves and their refinements, so that tilts are extreme."""
    i = np.arange(size)
    rows = [np.ones(size)] + [1.0 - 2.0 * ((i >> k) & 1) for k in range(_PROBES // 2 - 1)]
    return np.concatenate([rows, [-row for row in rows]])
