"""Trigonometric series and random targets: against direct sums, quadrature and their own tails."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth.blocks import below, ranked
from dltheory.gamma_smooth.fourier import FourierSeries, evaluate, require_points, squared_distance
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.targets import BlockTarget, RankTarget, block_tail, ideal_risk
from dltheory.gamma_smooth.weights import PowerWeights

MIXED = GammaSpace(PowerWeights(2), "mixed")
ANISOTROPIC = GammaSpace(PowerWeights(2), "anisotropic")
RNG = np.random.default_rng(5)


def wave(frequency, x):
    if frequency == 0:
        return np.ones_like(x)
    angle = 2 * math.pi * abs(frequency) * x
    return math.sqrt(2) * (np.sin(angle) if frequency > 0 else np.cos(angle))


def test_the_basis_is_products_of_sines_and_cosines():
    indices, x = RNG.integers(-9, 10, (30, 4)), RNG.random((17, 6))
    expected = np.array([[math.prod(wave(k, t) for k, t in zip(row, point, strict=False)) for row in indices]
                         for point in x])  # fmt: skip
    assert evaluate(indices, x) == pytest.approx(expected, abs=1e-12)


def test_the_basis_is_orthonormal_on_a_grid_that_resolves_it():
    indices = below(MIXED, 5.0)
    axes = np.meshgrid(np.arange(64) / 64, np.arange(8) / 8, indexing="ij")
    values = evaluate(indices, np.stack(axes, axis=-1).reshape(-1, 2))
    assert values.T @ values / len(values) == pytest.approx(np.eye(len(indices)), abs=1e-12)


def test_high_frequencies_keep_their_digits():
    x = RNG.random((100, 1))
    indices = np.array([[5000], [-4999]])
    assert evaluate(indices, x) == pytest.approx(np.stack([wave(5000, x[:, 0]), wave(-4999, x[:, 0])], 1), abs=2e-11)


def test_a_series_reads_the_coordinates_it_depends_on():
    indices, x = np.array([[2, 0], [-1, 3], [0, 0]]), RNG.random((11, 9))
    series = FourierSeries(indices, np.array([0.5, -2.0, 3.0]), (7, 2))
    expected = 0.5 * wave(2, x[:, 7]) - 2 * wave(-1, x[:, 7]) * wave(3, x[:, 2]) + 3
    assert series(x) == pytest.approx(expected)
    assert series(x[:0]).shape == (0,)


def test_distances_by_parseval_are_those_of_quadrature():
    one = FourierSeries(np.array([[2, 0], [-1, 3]]), np.array([0.5, -2.0]), (0, 1))
    other = FourierSeries(np.array([[3, -1], [0, 2], [1, 0]]), np.array([1.0, 1.5, 0.25]), (1, 0))
    grid = np.stack(np.meshgrid(np.arange(16) / 16, np.arange(16) / 16, indexing="ij"), -1).reshape(-1, 2)
    assert squared_distance(one, other) == pytest.approx(np.mean((one(grid) - other(grid)) ** 2))
    assert squared_distance(one, one) == 0


def test_every_block_of_the_block_law_has_its_norm():
    target = BlockTarget(MIXED, 6.0)
    function = target.draw(RNG)
    assert len(function.coefficients) == MIXED.count(6.0)
    for level in (0.0, 2.0, 5.0):
        gamma = MIXED.gamma(np.frexp(np.abs(target.indices))[1])
        assert target.tail(level) == pytest.approx(np.sum(function.coefficients[gamma >= level] ** 2))
    assert block_tail(MIXED, 0.0) == pytest.approx(1 / np.prod(1 - 4.0 ** -(np.arange(1, 8.0) ** 2)))


def test_the_tail_of_all_blocks_decays_like_4_to_the_minus_level_up_to_a_slower_growth():
    at = np.array([25.0, 50.0, 100.0, 200.0, 400.0])
    slopes = np.diff(np.log2([block_tail(MIXED, level) for level in at])) / np.diff(at)
    assert np.all(np.diff(slopes) < 0)  # the number of blocks on a level grows, ever more slowly
    assert -2 < slopes[-1] < -1.95


@pytest.mark.parametrize("space", [MIXED, ANISOTROPIC], ids=["mixed", "anisotropic"])
def test_the_rank_law_has_the_tail_of_its_coefficients(space):
    target = RankTarget(space, 500)
    function = target.draw(RNG)
    assert np.array_equal(function.indices, ranked(space, 500))
    assert target.tail(40) == pytest.approx(np.sum(function.coefficients[40:] ** 2), rel=1e-12)
    assert target.tail(500) == 0
    assert set(np.sign(function.coefficients)) == {-1.0, 1.0}


def test_the_ideal_risk_is_the_least_sum_of_bias_and_variance():
    a, variance = 0.75, 1e-12
    terms = np.arange(1.0, 1e6)
    risks = terms ** (-2 * a) / (2 * a) + variance * terms
    assert ideal_risk(a, variance) == pytest.approx(risks.min(), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: require_points(np.full((3, 2), 1.5), 2), "scaled to the unit cube"),
        (lambda: require_points(np.full((3, 2), np.nan), 2), "scaled to the unit cube"),
        (lambda: require_points(np.zeros((3, 2)), 3), "at least 3"),
        (lambda: require_points(np.zeros(3), 1), r"shape \(3,\)"),
        (lambda: FourierSeries(np.zeros((2, 1), int), np.zeros(3)), "2 indices do not go with 3"),
        (lambda: FourierSeries(np.zeros((1, 2), int), np.zeros(1), (4, 4)), "2 different coordinates"),
        (lambda: FourierSeries(np.zeros((1, 1), int), np.zeros(1), (-1,)), "1 different coordinates"),
        (lambda: ideal_risk(0.0, 1.0), "must be positive"),
        (lambda: ideal_risk(1.0, math.inf), "must be positive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_series_is_said_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
