"""Dilated convolutions: against direct sums, against torch's own, their receptive field, and one-hot filters."""

import numpy as np
import pytest

from dltheory.gamma_smooth.blocks import below
from dltheory.gamma_smooth.convolution import DilatedConvolution, receptive_field
from dltheory.gamma_smooth.convolution_one_hot import OneHotConvolution, layers_needed, one_hot_filters
from dltheory.gamma_smooth.series_network import SeriesNetwork
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import BlockTarget
from dltheory.gamma_smooth.weights import PowerWeights

RNG = np.random.default_rng(11)


def random_filters(channels, width=3):
    sides = [1, *channels]
    return tuple(RNG.standard_normal((sides[i + 1], sides[i], width)) for i in range(len(channels)))


def at_every_position(convolution, x):
    """Return (C', D) of one point by the definition, zeros behind the last coordinate."""
    z = x[np.newaxis]
    for weight, h in zip(convolution.filters, convolution.dilations, strict=True):
        padded = np.pad(z, ((0, 0), (0, h * weight.shape[2])))
        z = sum(weight[:, :, j] @ padded[:, h * j : h * j + len(x)] for j in range(weight.shape[2]))
    return z


@pytest.mark.parametrize("dimension", [1, 5, 20, 27, 60])
@pytest.mark.parametrize("dilations", [(), (1, 1, 1), (1, 2, 4), (5, 1, 3)], ids=["3^l", "1", "2^l", "any"])
def test_the_output_is_the_definition_at_position_one(dimension, dilations):
    convolution = DilatedConvolution(random_filters((4, 3, 2)), dilations)
    x = RNG.random((6, dimension))
    expected = np.array([at_every_position(convolution, row)[:, 0] for row in x])
    assert convolution(x) == pytest.approx(expected, abs=1e-13)
    assert convolution(x, "cpu:0") == pytest.approx(expected, abs=1e-13)
    assert x @ convolution.matrix(dimension).T == pytest.approx(expected, abs=1e-13)


def test_it_is_what_torch_calls_a_dilated_convolution():
    torch = pytest.importorskip("torch")
    convolution = DilatedConvolution(random_filters((4, 3, 2)))
    x = RNG.random((6, convolution.reach))
    z = torch.tensor(x).unsqueeze(1)
    for weight, h in zip(convolution.filters, convolution.dilations, strict=True):
        z = torch.nn.functional.conv1d(z, torch.tensor(weight), dilation=h)
    assert convolution(x) == pytest.approx(z[:, :, 0].numpy(), abs=1e-13)


FIELDS = [
    ((1, 3, 9, 27), range(1, 82)),
    ((1, 1, 1, 1), range(1, 10)),
    ((1, 2, 4, 8), range(1, 32)),
    ((2, 6, 18, 54), range(1, 162, 2)),
]


@pytest.mark.parametrize(("dilations", "field"), FIELDS, ids=[str(dilations) for dilations, _ in FIELDS])
def test_places_that_reach_the_output(dilations, field):
    convolution = DilatedConvolution(random_filters((2, 2, 2, 2))).dilated(dilations)
    weights = convolution.matrix(convolution.reach + 5)
    assert np.flatnonzero(np.abs(weights).min(axis=0)).tolist() == [place - 1 for place in field]
    assert convolution.reach == max(field)


@pytest.mark.parametrize(("base", "size"), [(1, 9), (2, 31), (3, 81)])
def test_receptive_fields_of_four_layers(base, size):
    field = receptive_field(4, 3, base)
    assert field == tuple(range(1, size + 1))
    convolution = DilatedConvolution(random_filters((1, 1, 1, 1))).dilated([base**layer for layer in range(4)])
    assert np.count_nonzero(convolution.matrix(100)) == size


def test_every_place_of_the_receptive_field_is_picked():
    for layers in (1, 2, 4):
        places = range(1, 3**layers + 1)
        assert np.array_equal(OneHotConvolution.select(places, layers=layers).convolution.matrix(3**layers),
                              np.eye(3**layers))  # fmt: skip


