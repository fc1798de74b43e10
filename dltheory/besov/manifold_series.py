"""A series on the chart of a flat manifold, circle or torus: what a network that has found the chart comes down to.

Frequencies are the lattice points of one half of Z^d by length; frequency number j carries the energy j^−(2β/d + 1),
in a wave of random phase. Coefficients are estimated by means, whose exact risk is (2(σ² + ‖f‖²) − e_j)/n each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import zeta

Array = npt.NDArray[np.float64]
_SIDE = {1: 2**15, 2: 2**9}
_MOST = {1: 2**14 - 1, 2: 102_134}  # waves whose frequencies stay below half of the side: none is taken for another
_ROUNDED = 256


@lru_cache(maxsize=8)
def half_lattice(dimension: int, count: int) -> npt.NDArray[np.int64]:
    """Return the first `count` of the non-zero points of Z^d, one of ±k each, by length (count, d)."""
    if dimension not in _SIDE:
        raise ValueError(f"charts of dimension 1 and 2 are held, got {dimension}")
    if count < 1:
        raise ValueError(f"at least one frequency is needed, got {count}")
    reach = count if dimension == 1 else math.ceil(math.sqrt(2 * count / math.pi) * 1.2) + 2
    axes = np.meshgrid(*([np.arange(-reach, reach + 1)] * dimension), indexing="ij")
    points = np.stack([axis.ravel() for axis in axes], axis=1)
    first = points[np.arange(len(points)), np.argmax(points != 0, axis=1)]
    points = points[first > 0]
    order = np.lexsort((*points.T[::-1], np.einsum("ij,ij->i", points, points)))
    found = np.ascontiguousarray(points[order[:count]])
    found.flags.writeable = False
    return found


@dataclass(frozen=True)
class ChartSeries:
    """Targets of smoothness β on a flat d-dimensional torus, and their estimation by N waves.

    A target that is drawn has `terms` waves; expectations are those of the whole series.
    """

    dimension: int
    beta: float
    terms: int = 4096

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"the smoothness β must be positive and finite, got {self.beta:g}")
        half_lattice(self.dimension, self.terms)
        if self.terms > _MOST[self.dimension]:
            raise ValueError(f"a table of a target holds {_MOST[self.dimension]} waves at most, got {self.terms}")

    @property
    def energies(self) -> Array:
        """Energies of the waves kept, (terms,)."""
        return np.arange(1.0, self.terms + 1) ** -(2 * self.beta / self.dimension + 1)

    @property
    def energy(self) -> float:
        """‖f‖² of the whole series."""
        return self.tail(0)

    def tail(self, kept: float) -> float:
        """Return the energy of the waves from number kept + 1 on."""
        if not kept >= 0:
            raise ValueError(f"the number of waves that are kept is at least 0, got {kept:g}")
        return float(zeta(2 * self.beta / self.dimension + 1, kept + 1.0))

    def waves(self, n: float, noise: float, *, power: float | None = None) -> float:
        """Return N = (n/(2(σ² + ‖f‖²)))^(d/(2β + d)), where one more wave costs what it brings.

        Rounded, to 1 at the least, as long as that can be seen: below 256.
        """
        if not noise > 0:
            raise ValueError(f"the noise must be positive, got {noise:g}: without it there is no statistical rate")
        if not n > 0:
            raise ValueError(f"the number of samples must be positive, got {n:g}")
        exponent = self.dimension / (2 * self.beta + self.dimension) if power is None else power
        count = (n / (2 * (noise**2 + self.energy))) ** exponent
        return count if count > _ROUNDED else float(max(round(count), 1))

    def expected_risk(self, n: float, waves: float, noise: float) -> dict[str, float]:
        """Return bias (the tail) and variance of the estimate from n uniform points, averaged over everything."""
        if not (n > 0 and noise >= 0):
            raise ValueError(f"samples must be positive and the noise at least 0, got {n:g} and {noise:g}")
        second = noise**2 + self.energy
        variance = (second + 2 * waves * second - (self.energy - self.tail(waves))) / n
        return {"bias": self.tail(waves), "variance": variance}

    def conditional_risk(self, rng: np.random.Generator, angles: Array, waves: int, noise: float) -> float:
        """Return the risk for a target with phases from `rng` at angles (n, d), averaged over the noise only."""
        if waves >= self.terms:
            raise ValueError(f"{waves} waves exceed the {self.terms} that the target has")
        if angles.ndim != 2 or angles.shape[1] != self.dimension or not np.all(np.isfinite(angles)):
            raise ValueError(f"finite angles (n, {self.dimension}) were expected, got shape {angles.shape}")
        phases = np.exp(2j * math.pi * rng.random(self.terms))
        coefficients = np.sqrt(self.energies / 2) * phases  # of e^{i⟨k, θ⟩}, its conjugate at −k
        values = self._evaluate(coefficients, angles)
        frequencies = half_lattice(self.dimension, self.terms)[:waves]
        steps = [np.exp(-1j * np.outer(frequencies[:, i], angles[:, i])) for i in range(self.dimension)]
        wave = steps[0] if self.dimension == 1 else steps[0] * steps[1]
        wrong = wave @ values / len(angles) - coefficients[:waves]
        off = float(values.mean()) ** 2 + 2 * float(np.sum(np.abs(wrong) ** 2))
        return self.tail(waves) + off + noise**2 * (2 * waves + 1) / len(angles)

    def _evaluate(self, coefficients: npt.NDArray[np.complex128], angles: Array) -> Array:
        """Return the target at angles (n, d), interpolated linearly in a table of the FFT."""
        side = _SIDE[self.dimension]
        spectrum = np.zeros((side,) * self.dimension, dtype=complex)
        frequencies = half_lattice(self.dimension, self.terms)
        spectrum[tuple(frequencies.T % side)] = coefficients
        table = 2 * np.fft.ifftn(spectrum).real * side**self.dimension
        place = (angles % (2 * math.pi)) * (side / (2 * math.pi))
        left = place.astype(np.int64)
        part, left, right = place - left, left % side, (left + 1) % side
        if self.dimension == 1:
            return np.asarray(table[left[:, 0]] * (1 - part[:, 0]) + table[right[:, 0]] * part[:, 0])
        a, b = part.T
        lower = table[left[:, 0], left[:, 1]] * (1 - b) + table[left[:, 0], right[:, 1]] * b
        upper = table[right[:, 0], left[:, 1]] * (1 - b) + table[right[:, 0], right[:, 1]] * b
        return np.asarray(lower * (1 - a) + upper * a)
