"""Spaces, index sets and weights: against brute force over blocks, sums and the formulas of the paper."""

import itertools
import math

import numpy as np
import pytest

from dltheory.gamma_smooth import blocks
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.weights import FiniteWeights, GeometricWeights, PowerWeights, weak_norm

SQUARES = PowerWeights(2)
SPACES = [
    GammaSpace(weights, kind)
    for weights in (SQUARES, PowerWeights(1.5), GeometricWeights(2.0), FiniteWeights((0.5, 0.75, 2.0)))
    for kind in ("mixed", "anisotropic")
]
LEVELS = (0.0, 0.5, 1.0, 2.5, 4.0)
names = pytest.mark.parametrize("space", SPACES, ids=lambda space: f"{space.kind}-{type(space.weights).__name__}")


def brute_force(space: GammaSpace, level: float) -> list[tuple[int, ...]]:
    """Return the blocks below a level by trying all."""
    values = space.weights.below(level)
    tried = itertools.product(*(range(int(level / value) + 2) for value in values))
    combine = sum if space.kind == "mixed" else max
    return [s for s in tried if combine((0.0, *(a * k for a, k in zip(values, s, strict=True)))) < level]


@names
@pytest.mark.parametrize("level", LEVELS)
def test_blocks_and_their_number_are_those_of_brute_force(space, level):
    expected = brute_force(space, level)
    found = blocks.blocks(space, level)
    assert sorted(map(tuple, found.tolist())) == sorted(expected)
    assert np.all(np.diff(space.gamma(found)) >= -1e-9)
    assert space.count(level) == sum(2 ** sum(s) for s in expected) == len(blocks.below(space, level))
    assert space.coordinates(level) == found.shape[1]


@names
def test_levels_hold_what_the_blocks_hold(space):
    levels, found = blocks.levels(space, 4.0), blocks.blocks(space, 4.0)
    gamma = space.gamma(found)
    for level in (*LEVELS, 3.0):
        assert levels.count(level) == space.count(level)
        assert levels.tail(level) == pytest.approx(np.exp2(-2 * gamma[gamma >= level - 1e-9]).sum(), rel=1e-8)
    assert levels.blocks.sum() == len(found)


