"""Finite cosine series on the cube, evaluated as a product of small tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dltheory.besov.cosine import Indices, evaluate, require_cube, table

Array = npt.NDArray[np.float64]
_ENTRIES = 4_000_000  # of the largest table that an evaluation holds


@dataclass(frozen=True, eq=False)
class CosineSeries:
    """f = Σ_j coefficients[j] φ_{indices[j]} with orthonormal tensor cosines; indices (count, d)."""

    indices: Indices
    coefficients: Array

    def __post_init__(self) -> None:
        if len(self.indices) != len(self.coefficients):
            raise ValueError(f"{len(self.indices)} indices do not go with {len(self.coefficients)} coefficients")
        if self.indices.ndim != 2 or not self.indices.size or self.indices.min() < 0:
            raise ValueError(
                f"a series has multi-indices (count, d) from 0 on, at least one, got shape {self.indices.shape}"
            )

    @property
    def dimension(self) -> int:
        """Number of directions d."""
        return int(self.indices.shape[1])

    @cached_property
    def tensor(self) -> Array:
        """The coefficients as an array with one axis a direction, zeros where there is no term."""
        found = np.zeros(self.indices.max(axis=0) + 1)
        np.add.at(found, tuple(self.indices.T), self.coefficients)
        return found

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return f at points x (n, d) of the cube, (n,).

        Directions are summed out one after the other: n · Π L_i multiplications in matrix products, no n × count
        table of the basis.
        """
        points = np.atleast_2d(np.asarray(x, float))
        if points.shape[1] != self.dimension:
            raise ValueError(f"points have {points.shape[1]} coordinates, the series {self.dimension}")
        require_cube(points)
        if np.prod(self.indices.max(axis=0) + 1.0) > 4 * len(self.indices):  # a cross is mostly empty as a tensor
            rows = max(_ENTRIES // len(self.indices), 1)
            return _joined(
                [evaluate(self.indices, points[i : i + rows]) @ self.coefficients for i in range(0, len(points), rows)]
            )
        # the direction with most frequencies goes through the matrix product
        order = np.argsort(self.tensor.shape)[::-1]
        tensor = np.ascontiguousarray(self.tensor.transpose(order))
        rows = max(_ENTRIES // max(tensor.size // tensor.shape[0], tensor.shape[0]), 1)
        return _joined([_contract(tensor, points[i : i + rows, order]) for i in range(0, len(points), rows)])


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)


def _contract(tensor: Array, points: Array) -> Array:
    found = table(points[:, 0], tensor.shape[0]) @ tensor.reshape(tensor.shape[0], -1)
    for axis, size in enumerate(tensor.shape[1:], start=1):
        found = np.einsum("nl,nlr->nr", table(points[:, axis], size), found.reshape(len(points), size, -1))
    return found[:, 0]
