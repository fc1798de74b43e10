"""Samples, designs and labels that no estimator can use: refused where they enter, in a sentence."""

import math

import numpy as np
import pytest

from dltheory import least_squares, opponents
from dltheory.besov.composition import AdditiveTarget, AffineTarget, CosineSeries, uniform_ball
from dltheory.besov.composition_bumps import BumpHypercube
from dltheory.besov.composition_fit import AdditiveRegression
from dltheory.besov.cosine import evaluate, isotropic_indices, ordered_indices
from dltheory.besov.projection import ResolutionSchedule, fit_series, spline_share
from dltheory.besov.selection import hold_out, mallows, rectangles
from dltheory.besov.single_index import IndexRegression, directions
from dltheory.besov.smoothness import Smoothness
from dltheory.besov.spline_network_fit import RefittedNetwork
from dltheory.besov.tensor_splines import TensorSplines
from dltheory.besov.trained import AdamTraining
from dltheory.ridge import deterministic_equivalent
from dltheory.sequence import threshold_risks, universal_threshold

RNG = np.random.default_rng
X, Y, AT = RNG(0).random((80, 2)), RNG(1).standard_normal(80), RNG(2).random((7, 2))
BALL, ONE, TWO = uniform_ball(RNG(3), 80, 2), Smoothness((1.0,)), Smoothness((1.0, 2.0))
DIAGONAL = np.repeat(X[:, :1], 2, axis=1)  # on a line of the square: a singular law
ATOMS = X[RNG(4).integers(0, 5, 80)]  # five different points: a discrete law
LINE = BALL[:, :1] * np.array([[0.6, 0.8]])  # on a line through the ball
SQUARE = isotropic_indices(2, 9)
CHOICES = ((1, 1), (2, 2), (3, 3))
SERIES = np.array([[1], [2]]), np.array([1.0, 0.5])


def at_fault(values, value=math.nan):
    spoilt = np.array(values, float)
    spoilt.flat[1] = value
    return spoilt


def train(x, y):
    return AdamTraining(4, 2, 3).fit(x, y, [RNG(0)])


