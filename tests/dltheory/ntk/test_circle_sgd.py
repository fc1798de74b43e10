import math

import numpy as np
import pytest

from dltheory.ntk import circle_sgd
from dltheory.ntk.expected_risk import ModelSpectrum, expected_risk
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD


def problem(max_degree=40, noise_variance=0.1, **kernel):
    return SphereRegression.on_boundary(
        NeuralTangentKernel(2, **kernel), r=0.75, max_degree=max_degree, noise_variance=noise_variance
    )


def streams(model, horizon, replicates, seed=0):
    drawn = [
        model.sample(np.random.default_rng([seed, 0, r]), np.random.default_rng([seed, 1, r]), horizon)
        for r in range(replicates)
    ]
    x, y = (np.stack(part) for part in zip(*drawn, strict=True))
    return np.arctan2(x[..., 1], x[..., 0]), y


def features(angles, max_degree):
    """Orthonormal Fourier basis (T, 2, K + 1)."""
    phase = angles[:, None] * np.arange(max_degree + 1)
    basis = math.sqrt(2) * np.stack([np.cos(phase), np.sin(phase)], axis=1)
    basis[:, 0, 0] = 1
    return basis


def iterates(model, sgd, angles, labels):
    """Coefficients (T + 1, 2, K + 1) of g_0 ... g_T, straight from the recursion."""
    basis = features(angles, len(model.energy) - 1)
    path = np.zeros((len(labels) + 1, *basis.shape[1:]))
    for t in range(len(labels)):
        residual = np.sum(path[t] * basis[t]) - labels[t]
        path[t + 1] = (1 - sgd.step_size * sgd.ridge) * path[t]
        path[t + 1] -= sgd.step_size * residual * model.eigenvalues * basis[t]
    return path


@pytest.mark.parametrize("averaging", ["uniform", "last"])
@pytest.mark.parametrize("max_degree", [1, 7, 40])
def test_coefficients_are_those_of_the_recursion(max_degree, averaging):
    model = problem(max_degree, bias_scale=0.6)
    sgd = AveragedSGD(0.4, 0.03, 130, averaging)
    angles, labels = streams(model, 130, 3)
    got = circle_sgd.run(model, sgd, angles, labels)
    assert got.shape == (3, 2, max_degree + 1)
    for r in range(3):
        path = iterates(model, sgd, angles[r], labels[r])
        expected = path[-1] if averaging == "last" else path.mean(0)
        np.testing.assert_allclose(got[r], expected, rtol=0, atol=1e-13)
    on_torch = circle_sgd.run(model, sgd, angles, labels, backend="torch")
    np.testing.assert_allclose(on_torch, got, rtol=0, atol=1e-12)


def test_rotation_of_the_features_stays_accurate_at_high_degree():
    cosine, sine = circle_sgd._room(3001), circle_sgd._room(3001)
    k = np.arange(cosine.size)
    for theta in (3.0, -0.7, 1e-3):
        circle_sgd._rotate(theta, cosine, sine)
        np.testing.assert_allclose(cosine, np.cos(k * theta), rtol=0, atol=3e-13)
        np.testing.assert_allclose(sine, np.sin(k * theta), rtol=0, atol=3e-13)


def test_each_replicate_is_independent_of_the_others_and_of_what_comes_later():
    model = problem()
    sgd = AveragedSGD(0.4, 0.03, 50, "last")
    angles, labels = streams(model, 80, 3)
    together = circle_sgd.run(model, sgd, angles[:, :50], labels[:, :50])
    alone = circle_sgd.run(model, sgd, angles[1:2, :50], labels[1:2, :50])
    np.testing.assert_array_equal(together[1:2], alone)
    short = streams(model, 50, 3)
    np.testing.assert_array_equal(short[0], angles[:, :50])


