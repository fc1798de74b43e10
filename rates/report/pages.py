"""Pages of several claims: what a document keeps of them, and the lines that they draw from its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rates.claim import case_label
from rates.page import Page, Series
from rates.report.series import Floats, collect, log_bars
from rates.report.views import ClaimView, Report, Row, slug
from rates.result import ClaimRun, Run

COLOURS = 8  # in style.css, as --plot-1 and so on


@dataclass(frozen=True)
class Line:
    """One series of a page with its points, or the reason why there are none; `colour` counts from 1."""

    label: str
    role: str
    colour: int
    claim: str
    x: Floats
    y: Floats
    errors: Floats | None = None
    missing: str = ""

    @property
    def bars(self) -> tuple[Floats, Floats]:
        """Two standard errors up and down, empty where there are none."""
        return ([], []) if self.errors is None else log_bars(self.y, self.errors)


@dataclass(frozen=True)
class PageView:
    """One page as it is drawn: `record` is what the document keeps; `claims` are None where the run lacks them."""

    address: str
    record: Row
    lines: tuple[Line, ...]
    claims: tuple[tuple[str, ClaimView | None], ...]

    @property
    def slug(self) -> str:
        """A file name for the address."""
        return slug(self.address)

    @property
    def named(self) -> frozenset[str]:
        """The addresses of the claims that are drawn or judged here."""
        return frozenset((*(line.claim for line in self.lines), *(address for address, _ in self.claims)))

    @property
    def drawn(self) -> tuple[Line, ...]:
        """The lines that have points."""
        return tuple(line for line in self.lines if not line.missing)

    @property
    def missing(self) -> tuple[Line, ...]:
        """The lines that this run has nothing for."""
        return tuple(line for line in self.lines if line.missing)


def describe_pages(run: Run) -> dict[str, Any]:
    """Return the pages that the modules of a run's claims declare as JSON types, by address."""
    return {address: _described(page, run) for address, page in run.pages.items()}


def page_views(report: Report) -> tuple[PageView, ...]:
    """Return the pages of a report, from its document alone."""
    known = {claim.address: claim for claim in report.claims}
    found = []
    for address, record in report.document.get("pages", {}).items():
        groups = list(dict.fromkeys(one["group"] for one in record["series"]))
        lines = tuple(
            _line(one, groups.index(one["group"]) % COLOURS + 1, known.get(one["claim"]), record["semilog"])
            for one in record["series"]
        )
        found.append(PageView(address, record, lines, tuple((name, known.get(name)) for name in record["verdicts"])))
    return tuple(found)


def _described(page: Page, run: Run) -> dict[str, Any]:
    owners = {one.address: one for one in run.claims}
    return {
        "title": page.title,
        "text": list(page.text),
        "x": page.x,
        "y": page.y,
        "semilog": page.semilog,
        "series": [_series(one, owners.get(one.claim)) for one in page.series],
        "markers": [{"x": float(marker.x), "text": marker.text} for marker in page.markers],
        "verdicts": list(page.verdicts),
    }


def _series(one: Series, owner: ClaimRun | None) -> dict[str, Any]:
    label = case_label(one.case or {})
    described = {"claim": one.claim, "case": label, "label": one.label, "role": one.role, "group": one.group}
    if one.component is None:
        return described
    return described | {"component": one.component, "points": _component(one.component, label, owner)}


def _component(component: int, label: str, owner: ClaimRun | None) -> list[dict[str, float]]:
    """Return means and standard errors of a measured quantity that results hold as a ratio only."""
    values = None if owner is None else owner.values.get(label)
    if owner is None or values is None or len(values) < 2:
        return []
    sample = np.asarray(values, dtype=float)[:, :, component]
    sample = np.where(np.isfinite(sample), sample, np.nan)
    mean, error = sample.mean(axis=0), sample.std(axis=0, ddof=1) / len(sample) ** 0.5
    return [
        {"x": float(x), "mean": float(m), "standard_error": float(e)}
        for x, m, e in zip(owner.claim.experiment.x, mean, error, strict=True)
        if np.isfinite(m)
    ]


def _line(one: Row, colour: int, claim: ClaimView | None, semilog: bool) -> Line:
    points = _points(one, claim)
    kept = [] if isinstance(points, str) else [p for p in points if p[1] > 0 and (semilog or p[0] > 0)]
    missing = points if isinstance(points, str) else "" if kept else "nothing of it can be drawn on these axes"
    errors = [error for _, _, error in kept if error is not None]
    return Line(
        one["label"], one["role"], colour, one["claim"], [x for x, _, _ in kept], [y for _, y, _ in kept],
        errors if errors and len(errors) == len(kept) else None, missing,
    )  # fmt: skip


def _points(one: Row, claim: ClaimView | None) -> list[tuple[float, float, float | None]] | str:
    """Return x, y and standard error of a series, or why there are none."""
    if claim is None:
        return f"{one['claim']} is not part of this run"
    rows = [row for row in claim.results if case_label(row["case"]) == one["case"]]
    if not rows:
        return f"this run has no case {one['case'] or 'without parameters'} of {one['claim']}"
    if "points" in one:
        points = [(p["x"], p["mean"], p["standard_error"]) for p in one["points"]]
        return points or f"this run kept no values of {one['claim']}"
    return _drawn(one["role"], rows, claim.catalogue["law"]) or f"this run has no such points of {one['claim']}"


def _drawn(role: str, rows: Sequence[Row], law: Row) -> list[tuple[float, float, float | None]]:
    measured = collect([row for row in rows if row["comparison"] != "curve-law"], law, measured=True)
    followed = collect([row for row in rows if row["comparison"] == "curve-law"], law, measured=False)
    series = followed if role == "followed" or (role == "law" and measured is None) else measured
    if series is None:
        return []
    if role == "measured":
        errors: Sequence[float | None] = series.errors or [None] * len(series.x)
        return list(zip(series.x, series.mean, errors, strict=True))
    known = {"curve": series.curve, "followed": series.mean}
    y = known[role] if role in known else series.anchored_law(at_end=series is followed)
    return [(x, value, None) for x, value in zip(series.x, y or [], strict=False)]