def test_the_number_of_functions_is_exact_far_out():
    space = GammaSpace(SQUARES, "mixed")
    polynomial = [1]  # generating function of Σ 2^{Σ s}, one power a level
    for i in range(1, 8):
        grown = [0] * 60
        for at, number in enumerate(polynomial):
            for s in range((59 - at) // i**2 + 1):
                grown[at + s * i**2] += number * 2**s
        polynomial = grown
    assert space.count(60) == sum(polynomial)
    assert space.count(200) > 2**200


def test_a_block_holds_its_octaves_with_both_signs():
    assert blocks.frequencies([0, 2]).tolist() == [[0, -3], [0, -2], [0, 2], [0, 3]]
    assert blocks.frequencies([]).shape == (1, 0)
    for s in ((1,), (3,), (2, 0, 1)):
        found = blocks.frequencies(s)
        assert len(np.unique(found, axis=0)) == 2 ** sum(s)
        assert np.all(blocks.block_of(found) == s)


@names
def test_ranked_frequencies_are_the_first_by_weight(space):
    count = 40
    found = blocks.ranked(space, count)
    assert len(np.unique(found, axis=0)) == count
    assert found[0].tolist() == [0] * found.shape[1]
    weights = space.weights.first(min(3, int(min(space.weights.length, 3))))
    box = np.array(list(itertools.product(range(-40, 41), *[range(-6, 7)] * (len(weights) - 1))))
    steps = weights * np.log2(1.0 + np.abs(box))
    everything = np.sort(steps.sum(axis=1) if space.kind == "mixed" else steps.max(axis=1))
    mine = space.weights.first(found.shape[1]) * np.log2(1.0 + np.abs(found))
    ranks = mine.sum(axis=1) if space.kind == "mixed" else mine.max(axis=1)
    assert ranks == pytest.approx(everything[:count], abs=1e-9)


def test_exponents_are_those_of_the_theorems():
    mixed = GammaSpace(SQUARES, "mixed", p=1.0)
    assert (mixed.smoothness, mixed.excess) == (1.0, 0.5)
    assert mixed.rate == pytest.approx(0.5)
    assert mixed.approximation_rate == pytest.approx(0.5)
    assert mixed.level(2**10) == pytest.approx(5.0)  # a_1 log n/(2(a_1 − v) + 1)
    anisotropic = GammaSpace(SQUARES, "anisotropic")
    assert anisotropic.smoothness == pytest.approx(6 / math.pi**2)
    assert anisotropic.rate == pytest.approx(2 / (2 + math.pi**2 / 6))


def test_bias_and_variance_meet_at_the_level_of_the_theorem():
    space = GammaSpace(SQUARES, "mixed", p=1.5)
    n = 2.0**40
    level = space.level(n)
    bias, variance = -2 * level * space.approximation_rate, level / space.smoothness - 40
    assert bias == pytest.approx(variance)
    assert bias == pytest.approx(-40 * space.rate)


@pytest.mark.parametrize(("q", "expected"), [(2, 1.14737), (3, 1.00787)])
def test_the_constant_of_the_mixed_space_is_the_limit_of_its_counts(q, expected):
    space = GammaSpace(PowerWeights(q), "mixed")
    assert space.product == pytest.approx(expected, abs=1e-5)
    assert space.count(60) / 2**60 == pytest.approx(space.product, rel=1e-7)


def test_without_whole_ratios_the_limit_is_another_one():
    space = GammaSpace(PowerWeights(1.5), "mixed")
    assert space.count(60) / 2**60 > 1.15 * space.product


def test_the_highest_octave_and_the_sums_of_weights():
    assert GammaSpace(PowerWeights(2, 0.5), "mixed").highest(3.2) == 6
    assert GeometricWeights(3.0, 2.0).inverse_sum == pytest.approx(0.75)
    assert math.fsum(1 / GeometricWeights(3.0, 2.0).first(60)) == pytest.approx(0.75)
    assert PowerWeights(0.5).inverse_sum == math.inf
    assert weak_norm(PowerWeights(2), 2, 50) == 1.0
    assert weak_norm(PowerWeights(2), 3, 50) == 50


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: PowerWeights(0), "q must be positive"),
        (lambda: PowerWeights(2, -1), "scale must be positive"),
        (lambda: GeometricWeights(1.0), "must exceed 1"),
        (lambda: GeometricWeights(2.0, math.nan), "scale must be positive"),
        (lambda: FiniteWeights(()), "at least one coordinate"),
        (lambda: FiniteWeights((1.0, 0.0)), "a_2 must be positive"),
        (lambda: FiniteWeights((2.0, 1.0)), "in order"),
        (lambda: FiniteWeights((1.0,)).first(2), "2 were asked for"),
        (lambda: GammaSpace(SQUARES, "sparse"), "'mixed' .* or 'anisotropic'"),
        (lambda: GammaSpace(SQUARES, "mixed", p=0.5), "p ≥ 1"),
        (lambda: GammaSpace(SQUARES, "mixed", theta=0.5), "θ ≥ 1"),
        (lambda: GammaSpace(PowerWeights(1), "anisotropic"), "no polynomial rate"),
        (lambda: GammaSpace(FiniteWeights((1.0, 1.0)), "mixed").product, "P diverges: .* a_1 < a_2"),
        (lambda: GammaSpace(SQUARES, "anisotropic").product, "mixed smoothness only"),
        (lambda: GammaSpace(FiniteWeights((0.5,)), "mixed", p=1).rate, "must be below a†"),
        (lambda: GammaSpace(PowerWeights(2, 0.5), "anisotropic", p=1).rate, "must be below a†"),
        (lambda: GammaSpace(SQUARES, "mixed").level(0), "at least 1"),
        (lambda: blocks.ranked(GammaSpace(SQUARES, "mixed"), 0), "at least one index"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_meaning_is_said_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
