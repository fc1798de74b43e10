"""Figures fit for a paper: one column wide, 8 pt, readable in grey, drawn without pyplot and its global state."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, cast

from rates.result import ClaimRun, Result

try:
    from matplotlib import rc_context
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ImportError("a figure needs matplotlib: pip install 'dltheory[plot]'") from error

from rates.figure.axes import scale_x
from rates.figure.panels import far_panel, level_panel, value_panel
from rates.figure.scene import Scene

WIDTH, HEIGHT, HEIGHT_ALONE = 3.4, 3.4, 2.4  # inches: a column of a two-column paper
STYLE = {
    "font.size": 8, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4, "xtick.major.size": 3, "ytick.major.size": 3, "lines.linewidth": 1.1,
    "legend.frameon": False, "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "auto",
    "savefig.dpi": 300, "savefig.bbox": "standard", "pdf.fonttype": 42, "ps.fonttype": 42,
}  # fmt: skip
_SLOPE_OF_LAW = (("experiment-law", "slope"),)
_HELD_AGAINST = (
    ("experiment-curve", "level"), ("experiment-curve", "slope"), ("experiment-curve", "bound"),
    ("experiment-law", "slope"), ("experiment-law", "level"), ("experiment-law", "bound"),
    ("curve-law", "slope"), ("curve-law", "level"), ("curve-law", "bound"),
)  # fmt: skip


class PaperFigure(Figure):
    """A figure that looks and is saved in the style of this module, whatever the caller's settings are then."""

    def draw(self, renderer: Any) -> None:
        """Draw: ticks that matplotlib makes late take their size from the settings of that moment."""
        with rc_context(STYLE):
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save as matplotlib does; PDF and PostScript get TrueType fonts, so that text stays text."""
        with rc_context(STYLE):
            super().savefig(fname, **options)

    def _repr_png_(self) -> bytes:
        image = io.BytesIO()
        self.savefig(image, format="png", dpi=200)
        return image.getvalue()


def draw_result(result: Result, ax: Axes | None = None) -> Figure:
    """Return the figure of one result: its points, curve and law, the estimate with its interval, the margin.

    The second panel holds the ratio to what the result is held against, or the local slopes of a curve that is
    followed to its law. `ax` takes the first panel alone. ValueError where fewer than two points can be drawn, or for a
    margin that is no finite number.
    """
    result.require_margin()
    scene = Scene.of([result])
    if scene is None:
        name = f"{result.claim} {result.comparison} {result.quantity}"
        raise ValueError(f"{name} has fewer than two points to draw: {result.reason}")
    fit = result if (result.comparison, result.quantity) in _SLOPE_OF_LAW else None
    return _draw(scene, fit, result, ax)


def draw_claim(claim: ClaimRun, case: str | None = None, ax: Axes | None = None) -> Figure:
    """Return the figure of one case of a claim, as `draw_result`: all points that were measured.

    The second panel holds the ratio to the curve where there is one. ValueError names the cases if there is none
    of that label.
    """
    cases: dict[str, list[Result]] = {}
    for row in claim.results:
        row.require_margin()
        cases.setdefault(row.case_label, []).append(row)
    if case is not None and case not in cases:
        known = "; ".join(label or "the only one, without a name" for label in cases) or "none"
        raise ValueError(f"{claim.address} has no case {case!r}: known are {known}")
    for rows in cases.values() if case is None else [cases[case]]:
        told = _first(rows, _HELD_AGAINST)
        if told is not None:
            far = told.comparison == "curve-law"
            scene = Scene.of([told] if far else [row for row in rows if row.comparison != "curve-law"])
            assert scene is not None
            return _draw(scene, _first(rows, _SLOPE_OF_LAW), told, ax)
    reasons = "; ".join(dict.fromkeys(row.reason for row in claim.results)) or "it has no results"
    raise ValueError(f"{claim.address} has fewer than two points to draw: {reasons}")


def _draw(scene: Scene, fit: Result | None, told: Result, ax: Axes | None) -> Figure:
    """Return the figure: `fit` is drawn among the points, `told` in the second panel."""
    if ax is not None:
        value_panel(ax, scene, fit, None)
        scale_x(ax, scene.variable, scene.series.x, semilog=scene.semilog)
        return cast(Figure, ax.figure)
    with rc_context(STYLE):
        second = far_panel if told.comparison == "curve-law" and told.quantity == "slope" else level_panel
        two = second is far_panel or scene.reference(told) is not None
        figure = PaperFigure(figsize=(WIDTH, HEIGHT if two else HEIGHT_ALONE), layout="constrained")
        axes = figure.subplots(2, sharex=True, height_ratios=(2, 1)) if two else [figure.subplots()]
        value_panel(axes[0], scene, fit, told if two else None)
        if two:
            second(axes[1], scene, told)
        scale_x(axes[-1], scene.variable, scene.series.x, semilog=scene.semilog)
        figure.align_ylabels()
    return figure


def _first(rows: Sequence[Result], kinds: Sequence[tuple[str, str]]) -> Result | None:
    """Return the first result that can be drawn, by kind in this order."""
    found = {(row.comparison, row.quantity): row for row in reversed(rows) if Scene.of([row]) is not None}
    return next((found[kind] for kind in kinds if kind in found), None)
