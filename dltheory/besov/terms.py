"""Series of tensor B-splines: levels of atoms, their values, norms, projections, and which atoms to keep.

Atom (K, j) is Π_i N_m(K_i x_i − j_i). A level is all atoms of one K, with an array of coefficients
(K_1 + m, …, K_d + m) whose zeros are not counted. In the dyadic levels of a smoothness s, K_i = 2^⌊k s_min/s_i⌋.

Source: Suzuki & Nitanda 2021 (atoms, recalled); D. Dũng, Non-linear sampling recovery based on quasi-interpolant
wavelet representations, 2011 (which coefficients to keep where p < r; recalled, and its error derived here).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.optimize import brentq

from dltheory.besov import splines
from dltheory.besov.smoothness import Smoothness

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Level:
    """Coefficients of all atoms with K = `pieces`, shape (K_1 + m, …, K_d + m)."""

    pieces: tuple[int, ...]
    coefficients: Array

    @property
    def count(self) -> int:
        """Number of atoms with a coefficient that is not zero."""
        return int(np.count_nonzero(self.coefficients))


@dataclass(frozen=True, eq=False)
class SplineSeries:
    """A sum of levels of tensor B-splines of degree m = `order`."""

    order: int
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        splines.require_order(self.order)
        if not self.levels:
            raise ValueError("a series has at least one level, got none")
        for level in self.levels:
            wanted = tuple(pieces + self.order for pieces in level.pieces)
            if level.coefficients.shape != wanted:
                raise ValueError(
                    f"the level with {level.pieces} pieces has coefficients of shape {level.coefficients.shape},"
                    f" expected {wanted}"
                )
        if len({len(level.pieces) for level in self.levels}) > 1:
            raise ValueError("the levels of a series have one dimension")

    @property
    def dimension(self) -> int:
        """Number of directions d."""
        return len(self.levels[0].pieces)

    @property
    def count(self) -> int:
        """Number N of terms."""
        return sum(level.count for level in self.levels)

    def terms(self) -> tuple[Integers, Integers, Array]:
        """Return K (N, d), j (N, d) and coefficients (N,) of the terms that are not zero, by level."""
        found = [np.argwhere(level.coefficients) for level in self.levels]
        scales = [np.broadcast_to(level.pieces, places.shape) for level, places in zip(self.levels, found, strict=True)]
        values = [level.coefficients[tuple(p.T)] for level, p in zip(self.levels, found, strict=True)]
        return np.concatenate(scales), np.concatenate(found) - self.order, np.concatenate(values)

    def __call__(self, x: npt.ArrayLike) -> Array:
        """Return the values at points x (n, d) of the unit cube, shape (n,)."""
        points = require_points(x, self.dimension)
        total = np.zeros(len(points))
        for level in self.levels:
            columns = [splines.design(self.order, k, points[:, i]) for i, k in enumerate(level.pieces)]
            total += contract(columns, level.coefficients)
        return total

    def collected(self) -> Level:
        """Return the sum as one level, that of the finest pieces; they must be powers of two times the others."""
        found = self.levels[0]
        for level in self.levels[1:]:  # each sum on the coarsest pieces that can hold it
            common = tuple(max(pair) for pair in zip(found.pieces, level.pieces, strict=True))
            found = Level(common, refined(self.order, found, common) + refined(self.order, level, common))
        return found

    def squared_norm(self) -> float:
        """Return ‖f‖² in L²([0, 1]^d), exactly."""
        level = self.collected()
        weighted = level.coefficients
        for i, pieces in enumerate(level.pieces):
            weighted = along(_dense_band(splines.gram(self.order, pieces)), weighted, i)
        return float(np.sum(level.coefficients * weighted))


def require_points(x: npt.ArrayLike, dimension: int) -> Array:
    """Return points (n, d) as an array; ValueError for another d and for points outside of the unit cube."""
    points = np.atleast_2d(np.asarray(x, float))
    if points.shape[-1] != dimension or points.ndim != 2:
        raise ValueError(f"points have shape {points.shape}, expected (n, {dimension})")
    if not (np.all(points >= 0) and np.all(points <= 1)):
        raise ValueError("the atoms live on the unit cube: coordinates must lie between 0 and 1")
    return points


def contract(columns: list[sparse.csr_array], coefficients: Array) -> Array:
    """Return Σ_j c_j Π_i columns[i][n, j_i] for every row n; columns are sparse (n, K_i + m)."""
    rows = columns[0].shape[0]
    values = np.asarray(columns[0] @ coefficients.reshape(coefficients.shape[0], -1))
    for column, size in zip(columns[1:], coefficients.shape[1:], strict=True):
        by_row = values.reshape(rows, size, -1)
        entries = column.indices.reshape(rows, -1)  # a design matrix has m + 1 entries in every row
        picked = np.take_along_axis(by_row, entries[:, :, np.newaxis], axis=1)
        values = np.einsum("nq,nqr->nr", column.data.reshape(rows, -1), picked)
    return values[:, 0]


def along(matrix: sparse.csr_array, values: Array, axis: int) -> Array:
    """Return a sparse matrix applied along one axis of an array."""
    moved = np.moveaxis(values, axis, 0)
    found = np.asarray(matrix @ moved.reshape(len(moved), -1)).reshape(-1, *moved.shape[1:])
    return np.moveaxis(found, 0, axis)


def refined(order: int, level: Level, finest: tuple[int, ...]) -> Array:
    """Return the coefficients of the same function on `finest` pieces, by the two-scale relation."""
    values = level.coefficients
    for i, (pieces, wanted) in enumerate(zip(level.pieces, finest, strict=True)):
        while pieces < wanted:
            values = along(splines.refinement(order, pieces), values, i)
            pieces *= 2
        if pieces != wanted:
            raise ValueError(f"{wanted} pieces are no refinement of {level.pieces[i]} by powers of two")
    return values


def dyadic(smoothness: Smoothness, level: int) -> tuple[int, ...]:
    """Return K_i = 2^⌊k s_min/s_i⌋ of level k; one piece where s_i is infinite."""
    if not (level >= 0 and level % 1 == 0):
        raise ValueError(f"levels are counted from 0, got {level}")
    smallest = smoothness.smallest
    return tuple(2 ** math.floor(level * smallest / value + 1e-9) for value in smoothness.s)


def resolution(smoothness: Smoothness, terms: float) -> tuple[int, ...]:
    """Return K_i = N^{s̃/s_i} rounded, at least 1: pieces of one level whose product is about N."""
    if not 1 <= terms < math.inf:
        raise ValueError(f"a level has at least one term, and finitely many, got {terms:g}")
    return tuple(max(1, round(terms ** (smoothness.mean / value))) for value in smoothness.s)


def resolution_of_atoms(smoothness: Smoothness, order: int, atoms: float) -> tuple[int, ...]:
    """Return the same with the atoms on the boundary counted: Π(K_i + m) about `atoms`.

    The m more a direction are most of them at every size that a regression reaches.
    """
    exponents = [smoothness.mean / value for value in smoothness.s]
    splines.require_order(order)
    if not 0 < atoms < math.inf:
        raise ValueError(f"the number of atoms is positive and finite, got {atoms:g}")
    if atoms <= (1 + order) ** smoothness.dimension:
        return (1,) * smoothness.dimension
    size = brentq(lambda t: math.prod(t**e + order for e in exponents) - atoms, 1.0, atoms)
    return tuple(max(1, round(size**e)) for e in exponents)


def solve_gram(order: int, pieces: tuple[int, ...], products: Array) -> Array:
    """Return coefficients of the L² projection from inner products with all atoms, both (K_1 + m, …)."""
    found = products
    for i, k in enumerate(pieces):
        moved = np.moveaxis(found, i, 0)
        factor = cholesky_banded(splines.gram(order, k), lower=True)
        solved = np.asarray(cho_solve_banded((factor, True), moved.reshape(len(moved), -1)))
        found = np.moveaxis(solved.reshape(moved.shape), 0, i)
    return found


def project(
    function: Callable[[Array], Array], order: int, pieces: tuple[int, ...], points: int | None = None
) -> Level:
    """Return the L² projection of a function of points (n, d), with a Gauss rule of m + 3 (or `points`) a piece."""
    splines.require_order(order)
    rules = [splines.quadrature(k, points or order + 3) for k in pieces]
    grid = np.stack(np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij"), axis=-1)
    values = function(grid.reshape(-1, len(pieces))).reshape(grid.shape[:-1])
    for i, (k, (nodes, weights)) in enumerate(zip(pieces, rules, strict=True)):
        weighted = splines.design(order, k, nodes) * weights[:, np.newaxis]
        values = along(sparse.csr_array(weighted.T), values, i)
    return Level(pieces, solve_gram(order, pieces, values))


def decompose(
    function: Callable[[Array], Array], smoothness: Smoothness, order: int, finest: int, points: int | None = None
) -> SplineSeries:
    """Return f by dyadic levels 0 … `finest`: what the projection on each adds to that on the one before."""
    smoothness.require_spline_order(order)
    projections = [project(function, order, dyadic(smoothness, k), points) for k in range(finest + 1)]
    details = [projections[0]]
    for coarse, fine in pairwise(projections):
        details.append(Level(fine.pieces, fine.coefficients - refined(order, coarse, fine.pieces)))
    return SplineSeries(order, tuple(details))


@dataclass(frozen=True)
class Selection:
    """How many coefficients of every level an N-term series keeps, for an error in L^r.

    Levels are counted in bits b = Σ log₂ K_i. All atoms up to b ≤ log₂ N; where p < r also ⌈λ N 2^{−ν(b − log₂ N)}⌉ on
    the levels up to (1 + 1/ν) log₂ N, with δ = 1/p − 1/r and ν = (s̃ − δ)/(2δ). The L^r error is then of order N^{−s̃}
    with O(N) terms; the first part alone leaves N^{−(s̃ − δ)}. ValueError unless s̃ > δ.
    """

    smoothness: Smoothness
    r: float = 2.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"the scale λ of a selection must be positive, got {self.scale:g}")
        if not self.r > 0:
            raise ValueError(f"errors are measured in L^r with r > 0 (inf is allowed), got r = {self.r:g}")
        if self.smoothness.mean <= self.gap:
            raise ValueError(
                f"no approximation rate: intrinsic smoothness {self.smoothness.mean:.3g} must exceed (1/p − 1/r)_+ ="
                f" {self.gap:.3g}"
            )

    @property
    def gap(self) -> float:
        """δ = (1/p − 1/r)_+."""
        return max(1 / self.smoothness.p - 1 / self.r, 0.0)

    @property
    def decay(self) -> float:
        """ν = (s̃ − δ)/(2δ), infinite where nothing is selected."""
        return (self.smoothness.mean - self.gap) / (2 * self.gap) if self.gap else math.inf

    def finest(self, terms: float) -> float:
        """Return K* = (1 + 1/ν) log₂ N, in bits."""
        return math.log2(terms) * (1 + 1 / self.decay)

    def kept(self, terms: float, bits: npt.ArrayLike) -> Array:
        """Return how many atoms are kept on levels of so many bits for N = `terms`, infinite where all are."""
        if not 1 <= terms < math.inf:
            raise ValueError(f"a selection is made for at least one term, and finitely many, got {terms:g}")
        b, coarse = np.asarray(bits, float), math.log2(terms)
        with np.errstate(invalid="ignore", over="ignore"):
            some = np.ceil(self.scale * terms * np.exp2(-self.decay * np.maximum(b - coarse, 0.0)))
        return np.where(b <= coarse + 1e-9, np.inf, np.where(b <= self.finest(terms) + 1e-9, some, 0.0))

    def apply(self, series: SplineSeries, terms: float) -> SplineSeries:
        """Return the series with the largest coefficients of every level only, as many as are kept for N = `terms`."""
        levels = [level for level in series.levels if self._count(level, terms) > 0]
        return SplineSeries(series.order, tuple(largest(level, self._count(level, terms)) for level in levels))

    def _count(self, level: Level, terms: float) -> float:
        return float(self.kept(terms, sum(math.log2(k) for k in level.pieces)))


def largest(level: Level, count: float) -> Level:
    """Return a level with its `count` largest coefficients only, equal ones by their place."""
    if not count >= 0:
        raise ValueError(f"the number of coefficients that are kept is at least 0, got {count:g}")
    if count >= level.coefficients.size:
        return level
    flat = np.abs(level.coefficients).ravel()
    chosen = np.argsort(-flat, kind="stable")[: int(count)]
    kept = np.zeros_like(level.coefficients).ravel()
    kept[chosen] = level.coefficients.ravel()[chosen]
    return Level(level.pieces, kept.reshape(level.coefficients.shape))


def omitted(series: SplineSeries, kept: SplineSeries) -> SplineSeries:
    """Return what a selection leaves out: the series minus the levels that are kept."""
    found = {level.pieces: level.coefficients for level in kept.levels}
    return SplineSeries(
        series.order,
        tuple(Level(one.pieces, one.coefficients - found.get(one.pieces, 0.0)) for one in series.levels),
    )


def total_bits(pieces: Iterable[int]) -> float:
    """Return Σ log₂ K_i."""
    return sum(math.log2(k) for k in pieces)


def _dense_band(band: Array) -> sparse.csr_array:
    """Return a symmetric matrix from scipy's lower banded form."""
    size = band.shape[1]
    rows = min(len(band), size)
    lower = [band[o, : size - o] for o in range(rows)]
    diagonals: Any = [*lower, *lower[1:]]
    offsets = [*(-o for o in range(rows)), *range(1, rows)]
    return sparse.csr_array(sparse.diags_array(diagonals, offsets=offsets, shape=(size, size)))
