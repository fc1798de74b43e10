"""Mean-field Langevin dynamics as it runs: N interacting particles and Euler steps.

θ_r ← θ_r − η ((1/n) Σ ℓ′(z_i, y_i) ∇h_i(θ_r) + 2λ₁θ_r) + √(2λ₂η) ξ_r with z_i = (1/N) Σ_r h_i(θ_r), all particles at
once: N times the gradient of the averaged network. The sum over data may be a mini-batch (SGD), or one corrected by an
anchor that is refreshed now and then (SVRG).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.log_sobolev import TANH_CURVATURE
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]
Gradients = Literal["full", "sgd", "svrg"]


@dataclass(frozen=True)
class MeanFieldLangevin:
    """Step size η and the estimate of the gradient: `batch` points drawn with replacement, an anchor every `refresh`.

    The other fields are what an implementation may get wrong: `heat` multiplies the temperature of the noise,
    `shrink` the drift −2λ₁θ, `speed` gradient and noise (1/N: the averaged network's own gradient), and `frozen`
    keeps the coefficients of the first step.
    """

    step_size: float
    gradients: Gradients = "full"
    batch: int = 1
    refresh: int = 1
    heat: float = 1.0
    shrink: float = 1.0
    speed: float = 1.0
    frozen: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.step_size < math.inf:
            raise ValueError(f"the step size must be positive and finite, got {self.step_size}")
        if self.gradients not in ("full", "sgd", "svrg"):
            raise ValueError(f"gradients are full, sgd or svrg, got {self.gradients!r}")
        if self.batch < 1 or self.refresh < 1:
            raise ValueError(f"batch and refresh must be at least 1, got {self.batch} and {self.refresh}")
        if self.heat < 0 or self.shrink < 0 or self.speed <= 0:
            raise ValueError("heat and shrink must not be negative, and speed must be positive")

    def require_stable(self, problem: MeanFieldProblem) -> None:
        """Raise ValueError for η ≥ 2/L with L the Lipschitz constant of the drift."""
        limit = 2 / (lipschitz(problem) * self.speed)
        if self.step_size >= limit:
            raise ValueError(
                f"the step size {self.step_size:g} is not below 2/L = {limit:g}, L the Lipschitz constant of the drift:"
                " take smaller steps"
            )


def lipschitz(problem: MeanFieldProblem) -> float:
    """Return a bound of the Lipschitz constant of the drift of all particles together; ValueError for unknown neurons.

    2λ₁ + C₁ sup‖∇²h‖ + ℓ″ sup‖∇h‖², averaged over the data, for tanh neurons; exact for linear ones with the squared
    loss.
    """
    p = problem
    curvature = 1 / p.loss.gamma
    if isinstance(p.neuron, Linear):
        return 2 * p.l2 + curvature * float(np.linalg.eigvalsh(p.inputs.T @ p.inputs / p.size)[-1])
    square = np.sum(p.inputs**2, axis=1)
    if isinstance(p.neuron, Tanh):
        bend, steep = TANH_CURVATURE * square, square
    elif isinstance(p.neuron, TwoLayerTanh):
        steep = np.maximum(square, 1.0)
        bend = TANH_CURVATURE * steep + np.sqrt(square)
    else:
        raise ValueError(f"no Lipschitz constant is known for neurons {type(p.neuron).__name__}")
    return 2 * p.l2 + float(np.mean(p.loss.largest_slope * bend + curvature * steep))


def run(
    problem: MeanFieldProblem, method: MeanFieldLangevin, theta: Array, generator: np.random.Generator,
    times: Sequence[int],
) -> Cloud:  # fmt: skip
    """Run from particles `theta` (N, p) and keep what the network says at the numbers of steps `times` (K,)."""
    if theta.ndim != 2 or theta.shape[1] != problem.dimension or not np.all(np.isfinite(theta)):
        raise ValueError(f"expected finite particles (N, {problem.dimension}), got shape {theta.shape}")
    method.require_stable(problem)
    wanted = {int(t): k for k, t in enumerate(times)}
    predictions = np.empty((len(wanted), problem.size))
    noise = math.sqrt(2 * problem.temperature * method.heat * method.step_size * method.speed)
    estimate = _Estimate(problem, method, generator)
    for step in range(max(wanted) + 1):
        h = problem.values(theta)
        if step in wanted:
            predictions[wanted[step]] = h.mean(axis=0)
        if step < max(wanted):
            moved = theta - method.step_size * method.speed * estimate.at(step, theta, h)
            theta = moved + noise * generator.standard_normal(theta.shape)
    return Cloud(problem, theta, predictions)


@dataclass(frozen=True, eq=False)
class Cloud:
    """Particles `theta` (N, p) at the last time, and `predictions` (K, n) of the network at all of them."""

    problem: MeanFieldProblem
    theta: Array
    predictions: Array

    @property
    def coefficients(self) -> Array:
        """g_i = ℓ′(z_i, y_i) at all times, shape (K, n)."""
        return self.problem.loss.slope(self.predictions, self.problem.labels)

    def dual_suboptimality(self, quadrature: Quadrature) -> Array:
        """Return D(g*) − D(g_Θ) at all times, shape (K,)."""
        return quadrature.dual_suboptimality(self.coefficients)

    def objective(self) -> NoReturn:
        """Refuse: a cloud has no entropy."""
        raise ValueError(
            "the objective of a particle cloud is not defined, an empirical measure has no entropy: take the dual"
            " suboptimality of its predictions"
        )


@dataclass(frozen=True, eq=False)
class _Anchor:
    """Where SVRG last took a full gradient: particles, coefficients and the drift of the data there."""

    theta: Array
    coefficients: Array
    pull: Array


class _Estimate:
    """The drift at every step; it remembers SVRG's anchor and the coefficients of a frozen run."""

    def __init__(self, problem: MeanFieldProblem, method: MeanFieldLangevin, generator: np.random.Generator) -> None:
        self._problem, self._method, self._generator = problem, method, generator
        self._first: Array | None = None
        self._anchor: _Anchor | None = None

    def at(self, step: int, theta: Array, h: Array) -> Array:
        """Return the drift (N, p) at particles theta, whose neurons are h (N, n)."""
        p, method = self._problem, self._method
        g = p.loss.slope(h.mean(axis=0), p.labels)
        if method.frozen:
            self._first = g if self._first is None else self._first
            g = self._first
        prior = 2 * method.shrink * p.l2 * theta
        if method.gradients == "full":
            return prior + self._pull(theta, g)
        counts = np.bincount(self._generator.integers(p.size, size=method.batch), minlength=p.size)
        weights = counts * (p.size / method.batch)
        if method.gradients == "sgd":
            return prior + self._pull(theta, weights * g)
        if self._anchor is None or step % method.refresh == 0:
            self._anchor = _Anchor(theta, g, self._pull(theta, g))
        anchor = self._anchor
        there = self._pull(anchor.theta, weights * anchor.coefficients)
        return prior + self._pull(theta, weights * g) - there + anchor.pull

    def _pull(self, theta: Array, g: Array) -> Array:
        """Return (1/n) Σ g_i ∇h_i at every particle."""
        p = self._problem
        return p.neuron.pull_back(theta, p.inputs, p.shifts, g / p.size)
