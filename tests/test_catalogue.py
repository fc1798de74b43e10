"""Every claim of the catalogue at the quick profile, frozen seeds: consistent, every control as expected."""

import pytest

from rates.catalogue import Located, find
from rates.check import check
from rates.plan import Options
from rates.result import Outcome

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
    assert claim.source.evidence in ("read", "derived")
    assert claim.statement.endswith(".")


def test_margins_name_their_budget(located):
    for checked in located.claim.checks:
        assert not checked.margin.bias or checked.margin.note, f"{checked.name} has a bias without a reason"
