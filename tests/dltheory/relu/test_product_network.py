"""The product block: its exact error, its size, exact zeros, and the same function without layers and without depth."""

import numpy as np
import pytest

from dltheory.relu.product import (
    GUARD,
    multiplication,
    multiply,
    multiply_all,
    product,
    product_bound,
    product_error,
    require_bits,
    shallow_multiplication,
)

RANDOM = np.random.default_rng(0).random((4000, 5))


def points_of_the_largest_error(bits):
    a, b = np.meshgrid((2 * np.arange(2**bits) + 1) / 2 ** (bits + 1), np.arange(2**bits + 1) / 2**bits)
    points = np.stack([a + b - 0.5, b - a + 0.5], axis=-1).reshape(-1, 2)
    return points[np.all((points >= 0) & (points <= 1), axis=1)]


@pytest.mark.parametrize("bits", [1, 2, 3, 5, 7])
def test_the_largest_error_is_attained_and_exact(bits):
    network = multiplication(bits)
    worst = points_of_the_largest_error(bits)
    assert np.max(np.abs(network(worst)[:, 0] - worst.prod(axis=1))) == pytest.approx(product_error(bits), rel=1e-12)
    off = np.abs(network(RANDOM[:, :2])[:, 0] - RANDOM[:, :2].prod(axis=1))
    assert off.max() <= product_error(bits) <= product_bound(2, bits)


@pytest.mark.parametrize("bits", [1, 4, 11])
def test_the_block_has_the_size_of_the_lemma(bits):
    sizes = multiplication(bits).sizes
    assert (sizes.depth, sizes.width, sizes.magnitude) == (bits + 5, 6, 1.0)
    assert multiplication(bits + 1).sizes.nonzeros - sizes.nonzeros == 16


def test_a_zero_factor_gives_exactly_zero_and_a_one_changes_nothing():
    y = RANDOM[:, 0]
    zero, one = np.zeros_like(y), np.ones_like(y)
    network = multiplication(12, GUARD)
    for pair in ((zero, y), (y, zero)):
        assert not network(np.stack(pair, axis=1)).any()
        assert not multiply(*pair, 12, GUARD).any()
    assert multiply(y, one, 12) == pytest.approx(y, abs=1e-15)


@pytest.mark.parametrize("factors", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("bits", [3, 8])
def test_several_factors_stay_below_the_bound_and_need_no_layers(factors, bits):
    x = RANDOM[:, :factors]
    network = product(factors, bits)
    values = network(x)[:, 0]
    assert np.max(np.abs(values - x.prod(axis=1))) <= product_bound(factors, bits)
    assert multiply_all(x.T.copy(), bits) == pytest.approx(values, abs=4e-15)
    stages = (factors - 1).bit_length()
    assert network.sizes.depth == 1 + stages * (bits + 4)
    assert network.sizes.width <= 6 * factors


def test_tensors_give_the_same_products():
    torch = pytest.importorskip("torch")
    found = multiply_all(torch.tensor(RANDOM.T.copy()), 9, GUARD).numpy()
    assert np.array_equal(found, multiply_all(RANDOM.T.copy(), 9, GUARD))


def test_one_hidden_layer_computes_the_same_with_exponentially_many_kinks():
    x = RANDOM[:500, :2]
    shallow = shallow_multiplication(6)
    assert shallow(x) == pytest.approx(multiplication(6)(x), abs=1e-13)
    assert shallow.sizes.depth == 4
    assert shallow.sizes.width == 2**7 + 1


def test_float32_reaches_its_floor_behind_eleven_sawteeth():
    x = RANDOM[:, :2]
    off = [np.abs(multiplication(i)(x.astype("float32"))[:, 0] - x.prod(axis=1)).max() for i in (6, 11, 16)]
    assert off[0] == pytest.approx(product_error(6), rel=0.01)
    assert off[2] > 100 * product_error(16)
    require_bits(11, "float32")
    with pytest.raises(ValueError, match="depth of 12 is beyond the error floor of products in float32: use float64"):
        require_bits(12, "float32")


@pytest.mark.parametrize("bits", [0, -1, 2.5, True])
def test_a_depth_is_a_whole_positive_number(bits):
    with pytest.raises(ValueError, match="multiplication depth i is a whole number, at least 1, got"):
        multiplication(bits)


def test_other_bad_input_is_refused():
    with pytest.raises(ValueError, match="beyond the error floor of products in float64"):
        require_bits(26)
    with pytest.raises(ValueError, match="float32 or float64, got float16"):
        require_bits(4, "float16")
    with pytest.raises(ValueError, match="whole number of factors, at least 1, got 0"):
        product(0, 4)
