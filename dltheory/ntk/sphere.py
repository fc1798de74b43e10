"""The uniform measure on the sphere S^{d-1}: harmonics, zonal functions, quadrature, sampling."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]
_LARGEST_EXACT_INTEGER = 2.0**53
_POINTS_AT_ONCE = 256  # three rows of 256 doubles: the recurrence stays in the first-level cache


def check_dimension(dim: int) -> None:
    """Refuse ambient dimensions below 2."""
    if dim < 2:
        raise ValueError(f"dim must be at least 2, got {dim}: S^0 has two points, β is infinite")


def multiplicity(dim: int, degrees: npt.ArrayLike) -> Array:
    """Return N(d, k), the number of independent spherical harmonics of degree k on S^{d-1}.

    Same shape as `degrees`; exact below 2^51/d. Real degrees give the analytic continuation for k > 0.

    Source: derived, N(d, k) = (2k + d - 2)/(d - 2) · Π_{j=1}^{d-3} (k + j)/j for d ≥ 3; 1, 2, 2, ... for d = 2.
    """
    check_dimension(dim)
    k = np.asarray(degrees, dtype=np.float64)
    if np.any(k < 0):
        raise ValueError(f"degrees must be at least 0, got {k.min()}")
    if dim == 2:
        return np.where(k == 0, 1.0, 2.0)
    count = (2 * k + dim - 2) / (dim - 2)
    for j in range(1, dim - 2):
        count = count * ((k + j) / j)
    whole = (k == np.floor(k)) & (count < _LARGEST_EXACT_INTEGER)
    return np.where(whole, np.rint(count), count)


def polynomial_dimension(dim: int, degrees: npt.ArrayLike) -> Array:
    """Return C(K + d - 1, d - 1) = N(d, K) + N(d, K - 2) + ..., the harmonics of one parity up to degree K.

    A degree of -1 or -2 gives 0, the empty sum. Exact below 2^51/d.

    Source: homogeneous polynomials of degree K restricted to the sphere split into these harmonics.
    """
    check_dimension(dim)
    k = np.asarray(degrees, dtype=np.float64)
    count = np.ones_like(k)
    for j in range(1, dim):
        count = count * ((k + j) / j)
    count = np.where(k < 0, 0.0, count)
    return np.where(count < _LARGEST_EXACT_INTEGER, np.rint(count), count)


def _recurrence(dim: int, max_degree: int) -> tuple[Array, Array]:
    """Coefficients of D_{k+1} = keep_k D_k + turn_k (t - 1) P_k, where D_k = P_k - P_{k-1} and k ≥ 1.

    The three-term recurrence loses k² roundings near t = 1; its differences do not (Reinsch's remedy).
    """
    k = np.arange(max_degree + 1, dtype=np.float64)
    k[0] = 1.0
    keep = k / (k + dim - 2)
    return keep, 1 + keep


def legendre(dim: int, max_degree: int, cosine: npt.ArrayLike) -> Array:
    """Return P_0(t), ..., P_K(t) of dimension d, shape (K + 1, *t.shape), normalised to P_k(1) = 1.

    d = 2 gives the Chebyshev and d = 3 the Legendre polynomials.

    Source: (k + d - 2) P_{k+1} = (2k + d - 2) t P_k - k P_{k-1}, taken in differences and, for t < 0, mirrored.
    """
    check_dimension(dim)
    t = np.asarray(cosine, dtype=np.float64)
    below = np.abs(t) - 1
    keep, turn = _recurrence(dim, max_degree)
    values = np.ones((max_degree + 1, *t.shape))
    difference = below
    for k in range(1, max_degree + 1):
        if k > 1:
            difference = keep[k - 1] * difference + turn[k - 1] * below * values[k - 1]
        values[k] = values[k - 1] + difference
    values[1::2] *= np.where(t < 0, -1.0, 1.0)
    return values


@numba.njit(cache=True)
def _sum_series(coefficients, keep, turn, t, out):  # type: ignore[no-untyped-def]
    below, value, difference = np.empty(t.size), np.empty(t.size), np.empty(t.size)
    even, odd = np.empty(t.size), np.empty(t.size)
    for i in range(t.size):
        below[i] = abs(t[i]) - 1
        value[i] = 1.0
        difference[i] = 0.0
        even[i] = coefficients[0]
        odd[i] = 0.0
    for k in range(1, coefficients.size):
        a, b, c = keep[k - 1], turn[k - 1], coefficients[k]
        if k == 1:
            a, b = 0.0, 1.0
        target = odd if k % 2 else even
        for i in range(t.size):
            difference[i] = a * difference[i] + b * below[i] * value[i]
            value[i] += difference[i]
            target[i] += c * value[i]
    for i in range(t.size):
        out[i] = even[i] + odd[i] if t[i] >= 0 else even[i] - odd[i]


def legendre_series(dim: int, coefficients: npt.ArrayLike, cosine: npt.ArrayLike) -> Array:
    """Return Σ_k c_k P_k(t) with the shape of t, without storing the polynomials.

    `coefficients` has shape (K + 1,), K in the thousands is fine: about a nanosecond a degree and point.
    """
    check_dimension(dim)
    c = np.ascontiguousarray(coefficients, dtype=np.float64)
    t = np.asarray(cosine, dtype=np.float64)
    if c.ndim != 1 or c.size == 0:
        raise ValueError(f"coefficients must be one non-empty row, got shape {c.shape}")
    keep, turn = _recurrence(dim, c.size)
    flat = np.ascontiguousarray(t).reshape(-1)
    out = np.empty_like(flat)
    for start in range(0, flat.size, _POINTS_AT_ONCE):
        here = slice(start, start + _POINTS_AT_ONCE)
        _sum_series(c, keep, turn, flat[here], out[here])
    return out.reshape(t.shape)


def uniform(generator: np.random.Generator, count: int, dim: int) -> Array:
    """Return `count` independent uniform points on S^{d-1}, shape (count, d).

    Nested: the first n points of a stream are the same whatever `count` is.
    """
    check_dimension(dim)
    points = generator.standard_normal((count, dim))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


def zonal_quadrature(dim: int, nodes: int) -> tuple[Array, Array]:
    """Return cosines t and weights w, Σ w = 1, of the Gauss rule for the law of x·e under the uniform measure.

    Exact for polynomials in t of degree up to 2 nodes - 1. Both have shape (nodes,), cosines increase.

    Source: Gauss-Gegenbauer for the density (1 - t²)^((d-3)/2); Gauss-Chebyshev for d = 2.
    """
    check_dimension(dim)
    if nodes < 1:
        raise ValueError(f"nodes must be at least 1, got {nodes}")
    if dim == 2:
        cosines = -np.cos((np.arange(nodes) + 0.5) * np.pi / nodes)
        return cosines, np.full(nodes, 1 / nodes)
    cosines, weights = special.roots_gegenbauer(nodes, (dim - 2) / 2)
    return cosines, weights / weights.sum()
