"""Least squares through two layers, g(Σ_i h_i(x_i)): Gauss–Newton over both, the sieve of every h_i N cosines.

A deep network's ERM on this composition model, with its layers written as series: the outer layer is
g_0 + u + g_2 u² + g_3 u³ (its slope is fixed to 1, since a factor can move between layers), the inner layer additive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltheory.besov.cosine import require_cube
from dltheory.least_squares import require_different, require_sample

Array = npt.NDArray[np.float64]
_HALVINGS = 6
_OUTER = 3  # free coefficients of the outer layer


@dataclass(frozen=True, eq=False)
class AdditiveFit:
    """An estimate g(Σ_i h_i(x_i)): `outer` (g_0, g_2, g_3) and `inner` (D, N), coefficients of √2 cos(πjx)."""

    outer: Array
    inner: Array

    def __call__(self, x: Array) -> Array:
        """Return the estimate at points (n, D) of the cube, shape (n,)."""
        if x.ndim != 2 or x.shape[1] != len(self.inner):
            raise ValueError(f"points have shape {x.shape}, expected (n, {len(self.inner)})")
        require_cube(x)
        return apply_layers(self.outer, design(x, self.inner.shape[1]) @ self.inner.ravel())


@dataclass(frozen=True)
class AdditiveRegression:
    """Least squares with `terms` cosines a component; `link` False leaves the outer layer the identity."""

    terms: int
    link: bool = True
    iterations: int = 25

    def __post_init__(self) -> None:
        if not (self.terms >= 1 and self.iterations >= 1 and self.terms % 1 == 0 and self.iterations % 1 == 0):
            raise ValueError(
                f"terms and iterations must be at least 1, whole numbers, got {self.terms} and {self.iterations}"
            )

    @classmethod
    def from_theory(cls, smoothness: float, count: int, noise: float, *, scale: float = 1.0,
                    power: float | None = None, link: bool = True) -> AdditiveRegression:  # fmt: skip
        """Return N = scale (n/σ²)^(1/(2s + 1)) terms a component; `power` replaces the exponent."""
        if not noise > 0:
            raise ValueError(f"the noise must be positive, got {noise:g}: without it there is no statistical rate")
        if not (smoothness > 0 and count >= 1 and scale > 0):
            raise ValueError(
                f"smoothness, samples and scale must be positive, got {smoothness:g}, {count:g} and {scale:g}"
            )
        exponent = 1 / (2 * smoothness + 1) if power is None else power
        return cls(max(round(scale * (count / noise**2) ** exponent), 1), link)

    def fit(self, x: Array, y: Array) -> AdditiveFit:
        """Return the fit to points (n, D) of the cube and labels (n,), started from a linear outer layer."""
        x, y = require_sample(x, y)
        require_cube(x)
        size = x.shape[1] * self.terms + _OUTER
        if len(x) < 2 * size:
            raise ValueError(f"{self.terms} terms in {x.shape[1]} directions need {2 * size} points, got {len(x)}")
        require_different(x, 2 * size, f"{self.terms} terms in {x.shape[1]} directions")
        if self.link and np.all(y == y[0]):
            raise ValueError(f"all labels are {y[0]:g}: a constant leaves both layers open")
        inside = design(x, self.terms)
        whole = np.linalg.lstsq(np.column_stack([np.ones(len(x)), inside]), y, rcond=None)[0]
        outer, inner = np.array([whole[0], 0.0, 0.0]), np.asarray(whole[1:], float)
        if self.link:
            outer, inner = self._descend(inside, y, outer, inner)
        return AdditiveFit(outer, np.reshape(inner, (x.shape[1], self.terms)))

    def _descend(self, inside: Array, y: Array, outer: Array, inner: Array) -> tuple[Array, Array]:
        residuals = y - apply_layers(outer, inside @ inner)
        best = float(residuals @ residuals)
        for _ in range(self.iterations):
            step = _least_squares(linearised(outer, inner, inside), residuals)
            gained = False
            for halving in range(_HALVINGS):
                new = outer + 0.5**halving * step[:_OUTER], inner + 0.5**halving * step[_OUTER:]
                left = y - apply_layers(new[0], inside @ new[1])
                value = float(left @ left)
                if value < best:
                    gained = best - value > 1e-8 * best
                    (outer, inner), residuals, best = new, left, value
                    break
            if not gained:
                break
        return outer, inner


def apply_layers(outer: Array, inside: Array) -> Array:
    """Return g_0 + u + g_2 u² + g_3 u³."""
    return np.asarray(outer[0] + inside * (1 + inside * (outer[1] + inside * outer[2])))


def linearised(outer: Array, inner: Array, inside: Array) -> Array:
    """Return the derivatives (n, 3 + DN) of the model in outer and inner coefficients."""
    u = inside @ inner
    slope = 1 + 2 * outer[1] * u + 3 * outer[2] * u**2
    return np.column_stack([np.ones_like(u), u**2, u**3, inside * slope[:, np.newaxis]])


def design(x: Array, terms: int) -> Array:
    """Return √2 cos(πjx_i) for every direction i and j = 1 … terms, shape (n, D · terms)."""
    frequencies = np.pi * np.arange(1, terms + 1)
    found = np.cos(x[:, :, np.newaxis] * frequencies) * math.sqrt(2)
    return np.asarray(found.reshape(len(x), -1))


def _least_squares(matrix: Array, right: Array) -> Array:
    gram = matrix.T @ matrix
    gram[np.diag_indices_from(gram)] *= 1 + 1e-10
    return np.asarray(np.linalg.solve(gram, matrix.T @ right))
