"""The engine's slope, a jackknife over replicates, beside two usual fits whose error bars mean something else.

The fit costs more than theirs: it redoes the estimate without each replicate in turn, which is what its error
bar rests on.
"""

from __future__ import annotations

import numpy as np
from conftest import Measure
from scipy.stats import linregress

from rates.slope import Mean, Sample, fit, slope_weights

REPLICATES = 256
X = 2.0 ** np.arange(4, 11)


def sample() -> Sample:
    """Return 7 points × 256 replicates of 1/x with lognormal noise."""
    noise = np.random.default_rng(0).lognormal(-0.02, 0.2, (REPLICATES, len(X), 1))
    return Sample(X, noise / X[:, None])


def ours(given: Sample) -> float:
    """Fit and take the interval."""
    found = fit(given, Mean(), slope_weights(given.x))
    found.interval(1e-3)
    return found.estimate


def test_line_through_the_means(side_by_side: Measure) -> None:
    """Without the jackknife's correction, of order 1/R, the slope is that of `linregress` to rounding."""
    given = sample()
    log_mean = np.log(given.values.mean(axis=0)[:, 0])
    line = linregress(np.log(X), log_mean)
    assert abs(slope_weights(X) @ log_mean - line.slope) < 1e-13
    difference = abs(ours(given) - line.slope)
    side_by_side(
        "slope, 7 points × 256 replicates", lambda: ours(given),
        lambda: linregress(np.log(X), np.log(given.values.mean(axis=0)[:, 0])), name="scipy linregress on the means",
        unit="fits/s", work=1, difference=difference,
    )  # fmt: skip
    assert difference < 1 / REPLICATES


def test_pooled_least_squares(side_by_side: Measure) -> None:
    """With noise that is the same at every x, the pooled line through all logarithms has the same slope."""
    given = sample()

    def pooled() -> float:
        columns = np.stack([np.ones(len(X)), np.log(X)], axis=1)
        design = np.tile(columns, (REPLICATES, 1))
        return float(np.linalg.lstsq(design, np.log(given.values).ravel(), rcond=None)[0][1])

    difference = abs(ours(given) - pooled())
    side_by_side(
        "slope, 7 points × 256 replicates", lambda: ours(given), pooled, name="pooled least squares on logarithms",
        unit="fits/s", work=1, difference=difference,
    )  # fmt: skip
    assert difference < 3 * fit(given, Mean(), slope_weights(X)).standard_error