CASES = {
    "least_squares": [
        (lambda: least_squares.solve_identified(evaluate(SQUARE, DIAGONAL), Y), "does not identify 9 terms"),
        (lambda: least_squares.solve_identified(evaluate(SQUARE, ATOMS), Y), "does not identify 9 terms"),
        (lambda: least_squares.solve_identified(X, Y[:3]), r"design \(n, N\) and labels \(n,\) were expected"),
        (lambda: least_squares.solve(X, at_fault(Y)), "labels must be finite"),
        (lambda: least_squares.solve(at_fault(X), Y), "design must be finite"),
        (lambda: least_squares.solve_pivoted(at_fault(X, math.inf), Y), "design must be finite"),
        (lambda: least_squares.require_sample(X, Y[:, None]), r"labels \(n,\) were expected, got shapes .*\(80, 1\)"),
        (lambda: least_squares.require_sample(np.zeros((0, 2)), []), "were expected"),
        (lambda: least_squares.require_different(ATOMS, 6, "six terms"), "six terms need 6 points, got 5 different"),
    ],
    "projection": [
        (lambda: fit_series(SQUARE, DIAGONAL, Y), "does not identify 9 terms, their Gram matrix is singular"),
        (lambda: fit_series(SQUARE, ATOMS, Y), "inputs that repeat"),
        (lambda: fit_series(SQUARE, at_fault(X), Y), "points of a sample must be finite, 1 numbers are not"),
        (lambda: fit_series(SQUARE, X, at_fault(Y, math.inf)), "labels of a sample must be finite"),
        (lambda: fit_series(SQUARE, 2 * X, Y), "between 0 and 1"),
        (lambda: fit_series(SQUARE, X[:, 0], Y), r"points \(n, D\)"),
        (lambda: ResolutionSchedule(0.3, 0.0), "positive scale, got .* the scale 0"),
        (lambda: ResolutionSchedule(-0.3), "power of n from 0 to 1"),
        (lambda: ResolutionSchedule(0.3).terms(0), "number of samples is at least 1 and finite, got 0"),
        (lambda: ResolutionSchedule(0.3).resolutions(TWO, 60), "pre-asymptotic: 3 terms give fewer"),
        (lambda: spline_share([1.0], 0.0, 1), "number of cells must be positive, got 0"),
    ],
    "selection": [
        (lambda: mallows(DIAGONAL, Y, 1.0, CHOICES), "does not identify 4 terms"),
        (lambda: mallows(ATOMS, Y, 1.0, CHOICES), "does not identify 9 terms"),
        (lambda: mallows(at_fault(X), Y, 1.0, CHOICES), "points of a sample must be finite"),
        (lambda: mallows(X, Y, -1.0, CHOICES), "variance of the noise is at least 0 and finite, got -1"),
        (lambda: mallows(X, Y, math.nan, CHOICES), "variance of the noise is at least 0 and finite, got nan"),
        (lambda: mallows(X, Y, 1.0, ((1, 1), (2,))), "one dimension and at least one term"),
        (lambda: mallows(X, Y, 1.0, ((1, 0),)), "at least one term a direction"),
        (lambda: hold_out(DIAGONAL, Y, CHOICES), "does not identify 4 terms"),
        (lambda: hold_out(X, Y[:9], CHOICES), "were expected"),
        (lambda: hold_out(X, Y, CHOICES, 1e-6), "leaves none to fit, or none to judge"),
        (lambda: rectangles(0, 4), "at least one direction, got 0"),
    ],
    "tensor_splines": [
        (lambda: TensorSplines((2, 3), 2).design(at_fault(X)), "between 0 and 1"),
        (lambda: TensorSplines((2, 3), 2).fit(X, at_fault(Y)), "labels of a sample must be finite"),
        (lambda: TensorSplines((2, 3), 2).evaluate(np.ones(19), X), "20 splines need as many coefficients"),
        (lambda: TensorSplines((2.5, 3), 2), "at least one cell"),
    ],
    "opponents": [
        (lambda: opponents.Kernel("mattern"), "one of matern, laplace, ntk, product, got 'mattern'"),
        (lambda: opponents.Kernel()(X, X[:, :1]), r"points \(n, D\) and \(m, D\)"),
        (lambda: opponents.Kernel("product", (0.5, 0.5, 0.5))(X, X), "2 coordinates, the kernel one order for 3"),
        (lambda: opponents.ridge_path(opponents.Kernel(), X, at_fault(Y), AT, [1.0]), "labels of a sample"),
        (lambda: opponents.ridge_path(opponents.Kernel(), X, Y, AT, [math.nan]), "ridge must be positive, got nan"),
        (lambda: opponents.ridge(opponents.Kernel(), X, Y[:9], AT, 1.0), "were expected"),
        (lambda: opponents.nadaraya_watson(X, at_fault(Y), AT, [0.1]), "labels of a sample"),
        (lambda: opponents.nadaraya_watson(X, Y, AT, [math.nan]), "bandwidth must be positive"),
        (lambda: opponents.nearest_neighbours(X, Y[:79], AT, [3]), "were expected"),
        (lambda: opponents.nearest_neighbours(X, Y, AT, [2.5]), "between 1 and 80"),
    ],
    "ridge": [
        (lambda: deterministic_equivalent(Y[:2] ** 2, Y[:2], Y[:2], 0.0, 1.0, 1.0), "positive and finite, .* n = 0"),
        (lambda: deterministic_equivalent(Y[:2] ** 2, Y[:2], Y[:2], 9.0, -1.0, 1.0), "variance of -1"),
        (lambda: deterministic_equivalent(Y[:2] ** 2, Y[:2], Y[:3], 9.0, 1.0, 1.0), "one eigenvalue, energy and count"),
        (lambda: deterministic_equivalent(-(Y[:2] ** 2), Y[:2], Y[:2], 9.0, 1.0, 1.0), "finite and at least 0"),
    ],
    "sequence": [
        (lambda: threshold_risks(0.1, math.inf, 1.0), "at least 0 and finite, got inf"),
        (lambda: universal_threshold(1.0, math.inf), "needs n > 1, finite"),
        (lambda: universal_threshold(-1.0, 9), "noise must be at least 0, got -1"),
    ],
    "single_index": [
        (lambda: IndexRegression(ONE, 4).fit(LINE, Y, RNG(0)), r"subspace of R\^2 of dimension 1: Ax has no density"),
        (lambda: IndexRegression(ONE, 4).fit(BALL[np.arange(80) % 5], Y, RNG(0)), "8 points, got 5 different ones"),
        (lambda: IndexRegression(ONE, 4).fit(at_fault(BALL), Y, RNG(0)), "points of a sample must be finite"),
        (lambda: IndexRegression(ONE, 4).fit(BALL, Y, RNG(0), np.array([[0.6, 0.7]])), "rows of A must be orthonormal"),
        (lambda: IndexRegression(ONE, 4).fit(BALL, Y, RNG(0), np.eye(3)[:1]), r"shape \(1, 2\) was expected"),
        (lambda: IndexRegression(ONE, 4).fit(BALL, Y, RNG(0))(3 * BALL), "unit ball"),
        (lambda: IndexRegression(ONE, 4.5), "whole numbers, got 4.5"),
        (lambda: IndexRegression.from_theory(TWO, 2, 1.0), "pre-asymptotic: 1 terms"),
        (lambda: directions(3, 2), "3 directions do not fit into 2"),
    ],
    "composition": [
        (lambda: AffineTarget(np.array([[0.5, 0.5], [0.5, 0.5]]), np.ones((1, 2), int), np.ones(1)), "lower rank"),
        (lambda: AffineTarget(np.array([[2.0, 0.0]]), *SERIES), "must be orthonormal, A Aᵀ is off by 3"),
        (lambda: AffineTarget(np.array([0.6, 0.8]), *SERIES), "was expected"),
        (lambda: AffineTarget(np.array([[0.6, 0.8]]), *SERIES)(2 * BALL), "unit ball"),
        (lambda: AffineTarget(np.array([[0.6, 0.8]]), *SERIES)(at_fault(BALL)), "unit ball"),
        (lambda: AffineTarget(np.array([[0.6, 0.8]]), SERIES[0], np.ones(3)), "3 coefficients in 1 directions"),
        (lambda: AffineTarget.on_boundary(ONE, RNG(0), 2, 0), "at least one term, got 0"),
        (lambda: CosineSeries(np.array([0, 1]), np.ones(2)), "frequencies lie between 1 and 8192, got 0 to 1"),
        (lambda: CosineSeries(np.array([1, 2]), np.ones(3)), "do not go with"),
        (lambda: CosineSeries(np.array([1]), np.ones(1))(np.array([1.5])), "between 0 and 1"),
        (lambda: AdditiveTarget.on_boundary(1.0, 2, RNG(0))(X[:, :1]), r"expected \(n, 2\)"),
        (lambda: AdditiveTarget.on_boundary(1.0, 0, RNG(0)), "at least 1 and the size positive, got 0"),
        (lambda: uniform_ball(RNG(0), 3, 0), "dimension of at least 1, got 0"),
    ],
    "composition_fit": [
        (lambda: AdditiveRegression(2).fit(ATOMS, Y), "need 14 points, got 5 different ones"),
        (lambda: AdditiveRegression(2).fit(2 * X, Y), "between 0 and 1"),
        (lambda: AdditiveRegression(2).fit(at_fault(X), Y), "points of a sample must be finite"),
        (lambda: AdditiveRegression(2).fit(X, np.ones(80)), "all labels are 1: a constant leaves both layers open"),
        (lambda: AdditiveRegression(2).fit(X, Y)(2 * AT), "between 0 and 1"),
        (lambda: AdditiveRegression(2).fit(X, Y)(AT[:, 0]), r"expected \(n, 2\)"),
        (lambda: AdditiveRegression(2.5), "whole numbers, got 2.5"),
        (lambda: AdditiveRegression.from_theory(-1.0, 100, 1.0), "must be positive, got -1"),
    ],
    "composition_bumps": [
        (lambda: BumpHypercube(4.5, 1.0, 0.5), "whole number of them, got 4.5"),
        (lambda: BumpHypercube.hardest(0, 1.0, 1.0, 0.5), "samples must be positive and finite, got 0"),
        (lambda: BumpHypercube(4, 1.0, 0.5).cells(-X[:, 0]), "between 0 and 1"),
        (lambda: BumpHypercube(4, 1.0, 0.5).profile(at_fault(X)), "between 0 and 1"),
        (lambda: BumpHypercube(4, 1.0, 0.5).posterior(X[:, 0], at_fault(Y), 1.0), "labels are finite, one a point"),
        (lambda: BumpHypercube(4, 1.0, 0.5).posterior(X[:, 0], Y, 0.0), "noise must be positive, got 0"),
    ],
    "trained": [
        (lambda: train(at_fault(X)[np.newaxis], Y[np.newaxis]), "inputs and labels must be finite"),
        (lambda: train(X[np.newaxis], at_fault(Y)[np.newaxis]), "inputs and labels must be finite"),
        (lambda: train(np.ones((1, 80, 2), int), Y[np.newaxis]), "both float32 or both float64, got int64"),
        (lambda: AdamTraining(4.5), "width of a trained network is at least 1, got 4.5"),
        (lambda: AdamTraining(4, steps=math.nan), "steps of a training is at least 1, got nan"),
        (lambda: AdamTraining(4, step_size=math.inf), "step size must be positive, got inf"),
        (lambda: AdamTraining.from_theory(TWO, 100, 0.0), "scale positive, got 100 and 0"),
    ],
    "spline_network_fit": [
        (lambda: RefittedNetwork(2, (2, 2), 6).fit(ATOMS, Y), "16 output weights need 16 points, got 5 different"),
        (lambda: RefittedNetwork(2, (2, 2), 6).fit(X, at_fault(Y)), "labels of a sample must be finite"),
        (lambda: RefittedNetwork(2, (2, 2), 6).fit(X, Y[:9]), "were expected"),
        (lambda: RefittedNetwork(2, (2, 2), 6).with_weights(np.ones(15)), "16 atoms need as many weights"),
        (lambda: RefittedNetwork(2, (2.5, 2), 6), "at least one piece"),
    ],
}
PAIRS = [pytest.param(*case, id=f"{module}-{i}") for module, cases in CASES.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize(("call", "message"), PAIRS)
def test_a_sample_that_cannot_be_used_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_the_shortest_coefficients_are_still_to_be_had():
    twice = np.repeat(X, 2, axis=1)
    found = least_squares.solve(twice, Y)
    assert found == pytest.approx(np.repeat(least_squares.solve_identified(X, Y) / 2, 2))


def test_candidates_without_enough_samples_are_left_out_and_not_the_fault_of_the_inputs():
    line = np.sort(RNG(5).random((40, 1)), axis=0) ** 3
    with pytest.raises(least_squares.NotIdentifiedError):
        fit_series(ordered_indices(ONE, 40), line, Y[:40])
    assert mallows(line, Y[:40], 1.0, ((2,), (40,))).indices.shape == (2, 1)
    assert hold_out(np.tile(line, (2, 1)), Y, ((2,), (40,))).indices.shape == (2, 1)


def test_whole_numbers_are_points_and_labels_like_others():
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 1]])
    assert fit_series(SQUARE[:1], corners, [1, 2, 3, 4, 5]).coefficients == pytest.approx([3.0])
