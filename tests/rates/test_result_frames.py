"""Results as tidy frames, and the way back: what was measured, judged as a table, gives the same numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiny_claims import PILOT, X, exact, power, tiny, with_curve

from rates.check import check
from rates.claim import Check, Claim, Margin
from rates.experiment import Curve, Experiment
from rates.frames import points_frame, results_frame, values_frame
from rates.judge import judge
from rates.law import Law
from rates.plan import Options
from rates.result import ClaimRun, Outcome, Result, Run


def checked(claim: Claim) -> Run:
    return check(claim, options=Options(profile="quick"))


@pytest.fixture(scope="module")
def run() -> Run:
    return checked(with_curve(cases=({"scale": 1, "cv": "1/10"}, {"scale": "3/2", "cv": "1/10"})))


def find(run: Run, comparison: str, quantity: str) -> Result:
    return next(r for r in run.results if (r.comparison, r.quantity) == (comparison, quantity))


def test_points_have_a_row_each_with_the_parameters_of_the_case_as_numbers(run):
    result = replace(run.results[-1], law=Law.power("x", "-1", constant="scale"), parameters={"scale": "3/2"})
    frame = result.to_frame()
    assert list(frame.columns) == [
        "claim", "case", "comparison", "quantity", "scale", "cv", "x", "mean", "standard_error", "curve", "law",
    ]  # fmt: skip
    assert frame["x"].tolist() == list(X)
    assert (set(frame["scale"]), set(frame["cv"]), set(frame["case"])) == ({1.5}, {0.1}, {"cv=1/10, scale=3/2"})
    assert frame["mean"].tolist() == [point.mean for point in result.points]
    np.testing.assert_allclose(frame["curve"], 1.5 / np.array(X))
    np.testing.assert_allclose(frame["law"], 1.5 / np.array(X))


def test_a_law_that_is_not_known_or_has_no_value_is_missing(run):
    result = replace(run.results[-1], law=None)
    assert points_frame(result)["law"].isna().all()
    assert points_frame(replace(result, law=Law.power("x", "-r"), parameters={}))["law"].isna().all()
    assert points_frame(replace(result, law=Law.plateau("x", "0")))["law"].isna().all()


def test_parts_of_a_curve_are_columns(run):
    points = tuple(replace(p, parts={"bias": p.x, "variance": 1.0}) for p in run.results[-1].points)
    frame = points_frame(replace(run.results[-1], points=points))
    assert frame["part_bias"].tolist() == list(X)
    assert set(frame["part_variance"]) == {1.0}


def test_a_run_has_a_row_a_result(run):
    frame = run.to_frame()
    assert len(frame) == len(run.results) == 8
    assert list(frame.columns[:4]) == ["claim", "case", "scale", "cv"]
    row, result = frame.iloc[3], run.results[3]
    for name in ("comparison", "quantity", "direction", "form", "outcome", "predicted", "estimate", "margin", "alpha",
                 "replicates", "seconds", "device", "dtype", "seed", "reason"):  # fmt: skip
        assert row[name] == getattr(result, name), name
    assert (row["low"], row["high"]) == result.interval
    assert (row["controls"], row["controls_as_expected"]) == (len(result.controls), len(result.controls))
    pd.testing.assert_frame_equal(run.claims[0].to_frame(), frame)


def test_what_was_not_estimated_is_missing_and_columns_of_numbers_stay_numbers(run):
    blank = replace(run.results[0], outcome=Outcome.ERROR, estimate=None, interval=None, predicted=None)
    frame = results_frame([replace(run.claims[0], results=(blank,))])
    assert frame[["estimate", "low", "high", "predicted"]].isna().all(axis=None)
    assert (frame["estimate"].dtype, frame["low"].dtype) == (float, float)
    empty = Run((), {}, "quick", 0, "cpu").to_frame()
    assert empty.empty
    assert {"claim", "outcome", "estimate"} <= set(empty.columns)


def test_claims_with_other_parameters_share_a_frame(run):
    other = checked(tiny(name="other", cases=({"slope": "-1"},), controls=()))
    frame = results_frame([*run.claims, *other.claims])
    assert frame.loc[frame["claim"] == "memory:other", "slope"].tolist() == [-1]
    assert frame.loc[frame["claim"] == "memory:other", "scale"].isna().all()


def test_a_parameter_that_is_called_like_a_column_is_told_apart(run):
    result = replace(run.results[-1], case={"x": "1/2", "device": "abacus"})
    assert (points_frame(result)["case_x"] == 0.5).all()
    frame = results_frame([replace(run.claims[0], results=(result,))])
    assert frame[["case_device", "device"]].values.tolist() == [["abacus", "cpu"]]


def test_controls_have_a_row_each(run):
    frame = run.controls_frame()
    expected = [c.name for r in run.results for c in r.controls]
    assert frame["name"].tolist() == expected
    assert len(expected) == 4
    assert frame["as_expected"].all()
    assert set(frame["case"]) == {"cv=1/10, scale=1"}
    assert frame.loc[frame["name"] == "doubled", "estimate"].item() == pytest.approx(np.log(2), abs=0.1)


def test_measured_values_judged_as_a_table_give_the_same_numbers(run):
    claim = run.claims[0]
    frame = claim.values_frame("cv=1/10, scale=1")
    assert list(frame.columns) == ["case", "x", "replicate", "y", "curve"]
    law = find(run, "experiment-law", "slope")
    assert len(frame) == law.replicates * len(X)
    again = judge(frame, "-1", margin=law.margin, alpha=law.alpha)
    assert (again.estimate, again.interval, again.outcome) == (law.estimate, law.interval, law.outcome)
    for quantity in ("level", "slope"):
        curve = find(run, "experiment-curve", quantity)
        again = judge(frame, "-1", quantity=quantity, curve_column="curve", margin=0.1, alpha=curve.alpha)
        assert again.estimate == pytest.approx(curve.estimate, abs=1e-14)


def test_all_cases_come_in_one_frame(run):
    frame = run.claims[0].values_frame()
    parts = [run.claims[0].values_frame(case) for case in run.claims[0].values]
    pd.testing.assert_frame_equal(frame, pd.concat(parts, ignore_index=True))
    assert frame["case"].nunique() == 2


def test_the_second_component_has_a_column_of_its_own():
    def pair(x, streams):
        y = power(x, streams)
        return np.stack([y, y / y.mean()], axis=1)

    controlled = Experiment(pair, X, estimand="control-variate", control_mean=lambda x: 1.0, pilot=PILOT)
    claim = checked(tiny(experiment=controlled, controls=())).claims[0]
    assert list(claim.values_frame().columns) == ["case", "x", "replicate", "y", "control"]
    assert claim.values_frame()["control"].mean() == pytest.approx(1)
    law = Law.separation("x", "-1", direction="sharp")
    both = checked(tiny(law=law, experiment=Experiment(pair, X, estimand="separation", pilot=PILOT), controls=()))
    frame = both.claims[0].values_frame()
    np.testing.assert_array_equal(frame["second"], both.claims[0].values[""][..., 1].ravel())


def test_values_that_are_not_there_are_refused_in_one_sentence(run):
    with pytest.raises(ValueError, match=r"no values of a case 'd=2': known are cv=1/10, scale=1; cv=1/10, scale=3/2"):
        values_frame(run.claims[0], "d=2")
    only = Claim("curve", "s.", Law.power("x", "-1"), curve=Curve(exact), checks=(
        Check("curve-law", "slope", Margin(0.1), x=(1.0, 2.0, 4.0)),))  # fmt: skip
    with pytest.raises(ValueError, match="memory:curve has no measured values"):
        checked(only).claims[0].values_frame()
    with pytest.raises(ValueError, match="has no measured values"):
        values_frame(ClaimRun("a table", None, Outcome.CONSISTENT, ()))
