"""What carries no noise, compared: curves, their limits, predictions, margins, and the outcomes of the checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rates.compare.changes import Change, Row, worst
from rates.compare.differences import Estimate, independent
from rates.compare.pairs import LEAST_X, ROUNDING, Half, Pair
from rates.compare.quantities import CURVE, LAW, Test, deviation
from rates.compare.sides import Record
from rates.report.wording import brief, number
from rates.result import Outcome
from rates.result import worst as worst_outcome
from rates.slope import InconclusiveError, level_weights, quantile

ALL = ("curve-law", "experiment-curve", "experiment-law")
_SAME = 1e-9  # relative; a formula's value is exact but for the last digits of its evaluation
# How bad an outcome is; those in the middle say neither yes nor no.
_BADNESS: Mapping[str, int] = {
    "consistent": 0, "inconclusive": 1, "pre-asymptotic": 1, "undecidable": 1, "invalid": 2, "refuted": 3, "error": 4,
}  # fmt: skip


def curve_row(claim: str, base: Half, head: Half, pair: Pair | None, level: float) -> Row | None:
    """Compare the exact curve, at the x that both sides have; None without one."""
    before, after = base.points("curve", *ALL), head.points("curve", *ALL)
    x = sorted(before.keys() & after.keys())
    if not x:
        return None
    old, new = (np.array([values[v] for v in x]) for values in (before, after))
    if np.array_equal(old, new):
        return Row(claim, base.label, "curve", Change.UNCHANGED, f"the same bits at {len(x)} x", identical=True)
    relative = np.abs(new - old) / np.maximum(old, new)
    error = sum(float(half.known["curve"]["error"]) for half in (base, head) if half.known["curve"])
    at = int(np.argmax(relative))
    moved = f"by up to {brief(float(relative[at]))}, at x = {brief(x[at])}"
    if relative[at] <= error + ROUNDING["float64"]:
        return Row(claim, base.label, "curve", Change.UNCHANGED, f"moved {moved}, within its numerical error")
    change, why = _nearer(pair, before, after, level)
    reason = f"moved {moved}, more than its numerical error {brief(error)}: {why}"
    return Row(claim, base.label, "curve", change, reason, base=float(old[at]), head=float(new[at]))


def _nearer(pair: Pair | None, before: Mapping[float, float], after: Mapping[float, float], level: float) -> tuple[
    Change, str
]:  # fmt: skip
    """Let the measurements say which of two curves they are nearer to, in their mean over x."""
    undecided = Change.INCONCLUSIVE, "one of the two is wrong, and nothing here says which"
    x = [] if pair is None else [v for v in pair.x.tolist() if v in before and v in after]
    if pair is None or len(x) < LEAST_X:
        return undecided
    grid = np.array(x)
    logs = np.log([before[v] for v in x]), np.log([after[v] for v in x])
    try:
        difference, total = deviation(pair, level_weights(len(x)), grid, logs)
    except InconclusiveError:
        return undecided
    if max(difference.p_value, total.p_value) > level:
        return undecided
    if difference.value * total.value < 0:
        return Change.IMPROVED, "the measurements are nearer to the new one"
    return Change.REGRESSED, "the measurements are nearer to the old one"


def limit_tests(base: Half, head: Half) -> Iterator[Test]:
    """Yield what a curve tends to, where that moved: extrapolated exponents and constants with their error bounds."""
    for old, new in _matched(base, head):
        if old["comparison"] != "curve-law" or old["quantity"] == "bound" or old["estimate"] == new["estimate"]:
            continue
        found = [_bounded(row) for row in (old, new)]
        if found[0] is None or found[1] is None:
            continue
        yield _held(old, new, found[0], found[1], LAW, str(head.known["law"]["direction"]), f"limit {old['quantity']}")


def estimate_tests(base: Half, head: Half) -> Iterator[Test]:
    """Yield slopes, levels and bounds from two documents, where there are no replicates to be paired.

    InconclusiveError where a bound cannot be compared at any x.
    """
    for old, new in _matched(base, head):
        if old["comparison"] == "curve-law":
            continue
        if old["quantity"] == "bound":
            yield from _bound_tests(old, new, base, head)
            continue
        found = [_noisy(row) for row in (old, new)]
        if found[0] is None or found[1] is None:
            continue
        against = CURVE if old["comparison"] == "experiment-curve" else LAW
        direction = "sharp" if against == CURVE else str(head.known["law"]["direction"])
        yield _held(old, new, found[0], found[1], against, direction, str(old["quantity"]))


def law_row(claim: str, base: Half, head: Half) -> Row | None:
    """Compare what the law predicts; None where it predicts the same."""
    moved = [_law_text(half) for half in (base, head)]
    if moved[0] != moved[1]:
        reason = f"the law was {moved[0]} and is {moved[1]}; which of them is right is for a reader to say"
        return Row(claim, base.label, "law", Change.INCONCLUSIVE, reason)
    for old, new in _matched(base, head):
        if not _close(old["predicted"], new["predicted"]):
            reason = (
                f"the prediction of {_name(old)} was {number(old['predicted'])} and is {number(new['predicted'])};"
                " which of them is right is for a reader to say"
            )
            return Row(claim, base.label, "law", Change.INCONCLUSIVE, reason, base=old["predicted"],
                       head=new["predicted"])  # fmt: skip
    before, after = base.points("law", *ALL), head.points("law", *ALL)
    apart = [x for x in sorted(before.keys() & after.keys()) if not _close(before[x], after[x])]
    if apart:
        reason = f"the law's value at x = {brief(apart[0])} was {before[apart[0]]:.6g} and is {after[apart[0]]:.6g}"
        return Row(claim, base.label, "law", Change.INCONCLUSIVE, reason, base=before[apart[0]], head=after[apart[0]])
    return None


def outcome_row(claim: str, base: Record, head: Record, pairs: list[tuple[Half, Half]]) -> Row:
    """Compare what a claim came to, and every result of it: consistent → refuted is a regression, the reverse not."""
    alone = any(_controlled(before) != _controlled(after) for before, after in pairs)
    old, new = (_uncontrolled(side, claim) if alone else str(side["claims"][claim]) for side in (base, head))
    steps = [(_step(old, new), f"{old} → {new}" if old != new else old)]
    for halves in pairs:
        where = f" ({halves[0].label})" if halves[0].label else ""
        for before, after in _matched(*halves):
            told = f"{_name(before)}{where} {before['outcome']} → {after['outcome']}: {after['reason']}"
            steps.append((_step(before["outcome"], after["outcome"]), told))
    if old == new == "error":
        because = next((row["reason"] for row in head["results"] if row["claim"] == claim), "")
        return Row(claim, "", "outcome", Change.INCONCLUSIVE, f"an error on both sides: {because}")
    change = worst(step for step, _ in steps)
    said = [steps[0][1], *(told for step, told in steps[1:] if step is change and step is not Change.UNCHANGED)]
    return Row(claim, "", "outcome", change, "; ".join(said[:2]))


def notes(claim: str, base: Half, head: Half) -> Iterator[str]:
    """Yield what was made easier: wider margins, and checks that are gone."""
    where = f"{claim}{f' ({base.label})' if base.label else ''}"
    for old, new in _matched(base, head):
        if new["margin"] > old["margin"] * (1 + _SAME):
            yield f"{where}: the margin of {_name(old)} was {brief(old['margin'])} and is {brief(new['margin'])}"
    kept = {_name(row) for row in head.results}
    for row in base.results:
        if _name(row) not in kept:
            yield f"{where}: {_name(row)} is no longer checked"


def _controlled(half: Half) -> bool:
    return any(row["controls"] for row in half.results)


def _uncontrolled(side: Record, claim: str) -> str:
    """Return what a claim came to without its controls, which can only have made a consistent one inconclusive."""
    said = str(side["claims"][claim])
    rows = [row for row in side["results"] if row["claim"] == claim]
    if said != Outcome.INCONCLUSIVE or worst_outcome(Outcome(row["outcome"]) for row in rows) is not Outcome.CONSISTENT:
        return said
    judged = [row for row in rows if row["outcome"] == Outcome.CONSISTENT]
    measured = side["catalogue"][claim]["experiment"] is None or any(r["comparison"] != "curve-law" for r in judged)
    return str(Outcome.CONSISTENT) if measured else said


def _held(
    old: Record, new: Record, base: Estimate, head: Estimate, against: str, direction: str, quantity: str
) -> Test:  # fmt: skip
    both = independent(base, head, sign=-1.0)
    expected = float(old["predicted"] or 0.0) + float(new["predicted"] or 0.0)
    moved = float(new["predicted"] or 0.0) - float(old["predicted"] or 0.0)
    return Test(
        quantity, against, direction, base.value, head.value, independent(base, head, sign=1.0), both.less(expected),
        min(float(old["margin"]), float(new["margin"])), replicates=min(int(old["replicates"]), int(new["replicates"])),
        largest=np.inf, moved=moved,
    )  # fmt: skip


def _bound_tests(old: Record, new: Record, base: Half, head: Half) -> Iterator[Test]:
    """Yield the log of measured/bound at every x that both have, from the means and their standard errors."""
    against = CURVE if old["comparison"] == "experiment-curve" else LAW
    halves = (base, old), (head, new)
    bounds = [half.points(against, str(old["comparison"])) for half, _ in halves]
    logs = [_log_means(half, row) for half, row in halves]
    common = sorted(bounds[0].keys() & bounds[1].keys() & logs[0].keys() & logs[1].keys())
    if not common and (old["points"] or new["points"]):
        raise InconclusiveError("base and head have no x in common at which both have a positive mean and a bound")
    for x in common:
        one, other = logs[0][x], logs[1][x]
        limits = [float(np.log(found[x])) for found in bounds]
        yield Test(
            "bound", against, str(head.known["law"]["direction"]), one.value - limits[0], other.value - limits[0],
            independent(one, other, sign=1.0), independent(one, other, sign=-1.0).less(sum(limits)),
            min(float(old["margin"]), float(new["margin"])), replicates=min(one.replicates, other.replicates),
            largest=np.inf, x=x, moved=limits[1] - limits[0],
        )  # fmt: skip


def _log_means(half: Half, row: Record) -> dict[float, Estimate]:
    """Return the log of every positive mean by x, its standard error that of the mean, relative to it."""
    count, numeric = int(row["replicates"]), half.numerical_error or 0.0
    return {
        p["x"]: Estimate(float(np.log(p["mean"])), p["standard_error"] / p["mean"], count - 1, 0.0, count)
        if p["standard_error"] is not None and count > 1
        else Estimate(float(np.log(p["mean"])), numeric=numeric, replicates=count)
        for p in row["points"]
        if p["mean"] is not None and p["mean"] > 0
    }


def _bounded(row: Record) -> Estimate | None:
    """Return an estimate without noise; the interval is its error bound."""
    ends = row["interval"]
    if row["estimate"] is None or ends is None or None in ends:
        return None
    return Estimate(float(row["estimate"]), numeric=float(ends[1] - ends[0]) / 2)


def _noisy(row: Record) -> Estimate | None:
    """Return an estimate with the standard error that its interval was made of."""
    found, replicates = _bounded(row), int(row["replicates"])
    if found is None or replicates < 2:
        return found
    error = found.numeric / quantile(float(row["alpha"]), replicates - 1)
    return Estimate(found.value, error, replicates - 1, replicates=replicates)


def _matched(base: Half, head: Half) -> Iterator[tuple[Any, Any]]:
    found = {_name(row): row for row in head.results}
    for row in base.results:
        if _name(row) in found:
            yield row, found[_name(row)]


def _name(row: Record) -> str:
    return f"{row['comparison']} {row['quantity']}"


def _law_text(half: Half) -> str:
    law = half.known["law"]
    return f"{law['direction']}, {law['form']}"


def _step(old: str, new: str) -> Change:
    """Return what a change of outcome is: to a bad one a regression, from a bad one to a good one the reverse."""
    before, after = _BADNESS[old], _BADNESS[new]
    if before == after:
        return Change.UNCHANGED
    if after > before:
        return Change.REGRESSED if after > 1 else Change.INCONCLUSIVE
    return Change.IMPROVED if after == 0 else Change.INCONCLUSIVE


def _close(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return True  # nothing was judged on one side, which is an outcome
    return abs(new - old) <= _SAME * max(abs(old), abs(new))
