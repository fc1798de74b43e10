import importlib
import math

import numpy as np
import pytest
from tiny_claims import PILOT, X, flat, located, power, tiny, with_curve

from rates.check import check, locate, seed_from
from rates.claim import Check, Condition, Control, Margin
from rates.experiment import Curve, Experiment, Pilot
from rates.law import Law
from rates.plan import Options, UsageError
from rates.result import EXIT_CODES, ClaimRun, Outcome, Result, Run, claim_outcome, worst


def run(*claims, **options):
    return check(list(claims), options=Options(**options), store=None)


def controls(found):
    return {c.name: c for result in found.results for c in result.controls}


def test_a_claim_with_all_its_legs():
    found = run(with_curve())
    assert found.exit_code == 0
    [claim] = found.claims
    assert claim.address == "memory:tiny"
    assert [f"{r.comparison} {r.quantity}" for r in claim.results] == [
        "curve-law slope", "experiment-curve level", "experiment-curve slope", "experiment-law slope"
    ]  # fmt: skip
    assert {r.outcome for r in claim.results} == {Outcome.CONSISTENT}
    assert all(c.as_expected and c.outcome is Outcome.REFUTED for c in controls(claim).values())
    assert controls(claim)["doubled"].estimate == pytest.approx(math.log(2), abs=0.1)
    last = claim.results[-1]
    assert last.predicted == -1
    assert last.interval[0] < last.estimate < last.interval[1]
    assert last.points[0].x == 10
    assert last.points[0].curve == 0.1
    assert claim.values[""].shape == (last.replicates, 4, 1)


def test_a_wrong_law_is_refuted():
    found = run(tiny(law=Law.power("x", "-3/2"), controls=()))
    assert found.exit_code == 1
    assert found.results[0].outcome is Outcome.REFUTED
    with pytest.raises(AssertionError, match=r"memory:tiny: refuted\n  all experiment-law slope: slope"):
        found.assert_consistent()


def test_a_control_that_is_not_caught_withholds_agreement():
    found = run(tiny(controls=(flat(), Control("nearly the same", {"slope": -1.01}, "experiment-law", "slope"))))
    assert found.exit_code == 3
    assert found.results[0].outcome is Outcome.CONSISTENT
    assert found.claims[0].outcome is Outcome.INCONCLUSIVE
    missed = controls(found)["nearly the same"]
    assert not missed.as_expected
    assert missed.reason.startswith("cannot be told from: nearly the same; ")
    with pytest.raises(AssertionError, match="control nearly the same: cannot be told from"):
        found.assert_consistent()


def test_controls_of_the_other_kinds():
    upper = Law.power("x", "-1", direction="upper")
    claim = tiny(
        law=upper, conditions=(Condition("cv < 1"),),
        controls=(
            flat(), Control("scaled", {"scale": 3.0}, "experiment-law", "slope", expect="consistent"),
            Control("steeper", {"slope": -2.0}, "experiment-law", "slope", expect="faster"),
            Control("outside", {"cv": 1.0}, "experiment-law", "slope", expect="invalid"),
        ),
    )  # fmt: skip
    found = run(claim)
    assert {n: (c.outcome, c.as_expected) for n, c in controls(found).items()} == {
        "slope -1/2": (Outcome.REFUTED, True), "scaled": (Outcome.CONSISTENT, True),
        "steeper": (Outcome.CONSISTENT, True), "outside": (Outcome.INVALID, True),
    }  # fmt: skip
    assert found.exit_code == 0
    wrong = tiny(law=upper, controls=(Control("not faster", {"scale": 2.0}, "experiment-law", "slope", expect="faster"),
                                      Control("not allowed", {"slope": 0.0}, "experiment-law", "slope",
                                              expect="consistent")))  # fmt: skip
    assert not any(c.as_expected for c in controls(run(wrong)).values())


def test_without_controls():
    found = run(tiny(), controls=False)
    assert found.results[0].controls == ()
    assert found.exit_code == 0


def test_a_broken_condition_is_invalid_and_nothing_is_measured():
    def never(x, streams, r=0.5):
        raise AssertionError("measured")

    claim = tiny(cases=({"r": "1/4"},), conditions=(Condition("r >= 1/2"),), experiment=Experiment(never, X),
                 controls=())  # fmt: skip
    found = run(claim)
    assert found.exit_code == 4
    assert found.results[0].reason == "the law needs r >= 1/2, given r = 1/4"


