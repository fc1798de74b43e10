"""Linear opponents of change-point search: averages over bins and windows, and any other smoother's average risk.

Under the prior f = ±a 1_{[t,1]}, t uniform, the average risk of f̂(x) = w(x)ᵀY is a quadratic form in the weights with
the covariance a² min(x, x′), so it is known for every smoother without drawing f or the noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from dltheory.besov.change_points import StepFunction, require_line_sample, require_scales

Array = npt.NDArray[np.float64]


def regressogram(x: Array, y: Array, bins: int) -> StepFunction:
    """Return the averages of y over equal bins of [0, 1], 0 in a bin without samples."""
    if bins < 1:
        raise ValueError(f"a regressogram needs at least one bin, got {bins}")
    x, y = require_line_sample(x, y)
    index = np.minimum((x * bins).astype(np.int64), bins - 1)
    count = np.bincount(index, minlength=bins)
    total = np.bincount(index, weights=y, minlength=bins)
    return StepFunction(np.arange(1, bins) / bins, total / np.maximum(count, 1))


def best_bins(samples: int, amplitude: float, noise: float) -> int:
    """Return the bins that minimise the average risk a²/(6m) + σ²m/n over the position of the jump."""
    require_scales(amplitude, noise)
    _require_positive(samples=samples)
    return max(1, round(amplitude * math.sqrt(samples / 6) / noise))


def box_kernel(x: Array, y: Array, half_width: float) -> StepFunction:
    """Return x ↦ mean of the y within `half_width` for a sorted sample, 0 where there is none; O(n log n).

    The average is a step function with a jump wherever a sample enters or leaves the window.
    """
    if not half_width > 0:
        raise ValueError(f"the half-width of a window must be positive, got {half_width:g}")
    x, y = require_line_sample(x, y, ascending=True)
    edges = np.sort(np.concatenate([x - half_width, x + half_width]))
    edges = edges[(edges > 0) & (edges < 1)]
    middle = (np.concatenate([[0.0], edges]) + np.concatenate([edges, [1.0]])) / 2
    low, high = (np.searchsorted(x, middle + side * half_width) for side in (-1, 1))
    sums = np.concatenate([[0.0], np.cumsum(y)])
    return StepFunction(edges, (sums[high] - sums[low]) / np.maximum(high - low, 1))


def best_half_width(samples: int, amplitude: float, noise: float) -> float:
    """Return the h that minimises a²h/6 + σ²/(2hn), the average risk of a box kernel away from the ends."""
    require_scales(amplitude, noise)
    _require_positive(samples=samples)
    return min(0.5, math.sqrt(3 / samples) * noise / amplitude)


def average_risk(weights: Array, x: Array, at: Array, amplitude: float, noise: float) -> float:
    """Return the average risk of f̂(at_i) = Σ_j weights_ij Y_j, weights (m, n), under the prior on the jump.

    ∫ wᵀ(K + σ²)w − 2wᵀk(x) + k(x, x) dx by the midpoint rule, where `at` (m,) are the middles of m equal cells.
    """
    require_scales(amplitude, noise)
    if weights.shape != (at.size, x.size):
        raise ValueError(f"weights of shape {(at.size, x.size)} were expected, got {weights.shape}")
    kernel = amplitude**2 * np.minimum(x[:, None], x[None, :])
    kernel[np.diag_indices(x.size)] += noise**2
    quadratic = np.einsum("ij,ij->i", weights @ kernel, weights)
    cross = np.einsum("ij,ij->i", weights, amplitude**2 * np.minimum(at[:, None], x[None, :]))
    return float(np.mean(quadratic - 2 * cross + amplitude**2 * at))


def nearest_neighbours(x: Array, at: Array, neighbours: int) -> Array:
    """Return the weights (m, n) of a k-nearest-neighbour average."""
    if not 1 <= neighbours <= x.size:
        raise ValueError(f"the number of neighbours lies between 1 and {x.size}, got {neighbours}")
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=neighbours).fit(x[:, None]).kneighbors_graph(at[:, None])
    return np.asarray(found.toarray() / neighbours)


def gaussian_kernel(x: Array, at: Array, bandwidth: float) -> Array:
    """Return the weights (m, n) of Nadaraya–Watson with a Gaussian kernel."""
    _require_positive(bandwidth=bandwidth)
    log = -(((at[:, None] - x[None, :]) / bandwidth) ** 2) / 2
    weights = np.exp(log - log.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def local_linear(x: Array, at: Array, bandwidth: float) -> Array:
    """Return the weights (m, n) of local linear regression with a Gaussian kernel, slightly ridged."""
    weights = gaussian_kernel(x, at, bandwidth)
    away = (x[None, :] - at[:, None]) / bandwidth
    first, second = (np.einsum("ij,ij->i", weights, away**power) for power in (1, 2))
    return np.asarray(weights * (second[:, None] + 1e-9 - first[:, None] * away) / (second - first**2 + 1e-9)[:, None])


def matern(x: Array, at: Array, length: float, ridge: float, nu: float = 1.5) -> Array:
    """Return the weights (m, n) of kernel ridge regression with a Matérn kernel of unit variance."""
    from sklearn.gaussian_process.kernels import Matern

    _require_positive(length=length, ridge=ridge, nu=nu)
    kernel = Matern(length_scale=length, nu=nu)
    gram = kernel(x[:, None])
    gram[np.diag_indices(x.size)] += ridge
    return np.asarray(np.linalg.solve(gram, kernel(x[:, None], at[:, None])).T)


def tuned(
    family: Callable[[float], Array], grid: Iterable[float], x: Array, at: Array, amplitude: float, noise: float
) -> tuple[float, float]:
    """Return the parameter of the grid with the least average risk, and that risk: an oracle's, for the opponent."""
    risks = [(average_risk(family(value), x, at, amplitude, noise), value) for value in grid]
    risk, value = min(risks)
    return value, risk


def _require_positive(**parameters: float) -> None:
    for name, value in parameters.items():
        if not 0 < value < math.inf:
            raise ValueError(f"the {name} of a smoother must be positive and finite, got {value:g}")
