"""Compiled loops over pairs of points on the sphere: zonal kernels k(x·x') evaluated on vector registers.

numba calls the C library for arccos, one number at a time; here it is a square root and a polynomial.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_SAFE = {"contract", "reassoc", "nsz", "arcp"}  # reordered sums vectorise; NaN and infinity keep their meaning
_CHUNK = 256  # pairs at once: the buffers stay in the first-level cache


# arcsin(√z)/√z on [0, ½] as a polynomial in 4z - 1, highest power first, for arccos(t) = 2 arcsin √((1 - t)/2):
# interpolation in the 22 Chebyshev nodes, computed with 50 digits; nowhere off by more than 1e-17
_ARC = np.array(
    [
        4.158092320044925e-13,
        1.336234089308983e-12,
        2.021515956534517e-12,
        6.593982320718312e-12,
        2.704377017994051e-11,
        8.867145653641421e-11,
        2.850873665500038e-10,
        9.46807605807999e-10,
        3.173832059253657e-09,
        1.0708838558910768e-08,
        3.649184841925876e-08,
        1.2584263013183814e-07,
        4.4019724253866794e-07,
        1.566963421607985e-06,
        5.701783489941968e-06,
        2.1345552502481293e-05,
        8.302317788737502e-05,
        0.00034086372342234563,
        0.0015196685396000934,
        0.00779890223897363,
        0.053751493591326895,
        1.0471975511965979,
    ]
)


@njit(cache=True, fastmath=_SAFE, error_model="numpy")
def angles(cosine, out):  # type: ignore[no-untyped-def]
    """Fill out = arccos(cosine), to 1e-15; a cosine beyond ±1 by rounding counts as ±1."""
    for i in range(cosine.size):
        z = (1.0 - min(abs(cosine[i]), 1.0)) * 0.5
        f = 0.0
        for c in _ARC:
            f = f * (4.0 * z - 1.0) + c
        near = 2.0 * np.sqrt(z) * f
        out[i] = near if cosine[i] >= 0 else np.pi - near


@njit(cache=True, fastmath=_SAFE, error_model="numpy")
def tangent_kernel(cosine, affine, out):  # type: ignore[no-untyped-def]
    """Fill out with p sin θ + (π - θ)(q t + s) at t = cos θ, the closed form of `NeuralTangentKernel`."""
    p, q, s = affine
    for i in range(cosine.size):
        t = min(max(cosine[i], -1.0), 1.0)
        z = (1.0 - abs(t)) * 0.5
        f = 0.0
        for c in _ARC:
            f = f * (4.0 * z - 1.0) + c
        root = np.sqrt(z)
        near = 2.0 * root * f
        supplement = np.pi - near if t >= 0 else near
        out[i] = 2.0 * p * root * np.sqrt(1.0 - z) + supplement * (q * t + s)


@njit(cache=True, fastmath=_SAFE, error_model="numpy")
def _cosines(point, centres, start, out):  # type: ignore[no-untyped-def]
    """Fill out with x·x_i, i from `start` on; `centres` (d, n) is feature-major."""
    out[:] = 0.0
    for j in range(point.size):
        x, row = point[j], centres[j, start : start + out.size]
        for i in range(out.size):
            out[i] += x * row[i]


@njit(cache=True, fastmath=_SAFE, error_model="numpy")
def expansion(points, centres, coefficients, affine, out):  # type: ignore[no-untyped-def]
    """Fill out (n,) with Σ_i a_i k(x_i, ·) at `points` (n, d); `centres` (d, m), `coefficients` (m,)."""
    cosine, value = np.empty(_CHUNK), np.empty(_CHUNK)
    for n in range(out.size):
        total = 0.0
        for start in range(0, coefficients.size, _CHUNK):
            size = min(_CHUNK, coefficients.size - start)
            _cosines(points[n], centres, start, cosine[:size])
            tangent_kernel(cosine[:size], affine, value)
            for i in range(size):
                total += coefficients[start + i] * value[i]
        out[n] = total


@njit(cache=True, fastmath=_SAFE, error_model="numpy")
def residuals(points, centres, labels, step_size, decay, affine, out):  # type: ignore[no-untyped-def]
    """Fill out (T,) with η (g_t(x_t) - y_t) along one stream, `points` (T, d) and `centres` their transpose."""
    current = np.zeros(out.size)  # coefficients of the iterate: a new one a step, the others decay
    cosine, value = np.empty(_CHUNK), np.empty(_CHUNK)
    for t in range(out.size):
        total = 0.0
        for start in range(0, t, _CHUNK):
            size = min(_CHUNK, t - start)
            _cosines(points[t], centres, start, cosine[:size])
            tangent_kernel(cosine[:size], affine, value)
            for i in range(size):
                total += current[start + i] * value[i]
                current[start + i] *= decay
        out[t] = step_size * (total - labels[t])
        current[t] = -out[t]


@njit(cache=True)
def tabulated(table, cosine, out):  # type: ignore[no-untyped-def]
    """Fill out with the cubic through the four nearest of n values on a uniform grid of [0, π] in arccos."""
    last = table.size - 1
    angles(cosine, out)
    for i in range(cosine.size):
        u = out[i] * (last / np.pi)
        j = min(max(int(u), 1), last - 2)
        u -= j
        bend = table[j - 1] - 2 * table[j] + table[j + 1]
        next_bend = table[j] - 2 * table[j + 1] + table[j + 2]
        line = table[j] * (1 - u) + table[j + 1] * u
        out[i] = line - u * (1 - u) * ((2 - u) * bend + (1 + u) * next_bend) / 6
