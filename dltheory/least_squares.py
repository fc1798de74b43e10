"""Least squares on the columns of a design, and its mean squared error on random points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve, lstsq, qr

Array = npt.NDArray[np.float64]


def solve(design: Array, y: Array) -> Array:
    """Return the least-squares coefficients (N,) of a design (n, N), by Cholesky where it is well conditioned."""
    try:
        return np.asarray(cho_solve(cho_factor(design.T @ design), design.T @ y))
    except LinAlgError:
        return np.asarray(np.linalg.lstsq(design, y, rcond=None)[0])


def solve_pivoted(matrix: Array, y: Array) -> Array:
    """Return argmin ‖A w − y‖, columns scaled first; directions that the data do not determine are left at zero."""
    size = np.sqrt(np.sum(matrix**2, axis=0))
    size[size == 0] = 1.0
    # the many rows are reduced by a plain QR, so that the pivoted one, which sees the rank, is of a small matrix
    (reduced,) = qr(np.column_stack([matrix / size, y]), mode="r", check_finite=False, overwrite_a=True)
    kept = reduced[: matrix.shape[1] + 1]
    return np.asarray(lstsq(kept[:, :-1], kept[:, -1], cond=1e-10, lapack_driver="gelsy", check_finite=False)[0] / size)


def expected_error(tail: npt.ArrayLike, kept: npt.ArrayLike, n: npt.ArrayLike, noise: float) -> Array:
    """Return tail + (σ² + tail) N/(n − N − 1), the mean squared error of least squares on N of the terms.

    The factor n/(n − N − 1) is that of a Gaussian design, to first order in N/n that of bounded bases; what the basis
    leaves out acts as noise of variance `tail`. Derived, checked against simulation within 2 %.
    """
    left, size, count = (np.asarray(value, float) for value in (tail, kept, n))
    if np.any(size > count - 2):
        raise ValueError("least squares needs more samples than terms")
    return np.asarray(left + (noise**2 + left) * size / (count - size - 1))
