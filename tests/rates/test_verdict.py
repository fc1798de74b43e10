"""Intervals to outcomes, in every direction, with their reasons."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rates.result import Outcome
from rates.verdict import decide, decide_bound, fit_parts

CONSISTENT, REFUTED, INCONCLUSIVE = Outcome.CONSISTENT, Outcome.REFUTED, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("interval", "sharp", "upper", "lower"),
    [
        ((-0.79, -0.71), CONSISTENT, CONSISTENT, CONSISTENT),
        ((-0.80, -0.70), CONSISTENT, CONSISTENT, CONSISTENT),  # the edge belongs to the region
        ((-0.53, -0.49), REFUTED, REFUTED, CONSISTENT),
        ((-0.99, -0.90), REFUTED, CONSISTENT, REFUTED),
        ((-0.85, -0.75), INCONCLUSIVE, CONSISTENT, INCONCLUSIVE),
        ((-0.75, -0.65), INCONCLUSIVE, INCONCLUSIVE, CONSISTENT),
        ((-2.0, 1.0), INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE),
        ((-math.inf, math.inf), INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE),
    ],
)
def test_outcomes(interval, sharp, upper, lower):
    found = [decide(interval, -0.75, 0.05, d).outcome for d in ("sharp", "upper", "lower")]
    assert found == [sharp, upper, lower]


@pytest.mark.parametrize(
    ("interval", "predicted", "margin"),
    [((math.nan, 1.0), 0.0, 0.1), ((0.0, math.nan), 0.0, 0.1), ((0.0, 0.0), math.nan, 0.1), ((0.0, 0.0), 0.0, math.nan),
     ((1.0, 0.0), 0.0, 0.1), ((0.0, 0.0), 0.0, -1.0), ((-0.1, 0.1), 0.0, math.inf)],
)  # fmt: skip
def test_nonsense_is_never_a_pass(interval, predicted, margin):
    for direction in ("sharp", "upper", "lower"):
        assert decide(interval, predicted, margin, direction).outcome is Outcome.ERROR
    for log_ratio, allowed in ((math.nan, 0.0), (0.1, math.inf), (0.1, math.nan), (0.1, -1.0)):
        found = decide_bound(np.array([log_ratio]), np.array([0.1]), 9, 1e-3, allowed)
        assert found.outcome is Outcome.ERROR


@given(
    low=st.floats(-3, 3),
    width=st.floats(0, 3),
    predicted=st.floats(-2, 2),
    margin=st.floats(0, 1),
    extra=st.floats(0, 1),
)
def test_directions_agree_with_each_other(low, width, predicted, margin, extra):
    interval = (low, low + width)
    sharp = decide(interval, predicted, margin)
    upper, lower = (decide(interval, predicted, margin, d) for d in ("upper", "lower"))
    assert (sharp.outcome is CONSISTENT) == (upper.outcome is CONSISTENT and lower.outcome is CONSISTENT)
    assert (sharp.outcome is REFUTED) == (upper.outcome is REFUTED or lower.outcome is REFUTED)
    mirrored = decide((-low - width, -low), -predicted, margin, "lower")
    assert mirrored.outcome is upper.outcome
    wider = decide((low - extra, low + width + extra), predicted, margin)
    assert wider.outcome in (sharp.outcome, INCONCLUSIVE)  # less certainty never changes a verdict's side


def test_reasons_name_their_numbers():
    flat = decide((-0.530, -0.494), -0.75, 0.05, estimate=-0.512)
    assert flat.reason == "slope −0.512 [−0.530, −0.494] lies outside −0.750 ± 0.050: y falls too slowly"
    grows = decide((3.4, 3.5), 3, 0.1, "upper")
    assert grows.reason.endswith("lies outside at most 3.000 + 0.100: y grows too fast")
    level = decide((0.68, 0.71), 0.0, 0.05, subject="level", estimate=math.log(2))
    assert "the measured values are 2 times too large" in level.reason
    small = decide((-0.12, -0.09), 0.0, 0.05, subject="level", estimate=-math.log(1.1))
    assert "10 % too small" in small.reason
    assert "drift above the curve" in decide((0.1, 0.2), 0.0, 0.05, subject="ratio slope").reason
    assert "the first falls too slowly" in decide((0.1, 0.2), -0.5, 0.05, "upper", subject="separation").reason


def test_inconclusive_says_what_to_buy_and_asks_only_then():
    assert decide((-0.9, -0.6), -0.75, 0.05, needed=lambda: 1234).reason.endswith("about 1,234 replicates would decide")
    assert decide((-0.9, -0.6), -0.75, 0.05).key == "wide"
    assert decide((-0.81, -0.79), -0.75, 0.05).key == "straddles"

    def never():
        raise AssertionError("asked for replicates though decided")

    assert decide((-0.76, -0.74), -0.75, 0.05, needed=never).outcome is CONSISTENT


def test_faster_than_guaranteed():
    beaten = decide((-1.02, -0.98), -0.75, 0.05, "upper", estimate=-1.0)
    assert beaten.outcome is CONSISTENT
    assert beaten.faster == pytest.approx(0.25)
    assert "faster than guaranteed by 0.250" in beaten.reason
    assert decide((-0.79, -0.77), -0.75, 0.05, "upper").faster is None
    assert decide((-0.52, -0.48), -0.75, 0.05, "lower", estimate=-0.5).faster == pytest.approx(0.25)


def test_bound_at_every_x():
    se, x = np.full(3, 0.01), np.array([10.0, 100.0, 1000.0])
    below = decide_bound(np.array([-0.5, -0.2, -0.1]), se, 19, 1e-3, 0.0, x=x)
    assert below.outcome is CONSISTENT
    assert below.at == 1000
    above = decide_bound(np.array([-0.5, 0.3, -0.1]), se, 19, 1e-3, 0.0, x=x)
    assert above.outcome is REFUTED
    assert above.at == 100
    assert "x = 100" in above.reason
    edge = decide_bound(np.array([-0.5, 0.0, -0.1]), se, 19, 1e-3, 0.0, x=x, needed=77)
    assert edge.outcome is INCONCLUSIVE
    assert "about 77 replicates" in edge.reason
    assert decide_bound(np.array([0.5, 0.2]), se[:2], 19, 1e-3, direction="lower").outcome is CONSISTENT
    assert decide_bound(np.array([0.5, -0.2]), se[:2], 19, 1e-3, direction="lower").outcome is REFUTED


def test_bonferroni_over_x_and_numerical_error():
    # t_{1−0.001/100, 19} = 5.6 against t_{1−0.001, 19} = 3.6: an excess of four standard errors is not enough.
    excess = np.full(100, -1.0)
    excess[7] = 0.04
    assert decide_bound(excess, np.full(100, 0.01), 19, 1e-3).outcome is INCONCLUSIVE
    assert decide_bound(excess[:8], np.full(8, 0.005), 19, 1e-3).outcome is REFUTED
    identity = np.array([1e-13, -2e-13])
    exact = np.zeros(2)
    assert decide_bound(identity, exact, 0, 1e-3, 1e-10, 1e-12, direction="sharp").outcome is CONSISTENT
    assert decide_bound(identity + 1e-6, exact, 0, 1e-3, 1e-10, 1e-12, direction="sharp").outcome is REFUTED
    assert decide_bound(identity, exact, 0, 1e-3, 1e-10, 1e-9, direction="sharp").outcome is INCONCLUSIVE


def test_the_part_that_is_off_is_named():
    x = np.geomspace(10, 1e5, 9)
    parts = {"bias": x**-0.5, "variance": 20 / x, "width": np.full_like(x, 1e-3)}
    mean = parts["bias"] + 1.7 * parts["variance"] + parts["width"]
    assert_allclose(list(fit_parts(mean, parts, None).factor.values()), [1, 1.7, 1], rtol=1e-6)
    rng = np.random.default_rng(0)
    found = fit_parts(mean * (1 + 0.01 * rng.standard_normal(9)), parts, 0.01 * mean)
    assert found.sentence.startswith("the part variance is off: 1.7")
    assert (
        fit_parts(sum(parts.values()), parts, 0.01 * mean).sentence
        == "no single part of the curve is significantly off"
    )


def test_parts_stay_nonnegative_and_twins_cannot_be_told_apart():
    x = np.geomspace(10, 1e5, 9)
    gone = fit_parts(x**-0.5, {"bias": x**-0.5, "variance": 20 / x, "none": 0 * x}, None).factor
    assert_allclose(gone["variance"], 0.0, atol=1e-9)
    assert "none" not in gone
    twins = fit_parts(3 / x, {"a": 1 / x, "b": 1 / x}, 0.01 / x)
    assert min(twins.standard_error.values()) > 100
    assert "no single part" in twins.sentence
