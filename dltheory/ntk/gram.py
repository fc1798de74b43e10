"""Gram matrices of the tangent kernel, at infinite and at finite width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dltheory.ntk.kernels import NeuralTangentKernel

Floats = npt.NDArray[np.floating]
_ROWS = 64


def infinite_width_gram(points: Floats, kernel: NeuralTangentKernel, out: Floats | None = None) -> Floats:
    """Return k(x_i, x_j) for unit points (n, d), shape (n, n), in the dtype of the points."""
    n = points.shape[0]
    gram = np.empty((n, n), dtype=points.dtype) if out is None else out
    for start in range(0, n, _ROWS):
        rows = slice(start, start + _ROWS)
        block = kernel(points[rows] @ points[start:].T)
        gram[rows, start:] = block
        gram[start:, rows] = block.T
    return gram
