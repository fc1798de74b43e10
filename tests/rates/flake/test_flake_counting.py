"""Exact intervals and tests against closed forms, uniformity of p-values that are and are not."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from rates.flake.counting import LEVEL, rate, uniformity


@pytest.mark.parametrize("runs", [1, 20, 750])
def test_nothing_wrong_leaves_the_upper_limit_of_the_closed_form(runs):
    low, high = rate(0, runs, 1e-3).interval
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / runs), rel=1e-9)


@pytest.mark.parametrize(("hits", "runs"), [(1, 20), (3, 400), (20, 20)])
def test_the_interval_has_the_quantiles_of_clopper_and_pearson(hits, runs):
    low, high = rate(hits, runs, 1e-3).interval
    assert low == pytest.approx(beta.ppf(0.025, hits, runs - hits + 1), rel=1e-7)
    assert high == pytest.approx(1.0 if hits == runs else beta.ppf(0.975, hits + 1, runs - hits), rel=1e-7)


def test_the_test_is_the_binomial_tail():
    assert rate(2, 300, 1e-3).p == pytest.approx(binom.sf(1, 300, 1e-3), rel=1e-9)
    assert rate(0, 300, 1e-3).p == 1


def test_no_trials_say_nothing():
    assert (rate(0, 0, 1e-3).interval, rate(0, 0, 1e-3).p) == ((0.0, 1.0), 1.0)


def test_uniform_p_values_pass_about_as_often_as_the_level_says():
    generator = np.random.default_rng(1)
    alarms = sum(uniformity(generator.random(60)).p < 0.05 for _ in range(200))
    assert 2 <= alarms <= 22  # binomial(200, 0.05) is outside that with probability 6e-4


def test_p_values_of_an_error_bar_that_is_too_small_are_noticed():
    from scipy.special import ndtr

    z = 1.4 * np.random.default_rng(2).standard_normal(400)
    found = uniformity(2 * ndtr(-np.abs(z)))
    assert found.p < LEVEL
    assert found.distance > found.band
    assert found.tails[1].p < LEVEL


def test_the_band_is_that_of_massart():
    found = uniformity(np.random.default_rng(3).random(200))
    assert 2 * np.exp(-2 * 200 * found.band**2) == pytest.approx(LEVEL)
