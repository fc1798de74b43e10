"""Error rates of the whole decision, simulated: coverage, tails, wrong verdicts, planned power, early stopping.

Noise as in the study of intervals for slopes of log E Y: seven points x = 2^6 … 2^12, seeds fixed. Tolerances are
four binomial standard errors on top of what the study found for the same noise.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import kolmogi, stdtr

from rates.planning import required_replicates, schedule
from rates.slope import ControlVariate, Fit, Mean, Sample, fit, level_weights, pseudo_values, quantile, slope_weights
from rates.verdict import decide

X = 2.0 ** np.arange(6, 13)
K = len(X)
SLOPE, LEVEL = slope_weights(X), level_weights(K)
CENTRED = np.log(X) - np.log(X).mean()
BATCH = 5000


def lognormal(rng, shape):
    return np.exp(0.3 * rng.standard_normal(shape) - 0.045)


def chi_square(rng, shape):
    return rng.standard_exponential(shape)


def heteroscedastic(rng, shape):
    half = np.geomspace(2, 16, K) / 2
    return rng.standard_gamma(half, shape) / half


def trajectory(rng, shape):
    z = rng.standard_normal(shape)
    for i in range(1, K):
        z[..., i] = 0.95 * z[..., i - 1] + np.sqrt(1 - 0.95**2) * z[..., i]
    return np.exp(0.6 * z - 0.18)


def random_slope(rng, shape):
    z = 0.2 * rng.standard_normal(shape) + 0.1 * rng.standard_normal((*shape[:-1], 1)) * CENTRED
    return np.exp(z - (0.04 + 0.01 * CENTRED**2) / 2)


NOISES = {f.__name__: f for f in (lognormal, chi_square, heteroscedastic, trajectory, random_slope)}


def estimates(y, weights):
    """Return estimates and standard errors (B,) of samples (B, R, K), all at once."""
    pseudo = pseudo_values(y[..., None], Mean(), X) @ weights
    return pseudo.mean(-1), pseudo.std(-1, ddof=1) / np.sqrt(y.shape[-2])


def simulate(noise, replicates, weights, simulations, seed=0):
    rng = np.random.default_rng([seed, replicates])
    batches = [estimates(NOISES[noise](rng, (BATCH, replicates, K)), weights) for _ in range(simulations // BATCH)]
    return tuple(np.concatenate(column) for column in zip(*batches, strict=True))


def verdicts(estimate, error, replicates, alpha, margin):
    """Return (consistent, refuted) of sharp claims that predict 0."""
    half = quantile(alpha, replicates - 1) * error
    low, high = estimate - half, estimate + half
    return (low >= -margin) & (high <= margin), (low > margin) | (high < -margin)


def at_most(rate, trials):
    """Return the count that a binomial variable of this rate exceeds about once in 30 000 times."""
    return rate * trials + 4 * np.sqrt(rate * trials) + 1


@pytest.mark.parametrize("noise", NOISES)
def test_the_harness_decides_as_the_library_does(noise):
    y = NOISES[noise](np.random.default_rng(1), (40, 12, K))
    estimate, error = estimates(y, SLOPE)
    consistent, refuted = verdicts(estimate, error, 12, 0.01, 0.15)
    for b in range(40):
        fitted = fit(Sample(X, y[b, ..., None]), Mean(), SLOPE)
        assert_allclose([fitted.estimate, fitted.standard_error], [estimate[b], error[b]], rtol=1e-9, atol=1e-12)
        outcome = decide(fitted.interval(0.01), 0.0, 0.15).outcome
        assert (outcome == "consistent", outcome == "refuted") == (consistent[b], refuted[b])


@pytest.mark.parametrize("weights", [SLOPE, LEVEL], ids=["slope", "level"])
@pytest.mark.parametrize("replicates", [5, 20, 50])
@pytest.mark.parametrize("noise", NOISES)
def test_coverage_of_95_per_cent_intervals(noise, replicates, weights):
    estimate, error = simulate(noise, replicates, weights, 20_000)
    covered = np.mean(np.abs(estimate) <= quantile(0.025, replicates - 1) * error)
    # Standard error 0.0016. Trajectories (CV 0.66, not averaged over x) fall short by up to two per cent.
    assert (0.925 if noise == "trajectory" else 0.94) <= covered <= 0.96


@pytest.mark.parametrize(("replicates", "simulations"), [(20, 200_000), (50, 100_000)])
@pytest.mark.parametrize("noise", NOISES)
def test_tails_at_one_in_a_thousand(noise, replicates, simulations):
    estimate, error = simulate(noise, replicates, SLOPE, simulations)
    for sign in (1, -1):
        beyond = np.mean(stdtr(replicates - 1, sign * estimate / error) < 1e-3)
        assert 1e-3 / 4 < beyond < 4e-3


@pytest.mark.parametrize("noise", NOISES)
def test_tails_of_a_level_need_the_skewed_interval(noise):
    # Weights of one sign do not cancel skewness: a trajectory's limits fail 4 to 5 times too often without it.
    rng = np.random.default_rng(2)
    outside, simulations, alpha, replicates = 0, 40_000, 1e-3, 20
    t = quantile(alpha, replicates - 1)
    for _ in range(simulations // BATCH):
        pseudo = pseudo_values(NOISES[noise](rng, (BATCH, replicates, K))[..., None], Mean(), X) @ LEVEL
        centred = pseudo - pseudo.mean(-1, keepdims=True)
        sd = pseudo.std(-1, ddof=1)
        skewness = np.mean(centred**3, axis=-1) / np.mean(centred**2, axis=-1) ** 1.5
        above = t * sd / np.sqrt(replicates) + np.maximum(skewness, 0) * (1 + 2 * t * t) * sd / (6 * replicates)
        outside += np.sum(pseudo.mean(-1) + above < 0)
        fitted = Fit(pseudo[0].mean(), sd[0] / np.sqrt(replicates), replicates - 1, pseudo[0])
        assert_allclose(fitted.interval(alpha, skewed=True)[1], pseudo[0].mean() + above[0])
    assert outside / simulations < 3e-3


def test_p_values_are_uniform_at_a_fixed_number_of_replicates():
    estimate, error = simulate("lognormal", 20, SLOPE, 20_000, seed=3)
    p = np.sort(stdtr(19, estimate / error))
    distance = np.max(np.abs(p - (np.arange(len(p)) + 0.5) / len(p)))
    assert distance < kolmogi(1e-3) / np.sqrt(len(p))


def test_an_estimated_coefficient_keeps_the_level():
    rng = np.random.default_rng(4)
    simulations, replicates = 40_000, 12
    t = []
    for _ in range(simulations // BATCH):
        variate = rng.standard_normal((BATCH, replicates, K))
        y = 1 + 0.2 * variate + 0.05 * rng.standard_normal(variate.shape)
        pseudo = pseudo_values(np.stack([y, variate], axis=-1), ControlVariate(np.zeros(K)), X) @ SLOPE
        t.append(pseudo.mean(-1) / pseudo.std(-1, ddof=1) * np.sqrt(replicates))
    p = stdtr(replicates - 1, np.concatenate(t))
    assert 0.945 < np.mean((p > 0.025) & (p < 0.975)) < 0.965
    assert np.sum(p < 1e-3) <= at_most(1e-3, simulations)


@pytest.mark.parametrize("edge", [0.1, -0.1])
@pytest.mark.parametrize("noise", NOISES)
def test_wrong_verdicts_at_the_edge_of_the_margin(noise, edge):
    """On the edge both verdicts are wrong, and each must be rarer than the level, within the tails' factor of two."""
    alpha, margin, replicates, simulations = 0.005, 0.1, 32, 20_000
    estimate, error = simulate(noise, replicates, SLOPE, simulations, seed=5)
    consistent, refuted = verdicts(estimate + edge, error, replicates, alpha, margin)
    factor = 2.0 if noise in ("trajectory", "heteroscedastic") else 1.25
    assert max(consistent.sum(), refuted.sum()) <= at_most(factor * alpha, simulations)


