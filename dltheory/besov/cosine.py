"""Tensor cosines on the cube, an orthonormal basis, in the order in which an anisotropic space counts them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from dltheory.besov.smoothness import Smoothness
from dltheory.harmonics import harmonics

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def ordered_indices(smoothness: Smoothness, count: int) -> Indices:
    """Return the first `count` multi-indices (count, d) by ρ(l) = max_i (1 + l_i)^{s_i}, equal ones by their entries.

    #{ρ ≤ R} grows like R^{1/s̃}. A direction with infinite s_i keeps l_i = 0.
    """
    if not 1 <= count < math.inf:
        raise ValueError(f"at least one index is needed, and finitely many, got {count}")
    radius = float(count) ** smoothness.mean
    while math.prod(_sides(smoothness, radius)) < count:
        radius *= 1.2
    sides = _sides(smoothness, radius)
    grid = np.stack(np.meshgrid(*(np.arange(side) for side in sides), indexing="ij"), axis=-1).reshape(-1, len(sides))
    exponents = [value if value < math.inf else 0.0 for value in smoothness.s]
    rank = np.max(np.log1p(grid) * exponents, axis=1)
    order = np.lexsort((*grid.T[::-1], np.round(rank, 12)))
    return np.ascontiguousarray(grid[order[:count]], dtype=np.int64)


def isotropic_indices(dimension: int, count: int) -> Indices:
    """Return the first `count` multi-indices (count, d) by their largest entry."""
    return ordered_indices(Smoothness((1.0,) * dimension), count)


def evaluate(indices: Indices, x: npt.ArrayLike) -> Array:
    """Return the basis functions Π_i √2^{[l_i>0]} cos(π l_i x_i) at points x (n, d), shape (n, count)."""
    points = np.atleast_2d(np.asarray(x, float))
    if points.shape[1] != indices.shape[1]:
        raise ValueError(f"points have {points.shape[1]} coordinates, the basis {indices.shape[1]}")
    require_cube(points)
    if indices.size and indices.min() < 0:
        raise ValueError(f"frequencies are counted from 0, got {indices.min()}")
    found = np.ones((len(indices), len(points)))  # whole rows of a table are copied, not single numbers
    for i, column in enumerate(indices.T):
        if not column.any():
            continue
        found *= table(points[:, i], int(column.max()) + 1).T[column]
    return found.T


def require_cube(points: Array) -> None:
    """Raise ValueError unless all coordinates, in any shape, lie between 0 and 1."""
    if not (np.all(points >= 0) and np.all(points <= 1)):  # in this form NaN is outside, too
        raise ValueError("the basis lives on the unit cube: coordinates must lie between 0 and 1")


def table(x: Array, count: int) -> Array:
    """Return √2^{[l>0]} cos(π l x) for l < count at points x (n,), (n, count), every cosine a whole stretch."""
    found = np.sqrt(2) * harmonics(x / 2, count).real
    found[0] = 1.0
    return np.asarray(found.T)


def rank_coefficients(smoothness: Smoothness, count: int, signs: npt.ArrayLike = 1.0) -> Array:
    """Return c_j = ±j^{−(s̃ + 1/2)}, j = 1 … count: a function on the boundary of B^s_{2,∞}. Derived from #{ρ ≤ R}."""
    return np.asarray(signs, float) * np.arange(1.0, count + 1) ** -(smoothness.mean + 0.5)


def tail_energy(smoothness: Smoothness, kept: npt.ArrayLike) -> Array:
    """Return Σ_{j > kept} j^{−(2s̃ + 1)} exactly, which is kept^{−2s̃}/(2s̃) to first order."""
    return np.asarray(zeta(2 * smoothness.mean + 1, np.asarray(kept, float) + 1), float)


def _sides(smoothness: Smoothness, radius: float) -> list[int]:
    """Return how many l_i have (1 + l_i)^{s_i} ≤ radius, by direction."""
    return [1 if value == math.inf else max(int(radius ** (1 / value) + 1e-9), 1) for value in smoothness.s]
