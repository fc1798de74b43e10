"""The numbers behind a figure: points of a case on one axis, the law anchored to them, ratios and local slopes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Floats = list[float]
_MOST_SLOPES = 24  # a trajectory of hundreds of points has as many local slopes, which show noise only


@dataclass(frozen=True)
class Series:
    """Points with increasing x. Values that are not positive have been left out: a log axis cannot show them."""

    x: Floats
    mean: Floats
    errors: Floats | None
    curve: Floats
    law: Floats | None
    anchored: bool
    measured: bool
    parts: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def has_curve(self) -> bool:
        """True where every point has the curve's value."""
        return bool(self.curve)

    @property
    def drawn(self) -> Floats:
        """Every value on the y axis of the first panel, for its ticks."""
        law = self.anchored_law(at_end=False) or []
        return [value for values in (self.mean, self.curve, law, *self.parts.values()) for value in values]

    def anchored_law(self, *, at_end: bool) -> Floats | None:
        """Return the law through the reference (curve, else measurement) in the middle or at the far end.

        A law with a known constant is not moved.
        """
        if self.law is None:
            return None
        if self.anchored:
            return self.law
        reference = self.curve or self.mean
        gaps = [math.log(y / shape) for y, shape in zip(reference, self.law, strict=True)]
        scale = math.exp(gaps[-1] if at_end else sum(gaps) / len(gaps))
        return [scale * shape for shape in self.law]

    def straight(self, slope: float, *, semilog: bool) -> Floats:
        """Return the line of the given slope through the middle of the measurements, law's corrections included."""
        axis = [x if semilog else math.log(x) for x in self.x]
        centre = sum(axis) / len(axis)
        level = sum(math.log(y) for y in self.mean) / len(self.mean)
        return [math.exp(max(min(level + slope * (t - centre), 700.0), -700.0)) for t in axis]

    def error_bars(self) -> tuple[Floats, Floats]:
        """Return two standard errors up and down, on the scale of the logarithm, where they are symmetric."""
        return log_bars(self.mean, self.errors or [])

    def ratio(self) -> tuple[Floats, Floats | None]:
        """Return measured over curve and two standard errors of it."""
        values = [mean / curve for mean, curve in zip(self.mean, self.curve, strict=True)]
        if self.errors is None:
            return values, None
        return values, [2 * error / curve for error, curve in zip(self.errors, self.curve, strict=True)]


def collect(rows: Iterable[Mapping[str, Any]], law: Mapping[str, Any], *, measured: bool) -> Series | None:
    """Return the union of the points of some results of one case, None where fewer than two can be drawn."""
    by_x: dict[float, Mapping[str, Any]] = {}
    for row in rows:
        for point in row["points"]:
            known = by_x.get(point["x"])
            # The point of an experiment-law result may lack the curve that its experiment-curve twin has.
            if known is None or (known["curve"] is None and point["curve"] is not None):
                by_x[point["x"]] = point
    points = [by_x[x] for x in sorted(by_x) if by_x[x]["mean"] > 0 and (law["semilog"] or x > 0)]
    if len(points) < 2:
        return None
    curve = [p["curve"] for p in points]
    has_curve = all(value is not None and value > 0 for value in curve)
    shape = [p.get("law") for p in points]
    errors = [p["standard_error"] for p in points]
    names = [name for name in points[0].get("parts", {}) if all(p["parts"].get(name, 0) > 0 for p in points)]
    return Series(
        x=[p["x"] for p in points],
        mean=[p["mean"] for p in points],
        errors=None if any(error is None for error in errors) else errors,
        curve=curve if has_curve else [],
        law=[float(value) for value in shape if value is not None] if None not in shape else None,
        anchored=bool(law["has_constant"]),
        measured=measured,
        parts={name: [p["parts"][name] for p in points] for name in names} if len(names) > 1 else {},
    )


def log_bars(mean: Sequence[float], errors: Sequence[float]) -> tuple[Floats, Floats]:
    """Return two standard errors up and down from positive means, symmetric on the scale of the logarithm."""
    pairs = list(zip(mean, errors, strict=True))
    up = [mean * math.expm1(min(2 * error / mean, 50.0)) for mean, error in pairs]
    return up, [-mean * math.expm1(-2 * error / mean) for mean, error in pairs]


def local_slopes(
    x: Sequence[float], y: Sequence[float], errors: Sequence[float] | None, *, semilog: bool
) -> tuple[Floats, Floats, Floats | None]:
    """Return midpoints, slopes of log y between neighbours and two standard errors (errors taken as independent)."""
    stride = max(1, math.ceil((len(x) - 1) / _MOST_SLOPES))
    keep = sorted({*range(0, len(x), stride), len(x) - 1})
    middles, slopes, bars = [], [], []
    for i, j in itertools.pairwise(keep):
        step = x[j] - x[i] if semilog else math.log(x[j] / x[i])
        middles.append((x[i] + x[j]) / 2 if semilog else math.sqrt(x[i]) * math.sqrt(x[j]))
        slopes.append(math.log(y[j] / y[i]) / step)
        if errors is not None:
            bars.append(2 * math.hypot(errors[i] / y[i], errors[j] / y[j]) / step)
    return middles, slopes, bars if errors is not None else None
