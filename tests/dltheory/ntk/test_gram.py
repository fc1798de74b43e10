"""Gram matrices: against the entry-wise kernel, against automatic differentiation, and their limit in the width."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.func import jacrev, vmap

from dltheory.ntk.gram import (
    finite_width_gram,
    finite_width_gram_torch,
    infinite_width_gram,
    infinite_width_gram_torch,
)
from dltheory.ntk.kernels import NeuralTangentKernel
from dltheory.ntk.sphere import uniform


def network(seed, dim, width, dtype=np.float64):
    rng = np.random.default_rng(seed)
    signs = np.where(np.arange(width) < width // 2, 0.7, -0.7)
    return signs.astype(dtype), uniform(rng, width, dim).T.astype(dtype), rng.normal(0, 0.1, width).astype(dtype)


@pytest.mark.parametrize("dim", [2, 3, 10])
@pytest.mark.parametrize("count", [1, 5, 128, 129, 300])
@pytest.mark.parametrize("layers", ["both", "output", "input"])
def test_infinite_width_is_the_kernel_entry_by_entry(dim, count, layers):
    kernel = NeuralTangentKernel(dim, 0.7, 0.4, layers)
    points = uniform(np.random.default_rng(0), count, dim)
    gram = infinite_width_gram(points, kernel)
    expected = kernel(points @ points.T)
    # the rounding of a cosine near 1 shows as √ε in the angle: compare away from the diagonal strictly
    near = np.abs(points @ points.T) > 1 - 1e-6
    np.testing.assert_allclose(gram[~near], expected[~near], rtol=0, atol=2e-13)
    np.testing.assert_allclose(gram, expected, rtol=0, atol=3e-8)
    np.testing.assert_array_equal(np.diag(gram), kernel.diagonal)
    np.testing.assert_array_equal(gram, gram.T)


def test_single_precision_and_a_matrix_to_fill():
    kernel = NeuralTangentKernel(10)
    points = uniform(np.random.default_rng(1), 200, 10)
    out = np.empty((200, 200), np.float32)
    assert infinite_width_gram(points.astype(np.float32), kernel, out) is out
    off_diagonal = ~np.eye(200, dtype=bool)
    np.testing.assert_allclose(out[off_diagonal], infinite_width_gram(points, kernel)[off_diagonal], atol=1e-6)


@given(seed=st.integers(0, 100), dim=st.integers(2, 6))
@settings(max_examples=20)
def test_infinite_width_is_positive_and_knows_no_rotation_or_order(seed, dim):
    rng = np.random.default_rng(seed)
    points, kernel = uniform(rng, 40, dim), NeuralTangentKernel(dim, bias_scale=0.5)
    gram = infinite_width_gram(points, kernel)
    assert np.linalg.eigvalsh(gram)[0] > -1e-6
    rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    np.testing.assert_allclose(infinite_width_gram(points @ rotation, kernel), gram, atol=1e-7)
    order = rng.permutation(40)
    np.testing.assert_allclose(infinite_width_gram(points[order], kernel), gram[np.ix_(order, order)], atol=1e-7)


def jacobian_gram(points, parameters, bias_scale, activation):
    """What the definition says, with the gradient from torch."""
    act = {"relu": torch.relu, "tanh": torch.tanh, "swish:7": lambda z: z * torch.sigmoid(7 * z)}[activation]

    def g(parameters, x):
        a, B, c = parameters
        return (a * act(x @ B + bias_scale * c)).sum() / a.numel() ** 0.5

    blocks = vmap(jacrev(g), (None, 0))(tuple(map(torch.from_numpy, parameters)), torch.from_numpy(points))
    rows = torch.cat([block.flatten(1) for block in blocks], 1)
    return (rows @ rows.T).numpy()


@pytest.mark.parametrize("activation", ["relu", "tanh", "swish:7"])
@pytest.mark.parametrize(("dim", "width"), [(2, 64), (10, 500)])
def test_finite_width_is_the_product_of_gradients(activation, dim, width):
    points, parameters = uniform(np.random.default_rng(3), 30, dim), network(4, dim, width)
    expected = jacobian_gram(points, parameters, 0.6, activation)
    gram = finite_width_gram(points, *parameters, 0.6, activation)
    np.testing.assert_allclose(gram, expected, rtol=0, atol=1e-12)  # sums of M terms in another order


def test_finite_width_in_chunks_and_in_single_precision():
    points, parameters = uniform(np.random.default_rng(3), 20, 3), network(4, 3, 9000)
    gram = finite_width_gram(points, *parameters, 1.0)
    np.testing.assert_allclose(gram, jacobian_gram(points, parameters, 1.0, "relu"), rtol=0, atol=1e-12)
    single = finite_width_gram(points.astype(np.float32), *(p.astype(np.float32) for p in parameters), 1.0)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, gram, rtol=0, atol=1e-4)  # a gate may flip


@pytest.mark.parametrize("dim", [2, 5])
def test_width_tends_to_infinity_at_the_rate_of_an_average(dim):
    # 20 independent networks a width: each entry's mean within its standard error, its spread like 1/√M
    kernel, points = NeuralTangentKernel(dim, 0.7, 0.5), uniform(np.random.default_rng(5), 12, dim)
    expected, spreads = infinite_width_gram(points, kernel), []
    for width in (200, 3200):
        grams = []
        for seed in range(20):
            a, B, c = network(100 + seed, dim, width)
            grams.append(finite_width_gram(points, a, B, 0 * c, 0.5))
        error = np.mean(grams, 0) - expected
        spread = np.std(grams, 0, ddof=1)
        assert np.abs(error / (spread / np.sqrt(20) + 1e-12)).max() < 8  # 78 entries, Student with 19 degrees
        spreads.append(spread.mean())
    assert spreads[0] / spreads[1] == pytest.approx(4, rel=0.3)


def test_torch_paths_agree():
    kernel = NeuralTangentKernel(3, 0.7, 0.5)
    points, parameters = uniform(np.random.default_rng(6), 50, 3), network(7, 3, 100)
    tensors = [torch.from_numpy(p) for p in (points, *parameters)]
    infinite = infinite_width_gram_torch(tensors[0], kernel).numpy()
    np.testing.assert_allclose(infinite, infinite_width_gram(points, kernel), rtol=0, atol=1e-12)
    for activation in ("relu", "tanh", "swish:7"):
        finite = finite_width_gram_torch(*tensors, 0.5, activation).numpy()
        np.testing.assert_allclose(finite, finite_width_gram(points, *parameters, 0.5, activation), rtol=0, atol=1e-14)


def test_refusals():
    kernel, points = NeuralTangentKernel(3), uniform(np.random.default_rng(0), 4, 3)
    with pytest.raises(ValueError, match="shape \\(n, 3\\), got \\(4, 2\\)"):
        infinite_width_gram(points[:, :2], kernel)
    with pytest.raises(ValueError, match="squared norm of 4"):
        infinite_width_gram(2 * points, kernel)
    with pytest.raises(ValueError, match="float32 or float64, got int64"):
        infinite_width_gram(np.eye(3, dtype=np.int64), kernel)
    with pytest.raises(ValueError, match="out must be a float64 array"):
        infinite_width_gram(points, kernel, np.empty((4, 4), np.float32))
    a, B, c = network(0, 3, 10)
    with pytest.raises(ValueError, match="do not fit"):
        finite_width_gram(points, a, B.T, c, 1.0)
    for wrong in ("gelu", "swish", "relu:3"):
        with pytest.raises(ValueError, match="activation must be"):
            finite_width_gram(points, a, B, c, 1.0, wrong)
