import math

import numpy as np
import pytest

from dltheory.ntk import circle_sgd, kernel_loop, kernel_sgd
from dltheory.ntk.expected_risk import ModelSpectrum, expected_risk
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import legendre, uniform, zonal_quadrature


def problem(dim, max_degree=80, **kernel):
    return SphereRegression.on_boundary(
        NeuralTangentKernel(dim, **kernel), r=0.75, max_degree=max_degree, noise_variance=0.1
    )


def streams(model, horizon, replicates, seed=0):
    drawn = [
        model.sample(np.random.default_rng([seed, 0, r]), np.random.default_rng([seed, 1, r]), horizon)
        for r in range(replicates)
    ]
    return tuple(np.stack(part) for part in zip(*drawn, strict=True))


def iterates(kernel, sgd, x, y):
    """Coefficients (T + 1, T) of g_0 ... g_T, straight from the recursion."""
    gram = kernel(x @ x.T)
    a = np.zeros((len(y) + 1, len(y)))
    for t in range(len(y)):
        a[t + 1] = (1 - sgd.step_size * sgd.ridge) * a[t]
        a[t + 1, t] -= sgd.step_size * (a[t] @ gram[:, t] - y[t])
    return a


@pytest.mark.parametrize("averaging", ["uniform", "last"])
@pytest.mark.parametrize(("step_size", "ridge"), [(0.4, 0.02), (0.4, 0.0), (0.1, 6.0), (0.3, 1e-13)])
def test_averaging_weights_are_those_of_the_recursion(averaging, step_size, ridge):
    sgd = AveragedSGD(step_size, ridge, 30, averaging)
    # the share of the gradient of step u in iterate t, averaged over t
    shares = np.array([[(1 - step_size * ridge) ** (t - 1 - u) if t > u else 0 for u in range(30)] for t in range(31)])
    expected = shares[-1] if averaging == "last" else shares.mean(0)
    np.testing.assert_allclose(kernel_sgd.averaging_weights(sgd), expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("dim", [2, 3, 10])
@pytest.mark.parametrize("averaging", ["uniform", "last"])
def test_coefficients_are_those_of_the_recursion(dim, averaging):
    model = problem(dim, bias_scale=0.5, output_scale=1.2)
    sgd = AveragedSGD(0.4, 0.05, 300, averaging)
    x, y = streams(model, 300, 2)
    got = kernel_sgd.run(model.kernel, sgd, x, y)
    for r in range(2):
        path = iterates(model.kernel, sgd, x[r], y[r])
        expected = path[-1] if averaging == "last" else path.mean(0)
        np.testing.assert_allclose(got[r], expected, rtol=0, atol=1e-13)
    on_torch = kernel_sgd.run(model.kernel, sgd, x, y, backend="torch")
    np.testing.assert_allclose(on_torch, got, rtol=0, atol=1e-12)


def test_prediction_is_the_kernel_expansion():
    model = problem(3)
    x, y = streams(model, 300, 2)
    a = kernel_sgd.run(model.kernel, AveragedSGD(0.4, 0.05, 300), x, y)
    points = uniform(np.random.default_rng(1), 20, 3)
    expected = np.stack([model.kernel(points @ x[r].T) @ a[r] for r in range(2)])
    np.testing.assert_allclose(kernel_sgd.predict(model.kernel, a, x, points), expected, rtol=0, atol=1e-13)
    own = np.stack([points, -points])
    np.testing.assert_array_equal(
        kernel_sgd.predict(model.kernel, a, x, own)[0], kernel_sgd.predict(model.kernel, a, x, points)[0]
    )


def test_a_table_that_is_linear_in_the_angle_gives_the_angle():
    t = np.concatenate(
        [np.cos(np.linspace(0, math.pi, 5001)), 1 - np.geomspace(1e-16, 1e-3, 50), [1.0000001, -1.0000001]]
    )
    out = np.empty_like(t)
    kernel_loop.tabulated(np.linspace(0, math.pi, 65), t, out)
    np.testing.assert_allclose(out, np.arccos(np.clip(t, -1, 1)), rtol=0, atol=1e-14)


@pytest.mark.parametrize("dim", [2, 3, 10])
def test_error_is_the_sum_over_degrees(dim):
    model = problem(dim, max_degree=60)
    x, y = streams(model, 150, 2)
    a = kernel_sgd.run(model.kernel, AveragedSGD(0.4, 0.05, 150), x, y)
    risks = kernel_sgd.squared_error(model, a, x, tail_energy=0.125)
    for r in range(2):
        # ‖Σ a_i k(x_i, ·)‖² of degree k is Λ_k² N_k aᵀ P_k(XXᵀ) a; its product with the target Λ_k c_k aᵀ P_k(X e_1)
        squares = np.einsum("kij,i,j->k", legendre(dim, 60, x[r] @ x[r].T), a[r], a[r])
        products = legendre(dim, 60, x[r][:, 0]) @ a[r]
        exact = model.squared_norm + np.sum(model.eigenvalues**2 * model.multiplicity * squares)
        exact -= 2 * np.sum(model.eigenvalues * model.zonal_coefficients * products)
        assert risks[r] == pytest.approx(exact + 0.125, rel=0, abs=1e-10)


def test_error_is_that_of_a_quadrature():
    model = problem(3, max_degree=300)
    x, y = streams(model, 100, 1)
    a = kernel_sgd.run(model.kernel, AveragedSGD(0.4, 0.05, 100), x, y)
    t, weights = zonal_quadrature(3, 400)
    angle = np.arange(800) * (2 * math.pi / 800)
    points = np.stack(
        np.broadcast_arrays(
            t[:, None], np.sqrt(1 - t * t)[:, None] * np.cos(angle), np.sqrt(1 - t * t)[:, None] * np.sin(angle)
        ),
        axis=-1,
    ).reshape(-1, 3)
    error = kernel_sgd.predict(model.kernel, a, x, points)[0] - model.target(points)
    assert kernel_sgd.squared_error(model, a, x)[0] == pytest.approx(np.repeat(weights / 800, 800) @ error**2, rel=1e-5)


def test_agrees_with_fourier_features_as_the_degree_grows():
    sgd = AveragedSGD(0.4, 0.02, 60)
    gaps = []
    for degree in (500, 4000):
        model = problem(2, max_degree=degree)
        x, y = streams(model, 60, 3)
        angles = np.arctan2(x[..., 1], x[..., 0])
        fourier = circle_sgd.squared_error(model, circle_sgd.run(model, sgd, angles, y))
        expansion = kernel_sgd.squared_error(model, kernel_sgd.run(model.kernel, sgd, x, y), x)
        gaps.append(np.max(np.abs(fourier / expansion - 1)))
    # the Fourier kernel lacks Σ_{k>K} 2Λ_k ~ 1/K of the diagonal
    assert gaps[1] < min(1e-6, gaps[0] / 4)


@pytest.mark.parametrize("dim", [3, 10])
def test_mean_risk_is_the_moment_recursion(dim):
    model = problem(dim, max_degree=80)
    sgd = AveragedSGD(0.4, 0.03, 100)
    x, y = streams(model, 100, 400)
    risks = kernel_sgd.squared_error(model, kernel_sgd.run(model.kernel, sgd, x, y), x)
    exact = expected_risk(
        ModelSpectrum(model.eigenvalues, model.multiplicity, model.energy, model.noise_variance), sgd
    ).total
    assert abs(risks.mean() - exact) < 4 * risks.std() / 20


def test_refuses_bad_input():
    model = problem(3)
    x, y = streams(model, 10, 1)
    with pytest.raises(ValueError, match="diverges"):
        kernel_sgd.run(model.kernel, AveragedSGD(2.0, 0.0, 10), x, y)
    with pytest.raises(ValueError, match="labels must have shape"):
        kernel_sgd.run(model.kernel, AveragedSGD(0.1, 0.0, 11), x, y)
    with pytest.raises(ValueError, match="inputs must have shape"):
        kernel_sgd.run(model.kernel, AveragedSGD(0.1, 0.0, 10), x[..., :2], y)
    with pytest.raises(ValueError, match="backend must be"):
        kernel_sgd.run(model.kernel, AveragedSGD(0.1, 0.0, 10), x, y, backend="jax")
    with pytest.raises(ValueError, match="native backend runs on 'cpu'"):
        kernel_sgd.run(model.kernel, AveragedSGD(0.1, 0.0, 10), x, y, backend="native", device="cuda")
