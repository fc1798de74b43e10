"""The network of a trigonometric series: against the series, in three ways of computing it, and refitted."""

import numpy as np
import pytest

from dltheory.gamma_smooth.blocks import below
from dltheory.gamma_smooth.fourier import FourierSeries, evaluate
from dltheory.gamma_smooth.series_network import RefittedSeriesNetwork, SeriesNetwork, precision
from dltheory.gamma_smooth.series_network_shared import Waves, features
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import BlockTarget
from dltheory.gamma_smooth.weights import FiniteWeights, PowerWeights

RNG = np.random.default_rng(3)
MIXED = GammaSpace(PowerWeights(1), "mixed")
ANISOTROPIC = GammaSpace(FiniteWeights((1, 2, 2)), "anisotropic")
SPACES = pytest.mark.parametrize("space", [MIXED, ANISOTROPIC], ids=["mixed", "anisotropic"])


def points(count, dimension):
    x = RNG.random((count, dimension))
    x[0], x[1] = 0.0, 1.0
    return x


@SPACES
@pytest.mark.parametrize("level", [1.0, 2.0, 3.0, 4.0])
def test_the_network_equals_the_series_as_prescribed_however_it_is_computed(space, level):
    series = BlockTarget(space, level).draw(RNG)
    network = SeriesNetwork.from_theory(series, level)
    x = points(80, series.indices.shape[1])
    values = network(x)
    assert np.max(np.abs(values - series(x)), initial=0.0) <= network.error_bound + 1e-13
    assert network.error_bound <= 2.0**-level
    for shared in (False, True):
        explicit = network.compile(shared)
        assert explicit(x)[:, 0] == pytest.approx(values, abs=1e-12)
        assert explicit(x, device="cpu:0")[:, 0] == pytest.approx(values, abs=1e-12)
    assert network(x, device="cpu:0") == pytest.approx(values, abs=1e-13)


def test_signs_frequencies_and_supports_of_all_kinds():
    indices = np.array([[0, 0, 0, 0], [-1, 0, 0, 0], [0, 5, 0, -3], [4, -8, 7, 1], [0, 0, 0, 8], [2, 0, 6, 0]])
    series = FourierSeries(indices, RNG.standard_normal(6))
    network, x = SeriesNetwork(series, 20, 12), points(300, 4)
    assert network(x) == pytest.approx(series(x), abs=1e-9)
    assert network.compile()(x)[:, 0] == pytest.approx(network(x), abs=1e-12)
    assert network.compile(True)(x)[:, 0] == pytest.approx(network(x), abs=1e-12)
    waves = Waves.of(indices)
    assert waves.octaves == 4
    assert waves.factors == 4
    assert len(waves.scale) == 10
    assert sorted(waves.used) == [0, 1, 2, 4]


def test_four_bits_of_accuracy_a_pair_of_sawteeth():
    series = BlockTarget(MIXED, 5.0).draw(RNG)
    x = points(500, series.indices.shape[1])
    off = [np.max(np.abs(SeriesNetwork(series, bits, 14)(x) - series(x))) for bits in (6, 10, 14)]
    assert np.log2(off[0] / off[2]) == pytest.approx(16, abs=1.5)


@SPACES
def test_features_are_the_basis_in_the_order_of_their_indices(space):
    indices = below(space, 4.0)
    x = points(50, indices.shape[1] + 2)
    assert features(indices, 22, 13, x) == pytest.approx(evaluate(indices, x), abs=1e-9)
    network = SeriesNetwork(FourierSeries(indices, RNG.standard_normal(len(indices))), 5, 4)
    assert features(indices, 5, 4, x) @ network.series.coefficients == pytest.approx(network(x), abs=1e-12)


