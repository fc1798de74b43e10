"""Finite cosine series on the cube, evaluated as a product of small tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dltheory.besov.cosine import Indices

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
        if np.prod(self.indices.max(axis=0) + 1.0) > 4 * len(self.indices):  # a cross is mostly empty as a tensor
            rows = max(_ENTRIES // len(self.indices), 1)
            return _joined([self._sum(points[i : i + rows]) for i in range(0, len(points), rows)])
        # the direction with most frequencies goes through the matrix product
        order = np.argsort(self.tensor.shape)[::-1]
        tensor = np.ascontiguousarray(self.tensor.transpose(order))
        rows = max(_ENTRIES // max(tensor.size // tensor.shape[0], tensor.shape[0]), 1)
        return _joined([_contract(tensor, points[i : i + rows, order]) for i in range(0, len(points), rows)])

    def _sum(self, points: Array) -> Array:
        """Return f term by term: products of whole rows of transposed tables."""
        found = np.repeat(self.coefficients[:, None], len(points), axis=1)
        for x, column in zip(points.T, self.indices.T, strict=True):
            found *= np.ascontiguousarray(table(x, int(column.max()) + 1).T)[column]
        return np.asarray(found.sum(axis=0))


def table(x: Array, count: int) -> Array:
    """Return √2^{[l>0]} cos(π l x) for l < count at points x (n,), shape (n, count).

    By doubling, e^{iπ(l+m)x} = e^{iπlx} e^{iπmx}: one product an entry, and log2(count) roundings instead of one.
    """
    waves = np.ones((len(x), count), complex)
    done = 1
    while done < count:
        more = min(done, count - done)
        waves[:, done : done + more] = waves[:, :more] * np.exp(1j * np.pi * done * x)[:, None]
        done += more
    found = np.sqrt(2) * waves.real
    found[:, 0] = 1.0
    return np.asarray(found)


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.zeros(0)


def _contract(tensor: Array, points: Array) -> Array:
    found = table(points[:, 0], tensor.shape[0]) @ tensor.reshape(tensor.shape[0], -1)
    for axis, size in enumerate(tensor.shape[1:], start=1):
        found = np.einsum("nl,nlr->nr", table(points[:, axis], size), found.reshape(len(points), size, -1))
    return found[:, 0]
