import numpy as np
import pytest

from rates.claim import Check, Margin
from rates.estimand import estimand
from rates.evidence import Evidence, judge_curve, judge_sample
from rates.law import Law
from rates.result import Outcome
from rates.slope import Sample

X = np.array([10.0, 20, 40, 80, 160])
SLOPE = Check("experiment-law", "slope", Margin(0.1))
HALF = Law.power("n", "-1/2")


def sample(slope=-0.5, scale=1.0, cv=0.1, replicates=64, x=X, seed=0):
    noise = np.random.default_rng(seed).standard_normal((replicates, len(x)))
    return Sample(x, (scale * x**slope * np.exp(cv * noise - cv**2 / 2))[..., np.newaxis])


def evidence(curve=None, kind="mean", **kwargs):
    parts = None if curve is None else {"total": curve}
    return Evidence(sample(**kwargs), estimand(kind), parts)


def outcome(check, law, found, alpha=1e-3, **parameters):
    return judge_sample(check, law, parameters, found, alpha).decision


def test_experiment_against_the_law():
    assert outcome(SLOPE, HALF, evidence()).outcome is Outcome.CONSISTENT
    refuted = outcome(SLOPE, HALF, evidence(slope=-0.8))
    assert refuted.outcome is Outcome.REFUTED
    assert "y falls too fast" in refuted.reason
    wide = outcome(SLOPE, HALF, evidence(cv=1.0, replicates=8))
    assert wide.outcome is Outcome.INCONCLUSIVE
    assert "replicates would decide" in wide.reason


def test_a_parameter_reaches_the_law():
    law = Law.power("n", "-s/(2*s+1)")
    assert outcome(SLOPE, law, evidence(slope=-0.4), s=2).outcome is Outcome.CONSISTENT
    assert outcome(SLOPE, law, evidence(slope=-0.4), s="1/2").outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("direction", "slope", "expected", "faster"),
    [
        ("upper", -0.5, Outcome.CONSISTENT, False), ("upper", -0.9, Outcome.CONSISTENT, True),
        ("upper", -0.2, Outcome.REFUTED, False), ("lower", -0.5, Outcome.CONSISTENT, False),
        ("lower", -0.2, Outcome.CONSISTENT, True), ("lower", -0.9, Outcome.REFUTED, False),
    ],
)  # fmt: skip
def test_a_direction_has_one_wrong_side(direction, slope, expected, faster):
    decision = outcome(SLOPE, Law.power("n", "-1/2", direction=direction), evidence(slope=slope))
    assert decision.outcome is expected
    assert (decision.faster is not None) == faster
    if faster:
        assert decision.faster == pytest.approx(abs(slope + 0.5), abs=0.05)
        assert "faster than guaranteed by" in decision.reason


def test_a_growing_quantity_has_its_own_words():
    decision = outcome(SLOPE, Law.power("1/ε", "3", direction="upper"), evidence(slope=3.5))
    assert decision.outcome is Outcome.REFUTED
    assert "y grows too fast" in decision.reason


def test_experiment_against_the_curve():
    curve = X**-0.5 * (1 + 3 / X)
    check = Check("experiment-curve", "level", Margin(0.1))
    assert outcome(check, HALF, Evidence(sample(), estimand("mean"), {"t": X**-0.5})).outcome is Outcome.CONSISTENT
    assert outcome(check, HALF, evidence(curve=1.3 * X**-0.5)).outcome is Outcome.REFUTED
    drift = outcome(Check("experiment-curve", "slope", Margin(0.05)), HALF, evidence(curve=curve))
    assert drift.outcome is Outcome.REFUTED
    assert "drift above the curve" in drift.reason
    # an upper bound on the law does not make the curve one: experiment → curve is two-sided
    upper = Law.power("n", "-1/2", direction="upper")
    assert outcome(check, upper, evidence(curve=1.3 * X**-0.5)).outcome is Outcome.REFUTED


