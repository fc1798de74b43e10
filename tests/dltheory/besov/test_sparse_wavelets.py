"""The sparse class, its boundary target and exact risks; wavelet transforms of a grid; the single atom."""

import math

import numpy as np
import pytest

from dltheory.besov import sparse_wavelets, sparse_wavelets_atom, sparse_wavelets_haar
from dltheory.besov.change_points import StepFunction
from dltheory.besov.sparse_wavelets import SparseClass
from dltheory.besov.sparse_wavelets_atom import Atom
from dltheory.sequence import hard_threshold_risk, sign_risk, universal_threshold

CLASSES = [SparseClass(0.5, 1.0), SparseClass(1.0, 0.5), SparseClass(1.0, 1.0, 2), SparseClass(1.0, 2.0)]


def test_exponents_and_when_they_part():
    space = SparseClass(0.5, 1.0)
    assert (space.alpha, space.rate, space.linear_rate, space.separated) == (1.5, 0.75, 0.5, True)
    assert SparseClass(0.5, 1.0, 2).linear_rate == pytest.approx(1 / 3)
    assert not SparseClass(1.0, 1.0).separated
    assert SparseClass(1.0, 2.0).rate == SparseClass(1.0, 2.0).linear_rate == pytest.approx(2 / 3)


@pytest.mark.parametrize("space", CLASSES)
def test_the_target_meets_both_conditions_and_fits_on_its_levels(space):
    target = sparse_wavelets.target(space, 12)
    rank = np.arange(1, target.values.size + 1)
    assert np.all(target.values <= rank ** (-1 / space.p) * (1 + 1e-12))
    assert np.all(target.per_level <= 2.0 ** (space.dimension * np.arange(target.per_level.size)))
    energies = sparse_wavelets.level_energies(space, 40)
    tails = np.cumsum(energies[::-1])[::-1] * 2.0 ** (space.beta * np.arange(40))
    assert tails[:30].max() < 8
    assert tails[2:20].min() > 0.1


