import math
import subprocess
import sys

import numpy as np
import pytest

from dltheory.ntk.averaged_sgd import Parameters, TwoLayerNetwork, initialise, predict, run
from dltheory.ntk.schedule import AveragedSGD
from dltheory.ntk.sphere import uniform

OPTIONS = {
    "swish": {},
    "tanh": {"activation": "tanh"},
    "relu": {"activation": "relu"},
    "scales": {"bias_scale": 0.4, "output_scale": 1.7},
    "no bias": {"bias_scale": 0.0},
    "ridge to zero": {"anchor": "zero"},
    "output only": {"trained": ("a",)},
    "input only, ridge to zero": {"trained": ("b", "c"), "anchor": "zero"},
    "independent Gaussian": {"symmetric": False, "initial_law": "gaussian"},
}


def network(width=30, dim=3, **options):
    return TwoLayerNetwork(**({"width": width, "dim": dim, "sharpness": 5.0} | options))


def generators(count, seed=0):
    return [np.random.default_rng([seed, r]) for r in range(count)]


def streams(horizon, dim, replicates, seed=1):
    drawn = [np.random.default_rng([seed, r]) for r in range(replicates)]
    x = np.stack([uniform(g, horizon, dim) for g in drawn])
    return x, np.stack([x[r, :, 0] + 0.3 * g.standard_normal(horizon) for r, g in enumerate(drawn)])


def assert_close(got, expected, tolerance):
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


def autograd_reference(net, sgd, initial, x, y):
    """Algorithm 1 to the letter for one network: gradients by torch autograd, every iterate kept."""
    torch = pytest.importorskip("torch")
    start = {n: torch.from_numpy(p[0].copy()) for n, p in zip("abc", initial, strict=True)}
    theta = {n: p.clone().requires_grad_() for n, p in start.items()}
    kept = [[theta[n].detach().numpy().copy() for n in "abc"]]
    for point, label in zip(torch.from_numpy(x), torch.from_numpy(y), strict=True):
        z = point @ theta["b"] + net.bias_scale * theta["c"]
        hidden = {
            "swish": lambda z: z / (1 + torch.exp(-net.sharpness * z)),
            "tanh": torch.tanh,
            "relu": torch.relu,
        }[net.activation](z)
        loss = 0.5 * (theta["a"] @ hidden / math.sqrt(net.width) - label) ** 2
        gradients = dict(zip("abc", torch.autograd.grad(loss, [theta[n] for n in "abc"]), strict=True))
        with torch.no_grad():
            for n in net.trained:
                centre = start[n] if net.anchor == "initial" else 0
                theta[n] -= sgd.step_size * (gradients[n] + sgd.ridge * (theta[n] - centre))
        kept.append([theta[n].detach().numpy().copy() for n in "abc"])
    if sgd.averaging == "last":
        return kept[-1]
    return [np.mean([iterate[i] for iterate in kept], axis=0) for i in range(3)]


@pytest.mark.parametrize("averaging", ["uniform", "last"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_steps_are_those_of_autograd(options, averaging):
    net = network(**options)
    initial = initialise(net, generators(2))
    for horizon in (2, 37):
        sgd = AveragedSGD(0.3, 0.1, horizon, averaging)
        x, y = streams(horizon, 3, 2)
        got = run(net, sgd, initial, x, y)
        for r in range(2):
            one = Parameters(*(part[r : r + 1] for part in initial))
            expected = autograd_reference(net, sgd, one, x[r], y[r])
            assert_close([part[r] for part in got], expected, 1e-13)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("width", [2, 1102])
def test_compiled_loop_agrees_with_torch(options, width):
    net = network(width, **options)
    initial = initialise(net, generators(3))
    x, y = streams(101, 3, 3)
    sgd = AveragedSGD(0.3, 0.1, 101)
    got = run(net, sgd, initial, x, y)
    assert_close(run(net, sgd, initial, x, y, backend="torch"), got, 1e-12)


def test_float32_agrees_with_float64():
    net = network(64)
    initial = initialise(net, generators(2))
    single = Parameters(*(part.astype(np.float32) for part in initial))
    sgd = AveragedSGD(0.3, 0.1, 300)
    x, y = streams(300, 3, 2)
    double = run(net, sgd, initial, x, y)
    for backend in (None, "torch"):
        got = run(net, sgd, single, x, y, backend=backend)
        assert {part.dtype for part in got} == {np.dtype(np.float32)}
        assert_close(got, double, 2e-6)
    assert predict(net, run(net, sgd, single, x, y), x[0]).dtype == np.float32


def test_strong_ridge_over_many_steps_neither_overflows_nor_cancels():
    net = network(8)
    initial = initialise(net, generators(1))
    x, y = streams(3000, 3, 1)
    sgd = AveragedSGD(0.3, 2.0, 3000)  # decay^T = 0.4^3000
    assert_close(run(net, sgd, initial, x, y, backend="torch"), run(net, sgd, initial, x, y), 1e-13)


def test_prediction_is_the_formula():
    net = network(10, 4, bias_scale=0.5)
    p = Parameters(*(np.random.default_rng(i).standard_normal(s) for i, s in enumerate([(2, 10), (2, 4, 10), (2, 10)])))
    points = uniform(np.random.default_rng(9), 7000, 4)
    z = np.einsum("nd,rdm->rnm", points, p.weights) + 0.5 * p.biases[:, None]
    expected = np.einsum("rnm,rm->rn", z / (1 + np.exp(-5 * z)), p.output) / math.sqrt(10)
    np.testing.assert_allclose(predict(net, p, points), expected, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(predict(net, p, np.stack([points, points])), predict(net, p, points))


def test_starts_at_zero_with_the_stated_law():
    net = network(4000, 3, output_scale=2.0)
    p = initialise(net, generators(2))
    np.testing.assert_allclose(predict(net, p, np.eye(3)), 0, atol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(p.weights, axis=1), 1, rtol=1e-14)
    assert set(np.unique(p.output)) == {-2.0, 2.0}
    assert not p.biases.any()
    free = initialise(network(4000, 3, symmetric=False, initial_law="gaussian"), generators(2))
    # 24000 squared normal numbers: mean 1 ± 0.009
    assert np.mean(free.weights**2) == pytest.approx(1, abs=0.04)
    assert abs(np.mean(free.output)) < 4 / math.sqrt(8000)
    assert not np.allclose(predict(network(4000, 3), free, np.eye(3)), 0, atol=1e-3)


def test_neurons_are_nested_in_the_width():
    small, large = initialise(network(10), generators(1)), initialise(network(40), generators(1))
    np.testing.assert_array_equal(large.weights[..., :5], small.weights[..., :5])


def test_replicates_are_independent():
    net, sgd = network(), AveragedSGD(0.3, 0.1, 20)
    initial = initialise(net, generators(3))
    x, y = streams(20, 3, 3)
    together = run(net, sgd, initial, x, y)
    alone = run(net, sgd, Parameters(*(part[1:2] for part in initial)), x[1:2], y[1:2])
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a[1:2], b)


def test_order_of_neurons_does_not_matter():
    net, sgd = network(1100), AveragedSGD(0.3, 0.1, 60)
    initial = initialise(net, generators(1))
    x, y = streams(60, 3, 1)
    order = np.random.default_rng(3).permutation(1100)
    shuffled = run(net, sgd, Parameters(*(part[..., order] for part in initial)), x, y)
    assert_close(shuffled, [part[..., order] for part in run(net, sgd, initial, x, y)], 1e-13)


def test_rotated_data_and_weights_give_the_same_predictor():
    net, sgd = network(), AveragedSGD(0.3, 0.1, 60)
    initial = initialise(net, generators(1))
    x, y = streams(60, 3, 1)
    rotation, _ = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))
    turned = initial._replace(weights=np.ascontiguousarray(rotation.T @ initial.weights))
    expected = predict(net, run(net, sgd, initial, x, y), x[0])
    got = predict(net, run(net, sgd, turned, x @ rotation, y), x[0] @ rotation)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-13)


