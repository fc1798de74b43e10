"""A claim that the profile of a run does not decide says which one does."""

from tiny_claims import flat, tiny, with_curve

from rates.check import check
from rates.claim import Check, Margin
from rates.plan import Options
from rates.report import from_json, to_json
from rates.result import Outcome

LATER = Check("experiment-law", "slope", Margin(0.1), profile="ci")
SAID = "this is decided in the ci profile: add --profile ci"


def run(claim, profile="quick"):
    return check(claim, options=Options(profile=profile), store=None)


def test_a_claim_of_a_later_profile_says_so_and_is_decided_there():
    claim = tiny(checks=(LATER,), controls=(flat(),))
    found = run(claim)
    [row] = found.results
    assert (found.exit_code, row.outcome, row.reason, row.replicates) == (3, Outcome.INCONCLUSIVE, SAID, 0)
    assert row.notes == ()
    [view] = from_json(to_json(found)).claims
    assert view.reason == SAID
    assert run(claim, "ci").exit_code == 0


def test_each_check_of_each_case_says_so():
    checks = (
        Check("experiment-curve", "level", 0.1, profile="ci"),
        Check("experiment-law", "slope", 0.1, profile="full"),
    )
    found = run(with_curve(checks=checks, controls=(), cases=({"cv": "1/10"}, {"cv": "1/20"})))
    assert [row.reason for row in found.results] == [SAID, SAID.replace(" ci", " full")] * 2


def test_a_claim_of_which_something_is_decided_keeps_its_outcome():
    first = Check("experiment-law", "slope", Margin(0.1), only="Eq(scale, 1)")
    second = Check("experiment-law", "slope", Margin(0.1), only="Eq(scale, 2)", profile="ci")
    found = run(tiny(checks=(first, second), cases=({"scale": 1}, {"scale": 2}), controls=()))
    assert (found.exit_code, len(found.results)) == (0, 1)


def test_a_condition_that_is_broken_or_a_reason_that_is_known_comes_first():
    unknown = Check("experiment-law", "slope", Margin(0.1), profile="ci", undecidable="needs 10^40")
    assert run(tiny(checks=(unknown,), controls=())).claims[0].outcome is Outcome.UNDECIDABLE
