"""Dual coordinate ascent with particles: importance weights between refreshes by Langevin dynamics.

After g_i ← g_i + Δ the log-weight of θ_m changes by −Δ h_i(θ_m)/(nλ₂), and z_i is estimated by Σ w h_i/Σ w. A step
costs O(M) whatever n; a refresh, every ñ steps, costs K·M·n neuron gradients and sets the weights back to 1.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.meanfield import particles
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, Indices, Refresh, require_coordinates
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]
_FEW = 0.1  # effective sample size, as a share of M, below which an estimate of z_i is hardly one


@dataclass(frozen=True, eq=False)
class ParticleRun:
    """Particles `theta` (M, p) with `log_weights` (M,) and coefficients `g` (n,), at the end of a run.

    `coefficients` (K, n) are those at the times asked for; `effective` is the smallest effective sample size seen, as a
    share of M; `neuron_gradients` counts those of the refreshes.
    """

    theta: Array
    log_weights: Array
    g: Array
    coefficients: Array
    effective: float
    neuron_gradients: int

    def predictions(self, problem: MeanFieldProblem) -> Array:
        """Return the weighted estimates of z (n,)."""
        weights = np.exp(self.log_weights - self.log_weights.max())
        return particles.predictions(problem, self.theta, weights / weights.sum())

    def certificate(self, problem: MeanFieldProblem) -> float:
        """Return the estimate of P(p[g]) − D(g) = (1/n) Σ (ℓ_i(z_i) + ℓ*_i(g_i) − g_i z_i), without any entropy."""
        z, loss = self.predictions(problem), problem.loss
        return float(np.mean(loss.value(z, problem.labels) + loss.conjugate(self.g, problem.labels) - self.g * z))


def initial_particles(problem: MeanFieldProblem, particles: int, generator: np.random.Generator) -> Array:
    """Return particles (M, p) of p[0] = N(0, (λ₂/2λ₁)I)."""
    if particles < 1:
        raise ValueError(f"an update needs at least one particle, got {particles}")
    scale = (problem.temperature / (2 * problem.l2)) ** 0.5
    return np.asarray(scale * generator.standard_normal((particles, problem.dimension)))


def run(
    problem: MeanFieldProblem, ascent: DualCoordinateAscent, theta: Array, coordinates: Indices,
    generator: np.random.Generator, times: Array,
) -> ParticleRun:  # fmt: skip
    """Run from g = 0 and particles `theta` (M, p) of p[0] along coordinates (T,), and keep g at `times` in 0 … T.

    Warns, once, where the effective sample size falls below a tenth of M.
    """
    refresh = ascent.refresh
    if refresh is None:
        raise ValueError("particles need a refresh: give DualCoordinateAscent one, such as Refresh.from_theory")
    if theta.ndim != 2 or theta.shape[1] != problem.dimension:
        raise ValueError(f"expected particles (M, p) with p = {problem.dimension}, got shape {theta.shape}")
    require_coordinates(problem, ascent, coordinates)
    slope, rows = -ascent.tilt / (problem.size * problem.temperature), positions(times, 0, ascent.outer)
    g, coefficients = np.zeros(problem.size), np.zeros((len(times), problem.size))
    log_weights, weights, effective, refreshes = np.zeros(len(theta)), np.ones(len(theta)), 1.0, 0
    for t in range(1, ascent.outer + 1):
        i = int(coordinates[t - 1])
        neurons = _neurons(problem, theta, i)
        z = weights @ neurons / weights.sum()
        change = float(ascent.change(problem, g[i], z, i))
        g[i] += change
        if t % refresh.period == 0:
            theta = _refreshed(problem, ascent.tilt * g, theta, refresh, generator)
            log_weights, weights, refreshes = np.zeros(len(theta)), np.ones(len(theta)), refreshes + 1
        elif refresh.weighted:
            log_weights += slope * change * neurons
            weights = np.exp(log_weights - log_weights.max())
            effective = min(effective, effective_share(weights))
        if t in rows:
            coefficients[rows[t]] = g
    if effective < _FEW:
        warnings.warn(
            f"the effective sample size fell to {effective:.2g} of {len(theta)} particles: refresh more often than"
            f" every {refresh.period} steps, or raise λ₂ = {problem.temperature:g}",
            stacklevel=2,
        )
    cost = refreshes * refresh.steps * len(theta) * problem.size
    return ParticleRun(theta, log_weights, g, coefficients, effective, cost)


def effective_share(weights: Array) -> float:
    """Return (Σ w)²/(M Σ w²), the effective sample size as a share of M particles."""
    return float(weights.sum() ** 2 / (len(weights) * (weights @ weights)))


def _refreshed(
    problem: MeanFieldProblem, g: Array, theta: Array, refresh: Refresh, generator: np.random.Generator
) -> Array:
    moved = particles.langevin(
        problem, theta, g, step_size=refresh.step_size, steps=refresh.steps, noise=generator,
        scale_drift=1 / problem.temperature,
    )  # fmt: skip
    return np.asarray(moved)


def _neurons(problem: MeanFieldProblem, theta: Array, i: int) -> Array:
    """Return h_i(θ_m) of one data point, shape (M,): a matrix (M, n) would cost more to make than it is used."""
    inputs, offsets = problem.inputs[i : i + 1], problem.shifts[i : i + 1]
    return problem.neuron.values(theta, inputs, offsets)[:, 0]
