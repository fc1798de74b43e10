"""The constructive network: against splines, against its own explicit layers, in size, and exactly zero outside."""

import math

import numpy as np
import pytest

from dltheory.besov import splines
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network import (
    SplineNetwork,
    accuracy,
    atom,
    compiled_depth,
    one_level,
    prescribed_bits,
    prescribed_sizes,
    univariate,
    weights,
)
from dltheory.besov.spline_network_shared import features, univariate_values
from dltheory.besov.terms import Level, SplineSeries, dyadic

S12 = Smoothness((1.0, 2.0))
VARIANTS = pytest.mark.parametrize("variant", ["powers", "recursion"])
LINE = np.linspace(-1.5, 7.5, 3001)[:, None]


def random_series(order=3, dimension=2, finest=3):
    rng = np.random.default_rng(1)
    pieces = [dyadic(Smoothness((1.0, 2.0, 2.0)[:dimension]), k) for k in range(finest + 1)]
    return SplineSeries(order, tuple(Level(p, rng.uniform(-1, 1, tuple(k + order for k in p))) for p in pieces))


@VARIANTS
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_a_univariate_block_is_a_spline_up_to_its_products(order, variant):
    for bits in (4, 8, 12):
        values = univariate(order, bits, variant)(LINE)[:, 0]
        # m − 1 products of each power, whose errors add up with the weights
        bound = (order - 1) * np.abs(weights(order)).sum() * 4.0**-bits / 4
        assert np.max(np.abs(values - splines.cardinal(order, LINE[:, 0]))) <= bound + 1e-13
        outside = (LINE[:, 0] <= 0) | (LINE[:, 0] >= order + 1)
        assert not values[outside].any()
        assert values.min() >= 0


def test_errors_of_the_cubic_block_are_those_of_the_card():
    t = np.linspace(0, 4, 10_007)  # no multiples of 2^−i, where the products are exact
    off = [np.max(np.abs(univariate(3, i)(t[:, None])[:, 0] - splines.cardinal(3, t))) for i in (4, 8, 12, 16)]
    assert off == pytest.approx([1.1e-1, 4.5e-4, 1.7e-6, 6.7e-9], rel=0.05)
    amplification = [np.abs(weights(m)).sum() for m in (2, 3, 4)]
    assert amplification == pytest.approx([36, 170.7, 833.3], rel=1e-3)


@VARIANTS
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_tensor_atom_is_exactly_zero_outside_of_its_support(dimension, variant):
    t = np.random.default_rng(0).uniform(-1, 5, (2000, dimension))
    values = atom(dimension, 3, 9, variant)(t)[:, 0]
    inside = np.all((t > 0) & (t < 4), axis=1)
    assert not values[~inside].any()
    assert values[inside].max() > 0.1
    exact = splines.cardinal(3, t).prod(axis=1)
    assert values == pytest.approx(exact, abs=dimension * 2 * 171 * 4.0**-9 / 4 + (dimension - 1) * 4.0**-9 / 4)


@VARIANTS
@pytest.mark.parametrize(("order", "dimension"), [(1, 2), (2, 2), (3, 2), (4, 1), (2, 3)])
def test_shared_blocks_and_explicit_layers_compute_the_same(order, dimension, variant):
    network = SplineNetwork(random_series(order, dimension, 2), 7, variant)
    x = np.random.default_rng(0).random((60, dimension))
    x[0], x[1] = 0.0, 1.0
    values = network(x)
    for shared in (False, True):
        explicit = network.compile(shared)
        assert explicit(x)[:, 0] == pytest.approx(values, abs=1e-12)
        assert explicit(x, device="cpu:0")[:, 0] == pytest.approx(values, abs=1e-12)
    assert network(x, device="cpu:0") == pytest.approx(values, abs=1e-13)


def test_few_atoms_of_a_level_are_evaluated_as_all_are():
    coefficients = np.zeros((11, 7))
    coefficients[[2, 5, 10], [3, 0, 6]] = 1.0, -2.0, 0.5
    network = SplineNetwork(one_level(3, (8, 4), coefficients), 8)
    x = np.random.default_rng(0).random((300, 2))
    values = network(x)
    assert values == pytest.approx(network.compile()(x)[:, 0], abs=1e-13)
    assert values == pytest.approx(network(x, device="cpu:0"), abs=1e-14)
    assert np.count_nonzero(values) < 250


