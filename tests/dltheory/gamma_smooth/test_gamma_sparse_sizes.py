"""Scattered places: where they may lie, that they are different, and sizes that are those of the filters."""

import itertools

import numpy as np
import pytest
from scipy.stats import kstest

from dltheory.gamma_smooth.convolution_one_hot import OneHotConvolution
from dltheory.gamma_smooth.sparse_sizes import (
    ScatteredWeights,
    ordinary_sizes,
    sizes_of,
    sparse_convolution,
    undilated_layers,
)
from dltheory.gamma_smooth.weights import weak_norm


def first(scattered, count, seed=0):
    return tuple(itertools.islice(scattered.places(np.random.default_rng(seed)), count))


@pytest.mark.parametrize(("growth", "power"), [("logarithm", 1), ("root", 2)])
def test_places_are_different_and_no_later_than_smoothness_allows(growth, power):
    scattered = ScatteredWeights(1.5, 0.8, growth)
    places = first(scattered, 40)
    assert len(set(places)) == 40
    smoothness = scattered.weights.first(40)
    last = [scattered.last_place(value) for value in smoothness]
    assert all(1 <= place <= bound for place, bound in zip(places, last, strict=True))
    exponents = 0.8 * smoothness**power
    for bound, exponent in zip(last[:8], exponents[:8], strict=True):
        assert bound == int(3.0**exponent + 1e-9) or exponent > 30
    assert weak_norm(scattered.weights, 1.5, 40) == pytest.approx(1.0)


def test_places_are_uniform():
    scattered = ScatteredWeights(1.0, 400.0)
    drawn = [first(scattered, 1, seed)[0] / scattered.last_place(1.0) for seed in range(400)]
    assert kstest(drawn, "uniform").pvalue > 1e-3


def test_places_are_nested_and_in_order_where_they_are_asked_to_be():
    scattered = ScatteredWeights(2.0)
    assert first(scattered, 5) == first(scattered, 9)[:5]
    assert first(ScatteredWeights(2.0, growth="ordered"), 4) == (1, 2, 3, 4)


@pytest.mark.parametrize("width", [2, 3])
def test_sizes_are_those_of_the_filters(width):
    for count in (1, 2, 4):
        places = first(ScatteredWeights(1.5, 0.8), count, seed=count)
        assert sizes_of(places, width) == sparse_convolution(places, width).sizes
    few = (5, 2, 9)
    assert ordinary_sizes(few) == OneHotConvolution.ordinary(few).sizes


def test_sizes_follow_the_theorem():
    scattered = ScatteredWeights(2.0, 0.5)
    for level in (30.0, 120.0, 480.0):
        count = len(scattered.weights.below(level))
        sizes = sizes_of(first(scattered, count))
        assert sizes.channels == count == int(np.ceil(level**0.5)) - 1
        assert 0.5 * count**2 - 6 <= sizes.layers <= np.ceil(0.5 * level)
        assert (sizes.width, sizes.magnitude) == (3, 1.0)


def test_layers_without_dilation_reach_just_far_enough():
    for index in range(1, 60):
        layers = undilated_layers(index)
        assert 1 + 2 * layers >= index
        assert layers == 1 or 1 + 2 * (layers - 1) < index


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="the spread κ of places must be positive and finite, got 0"):
        ScatteredWeights(1.0, 0.0)
    with pytest.raises(ValueError, match="q must be positive and finite, got 0"):
        ScatteredWeights(0.0)
    with pytest.raises(ValueError, match=r"do not fit on places 1 … \d+: a_i = Ω\(log i\) with κ = 0.5 needs a larger"):
        first(ScatteredWeights(0.5, 0.5), 30)
