"""The inner loop of particle dual averaging: step sizes and lengths of Langevin dynamics towards a frozen potential.

An inner loop runs θ ← θ − η ∇ḡ(θ) + √(2η) ξ; the temperature is inside ḡ. Its accuracy is in relative entropy.

Source: the bound KL_k ≤ e^(−αηk) KL_0 + 8ηpL²/α for η ≤ α/(4L²), Vempala & Wibisono 2019, recalled.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]
_USELESS = 1e-12


@dataclass(frozen=True)
class InnerLoop:
    """η_t = step_size (t+1)^−step_power and T_t = ⌈length (t+1)^length_power (1 + log_weight log(t+1))⌉."""

    step_size: float
    length: float
    step_power: float = 2.0
    length_power: float = 2.0
    log_weight: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.step_size < math.inf:
            raise ValueError(f"the step size of the inner loop must be positive and finite, got {self.step_size}")
        if not 0 < self.length < math.inf:
            raise ValueError(f"an inner loop makes at least one step: its length must be positive, got {self.length}")

    @classmethod
    def from_theory(
        cls, *, lsi: float, lipschitz: float, dimension: int, divergence: float = 1.0, warm: bool = True,
        accuracy_power: float = 2.0,
    ) -> InnerLoop:  # fmt: skip
        """Return the schedule that makes KL ≤ δ_t = (t+1)^−2: η_t = αδ_t/(16pL²), T_t = ⌈log(2KL₀/δ_t)/(αη_t)⌉.

        `lsi` is α in KL ≤ E‖∇log‖²/(2α) and `lipschitz` L that of ∇ḡ, both for every t. The start is KL₀ =
        `divergence`, or with `warm` `divergence`·(t+1)^−2, which a start at the previous particles gives: the
        logarithm is then a constant. `accuracy_power` is the 2 of δ_t. ValueError where the neuron's gradient is
        not Lipschitz or α is not positive.
        """
        if not 0 < lipschitz < math.inf:
            raise ValueError(
                f"the theory's step size needs a Lipschitz gradient, got a constant of {lipschitz}:"
                " use a smooth activation such as tanh instead of ReLU"
            )
        if not 0 < lsi <= lipschitz:
            raise ValueError(f"the log-Sobolev constant must lie in (0, L] with L = {lipschitz:g}, got {lsi}")
        if dimension < 1 or not divergence >= 1:
            raise ValueError(f"expected a dimension and a divergence of at least 1, got {dimension} and {divergence}")
        step_size = lsi / (16 * dimension * lipschitz**2)
        logarithm = math.log(2 * divergence)
        return cls(
            step_size, logarithm / (lsi * step_size), accuracy_power, accuracy_power,
            0.0 if warm else accuracy_power / logarithm,
        )  # fmt: skip

    def step_sizes(self, t: Array) -> Array:
        """Return η_t at outer iterations t, shape of t."""
        return np.asarray(self.step_size * (t + 1.0) ** -self.step_power)

    def steps(self, t: Array) -> Array:
        """Return T_t at outer iterations t, whole numbers as floats (they exceed 2^63), shape of t."""
        grown = self.length * (t + 1.0) ** self.length_power * (1 + self.log_weight * np.log(t + 1.0))
        return np.asarray(np.maximum(1.0, np.ceil(grown)))

    def total_steps(self, outer: int) -> Array:
        """Return Σ_{s≤t} T_s for t = 1 … `outer`, shape (outer,): steps of every particle."""
        return np.asarray(np.cumsum(self.steps(np.arange(1.0, outer + 1))))

    def require_stable(self, lipschitz: float) -> None:
        """Refuse a step size at which Langevin dynamics with an L-Lipschitz gradient may be unstable, η ≥ 1/L."""
        largest = float(self.step_sizes(np.ones(1))[0])
        if largest * lipschitz >= 1:
            raise ValueError(
                f"the inner loop is unstable: its step size {largest:.4g} must stay below 1/L = {1 / lipschitz:.4g}"
            )

    def neuron_gradients(self, outer: int, particles: int, points: int | None = None) -> float:
        """Return Σ_t T_t · M · min(t, n), the neuron gradients of a run; `points` None where every example is fresh."""
        t = np.arange(1.0, outer + 1)
        active = t if points is None else np.minimum(t, points)
        return float(particles * np.sum(self.steps(t) * active))


def holley_stroock(problem: MeanFieldProblem) -> float:
    """Return the certified α = 2c e^(−2B), c = λ₁/(3λ₂), B = sup|ℓ′h|/λ₂, good for every outer iteration.

    It is astronomically small for a small λ₂ and warns then: pass the constant of the actual potential instead.
    """
    if not math.isfinite(problem.neuron.bound):
        raise ValueError("an unbounded neuron is no bounded perturbation: its log-Sobolev constant has no such bound")
    reach = problem.loss.largest_slope * problem.neuron.bound / problem.temperature
    alpha = 2 * problem.l2 / (3 * problem.temperature) * math.exp(-2 * reach)
    if alpha < _USELESS:
        warnings.warn(
            f"the certified log-Sobolev constant is {alpha:.1e} at λ₂ = {problem.temperature:g}, of no use for a"
            " step size: take the constant of the actual potential",
            stacklevel=2,
        )
    return alpha
