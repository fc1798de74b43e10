"""The statistics of a study: exact binomial tests and intervals, and the uniformity of p-values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest, kstest

LEVEL = 0.01  # of each verdict of a study: a monitor that cries wolf is switched off
CONFIDENCE = 0.95
TAILS = (0.05, 0.01, 0.001)


@dataclass(frozen=True)
class Rate:
    """`hits` of `count` against a nominal rate: the exact 95 % interval, and p of so many or more at that rate."""

    hits: int
    count: int
    nominal: float
    interval: tuple[float, float]
    p: float


def rate(hits: int, count: int, nominal: float) -> Rate:
    """Return the Clopper–Pearson interval and the one-sided exact binomial test; nothing is known from no trials."""
    if count == 0:
        return Rate(0, 0, nominal, (0.0, 1.0), 1.0)
    interval = binomtest(hits, count).proportion_ci(CONFIDENCE, method="exact")
    p = binomtest(hits, count, min(nominal, 1.0), alternative="greater").pvalue
    return Rate(hits, count, nominal, (float(interval.low), float(interval.high)), float(p))


@dataclass(frozen=True)
class Uniformity:
    """How far p-values are from uniform: the largest distance of their distribution, and its exact p-value.

    `band` is what that distance exceeds with probability LEVEL at most (Dvoretzky–Kiefer–Wolfowitz with Massart's
    constant); `tails` are the rates of p below 0.05, 0.01 and 0.001, which the distance hardly sees.
    """

    count: int
    distance: float
    p: float
    band: float
    tails: tuple[Rate, ...]


def uniformity(p_values: Sequence[float]) -> Uniformity:
    """Return the Kolmogorov–Smirnov test of independent p-values."""
    found = kstest(p_values, "uniform")
    band = math.sqrt(math.log(2 / LEVEL) / (2 * len(p_values)))
    tails = tuple(rate(sum(1 for p in p_values if p <= tail), len(p_values), tail) for tail in TAILS)
    return Uniformity(len(p_values), float(found.statistic), float(found.pvalue), band, tails)
