"""Finding the manifold in a tube: local principal components at a scale above the tube's radius, then projection.

Centres start at data points and move to the mean of their neighbourhood, which takes them to the middle of the tube;
a point then goes to the tangent plane of the nearest centre. What is estimated is the manifold up to a shift along
its curvature, in pieces: neighbours stay neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

Array = npt.NDArray[np.float64]
_GAP = 1.1  # least ratio of the variances along and across
_SHIFTS = 4  # moves of a centre to its local mean


@dataclass(frozen=True, eq=False)
class TangentPieces:
    """Pieces of planes: `centres` (m, D) and orthonormal `tangents` (m, d, D)."""

    centres: Array
    tangents: Array

    @classmethod
    def fit(cls, points: Array, dimension: int, scale: float, *, pieces: int = 512, used: int = 4096) -> TangentPieces:
        """Return pieces of dimension d found in the first `used` of the points (n, D), in neighbourhoods of `scale`.

        ValueError where a neighbourhood holds too few points to have d directions.
        """
        if points.ndim != 2 or not points.size or not np.all(np.isfinite(points)):
            raise ValueError(f"finite points (n, D) were expected, got shape {points.shape}")
        if pieces < 1 or used < 1:
            raise ValueError(f"at least one piece is found in at least one point, got {pieces} and {used}")
        if isinstance(dimension, bool) or not isinstance(dimension, int) or not 1 <= dimension <= points.shape[1]:
            raise ValueError(
                f"the dimension of a manifold is a whole number from 1 to {points.shape[1]}, got {dimension!r}"
            )
        if not scale > 0:
            raise ValueError(f"a scale must be positive, got {scale:g}")
        given = points[:used]
        centres = given[:pieces]
        for _ in range(_SHIFTS):
            near = (cdist(centres, given) < scale).astype(float)
            counts = near.sum(axis=1)
            if counts.min() < dimension + 2:
                raise ValueError(
                    f"too few points: a neighbourhood of radius {scale:g} holds {int(counts.min())},"
                    f" tangents of dimension {dimension} need {dimension + 2}"
                )
            centres = near @ given / counts[:, np.newaxis]
        size = given.shape[1]
        products = (given[:, :, np.newaxis] * given[:, np.newaxis]).reshape(len(given), -1)
        second = (near @ products / counts[:, np.newaxis]).reshape(-1, size, size)
        covariance = second - centres[:, :, np.newaxis] * centres[:, np.newaxis]
        spreads, directions = np.linalg.eigh(covariance)
        _require_gap(spreads[:, ::-1], dimension, scale)
        directions = directions[:, :, ::-1]
        return cls(centres, np.ascontiguousarray(np.swapaxes(directions[:, :, :dimension], 1, 2)))

    def project(self, points: Array) -> Array:
        """Return points (n, D) moved to the plane of the nearest centre."""
        if points.ndim != 2 or points.shape[1] != self.centres.shape[1]:
            raise ValueError(f"points have shape {points.shape}, expected (n, {self.centres.shape[1]})")
        nearest = cKDTree(self.centres).query(points)[1]
        centre, tangent = self.centres[nearest], self.tangents[nearest]
        along = np.einsum("ntd,nd->nt", tangent, points - centre)
        return np.asarray(centre + np.einsum("nt,ntd->nd", along, tangent))


def _require_gap(spreads: Array, dimension: int, scale: float) -> None:
    """Raise ValueError where neighbourhoods have no `dimension` leading directions, spreads (m, D) falling."""
    if float(spreads[:, dimension - 1].min()) <= 1e-12 * scale**2:
        raise ValueError(f"the points of a neighbourhood do not span {dimension} direction(s): they repeat")
    if dimension == spreads.shape[1]:
        return
    gap = float(np.min(spreads[:, dimension - 1] / np.maximum(spreads[:, dimension], 1e-300)))
    if gap < _GAP:
        raise ValueError(
            f"a neighbourhood of radius {scale:g} has no {dimension} leading direction(s), its spreads differ by a"
            f" factor of {gap:.2g}: the manifold meets itself there, or the scale is below the tube's radius"
        )


def random_line(rng: np.random.Generator, ambient: int) -> TangentPieces:
    """Return a single plane of dimension 1 in a random direction: a projection that knows nothing of the manifold."""
    direction = rng.standard_normal(ambient)
    return TangentPieces(np.zeros((1, ambient)), (direction / np.linalg.norm(direction))[np.newaxis, np.newaxis])
