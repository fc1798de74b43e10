"""Trigonometric least squares: exact recovery, moments by quadrature, the level of the theorem, bad input."""

import math

import numpy as np
import pytest

from dltheory.gamma_smooth.blocks import below
from dltheory.gamma_smooth.fourier import FourierSeries, evaluate, squared_distance
from dltheory.gamma_smooth.space import GammaSpace
from dltheory.gamma_smooth.trigonometric import TrigonometricLeastSquares, fit_series, places, scores_mean, widened
from dltheory.gamma_smooth.weights import FiniteWeights, PowerWeights
from dltheory.least_squares import expected_error

MIXED = GammaSpace(PowerWeights(2), "mixed")
RNG = np.random.default_rng(11)


def test_a_function_of_the_set_is_found_without_noise():
    estimator = TrigonometricLeastSquares(MIXED, 6.0)
    truth = FourierSeries(estimator.indices, RNG.standard_normal(MIXED.count(6.0)))
    x = RNG.random((400, 5))
    assert squared_distance(estimator.fit(x, truth(x)), truth) < 1e-20


def test_the_level_is_that_of_the_theorem():
    estimator = TrigonometricLeastSquares.from_theory(GammaSpace(PowerWeights(2), "mixed", p=1.0), 2.0**12)
    assert estimator.level == pytest.approx(6.0)  # a_1 log n/(2(a_1 − v) + 1)
    assert len(estimator.indices) == MIXED.count(6.0)


def test_the_error_is_that_of_bias_and_variance():
    indices = below(MIXED, 3.0)
    truth = FourierSeries(below(MIXED, 5.0), np.full(MIXED.count(5.0), 0.1))
    tail = 0.01 * (MIXED.count(5.0) - len(indices))
    errors = []
    for _ in range(200):
        x = RNG.random((256, truth.indices.shape[1]))
        errors.append(squared_distance(fit_series(indices, x, truth(x) + RNG.standard_normal(256)), truth))
    standard_error = np.std(errors, ddof=1) / 200**0.5
    assert abs(np.mean(errors) - expected_error(tail, len(indices), 256, 1.0)) < 4.5 * standard_error + 0.001


def test_the_moments_of_the_scores_are_those_of_quadrature():
    kept, indices = below(MIXED, 2.0), below(MIXED, 5.0)
    energies = RNG.random(len(indices))
    axes = np.meshgrid(np.arange(128) / 128, np.arange(16) / 16, indexing="ij")
    values = evaluate(indices, np.stack(axes, axis=-1).reshape(-1, 2)) ** 2
    inside = places(indices, kept) >= 0
    moments = values[:, inside].T @ values[:, ~inside] / len(values)
    expected = 4.0 * len(kept) + moments.sum(axis=0) @ energies[~inside]
    assert scores_mean(kept, indices, energies, 2.0) == pytest.approx(expected, rel=1e-12)


def test_places_are_found_whatever_the_number_of_coordinates():
    indices = np.array([[1, 0], [0, 2], [-1, 0]])
    assert places(np.array([[-1], [3], [1]]), indices).tolist() == [2, -1, 0]
    assert places(indices, np.array([[1]])).tolist() == [0, -1, -1]
    assert widened(indices, 4).shape == (3, 4)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TrigonometricLeastSquares(MIXED, 0.0), "level T must be positive"),
        (lambda: TrigonometricLeastSquares(MIXED, math.nan), "level T must be positive"),
        (lambda: TrigonometricLeastSquares.from_theory(GammaSpace(FiniteWeights((1, 1)), "mixed"), 64), "P diverges"),
        (lambda: TrigonometricLeastSquares.from_theory(GammaSpace(FiniteWeights((0.5,)), "mixed", p=1), 64), "no rate"),
        (lambda: fit_series(below(MIXED, 3.0), RNG.random((9, 1)), np.ones(8)), "one for each of 9 points"),
        (lambda: fit_series(below(MIXED, 3.0), RNG.random((9, 1)), np.full(9, np.nan)), "labels must be finite"),
        (lambda: fit_series(below(MIXED, 3.0), RNG.random((6, 1)), np.ones(6)), "7 functions needs as many"),
        (lambda: fit_series(below(MIXED, 3.0), 2 * np.ones((9, 1)), np.ones(9)), "scaled to the unit cube"),
        (lambda: fit_series(below(MIXED, 6.0), RNG.random((90, 1)), np.ones(90)), "D at least 2"),
        (lambda: fit_series(below(MIXED, 3.0), np.ones((9, 1)) / 3, np.ones(9)), "does not identify 7 terms"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_fitted_is_said_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
