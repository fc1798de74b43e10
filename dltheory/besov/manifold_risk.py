"""Exact expected risks of nearest neighbours on circle, sphere, the end of an arc, and in a tube around the circle.

Given the distance of neighbour k + 1, the k nearest are independent and uniform in the window that it bounds, whose
probability is Beta(k + 1, n − k). With the window's Fourier multipliers m_j, the risk at a point, averaged over
phases, design and noise, is E[Σ_j e_j |1 − m_j|² + (σ² + Σ_j e_j (1 − |m_j|²))/k]: bias, and noise with what f varies
inside the window. Derived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv
from scipy.stats import qmc

from dltheory.besov.manifold import Spectrum

Array = npt.NDArray[np.float64]
Place = Literal["circle", "sphere", "end"]
_QUANTILES = 24  # Gauss–Legendre nodes in the probability of the Beta law
_ARC = math.pi  # length of the arc whose end is looked at
_LARGEST_DEGREE = 4096
_TOLERANCE = 1e-4  # of the log of the best k, where the risk is flat
_STEP = 0.1  # of log radii in the table of a tube


@dataclass(frozen=True, eq=False)
class Profile:
    """What a window of probability P sees: `bias` and `inside` (energy within the window), tables (K,) over log P."""

    log_probability: Array
    bias: Array
    inside: Array

    def __post_init__(self) -> None:
        shapes = {self.log_probability.shape, self.bias.shape, self.inside.shape}
        if len(shapes) > 1 or self.log_probability.ndim != 1 or not self.log_probability.size:
            raise ValueError(f"the tables of a profile are vectors of one length, got shapes {sorted(shapes)}")

    @classmethod
    def averaged(cls, log_probability: Array, bias: Array, inside: Array) -> Profile:
        """Return the average of tables (places, K): at one P, since neighbours are counted, not distances."""
        grid = np.linspace(log_probability[:, 0].max(), log_probability[:, -1].min(), 8 * log_probability.shape[1])
        rows = range(len(log_probability))
        mean = [
            np.mean([np.exp(np.interp(grid, log_probability[i], np.log(table[i]))) for i in rows], axis=0)
            for table in (bias, inside)
        ]
        return cls(grid, *mean)

    def at(self, probability: Array) -> tuple[Array, Array]:
        """Return bias and inside at probabilities (Q,); ValueError outside the table."""
        wanted = np.log(probability)
        low, high = self.log_probability[0], self.log_probability[-1]
        if not (wanted.min() >= low and wanted.max() <= high + 1e-9):
            raise ValueError(
                f"windows of probability {math.exp(wanted.min()):.3g} to {math.exp(wanted.max()):.3g} leave the table,"
                f" which holds {math.exp(low):.3g} to {math.exp(high):.3g}"
            )
        bias, inside = (np.interp(wanted, self.log_probability, np.log(table)) for table in (self.bias, self.inside))
        return np.exp(bias), np.exp(inside)


def neighbour_risk(profile: Profile, n: float, k: float, noise: float) -> dict[str, float]:
    """Return bias, variance (noise/k) and design (variation inside the window over k) of k nearest neighbours.

    ValueError unless 1 ≤ k < n. A k between whole numbers is what a curve without jitter needs.
    """
    if not noise >= 0:
        raise ValueError(f"the noise must be at least 0, got {noise:g}")
    if not 1 <= k < n < math.inf:
        raise ValueError(f"k nearest of n points need 1 ≤ k < n, got k = {k:g} and n = {n:g}")
    nodes, weights = np.polynomial.legendre.leggauss(_QUANTILES)
    probability = betaincinv(k + 1.0, float(n - k), (nodes + 1) / 2)
    bias, inside = profile.at(probability)
    return {"bias": float(weights @ bias / 2), "variance": noise**2 / k, "design": float(weights @ inside / 2 / k)}


def total_risk(profile: Profile, n: float, k: float, noise: float) -> float:
    """Return the sum of the parts."""
    return math.fsum(neighbour_risk(profile, n, k, noise).values())


def best_neighbours(profile: Profile, n: float, noise: float) -> float:
    """Return the k with the least expected risk, the oracle's choice, not rounded: golden section in log k."""
    if not n >= 4:
        raise ValueError(f"nearest neighbours need at least 4 points, got {n:g}")
    low, high = 0.0, math.log(n / 2)
    golden = (math.sqrt(5) - 1) / 2
    points = [high - golden * (high - low), low + golden * (high - low)]
    risks = [total_risk(profile, n, math.exp(point), noise) for point in points]
    while high - low > _TOLERANCE:
        worse = int(risks[0] < risks[1])  # the end behind the larger value moves in
        low, high = (low, points[1]) if worse else (points[0], high)
        kept = points[1 - worse], risks[1 - worse]
        new = high - golden * (high - low) if worse else low + golden * (high - low)
        found = new, total_risk(profile, n, math.exp(new), noise)
        first, second = (found, kept) if worse else (kept, found)
        points, risks = [first[0], second[0]], [first[1], second[1]]
    return math.exp((low + high) / 2)


