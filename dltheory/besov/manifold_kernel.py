"""Kernel ridge regression with a stationary kernel of R^D on the circle: it finds the dimension of the data by itself.

On the circle the kernel is stationary in the angle, k(2 sin(θ/2)), and its Fourier coefficients are the spectrum that
counts: j^−(2ν + 1) for a Matérn kernel of smoothness ν, whatever D is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist

from dltheory.besov.manifold import Spectrum
from dltheory.ridge import deterministic_equivalent

Array = npt.NDArray[np.float64]
_KNOTS = 4097
_MODES = 2**17


@dataclass(frozen=True)
class Matern:
    """The Matérn kernel of scikit-learn with smoothness ν and a length scale, looked up by distance on [0, 2]."""

    nu: float
    length: float = 1.0

    def __post_init__(self) -> None:
        if not self.nu > 0 or not self.length > 0:
            raise ValueError(f"ν and the length scale must be positive, got {self.nu:g} and {self.length:g}")

    def gram(self, x: Array, y: Array) -> Array:
        """Return k(x_i, y_j) for points (n, D) and (m, D) at most 2 apart."""
        if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
            raise ValueError(f"points (n, D) and (m, D) were expected, got shapes {x.shape} and {y.shape}")
        reach = sum(float(np.sqrt(np.einsum("nd,nd->n", points, points).max(initial=0.0))) for points in (x, y))
        # within the unit ball no distance needs to be looked at
        if not (reach <= 2 + 1e-9 or cdist(x, y).max() <= 2 + 1e-9):
            raise ValueError("the kernel is tabulated for distances up to 2: points must lie in a ball of radius 1")
        return np.asarray(_lookup(_table(self.nu, self.length), np.ascontiguousarray(x), np.ascontiguousarray(y)))

    def circle_spectrum(self) -> Array:
        """Return the eigenvalues on the unit circle under its uniform law: degree j has two of them, (j,) from 0."""
        return _circle_spectrum(self.nu, self.length)


@lru_cache(maxsize=16)
def _circle_spectrum(nu: float, length: float) -> Array:
    angle = 2 * math.pi * np.arange(_MODES) / _MODES
    coefficients = np.fft.rfft(_exact(nu, length, 2 * np.sin(angle / 2))).real / _MODES
    return np.asarray(np.maximum(coefficients[: _MODES // 8], 0.0))


@numba.njit(cache=True)
def _lookup(table, x, y):  # type: ignore[no-untyped-def]
    """Return the table at √(|x_i − y_j|/2): knots are dense near 0, where a kernel of small ν has its kink."""
    out = np.empty((len(x), len(y)))
    last = table.size - 2
    for i in range(len(x)):
        for j in range(len(y)):
            squares = 0.0
            for k in range(x.shape[1]):
                squares += (x[i, k] - y[j, k]) ** 2
            place = min(np.sqrt(np.sqrt(squares) / 2), 1.0) * (last + 1)
            left = min(int(place), last)
            out[i, j] = table[left] + (place - left) * (table[left + 1] - table[left])
    return out


@lru_cache(maxsize=16)
def _table(nu: float, length: float) -> Array:
    return _exact(nu, length, 2 * np.linspace(0, 1, _KNOTS) ** 2)


def _exact(nu: float, length: float, distance: Array) -> Array:
    from sklearn.gaussian_process.kernels import Matern as Reference

    return np.asarray(Reference(length_scale=length, nu=nu)(np.zeros((1, 1)), distance[:, np.newaxis])[0])


def conditional_risk(kernel: Matern, points: Array, at: Array, clean: Array, truth: Array, noise: float,
                     ridge: float) -> float:  # fmt: skip
    """Return the risk of k(x, X)(K + ρI)^−1 Y averaged over noise, functions and `at`; clean (F, n), truth (F, m)."""
    if not noise > 0 or not ridge > 0:
        raise ValueError(f"noise and ridge must be positive, got {noise:g} and {ridge:g}")
    if clean.shape[1:] != (len(points),) or truth.shape != (len(clean), len(at)):
        raise ValueError(
            f"values (F, {len(points)}) and (F, {len(at)}) were expected, got shapes {clean.shape} and {truth.shape}"
        )
    gram = kernel.gram(points, points)
    gram[np.diag_indices_from(gram)] = 1 + ridge
    weights = cho_solve(cho_factor(gram, lower=True, overwrite_a=True), kernel.gram(points, at))
    return float(np.mean((clean @ weights - truth) ** 2) + noise**2 * np.mean(np.sum(weights**2, axis=0)))


def expected_risk(kernel: Matern, spectrum: Spectrum, n: float, noise: float, ridge: float) -> dict[str, float]:
    """Return bias and variance by the deterministic equivalent of ridge regression on n uniform points of the circle.

    Off by about one percent from n = 64 on.
    """
    mu = kernel.circle_spectrum()
    degree = np.arange(len(mu))
    counts = np.where(degree > 0, 2.0, 1.0)
    energies = np.where(degree > 0, np.maximum(degree, 1.0) ** -(2 * spectrum.beta + 1), 0.0)
    beyond = float(spectrum.tail(len(mu) - 1))
    return deterministic_equivalent(mu, energies, counts, n, noise**2, ridge, beyond=beyond)
