"""Estimators that are linear in the labels: what a deep network is compared with.

Kernel ridge regression (Matérn, tangent kernel, an anisotropic product of Laplace kernels as the honest counterpart),
Nadaraya–Watson and nearest neighbours, by scikit-learn where it has them. Each is given its scalar tuning by an
oracle, which favours it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from dltheory.least_squares import require_sample

Array = npt.NDArray[np.float64]
KernelName = Literal["matern", "laplace", "ntk", "product"]


@dataclass(frozen=True)
class Kernel:
    """A kernel on the cube.

    `matern` has smoothness `order` and one length for all directions, `laplace` is its case 1/2, `ntk` the tangent
    kernel of a two-layer ReLU network on the sphere through (x, 1)/‖(x, 1)‖, and `product` a product of Matérn
    kernels with an order and a length of their own a direction: the one that is told which direction is smooth.
    """

    name: KernelName = "matern"
    order: float | tuple[float, ...] = 0.5
    length: float | tuple[float, ...] = 0.5

    def __post_init__(self) -> None:
        if self.name not in get_args(KernelName):
            raise ValueError(f"a kernel is one of {', '.join(get_args(KernelName))}, got {self.name!r}")
        for what, given in (("order", self.order), ("length", self.length)):
            values = given if isinstance(given, tuple) else (given,)
            if any(not value > 0 for value in values):
                raise ValueError(f"the {what} of a kernel must be positive, got {given}")
            if isinstance(given, tuple) and self.name != "product":
                raise ValueError(f"the kernel {self.name!r} has one {what} for all directions, got {given}")

    def __call__(self, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
        """Return K(a, b) of shape (len(a), len(b)) for points of the cube."""
        left, right = np.atleast_2d(np.asarray(a, float)), np.atleast_2d(np.asarray(b, float))
        if left.ndim != 2 or left.shape[1:] != right.shape[1:]:
            raise ValueError(f"a kernel takes points (n, D) and (m, D), got shapes {left.shape} and {right.shape}")
        if self.name == "ntk":
            return _tangent(left, right)
        if self.name == "product":
            for what, given in (("order", self.order), ("length", self.length)):
                if isinstance(given, tuple) and len(given) != left.shape[1]:
                    raise ValueError(f"points have {left.shape[1]} coordinates, the kernel one {what} for {len(given)}")
            found = np.ones((len(left), len(right)))
            for i in range(left.shape[1]):
                order, length = _of(self.order, i), _of(self.length, i)
                if length < math.inf:  # an infinite length is a function constant in that direction
                    found *= _matern(left[:, i : i + 1], right[:, i : i + 1], order, length)
            return found
        order, length = _of(0.5 if self.name == "laplace" else self.order, 0), _of(self.length, 0)
        return _matern(left, right, order, length)


def ridge_path(kernel: Kernel, x: Array, y: Array, points: Array, ridges: npt.ArrayLike) -> Array:
    """Return the predictions (len(ridges), len(points)) of (K + λ)⁻¹, one eigendecomposition for all ridges λ > 0."""
    penalties = np.atleast_1d(np.asarray(ridges, float))
    if not np.all(penalties > 0):
        raise ValueError(f"a ridge must be positive, got {penalties.min():g}")
    x, y = require_sample(x, y)
    values, vectors = np.linalg.eigh(kernel(x, x))
    rotated = vectors.T @ y
    dual = rotated / (np.maximum(values, 0.0) + penalties[:, None])
    return np.asarray(dual @ (kernel(points, x) @ vectors).T)


def ridge(kernel: Kernel, x: Array, y: Array, points: Array, penalty: float) -> Array:
    """Return the predictions (len(points),) of scikit-learn's `KernelRidge` for one penalty, by a solve."""
    if not penalty > 0:
        raise ValueError(f"a ridge must be positive, got {penalty:g}")
    x, y = require_sample(x, y)
    from sklearn.kernel_ridge import KernelRidge

    fitted = KernelRidge(alpha=penalty, kernel="precomputed").fit(kernel(x, x), y)
    return np.asarray(fitted.predict(kernel(points, x)), float)


def nadaraya_watson(x: Array, y: Array, points: Array, widths: Sequence[float]) -> Array:
    """Return Σ w_i y_i / Σ w_i with Gaussian weights of one width in all directions, (len(widths), len(points)).

    Where no weight is left a point gets the label of its nearest neighbour.
    """
    if not all(width > 0 for width in widths):
        raise ValueError(f"a bandwidth must be positive, got {min(widths):g}")
    x, y = require_sample(x, y)
    from sklearn.metrics.pairwise import euclidean_distances

    squared = euclidean_distances(points, x, squared=True)
    squared -= squared.min(axis=1, keepdims=True)  # a common factor of a row, so that the nearest has weight 1
    weights = (np.exp(-squared / (2 * width**2)) for width in widths)
    return np.stack([weight @ y / weight.sum(axis=1) for weight in weights])


def nearest_neighbours(x: Array, y: Array, points: Array, counts: Sequence[int]) -> Array:
    """Return means of the k nearest labels for every k, (len(counts), len(points)), from one search."""
    if not all(1 <= k <= len(x) and k % 1 == 0 for k in counts):
        raise ValueError(f"the number of neighbours lies between 1 and {len(x)}, got {tuple(counts)}")
    x, y = require_sample(x, y)
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=max(counts)).fit(x).kneighbors(points, return_distance=False)
    means = np.cumsum(y[near], axis=1)
    return np.stack([means[:, k - 1] / k for k in counts])


def _matern(a: Array, b: Array, order: float, length: float) -> Array:
    from sklearn.gaussian_process.kernels import Matern

    return np.asarray(Matern(length, nu=order)(a, b))


def _tangent(a: Array, b: Array) -> Array:
    from dltheory.ntk.kernels import NeuralTangentKernel

    lifted = [np.column_stack([points, np.ones(len(points))]) for points in (a, b)]
    unit = [points / np.linalg.norm(points, axis=1, keepdims=True) for points in lifted]
    return np.asarray(NeuralTangentKernel(a.shape[1] + 1)(np.clip(unit[0] @ unit[1].T, -1, 1)))


def _of(given: float | tuple[float, ...], direction: int) -> float:
    return given[direction] if isinstance(given, tuple) else given
