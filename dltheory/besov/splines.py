"""Cardinal B-splines N_m(K x − j) on [0, 1], one direction: values, Gram matrices, refinement, inner products.

N_m has degree m (the papers' order) and support [0, m + 1]. With K pieces the atoms that do not vanish on [0, 1] are
j = −m, …, K − 1, in this order everywhere: K + m columns. They sum to one, and K may be any whole number.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.interpolate import BSpline, PPoly
from scipy.linalg import cholesky_banded

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_LARGE_ANGLE = 20.0  # beyond it a moment by parts loses no more than k!/20^k of its digits


def require_order(order: int) -> None:
    """Raise ValueError unless the degree m is a whole number, not negative."""
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 0:
        raise ValueError(f"the order of a spline is a whole number, not negative, got {order!r}")


def require_pieces(pieces: int) -> None:
    """Raise ValueError unless the number of pieces is a whole number, at least 1."""
    if isinstance(pieces, bool) or not isinstance(pieces, int | np.integer) or pieces < 1:
        raise ValueError(f"a direction has a whole number of pieces, at least 1, got {pieces!r}")


def cardinal(order: int, x: npt.ArrayLike) -> Array:
    """Return N_m(x), zero outside of [0, m + 1], shape of x."""
    require_order(order)
    if np.any(np.isnan(np.asarray(x, float))):  # which the next lines would take for a point outside of the support
        raise ValueError("a spline has no value at NaN")
    element = BSpline.basis_element(np.arange(order + 2.0), extrapolate=False)
    return np.asarray(np.nan_to_num(element(np.asarray(x, float))), float)


def design(order: int, pieces: int, x: Array) -> sparse.csr_array:
    """Return the atoms at points x (n,) of [0, 1] as a sparse matrix (n, K + m), m + 1 entries a row."""
    require_order(order)
    require_pieces(pieces)
    if not (np.all(x >= 0) and np.all(x <= 1)):
        raise ValueError("splines live on the unit interval: coordinates must lie between 0 and 1")
    # in units of a piece, so that knots are whole numbers and nothing is rounded
    knots = np.arange(-order, pieces + order + 1, dtype=float)
    return sparse.csr_array(BSpline.design_matrix(x * pieces, knots, order))


def cells(pieces: int, x: Array) -> tuple[Integers, Array]:
    """Return the piece in which every point of [0, 1] lies and the position in it, within [0, 1] (1 for x = 1)."""
    scaled = x * pieces
    cell = np.minimum(scaled.astype(np.int64), pieces - 1)
    return cell, scaled - cell


def gram(order: int, pieces: int) -> Array:
    """Return ∫_0^1 of the products of two atoms in scipy's lower banded form, shape (m + 1, K + m)."""
    require_order(order)
    nodes, weights = quadrature(pieces, order + 1)
    values = design(order, pieces, nodes)
    full = sparse.dia_array(values.T @ (values * weights[:, np.newaxis]))
    size = pieces + order
    found = np.zeros((order + 1, size))
    for offset in range(min(order + 1, size)):
        found[offset, : size - offset] = full.diagonal(-offset)
    return found


def quadrature(pieces: int, points: int) -> tuple[Array, Array]:
    """Return Gauss–Legendre nodes and weights on [0, 1], `points` in every piece."""
    require_pieces(pieces)
    node, weight = np.polynomial.legendre.leggauss(points)
    nodes = (np.arange(pieces)[:, np.newaxis] + (node + 1) / 2).ravel() / pieces
    return nodes, np.tile(weight / 2, pieces) / pieces


def norms(order: int, pieces: int) -> Array:
    """Return ∫_0^1 N_m(K x − j)² dx for every atom, (K + m,)."""
    return np.asarray(gram(order, pieces)[0])


def refinement(order: int, pieces: int) -> sparse.csr_array:
    """Return the matrix (2K + m, K + m) that turns coefficients on K pieces into those on 2K pieces.

    N_m(x) = 2^{−m} Σ_i C(m + 1, i) N_m(2x − i); atoms that vanish on [0, 1] are dropped.
    """
    require_order(order)
    require_pieces(pieces)
    shifts = np.arange(pieces + order) - order
    steps = np.arange(order + 2)
    rows = 2 * shifts + steps[:, np.newaxis] + order
    binomials = np.array([math.comb(order + 1, i) for i in steps]) / 2.0**order
    values = np.broadcast_to(binomials[:, np.newaxis], rows.shape)
    columns = np.broadcast_to(shifts + order, rows.shape)
    kept = (rows >= 0) & (rows < 2 * pieces + order)
    return sparse.csr_array((values[kept], (rows[kept], columns[kept])), shape=(2 * pieces + order, pieces + order))


def cosine_products(order: int, pieces: int, frequencies: int) -> Array:
    """Return ∫_0^1 N_m(K x − j) φ_l(x) dx, φ_0 = 1, φ_l = √2 cos(π l x), shape (K + m, frequencies).

    In every piece the atom is a polynomial: its product with e^{iθt} is integrated once for each l, and shifted.
    """
    require_order(order)
    require_pieces(pieces)
    angle = np.pi * np.arange(frequencies) / pieces
    shifts = np.arange(pieces + order) - order
    found = np.zeros((pieces + order, frequencies), complex)
    for r, moment in enumerate(_piece_moments(order, angle)):  # the r-th piece of the support
        inside = (shifts + r >= 0) & (shifts + r < pieces)
        found[inside] += np.exp(1j * r * angle) * moment
    found *= np.exp(1j * np.outer(shifts, angle))
    return np.asarray(found.real * np.where(angle > 0, math.sqrt(2), 1.0) / pieces)


def _piece_moments(order: int, angle: Array) -> npt.NDArray[np.complex128]:
    """Return ∫_0^1 N_m(t + r) e^{iθt} dt for r = 0 … m and the given θ ≥ 0, shape (m + 1, len θ).

    By a Gauss rule for small θ, and by parts for large ones, where I_k = ∫ t^k e^{iθt} = (e^{iθ} − k I_{k−1})/(iθ).
    """
    few = angle <= _LARGE_ANGLE
    node, weight = np.polynomial.legendre.leggauss(order + 8 + math.ceil(_LARGE_ANGLE))
    t = (node + 1) / 2
    values = cardinal(order, t + np.arange(order + 1)[:, np.newaxis]) * (weight / 2)
    found = np.zeros((order + 1, len(angle)), complex)
    found[:, few] = values @ np.exp(1j * np.outer(t, angle[few]))
    theta, end = 1j * angle[~few], np.exp(1j * angle[~few])
    power = (end - 1) / theta
    element = BSpline.basis_element(np.arange(order + 2.0))
    local = PPoly.from_spline((element.t, element.c, order))
    pieces = local.c[:, np.searchsorted(local.x, np.arange(order + 1), side="right") - 1]
    for k in range(order + 1):  # c[m - k] holds the coefficients of t^k
        found[:, ~few] += pieces[order - k][:, np.newaxis] * power
        power = (end - (k + 1) * power) / theta
    return found


def orthonormal(order: int, pieces: int, products: Array) -> Array:
    """Return inner products with the atoms (K + m, …) turned into those with an orthonormal basis of the splines.

    The sum of their squares is the squared norm of the projection.
    """
    from scipy.linalg.lapack import dtbtrs

    factor = cholesky_banded(gram(order, pieces), lower=True)
    solved, info = dtbtrs(factor, np.asfortranarray(products), uplo="L")
    if info:
        raise ValueError(f"the Gram matrix of {pieces + order} atoms of degree {order} is singular")
    return np.asarray(solved)
