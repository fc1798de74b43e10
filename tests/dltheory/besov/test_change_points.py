"""Exact least squares over step functions: against all splits, an independent package, and known limits."""

import itertools
import math

import numpy as np
import pytest

from dltheory.besov import change_points, change_points_risk
from dltheory.besov.change_points import StepFunction, draw, fit
from dltheory.sequence import coin_risk


def sum_of_squares(x, y, jumps):
    """Try every split of the sorted sample into jumps + 1 runs that ties do not straddle."""
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    allowed = [i for i in range(1, len(x)) if x[i] > x[i - 1]]
    return min(
        sum(((part - part.mean()) ** 2).sum() for part in np.split(y, ends))
        for ends in itertools.combinations(allowed, jumps)
    )


@pytest.mark.filterwarnings("ignore:.*jumps in.*samples")
@pytest.mark.parametrize("jumps", [1, 2, 3])
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("ties", [False, True])
def test_the_fit_is_the_best_of_all_splits(jumps, seed, ties):
    rng = np.random.default_rng([seed, jumps])
    x = rng.integers(0, 8, 14) / 8 if ties else rng.random(12)
    y = draw(rng, jumps, 1.5)(x) + rng.standard_normal(x.size)
    found = fit(x, y, jumps)
    assert found.jumps.size == jumps
    assert np.sum((y - found(x)) ** 2) == pytest.approx(sum_of_squares(x, y, jumps), rel=1e-12)


@pytest.mark.parametrize("jumps", [1, 2, 4])
def test_an_independent_package_finds_the_same_jumps(jumps):
    ruptures = pytest.importorskip("ruptures")
    rng = np.random.default_rng(jumps)
    x = np.sort(rng.random(300))
    y = draw(rng, jumps, 1.0, apart=0.1)(x) + rng.standard_normal(300)
    ends = ruptures.Dynp(model="l2", min_size=1, jump=1).fit(y).predict(jumps)[:-1]
    assert fit(x, y, jumps).jumps == pytest.approx([(x[i - 1] + x[i]) / 2 for i in ends], rel=1e-14)


def test_no_jump_is_the_mean_and_a_common_level_changes_no_split():
    rng = np.random.default_rng(0)
    x, y = rng.random(200), rng.standard_normal(200)
    assert fit(x, y, 0).levels == pytest.approx([y.mean()])
    for jumps in (1, 3):
        assert fit(x, y + 1e6, jumps).jumps == pytest.approx(fit(x, y, jumps).jumps, rel=1e-12)


def test_without_noise_the_jump_is_found_between_its_neighbours():
    truth = StepFunction([0.31, 0.7], [0.0, 2.0, -1.0])
    x = np.random.default_rng(1).random(400)
    found = fit(x, truth(x), 2)
    assert found.levels == pytest.approx(truth.levels, abs=1e-12)
    gaps = [np.min(x[x >= t]) - np.max(x[x < t]) for t in truth.jumps]
    assert np.all(np.abs(found.jumps - truth.jumps) <= gaps)


def test_the_squared_distance_is_the_integral():
    f, g = StepFunction([0.2, 0.5], [1.0, -1.0, 0.5]), StepFunction([0.35], [0.0, 2.0])
    at = (np.arange(1_000_000) + 0.5) / 1_000_000
    assert f.squared_distance(g) == pytest.approx(np.mean((f(at) - g(at)) ** 2), rel=1e-6)
    assert f.squared_distance(f) == 0.0
    assert f.heights == pytest.approx([-2.0, 1.5])


def test_draws_lie_where_they_are_asked_for_and_apart():
    for seed in range(50):
        truth = draw(np.random.default_rng(seed), 4, 0.5, within=(0.1, 0.9), apart=0.15)
        assert truth.jumps.min() >= 0.1
        assert truth.jumps.max() <= 0.9
        assert np.all(np.diff(truth.jumps) >= 0.15 - 1e-12)
        assert np.abs(truth.heights) == pytest.approx([0.5] * 4)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_misplaced_samples_have_a_distribution_that_sums_to_one_and_simulates(ratio):
    probability = change_points_risk.split_probabilities(ratio, 1200)
    assert probability.sum() == pytest.approx(1.0, abs=1e-9)
    assert probability @ np.arange(1200) == pytest.approx(change_points_risk.misplaced(ratio), abs=1e-5)
    rng, reach = np.random.default_rng(3), round(120 / ratio)
    walks = np.cumsum(ratio**2 / 2 + ratio * rng.standard_normal((4000, 2, reach)), axis=2)
    at = np.where(walks.min(axis=2) < 0, walks.argmin(axis=2) + 1, 0)
    side = np.argmin(np.minimum(walks.min(axis=2), 0), axis=1)
    moved = at[np.arange(4000), side]
    error = moved.std() / math.sqrt(4000)
    assert abs(moved.mean() - change_points_risk.misplaced(ratio)) < 4.5 * error


