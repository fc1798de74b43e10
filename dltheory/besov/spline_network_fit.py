"""The constructive network with its last layer refitted by least squares: an estimator that attains the rate.

Everything but the output weights is fixed by the construction, so that the fit is linear in them. It agrees with the
fit of the splines themselves up to the error of the products.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network import SplineNetwork, Variant, accuracy, prescribed_bits, require_network
from dltheory.besov.spline_network_shared import features
from dltheory.besov.terms import Level, SplineSeries, require_points, resolution_of_atoms
from dltheory.least_squares import require_different, require_sample, solve_pivoted

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RefittedNetwork:
    """One level of atoms with K_i = `pieces`, degree m = `order`, multiplication depth i = `bits`."""

    order: int
    pieces: tuple[int, ...]
    bits: int
    variant: Variant = "powers"

    def __post_init__(self) -> None:
        require_network(self.order, self.bits, self.variant)
        if not self.pieces or not all(k >= 1 and k % 1 == 0 for k in self.pieces):
            raise ValueError(f"every direction has at least one piece, got {self.pieces}")

    @classmethod
    def from_theory(
        cls, smoothness: Smoothness, n: int, order: int, scale: float = 1.0, variant: Variant = "powers"
    ) -> RefittedNetwork:
        """Return about N = scale · n^{1/(2s̃ + 1)} atoms, those on the boundary counted; `scale` is for the user.

        ValueError where m is too low for s, and where a direction with finite s_i would have one piece only.
        """
        smoothness.require_spline_order(order)
        terms = scale * float(n) ** (1 / (2 * smoothness.mean + 1))
        pieces = resolution_of_atoms(smoothness, order, terms)
        if any(k < 2 for k, value in zip(pieces, smoothness.s, strict=True) if value < math.inf):
            raise ValueError(
                f"pre-asymptotic: {terms:.3g} atoms of degree {order} leave fewer than two pieces in a direction, got"
                f" {pieces}; more samples or a larger scale are needed"
            )
        bits = prescribed_bits(order, smoothness.dimension, accuracy(smoothness, terms))
        return cls(order, pieces, bits, variant)

    @property
    def count(self) -> int:
        """Number of atoms, those on the boundary included."""
        return math.prod(k + self.order for k in self.pieces)

    def fit(self, x: npt.ArrayLike, y: npt.ArrayLike) -> SplineNetwork:
        """Return the network whose output weights have the least squared error (and the least norm) on samples.

        ValueError for fewer different points than atoms, which leave the weights undetermined.
        """
        points, y = require_sample(require_points(x, len(self.pieces)), y)
        if len(points) < self.count:
            raise ValueError(f"{len(points)} samples do not determine {self.count} output weights")
        require_different(points, self.count, f"{self.count} output weights")
        matrix = features(self.order, self.pieces, self.bits, points, self.variant)
        return self.with_weights(solve_pivoted(matrix.toarray(), y))

    def with_weights(self, weights: Array) -> SplineNetwork:
        """Return the network with these output weights (count,)."""
        shape = tuple(k + self.order for k in self.pieces)
        if weights.shape != (self.count,):
            raise ValueError(f"{self.count} atoms need as many weights, got shape {weights.shape}")
        return SplineNetwork(
            SplineSeries(self.order, (Level(self.pieces, weights.reshape(shape)),)), self.bits, self.variant
        )
