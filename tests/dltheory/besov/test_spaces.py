"""Norms by coefficients against the definition by differences, counts against enumeration."""

import itertools
import math

import numpy as np
import pytest

from dltheory.besov import modulus
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import AnisotropicBesov, MixedBesov
from dltheory.besov.tensor_splines import TensorSplines
from dltheory.besov.wavelets import compose

INF = math.inf


def test_cells_halve_in_the_rough_direction_first():
    space = AnisotropicBesov(Smoothness((1, 2, INF)))
    assert [space.bits(k) for k in range(5)] == [(0, 0, 0), (1, 0, 0), (2, 1, 0), (3, 1, 0), (4, 2, 0)]
    assert [space.size(k) for k in range(5)] == [1, 2, 8, 16, 64]
    assert sum(space.details(k) for k in range(5)) == 64


@pytest.mark.parametrize("p", [1, 2, INF])
def test_a_level_on_the_boundary_has_norm_one(p):
    space = AnisotropicBesov(Smoothness((1, 2), p))
    for level in range(6):
        dense, spike = space.boundary(level)
        assert space.level_norm(level, np.full(space.size(level), dense)) == pytest.approx(1, rel=1e-12)
        assert space.level_norm(level, [spike]) == pytest.approx(1, rel=1e-12)


def test_the_norm_sums_levels_by_q():
    theta = [[1.0], [0.5]]
    space = AnisotropicBesov(Smoothness((1, 1), 2, 1))
    assert space.sequence_norm(theta) == pytest.approx(1 + 2 * 0.5)
    assert AnisotropicBesov(Smoothness((1, 1), 2, 2)).sequence_norm(theta) == pytest.approx(math.sqrt(2))
    assert AnisotropicBesov(Smoothness((1, 1), 2)).sequence_norm(theta) == pytest.approx(1)
    assert AnisotropicBesov(Smoothness((1, 1), INF)).sequence_norm([[0.0], [0.0, 0.0]]) == 0


def test_bit_levels_have_weight_of_the_intrinsic_smoothness():
    given = Smoothness((1, 2), 1)
    levels = [(2.0 ** (-b * (given.mean + 0.5)), 2.0**b) for b in range(12)]
    assert AnisotropicBesov(given).bit_norm(levels) == pytest.approx(1, rel=1e-12)


