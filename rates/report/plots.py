"""Figures of a claim page as plotly JSON; colours are names of CSS variables, resolved by the page's theme."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rates.report.series import Series, local_slopes
from rates.report.wording import brief, scientific

_PARTS_DASH = ("dot", "dashdot", "longdash", "dash")
_FEW = 8
_LINE = {
    "curve": {"color": "var(--plot-curve)", "width": 2},
    "law": {"color": "var(--plot-law)", "width": 2, "dash": "dash"},
    "fit": {"color": "var(--plot-measured)", "width": 1},
}


def experiment_figure(
    series: Series, law: Mapping[str, Any], *, fit: float | None, margin: float | None
) -> dict[str, Any]:
    """Return measured points, law, curve and its parts, with the ratio to the curve and local slopes below.

    `fit` is the estimated slope; `margin` that of the level against the curve, a band around ratio 1.
    """
    panels = ["value", "ratio", "slope"] if series.has_curve else ["value", "slope"]
    figure = _canvas(panels, series, law)
    _curve_lines(figure, series)
    if fit is not None and law["form"] in ("power", "exponential"):
        _line(figure, series.x, series.straight(fit, semilog=law["semilog"]), "fit", "fit")
    _law_line(figure, series, at_end=False)
    up, down = series.error_bars() if series.errors is not None else (None, None)
    _dots(figure, series.x, series.mean, up, 1, "measured", down=down, legend=True)
    if series.has_curve:
        _ratio(figure, series, margin, row=2)
    _slopes(figure, series, law, row=len(panels))
    return _json(figure)


def curve_figure(series: Series, law: Mapping[str, Any], *, limit: float | None) -> dict[str, Any]:
    """Return the curve far out, the law anchored at its end, and its local slopes with the extrapolated limit."""
    figure = _canvas(["value", "slope"], series, law)
    _curve_lines(figure, series)
    _law_line(figure, series, at_end=True)
    if limit is not None:
        _line(figure, [series.x[0], series.x[-1]], [limit, limit], "fit", "extrapolated", row=2)
    _slopes(figure, series, law, row=2)
    return _json(figure)


def _canvas(panels: Sequence[str], series: Series, law: Mapping[str, Any]) -> go.Figure:
    heights = {2: [0.66, 0.34], 3: [0.52, 0.24, 0.24]}[len(panels)]
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=heights)
    axis = {
        "gridcolor": "var(--plot-grid)", "linecolor": "var(--plot-axis)", "tickcolor": "var(--plot-axis)",
        "zeroline": False, "showline": True, "ticks": "outside", "ticklen": 4, "exponentformat": "power",
    }  # fmt: skip
    figure.update_xaxes(**axis, **_ticks(series.x, log=not law["semilog"], exact=True), tickangle=0)
    figure.update_yaxes(**axis, automargin=True, title_standoff=8, nticks=5)
    for row, panel in enumerate(panels, start=1):
        scale = _ticks(series.drawn, log=True, exact=False) if panel == "value" else {}
        scale.pop("range", None)  # plotly makes room for bars and fits as well
        titles = {"value": "y", "ratio": "ratio to curve", "slope": "local slope"}
        figure.update_yaxes(title={"text": titles[panel], "font": {"size": 12}}, **scale, row=row, col=1)
    figure.update_xaxes(title_text=law["variable"], row=len(panels), col=1)
    figure.update_layout(
        height=400 + 150 * (len(panels) - 2),
        margin={"l": 60, "r": 12, "t": 8, "b": 44},
        paper_bgcolor="var(--plot-paper)",
        plot_bgcolor="var(--plot-paper)",
        font={"color": "var(--plot-ink)", "size": 13},
        legend={"orientation": "h", "x": 0, "y": 1.01, "xanchor": "left", "yanchor": "bottom"},
        hoverlabel={"bgcolor": "var(--surface)", "bordercolor": "var(--plot-axis)", "font_color": "var(--plot-ink)"},
        hovermode="closest",
    )
    return figure


def _ticks(values: Sequence[float], *, log: bool, exact: bool) -> dict[str, Any]:
    """Return the axis type with ticks that read as numbers: the points where few, else 1-2-5 or decades."""
    low, high = min(values), max(values)
    if not log:
        pad = 0.04 * (high - low)
        return {"type": "linear", "range": [low - pad, high + pad]}
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    if exact and len(values) <= _FEW:
        at, text = list(values), [brief(value) for value in values]
    elif len(decades) > 4:
        at = [10.0**decade for decade in decades[:: math.ceil(len(decades) / _FEW)]]
        text = [scientific(tick) for tick in at]
    else:
        steps = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
        at = [tick for tick in steps if low / 1.5 <= tick <= high * 1.5]
        text = [brief(tick) for tick in at]
    pad = 0.04 * math.log10(high / low) + 0.01
    return {"type": "log", "tickvals": at, "ticktext": text, "range": [math.log10(low) - pad, math.log10(high) + pad]}


def _line(
    figure: go.Figure,
    x: Sequence[float],
    y: Sequence[float],
    style: str,
    name: str,
    *,
    row: int = 1,
    legend: bool = True,
) -> None:
    figure.add_scatter(x=x, y=y, mode="lines", line=_LINE[style], name=name, showlegend=legend, row=row, col=1)


def _dots(
    figure: go.Figure, x: Sequence[float], y: Sequence[float], bars: Sequence[float] | None, row: int, name: str,
    *, down: Sequence[float] | None = None, legend: bool = False,
) -> None:  # fmt: skip
    error = {"type": "data", "array": bars, "thickness": 1.2, "width": 3}
    if down is not None:
        error |= {"arrayminus": down, "symmetric": False}
    figure.add_scatter(
        x=x, y=y, mode="markers", marker={"color": "var(--plot-measured)", "size": 6}, name=name, showlegend=legend,
        error_y=None if bars is None else error, row=row, col=1,
    )  # fmt: skip


def _curve_lines(figure: go.Figure, series: Series) -> None:
    for index, (name, values) in enumerate(series.parts.items()):
        style = {"color": "var(--plot-part)", "width": 1.2, "dash": _PARTS_DASH[index % len(_PARTS_DASH)]}
        figure.add_scatter(x=series.x, y=values, name=name, mode="lines", line=style, row=1, col=1)
    if series.has_curve:
        _line(figure, series.x, series.curve, "curve", "curve")


def _law_line(figure: go.Figure, series: Series, *, at_end: bool) -> None:
    line = series.anchored_law(at_end=at_end)
    if line is not None:
        _line(figure, series.x, line, "law", "law")


def _ratio(figure: go.Figure, series: Series, margin: float | None, row: int) -> None:
    ends = [series.x[0], series.x[-1]]
    if margin is not None:
        high, low = math.exp(margin), math.exp(-margin)
        figure.add_scatter(x=[*ends, *ends[::-1]], y=[high, high, low, low], fill="toself", mode="none",
                           fillcolor="var(--plot-band)", name="margin", hoverinfo="skip", row=row, col=1)  # fmt: skip
    _line(figure, ends, [1, 1], "curve", "curve", row=row, legend=False)
    ratio, bars = series.ratio()
    _dots(figure, series.x, ratio, bars, row, "ratio to curve")


def _slopes(figure: go.Figure, series: Series, law: Mapping[str, Any], row: int) -> None:
    semilog = bool(law["semilog"])
    for name, values in {"curve": series.curve or None, "law": series.law}.items():
        if values is not None:
            x, slopes, _ = local_slopes(series.x, values, None, semilog=semilog)
            _line(figure, x, slopes, name, f"local slope of the {name}", row=row, legend=False)
    if series.measured:
        x, slopes, bars = local_slopes(series.x, series.mean, series.errors, semilog=semilog)
        _dots(figure, x, slopes, bars, row, "local slope, measured")


def _json(figure: go.Figure) -> dict[str, Any]:
    """Return plain lists and numbers, without plotly's default template (7 kB a figure)."""
    found: dict[str, Any] = figure.to_plotly_json()
    found["layout"].pop("template", None)
    return {"data": found["data"], "layout": found["layout"]}
