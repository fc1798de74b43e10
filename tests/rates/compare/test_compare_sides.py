"""What two sides share, what carries no noise, and what cannot be compared."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from synthetic_sides import (
    CURVE,
    CURVE_VALUES,
    FAR,
    GRID,
    LEVEL,
    NOISE,
    X,
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

from rates.claim import Check, Margin
from rates.compare import Change, CompareError, Rules, Side, compare_sides
from rates.compare.document import schema, to_json
from rates.law import Law
from rates.result import Outcome


def test_new_and_gone_are_said_and_are_not_red():
    base = joined(side(Y), side(Y, claim="old"))
    head = joined(side(Y), side(Y, claim="young"))
    changes = compare_sides(base, head)
    assert changes.claims == {
        "memory:synthetic": Change.UNCHANGED, "memory:young": Change.NEW, "memory:old": Change.GONE,
    }  # fmt: skip
    assert changes.exit_code == 0


def test_nothing_in_common_is_an_error():
    with pytest.raises(CompareError, match=r"nothing was compared.*\(1 new, 1 gone\)"):
        compare_sides(side(Y, claim="old"), side(Y, claim="young"))
    with pytest.raises(CompareError, match="neither base nor base has a claim"):
        compare_sides(side(Y).only(["ntk"]), side(Y).only(["ntk"]))


def test_a_claim_that_failed_on_both_sides_was_not_compared():
    broken = side(Y, outcome=Outcome.ERROR)
    rows_without = [{**row, "estimate": None, "interval": None, "points": []} for row in broken.document["results"]]
    broken = Side("base", {**broken.document, "results": rows_without})
    with pytest.raises(CompareError, match="nothing was compared"):
        compare_sides(broken, broken)
    among = compare_sides(joined(side(Y, claim="fine"), broken), joined(side(Y, claim="fine"), broken))
    assert among.claims["memory:synthetic"] is Change.INCONCLUSIVE
    assert "an error on both sides" in among.rows[1].reason or "an error on both sides" in among.rows[-1].reason


@pytest.mark.parametrize(
    ("before", "after", "code", "change"),
    [
        (Outcome.CONSISTENT, Outcome.REFUTED, 1, Change.REGRESSED),
        (Outcome.CONSISTENT, Outcome.ERROR, 1, Change.REGRESSED),
        (Outcome.INCONCLUSIVE, Outcome.INVALID, 1, Change.REGRESSED),
        (Outcome.REFUTED, Outcome.ERROR, 1, Change.REGRESSED),
        (Outcome.CONSISTENT, Outcome.INCONCLUSIVE, 3, Change.INCONCLUSIVE),
        (Outcome.REFUTED, Outcome.INCONCLUSIVE, 3, Change.INCONCLUSIVE),
        (Outcome.REFUTED, Outcome.CONSISTENT, 0, Change.IMPROVED),
        (Outcome.INCONCLUSIVE, Outcome.CONSISTENT, 0, Change.IMPROVED),
    ],
)
def test_a_changed_outcome_counts_by_itself(before, after, code, change):
    changes = compare_sides(side(Y, outcome=before), side(Y, outcome=after))
    assert (one(changes, "outcome").change, changes.exit_code) == (change, code)
    assert f"{before} → {after}" in one(changes, "outcome").reason


def test_only_replicates_and_x_that_both_have_are_paired():
    longer = np.concatenate([Y, power(noise(10, seed=8))])
    changes = compare_sides(side(Y), side(longer))
    assert one(changes, "values").identical
    assert changes.notes == ("memory:synthetic: base has 20 replicates and head 30; the 20 that both have are paired",)
    quiet = power(noise(20, cv=0.02))
    fewer = compare_sides(side(quiet), side(quiet[:, :3], x=X[:3]))
    assert "only the 3 x that both have are compared" in fewer.notes[0]
    assert fewer.exit_code == 0
    two = one(compare_sides(side(Y), side(Y[:, 4:], x=(X[4], X[5], 5e5))), "values")
    assert (two.change, two.reason) == (Change.INCONCLUSIVE, "base and head share 2 x, fewer than three")


def test_another_seed_is_compared_without_pairing():
    changes = compare_sides(side(Y), replace_seed(side(Y), 5))
    assert any("without pairing" in note for note in changes.notes)
    row = one(changes, "slope")
    assert (row.paired, row.correlation, row.difference) == (False, None, 0.0)
    far = compare_sides(side(Y), replace_seed(side(power(noise(20, seed=4), -0.4)), 5))
    assert one(far, "slope").change is Change.REGRESSED


def without_replicates(one_side):
    return Side("file.json", one_side.document)


def test_a_document_without_replicates_is_compared_by_its_estimates():
    same = compare_sides(without_replicates(side(Y)), side(Y))
    assert (same.exit_code, same.family) == (0, 0)
    assert "file.json holds no replicates" in same.notes[0]
    far = compare_sides(without_replicates(side(Y)), side(power(nearly(NOISE), -0.4)))
    slope = one(far, "slope")
    assert (slope.change, slope.paired) == (Change.REGRESSED, False)
    assert slope.base == pytest.approx(-1, abs=0.1)
    near = compare_sides(without_replicates(side(Y)), side(power(nearly(NOISE), -0.98)))
    assert one(near, "slope").change is Change.INCONCLUSIVE


def test_the_standard_error_is_read_back_from_the_interval():
    base, head = side(Y), replace_seed(side(power(noise(20, seed=4))), 1)
    read = one(compare_sides(without_replicates(base), head), "slope")
    exact = one(compare_sides(base, head), "slope")
    assert read.p_value == pytest.approx(exact.p_value, rel=1e-6)


def test_a_control_variate_takes_its_noise_out():
    """y = mean · (1 + c) with a variate c that explains nearly all of it: found with the mean, not found without."""
    c = noise(20, cv=0.3, seed=11)
    shares = [noise(20, cv=0.002, seed=12), noise(20, cv=0.002, seed=13)]
    y = [np.stack([512 / GRID * (1 + c * a + e) * g, c], axis=2)
         for a, e, g in ((1.0, shares[0], 1.0), (0.5, shares[1], (GRID / 512) ** 0.02))]  # fmt: skip
    given = {"variate": np.zeros(7)}
    found = compare_sides(side(y[0], **given), side(y[1], **given))
    assert one(found, "slope").change is Change.REGRESSED
    assert one(found, "slope").difference == pytest.approx(0.02, abs=0.005)
    plain = side(y[1], **given)
    catalogue = json.loads(json.dumps(plain.document["catalogue"]))
    catalogue["memory:synthetic"]["experiment"].pop("control_mean", None)
    plain = Side("head", {**plain.document, "catalogue": catalogue}, plain.values)
    without = compare_sides(side(y[0], **given), plain)
    assert one(without, "slope").change is Change.UNCHANGED
    widths = [np.ptp(one(changes, "slope").interval) for changes in (found, without)]
    assert widths[1] > 10 * widths[0]
    assert any("plain means are compared" in note for note in without.notes)


def test_runs_that_never_arrived_make_it_inconclusive():
    late = Y.copy()
    late[3, 6] = np.inf
    changes = compare_sides(side(Y), side(late))
    assert (one(changes, "values").change, changes.exit_code) == (Change.INCONCLUSIVE, 3)
    assert "0 values of base and 1 of head are infinite" in one(changes, "values").reason
    assert one(compare_sides(side(late), side(late)), "values").identical


def test_one_replicate_has_no_error_bar():
    two = side(Y)
    one_replicate = Side("head", two.document, {"memory:synthetic": {"": replace(
        two.values["memory:synthetic"][""], y=1.1 * two.values["memory:synthetic"][""].y[:1])}})  # fmt: skip
    changes = compare_sides(two, one_replicate)
    assert "one common replicate has no error bar" in one(changes, "values").reason


def test_a_mean_that_is_not_positive_is_inconclusive():
    zero = Y.copy()
    zero[:, 2] = 0.0
    changes = compare_sides(side(Y), side(zero))
    assert changes.exit_code == 3
    assert any("is not positive" in row.reason for row in changes.rows)


@pytest.mark.parametrize(
    ("step", "code", "says"),
    [(0.0, 0, "the same bits"), (1e-8, 0, "the same within their numerical errors"), (1e-3, 1, "farther from the law")],
)
def test_a_deterministic_experiment_changes_by_more_than_its_numerical_errors(step, code, says):
    given = {"numerical_error": 1e-7, "checks": LEVEL, "constant": "512"}
    base = power(np.zeros((1, 7)), scale=1.0005)
    changes = compare_sides(side(base, **given), side(base * (1 + step), **given))
    assert (changes.exit_code, changes.family) == (code, 0)
    assert any(says in row.reason for row in changes.rows)


def test_a_deterministic_value_off_at_one_x_is_said_though_slope_and_level_stay():
    given = {"numerical_error": 1e-7, "checks": (Check("experiment-law", "level", Margin(0.1)),), "constant": "512"}
    base = power(np.zeros((1, 7)))
    bent = base.copy()
    bent[0, [2, 3, 4]] *= 1 + np.array([1e-5, -2e-5, 1e-5])
    changes = compare_sides(side(base, **given), side(bent, **given))
    assert one(changes, "values").change is Change.INCONCLUSIVE
    assert "at x = 512, more than both numerical errors" in one(changes, "values").reason


def test_the_same_numbers_on_another_device_agree_or_do_not():
    other = {"device": "cuda", "dtype": "float32"}
    small = noise(50, cv=0.05)
    changes = compare_sides(side(power(small)), side(power(small) * (1 + 2e-3), **other))
    assert changes.exit_code == 0
    assert "agree within" in one(changes, "level").reason
    assert any("what is shown is whether they agree" in note for note in changes.notes)
    apart = compare_sides(side(power(small)), side(1.5 * power(small), **other))
    assert one(apart, "level").change is Change.REGRESSED


def test_the_approach_to_a_plateau_is_that_of_the_distance_to_its_limit():
    law = Law.plateau("x", "2", approach="-1")
    small = noise(20, cv=0.02)
    base, head = (2 + power(n, slope, 0.1) for n, slope in ((small, -1.0), (nearly(small, 0.999), -0.8)))
    slope = one(compare_sides(side(base, law=law), side(head, law=law)), "slope")
    assert (slope.change, slope.against) == (Change.REGRESSED, "law")
    assert (slope.base, slope.head) == (pytest.approx(-1, abs=0.02), pytest.approx(-0.8, abs=0.02))


def test_an_exponential_law_has_its_slope_in_x():
    law = Law.exponential("t", "-1/500", direction="upper")
    base, head = (np.exp(-GRID * rate + noise(20, cv=0.02)) for rate in (1 / 500, 1 / 510))
    given = {"law": law, "checks": (Check("experiment-law", "slope", Margin(1e-4)),)}
    slope = one(compare_sides(side(base, **given), side(head, **given)), "slope")
    assert (slope.change, slope.base) == (Change.REGRESSED, pytest.approx(-1 / 500, rel=0.01))
    assert slope.difference == pytest.approx(1 / 500 - 1 / 510, rel=1e-6)


def test_a_curve_that_moved_is_told_by_the_measurements():
    small = noise(100, cv=0.05)
    given = {"checks": CURVE}
    right, wrong = CURVE_VALUES, 1.3 * CURVE_VALUES
    better = compare_sides(side(power(small), curve=wrong, **given), side(power(small), curve=right, **given))
    assert one(better, "curve").change is Change.IMPROVED
    worse = compare_sides(side(power(small), curve=right, **given), side(power(small), curve=wrong, **given))
    assert (one(worse, "curve").change, worse.exit_code) == (Change.REGRESSED, 1)
    near = compare_sides(
        side(power(small), curve=right, **given), side(power(small), curve=right * (1 + 1e-4), **given)
    )
    assert (one(near, "curve").change, near.exit_code) == (Change.INCONCLUSIVE, 3)
    within = compare_sides(
        side(power(small), curve=right, **given), side(power(small), curve=right * (1 + 1e-6), **given)
    )
    assert one(within, "curve").change is Change.UNCHANGED


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(-1.0, -1.005, Change.REGRESSED), (-1.1, -1.02, Change.IMPROVED), (-1.0, -1.0, None)],
)
def test_what_a_curve_tends_to_is_compared_with_its_error(before, after, change):
    checks = (Check("curve-law", "slope", Margin(0.01), x=FAR), *CURVE)
    given = {"checks": checks, "curve": CURVE_VALUES}
    changes = compare_sides(side(Y, far_slope=before, **given), side(Y, far_slope=after, **given))
    assert [row.change for row in rows(changes, "limit slope")] == ([] if change is None else [change])


def test_a_law_that_changed_is_for_a_reader_to_judge():
    changes = compare_sides(side(Y), side(Y, law="-9/8"))
    assert one(changes, "law").change is Change.INCONCLUSIVE
    assert "was −1.000 and is −1.125" in one(changes, "law").reason
    softer = compare_sides(side(Y), side(Y, direction="upper"))
    assert "the law was sharp, power and is upper, power" in one(softer, "law").reason


def test_wider_margins_and_checks_that_are_gone_are_noted():
    wide = (Check("experiment-law", "slope", Margin(0.2)),)
    changes = compare_sides(side(Y), side(Y, checks=wide))
    assert changes.notes == ("memory:synthetic: the margin of experiment-law slope was 0.1 and is 0.2",)
    given = {"checks": CURVE, "curve": CURVE_VALUES}
    fewer = compare_sides(side(Y, **given), side(Y, checks=CURVE[:1], curve=CURVE_VALUES))
    assert fewer.notes == ("memory:synthetic: experiment-curve slope is no longer checked",)


def test_the_document_is_valid_and_holds_no_nan():
    head = joined(side(power(nearly(NOISE), slope=-0.95)), side(Y, claim="young"))
    changes = compare_sides(side(Y), head)
    document = json.loads(json.dumps(to_json(changes), allow_nan=False))
    jsonschema.Draft202012Validator(schema()).validate(document)
    assert document["exit_code"] == 1
    assert document["claims"]["memory:young"] == "new"
    with pytest.raises(CompareError, match="difference is nan"):
        to_json(replace(changes, rows=(replace(changes.rows[1], difference=float("nan")),)))


@pytest.mark.parametrize(
    ("rules", "says"),
    [({"level": 0.7}, "the level must lie"), ({"tolerance": 0.0}, "the tolerance is a share"),
     ({"rounding": -1.0}, "the rounding is a relative difference")],
)  # fmt: skip
def test_rules_out_of_range_are_refused(rules, says):
    with pytest.raises(CompareError, match=says):
        Rules(**rules)


def test_a_changed_mean_of_a_control_variate_is_seen_though_the_values_are_the_same_bits():
    c = noise(20, cv=0.3, seed=11)
    y = np.stack([512 / GRID * (1 + c + noise(20, cv=0.002, seed=12)), c], axis=2)
    changes = compare_sides(side(y, variate=np.zeros(7)), side(y, variate=np.full(7, 0.3)))
    assert one(changes, "values").identical
    assert one(changes, "level").change is Change.REGRESSED
    assert one(changes, "level").difference == pytest.approx(np.log(1.3), abs=0.02)
    assert changes.exit_code == 1


def with_controls(one_side, outcome):
    control = {"name": "wrong", "expected": "refuted", "as_expected": outcome is Outcome.CONSISTENT}
    results = [{**row, "controls": [control]} for row in one_side.document["results"]]
    claims = {claim: str(outcome) for claim in one_side.document["claims"]}
    return Side(one_side.name, {**one_side.document, "results": results, "claims": claims}, one_side.values)


def test_controls_that_one_side_does_not_have_are_no_change():
    checked = with_controls(side(Y), Outcome.INCONCLUSIVE)
    for base, head in ((checked, side(Y)), (side(Y), checked)):
        assert one(compare_sides(base, head), "outcome").change is Change.UNCHANGED
    both = compare_sides(with_controls(side(Y), Outcome.CONSISTENT), checked)
    assert one(both, "outcome").change is Change.INCONCLUSIVE


@pytest.mark.parametrize(("factor", "expected"), [(1.1, Change.IMPROVED), (0.9, Change.REGRESSED)])
def test_better_or_worse_is_by_the_distance_of_each_side_to_its_own_curve(factor, expected):
    """Level and curve move up together: what counts is whether they end closer."""
    small = noise(100, cv=0.05)
    base = side(power(small, scale=1.2), checks=CURVE, curve=CURVE_VALUES)
    head = side(power(nearly(small, 0.999), scale=1.3), checks=CURVE, curve=1.2 * factor * CURVE_VALUES)
    assert one(compare_sides(base, head), "level").change is expected


def test_a_bound_with_a_margin_of_0_can_be_decided():
    given = {"checks": (Check("experiment-law", "bound", Margin(0.0)),), "direction": "upper", "constant": "2000"}
    many = [side(power(noise(2000, cv=0.02, seed=k)), **given) for k in (0, 5)]
    changes = compare_sides(*many)
    assert {row.change for row in rows(changes, "bound")} == {Change.UNCHANGED}
    assert {row.tolerance for row in rows(changes, "bound")} == {0.01}
    few = [side(power(noise(20, cv=0.1, seed=k)), **given) for k in (0, 5)]
    assert any("replicates would decide" in row.reason for row in rows(compare_sides(*few), "bound"))


def test_a_margin_of_0_is_not_promised_to_be_decided():
    exact = (Check("experiment-law", "slope", Margin(0.0)),)
    changes = compare_sides(side(Y, checks=exact), side(power(noise(20, seed=5)), checks=exact))
    assert one(changes, "slope").reason.endswith("no number of replicates decides at a margin of 0")
