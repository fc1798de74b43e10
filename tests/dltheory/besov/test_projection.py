"""Least squares and its exact errors: against independent projections, simulation and other people's fits."""

import math

import numpy as np
import pytest

from dltheory.besov.cosine import evaluate, ordered_indices
from dltheory.besov.cosine_series import CosineSeries, table
from dltheory.besov.projection import (
    ResolutionSchedule,
    fit_series,
    ideal_constant,
    rate_exponent,
    reversed_exponent,
    series_error,
    spline_share,
)
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.targets import RankTarget
from dltheory.besov.tensor_splines import TensorSplines
from dltheory.least_squares import expected_error, solve

RNG = np.random.default_rng(1)


def test_tables_of_cosines_by_doubling_are_cosines():
    x, frequencies = RNG.random(50), np.arange(700)
    expected = np.cos(np.pi * x[:, None] * frequencies) * np.where(frequencies > 0, math.sqrt(2), 1)
    assert table(x, 700) == pytest.approx(expected, abs=2e-12)
    assert table(x, 1) == pytest.approx(np.ones((50, 1)))


def test_a_function_of_the_basis_is_found_exactly():
    truth = RankTarget(Smoothness((1, 2)), 20).draw(RNG)
    x = RNG.random((60, 2))
    found = fit_series(truth.indices, x, truth(x))
    assert series_error(found, truth) < 1e-20
    assert solve(np.ones((4, 2)), np.arange(4.0)) == pytest.approx([0.75, 0.75])  # rank 1: the shortest solution


def test_the_error_of_a_series_is_the_integral_of_its_square():
    from scipy.stats import qmc

    first, second = (RankTarget(Smoothness((1, 2)), terms).draw(RNG) for terms in (30, 12))
    x = qmc.Sobol(2, seed=0).random(2**14)
    assert series_error(second, first) == pytest.approx(np.mean((first(x) - second(x)) ** 2), rel=2e-3)
    assert series_error(first, second) == series_error(second, first)


def test_the_expected_error_is_that_of_a_simulation():
    given, n, kept = RankTarget(Smoothness((1, 2)), 400), 300, 14
    errors = []
    for _ in range(400):
        truth, x = given.draw(RNG), RNG.random((n, 2))
        errors.append(series_error(fit_series(given.indices[:kept], x, truth(x) + RNG.standard_normal(n)), truth))
    expected = float(expected_error(given.tail(kept), kept, n, 1.0))
    assert abs(np.mean(errors) - expected) < 4.5 * np.std(errors, ddof=1) / 20 + 0.02 * expected


def test_the_schedule_balances_bias_and_variance():
    given = Smoothness((1, 2))
    schedule = ResolutionSchedule.from_theory(given)
    assert schedule.terms(2**14) == 2**6
    assert schedule.resolutions(given, 2**14) == (16, 4)
    assert schedule.terms(2**14, noise=2**3.5) == 2**3
    assert ResolutionSchedule(0.9).terms(100) == 20  # a fifth of the samples at most
    assert rate_exponent(given, schedule.exponent) == pytest.approx(given.rate)
    assert rate_exponent(given, 0.2) == pytest.approx(4 / 15)
    assert ideal_constant(given) == pytest.approx(1.75)


def test_resolutions_for_the_reversed_smoothness_have_a_third_of_the_exponent():
    assert reversed_exponent(Smoothness((1, 2)), Smoothness((2, 1))) == pytest.approx(1 / 3)
    assert reversed_exponent(Smoothness((1, 2)), Smoothness((1, 2))) == pytest.approx(2 / 3)
    assert reversed_exponent(Smoothness((1, math.inf)), Smoothness((1, 1))) == pytest.approx(1 / 2)


