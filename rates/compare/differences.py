"""How certain a change is: paired and unpaired differences, and their intervals.

Pairing takes what head and base share out of the noise, Var(head − base) = 2σ²(1 − ρ), and costs nothing where they
share nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from rates.slope import Fit, quantile

Array = npt.NDArray[np.float64]


def two_sided(
    value: npt.ArrayLike, standard_error: npt.ArrayLike, dof: npt.ArrayLike, numeric: npt.ArrayLike = 0.0
) -> Array:
    """Return the p-value of a value's being zero up to its numerical error, elementwise; 1 or 0 without noise."""
    room = np.maximum(np.abs(value) - np.asarray(numeric), 0.0)
    se, nu = np.asarray(standard_error, dtype=float), np.asarray(dof, dtype=float)
    noisy = (se > 0) & (nu > 0)
    t = np.divide(room, se, out=np.zeros(np.broadcast(room, se, nu).shape), where=noisy)
    p = 2.0 * stdtr(np.where(noisy, nu, 1.0), -t)
    return np.asarray(np.where(noisy, p, np.where(room > 0, 0.0, 1.0)))


@dataclass(frozen=True)
class Estimate:
    """A value with its standard error (0 without noise), degrees of freedom and a bound of its numerical error.

    `replicates` are those of its noise, of the side that has fewer: not the degrees of freedom and one more where two
    sides are unpaired.
    """

    value: float
    standard_error: float = 0.0
    dof: float = 0.0
    numeric: float = 0.0
    replicates: int = 0

    @property
    def p_value(self) -> float:
        """Two-sided, of the hypothesis that the truth is zero."""
        return float(two_sided(self.value, self.standard_error, self.dof, self.numeric))

    def half_width(self, level: float) -> float:
        """Half the width of the interval that misses the truth with probability `level`."""
        noise = quantile(level / 2, self.dof) * self.standard_error if self.dof and self.standard_error else 0.0
        return noise + self.numeric

    def interval(self, level: float) -> tuple[float, float]:
        """Return the two-sided 1 − level interval."""
        half = self.half_width(level)
        return self.value - half, self.value + half

    @property
    def sd(self) -> float:
        """Standard deviation of one replicate's contribution."""
        return float(self.standard_error * np.sqrt(self.replicates))

    def less(self, shift: float, numeric: float = 0.0) -> Estimate:
        """Return the estimate less a number that carries no noise, but a numerical error."""
        return replace(self, value=self.value - shift, numeric=self.numeric + numeric)


def paired(base: Array, head: Array, sign: float = 1.0) -> tuple[Array, Array]:
    """Return mean and standard error of head − base (head + base for sign −1) over the last axis, R replicates."""
    change = head - sign * base
    return change.mean(axis=-1), change.std(axis=-1, ddof=1) / np.sqrt(change.shape[-1])


def combined(base: Fit, head: Fit, *, sign: float, pair: bool) -> Estimate:
    """Return head − base (sign 1) or head + base (sign −1): paired by replicate, or after Welch.

    Degrees of freedom R − 1, or Satterthwaite's. Numerical errors add up.
    """
    numeric = base.half_width_numeric + head.half_width_numeric
    if not (base.dof and head.dof):
        return independent(_estimate(base), _estimate(head), sign=sign)
    if pair:
        mean, error = paired(base.pseudo_values, head.pseudo_values, sign)
        count = len(base.pseudo_values)
        return Estimate(float(mean), float(error), count - 1, numeric, count)
    return independent(_estimate(base), _estimate(head), sign=sign)


def independent(base: Estimate, head: Estimate, *, sign: float) -> Estimate:
    """Return head − base (head + base for sign −1) of estimates that share no noise, with Satterthwaite's freedom."""
    variances = [(e.standard_error**2, e.dof) for e in (base, head)]
    total = sum(v for v, _ in variances)
    split = sum(v * v / dof for v, dof in variances if dof)
    dof = total * total / split if split > 0 else 0.0
    count = min((e.replicates for e in (base, head) if e.standard_error), default=0)
    return Estimate(head.value - sign * base.value, float(total**0.5), dof, base.numeric + head.numeric, count)


def correlation(base: Array, head: Array) -> float | None:
    """Return the correlation of two sets of replicates (R,), None where one of them does not vary."""
    if len(base) < 3 or np.ptp(base) == 0 or np.ptp(head) == 0:
        return None
    return float(np.corrcoef(base, head)[0, 1])


def _estimate(fit: Fit) -> Estimate:
    return Estimate(fit.estimate, fit.standard_error, fit.dof, fit.half_width_numeric, len(fit.pseudo_values))
