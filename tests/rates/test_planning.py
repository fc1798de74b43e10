"""Replicates against the planning formulas, and schedules of looks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rates.claim import Check, Margin
from rates.estimand import estimand
from rates.evidence import Evidence, judge_sample
from rates.law import Law
from rates.planning import detectable_deviation, expected_standard_error, required_replicates, schedule, widened
from rates.result import Outcome
from rates.slope import Sample, quantile

# Replicates for a slope margin of 0.1 at power 0.9 over seven points (one-sided, equivalence) at four levels.
TABLE = [
    (16, 0.3, [(15, 18), (26, 31), (45, 51), (53, 59)]),
    (16, 1.0, [(145, 183), (253, 302), (419, 482), (493, 561)]),
    (64, 0.3, [(8, 9), (14, 16), (24, 27), (28, 31)]),
    (64, 1.0, [(66, 82), (114, 136), (193, 221), (228, 258)]),
    (64, 1.41, [(129, 163), (225, 269), (379, 428), (438, 499)]),
    (1024, 0.3, [(4, 5), (8, 8), (13, 14), (15, 16)]),
    (1024, 1.0, [(25, 31), (44, 52), (74, 84), (88, 99)]),
]


@pytest.mark.parametrize(("span", "cv", "rows"), TABLE)
def test_table_of_replicates(span, cv, rows):
    cv = math.sqrt(math.expm1(0.3**2)) if cv == 0.3 else cv  # the table's 0.3 is the σ of log-normal noise
    sd = expected_standard_error(cv, np.geomspace(1, span, 7), 1)
    for alpha, (one_sided, equivalence) in zip((0.05, 0.005, 1e-4, 1.7e-5), rows, strict=True):
        found = (
            required_replicates(sd, 0.1, alpha, power=0.9, direction="upper"),
            required_replicates(sd, 0.1, alpha, power=0.9),
        )
        # The table rounds the variance and the last level.
        assert_allclose(found, (one_sided, equivalence), rtol=0.02, atol=1)


@pytest.mark.parametrize("direction", ["sharp", "upper", "lower"])
def test_required_replicates_is_the_fixed_point(direction):
    alpha, power, sd, margin = 1e-3, 0.999, 0.4, 0.1
    replicates = required_replicates(sd, margin, alpha, power=power, direction=direction)
    beta = (1 - power) / (2 if direction == "sharp" else 1)

    def formula(r):
        return (quantile(alpha, r - 1) + quantile(beta, r - 1)) ** 2 * sd**2 / margin**2

    assert formula(replicates) <= replicates
    assert formula(replicates - 1) > replicates - 1


def test_a_deviation_costs_replicates_on_its_side_only():
    plain = required_replicates(0.4, 0.1, 1e-3, direction="upper")
    assert required_replicates(0.4, 0.1, 1e-3, direction="upper", deviation=0.05) > 3 * plain
    assert required_replicates(0.4, 0.1, 1e-3, direction="upper", deviation=-0.05) < plain
    assert required_replicates(0.4, 0.1, 1e-3, direction="lower", deviation=-0.05) > 3 * plain
    with pytest.raises(ValueError, match="no number of replicates"):
        required_replicates(0.4, 0.1, 1e-3, deviation=0.1)
    with pytest.raises(ValueError, match="no number of replicates"):
        required_replicates(0.4, 0.0, 1e-3)


def test_no_noise_needs_two_replicates_and_nonsense_is_refused():
    assert required_replicates(0.0, 0.1, 1e-3) == 2
    with pytest.raises(ValueError, match="finite"):
        required_replicates(math.nan, 0.1, 1e-3)
    with pytest.raises(ValueError, match="alpha"):
        required_replicates(1.0, 0.1, 0.7)
    with pytest.raises(ValueError, match="more than"):
        required_replicates(1.0, 1e-9, 1e-3)


def test_detectable_deviation():
    assert detectable_deviation(0.4, 1, 0.1, 1e-3) == math.inf
    found = detectable_deviation(0.4, 50, 0.1, 1e-3, 0.9)
    assert_allclose(found, 0.1 + (quantile(1e-3, 49) + quantile(0.1, 49)) * 0.4 / np.sqrt(50))


@pytest.mark.parametrize("points", [2, 3, 7, 11])
def test_standard_error_formula_for_log_equidistant_points(points):
    span = np.log(64)
    closed = 0.7 / np.sqrt(20) / span * np.sqrt(12 * (points - 1) / (points * (points + 1)))
    assert_allclose(expected_standard_error(0.7, np.geomspace(1, 64, points), 20), closed)
    assert_allclose(expected_standard_error(np.full(points, 0.7), np.geomspace(1, 64, points), 20), closed)


def test_schedules():
    assert schedule(None, 1e-3, 1, 1).looks == (8, 16, 32, 64, 128, 256)
    assert schedule(None, 1e-3, 2, 8).alpha_look == pytest.approx(1e-3 / 12)
    assert schedule(5, 1e-3, 1, 1).looks == (8,)
    assert schedule(40, 1e-3, 1, 1).looks == (10, 20, 40)
    assert schedule(3500, 1e-3, 1, 8).looks[-1] == 3520
    assert schedule(20, 1e-3, 1, 64).looks == (64,)
    assert schedule(1000, 1e-3, 1, 1, max_looks=1).looks == (1000,)
    with pytest.raises(ValueError, match="positive"):
        schedule(10, 1e-3, 0, 1)


@given(
    sd=st.floats(0.01, 3),
    margin=st.floats(0.03, 0.3),
    results=st.integers(1, 6),
    block=st.integers(1, 64),
    alpha=st.sampled_from([1e-3, 1e-4]),
)
def test_a_schedule_spends_its_level_and_reaches_its_plan(sd, margin, results, block, alpha):
    def needed(level):
        return required_replicates(sd, margin, level)

    plan = schedule(needed, alpha, results, block)
    assert len(plan.looks) <= 6
    assert plan.looks[0] >= 8
    assert all(look % block == 0 for look in plan.looks)
    assert all(a < b for a, b in zip(plan.looks, plan.looks[1:], strict=False))
    assert plan.alpha_look * len(plan.looks) * results == pytest.approx(alpha)
    assert plan.looks[-1] >= needed(plan.alpha_look)


@pytest.mark.parametrize(("shape", "margin"), [(4.0, 0.15), (4.0, 0.3), (1.0, 0.3)])
def test_a_level_planned_for_its_skewness_reaches_its_power(shape, margin):
    rng = np.random.default_rng(int(10 * shape + 100 * margin))
    sd, skewness, alpha = shape**-0.5, 2 * shape**-0.5, 1e-3
    count = widened(required_replicates(sd, margin, alpha), alpha, skewness)
    x, curve = np.array([1.0, 2.0, 4.0]), {"total": np.array([1.0, 0.5, 0.25])}
    check, law = Check("experiment-curve", "level", Margin(margin)), Law.power("x", "-1")
    missed = 0
    for _ in range(1500):
        noise = rng.gamma(shape, 1 / shape, (count, 1, 1))  # one draw a replicate: a trajectory
        evidence = Evidence(Sample(x, noise / x[:, np.newaxis]), estimand("mean"), curve)
        missed += judge_sample(check, law, {}, evidence, alpha).decision.outcome is not Outcome.CONSISTENT
    assert missed <= 8  # 1.5 expected at power 0.999


def test_more_skewness_needs_more_replicates():
    assert 50 < widened(50, 1e-3, 0.0) < widened(50, 1e-3, 1.0) < widened(50, 1e-3, 2.0)
    assert widened(10**6, 1e-3, 1.0) < 1.01e6
