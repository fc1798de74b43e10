"""The JSON document: schema 1, finite numbers only, complete enough for every page."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import jsonschema
import numpy as np
import pytest
import report_fixture

from rates.experiment import Experiment
from rates.law import Law
from rates.report import ReportError, from_json, schema, to_json, validate
from rates.result import ClaimRun, Outcome, Point, Run


def alone(claim: ClaimRun) -> Run:
    return Run((claim,), {}, "quick", 1, "cpu")


def changed(**fields: Any) -> Run:
    claim = report_fixture.outer_rate()
    return alone(replace(claim, results=(replace(claim.results[0], **fields),)))


def test_schema_is_a_valid_draft_2020_12_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_document_survives_json(document: dict[str, Any]) -> None:
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    validate(json.loads(text))


def test_document_has_the_promised_fields(document: dict[str, Any]) -> None:
    row = document["results"][0]
    promised = {"claim", "case", "comparison", "quantity", "direction", "form", "outcome", "predicted", "estimate",
                "interval", "margin", "alpha", "replicates", "points", "seconds", "device", "dtype", "seed", "reason",
                "reproduce", "controls"}  # fmt: skip
    assert promised <= row.keys()
    assert {"x", "mean", "standard_error", "curve"} <= row["points"][0].keys()
    assert document["exit_code"] == 2
    assert set(document["claims"]) == set(document["catalogue"])


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["estimate", "predicted", "margin", "seconds"])
def test_numbers_that_are_not_finite_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ReportError, match=f"{name} of meanfield/pda:outer-rate experiment-law slope is"):
        to_json(changed(**{name: value}))


def test_nan_in_an_interval_or_a_point_is_refused() -> None:
    with pytest.raises(ReportError, match="interval of meanfield"):
        to_json(changed(interval=(math.nan, 1.0)))
    with pytest.raises(ReportError, match="mean of"):
        to_json(changed(points=(Point(1.0, math.nan, None, None),)))


def test_an_error_is_reported_without_its_nan() -> None:
    broken = (Point(1.0, math.nan, None, None), Point(2.0, 1.0, None, None))
    run = changed(outcome=Outcome.ERROR, estimate=math.nan, interval=(math.nan, math.nan), points=broken)
    row = to_json(run)["results"][0]
    assert (row["estimate"], row["interval"], len(row["points"])) == (None, None, 1)


def test_one_sided_interval_has_a_null_end() -> None:
    document = to_json(changed(interval=(-math.inf, 2.7)))
    assert document["results"][0]["interval"] == [None, 2.7]


@pytest.mark.parametrize("name", ["estimate", "predicted", "interval"])
def test_consistent_needs_numbers(name: str) -> None:
    with pytest.raises(ReportError, match="meanfield/pda:outer-rate"):
        to_json(changed(**{name: None}))
    to_json(changed(**{name: None}, outcome=Outcome.INVALID))


def test_validate_names_the_place(document: dict[str, Any]) -> None:
    broken = copy.deepcopy(document)
    broken["results"][2]["outcome"] = "green"
    with pytest.raises(ReportError, match=r"ntk/averaged-sgd:excess-risk .*outcome.*green"):
        validate(broken)
    with pytest.raises(ReportError, match="schema"):
        validate({**document, "schema": 2})
    with pytest.raises(ReportError, match="not a schema-1"):
        validate([])


def test_a_claim_twice_is_refused() -> None:
    claim = report_fixture.outer_rate()
    with pytest.raises(ReportError, match="twice"):
        to_json(Run((claim, claim), {}, "quick", 1, "cpu"))


def test_exact_and_numpy_values_become_json() -> None:
    claim = report_fixture.outer_rate()
    row = replace(claim.results[0], case={"r": Fraction(3, 4), "n": np.int64(5), "s": np.float64(0.5)})
    made = replace(claim, results=(row,), claim=None)
    document = to_json(Run((made,), {"path": {1: np.float64("nan")}}, "quick", 1, "cpu"))
    assert document["results"][0]["case"] == {"r": "3/4", "n": 5, "s": 0.5}
    assert document["environment"] == {"path": {"1": "nan"}}


def test_law_is_drawn_where_it_has_a_value() -> None:
    document = to_json(alone(report_fixture.outer_rate()))
    assert [p["law"] for p in document["results"][0]["points"]] == pytest.approx([x**3 for x in (4, 8, 16, 32, 64)])
    claim = report_fixture.outer_rate()
    needing = replace(claim, claim=report_fixture.claim("rate", Law.power("n", "s")))
    assert to_json(alone(needing))["results"][0]["points"][0]["law"] is None


def test_views_say_what_is_wrong(document: dict[str, Any]) -> None:
    views = {claim.address: claim for claim in from_json(document).claims}
    assert views["besov/sparse:approximation"].reason == "cannot be told from: “dense coefficients”"
    assert views["ntk/averaged-sgd:excess-risk"].reason == ""
    assert views["ntk/averaged-sgd:excess-risk"].caught == 6
    assert views["ntk/spectrum:decay"].reason.startswith("the condition r >= 1/2")
    worst = from_json(document).worst_claim
    assert worst is not None
    assert worst.outcome is Outcome.ERROR


def test_earlier_results_are_in_the_document_and_in_the_view(run: Run, document: dict[str, Any]) -> None:
    rows = document["history"]["ntk/averaged-sgd:excess-risk"]
    assert set(document["history"]) == {"ntk/averaged-sgd:excess-risk"}
    assert [row["created"] for row in rows] == [past.created for past in run.claims[0].history]
    assert rows[0]["commit"] == run.claims[0].history[0].commit
    assert rows[11]["interval"] == [-0.74, None]
    assert (rows[12]["outcome"], rows[12]["estimate"], rows[12]["commit"]) == ("error", None, None)
    assert from_json(document).claims[0].history == tuple(rows)


def test_a_document_of_an_older_version_is_read(document: dict[str, Any]) -> None:
    old = copy.deepcopy(document)
    del old["history"]
    for known in old["catalogue"].values():
        for name in ("deterministic", "dtype"):
            del known["experiment"][name]
    report = from_json(old)
    assert report.claims[0].history == ()
    assert [claim.kinds for claim in report.claims] == [claim.kinds for claim in from_json(document).claims]


def test_a_run_without_a_past_says_nothing_of_it() -> None:
    assert "history" not in to_json(alone(report_fixture.outer_rate()))


def test_an_earlier_error_loses_its_nan_and_any_other_outcome_refuses_it() -> None:
    claim = report_fixture.outer_rate()
    broken = report_fixture.past(1, math.nan, outcome=Outcome.ERROR, interval=(math.nan, 1.0))
    row = to_json(alone(replace(claim, history=(broken,))))["history"][claim.address][0]
    assert (row["estimate"], row["interval"]) == (None, None)
    with pytest.raises(ReportError, match=r"estimate of .* is nan"):
        to_json(alone(replace(claim, history=(replace(broken, outcome=Outcome.REFUTED),))))


def with_variate(**changes: Any) -> Run:
    """A claim measured with a control variate whose mean is 2/x."""
    experiment = Experiment(
        report_fixture.measure, (4, 8, 16), estimand="control-variate", control_mean=lambda x, a=2.0: a / x, block=3,
    )  # fmt: skip
    law = Law.power("n", "-a")
    made = report_fixture.claim("rate", law, experiment=experiment, cases=({"a": "3/2"},), checks=())
    row = replace(report_fixture.outer_rate().results[0], case={"a": "3/2"}, **changes)
    return alone(ClaimRun("x/y:rate", made, Outcome.CONSISTENT, (row, row)))


def test_the_experiment_is_described_with_the_known_mean_of_its_variate() -> None:
    described = to_json(with_variate())["catalogue"]["x/y:rate"]["experiment"]
    assert described == {
        "x": [4.0, 8.0, 16.0], "axis": "size", "estimand": "control-variate", "numerical_error": None,
        "deterministic": False, "dtype": "float64", "control_mean": {"a=3/2": [0.375, 0.1875, 0.09375]},
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes", [{"reproduce": "rates check x/y:rate --set a=1"}, {"points": ()}], ids=["a knob was turned", "no points"]
)
def test_a_known_mean_that_may_not_be_the_one_used_is_left_out(changes: dict[str, Any]) -> None:
    assert "control_mean" not in to_json(with_variate(**changes))["catalogue"]["x/y:rate"]["experiment"]


def test_conditions_carry_the_cases_that_break_them(document: dict[str, Any]) -> None:
    required, sufficient = document["catalogue"]["ntk/averaged-sgd:excess-risk"]["conditions"]
    assert required["broken"] == []
    assert sufficient["broken"] == [{"case": "d=2, r=1/2", "given": "r = 1/2"}]