@pytest.mark.parametrize("space", CLASSES)
def test_level_energies_are_those_of_the_target(space):
    target = sparse_wavelets.target(space, 10)
    found = np.bincount(target.level, target.values**2, minlength=10)
    assert sparse_wavelets.level_energies(space, 10) == pytest.approx(found, rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("space", CLASSES)
def test_the_threshold_risk_is_the_sum_over_all_coefficients(space):
    samples = 2**14
    levels = 14 // space.dimension
    values = sparse_wavelets.target(space, levels).values
    theta = np.zeros(int(sparse_wavelets.level_sizes(space, levels).sum()))
    theta[: values.size] = values
    tail = float(sparse_wavelets.level_energies(space)[levels:].sum())
    expected = hard_threshold_risk(theta, universal_threshold(1.0, samples), samples**-0.5) + tail
    assert sparse_wavelets.threshold_risk(space, samples, reach=1.0) == pytest.approx(expected, rel=1e-6)


def test_grouping_ranks_loses_no_digits_that_matter():
    space = SparseClass(1.0, 0.5)
    values = np.arange(1.0, 2**20) ** -1.0
    sd, cut = 2.0**-20, universal_threshold(1.0, 2.0**40)
    empty = 2.0**40 - 1 - values.size
    exact = hard_threshold_risk(values, cut, sd) + empty * hard_threshold_risk([0.0], cut, sd) + 2.0**-20
    assert sparse_wavelets.threshold_risk(space, 2.0**40) == pytest.approx(exact, rel=1e-5)


def test_shrinking_levels_beats_projection_and_knowing_the_places_beats_both():
    for space in CLASSES[:3]:
        for samples in (2.0**12, 2.0**30):
            known, linear, projected = (
                risk(space, samples)
                for risk in (
                    sparse_wavelets.known_places_risk,
                    sparse_wavelets.linear_risk,
                    sparse_wavelets.level_projection_risk,
                )
            )
            assert known < linear < projected < 3 * linear


def test_more_candidates_are_needed_where_the_tail_is_heavy():
    assert sparse_wavelets.candidates(SparseClass(0.5, 1.0)) == 1.0
    space = SparseClass(0.5, 1.0, 2)
    assert sparse_wavelets.candidates(space) == pytest.approx(1.5)
    few = sparse_wavelets.threshold_risk(space, 2.0**36, reach=1.0)
    assert few > 10 * sparse_wavelets.threshold_risk(space, 2.0**36)
    assert few > 0.9 * float(sparse_wavelets.level_energies(space)[18:].sum())


def test_the_cube_lies_in_the_class_and_its_bound_below_thresholding():
    space, samples = SparseClass(0.5, 1.0), 2.0**30
    count, theta = sparse_wavelets.cube(space, samples)
    level = math.floor(2 * space.alpha / space.beta * math.log2(count))
    assert count <= 2.0**level
    assert count * theta**2 <= 2.0 ** (-space.beta * level)
    assert theta <= count ** (-1 / space.p) * (1 + 1e-12)
    bound = sparse_wavelets.cube_bound(space, samples)
    assert bound < sparse_wavelets.cube_threshold_risk(space, samples)
    assert sparse_wavelets.cube_bound(space, samples, size=theta, count=2 * count) == pytest.approx(2 * bound)


def test_the_bayes_risk_of_a_sign_by_simulation():
    rng, theta, sd = np.random.default_rng(0), 0.8, 0.5
    sign = 2.0 * rng.integers(0, 2, 400_000) - 1
    y = theta * sign + sd * rng.standard_normal(sign.size)
    error = (theta * np.tanh(theta * y / sd**2) - theta * sign) ** 2
    assert sign_risk(theta, sd) == pytest.approx(error.mean(), abs=4.5 * error.std() / sign.size**0.5)


@pytest.mark.parametrize("wavelet", ["haar", "db2", "sym4"])
def test_the_transform_is_an_isometry_with_an_inverse(wavelet):
    values = np.random.default_rng(1).standard_normal(256)
    coefficients = sparse_wavelets_haar.analyse(values, wavelet)
    assert np.sum(coefficients**2) == pytest.approx(np.mean(values**2), rel=1e-10)  # sym4's filter has eleven digits
    assert sparse_wavelets_haar.synthesise(coefficients, wavelet) == pytest.approx(values, abs=1e-10)


def test_coefficients_are_ordered_coarse_to_fine():
    for level, at in ((0, 0), (3, 5), (6, 63)):
        coefficients = np.zeros(128)
        coefficients[2**level + at] = 1.0
        support = np.flatnonzero(np.abs(sparse_wavelets_haar.synthesise(coefficients)) > 1e-12)
        assert support.min() == at * 128 / 2**level
        assert support.size == 128 / 2**level


def test_the_draw_has_the_targets_values_on_their_levels_at_random_places():
    target = sparse_wavelets.target(SparseClass(1.0, 0.5), 10)
    first, second = (sparse_wavelets_haar.draw(target, 8, np.random.default_rng(seed)) for seed in (0, 1))
    for level in range(8):
        expected = np.sort(target.values[target.level == level])
        for found in (first, second):
            here = np.abs(found[2**level : 2 ** (level + 1)])
            assert np.sort(here[here > 0]) == pytest.approx(expected)
    assert np.any(first != second)


@pytest.mark.parametrize("samples", [64, 256])
def test_the_risk_of_the_thresholded_haar_series_is_exact(samples):
    rng, errors = np.random.default_rng(2), []
    middle = (np.arange(samples) + 0.5) / samples
    for _ in range(3000):
        truth = StepFunction([rng.random()], [0.0, 1.5])
        y = truth(middle) + rng.standard_normal(samples)
        errors.append(sparse_wavelets_haar.fit(y, 1.0).squared_distance(truth))
    error = np.std(errors) / math.sqrt(len(errors))
    assert abs(np.mean(errors) - sparse_wavelets_haar.jump_threshold_risk(samples, 1.5, 1.0)) < 4.5 * error


def test_places_by_quadrature_are_places_one_by_one():
    for samples in (2.0**13, 2.0**15):  # just beyond where quadrature begins for the coarsest levels
        exact = 0.0
        sd, cut = samples**-0.5, universal_threshold(1.0, samples)
        for level in range(round(math.log2(samples))):
            cells = int(samples / 2**level)
            u = np.arange(cells) / cells
            theta = 2 ** (-level / 2) * np.minimum(u, 1 - u)
            exact += hard_threshold_risk(theta, cut, sd) / cells
            exact += (2.0**level - 1) * hard_threshold_risk([0.0], cut, sd)
        exact += sd**2 + 1 / (4 * samples)
        assert sparse_wavelets_haar.jump_threshold_risk(samples, 1.0, 1.0) == pytest.approx(exact, rel=1e-6)


def test_a_jump_costs_log_n_over_n_and_not_its_square():
    n = 2.0 ** np.array([20, 40, 60])
    scaled = [sparse_wavelets_haar.jump_threshold_risk(v, 1.0, 1.0) * v / math.log(v) for v in n]
    assert np.all(np.diff(scaled) < 0.15)
    assert scaled[-1] / scaled[0] < 1.05


def test_the_atom_is_a_cubic_spline_and_its_distance_the_integral():
    from scipy.interpolate import BSpline

    atom = Atom(1.5, 6.0, 0.45)
    x = np.linspace(0, 1, 999)
    spline = BSpline.basis_element(np.arange(-2.0, 3.0), extrapolate=False)(6.0 * (x - 0.45))
    assert atom(x) == pytest.approx(1.5 * np.nan_to_num(spline), abs=1e-12)
    other, at = Atom(-1.0, 9.0, 0.9), (np.arange(200_000) + 0.5) / 200_000
    assert atom.squared_distance(other) == pytest.approx(np.mean((atom(at) - other(at)) ** 2), rel=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_the_atom_is_found_without_noise_and_no_start_does_better_with_noise(seed):
    from scipy.optimize import least_squares

    rng = np.random.default_rng(seed)
    truth = Atom(rng.choice([-1.0, 1.0]), 5 + 3 * rng.random(), 0.4 + 0.2 * rng.random())
    x = rng.random(300)
    assert sparse_wavelets_atom.fit(x, truth(x)).squared_distance(truth) < 1e-14
    y = truth(x) + 0.2 * rng.standard_normal(300)
    found = sparse_wavelets_atom.fit(x, y)
    ours = np.sum((y - found(x)) ** 2)
    for start in ((truth.height, math.log(truth.dilation), truth.centre), (1.0, math.log(7), 0.5)):
        peer = least_squares(lambda p: y - Atom(p[0], math.exp(p[1]), p[2])(x), start, xtol=1e-12, ftol=1e-12)
        assert ours <= 2 * peer.cost * (1 + 1e-7)


BAD = [
    (lambda: SparseClass(2.0, 1.0), "0 < p < 2"),
    (lambda: SparseClass(0.0, 1.0), "0 < p < 2"),
    (lambda: SparseClass(1.0, 0.0), "not uniformly in L²"),
    (lambda: SparseClass(1.0, 1.0, 0), "whole number from 1 on"),
    (lambda: sparse_wavelets.target(SparseClass(1.0, 0.9), 60), "more than this is meant for"),
    (lambda: sparse_wavelets.threshold_risk(CLASSES[0], 1.0), "at least two samples"),
    (lambda: sparse_wavelets_haar.analyse(np.zeros(12)), "power of two, got 12"),
    (lambda: sparse_wavelets_haar.analyse(np.zeros(16), "bior2.2"), "not orthonormal"),
    (lambda: sparse_wavelets_haar.analyse(np.zeros(16), "morl"), "no discrete wavelet"),
    (lambda: sparse_wavelets_haar.analyse(np.zeros(8), "db4"), "too long for 8 points"),
    (lambda: sparse_wavelets_haar.synthesise(np.zeros(3)), "power of two, got 3"),
    (
        lambda: sparse_wavelets_haar.draw(sparse_wavelets.target(CLASSES[2], 3), 3, np.random.default_rng(0)),
        "dimension 1, got 2",
    ),
    (lambda: Atom(1.0, 0.0, 0.5), "dilation must be positive"),
    (lambda: Atom(math.inf, 1.0, 0.5), "must be finite"),
    (lambda: sparse_wavelets_atom.fit([0.1, 0.2], [1, 2]), "at least four samples"),
    (lambda: sparse_wavelets_atom.fit(np.arange(9) / 9, np.zeros(9), starts=0), "at least one start"),
    (lambda: sparse_wavelets_atom.fit(np.arange(9) / 9, np.zeros(9), dilations=(3, 2)), "low ≤ high"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_refused_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_who_asks_for_a_gap_where_none_is_predicted_is_warned():
    with pytest.warns(UserWarning, match="no gap between deep and linear"):
        SparseClass(1.0, 1.0).warn_unless_separated()
    SparseClass(1.0, 0.5).warn_unless_separated()
