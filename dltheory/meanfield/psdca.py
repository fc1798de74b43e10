"""Particle stochastic dual coordinate ascent: one coefficient of the Gibbs measure at a time, exponentially fast.

The dual D(g) = −(1/n) Σ ℓ*_i(g_i) − λ₂ log Z(g) is raised one coordinate i at a time, drawn uniformly, by
g_i ← argmax_{g'} −ℓ*_i(g') + g' z_i − V (g' − g_i)²/(2nλ₂), where z_i = E h_i under p[g] and V bounds Var(h_i), so
that the last term bounds the curvature of λ₂ log Z. Then E[D* − D(g_t)] ≤ (1 − 1/κ)^t (D* − D(g_0)) and the expected
duality gap is at most κ times that, with κ = n + V/(γλ₂).

Source: K. Oko, T. Suzuki, A. Nitanda, D. Wu, ICLR 2022; the abstract was read, rate and gap are derived.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Step = Literal["maximise", "safe"]
Order = Literal["uniform", "cyclic", "half"]


@dataclass(frozen=True)
class Refresh:
    """Every `period` outer steps the particles make `steps` Langevin steps of `step_size`, from where they are.

    The potential is V_g = ((1/n) Σ g_i h_i + λ₁‖θ‖²)/λ₂. In between they are importance-weighted; for controls,
    `weighted=False` leaves the weights at 1.
    """

    period: int
    step_size: float
    steps: int
    weighted: bool = True

    def __post_init__(self) -> None:
        if self.period < 1 or self.steps < 1:
            raise ValueError(
                f"a refresh has a period and steps of at least 1, got period = {self.period}, steps = {self.steps}"
            )
        if not 0 < self.step_size < math.inf:
            raise ValueError(f"the step size of a refresh must be positive and finite, got {self.step_size}")

    @classmethod
    def from_theory(
        cls, problem: MeanFieldProblem, accuracy: float, *, lsi: float, lipschitz: float, divergence: float = 1.0
    ) -> Refresh:
        """Return η = αδ/(16pL²) and K = ⌈log(2KL₀/δ)/(αη)⌉ with δ = `accuracy`/2 in KL, every n outer steps.

        `lsi` is α in KL ≤ E‖∇log‖²/(2α) and `lipschitz` L that of ∇V_g, `divergence` KL₀ at the start of a refresh.
        By Pinsker predictions are then within √accuracy. Source: Vempala & Wibisono 2019, recalled.
        """
        _require_accuracy(accuracy)
        if not 0 < lsi <= lipschitz < math.inf:
            raise ValueError(f"expected 0 < lsi ≤ lipschitz < ∞, got {lsi} and {lipschitz}")
        target = accuracy / 2
        step_size = lsi * target / (16 * problem.dimension * lipschitz**2)
        steps = math.ceil(math.log(max(2 * divergence / target, math.e)) / (lsi * step_size))
        return cls(problem.size, step_size, steps)


@dataclass(frozen=True)
class DualCoordinateAscent:
    """T = `outer` steps on one coordinate each; `refresh` belongs to particles (None: integrals are exact).

    `step="maximise"` maximises the lower bound of D in the coordinate, `"safe"` moves g_i by s(ℓ'_i(z_i) − g_i),
    s = 1/(1 + V/(nγλ₂)). What the method does not do, for controls: `step_scale` multiplies every step, and `tilt` the
    coefficients in the exponent of the Gibbs measure (n: its 1/n is forgotten).
    """

    outer: int
    step: Step = "maximise"
    refresh: Refresh | None = None
    step_scale: float = 1.0
    tilt: float = 1.0

    def __post_init__(self) -> None:
        if self.outer < 1:
            raise ValueError(f"dual coordinate ascent needs at least one step, got outer = {self.outer}")
        if self.step not in get_args(Step):
            raise ValueError(f"step must be one of {get_args(Step)}, got {self.step!r}")
        for name, value in (("step_scale", self.step_scale), ("tilt", self.tilt)):
            if not 0 < value < math.inf:
                raise ValueError(f"{name} multiplies and must be positive and finite, got {value}")

    @classmethod
    def from_theory(
        cls, problem: MeanFieldProblem, accuracy: float, *, gap: float, refresh: Refresh | None = None,
        particles: int | None = None,
    ) -> DualCoordinateAscent:  # fmt: skip
        """Return T = ⌈κ log(κ gap/accuracy)⌉ steps, after which the expected duality gap is at most `accuracy`.

        `gap` is D* − D(g_0) or a bound of it, such as the duality gap at the start. With a refresh T is twice as
        large: half of the progress pays for the error of sampling (recalled); give the number M of `particles` to have
        an accuracy below their plateau refused.
        """
        _require_accuracy(accuracy)
        if not 0 < gap < math.inf:
            raise ValueError(f"the gap at the start must be positive and finite, got {gap}")
        if particles is not None:
            require_reachable(problem, accuracy, particles)
        kappa = condition_number(problem)
        steps = kappa * math.log(max(kappa * gap / accuracy, math.e))
        return cls(math.ceil(steps * (1 if refresh is None else 2)), refresh=refresh)

    def change(self, problem: MeanFieldProblem, g: Array, z: Array, index: Indices | int) -> Array:
        """Return what is added to coefficients g = g_i with predictions z = z_i of the data points `index`."""
        labels = problem.labels[index]
        if self.step == "safe":
            share = problem.size / condition_number(problem)
            return np.asarray(self.step_scale * share * (problem.loss.slope(z, labels) - g))
        return np.asarray(self.step_scale * (problem.loss.ascent(g, z, labels, step_weight(problem)) - g))


@lru_cache(maxsize=64)
def variance_bound(problem: MeanFieldProblem) -> float:
    """Return V ≥ Var(h_i) under every Gibbs measure: B² for |h| ≤ B, max‖x_i‖² λ₂/(2λ₁) for linear neurons.

    ValueError for other unbounded neurons.
    """
    if isinstance(problem.neuron, Linear):
        return float(np.max(np.sum(problem.inputs**2, axis=1))) * problem.temperature / (2 * problem.l2)
    if not math.isfinite(problem.neuron.bound):
        raise ValueError(
            f"{type(problem.neuron).__name__} is unbounded and the step needs a bound of its variance: use a bounded"
            " neuron such as tanh, or the linear one"
        )
    return problem.neuron.bound**2


def step_weight(problem: MeanFieldProblem) -> float:
    """Return nλ₂/V, the inverse of the largest curvature of nλ₂ log Z in one coefficient."""
    return problem.size * problem.temperature / variance_bound(problem)


def condition_number(problem: MeanFieldProblem) -> float:
    """Return κ = n + V/(γλ₂), γ that of the loss object; ValueError for a loss that is not smooth.

    For neurons of |h| ≤ B it is n + B²/(γλ₂); for linear ones n + max‖x_i‖²/(2λ₁γ), that of ridge regression.
    """
    if not problem.loss.gamma > 0:
        raise ValueError(
            f"{type(problem.loss).__name__} is not smooth (γ = 0), so that n + 1/(γλ₂) is infinite and no exponential"
            " rate is claimed: use a smooth loss, such as the logistic one for the hinge"
        )
    return problem.size + variance_bound(problem) / (problem.loss.gamma * problem.temperature)


def iterations(problem: MeanFieldProblem, accuracy: float, gap: float) -> float:
    """Return κ log(κ gap/accuracy), a bound of the steps to an expected duality gap of `accuracy`, not rounded."""
    kappa = condition_number(problem)
    return kappa * math.log(kappa * gap / accuracy)


def draw_coordinates(
    size: int, outer: int, generators: Sequence[np.random.Generator], order: Order = "uniform"
) -> Indices:
    """Return the coordinates (R, T) of n = `size` data points, one row a generator; the first T do not depend on T.

    `"cyclic"` takes them in turn, in a random order that does not change, `"half"` draws from the first half only.
    """
    if order not in get_args(Order):
        raise ValueError(f"order must be one of {get_args(Order)}, got {order!r}")
    if order == "cyclic":
        return np.stack([generator.permutation(size)[np.arange(outer) % size] for generator in generators])
    drawn_from = size if order == "uniform" else max(1, size // 2)
    return np.stack([generator.integers(drawn_from, size=outer) for generator in generators])


def require_coordinates(problem: MeanFieldProblem, ascent: DualCoordinateAscent, coordinates: Indices) -> None:
    """Refuse coordinates (..., T) that are too few, or that are no data points of the finite sum."""
    if coordinates.shape[-1] < ascent.outer:
        raise ValueError(f"{ascent.outer} steps need as many coordinates, got shape {coordinates.shape}")
    if np.min(coordinates) < 0 or np.max(coordinates) >= problem.size:
        raise ValueError(
            f"coordinates are indices below n = {problem.size}, got {np.max(coordinates)}: a stream of new examples has"
            " no dual with n coefficients, use dual averaging for it"
        )


def plateau_bound(problem: MeanFieldProblem, particles: int) -> float:
    """Return V/(2γM), which bounds the plateau of E[D* − D] with M independent particles an update where K is small."""
    return variance_bound(problem) / (2 * problem.loss.gamma * particles)


def particles_for(problem: MeanFieldProblem, accuracy: float) -> int:
    """Return M = ⌈V/(γ accuracy)⌉, whose plateau is at most half of the accuracy."""
    _require_accuracy(accuracy)
    return math.ceil(variance_bound(problem) / (problem.loss.gamma * accuracy))


def require_reachable(problem: MeanFieldProblem, accuracy: float, particles: int) -> None:
    """Refuse a gap below the plateau of that many particles; the message has the number that reaches it."""
    _require_accuracy(accuracy)
    if accuracy < plateau_bound(problem, particles):
        raise ValueError(
            f"a gap of {accuracy:g} is below the plateau of up to {plateau_bound(problem, particles):.3g} that"
            f" {particles} particles leave: take {particles_for(problem, accuracy)}"
        )


def _require_accuracy(accuracy: float) -> None:
    if not 0 < accuracy < math.inf:
        raise ValueError(f"an accuracy must be positive and finite, got {accuracy}")
