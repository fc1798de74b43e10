"""Data on a manifold in R^D and in a tube around it; functions of the point on the manifold, rough along it.

The manifolds are products of round spheres, for which nearest points are known in closed form: the circle (1,), the
sphere (2,) and the Clifford torus (1, 1), scaled to lie in the unit ball. A tube of radius r adds an offset, uniform
in the (D − d)-dimensional normal ball.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

from dltheory.besov.composition import uniform_ball

Array = npt.NDArray[np.float64]
_TABLE = 2**14


@dataclass(frozen=True)
class SphereProduct:
    """A product of unit spheres of dimensions `factors`, each scaled by 1/√(number of factors), in R^`ambient`.

    `circle`, `sphere` and `clifford_torus` make the usual ones. Coordinates beyond those of the factors are 0.
    """

    factors: tuple[int, ...]
    ambient: int

    def __post_init__(self) -> None:
        for factor in self.factors:
            if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
                raise ValueError(f"the dimension of a manifold is a whole number, at least 1, got {factor!r}")
        if not self.factors:
            raise ValueError("a product of spheres needs at least one factor")
        if isinstance(self.ambient, bool) or not isinstance(self.ambient, int) or self.ambient < self._used:
            raise ValueError(
                f"a manifold of dimension {self.dimension} like this one needs an ambient dimension of at least"
                f" {self._used}, got {self.ambient}"
            )

    @property
    def dimension(self) -> int:
        """Intrinsic dimension d."""
        return sum(self.factors)

    @property
    def scale(self) -> float:
        """Radius of every factor, which is also the reach: points closer than that have one nearest point."""
        return 1 / math.sqrt(len(self.factors))

    @property
    def reach(self) -> float:
        """Largest radius of a tube in which the projection onto the manifold is defined."""
        return self.scale

    @property
    def diameter(self) -> float:
        """Largest distance of two points."""
        return 2.0

    def require_bandwidth(self, bandwidth: float) -> None:
        """Raise ValueError unless a window of that radius sees a piece of the manifold, not all of it."""
        if not bandwidth > 0:
            raise ValueError(f"a bandwidth must be positive, got {bandwidth:g}")
        if bandwidth > self.diameter / 4:
            raise ValueError(
                f"too few samples: the bandwidth {bandwidth:.3g} exceeds a quarter of the diameter,"
                f" {self.diameter / 4:g}"
            )
        if bandwidth > self.reach:
            raise ValueError(f"the bandwidth {bandwidth:.3g} exceeds the reach {self.reach:.3g}: windows meet twice")

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """Return uniform, independent points (count, D)."""
        points = np.zeros((count, self.ambient))
        for block in self._blocks():
            draw = rng.standard_normal((count, block.stop - block.start))
            points[:, block] = draw * (self.scale / np.linalg.norm(draw, axis=1, keepdims=True))
        return points

    def thicken(self, rng: np.random.Generator, points: Array, radius: float) -> Array:
        """Return points moved by an offset that is uniform in the normal ball of that radius, (n, D)."""
        if radius == 0:
            return points
        if not 0 < radius < self.reach:
            raise ValueError(
                f"a tube needs a radius below the reach {self.reach:.3g}, where the projection is defined,"
                f" got {radius:g}"
            )
        self._require(points)
        normal = self.ambient - self.dimension
        draw = radius * uniform_ball(rng, len(points), normal)
        moved = points.astype(float)
        for i, block in enumerate(self._blocks()):
            moved[:, block] *= 1 + draw[:, i : i + 1] / self.scale
        moved[:, self._used :] += draw[:, len(self.factors) :]
        return moved

    def project(self, points: Array) -> Array:
        """Return the nearest points of the manifold; ValueError on a focal set, where there are several."""
        self._require(points)
        found = np.zeros(points.shape)
        for block in self._blocks():
            norm = np.linalg.norm(points[:, block], axis=1, keepdims=True)
            if not np.all(norm > 1e-12):
                raise ValueError("the projection is undefined at a point as far from the manifold as its reach")
            found[:, block] = points[:, block] * (self.scale / norm)
        return found

    def angles(self, points: Array) -> Array:
        """Return the angle in [0, 2π) of every circle factor at points of the manifold, shape (n, factors)."""
        if set(self.factors) != {1}:
            raise ValueError(f"angles belong to products of circles, got factors {self.factors}")
        self._require(points)
        found = [np.arctan2(points[:, b.start + 1], points[:, b.start]) for b in self._blocks()]
        return np.asarray(np.stack(found, axis=1) % (2 * math.pi))

    def _require(self, points: Array) -> None:
        if points.ndim != 2 or points.shape[1] != self.ambient:
            raise ValueError(f"points have shape {points.shape}, expected (n, {self.ambient})")

    @property
    def _used(self) -> int:
        return self.dimension + len(self.factors)

    def _blocks(self) -> list[slice]:
        ends = np.cumsum([factor + 1 for factor in self.factors]).tolist()
        return [slice(end - factor - 1, end) for factor, end in zip(self.factors, ends, strict=True)]


def circle(ambient: int) -> SphereProduct:
    """Return the unit circle in R^D."""
    return SphereProduct((1,), ambient)


def sphere(ambient: int) -> SphereProduct:
    """Return the unit sphere S² in R^D."""
    return SphereProduct((2,), ambient)


def clifford_torus(ambient: int) -> SphereProduct:
    """Return the flat torus of two circles of radius 1/√2 in R^D."""
    return SphereProduct((1, 1), ambient)


@dataclass(frozen=True)
class Spectrum:
    """Energies of a function on the circle, j^−(2β + 1) at frequency j ≥ 1: the boundary of L²-smoothness β.

    `terms` cuts a sampled function off; expectations are taken with the whole series.
    """

    beta: float
    terms: int = 2048

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"the smoothness β must be positive and finite, got {self.beta:g}")
        if not 1 <= self.terms <= _TABLE // 4:
            raise ValueError(f"a table of {_TABLE} knots holds 1 to {_TABLE // 4} terms, got {self.terms}")

    @property
    def energy(self) -> float:
        """‖f‖² of the whole series, ζ(2β + 1)."""
        return float(zeta(2 * self.beta + 1))

    def tail(self, kept: npt.ArrayLike) -> Array:
        """Return Σ_{j > kept} j^−(2β + 1)."""
        return np.asarray(zeta(2 * self.beta + 1, np.asarray(kept, float) + 1), float)

    def groups(self, largest: float, resolution: int = 64) -> tuple[Array, Array]:
        """Return frequencies and energies of blocks of frequencies up to `largest`, single ones up to 4·resolution.

        Beyond, a block of relative width 1/resolution stands at its middle with its whole energy.
        """
        edges = [np.arange(0.5, 4 * resolution + 1)]
        count = math.ceil(resolution * math.log(max(largest / (4 * resolution), 1.0)))
        if count:
            wide = 4 * resolution * np.exp(np.arange(1, count + 1) / resolution)
            edges.append(np.floor(wide) + 0.5)
        borders = np.unique(np.concatenate(edges))
        # ζ(a, q) at the half-integers' upper neighbours: blocks of whole frequencies
        upper = zeta(2 * self.beta + 1, borders + 0.5)
        return np.asarray((borders[1:] + borders[:-1]) / 2), np.asarray(upper[:-1] - upper[1:])

    def draw(self, rng: np.random.Generator, functions: int = 1) -> PhaseSeries:
        """Return functions Σ_j √2 j^−(β + 1/2) cos(jθ + φ_j) with independent, uniform phases."""
        j = np.arange(1, self.terms + 1)
        phases = np.exp(2j * math.pi * rng.random((functions, self.terms)))
        spectrum = np.zeros((functions, _TABLE // 2 + 1), dtype=complex)
        spectrum[:, 1 : self.terms + 1] = phases * (j ** -(self.beta + 0.5) / math.sqrt(2))
        table = np.fft.irfft(spectrum, _TABLE, axis=1) * _TABLE
        return PhaseSeries(np.concatenate([table, table[:, :1]], axis=1))


@dataclass(frozen=True, eq=False)
class PhaseSeries:
    """Functions on the circle by their tables (F, 2^14 + 1)."""

    table: Array

    def __call__(self, theta: Array) -> Array:
        """Return values (F, n) at angles (n,) in radians; linear interpolation."""
        place = (theta % (2 * math.pi)) * (_TABLE / (2 * math.pi))
        left = np.minimum(place.astype(np.int64), _TABLE - 1)
        return np.asarray(self.table[:, left] + (place - left) * (self.table[:, left + 1] - self.table[:, left]))
