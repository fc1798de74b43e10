"""Compiled loops over pairs of points on the sphere: zonal kernels k(x·x') evaluated on vector registers."""

from __future__ import annotations

import numpy as np
from numba import njit

from dltheory.ntk.arccosine import evaluate_double
from dltheory.vectors import SAFE

_CHUNK = 256  # pairs at once: the buffer stays in the first-level cache


@njit(cache=True, fastmath=SAFE, error_model="numpy")
def _cosines(point, centres, start, out):  # type: ignore[no-untyped-def]
    """Fill out with x·x_i, i from `start` on; `centres` (d, n) is feature-major."""
    out[:] = 0.0
    for j in range(point.size):
        x, row = point[j], centres[j, start : start + out.size]
        for i in range(out.size):
            out[i] += x * row[i]


@njit(cache=True, fastmath=SAFE, error_model="numpy")
def expansion(points, centres, coefficients, affine, out):  # type: ignore[no-untyped-def]
    """Fill out (n,) with Σ_i a_i k(x_i, ·) at `points` (n, d); `centres` (d, m), `coefficients` (m,)."""
    (p, q, s), pairs = affine, np.empty(_CHUNK)
    for n in range(out.size):
        total = 0.0
        for start in range(0, coefficients.size, _CHUNK):
            size = min(_CHUNK, coefficients.size - start)
            _cosines(points[n], centres, start, pairs[:size])
            evaluate_double(pairs[:size], p, q, s)
            for i in range(size):
                total += coefficients[start + i] * pairs[i]
        out[n] = total


@njit(cache=True, fastmath=SAFE, error_model="numpy")
def residuals(points, centres, labels, step_size, decay, affine, out):  # type: ignore[no-untyped-def]
    """Fill out (T,) with η (g_t(x_t) - y_t) along one stream, `points` (T, d) and `centres` their transpose."""
    current = np.zeros(out.size)  # coefficients of the iterate: a new one a step, the others decay
    (p, q, s), pairs = affine, np.empty(_CHUNK)
    for t in range(out.size):
        total = 0.0
        for start in range(0, t, _CHUNK):
            size = min(_CHUNK, t - start)
            _cosines(points[t], centres, start, pairs[:size])
            evaluate_double(pairs[:size], p, q, s)
            for i in range(size):
                total += current[start + i] * pairs[i]
                current[start + i] *= decay
        out[t] = step_size * (total - labels[t])
        current[t] = -out[t]


@njit(cache=True)
def tabulated(table, cosine, out):  # type: ignore[no-untyped-def]
    """Fill out with the cubic through the four nearest of n values on a uniform grid of [0, π] in arccos."""
    last = table.size - 1
    out[:] = cosine
    evaluate_double(out, 0.0, 0.0, 1.0)  # π - θ
    for i in range(out.size):
        u = last - out[i] * (last / np.pi)
        j = min(max(int(u), 1), last - 2)
        u -= j
        bend = table[j - 1] - 2 * table[j] + table[j + 1]
        next_bend = table[j] - 2 * table[j + 1] + table[j + 2]
        line = table[j] * (1 - u) + table[j + 1] * u
        out[i] = line - u * (1 - u) * ((2 - u) * bend + (1 + u) * next_bend) / 6
