"""Results: outcomes, their algebra, and the record that reports and JSON are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rates.wellformed import size

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rates.law import Law


class Outcome(StrEnum):
    """What a comparison came to; the last two are not judged."""

    CONSISTENT = "consistent"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    ERROR = "error"
    PRE_ASYMPTOTIC = "pre-asymptotic"
    UNDECIDABLE = "undecidable"


_WORST_FIRST = (Outcome.ERROR, Outcome.REFUTED, Outcome.INVALID, Outcome.INCONCLUSIVE, Outcome.CONSISTENT)
EXIT_CODES: Mapping[Outcome, int] = {
    Outcome.CONSISTENT: 0, Outcome.REFUTED: 1, Outcome.ERROR: 2, Outcome.INCONCLUSIVE: 3, Outcome.INVALID: 4,
    Outcome.UNDECIDABLE: 0,
}  # fmt: skip


# Of the results of a claim, the one that a single line shows: the slope test proper first.
_TELLING = (
    ("experiment-law", "slope"), ("experiment-law", "level"), ("experiment-curve", "slope"),
    ("experiment-curve", "level"), ("curve-law", "slope"), ("curve-law", "level"),
)  # fmt: skip


def telling(comparison: str, quantity: str) -> int:
    """Return the rank of a result among those of its claim, 0 for the one that a single line shows."""
    kind = (comparison, quantity)
    return _TELLING.index(kind) if kind in _TELLING else len(_TELLING)


def standing_for(results: Sequence[tuple[str, str, str]], outcome: Outcome) -> int | None:
    """Return which of some results, (outcome, comparison, quantity) each, stands for all; None for none.

    One of those that came to `outcome`, that of the whole. Where none did, since a control decided, one of the worst
    that were judged, else any. The slope test proper comes first among equals.
    """
    judged = worst(Outcome(row[0]) for row in results)
    chosen = [
        [i for i, row in enumerate(results) if row[0] == outcome],
        [i for i, row in enumerate(results) if row[0] == judged],
        list(range(len(results))),
    ]
    return min(next(filter(None, chosen), []), key=lambda i: telling(*results[i][1:]), default=None)


def worst(outcomes: Iterable[Outcome]) -> Outcome | None:
    """Return the worst judged outcome (error > refuted > invalid > inconclusive > consistent), None if none."""
    found = set(outcomes)
    return next((outcome for outcome in _WORST_FIRST if outcome in found), None)


@dataclass(frozen=True)
class Point:
    """One x of a result: replicate mean of y, its standard error, and the curve's value where there is one."""

    x: float
    mean: float
    standard_error: float | None
    curve: float | None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ControlResult:
    """What became of a negative control; `as_expected` decides whether it may stand behind a green claim."""

    name: str
    expected: str
    outcome: Outcome
    comparison: str
    quantity: str
    estimate: float | None
    reason: str
    interval: tuple[float, float] | None = None
    predicted: float | None = None
    replicates: int = 0
    seconds: float = 0.0
    as_expected: bool = False


