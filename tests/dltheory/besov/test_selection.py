"""Choosing a resolution: the criterion by brute force, and what it finds where the answer is known."""

import numpy as np
import pytest

from dltheory.besov.cosine import evaluate
from dltheory.besov.projection import fit_series, series_error
from dltheory.besov.selection import first_fits, hold_out, mallows, rectangle_indices, rectangles
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.targets import RankTarget

RNG = np.random.default_rng(2)
N = 300
TRUTH = RankTarget(Smoothness((1, 3)), 500).draw(RNG)
X = RNG.random((N, 2))
Y = TRUTH(X) + RNG.standard_normal(N)
CANDIDATES = rectangles(2, 40)


def test_rectangles_are_all_of_the_ladder_within_their_size():
    assert set(rectangles(2, 4)) == {(1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (4, 1), (2, 2)}
    assert rectangles(1, 10, (1, 5, 20)) == ((1,), (5,))
    assert rectangle_indices((2, 2)).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_mallows_finds_the_smallest_criterion():
    def criterion(one):
        found = fit_series(rectangle_indices(one), X, Y)
        return np.mean((Y - found(X)) ** 2) + 2 * len(found.coefficients) / N

    best = min(CANDIDATES, key=criterion)
    found = mallows(X, Y, 1.0, CANDIDATES)
    expected = fit_series(rectangle_indices(best), X, Y)
    assert found.indices.tolist() == expected.indices.tolist()
    assert found.coefficients == pytest.approx(expected.coefficients, rel=1e-8)


def test_hold_out_finds_the_best_prediction():
    half = N // 2
    designs = {one: evaluate(rectangle_indices(one), X) for one in CANDIDATES}
    fits = {one: np.linalg.lstsq(d[:half], Y[:half], rcond=None)[0] for one, d in designs.items()}
    best = min(CANDIDATES, key=lambda one: np.mean((designs[one][half:] @ fits[one] - Y[half:]) ** 2))
    found = hold_out(X, Y, CANDIDATES)
    assert found.indices.tolist() == rectangle_indices(best).tolist()
    assert found.coefficients == pytest.approx(fits[best], rel=1e-7)


def test_first_fits_are_least_squares_on_the_labels_given_and_values_at_all_points():
    fitted, values = first_fits(X, Y[:30], CANDIDATES)
    small = [one for one in CANDIDATES if int(np.prod(one)) <= 30]
    assert len(fitted) == len(small) < len(CANDIDATES)
    for one, series, row in zip(small, fitted, values, strict=True):
        expected = fit_series(rectangle_indices(one), X[:30], Y[:30])
        assert series(X[:30]) == pytest.approx(expected(X[:30]), rel=1e-6, abs=1e-6)
        assert row == pytest.approx(series(X), rel=1e-7, abs=1e-7)


def test_the_rough_direction_gets_more_frequencies():
    x = RNG.random((4000, 2))
    found = mallows(x, TRUTH(x) + 0.3 * RNG.standard_normal(4000), 0.09, rectangles(2, 100))
    wide, narrow = found.indices.max(axis=0) + 1
    assert wide > narrow
    assert series_error(found, TRUTH) < series_error(fit_series(rectangle_indices((10, 10)), x, TRUTH(x)), TRUTH) + 0.05


def test_a_heavy_penalty_leaves_the_mean():
    assert mallows(X, Y, 1e6, CANDIDATES).coefficients == pytest.approx([Y.mean()])


def test_bad_input_is_one_sentence():
    with pytest.raises(ValueError, match="no resolution to choose from"):
        mallows(X, Y, 1.0, ())
    with pytest.raises(ValueError, match="400 terms needs at least as many samples, got 300"):
        mallows(X, Y, 1.0, ((20, 20),))
    with pytest.raises(ValueError, match="share held out lies between 0 and 1, got 1"):
        hold_out(X, Y, CANDIDATES, 1.0)
    with pytest.raises(ValueError, match="no candidate has at most 30 terms"):
        hold_out(X, Y, ((8, 8),), 0.9)
    with pytest.raises(ValueError, match="at least one term, got 0"):
        rectangles(2, 0)