@lru_cache(maxsize=32)
def profile(place: Place, beta: float, points: int = 400) -> Profile:
    """Return the profile of a point of the circle or sphere, or of the end of a half circle."""
    if place not in get_args(Place):
        raise ValueError(f"a profile is that of {', '.join(get_args(Place))}, got {place!r}")
    if points < 2:
        raise ValueError(f"a profile has at least two points, got {points}")
    half_angles = np.exp(np.linspace(math.log(1e-6), math.log(math.pi if place != "sphere" else 3.1), points))
    spectrum = Spectrum(beta)
    if place == "sphere":
        return _sphere(spectrum, half_angles[half_angles > 5e-3])
    bias, inside = np.empty((2, points))
    for i, angle in enumerate(half_angles):
        j, energy = spectrum.groups(200 / angle)
        phase = j * angle
        beyond = float(spectrum.tail(math.floor(j[-1])))
        if place == "circle":
            missed = _missed(phase)
            bias[i] = energy @ missed**2 + beyond
            inside[i] = energy @ (missed * (2 - missed)) + beyond
        else:  # m = (e^(ip) − 1)/(ip) has |m| = sin(p/2)/(p/2)
            half = _missed(phase / 2)
            bias[i] = energy @ np.abs(1 - (np.exp(1j * phase) - 1) / (1j * phase)) ** 2 + beyond
            inside[i] = energy @ (half * (2 - half)) + beyond
    probability = half_angles / (math.pi if place == "circle" else _ARC)
    return Profile(np.log(probability), bias, inside)


def _missed(phase: Array) -> Array:
    """Return 1 − sin(p)/p without cancellation."""
    small = phase < 1e-2
    safe = np.where(small, 1.0, phase)
    return np.where(small, phase**2 / 6 * (1 - phase**2 / 20), 1 - np.sin(safe) / safe)


def _sphere(spectrum: Spectrum, half_angles: Array) -> Profile:
    """Caps of S²: m_l = (P_{l−1}(c) − P_{l+1}(c))/((2l + 1)(1 − c)) with c the cosine of the half angle."""
    c = np.cos(half_angles)
    before, now = np.ones_like(c), c.copy()
    bias, inside, spent = np.zeros_like(c), np.zeros_like(c), 0.0
    for degree in range(1, _LARGEST_DEGREE + 1):
        after = ((2 * degree + 1) * c * now - degree * before) / (degree + 1)
        # 1 − c from the half angle, or small caps would lose their digits
        m = (before - after) / ((2 * degree + 1) * 2 * np.sin(half_angles / 2) ** 2)
        energy = degree ** -(2 * spectrum.beta + 1)
        bias += energy * (1 - m) ** 2
        inside += energy * (1 - m**2)
        spent += energy
        before, now = now, after
    beyond = spectrum.energy - spent
    probability = np.sin(half_angles / 2) ** 2
    return Profile(np.log(probability), bias + beyond, inside + beyond)