@pytest.mark.parametrize("width", [2, 3, 5])
def test_picked_coordinates_are_those_of_the_input_to_the_last_bit(width):
    indices = (200, 1, 7, 81, 243, 82)
    x = RNG.random((30, 300))
    expected = x[:, np.array(indices) - 1]
    for one_hot in (OneHotConvolution.select(indices, width), OneHotConvolution.ordinary(indices)):
        assert np.array_equal(one_hot(x), expected)
        assert np.array_equal(one_hot(x, "cpu:0"), expected)


def test_sizes_are_counted():
    sizes = OneHotConvolution.select((200, 1, 7)).sizes
    assert (sizes.layers, sizes.width, sizes.channels, sizes.magnitude) == (5, 3, 3, 1.0)
    assert (sizes.entries, sizes.nonzeros) == (9 + 4 * 27, 15)
    wide = OneHotConvolution.ordinary((200, 1, 7)).sizes
    assert (wide.layers, wide.width, wide.channels, wide.entries, wide.nonzeros) == (1, 200, 3, 600, 3)


@pytest.mark.parametrize("width", [2, 3, 5])
def test_layers_are_the_logarithm_of_a_place_in_whole_numbers(width):
    small = [layers_needed(index, width) for index in range(1, 200)]
    assert small == [next(k for k in range(1, 20) if width**k >= index) for index in range(1, 200)]
    for power in (10, 300, 2000):
        assert [layers_needed(width**power + shift, width) for shift in (-1, 0, 1)] == [power, power, power + 1]


def test_places_of_hundreds_of_digits_have_filters():
    place = 3**400 - 5
    filters = one_hot_filters((place, 1), 3, 400)
    assert 1 + sum(3**layer * int(np.argmax(w[0, 0])) for layer, w in enumerate(filters)) == place


@pytest.mark.parametrize("kind", ["mixed", "anisotropic"])
def test_picked_coordinates_and_the_network_of_the_series_are_the_function_at_scattered_places(kind):
    space = GammaSpace(PowerWeights(2), kind)
    series = BlockTarget(space, 5.0).draw(RNG)
    assert np.array_equal(series.indices, below(space, 5.0))
    places = (170, 4)
    network = SeriesNetwork.from_theory(series, 5.0)
    x = RNG.random((60, 243))
    truth = series(x[:, np.array(places) - 1])
    values = network(OneHotConvolution.select(places)(x))
    assert np.max(np.abs(values - truth)) <= 2.0**-5
    wrong = network(OneHotConvolution.select((170, 5))(x))
    assert np.max(np.abs(wrong - truth)) > 0.05


def test_bad_input_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="index 28 is outside the receptive field: 3 layers of width 3 reach 1 … 27"):
        OneHotConvolution.select((28, 1), layers=3)
    with pytest.raises(ValueError, match=r"different coordinates, counted from 1, are to be picked, got \(0, 2\)"):
        OneHotConvolution.select((0, 2))
    with pytest.raises(ValueError, match="different coordinates"):
        OneHotConvolution.ordinary((2, 2))
    with pytest.raises(ValueError, match="different coordinates"):
        OneHotConvolution.select(())
    with pytest.raises(ValueError, match="a width of at least 2, got 1"):
        OneHotConvolution.select((2,), width=1)
    with pytest.raises(ValueError, match="at least one layer, got 0"):
        OneHotConvolution.select((1,), layers=0)
    with pytest.raises(ValueError, match="at least one layer, got no filters"):
        DilatedConvolution(())
    with pytest.raises(ValueError, match=r"filters of layer 2 have shape \(2, 3, 3\), expected \(out, 2, width\)"):
        DilatedConvolution((np.ones((2, 1, 3)), np.ones((2, 3, 3))))
    with pytest.raises(ValueError, match=r"2 layers need as many dilations, at least 1, got \(1,\)"):
        DilatedConvolution(random_filters((1, 1)), (1,))
    with pytest.raises(ValueError, match=r"expected \(n, D\) with D at least 9"):
        OneHotConvolution.select((9,))(np.ones((4, 8)))
    with pytest.raises(ValueError, match="scaled to the unit cube"):
        DilatedConvolution(random_filters((1,)))(np.full((2, 3), 1.5))
