"""Particle dual averaging: an outer loop of dual averaging over laws, an inner loop of Langevin dynamics.

At outer iteration t one example i_t is drawn, the coefficient a_t = t ℓ′(E_{q_t} h_{i_t}) is stored, and the next law
is q_{t+1} ∝ exp(−(2/(λ₂(t+1)(t+2))) Σ_{s≤t} a_s h_{i_s} − (λ₁t/(λ₂(t+2))) ‖θ‖²), approached by the inner loop from
where the particles are. In terms of u_t = Σ_{s≤t} s n ℓ′ e_{i_s}/(t(t+1)/2) that is the Gibbs measure p[u_t] cooled by
t/(t+2). The output is q_t at a random t with P[t] = 2t/(T(T+3)), t = 2 … T+1.

Source: A. Nitanda, D. Wu, T. Suzuki, NeurIPS 2021; recalled, normalisations derived.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.pda_inner import InnerLoop
from dltheory.meanfield.problem import MeanFieldProblem

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Gradients = Literal["stochastic", "full"]
Memory = Literal["weighted", "latest", "exponential"]
Order = Literal["uniform", "shuffled", "cyclic"]
_FORGETTING = 0.05  # share of the newest gradient in the exponential moving average


@dataclass(frozen=True)
class ParticleDualAveraging:
    """T = `outer` iterations with weights s^`weight_power`, and an inner loop (None: the Gibbs measures exactly).

    `gradients="full"` takes all examples at every iteration: another algorithm, whose gap falls like t^−2. What the
    method does not do, for controls: `memory` keeps the latest gradient alone or an exponential moving average of
    rate 0.05; `heat` multiplies the temperature of the Gibbs measures; `stale` takes all gradients at q_1.
    """

    outer: int
    inner: InnerLoop | None = None
    gradients: Gradients = "stochastic"
    weight_power: float = 1.0
    memory: Memory = "weighted"
    heat: float = 1.0
    stale: bool = False

    def __post_init__(self) -> None:
        if self.outer < 1:
            raise ValueError(f"dual averaging needs at least one outer iteration, got outer = {self.outer}")
        if self.gradients not in get_args(Gradients):
            raise ValueError(f"gradients must be one of {get_args(Gradients)}, got {self.gradients!r}")
        if self.memory not in get_args(Memory):
            raise ValueError(f"memory must be one of {get_args(Memory)}, got {self.memory!r}")
        if not math.isfinite(self.weight_power):
            raise ValueError(f"the power of the weights must be finite, got {self.weight_power}")
        if not 0 < self.heat < math.inf:
            raise ValueError(f"heat multiplies a temperature and must be positive and finite, got {self.heat}")

    @classmethod
    def from_theory(
        cls, outer: int, *, lsi: float, lipschitz: float, dimension: int, divergence: float = 1.0, warm: bool = True
    ) -> ParticleDualAveraging:
        """Return T iterations with weights t and inner loops that end within KL ≤ (t+1)^−2; see InnerLoop."""
        inner = InnerLoop.from_theory(
            lsi=lsi, lipschitz=lipschitz, dimension=dimension, divergence=divergence, warm=warm
        )
        return cls(outer, inner)

    @property
    def exponent(self) -> int:
        """The exponent of the gap in t: −1 for stochastic gradients, −2 for full ones."""
        return -1 if self.gradients == "stochastic" else -2

    @property
    def gains(self) -> Array:
        """γ_t, the share of the newest gradient in the average at t = 1 … T, shape (T,)."""
        if self.memory == "latest":
            return np.ones(self.outer)
        if self.memory == "exponential":
            return np.maximum(_FORGETTING, 1 / np.arange(1.0, self.outer + 1))
        weights = self._weights
        return np.asarray(weights[:-1] / np.cumsum(weights[:-1]))

    @property
    def coolings(self) -> Array:
        """Inverse temperature of q_{t+1} in units of 1/λ₂, t = 1 … T: t/(t+2) with weights s; shape (T,).

        Loss and ‖θ‖² have the weight Σ_{s≤t} w_s and the entropy Σ_{s≤t+1} w_s.
        """
        if self.memory != "weighted":
            t = np.arange(1.0, self.outer + 1)
            return np.asarray(t / (t + 2) / self.heat)
        sums = np.cumsum(self._weights)
        return np.asarray(sums[:-1] / sums[1:] / self.heat)

    @property
    def output_probabilities(self) -> Array:
        """P[t] = 2t/(T(T+3)) at t = 2 … T+1, shape (T,)."""
        t = np.arange(2.0, self.outer + 2)
        return np.asarray(2 * t / (self.outer * (self.outer + 3)))

    def draw_output(self, generator: np.random.Generator) -> int:
        """Return the random t whose law is the output, by inversion of Σ_{2≤s≤t} s = t(t+1)/2 − 1."""
        height = 1 + generator.random() * self.outer * (self.outer + 3) / 2
        return min(max(2, math.ceil((math.sqrt(1 + 8 * height) - 1) / 2)), self.outer + 1)

    @property
    def _weights(self) -> Array:
        """s^a at s = 1 … T+1, shape (T+1,)."""
        return np.asarray(np.arange(1.0, self.outer + 2) ** self.weight_power)


def draw_examples(
    size: int, outer: int, generators: Sequence[np.random.Generator], order: Order = "uniform"
) -> Indices:
    """Return the examples i_t (R, T) of n = `size` training points, uniform with replacement, one row a generator.

    The first T of a row do not depend on T. Other orders break the unbiasedness that the theorem needs, and warn.
    """
    if order == "uniform":
        return np.stack([generator.integers(size, size=outer) for generator in generators])
    if order not in get_args(Order):
        raise ValueError(f"order must be one of {get_args(Order)}, got {order!r}")
    warnings.warn(
        f"examples in {order} order are not independent: gradients are biased given the past, and the rate is not"
        " the theorem's",
        stacklevel=2,
    )
    epochs = -(-outer // size)
    if order == "cyclic":
        return np.tile(np.arange(size), (len(generators), epochs))[:, :outer]
    return np.stack([np.concatenate([g.permutation(size) for _ in range(epochs)])[:outer] for g in generators])


def require_assumptions(problem: MeanFieldProblem) -> None:
    """Refuse a loss that is not convex; warn where |ℓ′h| ≤ 2 is not known: unbounded neurons, labels beyond [−1, 1]."""
    problem.require_convex()
    if not math.isfinite(problem.neuron.bound):
        warnings.warn(
            f"{type(problem.neuron).__name__} is unbounded, outside of the theorem: early iterates may grow by the"
            " factor ‖x‖²/(2λ₁), and only the Gaussian closed forms are a reference",
            stacklevel=2,
        )
    if np.max(np.abs(problem.labels)) > 1:
        warnings.warn(
            f"labels reach {np.max(np.abs(problem.labels)):.3g}, outside of the theorem: scale them to [−1, 1]",
            stacklevel=2,
        )
