"""Dual coordinate ascent with linear neurons: the dual is a quadratic, the method is that of ridge regression.

h_θ(x) = ⟨θ, x⟩ + b: p[g] = N(−Xᵀg/(2λ₁n), (λ₂/2λ₁)I) in any dimension, log Z(g) = (p/2) log(πλ₂/λ₁) +
‖Xᵀg/n‖²/(4λ₁λ₂) − bᵀg/(nλ₂), and κ = n + max‖x_i‖²/(2λ₁γ) does not depend on λ₂. A step costs O(p).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dltheory.meanfield.losses import SquaredLoss
from dltheory.meanfield.neurons import Linear
from dltheory.meanfield.problem import MeanFieldProblem
from dltheory.meanfield.psdca import DualCoordinateAscent, Indices, require_coordinates
from dltheory.meanfield.psdca_linear import LinearisedAscent
from dltheory.meanfield.record import positions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GaussianAscent:
    """Dual coordinate ascent on a problem with linear neurons and the squared loss."""

    problem: MeanFieldProblem

    def __post_init__(self) -> None:
        if not (isinstance(self.problem.neuron, Linear) and isinstance(self.problem.loss, SquaredLoss)):
            raise ValueError(
                "Gaussian closed forms are for linear neurons and the squared loss, got"
                f" {type(self.problem.neuron).__name__} and {type(self.problem.loss).__name__}: use quadrature"
            )

    @cached_property
    def optimum(self) -> Array:
        """g* (n,)."""
        p = self.problem
        return np.asarray(np.linalg.solve(p.loss.gamma * np.eye(p.size) + self.response, p.shifts - p.labels))

    @property
    def response(self) -> Array:
        """K = XXᵀ/(2λ₁n), shape (n, n)."""
        p = self.problem
        return np.asarray(p.inputs @ p.inputs.T / (2 * p.l2 * p.size))

    def mean(self, g: Array) -> Array:
        """Return the mean of p[g] for coefficients (..., n), shape (..., p)."""
        return np.asarray(-g @ self.problem.inputs / (2 * self.problem.l2 * self.problem.size))

    def log_partition(self, g: Array) -> Array:
        """Return log Z(g), shape (...)."""
        p = self.problem
        pulled = np.sum((g @ p.inputs / p.size) ** 2, axis=-1) / (4 * p.l2 * p.temperature)
        constant = p.dimension / 2 * math.log(math.pi * p.temperature / p.l2)
        return np.asarray(constant + pulled - g @ p.shifts / (p.size * p.temperature))

    def dual(self, g: Array) -> Array:
        """Return D(g), shape (...)."""
        p = self.problem
        return np.asarray(-np.mean(p.loss.conjugate(g, p.labels), axis=-1) - p.temperature * self.log_partition(g))

    def dual_suboptimality(self, g: Array) -> Array:
        """Return D* − D(g) from the difference of coefficients, shape (...)."""
        off = g - self.optimum
        quadratic = np.einsum("...i,ij,...j->...", off, self.response, off) + self.problem.loss.gamma * np.sum(
            off**2, axis=-1
        )
        return np.asarray(quadratic / (2 * self.problem.size))

    def duality_gap(self, g: Array) -> Array:
        """Return P(p[g]) − D(g), shape (...)."""
        p = self.problem
        z = self.mean(g) @ p.inputs.T + p.shifts
        return np.asarray(np.mean(p.loss.value(z, p.labels) + p.loss.conjugate(g, p.labels) - g * z, axis=-1))

    def moments(self, ascent: DualCoordinateAscent) -> LinearisedAscent:
        """Return the map of second moments, exact here at any distance from the optimum."""
        p = self.problem
        covariance = self.response * (p.size * p.temperature)
        return LinearisedAscent.from_covariance(p, ascent, self.optimum, covariance)

    def path(self, ascent: DualCoordinateAscent, coordinates: Indices, times: Array) -> Array:
        """Return coefficients after t steps from zero, shape (R, K, n), for the coordinates (R, T)."""
        p, rows = self.problem, positions(times, 0, ascent.outer)
        require_coordinates(p, ascent, coordinates)
        count, every = len(coordinates), np.arange(len(coordinates))
        g, mean = np.zeros((count, p.size)), np.zeros((count, p.dimension))
        out = np.zeros((count, len(times), p.size))
        for t in range(1, ascent.outer + 1):
            index = coordinates[:, t - 1]
            x = p.inputs[index]
            z = np.einsum("rp,rp->r", x, mean) + p.shifts[index]
            change = ascent.change(p, g[every, index], z, index)
            g[every, index] += change
            mean -= ascent.tilt * change[:, np.newaxis] * x / (2 * p.l2 * p.size)
            if t in rows:
                out[:, rows[t]] = g
        return out
