"""Targets: exact tails and norms, and the lumpy ones that are refused."""

import math
import warnings

import numpy as np
import pytest

from dltheory.besov.cosine import evaluate, tail_energy
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import AnisotropicBesov
from dltheory.besov.targets import (
    LumpyTargetWarning,
    MixedTarget,
    RankTarget,
    SpikyTarget,
    density_coefficients,
    frequencies,
    hyperbolic_indices,
)

RNG = np.random.default_rng(0)


def test_a_drawn_function_has_the_tail_that_is_stated():
    given = RankTarget(Smoothness((1, 2)), 300)
    drawn = given.draw(RNG)
    for kept in (0, 1, 57, 300):
        assert given.tail(kept) == pytest.approx(np.sum(drawn.coefficients[kept:] ** 2), abs=1e-15)
    assert given.energy == pytest.approx(np.sum(drawn.tensor**2), rel=1e-12)


def test_the_rank_law_is_on_the_boundary():
    given = RankTarget(Smoothness((1, 2)), 1000)
    sizes = np.array([1e3, 1e6, 1e9])
    reached = sizes**given.smoothness.mean * np.sqrt(tail_energy(given.smoothness, sizes))
    assert np.all(np.diff(reached) > 0)
    assert reached[-1] == pytest.approx(given.approximation_norm, rel=1e-6)


@pytest.mark.parametrize(
    "given", [RankTarget(Smoothness((1, 2, 2)), 500), MixedTarget(1.0, 3, 40)], ids=["rank", "mixed"]
)
def test_series_are_evaluated_as_sums_of_the_basis(given):
    drawn, x = given.draw(RNG), RNG.random((50, 3))
    assert drawn(x) == pytest.approx(evaluate(drawn.indices, x) @ drawn.coefficients, abs=1e-12)


def test_energies_are_those_of_draws():
    given = SpikyTarget(Smoothness((1, 3), 8 / 7), 6)
    drawn = [given.draw(RNG) for _ in range(3)]
    for level in range(6):
        assert np.mean([np.mean(one[level] ** 2) for one in drawn]) == pytest.approx(given.energies[level], rel=1e-12)
    values, counts = given.groups
    assert np.sum(values**2 * counts) == pytest.approx(np.sum(given.energies * given.size), rel=1e-12)


def test_spikes_are_at_uniform_places_with_fair_signs():
    given = SpikyTarget(Smoothness((2, 2), 1), 3)
    last = np.array([given.draw(RNG)[2] for _ in range(4000)])
    at = np.argmax(np.abs(last), axis=1)
    assert np.abs(np.bincount(at, minlength=4) - 1000).max() < 4.5 * math.sqrt(1000 * 0.75)
    assert abs(np.sign(last[:, 0]).sum()) < 4.5 * math.sqrt(4000)


@pytest.mark.parametrize("phase", [0.0, 0.5])
def test_the_tail_of_spikes_is_a_sum_over_levels(phase):
    given = SpikyTarget(Smoothness((2, 4), 1), 80, phase)
    for level in (0, 3):
        rest = given.energies[level:] * given.size[level:]
        assert given.tail(level) == pytest.approx(math.fsum(rest), rel=1e-12)


@pytest.mark.parametrize("p", [1, 8 / 7, 2])
def test_the_norm_of_spikes_is_that_of_the_space(p):
    given = SpikyTarget(Smoothness((1.5, 3), p), 8)
    pairs = [((d, t), (m - 1, 1.0)) for d, t, m in zip(given.dense, given.spike, given.size, strict=True)]
    assert given.norm == pytest.approx(AnisotropicBesov(given.smoothness).bit_norm(pairs), rel=1e-12)
    assert SpikyTarget(Smoothness((1.5, 3), 1), 60).norm == pytest.approx(2, rel=1e-12)


def test_mixed_blocks_have_energies_of_their_shell():
    given = MixedTarget(1.0, 2, 64)
    assert given.tail(0) + given.beyond == pytest.approx(1.2020569031595942**2, rel=1e-12)
    assert given.tail(len(given.coefficients)) == 0
    block = ((given.indices + 1 >= [4, 2]) & (given.indices + 1 < [8, 4])).all(axis=1)
    finer = ((given.indices + 1 >= [8, 2]) & (given.indices + 1 < [16, 4])).all(axis=1)
    ratio = np.sum(given.coefficients[block] ** 2) / np.sum(given.coefficients[finer] ** 2)
    assert ratio == pytest.approx(4, rel=0.2)


def test_hyperbolic_crosses_are_complete_and_ordered():
    found = hyperbolic_indices(3, 12)
    listed = {(a, b, c) for a in range(12) for b in range(12) for c in range(12) if (a + 1) * (b + 1) * (c + 1) <= 12}
    assert set(map(tuple, found.tolist())) == listed
    assert len(found) == len(listed)
    assert np.all(np.diff((found + 1).prod(axis=1)) >= 0)


def test_a_direction_without_a_second_frequency_is_warned_about():
    assert frequencies(Smoothness((1, 8)), 40) == (40, 1)
    with pytest.warns(LumpyTargetWarning, match=r"direction 2 \(s = 8\) never gets a second frequency in 40 terms"):
        RankTarget(Smoothness((1, 8)), 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RankTarget(Smoothness((1, math.inf)), 40)


def test_too_few_terms_are_pre_asymptotic():
    with pytest.raises(ValueError, match="3 terms give fewer than one frequency per direction, at least 4 are needed"):
        RankTarget(Smoothness((1, 2)), 3)


def test_coefficients_tied_to_rho_are_refused_where_they_are_lumpy():
    indices = RankTarget(Smoothness((1, 2)), 30).indices
    found = density_coefficients(Smoothness((1, 2)), indices)
    assert np.all(np.diff(found) <= 1e-15)
    assert found[0] == 1
    with pytest.raises(ValueError, match="lumpy target: s_max/s_min = 4 leaves the smooth direction one or two"):
        density_coefficients(Smoothness((1, 4)), indices)


def test_bad_targets_are_one_sentence():
    with pytest.raises(ValueError, match="not in L²"):
        SpikyTarget(Smoothness((0.5, 1), 1), 3)
    with pytest.raises(ValueError, match="at least one level, got 0"):
        SpikyTarget(Smoothness((2, 2), 1), 0)
    with pytest.raises(ValueError, match="phase lies between 0 and 1, got 1"):
        SpikyTarget(Smoothness((2, 2), 1), 3, 1.0)
    with pytest.raises(ValueError, match=r"levels of whole sizes can be drawn, phase 0, got 0\.5"):
        SpikyTarget(Smoothness((2, 2), 1), 3, 0.5).draw(RNG)
    with pytest.raises(ValueError, match="s must be positive, got 0"):
        MixedTarget(0.0, 2, 8)
    with pytest.raises(ValueError, match="needs reach ≥ 2, got 1"):
        MixedTarget(1.0, 2, 1)
    with pytest.raises(ValueError, match="points have 2 coordinates, the series 3"):
        MixedTarget(1.0, 3, 4).draw(RNG)(np.zeros((1, 2)))
