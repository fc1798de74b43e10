"""Every claim of the catalogue at the quick profile, frozen seeds: consistent, every control as expected."""

import numpy as np
import pytest

from rates.catalogue import Located, find
from rates.check import check
from rates.claim import Comparison, Control, Quantity
from rates.experiment import accepted
from rates.plan import Options
from rates.result import Outcome
from rates.slope import slope_weights

CATALOGUE = find()


@pytest.fixture(params=CATALOGUE, ids=lambda located: located.address)
def located(request) -> Located:
    return request.param


def test_claim_agrees_and_its_controls_come_out_as_expected(located):
    run = check(located.address, options=Options(profile="quick"), engine_name="serial", jobs=1, store=None)
    run.assert_consistent()
    (claim,) = run.claims
    assert claim.outcome is Outcome.CONSISTENT
    controls = [control for result in claim.results for control in result.controls]
    assert len(controls) == len(located.claim.controls)
    assert all(control.as_expected for control in controls)


def test_claim_ships_three_negative_controls_and_a_source(located):
    claim = located.claim
    assert sum(control.expect == "refuted" for control in claim.controls) >= 3
    assert claim.source.statement
    assert claim.source.evidence in ("read", "restated", "derived")
    assert claim.statement.endswith(".")


def test_margins_name_their_budget(located):
    for checked in located.claim.checks:
        assert not checked.margin.bias or checked.margin.note, f"{checked.name} has a bias without a reason"


def _with_predictions():
    for found in CATALOGUE:
        for control in found.claim.controls:
            curve = found.claim.curve
            known = curve is not None and len(accepted(curve.function, control.set)) == len(control.set)
            if known and control.predicted is not None and control.comparison is not Comparison.CURVE_LAW:
                yield pytest.param(found.claim, control, id=f"{found.address} {control.name}")


@pytest.mark.parametrize(("claim", "control"), tuple(_with_predictions()))
def test_what_a_control_should_give_is_what_the_sabotaged_curve_gives(claim, control):
    assert _on_the_window(claim, control) == pytest.approx(control.predicted, abs=6e-4)


def test_the_bias_budget_of_a_slope_covers_what_the_curve_says(located):
    claim = located.claim
    if claim.curve is None or claim.experiment is None:
        return
    x = np.array(claim.experiment.x)
    for checked in claim.checks:
        if (checked.comparison, checked.quantity) != (Comparison.EXPERIMENT_LAW, Quantity.SLOPE):
            continue
        for case in (case for case in claim.cases if checked.applies(case)):
            given = claim.formula_parameters(case)
            log_curve = np.log(sum(claim.curve.run(x, claim.parameters(case)).values()))
            own = slope_weights(x, claim.law.semilog) @ (log_curve - claim.law.log_offset(x, given))
            assert abs(own - float(claim.law.slope(given))) <= checked.margin.bias + 5e-4


def _on_the_window(claim, control: Control) -> float:
    x = np.array(claim.experiment.x)
    parameters = claim.parameters(control.case or claim.cases[0])
    right, wrong = (
        np.log(sum(claim.curve.run(x, parameters | changed).values())) for changed in ({}, dict(control.set))
    )
    if control.quantity is Quantity.LEVEL:
        return float(np.mean(wrong - right))
    weights = slope_weights(x, claim.law.semilog)
    return float(weights @ (wrong if control.comparison is Comparison.EXPERIMENT_LAW else wrong - right))
