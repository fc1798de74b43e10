"""The constructive network at 10^4 points, i = 15: against the splines themselves in scipy, and explicit layers."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import Measure, relative
from scipy.interpolate import NdBSpline

from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network import SplineNetwork
from dltheory.besov.terms import Level, SplineSeries, resolution
from dltheory.relu.product import product_error

POINTS, BITS, ORDER = 10_000, 15, 3


def network(terms: int) -> SplineNetwork:
    """Return random coefficients on about N cells of s = (1, 2)."""
    pieces = resolution(Smoothness((1.0, 2.0)), terms)
    shape = tuple(k + ORDER for k in pieces)
    level = Level(pieces, np.random.default_rng(0).standard_normal(shape))
    return SplineNetwork(SplineSeries(ORDER, (level,)), BITS)


@pytest.mark.parametrize("terms", [64, 1024, 16_384])
def test_network_beside_the_splines_of_scipy(terms: int, side_by_side: Measure) -> None:
    """The network costs i sawteeth a product; what it computes is a spline to 4^−i."""
    ours, x = network(terms), np.random.default_rng(1).random((POINTS, 2))
    (level,) = ours.series.levels
    knots = tuple(np.arange(-ORDER, k + ORDER + 1) / k for k in level.pieces)
    spline = NdBSpline(knots, level.coefficients, ORDER)
    difference = relative(ours(x), spline(x))
    side_by_side(
        f"N = {terms} network, shared blocks", lambda: ours(x), lambda: spline(x), name="scipy NdBSpline",
        unit="points", work=POINTS, difference=difference,
    )  # fmt: skip
    assert difference < 1e4 * product_error(BITS)


def test_shared_blocks_beside_explicit_layers(side_by_side: Measure) -> None:
    """The same network as sparse matrices, which is how the theorem writes it."""
    ours, x = network(64), np.random.default_rng(1).random((500, 2))
    explicit = ours.compile()
    difference = relative(ours(x), explicit(x)[:, 0])
    side_by_side(
        "N = 64 network, shared blocks, 500 points", lambda: ours(x), lambda: explicit(x), name="sparse layers",
        unit="points", work=500, difference=difference,
    )  # fmt: skip
    assert difference < 1e-11
