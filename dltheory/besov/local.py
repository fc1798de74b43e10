"""Local averages with a k-d tree: nearest neighbours, Nadaraya–Watson and local linear fits, and their exact risk.

Given the design the estimate is linear in the labels, so that noise is averaged exactly: the risk at a point is
(Σ w_i f(X_i) − f(x))² + σ² Σ w_i². Weights are the only thing that a method is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from dltheory.least_squares import require_sample

Array = npt.NDArray[np.float64]
Method = Literal["neighbours", "window", "linear"]


@dataclass(frozen=True)
class LocalAverage:
    """A local average at k nearest neighbours, or at those within a bandwidth h.

    "neighbours" takes the mean of k labels, "window" that of all labels within h (0 where there are none), "linear"
    the value of the least-squares plane through k neighbours along the `tangent` leading principal directions.
    """

    method: Method
    k: int = 0
    bandwidth: float = 0.0
    tangent: int = 1

    def __post_init__(self) -> None:
        if self.method not in ("neighbours", "window", "linear"):
            raise ValueError(f"a local average is neighbours, window or linear, got {self.method!r}")
        if self.method == "window" and not self.bandwidth > 0:
            raise ValueError(f"a window needs a bandwidth h > 0, got {self.bandwidth:g}")
        if self.k % 1 or self.tangent % 1 or self.tangent < 1:
            raise ValueError(
                f"neighbours and tangent directions are whole numbers, at least 1 direction, got k = {self.k} and"
                f" {self.tangent}"
            )
        if self.method != "window" and self.k < (1 if self.method == "neighbours" else self.tangent + 2):
            raise ValueError(f"{self.method} with {self.tangent} directions needs more neighbours, got k = {self.k}")

    def require_unsaturated(self, beta: float) -> None:
        """Raise ValueError for a smoothness that an average of labels cannot use."""
        if self.method != "linear" and beta > 2:
            raise ValueError(f"saturation: an average of labels gains nothing beyond β = 2, got β = {beta:g}")

    def smooth(self, points: Array, at: Array, values: Array) -> tuple[Array, Array]:
        """Return Σ_i w_i(x) v_i for values (F, n), shape (F, m), and Σ_i w_i(x)² (m,), for x in `at` (m, D)."""
        if values.ndim != 2 or values.shape[1] != len(points):
            raise ValueError(f"values (F, {len(points)}) were expected, got shape {values.shape}")
        if points.ndim != 2 or at.ndim != 2 or at.shape[1] != points.shape[1]:
            raise ValueError(f"points (n, D) and (m, D) were expected, got shapes {points.shape} and {at.shape}")
        tree = cKDTree(points)
        if self.method == "window":
            return _window([tree.query_ball_point(point, self.bandwidth) for point in at], values)
        if self.k > len(points):
            raise ValueError(f"k = {self.k} neighbours of {len(points)} points do not exist")
        near = tree.query(at, self.k)[1].reshape(len(at), self.k)
        if self.method == "neighbours":
            return values[:, near].mean(axis=2), np.full(len(at), 1 / self.k)
        weights = _plane_weights(points[near] - at[:, np.newaxis], self.tangent)
        return np.einsum("fmk,mk->fm", values[:, near], weights), np.einsum("mk,mk->m", weights, weights)

    def risk(self, points: Array, at: Array, clean: Array, truth: Array, noise: float) -> Array:
        """Return the risk averaged over noise, functions and `at`, a number; clean (F, n), truth (F, m)."""
        if not noise >= 0:
            raise ValueError(f"the noise must be at least 0, got {noise:g}")
        if truth.shape != (len(clean), len(at)):
            raise ValueError(f"true values of shape {(len(clean), len(at))} were expected, got {truth.shape}")
        smoothed, squares = self.smooth(points, at, clean)
        return np.asarray(np.mean((smoothed - truth) ** 2) + noise**2 * np.mean(squares))


def choose_neighbours(points: Array, labels: Array, candidates: Sequence[int]) -> int:
    """Return the k with the least leave-one-out error, for points (n, D) and labels (n,)."""
    points, labels = require_sample(points, labels)
    largest = max(candidates)
    if min(candidates) < 1 or largest >= len(points):
        raise ValueError(f"candidates for k lie between 1 and {len(points) - 1}, got {sorted(candidates)}")
    near = np.asarray(cKDTree(points).query(points, largest + 1)[1])[:, 1:]  # the first neighbour is the point itself
    means = np.cumsum(labels[near], axis=1) / np.arange(1, largest + 1)
    errors = {k: float(np.mean((means[:, k - 1] - labels) ** 2)) for k in candidates}
    return min(errors, key=lambda k: errors[k])


def _window(found: list[list[int]], values: Array) -> tuple[Array, Array]:
    counts = np.array([len(rows) for rows in found])
    index = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in found])
    ends = np.concatenate([[0], np.cumsum(counts)])
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values[:, index], axis=1)], axis=1)
    safe = np.maximum(counts, 1)
    return (sums[:, ends[1:]] - sums[:, ends[:-1]]) / safe, np.where(counts > 0, 1 / safe, 0.0)


def _plane_weights(differences: Array, tangent: int) -> Array:
    """Return weights (m, k) of the least-squares plane at 0 in the leading principal directions of each row."""
    centred = differences - differences.mean(axis=1, keepdims=True)
    basis = np.linalg.svd(centred, full_matrices=False)[2][:, :tangent]
    local = np.einsum("mkd,mtd->mkt", differences, basis)
    design = np.concatenate([np.ones((*local.shape[:2], 1)), local], axis=2)
    gram = np.einsum("mka,mkb->mab", design, design)
    first = np.zeros((*gram.shape[:1], tangent + 1, 1))
    first[:, 0] = 1.0
    # k points on less than a plane of that dimension: their spread along it is nothing beside their distance
    spread = np.linalg.eigvalsh(gram[:, 1:, 1:] - gram[:, :1, 1:] * gram[:, 1:, :1] / gram[:, :1, :1])[:, 0]
    if np.any(spread <= 1e-13 * np.trace(gram[:, 1:, 1:], axis1=1, axis2=2)):
        raise ValueError(
            f"{differences.shape[1]} neighbours do not span {tangent} direction(s): the points repeat, or lie on a set"
            " of lower dimension"
        )
    return np.asarray(np.einsum("mka,ma->mk", design, np.linalg.solve(gram, first)[..., 0]))
