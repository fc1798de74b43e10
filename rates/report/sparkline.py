"""A sparkline a claim: measured/law along x, the law as centre line and the margin as a band."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rates.report.series import Series, collect
from rates.report.svg import Element, line, path, picture, shape
from rates.report.views import ClaimView, Row, case_text, telling
from rates.report.wording import brief

Edge = tuple[float, float, float]  # place along the axis, lower and upper limit of log(measured/law)
Corner = tuple[float, float]

_WIDTH, _HEIGHT, _PAD = 116.0, 34.0, 4.0
_MOST = 20  # a trajectory has hundreds of points
_SPOKEN = 8
_LEAST = 1e-12  # half the height that is drawn where law and measurement are the same to rounding


@dataclass(frozen=True)
class Trace:
    """Logarithms of measured/law, of curve/law where nothing was measured, along the axis of the fit.

    `errors` are two standard errors, `curve` is log(curve/law) beside a measurement, `band` what the judged
    result lets pass; an edge is infinite where the statement is one-sided.
    """

    x: list[float]
    axis: list[float]
    ratio: list[float]
    errors: list[float] | None
    curve: list[float]
    band: tuple[Edge, ...]
    measured: bool

    @property
    def reach(self) -> float:
        """Half the height that shows everything; the law is the centre."""
        errors = self.errors or [0.0] * len(self.ratio)
        drawn = [abs(value) + error for value, error in zip(self.ratio, errors, strict=True)]
        drawn += [abs(value) for value in self.curve]
        drawn += [abs(limit) for _, low, high in self.band for limit in (low, high) if math.isfinite(limit)]
        return max(*drawn, _LEAST)


def sparkline(claim: ClaimView) -> Markup:
    """Return the picture of a claim's telling result with its numbers as text; empty where there is none."""
    found = _found(claim)
    if found is None:
        return Markup("")
    row, trace = found
    return picture("spark", (_WIDTH, _HEIGHT), _drawn(trace), _label(trace, row, claim.catalogue["law"]["variable"]))


def trace(row: Row, law: Row) -> Trace | None:
    """Return what a result has to draw, None without points or without a law that has a value."""
    measured = row["comparison"] != "curve-law"
    series = collect([row], law, measured=measured)
    shown = None if series is None else series.anchored_law(at_end=not measured)
    if series is None or shown is None:
        return None
    keep = _thinned(len(series.x))
    axis = [series.x[i] if law["semilog"] else math.log(series.x[i]) for i in keep]
    ratio = [math.log(series.mean[i] / shown[i]) for i in keep]
    curve = [math.log(series.curve[i] / shown[i]) for i in keep] if measured and series.has_curve else []
    if row["quantity"] == "slope" and row["comparison"] != "experiment-curve":
        offset = ratio[-1] if not measured else sum(ratio) / len(ratio)  # a slope says nothing of the level
        ratio, curve = [value - offset for value in ratio], [value - offset for value in curve]
    band = tuple(_band(row, axis, ratio, curve or [0.0] * len(axis)))
    return Trace([series.x[i] for i in keep], axis, ratio, _errors(series, keep), curve, band, measured)


def _found(claim: ClaimView) -> tuple[Row, Trace] | None:
    """Return the headline with its trace, or the next telling result of its case that can be drawn."""
    headline = claim.headline
    if headline is None:
        return None
    others = sorted(claim.cases[case_text(headline)], key=telling)
    candidates = ((row, trace(row, claim.catalogue["law"])) for row in (headline, *others))
    return next(((row, found) for row, found in candidates if found is not None), None)


def _thinned(count: int) -> list[int]:
    stride = max(1, math.ceil((count - 1) / _MOST))
    return sorted({*range(0, count, stride), count - 1})


def _errors(series: Series, keep: Sequence[int]) -> list[float] | None:
    """Return two standard errors of the logarithm."""
    return None if series.errors is None else [2 * series.errors[i] / series.mean[i] for i in keep]


