"""What a figure draws: the points of some results of one case, and ratios to what they are held against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rates.frames import law_at
from rates.report.series import Floats, Series, collect
from rates.result import Result

_MOST = 50.0  # a ratio beyond e^50 leaves every figure


@dataclass(frozen=True)
class Scene:
    """The points of some results of one case, with the letter of the law's variable."""

    series: Series
    variable: str
    semilog: bool
    form: str

    @classmethod
    def of(cls, rows: Sequence[Result]) -> Scene | None:
        """Return what can be drawn of results; None where it is fewer than two points."""
        law, semilog = rows[0].law, rows[0].form == "exponential"
        points = [
            {"points": [vars(p) | {"law": None if math.isnan(v) else float(v)}
                        for p, v in zip(row.points, law_at(row), strict=True)]}
            for row in rows
        ]  # fmt: skip
        known = {"semilog": semilog, "has_constant": law is not None and law.constant is not None}
        series = collect(points, known, measured=rows[0].comparison != "curve-law")
        return None if series is None else cls(series, "x" if law is None else law.variable, semilog, rows[0].form)

    @property
    def axis(self) -> Floats:
        """What slopes are taken against."""
        return self.series.x if self.semilog else [math.log(x) for x in self.series.x]

    @property
    def law(self) -> Floats | None:
        """The law, through the far end of a curve that is followed, otherwise through the middle."""
        return self.series.anchored_law(at_end=not self.series.measured)

    def reference(self, told: Result) -> Floats | None:
        """Return what a result is held against, at every x: curve or law, None where it is not known."""
        return (self.series.curve or None) if told.comparison == "experiment-curve" else self.law

    def trend(self, told: Result, by: float, axis: Sequence[float]) -> Floats:
        """Return a ratio to the reference that is off by `by` in the quantity of a result, along an axis."""
        by = max(min(by, 2 * _MOST), -2 * _MOST)
        if told.quantity != "slope":
            return [_exp(by)] * len(axis)
        reference = self.reference(told) or []
        logs = [math.log(y / r) for y, r in zip(self.series.mean, reference, strict=True)]
        centre, level = sum(self.axis) / len(logs), sum(logs) / len(logs)
        return [_exp(level + by * (t - centre)) for t in axis]

    def approach(self, rate: float) -> Scene | None:
        """Return the distances from a plateau, which fall with this rate, on the side of the first x.

        None where fewer than two points lie on that side.
        """
        series = self.series
        limit = (series.law or [0.0])[0]
        side = 1.0 if series.mean[0] >= limit else -1.0
        kept = [i for i, y in enumerate(series.mean) if side * (y - limit) > 0]
        mean, curve = ([side * (v[i] - limit) for i in kept] if v else [] for v in (series.mean, series.curve))
        x, errors = [series.x[i] for i in kept], series.errors and [series.errors[i] for i in kept]
        curve = curve if all(v > 0 for v in curve) else []
        law = [v**rate for v in x]
        distances = Series(x, mean, errors, curve, law, anchored=False, measured=series.measured)
        return replace(self, series=distances) if len(x) > 1 else None


def _exp(value: float) -> float:
    return math.exp(max(min(value, _MOST), -_MOST))
