"""From an interval to an outcome, with the reason in one sentence.

Sharp claims are equivalence tests: consistent iff the interval lies inside the region of agreement, refuted iff
it lies outside, else inconclusive. "Not significantly different" is never a pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rates.law import Direction
from rates.result import Outcome
from rates.slope import quantile

Array = npt.NDArray[np.float64]
Subject = Literal["slope", "ratio slope", "level", "separation", "bound"]
_NAMES: Mapping[str, str] = {"slope": "slope", "ratio slope": "slope of measured/curve", "level": "log-ratio",
                             "separation": "difference of slopes", "bound": "log-ratio to the bound"}  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """An outcome with its reason.

    `key` is one of inside, outside, wide, straddles, not-a-number, faster. `faster` is by how much a one-sided
    guarantee is beaten, None where it is not. `estimate` and `interval` are those that decided, `at` the x of a
    bound.
    """

    outcome: Outcome
    reason: str
    key: str
    faster: float | None = None
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    at: float | None = None


def decide(
    interval: tuple[float, float],
    predicted: float,
    margin: float,
    direction: Direction | str = "sharp",
    *,
    estimate: float | None = None,
    subject: Subject = "slope",
    needed: int | Callable[[], int | None] | None = None,
) -> Decision:
    """Return what the (1 − 2α) interval of an estimate says about a prediction ± margin.

    Upper: the signed value is at most predicted + margin; lower: at least predicted − margin. `needed` is how
    many replicates would decide, asked for only when inconclusive. A NaN is an error, and so is a margin that
    nothing could leave; an infinite interval is inconclusive.
    """
    direction = Direction(direction)
    low, high = interval
    if any(math.isnan(v) for v in (low, high, predicted)) or low > high or not 0 <= margin < math.inf:
        return Decision(
            Outcome.ERROR, f"no decision from [{low}, {high}] against {predicted} ± {margin}", "not-a-number"
        )
    value = estimate if estimate is not None else (low + high) / 2
    digits = _digits(margin, high - low)
    region = _region(predicted, margin, direction, digits)
    measured = f"{_NAMES[subject]} {_number(value, digits)} [{_number(low, digits)}, {_number(high, digits)}]"
    floor = -math.inf if direction is Direction.UPPER else predicted - margin
    ceiling = math.inf if direction is Direction.LOWER else predicted + margin
    if low > ceiling or high < floor:
        text = f"{measured} lies outside {region}: {_complaint(low > ceiling, predicted, value, subject)}"
        return Decision(Outcome.REFUTED, text, "outside", None, value, interval)
    if low >= floor and high <= ceiling:
        faster = _beaten(low, high, predicted, margin, value, direction)
        if faster is None:
            return Decision(Outcome.CONSISTENT, f"{measured} lies inside {region}", "inside", None, value, interval)
        text = f"{measured} lies inside {region}, faster than guaranteed by {_number(faster, digits)}"
        return Decision(Outcome.CONSISTENT, text, "faster", faster, value, interval)
    wide = direction is Direction.SHARP and high - low > 2 * margin
    text = f"{measured} is {'wider than' if wide else 'across the edge of'} {region}; {_advice(needed)}"
    return Decision(Outcome.INCONCLUSIVE, text, "wide" if wide else "straddles", None, value, interval)


def decide_bound(
    log_ratio: Array,
    standard_error: Array,
    dof: int,
    alpha: float,
    margin: float = 0.0,
    numeric_error: float | Array = 0.0,
    *,
    x: Array | None = None,
    direction: Direction | str = "upper",
    needed: int | Callable[[], int | None] | None = None,
) -> Decision:
    """Return whether log(measured/bound) (K,) is at most `margin` at every x, Bonferroni over x.

    Refuted iff the largest lower limit exceeds the margin, consistent iff the largest upper limit does not.
    Lower mirrors it; sharp asks for both (an identity at every x). `dof` 0 means no statistical error.
    """
    direction = Direction(direction)
    half = np.broadcast_to(np.asarray(numeric_error, dtype=float), log_ratio.shape).copy()
    if dof:
        half += quantile(alpha / len(log_ratio), dof) * standard_error
    sign = {Direction.UPPER: log_ratio, Direction.LOWER: -log_ratio, Direction.SHARP: np.abs(log_ratio)}[direction]
    lower, upper = sign - half, sign + half
    if np.any(np.isnan(lower)):
        return Decision(Outcome.ERROR, "a log-ratio to the bound is not a number", "not-a-number")
    if not 0 <= margin < math.inf:
        return Decision(Outcome.ERROR, f"no decision at a margin of {margin:g}", "not-a-number")
    refuted = bool(np.max(lower) > margin)
    at = int(np.argmax(lower if refuted else upper))
    value, interval = float(log_ratio[at]), (float(log_ratio[at] - half[at]), float(log_ratio[at] + half[at]))
    where = f" at x = {float(x[at]):g}" if x is not None else f" at point {at + 1}"
    digits = _digits(margin, interval[1] - interval[0])
    measured = (
        f"log-ratio {_number(value, digits)} [{_number(interval[0], digits)}, {_number(interval[1], digits)}]{where}"
    )
    region = {
        Direction.UPPER: f"at most {_number(margin, digits)}",
        Direction.LOWER: f"at least {_number(-margin, digits)}",
        Direction.SHARP: f"0 ± {_number(margin, digits)}",
    }[direction]
    place = None if x is None else float(x[at])
    if refuted:
        ratio = f"measured/predicted is {math.exp(min(value, 700.0)):.3g}"
        return Decision(
            Outcome.REFUTED, f"{measured} is not {region}: {ratio}", "outside", None, value, interval, place
        )
    if np.max(upper) <= margin:
        text = f"{measured}, the closest of {len(log_ratio)} points, is {region}"
        return Decision(Outcome.CONSISTENT, text, "inside", None, value, interval, place)
    text = f"{measured} is across the edge of {region}; {_advice(needed)}"
    return Decision(Outcome.INCONCLUSIVE, text, "straddles", None, value, interval, place)


@dataclass(frozen=True)
class PartFactors:
    """Factor by which each part of a curve would have to be scaled, with its standard error."""

    factor: Mapping[str, float]
    standard_error: Mapping[str, float]

    @property
    def sentence(self) -> str:
        """The part that is most significantly off 1, or that none is."""
        z = {name: abs(f - 1) / self.standard_error[name] for name, f in self.factor.items()}
        name = max(z, key=lambda key: z[key], default="")
        if not name or z[name] < 3:
            return "no single part of the curve is significantly off"
        factor, error = self.factor[name], self.standard_error[name]
        return f"the part {name} is off: {factor:.3g} ± {error:.2g} times what the curve says"


def fit_parts(mean: Array, parts: Mapping[str, Array], standard_error: Array | None) -> PartFactors:
    """Return weighted least squares of the measured means (K,) on the parts (K,) of the curve that predicts them.

    Factors below zero are set to zero and the others fitted again. Weights are 1/standard_error, or relative
    (one per cent of the mean) where there is none. Parts of the same shape cannot be told apart: their
    standard errors say so.
    """
    noise = 0.01 * mean if standard_error is None else np.maximum(standard_error, 1e-9 * mean)
    design = {name: np.asarray(values, dtype=float) / noise for name, values in parts.items() if np.any(values != 0)}
    active = list(design)
    solution = np.zeros(0)
    while active:
        solution = np.linalg.lstsq(np.stack([design[n] for n in active], axis=1), mean / noise, rcond=1e-10)[0]
        if np.all(solution >= 0):
            break
        active.pop(int(np.argmin(solution)))
    factors = dict.fromkeys(design, 0.0) | dict(zip(active, solution.tolist(), strict=True))
    matrix = np.stack(list(design.values()), axis=1) if design else np.zeros((len(mean), 0))
    # A small ridge keeps the covariance of indistinguishable parts finite: an error of 10^3 reads as "unknown".
    covariance = np.linalg.inv(matrix.T @ matrix + 1e-6 * np.eye(len(design)))
    return PartFactors(factors, dict(zip(design, np.sqrt(np.diag(covariance)).tolist(), strict=True)))


def _beaten(
    low: float, high: float, predicted: float, margin: float, value: float, direction: Direction
) -> float | None:
    if direction is Direction.UPPER and high < predicted - margin:
        return predicted - value
    if direction is Direction.LOWER and low > predicted + margin:
        return value - predicted
    return None


def _region(predicted: float, margin: float, direction: Direction, digits: int) -> str:
    if direction is Direction.SHARP:
        return f"{_number(predicted, digits)} ± {_number(margin, digits)}"
    if direction is Direction.UPPER:
        return f"at most {_number(predicted, digits)} + {_number(margin, digits)}"
    return f"at least {_number(predicted, digits)} − {_number(margin, digits)}"


def _complaint(above: bool, predicted: float, value: float, subject: Subject) -> str:
    if subject in ("level", "bound"):
        ratio = math.exp(min(abs(value - predicted), 700.0))
        size = f"{ratio:.3g} times" if ratio >= 2 else f"{100 * (ratio - 1):.2g} %"
        return f"the measured values are {size} too {'large' if above else 'small'}"
    if subject == "ratio slope":
        return f"the measured values drift {'above' if above else 'below'} the curve as x grows"
    if subject == "separation":
        return f"the first falls too {'slowly' if above else 'fast'} against the second"
    if predicted > 0:
        return f"y grows too {'fast' if above else 'slowly'}"
    return f"y falls too {'slowly' if above else 'fast'}"


def _advice(needed: int | Callable[[], int | None] | None) -> str:
    count = needed() if callable(needed) else needed
    return "more replicates would decide" if count is None else f"about {count:,} replicates would decide"


def _digits(margin: float, width: float) -> int:
    """Return decimals that resolve a tenth of the margin (of the interval where there is no margin), three to eight."""
    size = margin if 0 < margin < math.inf else width
    return min(8, max(3, 1 - math.floor(math.log10(size)))) if 0 < size < math.inf else 3


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    if float(text) == 0:  # no minus sign before zeros
        text = text.lstrip("-")
    return text.replace("-", "−").replace("inf", "∞")