@dataclass(frozen=True)
class Result:
    """One (claim, case, comparison, quantity), decided.

    `interval` is the (1 − 2α) interval of the estimate. `faster` is set where an upper bound is beaten, in
    units of the slope. `local_slopes` has one entry a pair of neighbouring x. Seconds are those of the
    measurements, as stored. `law` with its `parameters` is what figures draw, None where it is not known.
    """

    claim: str
    case: Mapping[str, Any]
    comparison: str
    quantity: str
    direction: str
    form: str
    outcome: Outcome
    predicted: float | None
    estimate: float | None
    interval: tuple[float, float] | None
    margin: float
    alpha: float
    replicates: int
    points: tuple[Point, ...]
    seconds: float
    device: str
    dtype: str
    seed: int
    reason: str
    reproduce: str
    controls: tuple[ControlResult, ...] = ()
    notes: tuple[str, ...] = ()
    local_slopes: tuple[float, ...] = ()
    faster: float | None = None
    parts_off: Mapping[str, float] = field(default_factory=dict)
    law: Law | None = field(default=None, repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def case_label(self) -> str:
        """The case as text."""
        return ", ".join(f"{name}={self.case[name]}" for name in sorted(self.case))

    @property
    def kind(self) -> tuple[str, str, str]:
        """Outcome, comparison and quantity."""
        return self.outcome, self.comparison, self.quantity

    def require_margin(self) -> None:
        """Raise ValueError unless the margin is a finite number from 0 on, which is what can be shown."""
        size(f"the margin of {self.claim} {self.comparison} {self.quantity}", self.margin)

    def plot(self, ax: Axes | None = None) -> Figure:
        """Return a figure fit for a paper, without touching pyplot; `ax` takes the first panel alone.

        ValueError where there is nothing to draw, ImportError without matplotlib, a sentence each.
        """
        from rates.figure import draw_result

        return draw_result(self, ax)

    def to_frame(self) -> pd.DataFrame:
        """Return the points as a tidy frame, one row a point."""
        from rates.frames import points_frame

        return points_frame(self)

    def _repr_html_(self) -> str:
        from rates.notebook import result_html

        return result_html(self)


def claim_outcome(results: Iterable[Result], *, has_experiment: bool) -> Outcome:
    """Return a claim's outcome from its results, controls included.

    The worst of the judged results. Without a judged result that involves the experiment (the curve, for a
    purely deterministic claim) it is inconclusive, or undecidable if every check says so. A control that did
    not come out as expected turns consistent into inconclusive.
    """
    rows = list(results)
    if rows and all(r.outcome is Outcome.UNDECIDABLE for r in rows):
        return Outcome.UNDECIDABLE
    outcome = worst(r.outcome for r in rows)
    if outcome is None:
        return Outcome.INCONCLUSIVE
    if outcome is not Outcome.CONSISTENT:
        return outcome
    judged = [r for r in rows if r.outcome is Outcome.CONSISTENT]
    if has_experiment and not any(r.comparison != "curve-law" for r in judged):
        return Outcome.INCONCLUSIVE
    if any(not control.as_expected for r in rows for control in r.controls):
        return Outcome.INCONCLUSIVE
    return outcome


@dataclass(frozen=True)
class Past:
    """What an earlier run said of a claim, by the result that stood for it; `created` in Unix seconds."""

    created: float
    commit: str | None
    dirty: bool
    profile: str
    seed: int
    device: str
    outcome: Outcome
    case: str
    comparison: str
    quantity: str
    predicted: float | None
    estimate: float | None
    interval: tuple[float, float] | None
    margin: float


@dataclass(frozen=True)
class ClaimRun:
    """A claim with its results: what one report page shows. `claim` is the `rates.claim.Claim` itself.

    `history` are earlier runs that the store remembers, oldest first, without this one.
    """

    address: str
    claim: Any = field(repr=False)
    outcome: Outcome
    results: tuple[Result, ...]
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    history: tuple[Past, ...] = field(default=(), repr=False)

    @property
    def headline(self) -> Result | None:
        """The result that stands for the claim, as `standing_for` says."""
        index = standing_for([r.kind for r in self.results], self.outcome)
        return None if index is None else self.results[index]

    def plot(self, case: str | None = None, *, ax: Axes | None = None) -> Figure:
        """Return one figure of all that was measured in a case (its label; the first that can be drawn if None).

        Errors as `Result.plot`.
        """
        from rates.figure import draw_claim

        return draw_claim(self, case, ax)

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy frame, one row a result."""
        from rates.frames import results_frame

        return results_frame([self])

    def values_frame(self, case: str | None = None) -> pd.DataFrame:
        """Return what was measured, one row a value; that of one case is a table for `rates.judge`."""
        from rates.frames import values_frame

        return values_frame(self, case)

    def _repr_html_(self) -> str:
        from rates.notebook import claim_html

        return claim_html(self)


@dataclass(frozen=True)
class Run:
    """Everything that one `check` decided, with the environment that it ran in.

    `values` of each claim run maps a case label to an array (replicates, points, components) of what was measured.
    `pages` are the `rates.page.Page` of the claims' modules, by address.
    """

    claims: tuple[ClaimRun, ...]
    environment: Mapping[str, Any]
    profile: str
    seed: int
    device: str
    seconds: float = 0.0
    pages: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def results(self) -> tuple[Result, ...]:
        """All results, in the order of the claims."""
        return tuple(result for claim in self.claims for result in claim.results)

    @property
    def exit_code(self) -> int:
        """0 consistent, 1 refuted, 2 error, 3 inconclusive, 4 invalid, by the worst claim."""
        outcome = worst(claim.outcome for claim in self.claims)
        return 0 if outcome is None else EXIT_CODES[outcome]

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy frame, one row a result, with the parameters of the cases as columns."""
        from rates.frames import results_frame

        return results_frame(self.claims)

    def controls_frame(self) -> pd.DataFrame:
        """Return a tidy frame, one row a negative control."""
        from rates.frames import controls_frame

        return controls_frame(self.claims)

    def _repr_html_(self) -> str:
        from rates.notebook import run_html

        return run_html(self)

    def assert_consistent(self) -> None:
        """Raise AssertionError with every reason unless all claims are consistent."""
        bad = [c for c in self.claims if c.outcome not in (Outcome.CONSISTENT, Outcome.UNDECIDABLE)]
        lines = [f"{c.address}: {c.outcome}" for c in bad]
        for c in bad:
            lines += [f"  {r.case_label or 'all'} {r.comparison} {r.quantity}: {r.reason}" for r in c.results]
            lines += [f"  control {k.name}: {k.reason}" for r in c.results for k in r.controls if not k.as_expected]
        if bad:
            raise AssertionError("\n".join(lines))
