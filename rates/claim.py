"""Claims: a theorem's law, its conditions and source, and everything needed to decide it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from rates.experiment import Curve, Experiment, accepted, knobs
from rates.expression import Number, exact, holds, parse, parse_relation, plain
from rates.law import Form, Law
from rates.wellformed import Word, instance, one_of, several, size

Profile = Literal["quick", "ci", "full"]
PROFILES: tuple[str, ...] = ("quick", "ci", "full")
LEVELS: Mapping[str, float] = {"quick": 1e-3, "ci": 1e-4, "full": 1e-4}
POWER = 0.999


class Comparison(Word):
    """Which two legs of a claim are held against each other."""

    CURVE_LAW = "curve-law"
    EXPERIMENT_CURVE = "experiment-curve"
    EXPERIMENT_LAW = "experiment-law"


class Quantity(Word):
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
        parse_relation(self.relation)

    def holds(self, parameters: Mapping[str, Number]) -> bool:
        """Return whether the relation is true; ValueError names a missing parameter."""
        return holds(parse(self.relation), parameters)

    @property
    def text(self) -> str:
        """The relation as people write it: `d = 2` for `Eq(d, 2)`."""
        sign = {"Eq": "=", "Ne": "≠"}
        equal = re.sub(r"^(Eq|Ne)\((.+), (.+)\)$", lambda m: f"{m[2]} {sign[m[1]]} {m[3]}", self.relation)
        return equal.replace("**", "^")

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

    @classmethod
    def derived(cls, statement: str) -> Source:
        """Return the source of a statement that is derived here, in the setting of a paper."""
        return cls(statement=f"derived: {statement}", evidence="derived")

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

    def __post_init__(self) -> None:
        size("the tolerance of a margin", self.tolerance)
        size("the bias of a margin", self.bias)

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
        if not isinstance(self.margin, Margin):
            object.__setattr__(self, "margin", Margin(self.margin))
        one_of("profile", self.profile, PROFILES)
        if self.x is not None:
            object.__setattr__(self, "x", tuple(float(v) for v in self.x))
        if self.only is not None:
            parse_relation(self.only)

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
        one_of("profile", self.profile, PROFILES)
        one_of("expectation", self.expect, ("refuted", "consistent", "invalid", "faster"))


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
        self._require_kinds()
        self._require_known_parameters()
        self._require_one_check_each()
        for check in self.checks:
            self._require_legs(check)
            self._require_window(check)
        for control in self.controls:
            self._require_check(control)
            self._require_knobs(control)
            self._require_distance(control)

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """What experiment and curve run, where there are any: the readers of parameters."""
        legs = (self.experiment and self.experiment.measure, self.curve and self.curve.function)
        return tuple(leg for leg in legs if leg)

    def parameters(self, case: Mapping[str, Number]) -> dict[str, Any]:
        """Return what algorithms get: the case as plain numbers, words as they are."""
        return {name: plain(value) for name, value in case.items()}

    def formula_parameters(
        self, case: Mapping[str, Number], changed: Mapping[str, Any] | None = None
    ) -> dict[str, Number]:
        """Return what formulas see: numeric knobs of experiment and curve, the case over them, changes on top."""
        defaults = {name: value for function in self.functions for name, value in knobs(function).items()}
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
                return f"the law needs {condition.text}, given {condition.given(given)}{condition.because}"
        return ""

    def checks_for(self, case: Mapping[str, Number], profile: str) -> tuple[Check, ...]:
        """Return the checks that the profile decides for the case."""
        return tuple(c for c in self.checks if c.applies(case) and (c.undecidable or c.runs_in(profile)))

    def _require_known_parameters(self) -> None:
        """Refuse a case parameter that nothing reads: a misspelt one would leave the default in its place."""
        formulas = [parse(c.relation) for c in self.conditions] + [parse(c.only) for c in self.checks if c.only]
        read = self.law.parameters | {str(s) for f in formulas for s in f.free_symbols}
        for case in self.cases:
            taken = {name for function in self.functions for name in accepted(function, case)}
            unknown = sorted(set(case) - read - taken)
            if unknown and self.functions:
                raise ValueError(f"{self.name}: nothing reads the case parameter {unknown[0]!r}")

    def _require_one_check_each(self) -> None:
        """Refuse two checks of one comparison and quantity in one case: a window each is a claim each."""
        for case in self.cases:
            names = [check.name for check in self.checks if check.applies(case)]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{self.name}: {twice[0]} is checked twice for {case_label(case) or 'this claim'}")

    def _require_kinds(self) -> None:
        instance("the name of a claim", self.name, str)
        if not self.name.strip() or set(self.name) & set(":/\n\t"):
            raise ValueError(f"the name of a claim is part of an address, without : and /, got {self.name!r}")
        kinds = {"cases": Mapping, "conditions": Condition, "checks": Check, "controls": Control}
        for name, kind in kinds.items():
            object.__setattr__(self, name, several(f"the {name} of {self.name}", getattr(self, name), kind))
        instance(f"the law of {self.name}", self.law, Law)
        for what, leg, kind in (("experiment", self.experiment, Experiment), ("curve", self.curve, Curve)):
            if leg is not None:
                instance(f"the {what} of {self.name}", leg, kind)
        if not self.cases:
            raise ValueError(f"{self.name}: a claim has at least one case; leave cases out where there is one only")
        for value in chain.from_iterable(case.values() for case in self.cases):
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{self.name}: a case holds {value}, which is no finite number")
        two = self.experiment is not None and self.experiment.estimand == "separation"
        if self.experiment is not None and two != (self.law.form is Form.SEPARATION):
            raise ValueError(f"{self.name}: a law of separation and an experiment with that estimand go together")

    def _require_window(self, check: Check) -> None:
        """Every check has its x, three of them for a slope, and those of a measurement are measured."""
        what = f"{self.name}: the check {check.name}"
        lowest = min([*(check.x or ()), *(self.experiment.x if self.experiment else ())], default=1.0)
        if lowest <= 0 and not self.law.semilog:
            raise ValueError(f"{what} needs x > 0 for its logarithm, got {lowest:g}")
        if check.comparison is Comparison.CURVE_LAW:
            if not check.x and not check.undecidable:
                raise ValueError(f"{what} needs x, the points at which the curve is followed")
            return
        if check.x is None or self.experiment is None:
            return
        strange = [x for x in check.x if x not in self.experiment.x]
        if strange:
            raise ValueError(f"{what} has x = {strange[0]:g} in its window, which the experiment does not measure")
        if len(check.x) < (3 if check.quantity is Quantity.SLOPE else 1):
            raise ValueError(f"{what} has {len(check.x)} x in its window: a rate needs at least three")

    def _require_legs(self, check: Check) -> None:
        if check.comparison is not Comparison.EXPERIMENT_LAW and self.curve is None:
            raise ValueError(f"{self.name}: the check {check.name} needs a curve")
        if check.comparison is not Comparison.CURVE_LAW and self.experiment is None:
            raise ValueError(f"{self.name}: the check {check.name} needs an experiment")
        if check.comparison is Comparison.EXPERIMENT_CURVE:
            return
        try:
            self.law.require_quantity(check.quantity)
        except ValueError as error:
            raise ValueError(f"{self.name}: the check {check.name}: {error}") from None

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
        exact(value)
    except ValueError:
        return False
    return True


def _normal(value: Number) -> str:
    """Return 1/2 for 1/2, 0.5 and '0.5': one number is one key, however it is written."""
    text = str(value)
    return str(parse(text)) if _numeric(text) else text


def case_label(case: Mapping[str, Number]) -> str:
    """Return a case as text, `d=2, r=3/4`: a key for streams and the store, and what people read."""
    return ", ".join(f"{name}={_normal(case[name])}" for name in sorted(case))
