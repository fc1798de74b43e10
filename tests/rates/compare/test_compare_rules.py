"""How a change of slope or level is decided: rounding, pairs, directions, tolerance and level."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ttest_rel
from synthetic_sides import (
    CURVE,
    CURVE_VALUES,
    GRID,
    LEVEL,
    NOISE,
    SLOPE,
    Y,
    joined,
    nearly,
    noise,
    one,
    power,
    replace_seed,
    rows,
    side,
)

from rates.compare import Change, Rules, compare_sides
from rates.slope import Mean, pseudo_values, slope_weights


def test_the_same_bits_are_unchanged_without_statistics():
    changes = compare_sides(side(Y), side(Y))
    assert (changes.exit_code, changes.family) == (0, 0)
    assert one(changes, "values").identical
    assert {row.change for row in changes.rows} == {Change.UNCHANGED}
    assert {row.p_value for row in changes.rows} == {None}


def test_sums_in_another_order_are_rounding():
    changes = compare_sides(side(Y), side(Y * (1 + 1e-13 * noise(20, seed=1))))
    assert (changes.exit_code, changes.family) == (0, 0)
    row = one(changes, "values")
    assert not row.identical
    assert "the same within rounding" in row.reason
    assert 0 < row.difference < 1e-12


def test_a_slope_change_of_002_is_found_by_pairing():
    y = power(nearly(NOISE), slope=-0.98)
    changes = compare_sides(side(Y), side(y))
    slope = one(changes, "slope")
    assert (slope.change, changes.exit_code, changes.family) == (Change.REGRESSED, 1, 2)
    weights = slope_weights(GRID)
    base, head = (pseudo_values(v[..., np.newaxis], Mean(), GRID) @ weights for v in (Y, y))
    assert slope.p_value == pytest.approx(ttest_rel(head, base).pvalue, rel=1e-9)
    assert slope.difference == pytest.approx(np.mean(head - base))
    assert slope.correlation == pytest.approx(np.corrcoef(base, head)[0, 1])
    assert slope.interval[0] <= 0.02 <= slope.interval[1]
    assert one(changes, "level").change is not Change.REGRESSED
    assert {r.change for r in rows(compare_sides(side(Y), replace_seed(side(y), 1)), "slope")} == {Change.INCONCLUSIVE}


@pytest.mark.parametrize("moved", ["slope", "level"])
@pytest.mark.parametrize(
    ("direction", "up", "down"),
    [("upper", Change.REGRESSED, Change.IMPROVED), ("lower", Change.IMPROVED, Change.REGRESSED)],
)
def test_under_a_bound_the_sign_tells_better_from_worse(direction, up, down, moved):
    """A law of slope −0.5 and y = x^−1: far inside an upper bound, far outside a lower one."""
    base = side(Y, law="-1/2", direction=direction)
    for step, expected in ((0.1, up), (-0.1, down)):
        change = {"slope": -1 + step} if moved == "slope" else {"scale": np.exp(step)}
        changes = compare_sides(base, side(power(nearly(NOISE, 0.999), **change), law="-1/2", direction=direction))
        assert one(changes, moved).change is expected
        assert "for the worse under this bound" in one(changes, moved).reason
        assert changes.exit_code == (1 if expected is Change.REGRESSED else 0)


@pytest.mark.parametrize(
    ("before", "after", "expected", "says"),
    [
        (-0.80, -0.95, Change.IMPROVED, "nearer to the law"),
        (-1.20, -1.05, Change.IMPROVED, "nearer to the law"),
        (-1.05, -1.20, Change.REGRESSED, "farther from the law"),
        (-0.95, -0.80, Change.REGRESSED, "farther from the law"),
        (-0.97, -1.03, Change.REGRESSED, "nothing shows that it came nearer to the law"),
    ],
)
def test_under_a_sharp_law_nearer_is_better_and_what_is_not_shown_to_be_is_worse(before, after, expected, says):
    small = noise(20, cv=0.05)
    changes = compare_sides(side(power(small, before)), side(power(nearly(small, 0.999), after)))
    row = one(changes, "slope")
    assert (row.change, row.against) == (expected, "law")
    assert says in row.reason
    assert (row.base, row.head) == (pytest.approx(before, abs=0.02), pytest.approx(after, abs=0.02))


@pytest.mark.parametrize(("factor", "expected"), [(1.3, Change.REGRESSED), (1 / 1.3, Change.IMPROVED)])
def test_a_level_is_held_against_the_curve_or_the_constant(factor, expected):
    small = noise(20, cv=0.05)
    high, far = power(small, scale=1.4), power(nearly(small, 0.999), scale=1.4 * factor)
    for given, against in (
        ({"checks": CURVE, "curve": CURVE_VALUES}, "curve"),
        ({"checks": LEVEL, "constant": "512"}, "law"),
    ):
        row = one(compare_sides(side(high, **given), side(far, **given)), "level")
        assert (row.change, row.against) == (expected, against)
        assert row.base == pytest.approx(np.log(1.4), abs=0.05)


def test_a_constant_that_nothing_predicts_changes_for_the_worse():
    for factor in (1.3, 1 / 1.3):
        changes = compare_sides(side(Y), side(power(nearly(NOISE, 0.999), scale=factor)))
        row = one(changes, "level")
        assert (row.change, row.against) == (Change.REGRESSED, "")
        assert "neither a curve nor a law says" in row.reason


def test_a_curve_makes_an_upper_bound_two_sided():
    given = {"checks": (*CURVE, *SLOPE), "curve": CURVE_VALUES, "direction": "upper"}
    changes = compare_sides(side(Y, **given), side(power(nearly(NOISE, 0.999), scale=0.8), **given))
    assert one(changes, "level").change is Change.REGRESSED


def test_no_evidence_of_a_change_is_not_a_pass_unless_the_interval_is_within_the_tolerance():
    """Draws in another order: nothing is red, and how many replicates would decide is said."""
    changes = compare_sides(side(Y), side(power(noise(20, seed=5))))
    assert changes.exit_code == 3
    assert {row.change for row in rows(changes, "slope") + rows(changes, "level")} == {Change.INCONCLUSIVE}
    assert "replicates would decide" in one(changes, "slope").reason
    assert abs(one(changes, "slope").correlation) < 0.7
    assert rows(changes, "values") == []
    many = compare_sides(side(power(noise(2000))), side(power(noise(2000, seed=5))))
    assert many.exit_code == 0
    assert "no change beyond ±0.05" in one(many, "slope").reason


def test_draws_in_another_order_are_red_no_more_often_than_the_level():
    """300 pairs of 25 independent sides at the family-wise level 10⁻³ each: 0.3 red ones, and their noise."""
    sides = [side(power(noise(10, seed=k))) for k in range(25)]
    assert sum(compare_sides(*pair).exit_code == 1 for pair in combinations(sides, 2)) <= 3


def test_the_tolerance_is_a_share_of_the_margin():
    base, head = side(power(noise(200))), side(power(noise(200, seed=5)))
    slope = one(compare_sides(base, head, Rules(tolerance=1.0)), "slope")
    assert (slope.tolerance, slope.change) == (pytest.approx(0.1), Change.UNCHANGED)
    strict = one(compare_sides(base, head, Rules(tolerance=0.1)), "slope")
    assert (strict.tolerance, strict.change) == (pytest.approx(0.01), Change.INCONCLUSIVE)


def test_the_number_of_replicates_that_is_named_decides():
    base, head = side(power(noise(30))), side(power(noise(30, seed=5)))
    reason = one(compare_sides(base, head), "slope").reason
    count = int(reason.split("about ")[1].split(" ")[0].replace(",", ""))
    decided = [
        one(compare_sides(side(power(noise(count, seed=k))), side(power(noise(count, seed=k + 1)))), "slope").change
        for k in range(0, 20, 2)
    ]
    assert decided.count(Change.UNCHANGED) >= 8


def test_a_margin_that_only_the_other_quantity_has_is_carried_over():
    """A slope that is off by 0.1 moves the ends of a window of length log 64 by 0.1 · log 64 / 2."""
    changes = compare_sides(side(Y), side(power(nearly(NOISE))))
    assert one(changes, "slope").tolerance == pytest.approx(0.05)
    assert one(changes, "level").tolerance == pytest.approx(0.05 * np.log(64) / 2)
    given = {"checks": LEVEL, "constant": "512"}
    reverse = compare_sides(side(Y, **given), side(power(nearly(NOISE)), **given))
    assert one(reverse, "slope").tolerance == pytest.approx(0.05 / (np.log(64) / 2))


def single_precision(log_noise):
    """The numbers of a sum kept in single precision: no trend, no bias, a few 10⁻⁷ off."""
    return power(log_noise) * (1 + 3e-7 * noise(len(log_noise), cv=1, seed=3))


def test_the_same_draws_with_other_numbers_are_said_though_no_slope_changed():
    changes = compare_sides(side(Y), side(single_precision(NOISE)))
    row = one(changes, "values")
    assert (row.change, changes.exit_code) == (Change.INCONCLUSIVE, 3)
    assert "the same draws give other numbers" in row.reason
    assert row.difference == pytest.approx(1e-6, rel=0.5)
    assert row.correlation > 0.999999
    assert one(changes, "slope").change is one(changes, "level").change is Change.UNCHANGED


def test_a_change_of_arithmetic_can_be_allowed():
    assert compare_sides(side(Y), side(single_precision(NOISE)), Rules(rounding=1e-5)).exit_code == 0
    stored = {"dtype": "float32"}
    assert compare_sides(side(Y, **stored), side(single_precision(NOISE), **stored)).exit_code == 0


def test_a_shift_that_is_certain_and_a_millionth_is_one_of_arithmetic():
    changes = compare_sides(side(Y), side(Y * (1 + 1e-6)))
    assert one(changes, "level").p_value < 1e-3
    assert one(changes, "level").change is Change.UNCHANGED
    assert "less than a thousandth of the margin" in one(changes, "level").reason
    assert "the same but for rounding" in one(changes, "slope").reason
    assert one(changes, "values").change is Change.INCONCLUSIVE


def test_a_factor_without_noise_is_found_and_moves_no_slope():
    changes = compare_sides(side(Y), side(1.01 * Y))
    assert (one(changes, "level").change, one(changes, "slope").change) == (Change.REGRESSED, Change.UNCHANGED)
    assert one(changes, "level").difference == pytest.approx(np.log(1.01))
    assert rows(changes, "values") == []


def test_the_level_is_shared_over_claims_by_holm():
    """A p-value between level/m and level is not enough among m claims, and is when it is alone."""
    base, head = side(Y), side(power(nearly(NOISE), slope=-0.985))
    p = one(compare_sides(base, head), "slope").p_value
    alone = Rules(level=2.5 * p)  # two tests
    assert one(compare_sides(base, head, alone), "slope").change is Change.REGRESSED
    quiet = [(side(power(noise(20, seed=k)), claim=f"c{k}"), side(power(noise(20, seed=k + 50)), claim=f"c{k}"))
             for k in range(4)]  # fmt: skip
    many = compare_sides(joined(base, *(b for b, _ in quiet)), joined(head, *(h for _, h in quiet)), alone)
    assert many.family == 10
    [row] = [row for row in rows(many, "slope") if row.claim == "memory:synthetic"]
    assert row.p_value == p
    assert row.level < p
    assert row.change is Change.UNCHANGED