@lru_cache(maxsize=64)
def tube_profile(
    beta: float, radius: float, ambient: int = 3, places: int = 32, offsets: int = 256, smallest: float = 0.02
) -> Profile:
    """Return the profile of a tube of that radius around the unit circle in R^D, by quasi-random quadrature.

    Windows are balls of R^D with radii from `smallest` to all of the tube. A point has offset z in the normal ball;
    the angles that a window holds at another offset z' form an interval ±Δ(z, z'). Offsets z' are drawn within the
    window only.
    """
    if not 0 < radius < 1:
        raise ValueError(f"a tube around the unit circle needs a radius between 0 and its reach 1, got {radius:g}")
    if not 0 < smallest < 2 or places < 1 or offsets < 1:
        raise ValueError(
            f"windows of radius between 0 and 2 at one place or more, got {smallest:g}, {places} places and {offsets}"
            " offsets"
        )
    normal = ambient - 1
    centre = radius * _ball(places, normal)
    unit = _ball(offsets, normal)
    # no two points are further apart than 2(1 + r); steps are the same for all r, so that errors are, too
    radii = smallest * np.exp(_STEP * np.arange(math.ceil(math.log(2 * (1 + radius) / smallest) / _STEP) + 1))
    log_probability, bias, inside = np.empty((3, places, len(radii)))
    for column, h in enumerate(radii):
        j, energy = Spectrum(beta).groups(12 / h, resolution=12)
        beyond = Spectrum(beta).energy - energy.sum()
        for row, z in enumerate(centre):
            share, angles = _slices(z, h, radius, unit)
            width = float(angles.sum()) / len(unit)
            m = np.sin(np.outer(j, angles)).sum(axis=1) / (len(unit) * j * width)
            log_probability[row, column] = math.log(share * width / math.pi)
            bias[row, column] = energy @ (1 - m) ** 2 + beyond
            inside[row, column] = energy @ (1 - m**2) + beyond
    return Profile.averaged(log_probability, bias, inside)


def _slices(z: Array, h: float, radius: float, unit: Array) -> tuple[float, Array]:
    """Return the share of the normal ball that is drawn from, and the half angles (offsets,) at the offsets drawn.

    With a the radial part of an offset: |x − x'|² = (1 + a)² + (1 + a')² − 2(1 + a)(1 + a') cos Δ + |b − b'|².
    """
    if h < 2 * radius:
        other = z + h * unit
        share = (h / radius) ** len(z)
    else:
        other, share = radius * unit, 1.0
    inside = np.einsum("ij,ij->i", other, other) <= radius**2
    other = other[inside]
    one, two = 1 + z[0], 1 + other[:, 0]
    rest = np.sum((other[:, 1:] - z[1:]) ** 2, axis=1)
    cosine = (one**2 + two**2 + rest - h**2) / (2 * one * two)
    return share, np.arccos(np.clip(cosine, -1.0, 1.0))


def _ball(count: int, dimension: int) -> Array:
    """Return quasi-random points (count, dimension), uniform in the unit ball, centred."""
    cube = qmc.Sobol(dimension, scramble=False).random(count) + 0.5 / count
    if dimension == 1:
        return np.asarray(2 * cube - 1)
    if dimension == 2:
        angle = 2 * math.pi * cube[:, 1:]
        return np.asarray(np.sqrt(cube[:, :1]) * np.hstack([np.cos(angle), np.sin(angle)]))
    if dimension == 3:
        height, angle = 2 * cube[:, 1:2] - 1, 2 * math.pi * cube[:, 2:]
        flat = np.sqrt(1 - height**2)
        return np.asarray(np.cbrt(cube[:, :1]) * np.hstack([flat * np.cos(angle), flat * np.sin(angle), height]))
    raise ValueError(f"normal balls of dimension 1 to 3 are computed, got {dimension}")
