"""What it costs not to know which coordinates matter: exact risks in the sequence model, v = σ²/n.

For all estimators that are linear in the labels: of n samples, n/C(D, m) are left. For the best of all: log C(D, m)
samples' worth of noise, on signals that can just be seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erfcx, hyp2f1, logsumexp, ndtr

from dltheory.sequence import hard_threshold_risk, require_noise

Array = npt.NDArray[np.float64]
_HIGHEST = 300.0  # height of a needle for which integrals are computed
_LISTED = 64  # terms of a sum that are added one by one
_STEP = 0.4  # of logarithms under an integral: the trapezoidal rule is then exact to 1e-9
_WIDTH = 9.0  # standard deviations on either side that an integral covers


def linear_bound(smoothness: float, variance: float, places: float = 1.0) -> float:
    """Return Σ_j c_j²/(1 + c_j²/(M v)), c_j² = j^{−(2a + 1)}, the Jensen bound with M places for the coordinates.

    No linear estimator has a smaller average risk: the same as for known coordinates with n/M samples. Derived.
    """
    require_noise(variance)
    if not smoothness > 0 or not places >= 1:
        raise ValueError(f"smoothness must be positive and places at least 1, got {smoothness:g} and {places:g}")
    _require_finite(smoothness, places, variance)
    return _power_sum(2 * smoothness + 1, 1 / (variance * places))


def linear_constant(smoothness: float) -> float:
    """Return lim (Mv)^{−2a/(2a + 1)} Σ_j c_j²/(1 + c_j²/(M v)) = π/b / sin(π/b), b = 2a + 1. Derived."""
    if not smoothness > 0:
        raise ValueError(f"smoothness must be positive, got {smoothness:g}")
    _require_finite(smoothness)
    power = 2 * smoothness + 1
    return math.pi / power / math.sin(math.pi / power)


def soft_threshold_risks(theta: npt.ArrayLike, threshold: float, sd: float) -> Array:
    """Return E[(η(y) − θ)²], η(y) = sign(y)(|y| − τ)_+, y = θ + sd ξ, for every θ.

    With a = (τ − θ)/sd and b = (τ + θ)/sd: (sd² + τ²)[Φ(−a) + Φ(−b)] − sd (τ + θ) φ(a) − sd (τ − θ) φ(b) +
    θ² [Φ(a) − Φ(−b)].
    """
    require_noise(sd)
    if not threshold >= 0:
        raise ValueError(f"a threshold must be at least 0, got {threshold:g}")
    value = np.abs(np.asarray(theta, float))
    _require_finite(threshold, sd, *np.ravel(value))
    a, b = (threshold - value) / sd, (threshold + value) / sd
    upper, lower = ndtr(-a), ndtr(-b)
    passed = (sd**2 + threshold**2) * (upper + lower)
    slope = sd * ((threshold + value) * _density(a) + (threshold - value) * _density(b))
    return np.asarray(passed - slope + value**2 * (1 - upper - lower))


def lasso_risk(
    theta: Array, counts: Array, n: float, noise_variance: float, penalty: float, *, beyond: float = 0.0
) -> float:  # fmt: skip
    """Return the risk of the Lasso with penalty α on n random points, by state evolution; groups of equal |θ|.

    Soft thresholding at t in noise of variance τ²/n, τ² = σ² + risk: what is not fitted acts as noise, and
    t (1 − E‖θ̂‖_0/n) = α. `beyond` is energy that no function of the dictionary has. Asymptotic, for Gaussian designs.
    Source: M. Bayati, A. Montanari, The LASSO risk for Gaussian matrices, 2012, recalled; on a trigonometric dictionary
    checked by simulation.
    """
    require_noise(noise_variance)
    if not penalty > 0:
        raise ValueError(f"the penalty must be positive, got {penalty:g}")
    if not (n > 0 and beyond >= 0):
        raise ValueError(f"samples must be positive and energy beyond at least 0, got {n:g} and {beyond:g}")
    if theta.shape != counts.shape or not np.all(counts >= 0):
        raise ValueError(f"groups have one θ and one count each, got shapes {theta.shape} and {counts.shape}")
    _require_finite(n, beyond, noise_variance, penalty, *theta, *counts)
    size = np.abs(theta)

    def step(risk: float) -> float:
        sd = math.sqrt((noise_variance + risk) / n)

        def surplus(t: float) -> float:
            fitted = float(counts @ (ndtr((size - t) / sd) + ndtr((-size - t) / sd)))
            return t * (1 - fitted / n) - penalty

        most = penalty + float(size.max(initial=0.0)) + 40 * sd  # nothing passes: the threshold is the penalty
        return float(counts @ soft_threshold_risks(theta, float(brentq(surplus, penalty, most)), sd)) + beyond

    risk = float(counts @ theta**2) + beyond
    for _ in range(500):
        before, risk = risk, step(risk)
        if abs(risk - before) <= 1e-12 * risk:
            return risk
    raise ValueError(f"state evolution does not settle: the penalty {penalty:g} is too small for {n:g} samples")


def needle_risk(log_places: float, height: float) -> float:
    """Return the Bayes risk, in units of v, of one coefficient u√v, u the `height`, at one of M places.

    It is u²(1 − E p), p the posterior odds of the right place, E p = ∫ E[tA e^{−tA}] φ(t)^{M − 1} d log t with
    log A = u² + uZ and φ(t) = E e^{−t exp(uZ)}, since 1/x = ∫ e^{−tx} dt. In logarithms, for any M. Derived.
    """
    if not log_places > 0 or not height > 0:
        raise ValueError(f"more than one place and a positive height are needed, got {log_places:g} and {height:g}")
    _require_finite(log_places, height)
    if height > _HIGHEST:
        raise ValueError(f"the integrals are meant for heights up to {_HIGHEST:g}, got {height:g}")
    u = height
    s = np.arange(u * u - _WIDTH * u - 40, u * u + _WIDTH * u + 8, _STEP)  # −log t
    z = np.arange(-_WIDTH, u + 2 * _WIDTH, _STEP / max(u, 1.0))
    own = np.exp(_log_mean(s - u * u, u, z, lambda w: w - np.exp(np.minimum(w, 50.0))))
    missed = _log_mean(s, u, z, _log_reached)
    small = missed < -30
    lost = np.log(-np.log1p(-np.minimum(np.exp(np.where(small, -30.0, missed)), 1 - 1e-16)))
    exponent = np.where(small, missed, lost) + log_places + math.log1p(-math.exp(-log_places))
    found = float(np.sum(own * np.exp(-np.exp(np.minimum(exponent, 50.0)))) * _STEP)
    return u * u * (1 - found)


def hardest_needle(log_places: float) -> tuple[float, float]:
    """Return the height with the largest Bayes risk, in units of √v, and the risk: below it no estimator can stay."""
    _require_finite(log_places)
    most = math.sqrt(2 * max(log_places, 0.0)) + 3
    found = minimize_scalar(
        lambda u: -needle_risk(log_places, u), bounds=(0.3 * most, most), method="bounded", options={"xatol": 1e-4}
    )
    return float(found.x), -float(found.fun)


def threshold_cost(log_places: float, *, cut: float = 1.0, height: float | None = None) -> float:
    """Return the risk, in units of v, of hard thresholding at cut·√(2 log M) with one coefficient among M.

    The coefficient has the worst height unless told, in units of √v: then selection costs 2 log M to first order.
    """
    if not log_places > 0 or not cut > 0:
        raise ValueError(f"more than one place and a positive threshold are needed, got {log_places:g} and {cut:g}")
    _require_finite(log_places, cut, height or 0.0)
    at = cut * math.sqrt(2 * log_places)
    worst = minimize_scalar(
        lambda u: -hard_threshold_risk([u], at, 1.0), bounds=(max(at - 6, 0.0), at + 2), method="bounded"
    )
    seen = hard_threshold_risk([float(worst.x) if height is None else height], at, 1.0)
    # M − 1 null coefficients, 2 (t φ(t) + Φ(−t)) each at the threshold t: in logarithms, M need not fit into a float
    null = math.sqrt(2 / math.pi) * (at + math.sqrt(math.pi / 2) * float(erfcx(at / math.sqrt(2))))
    others = math.exp(log_places * (1 - cut**2)) - math.exp(-log_places * cut**2)  # (M − 1) φ(t)/φ(0)
    return float(seen + null * others)


def _require_finite(*numbers: float) -> None:
    if not all(math.isfinite(number) for number in numbers):
        wrong = next(number for number in numbers if not math.isfinite(number))
        raise ValueError(f"risks are those of finite numbers, got {wrong:g}")


def _log_mean(s: Array, u: float, z: Array, log_kernel: Callable[[Array], Array]) -> Array:
    """Return log E exp(log_kernel(uZ − s)) for Z ~ N(0, 1), shape of s, by the trapezoidal rule on z."""
    weight = -z * z / 2 + math.log((z[1] - z[0]) / math.sqrt(2 * math.pi))
    return np.asarray(logsumexp(weight + log_kernel(u * z - s[:, np.newaxis]), axis=1))


def _log_reached(w: Array) -> Array:
    """Return log(1 − exp(−e^w))."""
    return np.where(w < -30, w, np.log(-np.expm1(-np.exp(np.clip(w, -30.0, 50.0)))))


def _density(z: Array) -> Array:
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _power_sum(power: float, offset: float) -> float:
    """Return Σ_{j ≥ 1} 1/(j^power + offset): terms, and the Euler–Maclaurin formula for the rest."""
    j = np.arange(1.0, _LISTED)
    k = float(_LISTED)
    first = 1 / (k**power + offset)
    ratio = offset * k**-power
    integral = k ** (1 - power) / (power - 1) * float(hyp2f1(1.0, 1 - 1 / power, 2 - 1 / power, -ratio))
    slope = -power * k ** (power - 1) * first**2
    return float(math.fsum(1 / (j**power + offset)) + integral + first / 2 - slope / 12)
