"""How fast the mean of (averaged) SGD learns a direction of eigenvalue Λ: low frequencies first.

In the infinite-width recursion the error coefficient along an eigenfunction has an exact mean,
    E e_t = -g (ρ + κ A^t),   A = 1 - η(Λ + λ),   ρ = λ/(Λ + λ),   κ = Λ/(Λ + λ),
so a fraction ρ of the target g is never learnt (the ridge bias) and κ is learnt at the rate A.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from dltheory.ntk.schedule import AveragedSGD

FloatArray: TypeAlias = NDArray[np.float64]


def shrinkage(eigenvalue: ArrayLike, ridge: float) -> FloatArray:
    """Return ρ = λ/(Λ + λ), the fraction of the target that the ridge hides; 1 where Λ = 0.

    Same shape as `eigenvalue`.
    """
    values = np.asarray(eigenvalue, dtype=np.float64)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError("eigenvalues must be finite and at least 0")
    total = values + ridge
    return np.divide(ridge, total, out=np.ones_like(values), where=values > 0)


def power_of(rate: FloatArray, exponent: float) -> FloatArray:
    """Return (1 - rate)^n to full relative accuracy, also for rates near 0 and n up to 10^15."""
    slow = rate < 0.5
    with np.errstate(under="ignore"):
        decayed = np.exp(exponent * np.log1p(-np.where(slow, rate, 0.0)))
        return np.where(slow, decayed, np.power(1.0 - rate, exponent))


def one_minus_power(rate: FloatArray, exponent: float) -> FloatArray:
    """Return 1 - (1 - rate)^n to full relative accuracy, also for rates near 0 and n up to 10^15."""
    slow = rate < 0.5
    with np.errstate(under="ignore"):
        learnt = -np.expm1(exponent * np.log1p(-np.where(slow, rate, 0.0)))
        return np.where(slow, learnt, 1.0 - np.power(1.0 - rate, exponent))


def mean_power(rate: FloatArray, count: int) -> FloatArray:
    """Return (1/n) Σ_{t<n} (1 - rate)^t = (1 - (1 - rate)^n)/(n rate), which is 1 at rate 0."""
    safe = np.where(rate > 0, rate, 1.0)
    return np.where(rate > 0, one_minus_power(safe, count) / (count * safe), 1.0)


def remaining_error(eigenvalue: ArrayLike, sgd: AveragedSGD) -> FloatArray:
    """Return the mean error coefficient after T samples over its start: 1 at first, ρ in the limit.

    It is ρ + κ A^T for the last iterate, and ρ + κ (1 - A^{T+1})/((T+1)(1 - A)) for the average of
    the T + 1 iterates. Same shape as `eigenvalue`. Derived: the mean of the recursion is linear.
    """
    hidden = shrinkage(eigenvalue, sgd.ridge)
    rate = sgd.step_size * (np.asarray(eigenvalue, dtype=np.float64) + sgd.ridge)
    if sgd.averaging == "last":
        return hidden + (1 - hidden) * power_of(rate, sgd.horizon)
    return hidden + (1 - hidden) * mean_power(rate, sgd.horizon + 1)


def half_time(eigenvalue: float, sgd: AveragedSGD) -> float:
    """Return the real number of samples after which half of what can be learnt of Λ is learnt.

    The mean coefficient tends to κg; this is when it is κg/2. It does not depend on `sgd.horizon`.
    To first order in the step size it is ln 2/(η(Λ + λ)) for the last iterate and u/(η(Λ + λ)) for
    the average, where (1 - e^{-u})/u = 1/2, u = 1.5936. Infinite at Λ = 0; needs η(Λ + λ) < 1, since
    otherwise the coefficient jumps over its limit in one step. Derived, checked against stepping.
    """
    if not (np.isfinite(eigenvalue) and eigenvalue >= 0):
        raise ValueError(f"an eigenvalue must be finite and at least 0, got {eigenvalue}")
    if eigenvalue == 0:
        return float("inf")
    rate = sgd.step_size * (eigenvalue + sgd.ridge)
    if rate >= 1:
        raise ValueError(f"step_size * (eigenvalue + ridge) must be below 1 for a half time, got {rate:.4g}")
    decay = -np.log1p(-rate)
    if sgd.averaging == "last":
        return float(np.log(2.0) / decay)

    def excess(count: float) -> float:  # of the mean of A^t over `count` iterates, above one half
        return float(-np.expm1(-count * decay) / (count * rate)) - 0.5

    # (1 - A^n)/(n(1 - A)) is 1 at n = 1 and at most 1/(n(1 - A)), so that 2/rate brackets the root
    return float(brentq(excess, 1.0, 2.0 / rate + 1.0, xtol=1e-12 / rate, rtol=1e-14)) - 1.0


def relaxation_area(eigenvalue: ArrayLike, step_size: float, ridge: float, horizon: int) -> FloatArray:
    """Return the area Σ_{t<T} E e_t / e_0 = ρT + κ(1 - A^T)/(1 - A) under the mean error curve.

    In units of samples: with no ridge and T → ∞ it is the mean learning time 1/(ηΛ), and it is T where
    nothing is learnt (Λ = 0). Same shape as `eigenvalue`. Derived: a geometric sum.
    """
    if horizon < 1:
        raise ValueError(f"horizon must be at least 1 sample, got {horizon}")
    if not (step_size > 0 and ridge >= 0):
        raise ValueError(f"step_size must be positive and ridge at least 0, got {step_size} and {ridge}")
    hidden = shrinkage(eigenvalue, ridge)
    rate = step_size * (np.asarray(eigenvalue, dtype=np.float64) + ridge)
    return horizon * (hidden + (1 - hidden) * mean_power(rate, horizon))
