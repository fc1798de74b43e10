"""Composition models on the ball and on the cube: h(Ax) with an unknown rotation, and g(Σ_i h_i(x_i)).

Inputs of the affine model are uniform on the unit ball of R^D, a law without a preferred direction. The coordinates
u = Ax of a point along d orthonormal rows then become independent and uniform on [0, 1] by Rosenblatt's map: given
the ones before, u_k/√(1 − u_1² − … − u_{k−1}²) has the density ∝ (1 − z²)^((D − k)/2). A cosine series in them is
orthonormal under P_X, whatever A is, so that the tail of a target is known exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc

from dltheory.besov import cosine
from dltheory.besov.smoothness import Smoothness

Array = npt.NDArray[np.float64]
OUTER = (0.3, 0.1)  # (g_2, g_3) of the outer layer unless told
_TABLE = 2**15  # knots of a cosine series that is looked up, 8 a period at the least


def uniform_ball(rng: np.random.Generator, count: int, dimension: int) -> Array:
    """Return points (count, D), uniform on the unit ball and independent, one draw after the other.

    They are the first D coordinates of points on the sphere S^(D + 1) (Archimedes, for D = 1).
    """
    if dimension < 1:
        raise ValueError(f"a ball has a dimension of at least 1, got {dimension}")
    draw = rng.standard_normal((count, dimension + 2))
    return np.asarray(draw[:, :dimension] / np.linalg.norm(draw, axis=1, keepdims=True))


def random_rotation(rng: np.random.Generator, rows: int, dimension: int) -> Array:
    """Return `rows` orthonormal rows of a rotation of R^D drawn from the Haar measure, shape (d, D)."""
    if not 1 <= rows <= dimension:
        raise ValueError(f"{rows} directions do not fit into {dimension} dimensions")
    basis, triangle = np.linalg.qr(rng.standard_normal((dimension, rows)))
    return np.asarray((basis * np.sign(np.diag(triangle))).T)


def uniformise(coordinates: Array, ambient: int) -> tuple[Array, Array]:
    """Return t (n, d), independent and uniform on [0, 1], of coordinates u = Ax (n, d), and ∂t_k/∂u_j (n, d, d).

    Source: M. Rosenblatt, Remarks on a multivariate transformation, 1952.
    """
    count, dim = coordinates.shape
    t, jacobian = np.empty((count, dim)), np.zeros((count, dim, dim))
    left = np.ones(count)
    for k in range(dim):
        shape = (ambient - k + 1) / 2
        scale = np.sqrt(np.maximum(left, 1e-300))
        z = np.clip(coordinates[:, k] / scale, -1.0, 1.0)
        t[:, k] = _marginal(z, shape)
        slope = (1 - z * z) ** (shape - 1) * math.gamma(shape + 0.5) / (math.gamma(shape) * math.sqrt(math.pi))
        jacobian[:, k, k] = slope / scale
        jacobian[:, k, :k] = (slope * z / scale**2)[:, np.newaxis] * coordinates[:, :k]
        left = left - coordinates[:, k] ** 2
    return t, jacobian


def _marginal(z: Array, shape: float) -> Array:
    """Return P(Z ≤ z) for the density ∝ (1 − z²)^(shape − 1) on [−1, 1], elementary for 2, 3 and 4 dimensions."""
    if shape == 1.5:
        return np.asarray(0.5 + (z * np.sqrt(1 - z * z) + np.arcsin(z)) / math.pi)
    if shape == 2.0:
        return np.asarray(0.5 + z * (3 - z * z) / 4)
    if shape == 2.5:
        return np.asarray(0.5 + (z * (5 - 2 * z * z) * np.sqrt(1 - z * z) / 3 + np.arcsin(z)) / math.pi)
    return np.asarray(betainc(shape, shape, (1 + z) / 2))


@dataclass(frozen=True, eq=False)
class AffineTarget:
    """h(Ax) on the ball, h a cosine series with `coefficients` (J,) at `indices` (J, d), `rotation` A (d, D)."""

    rotation: Array
    indices: cosine.Indices
    coefficients: Array

    def __post_init__(self) -> None:
        require_rotation(self.rotation, len(self.rotation), self.rotation.shape[-1])
        if self.indices.shape != (len(self.coefficients), len(self.rotation)):
            raise ValueError(
                f"{len(self.coefficients)} coefficients in {len(self.rotation)} directions do not go with indices of"
                f" shape {self.indices.shape}"
            )

    @classmethod
    def on_boundary(
        cls, smoothness: Smoothness, rng: np.random.Generator, ambient: int, terms: int = 512
    ) -> AffineTarget:
        """Return a target on the boundary of B^s_{2,∞}: |c_j| = j^−(s̃ + 1/2), random signs, a random rotation.

        The terms up to `terms` are kept; the constant is left out, so that ‖f‖² ≤ ζ(2s̃ + 1).
        """
        _require_ambient(smoothness.dimension, ambient)
        if terms < 1:
            raise ValueError(f"a target has at least one term, got {terms}")
        rotation = random_rotation(rng, smoothness.dimension, ambient)
        indices = cosine.ordered_indices(smoothness, terms + 1)[1:]
        signs = np.where(rng.random(terms) < 0.5, -1.0, 1.0)
        return cls(rotation, indices, cosine.rank_coefficients(smoothness, terms, signs))

    @property
    def ambient(self) -> int:
        """Ambient dimension D."""
        return int(self.rotation.shape[1])

    def __call__(self, x: Array) -> Array:
        """Return f at points (n, D) of the ball, shape (n,)."""
        require_ball(x, self.ambient)
        t, _ = uniformise(x @ self.rotation.T, self.ambient)
        if t.shape[1] == 1:
            return CosineSeries(self.indices[:, 0], self.coefficients)(t[:, 0])
        return np.asarray(cosine.evaluate(self.indices, t) @ self.coefficients)


@dataclass(frozen=True, eq=False)
class CosineSeries:
    """Σ c_j √2 cos(π l_j x) on [0, 1] at frequencies l_j ≥ 1, looked up in a table of 2^15 knots."""

    frequencies: npt.NDArray[np.int64]
    coefficients: Array

    def __post_init__(self) -> None:
        given = self.frequencies
        if given.ndim != 1 or given.shape != np.shape(self.coefficients):
            raise ValueError(f"frequencies {given.shape} do not go with coefficients {np.shape(self.coefficients)}")
        if given.size and not 1 <= given.min() <= given.max() <= _TABLE // 4:
            raise ValueError(f"frequencies lie between 1 and {_TABLE // 4}, got {given.min()} to {given.max()}")

    def __call__(self, x: Array) -> Array:
        """Return values at x in [0, 1], shape of x; linear interpolation, off by at most (π l/2^15)²/8 of a term."""
        cosine.require_cube(x)
        spectrum = np.zeros(_TABLE + 1, dtype=complex)
        spectrum[self.frequencies] = math.sqrt(2) * self.coefficients
        table = np.fft.irfft(spectrum, 2 * _TABLE)[: _TABLE + 1] * _TABLE
        place = np.clip(x, 0.0, 1.0) * _TABLE
        left = np.minimum(place.astype(np.int64), _TABLE - 1)
        return np.asarray(table[left] + (place - left) * (table[left + 1] - table[left]))


@dataclass(frozen=True, eq=False)
class AdditiveTarget:
    """g(Σ_i h_i(x_i)) on the cube: rough univariate inner layer, smooth outer layer g(u) = u + g_2 u² + g_3 u³."""

    inner: tuple[CosineSeries, ...]
    outer: tuple[float, float] = OUTER

    @classmethod
    def on_boundary(
        cls, smoothness: float, dimension: int, rng: np.random.Generator, *, size: float = 0.5, terms: int = 512,
        outer: tuple[float, float] = OUTER,
    ) -> AdditiveTarget:  # fmt: skip
        """Return inner components size · Σ ±j^−(s + 1/2) √2 cos(πjx), on the boundary of B^s_{2,∞}."""
        one = Smoothness((smoothness,))
        one.require_continuous()
        require_link(outer)
        if dimension < 1 or terms < 1 or not 0 < size < math.inf:
            raise ValueError(
                f"dimension and terms are at least 1 and the size positive, got {dimension}, {terms} and {size:g}"
            )
        parts = []
        for _ in range(dimension):
            signs = np.where(rng.random(terms) < 0.5, -1.0, 1.0)
            parts.append(CosineSeries(np.arange(1, terms + 1), size * cosine.rank_coefficients(one, terms, signs)))
        return cls(tuple(parts), outer)

    def __call__(self, x: Array) -> Array:
        """Return f at points (n, D) of the cube, shape (n,)."""
        if x.ndim != 2 or x.shape[1] != len(self.inner):
            raise ValueError(f"points have shape {x.shape}, expected (n, {len(self.inner)})")
        inside = np.sum([part(column) for part, column in zip(self.inner, x.T, strict=True)], axis=0)
        return np.asarray(inside + self.outer[0] * inside**2 + self.outer[1] * inside**3)


def require_link(outer: tuple[float, float]) -> None:
    """Raise ValueError unless u + g_2 u² + g_3 u³ increases everywhere, without which layers are not identified."""
    second, third = outer
    if not second**2 < 3 * third and (second, third) != (0.0, 0.0):
        raise ValueError(f"the outer layer must increase, g_2² < 3 g_3, got g_2 = {second:g} and g_3 = {third:g}")


def composition_smoothness(layers: tuple[Smoothness, ...]) -> float:
    """Return s̃* = min_h s̃^(h) Π_{k>h} (s_min^(k)(1 − 1/(p s̃^(k))) ∧ 1), which rules f = h_H∘…∘h_1: n^(−2s̃*/(2s̃* + 1)).

    Derived; for p = ∞ the factor is s_min ∧ 1. ValueError for a layer with s̃ ≤ 1/p: an error in an inner layer does
    not pass through a function that may jump.
    """
    if not layers:
        raise ValueError("a composition needs at least one layer")
    for layer in layers:
        layer.require_continuous()
    found, passed = math.inf, 1.0
    for layer in reversed(layers):
        found = min(found, layer.mean * passed)
        passed *= min(layer.smallest * (1 - 1 / (layer.p * layer.mean)), 1.0)
    return found


def require_rotation(rotation: Array, rows: int, ambient: int) -> None:
    """Raise ValueError unless a map (d, D) has orthonormal rows: Ax then has the density that a sieve is made for."""
    if rotation.shape != (rows, ambient) or not rows:
        raise ValueError(f"a rotation of shape {(rows, ambient)} was expected, got {rotation.shape}")
    off = float(np.max(np.abs(rotation @ rotation.T - np.eye(rows))))
    if not off <= 1e-8:
        raise ValueError(
            f"the rows of A must be orthonormal, A Aᵀ is off by {off:.2g}: a map of lower rank leaves Ax without a"
            " density, another one with a density that is not the sieve's"
        )


def require_ball(x: Array, ambient: int) -> None:
    """Raise ValueError unless points have shape (n, D) and lie in the unit ball, up to rounding."""
    if x.ndim != 2 or x.shape[1] != ambient:
        raise ValueError(f"points have shape {x.shape}, expected (n, {ambient})")
    if not np.all(np.einsum("nd,nd->n", x, x) <= 1 + 1e-9):
        raise ValueError("inputs must lie in the unit ball, under whose uniform law the sieve is orthonormal")


def _require_ambient(inner: int, ambient: int) -> None:
    if ambient < inner:
        raise ValueError(f"the ambient dimension must be at least {inner}, got {ambient}")
    if ambient < 2:
        raise ValueError(f"an affine model needs an ambient dimension of at least 2, got {ambient}")