def sequential(noise, deviations, looks, alpha, margin, simulations, seed):
    """Return counts (consistent, refuted) and mean replicates for each deviation, stopping at the first verdict."""
    rng = np.random.default_rng(seed)
    counts = {d: np.zeros(2, dtype=int) for d in deviations}
    spent = dict.fromkeys(deviations, 0.0)
    size = 2000
    for _ in range(simulations // size):
        y = NOISES[noise](rng, (size, looks[-1], K))
        open_ = {d: np.ones(size, dtype=bool) for d in deviations}
        for before, replicates in zip((0, *looks), looks, strict=False):
            estimate, error = estimates(y[:, :replicates], SLOPE)
            for d in deviations:
                spent[d] += open_[d].sum() * (replicates - before) / simulations
                consistent, refuted = verdicts(estimate + d, error, replicates, alpha, margin)
                counts[d] += [np.sum(consistent & open_[d]), np.sum(refuted & open_[d])]
                open_[d] &= ~(consistent | refuted)
    return counts, spent


@pytest.mark.parametrize("noise", NOISES)
def test_wrong_verdicts_with_early_stopping(noise):
    """The level split over five looks holds in total, where peeking at the unsplit level would not."""
    alpha, simulations, looks = 0.005, 20_000, (8, 16, 32, 64, 128)
    counts, spent = sequential(noise, (0.0, 0.1, -0.1, 0.2), looks, alpha / 5, 0.1, simulations, seed=6)
    factor = 2.0 if noise in ("trajectory", "heteroscedastic") else 1.25
    for edge in (0.1, -0.1):
        assert counts[edge].max() <= at_most(factor * alpha, simulations)
    assert counts[0.0][1] <= at_most(1e-4, simulations)  # a right algorithm is refuted
    assert counts[0.2][0] <= at_most(1e-4, simulations)  # a wrong one passes
    if noise != "chi_square":  # too noisy for 128 replicates at this margin
        assert counts[0.0][0] >= 0.98 * simulations
        assert spent[0.0] < 100


@pytest.mark.parametrize("noise", ["lognormal", "chi_square", "random_slope"])
@pytest.mark.parametrize("weights", [SLOPE, LEVEL], ids=["slope", "level"])
def test_planned_power_is_reached(noise, weights):
    rng = np.random.default_rng(7)
    sd = float(np.std(pseudo_values(NOISES[noise](rng, (100_000, K))[..., None], Mean(), X) @ weights))
    margin, alpha, simulations = 0.2, 1e-3, 10_000
    replicates = required_replicates(sd, margin, alpha)
    estimate, error = simulate(noise, replicates, weights, simulations, seed=8)
    consistent, _ = verdicts(estimate, error, replicates, alpha, margin)
    assert np.sum(~consistent) <= at_most(1e-3, simulations)


@pytest.mark.parametrize("noise", ["lognormal", "heteroscedastic", "random_slope"])
def test_a_planned_schedule_passes_what_is_right_and_catches_what_is_wrong(noise):
    """A gate of many claims stays green: 0.999 at agreement, at level 1e-3 with two results, all looks together."""
    rng = np.random.default_rng(9)
    sd = float(np.std(pseudo_values(NOISES[noise](rng, (100_000, K))[..., None], Mean(), X) @ SLOPE))
    margin, simulations = 0.15, 10_000
    plan = schedule(lambda level: required_replicates(sd, margin, level), 1e-3, results=2, block=8)
    counts, spent = sequential(noise, (0.0, 0.15, 0.3), plan.looks, plan.alpha_look, margin, simulations, seed=10)
    # Skewness that changes along x costs some of the promised power.
    missed = 3e-3 if noise == "heteroscedastic" else 1e-3
    assert simulations - counts[0.0][0] <= at_most(missed, simulations)
    assert counts[0.15].max() <= at_most(1e-3, simulations)
    assert simulations - counts[0.3][1] <= at_most(missed, simulations)
    assert spent[0.0] < plan.looks[-1]
