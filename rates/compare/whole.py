"""Two sides, compared: every claim and case that both have, and what only one of them has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from rates.compare.changes import DECIDED, ONE_SIDED, Change, Changes, CompareError, Row
from rates.compare.decision import Named, decide
from rates.compare.fixed import curve_row, estimate_tests, law_row, limit_tests, notes, outcome_row
from rates.compare.pairs import LEAST_X, Alike, Half, Pair, likeness
from rates.compare.quantities import tests
from rates.compare.sides import Side
from rates.report.wording import brief
from rates.slope import InconclusiveError


@dataclass(frozen=True)
class Rules:
    """How a comparison decides.

    `level`: family-wise, over all tests. `tolerance`: the share of a check's margin below which a change is none.
    `rounding`: the relative difference of two replicates that counts as rounding, by precision unless given.
    """

    level: float = 1e-3
    tolerance: float = 0.5
    rounding: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.level < 0.5:
            raise CompareError(f"the level must lie between 0 and 0.5, got {self.level:g}")
        if not 0 < self.tolerance <= 1:
            raise CompareError(f"the tolerance is a share of the margin, above 0 and at most 1, got {self.tolerance:g}")
        if self.rounding is not None and not 0 <= self.rounding < 1:
            raise CompareError(f"the rounding is a relative difference from 0 to below 1, got {self.rounding:g}")


@dataclass
class _Case:
    """What is found of one case: rows that are settled, tests that wait for the others, and the likeness."""

    settled: list[Row] = field(default_factory=list)
    waiting: list[Named] = field(default_factory=list)
    values: Row | None = None
    notes: list[str] = field(default_factory=list)


def compare_sides(base: Side, head: Side, rules: Rules | None = None) -> Changes:
    """Return what changed from base to head; CompareError where nothing could be compared."""
    rules = rules or Rules()
    rows: list[Row] = []
    cases: list[_Case] = []
    said = list(_about(base, head))
    for claim in dict.fromkeys((*base.claims, *head.claims)):
        if claim not in base.claims or claim not in head.claims:
            rows.append(_one_sided(claim, "", claim in head.claims))
            continue
        both, alone = _halves(base, head, claim)
        rows += [_one_sided(claim, label, there) for label, there in alone]
        rows.append(outcome_row(claim, base.document, head.document, both))
        cases += [_case(claim, old, new, rules) for old, new in both]
    decided, family = decide([item for case in cases for item in case.waiting], rules.level, rules.tolerance)
    remaining = iter(decided)
    for case in cases:
        own = [next(remaining) for _ in case.waiting]
        # That the same draws give other numbers is said by what it did to a slope or level, where it did.
        implied = any(row.change in DECIDED for row in own)
        values = [] if case.values is None or (implied and case.values.change is Change.INCONCLUSIVE) else [case.values]
        rows += values + case.settled + own
        said += case.notes
    if not any(_compared(row) for row in rows):
        raise CompareError(_nothing(base, head, rows))
    order = {claim: place for place, claim in enumerate(dict.fromkeys((*head.claims, *base.claims)))}
    rows.sort(key=lambda row: order[row.claim])
    return Changes(base.origin, head.origin, tuple(rows), rules.level, family, tuple(dict.fromkeys(said)))


def _halves(base: Side, head: Side, claim: str) -> tuple[list[tuple[Half, Half]], list[tuple[str, bool]]]:
    """Return the halves of the cases that both have, and (label, on head) of those that one has."""
    old, new = base.cases(claim), head.cases(claim)
    both = [(Half.of(base, claim, label), Half.of(head, claim, label)) for label in old if label in new]
    return both, [(label, label in new) for label in dict.fromkeys((*old, *new)) if (label in old) != (label in new)]


def _case(claim: str, base: Half, head: Half, rules: Rules) -> _Case:
    """Compare one case: first whether the numbers are the same, then what they add up to."""
    pair = Pair.of(base, head, rules.rounding)
    settled = [law_row(claim, base, head), curve_row(claim, base, head, pair, rules.level)]
    found = _Case([row for row in settled if row is not None])
    found.waiting = [Named(claim, base.label, test) for test in limit_tests(base, head)]
    found.notes += notes(claim, base, head)
    if pair is None:
        _without_replicates(claim, base, head, found)
    elif len(pair.x) < LEAST_X:
        reason = f"base and head share {len(pair.x)} x, fewer than three"
        found.values = Row(claim, base.label, "values", Change.INCONCLUSIVE, reason)
    else:
        _with_replicates(claim, pair, found)
    return found


def _with_replicates(claim: str, pair: Pair, found: _Case) -> None:
    alike, label = likeness(pair), pair.base.label
    found.notes += _left_out(claim, pair)
    missing = [int(np.isinf(y[..., 0]).sum()) for y in (pair.base_y, pair.head_y)]
    if any(missing) and alike.kind != "identical":
        reason = f"{missing[0]} values of base and {missing[1]} of head are infinite: runs that never arrived"
        found.values = Row(claim, label, "values", Change.INCONCLUSIVE, reason)
        return
    found.values = _values_row(claim, pair, alike)
    if alike.kind in ("identical", "rounding") and _same_controls(pair):
        return
    if pair.base.kind == "control-variate" and not pair.controlled:
        found.notes.append(
            f"{claim}: the mean of its control variate is not known on both sides; plain means are compared"
        )
    if pair.replicates < 2 and not pair.deterministic:
        reason = "one common replicate has no error bar"
        found.values = Row(claim, label, "values", Change.INCONCLUSIVE, reason)
        return
    rounding = 0.0 if pair.deterministic else pair.allowance
    try:
        found.waiting += [Named(claim, label, test, not pair.one_machine, rounding) for test in tests(pair)]
    except InconclusiveError as error:
        found.settled.append(Row(claim, label, "level", Change.INCONCLUSIVE, str(error)))


def _same_controls(pair: Pair) -> bool:
    """Return whether nothing known of the control variate's mean differs; where it does, so do the controlled means."""
    if pair.base.kind != "control-variate" or not pair.controlled:
        return True
    return all(pair.base.control_mean[x] == pair.head.control_mean[x] for x in pair.x)


