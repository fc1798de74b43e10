"""From tests to rows: better, worse, the same within a tolerance, or not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rates.compare.changes import Change, Row
from rates.compare.quantities import Test
from rates.holm import rejections
from rates.planning import required_replicates
from rates.report.wording import brief, number

# A change of a slope or level that is certain but below this share of the margin is one of arithmetic.
NEGLIGIBLE = 1e-3
# What the tolerance of a bound is a share of at the least, in log y: a share of a margin of 0 is never reached.
LEAST_BOUND_MARGIN = 0.02
_POWER = 0.9


@dataclass(frozen=True)
class Named:
    """A test with its claim and case. `elsewhere`: measured on another device or in another precision.

    `rounding` is the difference of a replicate that counts as none.
    """

    claim: str
    case: str
    test: Test
    elsewhere: bool = False
    rounding: float = 0.0


def decide(named: Sequence[Named], level: float, share: float) -> tuple[list[Row], int]:
    """Return a row a test, and how many shared the family-wise level by Holm's procedure.

    `share` of a check's margin is the tolerance: a change that is shown to be smaller is none.
    """
    family = [i for i, item in enumerate(named) if _is_tested(item)]
    p_values = [named[i].test.difference.p_value for i in family]
    outcomes = dict(zip(family, rejections(p_values, level), strict=True))
    rows = []
    for index, item in enumerate(named):
        rejected, own = outcomes.get(index, (item.test.difference.p_value < level, level))
        rows.append(_row(item, rejected, own, share))
    return rows, len(family)


def _is_tested(item: Named) -> bool:
    return item.test.statistical and item.test.largest > item.rounding


def _row(item: Named, rejected: bool, level: float, share: float) -> Row:
    test = item.test
    tolerance = share * (max(test.margin, LEAST_BOUND_MARGIN) if test.quantity == "bound" else test.margin)
    interval = test.difference.interval(level)
    if test.largest <= item.rounding:
        change, reason = Change.UNCHANGED, "the same but for rounding, in every replicate"
    else:
        change, reason = _decided(item, rejected, level, tolerance)
    tested = test.statistical
    return Row(
        item.claim, item.case, test.quantity, change, f"{_at(test)}{reason}", test.against, test.base, test.head,
        test.difference.value, interval, test.difference.p_value if tested else None, level if tested else None,
        tolerance, test.paired, test.correlation, test.replicates,
    )  # fmt: skip


def _decided(item: Named, rejected: bool, level: float, tolerance: float) -> tuple[Change, str]:
    test = item.test
    half = test.difference.half_width(level)
    furthest = abs(test.difference.value) + half
    told = f"{_by(test)} [{_ends(test, level)}]"
    if rejected and furthest <= NEGLIGIBLE * test.margin:
        return Change.UNCHANGED, f"{told}: certain, and less than a thousandth of the margin {brief(test.margin)}"
    if item.elsewhere and furthest <= tolerance:
        return Change.UNCHANGED, f"agree within ±{brief(tolerance)}: {told}"
    if rejected:
        change, why = _better_or_worse(test, level)
        return change, f"{told}{_certainty(test)}, {why}"
    if furthest <= tolerance:
        return Change.UNCHANGED, f"no change beyond ±{brief(tolerance)}: {told}"
    enough = _needed(test, level, tolerance) if test.statistical else "smaller numerical errors would decide"
    return Change.INCONCLUSIVE, f"{told} is neither apart from zero nor within ±{brief(tolerance)}; {enough}"


def _better_or_worse(test: Test, level: float) -> tuple[Change, str]:
    """Return what a change that is certain is: by its sign under a bound, else by which side is nearer to what is held.

    A change of something sharp that is not shown to be for the better is for the worse.
    """
    if test.direction != "sharp":
        worse = (test.difference.value > 0) == (test.direction == "upper")
        sense = "up" if test.direction == "upper" else "down"
        return (Change.REGRESSED if worse else Change.IMPROVED), f"and {sense} is for the worse under this bound"
    if test.total is None:
        return Change.REGRESSED, "and neither a curve nor a law says that it is for the better"
    name = f"the {test.against}"
    change, total = test.deviation, test.total
    if any(low <= 0 <= high for low, high in (change.interval(level), total.interval(level))):
        return Change.REGRESSED, f"and nothing shows that it came nearer to {name}"
    nearer = change.value * total.value < 0
    side = f"{'nearer to' if nearer else 'farther from'} {name}"
    return (Change.IMPROVED if nearer else Change.REGRESSED), side


def _by(test: Test) -> str:
    """Say how far something moved, with the digits that its margin or the change itself makes meaningful."""
    value = test.difference.value
    return f"{'up' if value > 0 else 'down'} by {_digits(abs(value), test)}" if value else "by 0"


def _ends(test: Test, level: float) -> str:
    return ", ".join(_digits(end, test) for end in test.difference.interval(level))


def _digits(value: float, test: Test) -> str:
    return number(value, min(test.margin, abs(test.difference.value)) or None)


def _certainty(test: Test) -> str:
    share = f"{brief(round(100 * abs(test.difference.value) / test.margin, 1))} % of the margin" if test.margin else ""
    p = test.difference.p_value
    noise = "" if not test.statistical else f"p = {brief(p)}" if p > 0 else "without any noise"
    said = ", ".join(part for part in (noise, share) if part)
    return f" ({said})" if said else ""


def _at(test: Test) -> str:
    return "" if test.x is None else f"at x = {brief(test.x)}: "


def _needed(test: Test, level: float, tolerance: float) -> str:
    """Say how many replicates would show that the change is below the tolerance, if it is what it seems to be."""
    if not tolerance:
        return "no number of replicates decides at a margin of 0"
    room = tolerance - abs(test.difference.value)
    if room < 0.05 * tolerance:
        return "more replicates would decide"
    try:
        count = required_replicates(test.difference.sd, room, level / 2, power=_POWER, direction="upper")
    except ValueError:
        return "no reachable number of replicates would decide"
    return f"about {max(count, test.replicates + 1):,} replicates would decide"