def test_a_condition_that_only_the_source_needs_is_noted():
    found = run(tiny(cases=({"scale": 2},), conditions=(Condition("scale <= 1", required=False, why="as printed"),)))
    assert found.exit_code == 0
    assert "assumed by the source, not met here: scale <= 1 (scale = 2): as printed" in found.results[0].notes


def test_an_undecidable_claim_is_grey():
    found = run(tiny(checks=(Check("experiment-law", "slope", Margin(0.1), undecidable="needs 10^40"),), controls=()))
    assert found.claims[0].outcome is Outcome.UNDECIDABLE
    assert found.results[0].reason == "needs 10^40"
    assert found.exit_code == 0
    found.assert_consistent()


def test_what_another_profile_decides_is_said():
    claim = tiny(law=Law.power("x", "-1", constant="1"),
                 checks=(Check("experiment-law", "slope", Margin(0.1)),
                         Check("experiment-law", "level", Margin(0.1), profile="ci")))  # fmt: skip
    assert "experiment-law level is decided in the ci profile" in run(claim).results[0].notes


def test_a_deterministic_claim():
    def recursion(x, slope=-1.0):
        return x**slope

    claim = tiny(experiment=Experiment(recursion, X, numerical_error=1e-6), controls=(flat(),))
    found = run(claim)
    assert (found.exit_code, found.results[0].replicates) == (0, 1)


def test_a_curve_alone_decides_a_claim_without_experiment():
    checks = (Check("curve-law", "slope", Margin(0.01), x=tuple(10.0**k for k in range(1, 8))),)
    claim = with_curve(experiment=None, checks=checks, controls=(flat("-1/2", "curve-law"),))
    found = run(claim)
    assert (found.exit_code, found.results[0].alpha) == (0, 0.0)
    with_experiment = with_curve(checks=checks, controls=(flat("-1/2", "curve-law"),))
    assert run(with_experiment).claims[0].outcome is Outcome.INCONCLUSIVE  # the experiment was never looked at


def test_a_trajectory_gives_all_x_at_once():
    def walk(x, streams, slope=-1.0):
        assert len(x) == len(X)
        noise = np.stack([np.cumsum(s.numpy("steps").standard_normal(len(x))) for s in streams])
        return x**slope * np.exp(0.05 * noise)

    found = run(tiny(experiment=Experiment(walk, X, axis="time", pilot=PILOT), controls=(flat(),)))
    assert found.exit_code == 0


def test_more_looks_only_where_they_are_needed():
    easy = run(tiny(experiment=Experiment(power, X))).results[0]
    hard = run(tiny(experiment=Experiment(power, X), cases=({"cv": "1/2"},))).results[0]
    assert easy.replicates < hard.replicates


def test_the_same_seed_gives_the_same_numbers_and_another_others():
    first, second, other = (run(tiny(), seed=seed).results[0] for seed in (0, 0, 1))
    assert first.estimate == second.estimate != other.estimate


def test_no_time_left_is_inconclusive():
    claim = tiny(experiment=Experiment(power, X), cases=({"cv": 2},), controls=())
    found = run(claim, budget=1e-9)
    assert (found.exit_code, found.results[0].replicates) == (3, 8)


def test_what_reproduces_a_claim_in_memory_names_its_settings():
    found = run(tiny(), settings={"cv": "0.05"}, seed=7)
    expected = "Options(profile='quick', seed=7, settings={'cv': '0.05'}) on the claim 'tiny'"
    assert found.results[0].reproduce == expected


def test_several_claims_are_one_run():
    found = run(tiny(), tiny(name="wrong", law=Law.power("x", "-2"), controls=()))
    assert [str(c.outcome) for c in found.claims] == ["consistent", "refuted"]
    assert found.exit_code == 1


def test_events_say_where_the_run_stands():
    events = []
    check(with_curve(), store=None, on_event=events.append)
    assert events[-1].decided == events[-1].trials == 5
    assert events[-1].wrong == 0
    wrong = []
    check(tiny(law=Law.power("x", "-2"), controls=()), store=None, on_event=wrong.append)
    assert wrong[-1].wrong == 1


def test_claims_are_located(tmp_path):
    assert [item.address for item in locate(tiny())] == ["memory:tiny"]
    assert locate([tiny(), "ntk/spectrum"])[1].address.startswith("ntk/spectrum:")
    assert located(tiny()).origin == ""


def test_seeds():
    assert seed_from("12") == 12
    assert seed_from("fresh") != seed_from("fresh")
    with pytest.raises(UsageError, match="--seed -1: a whole number from 0 on, or fresh"):
        seed_from("-1")


