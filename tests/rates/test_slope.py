"""The jackknife against a naive loop, its influence formula, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from rates.slope import (
    ControlVariate,
    InconclusiveError,
    Mean,
    Sample,
    Separation,
    control_alarm,
    curvature,
    estimand,
    fit,
    floor_alarm,
    heavy_tail,
    level_weights,
    local_slopes,
    log_points,
    point_statistics,
    quantile,
    slope_weights,
)

X = 2.0 ** np.arange(6, 13)
K = len(X)
W = slope_weights(X)


def noisy(seed=0, replicates=20, components=1, sd=0.3):
    rng = np.random.default_rng(seed)
    noise = np.exp(sd * rng.standard_normal((replicates, K, components)) - sd**2 / 2)
    return noise * (X**-1.0)[:, None]


def correlated(seed=0, replicates=20, offset=0.0):
    """Y = c-mean + noise that the variate explains to nine tenths."""
    rng = np.random.default_rng(seed)
    variate = rng.standard_normal((replicates, K))
    y = X**-1.0 * (1 + 0.1 * (variate + offset) + 0.03 * rng.standard_normal((replicates, K)))
    return np.stack([y, X**-1.0 * (2 + 0.3 * variate)], axis=-1)


ESTIMANDS = {
    "mean": (noisy(), Mean()),
    "separation": (noisy(components=2), Separation()),
    "control": (correlated(), ControlVariate(2 * X**-1.0)),
    "control, given coefficient": (correlated(), ControlVariate(2 * X**-1.0, 0.3)),
}


def naive_log_mean(values, kind):
    y = values[..., 0]
    if isinstance(kind, Mean):
        return np.log(y.mean(0))
    if isinstance(kind, Separation):
        return np.log(y.mean(0)) - np.log(values[..., 1].mean(0))
    out = np.empty(K)
    for i in range(K):
        c = values[:, i, 1]
        b = np.cov(y[:, i], c)[0, 1] / np.var(c, ddof=1) if kind.coefficient is None else kind.coefficient
        out[i] = np.log(y[:, i].mean() - b * (c.mean() - kind.control_mean[i]))
    return out


@pytest.mark.parametrize("name", ESTIMANDS)
@pytest.mark.parametrize("weights", [W, level_weights(K)])
def test_fit_is_the_naive_jackknife(name, weights):
    values, kind = ESTIMANDS[name]
    count = len(values)
    full = weights @ naive_log_mean(values, kind)
    left_out = [weights @ naive_log_mean(np.delete(values, r, axis=0), kind) for r in range(count)]
    pseudo = count * full - (count - 1) * np.array(left_out)
    fitted = fit(Sample(X, values), kind, weights)
    assert_allclose(fitted.pseudo_values, pseudo, rtol=1e-9, atol=1e-9)
    assert_allclose(fitted.estimate, pseudo.mean(), rtol=1e-10)
    assert_allclose(fitted.standard_error, pseudo.std(ddof=1) / np.sqrt(count), rtol=1e-9)
    assert fitted.dof == count - 1


def test_standard_error_is_that_of_the_influence_function():
    values = noisy(replicates=400, sd=0.1)
    y = values[..., 0]
    influence = (y / y.mean(0) - 1) @ W
    expected = np.sqrt(np.sum(influence**2) / (400 * 399))
    assert_allclose(fit(Sample(X, values), Mean(), W).standard_error, expected, rtol=5e-3)


def test_weights_are_those_of_least_squares():
    y = np.random.default_rng(0).standard_normal(K)
    assert_allclose(W @ y, np.polyfit(np.log(X), y, 1)[0])
    assert_allclose(slope_weights(X, semilog=True) @ y, np.polyfit(X, y, 1)[0])
    assert_allclose(level_weights(K) @ y, y.mean())
    with pytest.raises(ValueError, match="positive x"):
        slope_weights(np.array([0.0, 1.0, 2.0]))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    scale=st.floats(1e-6, 1e6),
    power=st.floats(-2, 2),
    name=st.sampled_from(["mean", "separation"]),
)
def test_scale_shift_and_order(seed, scale, power, name):
    kind = estimand(name)
    values = noisy(seed, components=2)
    base = fit(Sample(X, values), kind, W)
    moved = values.copy()
    moved[..., 0] *= scale * (X**power)
    shifted = fit(Sample(X, moved), kind, W)
    assert_allclose(shifted.estimate, base.estimate + power, atol=1e-8)
    assert_allclose(shifted.standard_error, base.standard_error, rtol=1e-6)
    level = fit(Sample(X, moved), kind, level_weights(K), offset=np.log(scale * X**power))
    assert_allclose(level.estimate, fit(Sample(X, values), kind, level_weights(K)).estimate, atol=1e-8)
    permuted = fit(Sample(X, np.random.default_rng(seed).permutation(values)), kind, W)
    assert_allclose([permuted.estimate, permuted.standard_error], [base.estimate, base.standard_error], rtol=1e-9)


def test_offset_is_subtracted_and_its_error_widens():
    sample = Sample(X, noisy())
    offset = np.log(np.log(X))
    plain, shifted = fit(sample, Mean(), W), fit(sample, Mean(), W, offset, offset_error=0.01)
    assert_allclose(shifted.estimate, plain.estimate - W @ offset)
    assert_allclose(shifted.half_width_numeric, -np.abs(W).sum() * np.log1p(-0.01))
    low, high = shifted.interval(1e-3)
    t = quantile(1e-3, 19)
    assert_allclose((high - low) / 2, t * plain.standard_error + shifted.half_width_numeric)


def test_jackknife_removes_the_bias_of_the_logarithm():
    # E log of a mean of R exponentials is ψ(R) − log R ≈ −1/(2R); at five replicates that is −0.1.
    rng = np.random.default_rng(0)
    fits = [fit(Sample(X, rng.standard_exponential((5, K, 1))), Mean(), level_weights(K)) for _ in range(2000)]
    error = np.std([f.estimate for f in fits]) / np.sqrt(2000)
    assert abs(np.mean([f.estimate for f in fits])) < 4 * error + 0.005


def test_control_variate_is_unbiased_and_saves_replicates():
    plain, controlled = [], []
    kind = estimand("control-variate", 2 * X**-1.0)
    for seed in range(400):
        sample = Sample(X, correlated(seed))
        plain.append(fit(sample, Mean(), W))
        controlled.append(fit(sample, kind, W))
    ratio = np.mean([c.standard_error for c in controlled]) / np.mean([p.standard_error for p in plain])
    assert ratio < 0.35  # √(0.03²/(0.1² + 0.03²)) = 0.29, and the cost of one coefficient
    estimates = np.array([c.estimate for c in controlled])
    assert abs(estimates.mean() + 1) < 4 * estimates.std() / 20


def test_a_wrong_control_mean_raises_the_alarm():
    right, wrong = ControlVariate(2 * X**-1.0), ControlVariate(2.4 * X**-1.0)
    sample = Sample(X, correlated())
    assert control_alarm(sample, right).p_value > 0.01
    assert control_alarm(sample, wrong).p_value < 1e-4


def test_a_variate_that_does_not_vary_is_ignored():
    values = np.concatenate([noisy(), np.full((20, K, 1), 0.5)], axis=-1)
    controlled = fit(Sample(X, values), ControlVariate(np.full(K, 0.5)), W)
    assert_allclose(controlled.estimate, fit(Sample(X, noisy()), Mean(), W).estimate)


def test_what_has_no_logarithm_is_inconclusive():
    values = noisy()
    values[:, 3] = 0.0
    with pytest.raises(InconclusiveError, match="x = 512 is not positive"):
        fit(Sample(X, values), Mean(), W)
    values[0, 3] = 1.0  # one replicate carries the whole mean
    with pytest.raises(InconclusiveError, match="x = 512"):
        fit(Sample(X, values), Mean(), W)
    values[1, 3] = 1.0  # single zeros are fine
    assert np.isfinite(fit(Sample(X, values), Mean(), W).standard_error)
    negative = np.stack([noisy()[..., 0], -noisy(1)[..., 0]], axis=-1)
    with pytest.raises(InconclusiveError):
        fit(Sample(X, negative), Separation(), W)


def test_one_replicate_has_no_error_bar():
    with pytest.raises(ValueError, match="one replicate has no error bar"):
        fit(Sample(X, noisy(replicates=1)), Mean(), W)


def test_a_deterministic_experiment_carries_its_numerical_error():
    sample = Sample(X, X[None, :, None] ** -0.5, np.full(K, 1e-3))
    fitted = fit(sample, Mean(), W)
    assert_allclose(fitted.estimate, -0.5)
    assert fitted.standard_error == 0
    assert fitted.dof == 0
    assert_allclose(fitted.interval(1e-4)[1], -0.5 - np.abs(W).sum() * np.log1p(-1e-3))
    assert point_statistics(sample, Mean())[1] is None
    assert curvature(sample, Mean()).p_value is None
    points = log_points(sample, Mean())
    assert points.dof == 0
    assert_allclose(points.numeric, -np.log1p(-1e-3))
    unknown = fit(Sample(X, sample.values, np.full(K, 1.0)), Mean(), W)
    assert unknown.interval(0.1) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (np.ones((4, K)), None, "expected"),
        (np.full((4, K, 1), np.nan), None, "not a number"),
        (np.ones((4, K, 1)), np.zeros(K), "one replicate"),
    ],
)
def test_a_sample_checks_itself(values, error, message):
    with pytest.raises(ValueError, match=message):
        Sample(X, values, error)


def test_estimands_by_name():
    with pytest.raises(ValueError, match="do not go together"):
        estimand("control-variate")
    with pytest.raises(ValueError, match="unknown estimand"):
        estimand("median")


def test_points_for_plots_and_bounds():
    sample = Sample(X, noisy())
    y = sample.values[..., 0]
    mean, error = point_statistics(sample, Mean())
    assert_allclose(mean, y.mean(0))
    assert_allclose(error, y.std(0, ddof=1) / np.sqrt(20))
    points = log_points(sample, Mean(), np.log(mean))
    assert_allclose(points.standard_error, error / mean, rtol=0.1)
    assert_allclose(points.estimate, (error / mean) ** 2 / 2, rtol=0.2)  # minus the bias of log of a mean
    exact = Sample(X, X[None, :, None] ** -0.5, np.zeros(K))
    assert_allclose(local_slopes(exact, Mean()), np.full(K - 1, -0.5))


def test_curvature_and_floor_alarms_see_what_they_are_for():
    values = noisy(replicates=40, sd=0.1)
    straight = Sample(X, values)
    assert curvature(straight, Mean()).p_value > 0.01
    assert floor_alarm(straight, Mean()).p_value > 0.01
    floored = Sample(X, values + 0.5 * X[-1] ** -1.0)
    assert floor_alarm(floored, Mean()).p_value < 1e-6
    assert curvature(floored, Mean()).p_value < 1e-6
    bend = np.log(X) ** 2
    bent = Sample(X, values * np.exp(0.2 * bend)[:, None])
    assert_allclose(curvature(bent, Mean()).value, curvature(straight, Mean()).value + 0.2, atol=1e-8)
    assert curvature(bent, Mean(), offset=0.2 * bend).p_value > 0.01
    assert floor_alarm(Sample(X, values * (X**3.0)[:, None]), Mean()).p_value > 0.01


def test_heavy_tails_raise_the_alarm():
    calm, wild = Sample(X, noisy(replicates=64)), Sample(X, noisy(replicates=64, sd=2.5))
    assert not heavy_tail(calm, fit(calm, Mean(), W)).alarmed
    assert heavy_tail(wild, fit(wild, Mean(), W)).alarmed


def test_a_skewed_interval_is_wider_on_the_side_of_the_tail_only():
    values = np.random.default_rng(0).standard_exponential((30, 1, 1)) * np.ones((1, K, 1))
    fitted = fit(Sample(X, values), Mean(), level_weights(K))
    low, high = fitted.interval(1e-3)
    skewed_low, skewed_high = fitted.interval(1e-3, skewed=True)
    assert fitted.skewness > 0
    assert skewed_low == low
    assert skewed_high > high
