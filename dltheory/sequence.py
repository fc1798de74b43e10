"""The Gaussian sequence model y_l = θ_l + √v ξ_l, v = σ²/n: exact risks of estimators, coefficient by coefficient.

It is regression on a uniform design seen through an orthonormal basis. Coefficients come in groups of equal value
with a count each, so that 2^60 of them are a few hundred numbers. Sums run from the smallest term.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Array = npt.NDArray[np.float64]


def projection_risk(tail: npt.ArrayLike, kept: npt.ArrayLike, variance: npt.ArrayLike) -> Array:
    """Return bias² + variance of a projection: the energy `tail` left out plus `kept` coefficients times v."""
    require_noise(variance)
    risk: Array = np.asarray(tail, float) + np.asarray(kept, float) * np.asarray(variance, float)
    return risk


def threshold_risks(theta: npt.ArrayLike, threshold: float, sd: float) -> Array:
    """Return E[(y 1{|y| > τ} − θ)²] of hard thresholding at τ for every coefficient θ, y = θ + sd ξ.

    With a = (−τ − θ)/sd, b = (τ − θ)/sd: sd² [Φ(a) − aφ(a) + Φ(−b) + bφ(b)] + θ² [Φ(b) − Φ(a)].
    """
    require_noise(sd)
    if not 0 <= threshold < math.inf:
        raise ValueError(f"a threshold must be at least 0 and finite, got {threshold:g}")
    value = np.abs(np.asarray(theta, float))
    low, high = (-threshold - value) / sd, (threshold - value) / sd
    passed = ndtr(low) - low * _density(low) + ndtr(-high) + high * _density(high)
    # both tails of a kept coefficient are computed from their own side, or a null one would lose all digits
    risks: Array = sd**2 * passed + value**2 * (1 - ndtr(low) - ndtr(-high))
    return risks


def hard_threshold_risk(
    theta: npt.ArrayLike, threshold: float, sd: float, counts: npt.ArrayLike | None = None
) -> float:
    """Return the risk of hard thresholding, Σ counts · E[(θ̂ − θ)²] over the groups of coefficients."""
    return _total(threshold_risks(theta, threshold, sd), counts)


def shrinkage_risk(energies: npt.ArrayLike, counts: npt.ArrayLike | None, variance: float) -> float:
    """Return the least average risk of a multiple c·y a group, Σ counts · λv/(λ + v), λ the mean of θ² in it."""
    require_noise(variance)
    energy = np.asarray(energies, float)
    if np.any(energy < 0):
        raise ValueError(f"energies must be at least 0, got {energy.min():g}")
    return _total(energy * variance / (energy + variance), counts)


def jensen_bound(eigenvalues: npt.ArrayLike, counts: npt.ArrayLike | None, variance: float) -> float:
    """Return Σ λv/(λ + v), below which no estimator that is linear in the data has its average risk.

    `eigenvalues` are those of the covariance operator of a random target with mean 0 in L²(P_X), v = σ²/n.
    Derived: the average risk of a linear estimator depends on second moments only, so it is at least the
    posterior variance of Gaussian process regression, E tr(Λ^-1 + σ^-2 ΦᵀΦ)^-1, and the inverse is operator convex.
    """
    return shrinkage_risk(eigenvalues, counts, variance)


def sign_risk(height: npt.ArrayLike, sd: npt.ArrayLike) -> Array:
    """Return min E(θ̂ − θ)² for θ = ±height with equal odds seen in noise sd, shape of the arguments.

    It is height² E[1 − tanh(u² + uZ)], u = height/sd.
    """
    require_noise(sd)
    size = np.asarray(height, float)
    return np.asarray(size**2 * _undecided(size / np.asarray(sd, float)))


def coin_risk(signal: npt.ArrayLike) -> Array:
    """Return min E(ω̂ − ω)² for a fair ω in {0, 1} seen as y = ω√signal + N(0, 1): 1/4 without a signal."""
    ratio = np.asarray(signal, float)
    if not np.all(ratio >= 0):
        raise ValueError(f"a signal-to-noise ratio is at least 0, got {ratio.min():g}")
    return np.asarray(_undecided(np.sqrt(ratio) / 2) / 4)


def universal_threshold(noise: float, n: float) -> float:
    """Return σ√(2 log n / n), which no pure noise among n coefficients exceeds with probability → 1."""
    if not 1 < n < math.inf:
        raise ValueError(f"the universal threshold needs n > 1, finite, got {n:g}")
    if not noise >= 0:
        raise ValueError(f"the noise must be at least 0, got {noise:g}")
    return noise * math.sqrt(2 * math.log(n) / n)


def _undecided(u: Array) -> Array:
    """Return E[1 − tanh(u² + uZ)] = e^{−u²/2} E[1/cosh(uZ)], by the trapezoidal rule to 1e-13 of its value."""
    t = np.linspace(-40.0, 40.0, 801)  # of uZ where u > 1, of Z below: the narrower of the two factors has width 1
    size = np.abs(u)[..., None]
    scale = np.maximum(size, 1.0)
    terms = _density(t / scale) / np.cosh(size * t / scale) / scale
    return np.asarray(np.exp(-u * u / 2) * terms.sum(axis=-1) * (t[1] - t[0]))


def _density(z: Array) -> Array:
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _total(risks: Array, counts: npt.ArrayLike | None) -> float:
    weighted = risks if counts is None else risks * np.asarray(counts, float)
    return math.fsum(np.ravel(weighted))


def require_noise(variance: npt.ArrayLike) -> None:
    """Raise ValueError unless every variance or standard deviation is positive."""
    if not np.all(np.asarray(variance, float) > 0):
        raise ValueError(f"the noise must be positive, got {np.min(np.asarray(variance, float)):g}")
