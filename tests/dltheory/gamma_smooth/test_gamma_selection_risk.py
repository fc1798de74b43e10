"""Costs of selection: sums, integrals and simulations against what is computed in closed form or far out."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from dltheory.gamma_smooth import selection_risk
from dltheory.gamma_smooth.additive import HiddenTarget
from dltheory.gamma_smooth.fourier import squared_distance
from dltheory.gamma_smooth.screening import lasso
from dltheory.sequence import hard_threshold_risk, jensen_bound, threshold_risks


@pytest.mark.parametrize("smoothness", [0.5, 1.0, 2.5])
@pytest.mark.parametrize(("variance", "places"), [(1.0, 1.0), (1e-3, 4.0), (1e-6, 300.0)])
def test_the_linear_bound_is_the_sum_of_many_terms(smoothness, variance, places):
    c2 = np.arange(1.0, 400_001) ** -(2 * smoothness + 1)
    listed = jensen_bound(c2 / places, np.full(len(c2), places), variance)
    left = 400_000.5 ** (-2 * smoothness) / (2 * smoothness)  # what is beyond is not learnt
    assert selection_risk.linear_bound(smoothness, variance, places) == pytest.approx(listed + left, rel=1e-6)


def test_places_and_samples_enter_as_their_quotient_and_the_constant_is_reached():
    for n, places in ((2.0**50, 2.0**20), (2.0**40, 2.0**10)):
        assert selection_risk.linear_bound(1.0, 1 / n, places) == pytest.approx(
            selection_risk.linear_bound(1.0, places / n), rel=1e-13
        )
    far = selection_risk.linear_bound(1.0, 2.0**-80) * 2 ** (80 * 2 / 3)
    assert far == pytest.approx(selection_risk.linear_constant(1.0), rel=1e-7)
    assert selection_risk.linear_constant(1.0) == pytest.approx(quad(lambda t: 1 / (1 + t**3), 0, np.inf)[0], rel=1e-9)


@pytest.mark.parametrize("theta", [0.0, 0.4, -1.7, 5.0])
@pytest.mark.parametrize(("threshold", "sd"), [(0.0, 1.0), (0.8, 0.5), (2.0, 1.0)])
def test_soft_thresholding_has_the_risk_of_its_integral(theta, threshold, sd):
    def loss(z: float) -> float:
        y = theta + sd * z
        fitted = math.copysign(max(abs(y) - threshold, 0.0), y)
        return (fitted - theta) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    kinks = sorted({(-threshold - theta) / sd, (threshold - theta) / sd})
    expected = quad(loss, -12, 12, points=kinks, limit=200)[0]
    assert selection_risk.soft_threshold_risks(theta, threshold, sd) == pytest.approx(expected, rel=1e-8)


def test_the_lasso_on_trigonometric_functions_follows_state_evolution():
    n, D, count, penalty = 256, 16, 16, 0.15
    target = HiddenTarget(1.0, D, 64)

    def once(seed: int) -> float:
        generator = np.random.default_rng(seed)
        f, x = target.draw(generator), generator.random((n, D))
        return squared_distance(lasso(x, f(x) + generator.standard_normal(n), target.indices[:count], penalty), f)

    errors = np.array([once(seed) for seed in range(60)])
    sizes, counts = np.append(target.sizes[:count], 0.0), np.append(np.ones(count), count * (D - 1.0))
    expected = selection_risk.lasso_risk(sizes, counts, n, 1.0, penalty, beyond=float(target.tail(count)))
    assert errors.mean() == pytest.approx(expected, abs=4 * errors.std(ddof=1) / 60**0.5 + 0.01 * expected)


def test_with_many_samples_the_lasso_is_soft_thresholding_at_its_penalty():
    sizes, counts, n = np.array([1.0, 0.3, 0.0]), np.array([1.0, 2.0, 50.0]), 1e8
    found = selection_risk.lasso_risk(sizes, counts, n, 1.0, 3e-4)
    assert found == pytest.approx(counts @ selection_risk.soft_threshold_risks(sizes, 3e-4, n**-0.5), rel=1e-4)


@pytest.mark.parametrize(("places", "height"), [(2, 1.5), (20, 2.0), (500, 3.2)])
def test_the_risk_of_a_needle_is_that_of_simulated_odds(places, height):
    y = np.random.default_rng(places).standard_normal((20_000, places))
    y[:, 0] += height
    odds = np.exp(height * (y - y.max(axis=1, keepdims=True)))
    missed = 1 - odds[:, 0] / odds.sum(axis=1)
    found = selection_risk.needle_risk(math.log(places), height)
    assert found == pytest.approx(height**2 * missed.mean(), abs=4 * height**2 * missed.std() / 20_000**0.5)


def test_two_places_are_a_sign():
    # the difference of the two is ± height/√2 in noise of variance 1, the sum is known
    expected = selection_risk.needle_risk(math.log(2), 2.0)
    z = np.linspace(-12, 12, 4001)
    odds = 1 / (1 + np.exp(-(4.0 + math.sqrt(8.0) * z)))
    weights = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    assert expected == pytest.approx(4.0 * float(np.sum((1 - odds) * weights) * (z[1] - z[0])), rel=1e-7)


def test_the_hardest_needle_is_harder_than_its_neighbours_and_costs_between_half_and_all_of_the_limit():
    for log_places in (2.0, 8.0, 32.0):
        height, risk = selection_risk.hardest_needle(log_places)
        for other in (0.9 * height, 1.1 * height):
            assert selection_risk.needle_risk(log_places, other) < risk
        assert 0.35 * 2 * log_places < risk < 2 * log_places
        assert risk < selection_risk.threshold_cost(log_places)  # no estimator is better than the best one


def test_the_cost_of_a_threshold_is_the_worst_over_heights_with_the_null_coefficients():
    log_places = math.log(200)
    cut = math.sqrt(2 * log_places)
    heights = np.linspace(0, cut + 2, 3001)
    worst = threshold_risks(heights, cut, 1.0).max()
    expected = worst + hard_threshold_risk([0.0], cut, 1.0, [199.0])
    assert selection_risk.threshold_cost(log_places) == pytest.approx(expected, rel=1e-5)
    fixed = threshold_risks(1.0, 1.5 * cut, 1.0) + hard_threshold_risk([0.0], 1.5 * cut, 1.0, [199.0])
    assert selection_risk.threshold_cost(log_places, cut=1.5, height=1.0) == pytest.approx(float(fixed), rel=1e-9)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: selection_risk.linear_bound(0.0, 1.0), "smoothness must be positive and places at least 1, got 0 and"),
        (lambda: selection_risk.linear_bound(1.0, 1.0, 0.5), "places at least 1, got 1 and 0.5"),
        (lambda: selection_risk.linear_bound(1.0, 0.0), "the noise must be positive, got 0"),
        (lambda: selection_risk.soft_threshold_risks(1.0, -1.0, 1.0), "a threshold must be at least 0, got -1"),
        (lambda: selection_risk.lasso_risk(np.ones(1), np.ones(1), 9, 1.0, 0.0), "the penalty must be positive, got 0"),
        (lambda: selection_risk.needle_risk(0.0, 1.0), "more than one place and a positive height are needed, got 0"),
        (lambda: selection_risk.hardest_needle(-1.0), "more than one place and a positive height are needed, got -1"),
        (lambda: selection_risk.threshold_cost(1.0, cut=0.0), "a positive threshold are needed, got 1 and 0"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(use, message):
    with pytest.raises(ValueError, match=message):
        use()