def test_a_window_that_is_not_asymptotic_is_not_judged():
    bent = X**-0.5 * (1 + 30 / X)
    decision = outcome(SLOPE, HALF, evidence(curve=bent))
    assert decision.outcome is Outcome.PRE_ASYMPTOTIC
    assert "more than half the margin 0.1" in decision.reason
    harmless = outcome(SLOPE, Law.power("n", "-1/2", direction="upper"), evidence(curve=bent))
    assert harmless.outcome is Outcome.CONSISTENT


def test_a_window_is_registered_in_x():
    early = sample(slope=-2.0, x=X[:2])
    late = sample(x=X[2:])
    joined = Evidence(Sample(X, np.concatenate([early.values, late.values], axis=1)), estimand("mean"))
    assert outcome(SLOPE, HALF, joined).outcome is Outcome.REFUTED
    assert outcome(Check("experiment-law", "slope", Margin(0.1), x=tuple(X[2:])), HALF, joined).outcome is (
        Outcome.CONSISTENT
    )


def test_a_bound_is_tested_at_every_x():
    check = Check("experiment-law", "bound", Margin(0.02))
    law = Law.power("n", "-1/2", constant="6/5", direction="upper")
    assert outcome(check, law, evidence()).outcome is Outcome.CONSISTENT
    bump = X**-0.5 * np.where(X == 40, 1.5, 1.0)
    values = sample().values * (bump / X**-0.5)[:, np.newaxis]
    decision = outcome(check, law, Evidence(Sample(X, values), estimand("mean")))
    assert decision.outcome is Outcome.REFUTED
    assert decision.at == 40


def test_a_level_needs_the_constant():
    check = Check("experiment-law", "level", Margin(0.1))
    assert outcome(check, Law.power("n", "-1/2", constant="1"), evidence()).outcome is Outcome.CONSISTENT
    wrong = outcome(check, Law.power("n", "-1/2", constant="1/2"), evidence())
    assert wrong.outcome is Outcome.REFUTED
    assert "too large" in wrong.reason


def test_a_plateau_and_an_identity_are_levels():
    check = Check("experiment-law", "level", Margin(0.1))
    flat = evidence(slope=0.0, scale=3.0)
    assert outcome(check, Law.plateau("n", "3*s"), flat, s=1).outcome is Outcome.CONSISTENT
    assert outcome(check, Law.plateau("n", "2"), flat).outcome is Outcome.REFUTED
    assert outcome(check, Law.identity("n", "3"), flat).outcome is Outcome.CONSISTENT


def test_an_exponential_is_straight_against_x():
    x = np.array([1.0, 2, 3, 4, 5])
    noise = np.random.default_rng(0).standard_normal((64, 5, 1))
    found = Evidence(Sample(x, np.exp(-0.7 * x)[:, np.newaxis] * np.exp(0.1 * noise)), estimand("mean"))
    assert outcome(SLOPE, Law.exponential("t", "-7/10"), found).outcome is Outcome.CONSISTENT
    assert outcome(SLOPE, Law.exponential("t", "-1/2"), found).outcome is Outcome.REFUTED
    assert outcome(SLOPE, Law.power("t", "-7/10"), found).outcome is Outcome.REFUTED


def test_a_log_factor_is_taken_out_first():
    x = np.array([1e2, 1e3, 1e4, 1e5])
    found = Evidence(Sample(x, (sample(slope=-1, x=x).values * np.log(x)[:, np.newaxis])), estimand("mean"))
    assert outcome(SLOPE, Law.power("n", "-1", log_power="1"), found).outcome is Outcome.CONSISTENT
    assert outcome(SLOPE, Law.power("n", "-1"), found).outcome is Outcome.REFUTED


