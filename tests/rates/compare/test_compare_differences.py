"""How certain a change is: oracles of scipy and of first principles, and Table 10 of the statistics."""

import numpy as np
import pytest
from scipy.stats import ttest_ind, ttest_rel

from rates.compare.differences import Estimate, combined, correlation, independent, paired, two_sided
from rates.slope import Fit, Mean, Sample, fit, pseudo_values, slope_weights

GRID = 2.0 ** np.arange(6, 13)
WEIGHTS = slope_weights(GRID)


def a_fit(values):
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    return Fit(float(np.mean(values)), error, len(values) - 1, np.asarray(values))


def test_the_paired_test_is_that_of_scipy():
    rng = np.random.default_rng(1)
    base = rng.standard_normal(20)
    head = base + 0.1 * rng.standard_normal(20) + 0.05
    found, oracle = combined(a_fit(base), a_fit(head), sign=1.0, pair=True), ttest_rel(head, base)
    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-12)
    assert found.interval(0.01) == pytest.approx(tuple(oracle.confidence_interval(0.99)), rel=1e-12)


def test_the_unpaired_test_is_that_of_welch():
    rng = np.random.default_rng(2)
    base, head = rng.standard_normal(12), 1 + 3 * rng.standard_normal(31)
    found, oracle = combined(a_fit(base), a_fit(head), sign=1.0, pair=False), ttest_ind(head, base, equal_var=False)
    assert found.p_value == pytest.approx(oracle.pvalue, rel=1e-12)
    assert found.dof == pytest.approx(oracle.df, rel=1e-12)
    assert found.interval(0.01) == pytest.approx(tuple(oracle.confidence_interval(0.99)), rel=1e-12)


def test_the_noise_of_one_replicate_is_that_of_the_number_of_replicates_paired_or_not():
    rng = np.random.default_rng(2)
    base, head = rng.standard_normal(20), 3 * rng.standard_normal(20)
    unpaired = combined(a_fit(base), a_fit(head), sign=1.0, pair=False)
    assert unpaired.sd == pytest.approx(np.hypot(np.std(base, ddof=1), np.std(head, ddof=1)))
    assert combined(a_fit(base), a_fit(head), sign=1.0, pair=True).sd == pytest.approx(np.std(head - base, ddof=1))


def test_the_sum_of_two_deviations_has_the_noise_of_the_pairs():
    rng = np.random.default_rng(3)
    base = rng.standard_normal(20)
    head = base + 0.1 * rng.standard_normal(20)
    both = combined(a_fit(base), a_fit(head), sign=-1.0, pair=True)
    assert both.value == pytest.approx(np.mean(base + head))
    assert both.standard_error == pytest.approx(np.std(base + head, ddof=1) / np.sqrt(20))


def test_the_slope_of_a_pair_is_that_of_leaving_replicates_out_one_by_one():
    rng = np.random.default_rng(4)
    y = GRID**-1 * np.exp(0.3 * rng.standard_normal((2, 10, 7)))
    by_hand = []
    for values in y:
        whole = WEIGHTS @ np.log(values.mean(axis=0))
        left_out = [WEIGHTS @ np.log(np.delete(values, r, axis=0).mean(axis=0)) for r in range(10)]
        by_hand.append(10 * whole - 9 * np.array(left_out))
    fits = [fit(Sample(GRID, values[..., np.newaxis]), Mean(), WEIGHTS) for values in y]
    oracle = ttest_rel(by_hand[1], by_hand[0])
    assert combined(*fits, sign=1.0, pair=True).p_value == pytest.approx(oracle.pvalue, rel=1e-9)


def test_numerical_errors_add_up_and_stand_in_for_noise():
    base, head = Fit(1.0, 0.0, 0, np.array([1.0]), 0.01), Fit(1.05, 0.0, 0, np.array([1.05]), 0.02)
    found = combined(base, head, sign=1.0, pair=True)
    assert found.interval(1e-3) == pytest.approx((0.02, 0.08))
    assert found.p_value == 0.0
    assert Estimate(0.02, numeric=0.03).p_value == 1.0
    assert independent(Estimate(1.0, 0.3, 9), Estimate(1.0, numeric=0.1), sign=1.0).dof == pytest.approx(9)


def test_values_that_do_not_vary_have_no_correlation():
    assert correlation(np.ones(5), np.arange(5.0)) is None
    assert correlation(np.arange(2.0), np.arange(2.0)) is None
    assert correlation(np.arange(5.0), 1 - np.arange(5.0)) == pytest.approx(-1)


def rejections(change, rho, *, cv=0.3, replicates=20, simulations=20_000, level=1e-3, pair=True):
    """The share of simulated head-and-base pairs in which a slope change is found, noise independent along x."""
    rng, count = np.random.default_rng(7), 0
    sigma = np.sqrt(np.log1p(cv**2))
    for _ in range(simulations // 1000):
        shared, own = rng.standard_normal((2, 1000, replicates, 7))
        base = np.exp(sigma * shared)
        head = np.exp(sigma * (rho * shared + np.sqrt(1 - rho**2) * own)) * (GRID / 512) ** change
        slopes = [pseudo_values(y[..., np.newaxis], Mean(), GRID) @ WEIGHTS for y in (base, head)]
        if pair:
            mean, error = paired(*slopes)
            p = two_sided(mean, error, replicates - 1)
        else:
            p = ttest_ind(slopes[1], slopes[0], axis=-1, equal_var=False).pvalue
        count += int(np.sum(p < level))
    return count / simulations


@pytest.mark.parametrize(
    ("rho", "change", "cv", "table"),
    [(0.99, 0.02, 0.3, 0.999), (0.9, 0.02, 0.3, 0.104), (0.9, 0.05, 0.3, 0.955), (0.99, 0.05, 0.95, 0.892)],
)
def test_power_is_that_of_table_10(rho, change, cv, table):
    """Within the standard error of the table's own simulation (2000) and of its noise model, five of them."""
    found = rejections(change, rho, cv=cv)
    assert abs(found - table) < 5 * np.sqrt(max(table * (1 - table), 1e-3) / 2000)


@pytest.mark.parametrize("rho", [0.0, 0.9, 0.99])
def test_nothing_changed_is_found_to_have_changed_no_more_often_than_the_level(rho):
    """At most twice the level plus noise: the tail of a jackknife interval from twenty replicates (Table 2)."""
    simulations, level = 20_000, 1e-3
    found = rejections(0.0, rho) * simulations
    assert found <= 2 * level * simulations + 4 * np.sqrt(2 * level * simulations)


def test_without_pairing_the_same_change_is_not_found():
    assert rejections(0.02, 0.99, pair=False, simulations=2000) < 0.01
