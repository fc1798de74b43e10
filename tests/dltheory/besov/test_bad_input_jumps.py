"""Jumps, atoms and sparse wavelet classes: what has no answer, or another one than was asked for, says so."""

import math

import numpy as np
import pytest

from dltheory.besov import brownian, change_points, change_points_risk, change_points_variation
from dltheory.besov import change_points_smoothers as smoothers
from dltheory.besov import sparse_wavelets as sparse
from dltheory.besov import sparse_wavelets_atom as atoms
from dltheory.besov import sparse_wavelets_haar as haar
from dltheory.besov.change_points import StepFunction
from dltheory.besov.sparse_wavelets import SparseClass
from dltheory.besov.step_network import StepNetwork

RNG = np.random.default_rng
X, Y = np.sort(RNG(0).random(60)), RNG(1).standard_normal(60)
MIXED = X[RNG(2).permutation(60)]
AT = (np.arange(8) + 0.5) / 8
CLASS = SparseClass(1.0, 0.5)
STEPS = StepFunction(np.array([0.3]), np.array([0.0, 1.0]))


def at_fault(values, value=math.nan):
    spoilt = np.array(values, float)
    spoilt.flat[1] = value
    return spoilt


CASES = {
    "change_points": [
        (lambda: change_points.draw(RNG(0), 1, 0.0), "height of a jump must be positive and finite, got 0"),
        (lambda: change_points.draw(RNG(0), 1, within=(0.5, 1.5)), r"interval within \[0, 1\]"),
        (lambda: change_points.draw(RNG(0), 2, apart=-0.1), "at least 0 apart"),
        (lambda: change_points.require_apart(STEPS, 0), "samples must be positive and finite, got 0"),
        (lambda: STEPS(at_fault(X)), "no value at NaN"),
        (lambda: STEPS([0.1, math.nan]), "no value at NaN"),
        (lambda: change_points.fit(X, Y[:, None]), "two vectors of one length"),
    ],
    "change_points_risk": [
        (lambda: change_points_risk.bayes_risk(MIXED, Y, 1.0, 1.0), "must be sorted by x, got"),
        (lambda: change_points_risk.bayes_risk(X, at_fault(Y), 1.0, 1.0), "must be finite"),
        (lambda: change_points_risk.bayes_risk(X, Y, 1.0, 0.0), "positive and finite, got 1 and 0"),
        (lambda: change_points_risk.split_probabilities(0.0, 3), "ratio of height to noise must be positive"),
        (lambda: change_points_risk.limit(1, 1.0, 0.0), "positive and finite, got 1 and 0"),
        (lambda: change_points_risk.limit(-1, 1.0, 1.0), "whole number from 0 on, got -1"),
        (lambda: change_points_risk.two_point_bound(0, 1.0, 1.0), "samples is at least 1, got 0"),
    ],
    "change_points_smoothers": [
        (lambda: smoothers.regressogram(3 * X, Y, 5), r"lie in \[0, 1\]"),
        (lambda: smoothers.regressogram(X, Y[:9], 5), "two vectors of one length"),
        (lambda: smoothers.regressogram(X[:0], Y[:0], 5), "two vectors of one length"),
        (lambda: smoothers.box_kernel(MIXED, Y, 0.1), "must be sorted by x"),
        (lambda: smoothers.box_kernel(at_fault(X), Y, 0.1), "must be finite"),
        (lambda: smoothers.best_bins(100, 1.0, 0.0), "positive and finite, got 1 and 0"),
        (lambda: smoothers.best_bins(0, 1.0, 1.0), "samples of a smoother must be positive and finite, got 0"),
        (lambda: smoothers.best_half_width(100, -1.0, 1.0), "positive and finite, got -1"),
        (lambda: smoothers.gaussian_kernel(X, AT, 0.0), "bandwidth of a smoother must be positive and finite, got 0"),
        (lambda: smoothers.local_linear(X, AT, math.nan), "bandwidth of a smoother .* got nan"),
        (lambda: smoothers.matern(X, AT, 0.1, -1.0), "ridge of a smoother must be positive"),
        (lambda: smoothers.nearest_neighbours(X, AT, 61), "between 1 and 60, got 61"),
        (lambda: smoothers.average_risk(np.ones((1, 60)), X, AT, 1.0, 1.0), r"shape \(8, 60\) were expected"),
    ],
    "change_points_variation": [
        (lambda: change_points_variation.fit(MIXED, Y, 1.0), "must be sorted by x"),
        (lambda: change_points_variation.fit(X, Y[:59], 1.0), "two vectors of one length"),
    ],
    "brownian": [
        (lambda: brownian.fit(X, at_fault(Y), 1.0, 1.0), "labels y must be finite"),
        (lambda: brownian.fit(at_fault(X), Y, 1.0, 1.0), r"vector in \[0, 1\]"),
        (lambda: brownian.fit(X, Y, math.inf, 1.0), "positive and finite, got inf"),
        (lambda: brownian.jensen([10, 0], 1.0, 1.0), "number of samples must be positive"),
    ],
    "sparse_wavelets_atom": [
        (lambda: atoms.fit(at_fault(X), Y), "must be finite"),
        (lambda: atoms.fit(2 * X, Y), r"lie in \[0, 1\]"),
        (lambda: atoms.fit(np.repeat([0.2, 0.5, 0.7], 20), Y), "a residual need 4 points, got 3 different ones"),
    ],
    "sparse_wavelets": [
        (lambda: sparse.threshold_risk(CLASS, 1024, -1.0), "samples and noise must be positive and finite, .* -1"),
        (lambda: sparse.threshold_risk(CLASS, 1024, reach=-1.0), "reach positive, got 1.0 and -1"),
        (lambda: sparse.linear_risk(CLASS, 0.0), "samples and noise must be positive"),
        (lambda: sparse.known_places_risk(CLASS, 1024, math.nan), "samples and noise must be positive"),
        (lambda: sparse.level_projection_risk(CLASS, -1.0), "samples and noise must be positive"),
        (lambda: sparse.cube(CLASS, 1024, 0.0), "samples and noise must be positive"),
        (lambda: sparse.cube_threshold_risk(SparseClass(1.5, 0.5), 16, 0.1), "more than 16 candidates"),
        (lambda: sparse.target(CLASS, 0), "whole number of levels, at least 1, got 0"),
        (lambda: sparse.target(CLASS, 2.5), "whole number of levels, at least 1, got 2.5"),
        (lambda: SparseClass(2.0, 0.5), "0 < p < 2"),
        (lambda: SparseClass(0.0, 0.5), "0 < p < 2"),
        (lambda: SparseClass(1.0, 0.0), "β must be positive"),
    ],
    "sparse_wavelets_haar": [
        (lambda: haar.jump_threshold_risk(1000, 1.0, 1.0), "power of two of points, at least 2, got 1000"),
        (lambda: haar.jump_threshold_risk(1024, 1.0, 0.0), "positive and finite, got 1 and 0"),
        (lambda: haar.hard_threshold(np.ones(8), math.nan), "threshold must be at least 0, got nan"),
        (lambda: haar.analyse(at_fault(np.ones(8))), "must be finite"),
        (lambda: haar.fit(np.ones(8), -1.0), "noise must be at least 0, got -1"),
        (lambda: haar.shrink_levels(np.ones(8), np.ones(2), 0.1), "3 levels need as many energies, got 2"),
        (lambda: haar.shrink_levels(np.ones(8), np.ones(3), -1.0), "variance is positive, got -1"),
        (lambda: haar.draw(sparse.target(CLASS, 3), -1, RNG(0)), "levels is at least 0, got -1"),
    ],
    "step_network": [
        (lambda: StepNetwork.of(STEPS, math.nan), r"lie in \(0, 1\], got nan"),
    ],
}
PAIRS = [pytest.param(*case, id=f"{module}-{i}") for module, cases in CASES.items() for i, case in enumerate(cases)]


@pytest.mark.parametrize(("call", "message"), PAIRS)
def test_what_has_no_answer_is_one_sentence(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_constant_is_drawn_with_a_warning_and_fitted_without():
    with pytest.warns(UserWarning, match="0 jumps is a constant: .* no gap is predicted"):
        truth = change_points.draw(RNG(0), 0)
    assert truth.levels.tolist() == [0.0]
    found = change_points.fit(X, Y, 0)
    assert found.jumps.size == 0
    assert found.levels == pytest.approx([Y.mean()])
    assert change_points_risk.limit(0, 1.0, 2.0) == 4.0


def test_samples_that_repeat_are_no_fault_where_their_law_does_not_matter():
    tied = np.repeat(X[::2], 2)
    assert np.all(np.isfinite(brownian.fit(tied, Y, 1.0, 1.0).values))
    assert np.isfinite(change_points_risk.bayes_risk(tied, Y, 1.0, 1.0))
    assert change_points.fit(tied, Y, 1).jumps.size == 1


def test_two_to_a_large_power_is_a_grid():
    assert 0 < haar.jump_threshold_risk(2.0**60, 1.0, 1.0) < 1e-15
