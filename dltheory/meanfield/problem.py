"""The regularised risk over laws of a neuron: what all methods of this chapter minimise.

L(q) = (1/n) Σ_i ℓ(E_q h_i, y_i) + λ₁ E_q‖θ‖² + λ₂ E_q log q, which is convex in the density q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.losses import Loss, SquaredLoss
from dltheory.meanfield.neurons import Neuron, Tanh

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MeanFieldProblem:
    """n data points `inputs` (n, d), `labels` (n,), `offsets` (n,); λ₁ is `l2`, λ₂ is `temperature`."""

    inputs: Array
    labels: Array
    l2: float
    temperature: float
    neuron: Neuron = field(default_factory=Tanh)
    loss: Loss = field(default_factory=SquaredLoss)
    offsets: Array | None = None

    def __post_init__(self) -> None:
        inputs = np.ascontiguousarray(self.inputs, dtype=np.float64)
        labels = np.ascontiguousarray(self.labels, dtype=np.float64)
        if inputs.ndim != 2 or len(inputs) == 0 or labels.shape != (len(inputs),):
            raise ValueError(f"expected inputs (n, d) and n labels, got {inputs.shape} and {labels.shape}")
        offsets = np.zeros(len(labels)) if self.offsets is None else np.ascontiguousarray(self.offsets, np.float64)
        if offsets.shape != labels.shape:
            raise ValueError(f"expected one offset a data point, {labels.shape}, got {offsets.shape}")
        if not (np.all(np.isfinite(inputs)) and np.all(np.isfinite(offsets))):
            raise ValueError("inputs and offsets must be finite")
        if not 0 < self.l2 < math.inf:
            raise ValueError(f"l2 (λ₁) must be positive, or no density can be normalised; got {self.l2}")
        if not 0 < self.temperature < math.inf:
            raise ValueError(
                f"the temperature (λ₂) must be positive, or the minimiser has no density; got {self.temperature}"
            )
        self.loss.require_labels(labels)
        for name, value in (("inputs", inputs), ("labels", labels), ("offsets", offsets)):
            object.__setattr__(self, name, value)

    def require_convex(self) -> None:
        """Raise ValueError for a loss that is not convex in the prediction, seen at z in −1 … 1 and all labels."""
        z = np.linspace(-1, 1, 41)[:, np.newaxis]
        if np.min(self.loss.curvature(z, self.labels)) < 0:
            raise ValueError(
                f"{type(self.loss).__name__} is not convex in the prediction, so that the risk has no unique"
                " minimiser: use a convex loss"
            )

    @property
    def size(self) -> int:
        """The number n of data points."""
        return len(self.labels)

    @property
    def dimension(self) -> int:
        """The number p of parameters of a neuron."""
        return self.neuron.dimension(self.inputs)

    @property
    def shifts(self) -> Array:
        """The offsets (n,), zeros where none were given."""
        assert self.offsets is not None
        return self.offsets

    def values(self, theta: Array) -> Array:
        """Return h_i(θ_m), shape (M, n)."""
        return self.neuron.values(theta, self.inputs, self.shifts)

    def drift(self, theta: Array, coefficients: Array) -> Array:
        """Return ∇((1/n) Σ g_i h_i + λ₁‖θ‖²) at every θ (M, p), for coefficients g (n,)."""
        pulled = self.neuron.pull_back(theta, self.inputs, self.shifts, coefficients / self.size)
        return pulled + 2 * self.l2 * theta
