"""Anisotropic tensor wavelets on a regular grid: transform, hard thresholding, and shrinkage a level.

From level k to k − 1 only those directions are halved whose number of cells changes, so that the wavelets of level k
have the shape of its cells. Filters and steps are those of PyWavelets; the grid is periodic, the transform orthogonal.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dltheory.besov.spaces import AnisotropicBesov

Array = npt.NDArray[np.float64]


def decompose(values: npt.ArrayLike, space: AnisotropicBesov, wavelet: str = "haar") -> list[Array]:
    """Return the coefficients of levels 0 … K of a function on the grid of level K, orthonormal in L²([0,1]^d).

    `values` has shape (..., 2^{bits_1}, …, 2^{bits_d}), level k of the result (..., details of level k). With an
    orthogonal wavelet Σ θ² is the mean of f² over the grid. ValueError for a grid that is not one of the space.
    """
    import pywt

    require_orthonormal(wavelet)
    found = np.asarray(values, float)
    if not np.all(np.isfinite(found)):
        raise ValueError("the values of a function on the grid must be finite")
    axes = tuple(range(found.ndim - space.smoothness.dimension, found.ndim))
    top = _level_of(found.shape[axes[0] :] if axes[0] >= 0 else (), space)
    batch = found.shape[: axes[0]]
    found = found / np.sqrt(space.size(top))
    levels = []
    for level in range(top, 0, -1):
        halved = _halved(space, level, axes)
        parts = pywt.dwtn(found, wavelet, mode="periodization", axes=halved)
        low = "a" * len(halved)
        levels.append(np.concatenate([parts[name].reshape(*batch, -1) for name in _names(halved) if name != low], -1))
        found = parts[low]
    return [found.reshape(*batch, 1), *reversed(levels)]


def compose(levels: Sequence[npt.ArrayLike], space: AnisotropicBesov, wavelet: str = "haar") -> Array:
    """Return the function on the grid of the last level, (..., 2^{bits_1}, …): the inverse of `decompose`."""
    import pywt

    require_orthonormal(wavelet)
    if not levels:
        raise ValueError("a function has at least the coefficient of level 0, got no level")
    _require_sizes(levels, space)
    first = np.asarray(levels[0], float)
    batch, dimension = first.shape[:-1], space.smoothness.dimension
    axes = tuple(range(len(batch), len(batch) + dimension))
    found = first.reshape(*batch, *(1,) * dimension)
    for level, theta in enumerate(levels[1:], start=1):
        halved = _halved(space, level, axes)
        names = [name for name in _names(halved) if name != "a" * len(halved)]
        details = np.split(np.asarray(theta, float), len(names), axis=-1)
        parts = {name: part.reshape(found.shape) for name, part in zip(names, details, strict=True)}
        found = pywt.idwtn(parts | {"a" * len(halved): found}, wavelet, mode="periodization", axes=halved)
    return np.asarray(found * np.sqrt(space.size(len(levels) - 1)))


def threshold(levels: Sequence[npt.ArrayLike], cut: float) -> list[Array]:
    """Return the coefficients with those of |θ| ≤ cut set to 0, level 0 excepted."""
    if not cut >= 0:
        raise ValueError(f"a threshold must be at least 0, got {cut:g}")
    kept = [np.asarray(theta, float) for theta in levels]
    return kept[:1] + [np.where(np.abs(theta) > cut, theta, 0.0) for theta in kept[1:]]


def shrink(levels: Sequence[npt.ArrayLike], energies: npt.ArrayLike, variance: float) -> list[Array]:
    """Return the levels times λ_k/(λ_k + v), λ_k the mean of θ² on level k: the best linear rule that knows them."""
    energy = np.asarray(energies, float)
    if energy.shape != (len(levels),):
        raise ValueError(f"there are {len(levels)} levels, energies of {energy.size} were given")
    if not (np.all((energy >= 0) & (energy < np.inf)) and 0 < variance < np.inf):
        raise ValueError(f"energies are at least 0 and the variance is positive, got {energy.min():g} and {variance:g}")
    factors = energy / (energy + variance)
    return [np.asarray(theta, float) * factor for theta, factor in zip(levels, factors, strict=True)]


def squared_distance(found: Sequence[npt.ArrayLike], truth: Sequence[npt.ArrayLike]) -> Array:
    """Return Σ (θ̂ − θ)² over all levels, shape of the leading axes."""
    return np.asarray(
        sum(np.sum((np.asarray(a) - np.asarray(b)) ** 2, axis=-1) for a, b in zip(found, truth, strict=True))
    )


def require_orthonormal(wavelet: str) -> None:
    """Raise ValueError unless a wavelet of that name is orthonormal, without which coefficients have coloured noise."""
    import pywt

    if wavelet not in pywt.wavelist(kind="discrete"):
        raise ValueError(f"there is no discrete wavelet {wavelet!r}; haar, db2 and sym4 are orthonormal")
    if not pywt.Wavelet(wavelet).orthogonal:
        raise ValueError(f"the wavelet {wavelet!r} is not orthonormal: its coefficients have noise that is not white")


def _halved(space: AnisotropicBesov, level: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes that have twice as many cells on a level as on the one below."""
    fine, coarse = space.bits(level), space.bits(level - 1)
    return tuple(axis for axis, high, low in zip(axes, fine, coarse, strict=True) if high > low)


def _names(halved: tuple[int, ...]) -> list[str]:
    """Return the names that PyWavelets gives the parts of a step: a for a mean, d for a detail, an axis each."""
    return ["".join(letters) for letters in itertools.product("ad", repeat=len(halved))]


def _level_of(shape: tuple[int, ...], space: AnisotropicBesov) -> int:
    longest = max(shape, default=0)
    for level in range(longest.bit_length()):
        if tuple(2**bit for bit in space.bits(level)) == tuple(shape):
            return level
    wanted = tuple(2**bit for bit in space.bits(max(longest.bit_length() - 1, 0)))
    raise ValueError(f"the grid must have the cells of one level of the space, such as {wanted}, got {tuple(shape)}")


def _require_sizes(levels: Sequence[npt.ArrayLike], space: AnisotropicBesov) -> None:
    for level, theta in enumerate(levels):
        if np.shape(theta)[-1:] != (space.details(level),):
            raise ValueError(
                f"level {level} has {space.details(level)} coefficients, got an array of shape {np.shape(theta)}"
            )