def test_a_separation_is_paired():
    rng = np.random.default_rng(1)
    shared = np.exp(0.5 * rng.standard_normal((64, 5)))  # noise of the sample, the same for both methods
    both = np.stack([X**-1.0 * shared, X**-0.5 * shared], axis=-1)
    law = Law.separation("n", "-1/2")
    found = Evidence(Sample(X, both), estimand("separation"))
    assert outcome(SLOPE, law, found).outcome is Outcome.CONSISTENT
    swapped = outcome(SLOPE, law, Evidence(Sample(X, both[..., ::-1]), estimand("separation")))
    assert swapped.outcome is Outcome.REFUTED
    assert "the first falls too slowly" in swapped.reason


def test_a_control_variate_decides_what_the_mean_cannot():
    rng = np.random.default_rng(2)
    common = np.exp(rng.standard_normal((64, 5)) - 0.5)
    y = X**-0.5 * (common + 0.02 * rng.standard_normal((64, 5)))
    values = np.stack([y, X**-0.5 * common], axis=-1)
    plain = Evidence(Sample(X, values[..., :1]), estimand("mean"))
    assert outcome(SLOPE, HALF, plain).outcome is Outcome.INCONCLUSIVE
    controlled = Evidence(Sample(X, values), estimand("control-variate", X**-0.5))
    assert outcome(SLOPE, HALF, controlled).outcome is Outcome.CONSISTENT


def test_a_deterministic_experiment_carries_a_numerical_error():
    values = (X**-0.5)[np.newaxis, :, np.newaxis]
    sharp = Evidence(Sample(X, values, np.full(5, 1e-6)), estimand("mean"))
    decision = judge_sample(Check("experiment-law", "slope", Margin(1e-4)), HALF, {}, sharp, 1e-3)
    assert decision.decision.outcome is Outcome.CONSISTENT
    assert 0 < decision.interval[1] - decision.interval[0] < 1e-4
    rough = Evidence(Sample(X, values, np.full(5, 0.5)), estimand("mean"))
    assert outcome(Check("experiment-law", "slope", Margin(1e-4)), HALF, rough).outcome is Outcome.INCONCLUSIVE


def test_a_part_that_is_off_is_named():
    parts = {"bias": X**-1.0, "variance": 0.5 * X**-0.5}
    x_values = sample(cv=0.02).values * ((parts["bias"] + 2 * parts["variance"]) / X**-0.5)[:, np.newaxis]
    found = judge_sample(
        Check("experiment-curve", "level", Margin(0.05)), HALF, {},
        Evidence(Sample(X, x_values), estimand("mean"), parts), 1e-3,
    )  # fmt: skip
    assert found.decision.outcome is Outcome.REFUTED
    assert found.parts_off["variance"] == pytest.approx(2, rel=0.1)
    assert any("the part variance is off" in note for note in found.notes)


FAR = np.array([10.0**k for k in range(2, 10)])


def test_a_curve_is_followed_to_the_law():
    check = Check("curve-law", "slope", Margin(0.01), x=tuple(FAR))
    curve = FAR**-0.5 * (1 + 3 * FAR**-0.5)
    assert judge_curve(check, HALF, {}, FAR, {"t": curve}, 1e-10).decision.outcome is Outcome.CONSISTENT
    steep = judge_curve(check, Law.power("n", "-3/5"), {}, FAR, {"t": curve}, 1e-10)
    assert steep.decision.outcome is Outcome.REFUTED
    slow = judge_curve(check, HALF, {}, FAR[:4], {"t": FAR[:4] ** -0.5 * np.log(FAR[:4]) ** 2}, 1e-10)
    assert slow.decision.outcome is not Outcome.CONSISTENT


def test_a_curve_that_vanishes_has_no_rate():
    check = Check("curve-law", "slope", Margin(0.01), x=tuple(FAR))
    found = judge_curve(check, HALF, {}, FAR, {"t": np.where(FAR > 1e5, 0.0, 1.0)}, 0.0)
    assert found.decision.outcome is Outcome.REFUTED
    assert "there is no rate to follow" in found.decision.reason


