"""Claims: a theorem's law, its conditions and source, and everything needed to decide it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from rates.experiment import Curve, Experiment, accepted, knobs
from rates.expression import Number, holds, parse, plain
from rates.law import Law

Profile = Literal["quick", "ci", "full"]
PROFILES: tuple[str, ...] = ("quick", "ci", "full")
LEVELS: Mapping[str, float] = {"quick": 1e-3, "ci": 1e-4, "full": 1e-4}
POWER = 0.999


class Comparison(StrEnum):
    """Which two legs of a claim are held against each other."""

    CURVE_LAW = "curve-law"
    EXPERIMENT_CURVE = "experiment-curve"
    EXPERIMENT_LAW = "experiment-law"


class Quantity(StrEnum):
    """What is compared: the trend in x, the mean log-ratio, or an inequality at every x."""

    SLOPE = "slope"
    LEVEL = "level"
    BOUND = "bound"


@dataclass(frozen=True)
class Condition:
    """A relation between parameters, such as `r >= 1/2`.

    `required`: without it the formula is wrong, the outcome is invalid. Otherwise the paper assumes it but
    the statement is known to hold beyond; it is measured all the same and noted.
    """

    relation: str
    required: bool = True
    why: str = ""

    def __post_init__(self) -> None:
        parse(self.relation)

    def holds(self, parameters: Mapping[str, Number]) -> bool:
        """Return whether the relation is true; ValueError names a missing parameter."""
        return holds(parse(self.relation), parameters)

    def given(self, parameters: Mapping[str, Number]) -> str:
        """Return the values that enter the relation, as text."""
        names = sorted(str(s) for s in parse(self.relation).free_symbols)
        return ", ".join(f"{name} = {parameters[name]}" for name in names)

    @property
    def because(self) -> str:
        """The reason, to be put behind a sentence; empty where none is given."""
        return f": {self.why}" if self.why else ""


@dataclass(frozen=True)
class Source:
    """Where a statement comes from, and how it is known.

    `evidence`: "read" in the paper, "restated" by a later one, "derived" here (and checked numerically),
    "recalled" without the text at hand.
    """

    authors: str = ""
    title: str = ""
    venue: str = ""
    year: int | None = None
    statement: str = ""
    evidence: Literal["read", "restated", "derived", "recalled"] = "derived"
    url: str = ""

    @property
    def bibtex(self) -> str:
        """The entry to cite, empty for a statement without a paper."""
        if not self.title:
            return ""
        key = f"{self.authors.split(',')[0].split()[-1].lower() if self.authors else 'unknown'}{self.year or ''}"
        fields = {"author": self.authors.replace(", ", " and "), "title": self.title, "booktitle": self.venue,
                  "year": str(self.year or ""), "url": self.url, "note": self.statement}  # fmt: skip
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
        return f"@inproceedings{{{key},\n{body}\n}}"

    def __str__(self) -> str:
        paper = ", ".join(part for part in (self.authors, self.venue, str(self.year or "")) if part)
        return f"{'; '.join(part for part in (paper, self.statement) if part) or 'no source'} [{self.evidence}]"


@dataclass(frozen=True)
class Margin:
    """How far from the prediction still counts as agreement: a deterministic bias budget plus a tolerance.

    In units of the quantity: slope, or natural logarithm of a ratio for a level or bound.
    """

    tolerance: float
    bias: float = 0.0
    note: str = ""

    @property
    def total(self) -> float:
        """Half-width of the region of agreement."""
        return self.tolerance + self.bias


@dataclass(frozen=True)
class Check:
    """One comparison of a claim, registered before anything runs.

    `x` is the window: for curve-law the points at which the curve is followed, otherwise a subset of the
    experiment's x (None: all). `only` restricts it to cases that satisfy a relation; `profile` is the
    cheapest profile that decides it; `undecidable` says why no reachable size can.
    """

    comparison: Comparison | str
    quantity: Quantity | str
    margin: Margin
    x: tuple[float, ...] | None = None
    only: str | None = None
    profile: Profile = "quick"
    undecidable: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "comparison", Comparison(self.comparison))
        object.__setattr__(self, "quantity", Quantity(self.quantity))
        if isinstance(self.margin, int | float):
            object.__setattr__(self, "margin", Margin(float(self.margin)))
        if self.x is not None:
            object.__setattr__(self, "x", tuple(float(v) for v in self.x))
        if self.only is not None:
            parse(self.only)

    @property
    def name(self) -> str:
        """Comparison and quantity, as `experiment-curve level`."""
        return f"{self.comparison} {self.quantity}"

    def applies(self, case: Mapping[str, Number]) -> bool:
        """Return whether the check is meant for the case."""
        return self.only is None or holds(parse(self.only), case)

    def runs_in(self, profile: str) -> bool:
        """Return whether the profile is at least the one that decides this check."""
        return PROFILES.index(self.profile) <= PROFILES.index(profile)


@dataclass(frozen=True)
class Control:
    """The same experiment, sabotaged: what must happen, and which comparison must notice.

    `expect`: "refuted" for a sabotage that must be caught, "consistent" for one that theory allows,
    "invalid" for one that leaves the theorem's region, "faster" for one that beats the guarantee.
    `predicted` is the estimate that it should give in that comparison, where it is known.
    """

    name: str
    set: Mapping[str, Any]
    comparison: Comparison | str
    quantity: Quantity | str
    expect: Literal["refuted", "consistent", "invalid", "faster"] = "refuted"
    predicted: float | None = None
    case: Mapping[str, Number] | None = None
    why: str = ""
    profile: Profile = "quick"

    def __post_init__(self) -> None:
        object.__setattr__(self, "comparison", Comparison(self.comparison))
        object.__setattr__(self, "quantity", Quantity(self.quantity))


@dataclass(frozen=True)
class Claim:
    """A theorem with its three legs (law, curve, experiment), its comparisons and its negative controls.

    `cases` are the parameter settings at which it is checked, numbers as text where they are fractions.
    ValueError at construction for a claim that contradicts itself: a check without the leg it needs, a
    control that turns a knob that does not exist, a margin wider than half the distance to a control.
    """

    name: str
    statement: str
    law: Law
    source: Source = field(default_factory=Source)
    cases: tuple[Mapping[str, Number], ...] = ({},)
    conditions: tuple[Condition, ...] = ()
    curve: Curve | None = None
    experiment: Experiment | None = None
    checks: tuple[Check, ...] = ()
    controls: tuple[Control, ...] = ()
    remark: str = ""

    def __post_init__(self) -> None:
        for name in ("cases", "conditions", "checks", "controls"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for check in self.checks:
            self._require_legs(check)
        for control in self.controls:
            self._require_check(control)
            self._require_knobs(control)
            self._require_distance(control)

    def parameters(self, case: Mapping[str, Number], control: Control | None = None) -> dict[str, Any]:
        """Return what algorithms get: the case as plain numbers, a control's settings on top."""
        values: dict[str, Any] = {name: plain(value) for name, value in case.items()}
        return values | dict(control.set if control else {})

    def formula_parameters(
        self, case: Mapping[str, Number], changed: Mapping[str, Any] | None = None
    ) -> dict[str, Number]:
        """Return what formulas see: numeric knobs of experiment and curve, the case over them, changes on top."""
        functions = [
            self.experiment.measure if self.experiment else None,
            self.curve.function if self.curve else None,
        ]
        defaults = {name: value for f in functions if f is not None for name, value in knobs(f).items()}
        merged = defaults | dict(case) | dict(changed or {})
        return {
            n: v
            for n, v in merged.items()
            if isinstance(v, int | float | str) and not isinstance(v, bool) and _numeric(v)
        }

    def broken(self, case: Mapping[str, Number], changed: Mapping[str, Any] | None = None) -> str:
        """Return the first required condition that does not hold, as a sentence; empty if all hold."""
        given = self.formula_parameters(case, changed)
        for condition in self.conditions:
            if condition.required and not condition.holds(given):
                return f"the law needs {condition.relation}, given {condition.given(given)}{condition.because}"
        return ""

    def checks_for(self, case: Mapping[str, Number], profile: str) -> tuple[Check, ...]:
        """Return the checks that the profile decides for the case."""
        return tuple(c for c in self.checks if c.applies(case) and (c.undecidable or c.runs_in(profile)))

    def _require_legs(self, check: Check) -> None:
        if check.comparison is not Comparison.EXPERIMENT_LAW and self.curve is None:
            raise ValueError(f"{self.name}: the check {check.name} needs a curve")
        if check.comparison is not Comparison.CURVE_LAW and self.experiment is None:
            raise ValueError(f"{self.name}: the check {check.name} needs an experiment")

    def _require_check(self, control: Control) -> None:
        case = control.case if control.case is not None else self.cases[0]
        if case_label(case) not in {case_label(known) for known in self.cases}:
            raise ValueError(f"{self.name}: the control {control.name!r} is for {case_label(case)}, which is no case")
        wanted = (control.comparison, control.quantity)
        if not any((c.comparison, c.quantity) == wanted and c.applies(case) for c in self.checks):
            raise ValueError(
                f"{self.name}: the control {control.name!r} must be caught by {control.comparison} {control.quantity},"
                f" which is not checked for {case_label(case) or 'this claim'}"
            )

    def _require_knobs(self, control: Control) -> None:
        needed = self.curve.function if control.comparison is Comparison.CURVE_LAW and self.curve else None
        needed = needed or (self.experiment.measure if self.experiment else None)
        if needed is None:
            raise ValueError(f"{self.name}: the control {control.name!r} has nothing to run")
        unknown = [name for name in control.set if name not in accepted(needed, control.set)]
        if unknown and control.expect != "invalid":
            known = ", ".join(sorted(knobs(needed)))
            raise ValueError(f"{self.name}: the control {control.name!r} sets {unknown[0]}, known knobs: {known}")

    def _require_distance(self, control: Control) -> None:
        if control.predicted is None or control.expect != "refuted":
            return
        case = control.case if control.case is not None else self.cases[0]
        for check in self.checks:
            if (check.comparison, check.quantity) != (
                control.comparison,
                control.quantity,
            ) or not check.applies(case):
                continue
            target = 0.0
            if check.quantity is Quantity.SLOPE and check.comparison is not Comparison.EXPERIMENT_CURVE:
                target = float(self.law.slope(self.formula_parameters(case)))
            if check.margin.total > abs(control.predicted - target) / 2 + 1e-12:
                raise ValueError(
                    f"{self.name}: the margin {check.margin.total:.3g} of {check.name} is more than half the"
                    f" distance {abs(control.predicted - target):.3g} to the control {control.name!r}"
                )


def _numeric(value: int | float | str) -> bool:
    try:
        return not parse(str(value)).free_symbols
    except ValueError:
        return False


def _normal(value: Number) -> str:
    """Return 1/2 for 1/2, 0.5 and '0.5': one number is one key, however it is written."""
    text = str(value)
    return str(parse(text)) if _numeric(text) else text


def case_label(case: Mapping[str, Number]) -> str:
    """Return a case as text, `d=2, r=3/4`: a key for streams and the store, and what people read."""
    return ", ".join(f"{name}={_normal(case[name])}" for name in sorted(case))
