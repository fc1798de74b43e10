"""Mean-field Langevin dynamics as it runs: N interacting particles and Euler steps.

θ_r ← θ_r − η ((1/n) Σ ℓ′(z_i, y_i) ∇h_i(θ_r) + 2λ₁θ_r) + √(2λ₂η) ξ_r with z_i = (1/N) Σ_r h_i(θ_r), all particles at
once: N times the gradient of the averaged network. The sum over data may be a mini-batch (SGD), or one corrected by an
anchor that is refreshed now and then (SVRG).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.gibbs import Quadrature
from dltheory.meanfield.log_sobolev import TANH_CURVATURE
from dltheory.meanfield.neurons import Linear, Tanh, TwoLayerTanh
from dltheory.meanfield.particles_loop import Estimate, cloud_of, interacting, landed
from dltheory.meanfield.particles_loop import Gradients as Gradients
from dltheory.meanfield.particles_native import Step
from dltheory.meanfield.problem import MeanFieldProblem

if TYPE_CHECKING:
    from dltheory.meanfield.particles_loop import Noise

Array = npt.NDArray[np.float64]


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
        """Raise ValueError for η ≥ 2/L with L the Lipschitz constant of the drift, or for a loss that is not convex."""
        problem.require_convex()
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
        raise ValueError(
            f"no Lipschitz constant is known for neurons {type(p.neuron).__name__}, which the theorem for steps needs:"
            " use tanh neurons instead of ReLU, or linear ones, whose laws are Gaussian"
        )
    return 2 * p.l2 + float(np.mean(p.loss.largest_slope * bend + curvature * steep))


def run(
    problem: MeanFieldProblem, method: MeanFieldLangevin, theta: Array, generator: Noise, times: Sequence[int], *,
    steps: int | None = None, batches: np.random.Generator | None = None, device: str = "cpu", dtype: str = "float64",
) -> Cloud:  # fmt: skip
    """Run from particles `theta` (N, p) and keep what the network says at the numbers of steps `times` (K,).

    The run ends after `steps`, by default at the last of the times. `generator` is of numpy, or of torch on the device;
    mini-batches are drawn from `batches`, by default from the same.
    """
    method.require_stable(problem)
    if batches is None:
        batches = _batches(method, generator)
    cloud, gain = cloud_of(problem, theta, device, dtype), method.step_size * method.speed
    step = Step(1 - 2 * method.shrink * problem.l2 * gain, math.sqrt(2 * problem.temperature * method.heat * gain))
    estimate = Estimate(method.gradients, method.batch, method.refresh, method.frozen)
    last = max(times) if steps is None else steps
    predictions = interacting(cloud, estimate, gain, step, generator, batches, times, last)
    return Cloud(problem, landed(cloud, method.step_size), predictions)


def _batches(method: MeanFieldLangevin, noise: Noise) -> np.random.Generator:
    """Return the generator of the noise as that of mini-batches too; full gradients need none."""
    if isinstance(noise, np.random.Generator):
        return noise
    if method.gradients != "full":
        raise ValueError("mini-batches are drawn by numpy: give `batches` where the noise is drawn by torch")
    return np.random.default_rng(0)


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
