"""Earlier results of a claim: a row a run, and a strip of (estimate − predicted)/margin over runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from rates.report.svg import Element, group, line, path, picture, shape, words
from rates.report.views import ClaimView, Report, Row, case_text
from rates.report.wording import COMPARISONS, DASH, GLYPHS, interval, number, revision
from rates.result import Outcome

_SHOWN = 12  # rows of the table that are not folded
_MOST = 60  # runs on the strip
_REACH = 2.5  # margins above and below the prediction that are drawn
_STEP, _LEFT, _TOP, _HALF, _GLYPHS = 22.0, 34.0, 8.0, 50.0, 22.0
_MINUS = "−"


@dataclass(frozen=True)
class PastRun:
    """One run as the page shows it; `this` is the run that the page is about."""

    row: Row
    this: bool

    @property
    def when(self) -> str:
        """Date and time in UTC, to the minute."""
        if self.this:
            return "this run"
        try:
            return dt.datetime.fromtimestamp(self.row["created"], dt.UTC).strftime("%Y-%m-%d %H:%M")
        except (OverflowError, OSError, ValueError):  # a clock that was never set
            return "unknown"

    @property
    def commit(self) -> str:
        """The commit, short."""
        return revision(self.row["commit"], bool(self.row["dirty"]))

    @property
    def judged(self) -> str:
        """What the run was judged by."""
        comparison = self.row["comparison"]
        return f"{COMPARISONS.get(comparison, comparison)}, {self.row['quantity']}" if comparison else DASH

    @property
    def estimate(self) -> str:
        """Estimate with interval."""
        row = self.row
        if row["estimate"] is None:
            return DASH
        ends = "" if row["interval"] is None else f" {interval(row['interval'], row['margin'])}"
        return f"{number(row['estimate'], row['margin'])}{ends}"

    @property
    def sentence(self) -> str:
        """The run in one line, for a tooltip."""
        return f"{self.when}, {self.commit}: {self.row['outcome']}, {self.judged} {self.estimate}"

    def place(self, value: float | None, default: float) -> float:
        """Return a value as its distance to the prediction, in margins; `default` for an open end."""
        if value is None:
            return default
        return (value - float(self.row["predicted"])) / float(self.row["margin"])


def past_runs(report: Report, claim: ClaimView) -> list[PastRun]:
    """Return the earlier runs of a claim, oldest first, and this one last; empty where there is no earlier one."""
    if not claim.history:
        return []
    return [*(PastRun(row, this=False) for row in claim.history), PastRun(_present(report, claim), this=True)]


def folded(runs: Sequence[PastRun]) -> tuple[Sequence[PastRun], Sequence[PastRun]]:
    """Return the older runs, which a page folds, and those that it shows."""
    return runs[:-_SHOWN], runs[-_SHOWN:]


def strip(runs: Sequence[PastRun]) -> Markup:
    """Return the picture of the latest runs, this one at the right end."""
    drawn = list(runs[-_MOST:])
    width = _LEFT + _STEP * len(drawn) + 4
    height = _TOP + 2 * _HALF + _GLYPHS
    outcomes = ", ".join(f"{sum(r.row['outcome'] == o for r in drawn)} {o}" for o in Outcome if _has(drawn, o))
    label = f"The last {len(drawn)} runs, oldest first: {outcomes}; the table has the numbers"
    members = [*_frame(width), *(_mark(run, i) for i, run in enumerate(drawn))]
    return picture("strip", (width, height), members, label)


def gauge(row: Row) -> Markup:
    """Return an ornament that shows a result's interval between prediction − margin and prediction + margin."""
    if row["estimate"] is None or row["predicted"] is None or not row["margin"]:
        return Markup("")
    run, middle, scale = PastRun(row, this=False), 48.0, 46.0 / _REACH
    ends = row["interval"] or (row["estimate"], row["estimate"])
    low, high = (middle + scale * _clipped(run.place(v, d)) for v, d in zip(ends, (-_REACH, _REACH), strict=True))
    dot = middle + scale * _clipped(run.place(row["estimate"], 0.0))
    members = [
        shape("rect", "band", x=middle - scale, y=1, width=2 * scale, height=14),
        line("law", middle, 1, middle, 15),
        line("bar", low, 8, high, 8),
        shape("circle", "measured", cx=dot, cy=8, r=2.5),
    ]
    return picture("gauge", (96, 16), members)


def _has(runs: Sequence[PastRun], outcome: Outcome) -> bool:
    return any(run.row["outcome"] == outcome for run in runs)


def _present(report: Report, claim: ClaimView) -> dict[str, Any]:
    """Return this run in the words of a past one."""
    document, row = report.document, claim.headline
    blank = {"case": "", "comparison": "", "quantity": "", "predicted": None, "estimate": None, "interval": None}
    shown = blank | {"margin": 0.0} if row is None else {name: row[name] for name in (*blank, "margin")}
    environment = document["environment"]
    return {
        **shown, "case": "" if row is None else case_text(row), "created": None,
        "commit": environment.get("commit"), "dirty": bool(environment.get("dirty")), "profile": document["profile"],
        "seed": document["seed"], "device": document["device"], "outcome": str(claim.outcome),
    }  # fmt: skip


def _height(margins: float) -> float:
    return _TOP + _HALF - _HALF * _clipped(margins) / _REACH


def _clipped(margins: float) -> float:
    return max(-_REACH, min(_REACH, margins))


def _frame(width: float) -> Iterator[Element]:
    """Yield the band of agreement with the prediction in its middle, in units of the margin."""
    top, bottom = _height(1), _height(-1)
    yield shape("rect", "band", x=_LEFT, y=top, width=width - _LEFT, height=bottom - top)
    yield line("law", _LEFT, _height(0), width, _height(0))
    for margins, text in ((2, "+2"), (1, "+1"), (0, "0"), (-1, f"{_MINUS}1"), (-2, f"{_MINUS}2")):
        yield words("axis", _LEFT - 8, _height(margins) + 4, text)


def _mark(run: PastRun, index: int) -> Element:
    """Return a run: its interval and estimate, its outcome's sign below, its numbers as a tooltip."""
    x, row = _LEFT + _STEP * (index + 0.5), run.row
    foot = _TOP + 2 * _HALF + _GLYPHS - 6
    members = [words(f"glyph {row['outcome']}", x, foot, GLYPHS[Outcome(row["outcome"])])]
    if run.this:
        members += [shape("rect", "this", x=x - _STEP / 2 + 0.5, y=0.5, width=_STEP - 1, height=foot + 5)]
    if row["estimate"] is not None and row["predicted"] is not None and row["margin"]:
        ends = row["interval"] or (row["estimate"], row["estimate"])
        low, high = (_height(run.place(v, d)) for v, d in zip(ends, (-_REACH, _REACH), strict=True))
        members += [line("bar", x, low, x, high), _dot(x, run.place(row["estimate"], 0.0))]
    return group(run.sentence, members)


def _dot(x: float, margins: float) -> Element:
    """Return an estimate, as an arrow out of the picture where it lies beyond."""
    y = _height(margins)
    if abs(margins) <= _REACH:
        return shape("circle", "measured", cx=x, cy=y, r=3)
    inwards = 7 if margins > 0 else -7
    return path("measured", [(x - 4.5, y + inwards), (x + 4.5, y + inwards), (x, y)], closed=True)
