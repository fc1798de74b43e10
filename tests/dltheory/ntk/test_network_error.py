import numpy as np
import pytest

from dltheory.ntk.averaged_sgd import TwoLayerNetwork, initialise, predict, run
from dltheory.ntk.gram import finite_width_gram
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.network_error import circle_rule, limit_kernel, network_and_limit, sphere_rule, squared_error
from dltheory.ntk.regression import SphereRegression
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import uniform


def generators(count, seed=0):
    return [np.random.default_rng([seed, r]) for r in range(count)]


def problem(dim, max_degree=60):
    return SphereRegression.on_boundary(NeuralTangentKernel(dim), r=0.75, max_degree=max_degree, noise_variance=0.08)


def streams(model, horizon, replicates):
    drawn = [
        model.sample(np.random.default_rng([1, r]), np.random.default_rng([2, r]), horizon) for r in range(replicates)
    ]
    return tuple(np.stack(part) for part in zip(*drawn, strict=True))


def test_circle_rule_is_exact_below_its_number_of_points():
    rule = circle_rule(32)
    angle = np.arctan2(rule.points[:, 1], rule.points[:, 0])
    for k in range(16):
        assert rule.squared_norm(np.cos(k * angle)[None])[0] == pytest.approx(1 if k == 0 else 0.5)


@pytest.mark.parametrize("dim", [3, 4, 10])
def test_sphere_rule_integrates_polynomials(dim):
    rule = sphere_rule(dim, generators(200) if dim > 3 else ())
    x = rule.points
    np.testing.assert_allclose(np.linalg.norm(x, axis=-1), 1, rtol=1e-13)
    # along the axis: E x_1² = 1/d, E x_1⁴ = 3/(d(d + 2)), exactly
    np.testing.assert_allclose(rule.squared_norm(x[..., 0]), 1 / dim, rtol=1e-12)
    np.testing.assert_allclose(rule.squared_norm(x[..., 0] ** 2), 3 / (dim * (dim + 2)), rtol=1e-12)
    # around it: exactly for d = 3, without bias above
    across = rule.squared_norm(np.atleast_2d(x[..., 1] * x[..., 2]))
    noise = across.std() / np.sqrt(len(across))
    assert across.mean() == pytest.approx(1 / (dim * (dim + 2)), rel=0, abs=1e-12 + 4 * noise)


def test_error_of_a_network_in_three_dimensions_does_not_depend_on_the_rule():
    model, net = problem(3), TwoLayerNetwork(64, 3, sharpness=5.0)
    trained = run(net, AveragedSGD(0.4, 0.01, 100), initialise(net, generators(2)), *streams(model, 100, 2))
    coarse = squared_error(model, net, trained, sphere_rule(3))
    fine = squared_error(model, net, trained, sphere_rule(3, latitudes=150, around=200))
    np.testing.assert_allclose(coarse, fine, rtol=1e-4)


def test_error_in_ten_dimensions_is_that_of_many_random_points():
    model, net = problem(10, 30), TwoLayerNetwork(64, 10)
    trained = run(net, AveragedSGD(0.4, 0.01, 100), initialise(net, generators(1)), *streams(model, 100, 1))
    errors = squared_error(
        model, net, type(trained)(*(np.repeat(p, 20, 0) for p in trained)), sphere_rule(10, generators(20))
    )
    points = uniform(np.random.default_rng(5), 60_000, 10)
    square = (predict(net, trained, points)[0] - model.target(points)) ** 2
    noise = np.hypot(errors.std() / np.sqrt(20), square.std() / np.sqrt(60_000))
    assert abs(errors.mean() - square.mean()) < 4 * noise


@pytest.mark.parametrize(
    "options",
    [
        {}, {"bias_scale": 0.5, "output_scale": 1.3}, {"trained": ("a",)}, {"trained": ("b", "c")},
        {"trained": ("a", "b")}, {"initial_law": "gaussian"},
    ],
)  # fmt: skip
def test_limit_kernel_is_the_tangent_kernel_of_a_wide_network(options):
    net = TwoLayerNetwork(400_000, 3, activation="relu", **options)
    start = initialise(net, generators(1))
    points = uniform(np.random.default_rng(1), 6, 3)
    a, b, c = start.output[0], start.weights[0], start.biases[0]
    cosine = points @ points.T
    both = finite_width_gram(points, a, b, c, net.bias_scale)
    output = np.maximum(points @ b, 0) @ np.maximum(points @ b, 0).T / net.width
    gate = (points @ b > 0) * a
    bias = net.bias_scale**2 * (gate @ gate.T) / net.width
    expected = {"abc": both, "a": output, "bc": both - output, "ab": both - bias}["".join(net.trained)]
    np.testing.assert_allclose(limit_kernel(net)(cosine), expected, rtol=0, atol=0.02 * expected.max())


@pytest.mark.parametrize("dim", [2, 3])
def test_squared_gap_to_the_limit_falls_like_one_over_the_width(dim):
    model, sgd = problem(dim), AveragedSGD(0.4, 0.01, 150)
    x, y = streams(model, 150, 30)
    rule = None if dim == 2 else sphere_rule(3, latitudes=16, around=16)
    gaps = []
    for width in (128, 2048):
        net = TwoLayerNetwork(width, dim, activation="relu")
        result = network_and_limit(model, net, sgd, initialise(net, generators(30, seed=7)), x, y, rule=rule)
        gaps.append(result.squared_gap.mean())
    # a factor 16 in width; 30 replicates know the ratio to about 15 %
    assert 9 < gaps[0] / gaps[1] < 28
    assert np.corrcoef(result.network_risk, result.limit_risk)[0, 1] > 0.98


def test_refuses_what_has_no_limit_or_rule():
    with pytest.raises(ValueError, match="tanh has none"):
        limit_kernel(TwoLayerNetwork(4, 2, activation="tanh"))
    with pytest.raises(ValueError, match="no closed-form kernel"):
        limit_kernel(TwoLayerNetwork(4, 2, trained=("c",)))
    with pytest.raises(ValueError, match="one generator a replicate"):
        sphere_rule(4)
    with pytest.raises(ValueError, match="use circle_rule"):
        sphere_rule(2)
    net = TwoLayerNetwork(4, 3)
    with pytest.raises(ValueError, match="give the points"):
        squared_error(problem(3), net, initialise(net, generators(1)))
