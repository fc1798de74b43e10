"""Regression on a grid of n = 2^J points through an orthonormal wavelet transform, and the Haar series of a jump.

With values divided by √n the transform is an isometry: the noise of every coefficient is σ/√n, and squared errors
are sums over coefficients. Vectors of coefficients are ordered coarse to fine: the constant, then level m at
2^m, ..., 2^{m+1} − 1.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dltheory.besov import wavelets
from dltheory.besov.change_points import StepFunction, require_scales
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import AnisotropicBesov
from dltheory.besov.sparse_wavelets import Target
from dltheory.sequence import threshold_risks, universal_threshold

Array = npt.NDArray[np.float64]
_LINE = AnisotropicBesov(Smoothness((1.0,)))  # level m of one direction has 2^m cells, whatever the smoothness
_FEW = 4096  # positions in a cell that are averaged one by one


def levels_of_grid(samples: int) -> int:
    """Return J for n = 2^J; ValueError for another n."""
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 2 or samples & (samples - 1):
        raise ValueError(f"a wavelet transform of a grid needs n to be a power of two, got {samples!r}")
    return int(samples).bit_length() - 1


def analyse(values: npt.ArrayLike, wavelet: str = "haar") -> Array:
    """Return the coefficients (n,) of a function given at n = 2^J points, all levels, by PyWavelets.

    ValueError for a wavelet that is not orthonormal: the noise of its coefficients would not be white.
    """
    given = np.asarray(values, dtype=np.float64)
    levels = levels_of_grid(given.size)
    _require_orthonormal(wavelet, levels)
    return np.concatenate(wavelets.decompose(given, _LINE, wavelet))


def synthesise(coefficients: npt.ArrayLike, wavelet: str = "haar") -> Array:
    """Return the values (n,) of the function with these coefficients (n,), the inverse of `analyse`."""
    given = np.asarray(coefficients, dtype=np.float64)
    levels = levels_of_grid(given.size)
    _require_orthonormal(wavelet, levels)
    return wavelets.compose(np.split(given, 2 ** np.arange(levels)), _LINE, wavelet)


def hard_threshold(coefficients: Array, threshold: float) -> Array:
    """Return the coefficients of absolute value above the threshold; the constant is kept whatever it is."""
    import pywt

    if not threshold >= 0:
        raise ValueError(f"a threshold must be at least 0, got {threshold:g}")
    kept = pywt.threshold(coefficients, threshold, "hard")
    kept[0] = coefficients[0]
    return np.asarray(kept)


def fit(y: npt.ArrayLike, noise: float) -> StepFunction:
    """Return the Haar series of y (n,) at the n cells' middles, thresholded at σ√(2 log n/n)."""
    values = np.asarray(y, dtype=np.float64)
    kept = hard_threshold(analyse(values), universal_threshold(noise, values.size))
    return StepFunction(np.arange(1, values.size) / values.size, synthesise(kept))


def jump_threshold_risk(samples: float, amplitude: float, noise: float) -> float:
    """Return the exact risk of `fit` for a jump of that height, averaged over its position uniform on [0, 1].

    Every level has one coefficient a 2^{-j/2} min(u, 1 − u), u the jump's place in its cell, a multiple of 2^j/n.
    What the grid cannot see of the jump costs a²/(4n). Of order log n/n: about log2 n coefficients are kept at σ²/n
    each, and those near the threshold cost log n/n. n = 2^J.
    """
    require_scales(amplitude, noise)
    if not 2 <= samples < math.inf or math.frexp(samples)[0] != 0.5:
        raise ValueError(f"a grid has a power of two of points, at least 2, got {samples:g}")
    levels = round(math.log2(samples))
    sd, threshold = noise / math.sqrt(samples), universal_threshold(noise, samples)
    empty = float(threshold_risks(0.0, threshold, sd))
    risks = [sd * sd, amplitude**2 / (4 * samples), (2.0**levels - 1 - levels) * empty]
    for level in range(levels):
        place, weight = _places(2.0 ** (levels - level), threshold / (amplitude * 2 ** (-level / 2)))
        theta = amplitude * 2 ** (-level / 2) * place
        risks.append(float(threshold_risks(theta, threshold, sd) @ weight))
    return math.fsum(risks)


def draw(target: Target, levels: int, rng: np.random.Generator) -> Array:
    """Return the coefficients (2^levels,) of the target with random places within its levels and random signs; d = 1.

    Levels from `levels` on are left out: they are the target's tail.
    """
    if target.space.dimension != 1:
        raise ValueError(f"a grid on the line needs a target of dimension 1, got {target.space.dimension}")
    if levels < 0:
        raise ValueError(f"the number of levels is at least 0, got {levels}")
    found = np.zeros(2**levels)
    shown = target.level < levels
    signed = target.values[shown] * (2.0 * rng.integers(0, 2, int(shown.sum())) - 1)
    for level in np.unique(target.level[shown]):
        here = signed[target.level[shown] == level]
        found[2**level + rng.choice(2**level, here.size, replace=False)] = here
    return found


def shrink_levels(coefficients: Array, energies: Array, variance: float) -> Array:
    """Return the coefficients with level m multiplied by E_m/(E_m + 2^m v): linear, and best for random places.

    The constant, of which the target has none, is dropped.
    """
    levels = levels_of_grid(coefficients.size)
    if len(energies) < levels:
        raise ValueError(f"{levels} levels need as many energies, got {len(energies)}")
    if not (np.all(energies >= 0) and variance > 0):
        raise ValueError(f"energies are at least 0 and the variance is positive, got {variance:g}")
    size = 2.0 ** np.arange(levels)
    factor = np.repeat(energies[:levels] / (energies[:levels] + size * variance), 2 ** np.arange(levels))
    return np.asarray(coefficients * np.concatenate([[0.0], factor]))


def _require_orthonormal(wavelet: str, levels: int) -> None:
    import pywt

    wavelets.require_orthonormal(wavelet)
    found = pywt.Wavelet(wavelet)
    longest = 2 ** (levels - 1) if levels else 0
    if found.dec_len > 2 and found.dec_len > longest:
        raise ValueError(f"the filter of {wavelet!r} has {found.dec_len} taps, too long for {2**levels} points")


def _places(cells: float, turn: float) -> tuple[Array, Array]:
    """Return min(u, 1 − u) and weights for u = 0, 1/s, ..., 1 − 1/s, by quadrature where s is large.

    The risk turns where min(u, 1 − u) = `turn`; panels are geometric to both sides of it.
    """
    if cells <= _FEW:
        u = np.arange(cells) / cells
        return np.minimum(u, 1 - u), np.full(u.size, 1 / cells)
    node, weight = np.polynomial.legendre.leggauss(20)
    away = np.concatenate([[0.0], 0.5 * 2.0 ** np.arange(-24.0, 1.0)])
    edge = np.unique(np.clip(np.concatenate([turn - away, turn + away, [0.0, 0.5]]), 0.0, 0.5))
    half = np.diff(edge)[:, None] / 2
    place = edge[:-1, None] + half * (node + 1)
    return place.ravel(), (2 * half * weight).ravel()