def test_the_risk_of_the_exact_fit_over_n_tends_to_the_limit():
    rng, risks = np.random.default_rng(4), []
    for _ in range(1500):
        truth = draw(rng, 1)
        x = np.sort(rng.random(2048))
        risks.append(2048 * truth.squared_distance(fit(x, truth(x) + rng.standard_normal(2048))))
    error = np.std(risks) / math.sqrt(len(risks))
    assert change_points_risk.limit(1, 1.0, 1.0) == pytest.approx(5.4254, abs=1e-4)
    assert abs(np.mean(risks) - 5.4254) < 4.5 * error


def test_the_bayes_risk_is_the_expected_error_of_the_posterior_mean():
    rng, amplitude, noise, found = np.random.default_rng(5), 1.3, 0.8, []
    at = (np.arange(2000) + 0.5) / 2000
    for _ in range(400):
        t, x = rng.random(), np.sort(rng.random(40))
        y = amplitude * (x >= t) + noise * rng.standard_normal(40)
        log = -np.sum((y - amplitude * (x >= at[:, None])) ** 2, axis=1) / (2 * noise**2)
        mass = np.exp(log - log.max())
        mean = amplitude * np.cumsum(mass) / mass.sum()
        error = np.mean((mean - amplitude * (at >= t)) ** 2)
        found.append(error - change_points_risk.bayes_risk(x, y, amplitude, noise))
    assert abs(np.mean(found)) < 4.5 * np.std(found) / math.sqrt(len(found)) + 1e-4


def test_the_two_point_bound_is_below_the_bayes_risk_and_of_order_one_over_n():
    rng, n = np.random.default_rng(6), 128
    risks = []
    for _ in range(500):
        x, t = np.sort(rng.random(n)), rng.random()
        risks.append(change_points_risk.bayes_risk(x, (x >= t) + rng.standard_normal(n), 1.0, 1.0))
    assert change_points_risk.two_point_bound(n, 1.0, 1.0)[0] < np.mean(risks)
    far = change_points_risk.two_point_bound([1e5, 1e7], 1.0, 1.0) * [1e5, 1e7]
    assert far[0] == pytest.approx(far[1], rel=1e-3)


def test_the_posterior_variance_of_a_fair_coin():
    assert coin_risk(0.0) == pytest.approx(0.25)
    rng, s = np.random.default_rng(7), 1.7
    b = rng.integers(0, 2, 400_000)
    z = s * b + rng.standard_normal(b.size)
    p = 1 / (1 + np.exp(-(s * z - s * s / 2)))
    assert coin_risk(s**2) == pytest.approx(np.mean((b - p) ** 2), rel=0.01)


BAD = [
    (lambda: fit([0.1, 0.2], [1.0], 1), "two vectors of one length"),
    (lambda: fit([], [], 0), "two vectors of one length"),
    (lambda: fit([0.1, np.nan], [1.0, 2.0], 1), "must be finite"),
    (lambda: fit([0.1, 1.2], [1.0, 2.0], 1), r"lie in \[0, 1\]"),
    (lambda: fit([0.1, 0.2], [1.0, 2.0], -1), "whole number from 0 on"),
    (lambda: fit([0.1, 0.2], [1.0, 2.0], 1.5), "whole number from 0 on"),
    (lambda: fit([0.1, 0.2], [1.0, 2.0], 2), "need at least 3 samples"),
    (lambda: fit([0.3] * 40, list(range(40)), 1), "2 different x, got 1"),
    (lambda: fit([0.3] * 20 + [0.4] * 20, list(range(40)), 2), "3 different x, got 2"),
    (lambda: StepFunction([0.5, 0.2], [0, 1, 2]), "must increase"),
    (lambda: StepFunction([0.5], [0.0]), "1 jumps need 2 levels"),
    (lambda: StepFunction([0.5], [0.0, np.inf]), "must be finite"),
    (lambda: draw(np.random.default_rng(0), 5, apart=0.2), "do not fit"),
    (lambda: draw(np.random.default_rng(0), -1), "whole number from 0 on"),
    (lambda: change_points.require_apart(StepFunction([0.5, 0.501], [0, 1, 0]), 100), "closer than 1/n"),
    (lambda: change_points_risk.misplaced(0.0), "must be positive"),
]


@pytest.mark.filterwarnings("ignore:.*jumps in.*samples")
@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_jumps_that_are_apart_are_accepted():
    change_points.require_apart(StepFunction([0.5, 0.51], [0, 1, 0]), 100)


def test_many_jumps_and_holes_in_the_design_are_warned_of():
    rng = np.random.default_rng(8)
    x = rng.random(60)
    with pytest.warns(UserWarning, match=r"order K log\(n\)/n"):
        fit(x, rng.standard_normal(60), 6)
    x = np.concatenate([rng.random(500) * 0.3, 0.7 + 0.3 * rng.random(500)])
    with pytest.warns(UserWarning, match="no sample between"):
        fit(x, (x > 0.5) + 0.1 * rng.standard_normal(1000))