@pytest.mark.parametrize("degree", [0, 1])
def test_shares_of_splines_are_those_of_a_projection(degree):
    cells, fine = 8, 8192
    x = (np.arange(fine) + 0.5) / fine
    basis, _ = np.linalg.qr(TensorSplines((cells,), degree).design(x[:, None]).toarray())
    for frequency in (0, 1, 5, 7, 8, 9, 16, 24, 31):
        wave = np.cos(np.pi * frequency * x)
        share = np.sum((basis.T @ wave) ** 2) / np.sum(wave**2)
        assert float(spline_share(frequency, cells, degree)) == pytest.approx(share, abs=2e-6)


@pytest.mark.parametrize("degree", [2, 3])
def test_smooth_splines_lose_two_powers_of_the_wave_a_degree(degree):
    lost = 1 - spline_share(np.array([1.0, 2.0]), 16, degree)
    assert math.log2(lost[1] / lost[0]) == pytest.approx(2 * (degree + 1), abs=0.2)


def test_bad_input_is_one_sentence():
    with pytest.raises(ValueError, match="3 terms need at least as many samples, got 2"):
        fit_series(ordered_indices(Smoothness((1,)), 3), np.zeros((2, 1)), np.zeros(2))
    with pytest.raises(ValueError, match="noise must be positive, got 0"):
        ResolutionSchedule(0.5).terms(10, 0.0)
    with pytest.raises(ValueError, match="more samples than terms"):
        expected_error(0.1, 20, 20, 1.0)
    with pytest.raises(ValueError, match=r"degree of a spline is a whole number from 0 on, got 1\.5"):
        spline_share(1.0, 4, 1.5)
    with pytest.raises(ValueError, match="κ between 0 and 1, got 1"):
        rate_exponent(Smoothness((1, 2)), 1.0)
    with pytest.raises(ValueError, match="1 directions do not go with 2"):
        reversed_exponent(Smoothness((1, 2)), Smoothness((1,)))
    with pytest.raises(ValueError, match="2 indices do not go with 1 coefficients"):
        CosineSeries(ordered_indices(Smoothness((1,)), 2), np.zeros(1))


def test_tensor_splines_are_those_of_scipy():
    from scipy.interpolate import NdBSpline, make_lsq_spline

    x = np.sort(RNG.random(200))
    y = np.sin(5 * x) + 0.1 * RNG.standard_normal(200)
    one = TensorSplines((6,), 3)
    assert one.fit(x[:, None], y) == pytest.approx(make_lsq_spline(x, y, one.knots(0), 3).c, rel=1e-7)
    two, points = TensorSplines((4, 3), 2), RNG.random((100, 2))
    alpha = RNG.standard_normal(two.count)
    peer = NdBSpline((two.knots(0), two.knots(1)), alpha.reshape(6, 5), 2)
    assert two.evaluate(alpha, points) == pytest.approx(peer(points), abs=1e-12)
    assert two.design(points).sum(axis=1) == pytest.approx(np.ones(100))
    assert two.evaluate(alpha, [[1.0, 1.0], [0.0, 0.0]]) == pytest.approx(alpha[[-1, 0]])


def test_splines_without_samples_in_a_cell_stay_finite():
    found = TensorSplines((8,), 0).fit(np.full((5, 1), 0.1), np.ones(5))
    assert found[0] == pytest.approx(1)
    assert np.abs(found[1:]).max() < 1e-6


def test_bad_splines_are_one_sentence():
    with pytest.raises(ValueError, match="degree of a spline is a whole number from 0 on, got -1"):
        TensorSplines((2,), -1)
    with pytest.raises(ValueError, match=r"at least one cell, got \(2, 0\)"):
        TensorSplines((2, 0), 1)
    with pytest.raises(ValueError, match="points have 1 coordinates, the splines 2"):
        TensorSplines((2, 2), 1).design([[0.5]])
    with pytest.raises(ValueError, match="coordinates must lie between 0 and 1"):
        TensorSplines((2,), 1).design([[1.5]])


def test_all_terms_of_the_basis_are_orthonormal_on_average():
    indices = ordered_indices(Smoothness((1, 2)), 6)
    design = evaluate(indices, RNG.random((40_000, 2)))
    assert design.T @ design / 40_000 == pytest.approx(np.eye(6), abs=0.05)