@VARIANTS
def test_two_bits_a_sawtooth(variant):
    series, x = random_series(), np.random.default_rng(0).random((2000, 2))
    off = [np.max(np.abs(SplineNetwork(series, i, variant)(x) - series(x))) for i in (6, 10, 14)]
    assert np.log2(off[0] / off[2]) == pytest.approx(16, abs=1.5)


def test_sizes_of_the_compile_are_below_those_prescribed():
    for order, dimension, bits in ((2, 1, 5), (3, 2, 9), (2, 3, 4), (4, 2, 12)):
        one = atom(dimension, order, bits).sizes
        assert one.within(prescribed_sizes(order, dimension, bits))
        assert one.depth == compiled_depth(order, dimension, bits)
    series = random_series(finest=2)
    for shared in (False, True):
        sizes = SplineNetwork(series, 9).compile(shared).sizes
        assert sizes.within(prescribed_sizes(3, 2, 9, series.count))
        assert sizes.depth == compiled_depth(3, 2, 9)
    assert SplineNetwork(series, 9).compile(True).sizes.nonzeros < SplineNetwork(series, 9).compile().sizes.nonzeros / 3


def test_the_compile_of_n_atoms_has_n_times_the_parameters_of_one():
    one = atom(2, 3, 15).sizes.nonzeros
    assert one == pytest.approx(7831, abs=1)
    network = SplineNetwork(random_series(finest=2), 15)
    assert network.compile().sizes.nonzeros / network.series.count == pytest.approx(one, rel=0.01)


def test_prescribed_sizes_are_the_worked_numbers_of_the_card():
    found = []
    for terms in (64, 1024):
        bits = prescribed_bits(3, 2, accuracy(S12, terms))
        sizes = prescribed_sizes(3, 2, bits, terms)
        found.append((bits, sizes.depth, sizes.width, sizes.nonzeros))
    assert found[0][:3] == (11, 67, 11_776)
    assert found[1][:3] == (15, 83, 188_416)
    assert [nonzeros for *_, nonzeros in found] == pytest.approx([1.4e8, 2.8e9], rel=0.03)
    assert prescribed_sizes(3, 2, 11).magnitude == 128


def test_the_theorems_network_has_the_accuracy_that_it_is_built_for():
    series = random_series(finest=4)
    network = SplineNetwork.from_theory(series, S12)
    x = np.random.default_rng(0).random((2000, 2))
    assert np.max(np.abs(network(x) - series(x))) < accuracy(S12, series.count)


def test_features_are_the_last_hidden_layer():
    x = np.random.default_rng(0).random((50, 2))
    matrix = features(2, (4, 3), 6, x)
    coefficients = np.random.default_rng(1).standard_normal((6, 5))
    network = SplineNetwork(one_level(2, (4, 3), coefficients), 6)
    assert matrix @ coefficients.ravel() == pytest.approx(network(x), abs=1e-12)


@VARIANTS
def test_shared_univariate_values_are_the_blocks_at_whole_distances(variant):
    t = np.linspace(0, 1, 101)
    found = univariate_values(t, 3, 9, variant)
    block = univariate(3, 9, variant)
    for a in range(4):
        assert found[a] == pytest.approx(block(t[:, None] + a)[:, 0], abs=1e-13)


def test_bad_input_is_refused():
    series = random_series(finest=1)
    with pytest.raises(ValueError, match="spline order 3 is too low"):
        SplineNetwork.from_theory(series, Smoothness((1.0, 3.0)))
    with pytest.raises(ValueError, match="built by powers or recursion, got 'taylor'"):
        SplineNetwork(series, 5, "taylor")
    with pytest.raises(ValueError, match="whole degree, at least 1, got 0"):
        univariate(0, 5)
    with pytest.raises(ValueError, match="beyond the error floor of products in float32"):
        SplineNetwork(series, 12)(np.zeros((1, 2)), dtype="float32")
    with pytest.raises(ValueError, match="coordinates must lie between 0 and 1"):
        SplineNetwork(series, 5)(np.full((1, 2), 1.5))
    with pytest.raises(ValueError, match="at least two terms, got 1"):
        accuracy(S12, 1)
    with pytest.raises(ValueError, match="accuracy of an atom lies between 0 and 1, got 2"):
        prescribed_bits(3, 2, 2)


def test_float32_is_as_good_as_its_sawteeth_allow():
    series, x = random_series(finest=2), np.random.default_rng(0).random((500, 2))
    off = np.max(np.abs(SplineNetwork(series, 8)(x, dtype="float32") - SplineNetwork(series, 8)(x)))
    assert off < 1e-3
    assert math.isfinite(off)
