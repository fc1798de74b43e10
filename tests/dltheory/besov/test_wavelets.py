"""The anisotropic transform: orthogonal, adapted to the cells, and what thresholding and shrinkage make of it."""

import math

import numpy as np
import pytest

from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spaces import AnisotropicBesov
from dltheory.besov.wavelets import compose, decompose, shrink, squared_distance, threshold
from dltheory.sequence import hard_threshold_risk, shrinkage_risk

SPACE = AnisotropicBesov(Smoothness((1, 2, math.inf), 1))


def grid(level, replicates=2, seed=0):
    return np.random.default_rng(seed).standard_normal((replicates, *(2**bit for bit in SPACE.bits(level))))


@pytest.mark.parametrize("wavelet", ["haar", "db3", "sym4"])
@pytest.mark.parametrize("level", [0, 1, 5])
def test_the_transform_is_orthogonal_and_inverts(level, wavelet):
    values = grid(level)
    found = decompose(values, SPACE, wavelet)
    assert [theta.shape for theta in found] == [(2, SPACE.details(k)) for k in range(level + 1)]
    energy = sum(np.sum(theta**2, axis=-1) for theta in found)
    # the filters of PyWavelets are orthogonal to 2e-13
    assert energy == pytest.approx(np.mean(values**2, axis=(1, 2, 3)), rel=1e-11)
    assert compose(found, SPACE, wavelet) == pytest.approx(values, abs=1e-11)


def test_replicates_do_not_mix():
    values = grid(4, 3)
    together = decompose(values, SPACE)
    alone = decompose(values[1], SPACE)
    assert all(np.array_equal(a[1], b) for a, b in zip(together, alone, strict=True))


def test_haar_means_of_cells_are_the_lower_levels():
    space = AnisotropicBesov(Smoothness((1, 2)))
    values = np.random.default_rng(3).standard_normal((16, 4))
    low = decompose(values, space)[:3]  # level 2 has 4 × 2 cells
    means = values.reshape(4, 4, 2, 2).mean(axis=(1, 3))
    assert compose(low, space) == pytest.approx(means, abs=1e-12)


def test_a_function_constant_in_one_direction_has_details_in_the_other_only():
    space = AnisotropicBesov(Smoothness((1, 1)))
    values = np.repeat(np.random.default_rng(1).standard_normal((8, 1)), 8, axis=1)
    kept = [int(np.sum(np.abs(theta) > 1e-12)) for theta in decompose(values, space)]
    assert kept == [1, 1, 4, 16]  # a third of level k: 2^(k−1) differences, in each of 2^(k−1) rows of cells


def test_measured_errors_are_those_of_the_sequence_model():
    level, replicates, n = 8, 400, SPACE.size(8)
    cut = math.sqrt(2 * math.log(n) / n)
    rng = np.random.default_rng(5)
    truth = [np.full(SPACE.details(k), SPACE.boundary(k)[0]) for k in range(level + 1)]
    noisy = compose([np.tile(t, (replicates, 1)) for t in truth], SPACE)
    seen = decompose(noisy + rng.standard_normal(noisy.shape), SPACE)
    energies = [float(np.mean(theta**2)) for theta in truth]
    counts = [theta.size for theta in truth]
    thresholded = 1 / n + hard_threshold_risk([t[0] for t in truth[1:]], cut, n**-0.5, counts[1:])
    for found, expected in (
        (threshold(seen, cut), thresholded),
        (shrink(seen, energies, 1 / n), shrinkage_risk(energies, counts, 1 / n)),
    ):
        errors = squared_distance(found, truth)
        assert abs(errors.mean() - expected) < 4.5 * errors.std(ddof=1) / replicates**0.5


def test_threshold_zero_keeps_all_and_a_large_one_the_mean():
    seen = decompose(grid(5), SPACE)
    assert all(np.array_equal(a, b) for a, b in zip(threshold(seen, 0.0), seen, strict=True))
    kept = threshold(seen, 1e9)
    assert np.array_equal(kept[0], seen[0])
    assert all(not theta.any() for theta in kept[1:])


def test_bad_grids_and_levels_are_one_sentence():
    with pytest.raises(ValueError, match=r"cells of one level of the space, such as \(16, 4, 1\), got \(16, 3, 1\)"):
        decompose(np.zeros((16, 3, 1)), SPACE)
    with pytest.raises(ValueError, match="level 1 has 1 coefficients, got an array of shape"):
        compose([np.zeros(1), np.zeros(3)], SPACE)
    with pytest.raises(ValueError, match="threshold must be at least 0, got -1"):
        threshold([np.zeros(1)], -1.0)
    with pytest.raises(ValueError, match="there are 1 levels, energies of 2 were given"):
        shrink([np.zeros(1)], [1.0, 1.0], 1.0)
