"""Pages: what several claims say together, on one pair of axes.

A module of claims may declare `PAGES` beside its `CLAIMS`. A page is drawn from what a run has measured and measures
nothing of its own; what the run does not hold is left out, and the page says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal

from rates.claim import Claim, Comparison, case_label
from rates.experiment import COMPONENTS
from rates.expression import Number
from rates.wellformed import instance, one_of, several

Role = Literal["measured", "curve", "followed", "law"]
ROLES: tuple[str, ...] = ("measured", "curve", "followed", "law")


@dataclass(frozen=True)
class Series:
    """One line of a page's plot.

    `claim` is the name of a claim of the same module or the address of any; `case` is one of its cases (None: the
    first). `role`: "measured" means with two standard errors, the "curve" at the measured x, the curve "followed" far
    out by a check curve-law, or the "law", through the middle of the curve or of the measurement unless its constant is
    known. Series of one `group` (those of one claim and case unless named) have one colour. `component` 0 or 1 is a
    measured quantity of a separation, whose ratio is drawn otherwise.
    """

    claim: str
    label: str
    role: Role = "measured"
    case: Mapping[str, Number] | None = None
    group: str = ""
    component: int | None = None

    def __post_init__(self) -> None:
        for what, text in (("claim", self.claim), ("label", self.label)):
            _text(f"the {what} of a series", text)
        one_of("role", self.role, ROLES)
        if self.component is not None and self.role != "measured":
            raise ValueError(f"the series {self.label!r} has a component, and only what is measured has components")


@dataclass(frozen=True)
class Marker:
    """A vertical line at x, such as a predicted crossover, and what it stands for."""

    x: float
    text: str

    def __post_init__(self) -> None:
        _text("the text of a marker", self.text)
        if isinstance(self.x, bool) or not isinstance(self.x, Real) or not math.isfinite(self.x):
            raise ValueError(f"the x of the marker {self.text!r} must be a finite number, got {self.x!r}")


@dataclass(frozen=True)
class Page:
    """Several claims side by side: a title, paragraphs, a plot of `series` with `markers`, and verdicts below it.

    `x` and `y` label the axes, y logarithmic, x too unless `semilog`. `verdicts` are claims, named like those of the
    series; empty stands for the claims of the series, in their order. ValueError for a page that contradicts itself.
    """

    name: str
    title: str
    text: tuple[str, ...]
    x: str
    y: str
    series: tuple[Series, ...]
    markers: tuple[Marker, ...] = ()
    verdicts: tuple[str, ...] = ()
    semilog: bool = False

    def __post_init__(self) -> None:
        _text("the name of a page", self.name)
        if set(self.name) & set(":/\n\t"):
            raise ValueError(f"the name of a page is part of an address, without : and /, got {self.name!r}")
        what = f"the page {self.name!r}"
        for part in ("title", "x", "y"):
            _text(f"{part} of {what}", getattr(self, part))
        for part, kind in (("text", str), ("series", Series), ("markers", Marker), ("verdicts", str)):
            object.__setattr__(self, part, several(f"{part} of {what}", getattr(self, part), kind))
        if not self.series:
            raise ValueError(f"{what} has no series: there is nothing to draw")
        labels = [one.label for one in self.series]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            raise ValueError(f"{what} has two series labelled {twice!r}")
        early = next((marker for marker in self.markers if marker.x <= 0 and not self.semilog), None)
        if early is not None:
            raise ValueError(f"{what} has the marker {early.text!r} at x = {early.x:g}, which a log axis does not have")

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that the page names, each once."""
        return tuple(dict.fromkeys([*(one.claim for one in self.series), *self.verdicts]))

    def resolved(self, claims: Mapping[str, tuple[str, Claim]]) -> Page:
        """Return the page with addresses for names and every case said, given both by the names of `claims`.

        ValueError for a series that its claim cannot have.
        """
        series = tuple(self._series(one, *claims[one.claim]) for one in self.series)
        verdicts = self.verdicts or tuple(one.claim for one in self.series)
        return replace(self, series=series, verdicts=tuple(dict.fromkeys(claims[name][0] for name in verdicts)))

    def _series(self, one: Series, address: str, claim: Claim) -> Series:
        what = f"the page {self.name!r}: the series {one.label!r}"
        labels = {case_label(case): case for case in claim.cases}
        case = labels.get(case_label(claim.cases[0] if one.case is None else one.case))
        if case is None:
            known = "; ".join(label or "the only one, without parameters" for label in labels)
            raise ValueError(f"{what} is of the case {case_label(one.case or {})!r} of {address}, known cases: {known}")
        if one.role == "measured" and claim.experiment is None:
            raise ValueError(f"{what} is measured, and {address} has no experiment")
        if one.role in ("curve", "followed") and claim.curve is None:
            raise ValueError(f"{what} is the curve of {address}, which has none")
        if one.role == "followed" and not any(check.comparison is Comparison.CURVE_LAW for check in claim.checks):
            raise ValueError(f"{what} follows the curve of {address} far out, which no check curve-law does")
        self._require_component(what, one, address, claim)
        return replace(one, claim=address, case=dict(case), group=one.group or f"{address} {case_label(case)}")

    def _require_component(self, what: str, one: Series, address: str, claim: Claim) -> None:
        if one.component is None or claim.experiment is None:
            return
        estimand = claim.experiment.estimand
        if estimand != "separation" or one.component not in range(COMPONENTS[estimand]):
            raise ValueError(f"{what} is component {one.component} of {address}: a separation has components 0 and 1")


def _text(what: str, value: object) -> None:
    instance(what, value, str)
    if not str(value).strip():
        raise ValueError(f"{what} must not be empty")
