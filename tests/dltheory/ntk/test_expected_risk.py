import numpy as np
import pytest
from moment_oracles import circle_model, enumerated_risk, full_moment_risk, harmonics, sgd_step, spread

from dltheory.ntk.expected_risk import ModelSpectrum, expected_risk, expected_risk_path, mean_risk
from dltheory.ntk.schedule import AveragedSGD

AVERAGINGS = ["uniform", "last"]


def assert_risk(risk, oracle, rtol=1e-12):
    np.testing.assert_allclose([risk.bias, risk.variance], oracle, rtol=rtol)


@pytest.mark.parametrize("averaging", AVERAGINGS)
@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("horizon", [2, 3])
def test_every_path_enumerated(horizon, ridge, averaging):
    model = circle_model(2, energy=[0.05, 0.1, 0.07])
    sgd = AveragedSGD(0.7, ridge, horizon, averaging)
    assert_risk(expected_risk(model, sgd), enumerated_risk(model, sgd))


@pytest.mark.parametrize("averaging", AVERAGINGS)
@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_full_second_moment_matrix(noise, ridge, averaging):
    model = circle_model(2, energy=[0.05, 0.1, 0.07], noise_variance=noise)
    sgd = AveragedSGD(0.9, ridge, 60, averaging)
    assert_risk(expected_risk(model, sgd), full_moment_risk(model, sgd), rtol=1e-11)


@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_invisible_degree_acts_as_label_noise_and_stays_as_bias(averaging):
    model = circle_model(2, eigenvalues=[0.4, 0.3, 0.0], energy=[0.05, 0.1, 0.07])
    sgd = AveragedSGD(0.7, 0.02, 40, averaging)
    risk = expected_risk(model, sgd)
    assert_risk(risk, full_moment_risk(model, sgd), rtol=1e-11)
    seen = ModelSpectrum([0.4, 0.3], [1, 2], [0.05, 0.1], 0.25 + 0.07)
    np.testing.assert_allclose(risk.total, expected_risk(seen, sgd).total + 0.07, rtol=1e-13)


def test_monte_carlo():
    model = circle_model(6, r=0.75, noise_variance=0.1)
    sgd = AveragedSGD(0.4, 0.03, 150)
    basis, (eigenvalues, target) = harmonics(6, 25), spread(model)
    rng = np.random.default_rng(20260801)
    weights = np.zeros((4000, len(target)))
    total = weights.copy()
    for _ in range(sgd.horizon):
        x = basis[rng.integers(25, size=len(weights))]
        noise = np.sqrt(model.noise_variance) * rng.choice([-1, 1], size=len(weights))
        weights = sgd_step(x, (x @ target + noise)[:, None], weights, eigenvalues, sgd)
        total += weights
    losses = ((total / (sgd.horizon + 1) - target) ** 2).sum(axis=1)
    error = losses.std(ddof=1) / np.sqrt(len(losses))
    assert error < 0.02 * losses.mean()
    assert abs(losses.mean() - expected_risk(model, sgd).total) < 4 * error


@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_path_is_the_risk_of_shorter_runs(averaging):
    model = circle_model(20)
    times = [2, 3, 17, 400, 5000]
    path = expected_risk_path(model, AveragedSGD(0.4, 0.01, 2, averaging), times)
    for time, risk in zip(times, path, strict=True):
        alone = expected_risk(model, AveragedSGD(0.4, 0.01, time, averaging))
        np.testing.assert_allclose([risk.bias, risk.variance], [alone.bias, alone.variance], rtol=1e-13)


@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_splitting_a_degree_of_equal_eigenvalue_changes_nothing(averaging):
    whole = ModelSpectrum([0.5, 0.2], [1, 5], [0.1, 0.2], 0.3)
    split = ModelSpectrum([0.2, 0.5, 0.2], [2, 1, 3], [0.15, 0.1, 0.05], 0.3)
    sgd = AveragedSGD(0.5, 0.01, 300, averaging)
    one, two = expected_risk(whole, sgd), expected_risk(split, sgd)
    np.testing.assert_allclose([one.bias, one.variance], [two.bias, two.variance], rtol=1e-13)


def test_risk_is_linear_in_energy_and_noise():
    model = circle_model(30)
    scaled = circle_model(30, energy=7 * model.energy, noise_variance=7 * model.noise_variance)
    sgd = AveragedSGD(0.4, 0.01, 500)
    np.testing.assert_allclose(expected_risk(scaled, sgd).total, 7 * expected_risk(model, sgd).total, rtol=1e-13)


def test_last_iterate_has_the_stationary_floor():
    # without ridge the stationary prediction error is σ²/(1 - x), x = ηk(x,x)/2, of which σ² is label noise
    model = circle_model(8)
    x = 0.4 * model.kernel_diagonal / 2
    risk = expected_risk(model, AveragedSGD(0.4, 0.0, 40_000, "last"))
    np.testing.assert_allclose(risk.variance, 0.25 * x / (1 - x), rtol=1e-12)
    assert risk.bias < 1e-20


def test_constant_predictor_has_no_multiplicative_noise():
    # degree 0 alone: e' = (α - ηΛ) e + b + ηΛ ξ, an autoregression
    model, sgd = ModelSpectrum([0.8], [1], [0.3], 0.25), AveragedSGD(0.5, 0.1, 50, "last")
    A = 1 - 0.5 * 0.9
    np.testing.assert_allclose(expected_risk(model, sgd).variance, 0.25 * 0.4**2 * (1 - A**100) / (1 - A**2))


def test_mean_risk_without_learning_is_the_energy():
    model = circle_model(3, eigenvalues=np.zeros(4))
    assert expected_risk(model, AveragedSGD(0.4, 0.1, 10)).total == mean_risk(model, AveragedSGD(0.4, 0.1, 10))
    np.testing.assert_allclose(mean_risk(model, AveragedSGD(0.4, 0.1, 10)), 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"energy": [0.1, -0.1]}, "energy must be finite and at least 0"),
        ({"energy": [0.1, np.nan]}, "energy must be finite"),
        ({"eigenvalues": [0.1, -0.2]}, "eigenvalues must be finite and at least 0"),
        ({"multiplicity": [-1.0, 1.0]}, "multiplicity must be finite and at least 0"),
        ({"noise_variance": -1.0}, "noise_variance must be finite"),
        ({"energy": [0.1]}, r"need one shape \(K\+1,\)"),
        ({"energy": [[0.1, 0.2]]}, r"need one shape \(K\+1,\)"),
    ],
)
def test_bad_models(change, message):
    fields = {"eigenvalues": [0.5, 0.2], "multiplicity": [1, 2], "energy": [0.1, 0.1], "noise_variance": 0.1}
    with pytest.raises(ValueError, match=message):
        ModelSpectrum(**(fields | change))


def test_diverging_step_sizes():
    with pytest.raises(ValueError, match="must stay below 2"):
        expected_risk(circle_model(20), AveragedSGD(1.7, 0.0, 10))
    # stable without the ridge, η(Λ + λ) > 2 with it
    with pytest.raises(ValueError, match="diverges"):
        expected_risk(ModelSpectrum([1.0], [1], [0.1], 0.1), AveragedSGD(1.9, 0.2, 10))


@pytest.mark.parametrize("times", [[], [1, 5], [5, 5], [9, 3]])
def test_bad_times(times):
    with pytest.raises(ValueError, match="times must be increasing"):
        expected_risk_path(circle_model(3), AveragedSGD(0.4, 0.1, 10), times)
