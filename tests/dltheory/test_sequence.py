import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from dltheory.sequence import (
    coin_risk,
    hard_threshold_risk,
    jensen_bound,
    projection_risk,
    shrinkage_risk,
    sign_risk,
    threshold_risks,
    universal_threshold,
)


@pytest.mark.parametrize("theta", [0.0, 0.3, -1.0, 2.5])
@pytest.mark.parametrize("threshold", [0.0, 0.7, 3.0])
def test_hard_threshold_risk_is_the_integral_over_the_noise(theta, threshold):
    sd = 0.6

    def loss(y):
        return ((y if abs(y) > threshold else 0.0) - theta) ** 2 * norm.pdf(y, theta, sd)

    cuts = sorted({-9.0, -threshold, threshold, 9.0})
    expected = sum(quad(loss, a, b, epsabs=1e-13, limit=200)[0] for a, b in pairwise(cuts))
    assert threshold_risks(theta, threshold, sd) == pytest.approx(expected, abs=1e-10)


def test_no_threshold_keeps_all_noise_and_an_infinite_one_all_bias():
    theta = np.array([0.0, 1.0, -2.0])
    assert threshold_risks(theta, 0.0, 0.5) == pytest.approx([0.25] * 3, rel=1e-13)
    assert threshold_risks(theta, 1e6, 0.5) == pytest.approx(theta**2, abs=1e-13)


def test_the_risk_of_a_null_coefficient_keeps_its_digits_far_in_the_tail():
    z = 20.0
    asymptotic = 2 * z * norm.pdf(z) * (1 + 1 / z**2 - 1 / z**4)
    assert threshold_risks(0.0, z, 1.0) == pytest.approx(asymptotic, rel=1e-5)


def test_groups_with_counts_are_coefficients_one_by_one():
    theta, counts = np.array([0.0, 0.4, 1.1]), np.array([5, 2, 1])
    singly = hard_threshold_risk(np.repeat(theta, counts), 0.5, 0.3)
    assert hard_threshold_risk(theta, 0.5, 0.3, counts) == pytest.approx(singly, rel=1e-14)
    assert shrinkage_risk(theta**2, counts, 0.1) == pytest.approx(
        shrinkage_risk(np.repeat(theta**2, counts), None, 0.1), rel=1e-14
    )


def test_shrinkage_is_the_least_risk_of_a_multiple_of_the_data():
    energy, variance = 0.7, 0.2
    shrinks = np.linspace(0, 1, 100001)
    least = np.min((1 - shrinks) ** 2 * energy + shrinks**2 * variance)
    assert shrinkage_risk([energy], None, variance) == pytest.approx(least, rel=1e-9)


@pytest.mark.parametrize("u", [0.1, 1.0, 2.5, 5.0])
def test_the_bayes_risk_of_a_sign_keeps_its_digits_where_it_is_seldom_mistaken(u):
    """Gauss–Hermite rules are off by percents there: the integrand turns at Z = −u, and few of their nodes are near."""

    def missed(z):
        return 2 / (1 + math.exp(min(2 * (u * u + u * z), 700))) * norm.pdf(z)

    integral = sum(quad(missed, a, b, epsabs=1e-15, epsrel=1e-12, limit=400)[0] for a, b in pairwise((-12, -u, 0, 12)))
    assert float(sign_risk(u, 1.0)) == pytest.approx(u * u * integral, rel=1e-10)
    assert float(coin_risk(4 * u * u)) == pytest.approx(integral / 4, rel=1e-10)


def test_no_linear_rule_of_a_random_design_is_below_the_jensen_bound():
    rng = np.random.default_rng(11)
    eigenvalues, noise, n = np.arange(1.0, 9.0) ** -2, 0.5, 12
    posterior = []
    for _ in range(300):
        x = rng.random((n, 1))
        features = math.sqrt(2) * np.cos(np.pi * np.arange(1, 9) * x)
        precision = np.diag(1 / eigenvalues) + features.T @ features / noise
        posterior.append(np.trace(np.linalg.inv(precision)))
    bound = jensen_bound(eigenvalues, None, noise / n)
    error = np.std(posterior) / math.sqrt(len(posterior))
    assert np.mean(posterior) > bound + 4 * error


def test_projection_risk_is_tail_and_variance():
    assert projection_risk(0.25, 10, 0.01) == pytest.approx(0.35, rel=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: projection_risk(0.1, 3, 0.0), "noise must be positive"),
        (lambda: threshold_risks(0.1, 0.5, -1.0), "noise must be positive"),
        (lambda: threshold_risks(0.1, -0.5, 1.0), "threshold must be at least 0"),
        (lambda: shrinkage_risk([-1.0], None, 1.0), "energies must be at least 0"),
        (lambda: universal_threshold(1.0, 1), "needs n > 1"),
    ],
)
def test_what_has_no_risk_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_bayes_risk_of_a_clear_sign_is_that_of_laplaces_method():
    u = 30.0
    expected = math.exp(-u * u / 2) * math.sqrt(math.pi / 2) / u * (1 - math.pi**2 / (8 * u * u))
    assert float(sign_risk(u, 1.0)) == pytest.approx(u * u * expected, rel=1e-5)