def _values_row(claim: str, pair: Pair, alike: Alike) -> Row | None:
    """Say how the replicates compare, None where only what they add up to can be compared."""
    label, count = pair.base.label, pair.replicates
    size = f"{count} {'replicate' if count == 1 else 'replicates'} at {len(pair.x)} x"
    where = f"up to {brief(alike.largest)}, at x = {brief(alike.x)}"
    if alike.kind == "identical":
        change, reason = Change.UNCHANGED, f"the same bits, {size}"
    elif alike.kind == "rounding":
        what = "their numerical errors" if pair.deterministic else "rounding"
        change, reason = Change.UNCHANGED, f"the same within {what}, {size}: relative differences {where}"
    elif pair.deterministic:
        change = Change.INCONCLUSIVE
        reason = f"relative differences {where}, more than both numerical errors {brief(pair.allowance)}"
    elif alike.kind == "arithmetic" and pair.one_machine:
        change = Change.INCONCLUSIVE
        reason = (
            f"the same draws give other numbers: relative differences {where}, more than the"
            f" {brief(pair.allowance)} of rounding; if that is meant, --rounding allows it"
        )
    else:
        return None
    return Row(claim, label, "values", change, reason, difference=alike.largest, tolerance=pair.allowance,
               paired=pair.paired, correlation=alike.correlation, replicates=count,
               identical=alike.kind == "identical")  # fmt: skip


def _without_replicates(claim: str, base: Half, head: Half, found: _Case) -> None:
    """Compare estimates where one side has no replicates: unpaired, and only those that were judged."""
    if not (base.measured and head.measured):
        return
    points = [[(r["comparison"], r["quantity"], r["points"], r["replicates"]) for r in half.measured]
              for half in (base, head)]  # fmt: skip
    if points[0] == points[1] and any(rows for _, _, rows, _ in points[0]):
        found.values = Row(claim, base.label, "values", Change.UNCHANGED, "the same means and errors, to the last bit",
                           replicates=int(base.measured[0]["replicates"]), identical=True)  # fmt: skip
        return
    elsewhere = (base.device, base.dtype) != (head.device, head.dtype)
    try:
        compared = [Named(claim, base.label, test, elsewhere) for test in estimate_tests(base, head)]
    except InconclusiveError as error:
        found.settled.append(Row(claim, base.label, "bound", Change.INCONCLUSIVE, str(error)))
        return
    found.waiting += compared
    failed = any(row["outcome"] == "error" for row in (*base.measured, *head.measured))  # which is an outcome
    if not compared and points[0] != points[1] and not failed:
        reason = "no replicates and no estimates that could be compared"
        found.values = Row(claim, base.label, "values", Change.INCONCLUSIVE, reason)


def _left_out(claim: str, pair: Pair) -> Iterator[str]:
    where = f"{claim}{f' ({pair.base.label})' if pair.base.label else ''}"
    sizes = [len(half.values.y) for half in (pair.base, pair.head) if half.values is not None]
    if pair.paired and sizes[0] != sizes[1]:
        yield f"{where}: base has {sizes[0]} replicates and head {sizes[1]}; the {min(sizes)} that both have are paired"
    if any(half.values is not None and len(half.values.x) != len(pair.x) for half in (pair.base, pair.head)):
        yield f"{where}: only the {len(pair.x)} x that both have are compared"


def _about(base: Side, head: Side) -> Iterator[str]:
    """Yield what holds for the whole comparison."""
    old, new = base.origin, head.origin
    for side in (base, head):
        if not side.values and any(row["replicates"] > 1 for row in side.document["results"]):
            yield f"{side.name} holds no replicates: its estimates are compared without pairing, which finds much less"
    if old.seed != new.seed:
        yield f"base has seed {old.seed} and head {new.seed}: compared without pairing, which finds much less"
    if old.profile != new.profile:
        yield f"base was measured in the {old.profile} profile and head in {new.profile}"
    if old.device != new.device:
        yield f"base was measured on {old.device} and head on {new.device}: what is shown is whether they agree"


def _one_sided(claim: str, label: str, on_head: bool) -> Row:
    change = Change.NEW if on_head else Change.GONE
    return Row(claim, label, "", change, "not in base" if on_head else "not in head")


def _compared(row: Row) -> bool:
    """Return whether a row rests on numbers of both sides, or on an outcome that is better or worse than it was."""
    return row.change not in ONE_SIDED and (row.quantity != "outcome" or row.change in DECIDED)


def _nothing(base: Side, head: Side, rows: list[Row]) -> str:
    counts = {change: sum(row.change is change for row in rows) for change in ONE_SIDED}
    if not base.claims and not head.claims:
        return f"nothing was compared: neither {base.name} nor {head.name} has a claim of that name"
    if counts[Change.NEW] + counts[Change.GONE] == len(rows):
        return (
            f"nothing was compared: {base.name} and {head.name} have no claim and case in common"
            f" ({counts[Change.NEW]} new, {counts[Change.GONE]} gone)"
        )
    return f"nothing was compared: neither {base.name} nor {head.name} has measurements or a curve of these claims"
