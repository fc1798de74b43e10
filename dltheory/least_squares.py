"""Least squares on the columns of a design, and its mean squared error on random points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_factor, cho_solve, lstsq, qr

Array = npt.NDArray[np.float64]


class NotIdentifiedError(ValueError):
    """A design whose Gram matrix is singular to rounding: the data do not determine all coefficients."""


def solve(design: Array, y: Array) -> Array:
    """Return least-squares coefficients (N,) of a design (n, N), the shortest ones where several are best.

    By Cholesky where the design identifies all of them, else by a singular value decomposition.
    """
    try:
        return solve_identified(design, y)
    except NotIdentifiedError:
        return np.asarray(np.linalg.lstsq(design, y, rcond=None)[0])


def solve_identified(design: Array, y: Array) -> Array:
    """Return the least-squares coefficients (N,) of a design (n, N); NotIdentifiedError where they are not unique."""
    _require_system(design, y)
    return np.asarray(cho_solve(gram_factor(design.T @ design), design.T @ y))


def gram_factor(gram: Array) -> tuple[Array, bool]:
    """Return the Cholesky factor of a Gram matrix (N, N) for `cho_solve`; NotIdentifiedError where it is singular."""
    size = np.diagonal(gram)
    if not np.all(np.isfinite(size)):
        raise ValueError("the design must be finite")
    try:
        factor, lower = cho_factor(gram)
        pivots = np.diagonal(factor) ** 2
        regular = bool(np.all(pivots > 8 * len(gram) * np.finfo(factor.dtype).eps * size))
    except LinAlgError:
        regular = False
    if not regular:
        raise NotIdentifiedError(
            f"the design does not identify {len(gram)} terms, their Gram matrix is singular: inputs that repeat, or lie"
            " on a set of lower dimension, are outside of the theory; take fewer terms or inputs with a density"
        )
    return factor, bool(lower)


def _require_system(design: Array, y: Array) -> None:
    if design.ndim != 2 or y.shape[:1] != design.shape[:1]:
        raise ValueError(f"a design (n, N) and labels (n,) were expected, got shapes {design.shape} and {y.shape}")
    if not np.all(np.isfinite(y)):
        raise ValueError("the labels must be finite")


def require_sample(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
    """Return points (n, D) and labels (n,) as numbers; ValueError for other shapes and for what is not finite."""
    points, labels = np.asarray(x, float), np.asarray(y, float)
    if points.ndim != 2 or labels.shape != (len(points),) or not points.size:
        raise ValueError(f"points (n, D) and labels (n,) were expected, got shapes {points.shape} and {labels.shape}")
    for name, values in (("points", points), ("labels", labels)):
        if not np.all(np.isfinite(values)):
            raise ValueError(f"the {name} of a sample must be finite, {np.sum(~np.isfinite(values))} numbers are not")
    return points, labels


def require_different(points: Array, needed: int, what: str) -> None:
    """Raise ValueError unless at least `needed` of the points (n, D) differ: `what` takes so many.

    A discrete law of the inputs has no density, and determines no more terms than it has atoms.
    """
    ordered = points[np.lexsort(points.T)]
    found = 1 + int(np.sum(np.any(ordered[1:] != ordered[:-1], axis=1))) if len(points) else 0
    if found < needed:
        raise ValueError(
            f"{what} need {needed} points, got {found}" + (" different ones" if found < len(points) else "")
        )


def solve_pivoted(matrix: Array, y: Array) -> Array:
    """Return argmin ‖A w − y‖, columns scaled first; directions that the data do not determine are left at zero."""
    _require_system(matrix, y)
    size = np.sqrt(np.sum(matrix**2, axis=0))
    if not np.all(np.isfinite(size)):
        raise ValueError("the design must be finite")
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


def expected_parts(
    tail: npt.ArrayLike, kept: npt.ArrayLike, n: npt.ArrayLike, noise: float
) -> dict[str, Array]:  # fmt: skip
    """Return the two parts of `expected_error`: squared bias, which is the tail, and variance."""
    bias = np.asarray(tail, float)
    return {"bias": bias, "variance": expected_error(bias, kept, n, noise) - bias}
