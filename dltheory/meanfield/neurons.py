"""Neurons h_θ(x): their values and gradients for a cloud θ (M, p) of parameters at n data points.

A data point is a row x_i of `inputs` and a number b_i of `offsets`, which enter as ⟨w, x_i⟩ + b_i. Several clouds at
once, (R, M, p), take weights (R, 1, n), a row a cloud.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Neuron(Protocol):
    """What the methods of this chapter need of a neuron."""

    @property
    def bound(self) -> float:
        """sup |h|, infinite for an unbounded neuron."""

    def dimension(self, inputs: Array) -> int:
        """Return the number p of parameters for inputs (n, d)."""

    def values(self, theta: Array, inputs: Array, offsets: Array) -> Array:
        """Return h_i(θ_m), shape (M, n)."""

    def pull_back(self, theta: Array, inputs: Array, offsets: Array, weights: Array) -> Array:
        """Return Σ_i weights_i ∇h_i(θ_m), shape (M, p)."""


@dataclass(frozen=True)
class Tanh:
    """h_θ(x) = tanh(⟨θ, x⟩ + b), with p = d."""

    @property
    def bound(self) -> float:
        """1."""
        return 1.0

    def dimension(self, inputs: Array) -> int:
        """Return d."""
        return int(inputs.shape[1])

    def values(self, theta: Array, inputs: Array, offsets: Array) -> Array:
        """Return tanh(⟨θ_m, x_i⟩ + b_i), shape (M, n)."""
        return np.tanh(theta @ inputs.T + offsets)

    def pull_back(self, theta: Array, inputs: Array, offsets: Array, weights: Array) -> Array:
        """Return Σ_i weights_i (1 − h_i²) x_i, shape (M, p)."""
        h = self.values(theta, inputs, offsets)
        return np.asarray((weights * (1 - h * h)) @ inputs)


@dataclass(frozen=True)
class TwoLayerTanh:
    """h_θ(x) = tanh(r) tanh(⟨w, x⟩ + b) with θ = (r, w): both layers are trained, p = d + 1."""

    @property
    def bound(self) -> float:
        """1."""
        return 1.0

    def dimension(self, inputs: Array) -> int:
        """Return d + 1."""
        return int(inputs.shape[1]) + 1

    def values(self, theta: Array, inputs: Array, offsets: Array) -> Array:
        """Return tanh(r_m) tanh(⟨w_m, x_i⟩ + b_i), shape (M, n)."""
        return np.asarray(np.tanh(theta[..., :1]) * np.tanh(theta[..., 1:] @ inputs.T + offsets))

    def pull_back(self, theta: Array, inputs: Array, offsets: Array, weights: Array) -> Array:
        """Return Σ_i weights_i ((1 − o²) k_i, o (1 − k_i²) x_i) with o = tanh r and k = tanh(⟨w, x⟩ + b)."""
        outer, inner = np.tanh(theta[..., :1]), np.tanh(theta[..., 1:] @ inputs.T + offsets)
        first = (1 - outer**2) * np.sum(inner * weights, axis=-1, keepdims=True)
        return np.concatenate([first, outer * ((weights * (1 - inner**2)) @ inputs)], axis=-1)


@dataclass(frozen=True)
class Linear:
    """h_θ(x) = ⟨θ, x⟩ + b: unbounded, outside of the theorems' assumptions, but every law is Gaussian and exact."""

    @property
    def bound(self) -> float:
        """Infinite."""
        return math.inf

    def dimension(self, inputs: Array) -> int:
        """Return d."""
        return int(inputs.shape[1])

    def values(self, theta: Array, inputs: Array, offsets: Array) -> Array:
        """Return ⟨θ_m, x_i⟩ + b_i, shape (M, n)."""
        return np.asarray(theta @ inputs.T + offsets)

    def pull_back(self, theta: Array, inputs: Array, offsets: Array, weights: Array) -> Array:
        """Return Σ_i weights_i x_i for every θ, shape (M, p)."""
        return np.broadcast_to(weights @ inputs, theta.shape).copy()
