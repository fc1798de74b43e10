"""Panels of a figure: points, curve and law; the ratio to what they are held against; local slopes.

Estimate, interval and margin are trends of a ratio: a straight line through the middle of the points for a slope, a
constant for a level. Drawn over the reference they are the fit, drawn alone they are the test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from rates.figure.axes import FEW, scale_values
from rates.figure.scene import Scene
from rates.report.series import Floats, local_slopes
from rates.report.wording import brief, interval, number
from rates.result import Result

Style = dict[str, Any]
# Okabe and Ito's blue and vermilion are told apart with any colour vision; markers and dashes do so in grey.
BLUE, VERMILION, INK, GREY = "#0072B2", "#D55E00", "#222222", "#9A9A9A"
MEASURED: Style = {"color": BLUE, "linestyle": "none", "marker": "o", "markersize": 3.5, "elinewidth": 0.8,
                   "capsize": 1.5}  # fmt: skip
CURVE: Style = {"color": VERMILION, "linewidth": 1.2, "zorder": 1.5}
LAW: Style = {"color": INK, "linewidth": 1.0, "linestyle": "--", "zorder": 1.6}
FIT: Style = {"color": BLUE, "linewidth": 0.8, "linestyle": ":", "zorder": 1.7}
INTERVAL: Style = {"color": BLUE, "alpha": 0.25, "linewidth": 0, "zorder": 1.2}
MARGIN: Style = {"color": GREY, "alpha": 0.3, "linewidth": 0, "zorder": 1.0}
_DENSE = 65  # points of a band
_FAR = 1e3
_TINY = 1e-3  # a ratio this close to 1 is shown as its distance from 1


def value_panel(ax: Any, scene: Scene, fit: Result | None, told: Result | None) -> None:
    """Draw points with two standard errors, curve, law, and the slope that was fitted.

    The legend explains the bands of a second panel as well, that of `told`.
    """
    series, law = scene.series, scene.law
    if told is not None and told.form == "identity" and told.comparison == "experiment-curve":
        law = None  # it says what the ratio to the curve is
    if series.has_curve:
        marker = {} if series.measured or len(series.x) > 3 * FEW else {"marker": ".", "markersize": 4}
        ax.plot(series.x, series.curve, label="curve", **CURVE, **marker)
    if law is not None:
        ax.plot(series.x, law, label="law", **LAW)
    if fit is not None:
        _fit(ax, fit)
    if series.measured:
        bars = None if series.errors is None else series.error_bars()[::-1]
        ax.errorbar(series.x, series.mean, yerr=bars, label="measured, 2 s.e." if bars else "measured", **MEASURED)
    ax.set_ylabel("$y_1/y_2$" if scene.form == "separation" else "$y$")
    scale_values(ax, [y for values in (series.mean, series.curve, law or []) for y in values])
    handles, labels = ax.get_legend_handles_labels()
    handles = [h for _, h in sorted(zip(labels, handles, strict=True), key=lambda item: item[0][:8] != "measured")]
    if _estimate(told) is not None:
        handles += [Patch(label="interval", **INTERVAL), Patch(label="margin", **MARGIN)]
    ax.legend(handles=handles)


def level_panel(ax: Any, scene: Scene, told: Result) -> None:
    """Draw the ratio to what a result is held against, with its estimate, interval and margin.

    For the rate of approach to a plateau it is the distance from it that is held against the law.
    """
    own = Scene.of([told])
    approaches = told.form == "plateau" and told.quantity == "slope" and bool(told.predicted)
    distances = own.approach(told.predicted or 0.0) if approaches and own is not None else None
    if approaches:
        scene, own = distances or scene, distances
    series, reference = scene.series, scene.reference(told)
    assert reference is not None
    against_curve = told.comparison == "experiment-curve"
    ratio = _ratio(series.mean, reference)
    close = max(abs(v - 1) for v in ratio) < _TINY and max(told.margin, abs(told.estimate or 0.0)) < _TINY
    shift = 1.0 if close else 0.0
    ax.axhline(1 - shift, **(CURVE if against_curve else LAW))
    if not against_curve and series.has_curve:
        ax.plot(series.x, [v - shift for v in _ratio(series.curve, reference)], **CURVE)
    if series.measured:
        bars = None if series.errors is None else [2 * v for v in _ratio(series.errors, reference)]
        ax.errorbar(series.x, [v - shift for v in ratio], yerr=bars, **MEASURED)
    ax.margins(y=0.15)
    if own is not None:
        _test(ax, own, told, shift)
    if shift:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: brief(value)))
    what, base = "measured" if series.measured else "curve", "curve" if against_curve else "law"
    ax.set_ylabel(f"{'distance' if distances else what} / {base}{' − 1' if shift else ''}")
    _annotate(ax, told)


def far_panel(ax: Any, scene: Scene, told: Result) -> None:
    """Draw the local slopes of a curve, the limit that they were extrapolated to, and the margin about the law."""
    series = scene.series
    x, slopes, _ = local_slopes(series.x, series.mean, None, semilog=scene.semilog)
    if len(told.local_slopes) == len(slopes):  # of what is left when the law's logarithms are taken out
        slopes = list(told.local_slopes)
    ax.plot(x, slopes, marker=".", markersize=4, **CURVE)
    estimate = _estimate(told)
    if estimate is not None:
        ax.axhspan(*(told.interval or (estimate, estimate)), **INTERVAL)
        ax.axhline(estimate, **FIT)
    if told.predicted is not None:
        ax.axhline(told.predicted, **LAW)
        low, high = _allowed(told)
        kept = _limits(ax, [told.predicted - told.margin, told.predicted + told.margin])
        ax.axhspan(told.predicted + low, told.predicted + high, **MARGIN)
        ax.set_ylim(kept)
    ax.set_ylabel("local slope")
    _annotate(ax, told)


def _fit(ax: Any, fit: Result) -> None:
    """Draw the fitted slope over the law, on the window of its result."""
    own, estimate = Scene.of([fit]), _estimate(fit)
    if own is None or estimate is None or fit.form == "plateau":
        return
    x, label = own.series.x, f"fit, slope {number(estimate, fit.margin)}"
    if own.law is None:
        ax.plot(x, own.series.straight(estimate, semilog=own.semilog), label=label, **FIT)
        return
    middle, low, high = (
        [base * ratio for base, ratio in zip(own.law, own.trend(fit, by, own.axis), strict=True)]
        for by in _deviations(fit, estimate)
    )
    ax.fill_between(x, low, high, **INTERVAL)
    ax.plot(x, middle, label=label, **FIT)


def _test(ax: Any, own: Scene, told: Result, shift: float) -> None:
    """Draw estimate, interval and margin of a result as trends of the ratio, less `shift`, on its own window."""
    estimate = _estimate(told)
    if estimate is None:
        return
    first, last = own.axis[0], own.axis[-1]
    axis = [first + (last - first) * i / (_DENSE - 1) for i in range(_DENSE)]
    x = axis if own.semilog else [math.exp(t) for t in axis]

    def trends(by: Sequence[float]) -> list[Floats]:
        return [[v - shift for v in own.trend(told, one, axis)] for one in by]

    if told.quantity != "bound":
        middle, low, high = trends(_deviations(told, estimate))
        ax.fill_between(x, low, high, **INTERVAL)
        ax.plot(x, middle, **FIT)
    below, above = trends([-told.margin, told.margin])
    kept = _limits(ax, [*below, *above])
    ax.fill_between(x, *trends(_allowed(told)), **MARGIN)
    ax.set_ylim(kept)


def _estimate(told: Result | None) -> float | None:
    """Return the estimate that can be drawn, None where there is none."""
    value = None if told is None else told.estimate
    return value if value is not None and math.isfinite(value) else None


def _deviations(told: Result, estimate: float) -> tuple[float, float, float]:
    """Return the estimate and both ends of its interval, less what was predicted."""
    low, high = told.interval or (estimate, estimate)
    predicted = told.predicted or 0.0
    return estimate - predicted, low - predicted, high - predicted


def _allowed(told: Result) -> tuple[float, float]:
    """Return the deviations that count as agreement, with a number beyond every axis in place of infinity."""
    direction = _direction(told)
    return (-_FAR if direction == "upper" else -told.margin), (_FAR if direction == "lower" else told.margin)


def _direction(told: Result) -> str:
    """Return the side on which a result may be off: the law's, while a curve is met from both sides."""
    return "sharp" if told.comparison == "experiment-curve" and told.quantity != "bound" else told.direction


def _annotate(ax: Any, told: Result) -> None:
    """Say the numbers of the test in a line above its panel."""
    estimate = _estimate(told)
    if estimate is None:
        return
    text = f"{told.quantity} {number(estimate, told.margin)}"
    if told.interval is not None:
        text += f" {interval(told.interval, told.margin)}"
    words = {"sharp": ("", "±"), "upper": ("at most ", "+"), "lower": ("at least ", "−")}
    bound, sign = words[_direction(told)]
    text += f",  wanted {bound}{number(told.predicted, told.margin)} {sign} {brief(told.margin)}"
    ax.set_title(text, fontsize="small", loc="right", pad=3)


def _ratio(values: Sequence[float], reference: Sequence[float]) -> Floats:
    return [value / base for value, base in zip(values, reference, strict=True)]


def _limits(ax: Any, values: Sequence[float]) -> tuple[float, float]:
    """Return the limits of the y axis, widened for `values` and a little room."""
    low, high = ax.get_ylim()
    room = 0.08 * (max(high, *values) - min(low, *values))
    return min(low, min(values) - room), max(high, max(values) + room)
