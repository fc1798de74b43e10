"""Figures of a claim page as plotly JSON; colours are names of CSS variables, resolved by the page's theme."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from rates.report.series import Series, local_slopes
from rates.report.wording import brief, scientific

Trace = dict[str, Any]
Floats = Sequence[float]

_FEW = 8
_GAP = 0.05
_HEIGHTS = {2: (0.66, 0.34), 3: (0.52, 0.24, 0.24)}
_TITLES = {"value": "y", "ratio": "ratio to curve", "slope": "local slope"}
_PARTS_DASH = ("dot", "dashdot", "longdash", "dash")
_LINE = {
    "curve": {"color": "var(--plot-curve)", "width": 2},
    "law": {"color": "var(--plot-law)", "width": 2, "dash": "dash"},
    "fit": {"color": "var(--plot-measured)", "width": 1},
}
AXIS = {
    "gridcolor": "var(--plot-grid)", "linecolor": "var(--plot-axis)", "tickcolor": "var(--plot-axis)",
    "zeroline": False, "showline": True, "ticks": "outside", "ticklen": 4, "exponentformat": "power",
}  # fmt: skip


def experiment_figure(
    series: Series, law: Mapping[str, Any], *, fit: float | None, margin: float | None
) -> dict[str, Any]:
    """Return measured points, law, curve and its parts, with the ratio to the curve and local slopes below.

    `fit` is the estimated slope; `margin` that of the level against the curve, a band around ratio 1.
    """
    panels = ["value", "ratio", "slope"] if series.has_curve else ["value", "slope"]
    traces = _curve_lines(series)
    if fit is not None and law["form"] in ("power", "exponential"):
        traces.append(_line(series.x, series.straight(fit, semilog=law["semilog"]), "fit", "fit"))
    traces += _law_line(series, at_end=False)
    up, down = series.error_bars() if series.errors is not None else (None, None)
    traces.append(_dots(series.x, series.mean, up, "measured", 1, down=down))
    if series.has_curve:
        traces += _ratio(series, margin, row=2)
    traces += _slopes(series, law, row=len(panels))
    return _figure(traces, panels, series, law)


def curve_figure(series: Series, law: Mapping[str, Any], *, limit: float | None) -> dict[str, Any]:
    """Return the curve far out, the law anchored at its end, and its local slopes with the extrapolated limit."""
    traces = _curve_lines(series) + _law_line(series, at_end=True)
    if limit is not None:
        traces.append(_line([series.x[0], series.x[-1]], [limit, limit], "fit", "extrapolated", 2))
    traces += _slopes(series, law, row=2)
    return _figure(traces, ["value", "slope"], series, law)


def _curve_lines(series: Series) -> list[Trace]:
    traces = []
    for index, (name, values) in enumerate(series.parts.items()):
        trace = _line(series.x, values, "fit", name)
        dash = _PARTS_DASH[index % len(_PARTS_DASH)]
        traces.append(trace | {"line": {"color": "var(--plot-part)", "width": 1.2, "dash": dash}})
    return [*traces, _line(series.x, series.curve, "curve", "curve")] if series.has_curve else traces


def _law_line(series: Series, *, at_end: bool) -> list[Trace]:
    line = series.anchored_law(at_end=at_end)
    return [] if line is None else [_line(series.x, line, "law", "law")]


def _ratio(series: Series, margin: float | None, row: int) -> list[Trace]:
    ends = [series.x[0], series.x[-1]]
    ratio, bars = series.ratio()
    traces = [_quiet(_line(ends, [1, 1], "curve", "curve", row)), _quiet(_dots(series.x, ratio, bars, "ratio", row))]
    if margin is None:
        return traces
    high, low = math.exp(margin), math.exp(-margin)
    band = {
        "type": "scatter", "mode": "none", "x": [*ends, *ends[::-1]], "y": [high, high, low, low], "fill": "toself",
        "fillcolor": "var(--plot-band)", "name": "margin", "hoverinfo": "skip", **_place(row),
    }  # fmt: skip
    return [band, *traces]


def _slopes(series: Series, law: Mapping[str, Any], row: int) -> list[Trace]:
    semilog, traces = bool(law["semilog"]), []
    for name, values in {"curve": series.curve or None, "law": series.law}.items():
        if values is not None:
            x, slopes, _ = local_slopes(series.x, values, None, semilog=semilog)
            traces.append(_quiet(_line(x, slopes, name, f"local slope of the {name}", row)))
    if series.measured:
        x, slopes, bars = local_slopes(series.x, series.mean, series.errors, semilog=semilog)
        traces.append(_quiet(_dots(x, slopes, bars, "local slope, measured", row)))
    return traces


def _line(x: Floats, y: Floats, style: str, name: str, row: int = 1) -> Trace:
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "line": _LINE[style], **_place(row)}


def _dots(x: Floats, y: Floats, bars: Floats | None, name: str, row: int, *, down: Floats | None = None) -> Trace:
    marker = {"color": "var(--plot-measured)", "size": 6}
    trace = {"type": "scatter", "mode": "markers", "x": x, "y": y, "name": name, "marker": marker, **_place(row)}
    if bars is not None:
        error = {"type": "data", "array": bars, "thickness": 1.2, "width": 3}
        trace["error_y"] = error | ({} if down is None else {"arrayminus": down, "symmetric": False})
        trace["customdata"] = bars
    return trace


def _quiet(trace: Trace) -> Trace:
    """Return the trace without an entry in the legend: the first panel has it."""
    return trace | {"showlegend": False}


def _spoken(trace: Trace, variable: str) -> Trace:
    """Return the trace with what is shown over a point: x, the name of what is drawn, and its value with its error."""
    if trace.get("hoverinfo") == "skip":
        return trace
    error = "<br>two standard errors %{customdata:.2~g}" if "customdata" in trace else ""
    text = f"{variable} = %{{x:.6~g}}<br>{trace['name']} %{{y:.4~g}}{error}<extra></extra>"
    return trace | {"hovertemplate": text}


def _place(row: int) -> dict[str, str]:
    suffix = "" if row == 1 else str(row)
    return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def _figure(traces: list[Trace], panels: list[str], series: Series, law: Mapping[str, Any]) -> dict[str, Any]:
    return figure(traces, _axes(panels, series, law), law["variable"], 400 + 150 * (len(panels) - 2))


def figure(traces: list[Trace], axes: dict[str, Any], variable: str, height: int) -> dict[str, Any]:
    """Return the figure, checked by plotly, without its default template (7 kB a figure)."""
    layout = {
        "height": height,
        "margin": {"l": 60, "r": 12, "t": 8, "b": 44},
        "paper_bgcolor": "var(--plot-paper)",
        "plot_bgcolor": "var(--plot-paper)",
        "font": {"color": "var(--plot-ink)", "size": 13},
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "xanchor": "left", "yanchor": "bottom"},
        "hoverlabel": {
            "bgcolor": "var(--surface)",
            "bordercolor": "var(--plot-axis)",
            "font": {"color": "var(--plot-ink)"},
        },
        "hovermode": "closest",
        **axes,
    }
    traces = [_spoken(trace, variable) for trace in traces]
    found: dict[str, Any] = go.Figure(data=traces, layout=layout).to_plotly_json()
    found["layout"].pop("template", None)
    return {"data": found["data"], "layout": found["layout"]}


def _axes(panels: list[str], series: Series, law: Mapping[str, Any]) -> dict[str, Any]:
    """Return stacked panels over one shared x."""
    across = AXIS | ticks(series.x, log=not law["semilog"], exact=True) | {"tickangle": 0}
    scale = ticks(series.drawn, log=True, exact=False)
    scale.pop("range")  # plotly makes room for bars and fits as well
    axes, top = {}, 1.0
    for row, (panel, share) in enumerate(zip(panels, _HEIGHTS[len(panels)], strict=True), start=1):
        suffix, last = "" if row == 1 else str(row), row == len(panels)
        bottom = top - share * (1 - _GAP * (len(panels) - 1))
        title = {"text": _TITLES[panel], "font": {"size": 12}, "standoff": 8}
        place = {"domain": [max(bottom, 0.0), top], "anchor": f"x{suffix}", "title": title}
        axes[f"yaxis{suffix}"] = AXIS | {"automargin": True, "nticks": 5} | (scale if panel == "value" else {}) | place
        axes[f"xaxis{suffix}"] = across | {"anchor": f"y{suffix}", "showticklabels": last}
        axes[f"xaxis{suffix}"] |= {"title": {"text": law["variable"]}} if last else {"matches": f"x{len(panels)}"}
        top = bottom - _GAP
    return axes


def ticks(values: Floats, *, log: bool, exact: bool) -> dict[str, Any]:
    """Return the axis type with ticks that read as numbers: the points where few and `exact`, else 1-2-5 or decades."""
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