def test_degrees_without_eigenvalue_are_never_learnt():
    energy = np.array([0, 0.1, 0.1, 0.05])
    model = SphereRegression(NeuralTangentKernel(2, bias_scale=0.0), energy, 0.1)
    angles, labels = streams(model, 400, 2)
    coefficients = circle_sgd.run(model, AveragedSGD(0.4, 0.01, 400), angles, labels)
    assert np.all(coefficients[:, :, 3] == 0)
    assert np.all(circle_sgd.squared_error(model, coefficients) > 0.05)


def test_error_by_parseval_is_the_mean_square_on_the_circle():
    model = problem()
    angles, labels = streams(model, 60, 2)
    coefficients = circle_sgd.run(model, AveragedSGD(0.4, 0.03, 60), angles, labels)
    grid = np.arange(128) * (2 * math.pi / 128)
    target = model.target(np.stack([np.cos(grid), np.sin(grid)], axis=1))
    expected = np.mean((circle_sgd.predict(coefficients, grid) - target) ** 2, axis=1)
    np.testing.assert_allclose(circle_sgd.squared_error(model, coefficients), expected, rtol=1e-11)
    np.testing.assert_allclose(circle_sgd.squared_error(model, coefficients, tail_energy=1.0), expected + 1, rtol=1e-11)


@pytest.mark.parametrize("averaging", ["uniform", "last"])
def test_mean_risk_is_the_moment_recursion(averaging):
    model = problem(64)
    sgd = AveragedSGD(0.4, 0.02, 200, averaging)
    risks = circle_sgd.squared_error(model, circle_sgd.run(model, sgd, *streams(model, 200, 900)))
    exact = expected_risk(
        ModelSpectrum(model.eigenvalues, model.multiplicity, model.energy, model.noise_variance), sgd
    ).total
    assert abs(risks.mean() - exact) < 4 * risks.std() / 30


def test_error_area_is_the_sum_along_the_path():
    model = problem(12)
    sgd = AveragedSGD(0.4, 0.02, 90)
    angles, labels = streams(model, 90, 2)
    horizons = np.array([90, 3, 0, 1, 90, 17, 40, 40, 8, 89, 2, 5, 60])
    got = circle_sgd.degree_error_area(model, sgd, angles, labels, horizons)
    assert np.all(np.isnan(got[:, 0]))  # the target has mean 0
    for r in range(2):
        path = iterates(model, sgd, angles[r], labels[r])[:, 0]
        for k in range(1, 13):
            expected = np.sum(1 - path[: horizons[k], k] / math.sqrt(model.energy[k]))
            assert got[r, k] == pytest.approx(expected, rel=0, abs=1e-11)


def test_mean_error_area_is_the_learning_time():
    model = problem(8, noise_variance=0.0)
    sgd = AveragedSGD(0.2, 0.0, 400)
    horizons = np.full(9, 400)
    areas = circle_sgd.degree_error_area(model, sgd, *streams(model, 400, 400), horizons)[:, 1:]
    rate = sgd.step_size * model.eigenvalues[1:]
    expected = (1 - (1 - rate) ** 400) / rate
    # eight tests: |z| < 4.5 has probability 5e-5
    assert np.all(np.abs(areas.mean(0) - expected) < 4.5 * areas.std(0) / 20)


def test_refuses_bad_input():
    model = problem()
    angles, labels = streams(model, 10, 2)
    sgd = AveragedSGD(0.4, 0.0, 10)
    with pytest.raises(ValueError, match="diverges"):
        circle_sgd.run(model, AveragedSGD(1.7, 0.0, 10), angles, labels)
    with pytest.raises(ValueError, match="angles must have shape"):
        circle_sgd.run(model, AveragedSGD(0.4, 0.0, 9), angles, labels)
    with pytest.raises(ValueError, match="labels must have the shape"):
        circle_sgd.run(model, sgd, angles, labels[:1])
    with pytest.raises(ValueError, match="need the circle"):
        circle_sgd.run(SphereRegression(NeuralTangentKernel(3), np.ones(3), 0.1), sgd, angles, labels)
    with pytest.raises(ValueError, match="horizons must be 41 integers"):
        circle_sgd.degree_error_area(model, sgd, angles, labels, np.full(41, 11))