def wavelet_function(space, level, coefficient, top):
    levels = [np.zeros(space.details(k)) for k in range(top + 1)]
    levels[level][space.details(level) // 2] = coefficient
    return compose(levels, space, "db3"), levels


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("s", [(0.6, 1.2), (0.8, 0.8)])
def test_norm_by_wavelets_is_equivalent_to_the_one_by_differences(s, p):
    given = Smoothness(s, p)
    space, top = AnisotropicBesov(given), 7
    ratios = []
    for level in (2, 3, 4, 5):
        values, levels = wavelet_function(space, level, space.boundary(level)[1], top)
        # levels of the definition are counted in s, so that 2^−k/s_i is a cell of level k/s_min
        ratios.append(modulus.besov_norm(values, given, math.ceil(top * given.smallest)) / space.sequence_norm(levels))
    assert max(ratios) / min(ratios) < 3


def test_wavelets_of_a_wrong_smoothness_are_not_on_the_boundary():
    right, wrong = Smoothness((0.6, 1.2), 2), Smoothness((1.2, 0.6), 2)
    space = AnisotropicBesov(right)
    norms = [
        modulus.besov_norm(wavelet_function(space, k, space.boundary(k)[1], 7)[0], wrong, 5) for k in (1, 4)
    ]  # fmt: skip
    straight = [
        modulus.besov_norm(wavelet_function(space, k, space.boundary(k)[1], 7)[0], right, 5) for k in (1, 4)
    ]  # fmt: skip
    assert norms[1] / norms[0] > 2 * straight[1] / straight[0]


@pytest.mark.parametrize("p", [1, 2, INF])
def test_spline_norm_is_equivalent_to_the_one_by_differences(p):
    given, ratios = Smoothness((0.8, 1.6), p), []
    space = AnisotropicBesov(given)
    x = np.stack(np.meshgrid(*((np.arange(n) + 0.5) / n for n in (128, 32)), indexing="ij"), -1).reshape(-1, 2)
    for level in (2, 3, 4, 5):
        basis = TensorSplines(tuple(2**bit for bit in space.bits(level)), 2)
        alpha = np.zeros(basis.count)
        alpha[basis.count // 2] = 1.0
        levels = [np.zeros(1)] * level + [alpha]
        values = basis.evaluate(alpha, x).reshape(128, 32)
        ratios.append(modulus.besov_norm(values, given, 6) / space.spline_norm(levels))
    assert max(ratios) / min(ratios) < 2.5


def test_differences_annihilate_polynomials_of_lower_degree():
    x, y = np.meshgrid(np.arange(16.0), np.arange(8.0), indexing="ij")
    assert np.abs(modulus.difference(x + 3 * y - 2, (2, -1), 2)).max() == 0
    assert np.abs(modulus.difference(x**2, (1, 0), 2) - 2).max() < 1e-12
    assert modulus.difference(x, (8, 0), 2).size == 0


def test_the_modulus_of_a_linear_function_is_its_step():
    values = (np.arange(64) + 0.5)[:, None] / 64 * np.ones(8)
    # |h| ≤ 1/4 on the 48/64 of the cube where x + h stays inside
    assert modulus.modulus(values, (0.25, 0.0), 1, 2) == pytest.approx(0.25 * math.sqrt(0.75))
    assert modulus.modulus(values, (0.25, 0.0), 1, INF) == pytest.approx(0.25)
    assert modulus.modulus(values, (0.0, 0.5), 1, 2) == 0


@pytest.mark.parametrize("d", [1, 2, 3])
def test_hyperbolic_crosses_are_counted_as_listed(d):
    space = MixedBesov(1.0, d)
    for shell in (0, 1, 5):
        blocks = [k for k in itertools.product(range(shell + 1), repeat=d) if sum(k) <= shell]
        assert space.kept(shell) == sum(2 ** sum(k) for k in blocks)
        assert space.blocks(shell) == sum(sum(k) == shell for k in blocks)


@pytest.mark.parametrize("q", [1, 2, 3, INF])
def test_the_largest_tail_is_attained_and_not_exceeded(q):
    space, shell = MixedBesov(1.0, 2, q=q), 3
    blocks = [k for k in itertools.product(range(40), repeat=2) if shell < sum(k) < 40]
    weight = np.array([2.0 ** (-2 * sum(k)) for k in blocks])
    rng = np.random.default_rng(0)
    draws = rng.exponential(size=(300, len(blocks))) * weight ** rng.uniform(0, 2, (300, 1))
    scale = draws.max(axis=1) if q == INF else np.sum(draws ** (q / 2), axis=1) ** (2 / q)
    tails = draws / scale[:, None] @ weight
    assert tails.max() <= space.worst_tail(shell) * (1 + 1e-9)
    best = weight ** (2 / (q - 2)) if 2 < q < INF else np.ones_like(weight)
    if q <= 2:
        best = np.eye(1, len(blocks), int(np.argmax(weight)))[0]
    size = best.max() if q == INF else np.sum(best ** (q / 2)) ** (2 / q)
    assert best / size @ weight == pytest.approx(space.worst_tail(shell), rel=1e-9)


def test_a_mixed_norm_weighs_blocks_by_their_shell():
    space = MixedBesov(1.0, 2, q=2)
    assert space.sequence_norm([(0, [1.0]), (3, [2.0**-3])]) == pytest.approx(math.sqrt(2))


def test_bad_spaces_and_levels_are_one_sentence():
    with pytest.raises(ValueError, match="dimension is a whole number, at least 1, got 0"):
        MixedBesov(1.0, 0)
    with pytest.raises(ValueError, match="s must be positive, got -1"):
        MixedBesov(-1.0, 2)
    with pytest.raises(ValueError, match=r"not in L²: smoothness 0\.4 must exceed"):
        MixedBesov(0.4, 2, p=1)
    with pytest.raises(ValueError, match="closed form for p = 2, got 1"):
        MixedBesov(1.0, 2, p=1).worst_tail(3)
    with pytest.raises(ValueError, match="level is a whole number from 0 on, got -1"):
        AnisotropicBesov(Smoothness((1, 2))).bits(-1)
    with pytest.raises(ValueError, match="grid has 1 directions, the widths 2"):
        modulus.modulus(np.ones(4), (1.0, 1.0), 1, 2)
    with pytest.raises(ValueError, match="order of a difference is at least 1, got 0"):
        modulus.modulus(np.ones(4), (1.0,), 0, 2)
