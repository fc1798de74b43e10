"""Axes that read as numbers: scales, ticks and the name of x."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import sympy as sp
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogFormatterMathtext,
    LogFormatterSciNotation,
    LogLocator,
    NullFormatter,
    NullLocator,
)

from rates.expression import tex
from rates.report.wording import brief

FEW = 8
_NARROW = 1.1  # values within this factor of each other: a logarithmic axis would have no ticks to show


def scale_x(ax: Any, variable: str, values: Sequence[float], *, semilog: bool) -> None:
    """Give the x axis its label, its scale and, where it is logarithmic, ticks."""
    label = f"${tex(sp.Symbol(variable))}$" if variable.isidentifier() else variable.replace("$", r"\$")
    ax.set_xlabel(label)
    if not semilog:
        ax.set_xscale("log")
        _set_ticks(ax.xaxis, values, exact=True)


def scale_values(ax: Any, values: Sequence[float]) -> None:
    """Make the y axis logarithmic where the values are not all but equal."""
    low, high = min(values), max(values)
    if high / low >= _NARROW:
        ax.set_yscale("log")
        _set_ticks(ax.yaxis, values, exact=False)
    else:
        ax.set_ylim(low / _NARROW, high * _NARROW)


def _set_ticks(axis: Any, values: Sequence[float], *, exact: bool) -> None:
    """Give a logarithmic axis ticks that read as numbers: powers of two, the points where few, 1-2-5, or decades."""
    low, high = min(values), max(values)
    decades = math.log10(high / low)
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    base = next((b for b in (10.0, 2.0) if high >= 250 and all(v == b ** round(math.log(v, b)) for v in values)), None)
    if exact and base is not None and len(values) <= 2 * FEW:
        axis.set_major_locator(FixedLocator(list(values)[:: 1 if len(values) <= FEW else 2]))
        axis.set_major_formatter(LogFormatterMathtext(base=base, labelOnlyBase=False))
        return
    if exact and len(values) < FEW:
        axis.set_major_locator(FixedLocator(list(values)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: brief(value)))
        return
    if decades < 1.5:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        if low >= 1e-2 and high < 1e5:
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axis.set_major_formatter(LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(9, 9)))
    else:
        axis.set_major_locator(LogLocator(numticks=FEW))
        axis.set_major_formatter(LogFormatterMathtext())
    if decades < FEW:
        axis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=100))
