"""Trigonometric series of functions of many variables: products of the orthonormal sines and cosines of the circle.

ψ_0 = 1, ψ_l(x) = √2 cos(2π|l|x) for l < 0 and √2 sin(2πlx) for l > 0. Source: Okumoto & Suzuki 2022, section 2.
Smooth means smooth on the torus: for a function that is not periodic, x ↦ x_1, the ends are a jump.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.harmonics import harmonics

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_TABLE = 200_000_000  # numbers of a table of sines and cosines
_ENTRIES = 4_000_000  # of the largest table of the basis that a series holds


def table(x: Array, count: int) -> Array:
    """Return ψ_l at points x (n,) of the circle for |l| < count, (n, 2·count − 1); column l + count − 1.

    Every function is a whole stretch of memory.
    """
    waves = harmonics(x, count)
    found = np.ones((2 * count - 1, len(x)))
    np.multiply(waves.real[:0:-1], np.sqrt(2), out=found[: count - 1])
    np.multiply(waves.imag[1:], np.sqrt(2), out=found[count:])
    return found.T


def evaluate(indices: Indices, x: npt.ArrayLike) -> Array:
    """Return Π_i ψ_{l_i}(x_i) at points x (n, D) for multi-indices l (count, d), d ≤ D: shape (n, count).

    Only coordinates of which some index makes use are read. ValueError for points outside of the cube.
    """
    indices = require_indices(indices)
    points = require_points(x, indices.shape[1])
    found = np.ones((len(indices), len(points)))  # whole rows of a table are copied, not single numbers
    for i, column in enumerate(indices.T):
        used = slice(None) if column.all() else np.flatnonzero(column)
        if column.any():
            reach = int(np.abs(column).max())
            if len(points) * reach > _TABLE:
                raise ValueError(
                    f"a frequency of {reach} at {len(points)} points takes a table of {float(len(points) * reach):.3g}"
                    f" numbers, at most {_TABLE:.3g}: evaluate fewer points at once"
                )
            found[used] *= table(points[:, i], reach + 1).T[column[used] + reach]
    return found.T


@dataclass(frozen=True, eq=False)
class FourierSeries:
    """f = Σ_j coefficients[j] Π_i ψ_{l_i}(x_{coordinates[i]}), l = indices[j] (count, d).

    `coordinates` (d,) are the places, from 0, of the variables that f depends on; the first d if not told.
    """

    indices: Indices
    coefficients: Array
    coordinates: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "indices", require_indices(self.indices))
        object.__setattr__(self, "coefficients", np.asarray(self.coefficients, float))
        if self.coefficients.ndim != 1 or not np.all(np.isfinite(self.coefficients)):
            raise ValueError(f"coefficients are finite, one an index, got shape {self.coefficients.shape}")
        if len(self.indices) != len(self.coefficients):
            raise ValueError(f"{len(self.indices)} indices do not go with {len(self.coefficients)} coefficients")
        places = tuple(self.coordinates) or tuple(range(self.indices.shape[1]))
        whole = all(isinstance(place, int | np.integer) and place >= 0 for place in places)
        if len(places) != self.indices.shape[1] or len(set(places)) < len(places) or not whole:
            raise ValueError(f"{self.indices.shape[1]} different coordinates are needed, got {places}")
        object.__setattr__(self, "coordinates", places)

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return f at points x (n, D) of the cube, shape (n,)."""
        points = require_points(x, max(self.coordinates, default=-1) + 1)[:, list(self.coordinates)]
        rows = max(_ENTRIES // max(len(self.indices), 1), 1)
        parts = [evaluate(self.indices, points[i : i + rows]) @ self.coefficients for i in range(0, len(points), rows)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def terms(self) -> dict[tuple[tuple[int, int], ...], float]:
        """Return coefficients by ((coordinate, l), …), coordinates with l = 0 left out: comparable among series."""
        found: dict[tuple[tuple[int, int], ...], float] = {}
        for row, value in zip(self.indices.tolist(), self.coefficients.tolist(), strict=True):
            key = tuple(sorted(pair for pair in zip(self.coordinates, row, strict=True) if pair[1]))
            found[key] = found.get(key, 0.0) + value
        return found


def squared_distance(one: FourierSeries, other: FourierSeries) -> float:
    """Return ‖f − g‖² on the cube with the uniform measure, by Parseval: no test points are needed."""
    mine, theirs = one.terms(), other.terms()
    return float(sum((mine.get(key, 0.0) - theirs.get(key, 0.0)) ** 2 for key in mine.keys() | theirs.keys()))


def require_indices(indices: npt.ArrayLike) -> Indices:
    """Return multi-indices (count, d) as whole numbers; ValueError for another shape, or entries that are not."""
    found = np.asarray(indices)
    if found.ndim != 2:
        raise ValueError(f"multi-indices have shape {found.shape}, expected (count, d)")
    if found.dtype.kind != "i":
        values = found.astype(float)
        if not np.all(np.abs(values) < 2.0**53) or np.any(values % 1):
            raise ValueError("the entries of a multi-index must be whole numbers")
    return found.astype(np.int64, copy=False)


def require_labels(y: npt.ArrayLike, count: int) -> Array:
    """Return labels (n,) as an array; ValueError unless they are finite and one for each of n = `count` points."""
    labels = np.asarray(y, float)
    if labels.shape != (count,) or not count:
        raise ValueError(f"labels have shape {labels.shape}, expected one for each of {count} points")
    if not np.all(np.isfinite(labels)):
        raise ValueError(f"labels must be finite, got {labels[~np.isfinite(labels)][0]}")
    return labels


def require_points(x: npt.ArrayLike, dimension: int) -> Array:
    """Return points (n, D) as an array; ValueError for fewer than `dimension` coordinates or points off the cube."""
    points = np.asarray(x, float)
    if points.ndim != 2 or points.shape[1] < dimension:
        raise ValueError(f"points have shape {points.shape}, expected (n, D) with D at least {dimension}")
    if not (np.all(points >= 0) and np.all(points <= 1)):
        raise ValueError("data must be scaled to the unit cube: coordinates must lie between 0 and 1")
    return points
