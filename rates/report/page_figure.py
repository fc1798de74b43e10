"""The plot of a page: every series in the colour of its group, and vertical lines for what is predicted along x."""

from __future__ import annotations

from typing import Any

from rates.report.pages import Line, PageView
from rates.report.plots import AXIS, Trace, figure, ticks
from rates.report.typeset import raised
from rates.report.wording import brief

_DASHES = {"curve": "solid", "followed": "dot", "law": "dash"}
# One a group, so that groups differ without colour; as many as there are colours.
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "star", "cross")
_HEIGHT = 520


def page_figure(page: PageView) -> dict[str, Any]:
    """Return the figure of the lines that have points; there is at least one."""
    record, lines = page.record, page.drawn
    values = [y for line in lines for y in line.y]
    places = [x for line in lines for x in line.x] + [marker["x"] for marker in record["markers"]]
    traces = [_trace(line) for line in lines]
    traces += [_marker(marker["text"], marker["x"], min(values), max(values)) for marker in record["markers"]]
    across, up = (str(raised(record[name])) for name in ("x", "y"))
    return figure(traces, _axes(across, up, places, values, record["semilog"]), across, _HEIGHT)


def _axes(x: str, y: str, places: list[float], values: list[float], semilog: bool) -> dict[str, Any]:
    across = AXIS | ticks(places, log=not semilog, exact=False) | {"tickangle": 0, "title": {"text": x}}
    up = AXIS | ticks(values, log=True, exact=False)
    up.pop("range")  # plotly makes room for error bars as well
    return {"xaxis": across, "yaxis": up | {"automargin": True, "title": {"text": y, "standoff": 8}}}


def _trace(line: Line) -> Trace:
    colour, name = f"var(--plot-{line.colour})", str(raised(line.label))
    trace: Trace = {"type": "scatter", "x": line.x, "y": line.y, "name": name, "xaxis": "x", "yaxis": "y"}
    if line.role != "measured":
        return trace | {"mode": "lines", "line": {"color": colour, "width": 1.8, "dash": _DASHES[line.role]}}
    trace |= {"mode": "markers", "marker": {"color": colour, "size": 8, "symbol": _SYMBOLS[line.colour - 1]}}
    if line.errors is None:
        return trace
    up, down = line.bars
    bars = {"type": "data", "array": up, "arrayminus": down, "symmetric": False, "thickness": 1.2, "width": 3}
    return trace | {"error_y": bars | {"color": colour}, "customdata": [2 * error for error in line.errors]}


def _marker(text: str, x: float, low: float, high: float) -> Trace:
    line = {"color": "var(--plot-ink)", "width": 1.2, "dash": "longdashdot"}
    return {"type": "scatter", "mode": "lines", "x": [x, x], "y": [low, high], "name": f"{raised(text)}: {brief(x)}",
            "line": line, "hoverinfo": "skip", "xaxis": "x", "yaxis": "y"}  # fmt: skip