def _band(row: Row, axis: list[float], ratio: list[float], curve: list[float]) -> Iterator[Edge]:
    """Yield the edges of agreement: a strip for a level or bound, a wedge through the measurements for a slope."""
    margin, against_curve = float(row["margin"]), row["comparison"] == "experiment-curve"
    base = curve if against_curve else [0.0] * len(axis)
    sharp = against_curve and row["quantity"] != "bound"
    direction = "sharp" if sharp else row["direction"]
    if row["quantity"] != "slope":
        for place, centre in zip(axis, base, strict=True):
            low = -math.inf if direction == "upper" else centre - margin
            yield place, low, math.inf if direction == "lower" else centre + margin
        return
    if row["form"] == "plateau" and not against_curve:
        return  # the slope is that of the distance to the limit, which is not what is drawn
    followed = row["comparison"] == "curve-law"  # its slope is that at the far end
    pivot = axis[-1] if followed else sum(axis) / len(axis)
    gaps = [value - centre for value, centre in zip(ratio, base, strict=True)]
    offset = gaps[-1] if followed else sum(gaps) / len(gaps)
    places = [(t, _between(axis, base, t) + offset, t - pivot) for t in sorted({*axis, pivot})]
    yield from _wedge(places, margin, direction)


def _wedge(places: list[tuple[float, float, float]], margin: float, direction: str) -> Iterator[Edge]:
    """Yield the edges that lines of an allowed slope through the pivot stay between; (place, centre, distance)."""
    for t, centre, distance in places:
        spread = margin * abs(distance)
        if direction == "sharp":
            yield t, centre - spread, centre + spread
            continue
        falls = direction == "upper"  # a slope may be steeper: above the wedge before the pivot, below it after
        before = (t, centre - spread, math.inf) if falls else (t, -math.inf, centre + spread)
        after = (t, -math.inf, centre + spread) if falls else (t, centre - spread, math.inf)
        yield from ((before,) if distance < 0 else (after,) if distance > 0 else (before, after))


def _between(axis: list[float], values: list[float], place: float) -> float:
    """Return the value at a place inside the axis, linear between neighbours."""
    for i in range(1, len(axis)):
        if place <= axis[i]:
            share = (place - axis[i - 1]) / (axis[i] - axis[i - 1])
            return values[i - 1] + share * (values[i] - values[i - 1])
    return values[-1]


def _drawn(found: Trace) -> Iterator[Element]:
    reach, left, right = 1.1 * found.reach, found.axis[0], found.axis[-1]

    def place(axis: float, value: float) -> Corner:
        height = max(-1.0, min(1.0, value / reach))
        across = (axis - left) / (right - left)
        return _PAD + (_WIDTH - 2 * _PAD) * across, _HEIGHT / 2 - (_HEIGHT / 2 - 1) * height

    if found.band:
        top = [place(t, high) for t, _, high in found.band]
        bottom = [place(t, low) for t, low, _ in found.band]
        yield path("band", [*top, *bottom[::-1]], closed=True)
    yield line("law", 0, _HEIGHT / 2, _WIDTH, _HEIGHT / 2)
    if found.curve:
        yield path("curve", [place(t, v) for t, v in zip(found.axis, found.curve, strict=True)])
    if not found.measured:
        yield path("curve", [place(t, v) for t, v in zip(found.axis, found.ratio, strict=True)])
        return
    for i, (t, value) in enumerate(zip(found.axis, found.ratio, strict=True)):
        x, y = place(t, value)
        if found.errors is not None:
            yield line("bar", x, place(t, value - found.errors[i])[1], x, place(t, value + found.errors[i])[1])
        yield shape("circle", "measured", cx=x, cy=y, r=1.9)


def _label(found: Trace, row: Row, variable: str) -> str:
    """Return the numbers behind the picture, as a sentence."""
    count = len(found.x)
    shown = range(count) if count <= _SPOKEN else (0, count // 2, count - 1)
    ratios = ", ".join(f"{brief(math.exp(min(found.ratio[i], 700.0)))} at {brief(found.x[i])}" for i in shown)
    what = "measured/law" if found.measured else "curve/law"
    unit = row["quantity"] if row["quantity"] == "slope" else f"log {row['quantity']}"
    return f"{what} by {variable}: {ratios}; margin {brief(row['margin'])} in {unit}"
