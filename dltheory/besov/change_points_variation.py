"""Total-variation denoising: least squares with a penalty on Σ|f_{i+1} − f_i|, exact in O(n) on most data.

The non-linear estimator for functions of bounded variation: with a penalty of order σ n^{1/3} it attains n^{-2/3}
on that ball, and no more on a single jump, where it keeps of order n^{1/3} pieces.

Source: L. Condat, A direct algorithm for 1-D total variation denoising, IEEE Signal Processing Letters, 2013.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import numpy.typing as npt

from dltheory.besov.change_points import StepFunction, require_line_sample

Array = npt.NDArray[np.float64]


def denoise(y: npt.ArrayLike, penalty: float) -> Array:
    """Return argmin_f ½ Σ (y_i − f_i)² + penalty Σ |f_{i+1} − f_i|, (n,)."""
    values = np.ascontiguousarray(y, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.all(np.isfinite(values)):
        raise ValueError(f"y must be a vector of finite numbers, got shape {values.shape}")
    if not penalty >= 0:
        raise ValueError(f"the penalty must be at least 0, got {penalty:g}")
    return np.asarray(_denoise(values, float(penalty)))


def fit(x: Array, y: Array, noise: float, scale: float = 1.0) -> StepFunction:
    """Return the fit to a sorted sample with the penalty scale · σ n^{1/3}, which suits a ball of bounded variation.

    Pieces meet in the middle between their samples.
    """
    x, y = require_line_sample(x, y, ascending=True)
    values = denoise(y, scale * noise * math.cbrt(x.size))
    moves = np.flatnonzero(np.diff(values))
    return StepFunction((x[moves] + x[moves + 1]) / 2, values[np.concatenate([[0], moves + 1])])


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _denoise(y: Array, lam: float) -> Array:
    n = len(y)
    out = np.empty(n)
    k = first = low_end = high_end = 0
    low, high = y[0] - lam, y[0] + lam  # bounds for the value of the segment that begins at `first`
    u_low, u_high = lam, -lam  # the dual variable if the segment ended here at either bound
    while True:
        while k == n - 1:
            if u_low < 0.0:
                first = _write(out, first, low_end, low)
                k = low_end = first
                low, u_low = y[k], lam
                u_high = low + lam - high
            elif u_high > 0.0:
                first = _write(out, first, high_end, high)
                k = high_end = first
                high, u_high = y[k], -lam
                u_low = high - lam - low
            else:
                _write(out, first, k, low + u_low / (k - first + 1))
                return out
        u_low += y[k + 1] - low
        if u_low < -lam:  # the segment ends at low_end, with a step down
            first = _write(out, first, low_end, low)
            k = low_end = high_end = first
            low, high = y[k], y[k] + 2 * lam
            u_low, u_high = lam, -lam
            continue
        u_high += y[k + 1] - high
        if u_high > lam:  # the segment ends at high_end, with a step up
            first = _write(out, first, high_end, high)
            k = low_end = high_end = first
            low, high = y[k] - 2 * lam, y[k]
            u_low, u_high = lam, -lam
            continue
        k += 1
        if u_low >= lam:
            low_end = k
            low += (u_low - lam) / (k - first + 1)
            u_low = lam
        if u_high <= -lam:
            high_end = k
            high += (u_high + lam) / (k - first + 1)
            u_high = -lam


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _write(out: Array, first: int, last: int, value: float) -> int:
    """Set out[first..last] and return the index behind it."""
    for i in range(first, last + 1):
        out[i] = value
    return last + 1
