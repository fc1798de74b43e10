"""Slope, level and bound of one case on two sides: what is tested, and what tells better from worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rates.compare.differences import Estimate, combined, correlation
from rates.compare.pairs import LEAST_X, Half, Pair
from rates.evidence import Evidence
from rates.slope import Estimand, Fit, Sample, fit, level_weights, slope_weights

Array = npt.NDArray[np.float64]
CURVE, LAW = "curve", "law"


@dataclass(frozen=True)
class Test:
    """One quantity on two sides.

    `base` and `head` are deviations from base's curve or constant where there is one, else what was measured. `total`
    estimates the sum of the deviations of each from its own `against`, None without such a thing: with the difference
    it tells which side is nearer. `moved` is by how much what it is held against has moved itself, up to `unsure`.
    `direction` is that of the comparison. `margin` is the check's.
    """

    quantity: str
    against: str
    direction: str
    base: float
    head: float
    difference: Estimate
    total: Estimate | None
    margin: float
    paired: bool = False
    correlation: float | None = None
    replicates: int = 0
    largest: float = 0.0
    x: float | None = None
    moved: float = 0.0
    unsure: float = 0.0

    @property
    def deviation(self) -> Estimate:
        """The difference of the deviations of each side from its own `against`."""
        return self.difference.less(self.moved, self.unsure) if self.moved else self.difference

    @property
    def statistical(self) -> bool:
        """Whether there is noise, so that the test takes its share of the family-wise level."""
        return self.difference.dof > 0


@dataclass(frozen=True, eq=False)
class _Reference:
    """What a quantity is held against on each side: Σ w_i log of it, or the predicted slope of |y − limit|."""

    against: str
    direction: str
    x: Array
    base: float = 0.0
    head: float = 0.0
    numeric: float = 0.0
    limits: tuple[float, float] | None = None


def tests(pair: Pair) -> Iterator[Test]:
    """Yield the tests of a case; InconclusiveError where a mean has no logarithm.

    Slope and level of the log mean in every case, whether or not the profile checks both; where the claim is an
    inequality at every x, each x instead.
    """
    kinds = {row["quantity"] for row in (*pair.base.measured, *pair.head.measured)}
    if kinds != {"bound"}:
        yield _test(pair, "slope", _reference(pair, "slope"))
        yield _test(pair, "level", _reference(pair, "level"))
    if "bound" in kinds:
        against, base, head = _bounds(pair)
        for x in sorted(base.keys() & head.keys() & set(pair.x)):
            here = _Reference(against, _direction(pair), np.array([x]), float(np.log(base[x])), float(np.log(head[x])))
            yield _test(pair, "bound", here)


def deviation(pair: Pair, weights: Array, x: Array, logs: tuple[Array, Array]) -> tuple[Estimate, Estimate]:
    """Return difference and sum of the weighted deviations of both sides from the logs of their own reference."""
    fits = _fits(pair, x, weights)
    shift = [float(weights @ values) for values in logs]
    difference = combined(*fits, sign=1.0, pair=pair.paired)
    total = combined(*fits, sign=-1.0, pair=pair.paired)
    return difference.less(shift[1] - shift[0]), total.less(shift[0] + shift[1])


def _test(pair: Pair, quantity: str, reference: _Reference) -> Test:
    weights = _weights(pair, quantity, reference.x)
    base, head = _fits(pair, reference.x, weights, reference.limits)
    paired = pair.paired and bool(base.dof)
    difference = combined(base, head, sign=1.0, pair=paired)
    total = None
    if reference.against:
        both = combined(base, head, sign=-1.0, pair=paired)
        total = both.less(reference.base + reference.head, reference.numeric)
    deviates = reference.against == CURVE or (quantity != "slope" and reference.against == LAW)
    shown = reference.base if deviates else 0.0
    change = head.pseudo_values - base.pseudo_values if paired or not base.dof else np.array([np.inf])
    return Test(
        quantity, reference.against, reference.direction, base.estimate - shown, head.estimate - shown,
        difference, total, _margin(pair, quantity, reference.x), paired,
        correlation(base.pseudo_values, head.pseudo_values) if paired else None, pair.replicates,
        float(np.abs(change).max() / np.abs(weights).sum()), float(reference.x[0]) if quantity == "bound" else None,
        reference.head - reference.base, reference.numeric,
    )  # fmt: skip


def _reference(pair: Pair, quantity: str) -> _Reference:
    """Return the curve where the claim holds its experiment against one, else the law, else nothing.

    A curve is what y should be, so that a step away from it in either direction is for the worse.
    """
    held = [
        {row["comparison"] for row in half.measured if row["quantity"] != "bound"} for half in (pair.base, pair.head)
    ]
    least = LEAST_X if quantity == "slope" else 1
    if all("experiment-curve" in comparisons for comparisons in held):
        found = _logs(pair, quantity, CURVE, "sharp", "experiment-curve", "experiment-law")
        if len(found.x) >= least:
            return found
    if all("experiment-law" in comparisons for comparisons in held) and _law_has(pair, quantity):
        approach = _approach(pair) if quantity == "slope" else None
        if approach is not None:
            return approach
        found = _logs(pair, quantity, LAW, _direction(pair), "experiment-law")
        if len(found.x) >= least:
            return found
    return _Reference("", _direction(pair), pair.x)


def _logs(pair: Pair, quantity: str, name: str, direction: str, *comparisons: str) -> _Reference:
    base, head = (half.points(name, *comparisons) for half in (pair.base, pair.head))
    x = np.array(sorted(base.keys() & head.keys() & set(pair.x.tolist())))
    if len(x) < (LEAST_X if quantity == "slope" else 1):
        return _Reference(name, direction, np.empty(0))
    weights = _weights(pair, quantity, x)
    sums = [float(weights @ np.log([values[v] for v in x])) for values in (base, head)]
    error = sum(_curve_error(half) for half in (pair.base, pair.head)) if name == CURVE else 0.0
    return _Reference(name, direction, x, sums[0], sums[1], float(np.abs(weights).sum()) * error)


def _approach(pair: Pair) -> _Reference | None:
    """Return the predicted rate of approach to a plateau, whose slope is that of |y − limit|; None for other claims."""
    if pair.head.known["law"]["form"] != "plateau" or pair.base.known["law"]["form"] != "plateau":
        return None
    rows = [
        next((r for r in half.measured if (r["comparison"], r["quantity"]) == ("experiment-law", "slope")), None)
        for half in (pair.base, pair.head)
    ]
    known = [row for row in rows if row is not None and row["predicted"]]
    if len(known) < 2 or not all(row["points"] and row["points"][0].get("law") for row in known):
        return None
    x = np.array(sorted(set.intersection(*({p["x"] for p in row["points"]} for row in known)) & set(pair.x.tolist())))
    if len(x) < LEAST_X:
        return None
    limits = [float(row["points"][0]["law"]) for row in known]
    return _Reference(
        LAW, _direction(pair), x, known[0]["predicted"], known[1]["predicted"], 0.0, (limits[0], limits[1])
    )


def _bounds(pair: Pair) -> tuple[str, dict[float, float], dict[float, float]]:
    halves = (pair.base, pair.head)
    against_curve = any(r["quantity"] == "bound" and r["comparison"] == "experiment-curve" for r in pair.head.measured)
    name, comparison = (CURVE, "experiment-curve") if against_curve else (LAW, "experiment-law")
    base, head = (half.points(name, comparison) for half in halves)
    return name, base, head


def _fits(pair: Pair, x: Array, weights: Array, limits: tuple[float, float] | None = None) -> tuple[Fit, Fit]:
    at = np.searchsorted(pair.x, x)
    kinds = pair.estimands(x)
    base = _sample(pair.base, x, pair.base_y[:, at], kinds[0], limits and limits[0])
    head = _sample(pair.head, x, pair.head_y[:, at], kinds[1], limits and limits[1])
    return fit(base, kinds[0], weights), fit(head, kinds[1], weights)


def _sample(half: Half, x: Array, y: Array, kind: Estimand, limit: float | None) -> Sample:
    error = None if half.numerical_error is None else np.full(len(x), half.numerical_error)
    sample = Sample(x, y, error)
    return sample if limit is None else Evidence(sample, kind).distance(limit).sample


def _weights(pair: Pair, quantity: str, x: Array) -> Array:
    return slope_weights(x, _semilog(pair)) if quantity == "slope" else level_weights(len(x))


def _margin(pair: Pair, quantity: str, x: Array) -> float:
    """Return the smallest margin of the checks of this quantity.

    Where only the other one is checked, the margin by which that one would move: a slope that is off by δ moves the
    ends of a window of length L by δ L/2.
    """
    rows = [(row["quantity"], float(row["margin"])) for half in (pair.base, pair.head) for row in half.measured]
    own = [margin for name, margin in rows if name == quantity]
    if own:
        return min(own)
    axis = x if _semilog(pair) else np.log(x)
    reach = float(np.ptp(axis)) / 2 or 1.0
    slopes = [margin for name, margin in rows if name == "slope"]
    others = [margin for name, margin in rows if name not in ("slope", "bound")]  # a bound's may be 0
    if quantity == "slope":
        return min(others, default=0.0) / reach
    return min(slopes) * reach if slopes else min(others, default=0.0)


def _law_has(pair: Pair, quantity: str) -> bool:
    return quantity == "slope" or all(half.known["law"]["has_constant"] for half in (pair.base, pair.head))


def _direction(pair: Pair) -> str:
    return str(pair.head.known["law"]["direction"])


def _semilog(pair: Pair) -> bool:
    return bool(pair.head.known["law"]["semilog"])


def _curve_error(half: Half) -> float:
    curve = half.known["curve"]
    return 0.0 if curve is None else float(curve["error"])