@pytest.mark.parametrize(("bend", "expected"), [(0.01, Outcome.CONSISTENT), (0.1, Outcome.INCONCLUSIVE)])
def test_a_bend_matters_where_it_moves_the_slope(bend, expected):
    axis = np.log(X) - np.log(X).mean()
    bent = sample(cv=0.02, replicates=256).values * np.exp(bend * axis**2)[:, np.newaxis]
    judged = judge_sample(SLOPE, HALF, {}, Evidence(Sample(X, bent), estimand("mean")), 1e-3)
    assert judged.decision.outcome is expected
    assert any("curvature alarm" in note for note in judged.notes)


def test_replicates_that_do_not_use_their_streams_are_no_agreement():
    same = np.repeat((X**-1.0)[np.newaxis, :, np.newaxis], 8, axis=0)
    found = outcome(SLOPE, Law.power("n", "-1"), Evidence(Sample(X, same), estimand("mean")))
    assert found.outcome is Outcome.ERROR
    assert "does the experiment use its streams" in found.reason
    off = outcome(SLOPE, Law.power("n", "-2"), Evidence(Sample(X, same), estimand("mean")))
    assert off.outcome is Outcome.REFUTED


def test_a_run_that_never_arrives_is_inconclusive():
    steps = np.random.default_rng(0).lognormal(0, 0.1, (16, len(X), 1)) * X[:, np.newaxis] ** 3
    steps[3, -1] = np.inf
    law = Law.power("x", "3", direction="upper")
    found = outcome(SLOPE, law, Evidence(Sample(X, steps), estimand("mean")))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "1 of 16 runs at x = 160 never arrived" in found.reason


def test_a_curve_close_to_the_law_but_not_on_it_is_not_consistent():
    x = 10.0 ** np.arange(2, 12)
    check = Check("curve-law", "slope", Margin(0.02), x=tuple(x))
    curve = {"total": x**-0.745 * (1 + x**-0.5)}
    found = judge_curve(check, Law.power("x", "-3/4"), {}, x, curve, 1e-9)
    assert found.decision.outcome is Outcome.INCONCLUSIVE
    assert "not within its own error" in found.decision.reason


def test_a_bend_on_the_good_side_of_a_bound_does_not_withhold():
    bent = X ** (-0.9 - 0.1 * np.log(X / X[0]))
    noisy = np.random.default_rng(0).lognormal(0, 0.01, (64, len(X), 1)) * bent[:, np.newaxis]
    law = Law.power("x", "-1/2", direction="upper")
    found = outcome(SLOPE, law, Evidence(Sample(X, noisy), estimand("mean")))
    assert found.outcome is Outcome.CONSISTENT
    assert found.faster is not None


@pytest.mark.parametrize(("side", "rate", "expected"), [
    (1, -1.0, Outcome.CONSISTENT), (-1, -1.0, Outcome.CONSISTENT), (1, -0.5, Outcome.REFUTED),
])  # fmt: skip
def test_the_rate_of_approach_to_a_plateau(side, rate, expected):
    noise = np.random.default_rng(3).normal(0, 0.02, (64, len(X)))
    y = 0.5 + side * X**rate * (1 + noise)
    law = Law.plateau("x", "1/2", approach="-1")
    assert outcome(SLOPE, law, Evidence(Sample(X, y[..., None]), estimand("mean"))).outcome is expected


def test_a_curve_is_followed_to_its_plateau():
    x = 10.0 ** np.arange(1, 9)
    check = Check("curve-law", "slope", Margin(0.02), x=tuple(x))
    law = Law.plateau("x", "1/2", approach="-1/2")
    assert judge_curve(check, law, {}, x, {"total": 0.5 - 0.3 * x**-0.5}, 1e-14).decision.outcome is Outcome.CONSISTENT
    assert judge_curve(check, law, {}, x, {"total": 0.5 - 0.3 * x**-0.4}, 1e-14).decision.outcome is Outcome.REFUTED