def test_parameters_are_averaged_not_outputs():
    net = network(30, activation="tanh")
    initial = initialise(net, generators(1))
    x, y = streams(40, 3, 1)

    def at(horizon, averaging):
        return run(net, AveragedSGD(0.9, 0.0, horizon, averaging), initial, x[:, :horizon], y[:, :horizon])

    later = [at(t, "last") for t in range(2, 41)]
    first = Parameters(*(3 * m - p - q for m, p, q in zip(at(2, "uniform"), initial, later[0], strict=True)))
    iterates = [initial, first, *later]
    averaged = at(40, "uniform")
    assert_close(averaged, [np.mean(parts, axis=0) for parts in zip(*iterates, strict=True)], 1e-13)
    outputs = np.mean([predict(net, p, x[0]) for p in iterates], axis=0)
    assert np.abs(predict(net, averaged, x[0]) - outputs).max() > 1e-3


def test_the_compiled_path_does_not_import_torch():
    code = (
        "import sys, numpy as np\n"
        "from dltheory.ntk.averaged_sgd import *\n"
        "from dltheory.ntk import circle_sgd, kernel_sgd, network_error\n"
        "net = TwoLayerNetwork(4, 2)\n"
        "start = initialise(net, [np.random.default_rng(0)])\n"
        "run(net, AveragedSGD(.1, .1, 2), start, np.ones((1, 2, 2)), np.ones((1, 2)))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 7}, "width must be even"),
        ({"width": 0}, "width must be even"),
        ({"dim": 1}, "dim must be at least 2"),
        ({"activation": "gelu"}, "activation must be one of"),
        ({"sharpness": 0.0}, "sharpness must be positive"),
        ({"output_scale": -1.0}, "output_scale R must be positive"),
        ({"bias_scale": 1.1}, "bias_scale γ must lie in"),
        ({"bias_scale": -0.1}, "bias_scale γ must lie in"),
        ({"initial_law": "cube"}, "initial_law must be"),
        ({"anchor": "mean"}, "anchor must be"),
        ({"trained": ("d",)}, "trained must name"),
        ({"trained": ()}, "trained must name"),
    ],
)
def test_refuses_a_bad_network(options, message):
    with pytest.raises(ValueError, match=message):
        network(**options)


def test_refuses_bad_shapes():
    net, sgd = network(), AveragedSGD(0.3, 0.1, 5)
    initial = initialise(net, generators(2))
    x, y = streams(5, 3, 2)
    with pytest.raises(ValueError, match="labels must have shape"):
        run(net, sgd, initial, x, y[:, :4])
    with pytest.raises(ValueError, match="inputs must have shape"):
        run(net, sgd, initial, x[..., :2], y)
    with pytest.raises(ValueError, match="initial parameters must have shapes"):
        run(net, sgd, Parameters(*(part[:1] for part in initial)), x, y)
    with pytest.raises(ValueError, match="all be float64 or all float32"):
        run(net, sgd, initial._replace(output=initial.output.astype(np.float32)), x, y)