def test_float32_is_as_good_as_its_sawteeth_allow():
    series = BlockTarget(MIXED, 4.0).draw(RNG)
    x = points(200, series.indices.shape[1])
    double = SeriesNetwork(series, 9, 6)(x)
    single = SeriesNetwork(series, 9, 6)(x, dtype="float32")
    assert single == pytest.approx(double, abs=1e-4)
    assert SeriesNetwork(series, 9, 6)(x, "cpu:0", "float32") == pytest.approx(double, abs=1e-4)
    with pytest.raises(ValueError, match="beyond the error floor of products in float32"):
        SeriesNetwork(series, 12, 6)(x, dtype="float32")


def test_many_points_are_computed_in_pieces_that_fit():
    series = BlockTarget(MIXED, 4.0).draw(RNG)
    network, x = SeriesNetwork(series, 6, 4), RNG.random((30_000, series.indices.shape[1]))
    assert network(x)[::1000] == pytest.approx(network(x[::1000]), abs=1e-13)
    assert network(x[:0]).shape == (0,)


def test_a_series_that_the_network_can_show_is_refitted_to_its_coefficients():
    series = BlockTarget(MIXED, 3.0).draw(RNG)
    x = RNG.random((600, 4))
    fitted = RefittedSeriesNetwork(MIXED, 3.0, 22, 13).fit(x, series(x))
    assert fitted.series.coefficients == pytest.approx(series.coefficients, abs=1e-8)
    at = RNG.random((50, series.indices.shape[1]))
    assert fitted(at) == pytest.approx(series(at), abs=1e-8)


def test_a_refit_makes_up_for_the_error_of_its_waves():
    series = BlockTarget(MIXED, 3.0).draw(RNG)
    x = RNG.random((600, 2))
    networks = (RefittedSeriesNetwork(MIXED, 3.0, 4, 3).fit(x, series(x)), SeriesNetwork(series, 4, 3))
    off = [np.mean((network(x) - series(x)) ** 2) for network in networks]
    assert off[0] < off[1]


def test_the_level_of_a_refit_is_that_of_the_theorem():
    network = RefittedSeriesNetwork.from_theory(MIXED, 4096)
    assert network.level == pytest.approx(4.0)
    found = network.fit(RNG.random((4096, 3)), RNG.standard_normal(4096))
    assert len(found.series.coefficients) == MIXED.count(4.0) == 23
    assert found.error_bound < 2.0**-4 * np.abs(found.series.coefficients).max() + 1e-12


def test_the_accuracy_is_the_level_and_the_number_of_functions():
    assert precision(5.0, 64) == 11
    assert precision(5.0, 64, 0.25) == 9


def test_bad_input_is_refused():
    series = BlockTarget(MIXED, 3.0).draw(RNG)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        SeriesNetwork(series, 0, 4)
    with pytest.raises(ValueError, match="whole number of terms, at least 1, got 0"):
        SeriesNetwork(series, 4, 0)
    with pytest.raises(ValueError, match="beyond the error floor of products in float64"):
        SeriesNetwork.from_theory(series, 60.0)
    with pytest.raises(ValueError, match="needs no network"):
        SeriesNetwork.from_theory(FourierSeries(series.indices, 0 * series.coefficients), 3.0)
    with pytest.raises(ValueError, match="scaled to the unit cube"):
        SeriesNetwork(series, 5, 4)(np.full((1, 2), 1.5))
    with pytest.raises(ValueError, match=r"expected \(n, D\) with D at least 2"):
        SeriesNetwork(series, 5, 4)(np.zeros((3, 1)))
    network = RefittedSeriesNetwork(MIXED, 3.0, 5, 4)
    with pytest.raises(ValueError, match="9 output weights need 9 points, got 5"):
        network.fit(RNG.random((5, 2)), np.zeros(5))
    with pytest.raises(ValueError, match="9 output weights need 9 points, got 1 different"):
        network.fit(np.full((20, 2), 0.5), np.zeros(20))
    with pytest.raises(ValueError, match="labels of a sample must be finite"):
        network.fit(RNG.random((20, 2)), np.full(20, np.nan))
