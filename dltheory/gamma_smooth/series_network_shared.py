"""The network of a trigonometric series evaluated with shared blocks: every wave once, whatever number of terms use it.

Written once for numpy arrays and torch tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dltheory.devices import to_device, to_host
from dltheory.gamma_smooth.cosine_network import SINE, signed_multiply, wave_values
from dltheory.gamma_smooth.fourier import require_indices, require_points
from dltheory.relu.product import Numbers, require_bits

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_CHUNK = 1 << 18  # numbers of one step held at a time: waves and products then stay in the cache


@dataclass(frozen=True, eq=False)
class Waves:
    """The waves that multi-indices (G, d) make use of, each once.

    `coordinate`, `scale` and `shift` (U,): the wave of x is that of scale · x_coordinate + shift, in [0, 1].
    `used` has the waves (r, G_r) of the rows `rows` (G_r,) with r coordinates, by r.
    """

    octaves: int
    coordinate: Indices
    scale: Array
    shift: Array
    used: dict[int, tuple[Indices, Indices]]

    @classmethod
    def of(cls, indices: Indices) -> Waves:
        """Return the waves of the indices; all are folded J + 1 times, 2^J above every frequency."""
        indices = require_indices(indices)
        octaves = int(np.frexp(float(np.abs(indices).max(initial=0)))[1])
        rows, coordinates = np.nonzero(indices)
        frequencies = indices[rows, coordinates]
        pairs, which = np.unique(np.stack([coordinates, frequencies]), axis=1, return_inverse=True)
        support = np.count_nonzero(indices, axis=1)
        start = np.concatenate([[0], np.cumsum(support)])
        used = {}
        for size in np.unique(support).tolist():
            chosen = np.flatnonzero(support == size)
            used[size] = (chosen, which.ravel()[start[chosen] + np.arange(size)[:, np.newaxis]])
        scale, shift = inputs(pairs[1], octaves)
        return cls(octaves, pairs[0], scale, shift, used)

    @property
    def factors(self) -> int:
        """Largest number of coordinates of an index."""
        return max(self.used, default=0)


def inputs(frequencies: Indices, octaves: int) -> tuple[Array, Array]:
    """Return |l|/2^J and the shift, 3/4 · 2^{−J} for a sine (l > 0) and 0 for a cosine."""
    return np.abs(frequencies) / 2.0**octaves, np.where(frequencies > 0, SINE, 0.0) / 2.0**octaves


def evaluate(
    indices: Indices, coefficients: Array, bits: int, terms: int, x: npt.ArrayLike, device: str = "cpu",
    dtype: npt.DTypeLike = "float64",
) -> Array:  # fmt: skip
    """Return the network's values at points x (n, d) of the cube, shape (n,)."""
    waves, found = Waves.of(indices), [np.zeros(0)]
    weights = {r: _moved(coefficients[rows].astype(dtype), device) for r, (rows, _) in waves.used.items()}
    for points in _chunks(indices, x, bits, dtype):
        parts = _values(waves, bits, terms, points, device, dtype)
        total = sum(weights[r] @ values for r, values in parts.items())
        found.append(total if device == "cpu" else to_host(total))
    return np.concatenate(found)


def features(indices: Indices, bits: int, terms: int, x: npt.ArrayLike) -> Array:
    """Return the values (n, G) of the network's basis functions, all of them, at points x (n, d)."""
    waves, found = Waves.of(indices), [np.zeros((0, len(indices)))]
    for points in _chunks(indices, x, bits, "float64"):
        block = np.empty((len(indices), len(points)))
        for r, values in _values(waves, bits, terms, points, "cpu", "float64").items():
            block[waves.used[r][0]] = values
        found.append(block.T)
    return np.concatenate(found)


def _values(
    waves: Waves, bits: int, terms: int, points: Array, device: str, dtype: npt.DTypeLike
) -> dict[int, Numbers]:
    """Return 2^{r/2} Π cos for all indices with r coordinates, (G_r, n), by r."""
    at = waves.scale[:, np.newaxis] * points.T[waves.coordinate] + waves.shift[:, np.newaxis]
    known = wave_values(_moved(at.astype(dtype), device), waves.octaves, bits, terms) if len(at) else at
    found = {}
    for r, (rows, which) in waves.used.items():
        if r == 0:
            found[r] = _moved(np.ones((len(rows), len(points)), dtype), device)
            continue
        factors = [known[_moved(places, device)] for places in which]
        while len(factors) > 1:
            pairs = zip(factors[0:-1:2], factors[1::2], strict=True)
            factors = [signed_multiply(a, b, bits) for a, b in pairs] + factors[len(factors) - len(factors) % 2 :]
        found[r] = 2.0 ** (r / 2) * (2 * factors[0] - 1)
    return found


def _chunks(indices: Indices, x: npt.ArrayLike, bits: int, dtype: npt.DTypeLike) -> list[Array]:
    require_bits(bits, dtype)
    points = require_points(x, indices.shape[1])
    rows = max(_CHUNK // max(len(indices), 1), 16)
    return [points[i : i + rows] for i in range(0, len(points), rows)]


def _moved(array: npt.NDArray[Any], device: str) -> Numbers:
    return array if device == "cpu" else to_device(array, device)
