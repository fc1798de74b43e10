import pytest
from tiny_claims import X, flat, located, power, tiny, with_curve

from rates.claim import Check, Condition, Control, Margin
from rates.experiment import Experiment, Pilot
from rates.law import Law
from rates.plan import Options, UsageError, needed, plan


def planned(claim, **options):
    [found] = plan([located(claim)], Options(**options))
    return found


def test_the_level_is_split_over_results_and_looks():
    found = planned(with_curve(), profile="quick")
    looks = found.trials[0].schedule
    assert found.alpha == 1e-3
    assert looks.alpha_look == pytest.approx(1e-3 / (3 * len(looks.looks)))  # three checks need the experiment
    assert planned(with_curve(), profile="ci").alpha == 1e-4


def test_looks_double_in_whole_blocks_and_the_last_is_enough():
    claim = tiny(experiment=Experiment(power, X, pilot=Pilot(0.3, 0.3), block=16))
    looks = planned(claim).trials[0].schedule
    assert all(look % 16 == 0 for look in looks.looks)
    assert len(looks.looks) <= 6
    assert looks.looks[-1] >= needed(claim.checks[0], claim, claim.experiment.pilot, looks.alpha_look)
    assert planned(claim).replicates == looks.looks[-1]


def test_without_a_pilot_looks_double_from_eight():
    found = planned(tiny(experiment=Experiment(power, X)))
    assert found.trials[0].schedule.looks == (8, 16, 32, 64, 128, 256)
    assert found.seconds is None


def test_a_deterministic_experiment_is_looked_at_once():
    claim = tiny(experiment=Experiment(lambda x, slope=-1.0: x**slope, X, numerical_error=1e-9), controls=())
    assert planned(claim).trials[0].schedule.looks == (1,)


def test_seconds_count_controls():
    pilot = Pilot(0.1, 0.1, seconds=0.5)
    claim = tiny(experiment=Experiment(power, X, pilot=pilot))
    found = planned(claim)
    first = [t.schedule.looks[0] for t in found.trials if t.control is not None and t.measured]
    assert found.seconds == pytest.approx((found.replicates + sum(first)) * 0.5)
    assert planned(claim, controls=False).seconds == pytest.approx(found.replicates * 0.5)


def test_controls_answer_the_check_that_must_catch_them():
    found = planned(with_curve())
    by_name = {t.control.name: t for t in found.trials if t.control is not None and t.measured}
    assert [c.name for c in by_name["doubled"].measured] == ["experiment-curve level"]
    followed = [t for t in found.trials if t.control is not None and t.followed]
    assert [t.settings for t in followed] == [{"slope": -0.5}]
    assert [t.control for t in planned(with_curve(), controls=False).trials] == [None]


def test_what_a_profile_leaves_is_not_planned():
    claim = tiny(checks=(Check("experiment-law", "slope", Margin(0.1), profile="ci"),), controls=(flat(), flat("-2")))
    assert [t.measured for t in planned(claim).trials] == [()]
    assert len(planned(claim, profile="ci").trials) == 3
    late = tiny(controls=(flat(profile="ci"),))
    assert len(planned(late).trials) == 1
    assert len(planned(late, profile="full").trials) == 2


def test_a_family_level_is_split_over_claims():
    found = plan([located(tiny()), located(tiny(name="other"))], Options(family_level=1e-3))
    assert [p.alpha for p in found] == [5e-4, 5e-4]


def test_settings_change_the_case_or_turn_a_knob():
    claim = tiny(cases=({"slope": "-1"}, {"slope": "-1/2"}), controls=())
    found = planned(claim, settings={"slope": "-3/4", "cv": "0.05"})
    assert found.cases == ({"slope": "-3/4"},)  # two cases became one
    assert dict(found.settings) == {"cv": 0.05}
    assert planned(claim, settings={"bad": "nan"}).settings == {"bad": "nan"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"slop": "1"}, "--set slop: no claim here has a parameter of that name; did you mean slope?"),
        ({"zzz": "1"}, "known: bad, cv, scale, slope"),
        ({"slope": "steep"}, "--set slope=steep: a number was expected"),
        ({"cv": "steep"}, "--set cv=steep: a number was expected"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence(settings, says):
    with pytest.raises(UsageError) as error:
        planned(tiny(cases=({"slope": "-1"},)), settings=settings)
    assert says in str(error.value)


def test_a_margin_of_nothing_cannot_be_planned():
    with pytest.raises(UsageError, match="has no tolerance"):
        planned(tiny(checks=(Check("experiment-law", "slope", Margin(0.0)),), controls=(flat(),)))


def test_an_unknown_profile_is_refused():
    with pytest.raises(UsageError, match="unknown profile 'slow'"):
        Options(profile="slow")


def test_a_condition_breaks_the_case_and_not_its_controls():
    claim = tiny(
        cases=({"slope": -1}, {"slope": 1}),
        conditions=(Condition("slope < 0"),),
        controls=(Control("rising", {"slope": 1.0}, "experiment-law", "slope"),
                  Control("rising, outside", {"slope": 1.0}, "experiment-law", "slope", expect="invalid")),
    )  # fmt: skip
    said = [t.broken for t in planned(claim).trials]
    assert said == ["", "the law needs slope < 0, given slope = 1", "", "the law needs slope < 0, given slope = 1.0"]


TWO_CASES = tiny(law=Law.power("x", "slope"), cases=({"slope": "-1"}, {"slope": "-2"}))


def test_a_case_alone_keeps_the_levels_and_looks_of_the_whole_claim():
    whole, alone = planned(TWO_CASES), planned(TWO_CASES, case="slope=-1")
    assert {trial.label for trial in alone.trials} == {"slope=-1"}
    assert [str(t) for t in whole.trials if t.label == "slope=-1"] == [str(t) for t in alone.trials]
    assert len(whole.trials) > len(alone.trials) > 1


def test_a_case_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match="there is no case 'slope=7': known are slope=-1; slope=-2"):
        planned(TWO_CASES, case="slope=7")


def test_a_timeout_must_be_positive():
    with pytest.raises(UsageError, match="a timeout must be a positive number of seconds, got 0"):
        Options(timeout=0)
