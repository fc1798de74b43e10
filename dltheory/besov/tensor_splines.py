"""Tensor B-spline least squares on equal cells; design matrices are those of `scipy.interpolate.NdBSpline`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dltheory.least_squares import require_sample

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TensorSplines:
    """Splines of one degree with `cells[i]` equal cells in direction i of the unit cube, ends clamped.

    The basis has Π(cells_i + degree) functions. ValueError for a degree below 0 or no cell.
    """

    cells: tuple[int, ...]
    degree: int

    def __post_init__(self) -> None:
        if isinstance(self.degree, bool) or not isinstance(self.degree, int) or self.degree < 0:
            raise ValueError(f"the degree of a spline is a whole number from 0 on, got {self.degree!r}")
        if not self.cells or not all(cells >= 1 and cells % 1 == 0 for cells in self.cells):
            raise ValueError(f"every direction needs at least one cell, got {self.cells}")

    @property
    def count(self) -> int:
        """Number of basis functions."""
        return math.prod(cells + self.degree for cells in self.cells)

    def knots(self, direction: int) -> Array:
        """Return the knots of a direction, both ends `degree` times more."""
        inner = np.linspace(0, 1, self.cells[direction] + 1)
        return np.concatenate([np.zeros(self.degree), inner, np.ones(self.degree)])

    def design(self, x: npt.ArrayLike) -> Any:
        """Return the design (n, count) at points x (n, d) as a CSR array, (degree + 1)^d entries a row."""
        from scipy.interpolate import NdBSpline
        from scipy.sparse import csr_array

        points = np.atleast_2d(np.asarray(x, float))
        if not len(points):
            return csr_array((0, self.count))
        if points.shape[1] != len(self.cells):
            raise ValueError(f"points have {points.shape[1]} coordinates, the splines {len(self.cells)}")
        if not (np.all(points >= 0) and np.all(points <= 1)):  # NaN would reach compiled code that trusts it
            raise ValueError("the splines live on the unit cube: coordinates must lie between 0 and 1")
        knots = tuple(self.knots(i) for i in range(len(self.cells)))
        found = NdBSpline.design_matrix(np.ascontiguousarray(points), knots, self.degree)
        # its shape ends with the last function that a point is in
        return csr_array((found.data, found.indices, found.indptr), shape=(len(points), self.count))

    def fit(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
        """Return least-squares coefficients (count,): the shortest ones where a function saw no sample."""
        from scipy.linalg import LinAlgError, solve

        points, labels = require_sample(np.atleast_2d(np.asarray(x, float)), y)
        design = self.design(points)
        gram, moments = (design.T @ design).toarray(), design.T @ labels
        scale = float(np.trace(gram)) / len(gram)
        try:
            # 1e-12 of the mean diagonal moves a coefficient by rounding, and keeps an empty cell at 0
            return np.asarray(solve(gram + 1e-12 * scale * np.eye(len(gram)), moments, assume_a="pos"))
        except LinAlgError:
            return np.asarray(np.linalg.lstsq(gram, moments, rcond=None)[0])

    def evaluate(self, coefficients: Array, x: npt.ArrayLike) -> Array:
        """Return the spline at points x (n, d), (n,)."""
        if np.shape(coefficients) != (self.count,):
            raise ValueError(f"{self.count} splines need as many coefficients, got shape {np.shape(coefficients)}")
        return np.asarray(self.design(x) @ coefficients)