def test_nothing_to_check(monkeypatch):
    monkeypatch.setattr(importlib.import_module("rates.check"), "find", lambda targets=(): [])
    with pytest.raises(UsageError, match="nothing to check"):
        check(store=None)


def result(outcome, comparison="experiment-law"):
    return Result("c", {}, comparison, "slope", "sharp", "power", outcome, None, None, None, 0.1, 1e-3, 0, (), 0.0,
                  "cpu", "float64", 0, "", "")  # fmt: skip


O = Outcome  # noqa: E741 (a table reads better)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([O.CONSISTENT, O.INCONCLUSIVE], O.INCONCLUSIVE), ([O.INCONCLUSIVE, O.INVALID], O.INVALID),
        ([O.INVALID, O.REFUTED], O.REFUTED), ([O.REFUTED, O.ERROR], O.ERROR),
        ([O.CONSISTENT, O.PRE_ASYMPTOTIC], O.CONSISTENT), ([O.PRE_ASYMPTOTIC], O.INCONCLUSIVE),
        ([O.UNDECIDABLE], O.UNDECIDABLE), ([O.UNDECIDABLE, O.CONSISTENT], O.CONSISTENT),
        ([O.UNDECIDABLE, O.PRE_ASYMPTOTIC], O.INCONCLUSIVE), ([], O.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_the_worst_judged_result_counts(outcomes, expected):
    assert claim_outcome([result(o) for o in outcomes], has_experiment=True) is expected


def test_a_curve_does_not_stand_in_for_the_experiment():
    rows = [result(O.CONSISTENT, "curve-law"), result(O.PRE_ASYMPTOTIC)]
    assert claim_outcome(rows, has_experiment=True) is O.INCONCLUSIVE
    assert claim_outcome(rows, has_experiment=False) is O.CONSISTENT


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_exit_codes_are_those_of_the_worst_claim(code):
    outcome = next(o for o, c in EXIT_CODES.items() if c == code)
    claims = tuple(ClaimRun(str(o), None, o, ()) for o in (O.CONSISTENT, O.UNDECIDABLE, outcome))
    assert Run(claims, {}, "quick", 0, "cpu").exit_code == code


def test_nothing_judged_is_no_outcome():
    assert worst([O.PRE_ASYMPTOTIC, O.UNDECIDABLE]) is None


def test_a_curve_that_fails_is_an_error_of_the_claim():
    def broken(x, slope=-1.0):
        raise ZeroDivisionError("no such moment")

    found = run(with_curve(curve=Curve(broken), controls=()))
    assert found.exit_code == 2
    assert {r.reason for r in found.results} == {"ZeroDivisionError: no such moment"}


def test_two_claims_of_one_name_are_told():
    with pytest.raises(UsageError, match="two claims are named 'tiny': the name tells them apart"):
        run(tiny(), with_curve())
    same = tiny()
    assert len(run(same, same).claims) == 1


@pytest.mark.parametrize("claims", [3, None, [tiny(), None]])
def test_what_is_no_claim_is_refused(claims):
    with pytest.raises(UsageError, match="claims are given as addresses, files or Claim objects, got"):
        check(claims, store=None)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": -1}, "a seed must be a whole number from 0 on, got -1"),
        ({"seed": 1.5}, "a seed must be a whole number from 0 on, got 1.5"),
        ({"budget": float("nan")}, "a budget must be a positive number of seconds, got nan"),
        ({"family_level": float("nan")}, "a family level must lie between 0 and 0.5, got nan"),
    ],
)
def test_options_that_make_no_sense(options, says):
    with pytest.raises(UsageError, match=says):
        Options(**options)


def test_a_curve_without_a_logarithm_is_an_error_in_one_sentence():
    def vanishing(x):
        return np.where(x > 30, 0.0, 1 / x)

    [claim] = run(tiny(curve=Curve(vanishing), checks=(Check("experiment-curve", "level", 0.1),), controls=())).claims
    assert claim.outcome is Outcome.ERROR
    assert claim.results[0].reason == "the curve is 0 at x = 40: nothing can be held against it there"


def test_an_error_of_the_plan_names_the_claim():
    pilot = Pilot(1e9, 1e9)
    with pytest.raises(UsageError, match=r"^memory:tiny: more than 1e\+09 replicates"):
        run(tiny(experiment=Experiment(power, X, pilot=pilot)))


def test_the_command_that_repeats_a_run_has_its_level(tmp_path, claims_file):
    options = Options(family_level=1e-4)
    result = check(str(tmp_path / claims_file("tiny()")), options=options, engine_name="serial", store=None).results[0]
    assert result.reproduce.endswith("--family-level 0.0001")
