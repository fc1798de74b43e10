"""How many replicates a verdict needs, and when to look.

Source: two one-sided t tests (Schuirmann) with the t quantiles iterated to their fixed point in R.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from rates.law import Direction
from rates.slope import quantile, slope_weights

FIRST_LOOK = 8
MAX_LOOKS = 6
_CEILING = 10**9


def required_replicates(
    sd: float,
    margin: float,
    alpha: float,
    *,
    power: float = 0.999,
    direction: Direction | str = "sharp",
    deviation: float = 0.0,
) -> int:
    """Return the smallest R with which an estimate of that deviation comes out consistent with that power.

    `sd` is the standard deviation of one replicate (`Fit.sd`, or a pilot's), `deviation` the signed distance
    of the truth from the prediction. At exact agreement R = (t_{1−α} + t_{1−β/2})² sd²/margin², one-sided
    with t_{1−β}. ValueError where the deviation reaches the margin: no number of replicates decides that.
    """
    upper, lower = _room(margin, deviation, Direction(direction))
    if not 0 < alpha < 0.5 or not 0.5 <= power < 1:
        raise ValueError(f"alpha must lie in (0, 1/2) and power in [1/2, 1), got {alpha} and {power}")
    if min(upper, lower) <= 0:
        raise ValueError(f"no number of replicates decides a deviation of {deviation:g} at a margin of {margin:g}")
    if not math.isfinite(sd) or sd < 0:
        raise ValueError(f"the standard deviation must be finite and not negative, got {sd}")

    def reached(replicates: int) -> bool:
        scale = math.sqrt(replicates) / sd if sd else math.inf
        cut = quantile(alpha, replicates - 1)
        missed = sum(float(stdtr(replicates - 1, cut - room * scale)) for room in (upper, lower) if room < math.inf)
        return missed <= 1 - power

    low, high = 1, 2
    while not reached(high):
        low, high = high, 2 * high
        if high > _CEILING:
            raise ValueError(f"more than {_CEILING:.0e} replicates for a margin of {margin:g} at sd {sd:g}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def widened(replicates: int, alpha: float, skewness: float) -> int:
    """Return the replicates that a level needs where `replicates` would do without the correction for skewness.

    The correction widens t se by (1 + 2t²)|γ|/(6 t √R) of itself, where the γ that is measured is off by √(6/R):
    the smallest R' with R' ≥ R (1 + that)².
    """
    found = replicates
    for _ in range(60):
        t = quantile(alpha, max(found - 1, 1))
        gamma = skewness + math.sqrt(6 / found)
        wider = math.ceil(replicates * (1 + (1 + 2 * t * t) * gamma / (6 * t * math.sqrt(found))) ** 2)
        if wider <= found:
            break
        found = wider
    return found


def detectable_deviation(sd: float, replicates: int, margin: float, alpha: float, power: float = 0.999) -> float:
    """Return margin + (t_{1−α} + t_power) se, the smallest deviation that is refuted with that power.

    Infinite for fewer than two replicates.
    """
    if replicates < 2:
        return math.inf
    dof = replicates - 1
    return margin + (quantile(alpha, dof) + quantile(1 - power, dof)) * sd / math.sqrt(replicates)


def expected_standard_error(
    cv: float | npt.ArrayLike, x: npt.ArrayLike, replicates: int, semilog: bool = False
) -> float:
    """Return the standard error of a slope from independent runs with coefficient of variation `cv` at each x.

    √(Σ w_i² cv_i² / R); for a constant cv and K log-equidistant x with span L = log(x_K/x_1) this is
    (cv/√R) (1/L) √(12 (K − 1)/(K (K + 1))).
    """
    weights = slope_weights(np.asarray(x, dtype=float), semilog)
    return float(np.sqrt(np.sum((weights * np.asarray(cv, dtype=float)) ** 2) / replicates))


@dataclass(frozen=True)
class Schedule:
    """Replicates at which to look, increasing, and the level of each result at each look."""

    looks: tuple[int, ...]
    alpha_look: float


def schedule(
    required: int | Callable[[float], int] | None,
    alpha: float,
    results: int,
    block: int,
    max_looks: int = MAX_LOOKS,
) -> Schedule:
    """Return geometric looks R0·2^k in whole blocks, with alpha split equally over looks and results.

    `required` gives the replicates that the most demanding result needs at a level (or is that number, then
    computed at alpha/(max_looks·results) by the caller); the last look has at least as many. The first look
    has at least eight, since t tails are calibrated from about ten replicates on, and where few replicates
    suffice there are fewer looks and more level for each. Without a pilot (None): 8, 16, …, 256.
    """
    if max_looks < 1 or results < 1 or block < 1:
        raise ValueError(f"max_looks, results and block must be positive, got {max_looks}, {results}, {block}")
    if required is None:
        return _split(_doubling(FIRST_LOOK, max_looks, block), alpha, results)
    for count in range(1, max_looks + 1):
        last = required(alpha / (count * results)) if callable(required) else required
        first = max(FIRST_LOOK, math.ceil(last / 2 ** (count - 1)))
        if first < 2 * FIRST_LOOK or count == max_looks:
            return _split(_doubling(first, count, block), alpha, results)
    raise AssertionError("unreachable")


def _room(margin: float, deviation: float, direction: Direction) -> tuple[float, float]:
    """Return the distance to the upper and to the lower edge of the region of agreement."""
    upper = math.inf if direction is Direction.LOWER else margin - deviation
    lower = math.inf if direction is Direction.UPPER else margin + deviation
    return upper, lower


def _doubling(first: int, count: int, block: int) -> tuple[int, ...]:
    whole = {math.ceil(first * 2**k / block) * block for k in range(count)}
    return tuple(sorted(whole))


def _split(looks: tuple[int, ...], alpha: float, results: int) -> Schedule:
    return Schedule(looks, alpha / (len(looks) * results))
