"""Counted sizes: against compiled networks, and the formulas of the theorem by hand."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth.fourier import FourierSeries
from dltheory.gamma_smooth.network_sizes import Plan, theorem_sizes
from dltheory.gamma_smooth.series_network import SeriesNetwork
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import BlockTarget
from dltheory.gamma_smooth.weights import FiniteWeights, GeometricWeights, PowerWeights
from dltheory.relu.network import Sizes

SPACES = [
    GammaSpace(PowerWeights(1), "mixed"),
    GammaSpace(PowerWeights(2, 0.5), "mixed"),
    GammaSpace(FiniteWeights((1, 2, 2)), "anisotropic"),
    GammaSpace(GeometricWeights(2.0), "anisotropic"),
]


def series_of(space, level):
    target = BlockTarget(space, level)
    return FourierSeries(target.indices, target.sizes / target.sizes.max())


def compiled(space, level, shared=False):
    return SeriesNetwork.from_theory(series_of(space, level), level).compile(shared).sizes


@pytest.mark.parametrize("space", SPACES, ids=lambda space: f"{space.kind}-{type(space.weights).__name__}")
@pytest.mark.parametrize("level", [2.0, 3.0, 4.0])
def test_sizes_are_those_of_the_compiled_layers(space, level):
    plan, sizes = Plan.of(space, level), compiled(space, level)
    assert (plan.depth, plan.width) == (sizes.depth, sizes.width)
    # the plan takes all waves for sines: cosines have no shift, waves of no coordinate no shift and no two weights
    series = series_of(space, level)
    absent = plan.count * plan.factors - np.count_nonzero(series.indices)
    assert plan.nonzeros == sizes.nonzeros + np.sum(series.indices < 0) + 3 * absent
    # K' is of the size of the function: the output's bias is a sum of all coefficients
    bound = np.sum(series.coefficients * np.exp2(np.count_nonzero(series.indices, axis=1) / 2))
    assert sizes.within(theorem_sizes(space, level, 5.0, max(4.0, bound)))


def test_the_output_layer_has_the_factors_of_the_basis():
    indices = np.eye(6, dtype=int)[:1] + 1  # one function of six coordinates
    network = SeriesNetwork(FourierSeries(indices, np.ones(1)), 3, 3).compile()
    assert network.sizes.magnitude == pytest.approx(2 * 2.0**3)


def test_shared_waves_are_fewer():
    space = SPACES[2]
    own, shared = compiled(space, 4.0), compiled(space, 4.0, shared=True)
    assert shared.depth == own.depth
    assert shared.nonzeros < own.nonzeros / 3


def test_a_sine_has_one_parameter_more_than_a_cosine():
    networks = [SeriesNetwork(FourierSeries(np.array([[k]]), np.ones(1)), 5, 4).compile() for k in (3, -3)]
    assert networks[0].sizes.nonzeros - networks[1].sizes.nonzeros == 1


def test_the_formulas_of_the_theorem_by_hand():
    space = GammaSpace(PowerWeights(2), "mixed")  # T = 9: coordinates 1 and 2, octaves 0 … 9
    count = space.count(9.0)
    largest = max(4, 81, math.log(count) ** 2)
    assert theorem_sizes(space, 9.0, 2.0) == Sizes(
        math.floor(4 * largest), 42 * count, count * math.floor(1764 * 2 * 4 * largest), 2.0
    )
    assert theorem_sizes(space, 9.5, magnitude=3.0).magnitude == pytest.approx(3 * 2**1.5)


@pytest.mark.parametrize(("level", "expected"), [(1.5, 1), (3.0, 1), (3.5, 2), (6.0, 2), (6.5, 3), (10.5, 4)])
def test_a_mixed_block_has_as_many_coordinates_as_fit_below_the_level(level, expected):
    assert Plan.of(SPACES[0], level).factors == expected
    series = BlockTarget(SPACES[0], min(level, 6.5)).indices
    assert np.count_nonzero(series, axis=1).max() == min(expected, 3)


def test_far_out_nothing_overflows():
    plan = Plan.of(GammaSpace(PowerWeights(2), "anisotropic"), 400.0)
    assert plan.octaves == 399
    assert plan.nonzeros > 2**500
    assert plan.width == 8 * 19 * plan.count


def test_a_level_without_coordinates_has_no_plan():
    with pytest.raises(ValueError, match="no coordinate enters below the level 1"):
        Plan.of(SPACES[0], 1.0)
